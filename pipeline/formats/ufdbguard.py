"""ufdbGuard's log of requests, `ufdbguardd.log`; a URL filter behind Squid.

In: lines such as
`2026-09-28 10:15:01 [2417] BLOCK bjones           10.20.1.16      pupils     gambling      http://h/p GET `:
time, process, what was done, then the user, the address or the name of the client, the access list, the category, the
URL, the method and, for a CONNECT, the server name of its TLS; parted by blanks, some filled up with more of them.
Requests are logged with `logblock`, `logpass` or `logall` on. The user is as Squid hands it over, with `%` for what is
no plain letter; Squid's line to ufdbGuard is parted at blanks, so no value can hold one. The time is local and has no
zone. Earlier releases name no server, and in the method's place a group of Squid's (`#` for none) or nothing.

`BLOCK` is a block, `PASS` is none; nor is `REDIR`, with which a search or a video is sent to its safe form. `BLOCK-LD`
and `BLOCK-FATAL` say that the lists are being loaded or broken, and judge no address: an `error`. In the test mode
(`TEST-BLOCK`) nothing is blocked, so that it is `allowed`. `BPASS` is a second line beside the `PASS` of the same
request, and a skip, as are the program's own notes (`other-record`).
`checked`, `any`, `none`, `Implicit` and ufdbGuard's words for its settings are no categories.
Out: `_COLUMNS`. Refuses lines without the time and process, requests whose columns are not in their places, and those
that ufdbGuard cut off (it ends them with ` ...`).
Source: ufdbGuard, `ufdbguardd.c` and `sgLog.c` (releases of 2011 to 2018); its Reference Manual.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import polars as pl

from pipeline.formats import Declared, Format, Parsed
from pipeline.formats._cells import blank_apart, refusal, said
from pipeline.formats._guards import HEAD, WHEN, Guard
from pipeline.formats._syslog import bare, without_header

#: A collector may leave the colon behind the name of the program out.
_PROGRAM: Final = r"^(?:[A-Z][a-z]{2} [ 0-9][0-9] [0-9:.]{8,15} [^ ]+ )?ufdbguardd?\[[0-9]+\] "
_DONE: Final = r"(?:TEST-)?(?:BLOCK(?:-LD|-FATAL)?|PASS|REDIR)"
_ADDRESS: Final = r"[0-9A-Fa-f]*[.:][0-9A-Fa-f.:]*"
_LINE: Final = (
    rf"^(?P<when>{WHEN}) \[[0-9]+\] (?P<done>{_DONE}) +(?P<user>[^ ]+) +(?P<client>[^ ]*[^ 0-9][^ ]*) +[^ ]+ +"
    r"(?P<category>[^ ]+) +(?P<url>[^ ]*[.:/][^ ]*)(?: (?:(?P<method>[A-Z][A-Z_-]*)|[#-])?(?: [^ ]*)?)?$"
)
_SHAPE: Final = re.compile(rf"{HEAD}(?:{_DONE}|BPASS) +[^ ]+ +[^ ]*[^ 0-9][^ ]* +[^ ]+ +[^ ]+ +[^ ]*[.:/]")
_REQUEST: Final = rf"^{HEAD}{_DONE} "
_CUT: Final = r" \.\.\.$"
_VERDICTS: Final = {
    "BLOCK": "blocked", "PASS": "allowed", "REDIR": "allowed", "BLOCK-LD": "error", "BLOCK-FATAL": "error",
}  # fmt: skip
_NO_CATEGORY: Final = (
    "any", "none", "checked", "Implicit", "localnet", "SAFESEARCH", "EDUFILTER", "https-option", "loading-database",
    "fatal-error", "unknown",
)  # fmt: skip
_COLUMNS: Final = (
    "line", "ts", "ts_quality", "user_raw", "client_ip", "device", "method", "url", "verdict", "vendor_category",
    "kind",
)  # fmt: skip


def claims(first_lines: Sequence[str]) -> bool:
    """Most lines have the time and process, and at least one is a request."""
    return _guard().claims([re.sub(_PROGRAM, "", line, count=1) for line in bare(first_lines)])


def parse(lines: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read a block of lines; see `Format.parse`. The carry is how the local stamps have run."""
    texts, blank = blank_apart(lines)
    plain = without_header(texts).with_columns(pl.col("text").str.replace(_PROGRAM, ""))
    is_note = pl.col("text").str.contains(f"^{HEAD}") & ~pl.col("text").str.contains(_REQUEST)
    # It is squidGuard that begins so.
    is_note &= ~pl.col("text").str.contains(rf"^{HEAD}Request\(")
    return _guard().read(plain, is_note, blank, declared, carry)


def _guard() -> Guard:
    return Guard(_LINE, _SHAPE, _event(), _COLUMNS)


def _event() -> list[pl.Expr]:
    client, category, done = pl.col("client"), said(pl.col("category")), pl.col("done")
    is_address = client.str.contains(f"^{_ADDRESS}$")
    given = done.replace_strict(_VERDICTS, default="unknown", return_dtype=pl.String)
    # The oldest releases name no method.
    tunnel = (pl.col("method") == "CONNECT") | pl.col("url").str.contains(r"^[^/]+:[0-9]{1,5}$")
    return [
        pl.col("line"),
        pl.col("ts"),
        pl.col("ts_quality"),
        said(pl.col("user")).alias("user_raw"),
        pl.when(is_address).then(client).alias("client_ip"),
        pl.when(~is_address).then(said(client)).alias("device"),
        said(pl.col("method")).alias("method"),
        pl.col("url"),
        pl.when(done.str.starts_with("TEST-")).then(pl.lit("allowed")).otherwise(given).alias("verdict"),
        pl.when(~category.is_in(_NO_CATEGORY)).then(category).alias("vendor_category"),
        pl.when(tunnel.fill_null(value=False)).then(pl.lit("host-only")).otherwise(pl.lit("page")).alias("kind"),
        *_refusal(),
    ]


def _refusal() -> list[pl.Expr]:
    text, unread = pl.col("text"), pl.col("when").is_null()
    faults = [
        (
            ~text.str.contains(_REQUEST),
            "not-this-format",
            "does not begin with a time, [the process] and what was done",
        ),
        (text.str.contains(_CUT), "too-long", "ufdbGuard cut the record off"),
        (unread, "bad-field", "has no user, client, list, category and URL in their places"),
    ]
    no_day = pl.col("ts").is_null() & pl.col("reason").is_null()
    return refusal(
        [*faults, (no_day, "bad-time", "there is no such day or hour")], (pl.col("reason"), pl.col("detail"))
    )


FORMAT: Final = Format(
    name="ufdbguard",
    title="ufdbGuard's log of requests (ufdbguardd.log)",
    document="https://www.urlfilterdb.com/downloads/software_doc.html",
    claims=claims,
    parse=parse,
    gives="user, client address or name, URL, verdict, category, method",
    cannot="what was not blocked, unless logpass or logall is on; what ufdb-log-url-details, if it is off, leaves out "
    "of a URL; a zone for its times; status and bytes; the page behind an encrypted CONNECT",
)
