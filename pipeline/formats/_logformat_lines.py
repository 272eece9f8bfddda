"""Lines are cut into the values of a `logformat`.

In: the pieces of the layout, and lines. Out: one column of text for each code, or the reason and detail of a reject.

A line is cut where only one way of cutting it fits all of the layout, and refused where there are two: so a blank in a
user name or a URL gives nobody's name to anybody. Among all ways to cut a line one is first and one is last, if they
are put in order by the length of the first value, then of the second, and so on. A lazy pattern finds the first one and
a greedy one the last; where they are the same, there is no other. Most lines need only one pattern, for values that
hold nothing that could end them, and a look whether any value could run over its end.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from pipeline.formats import PARSE_REJECTS
from pipeline.formats._logformat import Code
from pipeline.formats._logformat_shapes import LINE_END, Shape, shape_of
from pipeline.formats._logformat_words import Words, words_of

#: Squid's buffer for one record: what is longer is cut off there.
_CUT_OFF: Final = (8190, 8191)
_SPECIAL: Final = frozenset("\\.+*?()|[]{}^$#&-~")


@dataclass(frozen=True)
class Layout:
    """The codes of a layout by the name of their column, and the patterns that find them."""

    codes: dict[str, Code]
    #: Where to cut most lines, and what such a line looks like.
    words: Words | None
    narrow: str
    #: The same with the values marked, for layouts that have no such cuts.
    quick: str
    #: A line that fits this may be cut in other ways.
    doubt: str
    shortest: str
    longest: str
    #: The layout up to each of its codes.
    beginnings: tuple[str, ...]


def layout_of(pieces: Sequence[str | Code], wanted: Iterable[Code]) -> Layout:
    """The patterns of a layout; `wanted` are the codes whose values are asked for. Raises `ConfigError`."""
    shapes = [shape_of(piece, _ending(pieces, at)) if isinstance(piece, Code) else piece
              for at, piece in enumerate(pieces)]  # fmt: skip
    names = {at: f"c{at}" for at, piece in enumerate(pieces) if isinstance(piece, Code)}
    chosen = {at: name for at, name in names.items() if pieces[at] in list(wanted)}
    long = [_pattern(shape, "long") for shape in shapes]
    over = [
        "".join([*long[:at], _around(shape, shape.over), *long[at + 1 :]])
        for at, shape in enumerate(shapes)
        if isinstance(shape, Shape) and shape.over
    ]
    unsure = any(isinstance(shape, Shape) and shape.unsure for shape in shapes)
    return Layout(
        words=None if unsure else words_of(pieces, shapes, chosen),
        narrow=_whole_line(_pattern(shape, "narrow") for shape in shapes),
        codes={name: piece for at, name in names.items() if isinstance(piece := pieces[at], Code)},
        quick=""
        if unsure
        else _whole_line(_pattern(shape, "narrow", chosen.get(at)) for at, shape in enumerate(shapes)),
        doubt=_whole_line(["(?:", "|".join(over), ")"]) if over else "",
        shortest=_whole_line(_pattern(shape, "short", names.get(at)) for at, shape in enumerate(shapes)),
        longest=_whole_line(_pattern(shape, "long", names.get(at)) for at, shape in enumerate(shapes)),
        beginnings=tuple(f"(?s)^{''.join(long[: at + 1])}" for at in names),
    )


def _ending(pieces: Sequence[str | Code], at: int) -> str:
    if at + 1 == len(pieces):
        return LINE_END
    following = pieces[at + 1]
    return following[0] if isinstance(following, str) else ""


def _whole_line(parts: Iterable[str]) -> str:
    return f"(?s)^{''.join(parts)}$"


def _pattern(shape: Shape | str, breadth: str, name: str | None = None) -> str:
    if isinstance(shape, str):
        return "".join(f"\\{sign}" if sign in _SPECIAL else sign for sign in shape)
    pattern = {"narrow": shape.narrow, "short": shape.short, "long": shape.long}[breadth]
    return _around(shape, f"(?P<{name}>{pattern})" if name else f"(?:{pattern})")


def _around(shape: Shape, pattern: str) -> str:
    return f"{shape.before}{pattern}{shape.behind}"


def cut(texts: pl.DataFrame, layout: Layout) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The values of the lines that fit in one way (`line`, `text` and the codes), and `PARSE_REJECTS` of the others."""
    if not layout.quick:
        return _compared(texts, layout)
    names = [name for name in layout.codes if f"?P<{name}>" in layout.quick]
    found = _at_words(texts, layout, layout.words, names) if layout.words else _by_pattern(texts, layout, names)
    others, rejects = _compared(found.filter(~pl.col("fits")).select("line", "text"), layout)
    quick = found.filter("fits").select("line", "text", *names)
    if others.is_empty():
        return quick, rejects
    return pl.concat([quick, others.select(quick.columns)]).sort("line"), rejects


