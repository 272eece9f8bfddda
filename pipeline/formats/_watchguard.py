"""What a WatchGuard Firebox says of a request, whichever way its log is written down.

In: one row for each record with the cells `acted` (Allow, Deny ...), `src`, `port`, `msg`, `op`, `cats`, `dstname`,
`arg`, `host`, `path`, `sni`, `cn`, `rcvd_bytes`, `elapsed_time`, `src_user` and `question`, null where there is none.
Out: which records name a site and are a request or a refusal, and the columns of their events. Refuses sizes that are
no numbers.

`rcvd_bytes` is what came back for the client. An HTTPS record shows the name that the client asked for (`sni`), or
that of the certificate where it is no pattern. A URL is `http`, on port 443 `https`. A DNS record (`question`) shows a
host only, and names nobody: nothing stands behind the user in it, so that it could be what a client put into the name
that it asked for.
Source: Fireware log catalog 12.3 and 12.6.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from pipeline.formats._cells import said
from pipeline.formats._keyed import faults, number

COLUMNS: Final = (
    "line", "ts", "ts_quality", "user_raw", "client_ip", "method", "host", "url", "verdict", "vendor_category", "bytes",
    "duration_ms", "kind",
)  # fmt: skip
_REQUEST: Final = r"(?i)^https? request$|^dns request$|categories|(?:url|dns question) match"
_REFUSED: Final = r"^Proxy(?:Deny|Drop|Block)"


def is_ours() -> pl.Expr:
    """Whether a record names a site and is a request, a category, a match of a URL, or a refusal."""
    return _names_a_site() & (_refused() | pl.col("msg").str.contains(_REQUEST)).fill_null(value=False)


def _names_a_site() -> pl.Expr:
    return pl.any_horizontal(said(pl.col(name)).is_not_null() for name in ("dstname", "host", "sni", "cn", "question"))


def _refused() -> pl.Expr:
    by_proxy = pl.col("msg").str.contains(_REFUSED).fill_null(value=False)
    return (pl.col("acted") != "Allow").fill_null(value=False) | by_proxy


def event() -> list[pl.Expr]:
    """The columns of an event, and `reason` and `detail` of a reject."""
    name = pl.coalesce(said(pl.col("dstname")), said(pl.col("host")))
    encrypted = pl.when(~pl.col("cn").str.contains("*", literal=True)).then(said(pl.col("cn")))
    url, question = _url(name), said(pl.col("question")).str.strip_suffix(".")
    return [
        pl.col("line"),
        pl.col("ts"),
        pl.col("ts_quality"),
        pl.when(question.is_null()).then(said(pl.col("src_user"))).alias("user_raw"),
        pl.col("src").alias("client_ip"),
        said(pl.col("op")).alias("method"),
        pl.when(url.is_null()).then(pl.coalesce(name, said(pl.col("sni")), encrypted, question)).alias("host"),
        url.alias("url"),
        _verdict().alias("verdict"),
        said(pl.col("cats")).alias("vendor_category"),
        number(pl.col("rcvd_bytes")).alias("bytes"),
        _duration().alias("duration_ms"),
        pl.when(url.is_null()).then(pl.lit("host-only")).otherwise(pl.lit("page")).alias("kind"),
        *faults(("rcvd_bytes",)),
    ]


def _url(name: pl.Expr) -> pl.Expr:
    path = pl.coalesce(said(pl.col("arg")), said(pl.col("path")))
    scheme = pl.when(pl.col("port") == "443").then(pl.lit("https://")).otherwise(pl.lit("http://"))
    return pl.when(name.is_not_null() & path.str.starts_with("/")).then(pl.concat_str(scheme, name, path))


def _verdict() -> pl.Expr:
    known = pl.col("acted").is_in(["Allow", "Deny", "Drop", "Block"])
    word = pl.when(_refused()).then(pl.lit("blocked")).otherwise(pl.lit("allowed"))
    return pl.when(known).then(word).otherwise(pl.lit("unknown"))


def _duration() -> pl.Expr:
    """Milliseconds, cut, of `5.037750 sec(s)`."""
    took = pl.col("elapsed_time")
    whole = number(took.str.extract(r"^([0-9]{1,9})\.[0-9]{3}"))
    return whole * 1000 + number(took.str.extract(r"^[0-9]{1,9}\.([0-9]{3})"))
