"""In what a draft went further than most of its class.

In: the drafts of clusters, what their subjects did that day, who looked for help. Out: for each cluster its drafts as
`schema.CLUSTER_DRAFT`, and what more than half of the class had in common. Refuses nothing. Only what the log shows is
said: that a word stood there or that a time was another, never what was meant.

What more than half of the class did sets nobody apart. A level above that of most, or one that is urgent or high,
always does. A draft that nothing sets apart may be folded; every other one is shown in its own place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import polars as pl

from pipeline.schema import CLUSTER_DRAFT, LEVELS
from pipeline.urgency.levels import further

#: Levels that are always shown by themselves.
_ALONE = ("urgent", "high")
#: Outside lessons nobody knows when the class ended: so long before and after is still the same time.
_SAME_TIME = timedelta(minutes=30)
_TYPED = ("search_text", "typed_text")
_FIRST_PERSON = r"(?i)(?:^|[^\w'’])(?:i|i['’]?m|i['’]?ve|i['’]?d|i['’]?ll|me|my|myself|mine)(?:$|[^\w'’])"
_SAYS_I, _AGAIN = "a word such as I, me or my", "the same again at another time that day"
_HELP, _RARE = "looked for help on the same day", "found by a rule that fewer than three of them met"
_ANOTHER = "a draft of another kind on the same day"
#: What so many met is the class's.
_FEWEST_ALIKE = 3
_WHOSE = ("site", "day", "subject", "category")

_OUT = pl.Schema({"cluster_id": pl.String(), "common": pl.List(pl.String()), "drafts": pl.List(CLUSTER_DRAFT)})


def with_apart(
    members: pl.DataFrame, acts: pl.DataFrame, placed: pl.DataFrame, helped: pl.DataFrame, others: pl.DataFrame
) -> pl.DataFrame:
    """cluster_id, common, drafts. `members` are drafts with what is known of their cluster, in the order to be kept.

    `acts` is what may be something a class does, `placed` that part of it that lies in a cluster; `others` are the
    drafts that may be told of.
    """
    marked = {
        _SAYS_I: set(_first_person(members)["draft_id"]),
        _AGAIN: set(_again(members, acts, placed)["draft_id"]),
        _RARE: set(_by_a_rare_rule(members, placed)["draft_id"]),
        _ANOTHER: set(_of_another_kind(members, others)["draft_id"]),
        _HELP: set(members.join(helped, on=["site", "day", "subject"], how="semi")["draft_id"]),
    }
    of_cluster = members.drop("hits").partition_by("cluster_id", maintain_order=True)
    # Cluster by cluster, because this is put into words; a day has few.
    return pl.DataFrame([_told(each.to_dicts(), marked) for each in of_cluster], schema=_OUT)


def _told(members: list[dict[str, Any]], marked: dict[str, set[str]]) -> dict[str, Any]:
    first = members[0]
    found = [dict(_further(each, marked)) for each in members]
    often = Counter(kind for each in found for kind in each)
    common = {kind for kind, number in often.items() if 2 * number > first["pupils"] + first["nameless"]}
    drafts = []
    for each, kinds in zip(members, found, strict=True):
        apart = [*_level(each), *(said for kind, said in kinds.items() if kind not in common)]
        drafts.append({"draft_id": each["draft_id"], "folded": not apart, "apart": apart})
    return {"cluster_id": first["cluster_id"], "common": sorted(common), "drafts": drafts}


def _further(draft: dict[str, Any], marked: dict[str, set[str]]) -> Iterator[tuple[str, str]]:
    """The kind of everything that may set a draft apart, and its words."""
    yield from further(draft["reasons"]).items()
    yield from ((kind, kind) for kind, ids in marked.items() if draft["draft_id"] in ids)


def _level(draft: dict[str, Any]) -> Iterator[str]:
    usual = LEVELS[draft["rank"]]
    if LEVELS.index(draft["level"]) < draft["rank"]:
        yield f"level {draft['level']}, most of the class {usual}"
    elif draft["level"] in _ALONE:
        yield f"level {draft['level']}"


def _first_person(members: pl.DataFrame) -> pl.DataFrame:
    """The drafts in which somebody typed, of this category, a word that speaks of himself or herself."""
    hits = members.select("draft_id", "hits", led_by="category").explode("hits").unnest("hits")
    says = pl.col("field").is_in(_TYPED) & pl.col("text").str.contains(_FIRST_PERSON)
    return hits.filter(says & (pl.col("category") == pl.col("led_by")))


def _by_a_rare_rule(members: pl.DataFrame, placed: pl.DataFrame) -> pl.DataFrame:
    """The drafts whose subject met, with the class, a rule that hardly anybody else met: perhaps another matter."""
    subjects = placed.group_by("cluster_id", "rule_id").agg(pl.col("subject").unique())
    rare = subjects.filter(pl.col("subject").list.len() < _FEWEST_ALIKE).explode("subject")
    return members.join(rare, on=["cluster_id", "subject"], how="semi")


def _of_another_kind(members: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """The drafts whose subject has one about something else on that day."""
    days = ["site", "day", "subject"]
    pairs = members.join(others.select(*days, other="category"), on=days)
    return pairs.filter(pl.col("other") != pl.col("category"))


def _again(members: pl.DataFrame, acts: pl.DataFrame, placed: pl.DataFrame) -> pl.DataFrame:
    """The drafts whose subject did the same on that day outside the lesson, or more than half an hour away."""
    inside = placed.select("cluster_id", "hit_id").with_columns(is_inside=pl.lit(value=True))
    far = (pl.col("ts") < pl.col("first_ts") - _SAME_TIME) | (pl.col("ts") > pl.col("last_ts") + _SAME_TIME)
    return (
        members.select("draft_id", "cluster_id", *_WHOSE, "first_ts", "last_ts", of="lesson")
        .join(acts.select(*_WHOSE, "ts", "hit_id"), on=_WHOSE)
        .join(inside, on=["cluster_id", "hit_id"], how="left")
        .filter(pl.col("is_inside").is_null() & (pl.col("of").is_not_null() | far))
    )  # fmt: skip
