"""Any `logformat` line: what its codes mean, that a line is cut in the only way or not at all, and what errors say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from click.testing import CliRunner
from hypothesis import example, given, settings
from hypothesis import strategies as st

import cli
from pipeline.config import load_settings
from pipeline.errors import ConfigError
from pipeline.formats import LINES, Declared, Parsed, registry
from pipeline.formats._logformat import Code, pieces_of
from pipeline.formats._logformat_lines import cut, layout_of
from pipeline.formats.squid_custom import layout_named
from pipeline.sources import find
from tests.effort import tries

_ZONE = ZoneInfo("Europe/London")


def _table(*texts: str) -> pl.DataFrame:
    return pl.DataFrame({"line": range(1, len(texts) + 1), "text": texts}, schema=LINES)


def _parse(layout: str, *texts: str) -> Parsed:
    parsed = registry()["squid_custom"].parse(_table(*texts), Declared(_ZONE, layout=layout), "")
    assert parsed.events.height + parsed.rejects.height + parsed.skips.height == len(texts)
    return parsed


def _event(layout: str, text: str) -> dict[str, Any]:
    (row,) = _parse(layout, text).events.iter_rows(named=True)
    return {name: value for name, value in row.items() if value is not None}


# ---------------------------------------------------------------- codes


def test_a_line_is_taken_apart_as_squid_does_it() -> None:
    pieces = pieces_of(
        r"""logformat x %ts.%03tu "%{User-Agent}>h" [%tl] %-20.30un|%>h{Host}{x}%% %ssl::>sni %#ru%newcode"""
    )
    codes = [piece for piece in pieces if isinstance(piece, Code)]
    assert [(code.name, code.encoding, code.argument) for code in codes] == [
        ("ts", "", ""), ("tu", "", ""), (">h", '"', "User-Agent"), ("tl", "[", ""), ("un", "", ""), (">h", "", "Host"),
        ("ssl::>sni", "", ""), ("ru", "#", ""), ("newcode", "", ""),
    ]  # fmt: skip
    assert [piece for piece in pieces if isinstance(piece, str)] == [".", ' "', '" [', "] ", "|", "{x}% ", " "]
    assert (codes[1].zero, codes[1].least) == (True, 3)
    assert (codes[4].left, codes[4].least, codes[4].most) == (True, 20, 30)


@pytest.mark.parametrize(
    ("layout", "what"),
    [
        ("%ts %ru %", "at character 9 of the logformat '%' is no code that Squid could know."),
        ("logformat x %ts %{User-Agent>h %ru", "at character 17 of the logformat '%{User-Agent>h %ru' has a brace"),
        ("%>a %ru", "the logformat logs no time."),
        ("%ts %>a", "the logformat logs neither a URL nor a host."),
        ("%{%H:%M}tl %ru", "does not give the year and month and day"),
        ("%{%Y-%m-%d %I:%M}tl %ru", "has %I without %p"),
        ("%{%Y-%m-%d %H:%M %q}tl %ru", "has %q, which cannot be read back"),
        ("", "there is no logformat line."),
    ],
)
def test_a_line_that_cannot_be_used_says_why_and_where(layout: str, what: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(what)):
        layout_named(layout)
    parsed = _parse(layout, "1757318400.473 http://h.example/")
    assert what in parsed.rejects["detail"][0]


