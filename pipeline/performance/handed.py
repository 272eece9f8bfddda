"""A column of Arrow handed over to polars as it is.

In: an Arrow array. Out: a polars column over the same memory. Refuses nothing. polars would do the same of itself, but
loads `pyarrow.compute` first, which takes a tenth of a second and is needed for nothing here.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl
import pyarrow as pa


@dataclass(frozen=True)
class _Handed:
    """An Arrow array behind the interface that Arrow's libraries share, and nothing else of it."""

    array: pa.Array

    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[object, object]:
        handed: tuple[object, object] = self.array.__arrow_c_array__(requested_schema)
        return handed


def handed_over(name: str, array: pa.Array) -> pl.Series:
    """The array as a polars column of that name."""
    return pl.Series(name, _Handed(array))
