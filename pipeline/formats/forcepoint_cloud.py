"""Forcepoint Web Security Cloud (Cloud Security Gateway): the web log that its SIEM integration exports, CSV.

In: a header such as `"Date & Time","Risk Class","Action","User","Policy Name","Category Name","Domain","URL - Full",
...`, or of another format `"Date","Time","User","Workstation","Category","Action",...,"URL","Connection IP",...`, which
decides the columns and is remembered from block to block, and its rows. Which columns there are, and in which order, a
school chooses; only letters and figures of their names count.

The time names no zone, and with slashes day and month may have to be declared. `Source IP` is the address in the
school, where the log has it (`Not available` where not); `Connection IP` the one that the cloud saw, which is often
that of a whole school. Where nobody has logged in the user is `anonymous`. `Action` is `Allowed` or `Blocked`; other
words are not known. A URL may have no scheme; that of a CONNECT names a host and a port.
Out: `_COLUMNS`. Refuses: rows before a header, rows with other than so many cells, broken quotes, numbers that are
none, times that cannot be read, rows with neither URL nor domain.
Source: Forcepoint, "SIEM Integration Guide" for the cloud service, "Exporting data to a third-party SIEM tool"; the
names of the columns as Forcepoint's own exporter for Microsoft Sentinel reads them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Final

import polars as pl

from pipeline.formats import Declared, Format, Parsed
from pipeline.formats._cells import blank_apart, parted, said
from pipeline.formats._headed import Headed, read
from pipeline.formats._keyed import faults, number
from pipeline.times.localtime import Running
from pipeline.times.writtentime import from_written

#: What is wanted -> the names of its column, without blanks and signs.
_MEANINGS: Final = {
    "written": ("datetime",), "date": ("date",), "clock": ("time",), "user": ("user",), "computer": ("workstation",),
    "inside": ("sourceip",), "outside": ("connectionip",), "action": ("action",),
    "category": ("categoryname", "category", "categories"), "address": ("urlfull", "url"), "domain": ("domain",),
    "method": ("requestmethod", "httprequestmethod"), "status": ("httpstatuscode",), "size": ("bytesreceived",),
    "referer": ("referrerurlfull",), "agent": ("useragent", "useragentstring"), "app": ("cloudappname",),
    "policy": ("policyname",), "risk": ("riskclass",),
}  # fmt: skip
_NOTHING: Final = ("Not available", "None", "none")
_VERDICTS: Final = {"allowed": "allowed", "blocked": "blocked"}
_COLUMNS: Final = (
    "line", "ts", "ts_quality", "user_raw", "client_ip", "device", "method", "host", "url", "app", "verdict",
    "vendor_category", "status", "bytes", "user_agent", "referrer", "kind",
)  # fmt: skip


def _is_header() -> pl.Expr:
    """A line without any figure, which no row is, that names the user, the action and one of the product's own."""
    text = pl.col("text").str.to_lowercase()
    names = (r"\buser\b", r"\baction\b", r"connection ip\b|policy name\b|risk class\b")
    return text.str.contains(r"^[^0-9]*$") & pl.all_horizontal(text.str.contains(name) for name in names)


_TABLE: Final = Headed(
    meanings=_MEANINGS,
    needed=("user", "action"),
    is_header=_is_header(),
    fold=lambda name: re.sub("[^a-z0-9]", "", name.lower()),
)


def claims(first_lines: Sequence[str]) -> bool:
    """The header is among the lines: before it may stand what is left of another file."""
    return any(_is_ours(line) for line in first_lines)


def _is_ours(header: str) -> bool:
    """Whether a header names a time, an address and two columns of the product's own."""
    there = set(_TABLE.places(header))
    timed, addressed = "written" in there or {"date", "clock"} <= there, bool({"address", "domain"} & there)
    own = len({"outside", "policy", "risk"} & there)
    return set(_TABLE.needed) <= there and timed and addressed and own > 1


def parse(lines: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read a block of records; see `Format.parse`. The carry is the header and how stamps have run."""
    header, ran = json.loads(carry) if carry else ("", "")
    texts, blank = blank_apart(lines)
    table = read(texts, _TABLE, header)
    cells = table.cells.with_columns(pl.coalesce("written", pl.concat_str("date", "clock", separator=" ")))
    timed, running = from_written(cells["written"], declared.timezone, declared.date_order, Running.from_text(ran))
    rows = pl.concat([cells, timed], how="horizontal").lazy().with_columns(**_spoken()).select(_event()).collect()
    together = pl.concat([rows, table.rejects], how="diagonal")
    return parted(together, _COLUMNS, [blank, *table.skips], json.dumps([table.header, running.to_text()]))


def _spoken() -> dict[str, pl.Expr]:
    """The cells as written; null for the vendor's words for nothing."""
    return {name: pl.when(~pl.col(name).is_in(_NOTHING)).then(said(pl.col(name))) for name in _MEANINGS}


def _event() -> list[pl.Expr]:
    status, method, url = number(pl.col("status")), pl.col("method"), pl.col("address")
    tunnel = (method.str.to_uppercase() == "CONNECT").fill_null(value=False)
    nowhere = url.is_null() & pl.col("domain").is_null() & pl.col("reason").is_null()
    reason, detail = faults(("size", "status"))
    action = pl.col("action").str.to_lowercase().replace_strict(_VERDICTS, default="unknown", return_dtype=pl.String)
    return [
        pl.col("line"),
        pl.col("ts"),
        pl.col("ts_quality"),
        pl.when(pl.col("user") != "anonymous").then(pl.col("user")).alias("user_raw"),
        pl.coalesce("inside", "outside").alias("client_ip"),
        pl.col("computer").alias("device"),
        method,
        pl.when(url.is_null()).then(pl.col("domain")).alias("host"),
        url.alias("url"),
        pl.col("app"),
        action.fill_null("unknown").alias("verdict"),
        pl.col("category").alias("vendor_category"),
        pl.when(status > 0).then(status).alias("status"),
        number(pl.col("size")).alias("bytes"),
        pl.col("agent").alias("user_agent"),
        pl.col("referer").alias("referrer"),
        pl.when(tunnel | url.is_null()).then(pl.lit("host-only")).otherwise(pl.lit("page")).alias("kind"),
        pl.when(nowhere).then(pl.lit("bad-field")).otherwise(reason).alias("reason"),
        pl.when(nowhere).then(pl.lit("has neither a URL nor a domain")).otherwise(detail).alias("detail"),
    ]


FORMAT: Final = Format(
    name="forcepoint_cloud",
    title="Forcepoint Web Security Cloud, web log of the SIEM integration, CSV",
    document="https://www.websense.com/content/support/library/web/hosted/siem_guide/siem_format.aspx",
    claims=claims,
    parse=parse,
    records="quoted",
    gives="what its header names: user, computer, client address, URL, method, verdict, category, status, user agent, "
    "referrer",
    cannot="the zone of its times; the content type, so pictures count as pages; the page behind HTTPS that is not "
    "decrypted; files without their header",
)