@pytest.mark.parametrize(
    ("layout", "text", "ts", "quality"),
    [
        ("%ts.%03tu %ru", "1757318400.073 u", "2025-09-08T08:00:00.073000", "exact"),
        # Without zeros 5 is five thousandths and no half.
        ("%ts.%tu %ru", "1757318400.5 u", "2025-09-08T08:00:00.005000", "exact"),
        ("%ts%03tu %ru", "1757318400473 u", "2025-09-08T08:00:00.473000", "exact"),
        ("%ts %tS %ru", "1757318400 1757318399.100 u", "2025-09-08T08:00:00.000000", "exact"),
        ("%tS %ru", "1757318399.100 u", "2025-09-08T07:59:59.100000", "exact"),
        ("[%tl] %ru", "[08/Sep/2025:09:00:00 +0100] u", "2025-09-08T08:00:00.000000", "exact"),
        ("%tg %ru", "08/Sep/2025:09:00:00 u", "2025-09-08T09:00:00.000000", "exact"),
        ("%tg %ru", "08/Sep/2025:09:00:00 +0000 u", "2025-09-08T09:00:00.000000", "exact"),
        ("%{%Y-%m-%d %H:%M:%S}tl.%03tu %ru", "2025-09-08 09:00:00.250 u", "2025-09-08T08:00:00.250000", "assumed-zone"),
        ("%tl{%FT%T%z} %ru", "2025-09-08T09:00:00+0200 u", "2025-09-08T07:00:00.000000", "exact"),
        ("%{%d.%m.%y %R}tg %ru", "08.09.25 09:00 u", "2025-09-08T09:00:00.000000", "exact"),
        ("%{%c}tl %ru", "Mon Sep  8 09:00:00 2025 u", "2025-09-08T08:00:00.000000", "assumed-zone"),
        ("%{%A, %d %B %Y %r}tl %ru", "Monday, 08 September 2025 09:00:00 PM u", "2025-09-08T20:00:00.000000",
         "assumed-zone"),
        ("%{%s}tl %ru", "1757318400 u", "2025-09-08T08:00:00.000000", "exact"),
        ("%{%Y-%m-%d %H:%M:%S}tl %ru", "2025-10-26 01:30:00 u", "2025-10-26T00:30:00.000000", "ambiguous-hour"),
        # One time, written by more codes than one.
        ("%{%d.%m.%Y}tl %{%H:%M:%S}tl %ru", "08.09.2025 09:00:00 u", "2025-09-08T08:00:00.000000", "assumed-zone"),
        ("%{%H:%M}tl %ru %{%F}tl", "09:00 u 2025-09-08", "2025-09-08T08:00:00.000000", "assumed-zone"),
        ("[%{%d/%b/%Y:%T}tl.%03tu %{%z}tl] %ru", "[08/Sep/2025:09:00:00.250 +0200] u", "2025-09-08T07:00:00.250000",
         "exact"),
        ("%{%F}tg %{%T}tg %{%F %T}tg %ru", "2025-09-08 09:00:00 2025-09-09 10:00:00 u", "2025-09-09T10:00:00.000000",
         "exact"),
    ],
)  # fmt: skip
def test_times(layout: str, text: str, ts: str, quality: str) -> None:
    event = _event(layout, text)
    assert (event["ts"].strftime("%Y-%m-%dT%H:%M:%S.%f"), event["ts_quality"], event["url"]) == (ts, quality, "u")


def test_times_that_there_are_not() -> None:
    layout = "%{%Y-%m-%d %H:%M:%S}tl %ru"
    parsed = _parse(layout, "2025-03-30 01:30:00 u", "2025-02-30 01:30:00 u", "2025-3-30 01:30:00 u")
    assert parsed.rejects["reason"].to_list() == ["no-such-hour", "bad-time", "not-this-format"]


