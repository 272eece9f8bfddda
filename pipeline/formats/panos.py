r"""Palo Alto Networks firewalls (PAN-OS): URL filtering records as CSV, by syslog or exported from the device.

In: lines such as `<14>Nov 30 16:44:36 PA-220 1,2026/03/16 09:00:01,0128,THREAT,url,2561,2026/03/16 09:00:00,10.2.3.4,`.
Only the type THREAT with the subtype `url` is read; every other record of the device is a skip (`other-record`).
The columns up to the category are the same in all versions; the method, the user agent and the referer stand in theirs
where the record goes on so far. The URL has no scheme, and stands in quotes.

Of the three times the generated one is the event's; the others say when the record was received and logged. It is local
and names no zone. From 10.0 on the record may hold a stamp of high resolution with an offset: that of the receipt, so
only its offset is taken, and only where both clocks are less than an hour apart.
The Strata Logging Service (Cortex Data Lake, Prisma Access) writes the same records with its fields in the order of its
reference, which leaves out a few, and with ISO 8601 times in UTC: `2026-03-16T09:00:02.000000Z,no-serial,THREAT,url,`.
What the actions and the other columns mean, `_panos` says.
Out: `_COLUMNS`. Refuses: lines that are no record of the device, broken quotes, records cut off before the category,
unreadable times, an empty URL.
Source: PAN-OS Administrator's Guide 8.1 to 11.1, "URL Filtering Log Fields" and "Threat Log Fields"; Strata Logging
Service, Log Reference, "URL".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import polars as pl

from pipeline.formats import Declared, Format, Parsed
from pipeline.formats._cells import blank_apart, parted, said, skips
from pipeline.formats._delimited import Layout, split
from pipeline.formats._panos import kind, seen, somebody, verdict
from pipeline.formats._syslog import bare, without_header
from pipeline.times.localtime import Running
from pipeline.times.writtentime import from_written

_LAYOUT: Final = Layout(
    {
        "generated": 6, "client_ip": 7, "user": 12, "app": 14, "port": 25, "action": 30, "misc": 31, "category": 33,
        "content_type": 41, "agent": 46, "referrer": 49, "method": 63, "received": 107,
    },
    least=34,
    # No version writes so many. Without a limit a URL whose quotes are not masked could bring an offset of its own.
    most=150,
)  # fmt: skip
#: The fields of the Strata Logging Service in the order of its reference.
_STRATA: Final = Layout(
    {
        "generated": 5, "client_ip": 6, "user": 11, "app": 13, "port": 23, "action": 27, "misc": 28, "category": 29,
        "content_type": 35, "agent": 38, "referrer": 40, "method": 49,
    },
    least=30,
    most=150,
)  # fmt: skip
_COLUMNS: Final = (
    "line", "ts", "ts_quality", "user_raw", "client_ip", "method", "url", "app", "verdict", "vendor_category",
    "content_type", "user_agent", "referrer", "kind",
)  # fmt: skip
_TYPES: Final = (
    "TRAFFIC|THREAT|SYSTEM|CONFIG|USERID|HIPMATCH|HIP-MATCH|GLOBALPROTECT|DECRYPTION|CORRELATION|AUTHENTICATION|AUTH"
    "|GTP|SCTP|IPTAG|TUNNEL|URL|DATA|WILDFIRE|AUDIT"
)
_BEGINNING: Final = r"^[0-9]{0,3},[0-9/]*[ T]?[0-9:.]+,[^,]*,"
_LOGGED: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z,[^,]*,"
_RECORD: Final = rf"(?:{_BEGINNING}|{_LOGGED})(?:{_TYPES}),"
#: What a record begins with that is read -> the places of its columns.
_OURS: Final = {rf"{_BEGINNING}THREAT,url,": _LAYOUT, rf"{_LOGGED}THREAT,url,": _STRATA}
_SHAPE: Final = re.compile(_RECORD)
_EXPORTED: Final = re.compile(r'"?Domain"?,"?Receive Time"?,"?Serial #"?,"?Type"?,')
#: Some relays put a dash for the missing tag before the record, or leave the colon behind the tag.
_TAGLESS: Final = r"^[-:] "
_OFFSET: Final = r"^([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$"
_STAMP: Final = r"^[0-9]{4}/[0-9]{2}/[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}$"
_APART: Final = 3600


def claims(first_lines: Sequence[str]) -> bool:
    """Most lines begin like records of the device, or the first like its export."""
    records = [re.sub(_TAGLESS, "", line) for line in bare(first_lines)]
    shaped = sum(1 for line in records if _SHAPE.match(line) or _EXPORTED.match(line))
    return shaped * 2 > len(records)


def parse(lines: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read a block of lines; see `Format.parse`. The carry is how stamps without a zone have run."""
    texts, blank = blank_apart(without_header(lines))
    text = pl.col("text")
    device, service = _OURS
    kind = (
        pl.when(text.str.contains(device)).then(pl.lit(device))
        .when(text.str.contains(service)).then(pl.lit(service))
        .when(text.str.contains(_RECORD)).then(pl.lit("other"))
        .when(text.str.contains(f"^{_EXPORTED.pattern}")).then(pl.lit("header"))
        .otherwise(pl.lit("foreign"))
    )  # fmt: skip
    marked = texts.with_columns(text.str.replace(_TAGLESS, "")).with_columns(kind=kind)
    parts = [split(marked.filter(pl.col("kind") == begins), layout) for begins, layout in _OURS.items()]
    cells = pl.concat([cells for cells, _ in parts], how="diagonal").sort("line")
    stamps = cells.select(_stamp().alias("stamp"))["stamp"]
    timed, running = from_written(stamps, declared.timezone, declared.date_order, Running.from_text(carry))
    read = pl.concat([cells, timed], how="horizontal").select(_event())
    foreign = marked.filter(pl.col("kind") == "foreign").select(
        "line", reason=pl.lit("not-this-format"), detail=pl.lit("does not begin like a record of PAN-OS")
    )
    other = skips(marked.filter(pl.col("kind") == "other"), "other-record")
    header = skips(marked.filter(pl.col("kind") == "header"), "header")
    rows = pl.concat([read, *(broken for _, broken in parts), foreign], how="diagonal")
    return parted(rows, _COLUMNS, [blank, other, header], running.to_text())


