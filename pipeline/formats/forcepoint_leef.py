r"""Forcepoint (Websense) web protection, SIEM format "syslog/LEEF (QRadar)".

In: lines such as `<159>Mar 15 16:07:32 10.0.0.9 LEEF:1.0|Forcepoint|Security|8.5.3|transaction:blocked|sev=7<tab>
cat=1504<tab>usrName=dee<tab>loginID=dee<tab>src=10.2.3.4<tab>srcBytes=0<tab>dstBytes=0<tab>proxyStatus-code=403<tab>
method=GET<tab>contentType=-<tab>userAgent=...<tab>url=http://h/p`. The time is in the header of syslog alone, which
mostly has neither year nor zone. What was done stands in the header: `transaction:blocked` or `transaction:permitted`.
`dstBytes` is what came back, `srcBytes` the request; `cat` is the number of the category. Before the last pair,
`logRecordSource`, there may be a blank and no tab. An equals sign inside a value may stand behind a backslash, as in
CEF, which is taken away.
LEEF is read as `_leef` says; what the cells mean, `_forcepoint` says. Out: `COLUMNS`.
Refuses lines that are no such records, and whose time cannot be read.
Source: Forcepoint, "Security Information Event Management (SIEM) Solutions" 8.5; IBM, "Forcepoint V-Series Content
Gateway", sample messages.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from pipeline.formats import Declared, Format, Parsed
from pipeline.formats._cells import blank_apart, parted, said
from pipeline.formats._forcepoint import COLUMNS, event
from pipeline.formats._header_stamp import or_header_stamp
from pipeline.formats._leef import Source, taken_apart
from pipeline.formats._worded import Order
from pipeline.times.localtime import Running
from pipeline.times.monthnames import from_named_month

_SOURCE: Final = Source(
    vendor="Forcepoint|Websense",
    product="Security",
    keys=(
        "cat", "usrName", "loginID", "src", "dstBytes", "proxyStatus-code", "method", "contentType", "userAgent", "url",
        "devTime",
    ),
    once=("usrName", "loginID", "src", "proxyStatus-code", "url", "devTime"),
    order=Order(
        client=("userAgent", "url"), ahead=("usrName", "loginID", "src", "proxyStatus-code", "devTime")
    ),
)  # fmt: skip
#: What may hold an equals sign.
_MARKED: Final = ("usrName", "contentType", "userAgent", "url")
_LAST_PAIR: Final = r" logRecordSource=[^ ]*$"
claims = _SOURCE.claims


def parse(lines: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read a block of lines; see `Format.parse`. The carry is how stamps without a zone have run."""
    texts, blank = blank_apart(lines)
    cells = taken_apart(texts, _SOURCE)
    good = pl.col("reason").is_null()
    marked = (pl.col(name).str.replace_all(r"\=", "=", literal=True) for name in _MARKED)
    records = cells.filter(good).drop("reason", "detail").with_columns(marked)
    stamps = records.select(or_header_stamp(said(pl.col("devTime")))).to_series()
    stamped, running = from_named_month(stamps, declared.timezone, declared.last_change, Running.from_text(carry))
    named = pl.concat([records, stamped], how="horizontal").select(
        "line", "ts", "ts_quality", "reason", "detail",
        action=pl.col("event").str.strip_prefix("transaction:"), user="usrName", login="loginID", client="src",
        method="method", url=pl.col("url").str.replace(_LAST_PAIR, ""), status="proxyStatus-code",
        received="dstBytes", type="contentType", agent="userAgent", category="cat",
    )  # fmt: skip
    damaged = cells.filter(~good).select("line", "reason", "detail")
    return parted(pl.concat([named.select(event()), damaged], how="diagonal"), COLUMNS, [blank], running.to_text())


FORMAT: Final = Format(
    name="forcepoint_leef",
    title="Forcepoint (Websense) web protection, LEEF",
    document="https://help.forcepoint.com/websec/en-us/on-prem/85/siem/B180CA52-DB55-4DCD-A393-2F3DE855CFC8.html",
    claims=claims,
    parse=parse,
    gives="user, client address, URL, method, verdict, number of the category, status, bytes to the client, content "
    "type, user agent",
    cannot="the year, which is guessed; whether a blocked page could be gone on to; the page behind an encrypted "
    "CONNECT",
    unproven=("challenge",),
)