@pytest.mark.parametrize(
    ("layout", "text", "wanted"),
    [
        ("%ts %un %ru", "1757318400 - u", {}),
        ('%ts "%un" %ru', r'1757318400 "SCHOOL\\a \"b\"" u', {"user_raw": r'SCHOOL\a "b"'}),
        ("%ts %[un %ru", r"1757318400 SCHOOL\\zo%c3%ab%2541 u", {"user_raw": "SCHOOL\\zoë%41"}),
        ("%ts %[un %ru", r"1757318400 SCHOOL\ted u", {"user_raw": r"SCHOOL\ted"}),
        ("%ts %#un %ru", "1757318400 SCHOOL%5Czo%C3%AB%20x u", {"user_raw": "SCHOOL\\zoë x"}),
        ("%ts %/un %ru", r'1757318400 "ann \"a\" smith" u', {"user_raw": 'ann "a" smith'}),
        ("%ts %[un %ru", "1757318400 caf%e9 u", {"user_raw": "caf%e9"}),
        # What a width has cut off may be somebody else's name.
        ("%ts %.6un %ru", "1757318400 asmith u", {}),
        ("%ts %.6un %ru", "1757318400 efox u", {"user_raw": "efox"}),
        ("%ts %ul %ui %ru", "1757318400 - by-ident u", {"user_raw": "by-ident"}),
        ("%ts %-8un|%ru", "1757318400 efox    |u", {"user_raw": "efox"}),
        ("%ts %12>a %ru", "1757318400     10.2.3.4 u", {"client_ip": "10.2.3.4"}),
        ("%ts %>A %ru", "1757318400 pc-1.example.org u", {"device": "pc-1.example.org"}),
        ("%ts %>A %ru", "1757318400 10.2.3.4 u", {"client_ip": "10.2.3.4"}),
        ("%ts %<st %6tr %ru", "1757318400 100     54 u", {"bytes": 100, "duration_ms": 54}),
        ("%ts %mt %ru", "1757318400 image/png u", {"content_type": "image/png", "kind": "background"}),
        ("%ts %{Content-Type}<h %ru", "1757318400 image/png u", {"content_type": "image/png", "kind": "background"}),
        ("%ts %>Hs %<Hs %ru", "1757318400 403 200 u", {"status": 403}),
        ("%ts %>Hs %ru", "1757318400 407 u", {"status": 407, "verdict": "challenge"}),
        ("%ts %Ss %ru", "1757318400 TCP_DENIED u", {"verdict": "blocked"}),
        ("%ts %Ss %ru", "1757318400 TCP_HIT u", {"verdict": "allowed"}),
        ("%ts %Ss %err_code %ru", "1757318400 TCP_MISS ERR_READ_TIMEOUT u", {"verdict": "error"}),
        ("%ts %err_code %ru", "1757318400 ERR_ACCESS_DENIED u", {"verdict": "blocked"}),
        ("%ts %newcode %ru", "1757318400 x u", {}),
        ("%ts %transport::>connection_id %ru", "1757318400 77 u", {}),
        ("%ts %http::rm %ru", "1757318400 GET u", {"method": "GET"}),
        # Only a CONNECT has no scheme.
        ("%ts %ru", "1757318400 h.example:443", {"url": "h.example:443", "kind": "host-only"}),
        ("%ts %ru", "1757318400 http://h.example:443/", {"url": "http://h.example:443/"}),
        ("%ts %ru", "1757318400 http://h/a b", {"url": "http://h/a b"}),
    ],
)  # fmt: skip
def test_what_a_code_gives(layout: str, text: str, wanted: dict[str, Any]) -> None:
    given_by_all = {"url": "u", "verdict": "unknown", "kind": "page"}
    found = {name: value for name, value in _event(layout, text).items() if name not in {"line", "ts", "ts_quality"}}
    assert found == given_by_all | wanted


def test_a_denial_without_a_status_may_have_asked_for_a_login() -> None:
    assert _event("%ts %Ss %un %ru", "1757318400 TCP_DENIED headteacher u")["verdict"] == "unknown"
    assert _event("%ts %Ss %err_code %un %ru", "1757318400 TCP_DENIED ERR_ACCESS_DENIED a u")["verdict"] == "blocked"


def test_what_the_client_sent_goes_before_what_came_of_it() -> None:
    assert _event("%ts %ru %>ru", "1757318400 http://h/blocked http://h/asked?q=x")["url"] == "http://h/asked?q=x"
    assert _event("%ts %>rs %>rd %>rP %>rp", "1757318400 http h.example 80 /a?b")["url"] == "http://h.example/a?b"
    assert _event("%ts %>rs %>rd %>rP %>rp", "1757318400 http h.example 81 /a?b")["url"] == "http://h.example:81/a?b"
    named = _event("%ts %ssl::>sni %ru", "1757318400 h.example 192.0.2.1:443")
    assert (named["host"], named["kind"], "url" in named) == ("h.example", "host-only", False)
    parts = _event("%ts %rm %>rd", "1757318400 CONNECT h.example")
    assert (parts["host"], parts["kind"], "url" in parts) == ("h.example", "host-only", False)


