"""Stamps that name their offset, and counts from the epoch, are read many at once; all others as they are written.

In: records with a column of written times. Out: the same records with the columns of `localtime.READ`. Refuses what
`localtime.from_written` refuses; it reads the same, so that which of the two took a stamp makes no difference.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from pipeline.formats import Declared
from pipeline.localtime import READ, Running, from_epoch, from_written
from pipeline.schema import TIMESTAMP

_SHAPE: Final = (
    r"^(?:19[7-9][0-9]|2[01][0-9]{2})-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,9})?"
    r"(?:Z|[+-][0-9]{2}:?[0-9]{2})$"
)
_SECONDS: Final = "%Y-%m-%dT%H:%M:%S"
_LENGTH: Final = len("2026-03-15T16:07:32")
#: An offset may move a stamp out of the years that `localtime` knows.
_SAFE_YEARS: Final = (1971, 2198)


def timed(records: pl.DataFrame, column: str, declared: Declared, running: Running) -> tuple[pl.DataFrame, Running]:
    """The records, in the same order, with `ts` and `ts_quality`, or with `reason` and `detail` where there is none."""
    written = pl.col(column)
    table = records.with_columns(_from_offset(written).alias("ts"))
    if table["ts"].null_count():
        table = table.with_columns(pl.coalesce("ts", from_epoch(written)).alias("ts"))
    exact = table.with_columns(
        pl.when(pl.col("ts").is_not_null()).then(pl.lit("exact")).alias("ts_quality"),
        *(pl.lit(None, pl.String).alias(name) for name in ("reason", "detail")),
    )
    rest = exact.filter(pl.col("ts").is_null())
    if rest.is_empty():
        return exact, running
    place = pl.int_range(pl.len()).alias("place")
    exact = exact.with_columns(place)
    rest = exact.filter(pl.col("ts").is_null()).drop(READ.names())
    read, after = from_written(rest[column], declared.timezone, declared.date_order, running)
    told = pl.concat([exact.filter(pl.col("ts").is_not_null()), rest.hstack(read)], how="diagonal")
    return told.sort("place").drop("place"), after


def _from_offset(written: pl.Expr) -> pl.Expr:
    """The instant of an ISO 8601 stamp with its offset, cut to microseconds; null for anything else."""
    stamp = pl.when(written.str.contains(_SHAPE)).then(written)
    seconds = stamp.str.slice(0, _LENGTH).str.replace(" ", "T", literal=True)
    local = seconds.str.to_datetime(_SECONDS, time_unit="us", strict=False)
    rest = stamp.str.slice(_LENGTH)
    zone = rest.str.strip_chars_start(".0123456789")
    # Without a fraction its length is a byte less than nothing.
    length = rest.str.len_bytes().cast(pl.Int64) - zone.str.len_bytes() - 1
    digits = rest.str.slice(1, pl.when(length > 0).then(length).otherwise(0))
    fraction = digits.str.slice(0, 6).str.pad_end(6, "0").cast(pl.Int64)
    offset = pl.when(zone != "Z").then(zone.str.replace(":", "", literal=True))
    minutes = offset.str.slice(1, 2).cast(pl.Int64) * 60 + offset.str.slice(3, 2).cast(pl.Int64)
    east = pl.when(offset.str.starts_with("-")).then(-minutes).otherwise(minutes).fill_null(0)
    instant = (local.cast(pl.Int64) + fraction - east * 60_000_000).cast(TIMESTAMP)
    return pl.when(local.dt.year().is_between(*_SAFE_YEARS)).then(instant)
