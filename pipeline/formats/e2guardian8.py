"""e2guardian's tab-separated log, `logfileformat` 5 to 8; 8 is the default since 5.5.

In: lines of 19 to 22 columns:
    time server user (address) host url method status size type agent - duration - message what weight category
    group-name group-number (search-terms flags)
also by syslog (`logsyslog = on`; `set_accesslog = 'syslog:...'`), which may have made `#011` of the tabs.
Layouts 5 and 6 end with the group number, 7 and 8 have the last two. The address of its own is there unless
`logclientnameandip = off`; without it the host column holds the name or the address. The time is an epoch with
milliseconds, the end of the request. Empty columns are dashes, or with `usedashforblank = off` nothing; 5.3.5 leaves
the server of layout 6 empty in any case. The search terms are left out: they are in the URL of the same line.

A client can put a raw tab into its URL, which 5.3.5 lets through and writes as it is, and into its user agent, and so
shift the columns behind; two tabs make one layout look like another. So every number and empty column is checked, and
a line that does not fit is read once for each layout and place that the tabs may have; just one reading must fit.
Out: `_COLUMNS`. Refuses lines without the time, with too few columns, or with no reading or more than one.
Source: the page "Access Log File Format" of e2guardian's wiki; `FatController.cpp` (5.3, 5.4) and
`configs/log_formats/logformat5` to `8` (5.5); what 5.3.5 wrote in layouts 5 and 6 (it knows no 7 and 8).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

import polars as pl

from pipeline.formats import Declared, Format, Parsed
from pipeline.formats._cells import blank_apart, parted, said, skips, whole
from pipeline.formats._e2guardian import TRANSPARENT, address, device, kind, user, verdict
from pipeline.formats._syslog import bare_with_tabs, with_tabs, without_header
from pipeline.schema import TIMESTAMP

_NAMES: Final = (
    "time", "server", "user", "address", "host", "url", "method", "status", "size", "type", "agent", "squid_result",
    "duration", "squid_peer", "message", "what", "weight", "category", "group_name", "group", "search", "flags",
)  # fmt: skip
#: Column count of each layout, and whether it has the address of its own, and the last two.
_LAYOUTS: Final = {19: (False, False), 20: (True, False), 21: (False, True), 22: (True, True)}
_OWN_ADDRESS: Final = _NAMES.index("address")
_CELLS: Final = pl.Schema({"line": pl.Int64(), "text": pl.String()} | dict.fromkeys(_NAMES, pl.String()))
_COLUMNS: Final = (
    "line", "ts", "ts_quality", "user_raw", "client_ip", "device", "method", "url", "verdict", "vendor_category",
    "status", "bytes", "duration_ms", "content_type", "user_agent", "kind",
)  # fmt: skip
#: A few tabs are a prank; with more the readings are too many to try.
_MOST_SURPLUS: Final = 8
_TIME: Final = r"^[0-9]{10}\.[0-9]{3}$"
_SCHEME: Final = r"^[A-Za-z][A-Za-z0-9+.\-]{0,19}://"
_NUMBER: Final = re.compile(r"-?[0-9]{1,18}")
_SHAPE: Final = re.compile(
    r"[0-9]{10}\.[0-9]{3}\t[^\t]*\t[^\t]*\t[^\t]*\t.*\t[^\t]*\t[0-9]{1,3}\t-?[0-9]+\t.*\t-?[0-9]+\t"
)
_HEADER: Final = "EndUtime\t"


def claims(first_lines: Sequence[str]) -> bool:
    """Most lines have the time and as many tabs as one of the layouts."""
    records = [line for line in bare_with_tabs(first_lines) if not line.startswith(_HEADER)]
    shaped = sum(1 for line in records if line.count("\t") + 1 in _LAYOUTS and _SHAPE.match(line))
    return shaped * 2 > len(records)


def parse(lines: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read a block of lines; see `Format.parse`. The lines say everything, so both extras are unused."""
    del declared, carry
    texts, blank = blank_apart(lines)
    texts = with_tabs(without_header(texts))
    is_header = pl.col("text").str.starts_with(_HEADER)
    header = skips(texts.filter(is_header), "header")
    cells = _split(texts.filter(~is_header)).with_columns(fits=_fits())
    plain = cells.filter("fits").select(_event(), reason=pl.lit(None), detail=pl.lit(None))
    odd = _read_one_by_one(cells.filter(~pl.col("fits")).select("line", "text"))
    read = pl.concat([plain, odd], how="vertical_relaxed")
    return parted(read, _COLUMNS, [blank, header])


def _split(texts: pl.DataFrame) -> pl.DataFrame:
    """The columns by their names; for a count that is no layout, names without meaning."""
    pieces = [pl.col("pieces").list.get(at, null_on_oob=True) for at in range(len(_NAMES))]
    own = pl.col("count").is_in([count for count, (own, _) in _LAYOUTS.items() if own])
    named = [piece.alias(name) for name, piece in zip(_NAMES[:_OWN_ADDRESS], pieces, strict=False)]
    named.append(pl.when(own).then(pieces[_OWN_ADDRESS]).alias("address"))
    named.extend(
        pl.when(own).then(pieces[at]).otherwise(pieces[at - 1]).alias(_NAMES[at])
        for at in range(_OWN_ADDRESS + 1, len(_NAMES))
    )
    return (
        texts.lazy()
        .with_columns(pieces=pl.col("text").str.split("\t"))
        .with_columns(count=pl.col("pieces").list.len())
        .select("line", "text", "count", *named)
        .collect(engine="streaming")
    )


