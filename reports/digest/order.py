"""In which order the drafts stand on the page, and which of them are kept with their class.

In: `schema.DRAFTS` and `schema.CLUSTERS`. Out: every draft once: those that stand by themselves, the most urgent first,
then those that are folded into a cluster, cluster by cluster. It refuses a level that the schema does not know, and
folds nothing that the page's own routes and categories do not allow, whatever the cluster says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from pipeline.errors import InvariantError
from pipeline.schema import LEVELS
from reports.digest.view import is_withheld

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from casebook.response.routes import Route
    from pipeline.watchlist import Category

#: What asks to be read today is never folded.
_ALONE: Final = ("urgent", "high")
#: Fewer on this page are no cluster: the others were shown on an earlier morning.
_FEWEST: Final = 2


@dataclass(frozen=True)
class Gathered:
    """A cluster as far as its drafts are on this page."""

    #: A row of `schema.CLUSTERS`.
    row: Mapping[str, Any]
    #: draft_id -> in what it went further than most of the class; those that stand by themselves.
    standing: Mapping[str, tuple[str, ...]]
    #: The drafts that are kept with it.
    folded: tuple[str, ...]
    #: Drafts about a child at risk at that time.
    beside: tuple[str, ...]
    #: How many drafts of it are not on this page, because they are not new.
    earlier: int
    #: Its place among all drafts, the most urgent first.
    place: int


@dataclass(frozen=True)
class Order:
    """All drafts in the order of the page; its clusters, in order; clusters with no card, that a lesson has lowered."""

    drafts: pl.DataFrame
    clusters: tuple[Gathered, ...]
    lowered: tuple[Gathered, ...]
    #: draft_id -> its place among all drafts, the most urgent first.
    places: Mapping[str, int]


def arranged(
    drafts: pl.DataFrame, clusters: pl.DataFrame, categories: Mapping[str, Category], routes: Mapping[str, Route]
) -> Order:
    """Raises `InvariantError` for a level that is not in `schema.LEVELS`."""
    ordered = _by_urgency(drafts)
    places = {draft_id: place for place, draft_id in enumerate(ordered["draft_id"])}
    # A loop over what is about to become a page of prose.
    rows = {row["draft_id"]: row for row in ordered.drop("hits", "around").iter_rows(named=True)}
    open_rows = {each: row for each, row in rows.items() if not is_withheld(row, categories, routes)}
    foldable = {each for each, row in open_rows.items() if _may_fold(row, categories)}
    found = [
        _gathered(row, open_rows.keys(), foldable, places)
        for row in clusters.sort("first_ts", "cluster_id").iter_rows(named=True)
    ]
    shown = sorted((each for each in found if _drafts_of(each) >= _FEWEST), key=lambda each: each.place)
    turn = {draft_id: number for number, each in enumerate(shown, start=1) for draft_id in each.folded}
    in_turn = pl.Series("turn", [turn.get(each, 0) for each in ordered["draft_id"]], dtype=pl.Int64)
    return Order(
        ordered.with_columns(in_turn).sort("turn", maintain_order=True).drop("turn"),
        tuple(shown),
        tuple(each for each in found if _drafts_of(each) < _FEWEST and each.row["lowered"]),
        places,
    )


def _by_urgency(drafts: pl.DataFrame) -> pl.DataFrame:
    """Most urgent first, then in the order of time; the id settles the rest, so that the order never varies."""
    unknown = sorted(set(drafts["level"].drop_nulls()) - set(LEVELS))
    if unknown or drafts["level"].null_count():
        raise InvariantError(
            f"a draft has the level {unknown[0] if unknown else 'null'!r}.",
            remedy=f"The levels are {', '.join(LEVELS)}; this is a defect in the program.",
        )
    rank = pl.col("level").cast(pl.Enum(LEVELS))
    return drafts.sort(rank, "first_ts", "draft_id")


def _may_fold(row: Mapping[str, Any], categories: Mapping[str, Category]) -> bool:
    known = [categories.get(each) for each in {row["category"], *(row["categories"] or [])}]
    is_open = all(each is not None and (each.help_seeking or not each.never_lowered) for each in known)
    return is_open and row["level"] not in _ALONE


def _gathered(row: Mapping[str, Any], here: Collection[str], foldable: set[str], places: Mapping[str, int]) -> Gathered:
    members = [each for each in row["drafts"] if each["draft_id"] in here]
    folded = [each["draft_id"] for each in members if each["folded"] and each["draft_id"] in foldable]
    if len(folded) < _FEWEST:
        folded = []
    standing = {each["draft_id"]: tuple(each["apart"]) for each in members if each["draft_id"] not in folded}
    beside = tuple(each for each in row["beside"] if each in here)
    # With the most urgent that it holds; one that holds none stands before the last of those that it speaks of.
    place = min((places[each] for each in folded), default=max((places[each] for each in standing), default=0))
    earlier = sum(each["draft_id"] not in places for each in row["drafts"])
    return Gathered(row, standing, tuple(sorted(folded, key=places.__getitem__)), beside, earlier, place)


def _drafts_of(cluster: Gathered) -> int:
    return len(cluster.standing) + len(cluster.folded)
