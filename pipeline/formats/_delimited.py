"""Records of delimited text (CSV, TSV, values between blanks) become columns.

In: lines, the separator, and which places of a record are wanted. Out: one column of text for each wanted place, empty
where the record is shorter, and the rejects. Quotes are read as RFC 4180 says: a cell in double quotes may hold the
separator, line ends and, doubled, quotes; elsewhere a quote is a character like any other.

Records whose quoting is plain are split by polars all at once. The others are followed from character to character by
`_records.cells_of`; both read a record the same. Refuses: quotes that are not closed (`unclosed-quote`) or are followed
by more text, and more cells than there may be (`bad-field`), fewer cells than there must be (`missing-column`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from pipeline.formats import PARSE_REJECTS
from pipeline.formats._records import cells_of

#: What polars would see differently: other line ends, and what marked or compressed files begin with. To look for one
#: after the other is many times as quick as one pattern.
_TRAPS: Final = ("\r", "\n", "\ufeff")
_COMPRESSED: Final = "x\x01"


@dataclass(frozen=True)
class Layout:
    """How a record is parted, and what is wanted of it."""

    #: Name of a column -> place of its cell, from 0.
    places: Mapping[str, int]
    #: So many cells there must be, and so many there may be.
    least: int
    most: int | None = None
    separator: str = ","
    #: Whether quotes mean anything.
    quotes: bool = True
    #: Blanks behind a separator belong to no cell; not for blanks as separators.
    loose: bool = False

    def __post_init__(self) -> None:
        if self.loose and self.separator == " ":
            raise ValueError("blanks cannot both part cells and belong to none")

    @property
    def plain(self) -> str:
        """The pattern of a record that is split quickly."""
        part = re.escape(self.separator)
        bare = rf'(?:[^"{part} ][^"{part}]*)?' if self.loose else rf'[^"{part}]*'
        cell = rf'(?:"(?:[^"]|"")*"|{bare})'
        most = "" if self.most is None else self.most - 1
        return rf"(?s)^{cell}(?:{part}{cell}){{{self.least - 1},{most}}}$"


def split(texts: pl.DataFrame, layout: Layout) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The wanted cells of each record with its `line`, in order, and the rejects (`PARSE_REJECTS`).

    `texts` holds `line` and `text`; `text` stays beside the cells.
    """
    if not layout.quotes:
        return _at_separators(texts, layout)
    text = pl.col("text")
    plain = text.str.contains(layout.plain) & ~_is_trap()
    marked = texts.select("line", "text", plain=plain)
    quick = _all_at_once(marked.filter("plain").drop("plain"), layout)
    odd = marked.filter(~pl.col("plain")).drop("plain")
    if odd.is_empty():
        return quick, PARSE_REJECTS.to_frame()
    careful, broken = _one_by_one(odd, layout)
    return pl.concat([quick, careful]).sort("line"), broken


def _is_trap() -> pl.Expr:
    text = pl.col("text").str
    return pl.any_horizontal(text.starts_with(_COMPRESSED), *(text.contains(each, literal=True) for each in _TRAPS))


def _all_at_once(texts: pl.DataFrame, layout: Layout) -> pl.DataFrame:
    """The cells of plain records, read by polars as a file of that kind."""
    if texts.is_empty():
        return texts.with_columns(pl.lit("").alias(name) for name in layout.places)
    data = texts["text"].str.join("\n").cast(pl.Binary).item()
    wanted = sorted(set(layout.places.values()))
    # Cells behind the last wanted place are left unread on purpose: how many there are was looked at before.
    read = pl.read_csv(
        data, has_header=False, separator=layout.separator, columns=wanted, empty_string_is_null=False,
        quote_char='"' if layout.quotes else None,
        schema={f"c{at}": pl.String() for at in range(wanted[-1] + 1)},
        missing_columns="insert", extra_columns="ignore",
    )  # fmt: skip
    named = read.select(pl.col(f"c{place}").alias(name) for name, place in layout.places.items())
    return pl.concat([texts, named], how="horizontal")


def _one_by_one(texts: pl.DataFrame, layout: Layout) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Records with line ends in quotes, or with broken ones.

    A loop over rows, because quoting has to be followed from character to character; such records are rare.
    """
    read: list[tuple[object, ...]] = []
    broken: list[tuple[int, str, str]] = []
    for line, text in texts.select("line", "text").iter_rows():
        cells = cells_of(text, layout.separator, loose=layout.loose)
        problem = _problem(cells, text, layout)
        if problem is None:
            read.append((line, text, *(_at(cells, place) for place in layout.places.values())))
        else:
            broken.append((line, *problem))
    schema = {"line": pl.Int64(), **dict.fromkeys(("text", *layout.places), pl.String())}
    return pl.DataFrame(read, schema=schema, orient="row"), pl.DataFrame(broken, schema=PARSE_REJECTS, orient="row")


def _at(cells: Sequence[str], place: int) -> str:
    return cells[place] if place < len(cells) else ""


def _problem(cells: Sequence[str], text: str, layout: Layout) -> tuple[str, str] | None:
    if not cells:
        odd = text.count('"') % 2
        return ("unclosed-quote", "a quote is not closed") if odd else ("bad-field", "text follows a closed quote")
    if len(cells) < layout.least:
        return "missing-column", f"has {len(cells)} of {layout.least} columns"
    if layout.most is not None and len(cells) > layout.most:
        return "bad-field", f"has {len(cells)} columns, and not {layout.most}"
    return None


def _at_separators(texts: pl.DataFrame, layout: Layout) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The cells where quotes mean nothing."""
    counted = texts.select("line", "text", count=pl.col("text").str.count_matches(layout.separator, literal=True) + 1)
    too_few = pl.col("count") < layout.least
    too_many = pl.col("count") > (layout.most or pl.UInt32.max())
    broken = counted.filter(too_few | too_many).select(
        "line",
        reason=pl.when(too_few).then(pl.lit("missing-column")).otherwise(pl.lit("bad-field")),
        detail=pl.format("has {} columns, and not {}", "count", pl.lit(layout.least)),
    )
    right = counted.filter(~(too_few | too_many)).drop("count")
    return _unquoted(right, layout), broken.cast(PARSE_REJECTS)


def _unquoted(texts: pl.DataFrame, layout: Layout) -> pl.DataFrame:
    """The wanted cells of records in which quotes mean nothing and which have as many cells as they must."""
    if not texts.select((_is_trap() | (pl.col("text") == "")).any()).item():
        return _all_at_once(texts, layout)
    pieces = pl.col("text").str.split(layout.separator)
    named = [pieces.list.get(at, null_on_oob=True).fill_null("").alias(name) for name, at in layout.places.items()]
    return texts.with_columns(named)
