"""A made-up term for the tests of the governors' report: invented counts of an invented school."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

import polars as pl

from pipeline.schema import ACTIVE, COVERAGE, FACTS, UNITS
from pipeline.watchlist import Category
from reports.governors import LEVELS_BY_DAY, GovernorsContext, GovernorsTables
from tests.made_drafts import CATEGORIES as FEW
from tests.made_drafts import LONDON

FIRST, LAST = date(2026, 9, 2), date(2026, 12, 18)
#: A flagged count: category, year group, role, verdict, kind, events.
Flag = tuple[str, str | None, str | None, str, str, int]


def category(name: str, title: str, area: Any) -> Category:
    return replace(FEW["bypass"], id=name, title=title, four_cs=area)


CATEGORIES: dict[str, Category] = {
    each.id: each
    for each in (
        FEW["self-harm"],
        FEW["illegal-content"],
        FEW["extremism"],
        FEW["bypass"],
        FEW["bullying"],
        category("pornography", "Pornography and adult material", "content"),
        category("gambling", "Gambling", "commerce"),
        category("grooming", "Grooming and sexual exploitation", "contact"),
        category("gaming", "Games in lessons", "conduct"),
        category("drugs", "Drugs, alcohol and substance abuse", "content"),
        category("hate", "Discrimination and hate", "content"),
        category("ai", "Generative AI tools", "conduct"),
        category("piracy", "Piracy and illegal downloading", "commerce"),
    )
}


@cache
def school_days(first: date = FIRST, last: date = LAST) -> tuple[date, ...]:
    days = (first + timedelta(days=each) for each in range((last - first).days + 1))
    return tuple(day for day in days if day.weekday() < 5)


def facts(flags: Sequence[Flag], traffic: int = 400_000) -> pl.DataFrame:
    """The flagged counts on one day, each with enough traffic beside it, and more traffic of nobody."""
    day = date(2026, 10, 5)
    same = {"day": day, "site": "main", "class": None}
    rows: list[dict[str, Any]] = []
    beside: dict[tuple[str | None, str | None, str, str], int] = {}
    for name, year, role, verdict, kind, events in flags:
        rows.append(
            same
            | {"year_group": year, "role": role, "category": name, "verdict": verdict, "kind": kind, "events": events}
        )
        beside[year, role, verdict, kind] = beside.get((year, role, verdict, kind), 0) + events
    for (year, role, verdict, kind), events in beside.items():
        rows.append(
            same
            | {
                "year_group": year,
                "role": role,
                "category": "",
                "verdict": verdict,
                "kind": kind,
                "events": 10 * events,
            }
        )
    rows += [
        same
        | {"year_group": None, "role": None, "category": "", "verdict": "allowed", "kind": kind, "events": traffic // 8}
        for kind in ("host-only", "page")
    ]
    rows.append(
        same
        | {
            "year_group": "Year 7",
            "role": "pupil",
            "category": "",
            "verdict": "allowed",
            "kind": "host-only",
            "events": traffic,
        }
    )
    return pl.DataFrame(rows, schema=FACTS)


@cache
def _active() -> pl.DataFrame:
    people = {f"Year {year}": 170 - year for year in range(7, 12)} | {"Year 12": 88, "Year 13": 3}
    return active(people, school_days())


def active(people: dict[str, int], days: tuple[date, ...]) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {"day": day, "site": "main", "year_group": year, "role": "pupil", "who": "authenticated", "users": users}
            for day in days
            for year, users in people.items()
        ]
        + [
            {"day": day, "site": "main", "year_group": None, "role": "staff", "who": "authenticated", "users": 61}
            for day in days
        ],
        schema=ACTIVE,
    )


@cache
def coverage(days: tuple[date, ...]) -> pl.DataFrame:
    """Two sources; the firewall is silent on two mornings and one whole day."""
    return pl.DataFrame(
        [
            {"day": day, "site": "main", "source": source, "hour": hour, "events": 900}
            for place, day in enumerate(days)
            for source in ("proxy", "firewall")
            for hour in range(7, 18)
            if not (source == "firewall" and (place == 20 or (place in {31, 32} and hour < 11)))
        ],
        schema=COVERAGE,
    )


@cache
def units(days: tuple[date, ...]) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "day": day,
                "site": "main",
                "source": source,
                "records": 9_050,
                "events": 9_048,
                "rejects": bad,
                "skips": 2 - bad,
            }
            for day in days
            for source, bad in (("proxy", 0), ("firewall", 1))
        ],
        schema=UNITS,
    )


def levels(counts: dict[str, int]) -> pl.DataFrame:
    return pl.DataFrame(
        [{"day": date(2026, 10, 6), "level": level, "drafts": drafts} for level, drafts in counts.items()],
        schema=LEVELS_BY_DAY,
    )


def tables(flags: Sequence[Flag], **changes: Any) -> GovernorsTables:
    days = school_days()
    made: dict[str, Any] = {
        "facts": facts(flags),
        "active": _active(),
        "coverage": coverage(days),
        "units": units(days),
        "drafts_by_level": levels({"urgent": 3, "high": 14, "medium": 41, "low": 88}),
    }
    return GovernorsTables(**(made | changes))


def context(**changes: Any) -> GovernorsContext:
    made: dict[str, Any] = {
        "school": "Example Park School",
        "term": "Autumn term 2026",
        "first_day": FIRST,
        "last_day": LAST,
        "timezone": LONDON,
        "made_at": datetime(2027, 1, 6, 8, 30, tzinfo=UTC),
        "categories": CATEGORIES,
        "school_days": school_days(),
        "sources": (("main", "proxy"), ("main", "firewall"), ("annexe", "proxy-annexe")),
    }
    return GovernorsContext(**(made | changes))


def a_term() -> list[Flag]:
    """Counts of the sort that a secondary school has: many games, some worry, a few that must not be seen."""
    shape = {
        "gaming": (420, 380, 300, 120, 60, 20),
        "bypass": (90, 120, 140, 61, 22, 4),
        "pornography": (12, 31, 44, 28, 9, 2),
        "self-harm": (6, 14, 22, 17, 11, 3),
        "bullying": (21, 34, 18, 7, 2, 0),
        "drugs": (3, 8, 19, 26, 14, 6),
        "hate": (9, 6, 11, 4, 1, 0),
        "ai": (110, 160, 210, 320, 290, 144),
        "gambling": (0, 2, 7, 12, 3, 1),
        "extremism": (0, 0, 2, 1, 0, 0),
        "grooming": (4, 5, 0, 0, 0, 0),
    }
    flags: list[Flag] = []
    for place, (name, counts) in enumerate(shape.items()):
        for year, count in enumerate(counts, start=7):
            blocked = count * (3 + place % 5) // 8
            for verdict, events in (("blocked", blocked), ("allowed", count - blocked)):
                if events:
                    flags.append((name, f"Year {year}", "pupil", verdict, "typed", events))
    flags += [
        ("bypass", "Year 13", "pupil", "blocked", "page", 2),
        ("gaming", None, "staff", "allowed", "host-only", 31),
        ("pornography", None, None, "blocked", "host-only", 17),
        ("gambling", None, "visitor", "warned", "page", 6),
        ("gambling", None, None, "unknown", "background", 212),
    ]
    return flags
