r"""e2guardian's and DansGuardian's log in `logfileformat = 2`: every column between quotes, commas between them.

In: lines such as `"2025.9.8 9:05:01","dee","10.2.3.4","http://h/p","*DENIED* Blocked site: h","GET","0","0",...`.
It looks like CSV and is none: a quote inside a column is written as it is. So the columns are parted at `","`; what
they mean, and what becomes of a line with more of these than columns, is in `_e2guardian_rows`. From 5.6 on numbers
stand without quotes: `...,"GET",0,0,"Gambling",1,403,"text/html",...`, and a header may come first.
Out: `_e2guardian_rows.COLUMNS`. Refuses lines that do not begin and end with a quote, and those of 5.6 with numbers
without quotes in more places than these two.
Source: `FatController.cpp` of e2guardian (5.3, 5.4, 5.6), `LogFormat.hpp` and `configs/log_formats/logformat2` (5.6);
what 5.3.5 wrote.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import polars as pl

from pipeline.formats import Declared, Format, Parsed
from pipeline.formats._cells import blank_apart
from pipeline.formats._e2guardian_rows import claimed, read_rows
from pipeline.formats._syslog import bare, without_header

_SIGN: Final = '","'
#: Size and weight between quotes; and two numbers without, as 5.6 has them, and later group and status.
_QUOTED: Final = '","-?[0-9]+","-?[0-9]+","'
_BARE: Final = '",(-?[0-9]+),(-?[0-9]+),"'
_BARE_PAIRS: Final = 2


def claims(first_lines: Sequence[str]) -> bool:
    """Most lines have the dotted date, and nine columns further on the status, all in quotes."""
    return claimed([_inside(line) for line in bare(first_lines)], _SIGN)


def parse(lines: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read a block of lines; see `Format.parse`. The carry is how the local stamps have run."""
    texts, blank = blank_apart(lines)
    text = pl.col("text")
    is_quoted = text.str.starts_with('"') & text.str.ends_with('"') & (text.str.len_bytes() > 1)
    inside = pl.when(is_quoted).then(text.str.slice(1).str.head(-1)).otherwise(pl.lit(""))
    is_bare = ~text.str.contains(_QUOTED) & (text.str.count_matches(_BARE) == _BARE_PAIRS)
    quoted = pl.when(is_bare).then(inside.str.replace_all(_BARE, '","$1","$2","')).otherwise(inside)
    rows = without_header(texts).with_columns(pieces=quoted.str.split(_SIGN))
    return read_rows(rows, _SIGN, blank, declared, carry)


def _inside(line: str) -> str:
    """For `claims`: what stands in the outer quotes, with quotes around the numbers of 5.6; nothing without a quote."""
    text = line.removeprefix('"').removesuffix('"') if line.startswith('"') else ""
    return text if re.search(_QUOTED, text) else re.sub(_BARE, r'","\1","\2","', text)


FORMAT: Final = Format(
    name="e2guardian2",
    title="e2guardian and DansGuardian access.log, logfileformat 2 (quotes and commas)",
    document="https://github.com/e2guardian/wiki/wiki/Access-Log-File-Format",
    claims=claims,
    parse=parse,
    gives="user, client address and host, URL, verdict, category, status, bytes to the client, user agent",
    cannot="a zone for its times (but for logtimestamp = on); the page behind an encrypted CONNECT; the user of a "
    "refused row may be somebody else's",
    unproven=("blocked", "warned", "error"),
)
