"""e2guardian 5.6 writes each layout from a file: in layout 2 numbers stand without quotes, and a header may come."""

from __future__ import annotations

import time

import polars as pl
import pytest

from pipeline.formats import LINES, Declared, Parsed, registry

_FIRST = '"2026.09.28 10:15:02","dee","10.2.3.4"'
_URL = "http://www.example.org/a"


def _parsed(name: str, *texts: str) -> Parsed:
    lines = pl.DataFrame({"line": range(1, len(texts) + 1), "text": texts}, schema=LINES)
    parsed = registry()[name].parse(lines, Declared(), "")
    assert parsed.events.height + parsed.rejects.height + parsed.skips.height == len(texts)
    return parsed


def _line(numbers: str, more: str, url: str = _URL, agent: str = "") -> str:
    behind = f'"text/html","","Year 7","{agent}","","","",""'
    return f'{_FIRST},"{url}","*DENIED* Banned site: example.org","GET",{numbers},"Games",{more},{behind}'


def test_numbers_without_quotes_are_read_like_those_in_quotes() -> None:
    bare, quoted = _line("512,-5", "2,403"), _line('"512","-5"', '"2","403"')
    events = _parsed("e2guardian2", bare, quoted).events
    assert registry()["e2guardian2"].claims([bare])
    assert events.drop("line").row(0) == events.drop("line").row(1)
    assert events.select("user_raw", "url", "verdict", "status", "bytes", "vendor_category").rows()[0] == (
        "dee", _URL, "blocked", 403, 512, "Games",
    )  # fmt: skip


def test_what_a_client_writes_between_quotes_is_no_number_of_the_log() -> None:
    in_url = f'{_URL}?",0,0,"'
    in_agent = 'x",1,200,"y'
    assert _parsed("e2guardian2", _line("512,-5", "2,403", url=in_url)).events.is_empty()
    assert _parsed("e2guardian2", _line("512,-5", "2,403", agent=in_agent)).events.is_empty()
    events = _parsed("e2guardian2", _line('"512","-5"', '"2","403"', url=in_url)).events
    assert events.select("url", "status").rows() == [(in_url, 403)]


@pytest.mark.parametrize(("name", "sign"), [("e2guardian1", " "), ("e2guardian2", '","'), ("e2guardian4", "\t")])
def test_a_header_is_passed_over(name: str, sign: str) -> None:
    names = ("EndLtime", "User", "ClientIP", "Url", "WhatCombi", "ReqType", "BodySize", "Naughtiness", "Category")
    header = sign.join(names)
    parsed = _parsed(name, f'"{header}"' if name == "e2guardian2" else header)
    assert parsed.skips["reason"].to_list() == ["header"]


@pytest.mark.parametrize(("name", "sign"), [("e2guardian1", " "), ("e2guardian2", '","'), ("e2guardian4", "\t")])
def test_whose_log_it_is_takes_no_time_however_many_columns_a_line_has(name: str, sign: str) -> None:
    line = sign.join(["2026.09.28 10:15:02", "dee", "10.2.3.4", _URL, *["x"] * 2000])
    begun = time.perf_counter()
    assert not registry()[name].claims([f'"{line}"' if name == "e2guardian2" else line])
    assert time.perf_counter() - begun < 1
