"""Where the clocks are changed, and how little of the lines before has to be remembered because of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pipeline.times.clockchanges import clock_of
from pipeline.times.localtime import READ, Running, from_local
from tests.effort import tries

_LONDON = ZoneInfo("Europe/London")
_BACK = datetime.fromisoformat("2025-10-26T01:30")
_ZONES = (
    "Europe/London", "Europe/Dublin", "Africa/Casablanca", "Africa/Monrovia", "Australia/Lord_Howe", "Asia/Tehran",
    "America/Sao_Paulo", "UTC",
)  # fmt: skip
#: Wall clock times of any year that a log may have, and many around the changes of one autumn.
_ANY = st.datetimes(datetime(1970, 1, 1), datetime(2199, 12, 31))  # noqa: DTZ001 - local stamps have no zone
_AUTUMN = st.integers(-3 * 86_400, 3 * 86_400).map(lambda seconds: _BACK + timedelta(seconds=seconds))
#: Where the first of the stamps are that are looked at because of that hour.
_MIDNIGHT = st.integers(-1800, 1800).map(
    lambda seconds: datetime.fromisoformat("2025-10-25T00:00") + timedelta(seconds=seconds)
)
_MONTHS = st.integers(0, 3 * 365).map(lambda day: datetime.fromisoformat("2024-01-01T12:00") + timedelta(days=day))


def _stamps(found: list[datetime]) -> pl.Series:
    return pl.Series(found, dtype=pl.Datetime("us"))


def _after(found: list[datetime], zone: str = "Europe/London", running: Running = Running()) -> Running:  # noqa: B008 - frozen
    return from_local(_stamps(found), ZoneInfo(zone), running)[1]


@settings(max_examples=tries(300), deadline=None)
@given(zone=st.sampled_from(_ZONES), first=_ANY, hours=st.integers(0, 24 * 400))
def test_an_offset_that_is_called_steady_is_the_offset_of_every_stamp(zone: str, first: datetime, hours: int) -> None:
    last = min(first + timedelta(hours=hours), datetime.fromisoformat("2199-12-31T23:59"))
    offset = clock_of(zone).steady(first, last)
    between = pl.datetime_range(first, last, "30m", eager=True)
    read = between.dt.replace_time_zone(zone, ambiguous="null", non_existent="null").dt.convert_time_zone("UTC")
    if offset is not None:
        assert (between - read.dt.replace_time_zone(None)).unique().to_list() == [offset]


def test_between_the_changes_of_a_year_the_offset_is_steady() -> None:
    clock = clock_of("Europe/London")
    days = [datetime.fromisoformat(day) for day in ("2025-04-01", "2025-10-24", "2025-10-28", "2026-03-27")]
    assert clock.steady(days[0], days[1]) == timedelta(hours=1)
    assert clock.steady(days[2], days[3]) == timedelta()
    assert clock.steady(days[1], days[2]) is None
    assert clock.steady(days[3], days[3] + timedelta(days=3)) is None


@settings(max_examples=tries(300), deadline=None)
@given(zone=st.sampled_from(_ZONES), found=st.lists(_ANY | _AUTUMN, min_size=1, max_size=30))
def test_a_stamp_stands_no_later_than_it_is_and_in_the_same_order(zone: str, found: list[datetime]) -> None:
    ordered = np.array(sorted(found), dtype="datetime64[us]")
    stood = clock_of(zone).stand(ordered)
    assert bool((stood <= ordered).all())
    assert bool((np.diff(stood) >= np.timedelta64(0)).all())
    assert clock_of(zone).stand(stood).tolist() == stood.tolist()


@settings(max_examples=tries(400), deadline=None)
@given(
    zone=st.sampled_from(_ZONES), found=st.lists(_AUTUMN | _MONTHS | _ANY, max_size=40), ordered=st.booleans(),
    cuts=st.lists(st.integers(0, 40), max_size=4),
)  # fmt: skip
def test_any_stamps_give_the_same_whole_or_in_parts(
    zone: str, found: list[datetime], ordered: bool, cuts: list[int]
) -> None:
    stamps = _stamps(sorted(found) if ordered else found)
    whole, end = from_local(stamps, ZoneInfo(zone), Running())
    running, parts, places = Running(), [], sorted({0, len(found), *(cut for cut in cuts if cut < len(found))})
    for start, stop in pairwise(places):
        read, running = from_local(stamps.slice(start, stop - start), ZoneInfo(zone), running)
        running = Running.from_text(running.to_text())
        parts.append(read)
    if found:
        assert pl.concat(parts).equals(whole)
    assert running == end


@settings(max_examples=tries(200), deadline=None)
@given(minutes=st.lists(st.integers(0, 1439), min_size=1, max_size=40), day=_MONTHS)
def test_all_day_what_is_remembered_stays_the_same(minutes: list[int], day: datetime) -> None:
    """Whatever order the lines are in: so the next block of a log can be read before this one is done."""
    assume(not (day.month == _BACK.month and day.day >= _BACK.day - 8))
    morning = day.replace(hour=0)
    first = _after([morning + timedelta(hours=8)])
    assert _after([morning + timedelta(minutes=each) for each in minutes], running=first) == first
    assert first == Running(last=morning.isoformat())


def test_a_fall_within_a_day_of_may_says_nothing_of_october() -> None:
    texts = ["2025-05-02T09:00", "2025-05-02T07:00", "2025-10-26T01:55", "2025-10-26T01:05"]
    read, _ = from_local(_stamps([datetime.fromisoformat(text) for text in texts]), _LONDON, Running())
    assert read["ts_quality"].to_list() == ["assumed-zone", "assumed-zone", "ambiguous-hour", "assumed-zone"]
    assert read["ts"][-1] == datetime(2025, 10, 26, 1, 5, tzinfo=UTC)


@pytest.mark.parametrize("size", [1, 2, 4])
def test_a_file_in_the_order_of_its_users_settles_nothing(size: int) -> None:
    """One comes to the hour behind another: what looks like the clock going back is the next user's first passage."""
    texts = ["2025-10-01T09:00", "2025-09-01T09:00", "2025-10-26T01:55", "2025-10-26T01:05"]
    stamps, running, told = _stamps([datetime.fromisoformat(text) for text in texts]), Running(), list[str]()
    for start in range(0, len(texts), size):
        read, running = from_local(stamps.slice(start, size), _LONDON, running)
        told += read["ts_quality"].to_list()
    assert told[-2:] == ["ambiguous-hour", "ambiguous-hour"]


