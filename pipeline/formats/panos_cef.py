r"""Palo Alto Networks URL filtering in CEF: PAN-OS with the vendor's log format, and the Strata Logging Service.

In: lines such as `Mar 15 16:07:32 fw CEF:0|Palo Alto Networks|PAN-OS|10.2.4|url|THREAT|1|rt=Mar 15 2026 16:07:32 GMT
src=10.2.3.4 suser=school\dee app=web-browsing dpt=443 act=block-url request="h/p" cs2Label=URL Category cs2=gambling
requestMethod=get requestContext=text/html ...`, or `|LF|2.0|THREAT|url|` with `dtz=UTC` and a time without a zone.
A record of URL filtering has the subtype `url` in its header or as `cat`, or the threat number 9999; all others of the
product are skips (`other-record`). Of two clocks in the service's records `rt` is read, as in PAN-OS's, which has no
other: the time at which the firewall's management, or the service, received the record; `start` is a little earlier.

`request` has no scheme and often stands in quotes; `requestContext` is the content type. What the actions mean is said
in `_panos`. Without decryption PAN-OS sees the name only and writes it with a slash: such a row shows the host only.
CEF is read as `_cef` says. Out: `_COLUMNS`. Refuses lines that are no such records, or whose time cannot be read.
Source: PAN-OS CEF configuration guides 8.0 to 10.0 ("Custom log format", URL); Strata Logging Service Log Reference,
"URL CEF Fields"; PAN-OS Administrator's Guide, "URL Filtering Log Fields".
"""

from __future__ import annotations

from typing import Final

import polars as pl

from pipeline.formats import Declared, Format, Parsed
from pipeline.formats._cef import Source, labelled, taken_apart, timed
from pipeline.formats._cells import blank_apart, is_background, parted, said, skips
from pipeline.formats._panos import OPEN, is_connect, seen, somebody, unquoted, verdict
from pipeline.formats._worded import Order
from pipeline.times.localtime import Running

_SOURCE: Final = Source(
    vendor="Palo Alto Networks",
    product="[^|]+",
    keys=(
        "rt", "dtz", "src", "suser", "app", "dpt", "act", "request", "cs2", "cs2Label", "cat", "requestMethod",
        "requestClientApplication", "requestContext", "PanOSReferer",
    ),
    once=("rt", "dtz", "src", "suser", "act", "request", "cat"),
    order=Order(
        client=("request", "requestClientApplication", "PanOSReferer"),
        ahead=("rt", "src", "suser", "act"),
    ),
)  # fmt: skip
_COLUMNS: Final = (
    "line", "ts", "ts_quality", "user_raw", "client_ip", "method", "url", "verdict", "vendor_category", "content_type",
    "user_agent", "referrer", "kind",
)  # fmt: skip
_THREAT: Final = r"(?:^|\()9999\)?$"
_SECURE: Final = "443"
claims = _SOURCE.claims


def parse(lines: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read a block of lines; see `Format.parse`. The carry is how stamps without a zone have run."""
    texts, blank = blank_apart(lines)
    cells, ours = taken_apart(texts, _SOURCE).with_columns(ours=_is_url()), pl.col("ours")
    # The record of the VPN has a header of six columns.
    vpn = (pl.col("signature") == "GLOBALPROTECT").fill_null(value=False)
    cells = cells.with_columns(pl.when(~vpn).then(pl.col(name)).alias(name) for name in ("reason", "detail"))
    broken = pl.col("reason").is_null() & ours & pl.col("request").str.contains(OPEN).fill_null(value=False)
    cells = cells.with_columns(
        reason=pl.when(broken).then(pl.lit("unclosed-quote")).otherwise("reason"),
        detail=pl.when(broken).then(pl.lit("the quotes of request do not close")).otherwise("detail"),
    )
    good = pl.col("reason").is_null()
    zoned = pl.when((pl.col("dtz") == "UTC") & pl.col("rt").str.ends_with("GMT").not_()).then(pl.col("rt") + " UTC")
    records = cells.filter(good & ours).with_columns(rt=pl.coalesce(zoned, "rt"))
    stamped, running = timed(records, declared, Running.from_text(carry))
    damaged = cells.filter(~good).select("line", "reason", "detail")
    read = pl.concat([stamped.lazy().select(_event()).collect(), damaged], how="diagonal")
    return parted(read, _COLUMNS, [blank, skips(cells.filter(good & ~ours), "other-record")], running.to_text())


def _is_url() -> pl.Expr:
    names = pl.concat_str(pl.col("signature").str.to_lowercase(), pl.lit("|"), pl.col("name").str.to_lowercase())
    threat = (pl.col("name") == "THREAT") | (pl.col("signature") == "THREAT")
    number = pl.col("signature").str.contains(_THREAT) | pl.col("cat").str.contains(_THREAT)
    by_number = threat & (number.fill_null(value=False) | (pl.col("cat") == "url"))
    return (names.is_in(["url|threat", "threat|url"]) | by_number).fill_null(value=False)


def _event() -> list[pl.Expr]:
    url = said(unquoted(pl.col("request")))
    method = seen(pl.col("requestMethod"))
    content_type = said(pl.col("requestContext"))
    return [
        pl.col("line"),
        pl.col("ts"),
        pl.col("ts_quality"),
        somebody(pl.col("suser")).alias("user_raw"),
        said(pl.col("src")).alias("client_ip"),
        method.alias("method"),
        url.alias("url"),
        verdict(pl.col("act").str.replace_all("_", "-", literal=True)).alias("verdict"),
        said(pl.coalesce(labelled("URL Category", "cs2"), labelled("URLCategory", "cs2"))).alias("vendor_category"),
        content_type.alias("content_type"),
        said(unquoted(pl.col("requestClientApplication"))).alias("user_agent"),
        said(unquoted(pl.col("PanOSReferer"))).alias("referrer"),
        _kind(url, method, content_type).alias("kind"),
        pl.col("reason"),
        pl.col("detail"),
    ]  # fmt: skip


def _kind(url: pl.Expr, method: pl.Expr, content_type: pl.Expr) -> pl.Expr:
    """Encrypted, and the name alone without a method: the firewall saw no page."""
    secure = (pl.col("app") == "ssl") | (pl.col("dpt") == _SECURE)
    maybe = secure.fill_null(value=False) & method.is_null()
    unseen = maybe & pl.when(maybe).then(url).str.contains(r"^[^/?#]*/?$").fill_null(value=True)
    return (
        pl.when(unseen | is_connect(method))
        .then(pl.lit("host-only"))
        .when(is_background(content_type))
        .then(pl.lit("background"))
        .otherwise(pl.lit("page"))
    )


FORMAT: Final = Format(
    name="panos_cef",
    title="Palo Alto Networks URL filtering, CEF (PAN-OS, Strata Logging Service)",
    document="https://docs.paloaltonetworks.com/resources/cef",
    claims=claims,
    parse=parse,
    gives="user, client address, URL without its scheme, verdict, category, content type; method, user agent and "
    "referrer where HTTP header logging is on",
    cannot="the page behind HTTPS that is not decrypted; status and bytes; pages of categories whose action is allow",
)
