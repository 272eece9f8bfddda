"""How urgent is a hit, and how urgent an episode, with the reasons in words.

In: hits with their weight, field, view and the kind and verdict of their event; the thresholds of the school. Out:
a level (`schema.LEVELS`) for each. Refuses nothing. The score of a hit is its weight, lowered for fields that show
less of a person: 0 to 100.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from pipeline.schema import LEVELS

#: What a person typed counts in full; an address may have been followed without being read.
FIELD_FACTORS = {"typed_text": 1.0, "search_text": 1.0, "title": 0.85, "host": 0.8, "path": 0.6, "query": 0.6}
#: A listed site counts in full: its weight was given to the site.
_SUFFIX_FACTOR = 1.0
#: So many different texts of one category in one episode raise its level by one.
REPEATS = 3
_BLOCKED_FIRST = 2


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
    score = pl.col("weight") * pl.when(pl.col("view") == "suffix").then(_SUFFIX_FACTOR).otherwise(factor)
    level = pl.when(pl.col("kind") == "background").then(pl.lit("record"))
    for name in LEVELS[:-1]:
        level = level.when(pl.col("score") >= getattr(bounds, name)).then(pl.lit(name))
    return hits.with_columns(score=score.round(2)).with_columns(level=level.otherwise(pl.lit("record")))


def at_least(level: str) -> tuple[str, ...]:
    """The levels from the most urgent down to `level`."""
    return LEVELS[: LEVELS.index(level) + 1]


def most_urgent(levels: Iterable[str]) -> str:
    """The most urgent of some levels."""
    return min(levels, key=LEVELS.index)


@dataclass(frozen=True)
class Seen:
    """One hit of an episode, as far as it decides about the level. In order of time."""

    category: str
    level: str
    text: str
    field: str
    verdict: str
    kind: str


#: What the strongest hit of an episode shows, in words.
_SHOWN = {
    "typed_text": "typed on the keyboard",
    "search_text": "typed as a search",
    "title": "the title of a page or window",
    "host": "a site on the list",
    "path": "words in the address of a page",
    "query": "words in the address of a page",
}


def episode_level(seen: list[Seen], severities: Mapping[str, str]) -> tuple[str, str, list[str]]:
    """Level, leading category and reasons of an episode; `severities` are those of the categories.

    The most urgent hit decides. Repeats, and going on after a block, raise the level by one step, but never above
    `high` or above the severity of the category: many small things do not cry like one great one. A `record` is never
    raised.
    """
    level = most_urgent(each.level for each in seen)
    lead = next(each for each in seen if each.level == level)
    reasons = [_SHOWN.get(lead.field, lead.field)]
    same = [each for each in seen if each.category == lead.category and each.level != "record"]
    texts = {each.text for each in same}
    raising = []
    if len(texts) >= REPEATS:
        raising.append(f"{len(texts)} different texts or sites of this kind, close together")
    if _went_on_after_block(same):
        raising.append("went on after a block")
    reasons += raising
    above = LEVELS[max(LEVELS.index(level) - 1, LEVELS.index("high"), LEVELS.index(severities[lead.category]))]
    if raising and level != "record" and LEVELS.index(above) < LEVELS.index(level):
        reasons.append(f"therefore {above} instead of {level}")
        level = above
    others = sorted({each.category for each in seen if each.category != lead.category and each.level != "record"})
    if others:
        reasons.append(f"together with: {', '.join(others)}")
    return level, lead.category, reasons


def _went_on_after_block(seen: list[Seen]) -> bool:
    blocked_at = next((at for at, each in enumerate(seen) if each.verdict == "blocked"), None)
    if blocked_at is None:
        return False
    later = {each.text for each in seen[blocked_at + 1 :]} - {seen[blocked_at].text}
    return len(later) >= _BLOCKED_FIRST
