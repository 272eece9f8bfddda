"""Pairs of which it matters who wrote them: both readings agree, and nobody else's name gets onto a line."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pipeline.formats import LINES, Declared, Parsed, registry
from pipeline.formats._keyed import Keyed, followed, number, of_any_shape, read
from pipeline.formats._shapes import shaped
from tests.effort import tries

_SAMPLES = Path(__file__).parent.parent / "sample_logs"
_QUOTED = Keyed(keys=("user", "act", "url", "size"), client=("url",), ahead=("user", "act"))
_KEPT = Keyed(keys=("user", "act", "url", "size"), client=("url",), ahead=("user", "act"), escapes="kept")
_BARE = Keyed(
    keys=("user", "act", "arg", "size"), client=("arg",), ahead=("user", "act"), bare=("arg",), others=("code",),
    escapes="none",
)  # fmt: skip
_FRAMED = Keyed(
    keys=("user", "act", "url", "size"), client=("url",), ahead=("user", "act"),
    before=r'[^"=]*(?:id="[^"]*"[^"=]*)?', after=r'(?:(?: |#011)+\([^"]*\))? *', opening="id", ending=r" \([a-z ]*\)",
)  # fmt: skip


def _block(*texts: str) -> pl.DataFrame:
    return pl.DataFrame({"line": range(1, len(texts) + 1), "text": texts}, schema=LINES)


def _one(text: str, keyed: Keyed) -> dict[str, str]:
    table = read(pl.DataFrame({"line": [1], "text": [text]}, schema=LINES), keyed).drop("line")
    return {name: value for name, value in table.row(0, named=True).items() if value is not None}


_words = st.text(alphabet="ab =\"'\\/\t", max_size=6)
_pair = st.tuples(
    st.sampled_from(["user", "act", "url", "arg", "size", "code", "x"]), st.sampled_from(["{}", '"{}"', "'{}'"]), _words
)


@pytest.mark.parametrize("keyed", [_QUOTED, _KEPT, _BARE], ids=["quoted", "kept", "bare"])
@settings(max_examples=tries(50), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(pairs=st.lists(_pair, max_size=6))
@example(pairs=[("user", "{}", "\\\\")])
def test_the_quick_and_the_careful_reading_agree(keyed: Keyed, pairs: list[tuple[str, str, str]]) -> None:
    text = " ".join(f"{key}={quotes.format(word)}" for key, quotes, word in pairs)
    careful = followed(f" {text}", keyed)
    assert _one(text, keyed) == (
        {key: careful[key] for key in ("reason", "detail")} if "reason" in careful else careful
    )


# ---------------------------------------------------------------- lines of one shape

_fronts = st.sampled_from(
    ["", " ", "<30>", "<30> ", "<30", "<30>Sep  8 09:00:00 fw: ", "a>", "<134>1 - h a p i - ", " <134>1 - h a p i - ",
     "83 <134>1 - h a p - ", '<1>x id="a b" w ', '<1>x id="a user=b" w ', '<1>x id="1"w ']
)  # fmt: skip
_kinds = st.lists(
    st.tuples(st.sampled_from(["user", "act", "url", "arg", "size", "code", "x"]), st.sampled_from(["{}", '"{}"'])),
    min_size=1, max_size=6,
)  # fmt: skip
_said = st.text(alphabet="ab/.", max_size=4) | st.sampled_from(
    ["a b", "a  b", 'a"b', 'a"b"', 'a="b"', 'a\\"b', "a\\", "a\\\\", "\\\\a", "S\\a", "'a b'", "'", " user=b",
     "a user=b", 'a" user="b', "a,user=b", "a url=b", "a\tb", "a\x00b", "a\rb", "\u00e9", "a=b", "a b=c",
     "a code=1", "(a)", "a (b)", "#011(a)"]
)  # fmt: skip
_ends = st.sampled_from(["", "", " ", "  ", "\r", " (a policy)", "  (a b", " (user=a)", "#011(a)"])


@pytest.mark.parametrize("keyed", [_QUOTED, _KEPT, _BARE, _FRAMED], ids=["quoted", "kept", "bare", "framed"])
@settings(max_examples=tries(400), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), front=_fronts, kinds=_kinds, end=_ends)
def test_lines_of_one_shape_are_read_as_lines_of_any(
    keyed: Keyed, data: st.DataObject, front: str, kinds: list[tuple[str, str]], end: str
) -> None:
    words = data.draw(st.lists(st.lists(_said, min_size=len(kinds), max_size=len(kinds)), min_size=1, max_size=6))
    gap = data.draw(st.sampled_from([" ", " ", "  "]))
    pairs = (
        [f"{key}={quotes.format(word)}" for (key, quotes), word in zip(kinds, each, strict=True)] for each in words
    )
    lines = _block(*(front + gap.join(each) + end for each in pairs))
    assert read(lines, keyed).to_dicts() == of_any_shape(lines, keyed).sort("line").to_dicts()


_ORDINARY = 'user="dee" act=pass url="/{}" size=1'


@pytest.mark.parametrize(
    ("text", "keyed"),
    [
        ('<30>Sep  8 09:00:00 fw user="dee" act="a b" url="/?q=1" size=', _QUOTED),
        ('<30>user="S\\dee" branch=Upper School act="" url="/a\\"b user=x" size=1  ', _QUOTED),
        ('<30> user="S\\\\dee" act=pass', _KEPT),
        ("<30> id=fw app='General Use' user=dee arg=/it's size=1", _BARE),
        ('user=dee arg=/say"hi" code=9', _BARE),
        ('user=dee arg=/a b=c "d" code=9 x=1', _BARE),
        ('user="d\u00e9e" act="pass" url="/\t"', _QUOTED),
        ('user="d e" act=pass user="d e" url="/" size=1 size=1', _QUOTED),
        ("<30> id=fw act=a b user=dee arg=/x size=1 act=a b", _BARE),
        ('<30>Sep  8 x: id="7-1" Allow 1 tcp user="dee" url="/" (a policy)', _FRAMED),
    ],
)
def test_a_usual_line_is_read_by_its_shape(text: str, keyed: Keyed) -> None:
    done, left = shaped(_block(text), keyed.manner)
    assert left.is_empty()
    assert done["user"].to_list() == [followed(f" {text}", keyed)["user"]]


@pytest.mark.parametrize(
    "text",
    ['user="dee" act=pass user="bob" url="/" size=1', 'user="dee" url="/" act=pass size=1', "user=d\u00e9e act=pass",
     'user="dee" act=pass url="/" x="', '83 <134>1 - h a p i - user="dee"', "user=dee act=a\\\\b"],
)  # fmt: skip
def test_a_line_with_a_doubt_is_left(text: str) -> None:
    done, left = shaped(_block(*[text] * 9, _ORDINARY), _QUOTED.manner)
    assert done["line"].to_list() == [10]
    assert left["text"].to_list() == [text] * 9


@pytest.mark.parametrize("first", ["x=1", "x=d\u00e9e", "x=a\\\\b", "x="])
def test_what_the_first_line_says_bare_is_no_measure_of_the_others(first: str) -> None:
    said = [first, first, "x=1", "x=22", "x=d\u00e9e", "x=a\\\\b", "x=", "x=1"]
    lines = _block(*(f'user="dee" {pair} act="pass" url="/" size="{at}"' for at, pair in enumerate(said)))
    done, left = shaped(lines, _QUOTED.manner)
    usual = [pair in ("x=1", "x=22", "x=") for pair in said]
    assert done["line"].sort().to_list() == lines.filter(pl.Series(usual))["line"].to_list()
    assert left["line"].sort().to_list() == lines.filter(~pl.Series(usual))["line"].to_list()


def test_a_hostile_first_line_lends_no_other_its_shape() -> None:
    forged = 'user="dee" act=block url="/" user="victim" x=1'
    rows = read(_block(forged, _ORDINARY, forged), _QUOTED).to_dicts()
    assert [row["user"] for row in rows] == [None, "dee", None]
    assert [row["reason"] for row in rows] == ["bad-field", None, "bad-field"]


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ('user="S\\dee" act=pass url="/?user=x act=y"', {"user": "S\\dee", "act": "pass", "url": "/?user=x act=y"}),
        ('user="S\\\\dee" url="/a\\"b"', {"user": "S\\dee", "url": '/a"b'}),
        ('branch=Upper School user=dee url="/"', {"user": "dee", "url": "/"}),
        ("user= act=pass", {"user": "", "act": "pass"}),
        ("", {}),
    ],
)
def test_values_are_read_to_their_end(text: str, cells: dict[str, str]) -> None:
    assert _one(text, _QUOTED) == cells


@pytest.mark.parametrize(
    ("text", "arg"),
    [
        ("user=dee arg=/a b=c d code=9 size=1", "/a b=c d"),
        ("user=dee arg=/a b", "/a b"),
        ('user=dee arg=/say"hi" code=9', '/say"hi"'),
        ("user=dee arg= code=9", ""),
        ("user=dee arg=/x\\\\y code=9", "/x\\\\y"),
    ],
)
def test_a_bare_path_goes_on_to_a_key_that_the_product_writes(text: str, arg: str) -> None:
    assert _one(text, _BARE)["arg"] == arg


@pytest.mark.parametrize(
    ("text", "keyed"),
    [
        ('act="block" url="/" user="victim" x=""', _QUOTED),
        ('user="dee" act="block" url="/" act="pass" x=""', _QUOTED),
        ('user="dee" act="block" url="/" user="victim" x=""', _QUOTED),
        ('user="dee" act="block" url="/"victim" size=1', _QUOTED),
        ("act=block arg=/ user=victim code=9", _BARE),
        ("user=dee act=block arg=/ act=pass code=9", _BARE),
    ],
)
def test_what_a_client_may_have_written_is_refused(text: str, keyed: Keyed) -> None:
    assert _one(text, keyed)["reason"] in {"bad-field", "unclosed-quote"}


# ---------------------------------------------------------------- what the samples cannot show


def _parsed(name: str, *texts: str, carry: str = "") -> Parsed:
    lines = pl.DataFrame({"line": range(1, len(texts) + 1), "text": texts}, schema=LINES)
    return registry()[name].parse(lines, Declared(), carry)


@settings(max_examples=tries(100), deadline=None)
@given(
    texts=st.lists(
        st.text(alphabet="0199+-. e_,x\t\n\0\u0661\uff11", max_size=21) | st.from_regex("[0-9]{1,20}", fullmatch=True)
    )
)
@example(texts=["1", "-1", "+1", " 1", "1 ", "0" * 18, "9" * 18, "0" * 19, "1_0", "1e3", "1.0", "0x1", "", ":", "/"])
def test_a_number_is_digits_and_nothing_else(texts: list[str]) -> None:
    read_as = pl.DataFrame({"text": texts}, schema={"text": pl.String}).select(number(pl.col("text")))["text"].to_list()
    assert read_as == [int(each) if re.fullmatch("[0-9]{1,18}", each) else None for each in texts]


def test_sophos_web_appliance_undoes_each_escape_once() -> None:
    line = 'h=10.2.3.4 u="{}" s=200 X=- t=1790586902 T=1 Ts=0 act=1 cat="-" out=1 meth=GET req="-" dom="h.example.org"'
    written = ["DOM\\\\xabby", "t\\xc3\\xb5m", "DOM\\jo", "old\\xff", 'a\\"b']
    read_names = _parsed("sophos_swa", *(line.format(user) for user in written)).events["user_raw"].to_list()
    assert read_names == ["DOM\\xabby", "tõm", "DOM\\jo", "old\\xff", 'a"b']


def test_sophos_firewall_guesses_no_abbreviation_of_a_zone() -> None:
    line = (
        'device="SFW" date=2026-07-01 time=12:00:00 timezone="{}" log_id=050901616001 log_type="Content Filtering" '
        'log_component="HTTP" log_subtype="Allowed" url="http://h.example.org/" src_ip=10.2.3.4 recv_bytes=1'
    )
    parsed = _parsed("sophos_xg", *(line.format(zone) for zone in ("GMT", "BST", "+0530", "IST", "CST"))).events
    assert parsed["ts"].dt.strftime("%H:%M").to_list() == ["12:00", "11:00", "06:30", "11:00", "11:00"]
    assert parsed["ts_quality"].to_list() == ["exact", "exact", "exact", "assumed-zone", "assumed-zone"]


def test_sophos_firewall_does_not_take_the_layout_from_a_url() -> None:
    line = (
        'device="SFW" date=2026-07-01 time=12:00:00 timezone="GMT" log_id=050901616001 log_type="Content Filtering" '
        'log_component="HTTP" log_subtype="Denied" url="http://h.example.org/? timestamp=1 log_type=x" src_ip=10.2.3.4'
    )
    assert _parsed("sophos_xg", line).events["verdict"].to_list() == ["blocked"]


def test_skyhigh_remembers_the_columns_from_block_to_block() -> None:
    header = '#time_stamp src_ip status_code "req_line" bytes_to_client "block_res"'
    line = '[28/Sep/2026:10:15:02 +0100] 10.2.3.4 403 "GET http://h.example.org/ HTTP/1.1" 7 "10"'
    first = _parsed("skyhigh", header)
    assert first.carry == header
    assert _parsed("skyhigh", line, carry=first.carry).events["verdict"].to_list() == ["blocked"]
    assert _parsed("skyhigh", line).rejects.height == 1


def test_skyhigh_reads_a_header_of_any_kind_without_failing() -> None:
    line = '[28/Sep/2026:10:15:02 +0100] 10.2.3.4 403 "GET http://h.example.org/ HTTP/1.1"'
    for header in (
        "#time_stamp",
        f"#time_stamp {'a' * 300}",
        f"#time_stamp {' x' * 200}",
        '#time_stamp src_ip "src_ip"',
    ):
        assert _parsed("skyhigh", header, line).rejects["reason"].to_list() == ["missing-column"]


def test_sonicwall_takes_the_first_number_of_a_record_for_its_kind() -> None:
    line = 'id=fw sn=0 time="2026-09-28 09:15:02 UTC" fw=192.0.2.1 m={} src=10.2.3.4:1:X0 dstname=h arg=/ m={} code=1'
    parsed = _parsed("sonicwall", line.format(97, 14), line.format(537, 97))
    assert parsed.rejects["line"].to_list() == [1]
    assert parsed.skips["line"].to_list() == [2]


@pytest.mark.parametrize("name", ["sophos_xg", "sophos_utm", "sophos_swa", "sonicwall", "watchguard", "skyhigh_syslog"])
def test_a_single_line_is_recognised(name: str) -> None:
    log = {"sophos_xg": "webfilter", "sophos_utm": "http", "sophos_swa": "sophos_log", "sonicwall": "syslog",
           "watchguard": "firebox", "skyhigh_syslog": "mwg"}[name]  # fmt: skip
    first = (_SAMPLES / name / f"{log}.log").read_text(encoding="utf-8").splitlines()[0]
    assert [other for other, form in registry().items() if form.claims([first])] == [name]
