r"""Sophos Web Appliance: its `sophos_log`, a file of a backup or by syslog.

In: lines such as `h=10.2.3.4 u="SCHOOL\\dee" s=200 X=- t=1790586902 T=284453 Ts=0 act=1 cat="0x2f0000002a" ...
ctype="text/html" ... out=26198 meth=GET ref="-" ua="..." req="GET http://h/p HTTP/1.1" dom="h" ...`, with or without
a syslog header. Every line is a request.

`t` is when the request came, in seconds; `T` how long it took, in microseconds; `out` is what was sent to the client.
`act` says what was done; below zero the page was not shown. Of those who went on past a warning the first request is
`warned`, the ones after it are `allowed`. `u` writes a byte that is not ASCII as `\xc3`, and a backslash twice, as all
quoted values do; both are undone. A value that is a dash is not there.

Pairs are read as `_keyed` says. Out: `_COLUMNS`. Refuses lines that do not begin as such a record does, and records
without a readable time.
Source: Sophos Web Appliance help, "Interpreting Log Files".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import polars as pl

from pipeline.formats import Declared, Format, Parsed
from pipeline.formats._cells import blank_apart, is_background, parted, said
from pipeline.formats._keyed import Keyed, faults, number, read, requested
from pipeline.formats._syslog import unstructured, without_structure
from pipeline.times.writtentime import from_epoch

_AHEAD: Final = ("h", "u", "s", "t", "T", "act", "cat", "out", "meth")
_KEYED: Final = Keyed(
    keys=(*_AHEAD, "ctype", "ref", "ua", "req", "dom"), client=("ref", "ua", "req"), ahead=_AHEAD, escapes="kept"
)
_COLUMNS: Final = (
    "line", "ts", "ts_quality", "user_raw", "client_ip", "method", "host", "url", "verdict", "vendor_category",
    "status", "bytes", "duration_ms", "content_type", "user_agent", "referrer", "kind",
)  # fmt: skip
#: Two optional keys may stand before the address.
_SHAPE: Final = r"^[^=\"]{0,200}\b(?:(?:ep|sxl)=\S* )*h=\S* u=.* s=\S* X=\S* t=.* act="
_SHAPED: Final = re.compile(_SHAPE)
_VERDICTS: Final = {
    "-7": "warned", "-6": "blocked", "-5": "blocked", "-4": "warned", "-3": "blocked", "-2": "warned", "-1": "blocked",
    "1": "allowed", "2": "warned", "3": "allowed", "4": "allowed", "5": "allowed",
}  # fmt: skip
_ESCAPES: Final = re.compile(r'\\(["\\])|((?:\\x[0-9A-Fa-f]{2})+)')
_QUOTED: Final = ("u", "ctype", "ref", "ua", "req")


def claims(first_lines: Sequence[str]) -> bool:
    """Most lines begin with the keys of a web appliance."""
    shaped = sum(1 for line in unstructured(first_lines) if _SHAPED.match(line))
    return shaped * 2 > len(first_lines)


def parse(lines: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read a block of lines; see `Format.parse`. The lines say everything, so both extras are unused."""
    del declared, carry
    texts, blank = blank_apart(lines)
    texts = without_structure(texts)
    ours = pl.col("text").str.contains(_SHAPE)
    foreign = texts.filter(~ours).select(
        "line", reason=pl.lit("not-this-format"), detail=pl.lit("does not begin with h=, u=, s=, X=, t= and act=")
    )
    cells = _with_time(_unescaped(read(texts.filter(ours), _KEYED)))
    return parted(pl.concat([cells.select(_event()), foreign], how="diagonal"), _COLUMNS, [blank])


def _unescaped(cells: pl.DataFrame) -> pl.DataFrame:
    """The cells with escapes undone; only those that hold a backslash are looked at, each distinct one once."""
    for name in _QUOTED:
        marked = cells.filter(pl.col(name).str.contains("\\", literal=True)).get_column(name).unique()
        if marked.len():
            undone = {written: _ESCAPES.sub(_undone, written) for written in marked}
            cells = cells.with_columns(pl.col(name).replace(undone))
    return cells


def _undone(escape: re.Match[str]) -> str:
    if escape[1]:
        return escape[1]
    try:
        return bytes.fromhex(escape[2].replace("\\x", "")).decode("utf-8")
    except UnicodeDecodeError:
        # Bytes that are no text stay as they are written.
        return escape[0]


def _with_time(cells: pl.DataFrame) -> pl.DataFrame:
    """Add `url` and `ts`, and the reason where there is no time."""
    untimed = pl.col("ts").is_null() & pl.col("reason").is_null()
    _, url = requested(pl.col("req"))
    return cells.with_columns(ts=from_epoch(pl.col("t")), url=said(url)).with_columns(
        reason=pl.when(untimed).then(pl.lit("bad-time")).otherwise("reason"),
        detail=pl.when(untimed).then(pl.lit("t is not a time in seconds")).otherwise("detail"),
    )


def _event() -> list[pl.Expr]:
    status, content_type, url = number(pl.col("s")), said(pl.col("ctype")), pl.col("url")
    return [
        pl.col("line"),
        pl.col("ts"),
        pl.lit("exact").alias("ts_quality"),
        said(pl.col("u")).alias("user_raw"),
        said(pl.col("h")).alias("client_ip"),
        said(pl.col("meth")).alias("method"),
        pl.when(url.is_null()).then(said(pl.col("dom"))).alias("host"),
        url,
        _verdict(status).alias("verdict"),
        said(pl.col("cat")).alias("vendor_category"),
        pl.when(status > 0).then(status).alias("status"),
        number(pl.col("out")).alias("bytes"),
        (number(pl.col("T")) // 1000).alias("duration_ms"),
        content_type.alias("content_type"),
        said(pl.col("ua")).alias("user_agent"),
        said(pl.col("ref")).alias("referrer"),
        _kind(url, content_type).alias("kind"),
        *faults(("s", "out", "T")),
    ]


def _verdict(status: pl.Expr) -> pl.Expr:
    word = pl.col("act").replace_strict(_VERDICTS, default="unknown", return_dtype=pl.String).fill_null("unknown")
    return pl.when(status == 407).then(pl.lit("challenge")).otherwise(word)


def _kind(url: pl.Expr, content_type: pl.Expr) -> pl.Expr:
    return (
        pl.when(url.is_null() | (pl.col("meth") == "CONNECT").fill_null(value=False))
        .then(pl.lit("host-only"))
        .when(is_background(content_type))
        .then(pl.lit("background"))
        .otherwise(pl.lit("page"))
    )


FORMAT: Final = Format(
    name="sophos_swa",
    title="Sophos Web Appliance, sophos_log",
    document="https://docs.sophos.com/nsg/swa/help/en-us/nsg/swa/concepts/InterpretingLogFiles.html",
    claims=claims,
    parse=parse,
    gives="user, client address, method, URL, verdict, status, bytes to the client, time taken, content type, user "
    "agent; the category as a number",
    cannot="the name of the category; the page behind an encrypted CONNECT",
)