def test_a_line_a_second_late_behind_the_hour_unsettles_no_other_hour() -> None:
    texts = ["2025-10-26T02:00", "2025-10-26T01:59:59", "2025-10-26T02:01"]
    assert _after([datetime.fromisoformat(text) for text in texts]).rising


@settings(max_examples=tries(200), deadline=None)
@given(
    found=st.lists(_AUTUMN | _MIDNIGHT, min_size=2, max_size=40).map(sorted),
    late=st.lists(st.integers(0, 1799), min_size=40, max_size=40),
    size=st.integers(1, 40),
)
def test_lines_a_little_out_of_order_are_no_fall(found: list[datetime], late: list[int], size: int) -> None:
    written = [each - timedelta(seconds=seconds) for each, seconds in zip(found, late, strict=False)]
    running = Running()
    for start in range(0, len(written), size):
        running = _after(written[start : start + size], running=running)
    assert running.rising


@pytest.mark.parametrize("size", [1, 100])
def test_a_second_back_over_a_midnight_before_the_hour_unsettles_nothing(size: int) -> None:
    texts = ["2025-10-25T00:00:01", "2025-10-24T23:59:59", "2025-10-26T01:55", "2025-10-26T01:05"]
    stamps, running, read = _stamps([datetime.fromisoformat(text) for text in texts]), Running(), READ.to_frame()
    for start in range(0, len(texts), size):
        read, running = from_local(stamps.slice(start, size), _LONDON, running)
    assert read["ts"][-1] == datetime(2025, 10, 26, 1, 5, tzinfo=UTC)
    assert read["ts_quality"][-1] == "assumed-zone"


@pytest.mark.parametrize("between", ["2025-10-25T20:00", "2025-11-20T09:00", "2026-10-24T09:00"])
def test_a_file_that_goes_back_over_the_hour_or_near_it_settles_nothing(between: str) -> None:
    """As one does that is in the order of its users: each of them comes to the repeated hour once more."""
    texts = ["2025-10-26T01:55", between, "2025-10-25T08:00", "2025-10-26T01:50", "2025-10-26T01:05"]
    read, after = from_local(_stamps([datetime.fromisoformat(text) for text in texts]), _LONDON, Running())
    assert read["ts_quality"].to_list()[-2:] == ["ambiguous-hour", "ambiguous-hour"]
    assert after == Running(rising=False)
