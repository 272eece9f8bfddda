r"""JSON lines that differ from each other in texts only are cut at the quotes between these.

In: lines that each begin like a JSON object; the wanted columns; and what reads one line. Out: the columns of the lines
of common shapes, and all other lines, for the readers of `_json`. Refuses nothing.

A line is cut wherever `","` stands. Behind that a text begins, mostly the next key, and before it one ends. Where each
piece begins with the keys and signs that it has in the others of its shape, where the last ends like theirs, and where
there are no more quotes and no backslash, what is left of each piece is one text, whatever it holds: so it is the same
object but for those texts, and only the shape has to be read as JSON. What else differs from line to line, such as a
number, makes another shape, so that logs with numbers have none that is common, and are left.
Source: RFC 8259.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl

from pipeline.formats._alike import shares
from pipeline.formats._cells import divided
from pipeline.formats._cut import Reader, by_marks, cut
from pipeline.formats._cut import Shape as Pieces

#: What is between two texts, one behind the other.
_SIGN: Final = '","'
#: Stand around the number of a piece, in place of its text; no line that holds one has a shape.
_FROM, _TO = "\ue000", "\ue001"
#: The column of whole lines, beside the wanted ones.
_WHOLE: Final = f"{_FROM}line"
#: Lines that are the same but for these look alike.
_OUTLINES: Final = {r':\s*"[^"]*"': ':""'}
#: Shapes that serve fewer lines are not worth cutting them all.
_WORTH: Final = 1 / 2
#: A line with more pieces is none of a product's, and takes long to be compared with.
_MOST_PIECES: Final = 200

#: The wanted columns of one line; with `reason` where it is refused.
Read = Callable[[str], dict[str, str | None]]


class Shape(NamedTuple):
    """What the lines of one shape have in common."""

    #: What each piece begins with, up to the quote before its text.
    marks: tuple[str, ...]
    #: What stands behind the text of the last.
    tail: str
    #: The wanted columns, each with the place of its text among the pieces, or with what all lines say.
    cells: tuple[tuple[str, int | str], ...]


def by_shape(lines: pl.DataFrame, wanted: Sequence[str], read: Read) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The wanted columns, with `line`, of the lines of common shapes, in no order; and the lines that are left."""
    nothing = pl.DataFrame(schema={"line": pl.Int64(), **dict.fromkeys(wanted, pl.String())})
    often = shares(lines["text"], _OUTLINES, lambda text: shape_of(text, wanted, read))
    if sum(often.values()) < _WORTH:
        return nothing, lines
    escaped, table = divided(lines, pl.col("text").str.contains("\\", literal=True))
    found, left = cut(table, "text", _SIGN, [_reader(shape) for shape in often])
    return pl.concat([nothing, *found], how="diagonal"), pl.concat([left, escaped])


def shape_of(text: str, wanted: Sequence[str], read: Read) -> Shape | None:
    """The shape of a line; none where a key is said twice, or more than a text where one is wanted."""
    pieces = text.split(_SIGN)
    if "\\" in text or _FROM in text or not 1 < len(pieces) <= _MOST_PIECES:
        return None
    *before, last = pieces
    begins, quote, tail = last.rpartition('"')
    marks = tuple(piece[: piece.rfind('"') + 1] for piece in (*before, begins))
    names = {f"{_FROM}{place}{_TO}": place for place in range(len(marks))}
    example = _SIGN.join(f"{mark}{name}" for mark, name in zip(marks, names, strict=True)) + quote + tail
    if not _is_clear(example):
        return None
    cells = read(example)
    said = {name: names.get(cell, cell) for name in wanted if (cell := cells.get(name)) is not None}
    if "reason" in cells or any(isinstance(cell, str) and _FROM in cell for cell in said.values()):
        return None
    return Shape(marks, quote + tail, tuple(said.items()))


def _is_clear(example: str) -> bool:
    """Whether it is JSON in which no key is said twice, or differs from line to line."""
    try:
        json.loads(example, strict=False, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        return False
    return True


def _once(pairs: list[tuple[str, Any]]) -> None:
    keys = {key for key, _ in pairs}
    if len(keys) < len(pairs) or any(_FROM in key for key in keys):
        raise ValueError


def _reader(shape: Shape) -> tuple[int, Reader]:
    """What takes the lines of a shape, and how many pieces they have."""
    *before, mark = (pl.col(f"field_{place}").str.strip_prefix(mark) for place, mark in enumerate(shape.marks))
    texts = [*before, mark.str.strip_suffix(shape.tail)]
    signs = sum(part.count('"') for part in (*shape.marks, shape.tail, *[_SIGN] * len(before)))
    cells = [(pl.lit(cell) if isinstance(cell, str) else texts[cell]).alias(name) for name, cell in shape.cells]
    values = [pl.col("line"), pl.col("text").alias(_WHOLE), *cells]
    count, read = by_marks(Pieces(list(shape.marks), [mark.str.ends_with(shape.tail)], values))

    def exact(*given: Any) -> tuple[pl.Series, pl.DataFrame]:
        matches, done = read(*given)
        # None has fewer; to count them in all lines together takes a fifth of what it takes in each.
        if _quotes(done[_WHOLE]) > signs * done.height:
            same = done[_WHOLE].str.count_matches('"', literal=True) == signs
            done, matches = done.filter(same), matches.scatter(matches.arg_true(), same)
        return matches, done.drop(_WHOLE)

    return count, exact


def _quotes(texts: pl.Series) -> int:
    """How many there are in all of these."""
    _, bounds, letters = texts.to_arrow(compat_level=pl.CompatLevel.oldest()).buffers()
    begin, *_, end = np.frombuffer(bounds, dtype=np.int64)[[0, len(texts)]].tolist()
    return int(np.count_nonzero(np.frombuffer(letters, dtype=np.uint8)[begin:end] == ord('"'))) if end > begin else 0
