"""The counts of some local days, made from the lake: by class, year group, category and verdict, by user, by hour, by
host and verdict.

In: the units that touch the days, and who is who. Out: one table for each kind of count. Refuses nothing. All traffic
is grouped once (`sql/traffic.sql`); every count is a query over that.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from pipeline import lake
from pipeline.episodes import Drafting
from pipeline.lake import Lake
from pipeline.lists import withheld
from pipeline.priority import LevelBounds, with_levels
from pipeline.schema import ACTIVE, COVERAGE, FACTS, SITE_VERDICTS, STAFF_ROLES, STATUTORY, USER_COUNTS
from pipeline.text import hosts_of
from pipeline.who import Who, with_subjects

_QUARTER = timedelta(minutes=15)
#: Every kind of count and its table.
KINDS = {
    "facts": FACTS, "user_counts": USER_COUNTS, "active": ACTIVE, "coverage": COVERAGE, "site_verdicts": SITE_VERDICTS,
}  # fmt: skip
#: What is counted of an event that was hit, and what decides about the level of a hit.
_OF_EVENT = ("event_id", "site", "format", "ts", "user", "client_ip", "device", "verdict", "kind")
_OF_HIT = ("event_id", "category", "field", "view", "weight")


def count(
    place: Lake, units: list[str], days: Iterable[date], who: Who, drafting: Drafting, bounds: LevelBounds
) -> dict[str, pl.DataFrame]:
    """Kind -> its rows for all of the days; see `KINDS`."""
    wanted = quarters(days, drafting.timezone)
    first, last = _begin_of(wanted["quarter"].min()), _begin_of(wanted["quarter"].max()) + _QUARTER
    with lake.connected(place, units, ("events",)) as connection:
        lake.register(connection, "quarters", wanted)
        hit = lake.rows(place, units, "hit_events", _OF_EVENT, pl.col("ts").is_between(first, last, closed="left"))
        hits = lake.rows(place, units, "hits", _OF_HIT)
        lake.register(connection, "flags", _flags(hit, hits, drafting, bounds))
        traffic = lake.ask(connection, "traffic", first=first, last=last)
        proven = traffic.filter(pl.col("verdict") == "allowed")
        counted = with_subjects(pl.concat([traffic, lake.ask(connection, "flagged")]), who, proven)
        lake.register(connection, "counted", counted)
        by_who = {kind: lake.ask(connection, kind) for kind in ("facts", "user_counts", "active")}
        lake.register(connection, "adults", _adults(who.people.table))
        secret = _secret_hosts(place, units, hits)
        sites = by_host(lake.ask(connection, "site_verdicts", first=first, last=last))
        sites = sites.filter(~withheld.tells(pl.col("host"), secret))
        return {**by_who, "coverage": lake.ask(connection, "coverage", first=first, last=last), "site_verdicts": sites}


def _secret_hosts(place: Lake, units: list[str], hits: pl.DataFrame) -> list[str]:
    """Hosts of addresses on a secret list: a count by host would name them."""
    met = hits.filter(pl.col("view") == STATUTORY).select("event_id", "view").unique()
    if met.is_empty():
        return []
    ids = pl.col("event_id").is_in(met["event_id"].implode())
    return withheld.secret_hosts(
        met.join(lake.rows(place, units, "hit_events", ("event_id", "host"), ids), on="event_id")
    )


def _adults(people: pl.DataFrame) -> pl.DataFrame:
    """The accounts of the people file that are nobody's but an adult's."""
    return people.filter(pl.col("role").is_in([*STAFF_ROLES, "visitor"])).select(user="username").unique()


def hosts_among(found: pl.DataFrame) -> pl.DataFrame:
    """authority, host: of each distinct `user@host:port` of a query, where it names a host."""
    distinct = found["authority"].drop_nulls().unique()
    bare = distinct.str.extract(r"^([^?#]*)")
    return pl.DataFrame({"authority": distinct, "host": hosts_of(bare)}).drop_nulls()


def by_host(found: pl.DataFrame) -> pl.DataFrame:
    """`schema.SITE_VERDICTS`, of rows that have the `user@host:port` of an address instead of the host."""
    key = ["day", "source", "by_adult", "host", "verdict"]
    # In the order of the query, which depends on content alone.
    named = found.join(hosts_among(found), on="authority", maintain_order="left")
    together = named.group_by(key, maintain_order=True).agg(pl.col("events").sum(), pl.col("users").bitwise_or())
    return together.select(list(SITE_VERDICTS))


def _flags(events: pl.DataFrame, hits: pl.DataFrame, drafting: Drafting, bounds: LevelBounds) -> pl.DataFrame:
    """The events that count as flagged, once for each category: by hits of at least the level `low`, or for help.

    A word that its context has made harmless (a lesson on a play) is a record of the lake and no figure of a report.
    """
    helping = [each.id for each in drafting.categories.values() if each.help_seeking]
    levelled = with_levels(hits.join(events.select("event_id", "kind"), on="event_id"), bounds)
    flagged = levelled.filter((pl.col("level") != "record") | pl.col("category").is_in(helping))
    return events.join(flagged.select("event_id", "category").unique(), on="event_id")


def _begin_of(quarter: Any) -> datetime:
    """When a quarter of an hour begins, which is told by its number since 1970."""
    return datetime(1970, 1, 1, tzinfo=UTC) + int(quarter) * _QUARTER


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
