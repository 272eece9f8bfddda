r"""Skyhigh Secure Web Gateway (McAfee Web Gateway): its own access.log.

In: lines such as `[28/Sep/2026:10:15:02 +0100] "dee" 10.2.3.4 200 "GET http://h/p HTTP/1.1" "Business" "Minimal Risk"
"text/html" 2704 "Mozilla/5.0" "" "0"`, as a file or by syslog. A line that begins with `#time_stamp` says which columns
follow, names in quotes for values in quotes; it holds until the next. Without one the layouts that the gateway came
with are tried: twelve columns, or fourteen with the bytes from the client and the application.

The time names its offset. `bytes_to_client` is what was sent to the client; `block_res` is the number of the block, 0
for none. Quotes in a request or a user agent are not masked, so a line that has more quotes than columns is read with
these columns as long and as short as they can be; just one reading must come of it.
Out: `_COLUMNS`. Refuses lines that fit no layout, or fit in more than one way, and times that there are not.
Source: Web Gateway product guide ("Access log"); `_skyhigh` for the numbers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import polars as pl

from pipeline.formats import Declared, Format, Parsed
from pipeline.formats._cells import blank_apart, parted, said, skips
from pipeline.formats._keyed import faults, number, requested
from pipeline.formats._skyhigh import kind, verdict
from pipeline.formats._syslog import bare, without_header
from pipeline.times.localtime import Running
from pipeline.times.monthnames import from_named_month

_COLUMNS: Final = (
    "line", "ts", "ts_quality", "user_raw", "client_ip", "method", "url", "verdict", "vendor_category", "status",
    "bytes", "content_type", "user_agent", "referrer", "kind",
)  # fmt: skip
_HEADER: Final = "#time_stamp"
_FIRST: Final = f'{_HEADER} "auth_user" src_ip status_code "req_line" "categories" "rep_level" "media_type"'
_DEFAULTS: Final = (
    f'{_FIRST} bytes_to_client "user_agent" "virus_name" "block_res"',
    f'{_FIRST} bytes_to_client bytes_from_client "user_agent" "virus_name" "block_res" "application_name"',
)
_MOST_COLUMNS: Final = 60
#: The columns that are read; all but these are only passed.
_READ: Final = (
    "time_stamp", "auth_user", "src_ip", "status_code", "req_line", "categories", "media_type", "bytes_to_client",
    "user_agent", "referer", "block_res",
)  # fmt: skip
_NEEDED: Final = ("time_stamp", "src_ip", "status_code", "req_line")
#: Columns that a client writes.
_CLIENT: Final = ("req_line", "user_agent", "referer")
_NAME: Final = re.compile(r'"?([A-Za-z_][A-Za-z0-9_]*)"?')
_STAMP: Final = r"\[[0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}:[0-9:]{8} [+-][0-9]{4}\]"
_SHAPE: Final = re.compile(
    rf'{_STAMP} "[^"]*" [0-9A-Fa-f.:]+ [0-9]{{1,3}} "[A-Za-z].*" "[^"]*" "[^"]*" "[^"]*" [0-9]+ (?:[0-9]+ )?".*" "'
)
_CELLS: Final = pl.Schema(
    {"line": pl.Int64(), "layout": pl.String(), "text": pl.String()} | dict.fromkeys(_READ, pl.String())
)


def claims(first_lines: Sequence[str]) -> bool:
    """Most lines are of one of the layouts, or begin with the names of the columns."""
    lines = bare(first_lines)
    shaped = sum(1 for line in lines if line.startswith(f"{_HEADER} ") or _SHAPE.match(line))
    return shaped * 2 > len(first_lines)


def parse(lines: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read a block of lines; see `Format.parse`. The carry is the line with the names of the columns."""
    texts, blank = blank_apart(lines)
    texts = without_header(texts)
    is_header = pl.col("text").str.starts_with(_HEADER)
    layout = pl.when(is_header).then("text").forward_fill().fill_null(carry)
    table = texts.with_columns(layout=layout, is_header=is_header)
    header = skips(table.filter("is_header"), "header")
    after = table["layout"][-1] if table.height else carry
    cells, refused = _cells(table.filter(~pl.col("is_header")).drop("is_header"))
    stamps = cells.get_column("time_stamp")
    times, _ = from_named_month(stamps, declared.timezone, declared.last_change, Running())
    method, url = requested(pl.col("req_line"))
    read = pl.concat([cells, times], how="horizontal").with_columns(method=said(method), url=said(url)).select(_event())
    return parted(pl.concat([read, refused], how="diagonal"), _COLUMNS, [blank, header], after)


