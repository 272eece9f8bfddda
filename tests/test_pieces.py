"""Pieces of bytes are texts without being copied, whatever their length and wherever they stand."""

from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.performance.pieces import texts_of, views_of


@given(st.lists(st.text(max_size=30), max_size=20), st.lists(st.text(max_size=30), max_size=20))
@example(["", "twelve bytes", "thirteen byte"], ["x"])
@example(["one"], [])
@example([], ["only the other has any, and one is long"])
def test_each_piece_says_what_it_says_by_itself(first: list[str], second: list[str]) -> None:
    first, second = ([each.encode("utf-8", "replace").decode() for each in texts] for texts in (first, second))
    buffers, views = [], []
    for number, texts in enumerate((first, second)):
        lengths = np.array([len(each.encode()) for each in texts], dtype=np.int64)
        buffers.append("".join(texts).encode())
        views.append(views_of(buffers[-1], np.cumsum(lengths) - lengths, lengths, number))
    found = texts_of("text", np.concatenate(views), buffers)
    expected = pl.Series("text", [*first, *second], dtype=pl.String)
    assert found.equals(expected)
    # What is told apart by its bytes, too, and not only when it is read.
    assert found.hash().equals(expected.hash())
    assert found.unique(maintain_order=True).equals(expected.unique(maintain_order=True))
