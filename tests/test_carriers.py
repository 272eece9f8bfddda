"""What collectors put around lines comes off, whatever the format: the events are those of the lines as they were."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.formats import Declared, Parsed, registry
from pipeline.formats._carriers import uncarried, uncarried_lines
from pipeline.formats._syslog import bare, without_header
from tests.samples import SAMPLES, declared_of, form_of, lines_of, parsed_of, table_of

_PRIORITY = re.compile("^<[0-9]{1,3}>")


def _kiwi(text: str) -> str:
    return "2026-11-30 16:07:32\tLocal7.Info\t192.0.2.1\t" + _PRIORITY.sub("", text)


def _kiwi_by_day(text: str) -> str:
    return "30-11-2026 16:07:32\tLocal7.Info\t192.0.2.1\t" + _PRIORITY.sub("", text)


def _archive(text: str) -> str:
    return "2026 Nov 30 16:07:32 (proxy 1) any->/var/log/squid/access.log " + _PRIORITY.sub("", text)


def _docker(text: str) -> str:
    return json.dumps({"log": f"{text}\n", "stream": "stdout", "time": "2026-11-30T16:07:32.003Z"}, ensure_ascii=False)


def _cri(text: str) -> str:
    return f"2026-11-30T16:07:32.003Z stdout F {text}"


def _filebeat(text: str) -> str:
    entry = {
        "@timestamp": "2026-11-30T16:07:32.003Z", "@metadata": {"beat": "filebeat"}, "message": text,
        "log": {"offset": 7, "file": {"path": "/var/log/a.log"}}, "input": {"type": "filestream"},
    }  # fmt: skip
    return json.dumps(entry, ensure_ascii=False)


def _logstash(text: str) -> str:
    entry = {
        "event": {"original": text}, "@version": "1", "@timestamp": "2026-11-30T16:07:32.003456789Z",
        "message": "taken apart", "host": {"name": "gateway"},
    }  # fmt: skip
    return json.dumps(entry, ensure_ascii=False)


def _vector(text: str) -> str:
    entry = {"file": "/a.log", "message": text, "source_type": "file", "timestamp": "2026-11-30T16:07:32.003Z"}
    return json.dumps(entry, ensure_ascii=False)


def _fluent_bit(text: str) -> str:
    return json.dumps({"date": 1796054852.003, "log": f"{text}\n"}, ensure_ascii=False)


def _journal(message: str, **more: object) -> str:
    entry = {
        "__REALTIME_TIMESTAMP": "1790586902123456", "_HOSTNAME": "gateway", "SYSLOG_IDENTIFIER": "dnsmasq",
        "_PID": "812", "MESSAGE": message,
    }  # fmt: skip
    return json.dumps(entry | more)


_CARRIERS = (_kiwi, _kiwi_by_day, _archive, _docker, _cri, _filebeat, _logstash, _vector, _fluent_bit)
#: Tables, Zeek's columns and FortiAnalyzer's file have a header, and no collector hands them on line by line.
_WHOLE = {"zeek", "csv", "json"}
_CARRIED = [
    path
    for path in SAMPLES
    if form_of(path).records == "lines" and path.parent.name not in _WHOLE and path.name != "analyzer.csv"
]
#: The records of some have no time of their own, and get that of the collector.
_NO_TIME = {"not-this-format", "bad-time", "missing-column"}


def _parsed(name: str, texts: list[str], declared: Declared | None = None) -> Parsed:
    known = declared or Declared(last_change=datetime(2026, 12, 1, tzinfo=UTC))
    return registry()[name].parse(table_of(texts), known, "")


@pytest.mark.parametrize("carrier", _CARRIERS)
@pytest.mark.parametrize("path", _CARRIED, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_lines_of_collectors_give_the_events_of_the_lines(path: Path, carrier: Callable[[str], str]) -> None:
    form, declared, lines = form_of(path), declared_of(path), lines_of(path)
    texts = [carrier(text) if text.strip() else text for text in lines["text"]]
    plain, carried = parsed_of(path), form.parse(table_of(texts), declared, "")
    events = carried.events.sort("line")
    timeless = plain.rejects.filter(pl.col("reason").is_in(_NO_TIME))["line"]
    new = events.filter(~pl.col("line").is_in(plain.events["line"].implode()))
    assert new["line"].is_in(timeless.implode()).all()
    assert events.join(new.select("line"), on="line", how="anti", maintain_order="left").equals(
        plain.events.sort("line")
    )
    assert form.claims(lines["text"].to_list()[:50]) == form.claims(texts[:50])


@pytest.mark.parametrize(
    ("line", "instant", "quality"),
    [
        (_kiwi("dnsmasq[812]: query[A] www.example.org from 10.2.3.4"), "2026-11-30T16:07:32+00:00", "assumed-zone"),
        (
            "2026-07-05 16:07:32\tDaemon.Info\tpi.example.org\tdnsmasq: query[A] www.example.org from 10.2.3.4",
            "2026-07-05T15:07:32+00:00",
            "assumed-zone",
        ),
        (
            "2026 Nov 30 16:07:32 manager->192.0.2.1 dnsmasq: query[A] www.example.org from 10.2.3.4",
            "2026-11-30T16:07:32+00:00",
            "assumed-zone",
        ),
        (_docker("dnsmasq: query[A] www.example.org from 10.2.3.4"), "2026-11-30T16:07:32.003+00:00", "exact"),
        (_cri("dnsmasq: query[A] www.example.org from 10.2.3.4"), "2026-11-30T16:07:32.003+00:00", "exact"),
        (_filebeat("dnsmasq: query[A] www.example.org from 10.2.3.4"), "2026-11-30T16:07:32.003+00:00", "exact"),
        (_logstash("dnsmasq: query[A] www.example.org from 10.2.3.4"), "2026-11-30T16:07:32.003456+00:00", "exact"),
        (_vector("dnsmasq: query[A] www.example.org from 10.2.3.4"), "2026-11-30T16:07:32.003+00:00", "exact"),
        (_fluent_bit("dnsmasq: query[A] www.example.org from 10.2.3.4"), "2026-11-30T16:07:32.003+00:00", "exact"),
        (
            "1796054852.003214 gateway dnsmasq[812]: query[A] www.example.org from 10.2.3.4",
            "2026-11-30T16:07:32.003214+00:00",
            "exact",
        ),
        (_journal("query[A] www.example.org from 10.2.3.4"), "2026-09-28T09:15:02.123456+00:00", "exact"),
    ],
)
def test_a_record_without_a_time_gets_that_of_the_collector(line: str, instant: str, quality: str) -> None:
    events = _parsed("dnsmasq", [line]).events
    assert events.select("ts", "ts_quality", "client_ip", "host").rows() == [
        (datetime.fromisoformat(instant), quality, "10.2.3.4", "www.example.org")
    ]


def test_kiwis_time_is_not_taken_where_day_and_month_cannot_be_told_apart() -> None:
    read = _parsed("dnsmasq", [_kiwi_by_day("dnsmasq: query[A] www.example.org from 10.2.3.4")])
    assert read.rejects["reason"].to_list() == ["not-this-format"]


@pytest.mark.parametrize(
    ("name", "program", "message"),
    [
        ("dnsmasq", "dnsmasq", "query[A] www.example.org from 10.2.3.4"),
        ("unbound", "unbound", "[812:0] info: 10.2.3.4 www.example.org. A IN"),
        (
            "bind",
            "named",
            "client @0x7f5cd4 10.2.3.4#5300 (www.example.org): query: www.example.org IN A + (192.0.2.1)",
        ),
    ],
)
def test_name_servers_are_read_from_the_journal_as_json(name: str, program: str, message: str) -> None:
    entries = [
        _journal(message, SYSLOG_IDENTIFIER=program),
        _journal(message, SYSLOG_IDENTIFIER=program, _PID="", SYSLOG_PID="7"),
    ]
    assert registry()[name].claims(entries)
    events = _parsed(name, entries).events
    assert events["host"].str.strip_suffix(".").to_list() == ["www.example.org"] * 2
    assert events["ts"].to_list() == [datetime(2026, 9, 28, 9, 15, 2, 123456, tzinfo=UTC)] * 2


@pytest.mark.parametrize(
    "output", ["2026-09-28T10:15:02+0100", "2026-09-28T10:15:02.123456+0100", "Sep 28 10:15:02.123456"]
)
def test_the_journal_as_text_is_read_in_all_its_stamps(output: str) -> None:
    record = "1790586902.473     54 10.2.3.4 TCP_MISS/200 504 GET http://www.example.org/ - HIER_NONE/- -"
    assert (
        bare([f"{output} gateway squid[812]: {record}", f"{output} gateway (squid-1)[812]: {record}"]) == [record] * 2
    )
    line = f"{output} gateway dnsmasq[812]: query[A] www.example.org from 10.2.3.4"
    assert _parsed("dnsmasq", [line]).events["ts"].dt.truncate("1s").to_list() == [
        datetime(2026, 9, 28, 9, 15, 2, tzinfo=UTC)
    ]


@pytest.mark.parametrize(
    "relay",
    ["2026-09-28T10:15:03.000001+01:00 relay ", "2026-09-28T09:15:03Z 192.0.2.7 ", "178 <134>Sep 28 10:15:03 relay "],
)
def test_two_headers_come_off_before_rows_of_proxysg(relay: str) -> None:
    row = "2026-09-28 09:15:02 7 10.2.3.4 - - - OBSERVED"
    lines = [f"{relay}Sep 28 10:15:02 proxysg {row}", f"{relay}Sep 28 10:15:02 proxysg log: {row}"]
    assert bare(lines) == [row] * 2
    assert without_header(pl.DataFrame({"text": lines}))["text"].to_list() == [row] * 2


@pytest.mark.parametrize("structure", ["-", '[meta sequenceId="7"]'])
def test_a_header_of_rfc_5424_comes_off_also_without_its_priority(structure: str) -> None:
    record = 'date=2026-09-28 time=10:15:02 tz="+0100" msg="a b: c"'
    assert bare([f"1 2026-09-28T10:15:02.003Z gateway app 7 - {structure} {record}"]) == [record]
    assert bare([_kiwi(f"<134>1 2026-09-28T10:15:02.003Z gateway app 7 - {structure} {record}")]) == [record]


_STAY = [
    "2026-11-30 16:07:32 Local7.Info 192.0.2.1 no tabs",
    "2026-11-30 16:07:32\tallowed\thttp://www.example.org/\t7",
    "2026-11-30T16:07:32.003Z stdout P the first half of a line",
    _docker("half a line").replace("\\n", ""),
    '{"log":"x\\n","stream":"stdout","time":"2026-11-30T16:07:32Z","kubernetes":{}}',
    '{"log":"x\\n","log":"y\\n","stream":"stdout","time":"2026-11-30T16:07:32Z"}',
    '{"log":"x\\n","stream":"stdout","time":7}',
    '{"MESSAGE":[120,121],"__REALTIME_TIMESTAMP":"1790586902123456"}',
    '{"MESSAGE":"x","__REALTIME_TIMESTAMP":"' + "9" * 17 + '1"}',
    '{"MESSAGE":"x"',
    '{"timestamp":"2026-11-30T16:07:32Z","MESSAGE":"x"}',
    '{"@timestamp":"2026-11-30T16:07:32Z","message":"a record with a message of its own"}',
    '{"@timestamp":"2026-11-30T16:07:32Z","@version":"1","message":7}',
    '{"@timestamp":"30 Nov 2026","@version":"1","message":"x"}',
    '{"@timestamp":"2026-11-30T16:07:32Z","@version":"1","message":"x\\ny"}',
    '{"@timestamp":"2026-11-30T16:07:32Z","@version":"1","event":{"action":"x"}}',
    '{"message":"x","level":"info"}',
    '{"date":1796054852.003,"log":"x","user":"y"}',
    '{"date":-1,"log":"x"}',
    '{"log":["x"]}',
    "1796054852.003214 gateway no program",
    "1796054852.003214\tC1\t10.2.3.4: x",
    "2026 was a year",
    "",
]


@pytest.mark.parametrize("line", _STAY)
def test_other_lines_stay(line: str) -> None:
    assert uncarried(pl.DataFrame({"text": [line, _kiwi("x")]}))["text"][0] == line
    assert list(uncarried_lines([line])) == [line]


@pytest.mark.parametrize("key", ["message", "log"])
def test_an_object_of_nothing_but_a_line_is_that_line(key: str) -> None:
    assert uncarried_lines([json.dumps({key: "<134>Nov 30 16:07:32 gateway x\n"})]) == [
        "<134>Nov 30 16:07:32 gateway x"
    ]


def test_a_client_cannot_put_a_collectors_line_into_another() -> None:
    inner = _kiwi("dnsmasq: query[A] forged.example.org from 10.2.3.4")
    assert uncarried_lines([_kiwi(f"GET /{inner}")])[0].endswith(f"GET /{inner}")


_PARTS = st.sampled_from([
    "2026-11-30", " ", "16:07:32", "\t", "Local7.Info", "192.0.2.1", "2026 Nov 30 ", "a->b ", "T", "Z", " stdout F ",
    "<13>", '{"message":"', '{"@timestamp":"2026-11-30T16:07:32Z","@version":"1","message":"', "1796054852.003214 ",
    "gateway squid: ",
    '{"log":"', '\\n"', ',"stream":"stdout","time":"', '"}', '{"MESSAGE":"', '","__REALTIME_TIMESTAMP":"1',
    "1 ", "- ", "é", "\n",
])  # fmt: skip


@given(st.lists(st.lists(_PARTS, max_size=12).map("".join), max_size=8))
def test_both_ways_agree_whatever_the_text(lines: list[str]) -> None:
    table = pl.DataFrame({"text": lines}, schema={"text": pl.String})
    assert uncarried(table)["text"].to_list() == list(uncarried_lines(lines))
    assert without_header(table)["text"].to_list() == bare(lines)
    alone = [uncarried(table[at : at + 1])["text"][0] for at in range(len(lines))]
    assert uncarried(table)["text"].to_list() == alone


def test_the_map_of_a_school_may_name_what_stands_in_a_shippers_object() -> None:
    columns = (("ts", '"@timestamp"'), ("url", "url.original"), ("user_raw", "user.name"))
    entry = json.loads(_filebeat("the line as it was")) | {
        "url": {"original": "http://www.example.org/"},
        "user": {"name": "asmith"},
    }
    lines = [json.dumps(entry), _docker(json.dumps({"@timestamp": "2026-11-30T16:07:33Z"} | {"user": {"name": "b"}}))]
    events = _parsed("json", lines, Declared(columns=columns)).events
    assert events["user_raw"].to_list() == ["asmith", "b"]
    assert events["url"].to_list() == ["http://www.example.org/", None]
