r"""What Zscaler Internet Access says of a web transaction, in whichever format its feed writes.

In: one row for each record with the cells `action`, `protocol`, `client`, `other_client`, `user`, `location`, `url`,
`method`, `status`, `received`, `category`, `referrer`, `agent` and `type`, null where there is none. Out: the columns
of its event. Refuses sizes and states that are no numbers.

- Templates differ in which of two addresses is the one before the school's own translation of addresses: it is the
  private one where only one of them is.
- Without a login the user is the name of the location, and then nobody. `NA` and `None` say nothing.
- The URL has no scheme; the protocol names it. Actions are `Allowed` and `Blocked`. `CONNECT` and tunnels show the
  host only.
Source: Zscaler, "NSS Feed Output Format: Web Logs", "General Guidelines for NSS Feeds and Feed Formats".
"""

from __future__ import annotations

from typing import Final

import polars as pl

from pipeline.formats._cells import is_background, said, whole

COLUMNS: Final = (
    "line", "ts", "ts_quality", "user_raw", "client_ip", "method", "url", "verdict", "vendor_category", "status",
    "bytes", "content_type", "user_agent", "referrer", "kind",
)  # fmt: skip
_VERDICTS: Final = {"allowed": "allowed", "blocked": "blocked"}
_NOTHING: Final = ("NA", "None", "N/A")
_PRIVATE: Final = r"^(?:10\.|192\.168\.|172\.(?:1[6-9]|2[0-9]|3[01])\.|f[cd][0-9a-f]{2}:)"


def spoken(name: str) -> pl.Expr:
    """The cell, null where it says nothing."""
    cell = said(pl.col(name))
    return pl.when(~cell.is_in(_NOTHING)).then(cell)


def event() -> list[pl.Expr]:
    method, content_type = spoken("method"), spoken("type")
    status, size = spoken("status"), spoken("received")
    user = spoken("user")
    wrong = pl.coalesce(
        pl.when(cell.is_not_null() & whole(cell).is_null()).then(pl.lit(name))
        for cell, name in ((status, "status"), (size, "size"))
    )
    return [
        pl.col("line"),
        pl.col("ts"),
        pl.col("ts_quality"),
        pl.when((user != pl.col("location")).fill_null(value=True)).then(user).alias("user_raw"),
        _client().alias("client_ip"),
        method.alias("method"),
        _url(method).alias("url"),
        pl.col("action").str.to_lowercase()
        .replace_strict(_VERDICTS, default="unknown", return_dtype=pl.String).fill_null("unknown").alias("verdict"),
        spoken("category").alias("vendor_category"),
        pl.when(whole(status) > 0).then(whole(status)).alias("status"),
        whole(size).alias("bytes"),
        content_type.alias("content_type"),
        spoken("agent").alias("user_agent"),
        spoken("referrer").alias("referrer"),
        _kind(method, content_type).alias("kind"),
        pl.when(wrong.is_not_null()).then(pl.lit("bad-number")).otherwise("reason").alias("reason"),
        pl.when(wrong.is_not_null()).then(pl.format("the {} is not a whole number", wrong)).otherwise("detail")
        .alias("detail"),
    ]  # fmt: skip


def _client() -> pl.Expr:
    first, second = spoken("client"), spoken("other_client")
    inside = second.str.contains(_PRIVATE) & ~first.str.contains(_PRIVATE)
    return pl.when(inside.fill_null(value=False)).then(second).otherwise(pl.coalesce(first, second))


def _url(method: pl.Expr) -> pl.Expr:
    """With the scheme that the protocol names; what a tunnel was asked for is a host and a port."""
    url, protocol = spoken("url"), pl.col("protocol").str.to_lowercase()
    bare = ~url.str.contains("^[A-Za-z][A-Za-z0-9+.-]*://") & (method != "CONNECT").fill_null(value=True)
    named = bare & protocol.is_in(["http", "https"]).fill_null(value=False)
    return pl.when(named).then(pl.concat_str(protocol, pl.lit("://"), url)).otherwise(url)


def _kind(method: pl.Expr, content_type: pl.Expr) -> pl.Expr:
    tunnel = (method == "CONNECT") | pl.col("protocol").str.to_uppercase().str.contains("SSL|TUNNEL")
    return (
        pl.when(tunnel.fill_null(value=False))
        .then(pl.lit("host-only"))
        .when(is_background(content_type))
        .then(pl.lit("background"))
        .otherwise(pl.lit("page"))
    )
