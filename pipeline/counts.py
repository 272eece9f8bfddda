"""The counts of some local days, made from the lake: by class, year group, category and verdict, by user, by hour.

In: the units that touch the days, and who is who. Out: one table for each kind of count. Refuses nothing. All traffic
is grouped once (`sql/traffic.sql`); every count is a query over that.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import duckdb
import polars as pl

from pipeline import lake
from pipeline.episodes import Drafting
from pipeline.lake import Lake
from pipeline.priority import LevelBounds, with_levels
from pipeline.schema import ACTIVE, COVERAGE, FACTS, USER_COUNTS
from pipeline.who import Who, with_subjects

_QUARTER = timedelta(minutes=15)
#: Every kind of count and its table.
KINDS = {"facts": FACTS, "user_counts": USER_COUNTS, "active": ACTIVE, "coverage": COVERAGE}


def count(
    place: Lake, units: list[str], days: Iterable[date], who: Who, drafting: Drafting, bounds: LevelBounds
) -> dict[str, pl.DataFrame]:
    """Kind -> its rows for all of the days; see `KINDS`."""
    with lake.connected(place, units, ("events", "hits", "hit_events")) as connection:
        lake.register(connection, "quarters", quarters(days, drafting.timezone))
        lake.register(connection, "flags", _flags(connection, drafting, bounds))
        traffic, flagged = (lake.ask(connection, name) for name in ("traffic", "flagged"))
        proven = traffic.filter(pl.col("verdict") == "allowed")
        lake.register(connection, "traffic", with_subjects(traffic, who, proven))
        lake.register(connection, "flagged", with_subjects(flagged, who, proven))
        return {kind: lake.ask(connection, kind) for kind in KINDS}


def _flags(connection: duckdb.DuckDBPyConnection, drafting: Drafting, bounds: LevelBounds) -> pl.DataFrame:
    """event_id and category of what counts as flagged: hits of at least the level `low`, and looking for help.

    A word that its context has made harmless (a lesson on a play) is a record of the lake and no figure of a report.
    """
    helping = [each.id for each in drafting.categories.values() if each.help_seeking]
    hits = with_levels(lake.ask(connection, "hit_kinds"), bounds)
    flagged = hits.filter((pl.col("level") != "record") | pl.col("category").is_in(helping))
    return flagged.select("event_id", "category").unique(maintain_order=True)


def quarters(days: Iterable[date], timezone: ZoneInfo) -> pl.DataFrame:
    """Each quarter of an hour of some local days: its number since 1970 (UTC), the local day and hour.

    Quarters, because every time zone in use differs from UTC by whole quarters of an hour.
    """
    rows = []
    for day in sorted(days):
        start = datetime.combine(day, time.min, timezone).astimezone(UTC)
        end = datetime.combine(day + timedelta(days=1), time.min, timezone).astimezone(UTC)
        while start < end:
            rows.append((int(start.timestamp()) // 900, day, start.astimezone(timezone).hour))
            start += _QUARTER
    return pl.DataFrame(rows, schema={"quarter": pl.Int64, "day": pl.Date, "hour": pl.Int64}, orient="row")
