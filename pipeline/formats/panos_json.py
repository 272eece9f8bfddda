r"""Palo Alto Networks: URL logs as JSON lines, as Strata Logging Service (Cortex Data Lake) forwards them by HTTPS.

In: lines such as `{"TimeGenerated":"2026-03-15T16:07:32.000000Z","LogType":"THREAT","Subtype":"url",
"SourceAddress":"10.2.3.4","SourceUser":"school\\a.khan","URL":"h/p","URLCategory":"games","Action":"block-url", ...}`.
Only `LogType` THREAT with `Subtype` url, and `LogType` URL, are read; every other record is a skip (`other-record`).
`TimeGenerated` is the event's time, the high resolution one where it is there; both name their offset.
`X-Forwarded-For` is whatever a client wrote. The URL has no scheme. What the actions mean, `_panos` says.
Out: `_COLUMNS`. Refuses lines that are no JSON object, or lack the type, the URL or a readable time.
Source: Strata Logging Service, Log Reference, "URL" and "URL HTTPS Fields"; PAN-OS, "URL Filtering Log Fields".
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
from pipeline.formats._panos import kind, seen, somebody, verdict
from pipeline.formats._syslog import bare
from pipeline.times.localtime import Running

_WANTED: Final = {
    "type": "LogType", "subtype": "Subtype", "generated": "TimeGenerated", "fine": "TimeGeneratedHighResolution",
    "address": "SourceAddress", "user": "SourceUser", "url": "URL", "category": "URLCategory", "action": "Action",
    "app": "Application", "port": "DestinationPort", "method": "HTTPMethod", "agent": "UserAgent",
    "refer": "Referer", "content": "ContentType", "machine": "SourceDeviceHost", "decrypted": "IsDecrypted",
}  # fmt: skip
_COLUMNS: Final = (
    "line", "ts", "ts_quality", "user_raw", "client_ip", "device", "method", "url", "app", "verdict",
    "vendor_category", "content_type", "user_agent", "referrer", "kind",
)  # fmt: skip
#: Any record of the service: one profile may forward more than the URLs.
_SHAPE: Final = re.compile(
    r'\s*\{(?=.*"LogType"\s*:\s*"[A-Za-z])(?=.*"TimeGenerated(?:HighResolution)?"\s*:)'
    r'(?=.*"(?:TimeReceived|DeviceSN|LogSourceID|VendorName|URLCategory)"\s*:)'
)


def claims(first_lines: Sequence[str]) -> bool:
    """Most lines have the keys of a record of the service."""
    shaped = sum(1 for line in bare(first_lines) if _SHAPE.match(line))
    return shaped * 2 > len(first_lines)


def parse(lines: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read a block of lines; see `Format.parse`. The carry is how stamps without a zone have run."""
    type_, subtype = pl.col("type").str.to_uppercase(), pl.col("subtype").str.to_lowercase()
    ours = (type_ == "URL") | ((type_ == "THREAT") & (subtype == "url").fill_null(value=False))
    lacks = [(pl.col("type").is_null(), "LogType"), (ours & said(pl.col("url")).is_null(), "URL")]
    found = records_of(lines, _WANTED, ours, lacks)
    records = found.wanted.drop("reason", "detail").with_columns(written=pl.coalesce(said(pl.col("fine")), "generated"))
    read, running = timed(records, "written", declared, Running.from_text(carry))
    rows = pl.concat([read.lazy().select(_event()).collect(), found.damaged], how="diagonal_relaxed")
    return parted(rows, _COLUMNS, found.skipped, running.to_text())


def _event() -> list[pl.Expr]:
    method = seen(pl.col("method"))
    return [
        pl.col("line"),
        pl.col("ts"),
        pl.col("ts_quality"),
        somebody(pl.col("user")).alias("user_raw"),
        said(pl.col("address")).alias("client_ip"),
        said(pl.col("machine")).alias("device"),
        method.alias("method"),
        pl.col("url"),
        said(pl.col("app")).alias("app"),
        verdict(pl.col("action")).alias("verdict"),
        said(pl.col("category")).alias("vendor_category"),
        said(pl.col("content")).alias("content_type"),
        said(pl.col("agent")).alias("user_agent"),
        said(pl.col("refer")).alias("referrer"),
        _kind(method).alias("kind"),
        pl.col("reason"),
        pl.col("detail"),
    ]


def _kind(method: pl.Expr) -> pl.Expr:
    """As `_panos` says, and a name only where the log says that it was not decrypted."""
    app, port = pl.col("app"), pl.col("port")
    encrypted = ((app == "ssl") | (port == "443")).fill_null(value=False)
    closed = encrypted & (pl.col("decrypted").str.to_lowercase() == "false").fill_null(value=False) & method.is_null()
    usual = kind(pl.col("url"), method, app, port, pl.col("content"))
    return pl.when(closed).then(pl.lit("host-only")).otherwise(usual)


FORMAT: Final = Format(
    name="panos_json",
    title="Palo Alto URL logs, JSON (Strata Logging Service, HTTPS)",
    document="https://docs.paloaltonetworks.com/strata-logging-service/log-reference/network-logs/network-url-log",
    claims=claims,
    parse=parse,
    gives="user, client address, device, URL without scheme, verdict, category, application, method, user agent, "
    "referrer",
    cannot="status and bytes; the page behind TLS that is not decrypted; payloads of the school's own making",
)
