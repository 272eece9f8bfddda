"""The usual stamps are read the same, many at once or as they are written."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.formats import Declared
from pipeline.formats._instants import timed
from pipeline.times import writtentime
from pipeline.times.localtime import READ, Running
from pipeline.times.writtentime import from_written
from tests.effort import tries

_two = st.integers(0, 99).map(lambda number: f"{number:02}")
_offset = st.sampled_from(["", "Z", "+0000", "-0000", "+01:00", "-0930", " UTC", "z", "+1"]) | st.builds(
    "{}{}:{}".format, st.sampled_from("+-"), _two, _two
)
_stamp = st.builds(
    "{}-{}-{}{}{}:{}:{}{}{}".format,
    st.sampled_from(["2026", "2024", "1970", "1969", "2199", "2200", "0001"]),
    st.integers(0, 13).map(lambda month: f"{month:02}"),
    st.integers(0, 32).map(lambda day: f"{day:02}"),
    st.sampled_from(["T", " ", ""]),
    st.integers(0, 25).map(lambda hour: f"{hour:02}"),
    st.integers(0, 61).map(lambda minute: f"{minute:02}"),
    st.integers(0, 61).map(lambda second: f"{second:02}"),
    st.sampled_from(["", ".0", ".999999", ".123456789", ",5", "."]) | st.integers(0, 10**7).map(".{}".format),
    _offset,
)

_other = st.sampled_from(["1757318701", "1757318701.5", "1757318701.123456", "-", "", "12/03/2026 10:00", "1e9", "x"])


@settings(max_examples=tries(40), deadline=None)
@given(texts=st.lists(_stamp | _other | st.none(), max_size=8))
def test_quick_and_slow_reading_agree(texts: list[str | None]) -> None:
    records = pl.DataFrame({"when": texts}, schema={"when": pl.String})
    quick, after = timed(records, "when", Declared(), Running())
    slow, slowly = from_written(records["when"], ZoneInfo("Europe/London"), None, Running())
    assert quick.drop("when").select(READ.names()).equals(slow)
    assert after == slowly


@settings(max_examples=tries(200), deadline=None)
@given(texts=st.lists(_stamp | _other | st.none(), max_size=8))
def test_usual_stamps_are_read_as_any_other_would_be(texts: list[str | None]) -> None:
    written = pl.Series(texts, dtype=pl.String)
    usual = from_written(written, ZoneInfo("Europe/London"), None, Running())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writtentime, "_ISO", "^there is none$")
        one_way = from_written(written, ZoneInfo("Europe/London"), None, Running())
    assert usual[0].equals(one_way[0])
    assert usual[1] == one_way[1]
