r"""Forcepoint (Websense) web protection, SIEM format "syslog/CEF (ArcSight)".

In: lines such as `<159>Mar 15 16:07:32 10.0.0.9 CEF:0|Forcepoint|Security|8.5.0|148|Transaction permitted|1|
act=permitted app=http ... src=10.2.3.4 suser=LDAP://10.0.0.4 CN\=Users,DC\=example/dee loginID=dee rt=1773590852
in=4074 out=0 requestMethod=GET ... cs3Label=ContentType cs3=text/html cn1Label=DispositionCode cn1=1048
request=http://h/p`. `rt` counts from the epoch in seconds or, before 8.5, milliseconds. The header's signature is the
category's number. There is no status. CEF is read as `_cef` says; what the cells mean, `_forcepoint` says. Out:
`COLUMNS`. Refuses lines that are no such records, and whose time cannot be read.
Source: Forcepoint, "Working with SIEM integration format strings" 8.5; Websense, "SIEM Solutions" 7.6 to 7.8.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from pipeline.formats import Declared, Format, Parsed
from pipeline.formats._cef import Source, labelled, taken_apart, timed
from pipeline.formats._cells import blank_apart, parted, said
from pipeline.formats._forcepoint import COLUMNS, event
from pipeline.formats._header_stamp import or_header_stamp
from pipeline.formats._worded import Order
from pipeline.times.localtime import Running

_SOURCE: Final = Source(
    vendor="Forcepoint|Websense",
    product="Security",
    keys=(
        "rt", "act", "suser", "loginID", "src", "requestMethod", "request", "in", "cs3", "cs3Label",
        "requestClientApplication",
    ),
    once=("rt", "act", "suser", "loginID", "src", "request"),
    order=Order(
        client=("request", "requestClientApplication"),
        ahead=("rt", "act", "suser", "loginID", "src"),
    ),
)  # fmt: skip
claims = _SOURCE.claims


def parse(lines: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read a block of lines; see `Format.parse`. The carry is how stamps without a zone have run."""
    texts, blank = blank_apart(lines)
    cells = taken_apart(texts, _SOURCE)
    good = pl.col("reason").is_null()
    records = cells.filter(good).with_columns(rt=or_header_stamp(said(pl.col("rt"))))
    stamped, running = timed(records, declared, Running.from_text(carry))
    named = stamped.select(
        "line", "ts", "ts_quality", "reason", "detail",
        action="act", user="suser", login="loginID", client="src", method="requestMethod", url="request",
        status=pl.lit(None, pl.String), received="in", type=labelled("ContentType", "cs3"),
        agent="requestClientApplication", category="signature",
    )  # fmt: skip
    damaged = cells.filter(~good).select("line", "reason", "detail")
    return parted(pl.concat([named.select(event()), damaged], how="diagonal"), COLUMNS, [blank], running.to_text())


FORMAT: Final = Format(
    name="forcepoint_cef",
    title="Forcepoint (Websense) web protection, CEF",
    document="https://help.forcepoint.com/websec/en-us/on-prem/85/siem/B180CA52-DB55-4DCD-A393-2F3DE855CFC8.html",
    claims=claims,
    parse=parse,
    gives="user, client address, URL, method, verdict, number of the category, bytes to the client, content type, user "
    "agent",
    cannot="the status, and so a request for a login; whether a blocked page could be gone on to; the page behind an "
    "encrypted CONNECT",
)
