r"""e2guardian's and DansGuardian's log in `logfileformat = 2`: every column between quotes, commas between them.

In: lines such as `"2025.9.8 9:05:01","dee","10.2.3.4","http://h/p","*DENIED* Blocked site: h","GET","0","0",...`.
It looks like CSV and is none: a quote inside a column is written as it is. So the columns are parted at `","`; what
they mean, and what becomes of a line with more of these than columns, is in `_e2guardian_rows`.
Out: `_e2guardian_rows.COLUMNS`. Refuses lines that do not begin and end with a quote.
Source: `FatController.cpp` of e2guardian (5.3, 5.4); what 5.3.5 wrote.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import polars as pl

from pipeline.formats import Declared, Format, Parsed
from pipeline.formats._cells import blank_apart
from pipeline.formats._e2guardian_rows import WHEN, claimed, read_rows
from pipeline.formats._syslog import bare, without_header

_SIGN: Final = '","'
_SHAPE: Final = re.compile(rf'"{WHEN}","(?:.*","){{9}}[0-9]{{1,3}}"')


def claims(first_lines: Sequence[str]) -> bool:
    """Most lines have the dotted date, and nine columns further on the status, all in quotes."""
    return claimed(bare(first_lines), _SHAPE)


def parse(lines: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read a block of lines; see `Format.parse`. The carry is how the local stamps have run."""
    texts, blank = blank_apart(lines)
    text = pl.col("text")
    is_quoted = text.str.starts_with('"') & text.str.ends_with('"') & (text.str.len_bytes() > 1)
    inside = pl.when(is_quoted).then(text.str.slice(1).str.head(-1)).otherwise(pl.lit(""))
    rows = without_header(texts).with_columns(pieces=inside.str.split(_SIGN))
    return read_rows(rows, _SIGN, blank, declared, carry)


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
