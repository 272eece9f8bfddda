"""Try texts and URLs against the watchlists, without a log and without a store.

In: JSON lines of {id, kind: search | typed | title | url, text | url}. Out: JSON lines of {id, categories, hits, level,
reasons} in the same order; `categories` are those that reach at least the level `low`. Refuses a row of another form,
with file and line.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from pipeline.config import Settings, load_settings
from pipeline.errors import SourceError, StoreError
from pipeline.match import check_examples, match_texts, match_values
from pipeline.matching.matcher import Matcher, compile_watchlists
from pipeline.matching.watchfolders import load, shipped
from pipeline.output import jsonlines
from pipeline.priority import LevelBounds, with_levels
from pipeline.rules import bounds_of, load_watchlists, ready_watchlists
from pipeline.settings.limits import Thresholds
from pipeline.text import url_parts
from pipeline.urgency.levels import Seen, at_least, episode_level
from pipeline.urls.search_terms import search_terms
from pipeline.watchlist import Watchlists

#: The kinds of a row, and the field that its text is. A URL has fields of its own.
FIELDS = {"search": "search_text", "typed": "typed_text", "title": "title"}
_ROWS = {"row": pl.Int64, "kind": pl.String, "text": pl.String}
_SHOWN = ("category", "field", "start", "end", "view", "weight")


class Labels(NamedTuple):
    """Somebody else's names for our categories and levels."""

    categories: Mapping[str, str]
    levels: Mapping[str, str]

    def of(self, answer: dict[str, Any]) -> dict[str, Any]:
        """An answer in these words, without the categories that have no name in them."""
        categories = sorted({self.categories[each] for each in answer["categories"] if each in self.categories})
        return answer | {"categories": categories, "level": self.levels.get(answer["level"], answer["level"])}


def labels_named(name: str) -> Labels:
    """The names that `labels.toml` has under a name."""
    tables = tomllib.loads((files("pipeline.trials") / "labels.toml").read_text("utf-8"))
    return Labels(**tables[name])


def flag_rows(rows: Path, output: Path, config: Path | None, labels: Labels | None = None) -> None:
    """Match the rows and write the answers, in the same order. Without a config, the shipped watchlists are used.

    With `labels`, categories and levels are given by these names. Raises `SourceError` for rows that cannot be read,
    `StoreError` for an output that cannot be written.
    """
    if rows.is_file() and output.is_file() and rows.samefile(output):
        raise StoreError("is to be read and written over.", path=output, remedy="Name another output.")
    matcher, bounds, severities = rules_of(config)
    translations = {rule.rule_id: rule.translation for rule in matcher.rules if rule.translation}
    read = [_fields_of(row, rows, number) for number, row in jsonlines.read(rows)]
    table = pl.DataFrame([(at, kind, text) for at, (_, kind, text) in enumerate(read)], schema=_ROWS, orient="row")
    hits = with_levels(_hits(table, matcher), bounds).sort("row", "field", "start", "rule_id")
    by_row: dict[int, list[dict[str, Any]]] = {}
    for hit in hits.iter_rows(named=True):
        by_row.setdefault(hit["row"], []).append(hit)
    with jsonlines.writing(output) as write:
        # Row by row, because JSON lines are rows.
        for at, (row_id, _, _) in enumerate(read):
            answer = _answer(row_id, by_row.get(at, []), severities, translations)
            write(labels.of(answer) if labels else answer)


def lists_of(config: Path | None) -> Watchlists:
    """The watchlists of a school, or the shipped ones, with their examples tried. Raises `WatchlistError`."""
    # Whole, and not as an earlier run kept them: those are without terms, and count as tried.
    lists = load([shipped()]) if config is None else load_watchlists(load_settings(config))
    _tried(lists)
    return lists


def rules_of(config: Path | None) -> tuple[Matcher, LevelBounds, Mapping[str, str]]:
    """The same compiled, the bounds of the levels, and the severities of the categories."""
    settings = None if config is None else load_settings(config)
    lists, matcher = _ready(settings)
    severities = {name: each.severity for name, each in lists.categories.items()}
    return matcher, bounds_of(Thresholds() if settings is None else settings.thresholds), severities


def _ready(settings: Settings | None) -> tuple[Watchlists, Matcher]:
    if settings is not None:
        return ready_watchlists(settings)
    lists = load([shipped()])
    return lists, _tried(lists)


def _tried(lists: Watchlists) -> Matcher:
    """Lists, compiled, that find their own examples. Raises `WatchlistError` where they do not."""
    matcher = compile_watchlists(lists)
    check_examples(lists, matcher)
    return matcher


def _fields_of(row: Any, path: Path, number: int) -> tuple[Any, str, str]:
    """Id, kind and text of a row. Raises `SourceError` for a row of another form."""
    kind = row.get("kind") if isinstance(row, dict) else None
    text = row.get("url" if kind == "url" else "text") if isinstance(row, dict) else None
    if not isinstance(row, dict) or "id" not in row or not isinstance(text, str) or kind not in (*FIELDS, "url"):
        remedy = 'Write {"id": "1", "kind": "search", "text": "…"}; kinds: search, typed, title, url (with "url").'
        raise SourceError("is not a row that can be flagged.", path=path, line=number, remedy=remedy)
    # A lone surrogate can stand in JSON but in no text; it is kept visible.
    return row["id"], str(kind), text.encode("utf-8", "backslashreplace").decode()


def _hits(table: pl.DataFrame, matcher: Matcher) -> pl.DataFrame:
    """The hits of all rows: row, text, kind (`page` or `typed`) and what `match` says."""
    texts = table.filter(pl.col("kind") != "url").with_columns(
        field=pl.col("kind").replace_strict(FIELDS, default=None)
    )
    of_texts = match_texts(texts.drop("kind"), matcher)
    urls = table.filter(pl.col("kind") == "url").select("row", value="text")
    of_urls = urls.join(match_values({"url": urls["value"].unique()}, matcher).drop("column"), on="value", how="inner")
    both = pl.concat([of_texts, of_urls.drop("value").select(of_texts.columns)])
    searches = search_terms(url_parts(urls["value"].unique())).filter("half_typed")
    half_typed = urls.filter(pl.col("value").is_in(searches["url"].implode()))["row"]
    return both.with_columns(
        kind=pl.when(pl.col("row").is_in(half_typed.implode()))
        .then(pl.lit("background"))
        .when(pl.col("field").is_in(list(FIELDS.values())))
        .then(pl.lit("typed"))
        .otherwise(pl.lit("page"))
    )


def _answer(
    row_id: Any, hits: list[dict[str, Any]], severities: Mapping[str, str], translations: Mapping[str, str]
) -> dict[str, Any]:
    if not hits:
        return {"id": row_id, "categories": [], "hits": [], "level": None, "reasons": []}
    seen = [
        Seen(
            hit["category"], hit["level"], hit["text"], hit["field"], "unknown", hit["kind"], hit["view"],
            translation=translations.get(hit["rule_id"], ""),
        )
        for hit in hits
    ]  # fmt: skip
    level, _, reasons = episode_level(seen, severities)
    return {
        "id": row_id,
        "categories": sorted({hit["category"] for hit in hits if hit["level"] in at_least("low")}),
        "hits": [{"rule": hit["rule_id"], **{name: hit[name] for name in _SHOWN}} for hit in hits],
        "level": level,
        "reasons": reasons,
    }
