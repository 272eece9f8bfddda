"""The words that a person typed into a search engine, out of the URL.

In: the parts of distinct URLs (`text.url_parts`). Out: engine, words, and whether they were half typed (a suggestion
asked for at a keystroke). A URL that only leads to a search (`redirects`) is that search. The engines are data:
`search_engines.toml`, then `rare_search_engines.toml`. Refuses nothing: an unknown site gives nulls.
"""

from __future__ import annotations

import html
import re
import tomllib
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import polars as pl

from pipeline.text import unescape, url_parts
from pipeline.urls.hostnames import Patterns, patterns
from pipeline.urls.redirects import HIDING, HIDING_HOST, may_carry, targets

FOUND = pl.Schema({"url": pl.String, "search_engine": pl.String, "search_text": pl.String, "half_typed": pl.Boolean})
#: The engines that are kept by hand; they have a URL before the others.
BY_HAND = "search_engines.toml"
_FILES = (BY_HAND, "rare_search_engines.toml")
#: Some sites put the language of their pages in front of the path.
_LANGUAGE = r"^(?:/(?:intl-)?[a-z]{2}(?:[-_][A-Za-z]{2,4})?)?"
#: What a form sends for a letter that its page's encoding lacks.
_REFERENCE = re.compile(r"&#(?:[0-9]{1,7}|[xX][0-9a-fA-F]{1,6});")


@dataclass(frozen=True)
class Engine:
    """One way in which one engine writes a search; see the head of `search_engines.toml`."""

    name: str
    hosts: tuple[str, ...]
    path: tuple[str, ...] = ()
    suggest: tuple[str, ...] = ()
    parameter: tuple[str, ...] = ()
    in_path: bool = False
    hyphens: bool = False
    example: str = ""
    words: str = ""


@cache
def engines() -> tuple[Engine, ...]:
    """All engines, in the order of the files: the first that fits a URL has it."""
    return tuple(each for name in _FILES for each in engines_in(name))


def engines_in(name: str) -> tuple[Engine, ...]:
    """The engines of one of the two files."""
    data = tomllib.loads((files("pipeline.urls") / name).read_text("utf-8"))
    return tuple(map(_engine, data["engine"]))


def _engine(table: dict[str, Any]) -> Engine:
    names = ("hosts", "path", "suggest", "parameter")
    return Engine(**{**table, **{name: tuple(table.get(name, ())) for name in names}})


@cache
def _sites() -> Patterns:
    return patterns(each.hosts for each in engines())


def search_terms(parts: pl.DataFrame) -> pl.DataFrame:
    """The searches among distinct URLs: a table of `FOUND` with one row for each URL that is a search.

    `parts` has url, host, path and query. Words are decoded, `+` and `%20` are blanks, white space is trimmed and a run
    of it is one blank. Where a parameter stands twice its last words count, and those behind a `#` come after all.
    """
    found = _searches(parts)
    leading = _may_lead_to_a_search(parts)
    carried = leading if leading.is_empty() else targets(leading)
    if carried.is_empty():
        return found
    behind = _searches(url_parts(carried["target"].unique())).rename({"url": "target"})
    led = carried.join(behind, on="target", how="inner").join(found, on="url", how="anti")
    return pl.concat([found, led.sort("depth").unique("url", keep="first", maintain_order=True).select(list(FOUND))])


@cache
def _marks() -> str:
    """A pattern for what stands in every URL that holds the words of a search, or carries one that does."""
    named = {f"{name}=" for engine in engines() for name in engine.parameter}
    below = {path for engine in engines() if engine.in_path for path in engine.path}
    carried = {"=http", "/http", "http%3a", "=www.", "=//", "=%2f%2f", HIDING_HOST, *HIDING}
    # Many literals as one pattern are found in a third of the time that `contains_any` takes.
    return f"(?i-u){'|'.join(map(re.escape, sorted(named | below | carried)))}"


def may_search(urls: pl.Series) -> pl.Series:
    """Whether a URL may hold words that `search_terms` finds; a quick look at none of which anything else depends."""
    return urls.cast(pl.String).to_frame("url").select(pl.col("url").str.contains(_marks())).to_series()


