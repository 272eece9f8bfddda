"""One query over slices of a table, so that polars works on it with every core.

In: a table and a query. Out: the results of the slices, one below the other: only for queries that look at each row by
itself. Refuses nothing.
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

#: One for each core of a small server: what a query builds for itself (an automaton) is built once a slice.
_SLICES = 2
#: Smaller tables are not worth a second slice.
_SMALLEST = 20_000


def in_slices(
    table: pl.DataFrame, query: Callable[[pl.LazyFrame], pl.LazyFrame], smallest: int = _SMALLEST
) -> pl.DataFrame:
    """`query` over the whole table, row by row; the rows keep their order. No slice but the last has fewer rows."""
    size = max(table.height // _SLICES + 1, smallest)
    parts = [query(table.lazy().slice(at, size)) for at in range(0, max(table.height, 1), size)]
    return pl.concat(pl.collect_all(parts))
