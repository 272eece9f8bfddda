"""Times with the name of a month: the year that is found, over New Year, in February, and in a file that grows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.formats import Declared
from pipeline.recognition import as_of
from pipeline.times.localtime import READ, Running
from pipeline.times.monthnames import from_named_month
from tests.effort import tries

_LONDON = ZoneInfo("Europe/London")
_NEW_YEAR = datetime(2026, 1, 2, 8, tzinfo=UTC)
_quick = settings(max_examples=tries(25), deadline=None)


def _read(
    texts: list[str | None], last_change: datetime | None = _NEW_YEAR, running: Running = Running()  # noqa: B008 - frozen
) -> pl.DataFrame:  # fmt: skip
    return from_named_month(pl.Series(texts, dtype=pl.String), _LONDON, last_change, running)[0]


def _days(texts: list[str | None], last_change: datetime | None = _NEW_YEAR) -> list[str | None]:
    return _read(texts, last_change)["ts"].dt.strftime("%Y-%m-%d").to_list()


def _written(instants: list[datetime]) -> list[str | None]:
    return [f"{instant.astimezone(_LONDON):%b %e %H:%M:%S}" for instant in instants]


@pytest.mark.parametrize(
    ("text", "instant", "quality"),
    [
        ("Mon Aug 28 08:04:30 2023", "2023-08-28T07:04:30+00:00", "assumed-zone"),
        ("Mon Aug  7 08:04:30 2023", "2023-08-07T07:04:30+00:00", "assumed-zone"),
        ("Mon Aug 28 08:04:30 UTC 2023", "2023-08-28T08:04:30+00:00", "exact"),
        ("Mon, 28 Aug 2023 08:04:30 GMT", "2023-08-28T08:04:30+00:00", "exact"),
        ("28-Aug-2023 08:04:30.123", "2023-08-28T07:04:30.123000+00:00", "assumed-zone"),
        ("28/Aug/2023:08:04:30 -0530", "2023-08-28T13:34:30+00:00", "exact"),
        ("28/Aug/2023:08:04:30 +01:00", "2023-08-28T07:04:30+00:00", "exact"),
        ("28 Aug 2023 12:04:30 AM", "2023-08-27T23:04:30+00:00", "assumed-zone"),
        ("Aug 28, 2023 1:04:30 PM", "2023-08-28T12:04:30+00:00", "assumed-zone"),
        ("Aug 28 2023 08:04:30.123456789", "2023-08-28T07:04:30.123456+00:00", "assumed-zone"),
        ("Oct 26 2025 01:30:00", "2025-10-26T00:30:00+00:00", "ambiguous-hour"),
        ("2026-03-15T16:07:32.123456+01:00", "2026-03-15T15:07:32.123456+00:00", "exact"),
        ("1711111111", "2024-03-22T12:38:31+00:00", "exact"),
        ("Dec 31 23:59:59", "2025-12-31T23:59:59+00:00", "guessed-year"),
        ("Jan  2 07:59:59.5", "2026-01-02T07:59:59.500000+00:00", "guessed-year"),
        ("Oct 26 01:30:00", "2025-10-26T00:30:00+00:00", "ambiguous-hour"),
    ],
)
def test_what_names_a_month_is_read(text: str, instant: str, quality: str) -> None:
    assert _read([text]).rows() == [(datetime.fromisoformat(instant), quality, None, None)]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Mar 30 01:30:00", "no-such-hour"), ("30/Mar/2025:01:30:00", "no-such-hour"), ("Feb 30 10:00:00", "bad-time"),
        ("31/Jun/2025:10:00:00 +0000", "bad-time"), ("28/Aug/2023:24:00:00 +0000", "bad-time"),
        ("28 août 2023 08:04:30", "bad-time"), ("aug 28 08:04:30", "bad-time"), ("Aug 28 08:04", "bad-time"),
        ("Aug 28 2023 08:04:30 2023", "bad-time"), ("Son Aug 28 08:04:30 2023", "bad-time"), ("", "bad-time"),
        ("28/08/2023 08:04:30", "bad-time"), ("Aug 28 0000 08:04:30", "bad-time"), ("Aug 28 2500 08:04:30", "bad-time"),
        ("Aug 28 13:04:30 PM", "bad-time"),
    ],
)  # fmt: skip
def test_what_is_no_time_is_refused_in_its_own_words(text: str, reason: str) -> None:
    (row,) = _read([text]).rows(named=True)
    assert (row["ts"], row["reason"]) == (None, reason)
    assert reason == "no-such-hour" or text in row["detail"] or not text


def test_without_a_last_change_there_is_no_year() -> None:
    for unknown in (None, datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)):
        (row,) = _read(["Mar 15 16:07:32"], unknown).rows(named=True)
        assert row["reason"] == "bad-time"
        assert "it is not known when the file was written" in row["detail"]


def test_over_new_year_and_back() -> None:
    texts = ["Jul  1 10:00:00", "Dec 30 10:00:00", "Jan  1 00:00:01", "Dec 31 23:59:59", "Jan  2 07:00:00"]
    assert _days([*texts]) == ["2025-07-01", "2025-12-30", "2026-01-01", "2025-12-31", "2026-01-02"]


def test_a_clock_that_was_not_set_spoils_its_own_lines_only() -> None:
    texts = ["Oct 15 10:00:00", "Jan  1 00:00:05", "Oct 15 10:00:09", "Dec 31 09:00:00"]
    days = _days([*texts], datetime(2026, 2, 1, tzinfo=UTC))
    assert [days[0], *days[2:]] == ["2025-10-15", "2025-10-15", "2025-12-31"]


def test_29_february() -> None:
    spring = datetime(2024, 3, 2, tzinfo=UTC)
    assert _days(["Feb 28 10:00:00", "Feb 29 10:00:00", "Mar  1 10:00:00"], spring) == [
        "2024-02-28", "2024-02-29", "2024-03-01",
    ]  # fmt: skip
    # Alone, it is of the last year that had it; among lines of another year it is none.
    assert _days(["Feb 29 10:00:00"]) == ["2024-02-29"]
    read = _read(["Feb 28 10:00:00", "Feb 29 10:00:00", "Mar  1 10:00:00"])
    assert read["ts"].dt.year().to_list() == [2025, None, 2025]
    assert "no year around the lines before it has such a day" in read["detail"][1]


def test_a_file_that_grows_goes_on_in_its_years_whenever_it_was_written_last() -> None:
    _, running = from_named_month(pl.Series(["Mar 14 10:00:00"]), _LONDON, datetime(2025, 3, 15, tzinfo=UTC), Running())
    assert running.reached == "2025-03-14"
    carried = Running.from_text(running.to_text())
    read = _read(["Mar 16 10:00:00", "Jan  1 10:00:00"], datetime(2027, 8, 1, tzinfo=UTC), carried)
    assert read["ts"].dt.year().to_list() == [2025, 2026]


def test_a_carry_of_an_earlier_version_is_still_understood() -> None:
    assert Running.from_text('{"last": "2025-01-01T00:00:00", "rising": true}').reached == ""


_LAST = st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the zone follows
_BACK = st.lists(st.integers(0, 300 * 86_400), min_size=1, max_size=30)


@_quick
@given(last=_LAST, back=_BACK)
def test_lines_of_less_than_a_year_get_their_years_back(last: datetime, back: list[int]) -> None:
    last = last.replace(microsecond=0)
    instants = [last - timedelta(seconds=seconds) for seconds in sorted(back, reverse=True)]
    read = _read(_written(instants), last)
    for real, row in zip(instants, read.iter_rows(named=True), strict=True):
        wanted = {real} if row["ts_quality"] == "guessed-year" else {real, real - timedelta(hours=1)}
        assert row["ts"] in wanted


@_quick
@given(last=_LAST, days=st.lists(st.integers(0, 800), min_size=1, max_size=30), cut=st.integers(0, 30))
def test_whole_or_in_parts_is_the_same(last: datetime, days: list[int], cut: int) -> None:
    texts = pl.Series(_written([last - timedelta(days=number) for number in days]))
    whole, end = from_named_month(texts, _LONDON, last, Running())
    first, between = from_named_month(texts.slice(0, cut), _LONDON, last, Running())
    second, after = from_named_month(texts.slice(cut), _LONDON, last, Running.from_text(between.to_text()))
    assert pl.concat([first, second]).equals(whole)
    assert after == end
    assert (whole["ts"].drop_nulls() < last + timedelta(days=2)).all()


@_quick
@given(texts=st.lists(st.none() | st.text(max_size=30) | st.from_regex(r"(Mar|Feb) [ 0-9]{2} [0-9:. ]{8,14}\Z")))
def test_any_text_gives_an_instant_or_a_reason(texts: list[str | None]) -> None:
    read = _read(list(texts))
    assert read.schema == READ
    assert read.height == len(texts)
    assert (read["ts"].is_null() == read["reason"].is_not_null()).all()


def test_the_last_change_changes_nothing_else_of_what_is_declared() -> None:
    declared = as_of(Declared(), 1_767_340_800_123_456_789)
    assert declared.last_change == datetime(2026, 1, 2, 8, tzinfo=UTC)
    assert (declared, repr(declared)) == (Declared(), repr(Declared()))
    assert as_of(declared, 10**30).last_change is None
