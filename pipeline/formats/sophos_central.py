r"""Sophos Central: what the web control of Sophos Endpoint blocked or warned of, JSON lines of the SIEM API.

In: one event a line, as the API gives it or as Sophos's own script writes it (`siem.py`, `format = json`), such as
`{"when":"2026-03-16T09:05:01.000Z","type":"Event::Endpoint::WebControlViolation","name":"'https://h' blocked due to
category 'Gambling'","source":"SCHOOL\\dee","location":"PC-104","source_info":{"ip":"10.2.3.4"},"group":"WEB", ...}`.
The script calls `when` `end`, `source` `suser` and `location` `dhost`. Read are `WebControlViolation` and
`WebFilteringBlocked`; every other event is a skip (`other-record`).

What was done to which address stands in `name`, in words, as `_sophos_central` says. Pages that are allowed are not
logged. Out: `_COLUMNS`. Refuses lines that are no JSON object, lack the type or the name, or have no readable time.
Source: Sophos, "SIEM Integration API", the script that Sophos has published, and events that its users have published.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import polars as pl

from pipeline.formats import Declared, Format, Parsed
from pipeline.formats._cells import parted, said
from pipeline.formats._instants import timed
from pipeline.formats._json_records import records_of
from pipeline.formats._sophos_central import TYPES, faults, in_words, said_of, somebody
from pipeline.formats._syslog import bare
from pipeline.times.localtime import Running

_WANTED: Final = {
    "type": "type", "name": "name", "when": "when", "end": "end", "source": "source", "suser": "suser",
    "location": "location", "dhost": "dhost", "ip": "source_info.ip",
}  # fmt: skip
_COLUMNS: Final = (
    "line", "ts", "ts_quality", "user_raw", "client_ip", "device", "url", "verdict", "vendor_category", "kind",
)  # fmt: skip
_SHAPE: Final = re.compile(
    r'\s*\{(?=.*"type"\s*:\s*"Event::)(?=.*"name"\s*:\s*")(?=.*"(?:when|end)"\s*:)(?=.*"(?:customer_id|endpoint_id)"\s*:)'
)


def claims(first_lines: Sequence[str]) -> bool:
    """Most lines are events of Sophos Central."""
    shaped = sum(1 for line in bare(first_lines) if _SHAPE.match(line))
    return shaped * 2 > len(first_lines)


def parse(lines: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read a block of lines; see `Format.parse`. The carry is how stamps without a zone have run."""
    ours = pl.col("type").is_in(TYPES)
    lacks = [(pl.col("type").is_null(), "type"), (ours & pl.col("name").is_null(), "name")]
    found = records_of(lines, _WANTED, ours, lacks)
    records = in_words(found.wanted.drop("reason", "detail")).with_columns(
        pl.coalesce(said(pl.col("when")), "end").alias("written")
    )
    read, running = timed(records, "written", declared, Running.from_text(carry))
    rows = pl.concat([read.lazy().select(_event()).collect(), found.damaged], how="diagonal_relaxed")
    return parted(rows, _COLUMNS, found.skipped, running.to_text())


def _event() -> list[pl.Expr]:
    return [
        pl.col("line"),
        pl.col("ts"),
        pl.col("ts_quality"),
        somebody(pl.coalesce(said(pl.col("source")), said(pl.col("suser")))).alias("user_raw"),
        said(pl.col("ip")).alias("client_ip"),
        pl.coalesce(said(pl.col("location")), said(pl.col("dhost"))).alias("device"),
        *said_of(),
        *faults(),
    ]


FORMAT: Final = Format(
    name="sophos_central",
    title="Sophos Central, web control of Sophos Endpoint, JSON (SIEM API)",
    document="https://developer.sophos.com/docs/siem-v1/1/overview",
    claims=claims,
    parse=parse,
    gives="user, client address, device, URL, verdict (blocked, warned, went on past the warning), category",
    cannot="allowed pages, which are not logged; the page of most HTTPS sites; the method, the status, the bytes",
)
