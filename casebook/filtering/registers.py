"""What the night adds to the registers: the traces of filter checks, and what came of decisions about the filter.

In: the casebook, the lake, the day. Out: actions of the program in the histories of checks and requests, so that what
the logs said stands there when the logs are gone. A night that runs again adds nothing twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import polars as pl

from casebook.access import NIGHT
from casebook.filtering.filterchanges import FilterChange
from casebook.filtering.filterchecks import NEAR, FilterCheck, trace_of
from casebook.filtering.registering import all_changes, all_checks, has_registers
from casebook.filtering.traces import SIDE_DAYS, effect_days, effect_of, lines_of, settled_on, site_counts
from casebook.kinds import Said, said
from casebook.store import Casebook
from pipeline.lake import Lake
from pipeline.store.streams import Unit

#: So long another log may still come and say more about a check.
_LATE: Final = timedelta(days=3)
#: So many lines of a check are kept: a page that is opened leaves one, and one for each of its parts.
MOST_LINES: Final = 20


def keep_registers(
    book: Casebook, place: Lake, units: Iterable[Unit], zone: ZoneInfo, at: datetime
) -> tuple[list[FilterChange], list[FilterCheck]]:
    """Add what the logs say by now; all requests and checks as they stand then."""
    with book.reading() as connection:
        if not has_registers(connection):
            return [], []
        changes, checks = all_changes(connection), all_checks(connection)
    chosen = list(units)
    noted = [*_effects(changes, place, chosen, zone, at), *_traces(checks, place, chosen, at)]
    if not noted:
        return changes, checks
    with book.changing() as writer:
        for about, what in noted:
            writer.append(what, about, NIGHT, at)
        return all_changes(writer.connection), all_checks(writer.connection)


def _effects(
    changes: list[FilterChange], place: Lake, units: list[Unit], zone: ZoneInfo, at: datetime
) -> Iterator[tuple[str, Said]]:
    today = at.astimezone(zone).date()
    for change in changes:
        day = settled_on(change, zone)
        if day is None or change.effect or change.state == "withdrawn" or today - day <= timedelta(days=SIDE_DAYS):
            continue
        # Without any log of that week nothing is known, and nothing is said.
        if any(_touches(unit, day, zone) for unit in units):
            counts = site_counts(place, units, effect_days(day), zone, change.host, below=change.below)
            found = effect_of(counts, day, change.decision)
            yield (
                change.id,
                said("change-effect", effect=found.effect, day=day.isoformat(), before=found.before, after=found.after),
            )


def _touches(unit: Unit, day: date, zone: ZoneInfo) -> bool:
    """Whether a unit has events in the week after a day."""
    if unit.first_ts is None or unit.last_ts is None:
        return False
    first, last = (ts.astimezone(zone).date() for ts in (unit.first_ts, unit.last_ts))
    return last > day and first <= day + timedelta(days=SIDE_DAYS)


def _traces(checks: list[FilterCheck], place: Lake, units: list[Unit], at: datetime) -> Iterator[tuple[str, Said]]:
    read_to = max((unit.last_ts for unit in units if unit.last_ts is not None), default=None)
    for check in checks:
        if check.erased or (check.trace and at - check.tried_at > _LATE):
            continue
        found = lines_of(place, units, check)
        if found.is_empty() and (read_to is None or read_to <= check.tried_at + NEAR):
            # The logs of that time are still to come.
            continue
        trace, seen = trace_of(check, found["verdict"]), as_seen(found)
        if (trace, seen) != (check.trace, list(check.seen)):
            yield check.id, said("check-traced", trace=trace, seen=seen)


def as_seen(found: pl.DataFrame) -> list[dict[str, Any]]:
    """The first lines, of each log and verdict in turn, as a history keeps them: where, and what it says."""
    turn = pl.col("line").cum_count().over("source", "verdict")
    first = found.with_columns(turn=turn).sort("turn", "ts", "source", "line").head(MOST_LINES).sort("ts", "line")
    return first.select("source", "verdict", "line", "source_sha256").to_dicts()
