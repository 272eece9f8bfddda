r"""Zscaler Internet Access web log in CEF, as its Nanolog Streaming Service (NSS) feeds it.

In: lines such as `Mar 15 16:07:32 nss CEF:0|Zscaler|NSSWeblog|5.7|Blocked|Not allowed to browse this category|3|
act=Blocked app=HTTPS src=198.51.100.1 sourceTranslatedAddress=10.2.3.4 in=512 out=111 request=h/p outcome=403
requestMethod=GET suser=dee@example.org spriv=Main site rt=Mar 15 2026 16:07:32 cs2=Gambling cs2Label=urlcat ...`.
`rt` is left out by some of the vendor's templates: then the header of syslog tells the time, without a year. Either is
in the zone that the feed is set to.

- Templates differ in which of `src` and `sourceTranslatedAddress` is the address before the school's own translation of
  addresses; it is the private one where only one of them is.
- Without a login `suser` is the name of the location (`spriv`), and then nobody. `NA` and `None` say nothing.
- `request` has no scheme; `app` is the protocol and names it. `in` is the size of the answer. `cat` is the category.
- Actions are `Allowed` and `Blocked`. `CONNECT` and tunnels show the host only.
CEF is read as `_cef` says. Out: `_COLUMNS`. Refuses lines that are no such records, whose time cannot be read, and
whose numbers are none.
Source: Zscaler, "NSS Feed Output Format: Web Logs", "General Guidelines for NSS Feeds and Feed Formats"; Microsoft,
"Zscaler deployment guide" (template of the feed).
"""

from __future__ import annotations

from typing import Final

import polars as pl

from pipeline.formats import Declared, Format, Parsed
from pipeline.formats._cef import Source, taken_apart, timed
from pipeline.formats._cells import blank_apart, is_background, parted, said, whole
from pipeline.localtime import Running

_SOURCE: Final = Source(
    vendor="Zscaler",
    product="NSSWeblog",
    keys=(
        "rt", "act", "app", "src", "sourceTranslatedAddress", "suser", "spriv", "request", "requestMethod", "outcome",
        "in", "cat", "requestContext", "requestClientApplication", "contenttype",
    ),
    once=("rt", "act", "src", "suser", "request"),
)  # fmt: skip
_COLUMNS: Final = (
    "line", "ts", "ts_quality", "user_raw", "client_ip", "method", "url", "verdict", "vendor_category", "status",
    "bytes", "content_type", "user_agent", "referrer", "kind",
)  # fmt: skip
_VERDICTS: Final = {"allowed": "allowed", "blocked": "blocked"}
_NOTHING: Final = ("NA", "None", "N/A")
_PRIVATE: Final = r"^(?:10\.|192\.168\.|172\.(?:1[6-9]|2[0-9]|3[01])\.|f[cd][0-9a-f]{2}:)"
claims = _SOURCE.claims


def parse(lines: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read a block of lines; see `Format.parse`. The carry is how stamps without a zone have run."""
    texts, blank = blank_apart(lines)
    cells = taken_apart(texts, _SOURCE)
    good = pl.col("reason").is_null()
    records = cells.filter(good).with_columns(rt=pl.coalesce(_spoken("rt"), "stamp"))
    stamped, running = timed(records, declared, Running.from_text(carry))
    damaged = cells.filter(~good).select("line", "reason", "detail")
    return parted(pl.concat([stamped.select(_event()), damaged], how="diagonal"), _COLUMNS, [blank], running.to_text())


def _spoken(name: str) -> pl.Expr:
    """The cell, null where it says nothing."""
    cell = said(pl.col(name))
    return pl.when(~cell.is_in(_NOTHING)).then(cell)


def _event() -> list[pl.Expr]:
    method, content_type = _spoken("requestMethod"), _spoken("contenttype")
    status, size = _spoken("outcome"), _spoken("in")
    user = _spoken("suser")
    wrong = pl.coalesce(
        pl.when(cell.is_not_null() & whole(cell).is_null()).then(pl.lit(name))
        for cell, name in ((status, "outcome"), (size, "in"))
    )
    return [
        pl.col("line"),
        pl.col("ts"),
        pl.col("ts_quality"),
        pl.when((user != pl.col("spriv")).fill_null(value=True)).then(user).alias("user_raw"),
        _client().alias("client_ip"),
        method.alias("method"),
        _url(method).alias("url"),
        pl.col("act").str.to_lowercase()
        .replace_strict(_VERDICTS, default="unknown", return_dtype=pl.String).fill_null("unknown").alias("verdict"),
        _spoken("cat").alias("vendor_category"),
        pl.when(whole(status) > 0).then(whole(status)).alias("status"),
        whole(size).alias("bytes"),
        content_type.alias("content_type"),
        _spoken("requestClientApplication").alias("user_agent"),
        _spoken("requestContext").alias("referrer"),
        _kind(method, content_type).alias("kind"),
        pl.when(wrong.is_not_null()).then(pl.lit("bad-number")).otherwise("reason").alias("reason"),
        pl.when(wrong.is_not_null()).then(pl.format("{} is not a whole number", wrong)).otherwise("detail")
        .alias("detail"),
    ]  # fmt: skip


def _client() -> pl.Expr:
    first, second = _spoken("src"), _spoken("sourceTranslatedAddress")
    inside = second.str.contains(_PRIVATE) & ~first.str.contains(_PRIVATE)
    return pl.when(inside.fill_null(value=False)).then(second).otherwise(pl.coalesce(first, second))


def _url(method: pl.Expr) -> pl.Expr:
    """With the scheme that the protocol names; what a tunnel was asked for is a host and a port."""
    url, protocol = _spoken("request"), pl.col("app").str.to_lowercase()
    bare = ~url.str.contains("://", literal=True) & (method != "CONNECT").fill_null(value=True)
    named = bare & protocol.is_in(["http", "https"]).fill_null(value=False)
    return pl.when(named).then(pl.concat_str(protocol, pl.lit("://"), url)).otherwise(url)


def _kind(method: pl.Expr, content_type: pl.Expr) -> pl.Expr:
    tunnel = (method == "CONNECT") | pl.col("app").str.to_uppercase().str.contains("SSL|TUNNEL")
    return (
        pl.when(tunnel.fill_null(value=False))
        .then(pl.lit("host-only"))
        .when(is_background(content_type))
        .then(pl.lit("background"))
        .otherwise(pl.lit("page"))
    )


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
