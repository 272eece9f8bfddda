r"""Pairs that look like many others of their log, with values that may hold blanks, are cut at their `=`.

In: lines with their pairs in a column `extension` that begins and ends with a blank; which keys are wanted, and who
writes what. Out: the cells of the lines of the commonest shapes; all others are for the readers of `_cef`. Refuses
nothing.

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

if TYPE_CHECKING:
    from pipeline.formats._worded import Order

_KEY: Final = re.compile("[A-Za-z][A-Za-z0-9_.-]*")
#: A line with more pieces is none of a product's, and takes long to be compared with.
_MOST_PIECES: Final = 200
_ENDS_IN_KEY: Final = f" {_KEY.pattern}$"
#: The first word of a value, and numbers behind it: neither is a key.
_OUTLINES: Final = {"=[^ =]*": "=", " [0-9][0-9:.]*": " 0"}

#: The key before each `=`; empty where the `=` belongs to a value.
Shape = tuple[str, ...]


def shaped(texts: pl.DataFrame, keys: tuple[str, ...], order: Order) -> pl.DataFrame:
    """The lines of common shapes with a column for each key, in no order."""
    found = [texts.clear().with_columns(pl.lit(None, pl.String).alias(key) for key in keys)]
    rest = texts.with_columns(equals=pl.col("extension").str.count_matches("=", literal=True))
    for shape in _common(texts["extension"], order):
        cells, rest = _cut(rest, shape, keys)
        found.append(cells)
    return pl.concat(found, how="diagonal")


def _common(pairs: pl.Series, order: Order) -> list[Shape]:
    """The harmless shapes of some of the lines, the commonest first."""
    return [shape for shape in common(pairs, _OUTLINES, shape_of) if _is_harmless(shape, order)]


def shape_of(pairs: str) -> Shape:
    """The shape of the pairs of a line."""
    pieces = (piece.rpartition(" ") for piece in pairs.split("=")[:-1])
    return tuple(word if blank and _KEY.fullmatch(word) else "" for _, blank, word in pieces)


def _is_harmless(shape: Shape, order: Order) -> bool:
    """Whether there are keys, none of them twice, and none of `ahead` behind what a client sent."""
    named = [key for key in shape if key]
    spoke = next((at for at, key in enumerate(named) if key in order.client), len(named))
    late = set(named[spoke:]) & set(order.ahead)
    return bool(named) and len(named) == len(set(named)) and not late and len(shape) <= _MOST_PIECES


def _cut(texts: pl.DataFrame, shape: Shape, keys: tuple[str, ...]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The cells of the lines of a shape, and the other lines."""
    may = pl.col("equals") == len(shape)
    some, others = texts.filter(may), texts.filter(~may)
    pieces = some.select(pl.col("extension").str.splitn("=", len(shape) + 1)).unnest("extension")
    cells = pieces.lazy().select(*_values(shape, keys), matches=pl.all_horizontal(_checks(shape))).collect()
    matches = cells["matches"]
    done = pl.concat([some.drop("equals"), cells.drop("matches")], how="horizontal").filter(matches)
    return done, pl.concat([others, some.filter(~matches)])


def _checks(shape: Shape) -> list[pl.Expr]:
    """Whether the pieces of a line end as they must."""
    pieces = [(pl.col(f"field_{place}").str, key) for place, key in enumerate(shape)]
    return [piece.ends_with(f" {key}") if key else ~piece.contains(_ENDS_IN_KEY) for piece, key in pieces]


def _values(shape: Shape, keys: tuple[str, ...]) -> list[pl.Expr]:
    """The wanted values: from behind a key to the blank before the next one, or to the end."""
    named = [place for place, key in enumerate(shape) if key]
    values = []
    for place, end in zip(named, [*named[1:], len(shape)], strict=True):
        if shape[place] in keys:
            pieces = [pl.col(f"field_{at}") for at in range(place + 1, end + 1)]
            value = pl.concat_str(pieces, separator="=") if len(pieces) > 1 else pieces[0]
            after = shape[end] if end < len(shape) else ""
            values.append(value.str.strip_suffix(f" {after}").alias(shape[place]))
    return values
