"""Pieces of some bytes as a column of texts, none of which is copied.

In: bytes, where each piece begins in them and how long it is; the pieces are UTF-8. Out: a polars column over the same
memory. Refuses nothing; what stands together has fewer than two billion bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from pipeline.performance.handed import handed_over

Places = npt.NDArray[np.int64]
#: How Arrow tells of a text: its length, then all of it; or its first four bytes, its buffer, where it begins there.
Views = npt.NDArray[np.uint32]

#: A text of so many bytes stands in its view.
_WITHIN: Final = 12
_FIRST: Final = 4


def views_of(data: bytes, starts: Places, lengths: Places, buffer: int = 0) -> Views:
    """The view of each piece of what is the buffer of that number."""
    views = np.empty((len(starts), _FIRST), dtype=np.uint32)
    views[:, 0], views[:, 2], views[:, 3] = lengths, buffer, starts
    letters = np.frombuffer(data, dtype=np.uint8)
    short = np.flatnonzero(lengths <= _WITHIN)
    if len(letters) > _WITHIN:
        # Wherever four bytes begin, read as one number; what lies too far behind is of a short piece.
        fours = np.ndarray((len(letters) - _FIRST + 1,), "<u4", data, strides=(1,))
        views[:, 1] = fours[np.minimum(starts, len(fours) - 1)]
    if len(short):
        within = np.arange(_WITHIN)
        at = np.minimum(starts[short, None] + within, max(len(letters) - 1, 0))
        found = letters[at] if len(letters) else np.zeros(at.shape, dtype=np.uint8)
        # Behind a text there is nothing but noughts.
        views[short, 1:] = np.where(within < lengths[short, None], found, np.uint8(0)).view("<u4")
    return views


def texts_of(name: str, views: Views, buffers: Sequence[bytes]) -> pl.Series:
    """The pieces with these views of some buffers."""
    parts = [None, pa.py_buffer(np.ascontiguousarray(views)), *map(pa.py_buffer, buffers)]
    return handed_over(name, pa.Array.from_buffers(pa.string_view(), len(views), parts))
