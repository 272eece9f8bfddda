"""Squid's native access.log (`logformat squid`).

    %ts.%03tu %6tr %>a %Ss/%03>Hs %<st %rm %ru %[un %Sh/%<a %mt

In: lines such as `1757318400.473     54 10.2.4.6 TCP_MISS/200 504 GET http://h/p user HIER_DIRECT/192.0.2.1 text/html`.
The time is UTC with milliseconds, or in whole seconds where a layout has no more than `%ts`, and marks the *end* of the
request; `bytes` is what the client received. Lines of the plain shape are split column by column; the few others
(blanks in a URL or a user name, headers in brackets, no content type) are read one by one from both ends. What cannot
be told apart with certainty is a reject.

Seen in what 5.7 writes:
- A record is cut off at 8,191 bytes *without a line end*, so the next request, of whoever it may be, goes on in the
  same line; a URL of 8,100 characters is enough, and is served. Such a line is a reject: read from both ends it would
  put one person's name on another person's request. A `logformat` of the school's own with the same columns ends
  a record that is cut off, and so does not lose the next.
- Blanks in a user name are written as they are. Blanks in a URL are taken out before, unless `uri_whitespace` is
  `allow`. Which it was is not in the log, so such a row has no user, and all the words stay in its URL.
- A 407 has the user name that was typed, whether or not the password was right. A row denied before the login was
  looked at has none.
- A request that Squid made by itself (a certificate that a site has left out) has a dash in the client's place.
- With `log_mime_hdrs on` (or `%>h` in any layout) the headers follow in two pairs of brackets; they are passed over.
- Another proxy's questions by ICP or HTCP (`UDP_MISS/000`) are no requests, and skips (`other-record`).
- A line that came by syslog is read without its header. Cisco's appliance goes on behind the type: see `cisco_wsa`.
e2guardian writes this layout too (`logfileformat = 3`): every 403 as TCP_DENIED, even where the web site or the network
said no, and the URL of a CONNECT with a scheme. There is no peer where it has no proxy behind it, neither method nor
status for a TLS connection that it took in transparently and let through, and the address for a user that it knows by
that. A line end in a login name moves its columns, so that the name and the address are whatever a client typed; a
client or a status of the wrong shape is therefore a reject. Its layout 3 has since 5.6 neither result, status nor
hierarchy: what was done is `unknown`, and whether a name was more than typed, too.
With `log_fqdn on` (Squid up to 3.1), or `%>A` in a layout with the same columns, the client is a name: the `device`.
Source: Squid's documentation of `logformat`; "Squid log files" in its wiki; what Squid 5.7 and e2guardian 5.3.5 wrote;
`configs/log_formats/logformat3` of e2guardian 5.6.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import polars as pl

from pipeline.formats import PARSE_REJECTS, PARSE_SKIPS, Declared, Format, Parsed
from pipeline.formats._cells import divided
from pipeline.formats._squid_lines import MOST_DIGITS, NO_RESULT, NO_STATUS, PLACE, RESULT, reading
from pipeline.formats._squid_verdict import HIERARCHY, verdict
from pipeline.formats._syslog import bare, without_header
from pipeline.schema import STORED_EVENTS

_LEAST_MILLIS = 10**12
_RESULT_COLUMN = rf"^{RESULT}$"
#: What it takes to recognise the format; the URL and the user stand between the two halves. e2guardian's newest has
#: neither a result nor how a server was chosen.
_SHAPE = re.compile(
    r"\d{10}(?:\.\d{3})? +-?\d+ \S+ (?:[A-Z_]+/(?:\d{3}|0) \d+ \S+ .* [A-Z_]+/\S*"
    r"|- \d+ \S+ [A-Za-z][A-Za-z0-9+.-]*://\S+ \S+ (?:[0-9A-Fa-f]*[.:][0-9A-Fa-f.:]*|-) \S+$)"
)
#: What Cisco's appliance writes behind the type, and what tells its log from Squid's.
_DECISION = re.compile(r" [A-Z][A-Z_]*(?:_\d+)?-[^ <]+ (?:<|&lt;)")
#: What another proxy asked by ICP or HTCP.
_QUERY = r"^[0-9]{10}\.[0-9]{3} +-?[0-9]+ [^ ]+ UDP_[A-Z_]+/[0-9]{1,3} "
#: A client of which Squid looked up the name (`log_fqdn on`): it has a letter, and no colon as an address might.
_NAME = r"^[0-9.\-]*[A-Za-z_][A-Za-z0-9_.\-]*$"
_BACKGROUND_MAJOR = ("image", "audio", "video", "font/")
_BACKGROUND_TYPES = (
    "text/css", "text/javascript", "application/javascript", "application/x-javascript", "application/font-woff",
    "application/font-woff2", "application/ocsp-response", "application/pkix-crl", "application/vnd.apple.mpegurl",
)  # fmt: skip

_EVENT_COLUMNS = (
    "line", "ts", "ts_quality", "user_raw", "client_ip", "device", "method", "url", "verdict", "status",
    "bytes", "duration_ms", "content_type", "kind",
)  # fmt: skip
_EVENTS = pl.Schema({name: STORED_EVENTS[name] for name in _EVENT_COLUMNS})
#: The pieces of one line, as the events are made from them.
_WHOLE_NUMBERS = ("line", "millis", "elapsed", "bytes", "status")
_TEXTS = ("text", "client_ip", "result", "method", "url", "user", "hierarchy", "type")
_SPLIT = pl.Schema([*[(name, pl.Int64()) for name in _WHOLE_NUMBERS], *[(name, pl.String()) for name in _TEXTS]])


def claims(first_lines: Sequence[str]) -> bool:
    """Most lines have Squid's time, result and hierarchy."""
    shaped = sum(1 for line in bare(first_lines) if _SHAPE.match(line) and not _DECISION.search(line))
    return shaped > 0 and shaped * 2 > len(first_lines)


