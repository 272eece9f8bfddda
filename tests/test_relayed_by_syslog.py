"""What relays and collectors put before a record: structured data, a mark of UTF-8, no tag, two headers."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from pipeline.formats import LINES, Declared, Parsed, registry
from pipeline.formats._syslog import bare, unstructured, without_header, without_structure

_FOLDER = Path(__file__).parent.parent / "sample_logs"
_STRUCTURES = (
    '[meta sequenceId="7"] ',
    '[timeQuality tzKnown="1" isSynced="0"][meta sequenceId="7" sysUpTime="3"] ',
    '[note@32473 said="a \\"b\\" c\\]d url=\\"/x\\""] \ufeff',
    "- \ufeff",
)
_RECORDS = {
    "sophos_xg": 'device_name="SFW" timestamp="2026-09-28T10:15:02+0100" log_id=050901616001 '
    'log_type="Content Filtering" log_component="HTTP" log_subtype="Allowed" user_name="dee" '
    'http_category="Games" url="http://www.example.org/a" src_ip="10.2.3.4" bytes_received=9',
    "sonicwall": 'id=firewall sn=0000000A time="2026-09-28 09:15:02 UTC" fw=192.0.2.1 pri=6 c=1024 m=97 '
    "src=10.2.3.4:5000:X0 dst=192.0.2.9:80:X1 proto=tcp/http rcvd=9 dstname=www.example.org arg=/a code=27",
    "sophos_swa": 'h=10.2.3.4 u="dee" s=200 X=- t=1790586902 T=284453 Ts=0 act=1 cat="0x2f" out=9 meth=GET ref="-" '
    'ua="x" req="GET http://www.example.org/a HTTP/1.1" dom="www.example.org"',
    "skyhigh_syslog": 'status="200/0" srcip="10.2.3.4" user="dee" dhost="www.example.org" urlp="80" '
    'proto="HTTP/http" mtd="GET" urlc="Games" mt="text/html" bytes="1/2/3/9" ua="x" http_referrer="" '
    'url="http://www.example.org/a"',
    "fortigate": 'date=2026-09-28 time=10:15:02 tz="+0100" devname="fw" devid="FG" logid="0317013312" type="utm" '
    'subtype="webfilter" vd="root" srcip=10.2.3.4 hostname="www.example.org" action="passthrough" url="/a"',
    "watchguard": '(2026-09-28T09:15:02) http-proxy[2000]: msg_id="1AFF-0024" Allow 1-Trusted 0-External tcp 10.2.3.4 '
    '192.0.2.9 55555 80 msg="HTTP Request" proxy_act="P" op="GET" dstname="www.example.org" arg="/a"  (HTTP-proxy-00)',
    "sophos_utm": 'id="0001" severity="info" sys="SecureWeb" sub="http" name="http access" action="pass" '
    'method="GET" srcip="10.2.3.4" user="dee" statuscode="200" size="9" url="http://www.example.org/a"',
}
_PROGRAMS = {"sophos_utm": "httpproxy"}
_SERVERS = {
    "dnsmasq": ("dnsmasq", "query[A] www.example.org from 10.2.3.4"),
    "bind": ("named", "client @0x7f5cd4 10.2.3.4#5300 (www.example.org): query: www.example.org IN A + (192.0.2.1)"),
    "unbound": ("unbound", "[812:0] info: 10.2.3.4 www.example.org. A IN"),
}


def _parsed(name: str, *texts: str) -> Parsed:
    table = pl.DataFrame({"line": range(1, len(texts) + 1), "text": texts}, schema=LINES)
    return registry()[name].parse(table, Declared(last_change=datetime(2026, 12, 1, tzinfo=UTC)), "")


@pytest.mark.parametrize("structure", _STRUCTURES)
@pytest.mark.parametrize("name", sorted(_RECORDS))
def test_structured_data_before_pairs_are_none_of_them(name: str, structure: str) -> None:
    header = f"<30>1 2026-09-28T10:15:02+01:00 gateway {_PROGRAMS.get(name, 'program')} 7 - "
    headed, plain = f"{header}{structure}{_RECORDS[name]}", f"{header}- {_RECORDS[name]}"
    assert registry()[name].claims([headed])
    events = _parsed(name, headed).events
    assert events.height == 1
    assert events["client_ip"].to_list() == ["10.2.3.4"]
    assert events["ts"].to_list() == [datetime(2026, 9, 28, 9, 15, 2, tzinfo=UTC)]
    assert events.equals(_parsed(name, plain).events)


@pytest.mark.parametrize("structure", ["- ", *_STRUCTURES])
@pytest.mark.parametrize("name", sorted(_SERVERS))
def test_name_servers_are_read_behind_structured_data(name: str, structure: str) -> None:
    program, said = _SERVERS[name]
    line = f"<30>1 2026-09-28T10:15:02+01:00 gateway {program} 812 - {structure}{said}"
    assert registry()[name].claims([line])
    assert _parsed(name, line).events["host"].to_list() == ["www.example.org"]


@pytest.mark.parametrize(
    "relay", ["Sep 28 10:15:03 relay ", "<30>Sep 28 10:15:03 relay <30>", "2026-09-28T10:15:03+01:00 relay "]
)
@pytest.mark.parametrize("name", sorted(_SERVERS))
def test_the_time_of_a_name_server_is_that_of_the_inner_header(name: str, relay: str) -> None:
    program, said = _SERVERS[name]
    line = f"{relay}Sep 28 10:15:02 gateway {program}[812]: {said}"
    assert registry()[name].claims([line])
    events = _parsed(name, line).events
    assert events["ts"].to_list() == [datetime(2026, 9, 28, 9, 15, 2, tzinfo=UTC)]


@pytest.mark.parametrize(
    ("name", "record"),
    [
        ("squid", "1790586902.473     54 10.2.3.4 TCP_MISS/200 504 GET http://www.example.org/ - HIER_NONE/- -"),
        (
            "suricata",
            '{"timestamp":"2026-09-28T10:15:02.0+0100","event_type":"tls","src_ip":"10.2.3.4","tls":{"sni":"a.test"}}',
        ),
    ],
)
@pytest.mark.parametrize("header", ["2026-09-28T10:15:02.123456+01:00 192.0.2.1 ", "2026-09-28T09:15:02Z gateway "])
def test_an_iso_stamp_and_a_host_without_a_tag_come_off_before_such_records(
    name: str, record: str, header: str
) -> None:
    assert registry()[name].claims([header + record])
    assert _parsed(name, header + record).events.equals(_parsed(name, record).events)
    assert bare([header + record]) == [record]


@pytest.mark.parametrize("header", ["2026-11-09T09:05:03.123456+00:00 192.0.2.1 ", "2026-11-09T09:05:03Z pa-220 "])
def test_records_of_pan_os_are_read_behind_what_rsyslog_writes_for_a_message_without_a_tag(header: str) -> None:
    texts = (_FOLDER / "panos" / "url.log").read_text(encoding="utf-8").splitlines()
    own = [text for text in texts if text.startswith("1,20")]
    plain, headed = _parsed("panos", *own), _parsed("panos", *(header + text for text in own))
    assert plain.events.height
    assert headed.events.equals(plain.events)


def test_two_headers_without_a_priority_come_off_and_a_record_with_a_host_of_its_own_stays() -> None:
    twice = "Sep 28 10:15:03 relay Sep 28 10:15:02 gateway squid[7]: 1790586902.473 x"
    stays = "2026-09-28T10:15:02Z allowed http://www.example.org/ by rule 7"
    assert bare([twice, stays]) == ["1790586902.473 x", stays]
    assert without_header(pl.DataFrame({"text": [twice, stays]}))["text"].to_list() == ["1790586902.473 x", stays]


def test_only_a_header_loses_its_structured_data() -> None:
    lines = ['<30>1 - - - - - [a b="c"] [d e="f"]', '[a b="c"]', "<30>1 - - - - - -", '<30>Sep  8 09:05:01 h [a b="c"]']
    kept = ['<30>1 - - - - - - [d e="f"]', *lines[1:]]
    assert unstructured(lines) == kept
    assert without_structure(pl.DataFrame({"text": lines}))["text"].to_list() == kept
