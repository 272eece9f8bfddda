"""What squidGuard's and ufdbGuard's logs of requests share: a local time and the number of a process before each line.

In: lines without syslog's header, and what tells requests from notes. Out: what a format says of them. Refuses
nothing by itself: what a line without its columns is, the format's own expressions say.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from pipeline.formats import Declared, Parsed
from pipeline.formats._cells import parted, skips
from pipeline.times.localtime import Running, from_local

WHEN: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}"
HEAD: Final = rf"{WHEN} \[[0-9]+\] "
_TIME: Final = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True)
class Guard:
    """How one of them writes."""

    #: The groups of a request, among them `when`.
    line: str
    #: How a request begins, for `claims`.
    shape: re.Pattern[str]
    event: Sequence[pl.Expr]
    columns: tuple[str, ...]

    def claims(self, lines: Sequence[str]) -> bool:
        """Most lines have the time and process, and at least one is a request; all are without syslog's header."""
        requests = sum(1 for line in lines if self.shape.match(line))
        own = sum(1 for line in lines if re.match(HEAD, line))
        return requests > 0 and own * 2 > len(lines)

    def read(
        self, plain: pl.DataFrame, is_note: pl.Expr, blank: pl.DataFrame, declared: Declared, carry: str
    ) -> Parsed:
        """The requests among some lines, of which the notes and the blank ones are skips."""
        notes = skips(plain.filter(is_note), "other-record")
        apart = plain.filter(~is_note).lazy().with_columns(cells=pl.col("text").str.extract_groups(self.line))
        cells = apart.unnest("cells").collect(engine="streaming")
        stamps = cells["when"].str.to_datetime(_TIME, time_unit="us", strict=False)
        local, running = from_local(stamps, declared.timezone, Running.from_text(carry))
        read = pl.concat([cells, local], how="horizontal").select(self.event)
        return parted(read, self.columns, [blank, notes], running.to_text())
