"""Try texts and URLs against the watchlists, without a log and without a store.

In: JSON lines of {id, kind: search | typed | title | url, text | url}. Out: JSON lines of {id, categories, hits, level,
reasons} in the same order; `categories` are those that reach at least the level `low`. Refuses a row of another form,
with file and line.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import polars as pl

from pipeline.config import Thresholds, load_settings
from pipeline.errors import SourceError
from pipeline.match import Matcher, check_examples, compile_watchlists, match_texts, match_values
from pipeline.priority import LevelBounds, Seen, at_least, episode_level, with_levels
from pipeline.rules import bounds_of, load_watchlists
from pipeline.watchlist import load, shipped

#: The kinds of a row, and the field that its text is. A URL has fields of its own.
_FIELDS = {"search": "search_text", "typed": "typed_text", "title": "title"}
_DASH = Path("-")
_ROWS = {"row": pl.Int64, "id": pl.String, "kind": pl.String, "text": pl.String}
_SHOWN = ("category", "field", "start", "end", "view", "weight")


def flag_rows(rows: Path, output: Path, config: Path | None) -> None:
    """Match the rows and write the answers, in the same order. Without a config, the shipped watchlists are used."""
    matcher, bounds, severities = _rules(config)
    with _reading(rows) as stream:
        table = pl.DataFrame(list(_rows(stream, rows)), schema=_ROWS, orient="row")
    hits = with_levels(_hits(table, matcher), bounds).sort("row", "field", "start", "rule_id")
    by_row: dict[int, list[dict[str, Any]]] = {}
    for hit in hits.iter_rows(named=True):
        by_row.setdefault(hit["row"], []).append(hit)
    with _writing(output) as answers:
        # Row by row, because JSON lines are rows.
        for row in table.iter_rows(named=True):
            answers.write(
                json.dumps(_answer(row["id"], by_row.get(row["row"], []), severities), ensure_ascii=False) + "\n"
            )


def _rules(config: Path | None) -> tuple[Matcher, LevelBounds, dict[str, str]]:
    settings = None if config is None else load_settings(config)
    lists = load([shipped()]) if settings is None else load_watchlists(settings)
    matcher = compile_watchlists(lists)
    check_examples(lists, matcher)
    severities = {name: each.severity for name, each in lists.categories.items()}
    return matcher, bounds_of(Thresholds() if settings is None else settings.thresholds), severities


def _rows(stream: Iterable[str], path: Path) -> Iterator[tuple[int, str, str, str]]:
    for number, line in enumerate(stream, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise SourceError(f"is not JSON ({error.msg}).", path=path, line=number) from error
        yield number, *_fields_of(row, path, number)


def _fields_of(row: Any, path: Path, number: int) -> tuple[str, str, str]:
    kind = row.get("kind") if isinstance(row, dict) else None
    text = row.get("url" if kind == "url" else "text") if isinstance(row, dict) else None
    if not isinstance(row, dict) or "id" not in row or not isinstance(text, str) or kind not in (*_FIELDS, "url"):
        remedy = 'Write {"id": "1", "kind": "search", "text": "…"}; kinds: search, typed, title, url (with "url").'
        raise SourceError("is not a row that can be flagged.", path=path, line=number, remedy=remedy)
    # A lone surrogate can stand in JSON but in no text; it is kept visible.
    return str(row["id"]), str(kind), text.encode("utf-8", "backslashreplace").decode()


def _hits(table: pl.DataFrame, matcher: Matcher) -> pl.DataFrame:
    """The hits of all rows: row, text, kind (`page` or `typed`) and what `match` says."""
    texts = table.filter(pl.col("kind") != "url").with_columns(
        field=pl.col("kind").replace_strict(_FIELDS, default=None)
    )
    of_texts = match_texts(texts.drop("kind"), matcher)
    urls = table.filter(pl.col("kind") == "url").select("row", "id", value="text")
    of_urls = urls.join(match_values({"url": urls["value"].unique()}, matcher).drop("column"), on="value", how="inner")
    both = pl.concat([of_texts, of_urls.drop("value").select(of_texts.columns)])
    return both.with_columns(
        kind=pl.when(pl.col("field").is_in(list(_FIELDS.values()))).then(pl.lit("typed")).otherwise(pl.lit("page"))
    )


def _answer(row_id: str, hits: list[dict[str, Any]], severities: dict[str, str]) -> dict[str, Any]:
    if not hits:
        return {"id": row_id, "categories": [], "hits": [], "level": None, "reasons": []}
    seen = [Seen(hit["category"], hit["level"], hit["text"], hit["field"], "unknown", hit["kind"]) for hit in hits]
    level, _, reasons = episode_level(seen, severities)
    return {
        "id": row_id,
        "categories": sorted({hit["category"] for hit in hits if hit["level"] in at_least("low")}),
        "hits": [{"rule": hit["rule_id"], **{name: hit[name] for name in _SHOWN}} for hit in hits],
        "level": level,
        "reasons": reasons,
    }


@contextmanager
def _reading(path: Path) -> Iterator[Iterable[str]]:
    if path == _DASH:
        yield sys.stdin
        return
    try:
        with path.open(encoding="utf-8-sig") as stream:
            yield stream
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(
            f"cannot be read ({error}).", path=path, remedy="Give a file of JSON lines in UTF-8."
        ) from error


@contextmanager
def _writing(path: Path) -> Iterator[TextIO]:
    if path == _DASH:
        yield sys.stdout
        return
    try:
        with path.open("w", encoding="utf-8", newline="\n") as stream:
            yield stream
    except OSError as error:
        raise SourceError(f"cannot be written ({error.strerror}).", path=path) from error
