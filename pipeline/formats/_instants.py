"""Stamps that name their offset, and counts from the epoch, are read many at once; all others as they are written.

In: records with a column of written times. Out: the same records with the columns of `localtime.READ`. Refuses what
`writtentime.from_written` refuses; it reads the same, so that which of the two took a stamp makes no difference.
"""

from __future__ import annotations

import polars as pl

from pipeline.formats import Declared
from pipeline.schema import TIMESTAMP
from pipeline.times.localtime import READ, Running
from pipeline.times.writtentime import from_epoch, from_written, iso_parts


def timed(records: pl.DataFrame, column: str, declared: Declared, running: Running) -> tuple[pl.DataFrame, Running]:
    """The records, in the same order, with `ts` and `ts_quality`, or with `reason` and `detail` where there is none."""
    table = records.with_columns(_from_offset(records[column]).alias("ts"))
    if table["ts"].null_count():
        table = table.with_columns(pl.coalesce("ts", from_epoch(pl.col(column))).alias("ts"))
    exact = table.with_columns(
        pl.when(pl.col("ts").is_not_null()).then(pl.lit("exact")).alias("ts_quality"),
        *(pl.lit(None, pl.String).alias(name) for name in ("reason", "detail")),
    )
    missing = exact["ts"].is_null()
    if not missing.any():
        return exact, running
    rest = exact.filter(missing)[column]
    read, after = from_written(rest, declared.timezone, declared.date_order, running)
    # Each row of `read` goes back to the row that it was written in.
    spread = exact.select(pl.when(missing).then(missing.cum_sum() - 1)).to_series()
    there = read.select(pl.all().gather(spread))
    return exact.with_columns(pl.coalesce(name, there[name]).alias(name) for name in READ.names()), after


def _from_offset(written: pl.Series) -> pl.Series:
    """The instant of an ISO 8601 stamp with its offset, cut to microseconds; null for anything else."""
    parts = iso_parts(written)
    return (parts["stamp"].cast(pl.Int64) - parts["east"] * 60_000_000).cast(TIMESTAMP)
