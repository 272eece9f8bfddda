"""What a class did together, as far as it is about one person: their own part of it, and nothing of the others.

In: the lake, the drafts of the person that are given and the days on which any is not. Out: a row for each draft that
is part of what a class did. Refuses nothing. What sets a draft apart may be another one of that day: of a day on which
something is not told no row is given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import Final

import polars as pl

from pipeline import lake
from pipeline.lake import Lake
from pipeline.schema import CLUSTERS

_OF_CLASS: Final = ("day", "class", "lesson", "category")


def together(place: Lake, drafts: pl.Series, untold: Iterable[date], mask: Callable[[str], str]) -> pl.DataFrame:
    """draft_id, day, class, lesson, category, folded, apart. `drafts` are the ids of those that are given."""
    wanted = pl.Schema({name: CLUSTERS[name] for name in (*_OF_CLASS, "drafts")})
    members = lake.read_days(place, "clusters", wanted).explode("drafts").drop_nulls("drafts").unnest("drafts")
    own = members.filter(pl.col("draft_id").is_in(drafts.implode()) & ~pl.col("day").is_in(sorted(set(untold))))
    said = pl.Series("apart", [mask("; ".join(each)) for each in own["apart"]], dtype=pl.String)
    return own.with_columns(said).select("draft_id", *_OF_CLASS, "folded", "apart").sort("day", "draft_id")
