r"""Forcepoint (Websense) web protection, SIEM format "syslog/key-value pairs".

In: lines such as `<159>Mar 15 16:07:32 10.0.0.9 vendor=Forcepoint product=Security product_version=8.5.3
action=blocked severity=7 category=1504 user=LDAP://10.0.0.4 OU=Users,DC=example/Dee src_host=10.2.3.4 ... bytes_in=0
http_method=GET http_proxy_status_code=403 disposition=1064 ... url=http://h/p`. Values have no quotes and may hold
blanks; keys begin with a small letter, so the parts of a directory path (`OU=`) are none. The time is in the header of
syslog alone, which mostly has neither year nor zone; a `time=` that a school added to the format string counts first.
Values are read as `_worded` says; what they mean, `_forcepoint` says. Out: `COLUMNS`. `category` is a number.
Refuses lines without vendor and product, a key on which the row hangs said twice and differently, and records without a
readable time or URL.
Source: Forcepoint, "Security Information Event Management (SIEM) Solutions" 7.7 to 8.5.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import polars as pl

from pipeline.formats import Declared, Format, Parsed
from pipeline.formats._carriers import uncarried
from pipeline.formats._cells import blank_apart, parted, said
from pipeline.formats._forcepoint import COLUMNS, event
from pipeline.formats._header_stamp import or_header_stamp
from pipeline.formats._worded import Order, Shape, followed, is_said_twice, late_refused, value
from pipeline.times.localtime import Running
from pipeline.times.monthnames import from_named_month

_KEYS: Final = {
    "action": "action", "user": "user", "login": "loginID", "client": "src_host", "method": "http_method", "url": "url",
    "status": "http_proxy_status_code", "received": "bytes_in", "type": "http_content_type",
    "agent": "http_user_agent", "category": "category", "time": "time",
}  # fmt: skip
_ONCE: Final = ("action", "user", "loginID", "src_host", "url", "http_proxy_status_code", "time")
#: A client may write these where the product does not know them.
_WRITTEN: Final = Order(client=("http_user_agent", "url"), ahead=("action", "user", "loginID", "src_host", "time"))
_SHAPE: Final = Shape(first="a-z", more="A-Za-z0-9_-")
_OURS: Final = r"(?:^|[ >])vendor=(?:Websense|Forcepoint)\b.* product=Security\b"
_PATTERN: Final = re.compile(_OURS)


def claims(first_lines: Sequence[str]) -> bool:
    """Most lines name the vendor and the product."""
    return sum(1 for line in first_lines if _PATTERN.search(line) and " action=" in line) * 2 > len(first_lines)


def parse(lines: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read a block of lines; see `Format.parse`. The carry is how stamps without a zone have run."""
    texts, blank = blank_apart(uncarried(lines))
    is_ours = texts.select(pl.col("text").str.contains(_OURS)).to_series()
    foreign = texts.filter(~is_ours).select(
        "line", reason=pl.lit("not-this-format"), detail=pl.lit("names no vendor=Forcepoint and product=Security")
    )
    cells = _cells_of(texts.filter(is_ours))
    damaged = pl.col("reason").is_not_null()
    good = cells.filter(~damaged).drop("reason", "detail")
    stamps = good.select(or_header_stamp(said(pl.col("time")))).to_series()
    stamped, running = from_named_month(stamps, declared.timezone, declared.last_change, Running.from_text(carry))
    events = pl.concat([good, stamped], how="horizontal").select(event())
    rows = [events, cells.filter(damaged).select("line", "reason", "detail"), foreign]
    return parted(pl.concat(rows, how="diagonal"), COLUMNS, [blank], running.to_text())


def _cells_of(texts: pl.DataFrame) -> pl.DataFrame:
    """The cells of each line under the names of `_forcepoint`, in the order of the lines."""
    pairs = pl.concat_str(pl.lit(" "), pl.col("text").str.strip_chars_end(" \x00"), pl.lit(" "))
    table = texts.with_columns(pairs=pairs)
    read = table.with_columns(value("pairs", key, _SHAPE) for key in _KEYS.values())
    odd = read.select(is_said_twice("pairs", _ONCE)).to_series()
    careful = _one_by_one(read.filter(odd).select("line", "text", "pairs"))
    rows = pl.concat([read.filter(~odd).drop("pairs"), careful], how="diagonal_relaxed").sort("line")
    rows = late_refused(rows, table.select("line", "pairs"), _WRITTEN)
    renamed = rows.select("line", "text", *(pl.col(key).alias(name) for name, key in _KEYS.items()), "reason", "detail")
    nameless = pl.col("reason").is_null() & said(pl.col("url")).is_null()
    return renamed.with_columns(
        reason=pl.when(nameless).then(pl.lit("missing-column")).otherwise("reason"),
        detail=pl.when(nameless).then(pl.lit("has no url=")).otherwise("detail"),
    )


def _one_by_one(lines: pl.DataFrame) -> pl.DataFrame:
    """Lines with a key said twice.

    A loop over rows, because what is said has to be compared; such lines are rare.
    """
    keys = tuple(_KEYS.values())
    rows = [
        {"line": line, "text": text, **followed(pairs[:-1], keys, _ONCE, _SHAPE)}
        for line, text, pairs in lines.iter_rows()
    ]
    names = ("text", *keys, "reason", "detail")
    return pl.DataFrame(rows, schema=pl.Schema({"line": pl.Int64()} | dict.fromkeys(names, pl.String())))


FORMAT: Final = Format(
    name="forcepoint",
    title="Forcepoint (Websense) web protection, key-value pairs",
    document="https://help.forcepoint.com/websec/en-us/on-prem/85/siem/B180CA52-DB55-4DCD-A393-2F3DE855CFC8.html",
    claims=claims,
    parse=parse,
    gives="user, client address, URL, method, verdict, number of the category, status, bytes to the client, content "
    "type, user agent",
    cannot="the year, which is guessed; whether a blocked page could be gone on to; the page behind an encrypted "
    "CONNECT",
    unproven=("challenge",),
)
