"""Stamps that name their offset, and counts from the epoch, are read many at once; all others as they are written.

In: records with a column of written times. Out: the same records with the columns of `localtime.READ`. Refuses what
`localtime.from_written` refuses; it reads the same, so that which of the two took a stamp makes no difference.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from pipeline.formats import Declared
from pipeline.localtime import READ, Running
from pipeline.schema import TIMESTAMP
from pipeline.writtentime import from_epoch, from_written

#: An offset may move a stamp out of the years that `localtime` knows; the first and the last of them are read there.
_SHAPE: Final = (
    r"^(?:19(?:7[1-9]|[89][0-9])|20[0-9]{2}|21(?:[0-8][0-9]|9[0-8]))-[0-9]{2}-[0-9]{2}"
    r"[T ][0-9]{2}:[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:?[0-9]{2})$"
)
_SECONDS: Final = "%Y-%m-%dT%H:%M:%S"
_LENGTH: Final = len("2026-03-15T16:07:32")


def timed(records: pl.DataFrame, column: str, declared: Declared, running: Running) -> tuple[pl.DataFrame, Running]:
    """The records, in the same order, with `ts` and `ts_quality`, or with `reason` and `detail` where there is none."""
    written = pl.col(column)
    table = records.lazy().with_columns(_from_offset(written).alias("ts")).collect()
    if table["ts"].null_count():
        table = table.with_columns(pl.coalesce("ts", from_epoch(written)).alias("ts"))
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


def _from_offset(written: pl.Expr) -> pl.Expr:
    """The instant of an ISO 8601 stamp with its offset, cut to microseconds; null for anything else."""
    stamp = pl.when(written.str.contains(_SHAPE)).then(written)
    seconds = stamp.str.slice(0, _LENGTH).str.replace(" ", "T", literal=True)
    local = seconds.str.to_datetime(_SECONDS, time_unit="us", strict=False)
    digits = stamp.str.slice(_LENGTH + 1, 6).str.extract(r"^[0-9]+", 0).str.pad_end(6, "0").cast(pl.Int64)
    fraction = pl.when(stamp.str.slice(_LENGTH, 1) == ".").then(digits).otherwise(0)
    zone = stamp.str.slice(_LENGTH).str.strip_chars_start(".0123456789")
    minutes = zone.str.slice(1, 2).cast(pl.Int64, strict=False) * 60 + zone.str.tail(2).cast(pl.Int64, strict=False)
    east = pl.when(zone.str.starts_with("-")).then(-minutes).otherwise(minutes).fill_null(0)
    return (local.cast(pl.Int64) + fraction - east * 60_000_000).cast(TIMESTAMP)
