r"""Pairs that look like many others of their log, with values that may hold blanks, are cut at their `=`.

In: lines with their pairs in a column `extension`; which keys are wanted, and who writes what. Out: the cells of the
lines of the commonest shapes; all others are for the readers of `_cef`. Refuses nothing.

A shape is which of the `=` have a key before them, and which. A line is of a shape if it has as many `=`, and before
each the key of the shape, or none: so what is a value hangs on nothing else. What hangs on keys (one said twice, one
only behind the words of a client) is asked once of a shape and not of each line; shapes in which any of that is so are
left to the other readers.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import polars as pl

from pipeline.formats._alike import common
from pipeline.formats._cut import Keys, Shape, by_marks, cut

if TYPE_CHECKING:
    from pipeline.formats._worded import Order

_KEY: Final = re.compile("[A-Za-z][A-Za-z0-9_.-]*")
#: A line with more pieces is none of a product's, and takes long to be compared with.
_MOST_PIECES: Final = 200
_ENDS_IN_KEY: Final = f"(?:^| ){_KEY.pattern}$"
_ENDS_IN_LATER_KEY: Final = f" {_KEY.pattern}$"
#: The first word of a value, and numbers behind it: neither is a key.
_OUTLINES: Final = {"=[^ =]*": "=", " [0-9][0-9:.]*": " 0"}


def shaped(texts: pl.DataFrame, keys: tuple[str, ...], order: Order) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The lines of common shapes with a column for each key, in no order; and the other lines."""
    often = common(texts["extension"], _OUTLINES, keys_of)
    kept = [pl.col(name) for name in texts.columns]
    shapes = [_shape(each, keys, kept) for each in often if _is_harmless(each, order)]
    found, rest = cut(texts, "extension", "=", [by_marks(shape, at_end=True) for shape in shapes])
    none = texts.clear().with_columns(pl.lit(None, pl.String).alias(key) for key in keys)
    return pl.concat([none, *found], how="diagonal"), rest


def keys_of(pairs: str) -> Keys:
    """The key before each `=` of a line; empty where the `=` belongs to a value."""
    pieces = (piece.rpartition(" ") for piece in f" {pairs}".split("=")[:-1])
    return tuple(word if blank and _KEY.fullmatch(word) else "" for _, blank, word in pieces)


def _is_harmless(shape: Keys, order: Order) -> bool:
    """Whether there are keys, none of them twice, and none of `ahead` behind what a client sent."""
    named = [key for key in shape if key]
    spoke = next((at for at, key in enumerate(named) if key in order.client), len(named))
    late = set(named[spoke:]) & set(order.ahead)
    return bool(named) and len(named) == len(set(named)) and not late and len(shape) <= _MOST_PIECES


def _shape(shape: Keys, keys: tuple[str, ...], kept: list[pl.Expr]) -> Shape:
    """How the lines of a shape are read: behind a key and its `=` goes a value on to the blank before the next key."""
    first = pl.col("field_0")
    begins = (
        (first == shape[0]) | first.str.ends_with(f" {shape[0]}") if shape[0] else ~first.str.contains(_ENDS_IN_KEY)
    )
    nameless = [place for place, key in enumerate(shape) if place and not key]
    marks = ["", *(f" {key}" if key else "" for key in shape[1:]), ""]
    checks = [begins, *(~pl.col(f"field_{place}").str.contains(_ENDS_IN_LATER_KEY) for place in nameless)]
    return Shape(marks, checks, [*kept, *_values(shape, keys)])


def _values(shape: Keys, keys: tuple[str, ...]) -> list[pl.Expr]:
    named = [place for place, key in enumerate(shape) if key]
    values = []
    for place, end in zip(named, [*named[1:], len(shape)], strict=True):
        if shape[place] in keys:
            pieces = [pl.col(f"field_{at}") for at in range(place + 1, end + 1)]
            value = (pl.concat_str(pieces, separator="=") if len(pieces) > 1 else pieces[0]).str
            inner = value.strip_suffix(f" {shape[end]}") if end < len(shape) else value.strip_chars_end(" \x00")
            values.append(inner.alias(shape[place]))
    return values
