"""The distinct values of a unit meet the watchlists while the rest of the unit is still being read.

In: the events of a unit, block by block, and compiled watchlists. Out: one row for each rule that finds something in a
distinct value (`match.VALUE_HITS`). Refuses nothing. A value is told apart from others by 64 bits of its hash, under a
seed that nobody can know before: among a million values, two agree by chance once in thirty million units.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from pipeline.performance.ahead import Later

if TYPE_CHECKING:
    from pipeline.matching.matcher import Matcher

#: The columns in which something is looked for.
MATCHED = ("url", "host", "typed_text", "title", "vendor_category")
#: When so many values wait they are matched together: what a sieve costs beside its texts is paid for each lot.
_LOT = 200_000
#: So many wait while the watchlists are still being compiled; then reading waits as well.
_MOST_WAITING = 3 * _LOT


@dataclass
class _Column:
    """One column's values so far."""

    #: Of every value that has met the terms, the hash.
    seen: pl.Series = field(default_factory=lambda: pl.Series(dtype=pl.UInt64))
    #: Those values, once each, in pieces.
    matched: list[pl.Series] = field(default_factory=list)
    #: Values of blocks that have not met the terms yet, each once a block, and their hashes.
    waiting: list[pl.DataFrame] = field(default_factory=list)


class Sifter:
    """Takes the values of blocks of events, and matches each once. It has state: the values that it has seen."""

    def __init__(self, matcher: Later[Matcher]) -> None:
        self._matcher = matcher
        self._columns = {name: _Column() for name in MATCHED}
        self._found: list[pl.DataFrame] = []
        self._seed = secrets.randbits(63)

    def values(self, events: pl.DataFrame) -> dict[str, pl.DataFrame]:
        """The distinct values of a block, by column, as `take` wants them: nothing of the block stays in memory."""
        return {name: self._distinct(events[name].drop_nulls()) for name in MATCHED if name in events.columns}

    def take(self, values: dict[str, pl.DataFrame]) -> None:
        """Look at the `values` of one more block."""
        for name, found in values.items():
            self._columns[name].waiting.append(found)
        waiting = sum(each.height for column in self._columns.values() for each in column.waiting)
        if waiting >= (_LOT if self._matcher.is_made() else _MOST_WAITING):
            # Not at the top: the thread that makes the rules has loaded it by then.
            from pipeline.match import match_terms

            matcher = self._matcher()
            self._found += [match_terms(lot, matcher) for lot in _parts(self._lot())]

    def _distinct(self, values: pl.Series) -> pl.DataFrame:
        hashes = values.hash(seed=self._seed)
        first = hashes.is_first_distinct()
        # By way of Arrow's plain strings, or some of its texts would hold the whole block in memory.
        kept = pl.Series(values.filter(first).to_arrow(compat_level=pl.CompatLevel.oldest()), dtype=pl.String)
        return pl.DataFrame({"value": kept, "hash": hashes.filter(first)})

    def _lot(self) -> dict[str, pl.Series]:
        """All new values that wait, by column."""
        lot = {name: _new(column) for name, column in self._columns.items() if column.waiting}
        return {name: values for name, values in lot.items() if len(values)}

    def found(self) -> pl.DataFrame:
        """Every rule that finds something in a value: `match.VALUE_HITS`."""
        from pipeline.match import match_terms
        from pipeline.matching.matchsites import match_names

        lot, matcher = self._lot(), self._matcher()
        matched = {name: self._columns[name].matched for name in ("url", "host")}
        sites = {name: pl.concat(pieces) for name, pieces in matched.items() if pieces}
        with ThreadPoolExecutor(1) as beside:
            # Sites once for all, because what their lists cost does not depend on how many sites are looked up.
            names = beside.submit(match_names, sites, matcher)
            return pl.concat([*self._found, *(match_terms(part, matcher) for part in _parts(lot)), names.result()])


def _parts(lot: dict[str, pl.Series]) -> Iterator[dict[str, pl.Series]]:
    """A lot of about the usual size as it is, and one that has grown in about so many such as it would have been.

    What is made of a text while it is looked at takes many times its memory, and is let go after each part.
    """
    parts = max(1, round(sum(map(len, lot.values())) / _LOT))
    for part in range(parts):
        yield {
            name: values.slice(start := len(values) * part // parts, len(values) * (part + 1) // parts - start)
            for name, values in lot.items()
        }


def _new(column: _Column) -> pl.Series:
    """The values that wait and were not seen before; from now on they are."""
    waiting = pl.concat(column.waiting).unique("hash", keep="first", maintain_order=True)
    new = waiting.filter(~pl.col("hash").is_in(column.seen.implode()))
    column.seen = pl.concat([column.seen, new["hash"]])
    column.matched.append(new["value"])
    column.waiting = []
    return new["value"]