def test_a_record_that_squid_cut_off_is_refused() -> None:
    line = f"1757318400.473 http://h.example/{'y' * 9000}"[:8191]
    assert _parse("%ts.%03tu %ru", line).rejects["reason"].to_list() == ["too-long"]


@pytest.mark.parametrize("name", ["squid", "referrer"])
def test_a_layout_that_squid_knows_by_itself_needs_only_its_name(name: str) -> None:
    line = {
        "squid": "1757318400.473     54 10.2.3.4 TCP_MISS/200 5 GET http://h.example/ efox HIER_DIRECT/192.0.2.1 -",
        "referrer": "1757318400.473 10.2.3.4 http://r.example/ http://h.example/",
    }[name]
    assert _event(name, line)["url"] == "http://h.example/"


# ---------------------------------------------------------------- one way to cut a line, or none

_LAYOUTS = (
    "%ts %ru %un %mt",
    "%ts %un,%ru",
    '%ts "%\'ru" "%\'{Referer}>h" %un',
    "%ts [%un] %ru %Ss",
    "%ts %5un %ru",
    "%ts %un%ru",
)
_PIECES = st.sampled_from([" ", '"', ",", "-", "a", "TCP_HIT", "[", "]", "  ", '" "', "b c", "é", "\\", "] "])


def _ways(pieces: tuple[str | Code, ...], text: str) -> Iterator[tuple[str, ...]]:
    """Every way to cut a line, tried out one by one."""
    if not pieces:
        if not text:
            yield ()
        return
    first, rest = pieces[0], pieces[1:]
    if isinstance(first, str):
        if text.startswith(first):
            yield from _ways(rest, text.removeprefix(first))
        return
    patterns = {"ts": "[0-9]{10}", "Ss": "[-A-Z0-9_]+", "un": r"[^\[\]]+" if first.encoding == "[" else ".+"}
    blanks = range(first.least or 1)
    for length, before in product(range(1, len(text) + 1), blanks):
        value = text[before : before + length]
        solid = value == value.strip(" ") and len(value) == length and text[:before].strip(" ") == ""
        if solid and re.fullmatch(patterns.get(first.name, ".+"), value):
            for others in _ways(rest, text[before + length :]):
                yield (value, *others)


@settings(max_examples=tries(100), deadline=None)
@given(layout=st.sampled_from(_LAYOUTS), tail=st.lists(_PIECES, min_size=1, max_size=9).map("".join))
@example(layout=_LAYOUTS[0], tail="a b c -")
@example(layout=_LAYOUTS[1], tail="a,b,c")
@example(layout=_LAYOUTS[1], tail="a,b")
@example(layout=_LAYOUTS[2], tail='"a" "b" c')
@example(layout=_LAYOUTS[4], tail="    a b")
def test_a_line_is_read_if_and_only_if_there_is_one_way_to_cut_it(layout: str, tail: str) -> None:
    pieces = pieces_of(layout)
    text = f"1757318400{tail if layout.startswith('%ts,') else ' ' + tail}"
    ways = set(_ways(pieces, text))
    codes = [piece for piece in pieces if isinstance(piece, Code)]
    values, rejects = cut(_table(text), layout_of(pieces, codes))
    found = [row[2:] for row in values.iter_rows()]
    assert found == (list(ways) if len(ways) == 1 else [])
    assert rejects.height == 1 - len(found)


# ---------------------------------------------------------------- where it is declared


def _school(folder: Path, source: str) -> Path:
    (folder / "logs").mkdir(exist_ok=True)
    (folder / "logs" / "access.log").write_text("1757318400.473 http://h.example/\n", encoding="utf-8")
    config = folder / "school.toml"
    head = '[school]\nname = "x"\n\n[[source]]\nname = "filter"\nfiles = ["logs"]\n'
    config.write_text(head + source, encoding="utf-8")
    return config


