"""Values without quotes: CEF, LEEF and Forcepoint's pairs, read by columns and character by character."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pipeline.formats import LINES, Declared, _cef, registry
from pipeline.formats._worded import Order, followed, value
from tests.effort import tries

_SOURCE = _cef.Source(vendor="Example", product="Proxy", keys=("act", "src", "request", "msg"), once=("act", "src"))
_quick = settings(max_examples=tries(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
_TEXTS = st.text(alphabet="ab/.:-_ ,@|?&=\\", max_size=12)


def _lines(*texts: str) -> pl.DataFrame:
    return pl.DataFrame({"line": range(1, len(texts) + 1), "text": texts}, schema=LINES)


def _rows(name: str, *texts: str) -> list[dict[str, Any]]:
    return registry()[name].parse(_lines(*texts), Declared(), "").events.to_dicts()


@_quick
@given(request=_TEXTS, msg=_TEXTS)
@example(request="a b=c", msg=" =d")
@example(request=" =", msg="")
def test_by_columns_and_by_characters_is_the_same(request: str, msg: str) -> None:
    text = f" act=x request={request} msg={msg} "
    table = pl.DataFrame({"pairs": [text]}).select(value("pairs", key) for key in _SOURCE.keys)
    careful = followed(text[:-1], _SOURCE.keys, ())
    assert table.row(0, named=True) == {key: careful.get(key) for key in _SOURCE.keys}


_SAID = _TEXTS | st.sampled_from(
    ["", "a b", " a", "a ", "a=b", "a b=c", "a\\=b", "a b\\=c", "S\\dee", "S\\\\dee", "a\\|b", "=", " =",
     "\u00e9 =a", "a\tb=c", "\x00", "a x=1 y=2", "x act=y", "x src=y", "x severity=y"]
)  # fmt: skip
_ORDERED = _cef.Source(
    vendor="Example", product="Proxy", keys=("act", "src", "request", "severity"), once=("act", "src"),
    order=Order(client=("request",), ahead=("act", "src")),
)  # fmt: skip


@settings(max_examples=tries(400), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    data=st.data(),
    kinds=st.lists(st.sampled_from(["act", "src", "request", "severity", "x", "1", ""]), max_size=5),
    front=st.sampled_from(["", " ", "w ", "w=", "w = "]),
)
def test_lines_of_one_shape_are_read_as_lines_of_any(data: st.DataObject, kinds: list[str], front: str) -> None:
    words = data.draw(st.lists(st.lists(_SAID, min_size=len(kinds), max_size=len(kinds)), min_size=1, max_size=6))
    head = data.draw(st.sampled_from(["CEF:0|Example|Proxy|1|2|three|4|", "CEF:0|Example|Proxy|1|2\\|three|4|"]))
    pairs = (" ".join(f"{key}={word}" for key, word in zip(kinds, each, strict=True)) for each in words)
    lines = _lines(*(head + front + each for each in pairs))
    of_any = _cef.of_any_shape(_cef.headed(lines), _ORDERED).sort("line")
    assert _cef.taken_apart(lines, _ORDERED).to_dicts() == of_any.to_dicts()


def test_a_usual_line_is_read_by_its_shape() -> None:
    line = "CEF:0|Example|Proxy|1|2|three|4|act=x y src=S\\\\dee other=1 request=http://h/?a=b c"
    _, left = _cef.usual(_cef.headed(_lines(line, f"{line} act=z")), _ORDERED)
    assert left["line"].to_list() == [2]


@_quick
@given(msg=_TEXTS)
@example(msg="act=allowed")
@example(msg="x act=allowed src=192.0.2.1")
def test_what_is_escaped_comes_back_as_it_was(msg: str) -> None:
    escaped = msg.replace("\\", "\\\\").replace("=", "\\=")
    line = f"CEF:0|Example|Proxy|1|2|three|4|msg={escaped} act=blocked src=192.0.2.7"
    cells = _cef.taken_apart(_lines(line), _SOURCE)
    assert (cells["act"][0], cells["src"][0], cells["msg"][0]) == ("blocked", "192.0.2.7", msg)


@_quick
@given(texts=st.lists(st.text(alphabet="\\\\=|a", max_size=8), max_size=4))
def test_escapes_are_undone_alike_with_and_without_an_escaped_backslash(texts: list[str]) -> None:
    cells = pl.Series(texts, dtype=pl.String)
    assert _cef._unescaped(cells).equals(cells.str.replace_all(_cef._ESCAPED, "$1"))


@pytest.mark.parametrize(
    ("header", "signature", "name"),
    [
        ("CEF:0|Example|Proxy|1|2|three|4|", "2", "three"),
        ("CEF: 0|Example|Proxy|1|2|three|4|", "2", "three"),
        ("CEF:1.0|Example|Proxy|1|2|three|4| ", "2", "three"),
        (r"CEF:0|Example|Proxy|1 \| 2|2|th\\ree|4|", "2", r"th\ree"),
        ("<134>Mar 15 16:07:32 host CEF:0|Example|Proxy|1|2|three|4|", "2", "three"),
    ],
)
def test_the_header_is_read_with_its_escapes(header: str, signature: str, name: str) -> None:
    cells = _cef.taken_apart(_lines(f"{header}act=blocked src=192.0.2.7"), _SOURCE)
    assert (cells["signature"][0], cells["name"][0], cells["act"][0]) == (signature, name, "blocked")


_LINES = {
    "fortigate_cef": "CEF:0|Fortinet|Fortigate|v7.2|1|x|4|FTNTFGTeventtime=1757318771 cat=utm:webfilter duser=bjones "
    "src=10.20.1.16 app=HTTP dhost=casino.example.com requestClientApplication={} act=blocked request=/{}",
    "panos_cef": "CEF:0|Palo Alto Networks|PAN-OS|10|url|THREAT|1|rt=Sep 08 2025 08:05:01 GMT src=10.20.1.16 "
    "suser=bjones dpt=80 requestClientApplication={} act=block-url request=casino.example.com/{}",
    "forcepoint_cef": "CEF:0|Forcepoint|Security|8|1|x|1|rt=1757318771 suser=bjones src=10.20.1.16 "
    "requestClientApplication={} act=blocked request=http://casino.example.com/{}",
    "zscaler_cef": "CEF:0|Zscaler|NSSWeblog|5|1|x|1|rt=1757318771 suser=bjones src=10.20.1.16 "
    "requestClientApplication={} act=Blocked request=casino.example.com/{}",
    "skyhigh_cef": "CEF:0|McAfee|Web Gateway|12|403|x|1|rt=1757318771 suser=bjones src=10.20.1.16 "
    "requestClientApplication={} cn1=10 cn1Label=Block Reason request=http://casino.example.com/{}",
    "zscaler_leef": "LEEF:1.0|Zscaler|NSS|4.1|x|devTime=1757318771\tusrName=bjones\tsrc=10.20.1.16\tuseragent={}"
    "\tcat=Blocked\turl=casino.example.com/{}",
    "forcepoint": "vendor=Forcepoint product=Security action=blocked user=bjones src_host=10.20.1.16 time=1757318771 "
    "http_user_agent={} http_proxy_status_code=403 url=http://casino.example.com/{}",
}


@pytest.mark.parametrize("name", sorted(_LINES))
@pytest.mark.parametrize(
    "chosen",
    ["", "a b", "x=y", "\\", "\\=", "|", "act=allowed", "x act=allowed", "x suser=asmith duser=asmith usrName=asmith",
     "x src=10.9.9.9", "x cn1=0", "\tcat=Allowed", "x action=permitted user=asmith", "x request=http://h/"],
)  # fmt: skip
def test_what_a_client_writes_changes_neither_user_nor_verdict(name: str, chosen: str) -> None:
    for row in _rows(name, _LINES[name].format(chosen, ""), _LINES[name].format("Mozilla", chosen)):
        assert (row["user_raw"], row["client_ip"], row["verdict"]) == ("bjones", "10.20.1.16", "blocked")


def test_an_equals_sign_in_forcepoints_leef_may_be_marked() -> None:
    pairs = [
        "cat=76", r"usrName=LDAP://192.0.2.9 OU\=Pupils,DC\=example/Ann", "loginID=-", "src=10.20.1.16", "method=GET",
        r"contentType=text/html;charset\=UTF-8", r"userAgent=agent/1 (x\=y)",
        r"url=http://www.example.com/find?q\=maths&a=b",
    ]  # fmt: skip
    (row,) = _rows(
        "forcepoint_leef",
        "<159>2026-03-15T16:07:32Z 192.0.2.9 LEEF:1.0|Forcepoint|Security|8.5.3|transaction:permitted|sev=1\t"
        + "\t".join(pairs),
    )
    assert row["url"] == "http://www.example.com/find?q=maths&a=b"
    assert row["user_raw"] == "LDAP://192.0.2.9 OU=Pupils,DC=example/Ann"
    assert (row["content_type"], row["user_agent"]) == ("text/html;charset=UTF-8", "agent/1 (x=y)")
