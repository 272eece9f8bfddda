"""Hours without a log: school hours of school days, and no others."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from pipeline.config import School, Settings, Source, Term
from pipeline.daily.coverage import is_school_day, missing_hours
from pipeline.lake import Lake, replace_day
from pipeline.schema import COVERAGE

TUESDAY = date(2026, 11, 10)
NIGHT = datetime(2026, 11, 11, 3, tzinfo=UTC)


def settings(*sources: Source, **school: object) -> Settings:
    own = School.model_validate({"name": "Made School", "opens": 9, "closes": 12, **school})
    return Settings(school=own, source=sources or (Source(name="filter", files=("x",)),))


@pytest.fixture
def place(tmp_path: Path) -> Lake:
    return Lake(tmp_path)


def covered(place: Lake, day: date, *hours: int, source: str = "filter") -> None:
    rows = [(day, "main", source, hour, 7) for hour in hours]
    replace_day(place, "coverage", day, pl.DataFrame(rows, schema=COVERAGE, orient="row"), COVERAGE)


def test_hours_without_an_event_are_told_as_spans(place: Lake) -> None:
    covered(place, TUESDAY, 0, 10, 23)
    assert missing_hours(settings(), place, [TUESDAY], None, NIGHT) == {
        "filter": ["Tue 10 Nov 09:00-10:00", "Tue 10 Nov 11:00-12:00"]
    }
    covered(place, TUESDAY, 9, 10, 11)
    assert missing_hours(settings(), place, [TUESDAY], None, NIGHT) == {}


def test_each_source_has_its_own_and_some_have_none(place: Lake) -> None:
    covered(place, TUESDAY, 9, 10, 11, source="one")
    sources = (
        Source(name="one", files=("x",)), Source(name="two", files=("y",)),
        Source(name="rare", files=("z",), every_hour=False),
    )  # fmt: skip
    assert missing_hours(settings(*sources), place, [TUESDAY], None, NIGHT) == {"two": ["Tue 10 Nov 09:00-12:00"]}


def test_days_that_gave_nothing_at_all_since_the_last_night_are_told(place: Lake) -> None:
    friday_night = date(2026, 11, 6)
    found = missing_hours(settings(), place, [], friday_night, NIGHT)
    assert found == {"filter": [f"{day} 09:00-12:00" for day in ("Fri 6 Nov", "Mon 9 Nov", "Tue 10 Nov")]}
    long_asleep = missing_hours(settings(), place, [], date(2025, 1, 1), NIGHT)["filter"]
    assert len(long_asleep) == 22


def test_only_hours_that_are_over_count_today(place: Lake) -> None:
    covered(place, TUESDAY, 9)
    noon = datetime(2026, 11, 10, 11, 30, tzinfo=UTC)
    assert missing_hours(settings(), place, [TUESDAY], None, noon) == {"filter": ["Tue 10 Nov 10:00-11:00"]}
    early = datetime(2026, 11, 10, 3, tzinfo=UTC)
    assert missing_hours(settings(), place, [TUESDAY], None, early) == {}


def test_holidays_and_weekends_are_no_school_days(place: Lake) -> None:
    term = Term(name="Autumn", first_day=date(2026, 9, 2), last_day=TUESDAY)
    school = settings(terms=(term,)).school
    assert [is_school_day(TUESDAY + timedelta(days=n), school) for n in (-3, -2, -1, 0, 1)] == [
        False, False, True, True, False,
    ]  # fmt: skip
    assert is_school_day(date(2026, 9, 2), school)
    assert not is_school_day(date(2026, 9, 1), school)
    assert is_school_day(date(2026, 11, 11), settings().school)
    later = NIGHT + timedelta(days=2)
    assert missing_hours(settings(terms=(term,)), place, [date(2026, 11, 11)], date(2026, 11, 11), later) == {}


def test_days_ahead_are_not_expected(place: Lake) -> None:
    assert missing_hours(settings(), place, [date(2027, 1, 5)], None, NIGHT) == {}


def test_hours_are_those_of_the_clock_on_the_wall(place: Lake) -> None:
    # In July nine in London is eight in UTC; the night of the 8th begins there at midnight, an hour before UTC's.
    day = date(2026, 7, 7)
    covered(place, day, 9, 10)
    just_after = datetime(2026, 7, 7, 23, 30, tzinfo=UTC)
    assert missing_hours(settings(), place, [day], None, just_after) == {"filter": ["Tue 7 Jul 11:00-12:00"]}