def test_school_toml_declares_the_line(tmp_path: Path) -> None:
    config = _school(tmp_path, "format = \"squid_custom\"\nlogformat = 'logformat x %ts.%03tu %ru'\n")
    (file,), issues = find(load_settings(config), config)
    assert (file.declared.layout, issues) == ("logformat x %ts.%03tu %ru", [])


@pytest.mark.parametrize(
    ("source", "line", "what"),
    [
        ("format = \"squid_custom\"\nlogformat = '%ts %ru %'\n", 8, "at character 9 of the logformat '%' is no code"),
        ('format = "squid_custom"\n', 4, "needs the line of squid.conf"),
        ("format = \"squid\"\nlogformat = '%ts %ru'\n", 4, 'write format = "squid_custom" as well'),
    ],
)
def test_school_toml_with_a_wrong_line_is_refused_with_its_place(
    tmp_path: Path, source: str, line: int, what: str
) -> None:
    config = _school(tmp_path, source)
    with pytest.raises(ConfigError, match=re.escape(what)) as failure:
        find(load_settings(config), config)
    assert failure.value.line == line


def test_the_command_line_takes_the_line(tmp_path: Path) -> None:
    log = _school(tmp_path, "").parent / "logs" / "access.log"
    done = CliRunner().invoke(cli.main, ["parse", str(log), "--logformat", "%ts.%03tu %ru", "--output", "-"])
    assert (done.exit_code, '"url": "http://h.example/"' in done.output) == (0, True)
    wrong = CliRunner().invoke(cli.main, ["parse", str(log), "--logformat", "%ru"])
    assert (wrong.exit_code, "logs no time" in wrong.output) == (1, True)
    unfit = CliRunner().invoke(cli.main, ["parse", str(log), "--logformat", "%ts %ru", "--format", "squid"])
    assert (unfit.exit_code, "is for the formats squid_custom and w3c" in unfit.output) == (1, True)
    none = CliRunner().invoke(cli.main, ["parse", str(log), "--format", "squid_custom"])
    assert (none.exit_code, "there is no logformat line" in none.output) == (1, True)


def test_the_layout_that_splunk_recommends_is_read_by_its_line() -> None:
    layout = (
        "logformat splunk_recommended_squid %ts.%03tu logformat=splunk_recommended_squid duration=%tr src_ip=%>a "
        'src_port=%>p dest_ip=%<a dest_port=%<p user_ident="%[ui" user="%[un" local_time=[%tl] http_method=%rm '
        'request_method_from_client=%<rm request_method_to_server=%>rm url="%ru" http_referrer="%{Referer}>h" '
        'http_user_agent="%{User-Agent}>h" status=%>Hs vendor_action=%Ss dest_status=%Sh '
        'total_time_milliseconds=%<tt http_content_type="%mt" bytes=%st bytes_in=%>st bytes_out=%<st'
    )
    line = (
        "1790586902.865 logformat=splunk_recommended_squid duration=74 src_ip=10.2.3.4 src_port=61745 "
        'dest_ip=192.0.2.9 dest_port=80 user_ident="-" user="dee" local_time=[28/Sep/2026:10:15:02 +0100] '
        "http_method=GET request_method_from_client=GET request_method_to_server=GET "
        'url="http://www.example.org/a?b=c" http_referrer="-" http_user_agent="Agent/1.0 (x)" status=403 '
        "vendor_action=TCP_DENIED dest_status=HIER_NONE total_time_milliseconds=- "
        'http_content_type="text/html" bytes=1172 bytes_in=270 bytes_out=902'
    )
    for text in (line, f"Sep 28 10:15:02 proxy squid: {line}"):
        table = pl.DataFrame({"line": [1], "text": [text]}, schema=LINES)
        event = registry()["squid_custom"].parse(table, Declared(layout=layout), "").events.row(0, named=True)
        assert (event["user_raw"], event["client_ip"], event["bytes"]) == ("dee", "10.2.3.4", 902)
        assert (event["url"], event["verdict"]) == ("http://www.example.org/a?b=c", "blocked")
