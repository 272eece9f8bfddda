"""How urgent is a hit.

In: hits with their weight, field, view and the kind of their event; the thresholds of the school. Out: a score and
a level (`schema.LEVELS`) for each. Refuses nothing. The score of a hit is its weight, lowered for fields that show
less of a person: 0 to 100. How urgent an episode is then follows in `pipeline.urgency.levels`.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from pipeline.schema import LED_TO, LEVELS, STATUTORY

#: What a person typed counts in full; an address may have been followed without being read.
FIELD_FACTORS = {
    "typed_text": 1.0,
    "search_text": 1.0,
    "title": 0.85,
    "vendor_category": 1.0,
    "host": 0.8,
    "path": 0.6,
    "query": 0.6,
}
#: A listed site counts in full: its weight was given to the site.
_SITE_FACTOR = 1.0
#: The views of hits that listed sites and addresses make.
_SITES = ("suffix", "prefix", LED_TO, STATUTORY)


@dataclass(frozen=True)
class LevelBounds:
    """The lowest score of each level; what is below `low` is only counted."""

    urgent: float
    high: float
    medium: float
    low: float


def with_levels(hits: pl.DataFrame, bounds: LevelBounds) -> pl.DataFrame:
    """Add `score` and `level` to hits that have weight, field, view and kind.

    The work of software (`background`) is kept and counted, and never more than a record.
    """
    factor = pl.col("field").replace_strict(FIELD_FACTORS, default=1.0, return_dtype=pl.Float64)
    score = pl.col("weight") * pl.when(pl.col("view").is_in(_SITES)).then(_SITE_FACTOR).otherwise(factor)
    counts = pl.col("kind").ne_missing("background")
    reached = [pl.when(counts & (pl.col("score") >= getattr(bounds, name))).then(pl.lit(name)) for name in LEVELS[:-1]]
    return hits.with_columns(score=score.round(2)).with_columns(level=pl.coalesce(*reached, pl.lit("record")))
