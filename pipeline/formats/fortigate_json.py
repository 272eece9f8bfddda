r"""FortiGate and FortiProxy: web-filter and DNS-filter records as JSON lines (`set format json`, from FortiOS 7.4.1).

In: lines such as `{"date":"2025-09-08","time":"09:05:01","eventtime":1757318701000000000,"tz":"+0100",
"logid":"0316013056","type":"utm","subtype":"webfilter","vd":"root","user":"dee","srcip":"10.2.3.4","service":"HTTPS",
"hostname":"h","url":"https://h/p","action":"blocked", ...}`, with or without a header of syslog. The keys are the names
of the fields of the log message reference, so that FortiAnalyzer's and a collector's JSON of the same record is read
as well; numbers may stand in quotes or not. Every other record of the device is a skip (`other-record`).

What the fields mean, and which of the two clocks counts, `_fortinet` says. Out: `COLUMNS`. Refuses lines that are no
JSON object, lack `type` or `subtype`, or have no readable time.
Source: FortiOS CLI Reference 7.4 and 7.6, `config log syslogd setting`; FortiOS Log Message Reference 7.4 and 7.6.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import polars as pl

from pipeline.formats import Declared, Format, Parsed
from pipeline.formats._cells import parted
from pipeline.formats._fortinet import COLUMNS, FIELDS, event, is_ours, timed
from pipeline.formats._json_records import records_of
from pipeline.formats._syslog import bare
from pipeline.times.localtime import Running

_WANTED: Final = {name: name for name in FIELDS}
_SHAPE: Final = re.compile(
    r'\s*\{(?=.*"(?:date|eventtime)"\s*:\s*"?[0-9])(?=.*"logid"\s*:)(?=.*"(?:devid|devname|vd)"\s*:)'
    r'(?=.*"type"\s*:\s*")(?=.*"subtype"\s*:\s*")'
)


def claims(first_lines: Sequence[str]) -> bool:
    """Most lines have FortiGate's keys."""
    shaped = sum(1 for line in bare(first_lines) if _SHAPE.match(line))
    return shaped * 2 > len(first_lines)


def parse(lines: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read a block of lines; see `Format.parse`. The carry is how stamps without a zone have run."""
    nameless = pl.any_horizontal(pl.col("type", "subtype").is_null())
    found = records_of(lines, _WANTED, is_ours(), [(nameless, "type and subtype")])
    records, running = timed(found.wanted, declared, Running.from_text(carry))
    read = pl.concat([records.lazy().select(event()).collect(), found.damaged], how="diagonal")
    return parted(read, COLUMNS, found.skipped, running.to_text())


FORMAT: Final = Format(
    name="fortigate_json",
    title="FortiGate and FortiProxy web and DNS filter, JSON",
    document="https://docs.fortinet.com/document/fortigate/7.6.0/fortios-log-message-reference/",
    claims=claims,
    parse=parse,
    gives="user, client address, URL or host, verdict, category, bytes to the client, method, user agent; both clocks "
    "of the device where they disagree",
    cannot="the page behind HTTPS that is not decrypted; the status; the content type, so pictures count as pages; "
    "what became of a DNS query whose answer is not logged",
)
