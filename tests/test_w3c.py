"""W3C extended logs: what the samples cannot show."""

from __future__ import annotations

import polars as pl
import pytest

from pipeline.formats import LINES, Declared, Parsed
from pipeline.formats.w3c import FORMAT

_FIELDS = "#Fields: date time c-ip cs-username cs-method cs-uri-scheme cs-host cs-uri-port cs-uri-path cs-uri-query"
_ROW = "2026-03-16 09:00:01 10.20.1.15 asmith GET {} {} {} {} {}"


def _parse(texts: list[str], layout: str = "", carry: str = "") -> Parsed:
    lines = pl.DataFrame({"line": range(1, len(texts) + 1), "text": texts}, schema=LINES)
    return FORMAT.parse(lines, Declared(layout=layout), carry)


@pytest.mark.parametrize(
    ("cells", "url"),
    [
        (("https", "a.example", "443", "/x", "?y=1"), "https://a.example/x?y=1"),
        (("https", "a.example", "8443", "/x", "y=1"), "https://a.example:8443/x?y=1"),
        (("http", "a.example", "-", "/", "-"), "http://a.example/"),
        (("http", "a.example", "443", "-", "-"), "http://a.example:443"),
        (("-", "a.example", "80", "/x", "-"), "a.example/x"),
        (("-", "-", "-", "/x", "?y"), "/x?y"),
        (("-", "a.example", "443", "-", "-"), None),
        (("ssl", "a.example", "443", "/", "-"), None),
    ],
)
def test_a_url_is_put_together(cells: tuple[str, ...], url: str | None) -> None:
    event = _parse([_FIELDS, _ROW.format(*cells)]).events.row(0, named=True)
    assert event["url"] == url
    assert event["host"] == (None if url else "a.example")


@pytest.mark.parametrize("layout", [_FIELDS, _FIELDS.removeprefix("#Fields: ")])
def test_fields_may_be_declared(layout: str) -> None:
    row = _ROW.format("http", "a.example", "80", "/", "-")
    assert _parse([row]).rejects["reason"].to_list() == ["missing-column"]
    assert _parse([row], layout).events["url"].to_list() == ["http://a.example/"]


def test_fields_are_remembered_until_the_next() -> None:
    row = _ROW.format("http", "a.example", "80", "/", "-")
    first = _parse([_FIELDS, row])
    second = _parse(
        [row, "#Fields: date time c-ip cs-uri", "2026-03-16 09:00:02 10.20.1.15 http://b.example/"], "", first.carry
    )
    assert second.events["url"].to_list() == ["http://a.example/", "http://b.example/"]


def test_a_local_hour_that_does_not_exist_is_refused() -> None:
    texts = ["#Fields: localtime c-ip cs-uri", "[29/Mar/2026:01:30:00] 10.20.1.15 http://a.example/"]
    assert _parse(texts).rejects["reason"].to_list() == ["no-such-hour"]


def test_claims_need_a_time_and_an_address() -> None:
    assert FORMAT.claims([_FIELDS])
    assert FORMAT.claims([f"<134>Mar 16 09:05:00 proxy-1 ProxySG: {_FIELDS}"])
    assert not FORMAT.claims(["#Fields: date time source destination action"])
    assert not FORMAT.claims(["#fields\tts\tuid\tid.orig_h"])
    assert not FORMAT.claims([_ROW.format("http", "a.example", "80", "/", "-")])


_TRANSACTION = (
    "#Fields: date time c-ip cs-username cs-method cs-uri-scheme cs-uri-query sc-status cs-host cs-uri cs-uri-port "
    "x-cs-userip x-category x-cs-url x-policy-action"
)


