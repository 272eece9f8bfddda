"""Tables whose header decides the columns, and holds until the next: what several products give for download.

In: the lines of a block, the header that was left from the block before, and what is wanted under which names. Out: one
column of text for each meaning (null where the header does not have it), the rejects, the skips and the last header.
Refuses rows before a header that names all that is needed (`missing-column`), and what `_delimited` refuses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from pipeline.formats import PARSE_REJECTS, PARSE_SKIPS
from pipeline.formats._cells import skips
from pipeline.formats._delimited import Layout, split
from pipeline.formats._records import cells_of, folded

_NO_HEADER: Final = "no header before it says what its columns are"


@dataclass(frozen=True)
class Headed:
    """What a table is to give."""

    #: What is wanted -> the names of its column, as `fold` makes them.
    meanings: Mapping[str, tuple[str, ...]]
    #: Meanings without which a row says nothing.
    needed: tuple[str, ...]
    #: Whether a line is a header.
    is_header: pl.Expr
    #: Names of columns that only tables of another kind have, whose rows are passed over.
    others: frozenset[str] = frozenset()
    fold: Callable[[str], str] = folded

    def places(self, header: str) -> dict[str, int]:
        """What is wanted and where it stands below this header."""
        names = self.names(header)
        there = {meaning: [name for name in known if name in names] for meaning, known in self.meanings.items()}
        return {meaning: names.index(known[0]) for meaning, known in there.items() if known}

    def names(self, header: str) -> list[str]:
        """The names of the columns."""
        return [self.fold(cell) for cell in cells_of(header, ",")]

    def fits(self, header: str) -> bool:
        """Whether a header names all that is needed."""
        return set(self.needed) <= self.places(header).keys()


@dataclass(frozen=True)
class Rows:
    """The rows of a block."""

    cells: pl.DataFrame
    rejects: pl.DataFrame
    skips: list[pl.DataFrame]
    header: str


def read(texts: pl.DataFrame, headed: Headed, header: str) -> Rows:
    """The rows of `texts` (`line`, `text`), of which those before any header stand below `header`."""
    is_header = headed.is_header
    named = texts.with_columns(header=pl.when(is_header).then(pl.col("text")).forward_fill().fill_null(header))
    schema = {"line": pl.Int64()} | dict.fromkeys(headed.meanings, pl.String())
    cells, rejects = [pl.DataFrame(schema=schema)], [PARSE_REJECTS.to_frame()]
    passed_over = [skips(named.filter(is_header), "header"), PARSE_SKIPS.to_frame()]
    for body in named.filter(~is_header).partition_by("header", maintain_order=True):
        above = body["header"][0]
        if headed.others & set(headed.names(above)):
            passed_over.append(skips(body, "other-record"))
        elif headed.fits(above):
            count = len(headed.names(above))
            rows, broken = split(body, Layout(headed.places(above), least=count, most=count))
            cells.append(rows.drop("text"))
            rejects.append(broken)
        else:
            rejects.append(body.select("line", reason=pl.lit("missing-column"), detail=pl.lit(_NO_HEADER)))
    together = pl.concat(cells, how="diagonal").sort("line")
    last = named["header"][-1] if named.height else header
    return Rows(together, pl.concat(rejects, how="diagonal"), passed_over, last)
