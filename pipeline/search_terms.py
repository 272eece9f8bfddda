"""The words that a person typed into a search engine, out of the URL.

In: the parts of distinct URLs (`text.url_parts`). Out: engine, words, and whether they were half typed (a suggestion
asked for at a keystroke). The engines are data: `search_engines.toml`. Refuses nothing: an unknown site gives nulls.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import polars as pl

from pipeline.text import public_suffix, unescape

FOUND = pl.Schema({"url": pl.String, "search_engine": pl.String, "search_text": pl.String, "half_typed": pl.Boolean})


@dataclass(frozen=True)
class Engine:
    """One way in which one engine writes a search; see the head of `search_engines.toml`."""

    name: str
    hosts: tuple[str, ...]
    path: tuple[str, ...] = ()
    suggest: tuple[str, ...] = ()
    parameter: tuple[str, ...] = ()
    in_path: bool = False
    example: str = ""
    words: str = ""

    def serves(self, host: str) -> bool:
        """Whether `host` belongs to the engine."""
        return any(_belongs(host, pattern) for pattern in self.hosts)


def _belongs(host: str, pattern: str) -> bool:
    if pattern.endswith(".*"):
        suffix = public_suffix(host)
        return bool(suffix) and _below(host.removesuffix(f".{suffix}"), pattern.removesuffix(".*"))
    return _below(host, pattern)


def _below(host: str, name: str) -> bool:
    return host == name or host.endswith(f".{name}")


@cache
def engines() -> tuple[Engine, ...]:
    """All engines, in the order of the file: the first that fits a URL has it."""
    data = tomllib.loads((files("pipeline") / "search_engines.toml").read_text("utf-8"))
    return tuple(_engine(each) for each in data["engine"])


def _engine(table: dict[str, Any]) -> Engine:
    names = ("hosts", "path", "suggest", "parameter")
    return Engine(**{**table, **{name: tuple(table.get(name, ())) for name in names}})


def search_terms(parts: pl.DataFrame) -> pl.DataFrame:
    """The searches among distinct URLs: a table of `FOUND` with one row for each URL that is a search.

    `parts` has url, host, path and query. Words are decoded, `+` and `%20` are blanks, white space is trimmed.
    """
    hosts = _hosts_of_engines(parts["host"].drop_nulls().unique())
    served = {engine: [host for host in hosts if engine.serves(host)] for engine in engines()}
    left = parts.filter(pl.col("host").is_in(hosts.implode())).select("url", "host", "path", "query")
    found: list[pl.DataFrame] = []
    for engine, names in served.items():
        if not names or left.is_empty():
            continue
        here = _searches(left.filter(pl.col("host").is_in(names)), engine)
        found.append(here)
        left = left.join(here, on="url", how="anti")
    return pl.concat(found) if found else pl.DataFrame(schema=FOUND)


def _hosts_of_engines(hosts: pl.Series) -> pl.Series:
    """A sieve over distinct hosts: naming the public suffix of every one would cost more than all the rest."""
    patterns = {pattern for engine in engines() for pattern in engine.hosts}
    any_suffix = "|".join(re.escape(each.removesuffix(".*")) for each in sorted(patterns) if each.endswith(".*"))
    exact = "|".join(re.escape(each) for each in sorted(patterns) if not each.endswith(".*"))
    return hosts.filter(hosts.str.contains(rf"(?:^|\.)(?:(?:{any_suffix})\.[a-z.]+|(?:{exact}))$"))


def _searches(parts: pl.DataFrame, engine: Engine) -> pl.DataFrame:
    """The searches of one engine among the URLs of its hosts."""
    path = pl.col("path").fill_null("/")
    suggesting = _is_below_any(path, engine.suggest)
    searching = _is_below_any(path, engine.path) if engine.path else pl.lit(value=True)
    words = _path_words(engine) if engine.in_path else _query_words(engine)
    table = parts.filter(suggesting | searching).select("url", words=words, half_typed=suggesting).drop_nulls("words")
    decoded = unescape(table["words"], plus_is_blank=True).str.strip_chars()
    return (
        table.select("url", pl.lit(engine.name).alias("search_engine"), decoded.alias("search_text"), "half_typed")
        .filter(pl.col("search_text") != "")
        .cast(FOUND)
    )


def _is_below_any(path: pl.Expr, folders: tuple[str, ...]) -> pl.Expr:
    below = [
        (path == each) if each == "/" else (path == each) | path.str.starts_with(each.rstrip("/") + "/")
        for each in folders
    ]
    return pl.any_horizontal(pl.lit(value=False), *below)


def _query_words(engine: Engine) -> pl.Expr:
    query = pl.lit("&") + pl.col("query")
    return pl.coalesce(query.str.extract(rf"[&;]{name}=([^&;]+)") for name in engine.parameter)


def _path_words(engine: Engine) -> pl.Expr:
    return pl.coalesce(
        pl.when(pl.col("path").str.starts_with(each)).then(
            pl.col("path").str.strip_prefix(each).str.extract(r"^([^/]+)")
        )
        for each in engine.path
    )
