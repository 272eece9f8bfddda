"""What is made from the lake, day by day: counts, and draft incidents.

In: the units of the lake, the people, the timetable, the settings. Out: one Parquet file a day and kind, made of the
units that touch that day with the people, timetable and thresholds of the moment. Only days whose units have changed
are made again, so that new people or thresholds leave old days as they are. A day whose last unit was let go to be read
anew, and came to lie on other days, is made of nothing. A few days are made at a time, so that memory does not grow
with their number. Refuses days whose events retention has taken away: their counts stand.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from itertools import zip_longest
from zoneinfo import ZoneInfo

import polars as pl

from pipeline import episodes, lake
from pipeline.daily.counts import KINDS, count
from pipeline.daily.drafts import Drafted, draft
from pipeline.episodes import Drafting
from pipeline.lake import Lake
from pipeline.priority import LevelBounds
from pipeline.schema import BECAME, CLUSTERS, DRAFTS
from pipeline.store.ledger import Ledger
from pipeline.store.streams import Unit
from pipeline.who import Who

#: Days to which events came after others of them had been deleted.
LATE = "late"
#: Day -> (what it would be made from, its units).
_Days = dict[date, tuple[str, list[str]]]
_NO_DAYS: _Days = {}
#: The days of about so many events are made together: those of one unit, or a single day that has more.
MOST_EVENTS = 2_000_000


@contextmanager
def deriving(
    place: Lake, ledger: Ledger, who: Who, drafting: Drafting, bounds: LevelBounds
) -> Iterator[frozenset[date]]:
    """Bring counts and drafts of all days up to date with the lake. Within, all drafts are; gives the days of which
    counts may still be in the making, which need no interpreter for most of their time."""
    units = ledger.all_units()
    present = {unit.unit_id for unit in ledger.units()}
    counted, frozen = _stale(ledger, "facts", units, present, drafting.timezone, timedelta(0))
    drafted, frozen_too = _stale(ledger, "drafts", units, present, drafting.timezone, episodes.DAY_BEGINS)
    sizes = {unit.unit_id: unit.events for unit in units}
    turns = [*zip_longest(_in_turn(counted, sizes), _in_turn(drafted, sizes), fillvalue=_NO_DAYS)]
    for to_count, to_draft in turns[:-1]:
        with _derived(place, ledger, to_count, to_draft, who, drafting, bounds):
            pass
    with _derived(place, ledger, *(turns or [(_NO_DAYS, _NO_DAYS)])[-1], who, drafting, bounds):
        yield frozenset(counted)
    late = {**frozen, **frozen_too}
    told = ledger.day_inputs(LATE)
    for day, inputs in late.items():
        # Noted, so that it is told once and not every night from now on.
        if told.get(day) != inputs:
            ledger.day_made(LATE, day, inputs)


@contextmanager
def _derived(
    place: Lake, ledger: Ledger, to_count: _Days, to_draft: _Days, who: Who, drafting: Drafting, bounds: LevelBounds
) -> Iterator[None]:
    """Some days. Within, their drafts have been kept; then their counts are."""
    with ThreadPoolExecutor(1) as beside:
        # Counts and drafts do not need each other, and each leaves a core idle for part of its time.
        counting = beside.submit(_keep_counts, place, to_count, who, drafting, bounds)
        _keep_drafts(place, ledger, to_draft, _drafts(place, to_draft, who, drafting, bounds))
        yield
        counting.result()
        for day, (inputs, _) in sorted(to_count.items()):
            ledger.day_made("facts", day, inputs)


def _in_turn(days: _Days, sizes: Mapping[str, int]) -> Iterator[_Days]:
    """Days that are made together, oldest first: no more than memory has room for. `sizes` are the events of units."""
    shares = Counter(unit_id for _, unit_ids in days.values() for unit_id in unit_ids)
    together: _Days = {}
    events = 0
    for day, (inputs, unit_ids) in sorted(days.items()):
        of_day = sum(sizes[unit_id] // shares[unit_id] for unit_id in unit_ids)
        if together and events + of_day > MOST_EVENTS:
            yield together
            together, events = {}, 0
        together[day] = inputs, unit_ids
        events += of_day
    if together:
        yield together


def _stale(
    ledger: Ledger, kind: str, units: list[Unit], present: set[str], timezone: ZoneInfo, begins: timedelta
) -> tuple[_Days, dict[date, str]]:
    """Day -> (what it would be made from, its units) for the days to be made; day -> that for those that cannot be."""
    by_day: dict[date, list[str]] = {}
    for unit in units:
        for day in days_of(unit, timezone, begins):
            by_day.setdefault(day, []).append(unit.unit_id)
    made = ledger.day_inputs(kind)
    # What was read anew in another way may have left a day for good.
    by_day |= {day: [] for day in made.keys() - by_day.keys()}
    stale: _Days = {}
    frozen: dict[date, str] = {}
    for day, unit_ids in by_day.items():
        inputs = hashlib.sha256("\n".join(sorted(unit_ids)).encode()).hexdigest()
        if made.get(day) == inputs:
            continue
        if present.issuperset(unit_ids):
            stale[day] = inputs, unit_ids
        else:
            frozen[day] = inputs
    return stale, frozen


def days_of(unit: Unit, timezone: ZoneInfo, begins: timedelta) -> set[date]:
    """The local days that the events of a unit may belong to, none before its first event or after its last.

    `begins`: how long after midnight a day begins.
    """
    if unit.first_ts is None or unit.last_ts is None:
        return set()
    first, last = (_local_day(end, timezone, begins) for end in (unit.first_ts, unit.last_ts))
    days = {local for utc_day in unit.dates for local in _local_days(utc_day, timezone, begins)}
    return {day for day in days if first <= day <= last}


def _local_days(utc_day: date, timezone: ZoneInfo, begins: timedelta) -> set[date]:
    """The local days that the events of a UTC date may belong to."""
    ends = datetime.combine(utc_day, time.min, UTC), datetime.combine(utc_day, time.max, UTC)
    return {_local_day(end, timezone, begins) for end in ends}


def _local_day(moment: datetime, timezone: ZoneInfo, begins: timedelta) -> date:
    return (moment.astimezone(timezone).replace(tzinfo=None) - begins).date()


def _units_of(days: _Days) -> list[str]:
    return sorted({unit_id for _, unit_ids in days.values() for unit_id in unit_ids})


def _drafts(place: Lake, days: _Days, who: Who, drafting: Drafting, bounds: LevelBounds) -> Drafted:
    return draft(place, _units_of(days), list(days), who, drafting, bounds) if days else Drafted()


def _keep_counts(place: Lake, days: _Days, who: Who, drafting: Drafting, bounds: LevelBounds) -> None:
    """Make and write them. A day counts as made only when the ledger says so, which is of the other thread."""
    tables = count(place, _units_of(days), days, who, drafting, bounds) if days else {}
    for day in sorted(days):
        for kind, columns in KINDS.items():
            lake.replace_day(place, kind, day, tables[kind].filter(pl.col("day") == day), columns)


def _keep_drafts(place: Lake, ledger: Ledger, days: _Days, drafted: Drafted) -> None:
    for day, (inputs, _) in sorted(days.items()):
        of_day, became, clusters = (
            table.filter(pl.col("day") == day) for table in (drafted.drafts, drafted.became, drafted.clusters)
        )
        lake.replace_day(place, "became", day, became, BECAME)
        lake.replace_day(place, "clusters", day, clusters, CLUSTERS)
        lake.replace_day(place, "drafts", day, of_day, DRAFTS)
        ledger.day_made("drafts", day, inputs, of_day.select("draft_id", "evidence_sha256").iter_rows())
