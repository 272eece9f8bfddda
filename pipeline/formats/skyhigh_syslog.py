"""Skyhigh Secure Web Gateway (McAfee Web Gateway) as key=value text by syslog.

In: lines such as `<134>Sep 28 10:15:02 proxy mwg: status="403/80" srcip="10.2.3.4" user="dee" dhost="h" urlp="80"
proto="HTTP/http" mtd="GET" urlc="Games" ... mt="text/html" ... bytes="458/509/2813/3001" ua="..." http_referrer=""
lat="0/0/165/2638" rule="..." url="http://h/p" ...`: what the rule set for Splunk writes. Every line is a request.

A line has no time of its own, so the stamp of syslog is read, whose year must mostly be found (`guessed-year`).
`status` is the status and the number of the block; `bytes` are from the client, to the server, from the server and to
the client.
Pairs are read as `_keyed` says: all but names of files and the like stand before what the client sent. Out: `_COLUMNS`.
Refuses lines that have no `status`, `srcip` and `url`, and records without a readable time.
Source: the lines that Splunk Connect for Syslog has published; `_skyhigh` for the numbers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import polars as pl

from pipeline.formats import Declared, Format, Parsed
from pipeline.formats._cells import blank_apart, parted, said
from pipeline.formats._header_stamp import header_stamp
from pipeline.formats._keyed import Keyed, number, read
from pipeline.formats._skyhigh import kind, verdict
from pipeline.formats._syslog import unstructured, without_structure
from pipeline.times.localtime import Running
from pipeline.times.monthnames import from_named_month

_AHEAD: Final = ("status", "srcip", "user", "dhost", "mtd", "urlc", "mt", "bytes")
_KEYED: Final = Keyed(
    keys=(*_AHEAD, "ua", "http_referrer", "url"), client=("ua", "http_referrer", "url", "file_name"), ahead=_AHEAD
)
_COLUMNS: Final = (
    "line", "ts", "ts_quality", "user_raw", "client_ip", "method", "host", "url", "verdict", "vendor_category",
    "status", "bytes", "content_type", "user_agent", "referrer", "kind",
)  # fmt: skip
_RECORD: Final = r'^[^"=]*\bstatus="[0-9]*/[^"]*" srcip='
_SHAPE: Final = re.compile(
    r'[^"=]{0,200}(?:^|[\s>])status="[0-9]*/[^"]*" srcip=(?=.* dhost=)(?=.* mtd=)(?=.* url=).*', re.DOTALL
)
_STATUS: Final = r"^([0-9]{1,3})/"
_BYTES: Final = r"^[0-9]*/[0-9]*/[0-9]*/([0-9]{1,18})$"


def claims(first_lines: Sequence[str]) -> bool:
    """Most lines have the keys of the gateway's rule set for Splunk."""
    shaped = sum(1 for line in unstructured(first_lines) if _SHAPE.match(line))
    return shaped * 2 > len(first_lines)


def parse(lines: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read a block of lines; see `Format.parse`. The carry is how the stamps have run."""
    texts, blank = blank_apart(lines)
    texts = without_structure(texts)
    ours = pl.col("text").str.contains(_RECORD)
    foreign = texts.filter(~ours).select(
        "line", reason=pl.lit("not-this-format"), detail=pl.lit('has no pairs that begin with status="…/…" srcip=')
    )
    known = texts.filter(ours)
    stamps = known.select(stamp=header_stamp(pl.col("text")))
    cells = pl.concat([read(known, _KEYED), stamps], how="horizontal")
    good = pl.col("reason").is_null()
    timed, running = _timed(cells.filter(good), declared, Running.from_text(carry))
    damaged = cells.filter(~good).select("line", "reason", "detail")
    table = pl.concat([timed.select(_event()), damaged, foreign], how="diagonal")
    return parted(table, _COLUMNS, [blank], running.to_text())


def _timed(records: pl.DataFrame, declared: Declared, running: Running) -> tuple[pl.DataFrame, Running]:
    """Add `ts`, `ts_quality`, and the reason and detail of a time that cannot be read."""
    times, after = from_named_month(records["stamp"], declared.timezone, declared.last_change, running)
    return pl.concat([records.drop("reason", "detail"), times], how="horizontal"), after


def _event() -> list[pl.Expr]:
    status, block = number(pl.col("status").str.extract(_STATUS)), pl.col("status").str.extract(r"/(.*)$")
    url, method, content_type = said(pl.col("url")), said(pl.col("mtd")), said(pl.col("mt"))
    size = pl.col("bytes").str.extract(_BYTES)
    odd = said(pl.col("bytes")).is_not_null() & size.is_null()
    return [
        pl.col("line"),
        pl.col("ts"),
        pl.col("ts_quality"),
        said(pl.col("user")).alias("user_raw"),
        said(pl.col("srcip")).alias("client_ip"),
        method.alias("method"),
        pl.when(url.is_null()).then(said(pl.col("dhost"))).alias("host"),
        url.alias("url"),
        verdict(status, block).alias("verdict"),
        said(pl.col("urlc")).alias("vendor_category"),
        pl.when(status > 0).then(status).alias("status"),
        number(size).alias("bytes"),
        content_type.alias("content_type"),
        said(pl.col("ua")).alias("user_agent"),
        said(pl.col("http_referrer")).alias("referrer"),
        pl.when(url.is_null()).then(pl.lit("host-only")).otherwise(kind(method, content_type)).alias("kind"),
        pl.coalesce("reason", pl.when(odd).then(pl.lit("bad-number"))).alias("reason"),
        pl.coalesce("detail", pl.when(odd).then(pl.lit("bytes are not four whole numbers"))).alias("detail"),
    ]


FORMAT: Final = Format(
    name="skyhigh_syslog",
    title="Skyhigh Secure Web Gateway (McAfee Web Gateway), key=value by syslog",
    document="https://splunk.github.io/splunk-connect-for-syslog/main/sources/vendor/McAfee/wg/",
    claims=claims,
    parse=parse,
    gives="user, client address, method, URL, verdict, category, status, bytes to the client, content type, user agent",
    cannot="the year, which is found from the file's last change; the page behind an encrypted CONNECT",
)
