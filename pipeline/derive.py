"""What is made from the lake, day by day: counts, and draft incidents.

In: the units of the lake, the people, the timetable, the settings. Out: one Parquet file a day and kind, each a
pure function of the units that touch that day. Only days whose units have changed are made again. Refuses days whose
events retention has taken away: their counts stand.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import duckdb
import polars as pl

from pipeline import episodes, lake
from pipeline.episodes import Drafting
from pipeline.events import complete
from pipeline.lake import Lake
from pipeline.ledger import Ledger, Unit
from pipeline.people import Devices, People, resolve, with_classes
from pipeline.priority import LevelBounds, with_levels
from pipeline.schema import ACTIVE, COVERAGE, DRAFT_AROUND, DRAFTS, FACTS, USER_COUNTS
from pipeline.timetable import Timetable, lesson_at

#: Days to which events came after others of them had been deleted.
LATE = "late"
_SEEN_BY = ("user", "client_ip", "device")
_QUARTER = timedelta(minutes=15)
_COUNTED = {"facts": FACTS, "user_counts": USER_COUNTS, "active": ACTIVE, "coverage": COVERAGE}


@dataclass(frozen=True)
class Who:
    """The school's people, devices and lessons."""

    people: People
    devices: Devices
    timetable: Timetable
    week_a: date | None


@dataclass(frozen=True)
class Derived:
    """The days that were made anew, and those that could not be because their events are gone."""

    counted: tuple[date, ...]
    drafted: tuple[date, ...]
    frozen: tuple[date, ...]


def derive(place: Lake, ledger: Ledger, who: Who, drafting: Drafting, bounds: LevelBounds) -> Derived:
    """Bring counts and drafts of all days up to date with the lake."""
    units = ledger.all_units()
    present = {unit.unit_id for unit in ledger.units()}
    counted, frozen = _stale(ledger, "facts", units, present, drafting.timezone, timedelta(0))
    if counted:
        _count(place, ledger, counted, who, drafting, bounds)
    drafted, frozen_too = _stale(ledger, "drafts", units, present, drafting.timezone, episodes.DAY_BEGINS)
    if drafted:
        _draft(place, ledger, drafted, who, drafting, bounds)
    late = {**frozen, **frozen_too}
    told = ledger.day_inputs(LATE)
    for day, inputs in late.items():
        # Noted, so that it is told once and not every night from now on.
        if told.get(day) != inputs:
            ledger.day_made(LATE, day, inputs)
    return Derived(tuple(sorted(counted)), tuple(sorted(drafted)), tuple(sorted(late)))


def _stale(
    ledger: Ledger, kind: str, units: list[Unit], present: set[str], timezone: ZoneInfo, begins: timedelta
) -> tuple[dict[date, tuple[str, list[str]]], dict[date, str]]:
    """Day -> (what it would be made from, its units) for the days to be made; day -> that for those that cannot be."""
    by_day: dict[date, list[str]] = {}
    for unit in units:
        for day in {local for utc_day in unit.dates for local in _local_days(utc_day, timezone, begins)}:
            by_day.setdefault(day, []).append(unit.unit_id)
    made = ledger.day_inputs(kind)
    stale: dict[date, tuple[str, list[str]]] = {}
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


def _local_days(utc_day: date, timezone: ZoneInfo, begins: timedelta) -> set[date]:
    """The local days that the events of a UTC date may belong to."""
    ends = datetime.combine(utc_day, time.min, UTC), datetime.combine(utc_day, time.max, UTC)
    return {(end.astimezone(timezone).replace(tzinfo=None) - begins).date() for end in ends}


def _units_of(days: dict[date, tuple[str, list[str]]]) -> list[str]:
    return sorted({unit_id for _, unit_ids in days.values() for unit_id in unit_ids})


# ---------------------------------------------------------------- counts


def _count(
    place: Lake, ledger: Ledger, days: dict[date, tuple[str, list[str]]], who: Who, drafting: Drafting,
    bounds: LevelBounds,
) -> None:  # fmt: skip
    with lake.connected(place, _units_of(days), ("events", "hits", "hit_events")) as connection:
        lake.register(connection, "quarters", quarters(days, drafting.timezone))
        lake.register(connection, "flags", _flags(connection, drafting, bounds))
        for name in ("traffic", "flagged"):
            lake.register(connection, name, _with_subjects(lake.ask(connection, name), who))
        tables = {kind: lake.ask(connection, kind) for kind in _COUNTED}
    for day, (inputs, _) in sorted(days.items()):
        for kind, columns in _COUNTED.items():
            lake.replace_day(place, kind, day, tables[kind].filter(pl.col("day") == day), columns)
        ledger.day_made("facts", day, inputs)


