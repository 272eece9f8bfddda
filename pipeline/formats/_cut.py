"""Lines of a few shapes whose values mostly stand in quotes are cut at their quotes.

In: lines; of each shape what stands before, between and behind the quotes in all of its lines (`Stretch`). Out: the
cells of the lines that are so, shape by shape, and the other lines. Refuses nothing.

Where the stretches are as they must be, what lies between them is in quotes, whatever it holds. Lines with a quote that
may be escaped are left. That is quicker than one pattern over all of a line, which has to look at each character.
"""

from __future__ import annotations

from typing import NamedTuple

import polars as pl


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


def cut(texts: pl.DataFrame, shapes: list[list[Stretch]]) -> tuple[list[pl.DataFrame], pl.DataFrame]:
    """`line`, `text` and the cells of the lines of each shape, and the other lines."""
    pieces = pl.when(~pl.col("text").str.contains('\\"', literal=True)).then(pl.col("text").str.split('"'))
    table = texts.select("line", "text", pieces=pieces)
    many = table["pieces"].list.len().fill_null(0)
    found, left = [texts.clear()] * len(shapes), [table.filter(~many.is_in({2 * len(each) - 1 for each in shapes}))]
    for count in sorted({len(each) for each in shapes}):
        some = table.filter(many == 2 * count - 1)
        some = some.with_columns(pl.col("pieces").list.to_array(2 * count - 1).arr.to_struct()).unnest("pieces")
        for place, stretches in enumerate(shapes):
            if len(stretches) == count:
                found[place], some = _parted(some, stretches)
        left.append(some)
    return found, pl.concat(each.select("line", "text") for each in left)


def _parted(pieces: pl.DataFrame, stretches: list[Stretch]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The lines of these stretches as `cut` gives them, and the others as they were."""
    looked_at = pieces.lazy().select(
        "line",
        "text",
        *(_matched(pl.col(f"field_{2 * place}"), each).alias(str(place)) for place, each in enumerate(stretches)),
        *(pl.col(f"field_{2 * place + 1}").alias(each.quoted) for place, each in enumerate(stretches) if each.quoted),
    )
    grouped = [str(place) for place, each in enumerate(stretches) if each.bare]
    told = [str(place) for place, each in enumerate(stretches) if not each.bare]
    firsts = [pl.col(each.bare[0]).is_not_null() for each in stretches if each.bare]
    found = looked_at.unnest(grouped).with_columns(matches=pl.all_horizontal(*told, *firsts)).drop(told).collect()
    return found.filter("matches").drop("matches"), pieces.filter(~found["matches"])


def _matched(piece: pl.Expr, stretch: Stretch) -> pl.Expr:
    """Whether a piece is as the stretch must be; the values of its wanted keys where it has any."""
    if stretch.text is not None:
        return piece == stretch.text
    pattern = f"(?-u)^{stretch.pattern}$"
    if stretch.bare:
        return piece.str.extract_groups(pattern).struct.rename_fields(stretch.bare)
    return piece.str.contains(pattern)
