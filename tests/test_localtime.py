"""Written times become the right instants, above all around the two nights on which the clock is changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.times.localtime import READ, NoSuchHour, Running, WrittenOrder, from_local, instants_of
from pipeline.times.writtentime import from_epoch, from_written
from tests.effort import tries

_LONDON = ZoneInfo("Europe/London")
_BACK = datetime(2025, 10, 26, 1, tzinfo=UTC)  # 02:00 becomes 01:00
_FORWARD = datetime(2025, 3, 30, 1, tzinfo=UTC)  # 01:00 becomes 02:00
_REPEATED = (_BACK - timedelta(hours=1), _BACK + timedelta(hours=1))
_quick = settings(max_examples=tries(60), deadline=None)


def _naive(instants: list[datetime]) -> pl.Series:
    local = [instant.astimezone(_LONDON).replace(tzinfo=None) for instant in instants]
    return pl.Series(local, dtype=pl.Datetime("us"))


def _read(texts: list[str | None], order: WrittenOrder | None = None, running: Running = Running()) -> pl.DataFrame:  # noqa: B008 - frozen
    return from_written(pl.Series(texts, dtype=pl.String), _LONDON, order, running)[0]


def _one(text: str, order: WrittenOrder | None = None) -> tuple[datetime | None, str | None, str | None]:
    row = _read([text], order).row(0, named=True)
    return row["ts"], row["ts_quality"], row["reason"]


def _instants(around: datetime, hours: int) -> st.SearchStrategy[list[datetime]]:
    """Rising instants within some hours of a moment."""
    seconds = st.integers(-hours * 3600, hours * 3600)
    return st.lists(seconds, min_size=1, max_size=40).map(lambda s: [around + timedelta(seconds=n) for n in sorted(s)])


@_quick
@given(instants=_instants(_FORWARD, 6))
def test_around_the_march_change_every_real_stamp_gives_its_instant_back(instants: list[datetime]) -> None:
    read, _ = from_local(_naive(instants), _LONDON, Running())
    assert read["ts"].to_list() == instants
    assert set(read["ts_quality"]) == {"assumed-zone"}


@given(second=st.integers(0, 3599))
def test_the_hour_that_march_leaves_out_is_refused(second: int) -> None:
    stamp = datetime.fromisoformat("2025-03-30T01:00:00") + timedelta(seconds=second)
    read, _ = from_local(pl.Series([stamp], dtype=pl.Datetime("us")), _LONDON, Running())
    assert read["ts"].null_count() == 1
    assert read["reason"].to_list() == ["no-such-hour"]


@_quick
@given(instants=_instants(_BACK, 6))
def test_around_the_october_change_a_reading_is_right_or_marked(instants: list[datetime]) -> None:
    read, _ = from_local(_naive(instants), _LONDON, Running())
    for real, found, quality in zip(instants, read["ts"], read["ts_quality"], strict=True):
        assert quality in {"assumed-zone", "ambiguous-hour"}
        assert quality == "assumed-zone" or _REPEATED[0] <= real < _REPEATED[1]
        if quality == "assumed-zone":
            assert found == real
        else:
            assert found in {real, real - timedelta(hours=1)}


@given(step=st.integers(1, 20), start=st.integers(0, 59))
def test_in_a_dense_rising_log_the_fall_settles_the_repeated_hour(step: int, start: int) -> None:
    first = _BACK - timedelta(hours=2, minutes=start)
    instants = [first + timedelta(minutes=step * n) for n in range(240 // step)]
    read, _ = from_local(_naive(instants), _LONDON, Running())
    assert read["ts"].to_list() == instants
    marked = [real for real, quality in zip(instants, read["ts_quality"], strict=True) if quality == "ambiguous-hour"]
    # The first passage is read right and stays marked: nothing before the fall could tell.
    assert marked == [real for real in instants if _REPEATED[0] <= real < _BACK]


@_quick
@given(instants=_instants(_BACK, 4), cut=st.integers(0, 40))
def test_a_file_gives_the_same_whole_or_in_parts(instants: list[datetime], cut: int) -> None:
    stamps = _naive(instants)
    whole, end = from_local(stamps, _LONDON, Running())
    first, between = from_local(stamps.slice(0, cut), _LONDON, Running())
    second, after = from_local(stamps.slice(cut), _LONDON, Running.from_text(between.to_text()))
    assert pl.concat([first, second]).equals(whole)
    assert after == end


def test_lines_out_of_order_settle_nothing() -> None:
    newest_first = [_BACK + timedelta(hours=9) - timedelta(minutes=20 * n) for n in range(60)]
    read, _ = from_local(_naive(newest_first), _LONDON, Running())
    qualities = dict(zip(newest_first, read["ts_quality"], strict=True))
    assert qualities[_BACK + timedelta(minutes=20)] == "ambiguous-hour"
    assert qualities[_BACK - timedelta(minutes=20)] == "ambiguous-hour"


def test_a_file_with_its_newest_lines_first_settles_nothing_however_few_they_are() -> None:
    texts = [f"2026-10-25 {clock}" for clock in ("02:05:00", "01:59:00", "01:10:00", "01:55:00", "00:59:00")]
    qualities = ["assumed-zone", *["ambiguous-hour"] * 3, "assumed-zone"]
    assert _read([*texts])["ts_quality"].to_list() == qualities
    read, between = from_written(pl.Series(texts[:2]), _LONDON, None, Running())
    assert read["ts_quality"].to_list() == qualities[:2]
    rest, _ = from_written(pl.Series(texts[2:]), _LONDON, None, Running.from_text(between.to_text()))
    assert rest["ts_quality"].to_list() == qualities[2:]


def test_a_straggler_of_the_second_passage_unsettles_nothing() -> None:
    texts = [f"2026-10-25 {clock}" for clock in ("01:50:00", "01:05:00", "02:00:01", "01:59:59", "02:00:02")]
    read = _read([*texts])
    assert read["ts_quality"].to_list() == ["ambiguous-hour", *["assumed-zone"] * 4]
    assert read["ts"][3] == datetime.fromisoformat("2026-10-25T01:59:59+00:00")


def test_a_second_fall_unsettles_the_hour() -> None:
    texts = ["2025-10-26 01:55:00", "2025-10-26 01:05:00", "2025-10-26 01:50:00", "2025-10-26 01:04:00"]
    assert _read(list(texts))["ts_quality"].to_list() == [
        "ambiguous-hour", "assumed-zone", "ambiguous-hour", "ambiguous-hour",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "instant", "quality"),
    [
        ("2025-07-01T10:00:00Z", "2025-07-01T10:00:00+00:00", "exact"),
        ("2025-07-01T10:00:00.123456789+01:00", "2025-07-01T09:00:00.123456+00:00", "exact"),
        ("2025-07-01 10:00:00 -0530", "2025-07-01T15:30:00+00:00", "exact"),
        ("2025-10-26T01:30:00+00:00", "2025-10-26T01:30:00+00:00", "exact"),
        ("2025-07-01 10:00:00.5+01", "2025-07-01T09:00:00.500000+00:00", "exact"),
        ("2025-07-01 10:00:00 BST", "2025-07-01T09:00:00+00:00", "exact"),
        ("2025-10-26 01:30 (GMT)", "2025-10-26T01:30:00+00:00", "exact"),
        ("2025-10-26 1:30 am BST", "2025-10-26T00:30:00+00:00", "exact"),
        ("2025-07-01 10:00:00 GMT+0100 (British Summer Time)", "2025-07-01T09:00:00+00:00", "exact"),
        ("2025-07-01 10:00:00 UTC-3", "2025-07-01T13:00:00+00:00", "exact"),
        ("2025-07-01 10:00:00 UTC+05:30", "2025-07-01T04:30:00+00:00", "exact"),
        ("20250701T100000Z", "2025-07-01T10:00:00+00:00", "exact"),
        ("20250701100000", "2025-07-01T09:00:00+00:00", "assumed-zone"),
        ("2025-07-01 10:00", "2025-07-01T09:00:00+00:00", "assumed-zone"),
        ("2025/1/2 3:04:05,5", "2025-01-02T03:04:05.500000+00:00", "assumed-zone"),
        ("2025.01.02 12:00:00 am", "2025-01-02T00:00:00+00:00", "assumed-zone"),
        ("2025-01-02 12:00:00 PM", "2025-01-02T12:00:00+00:00", "assumed-zone"),
        ("1757318400", "2025-09-08T08:00:00+00:00", "exact"),
        ("1757318400.473", "2025-09-08T08:00:00.473000+00:00", "exact"),
        ("1757318400473", "2025-09-08T08:00:00.473000+00:00", "exact"),
        ("1757318400473123", "2025-09-08T08:00:00.473123+00:00", "exact"),
        (" 1757318400473123999 ", "2025-09-08T08:00:00.473123+00:00", "exact"),
    ],
)
def test_what_is_written_in_full_is_read(text: str, instant: str, quality: str) -> None:
    assert _one(text) == (datetime.fromisoformat(instant), quality, None)


@pytest.mark.parametrize(
    "text",
    [
        "", "-", "yesterday", "2025-02-29 10:00", "2025-13-01 10:00", "2025-01-01", "2025-01-01 24:00:00",
        "2025-01-01 10:60", "2025-01-01 10:00:60", "2025-01-01 13:00 PM", "2025-01-01 0:00 AM", "1899-12-31 10:00",
        "2500-01-01 10:00", "99999999999999999999", "-175731840", "05/02/25 10:00", "2025-01-01T10:00:00+1",
        "１757318400", "2025-01-01 10:00:00+25:00", "2025-01-01T10:00:00+01:60", "2025-01-01 10:00 CET",
        "2025-01-01 10:00 BST+1", "2025-01-01 10:00 bst", "20250101100", "20251301100000",
    ],
)  # fmt: skip
def test_what_is_no_time_is_refused_with_a_reason(text: str) -> None:
    assert _one(text, "dmy") == (None, None, "bad-time")
    assert _read([text], "dmy")["detail"][0]


def test_the_words_of_another_zone_are_those_of_that_zone() -> None:
    read, _ = from_written(
        pl.Series(["2025-07-01 10:00 CEST", "2025-07-01 10:00 BST"]), ZoneInfo("Europe/Berlin"), None, Running()
    )
    assert read["ts"].to_list() == [datetime(2025, 7, 1, 8, tzinfo=UTC), None]


@pytest.mark.parametrize(
    ("text", "words"),
    [("46279.3784", "how Excel counts days"), ("46279", "how Excel counts days"), ("14/09/26 09:05", "two digits"),
     ("14-Sep-26 09:05:01", "two digits")],
)  # fmt: skip
def test_what_is_often_met_and_is_no_time_is_told_in_its_own_words(text: str, words: str) -> None:
    assert words in _read([text], "dmy")["detail"][0]


def test_day_and_month_as_declared() -> None:
    assert _one("05/02/2025 1:05 PM", "dmy")[0] == datetime(2025, 2, 5, 13, 5, tzinfo=UTC)
    assert _one("05-02-2025 13:05:00", "mdy")[0] == datetime(2025, 5, 2, 12, 5, tzinfo=UTC)
    assert _one("25/02/2025 10:00", "mdy") == (None, None, "bad-time")
    assert _one("05/02/2025 10:00", "ymd") == (None, None, "bad-time")


def test_day_and_month_are_never_guessed() -> None:
    read = _read(["05/02/2025 10:00", "06/02/2025 10:00"])
    assert set(read["reason"]) == {"bad-time"}
    assert "the day 5 of month 2 or the day 2 of month 5" in read["detail"][0]
    assert 'date_order = "dmy" or "mdy"' in read["detail"][0]


def test_one_day_above_twelve_proves_the_order_of_all_that_follow() -> None:
    read, running = from_written(pl.Series(["05/02/2025 10:00", "25/02/2025 10:00"]), _LONDON, None, Running())
    assert read["ts"].to_list() == [datetime(2025, 2, day, 10, tzinfo=UTC) for day in (5, 25)]
    later = _read(["06/03/2025 10:00"], None, Running.from_text(running.to_text()))
    assert later["ts"].to_list() == [datetime(2025, 3, 6, 10, tzinfo=UTC)]


def test_a_file_that_contradicts_itself_proves_nothing() -> None:
    read = _read(["25/02/2025 10:00", "02/25/2025 10:00", "2025-02-25 10:00"])
    assert read["reason"].to_list() == ["bad-time", "bad-time", None]


@given(micros=st.integers(0, 4_102_444_799_999_999))
def test_every_length_of_epoch_is_cut_not_rounded(micros: int) -> None:
    micros += 1_000_000_000_000_000
    written = {10: micros // 1_000_000, 13: micros // 1_000, 16: micros, 19: micros * 1_000 + 999}
    texts = pl.DataFrame({"text": [str(number) for number in written.values()]})
    found = texts.select(from_epoch(pl.col("text")))["text"].cast(pl.Int64).to_list()
    assert found == [micros // 1_000_000 * 1_000_000, micros // 1_000 * 1_000, micros, micros]


@settings(max_examples=tries(40), deadline=None)
@given(texts=st.lists(st.none() | st.text(max_size=30) | st.from_regex(r"[0-9/:. TZ+APM-]{0,30}", fullmatch=True)))
def test_any_text_gives_an_instant_or_a_reason(texts: list[str | None]) -> None:
    read = _read(list(texts))
    assert read.schema == READ
    assert read.height == len(texts)
    assert (read["ts"].is_null() == read["reason"].is_not_null()).all()
    assert (read["ts"].is_null() == read["ts_quality"].is_null()).all()


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("2026-07-01T10:00", ["2026-07-01T09:00+00:00"]),
        ("2026-10-25T00:59", ["2026-10-24T23:59+00:00"]),
        ("2026-10-25T01:30", ["2026-10-25T00:30+00:00", "2026-10-25T01:30+00:00"]),
        ("2026-10-25T02:00", ["2026-10-25T02:00+00:00"]),
        ("2026-10-25T01:30+00:00", ["2026-10-25T01:30+00:00"]),
        ("2026-03-29T02:00", ["2026-03-29T01:00+00:00"]),
    ],
)
def test_one_time_that_a_person_writes_is_one_instant_or_two(written: str, found: list[str]) -> None:
    told = instants_of(datetime.fromisoformat(written), _LONDON)
    assert [each.isoformat(timespec="minutes") for each in told] == found


@pytest.mark.parametrize("written", ["2026-03-29T01:00", "2026-03-29T01:59"])
def test_one_time_that_was_left_out_is_no_instant(written: str) -> None:
    with pytest.raises(NoSuchHour, match="the clocks went forward over it"):
        instants_of(datetime.fromisoformat(written), _LONDON)
