"""JSON lines of a device that logs more than the web: its records of one kind, what is wrong, and what is left out.

In: a block of lines, where the wanted values stand, which records are wanted, and what each of them must have. Out: the
records as columns of text, and the rows of what is no record. Refuses nothing itself: the reasons are in the rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import polars as pl

from pipeline.formats._cells import blank_apart, refusal, skips
from pipeline.formats._json import fields
from pipeline.formats._syslog import without_header


class Records(NamedTuple):
    """What stands in a block."""

    #: The wanted records: line, text of each wanted column, and `reason` and `detail`, both null.
    wanted: pl.DataFrame
    #: line, reason, detail.
    damaged: pl.DataFrame
    #: Blank lines, and every other record.
    skipped: list[pl.DataFrame]


def records_of(
    lines: pl.DataFrame, columns: Mapping[str, str], ours: pl.Expr, lacks: Iterable[tuple[pl.Expr, str]]
) -> Records:
    """`lacks`: when a record that can be read has not what it must have, and what that is called."""
    texts, blank = blank_apart(lines)
    cells = fields(without_header(texts), columns)
    readable, ours = pl.col("reason").is_null(), ours.fill_null(value=False)
    cells = cells.with_columns(
        refusal(
            [(readable & when, "missing-column", f"has no {what}") for when, what in lacks],
            (pl.col("reason"), pl.col("detail")),
        )
    )
    good = pl.col("reason").is_null()
    damaged = cells.filter(~good).select("line", "reason", "detail")
    return Records(cells.filter(good & ours), damaged, [blank, skips(cells.filter(good & ~ours), "other-record")])
