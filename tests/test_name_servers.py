"""Unbound and BIND: a request is counted once, and a block is what can be nothing else."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.formats import LINES, Declared, Parsed, registry
from tests.effort import tries

_DECLARED = Declared(last_change=datetime(2026, 3, 15, 18, tzinfo=UTC))
_UNBOUND = "[1773590852] unbound[123:0] info: "
_BIND = "28-Aug-2026 08:04:30.123 rpz: info: client @0x7f 10.0.0.1#5 (a.test): "
_QUERY, _REPLY = "10.0.0.1 a.test. A IN", "10.0.0.1 a.test. A IN NOERROR 0.000100 0 49"
_quick = settings(max_examples=tries(40), deadline=None)


def _parsed(name: str, texts: list[str], carry: str = "", first: int = 1) -> Parsed:
    lines = pl.DataFrame({"line": range(first, first + len(texts)), "text": texts}, schema=LINES)
    return registry()[name].parse(lines, _DECLARED, carry)


def _rows(name: str, head: str, *said: str) -> list[tuple[str | None, str | None, str]]:
    return _parsed(name, [head + each for each in said]).events.select("client_ip", "host", "verdict").rows()


@_quick
@given(said=st.lists(st.sampled_from([_QUERY, _REPLY, "start of service"]), max_size=12), cut=st.integers(0, 12))
def test_a_reply_counts_only_where_no_query_was_logged(said: list[str], cut: int) -> None:
    texts = [_UNBOUND + each for each in said]
    whole = _parsed("unbound", texts)
    first = said.index(_QUERY) if _QUERY in said else len(said)
    wanted = [
        at for at, each in enumerate(said, start=1) if each == _QUERY or (each == _REPLY and at <= first)
    ]  # fmt: skip
    assert whole.events["line"].to_list() == wanted
    before = _parsed("unbound", texts[:cut])
    after = _parsed("unbound", texts[cut:], before.carry, min(cut, len(texts)) + 1)
    assert pl.concat([before.events, after.events]).equals(whole.events)


def test_replies_count_again_once_queries_are_no_longer_logged() -> None:
    texts = [_UNBOUND + _QUERY, *[_UNBOUND + _REPLY] * 1100]
    assert _parsed("unbound", texts).events["line"].to_list() == [1, *range(1002, 1102)]


@pytest.mark.parametrize(
    "zone",
    [
        "deny",
        "refuse",
        "inform_deny",
        "always_refuse",
        "always_nxdomain",
        "always_nodata",
        "always_null",
        "always_deny",
    ],
)
def test_zones_that_refuse(zone: str) -> None:
    said = f"test. {zone} 10.0.0.1@53211 a.test. A IN"
    assert _rows("unbound", _UNBOUND, said) == [("10.0.0.1", "a.test", "blocked")]


@pytest.mark.parametrize(
    "said",
    [
        "rpz: applied [x] test. rpz-nxdomain 10.0.0.1@53211 a.test. A IN",
        "RPZ applied test. nxdomain 10.0.0.1@53211 a.test. A IN",
        "RPZ applied [x] 198.51.100.0/24 rpz-nxdomain 10.0.0.1@53211 a.test. A IN",
        "rpz: applied [x] 2001:db8::/32 rpz-drop 10.0.0.1@53211 a.test. AAAA IN",
    ],
)
def test_response_policies_that_refuse_in_every_version(said: str) -> None:
    assert _rows("unbound", _UNBOUND, said) == [("10.0.0.1", "a.test", "blocked")]


@pytest.mark.parametrize(
    "said",
    [
        "test. nxdomain 10.0.0.1@53211 a.test. A IN", "RPZ applied test. passthru 10.0.0.1@53211 a.test. A IN",
        "test. static 10.0.0.1@53211 a.test. A IN", "test. redirect 10.0.0.1@53211 a.test. A IN",
        "test. inform 10.0.0.1@53211 a.test. A IN", "test. transparent 10.0.0.1@53211 a.test. A IN",
        "rpz: applied [x] test. rpz-local-data 10.0.0.1@53211 a.test. A IN",
        "rpz: applied [x] test. rpz-passthru 10.0.0.1@53211 a.test. A IN",
        "192.0.2.66 null TYPE0 CLASS0 REFUSED 0.000000 1 12",
    ],
)  # fmt: skip
def test_what_need_not_be_a_block_is_none(said: str) -> None:
    assert _rows("unbound", _UNBOUND, said) == []


@pytest.mark.parametrize(
    ("said", "blocked"),
    [
        ("rpz QNAME NXDOMAIN rewrite a.test/A/IN via a.test.rpz", ["blocked"]),
        ("rpz QNAME NXDOMAIN rewrite a.test via a.test.rpz", ["blocked"]),
        ("rpz NSDNAME NODATA rewrite a.test/AAAA/IN via ns.test.rpz", ["blocked"]),
        ("view inside: rpz CLIENT-IP DROP rewrite a.test/A/IN via 32.1.0.0.10.rpz-client-ip.rpz", ["blocked"]),
        ("rpz QNAME Local-Data rewrite a.test/A/IN via a.test.rpz", []),
        ("rpz QNAME CNAME rewrite a.test/A/IN via a.test.rpz", []),
        ("rpz QNAME PASSTHRU rewrite a.test/A/IN via a.test.rpz", []),
        ("rpz QNAME TCP-ONLY rewrite a.test/A/IN via a.test.rpz", []),
        ("disabled rpz QNAME NXDOMAIN rewrite a.test/A/IN via a.test.rpz", []),
        ("query failed (SERVFAIL) for a.test/IN/A at query.c:7916", []),
    ],
)
def test_what_a_response_policy_blocks(said: str, blocked: list[str]) -> None:
    rows = _rows("bind", _BIND, said)
    assert rows == [("10.0.0.1", "a.test", verdict) for verdict in blocked]


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("dnsmasq", "daemon.info dnsmasq[812]: query[A] a.test from 10.0.0.1"),
        ("unbound", f"daemon.info unbound: [812:0] info: {_QUERY}"),
        ("bind", "daemon.info named[812]: client @0x7f 10.0.0.1#5 (a.test): query: a.test IN A + (192.0.2.53)"),
    ],
)
def test_openwrt_may_write_the_time_twice(name: str, head: str) -> None:
    texts = [f"Sun Mar 15 16:07:32 2026 {twice}{head}" for twice in ("", "[1773590852.101] ")]
    read = _parsed(name, texts)
    once = ("10.0.0.1", "a.test", datetime(2026, 3, 15, 16, 7, 32, tzinfo=UTC))
    assert read.events.select("client_ip", "host", "ts").rows() == [once, once]
    assert registry()[name].claims(texts[1:])


@pytest.mark.parametrize("pointer", ["", "@0x7f5cd4000b98 ", "@0x7F5CD4000B98 ", "@000001D4E8F23A60 "])
def test_a_pointer_of_bind_is_written_as_its_system_does(pointer: str) -> None:
    said = f"client {pointer}10.0.0.1#5 (a.test): query: a.test IN A + (192.0.2.53)"
    text = f"28-Aug-2026 08:04:30.123 queries: info: {said}"
    assert _parsed("bind", [text]).events.select("client_ip", "host").rows() == [("10.0.0.1", "a.test")]
    assert registry()["bind"].claims([text])


@pytest.mark.parametrize("view", ["inside", "Class rooms", "Class rooms, 2nd floor"])
def test_a_view_of_bind_may_have_a_name_of_several_words(view: str) -> None:
    said = [
        f"view {view}: {each}"
        for each in ("query: a.test IN A + (192.0.2.53)", "rpz QNAME DROP rewrite a.test via a.rpz")
    ]
    assert _rows("bind", _BIND, *said) == [("10.0.0.1", "a.test", "unknown"), ("10.0.0.1", "a.test", "blocked")]


@pytest.mark.parametrize("between", [": ", " "])
def test_responses_that_infoblox_logs_are_no_second_query(between: str) -> None:
    said = "UDP: query: a.test IN A response: NXDOMAIN +ED"
    parsed = _parsed("bind", [f"28-Aug-2026 08:04:30.123 client 10.0.0.1#5{between}{said}"])
    assert parsed.skips["reason"].to_list() == ["other-record"]