def _with_subjects(counted: pl.DataFrame, who: Who) -> pl.DataFrame:
    """Counts by (day, user, client_ip, device, verdict) with the columns that say who it was."""
    keyed = counted.with_columns(challenge=pl.col("verdict") == "challenge")
    keys = ["day", *_SEEN_BY, "challenge"]
    subjects = resolve(keyed.select(keys).unique(maintain_order=True), who.people, who.devices)
    return keyed.join(subjects, on=keys, how="left", nulls_equal=True)


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


# ---------------------------------------------------------------- drafts


def _draft(
    place: Lake, ledger: Ledger, days: dict[date, tuple[str, list[str]]], who: Who, drafting: Drafting,
    bounds: LevelBounds,
) -> None:  # fmt: skip
    with lake.connected(place, _units_of(days), ("events", "hits", "hit_events", "evidence")) as connection:
        hits = _hits(connection, days, who, drafting, bounds)
        numbered = episodes.episodes(hits, drafting)
        heads = episodes.heads(numbered, drafting)
        drafts = episodes.with_around(heads, _around(connection, heads, place, _units_of(days)))
    done = episodes.with_facts(drafts, hits, class_sizes(who.people), drafting)
    for day, (inputs, _) in sorted(days.items()):
        of_day = done.filter(pl.col("day") == day)
        lake.replace_day(place, "drafts", day, of_day, DRAFTS)
        ledger.day_made("drafts", day, inputs, of_day.select("draft_id", "evidence_sha256").iter_rows())


def _hits(
    connection: duckdb.DuckDBPyConnection, days: dict[date, tuple[str, list[str]]], who: Who, drafting: Drafting,
    bounds: LevelBounds,
) -> pl.DataFrame:  # fmt: skip
    """The hits of the wanted days with level, text, lesson and who it was."""
    spans = [episodes.local_bounds(day, drafting.timezone) for day in days]
    found = lake.ask(
        connection, "hits_of_days", first=min(first for first, _ in spans), last=max(last for _, last in spans)
    ).with_columns(day=episodes.duty_day(pl.col("ts"), drafting.timezone))
    found = found.filter(pl.col("day").is_in(list(days)))
    seen = found.with_columns(challenge=pl.col("verdict") == "challenge")
    keys = [*_SEEN_BY, "day", "challenge"]
    subjects = resolve(seen.select(keys).unique(maintain_order=True), who.people, who.devices)
    hits = seen.join(subjects, on=keys, how="left", nulls_equal=True, maintain_order="left")
    moments = with_classes(hits.select("subject", "subject_kind", "class", "day", "ts"), who.people)
    lessons = lesson_at(moments, who.timetable, drafting.timezone, who.week_a)
    return episodes.with_texts(with_levels(hits.with_columns(lesson=lessons["lesson"]), bounds)).drop("day")


def _around(connection: duckdb.DuckDBPyConnection, heads: pl.DataFrame, place: Lake, units: list[str]) -> pl.DataFrame:
    """draft_id, ts, kind, verdict, what, found: what the same user or address did before and after."""
    if heads.is_empty():
        return pl.DataFrame(schema={"draft_id": pl.String, "found": pl.Int64, **DRAFT_AROUND.to_schema()})
    windows = episodes.windows(heads)
    lake.register(connection, "windows", windows)
    lake.register(connection, "steps", _steps(windows))
    near = lake.ask(connection, "around", most=episodes.MOST_AROUND)
    full = complete(lake.events_at(place, units, near.select("source_sha256", "line").unique(maintain_order=True)))
    what = full.select(
        "source_sha256", "line", "ts", "kind", "verdict",
        what=pl.coalesce("typed_text", "search_text", "title", "url", "host"),
    )  # fmt: skip
    joined = near.join(what, on=["source_sha256", "line"], how="inner")
    return joined.sort("draft_id", "ts", "source_sha256", "line")


def _steps(windows: pl.DataFrame) -> pl.DataFrame:
    """The hours since 1970 that each window touches: an equality joins many times as fast as a range."""
    first, last = (pl.col(name).dt.epoch("s") // 3600 for name in ("from_ts", "to_ts"))
    return (
        windows.select("draft_id", "site", "client", step=pl.int_ranges(first, last + 1))
        .explode("step", empty_as_null=False)
        .cast({"step": pl.Int64})
    )


def class_sizes(people: People) -> dict[str, int]:
    """How many pupils each class has in the people file."""
    pupils = people.table.filter(pl.col("role") != "class")
    return dict(pupils.explode("classes").drop_nulls("classes").group_by("classes").len().iter_rows())
