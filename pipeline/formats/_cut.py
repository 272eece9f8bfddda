"""Lines of a few shapes are cut at a sign, and their pieces looked at shape by shape.

In: lines; the sign; of each shape how many pieces its lines have, and how these must be. Out: the cells of the lines
that are so, shape by shape, and the other lines. Refuses nothing. That is quicker than one pattern over all of a line,
which has to look at each character, and than one for each key.

Where values mostly stand in quotes, lines are cut at these (`cut_at_quotes`): of each shape it is known what stands
before, between and behind the quotes in all of its lines (`Stretch`). Where that is so, what lies between them is in
quotes, whatever it holds. Lines with a quote that may be escaped are left.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, NamedTuple

import numpy as np
import polars as pl

#: Lines with so many pieces, and which of them are free, since none of the shapes before has taken them. Gives which it
#: takes, and their cells.
Reader = Callable[["Pieces", pl.Series], tuple[pl.Series, pl.DataFrame]]
#: What tells the shape of a line: a word for each piece, empty for one that has none.
Keys = tuple[str, ...]
#: The marks of so many lines are compared at once.
_AT_ONCE: Final = 1_000
#: What the column of a piece is called, with its place behind it.
_FIELD: Final = "field_"


class Shape(NamedTuple):
    """What the lines of one shape have in common; of their pieces there is a column for each, `field_0` and so on."""

    #: What each piece must begin with, or end with.
    marks: list[str]
    #: What else must be true.
    checks: list[pl.Expr]
    #: What is given of such a line.
    values: list[pl.Expr]


class Stretch(NamedTuple):
    """What stands before the first quotes, between two values in quotes, or behind the last one."""

    #: Its pattern, with a group for each key of `bare`.
    pattern: str
    #: How it is nearly always written, where that is one text.
    text: str | None
    #: Wanted keys that stand in it, with bare values.
    bare: tuple[str, ...]
    #: The wanted key of the value in quotes behind it; empty where it is not wanted, or there is none.
    quoted: str
    #: How it is often written, where there are other ways.
    usual: str | None = None


@dataclass(frozen=True)
class Pieces:
    """Lines with the same number of pieces."""

    lines: pl.DataFrame
    #: All their pieces, one behind the other.
    flat: pl.Series
    count: int

    def spread(self, places: Iterable[int], lines: pl.Series | None = None) -> pl.DataFrame:
        """The lines, or those of them, with a column `field_N` for each of these pieces."""
        fields = [pl.col("piece").gather_every(self.count, at).alias(f"{_FIELD}{at}") for at in places]
        apart = self.lines.hstack(self.flat.to_frame("piece").select(fields))
        return apart if lines is None else apart.filter(lines)


def cut(
    texts: pl.DataFrame, column: str, sign: str, shapes: Sequence[tuple[int, Reader]]
) -> tuple[list[pl.DataFrame], pl.DataFrame]:
    """The cells of the lines of each shape, and the other lines; of a shape are its number of pieces and its reader."""
    if not shapes:
        return [], texts
    # A pattern is found sooner than the same sign taken literally.
    many = texts.select(pl.col(column).str.count_matches(re.escape(sign)) + 1).to_series()
    sizes = sorted({size for size, _ in shapes})
    found, left = dict[int, pl.DataFrame](), [texts.filter(~many.is_in(sizes).fill_null(value=False))]
    for count in sizes:
        some = texts.filter(many == count)
        flat = some.select(pieces=pl.col(column).str.split(sign).list.to_array(count))["pieces"].explode()
        pieces, free = Pieces(some, flat, count), pl.Series([True]).new_from_index(0, some.height)
        for place, (size, reader) in enumerate(shapes):
            if size == count:
                taken, found[place] = reader(pieces, free)
                free &= ~taken
        left.append(some.filter(free))
    return [found[place] for place in range(len(shapes))], pl.concat(left)


def by_marks(shape: Shape, *, at_end: bool = False) -> tuple[int, Reader]:
    """A shape whose pieces begin with their marks or, with `at_end`, end with them."""
    count, places = len(shape.marks), _places([*shape.checks, *shape.values])

    def read(pieces: Pieces, free: pl.Series) -> tuple[pl.Series, pl.DataFrame]:
        matches = _with_marks(pieces.flat, shape.marks, at_end=at_end).reshape((-1, count)).arr.all() & free
        done = pieces.spread(places, matches)
        if shape.checks:
            also = done.select(pl.all_horizontal(shape.checks)).to_series()
            done, matches = done.filter(also), matches.scatter(matches.arg_true(), also)
        return matches, done.select(shape.values)

    return count, read


def _places(expressions: Iterable[pl.Expr]) -> list[int]:
    """Which pieces these look at."""
    names = {name for each in expressions for name in each.meta.root_names()}
    return sorted(int(name.removeprefix(_FIELD)) for name in names if name.startswith(_FIELD))


def _with_marks(pieces: pl.Series, marks: list[str], *, at_end: bool) -> pl.Series:
    """Whether each piece has its mark, the marks coming again for each line.

    Piece after piece as they stand in memory: to look at one column after the other takes twice as long. Some lines
    after the others, so that the marks stay at hand.
    """
    size = min(_AT_ONCE * len(marks), len(pieces))
    again = np.tile(np.arange(len(marks), dtype=np.uint32), -(-size // len(marks)))
    all_marks, piece = pl.Series(marks, dtype=pl.String).gather(again), pl.col("piece").str
    found = [pl.Series(dtype=pl.Boolean)]
    for some in pieces.to_frame("piece").iter_slices(max(1, size)):
        mark = pl.lit(all_marks.head(some.height))
        found.append(some.select(piece.ends_with(mark) if at_end else piece.starts_with(mark)).to_series())
    return pl.concat(found)


def cut_at_quotes(texts: pl.DataFrame, shapes: list[list[Stretch]]) -> tuple[list[pl.DataFrame], pl.DataFrame]:
    """`line`, `text` and the cells of the lines of each shape, and the other lines."""
    table = texts.select("line", "text")
    escaped = table["text"].str.contains('\\"', literal=True)
    readers = [(2 * len(each) - 1, partial(_parted, stretches=each)) for each in shapes]
    found, left = cut(table.filter(~escaped), "text", '"', readers)
    return found, pl.concat([left, table.filter(escaped)])


def _parted(pieces: Pieces, free: pl.Series, stretches: list[Stretch]) -> tuple[pl.Series, pl.DataFrame]:
    """Which lines are of these stretches, and their cells as `cut_at_quotes` gives them."""
    told = [place for place, each in enumerate(stretches) if not each.bare]
    grouped = [place for place, each in enumerate(stretches) if each.bare]
    quoted = {2 * place + 1: each.quoted for place, each in enumerate(stretches) if each.quoted}
    parts = {place: _matched(pl.col(f"{_FIELD}{2 * place}"), each) for place, each in enumerate(stretches)}
    apart = pieces.spread(2 * place for place in told)
    matches = apart.select(pl.all_horizontal(*(parts[place] for place in told), pl.lit(value=True))).to_series() & free
    cells = (
        pieces.spread([*(2 * place for place in grouped), *quoted], matches)
        .select(
            "line",
            "text",
            *(parts[place].alias(str(place)) for place in grouped),
            *(pl.col(f"{_FIELD}{place}").alias(key) for place, key in quoted.items()),
        )
        .unnest([str(place) for place in grouped])
    )
    if grouped:
        firsts = [pl.col(stretches[place].bare[0]).is_not_null() for place in grouped]
        also = cells.select(pl.all_horizontal(firsts)).to_series()
        cells, matches = cells.filter(also), matches.scatter(matches.arg_true(), also)
    return matches, cells


def _matched(piece: pl.Expr, stretch: Stretch) -> pl.Expr:
    """Whether a piece is as the stretch must be; the values of its wanted keys where it has any."""
    if stretch.text is not None:
        return piece == stretch.text
    pattern = f"(?-u)^{stretch.pattern}$"
    if stretch.bare:
        return piece.str.extract_groups(pattern).struct.rename_fields(stretch.bare)
    # What many lines say of their device need not be looked at by the pattern.
    unusual = piece if stretch.usual is None else pl.when(piece != stretch.usual).then(piece)
    return unusual.str.contains(pattern).fill_null(value=True)
