"""What an invented class did in a lesson: hits, and the drafts and clusters that the stages make of them.

The words are nobody's concern, as in `made_night`. Categories: `cranes` may be a class's, `kites` too, `lobsters` are
about a child at risk, `wasps` for the police, `harbour` is to look for help.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from pipeline.clusters import clusters
from pipeline.episodes import Drafting, episodes, heads, with_around, with_facts
from pipeline.schema import DRAFT_AROUND, TIMESTAMP
from pipeline.watchlist import Category

LONDON = ZoneInfo("Europe/London")
#: A Tuesday in winter.
TEN = datetime(2026, 11, 3, 10, 5, tzinfo=UTC)
LESSON = "History, period 3 (9B)"
SIZES = {"9B": 29, "9A": 29, "9x/Hi2": 12, "9Z": 8}


def category(name: str, severity: Any, route: Any, *, helps: bool = False) -> Category:
    return Category(
        name, name.capitalize(), f"About {name}.", severity, "conduct", "", "", route, prevent=False,
        version="2026-01-01", source="Made for tests", help_seeking=helps,
    )  # fmt: skip


CATEGORIES = {
    each.id: each
    for each in (
        category("cranes", "high", "network-misuse"), category("kites", "high", "pupil-inappropriate"),
        category("lobsters", "urgent", "pupil-victim"), category("wasps", "urgent", "illegal"),
        category("harbour", "record", "pupil-victim", helps=True),
    )
}  # fmt: skip
DRAFTING = Drafting(CATEGORIES, LONDON, "medium", timedelta(minutes=30), 8, 16)
_HIT: dict[str, Any] = {
    "hit_id": "h", "event_id": "e", "rule_id": "cranes-words", "category": "cranes", "field": "search_text", "start": 0,
    "end": 4, "view": "words", "weight": 50.0, "site": "main", "source": "filter", "source_sha256": "sha", "line": 1,
    "ts": TEN, "ts_quality": "exact", "user": "u", "client_ip": "10.0.0.7", "device": None, "host": "www.example.org",
    "path": None, "query": None, "search_text": None, "typed_text": None, "title": None, "vendor_category": None,
    "verdict": "allowed", "kind": "typed", "raw": b"line", "level": "medium", "text": "paper crane", "lesson": LESSON,
    "lesson_class": "9B", "lowered_for": None, "set_aside": None,
    "subject": "person:u", "subject_kind": "person", "subject_name": "U",
    "who": "authenticated", "role": "pupil", "year_group": "9", "class": "9B", "format": "squid", "day": TEN.date(),
}  # fmt: skip
_TYPES: dict[str, Any] = {
    "ts": TIMESTAMP, "raw": pl.Binary, "start": pl.Int64, "end": pl.Int64, "line": pl.Int64, "weight": pl.Float64,
    "day": pl.Date,
}  # fmt: skip
#: Outside every lesson of the timetable.
FREE: dict[str, Any] = {"lesson": None, "lesson_class": None}
#: A class of eight, so that a page stays small.
SMALL: dict[str, Any] = {"class": "9Z", "lesson": "Art (9Z)", "lesson_class": "9Z"}


def pupil(number: int, minutes: float | None = None, **changes: Any) -> dict[str, Any]:
    """A hit of one pupil of 9B, so many minutes into the lesson; `changes` replace any column."""
    who = {"subject": f"person:p{number:02}", "subject_name": f"Pupil {number:02}", "user": f"p{number:02}"}
    return who | {"ts": TEN + timedelta(minutes=number % 40 if minutes is None else minutes)} | changes


def login(**changes: Any) -> dict[str, Any]:
    """A hit of the login that 9B shares."""
    who = {"subject": "class:9B", "subject_kind": "class", "subject_name": "Class login 9B", "who": "shared"}
    return pupil(0) | who | {"role": "class", "user": "class9b"} | changes


def lesson(pupils: int, **changes: Any) -> list[dict[str, Any]]:
    """So many pupils who do the same."""
    return [pupil(number, **changes) for number in range(pupils)]


def hits(*rows: dict[str, Any]) -> pl.DataFrame:
    """Hits that differ from the usual one in what is given; each an event of its own unless it names one."""
    made = [
        _HIT | {"hit_id": f"h{number:03}", "event_id": f"e{number:03}", "line": number + 1} | row
        for number, row in enumerate(rows)
    ]
    return pl.DataFrame(made, schema={name: _TYPES.get(name, pl.String) for name in _HIT})


def drafted(found: pl.DataFrame) -> pl.DataFrame:
    """The drafts of hits."""
    headed = heads(episodes(found, DRAFTING), DRAFTING)
    around = pl.DataFrame(schema={"draft_id": pl.String, "found": pl.Int64, **DRAFT_AROUND.to_schema()})
    return with_facts(with_around(headed, around), found, SIZES, DRAFTING)


def clustered(*rows: dict[str, Any]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The drafts and the clusters of hits."""
    found = hits(*rows)
    drafts = drafted(found)
    return drafts, clusters(found, drafts, SIZES, CATEGORIES)
