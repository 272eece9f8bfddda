"""Squid's native access.log (`logformat squid`).

    %ts.%03tu %6tr %>a %Ss/%03>Hs %<st %rm %ru %[un %Sh/%<a %mt

In: lines such as `1757318400.473     54 10.23.4.246 TCP_MISS/200 504 GET http://h/p user HIER_DIRECT/192.0.2.1 text/html`.
The time is UTC with milliseconds and marks the *end* of the request; `bytes` is what the client received. Lines of the
plain shape are split column by column; the few others (blanks in a URL, headers in brackets, no content type) are
read one by one from both ends. What cannot be told apart with certainty is a reject.
Source: Squid's documentation of `logformat` and "Squid log files" in its wiki.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import polars as pl

from pipeline.formats import PARSE_REJECTS, PARSE_SKIPS, Declared, Format, Parsed
from pipeline.schema import PARSED

_TIME = re.compile(r"\d{10}\.\d{3}")
_RESULT = re.compile(r"([A-Z_]+)/(\d{3})")
_PLACE = re.compile(r"(?:TIMEOUT_)?([A-Z_]+)/\S+")
#: What it takes to recognise the format; the URL and the user stand between the two halves.
_SHAPE = re.compile(r"\d{10}\.\d{3} +-?\d+ \S+ [A-Z_]+/\d{3} \d+ \S+ .* [A-Z_]+/\S+")
_FIELDS_BEFORE_URL = 6
_HIERARCHY = (
    "HIER_DIRECT", "HIER_NONE", "DIRECT", "NONE", "FIRSTUP_PARENT", "FIRST_UP_PARENT", "ROUNDROBIN_PARENT",
    "DEFAULT_PARENT", "PARENT_HIT", "PARENT_MISS", "SIBLING_HIT", "ORIGINAL_DST", "PINNED", "CARP",
    "SOURCEHASH_PARENT", "USERHASH_PARENT", "ANY_OLD_PARENT", "CLOSEST_PARENT", "CLOSEST_DIRECT", "STANDBY_POOL",
)  # fmt: skip
_BACKGROUND_MAJOR = ("image", "audio", "video", "font/")
_BACKGROUND_TYPES = (
    "text/css", "text/javascript", "application/javascript", "application/x-javascript", "application/font-woff",
    "application/font-woff2", "application/ocsp-response", "application/pkix-crl", "application/vnd.apple.mpegurl",
)  # fmt: skip

_EVENT_COLUMNS = (
    "line", "ts", "ts_quality", "user_raw", "client_ip", "method", "url", "verdict", "status", "bytes",
    "duration_ms", "content_type", "kind",
)  # fmt: skip
_EVENTS = pl.Schema({name: PARSED[name] for name in _EVENT_COLUMNS})
#: The pieces of one line, as the events are made from them.
_SPLIT = pl.Schema(
    {name: pl.Int64 for name in ("line", "seconds", "millis", "elapsed", "bytes", "status")}
    | {name: pl.String for name in ("text", "client_ip", "code", "method", "url", "user", "peer_code", "type")}
)


def claims(first_lines: Sequence[str]) -> bool:
    """Most lines have Squid's time, result and hierarchy."""
    shaped = sum(1 for line in first_lines if _SHAPE.match(line))
    return shaped > 0 and shaped * 2 > len(first_lines)


