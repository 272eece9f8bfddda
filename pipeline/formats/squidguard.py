"""squidGuard's log of the requests that it sent elsewhere.

In: lines such as
`2025-09-08 09:05:01 [26] Request(pupils/gambling/-) http://h/p 10.2.3.4/pc-1.example.org dee GET REDIRECT`:
time, process, then class of the client, category and rewrite rule, the URL, address and name of the client, the user,
the method and what was done. The user is as Squid hands it over, with `%` for what is no plain letter; no value can
hold a blank, since Squid's line to squidGuard is parted at blanks. The time is local and has no zone.
Only redirects are logged, unless the log is `verbose`; releases before 1.4 do not write what was done, and then only a
line without a rewrite rule is sure to be a block. Notes of the program itself are skips (`other-record`).
Out: `_COLUMNS`. Refuses lines without the time and process, and requests whose columns are not in their places.
Source: squidGuard, `sgLog.c` (1.2 to 1.6); its documentation of `log`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import polars as pl

from pipeline.formats import Declared, Format, Parsed
from pipeline.formats._cells import blank_apart, said
from pipeline.formats._guards import HEAD, WHEN, Guard
from pipeline.formats._syslog import bare, without_header

_LINE: Final = (
    rf"^(?P<when>{WHEN}) \[[0-9]+\] "
    r"Request\([^/ ]*/(?P<category>[^ ]*)/(?P<rewrite>[^/ ]*)\) (?P<url>[^ ]+) "
    r"(?P<address>[0-9A-Fa-f]*[.:][0-9A-Fa-f.:]*)/(?P<name>[^ /]+) (?P<user>[^ ]+) (?P<method>[^ ]+)"
    r"(?: (?P<done>[^ ]+))?$"
)
_SHAPE: Final = re.compile(rf"{HEAD}Request\([^/]*/.*/[^/]*\) \S+ \S+/\S+ \S+ \S+")
_VERDICTS: Final = {
    "REDIRECT": "blocked", "DENY": "blocked", "PASS": "allowed", "REWRITE": "allowed",
}  # fmt: skip
_COLUMNS: Final = (
    "line", "ts", "ts_quality", "user_raw", "client_ip", "device", "method", "url", "verdict", "vendor_category",
    "kind",
)  # fmt: skip
#: What stands for a category where no list of the school's matched.
_NO_CATEGORY: Final = ("none", "unknown", "default")


def claims(first_lines: Sequence[str]) -> bool:
    """Most lines have squidGuard's time and process, and at least one is a request."""
    return _guard().claims(bare(first_lines))


def parse(lines: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read a block of lines; see `Format.parse`. The carry is how the local stamps have run."""
    texts, blank = blank_apart(lines)
    is_note = pl.col("text").str.contains(rf"^{HEAD}") & ~pl.col("text").str.contains(rf"^{HEAD}Request\(")
    return _guard().read(without_header(texts), is_note, blank, declared, carry)


def _guard() -> Guard:
    return Guard(_LINE, _SHAPE, _event(), _COLUMNS)


def _event() -> list[pl.Expr]:
    name, category, done = said(pl.col("name")), said(pl.col("category")), said(pl.col("done"))
    sure = pl.when(done.is_null() & pl.col("done").is_null() & (pl.col("rewrite") == "-")).then(pl.lit("blocked"))
    return [
        pl.col("line"),
        pl.col("ts"),
        pl.col("ts_quality"),
        said(pl.col("user")).alias("user_raw"),
        pl.col("address").alias("client_ip"),
        pl.when(name != pl.col("address")).then(name).alias("device"),
        said(pl.col("method")).alias("method"),
        pl.col("url"),
        pl.coalesce(done.replace_strict(_VERDICTS, default=None, return_dtype=pl.String), sure, pl.lit("unknown"))
        .alias("verdict"),
        pl.when(~category.is_in(_NO_CATEGORY)).then(category).alias("vendor_category"),
        pl.when(pl.col("method") == "CONNECT").then(pl.lit("host-only")).otherwise(pl.lit("page")).alias("kind"),
        *_refusal(),
    ]  # fmt: skip


def _refusal() -> list[pl.Expr]:
    unread = pl.col("when").is_null()
    foreign = ~pl.col("text").str.contains(rf"^{HEAD}")
    no_day = pl.when(pl.col("ts").is_null())
    return [
        pl.when(unread & foreign)
        .then(pl.lit("not-this-format"))
        .when(unread)
        .then(pl.lit("bad-field"))
        .otherwise(no_day.then(pl.col("reason").fill_null("bad-time")))
        .alias("reason"),
        pl.when(unread & foreign)
        .then(pl.lit("does not begin with a time such as 2025-09-08 09:05:01 and [the process]"))
        .when(unread)
        .then(pl.lit("has no URL, client, user and method in their places behind the request"))
        .otherwise(no_day.then(pl.col("detail").fill_null("there is no such day or hour")))
        .alias("detail"),
    ]


FORMAT: Final = Format(
    name="squidguard",
    title="squidGuard's log of requests",
    document="https://www.squidguard.org/Doc/extended.html",
    claims=claims,
    parse=parse,
    gives="user, client address and name, URL, verdict, category, method",
    cannot="what was not blocked (unless the log is verbose); a zone for its times; status and bytes; the page behind "
    "an encrypted CONNECT",
)
