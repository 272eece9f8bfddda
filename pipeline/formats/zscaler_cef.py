r"""Zscaler Internet Access web log in CEF, as its Nanolog Streaming Service (NSS) feeds it.

In: lines such as `Mar 15 16:07:32 nss CEF:0|Zscaler|NSSWeblog|5.7|Blocked|Not allowed to browse this category|3|
act=Blocked app=HTTPS src=198.51.100.1 sourceTranslatedAddress=10.2.3.4 in=512 out=111 request=h/p outcome=403
requestMethod=GET suser=dee@example.org spriv=Main site rt=Mar 15 2026 16:07:32 cat=Gambling ...`. `in` is the size of
the answer. `rt` is left out by some of the templates: then the header of syslog tells the time, without a year. Either
is in the zone that the feed is set to.
CEF is read as `_cef` says; what the cells mean, `_zscaler` says. Out: `COLUMNS`. Refuses lines that are no such
records, times that cannot be read, and numbers that are none.
Source: Zscaler, "NSS Feed Output Format: Web Logs" and the CEF templates that it and Microsoft publish for the feed.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from pipeline.formats import Declared, Format, Parsed
from pipeline.formats._cef import Source, taken_apart, timed
from pipeline.formats._cells import blank_apart, parted
from pipeline.formats._header_stamp import or_header_stamp
from pipeline.formats._worded import Order
from pipeline.formats._zscaler import COLUMNS, event, spoken
from pipeline.times.localtime import Running

_SOURCE: Final = Source(
    vendor="Zscaler",
    product="NSSWeblog",
    keys=(
        "rt", "act", "app", "src", "sourceTranslatedAddress", "suser", "spriv", "request", "requestMethod", "outcome",
        "in", "cat", "requestContext", "requestClientApplication", "contenttype",
    ),
    once=("rt", "act", "src", "sourceTranslatedAddress", "suser", "request", "outcome", "spriv"),
    order=Order(
        client=("request", "requestClientApplication", "requestContext"),
        ahead=("act", "src"),
    ),
)  # fmt: skip
claims = _SOURCE.claims


def parse(lines: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read a block of lines; see `Format.parse`. The carry is how stamps without a zone have run."""
    texts, blank = blank_apart(lines)
    cells = taken_apart(texts, _SOURCE)
    good = pl.col("reason").is_null()
    records = cells.filter(good).with_columns(rt=or_header_stamp(spoken("rt")))
    stamped, running = timed(records, declared, Running.from_text(carry))
    named = stamped.select(
        "line", "ts", "ts_quality", "reason", "detail",
        action="act", protocol="app", client="src", other_client="sourceTranslatedAddress", user="suser",
        location="spriv", url="request", method="requestMethod", status="outcome", received="in", category="cat",
        referrer="requestContext", agent="requestClientApplication", type="contenttype",
    )  # fmt: skip
    damaged = cells.filter(~good).select("line", "reason", "detail")
    return parted(pl.concat([named.select(event()), damaged], how="diagonal"), COLUMNS, [blank], running.to_text())


FORMAT: Final = Format(
    name="zscaler_cef",
    title="Zscaler Internet Access web log, CEF (NSS feed)",
    document="https://help.zscaler.com/zia/nss-feed-output-format-web-logs",
    claims=claims,
    parse=parse,
    gives="user, client address, URL, method, verdict, category, status, bytes to the client, user agent, referrer; "
    "the content type where the feed has it",
    cannot="the page behind HTTPS that is not inspected; the year where the feed has no rt",
)
