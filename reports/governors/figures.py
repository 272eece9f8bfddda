"""The figures of the governors' report, counted in SQL and checked, before anything is hidden.

In: the tables without names and the term. Out: `Figures`, true numbers that must not be printed as they are. It refuses
figures that contradict each other: then nothing is printed at all.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from casebook.filtering.registerfigures import CHANGES, CHECKS, FLIPPED, Registers
from pipeline.errors import InvariantError
from pipeline.schema import ACTIVE, COVERAGE, FACTS, UNITS
from reports.queries import ask, connect, queries

if TYPE_CHECKING:
    from collections.abc import Mapping
    from zoneinfo import ZoneInfo

    from pipeline.watchlist import Category

#: How many drafts of each level began on each day; the count of `schema.DRAFTS` by these two columns.
LEVELS_BY_DAY: Final = pl.Schema({"day": pl.Date, "level": pl.String, "drafts": pl.Int64})


@dataclass(frozen=True)
class GovernorsTables:
    """`schema.FACTS`, `ACTIVE`, `COVERAGE`, `UNITS` of at least the term, drafts by day and level, the registers.

    Days outside the term are passed over.
    """

    facts: pl.DataFrame
    active: pl.DataFrame
    coverage: pl.DataFrame
    units: pl.DataFrame
    drafts_by_level: pl.DataFrame
    #: Of any days; None where the casebook could not be had.
    registers: Registers | None = field(default_factory=Registers, kw_only=True)


@dataclass(frozen=True)
class GovernorsContext:
    """The term and the school. `made_at` has a zone; nothing here is read from the clock."""

    school: str
    term: str
    first_day: date
    last_day: date
    timezone: ZoneInfo
    made_at: datetime
    categories: Mapping[str, Category]
    #: A number from 1 up to this, exclusive, is small and not printed. At least 3.
    threshold: int = 5
    #: The days on which logs are expected, and the first and last hour of such a day, both included.
    school_days: tuple[date, ...] = ()
    school_hours: tuple[int, int] = (8, 15)
    #: The sources that should give a log every school hour, as (site, source). Of others only the lines are counted.
    sources: tuple[tuple[str, str], ...] = ()
    #: The first day of which the store holds any log. School days before it were not collected yet, so none of their
    #: hours is lost. Without it nothing is known, and every school day counts.
    logs_from: date | None = None

    @property
    def days_with_logs(self) -> tuple[date, ...]:
        """The school days from the first log on: those whose hours count."""
        return tuple(day for day in self.school_days if self.logs_from is None or day >= self.logs_from)


@dataclass(frozen=True)
class Group:
    """A year group, staff or visitors. Person-days count each named person once a day."""

    name: str
    person_days: int
    most_people: int
    class_logins: int


@dataclass(frozen=True)
class Traffic:
    """All events of the term, those that name only a site, and those that name nobody."""

    events: int
    host_only: int
    nobody: int


@dataclass(frozen=True)
class Source:
    """One source: the school hours in which it should have given a log and did not, and its unreadable lines."""

    site: str
    source: str
    hours: int
    missing_hours: int
    missing_days: int
    records: int
    rejects: int


@dataclass(frozen=True)
class Requests:
    """Filter-change requests of the term: asked = allowed + blocked + refused + waiting + taken back."""

    asked: int
    allowed: int
    blocked: int
    refused: int
    waiting: int
    taken_back: int
    without_second: int
    #: From the question to the decision, the median; None where nothing was decided.
    median_hours: float | None
    #: What came of those that were allowed or blocked: the logs say so, partly, not, or do not say.
    seen: int
    partly: int
    not_seen: int
    not_known: int
    #: Sites that the filter treats otherwise than before, which no two people have settled.
    unexplained: int


@dataclass(frozen=True)
class Check:
    """Filter checks of one site, device type and user group: what was seen, and where the logs do not say the same."""

    site: str
    device_type: str
    person_group: str
    checks: int
    blocked: int
    allowed: int
    other: int
    differs: int
    no_trace: int


@dataclass(frozen=True)
class Figures:
    """True numbers. `flags` is (category, group, verdict) -> events; the group is "" where nothing is known."""

    flags: dict[tuple[str, str, str], int]
    software: int
    groups: tuple[Group, ...]
    traffic: Traffic
    sources: tuple[Source, ...]
    drafts: dict[str, int]
    #: None where the casebook could not be had.
    requests: Requests | None
    checks: tuple[Check, ...]


def figures(tables: GovernorsTables, context: GovernorsContext) -> Figures:
    """Count and check. Raises `InvariantError` when the figures contradict each other."""
    parameters: dict[str, Any] = {
        "first_day": context.first_day,
        "last_day": context.last_day,
        "school_days": list(context.days_with_logs),
        "first_hour": context.school_hours[0],
        "last_hour": context.school_hours[1],
    }
    with connect(_inputs(tables, context)) as connection:
        found = {
            name: ask(connection, query, parameters, kept_as=f"result_{name}")
            for name, query in queries("governors/query.sql").items()
        }
        for name, query in queries("governors/checks.sql").items():
            _hold(name, ask(connection, query, parameters))
    return Figures(
        flags={(row["category"], row["person_group"], row["verdict"]): row["events"] for row in found["flags"]},
        software=found["software"][0]["events"],
        groups=tuple(Group(**row) for row in found["groups"]),
        traffic=Traffic(**found["traffic"][0]),
        sources=tuple(Source(**row) for row in found["sources"]),
        drafts={row["level"]: row["drafts"] for row in found["drafts"]},
        requests=Requests(**found["requests"][0]) if tables.registers else None,
        checks=tuple(Check(**row) for row in found["filter_checks"]),
    )


def _inputs(tables: GovernorsTables, context: GovernorsContext) -> dict[str, pl.DataFrame]:
    registers = tables.registers or Registers()
    inputs = {
        "facts": (tables.facts, FACTS),
        "active": (tables.active, ACTIVE),
        "coverage": (tables.coverage, COVERAGE),
        "units": (tables.units, UNITS),
        "levels": (tables.drafts_by_level, LEVELS_BY_DAY),
        "changes": (registers.changes, CHANGES),
        "checks": (registers.checks, CHECKS),
        "flips": (registers.flips, FLIPPED),
    }
    declared = pl.DataFrame(list(context.sources), schema={"site": pl.String, "source": pl.String}, orient="row")
    return {name: table.select(schema.names()).cast(schema) for name, (table, schema) in inputs.items()} | {
        "declared": declared
    }


def _hold(name: str, found: list[dict[str, Any]]) -> None:
    if found:
        raise InvariantError(
            f"the governors' figures contradict each other ({name}): {found[0]['found']}",
            path="reports/governors/checks.sql",
            remedy="Nothing was printed. This is a defect in the program, or the store was changed by hand.",
        )
