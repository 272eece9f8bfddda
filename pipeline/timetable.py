"""Which lesson was it: the school's timetable, and the lesson of each class at a moment.

In: the timetable as CSV, and rows with a class (or classes) and a time. Out: the same rows with `lesson` and
`lesson_class`. It refuses a timetable without class, weekday, start and end.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

TIMETABLE: Final = pl.Schema(
    {
        "class": pl.String,
        "weekday": pl.Int8,  # Monday is 1
        "start": pl.Time,
        "end": pl.Time,
        "subject": pl.String,
        "lesson": pl.String,
        "week": pl.String,  # A, B, or null for every week
        "line": pl.Int64,
    }
)


@dataclass(frozen=True)
class Timetable:
    """`table` has the columns of `TIMETABLE`; times are local, the end is not part of the lesson."""

    table: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=TIMETABLE))
    issues: tuple[str, ...] = ()


def load_timetable(path: Path) -> Timetable:
    """Read the timetable. Raises `PeopleError` where the file as a whole cannot be used."""
    raise NotImplementedError


def lesson_at(rows: pl.DataFrame, timetable: Timetable, timezone: ZoneInfo, week_a: date | None) -> pl.DataFrame:
    """The rows (subject, `classes` or `class`, `ts` in UTC) in their order, with `lesson` and `lesson_class` added."""
    raise NotImplementedError
