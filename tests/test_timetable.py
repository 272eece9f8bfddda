"""The timetable file, and which lesson a class had at a moment."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import PeopleError
from pipeline.timetable import TIMETABLE, Timetable, lesson_at, load_timetable
from tests.effort import tries

LONDON = ZoneInfo("Europe/London")
ROWS = pl.Schema({"subject": pl.String(), "classes": pl.List(pl.String()), "ts": pl.Datetime("us", "UTC")})
CSV = """class,weekday,start,end,subject,lesson,week
9B,Mon,9:00,10:00,Computing,3,
9B,mon,10:00,11:00,PSHE,4,A
9B,Monday,10:00,11:00,English,4,B
9B/Ma1,Mon,10:00,11:00,Maths,4,
9x/Sc2,Mon,10:00,11:00,Science,4,
9B,Tue,09:00:00,10:00:00,,registration,
9B,Wed,09:00,10:00,,,
9B,Thu,09:00,10:00,Art,,
"""


def timetable_of(folder: Path, text: str) -> Timetable:
    path = folder / "timetable.csv"
    path.write_text(text, encoding="utf-8")
    return load_timetable(path)


def at(moment: str) -> datetime:
    return datetime.fromisoformat(moment).replace(tzinfo=UTC)


def lessons(
    timetable: Timetable, classes: list[str] | None, moment: datetime, week_a: date | None = None
) -> tuple[str | None, str | None]:
    rows = pl.DataFrame([("person:a", classes, moment)], schema=ROWS, orient="row")
    found = lesson_at(rows, timetable, LONDON, week_a)
    return found["lesson"][0], found["lesson_class"][0]


def test_timetable_is_read(tmp_path: Path) -> None:
    timetable = timetable_of(tmp_path, CSV)
    assert not timetable.issues
    assert timetable.table.schema == TIMETABLE
    assert timetable.table.row(1) == ("9B", 1, time(10), time(11), "PSHE", "period 4", "A", 3)


@pytest.mark.parametrize(
    ("moment", "lesson"),
    [
        (at("2026-11-09 08:59:59"), None),
        (at("2026-11-09 09:00"), "Computing, period 3 (9B)"),
        (at("2026-11-09 09:59:59"), "Computing, period 3 (9B)"),
        (at("2026-11-09 11:00"), None),
        (at("2026-11-10 09:30"), "registration (9B)"),
        (at("2026-11-11 09:30"), "lesson (9B)"),
        (at("2026-11-12 09:30"), "Art (9B)"),
        (at("2026-11-08 09:30"), None),
        # In summer nine o'clock in London is eight in UTC.
        (at("2026-06-08 08:30"), "Computing, period 3 (9B)"),
        (at("2026-06-08 07:59"), None),
        # The Monday after the clock has gone back, and the one before.
        (at("2026-10-26 09:00"), "Computing, period 3 (9B)"),
        (at("2026-10-19 08:00"), "Computing, period 3 (9B)"),
    ],
)
def test_lessons_go_by_the_clock_on_the_wall(tmp_path: Path, moment: datetime, lesson: str | None) -> None:
    assert lessons(timetable_of(tmp_path, CSV), ["9B"], moment) == (lesson, "9B" if lesson else None)


def test_a_lesson_in_the_hour_that_comes_twice_is_found_twice(tmp_path: Path) -> None:
    timetable = timetable_of(tmp_path, "class,weekday,start,end,subject\nnight,Sun,01:15,01:45,Astronomy\n")
    for hour in (0, 1):
        assert lessons(timetable, ["night"], at(f"2026-10-25 {hour:02}:30")) == ("Astronomy (night)", "night")


def test_weeks_take_turns(tmp_path: Path) -> None:
    timetable = timetable_of(tmp_path, CSV)
    # Any day of a week A will do, and it may lie before or after.
    for week_a in (date(2026, 11, 9), date(2026, 11, 15), date(2026, 11, 23), date(2026, 10, 26)):
        assert lessons(timetable, ["9B"], at("2026-11-09 10:30"), week_a)[0] == "PSHE, period 4 (9B)"
        assert lessons(timetable, ["9B"], at("2026-11-16 10:30"), week_a)[0] == "English, period 4 (9B)"
    assert lessons(timetable, ["9B"], at("2026-11-09 10:30")) == (None, None)


def test_a_set_counts_before_the_registration_class(tmp_path: Path) -> None:
    timetable = timetable_of(tmp_path, CSV)
    moment, week_a = at("2026-11-09 10:30"), date(2026, 11, 9)
    assert lessons(timetable, ["9B", "9B/Ma1"], moment, week_a) == ("Maths, period 4 (9B/Ma1)", "9B/Ma1")
    assert lessons(timetable, ["9B", "9x/Sc2", "9B/Ma1"], moment, week_a) == ("Science, period 4 (9x/Sc2)", "9x/Sc2")
    # The set has nothing then, so the class counts.
    assert lessons(timetable, ["9B", "9B/Ma1"], at("2026-11-09 09:30"))[1] == "9B"


@pytest.mark.parametrize("classes", [None, [], ["8C"], [""]])
def test_no_class_no_lesson(tmp_path: Path, classes: list[str] | None) -> None:
    assert lessons(timetable_of(tmp_path, CSV), classes, at("2026-11-09 09:30")) == (None, None)


def test_letter_case_and_blanks_of_a_class_do_not_count(tmp_path: Path) -> None:
    assert lessons(timetable_of(tmp_path, CSV), [" 9b "], at("2026-11-09 09:30"))[0] == "Computing, period 3 (9b)"


def test_one_class_in_place_of_a_list(tmp_path: Path) -> None:
    rows = pl.DataFrame(
        {"subject": ["a", "b"], "class": ["9B", None], "ts": [at("2026-11-09 09:30")] * 2},
        schema={"subject": pl.String, "class": pl.String, "ts": pl.Datetime("us", "UTC")},
    )
    found = lesson_at(rows, timetable_of(tmp_path, CSV), LONDON, None)
    assert found["lesson"].to_list() == ["Computing, period 3 (9B)", None]


def test_without_a_timetable_nothing_is_known() -> None:
    assert lessons(Timetable(), ["9B"], at("2026-11-09 09:30")) == (None, None)


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("9B,Mon,10:30,11:30,Art,,", "another lesson at that time, in line 2, which counts"),
        ("9b,Monday,10:59,11:30,Art,,A", "in line 2"),
        (",Mon,12:00,13:00,Art,,", "class is missing"),
        ("9B,T,12:00,13:00,Art,,", "weekday is not one of"),
        ("9B,Xmas,12:00,13:00,Art,,", "weekday is not one of"),
        ("9B,,12:00,13:00,Art,,", "weekday is not one of"),
        ("9B,Mon,noon,13:00,Art,,", "the start is not a time such as 09:05"),
        ("9B,Mon,12:00,24:00,Art,,", "the end is not a time"),
        ("9B,Mon,12:00,12:00,Art,,", "is not after the start"),
        ("9B,Mon,12:00,13:00,Art,,C", "week is neither A nor B"),
    ],
)
def test_a_wrong_row_is_an_issue_with_its_line(tmp_path: Path, row: str, says: str) -> None:
    timetable = timetable_of(tmp_path, f"class,weekday,start,end,subject,lesson,week\n9B,Mon,10:00,11:00,PE,,\n{row}\n")
    assert len(timetable.issues) == 1
    assert says in timetable.issues[0]
    assert f"{tmp_path / 'timetable.csv'}:3: " in timetable.issues[0]
    assert lessons(timetable, ["9B"], at("2026-11-09 10:45"), date(2026, 11, 9))[0] == "PE (9B)"


def test_lessons_that_touch_or_lie_in_other_weeks_do_not_overlap(tmp_path: Path) -> None:
    rows = "9B,Mon,10:00,11:00,PE,,A\n9B,Mon,10:00,11:00,Art,,B\n9B,Mon,11:00,12:00,French,,\n8C,Mon,10:00,11:00,PE,,\n"
    assert not timetable_of(tmp_path, "class,weekday,start,end,subject,lesson,week\n" + rows).issues


def test_a_timetable_without_its_columns_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PeopleError, match="no column 'end'"):
        timetable_of(tmp_path, "class,weekday,start\n")


@given(
    moments=st.lists(st.integers(0, 60 * 24 * 14), max_size=15),
    classes=st.lists(st.lists(st.sampled_from(["9B", "9B/Ma1", "8C"]), max_size=3), min_size=15, max_size=15),
)
@settings(max_examples=tries(30), deadline=None)
def test_one_row_in_one_row_out(
    tmp_path_factory: pytest.TempPathFactory, moments: list[int], classes: list[list[str]]
) -> None:
    timetable = timetable_of(tmp_path_factory.mktemp("school"), CSV)
    start = at("2026-10-19 00:00")
    rows = pl.DataFrame(
        [("person:a", of, start + timedelta(minutes=minute)) for of, minute in zip(classes, moments, strict=False)],
        schema=ROWS,
        orient="row",
    )
    found = lesson_at(rows, timetable, LONDON, None)
    assert found.select(rows.columns).equals(rows)
    for row in found.iter_rows(named=True):
        assert (row["lesson"] is None) == (row["lesson_class"] is None)
        assert row["lesson_class"] is None or row["lesson_class"] in row["classes"]
