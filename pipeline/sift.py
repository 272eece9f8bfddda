"""The distinct values of a unit meet the watchlists while the rest of the unit is still being read.

In: the events of a unit, block by block, and compiled watchlists. Out: one row for each rule that finds something in a
distinct value (`match.VALUE_HITS`). Refuses nothing. A value is told apart from others by 64 bits of its hash, under a
seed that nobody can know before: by chance two of a unit's values agree once in a hundred million nights.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

import polars as pl

from pipeline.match import Matcher, match_names, match_terms

#: The columns in which something is looked for.
MATCHED = ("url", "host", "typed_text", "title", "vendor_category")
#: So many new values are matched together: what a sieve costs beside its texts is paid for each lot.
_LOT = 200_000


@dataclass
class _Column:
    """One column's values so far."""

    seen: set[int] = field(default_factory=set)
    #: Every distinct value once, in pieces; those from `matched` on have not met the terms yet.
    pieces: list[pl.Series] = field(default_factory=list)
    matched: int = 0
    waiting: int = 0


class Sifter:
    """Takes blocks of events and matches each value once. It has state: the values that it has seen."""

    def __init__(self, matcher: Callable[[], Matcher]) -> None:
        self._matcher = matcher
        self._columns = {name: _Column() for name in MATCHED}
        self._found: list[pl.DataFrame] = []
        self._seed = secrets.randbits(63)

    def take(self, events: pl.DataFrame) -> None:
        """Look at one more block."""
        for name, column in self._columns.items():
            if name in events.columns:
                self._keep_new(column, events[name].drop_nulls())
        if sum(column.waiting for column in self._columns.values()) >= _LOT:
            self._match_terms()

    def _keep_new(self, column: _Column, values: pl.Series) -> None:
        hashes = values.hash(seed=self._seed)
        first = hashes.is_first_distinct()
        values, distinct = values.filter(first), hashes.filter(first).to_list()
        new = values.filter(pl.Series([each not in column.seen for each in distinct], dtype=pl.Boolean))
        column.seen.update(distinct)
        if len(new):
            # By way of Arrow's plain strings, or a few of its texts would hold the whole block in memory.
            column.pieces.append(pl.Series(new.to_arrow(compat_level=pl.CompatLevel.oldest()), dtype=pl.String))
            column.waiting += len(new)

    def _match_terms(self) -> None:
        lot = {}
        for name, column in self._columns.items():
            if column.waiting:
                lot[name] = pl.concat(column.pieces[column.matched :])
                column.matched, column.waiting = len(column.pieces), 0
        self._found.append(match_terms(lot, self._matcher()))

    def found(self) -> pl.DataFrame:
        """Every rule that finds something in a value: `match.VALUE_HITS`."""
        self._match_terms()
        # Sites once for all, because what their lists cost does not depend on how many sites are looked up.
        sites = {name: pl.concat(self._columns[name].pieces) for name in ("url", "host") if self._columns[name].pieces}
        return pl.concat([*self._found, match_names(sites, self._matcher())])