def _fits() -> pl.Expr:
    """Whether every column is what its place says."""
    numbers = pl.all_horizontal(
        whole(pl.col(name)).is_not_null() for name in ("status", "size", "duration", "message", "weight", "group")
    )
    empty = pl.all_horizontal(pl.col(name).is_in(["", "-"]) for name in ("squid_result", "squid_peer"))
    return (
        pl.col("count").is_in(list(_LAYOUTS))
        & pl.col("time").str.contains(_TIME)
        & numbers
        & empty
        & pl.col("url").str.contains(_SCHEME)
        & (said(pl.col("method")).is_not_null() | pl.col("url").str.contains(TRANSPARENT))
        & ~pl.col("method").str.contains(_SCHEME)
    ).fill_null(value=False)


def _event() -> list[pl.Expr]:
    status = whole(pl.col("status"))
    content_type = said(pl.col("type"))
    client = pl.coalesce(address(pl.col("address")), address(pl.col("host")))
    return [
        pl.col("line"),
        _instant().alias("ts"),
        pl.lit("exact").alias("ts_quality"),
        user(pl.col("user"), client).alias("user_raw"),
        client.alias("client_ip"),
        device(pl.col("host")).alias("device"),
        said(pl.col("method")).alias("method"),
        pl.col("url"),
        verdict(pl.col("what"), status, pl.col("method")).alias("verdict"),
        said(pl.col("category")).alias("vendor_category"),
        pl.when(status > 0).then(status).alias("status"),
        whole(pl.col("size")).alias("bytes"),
        whole(pl.col("duration")).alias("duration_ms"),
        content_type.alias("content_type"),
        said(pl.col("agent")).alias("user_agent"),
        kind(pl.col("method"), content_type).alias("kind"),
    ]


def _instant() -> pl.Expr:
    time = pl.col("time")
    millis = whole(time.str.slice(0, 10)) * 1000 + whole(time.str.slice(11))
    return (millis * 1000).cast(TIMESTAMP)


def _read_one_by_one(odd: pl.DataFrame) -> pl.DataFrame:
    """Events and rejects of the lines whose columns do not fit.

    A loop over rows, because each has to be tried in several ways; they are pranks and damage.
    """
    rows: list[dict[str, str | int]] = []
    refused: list[tuple[int, str, str]] = []
    for line, text in odd.iter_rows():
        cells = text.split("\t")
        readings = list(_readings(cells))
        if len(readings) == 1:
            rows.append({"line": line, "text": text, **readings[0]})
        else:
            refused.append((line, *_refusal(cells, len(readings))))
    read = pl.DataFrame(rows, schema=_CELLS).select(_event(), reason=pl.lit(None), detail=pl.lit(None))
    rejects = pl.DataFrame(refused, schema={"line": pl.Int64, "reason": pl.String, "detail": pl.String}, orient="row")
    return pl.concat([read, rejects], how="diagonal_relaxed").select(*_COLUMNS, "reason", "detail")


def _readings(cells: list[str]) -> Iterator[dict[str, str]]:
    """Every way to give surplus tabs to the URL and the user agent that makes all other columns fit."""
    for count, (own, last_two) in _LAYOUTS.items():
        surplus = len(cells) - count
        if not 0 <= surplus <= _MOST_SURPLUS:
            continue
        names = [name for name in _NAMES if own or name != "address"][: None if last_two else -2]
        for in_url in range(surplus + 1):
            reading = _gathered(cells, names, {"url": in_url, "agent": surplus - in_url})
            if _reading_fits(reading):
                yield reading


def _gathered(cells: list[str], names: list[str], extra: dict[str, int]) -> dict[str, str]:
    reading: dict[str, str] = {}
    at = 0
    for name in names:
        end = at + 1 + extra.get(name, 0)
        reading[name] = "\t".join(cells[at:end])
        at = end
    return reading


def _reading_fits(reading: dict[str, str]) -> bool:
    numbers = ("status", "size", "duration", "message", "weight", "group")
    return (
        re.match(_TIME, reading["time"]) is not None
        and all(_NUMBER.fullmatch(reading[name]) for name in numbers)
        and reading["squid_result"] in {"", "-"}
        and reading["squid_peer"] in {"", "-"}
        and re.match(_SCHEME, reading["url"]) is not None
        and re.match(_SCHEME, reading["method"]) is None
        and (reading["method"] not in {"", "-"} or re.match(TRANSPARENT, reading["url"]) is not None)
    )


def _refusal(cells: list[str], readings: int) -> tuple[str, str]:
    if not re.match(_TIME, cells[0]):
        return "not-this-format", "does not begin with a time in seconds and milliseconds"
    if len(cells) < min(_LAYOUTS):
        return "missing-column", f"has {len(cells)} of 19 to 22 columns"
    if readings:
        return "bad-field", f"its surplus tabs can be placed in {readings} ways"
    if len(cells) in _LAYOUTS:
        return "bad-number", "a column that must be a number is none, or the URL has no scheme"
    return "bad-field", f"has {len(cells)} columns, and no place for the surplus tabs makes the others fit"


FORMAT: Final = Format(
    name="e2guardian8",
    title="e2guardian access.log, logfileformat 5 to 8 (tabs)",
    document="https://github.com/e2guardian/wiki/wiki/Access-Log-File-Format",
    claims=claims,
    parse=parse,
    gives="user, client address and host, URL, verdict, category, status, bytes to the client, time taken, user agent",
    cannot="the page behind an encrypted CONNECT; the user agent unless loguseragent = on; the user of a refused row "
    "may be somebody else's",
    unproven=("blocked", "warned", "error"),
)
