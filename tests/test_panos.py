"""Palo Alto: the records that the cloud service writes in its own order, and what is no method."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from pipeline.formats import LINES, Declared, Parsed, registry

_HEADER = "<14>1 2026-03-16T09:00:03.034Z stream-logfwd-example logforwarder - panwlogs - "


def _parsed(name: str, *texts: str) -> Parsed:
    table = pl.DataFrame({"line": range(1, len(texts) + 1), "text": texts}, schema=LINES)
    return registry()[name].parse(table, Declared(), "")


def _service(url: str, method: str, *, action: str = "block-url", kind: str = "url") -> str:
    """A record of the Strata Logging Service, with its fields in the order of its reference."""
    cells = {
        0: "2026-03-16T09:00:02.000000Z", 1: "no-serial", 2: "THREAT", 3: kind, 4: "10.2",
        5: "2026-03-16T09:00:01.000000Z", 6: "192.0.2.7", 7: "198.51.100.9", 10: "Pupils out", 11: r"example\bjones",
        13: "ssl", 22: "50123", 23: "443", 26: "tcp", 27: action, 28: url, 29: "games", 30: "Informational",
        31: "client to server", 35: "text/html", 36: "0", 37: "0", 38: '"agent/1 (a, b)"', 39: "",
        40: "www.example.net/", 49: method, 56: '"games,low-risk"',
    }  # fmt: skip
    return ",".join(cells.get(place, "") for place in range(95))


def _device(url: str, method: str) -> str:
    """A record of a firewall as it writes it itself."""
    cells = {
        0: "1", 1: "2026/03/16 10:00:02", 2: "0128", 3: "THREAT", 4: "url", 6: "2026/03/16 10:00:01", 7: "192.0.2.8",
        12: "asmith", 14: "ssl", 25: "443", 30: "alert", 31: f'"{url}"', 32: "(9999)", 33: "sports", 63: method,
    }  # fmt: skip
    return ",".join(cells.get(place, "") for place in range(80))


def test_the_records_of_the_service_are_read_by_its_own_order() -> None:
    parsed = _parsed(
        "panos",
        _HEADER + _service("www.example.com/a?b=c", "get"),
        "Mar 16 10:00:04 PA-220 " + _device("www.example.org/", "unknown"),
        _HEADER + _service("", "unknown", kind="spyware"),
        "900 " + _HEADER + _service("www.example.com/", "unknown", action="alert"),
    )
    first, second, third = parsed.events.to_dicts()
    assert first["ts"] == datetime(2026, 3, 16, 9, 0, 1, tzinfo=UTC)
    assert _said(first) == {
        "line": 1, "user_raw": r"example\bjones", "client_ip": "192.0.2.7", "url": "www.example.com/a?b=c",
        "method": "get", "app": "ssl", "verdict": "blocked", "vendor_category": "games", "content_type": "text/html",
        "user_agent": "agent/1 (a, b)", "referrer": "www.example.net/", "kind": "page",
    }  # fmt: skip
    assert [(row["line"], row["user_raw"], row["verdict"], row["kind"]) for row in (second, third)] == [
        (2, "asmith", "allowed", "host-only"), (4, r"example\bjones", "allowed", "host-only"),
    ]  # fmt: skip
    assert parsed.skips["reason"].to_list() == ["other-record"]
    assert registry()["panos"].claims([_HEADER + _service("www.example.com/", "unknown")] * 3)


_AS_JSON = (
    '{"TimeGenerated":"2026-03-16T09:00:01.000000Z","LogType":"THREAT","Subtype":"url","SourceAddress":"192.0.2.7",'
    '"Application":"ssl","Action":"alert","URL":"www.example.com/","URLCategory":"games","HTTPMethod":"unknown"}'
)
_AS_CEF = (
    "CEF:0|Palo Alto Networks|LF|2.0|THREAT|url|1|rt=Mar 16 2026 09:00:01 GMT src=192.0.2.7 app=ssl dpt=443 "
    "act=alert request=www.example.com/ requestMethod=unknown"
)


@pytest.mark.parametrize(
    ("name", "line"),
    [("panos", _device("www.example.com/", "unknown")), ("panos_json", _AS_JSON), ("panos_cef", _AS_CEF)],
)
def test_an_unknown_method_is_none_and_the_page_behind_tls_was_not_seen(name: str, line: str) -> None:
    (row,) = _parsed(name, line).events.to_dicts()
    assert (row["method"], row["url"], row["kind"]) == (None, "www.example.com/", "host-only")


def _said(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in ("ts", "ts_quality")}


@pytest.mark.parametrize("who", ["usrName=dee|Newer=x|SourceUser=dee", "usrName=dee|x|SourceUser=dee"])
def test_no_user_of_leef_has_a_bar(who: str) -> None:
    text = (
        "LEEF:2.0|Palo Alto Networks|PAN-OS Syslog Integration|10.2.4|(9999)|x7C|cat=THREAT|Subtype=url|"
        f"devTime=Mar 16 2026 09:00:02 GMT|src=10.2.3.4|{who}|Application=web-browsing|dstPort=80|action=alert|"
        'Miscellaneous="h.example.org/a|b"|URLCategory=games'
    )
    plain = text.replace(who, "usrName=dee|SourceUser=dee")
    parsed = _parsed("panos_leef", text, plain)
    assert parsed.rejects.select("line", "reason").rows() == [(1, "bad-field")]
    assert parsed.events.select("user_raw", "url").rows() == [("dee", "h.example.org/a|b")]