def parse(lines: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read a block of lines; see `Format.parse`. Squid declares everything itself, so both extras are unused."""
    del declared, carry
    split = _split(lines)
    blank = pl.col("text").str.strip_chars() == ""
    plain = _is_plain()
    events = split.lazy().filter(plain).select(_event_columns()).collect()
    odd = split.lazy().filter(plain.not_()).select("line", "text", blank=blank).collect()
    skips = odd.filter("blank").select("line", pl.lit("blank").alias("reason"))
    read, rejects = _read_one_by_one(odd.filter(pl.col("blank").not_()))
    if read.height:
        events = pl.concat([events, read]).sort("line")
    return Parsed(events, rejects, skips.cast(dict(PARSE_SKIPS)))


def _split(lines: pl.DataFrame) -> pl.DataFrame:
    """The columns of a line as text: time, then ten blank-separated pieces of which the last must be empty."""
    rest = pl.col("text").str.slice(15).str.strip_chars_start(" ")
    names = ("elapsed", "client_ip", "result", "bytes", "method", "url", "user", "hierarchy", "type", "surplus")
    pieces = rest.str.splitn(" ", 10).struct.rename_fields(names)
    seconds = pl.col("text").str.slice(0, 10).cast(pl.Int64, strict=False)
    millis = pl.col("text").str.slice(10, 4).str.strip_prefix(".").cast(pl.Int64, strict=False)
    return (
        lines.lazy()
        .select("line", "text", seconds=seconds, millis=millis, pieces=pieces)
        .unnest("pieces")
        .with_columns(
            elapsed=pl.col("elapsed").cast(pl.Int64, strict=False),
            bytes=pl.col("bytes").cast(pl.Int64, strict=False),
            result=pl.col("result").str.splitn("/", 2).struct.rename_fields(("code", "status")),
            hierarchy=pl.col("hierarchy").str.splitn("/", 2).struct.field("field_0").str.strip_prefix("TIMEOUT_"),
        )
        .unnest("result")
        .with_columns(
            status=pl.col("status").cast(pl.Int64, strict=False), peer_code=pl.col("hierarchy").str.strip_prefix("HIER_")
        )
        .collect()
    )


def _is_plain() -> pl.Expr:
    """Whether every piece is what its place says; a line with one blank too many never is."""
    numbers = pl.all_horizontal(pl.col("seconds", "millis", "elapsed", "bytes", "status").is_not_null())
    return (
        numbers
        & (pl.col("text").str.slice(10, 1) == ".")
        & (pl.col("text").str.slice(14, 1) == " ")
        & pl.col("hierarchy").is_in(_HIERARCHY)
        & pl.col("type").is_not_null()
        & (pl.col("type") != "")
        & pl.col("surplus").is_null()
        & (pl.col("url") != "")
    ).fill_null(value=False)


def _event_columns() -> list[pl.Expr]:
    ts = (pl.col("seconds") * 1000 + pl.col("millis")) * 1000
    none_is_null = [
        pl.when(pl.col(old) != "-").then(pl.col(old)).alias(new)
        for old, new in (("user", "user_raw"), ("type", "content_type"))
    ]
    return [
        pl.col("line"),
        ts.cast(_EVENTS["ts"]).alias("ts"),
        pl.lit("exact").alias("ts_quality"),
        none_is_null[0],
        pl.col("client_ip"),
        pl.col("method"),
        pl.col("url"),
        _verdict().alias("verdict"),
        pl.when(pl.col("status") > 0).then(pl.col("status")).alias("status"),
        pl.col("bytes"),
        pl.col("elapsed").alias("duration_ms"),
        none_is_null[1],
        _kind().alias("kind"),
    ]


def _verdict() -> pl.Expr:
    """What Squid did. A 407 asks for a login and is no block; a redirector's redirect leads to the block page."""
    code, status = pl.col("code"), pl.col("status")
    denied = code.str.starts_with("TCP_DENIED") | code.str.starts_with("DENIED")
    login = (status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED) | (denied & (status == HTTPStatus.UNAUTHORIZED))
    own_failure = (status >= HTTPStatus.BAD_REQUEST) & (code.str.starts_with("NONE") | (pl.col("peer_code") == "NONE"))
    return (
        pl.when(login)
        .then(pl.lit("challenge"))
        .when(denied | (code == "TCP_REDIRECT"))
        .then(pl.lit("blocked"))
        .when((status == 0) | own_failure | pl.col("url").str.starts_with("error:"))
        .then(pl.lit("error"))
        .otherwise(pl.lit("allowed"))
    )


def _kind() -> pl.Expr:
    """CONNECT shows a host only; pictures, scripts and media are the work of a page, not of a person."""
    background = pl.col("type").str.slice(0, 5).is_in(_BACKGROUND_MAJOR) | pl.col("type").is_in(_BACKGROUND_TYPES)
    return (
        pl.when(pl.col("method") == "CONNECT")
        .then(pl.lit("host-only"))
        .when(background | pl.col("url").str.starts_with("error:"))
        .then(pl.lit("background"))
        .otherwise(pl.lit("page"))
    )


def _read_one_by_one(odd: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read the lines that are not of the plain shape.

    A loop over rows, because each is odd in its own way; they are a few in ten thousand of a real log.
    """
    rows: list[dict[str, Any]] = []
    rejects: list[tuple[int, str, str]] = []
    for line, text in odd.select("line", "text").iter_rows():
        row = _read(text)
        if isinstance(row, dict):
            rows.append({"line": line, "text": text, **row})
        else:
            rejects.append((line, *row))
    table = pl.DataFrame(rows, schema=_SPLIT).select(_event_columns()) if rows else pl.DataFrame(schema=_EVENTS)
    return table, pl.DataFrame(rejects, schema=PARSE_REJECTS, orient="row")


def _read(text: str) -> dict[str, Any] | tuple[str, str]:
    """The pieces of one line as `_split` gives them, or the reason and detail of its reject."""
    head = text.split(maxsplit=_FIELDS_BEFORE_URL)
    if not head or not _TIME.fullmatch(head[0]):
        return "not-this-format", "does not begin with a time in seconds and milliseconds"
    if len(head) <= _FIELDS_BEFORE_URL:
        return "missing-column", f"has {len(head)} of 10 columns"
    result = _RESULT.fullmatch(head[3])
    if result is None:
        return "bad-field", "the fourth column is not a result and a status such as TCP_MISS/200"
    if not head[1].removeprefix("-").isdecimal() or not head[4].isdecimal():
        return "bad-number", "the elapsed time or the size is not a whole number"
    tail = _read_tail(head[_FIELDS_BEFORE_URL])
    if isinstance(tail, str):
        return "bad-field", tail
    return {
        "seconds": int(head[0][:10]), "millis": int(head[0][11:]), "elapsed": int(head[1]), "client_ip": head[2],
        "code": result[1], "status": int(result[2]), "bytes": int(head[4]), "method": head[5], **tail,
    }  # fmt: skip


def _read_tail(tail: str) -> dict[str, str] | str:
    """URL, user, hierarchy and type, where the URL may hold blanks and more may follow the type."""
    pieces = tail.split(" ")
    places = [
        at for at, piece in enumerate(pieces)
        if at > 1 and (match := _PLACE.fullmatch(piece)) and match[1] in _HIERARCHY
    ]  # fmt: skip
    if len(places) != 1:
        found = "no column" if not places else "more than one column"
        return f"{found} is a hierarchy and a peer such as HIER_DIRECT/192.0.2.1"
    place = places[0]
    content_type = pieces[place + 1] if place + 1 < len(pieces) else "-"
    return {
        "url": " ".join(pieces[: place - 1]),
        "user": pieces[place - 1],
        "peer_code": pieces[place].partition("/")[0].removeprefix("TIMEOUT_").removeprefix("HIER_"),
        "type": "-" if content_type.startswith("[") else content_type,
    }


FORMAT = Format(
    name="squid",
    title="Squid access.log, native layout",
    document="https://www.squid-cache.org/Doc/config/logformat/",
    claims=claims,
    parse=parse,
    gives="user, client address, URL, result and status, bytes to the client, time taken, content type",
    cannot="the page behind an encrypted CONNECT; the query where strip_query_terms is on; the referrer and user agent",
)