def _stamp() -> pl.Expr:
    """The generated time, with the offset of the stamp of high resolution where both clocks agree."""
    generated = pl.col("generated")
    here = pl.when(generated.str.contains(_STAMP)).then(generated).str.to_datetime("%Y/%m/%d %H:%M:%S", strict=False)
    there = pl.col("received").str.extract(_OFFSET, 1).str.to_datetime("%Y-%m-%dT%H:%M:%S", strict=False)
    close = (there - here).dt.total_seconds().abs() < _APART
    return pl.when(close).then(generated + pl.col("received").str.extract(_OFFSET, 2)).otherwise(generated)


def _event() -> list[pl.Expr]:
    url, method = said(pl.col("misc")), seen(pl.col("method"))
    empty = pl.col("reason").is_null() & url.is_null()
    return [
        pl.col("line"),
        pl.col("ts"),
        pl.col("ts_quality"),
        somebody(pl.col("user")).alias("user_raw"),
        said(pl.col("client_ip")),
        method.alias("method"),
        url.alias("url"),
        said(pl.col("app")),
        verdict(pl.col("action")).alias("verdict"),
        said(pl.col("category")).alias("vendor_category"),
        said(pl.col("content_type")),
        said(pl.col("agent")).alias("user_agent"),
        said(pl.col("referrer")),
        kind(url, method, pl.col("app"), pl.col("port"), pl.col("content_type")).alias("kind"),
        pl.when(empty).then(pl.lit("bad-field")).otherwise(pl.col("reason")).alias("reason"),
        pl.when(empty).then(pl.lit("the URL is empty")).otherwise(pl.col("detail")).alias("detail"),
    ]


FORMAT: Final = Format(
    name="panos",
    title="Palo Alto URL filtering, CSV (PAN-OS by syslog or export, Strata Logging Service)",
    document="https://docs.paloaltonetworks.com/pan-os/11-1/pan-os-admin/monitoring/use-syslog-for-monitoring/"
    "syslog-field-descriptions/url-filtering-log-fields",
    claims=claims,
    parse=parse,
    gives="user, client address, URL without scheme, verdict, category, application; method and user agent if logged",
    cannot="status and bytes; the page behind TLS that is not decrypted; the zone of the time before PAN-OS 10; "
    "a quote in a URL from the end of the URL: then category, method and user agent may be the client's",
)