def _at_words(texts: pl.DataFrame, layout: Layout, words: Words, names: Sequence[str]) -> pl.DataFrame:
    """The values where quotes and blanks are as many as the layout has, and whether they are."""
    fits = pl.col("text").str.contains(layout.narrow) & ~_is_cut_off()
    cells = words.cut(texts.lazy().with_columns(fits=fits))
    sole = pl.col("fits") & pl.col("sole").fill_null(value=False)
    return cells.select("line", "text", *names, fits=sole).collect()


def _by_pattern(texts: pl.DataFrame, layout: Layout, names: Sequence[str]) -> pl.DataFrame:
    """The values of the lines that hold nothing that could be the end of a value, and whether they do."""
    text = pl.col("text")
    doubtful = text.str.contains(layout.doubt) if layout.doubt else pl.lit(value=False)
    found = texts.lazy().with_columns(found=text.str.extract_groups(layout.quick), doubtful=doubtful | _is_cut_off())
    fits = pl.col(names[0]).is_not_null() & ~pl.col("doubtful")
    return found.unnest("found").with_columns(fits=fits).collect(engine="streaming")


def _is_cut_off() -> pl.Expr:
    return pl.col("text").str.len_bytes().is_between(*_CUT_OFF)


def _compared(texts: pl.DataFrame, layout: Layout) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The lines for which the first way to cut them is also the last."""
    text, names = pl.col("text"), list(layout.codes)
    both = texts.with_columns(
        text.str.extract_groups(layout.shortest).struct.rename_fields(names).alias("first"),
        text.str.extract_groups(layout.longest).struct.rename_fields(names).alias("last"),
    ).with_columns(_first_difference(layout).alias("differs"))
    fits = pl.col("first").struct.field(names[0]).is_not_null()
    good = fits & pl.col("differs").is_null() & ~_is_cut_off()
    values = both.filter(good).select("line", "text", "first").unnest("first")
    return values, _refusals(both.filter(~good).with_columns(fits=fits), layout)


def _first_difference(layout: Layout) -> pl.Expr:
    """How the code is written at which the two ways part; null where they are the same."""
    first, last = pl.col("first").struct, pl.col("last").struct
    return pl.coalesce(
        *[
            pl.when(first.field(name).ne_missing(last.field(name))).then(pl.lit(code.written))
            for name, code in layout.codes.items()
        ],
        pl.lit(None, dtype=pl.String),
    )


def _refusals(bad: pl.DataFrame, layout: Layout) -> pl.DataFrame:
    fitting = pl.sum_horizontal(pl.col("text").str.contains(beginning) for beginning in layout.beginnings)
    written = [code.written for code in layout.codes.values()]
    unfit = [pl.when(fitting == count).then(pl.lit(f"does not fit the logformat from {code} on"))
             for count, code in enumerate(written)]  # fmt: skip
    too_much = pl.lit(f"does not fit the logformat behind {written[-1]}")
    ways = pl.format(
        "can be cut at {} in more than one way: what parts the values also stands in one of them", "differs"
    )
    return bad.select(
        "line",
        reason=pl.when(_is_cut_off())
        .then(pl.lit("too-long"))
        .when(~pl.col("fits") & (fitting == 0))
        .then(pl.lit("not-this-format"))
        .otherwise(pl.lit("bad-field")),
        detail=pl.when(_is_cut_off())
        .then(pl.lit("Squid cut the record off"))
        .when("fits")
        .then(ways)
        .otherwise(pl.coalesce(*unfit, too_much)),
    ).cast(PARSE_REJECTS)
