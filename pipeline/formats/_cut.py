"""Lines of one shape whose values mostly stand in quotes are cut at their quotes.

In: lines with the number of their quotes (`counted`), and what stands before, between and behind the quotes in all
lines of the shape (`Stretch`). Out: the cells of the lines that are so, and the other lines. Refuses nothing.

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


def counted(texts: pl.DataFrame) -> pl.DataFrame:
    """With the number of quotes in each line as `quotes`; null where one may be escaped."""
    text = pl.col("text")
    number = text.str.count_matches('"', literal=True)
    return texts.with_columns(quotes=pl.when(~text.str.contains('\\"', literal=True)).then(number))


def cut(texts: pl.DataFrame, stretches: list[Stretch]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """`line`, `text` and the cells of the lines of these stretches, and the other lines."""
    may = (pl.col("quotes") == 2 * len(stretches) - 2).fill_null(value=False)
    some, others = texts.filter(may), texts.filter(~may)
    pieces = some.select(pl.col("text").str.splitn('"', 2 * len(stretches) - 1)).unnest("text")
    looked_at = pieces.lazy().select(
        *(_matched(pl.col(f"field_{2 * place}"), each).alias(str(place)) for place, each in enumerate(stretches)),
        *(pl.col(f"field_{2 * place + 1}").alias(each.quoted) for place, each in enumerate(stretches) if each.quoted),
    )
    grouped = [str(place) for place, each in enumerate(stretches) if each.bare]
    told = [str(place) for place, each in enumerate(stretches) if not each.bare]
    found = looked_at.unnest(grouped).collect()
    firsts = [pl.col(each.bare[0]).is_not_null() for each in stretches if each.bare]
    matches = found.select(pl.all_horizontal(*told, *firsts)).to_series()
    done = pl.concat([some.select("line", "text"), found.drop(told)], how="horizontal").filter(matches)
    return done, pl.concat([others, some.filter(~matches)])


def _matched(piece: pl.Expr, stretch: Stretch) -> pl.Expr:
    """Whether a piece is as the stretch must be; the values of its wanted keys where it has any."""
    if stretch.text is not None:
        return piece == stretch.text
    pattern = f"(?-u)^{stretch.pattern}$"
    if stretch.bare:
        return piece.str.extract_groups(pattern).struct.rename_fields(stretch.bare)
    return piece.str.contains(pattern)
