"""Which lesson was it: the school's timetable, and the lesson of each class at a moment.

In: the timetable as CSV (class, weekday, start, end, subject, lesson, week), and rows with a class or several and
a time in UTC. Out: the same rows with `lesson`, such as "Computing, period 3 (9B)", and `lesson_class`. It refuses
a timetable without class, weekday, start and end.

Times of the timetable are those of the clock on the wall, so a lesson stays where it is when the clock changes.
A lesson's end is no longer part of it. Where a pupil has two lessons at once, because both the registration class
(the first of the classes) and a set have one, the set's is given: sets are taught in place of the registration
class. Of two sets the one that the people file names first counts. Where one class has two lessons at once the
timetable is wrong: that is an issue, and the row that stands first in the file counts.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import time
from itertools import combinations
from typing import TYPE_CHECKING, Final

import polars as pl

from pipeline.school.sheet import Row, Sheet, issue, read_sheet

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path
    from zoneinfo import ZoneInfo

TIMETABLE: Final = pl.Schema(
    {
        "class": pl.String(),
        "weekday": pl.Int8(),  # Monday is 1
        "start": pl.Time(),
        "end": pl.Time(),
        "subject": pl.String(),
        "lesson": pl.String(),
        "week": pl.String(),  # A, B, or null for every week
        "line": pl.Int64(),
    }
)
_COLUMNS: Final = {name: name for name in TIMETABLE if name != "line"}
_MANDATORY: Final = ("class", "weekday", "start", "end")
_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SHORTEST_WEEKDAY: Final = 2
_HOURS: Final = 24
_MINUTES: Final = 60
_TIME: Final = re.compile(r"(\d{1,2}):(\d{2})(?::00)?")
_WEEK: Final = re.compile(r"(?:week\s*)?([ab])", re.IGNORECASE)


@dataclass(frozen=True)
class Timetable:
    """`table` has the columns of `TIMETABLE`."""

    table: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=TIMETABLE))
    issues: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Slot:
    line: int
    of: str
    weekday: int
    start: time
    end: time
    subject: str | None
    lesson: str | None
    week: str | None


def load_timetable(path: Path) -> Timetable:
    """Read the timetable; a row that cannot be used is an issue and is left out. Raises `PeopleError`."""
    sheet = read_sheet(path, _COLUMNS, _MANDATORY)
    slots, issues = [], list(sheet.issues)
    if sheet.unused:
        what = f"columns that are not known: {', '.join(repr(each) for each in sheet.unused)}."
        issues.append(issue(path, sheet.header_line, what, f"The columns are: {', '.join(_COLUMNS)}."))
    # Row by row, because each has its own line to be named; a school has a few thousand at most.
    for row in sheet.rows:
        try:
            slots.append(_slot(row))
        except ValueError as error:
            issues.append(issue(path, row.line, f"{error}; the row is left out.", "Correct the row."))
    records = [(s.of, s.weekday, s.start, s.end, s.subject, s.lesson, s.week, s.line) for s in slots]
    return Timetable(pl.DataFrame(records, schema=TIMETABLE, orient="row"), (*issues, *_overlaps(sheet, slots)))


def lesson_at(rows: pl.DataFrame, timetable: Timetable, timezone: ZoneInfo, week_a: date | None) -> pl.DataFrame:
    """The rows in their order, one for one, with `lesson` and `lesson_class` added; both null outside lessons.

    `rows` has `ts` in UTC and either `classes` (the registration class first) or `class`. `week_a` is any day of
    a week that is a week A; weeks then take turns by the calendar, holidays included. Without it a lesson of week
    A or B is never given, because nobody knows which week it is.
    """
    classes = pl.col("classes") if "classes" in rows.columns else pl.concat_list("class")
    # Lessons begin and end on whole minutes, so all rows of one class and minute are looked up together.
    local = pl.col("ts").dt.truncate("1m").dt.convert_time_zone(str(timezone))
    attended = (
        rows.select(
            pl.int_range(pl.len()).alias("row"),
            classes.cast(pl.List(pl.String)).alias("class"),
            local.dt.date().alias("day"),
            local.dt.time().alias("minute"),
        )
        .with_columns(pl.int_ranges(pl.col("class").list.len()).alias("place"))
        .explode("class", "place", empty_as_null=False, keep_nulls=False)
        .with_columns(pl.col("class").str.strip_chars(), _key("class"))
    )
    lessons = _lessons(attended.select("key", "day", "minute").unique(), timetable, week_a)
    registration = pl.col("place") == 0
    found = (
        attended.join(lessons, on=["key", "day", "minute"])
        .sort("row", registration, "place")
        .unique("row", keep="first", maintain_order=True)
        .select("row", pl.format("{} ({})", "what", "class").alias("lesson"), pl.col("class").alias("lesson_class"))
    )
    placed = rows.select(pl.int_range(pl.len()).alias("row")).join(found, on="row", how="left", maintain_order="left")
    return pl.concat([rows, placed.drop("row")], how="horizontal")


def _lessons(asked: pl.DataFrame, timetable: Timetable, week_a: date | None) -> pl.DataFrame:
    """What each class of `asked` (key, day, minute) has at that minute; classes without a lesson are left out."""
    if week_a is None:
        in_week = pl.col("week").is_null()
    else:
        monday = pl.col("day").dt.truncate("1w")
        weeks = (monday - pl.lit(week_a).dt.truncate("1w")).dt.total_days() // 7
        letter = pl.when(weeks % 2 == 0).then(pl.lit("A")).otherwise(pl.lit("B"))
        in_week = pl.col("week").is_null() | (pl.col("week") == letter)
    slots = timetable.table.with_columns(_key("class"))
    return (
        asked.with_columns(pl.col("day").dt.weekday().alias("weekday"))
        .join(slots, on=["key", "weekday"])
        .filter((pl.col("start") <= pl.col("minute")) & (pl.col("minute") < pl.col("end")) & in_week)
        .sort("line")
        .unique(["key", "day", "minute"], keep="first", maintain_order=True)
        .select(
            "key", "day", "minute", pl.concat_str("subject", "lesson", separator=", ", ignore_nulls=True).alias("what")
        )
    )


def _key(column: str) -> pl.Expr:
    return pl.col(column).str.strip_chars().str.to_lowercase().alias("key")


def _slot(row: Row) -> _Slot:
    cells = row.cells
    if not cells["class"]:
        raise ValueError("the class is missing")
    start, end = _time(cells["start"], "start"), _time(cells["end"], "end")
    if end <= start:
        raise ValueError(f"the end {end:%H:%M} is not after the start {start:%H:%M}")
    week = _WEEK.fullmatch(cells["week"])
    if cells["week"] and not week:
        raise ValueError("the week is neither A nor B")
    # A bare number is the number of a period.
    lesson = f"period {cells['lesson']}" if cells["lesson"].isdigit() else cells["lesson"]
    return _Slot(
        line=row.line,
        of=cells["class"],
        weekday=_weekday(cells["weekday"]),
        start=start,
        end=end,
        subject=cells["subject"] or None,
        lesson=lesson or (None if cells["subject"] else "lesson"),
        week=week[1].upper() if week else None,
    )


def _weekday(cell: str) -> int:
    """1 for `Mon`, `Monday`, `mo` and so on, up to 7."""
    word = cell.casefold().rstrip(".")
    found = [at for at, name in enumerate(_WEEKDAYS, start=1) if name.startswith(word)]
    if len(word) < _SHORTEST_WEEKDAY or len(found) != 1:
        raise ValueError("the weekday is not one of Mon, Tue, Wed, Thu, Fri, Sat, Sun")
    return found[0]


def _time(cell: str, column: str) -> time:
    found = _TIME.fullmatch(cell)
    if not found or int(found[1]) >= _HOURS or int(found[2]) >= _MINUTES:
        raise ValueError(f"the {column} is not a time such as 09:05")
    return time(int(found[1]), int(found[2]))


def _overlaps(sheet: Sheet, slots: list[_Slot]) -> list[str]:
    """An issue for each pair of rows that give one class two lessons at once."""
    groups: defaultdict[tuple[str, int], list[_Slot]] = defaultdict(list)
    for slot in slots:
        groups[slot.of.casefold(), slot.weekday].append(slot)
    return [
        issue(
            sheet.path,
            later.line,
            f"class {later.of!r} has another lesson at that time, in line {earlier.line}, which counts.",
            "Correct one of the rows.",
        )
        for group in groups.values()
        for earlier, later in combinations(group, 2)
        if earlier.start < later.end and later.start < earlier.end
        if earlier.week is None or later.week is None or earlier.week == later.week
    ]
