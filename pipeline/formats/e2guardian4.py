"""e2guardian's and DansGuardian's log in `logfileformat = 4`: the columns of layout 1 with tabs between them.

In: lines such as `2025.9.8 9:05:01<tab>dee<tab>10.2.3.4<tab>http://h/p<tab>*DENIED* Blocked site: h<tab>GET<tab>0...`,
also by syslog (`logsyslog = on`), which may have made `#011` of the tabs.
What the columns mean, and what becomes of a line with more tabs than columns, is in `_e2guardian_rows`.
From 5.6 on a header may come first.
Out: `_e2guardian_rows.COLUMNS`. Refuses lines whose columns are not in their places.
Source: `FatController.cpp` of e2guardian (5.3, 5.4); what 5.3.5 wrote.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from pipeline.formats import Declared, Format, Parsed
from pipeline.formats._cells import blank_apart
from pipeline.formats._e2guardian_rows import claimed, read_rows
from pipeline.formats._syslog import bare_with_tabs, with_tabs, without_header

_SIGN: Final = "\t"


def claims(first_lines: Sequence[str]) -> bool:
    """Most lines have the dotted date, and nine tabs further on the status."""
    return claimed(bare_with_tabs(first_lines), _SIGN)


def parse(lines: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read a block of lines; see `Format.parse`. The carry is how the local stamps have run."""
    texts, blank = blank_apart(lines)
    rows = with_tabs(without_header(texts)).with_columns(pieces=pl.col("text").str.split(_SIGN))
    return read_rows(rows, _SIGN, blank, declared, carry)


FORMAT: Final = Format(
    name="e2guardian4",
    title="e2guardian and DansGuardian access.log, logfileformat 4 (tabs)",
    document="https://github.com/e2guardian/wiki/wiki/Access-Log-File-Format",
    claims=claims,
    parse=parse,
    gives="user, client address and host, URL, verdict, category, status, bytes to the client, user agent",
    cannot="a zone for its times (but for logtimestamp = on); the page behind an encrypted CONNECT; the user of a "
    "refused row may be somebody else's",
    unproven=("blocked", "warned", "error"),
)
