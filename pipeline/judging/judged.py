"""What the safeguarding lead's verdicts say of the rules, and of what the school has said beforehand.

In: verdicts on drafts (`schema.JUDGED`) and the hits of these drafts. Out: how often each rule was right, and which
lessons and exclusions would have hidden what turned out to be an incident. Refuses a verdict that nobody knows and a
draft with two verdicts: both would be a defect of whoever keeps them. Pure; nothing is read here.

A command that prints `precision` needs two tables: the verdicts, one row a draft, and the drafts themselves as they are
kept (`hits_of`). A command or a night that is to refuse a hiding exclusion hands the verdicts to `rules.load_rules`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

import polars as pl

from pipeline.episodes import Drafting, seen_in
from pipeline.errors import InvariantError
from pipeline.judging.shares import interval
from pipeline.schema import DRAFT_VERDICTS, JUDGED
from pipeline.settings.limits import Exclusion, Lesson
from pipeline.urgency.levels import at_least, drafted_level
from pipeline.urgency.lowering import Lowering, lowered

#: These say nothing of a rule: the draft was another one again, or about nobody of this school.
_NEITHER: Final = ("duplicate", "not-ours")
_CONFIRMED: Final = "confirmed"
#: How often a rule was right. `share` is that of `confirmed` in `judged`; `low` and `high` hold it in 95 of 100 cases.
PRECISION: Final = pl.Schema(
    {
        "rule_id": pl.String, "category": pl.String, "judged": pl.Int64, "confirmed": pl.Int64,
        "share": pl.Float64, "low": pl.Float64, "high": pl.Float64,
    }
)  # fmt: skip
#: One lesson or exclusion that would have hidden a draft: which it is, and its place in the school's list, from 0.
HIDING: Final = pl.Schema({"said": pl.String, "at": pl.Int64, "draft_id": pl.String})

_Said = Lesson | Exclusion
#: ("lesson" or "exclusion", its place, itself).
_Placed = tuple[str, int, _Said]


def hits_of(drafts: pl.DataFrame) -> pl.DataFrame:
    """draft_id and the hits of some drafts (`schema.DRAFTS`), a row each, as they were when the draft was made."""
    return drafts.select("draft_id", pl.col("hits").alias("hit")).explode("hit").drop_nulls("hit").unnest("hit")


def precision(verdicts: pl.DataFrame, hits: pl.DataFrame) -> pl.DataFrame:
    """`PRECISION`, a row for each rule of which at least one draft was judged.

    `hits` has draft_id, rule_id, category and level. A draft counts for every rule that had a hit in it, but for those
    whose hits were mere records: they did not make it.
    """
    known = _checked(verdicts).filter(~pl.col("verdict").is_in(_NEITHER))
    told = hits.filter(pl.col("level") != "record").select("draft_id", "rule_id", "category").unique()
    counted = (
        told.join(known, on="draft_id", how="inner")
        .group_by("rule_id", "category")
        .agg(judged=pl.len(), confirmed=(pl.col("verdict") == _CONFIRMED).sum())
        .sort("rule_id", "category")
    )
    bounds = [interval(found, of) for found, of in counted.select("confirmed", "judged").iter_rows()]
    table = counted.with_columns(
        share=pl.col("confirmed") / pl.col("judged"),
        low=pl.Series([low for low, _ in bounds], dtype=pl.Float64),
        high=pl.Series([high for _, high in bounds], dtype=pl.Float64),
    )
    return table.select(list(PRECISION)).cast(PRECISION)


def confirmed_of(verdicts: pl.DataFrame) -> list[str]:
    """The ids of the drafts that were confirmed, in order."""
    return _checked(verdicts).filter(verdict=_CONFIRMED)["draft_id"].sort().to_list()


def _checked(verdicts: pl.DataFrame) -> pl.DataFrame:
    table = verdicts.select(list(JUDGED))
    unknown = table.filter(~pl.col("verdict").is_in(DRAFT_VERDICTS) | pl.col("verdict").is_null())
    twice = table.filter(pl.col("draft_id").is_duplicated())
    for wrong, what in ((unknown, "has a verdict that nobody knows"), (twice, "has two verdicts")):
        if not wrong.is_empty():
            raise InvariantError(
                f"the draft {wrong['draft_id'][0]} {what}.",
                remedy=f"The verdicts are {', '.join(DRAFT_VERDICTS)}; this is a defect in the program.",
            )
    return table


def hiding(hits: pl.DataFrame, drafting: Drafting, today: date | None = None) -> pl.DataFrame:
    """`HIDING`: the lessons and exclusions under which no draft would have been made of these hits.

    `hits` are those of confirmed drafts with draft_id, as `drafts.hits_of_drafts` gives them: with the levels that they
    have before anything is lowered. An exclusion is tried as if it had held on their day, because it says that such a
    hit is harmless; a lesson explains its own days only. Each is tried alone. Those that hold on one day are also tried
    together, and then it is the one under which the draft is lost, in the order in which they work. What ended before
    `today` hides nothing any more.
    """
    known = hits.filter(pl.col("category").is_in(list(drafting.categories)))
    come = _standing(known, (), drafting)
    rows: set[tuple[str, int, str]] = set()
    said = list(_in_force(drafting.lowering, today))
    for each in said:
        rows |= {(*each[:2], lost) for lost in come - _standing(known, [each], drafting)}
    for together in _together(said, today):
        if come - _standing(known, together, drafting):
            rows |= _lost_in_turn(known, together, drafting, come)
    return pl.DataFrame(sorted(rows), schema=HIDING, orient="row")


def _in_force(lowering: Lowering, today: date | None) -> Iterator[_Placed]:
    for at, lesson in enumerate(lowering.lessons):
        if today is None or lesson.last_day >= today:
            yield "lesson", at, lesson
    for at, exclusion in enumerate(lowering.exclusions):
        if today is None or exclusion.until >= today:
            yield "exclusion", at, exclusion


def _together(said: list[_Placed], today: date | None) -> Iterator[list[_Placed]]:
    """What holds together on some day: every such set is whole on a day on which an exclusion of it begins."""
    exclusions = [each for _, _, each in said if isinstance(each, Exclusion)]
    for day in sorted({max(each.since, today or each.since) for each in exclusions}):
        yield [
            (kind, at, each) for kind, at, each in said
            if isinstance(each, Lesson) or each.since <= day <= each.until
        ]  # fmt: skip


def _lost_in_turn(
    hits: pl.DataFrame, together: list[_Placed], drafting: Drafting, come: set[str]
) -> set[tuple[str, int, str]]:
    rows: set[tuple[str, int, str]] = set()
    left = come
    for upto, (kind, at, _) in enumerate(together, start=1):
        still = left & _standing(hits, together[:upto], drafting)
        rows |= {(kind, at, lost) for lost in left - still}
        left = still
    return rows


def _standing(hits: pl.DataFrame, said: list[_Placed] | tuple[()], drafting: Drafting) -> set[str]:
    """The drafts that are made all the same when this is said beforehand."""
    lessons = tuple(each for _, _, each in said if isinstance(each, Lesson))
    exclusions = tuple(
        each.model_copy(update={"since": date.min, "until": date.max})
        for _, _, each in said
        if isinstance(each, Exclusion)
    )
    left = lowered(hits, Lowering(lessons, exclusions), drafting.timezone).sort("draft_id", "ts", "hit_id")
    severities, again = {name: each.severity for name, each in drafting.categories.items()}, drafting.only_again
    # Draft by draft, as a night goes episode by episode; confirmed ones are few.
    levels = {
        str(draft_id): drafted_level(seen_in(rows, drafting), severities, again)[0]
        for (draft_id,), rows in left.group_by("draft_id", maintain_order=True)
    }
    return {draft_id for draft_id, level in levels.items() if level in at_least(drafting.draft_from)}
