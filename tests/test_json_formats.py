"""Formats of JSON lines read many lines at once as they read a few; and what Zeek's headers decide."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipeline.formats import LINES, Declared, Parsed, registry
from pipeline.formats import _json as shared

_FOLDER = Path(__file__).parent.parent / "sample_logs"
_NAMES = (
    "adguard_home", "fortigate_json", "netskope", "panos_json", "sophos_central", "suricata", "umbrella_json",
    "zeek_json", "zscaler_json",
)  # fmt: skip


def _table(texts: list[str]) -> pl.DataFrame:
    return pl.DataFrame({"line": range(1, len(texts) + 1), "text": texts}, schema=LINES)


def _parsed(name: str, texts: list[str], carry: str = "") -> Parsed:
    return registry()[name].parse(_table(texts), Declared(), carry)


def _places(table: pl.DataFrame, lines: int) -> list[dict[str, Any]]:
    """The rows with their place in the sample instead of the line of the file."""
    return table.with_columns((pl.col("line") - 1) % lines).to_dicts()


@pytest.mark.parametrize("name", _NAMES)
def test_many_lines_at_once_are_read_like_a_few(name: str) -> None:
    texts = next((_FOLDER / name).glob("*.json")).read_text(encoding="utf-8").splitlines()
    times = shared._FEW * 2 // len(texts) + 1
    few, many = _parsed(name, texts), _parsed(name, texts * times)
    for one, all_of_them in ((few.events, many.events), (few.rejects, many.rejects), (few.skips, many.skips)):
        assert _places(all_of_them, len(texts)) == _places(one, len(texts)) * times


_SENT_ON = tuple(name for name in _NAMES if name != "netskope")


@pytest.mark.parametrize("name", _SENT_ON)
def test_what_rsyslog_sends_on_from_a_file_is_read_behind_its_header(name: str) -> None:
    texts = next((_FOLDER / name).glob("*.json")).read_text(encoding="utf-8").splitlines()
    whole = [text for text in texts if text.startswith("{")]
    sent = [f"<134>Nov  9 09:05:03 gateway querylog: {text}" for text in whole]
    assert registry()[name].claims(sent[:5]) is registry()[name].claims(whole[:5]) is True
    plain, behind = _parsed(name, whole), _parsed(name, sent)
    assert behind.events.equals(plain.events)
    assert behind.rejects.equals(plain.rejects)


def _zeek(*lines: str, carry: str = "") -> tuple[list[dict[str, Any]], Parsed]:
    parsed = _parsed("zeek", ["\t".join(line.split()) if line.startswith("#f") else line for line in lines], carry)
    return parsed.events.to_dicts(), parsed


def test_zeek_header_holds_until_the_next_and_over_the_end_of_a_block() -> None:
    _, first = _zeek("#fields ts uid id.orig_h server_name")
    events, second = _zeek("1794214800.1\tC1\t10.2.3.4\ta.example.com", carry=first.carry)
    assert [(event["client_ip"], event["host"]) for event in events] == [("10.2.3.4", "a.example.com")]
    events, _ = _zeek("#fields ts server_name id.orig_h", "1794214801.1\tb.example.com\t10.2.3.5", carry=second.carry)
    assert [(event["client_ip"], event["host"]) for event in events] == [("10.2.3.5", "b.example.com")]


@pytest.mark.parametrize("client", ["id_orig_h", "id->orig_h"])
def test_zeek_names_may_be_joined_otherwise_in_columns(client: str) -> None:
    events, _ = _zeek(f"#fields ts uid {client} server_name", "1794214800.1\tC1\t10.2.3.4\ta.example.com")
    assert [(event["client_ip"], event["host"]) for event in events] == [("10.2.3.4", "a.example.com")]


@pytest.mark.parametrize("times", [1, shared._FEW * 2])
def test_zeek_names_may_be_joined_otherwise_in_json(times: int) -> None:
    line = '{"ts":"2026-11-09T09:00:00.1Z","uid":"C1","id_orig_h":"10.2.3.4","query":"a.example.com","qclass":1}'
    assert registry()["zeek_json"].claims([line])
    events = _parsed("zeek_json", [line] * times).events
    assert set(events.select("client_ip", "host").iter_rows()) == {("10.2.3.4", "a.example.com")}


def test_zeek_header_says_how_columns_are_parted_and_what_says_nothing() -> None:
    lines = (r"#separator \x2c", "#unset_field,nil", "#empty_field,void", "#fields,ts,query,rcode,id.orig_h")
    events, _ = _zeek(*lines, "1794214800.1,nil,0,10.2.3.4", "1794214800.2,void,0,nil", "1794214800.3,-,0,10.2.3.4")
    assert [(event["host"], event["client_ip"]) for event in events] == [
        (None, "10.2.3.4"), (None, None), ("-", "10.2.3.4"),
    ]  # fmt: skip


def test_zeek_lines_before_any_header_are_refused_and_other_logs_passed_over() -> None:
    _, parsed = _zeek("1794214800.1\tC1", "#fields ts uid proto service", "1794214800.1\tC1\ttcp\tssl")
    assert parsed.rejects["reason"].to_list() == ["missing-column"]
    assert parsed.skips["reason"].to_list() == ["header", "other-record"]


def test_zeek_tunnel_to_a_path_is_the_host_of_its_header() -> None:
    uris = ("/", "chat.example.net:443")
    header = "#fields ts uid id.orig_h method host uri"
    events, _ = _zeek(
        header, *(f"179421480{n}.1\tC1\t10.2.3.4\tCONNECT\tgames.example.net\t{uri}" for n, uri in enumerate(uris))
    )
    assert [(event["host"], event["url"], event["kind"]) for event in events] == [
        ("games.example.net", None, "host-only"),
        (None, "chat.example.net:443", "host-only"),
    ]


def test_zeek_escapes_are_undone_once_and_only_where_they_are_text() -> None:
    events, _ = _zeek("#fields ts query rcode", r"1794214800.1" + "\t" + r"\x5cx41\xc3\xa9\xff" + "\t0")
    assert events[0]["host"] == r"\x41é\xff"


def test_suricata_names_no_client_for_a_block_that_does_not_say_which_way_it_looked() -> None:
    line = (
        '{{"timestamp":"2026-11-09T09:08:01.000000+0000","flow_id":1,"event_type":"alert","src_ip":"192.0.2.60",'
        '"dest_ip":"10.20.4.23","alert":{{"action":"blocked"}},"tls":{{"sni":"a.example.com"}}{}}}'
    )
    extras = ("", ',"direction":"to_client"', ',"direction":"to_server"', ',"flow":{"src_ip":"10.20.4.99"}')
    events = _parsed("suricata", [line.format(extra) for extra in extras]).events
    assert events["client_ip"].to_list() == [None, "10.20.4.23", "192.0.2.60", "10.20.4.99"]
    assert set(events["verdict"].to_list()) == {"blocked"}


@pytest.mark.parametrize(
    ("protocol", "kind"),
    [
        ("SSL", "host-only"),
        ("TUNNEL_SSL", "host-only"),
        ("HTTP_PROXY", "host-only"),
        ("HTTPS", "page"),
        ("HTTP", "page"),
    ],
)
def test_zscaler_shows_a_host_only_where_the_protocol_says_so(protocol: str, kind: str) -> None:
    event = {"datetime": "2026-11-09 09:05:01", "action": "Allowed", "protocol": protocol, "url": "a.example"}
    text = json.dumps({"sourcetype": "zscalernss-web", "event": event | {"requestmethod": "NA"}})
    assert _parsed("zscaler_json", [text]).events["kind"].to_list() == [kind]


def test_bro_had_one_column_for_what_was_sent() -> None:
    events, _ = _zeek(
        "#fields ts uid id.orig_h host uri mime_type", "1794214800.1\tC1\t10.2.3.4\ta.example\t/s\timage/png"
    )
    assert (events[0]["content_type"], events[0]["kind"]) == ("image/png", "background")


def test_zeeks_websocket_log_repeats_requests_and_is_passed_over() -> None:
    beginning = "#fields ts uid id.orig_h host uri user_agent subprotocol client_protocols server_extensions"
    _, columns = _zeek(f"{beginning} client_extensions", "1794214800.1\tC1\t10.2.3.4\ta.example\t/s\t-\t-\t-\t-\t-")
    record = '{"ts":1794214800.1,"uid":"C1","id.orig_h":"10.2.3.4","host":"a.example","uri":"/s"'
    rest = ',"user_agent":"x","client_extensions":["permessage-deflate"]}'
    objects = _parsed("zeek_json", [record + rest, record + "}", record + ',"method":"GET"}'])
    assert columns.skips["reason"].to_list() == ["header", "other-record"]
    assert objects.skips["reason"].to_list() == ["other-record", "other-record"]
    assert objects.events["url"].to_list() == ["http://a.example/s"]
