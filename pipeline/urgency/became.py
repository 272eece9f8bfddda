"""What became of the hits of some days: in a draft, lowered for a lesson, set aside by an exclusion, or below a draft.

In: all hits of the days after `lowering.lowered`, and which of them stand in a draft. Out: counts in which every hit
stands once, and sentences for a draft. Refuses nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

import polars as pl

from pipeline.schema import BECAME
from pipeline.urgency.lowering import Lowering

#: In the order in which they decide: what is set aside or lowered stays that, also where its episode became a draft.
SET_ASIDE, LOWERED, DRAFTED, BELOW = FATES = ("set-aside", "lowered", "drafted", "below")
_KEYS: Final = ("day", "became", "exclusion", "reason", "owner")


def became(hits: pl.DataFrame, drafted: pl.Series, lowering: Lowering) -> pl.DataFrame:
    """Rows of `schema.BECAME`. `hits` has day, hit_id, lowered_for and set_aside; `drafted` are the ids in drafts."""
    told = pl.DataFrame(
        [(at, each.key, each.reason, each.owner) for at, each in enumerate(lowering.exclusions)],
        schema={"set_aside": pl.Int64, "exclusion": pl.String, "reason": pl.String, "owner": pl.String}, orient="row",
    )  # fmt: skip
    fate = (
        pl.when(pl.col("set_aside").is_not_null()).then(pl.lit(SET_ASIDE))
        .when(pl.col("lowered_for").is_not_null()).then(pl.lit(LOWERED))
        .when(pl.col("hit_id").is_in(drafted.implode())).then(pl.lit(DRAFTED))
        .otherwise(pl.lit(BELOW))
    )  # fmt: skip
    counted = hits.with_columns(became=fate).join(told, on="set_aside", how="left").group_by(_KEYS)
    return counted.agg(hits=pl.len().cast(pl.Int64)).select(list(BECAME)).sort(_KEYS)


def set_aside_in_words(set_aside: Iterable[int | None], lowering: Lowering) -> list[str]:
    """A sentence for each exclusion that has set aside some of the hits of a draft, given by its number."""
    counts = Counter(at for at in set_aside if at is not None)
    return [_sentence(number, *_said_of(lowering, at)) for at, number in sorted(counts.items())]


def _said_of(lowering: Lowering, at: int) -> tuple[str, str]:
    return lowering.exclusions[at].reason, lowering.exclusions[at].owner


def _sentence(number: int, reason: str, owner: str) -> str:
    were = "hit was" if number == 1 else "hits were"
    return (
        f"Of what stands here, {number} {were} set aside by the exclusion {reason!r} of {owner}; "
        "the level rests on the others."
    )
