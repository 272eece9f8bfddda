"""e2guardian as a transparent filter: TLS connections without a request, and users known by their addresses."""

from __future__ import annotations

import polars as pl
import pytest

from pipeline.formats import LINES, Declared, Parsed, registry

_WHEN = "2026.9.28 10:15:02"
_COLUMNS = ("user_raw", "client_ip", "method", "url", "verdict", "status", "bytes", "kind")


def _line(name: str, who: str, url: str, what: str, how: str, size: int, status: int, dash: str = "-") -> str:
    how, what, who = (each if each != "-" else dash for each in (how, what, who))
    rest = [dash, "10.2.3.4", "Pupils", dash, dash, dash, dash, dash]
    row = [_WHEN, who, "10.2.3.4", url, what, how, str(size), "0", dash, "1", str(status), *rest]
    if name == "e2guardian2":
        return ",".join(f'"{each}"' for each in row)
    if name == "e2guardian8":
        row = ["1790586902.500", dash, who, "10.2.3.4", "10.2.3.4", url, how, str(status), str(size), dash, dash]
        row += [dash, "7", dash, "0", what, "0", dash, "Pupils", "1"]
    if name == "squid":
        result = "TCP_DENIED/403" if status == 403 else f"TCP_MISS/{status}"
        return f"1790586902.500      7 10.2.3.4 {result} {size} {how} {url} {who} DEFAULT_PARENT/ -"
    return (" " if name == "e2guardian1" else "\t").join(row)


def _parsed(name: str, *texts: str) -> Parsed:
    lines = pl.DataFrame({"line": range(1, len(texts) + 1), "text": texts}, schema=LINES)
    return registry()[name].parse(lines, Declared(), "")


@pytest.mark.parametrize("name", ["e2guardian1", "e2guardian2", "e2guardian4", "e2guardian8", "squid"])
def test_a_connection_without_a_request_is_let_through_or_refused(name: str) -> None:
    url = "https://www.example.org"
    through = _line(name, "-", url, "-", "-", 5526, 0)
    refused = _line(name, "-", url, "*DENIED* Banned site: example.org", "-", 0, 403)
    parsed = _parsed(name, through, refused)
    assert registry()[name].claims([through, refused])
    assert parsed.events.select(_COLUMNS).rows() == [
        (None, "10.2.3.4", None, url, "allowed", None, 5526, "host-only"),
        (None, "10.2.3.4", None, url, "blocked", 403, 0, "host-only"),
    ]


@pytest.mark.parametrize("name", ["e2guardian2", "e2guardian4", "e2guardian8"])
def test_it_may_write_nothing_for_a_dash(name: str) -> None:
    line = _line(name, "-", "https://www.example.org:8443", "-", "-", 5526, 0, dash="")
    events = _parsed(name, line).events
    assert registry()[name].claims([line])
    assert events.select("method", "verdict", "kind").rows() == [(None, "allowed", "host-only")]


@pytest.mark.parametrize("name", ["e2guardian1", "e2guardian2", "e2guardian4", "e2guardian8", "squid"])
def test_the_address_of_the_client_is_nobodys_name(name: str) -> None:
    url = "http://www.example.org/a"
    lines = [_line(name, who, url, "-", "GET", 9, 200) for who in ("10.2.3.4", "10.2.3.5", "dee")]
    assert _parsed(name, *lines).events["user_raw"].to_list() == [None, "10.2.3.5", "dee"]


@pytest.mark.parametrize("name", ["e2guardian1", "e2guardian2", "e2guardian4", "e2guardian8"])
@pytest.mark.parametrize("url", ["http://www.example.org", "https://www.example.org/a"])
def test_what_has_a_page_has_a_method(name: str, url: str) -> None:
    assert not _parsed(name, _line(name, "-", url, "-", "-", 9, 200)).events.height


@pytest.mark.parametrize(("how", "url"), [("GET", "https://www.example.org"), ("-", "http://www.example.org")])
def test_a_status_of_one_digit_is_refused_elsewhere(how: str, url: str) -> None:
    parsed = _parsed("squid", _line("squid", "-", url, "-", how, 9, 0))
    assert parsed.rejects["reason"].to_list() == ["bad-field"]
