"""LEEF: lines with the same keys in the same order are cut once, and read as one by one."""

from __future__ import annotations

from unittest.mock import patch

import polars as pl
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pipeline.formats import LINES, Declared, Parsed, _cut, _leef, panos_leef, skyhigh_leef, watchguard_leef
from pipeline.formats._worded import Order
from tests.effort import tries

_SOURCE = _leef.Source(
    vendor="Example", product="Proxy", keys=("act", "src", "url", "severity"), once=("act", "src"),
    order=Order(client=("url",), ahead=("act", "src")),
)  # fmt: skip
_SAID = st.text(alphabet="ab=/|# \u00e9", max_size=6) | st.sampled_from(
    ["", "a\tb", "a\tsrc=y", "a\tact =y", "a\tact=y", "\x00", " ", "#011src=x", "|src=y", "x|act =y", "a|b|c", "|",
     '"a|b"', "a|action =b", "a|Unknown=b"]
)  # fmt: skip
_HEADS = st.sampled_from(
    ["<14>h LEEF:1.0|Example|Proxy|1|e|", "LEEF:2.0|Example|Proxy|1|e|\t|", "LEEF: 2.0|Example|Proxy|1|e|x09|",
     "LEEF:1.0|Example|Proxy|1|", "LEEF:1.0|Example|Other|1|e|"]
)  # fmt: skip
_PANOS_HEADS = st.sampled_from(
    ["<14>h LEEF:1.0|Palo Alto Networks|PAN-OS Syslog Integration|8|(9999)|",
     "LEEF: 2.0|Palo Alto Networks|PAN-OS|10|(9999)|x7C|", "LEEF:2.0|Palo Alto Networks|PAN-OS|10|cat=x|0x7c|",
     "2026 Mar 15 16:07:32 m->h LEEF:1.0|Palo Alto Networks|PAN-OS|8|e|",
     "LEEF:2.0|Palo Alto Networks|PAN-OS|10|(9999)|", "LEEF:1.0|Palo Alto Networks|PAN-OS|10|(9999)|x7C|"]
)  # fmt: skip
_PANOS_KEYS = st.sampled_from(
    ["cat", "Subtype", "devTime", "src", "usrName", "action", "Miscellaneous", "UserAgent", "URLCategory", "proto",
     "PCAP_ID", "Unknown", "action "]
)  # fmt: skip
_USUAL = ("cat=url", "devTime=Mar 15 2026 16:07:32 GMT", "src=192.0.2.7", 'Miscellaneous="h/p"')
_effort = settings(max_examples=tries(300), deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _lines(*texts: str) -> pl.DataFrame:
    return pl.DataFrame({"line": range(1, len(texts) + 1), "text": texts}, schema=LINES)


def _alike(data: st.DataObject, kinds: list[str], sep: str) -> list[str]:
    """Some texts of pairs with these keys, and these as they are where they bring their value with them."""
    words = data.draw(st.lists(st.lists(_SAID, min_size=len(kinds), max_size=len(kinds)), min_size=1, max_size=6))
    return [
        sep.join(key if "=" in key else f"{key}={word}" for key, word in zip(kinds, each, strict=True))
        for each in words
    ]


@_effort
@given(
    data=st.data(), head=_HEADS,
    kinds=st.lists(st.sampled_from(["act", "src", "url", "severity", "x", "1"]), max_size=5),
)  # fmt: skip
def test_lines_of_one_shape_are_read_as_lines_of_any(data: st.DataObject, head: str, kinds: list[str]) -> None:
    lines = _lines(*(head + each for each in _alike(data, kinds, "\t")))
    with patch.object(_leef, "common", return_value=[]):
        of_any = _leef.taken_apart(lines, _SOURCE)
    assert _leef.taken_apart(lines, _SOURCE).to_dicts() == of_any.to_dicts()


def _panos(lines: pl.DataFrame) -> Parsed:
    return panos_leef.parse(lines, Declared(), "")


@_effort
@given(data=st.data(), head=_PANOS_HEADS, kinds=st.lists(_PANOS_KEYS, max_size=4), place=st.integers(0, 4))
@example(data=None, head="LEEF:1.0|Palo Alto Networks|PAN-OS|8|e|", kinds=["proto", "Unknown", "usrName"], place=0)
def test_bars_part_lines_of_one_shape_as_lines_of_any(
    data: st.DataObject | None, head: str, kinds: list[str], place: int
) -> None:
    kinds = [*kinds[:place], *_USUAL, *kinds[place:]]
    texts = _alike(data, kinds, "|") if data else ["|".join(f"{key}=x" for key in kinds)]
    lines = _lines(*(head + each for each in texts))
    with patch.object(panos_leef, "common", return_value=[]):
        of_any = _panos(lines)
    found = _panos(lines)
    assert (found.events.to_dicts(), found.rejects.to_dicts()) == (of_any.events.to_dicts(), of_any.rejects.to_dicts())
    assert found.skips.to_dicts() == of_any.skips.to_dicts()


def test_a_usual_line_is_read_by_its_shape() -> None:
    line = "LEEF:1.0|Palo Alto Networks|PAN-OS|8|e|" + "|".join(("proto=tcp", *_USUAL, "Referer=a|b", "sev=1"))
    done, left = panos_leef._usual(_lines(line, f"{line}|src=192.0.2.8"))
    assert done.select("line", "src", "Referer").rows() == [(1, "192.0.2.7", "a|b")]
    assert left["line"].to_list() == [2]


def test_lines_are_cut_alike_however_many_are_compared_at_once() -> None:
    heads = ("", "x=1\t", "act=y\t")
    lines = _lines(
        *(f"LEEF:1.0|Example|Proxy|1|e|{heads[at % 3]}act=a{at}\tsrc=192.0.2.{at}\turl=/{at}" for at in range(11))
    )
    whole = _leef.taken_apart(lines, _SOURCE)
    for size in (1, 2, 5):
        with patch.object(_cut, "_AT_ONCE", size):
            assert _leef.taken_apart(lines, _SOURCE).equals(whole)


def test_a_source_without_keys_ahead_is_read_where_a_value_has_no_key() -> None:
    line = "LEEF:1.0|WatchGuard|XTM|12|1AFF0024|disp=Allow\tsrc=10.20.1.15\top=GET\t=x\top=GET\t=y\tdstname=h"
    parsed = watchguard_leef.parse(pl.DataFrame({"line": [1], "text": [line]}, schema=LINES), Declared(), "")
    assert parsed.events.height + parsed.rejects.height + parsed.skips.height == 1


def test_the_keys_of_an_older_skyhigh_template_part_what_stands_before_them() -> None:
    """Its bars once parted only before the keys of the newer one, and a user's name went on to the next of those."""
    head = "<30>Mar 16 09:05:01 h mwg: LEEF:1.0|McAfee|Web Gateway|7.5|0|devTime=1773651901000|usrName=bob"
    rest = "src=192.0.2.7|blockReason=|httpStatus=200|Prot=http|Meth=GET|url=http://www.example.org/a|agent=x|mType=y"
    lines = pl.DataFrame({"line": [1, 2], "text": [f"{head}|mal=0|{rest}", f"{head}|sort=new|{rest}"]}, schema=LINES)
    parsed = skyhigh_leef.parse(lines, Declared(), "")
    event = parsed.events.select("line", "user_raw", "client_ip", "status", "url").rows()
    assert event == [(1, "bob", "192.0.2.7", 200, "http://www.example.org/a")]
    assert parsed.rejects.select("line", "reason").rows() == [(2, "bad-field")]
