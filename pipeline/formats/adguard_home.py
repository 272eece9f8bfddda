"""AdGuard Home's query log: one JSON object a line for each DNS query, with what became of it.

In: lines such as `{"T":"2026-03-15T16:07:32.123456789Z","QH":"h","QT":"A","QC":"IN","CP":"","Answer":"...",
"IP":"10.2.3.4","Result":{"IsFiltered":true,"Reason":3,"Rules":[...]},"Elapsed":837429}`. Go leaves out what is nought,
so an empty `Result` is a query that no rule touched. `Reason` by its number, or by its name in the API's words:
0 to 2 not filtered (no rule, allow list, a failed check); 3 block list, 4 safe browsing, 5 parental control and 8
blocked service are blocks; 6 is a query that was not processed (`error`); 7 is an answer that leads to the safe search
of the same engine, and no block; 9 to 11 are rewrites of the school's own, which may lead somewhere or nowhere
(`unknown`). NXDOMAIN is in the answer, and no block. `Elapsed` counts nanoseconds. `CID` is the name that a device was
given for its encrypted DNS.
The API (`/control/querylog`) has the same under other names, read with one entry of its `data` a line: `{"time":"...",
"question":{"name":"h","type":"A"},"client":"10.2.3.4","client_info":{"name":"PC-104"},"reason":"FilteredBlackList",
"service_name":"","elapsedMs":"0.84"}`; there the name that the school has given to a device is known as well.
A header of syslog, where the file is sent on, is passed over.
Out: `_COLUMNS`; DNS shows a host only. Refuses lines that are no JSON object, or lack the time, the name or the result.
Source: AdGuard Home, `internal/querylog/entry.go` and `internal/filtering`, `Reason`; `openapi/openapi.yaml`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import polars as pl

from pipeline.formats import Declared, Format, Parsed
from pipeline.formats._cells import blank_apart, parted, said, whole
from pipeline.formats._instants import timed
from pipeline.formats._json import fields
from pipeline.formats._syslog import bare, without_header
from pipeline.times.localtime import Running

_WANTED: Final = {
    "written": "T", "name": "QH", "ip": "IP", "id": "CID", "why": "Result.Reason", "service": "Result.ServiceName",
    "elapsed": "Elapsed", "time": "time", "asked": "question.name", "asked_before": "question.host",
    "client": "client", "client_id": "client_id", "called": "client_info.name", "verdict_word": "reason",
    "service_name": "service_name", "millis": "elapsedMs",
}  # fmt: skip
_COLUMNS: Final = (
    "line", "ts", "ts_quality", "client_ip", "device", "host", "verdict", "vendor_category", "duration_ms", "kind",
)  # fmt: skip
#: By number and by name.
_REASONS: Final = (
    ("NotFilteredNotFound", "allowed"), ("NotFilteredWhiteList", "allowed"), ("NotFilteredError", "allowed"),
    ("FilteredBlackList", "blocked"), ("FilteredSafeBrowsing", "blocked"), ("FilteredParental", "blocked"),
    ("FilteredInvalid", "error"), ("FilteredSafeSearch", "allowed"), ("FilteredBlockedService", "blocked"),
    ("Rewrite", "unknown"), ("RewriteEtcHosts", "unknown"), ("RewriteRule", "unknown"),
)  # fmt: skip
_VERDICTS: Final = dict(_REASONS) | {str(number): verdict for number, (_, verdict) in enumerate(_REASONS)}
_NANOS: Final = 1_000_000
_RESULT: Final = r'"Result"\s*:\s*\{'
_SHAPE: Final = re.compile(
    rf'\s*\{{(?=.*"T"\s*:\s*"\d{{4}}-\d\d-\d\dT)(?=.*"QH"\s*:\s*")(?=.*"QT"\s*:\s*")(?=.*"IP"\s*:)(?=.*{_RESULT})'
)


_FROM_API: Final = re.compile(
    r'\s*\{(?=.*"question"\s*:\s*\{)(?=.*"client"\s*:\s*")(?=.*"time"\s*:\s*"\d{4}-\d\d-\d\dT)'
    r'(?=.*"reason"\s*:\s*"(?:NotFiltered|Filtered|Rewrite))'
)
#: What only an entry of the API has.
_OF_API: Final = r'"question"\s*:\s*\{'


def claims(first_lines: Sequence[str]) -> bool:
    """Most lines have the keys of a query and its result."""
    shaped = sum(1 for line in bare(first_lines) if _SHAPE.match(line) or _FROM_API.match(line))
    return shaped * 2 > len(first_lines)


def parse(lines: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read a block of lines; see `Format.parse`. The carry is how stamps without a zone have run."""
    texts, blank = blank_apart(lines)
    texts = without_header(texts)
    resultless = texts.filter(~pl.col("text").str.contains(_RESULT) & ~pl.col("text").str.contains(_OF_API))["line"]
    cells = fields(texts.select("line", "text"), _WANTED).with_columns(
        name=pl.coalesce("name", "asked", "asked_before"), written=pl.coalesce("written", "time")
    )
    missing = (
        pl.when(said(pl.col("name")).is_null())
        .then(pl.lit("has no QH and no question.name, the name that was asked for"))
        .when(pl.col("line").is_in(resultless.implode()))
        .then(pl.lit("has no Result"))
        .when(said(pl.coalesce("asked", "asked_before")).is_not_null() & said(pl.col("verdict_word")).is_null())
        .then(pl.lit("has no reason"))
    )
    lacks = pl.col("reason").is_null() & missing.is_not_null()
    cells = cells.with_columns(
        pl.when(lacks).then(pl.lit("missing-column")).otherwise(pl.col("reason")).alias("reason"),
        pl.when(lacks).then(missing).otherwise(pl.col("detail")).alias("detail"),
    )
    damaged = cells.filter(pl.col("reason").is_not_null()).select("line", "reason", "detail")
    records = cells.filter(pl.col("reason").is_null()).drop("reason", "detail")
    read, running = timed(records, "written", declared, Running.from_text(carry))
    rows = pl.concat([read.lazy().select(_event()).collect(), damaged], how="diagonal_relaxed")
    return parted(rows, _COLUMNS, [blank], running.to_text())