def _cells(lines: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The columns of `_READ` of the lines that are read in one way, and the rejects."""
    found: list[pl.DataFrame] = [_CELLS.to_frame()]
    refused = [pl.DataFrame(schema={"line": pl.Int64, "reason": pl.String, "detail": pl.String})]
    for (written,), group in lines.partition_by("layout", as_dict=True, maintain_order=True).items():
        layouts = (str(written),) if written else _DEFAULTS
        if all(_is_usable(layout) for layout in layouts):
            good, bad = _fitted(group, layouts)
            found.append(good)
            refused.append(bad)
        else:
            needed = "the names of the columns are not those of an access.log, or one comes twice"
            refused.append(group.select("line", reason=pl.lit("missing-column"), detail=pl.lit(needed)))
    return pl.concat(found).sort("line"), pl.concat(refused)


def _is_usable(layout: str) -> bool:
    """Whether the needed columns are there, and none comes twice."""
    names = _NAME.findall(layout.removeprefix("#"))
    return set(_NEEDED) <= set(names) and len(set(names)) == len(names) <= _MOST_COLUMNS


def _pattern(layout: str, client: str) -> str:
    """The pattern of a layout, in which the columns that a client writes are of this pattern."""
    parts = []
    for match in _NAME.finditer(layout.removeprefix("#")):
        name, quoted = match[1], match[0].startswith('"')
        inside = (client if name in _CLIENT else r'[^"]*') if quoted else r"\S+"
        group = f"(?P<{name}>{inside})" if name in _READ else f"(?:{inside})"
        parts.append(r"\[(?P<time_stamp>[^\]]*)\]" if name == "time_stamp" else f'"{group}"' if quoted else group)
    return f"^{' '.join(parts)}\\s*$"


def _fitted(lines: pl.DataFrame, layouts: Sequence[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The lines that fit just one of the layouts in just one way, and the rejects."""
    left, found = lines, [_CELLS.to_frame()]
    for layout in layouts:
        plain = _matched(left, _pattern(layout, r'[^"]*'))
        found.append(plain)
        left = left.join(plain, on="line", how="anti")
    long = [_matched(left, _pattern(layout, ".*")) for layout in layouts]
    short = [_matched(left, _pattern(layout, ".*?")) for layout in layouts]
    readings = pl.concat([*long, *short]).unique()
    once = readings.group_by("line").len().filter(pl.col("len") == 1)
    found.append(readings.join(once, on="line", how="semi"))
    several = readings.join(once, on="line", how="anti").select("line").unique()
    detail = pl.lit("does not fit the columns of an access.log of the gateway")
    foreign = left.join(readings, on="line", how="anti").select("line", reason=_not_ours(), detail=detail)
    unclear = several.select(
        "line", reason=pl.lit("bad-field"), detail=pl.lit("its quotes can be read in several ways")
    )
    return pl.concat(found), pl.concat([foreign, unclear])


def _not_ours() -> pl.Expr:
    began = pl.col("text").str.contains(rf"^{_STAMP} ")
    return pl.when(began).then(pl.lit("bad-field")).otherwise(pl.lit("not-this-format"))


def _matched(lines: pl.DataFrame, pattern: str) -> pl.DataFrame:
    """The lines of this pattern as `_CELLS`."""
    matched = lines.with_columns(parts=pl.col("text").str.extract_groups(pattern)).unnest("parts")
    given = [pl.col(name) if name in matched.columns else pl.lit(None, pl.String).alias(name) for name in _CELLS]
    return matched.select(given).filter(pl.col("time_stamp").is_not_null())


def _event() -> list[pl.Expr]:
    status, content_type = number(pl.col("status_code")), said(pl.col("media_type"))
    return [
        pl.col("line"),
        pl.col("ts"),
        pl.col("ts_quality"),
        said(pl.col("auth_user")).alias("user_raw"),
        said(pl.col("src_ip")).alias("client_ip"),
        pl.col("method"),
        pl.col("url"),
        verdict(status, pl.col("block_res")).alias("verdict"),
        said(pl.col("categories")).alias("vendor_category"),
        pl.when(status > 0).then(status).alias("status"),
        number(pl.col("bytes_to_client")).alias("bytes"),
        content_type.alias("content_type"),
        said(pl.col("user_agent")).alias("user_agent"),
        said(pl.col("referer")).alias("referrer"),
        kind(pl.col("method"), content_type).alias("kind"),
        *faults(("bytes_to_client", "status_code")),
    ]


FORMAT: Final = Format(
    name="skyhigh",
    title="Skyhigh Secure Web Gateway (McAfee Web Gateway) access.log",
    document="https://success.skyhighsecurity.com/Skyhigh_Secure_Web_Gateway_(On_Prem)",
    claims=claims,
    parse=parse,
    gives="user, client address, method, URL, verdict, categories, status, bytes to the client, content type, user "
    "agent",
    cannot="the page behind an encrypted CONNECT; a line whose quotes can be read in several ways; the verdict where "
    "the layout has no block_res",
)
