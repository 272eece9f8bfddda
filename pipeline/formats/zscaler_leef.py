r"""Zscaler Internet Access web log in LEEF, as its Nanolog Streaming Service (NSS) feeds it ("QRadar LEEF").

In: lines such as `Mon Mar 15 16:07:32 2026 nss: LEEF:1.0|Zscaler|NSS|4.1|Not allowed to browse this category|
cat=Blocked<tab>devTime=Mar 15 2026 16:07:32 GMT<tab>src=198.51.100.1<tab>srcPostNAT=10.2.3.4<tab>realm=Main site<tab>
usrName=dee@example.org<tab>srcBytes=111<tab>dstBytes=512<tab>url=h/p<tab>appproto=HTTPS<tab>urlcategory=Gambling<tab>
reqmethod=GET<tab>respcode=403<tab>...`. `cat` is what was done, `dstBytes` the size of the answer, `realm` the
location.
LEEF is read as `_leef` says; what the cells mean, `_zscaler` says. Out: `COLUMNS`. Refuses lines that are no such
records, times that cannot be read, and numbers that are none.
Source: Zscaler, "NSS Feed Output Format: Web Logs" and its LEEF template for QRadar.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from pipeline.formats import Declared, Format, Parsed
from pipeline.formats._cells import blank_apart, parted
from pipeline.formats._header_stamp import or_header_stamp
from pipeline.formats._leef import Source, taken_apart
from pipeline.formats._worded import Order
from pipeline.formats._zscaler import COLUMNS, event, spoken
from pipeline.times.localtime import Running
from pipeline.times.monthnames import from_named_month

_SOURCE: Final = Source(
    vendor="Zscaler",
    product="NSS",
    keys=(
        "cat", "devTime", "src", "srcPostNAT", "realm", "usrName", "dstBytes", "url", "appproto", "urlcategory",
        "reqmethod", "respcode", "referer", "useragent", "contenttype",
    ),
    once=("cat", "devTime", "src", "srcPostNAT", "realm", "usrName", "url", "appproto", "reqmethod", "respcode"),
    order=Order(
        client=("url", "useragent", "referer"), ahead=("cat", "devTime", "src", "srcPostNAT", "realm", "usrName")
    ),
)  # fmt: skip
claims = _SOURCE.claims


def parse(lines: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read a block of lines; see `Format.parse`. The carry is how stamps without a zone have run."""
    texts, blank = blank_apart(lines)
    cells = taken_apart(texts, _SOURCE)
    good = pl.col("reason").is_null()
    records = cells.filter(good).drop("reason", "detail")
    stamps = records.select(or_header_stamp(spoken("devTime"))).to_series()
    stamped, running = from_named_month(stamps, declared.timezone, declared.last_change, Running.from_text(carry))
    named = pl.concat([records, stamped], how="horizontal").select(
        "line", "ts", "ts_quality", "reason", "detail",
        action="cat", protocol="appproto", client="src", other_client="srcPostNAT", user="usrName", location="realm",
        url="url", method="reqmethod", status="respcode", received="dstBytes", category="urlcategory",
        referrer="referer", agent="useragent", type="contenttype",
    )  # fmt: skip
    damaged = cells.filter(~good).select("line", "reason", "detail")
    return parted(pl.concat([named.select(event()), damaged], how="diagonal"), COLUMNS, [blank], running.to_text())


FORMAT: Final = Format(
    name="zscaler_leef",
    title="Zscaler Internet Access web log, LEEF (NSS feed)",
    document="https://help.zscaler.com/zia/nss-feed-output-format-web-logs",
    claims=claims,
    parse=parse,
    gives="user, client address, URL, method, verdict, category, status, bytes to the client, user agent, referrer",
    cannot="the page behind HTTPS that is not inspected; the content type; "
    "a tab in what a client sent from one between the pairs, where the feed does not mask it",
)
