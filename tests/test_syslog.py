"""The header of syslog comes off, and nothing of the record does."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.formats._header_stamp import header_stamp
from pipeline.formats._syslog import bare, without_header

_RECORD = (
    "1757318400.473     54 192.0.2.6 TCP_MISS/200 504 GET http://example.com/ dee HIER_DIRECT/198.51.100.1 text/html"
)
_HEADERS = [
    "<134>",
    "<134> ",
    "Mar 15 16:07:32 proxy ",
    "Mar  5 16:07:32 proxy squid[812]: ",
    "Mar 15 16:07:32 squid: ",
    "<30>Mar 15 16:07:32 proxy.example.org squid-1: ",
    "<30>Mar 15 2026 16:07:32 proxy squid: ",
    "<30>2026-03-15T16:07:32.003+00:00 proxy squid[7]: ",
    "2026-03-15T16:07:32Z proxy squid[7]: ",
    "<134>1 2026-03-15T16:07:32.003Z proxy squid 7 - - ",
    '<134>1 2026-03-15T16:07:32Z proxy squid - ID47 [meta@32473 a="b\\"]c" d="e"][x y="z"] \ufeff',
    "178 <134>Mar 15 16:07:32 proxy squid: ",
    "178 <134>1 - proxy squid - - - ",
]
_UNTOUCHED = [
    _RECORD,
    "2026-03-15T16:07:32Z allowed http://example.com/ by rule 7",
    'date=2026-03-15 time=16:07:32 type="utm"',
    "Marks and Spencer 16:07:32",
    "",
]


@pytest.mark.parametrize("header", _HEADERS)
@pytest.mark.parametrize(
    "record", [_RECORD, 'date=2026-03-15 time=16:07:32 msg="a b: c"', "1,2026/03/15 16:07:32,0001"]
)
def test_header_comes_off(header: str, record: str) -> None:
    table = without_header(pl.DataFrame({"text": [header + record]}))
    assert table["text"].to_list() == [record]
    assert bare([header + record]) == [record]


@pytest.mark.parametrize("line", _UNTOUCHED)
def test_line_without_a_header_stays(line: str) -> None:
    assert without_header(pl.DataFrame({"text": [line, "<1>x"]}))["text"][0] == line
    assert bare([line]) == [line]


@given(st.lists(st.text(alphabet='<>1345 :[]TZ-.,="AMarjun/', max_size=60)))
def test_both_ways_agree_and_only_the_beginning_is_taken(lines: list[str]) -> None:
    table = without_header(pl.DataFrame({"text": lines}, schema={"text": pl.String}))
    assert table["text"].to_list() == bare(lines)
    assert all(line.endswith(rest) for line, rest in zip(lines, bare(lines), strict=True))


@pytest.mark.parametrize(
    ("header", "stamp"),
    [
        ("<159>Jun 19 10:48:57 GMT 10.40.0.9 ", "Jun 19 10:48:57 GMT"),
        ("Jun  9 10:48:57 UTC 2001:db8::9 ", "Jun  9 10:48:57 UTC"),
        ("<159>Jun 19 10:48:57 BST 10.40.0.9 ", "Jun 19 10:48:57"),
        ("<159>Jun 19 10:48:57 GMT Daylight Time 10.40.0.9 ", "Jun 19 10:48:57"),
        ("<159>Jun 19 10:48:57 10.40.0.9 ", "Jun 19 10:48:57"),
        ("<159>Jun 19 10:48:57 utc1 10.40.0.9 ", "Jun 19 10:48:57"),
    ],
)
def test_stamp_of_a_header_has_its_zone_where_that_is_sure(header: str, stamp: str) -> None:
    table = pl.DataFrame({"text": [header + "vendor=Forcepoint product=Security action=permitted"]})
    assert table.select(header_stamp(pl.col("text"))).item() == stamp