def parse(lines: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read a block of lines; see `Format.parse`. Squid declares everything itself, so both extras are unused."""
    del declared, carry
    events, odd = _plain_apart(lines)
    skips = odd.filter("blank").select("line", pl.lit("blank").alias("reason"))
    odd = odd.filter(~pl.col("blank")).select("line", "text")
    plain = without_header(odd)
    by_syslog = pl.Series(plain["text"].str.len_bytes() != odd["text"].str.len_bytes())
    more, others = _plain_apart(plain.filter(by_syslog))
    queries, others = divided(
        pl.concat([odd.filter(~by_syslog), others.select("line", "text")]), pl.col("text").str.contains(_QUERY)
    )
    read, rejects = _read_one_by_one(others)
    found = [events, *(table for table in (more, read) if table.height)]
    skips = pl.concat([skips, queries.select("line", pl.lit("other-record").alias("reason"))]).cast(PARSE_SKIPS)
    return Parsed(pl.concat(found) if len(found) > 1 else events, rejects.sort("line"), skips.sort("line"))


def _plain_apart(lines: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The events of the lines of the plain shape, and the other lines."""
    split = _split(lines).with_columns(plain=_is_plain())
    events = split.lazy().filter("plain").select(_event_columns()).collect()
    blank = pl.col("text").str.strip_chars() == ""
    return events, split.filter(~pl.col("plain")).select("line", "text", blank=blank)


def _split(lines: pl.DataFrame) -> pl.DataFrame:
    """The columns of a line as text: time, then ten blank-separated pieces of which the last must be empty.

    `shaped` says whether time, numbers, result and hierarchy are written as they must be; what else makes a line plain
    is in `_is_plain`.
    """
    rest = pl.col("text").str.slice(15).str.strip_chars_start(" ")
    names = ("elapsed", "client_ip", "result", "bytes", "method", "url", "user", "hierarchy", "type", "surplus")
    pieces = rest.str.splitn(" ", 10).struct.rename_fields(names)
    table = (
        lines.lazy().select("line", "text", head=pl.col("text").str.head(15), pieces=pieces).unnest("pieces").collect()
    )
    is_result = pl.col("result").str.contains(_RESULT_COLUMN) & ~pl.col("result").str.starts_with("UDP_")
    is_place = pl.col("hierarchy").str.extract(PLACE, 1).is_in(HIERARCHY)
    return (
        table.lazy()
        .with_columns(
            pl.col("elapsed", "bytes").cast(pl.Int64, strict=False),
            millis=_without_dot().cast(pl.Int64, strict=False),
            status=_status(),
            shaped=_is_time() & _is_number("elapsed") & _is_number("bytes")
            & _among(table, "result", is_result) & _among(table, "hierarchy", is_place),
        )
        .collect()
    )  # fmt: skip


def _without_dot() -> pl.Expr:
    return pl.col("head").str.replace(".", "", literal=True).str.strip_suffix(" ")


def _status() -> pl.Expr:
    three = pl.col("result").str.tail(3).cast(pl.Int64, strict=False)
    return pl.when(three.is_null() & pl.col("result").str.ends_with(NO_STATUS)).then(0).otherwise(three)


def _is_time() -> pl.Expr:
    """Whether a line begins like `1757318400.473 `, as far as its number of milliseconds does not show it."""
    head = pl.col("head")
    return (head.str.len_bytes() == 15) & (head.str.slice(10, 1) == ".") & head.str.ends_with(" ")


def _is_number(name: str) -> pl.Expr:
    return (pl.col(name).str.len_bytes() <= MOST_DIGITS) & ~pl.col(name).str.starts_with("+")


def _among(table: pl.DataFrame, column: str, is_right: pl.Expr) -> pl.Expr:
    """Whether a column's value is right, judged once for each distinct value."""
    distinct = table.select(pl.col(column).unique()).filter(is_right)
    return pl.col(column).is_in(distinct.to_series().implode())


def _is_plain() -> pl.Expr:
    """Whether every piece is what its place says; a line with one blank too many never is."""
    numbers = pl.all_horizontal(pl.col("elapsed", "bytes", "status").is_not_null())
    return (
        numbers
        & pl.col("shaped")
        & ((pl.col("status") > 0) | ~pl.col("result").str.ends_with(NO_STATUS) | _is_transparent())
        # Thirteen digits: a sign or a letter among them would make a smaller number, or none.
        & (pl.col("millis") >= _LEAST_MILLIS)
        & pl.col("client_ip").cast(pl.Int64, strict=False).is_null()
        & pl.col("type").is_not_null()
        & pl.all_horizontal(pl.col("client_ip", "method", "url", "type") != "")
        & pl.col("surplus").is_null()
    ).fill_null(value=False)


def _event_columns() -> list[pl.Expr]:
    user = pl.col("user")
    return [
        pl.col("line"),
        (pl.col("millis") * 1000).cast(_EVENTS["ts"]).alias("ts"),
        pl.lit("exact").alias("ts_quality"),
        pl.when((user != "-") & (user != pl.col("client_ip"))).then(user).alias("user_raw"),
        pl.when(~_is_name() & (pl.col("client_ip") != "-")).then(pl.col("client_ip")).alias("client_ip"),
        pl.when(_is_name()).then(pl.col("client_ip")).alias("device"),
        _unless_dash("method"),
        pl.col("url"),
        pl.when(pl.col("result") == NO_RESULT)
        .then(pl.lit("unknown"))
        .when(_is_transparent() & (pl.col("status") == 0))
        .then(pl.lit("allowed"))
        .otherwise(verdict(pl.col("result"), pl.col("status"), pl.col("hierarchy"), pl.col("url")))
        .alias("verdict"),
        pl.when(pl.col("status") > 0).then(pl.col("status")).alias("status"),
        pl.col("bytes"),
        pl.col("elapsed").alias("duration_ms"),
        _unless_dash("type").alias("content_type"),
        _kind().alias("kind"),
    ]


def _unless_dash(name: str) -> pl.Expr:
    return pl.when(pl.col(name) != "-").then(pl.col(name)).alias(name)


def _is_name() -> pl.Expr:
    """Whether the client is a name, and not the address that it nearly always is."""
    return pl.col("client_ip").str.contains(_NAME)


def _is_transparent() -> pl.Expr:
    """Whether e2guardian took in a TLS connection without a request; what Squid has without a method has no scheme."""
    return (pl.col("method") == "-") & pl.col("url").str.starts_with("https://")


def _kind() -> pl.Expr:
    """CONNECT shows a host only; pictures, scripts and media are the work of a page, not of a person."""
    background = pl.col("type").str.slice(0, 5).is_in(_BACKGROUND_MAJOR) | pl.col("type").is_in(_BACKGROUND_TYPES)
    return (
        pl.when((pl.col("method") == "CONNECT") | _is_transparent())
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
        row = reading(text)
        if isinstance(row, dict):
            rows.append({"line": line, "text": text, **row})
        else:
            rejects.append((line, *row))
    table = pl.DataFrame(rows, schema=_SPLIT).select(_event_columns()) if rows else pl.DataFrame(schema=_EVENTS)
    return table, pl.DataFrame(rejects, schema=PARSE_REJECTS, orient="row")


FORMAT = Format(
    name="squid",
    title="Squid access.log, native layout",
    document="https://www.squid-cache.org/Doc/config/logformat/",
    claims=claims,
    parse=parse,
    unproven=("unknown",),
    gives="user, client address or name, URL, result and status, bytes to the client, time taken, content type",
    cannot="the page behind an encrypted CONNECT; the query unless strip_query_terms is off; a user name with blanks, "
    "but for CONNECT; a record of more than 8,190 bytes and the one after it; the referrer and user agent; of "
    "layout 3 of e2guardian 5.6: what it did, and who it was",
)