def _event() -> list[pl.Expr]:
    elapsed, millis = whole(pl.col("elapsed")), said(pl.col("millis")).cast(pl.Float64, strict=False)
    no_number = (pl.col("elapsed").is_not_null() & elapsed.is_null()) | (
        said(pl.col("millis")).is_not_null() & ~(millis >= 0).fill_null(value=False)
    )
    verdict = (
        pl.coalesce("why", "verdict_word")
        .fill_null("0")
        .replace_strict(_VERDICTS, default="unknown", return_dtype=pl.String)
    )
    return [
        pl.col("line"),
        pl.col("ts"),
        pl.col("ts_quality"),
        pl.coalesce(said(pl.col("ip")), said(pl.col("client"))).alias("client_ip"),
        pl.coalesce(said(pl.col("id")), said(pl.col("client_id")), said(pl.col("called"))).alias("device"),
        pl.col("name").alias("host"),
        verdict.alias("verdict"),
        pl.coalesce(said(pl.col("service")), said(pl.col("service_name"))).alias("vendor_category"),
        pl.coalesce(elapsed // _NANOS, millis.cast(pl.Int64, strict=False)).alias("duration_ms"),
        pl.lit("host-only").alias("kind"),
        pl.when(no_number).then(pl.lit("bad-number")).otherwise(pl.col("reason")).alias("reason"),
        pl.when(no_number)
        .then(pl.lit("Elapsed is no number of nanoseconds, or elapsedMs none of milliseconds"))
        .otherwise(pl.col("detail"))
        .alias("detail"),
    ]


FORMAT: Final = Format(
    name="adguard_home",
    title="AdGuard Home query log (querylog.json, or the API's entries)",
    document="https://github.com/AdguardTeam/AdGuardHome/wiki/Configuration",
    claims=claims,
    parse=parse,
    gives="client address, the host asked for, verdict, the blocked service, the name of a device with encrypted DNS",
    cannot="the user; the page; where a rewrite leads; the list that a block came from",
)
