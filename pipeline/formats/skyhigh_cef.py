r"""Skyhigh (McAfee) Secure Web Gateway access log in CEF.

In: lines such as `<30>Mar 15 16:07:32 mwg01 mwg: CEF:0|McAfee|Web Gateway|12.2.7|200|Proxy-Default|2|rt=Mar 15 2026
16:07:32 cat=Access Log dst=192.0.2.1 dhost=h suser=dee src=10.2.3.4 requestMethod=GET request=https://h/p app=HTTPS
cs4=Business cs4Label=URL Categories fileType=text/html out=19578 requestClientApplication=... cn1=0 cn1Label=Block
Reason cs5=Default cs5Label=Policy`. The header's signature is the status, its name the last rule. Other records of the
product (`cat` is not `Access Log`) are skips (`other-record`).
`out` is what went to the client. The verdict is by the number of the block reason: 0 let through, any other blocked;
a 407 asks for a login, and a record without that number is `unknown`. `CONNECT` shows the host only.
CEF is read as `_cef` says. Out: `_COLUMNS`. Refuses lines that are no such records, times that cannot be read, and
numbers that are none.
Source: McAfee, "Web Gateway: CEF syslog" (the log handler of the rule set library), 7.8 to 12; lines published of it.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

import polars as pl

from pipeline.formats import Declared, Format, Parsed
from pipeline.formats._cef import Source, labelled, taken_apart, timed
from pipeline.formats._cells import blank_apart, is_background, parted, said, skips, whole
from pipeline.formats._header_stamp import or_header_stamp
from pipeline.formats._worded import Order
from pipeline.times.localtime import Running

_SOURCE: Final = Source(
    vendor="McAfee|Skyhigh(?: Security)?",
    product="(?:Secure )?Web Gateway",
    keys=(
        "rt", "cat", "src", "suser", "request", "requestMethod", "cs4", "cs4Label", "fileType", "out",
        "requestClientApplication", "cn1", "cn1Label",
    ),
    once=("rt", "src", "suser", "request", "cn1", "cn1Label", "cat"),
    order=Order(
        client=("request", "requestClientApplication"),
        ahead=("rt", "src", "suser", "cat"),
    ),
)  # fmt: skip
_COLUMNS: Final = (
    "line", "ts", "ts_quality", "user_raw", "client_ip", "method", "url", "verdict", "vendor_category", "status",
    "bytes", "content_type", "user_agent", "kind",
)  # fmt: skip
claims = _SOURCE.claims


def parse(lines: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read a block of lines; see `Format.parse`. The carry is how stamps without a zone have run."""
    texts, blank = blank_apart(lines)
    cells = taken_apart(texts, _SOURCE)
    good = pl.col("reason").is_null()
    access = (pl.col("cat") == "Access Log").fill_null(value=True)
    records = cells.filter(good & access).with_columns(rt=or_header_stamp(said(pl.col("rt"))))
    stamped, running = timed(records, declared, Running.from_text(carry))
    damaged = cells.filter(~good).select("line", "reason", "detail")
    other = skips(cells.filter(good & ~access), "other-record")
    read = pl.concat([stamped.lazy().select(_event()).collect(), damaged], how="diagonal")
    return parted(read, _COLUMNS, [blank, other], running.to_text())


def _event() -> list[pl.Expr]:
    status, size = said(pl.col("signature")), said(pl.col("out"))
    block = said(labelled("Block Reason", "cn1"))
    method, content_type = said(pl.col("requestMethod")), said(pl.col("fileType"))
    wrong = pl.coalesce(
        pl.when(cell.is_not_null() & whole(cell).is_null()).then(pl.lit(name))
        for cell, name in ((status, "the status"), (size, "out"), (block, "cn1"))
    )
    return [
        pl.col("line"),
        pl.col("ts"),
        pl.col("ts_quality"),
        said(pl.col("suser")).alias("user_raw"),
        said(pl.col("src")).alias("client_ip"),
        method.alias("method"),
        said(pl.col("request")).alias("url"),
        _verdict(whole(status), whole(block)).alias("verdict"),
        said(labelled("URL Categories", "cs4")).alias("vendor_category"),
        pl.when(whole(status) > 0).then(whole(status)).alias("status"),
        whole(size).alias("bytes"),
        content_type.alias("content_type"),
        said(pl.col("requestClientApplication")).alias("user_agent"),
        _kind(method, content_type).alias("kind"),
        pl.when(wrong.is_not_null()).then(pl.lit("bad-number")).otherwise("reason").alias("reason"),
        pl.when(wrong.is_not_null()).then(pl.format("{} is not a whole number", wrong)).otherwise("detail")
        .alias("detail"),
    ]  # fmt: skip


def _verdict(status: pl.Expr, block: pl.Expr) -> pl.Expr:
    return (
        pl.when(status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED)
        .then(pl.lit("challenge"))
        .when(block > 0)
        .then(pl.lit("blocked"))
        .when(block == 0)
        .then(pl.lit("allowed"))
        .otherwise(pl.lit("unknown"))
    )


def _kind(method: pl.Expr, content_type: pl.Expr) -> pl.Expr:
    tunnel = method.is_in(["CONNECT", "CERTVERIFY"]).fill_null(value=False)
    return (
        pl.when(tunnel)
        .then(pl.lit("host-only"))
        .when(is_background(content_type))
        .then(pl.lit("background"))
        .otherwise(pl.lit("page"))
    )


FORMAT: Final = Format(
    name="skyhigh_cef",
    title="Skyhigh (McAfee) Secure Web Gateway access log, CEF",
    document="https://success.skyhighsecurity.com/Skyhigh_Secure_Web_Gateway_(On_Prem)",
    claims=claims,
    parse=parse,
    gives="user, client address, URL, method, verdict, categories, status, bytes to the client, content type, user "
    "agent",
    cannot="the page behind an encrypted CONNECT; a warning page (the gateway logs it as a block); what the handler of "
    "the school's own rule set leaves out",
    unproven=("challenge",),
)
