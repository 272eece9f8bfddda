"""What the logs say of a site: before and after a decision, and around a filter check.

In: the lake with its units, a site, a time. Out: counts by day and verdict (`COUNTS`), or lines (`filterchecks.SEEN`).
Nothing in either names a person. Refuses a lake that cannot be read (`StoreError`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from casebook.filtering.filterchanges import FilterChange
from casebook.filtering.filterchecks import NEAR, SEEN, FilterCheck
from casebook.filtering.sitenames import covers
from pipeline import lake
from pipeline.daily.counts import hosts_among, quarters
from pipeline.lake import Lake
from pipeline.store.streams import Unit
from pipeline.urls.hostnames import unicode_form

COUNTS: Final = pl.Schema({"day": pl.Date(), "verdict": pl.String(), "events": pl.Int64()})
#: So many days before and after the one on which it was settled; that day itself is neither.
SIDE_DAYS: Final = 7
#: What a filter answers; a login challenge or a fault is no answer.
ANSWERS: Final = ("allowed", "blocked", "warned")
_MOST: Final = 0.9
_LEAST: Final = 0.1


@dataclass(frozen=True)
class Effect:
    """What the logs say came of a decision: one of `kinds.EFFECTS`, and verdict -> requests on either side."""

    effect: str
    day: date
    before: Mapping[str, int]
    after: Mapping[str, int]


def site_counts(
    place: Lake, units: Iterable[Unit], days: list[date], zone: ZoneInfo, host: str, *, below: bool
) -> pl.DataFrame:
    """What the filter did with a site on these local days, as `COUNTS`."""
    wanted = quarters(days, zone)
    first = datetime.combine(days[0], time.min, zone).astimezone(UTC)
    last = datetime.combine(days[-1] + timedelta(days=1), time.min, zone).astimezone(UTC)
    with lake.connected(place, _between(units, first, last), ("events",)) as connection:
        found = lake.ask(connection, "site_days", first=first, last=last, names=_written(host))
    here = _of_site(found, host, below=below).join(wanted, on="quarter")
    return here.group_by("day", "verdict").agg(pl.col("events").sum()).sort("day", "verdict").cast(COUNTS)


def effect_days(day: date) -> list[date]:
    """The days that are looked at for what was settled on one."""
    return [day + timedelta(days=n) for n in range(-SIDE_DAYS, SIDE_DAYS + 1)]


def effect_of(counts: pl.DataFrame, day: date, decision: str) -> Effect:
    """What came of a decision (`allow` or `block`) of that day, given `COUNTS` of the days around it.

    `seen`: nine in ten requests have the answer that was decided, and had not before; `already`: they had it before;
    `not-seen`: at most one in ten; `partly`: between, such as where it holds for one user group; `no-traffic`: nobody
    has asked for the site since.
    """
    before, after = (
        dict(counts.filter(side).group_by("verdict").agg(pl.col("events").sum()).sort("verdict").iter_rows())
        for side in (pl.col("day") < day, pl.col("day") > day)
    )
    wanted = "allowed" if decision == "allow" else "blocked"
    now, then = _share(after, wanted), _share(before, wanted)
    if now is None:
        word = "no-traffic"
    elif now >= _MOST:
        word = "already" if then is not None and then >= _MOST else "seen"
    else:
        word = "not-seen" if now <= _LEAST else "partly"
    return Effect(word, day, before, after)


def _share(counts: Mapping[str, int], verdict: str) -> float | None:
    answers = sum(counts.get(each, 0) for each in ANSWERS)
    return counts.get(verdict, 0) / answers if answers else None


def settled_on(change: FilterChange, zone: ZoneInfo) -> date | None:
    """The local day on which it was settled what the filter is to do; None where nothing is to change."""
    return change.changed_at.astimezone(zone).date() if change.changed_at else None


def lines_of(place: Lake, units: Iterable[Unit], check: FilterCheck) -> pl.DataFrame:
    """The lines that a check left behind, as `filterchecks.SEEN`: its host, within a quarter of an hour, and by its
    user or on its device where these were noted; none once these are erased, because it might be somebody else's."""
    if check.erased:
        return pl.DataFrame(schema=SEEN)
    first, last = check.tried_at - NEAR, check.tried_at + NEAR + timedelta(microseconds=1)
    clients = [each.lower() for each in (check.user, check.device) if each]
    with lake.connected(place, _between(units, first, last), ("events",)) as connection:
        found = lake.ask(connection, "site_lines", first=first, last=last, names=_written(check.host), clients=clients)
    return _of_site(found, check.host, below=True).select(list(SEEN)).cast(SEEN)


def _between(units: Iterable[Unit], first: datetime, last: datetime) -> list[str]:
    return [
        each.unit_id for each in units
        if each.first_ts is not None and each.last_ts is not None and each.first_ts < last and each.last_ts >= first
    ]  # fmt: skip


def _written(host: str) -> list[str]:
    return sorted({host, unicode_form(host)})


def _of_site(found: pl.DataFrame, host: str, *, below: bool) -> pl.DataFrame:
    """The rows whose host is the site: the name may have stood anywhere in the address."""
    hosts = hosts_among(found)
    named = [
        each for each in hosts["host"].unique() if any(covers(way, each, below=below) for way in _written(host))
    ]  # fmt: skip
    return found.join(hosts.filter(pl.col("host").is_in(named)), on="authority", how="semi")
