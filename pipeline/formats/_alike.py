"""Lines that look alike are looked at once, to find out which shapes are common in a block.

In: lines, what makes no difference to the shape of nearly any of them, and how the shape of one is found. Out: the
common shapes. Refuses nothing. Which shapes are found has no bearing on what is read, only on how quickly.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Mapping
from typing import Final, TypeVar

import polars as pl

Shape = TypeVar("Shape", bound=Hashable)

#: So many lines are looked at to find the shapes; one that is rarer among them than this share is left.
_LOOKED_AT: Final = 200
_RAREST: Final = 1 / 100
_MOST_SHAPES: Final = 16


def common(texts: pl.Series, outlines: Mapping[str, str], shape_of: Callable[[str], Shape | None]) -> list[Shape]:
    """The shapes of some of the lines, the commonest first.

    `outlines` are patterns, and what stands for them in lines that are compared.
    """
    return list(shares(texts, outlines, shape_of))


def shares(
    texts: pl.Series, outlines: Mapping[str, str], shape_of: Callable[[str], Shape | None]
) -> dict[Shape, float]:
    """The same, each with its share among these lines."""
    some = texts.gather_every(max(1, -(-len(texts) // _LOOKED_AT))).alias("text")
    outline = pl.col("text")
    for pattern, instead in outlines.items():
        outline = outline.str.replace_all(pattern, instead)
    alike = some.to_frame().group_by(outline.alias("outline"), maintain_order=True)
    counted = Counter[Shape]()
    for _, text, times in alike.agg(pl.col("text").first(), times=pl.len()).iter_rows():
        shape = shape_of(text)
        if shape is not None:
            counted[shape] += times
    often = counted.most_common(_MOST_SHAPES)
    return {shape: times / len(some) for shape, times in often if times >= len(some) * _RAREST}