def _may_lead_to_a_search(parts: pl.DataFrame) -> pl.DataFrame:
    """A quick sieve: the URLs that name an engine beside their own host, or hide what they name."""
    carrying = may_carry(parts)
    if carrying.is_empty():
        # Usual; what looks for thousands of names is not made for nothing.
        return carrying
    names = [*_sites().texts(), *HIDING]
    named = [pl.col(part).str.contains_any(names).fill_null(value=False) for part in ("path", "query")]
    return carrying.filter(named[0] | named[1] | pl.col("host").str.ends_with(HIDING_HOST))


def _searches(parts: pl.DataFrame) -> pl.DataFrame:
    served: defaultdict[int, list[str]] = defaultdict(list)
    # A loop over the few hosts that may belong to an engine.
    for host in _sites().among(parts["host"].drop_nulls().unique()):
        for number in _sites().of(host):
            served[number].append(host)
    hosts = sorted({host for names in served.values() for host in names})
    left = _with_fragments(parts.filter(pl.col("host").is_in(hosts)).select("url", "host", "path", "query"))
    found = [pl.DataFrame(schema=FOUND)]
    for number in sorted(served):
        if not left.is_empty():
            here = _searches_of(left.filter(pl.col("host").is_in(served[number])), engines()[number])
            found.append(here)
            left = left if here.is_empty() else left.join(here, on="url", how="anti")
    return pl.concat(found)


def _with_fragments(parts: pl.DataFrame) -> pl.DataFrame:
    """What stands behind a `#` is added to the query: some pages keep the words there."""
    behind = pl.col("url").str.splitn("#", 2).struct.field("field_1").str.replace_all("?", "&", literal=True)
    if not parts["url"].str.contains("#", literal=True).any():
        return parts
    return parts.with_columns(query=pl.concat_str("query", behind, separator="&", ignore_nulls=True))


def _searches_of(parts: pl.DataFrame, engine: Engine) -> pl.DataFrame:
    """The searches of one engine among the URLs of its hosts."""
    path = pl.col("path").fill_null("/")
    suggesting = path.str.contains("^" + _below(engine.suggest)) if engine.suggest else pl.lit(value=False)
    searching = path.str.contains(_LANGUAGE + _below(engine.path)) if engine.path else pl.lit(value=True)
    marked = parts.select("url", "path", "query", half_typed=suggesting)
    kept = marked.filter(pl.col("half_typed") | searching)
    behind = path.str.extract(_LANGUAGE + _behind(engine.path)) if engine.in_path else None
    words = kept.select(behind).to_series() if behind is not None else _query_words(kept["query"], engine)
    table = kept.select("url", "half_typed", words=words).drop_nulls("words")
    decoded = _tidy(unescape(table["words"], plus_is_blank=True), engine)
    return (
        table.select("url", pl.lit(engine.name).alias("search_engine"), decoded.alias("search_text"), "half_typed")
        .filter(pl.col("search_text") != "")
        .cast(FOUND)
    )


def _tidy(words: pl.Series, engine: Engine) -> pl.Series:
    read = words.str.replace_all("-", " ", literal=True) if engine.hyphens else words
    if read.str.contains("&#", literal=True).any():
        read = pl.Series(
            [_REFERENCE.sub(lambda found: html.unescape(found[0]), text) for text in read], dtype=pl.String
        )
    return read.str.replace_all(r"\s{2,}", " ").str.strip_chars()


def _below(folders: tuple[str, ...]) -> str:
    """A pattern for the pages and all below them; `/` is the front page alone."""
    return f"(?:{'|'.join('/$' if each == '/' else re.escape(each.rstrip('/')) + '(?:/|$)' for each in folders)})"


def _behind(folders: tuple[str, ...]) -> str:
    """A pattern for what stands in the path behind the folders, up to the next slash."""
    return f"(?:{'|'.join(map(re.escape, folders))})([^/]+)"


def _query_words(queries: pl.Series, engine: Engine) -> pl.Series:
    """What the first of the engine's parameters holds that a query has, and the last words of that."""
    found = pl.Series([None] * len(queries), dtype=pl.String)
    for name in engine.parameter:
        # Nearly all have the first one.
        missing = found.is_null().arg_true()
        if not missing.is_empty():
            found = found.scatter(missing, _held(queries.gather(missing), name))
    return found


def _held(queries: pl.Series, name: str) -> pl.Series:
    # Without a group in the pattern, and cut afterwards: that is several times as fast.
    query = pl.lit("&") + pl.col("query")
    last = query.str.extract_all(rf"(?i)[&;]{re.escape(name)}=[^&;]+").list.last().str.slice(len(name) + 2)
    return queries.to_frame("query").select(last).to_series()