@pytest.mark.parametrize(
    ("action", "verdict"),
    [
        ("allow", "allowed"),
        ("alert", "allowed"),
        ("bypass", "allowed"),
        ("block", "blocked"),
        ("useralert", "warned"),
        ("NotChecked", "unknown"),
    ],
)
def test_a_transaction_of_netskope(action: str, verdict: str) -> None:
    row = (
        "2026-03-16 09:00:01 203.0.113.7 a@school.test GET https y=1 200 www.example.com /x?y=1 443 10.20.1.15 "
        f'"Search Engines" https://www.example.com/x?y=1 {action}'
    )
    event = _parse([_TRANSACTION, row]).events.row(0, named=True)
    assert (event["url"], event["client_ip"]) == ("https://www.example.com/x?y=1", "10.20.1.15")
    assert (event["vendor_category"], event["verdict"]) == ("Search Engines", verdict)


def test_an_address_that_is_a_path_only_is_put_behind_its_host() -> None:
    texts = [
        "#Fields: date time c-ip cs-method cs-uri-scheme cs-uri-query cs-host cs-uri cs-uri-port x-cs-userip",
        "2026-03-16 09:00:01 10.20.1.15 GET https y=1 www.example.com /x?y=1 8443 -",
        "2026-03-16 09:00:01 10.20.1.15 GET - - - /x?y=1 - -",
        "2026-03-16 09:00:01 10.20.1.15 GET https y=1 www.example.com /x 8443 -",
    ]
    rows = _parse(texts).events.select("url", "client_ip").rows()
    whole = ("https://www.example.com:8443/x?y=1", "10.20.1.15")
    assert rows == [whole, ("/x?y=1", "10.20.1.15"), whole]


_USUAL = (
    "2026-03-16 09:00:0{} 48 10.20.1.15 200 TCP_NC_MISS 12 9 GET https news.example.org 443 /today - asmith - - "
    'text/html - "{}" OBSERVED "News" - 192.0.2.10'
)


def test_rows_that_a_relay_has_joined_are_refused_and_not_lost_behind_the_first() -> None:
    rows = [_USUAL.format(second, "Agent/1.0 (x)") for second in range(3)]
    whole, begun = "#015#012".join(rows), "#015#012".join([rows[0][14:], *rows[1:]])
    assert _parse(rows).events.height == len(rows)
    for lines in ([whole, begun], [rows[0], whole, begun], [_FIELDS, whole, begun]):
        refused = _parse(lines).rejects
        assert refused["reason"].to_list() == ["bad-field"] * 2
        assert refused["detail"].str.contains("joined").all()


def test_a_client_cannot_join_rows_by_its_user_agent() -> None:
    forged = _USUAL.format(5, "x").replace('"', "").replace("asmith", "bjones")
    events = _parse([_USUAL.format(1, f"Agent#015#012{forged}")]).events
    assert events["user_raw"].to_list() == ["asmith"]
    assert events["user_agent"][0].startswith("Agent#015#0122026-03-16")


@pytest.mark.parametrize(
    ("filtered", "exception", "verdict"),
    [
        ("DENIED", "policy_denied", "blocked"),
        ("DENIED", "content_filter_denied", "blocked"),
        ("DENIED", "school_page", "blocked"),
        ("DENIED", "dns_unresolved_hostname", "error"),
        ("DENIED", "ssl_server_cert_expired", "error"),
        ("DENIED", "icap_error", "error"),
        ("DENIED", "authentication_failed", "challenge"),
        ("DENIED", "-", "error"),
        ("PROXIED", "policy_denied", "error"),
    ],
)
def test_who_refused_what_was_not_a_miss(filtered: str, exception: str, verdict: str) -> None:
    fields = "#Fields: date time c-ip sc-status s-action cs-uri-scheme cs-host sc-filter-result x-exception-id"
    row = f"2026-03-16 09:00:01 10.20.1.15 0 TCP_ERR_MISS ssl games.example.com {filtered} {exception}"
    event = _parse([fields, row]).events.row(0, named=True)
    assert (event["verdict"], event["host"], event["kind"]) == (verdict, "games.example.com", "host-only")
