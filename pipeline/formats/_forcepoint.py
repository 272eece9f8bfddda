r"""What Forcepoint (Websense) web protection says of a request, in whichever of the SIEM formats.

In: one row for each record with the cells `FIELDS`, null where there is none. Out: the columns of its event. Refuses
sizes and states that are no numbers.

- `action` is the vendor's `dispositionString`: *permitted* or *blocked*. It follows from the disposition's number,
  which tells why; a request that is to be confirmed, or that asks for quota time, is *blocked* there too, and is not
  told apart here. A 407 asks for a login, and its user is nobody yet.
- `received` is what came back for the request, and goes to the client; `sent` is the request.
- The login name (`loginID`) is the user where it is there; else the path in the directory, as written:
  `LDAP://10.0.0.4 OU=Users,DC=example/Smith\, Ann`, or `WinNT://SCHOOL/asmith`.
- The status is the proxy's to the client, not the server's. A URL with nothing but a host and `CONNECT` shows no page.
Source: Forcepoint, "Security Information Event Management (SIEM) Solutions" 8.5 (keys, format strings).
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

import polars as pl

from pipeline.formats._cells import is_background, said, whole

FIELDS: Final = (
    "action", "user", "login", "client", "method", "url", "status", "received", "type", "agent", "category",
)  # fmt: skip
COLUMNS: Final = (
    "line", "ts", "ts_quality", "user_raw", "client_ip", "method", "url", "verdict", "vendor_category", "status",
    "bytes", "content_type", "user_agent", "kind",
)  # fmt: skip
_VERDICTS: Final = {"permitted": "allowed", "blocked": "blocked"}
_NUMBERS: Final = ("status", "received")


def event() -> list[pl.Expr]:
    """The columns of an event, and `reason` and `detail` of a reject."""
    status = whole(said(pl.col("status")))
    content_type = said(pl.col("type"))
    method = said(pl.col("method"))
    wrong = pl.coalesce(_wrong(name) for name in _NUMBERS)
    return [
        pl.col("line"),
        pl.col("ts"),
        pl.col("ts_quality"),
        pl.coalesce(said(pl.col("login")), said(pl.col("user"))).alias("user_raw"),
        said(pl.col("client")).alias("client_ip"),
        method.alias("method"),
        said(pl.col("url")).alias("url"),
        _verdict(status).alias("verdict"),
        said(pl.col("category")).alias("vendor_category"),
        pl.when(status > 0).then(status).alias("status"),
        whole(said(pl.col("received"))).alias("bytes"),
        content_type.alias("content_type"),
        said(pl.col("agent")).alias("user_agent"),
        _kind(method, content_type).alias("kind"),
        pl.when(wrong.is_not_null()).then(pl.lit("bad-number")).otherwise(pl.col("reason")).alias("reason"),
        pl.when(wrong.is_not_null())
        .then(pl.format("the {} is not a whole number", wrong))
        .otherwise(pl.col("detail"))
        .alias("detail"),
    ]


def _wrong(name: str) -> pl.Expr:
    cell = said(pl.col(name))
    return pl.when(cell.is_not_null() & whole(cell).is_null()).then(pl.lit({"received": "size"}.get(name, name)))


def _verdict(status: pl.Expr) -> pl.Expr:
    word = pl.col("action").str.to_lowercase()
    read = word.replace_strict(_VERDICTS, default="unknown", return_dtype=pl.String).fill_null("unknown")
    login = (status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED).fill_null(value=False)
    return pl.when(login).then(pl.lit("challenge")).otherwise(read)


def _kind(method: pl.Expr, content_type: pl.Expr) -> pl.Expr:
    tunnel = (method.str.to_uppercase() == "CONNECT").fill_null(value=False)
    return (
        pl.when(tunnel)
        .then(pl.lit("host-only"))
        .when(is_background(content_type))
        .then(pl.lit("background"))
        .otherwise(pl.lit("page"))
    )
