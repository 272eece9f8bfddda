r"""Pairs of which a value may hold blanks without any quotes: it goes on until a blank, the next key and its `=`.

In: a column of such pairs that begins and ends with a blank, and how the product's keys look. Out: the value of a key,
null where it is not there and empty where it says nothing. A word of a value may hold `=` where what stands before it
is no key (`/p?a=1`, `a\\=1`). Refuses nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import polars as pl


@dataclass(frozen=True)
class Shape:
    """How keys look: what they may begin with, and what else may be in them (both as in a class of characters)."""

    first: str = "A-Za-z"
    more: str = "A-Za-z0-9_.-"

    @cached_property
    def word(self) -> str:
        """A word of a value behind its first: no key with its `=`."""
        return rf"(?:[^ =]*|[^ {self.first}][^ ]*|[{self.first}][{self.more}]*[^ ={self.more}][^ ]*)"

    @cached_property
    def pair(self) -> re.Pattern[str]:
        """A blank, a pair, and all that belongs to its value."""
        key = f"[{self.first}][{self.more}]*"
        return re.compile(rf" ({key})=([^ ]*(?: (?!{key}=)[^ ]*)*)")


CEF: Final = Shape()


def value(column: str, key: str, shape: Shape = CEF) -> pl.Expr:
    """The value of a key."""
    # Whole words, each with the blank behind it, so that the next key is not among them. The whole match and not a
    # group of it: that takes half the time.
    words = pl.col(column).str.extract(rf" {re.escape(key)}=[^ ]* (?:{shape.word} )*", 0)
    return words.str.strip_prefix(f" {key}=").str.strip_suffix(" ").alias(key)


def _any_of(keys: tuple[str, ...]) -> str:
    """A pattern for any of the keys; some have dots in them."""
    return "|".join(map(re.escape, keys))


def times_said(column: str, keys: tuple[str, ...]) -> pl.Expr:
    """How often any of the keys is there."""
    return pl.col(column).str.count_matches(rf" (?:{_any_of(keys)})=")


def is_said_twice(column: str, keys: tuple[str, ...]) -> pl.Expr:
    """Whether one of the keys is there more than once; their values must be columns already."""
    found = pl.sum_horizontal(pl.col(key).is_not_null().cast(pl.UInt32) for key in keys)
    return (times_said(column, keys) != found).fill_null(value=False)


@dataclass(frozen=True)
class Order:
    """Who writes what."""

    #: Keys whose values a client sent.
    client: tuple[str, ...] = ()
    #: Keys that the product writes before those, or not at all.
    ahead: tuple[str, ...] = ()


def late_refused(read: pl.DataFrame, texts: pl.DataFrame, order: Order, sep: str = " ") -> pl.DataFrame:
    """`read` with a reject for each line that has a key of `ahead` only behind one that a client filled.

    `texts` holds `line`, and in its other column the pairs, each behind `sep`.
    """
    if not order.ahead:
        return read
    (column,) = (name for name in texts.columns if name != "line")
    client, ahead = _any_of(order.client), _any_of(order.ahead)
    late = texts.filter(pl.col(column).str.contains(rf"(?s){sep}(?:{client})=.*{sep}(?:{ahead})="))
    if late.is_empty():
        return read
    forged = late.filter(_is_forged(pl.col(column), order, sep)).select("line", forged=pl.lit(value=True))
    fault = pl.col("forged").fill_null(value=False) & pl.col("reason").is_null()
    return (
        read.join(forged, on="line", how="left", maintain_order="left")
        .with_columns(
            reason=pl.when(fault).then(pl.lit("bad-field")).otherwise("reason"),
            detail=pl.when(fault).then(pl.lit("says who it was only behind what the client sent")).otherwise("detail"),
        )
        .drop("forged")
    )


def _is_forged(pairs: pl.Expr, order: Order, sep: str) -> pl.Expr:
    """Whether a key of `ahead` stands only behind one that a client filled."""
    before = pairs.str.extract(rf"(?s)^(.*?){sep}(?:{_any_of(order.client)})=") + sep
    keys = [f"{sep}{key}=" for key in order.ahead]
    return pl.any_horizontal(
        pairs.str.contains(key, literal=True) & ~before.str.contains(key, literal=True) for key in keys
    )


def followed(text: str, wanted: tuple[str, ...], once: tuple[str, ...], shape: Shape = CEF) -> dict[str, str]:
    """The wanted values of one text, or reason and detail of a reject where a key of `once` is said differently."""
    cells: dict[str, str] = {}
    for key, said in shape.pair.findall(text):
        if key in once and cells.get(key, said) != said:
            return {"reason": "bad-field", "detail": f"says {key} twice and differently"}
        if key in wanted:
            cells.setdefault(key, said)
    return cells
