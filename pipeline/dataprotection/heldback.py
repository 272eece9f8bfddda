"""What may be told of nobody's traffic: sites and words of categories that are withheld, in texts of any form.

In: the lake, the watchlists, the categories; texts. Out: for each text whether it must be kept back. Refuses nothing.
A text is looked at whole, in every field that a rule looks at, because nobody knows what stands where in it: better
one line too few is handed out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

import polars as pl

from pipeline import lake
from pipeline.lake import Lake
from pipeline.lists.withheld import tells
from pipeline.match import match_texts, match_values
from pipeline.matching.matcher import Matcher, compile_watchlists
from pipeline.schema import LED_TO, STATUTORY
from pipeline.text import unescape, without_escapes
from pipeline.watchlist import Watchlists

#: Fields that hold the words of a person, and no address.
OWN_WORDS: Final = ("search_text", "typed_text", "title")
_HIT: Final = ("event_id", "category", "field", "view")
_HOST: Final = r"(?:[\w-]+\.)+[\w-]+"
#: An address may end with a blank or a quote; or with what parts the columns of a line; or another one begins in it.
_ENDS: Final = ("", r",;|)}&\]\\", r",;|)}&\]\\=?")
_URLS: Final = tuple(rf"(?:[A-Za-z][A-Za-z0-9+.-]*://)?{_HOST}(?::\d+)?[^\s\"'<>{more}]*" for more in _ENDS)


@dataclass(frozen=True)
class Withheld:
    """What is kept back."""

    #: Hosts of which something was met that is withheld, by whomever.
    hosts: list[str]
    #: Every find of these lists is withheld.
    matcher: Matcher

    def tells(self, texts: pl.Series) -> pl.Series:
        """Of each text whether it says something that is withheld; none is null."""
        table = pl.DataFrame({"raw": texts}).with_row_index("row")
        plain = unescape(table["raw"], plus_is_blank=True)
        readings = (table["raw"], plain, pl.Series([without_escapes(text) for text in plain], dtype=pl.String))
        said = pl.concat([table.select("row", text=each) for each in readings]).unique()
        found = pl.concat([self._by_words(said), self._by_sites(said)])
        named = said.filter(tells(pl.col("text"), self.hosts))["row"]
        return table.select(pl.col("row").is_in(pl.concat([found, named]).implode())).to_series()

    def _by_words(self, texts: pl.DataFrame) -> pl.Series:
        fields = pl.DataFrame({"field": sorted({field for rule in self.matcher.rules for field in rule.fields})})
        fields = fields.cast(pl.String)
        return match_texts(texts.join(fields, how="cross"), self.matcher)["row"]

    def _by_sites(self, texts: pl.DataFrame) -> pl.Series:
        columns = {"url": _URLS, "host": (_HOST,)}
        said = pl.concat([
            texts.select("row", pl.col("text").str.extract_all(each).alias("value"), column=pl.lit(column))
            for column, patterns in columns.items() for each in patterns
        ]).explode("value").drop_nulls("value")  # fmt: skip
        distinct = {column: said.filter(column=column)["value"].unique() for column in columns}
        hits = match_values(distinct, self.matcher).select("column", "value").unique()
        return said.join(hits, on=["column", "value"], how="semi")["row"]


def withheld_in(place: Lake, units: Iterable[str], lists: Watchlists, secret: frozenset[str]) -> Withheld:
    """`secret` are the categories. What a secret list says is withheld, of whatever category it is."""
    chosen = list(units)
    is_secret = pl.col("category").is_in(sorted(secret)) | (pl.col("view") == STATUTORY)
    met = sites_met(lake.rows(place, chosen, "hits", _HIT, is_secret))
    hosts = lake.rows(place, chosen, "hit_events", ("host",), pl.col("event_id").is_in(met.implode()))["host"]
    only = replace(
        lists, lists=tuple(each for each in lists.lists if each.category.id in secret),
        term_files=tuple(each for each in lists.term_files if each.category in secret),
        domain_files=tuple(each for each in lists.domain_files if each.category in secret),
    )  # fmt: skip
    return Withheld(sorted(set(hosts.drop_nulls().str.to_lowercase())), compile_watchlists(only))


def sites_met(hits: pl.DataFrame) -> pl.Series:
    """The events of hits whose site itself is what was met: neither a search engine nor a redirector is."""
    return hits.filter(~pl.col("field").is_in(OWN_WORDS) & pl.col("view").ne_missing(LED_TO))["event_id"]
