r"""FortiGate and FortiProxy: web-filter and DNS-filter records as key=value text, from syslog or the device's own file.

In: lines such as `<134>date=2025-09-08 time=09:05:01 tz="+0100" eventtime=1757318701000000000 type="utm"
subtype="webfilter" action="blocked" user="dee" srcip=10.2.3.4 service="HTTPS" hostname="h" url="/p" ...`, with any
syslog prefix before the first key, values in quotes or not, blanks or commas (`set format csv`) between the pairs.
Every other record of the device is a skip (`other-record`), also FortiProxy's `http-transaction`, which says a request
once more that the web filter has logged.
FortiAnalyzer's download (CSV) has a pair in each cell, `"date=2025-09-08","time=09:05:01","","srcip=10.2.3.4",...`, the
quotes of the value doubled; many cells are empty. It is read as the pairs that it holds; a cell of which something
would be taken for a pair of its own is refused, since a client may have written that.

Pairs are read as `_pairs` says; what they mean, and which of the two clocks counts, `_fortinet` says. Out: `COLUMNS`.
Refuses lines without `type` and `subtype`, and records without a readable time.
Source: FortiOS Log Message Reference 5.6 to 7.6; FortiProxy Log Message Reference 7.4; FortiAnalyzer Administration
Guide, "Download log messages", and lines of such downloads that their users have published.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import polars as pl

from pipeline.formats import PARSE_REJECTS, Declared, Format, Parsed
from pipeline.formats._cells import blank_apart, parted, skips
from pipeline.formats._fortinet import CLOCK, COLUMNS, FIELDS, ONCE, event, is_ours, timed
from pipeline.formats._pairs import Pairs, taken_apart
from pipeline.formats._syslog import unstructured, without_structure
from pipeline.times.localtime import Running

#: FortiProxy and some relays leave `date` and `time` out, so that `eventtime` comes first.
_PAIRS: Final = Pairs(keys=FIELDS, once=ONCE, first=("eventtime", *CLOCK))
_SHAPE: Final = re.compile(
    r"(?=.*\b(?:date|eventtime)=\"?[0-9])(?=.*\blogid=)(?=.*\bdev(?:id|name)=|.*\bvd=)(?=.*\btype=)(?=.*\bsubtype=)"
)
#: The cells of a line of FortiAnalyzer's download, all in quotes.
_CELL: Final = r'"((?:[^"]|"")*)"'
_CELLS: Final = f"^{_CELL}(?:,{_CELL})+$"
#: What a cell holds: nothing, or one pair and no more.
_ONE_PAIR: Final = r'^(?:|[A-Za-z_][\w.-]*=(?:"(?:[^"\\]|\\.)*"|[^"]*))$'
#: A pair in a cell whose value is bare and holds a blank.
_BARE: Final = r'^([A-Za-z0-9_]+)=([^"]* [^"]*)$'
#: What all of our records hold, and few others.
_MAYBE: Final = r'type="?(?:webfilter|dns)'


def claims(first_lines: Sequence[str]) -> bool:
    """Most lines have FortiGate's keys."""
    shaped = sum(1 for line in unstructured(first_lines) if _SHAPE.match(line))
    return shaped * 2 > len(first_lines)


def parse(lines: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read a block of lines; see `Format.parse`. The carry is how stamps without a zone have run."""
    texts, blank = blank_apart(lines)
    texts, torn = _out_of_cells(texts)
    texts = without_structure(texts)
    maybe = texts.select(pl.col("text").str.contains(_MAYBE)).to_series()
    foreign, other = _without_ours(texts.filter(~maybe))
    cells = _cells_of(texts.filter(maybe))
    good = pl.col("reason").is_null()
    read_times, running = timed(cells.filter(good & is_ours()), declared, Running.from_text(carry))
    damaged = cells.filter(~good).select("line", "reason", "detail")
    read = pl.concat([torn, read_times.lazy().select(event()).collect(), damaged, foreign], how="diagonal")
    others = skips(cells.filter(good & ~is_ours()), "other-record")
    return parted(read, COLUMNS, [blank, other, others], running.to_text())


def _out_of_cells(texts: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The lines of FortiAnalyzer's download as pairs with blanks between them, all others as they are; and rejects."""
    if not texts["text"].str.starts_with('"').any():
        return texts, PARSE_REJECTS.to_frame()
    celled = pl.col("text").str.contains(_CELLS)
    cell = pl.element().str.slice(1, pl.element().str.len_chars() - 2).str.replace_all('""', '"', literal=True)
    cells = texts.select(pl.col("text").str.extract_all(_CELL).list.eval(cell)).to_series()
    torn = texts.select(celled).to_series() & ~cells.list.eval(pl.element().str.contains(_ONE_PAIR)).list.all()
    pairs = cells.list.eval(pl.element().filter(pl.element() != "").str.replace(_BARE, '${1}="${2}"')).list.join(" ")
    whole = texts.with_columns(text=pl.when(celled).then(pairs).otherwise("text")).filter(~torn)
    detail = pl.lit("a cell holds something else than one key=value")
    return whole, texts.filter(torn).select("line", reason=pl.lit("bad-field"), detail=detail)


def _without_ours(texts: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rejects for the lines that are no record, skips for the records that are surely others."""
    text = pl.col("text")
    record = text.str.contains(r"(?:^|[ ,>])type=\S") & text.str.contains(r"[ ,>]subtype=\S")
    foreign = texts.filter(~record).select(
        "line", reason=pl.lit("not-this-format"), detail=pl.lit("has no type and subtype as key=value")
    )
    return foreign, skips(texts.filter(record), "other-record")


def _cells_of(texts: pl.DataFrame) -> pl.DataFrame:
    """Each line's values by key, or the reason and detail of its reject, in the order of the lines."""
    plain, careful = taken_apart(texts, _PAIRS)
    cells = pl.concat([plain, careful], how="diagonal")
    nameless = pl.col("reason").is_null() & (pl.col("type").is_null() | pl.col("subtype").is_null())
    return cells.select(
        *(name for name in _PAIRS.schema if name not in {"reason", "detail"}),
        reason=pl.when(nameless).then(pl.lit("missing-column")).otherwise(pl.col("reason")),
        detail=pl.when(nameless).then(pl.lit("has no type and subtype as key=value")).otherwise(pl.col("detail")),
    ).sort("line")


FORMAT: Final = Format(
    name="fortigate",
    title="FortiGate and FortiProxy web and DNS filter, key=value or CSV (syslog, file, FortiAnalyzer)",
    document="https://docs.fortinet.com/document/fortigate/7.6.0/fortios-log-message-reference/",
    claims=claims,
    parse=parse,
    gives="user, client address, URL or host, verdict, category, bytes to the client; from 7.0 method and user agent; "
    "both clocks of the device where they disagree",
    cannot="the page behind HTTPS that is not decrypted; the status; the content type, so pictures count as pages; "
    "what became of a DNS query whose answer is not logged",
)
