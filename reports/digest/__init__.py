"""The morning page for the safeguarding lead: the night's draft incidents, most urgent first.

In: `schema.DRAFTS`, `schema.CLUSTERS` and what the night read. Out: one HTML file that needs nothing else. It refuses
to render a level that the schema does not know; a draft is never dropped without the page saying so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from pipeline.schema import CLUSTERS, LEVELS
from pipeline.watchlist import RuleNotes
from reports.dates import long_date, moment_in_words
from reports.digest import words
from reports.digest.names import SchoolNames
from reports.digest.order import Order, arranged
from reports.digest.together import ClusterView, cluster_view, in_one_line
from reports.digest.view import DraftView, draft_view
from reports.page import counted, environment
from reports.queries import ask, connect, queries

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime
    from zoneinfo import ZoneInfo

    from casebook.response.routes import Route
    from pipeline.watchlist import Category


@dataclass(frozen=True)
class DigestContext:
    """What the digest needs besides the drafts. `made_at` has a zone; nothing here is read from the clock."""

    school: str
    timezone: ZoneInfo
    run_date: date
    made_at: datetime
    categories: Mapping[str, Category]
    routes: Mapping[str, Route]
    #: What the night read, as (label, value).
    summary: tuple[tuple[str, str], ...] = ()
    #: What needs somebody's attention, in sentences.
    issues: tuple[str, ...] = ()
    #: What the school has lowered or set aside for now, in sentences.
    lowered: tuple[str, ...] = ()
    #: What classes did together, as `schema.CLUSTERS`.
    clusters: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=CLUSTERS))
    #: How many drafts are shown in full.
    limit: int = 200
    #: What drafts that name nobody must not show.
    names: SchoolNames = field(default_factory=SchoolNames)
    notes: RuleNotes = field(default_factory=RuleNotes)
    #: Draft -> its number in the incident log.
    incidents: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Entry:
    """A draft, and the number of the cluster that it is part of (0 for none)."""

    draft: DraftView
    part_of: int


@dataclass(frozen=True)
class LevelCount:
    """One level with its number of drafts."""

    level: str
    word: words.Word
    drafts: int
    #: How many of them are not shown in full.
    beyond: int


def render(drafts: pl.DataFrame, context: DigestContext) -> str:
    """The page. `drafts` has the columns of `schema.DRAFTS`, in any order of rows; the same input gives the same page.

    Raises `InvariantError` for a level that is not in `schema.LEVELS`, `ValueError` for a `made_at` without a zone.
    """
    order = arranged(drafts, context.clusters, context.categories, context.routes)
    levels = _levels(order.drafts, context.limit)
    shown = order.drafts.head(context.limit)
    # A loop over rows: at most `limit` of them, and each becomes a page of prose.
    views = [
        draft_view(row, number, context.timezone, context.categories, context.routes, context.names, context.notes)
        for number, row in enumerate(shown.iter_rows(named=True), start=1)
    ]
    entries, kept = _laid_out(order, views, _clusters(order, shown, context))
    template = environment().get_template("digest/template.html")
    return template.render(
        school=context.school,
        lowered=context.lowered,
        in_lessons=[in_one_line(each, context.timezone, context.categories) for each in order.lowered],
        day=long_date(context.run_date),
        made=moment_in_words(context.made_at, context.timezone),
        headline=counted(len(drafts), "draft incident", "draft incidents") if len(drafts) else "No draft incidents",
        total=len(drafts),
        levels=levels,
        entries=[(each, None) if isinstance(each, Entry) else (None, each) for each in entries],
        kept=kept,
        incidents=context.incidents,
        tally=_tally(entries, kept, sum(len(each.folded) for each in order.clusters)),
        more=_more(levels),
        summary=context.summary,
        issues=context.issues,
    )


def _clusters(order: Order, shown: pl.DataFrame, context: DigestContext) -> list[ClusterView]:
    members = [draft_id for each in order.clusters for draft_id in (*each.folded, *each.standing)]
    of_classes = order.drafts.filter(pl.col("draft_id").is_in(members)).drop("around")
    rows = {row["draft_id"]: row for row in of_classes.iter_rows(named=True)}
    numbers = {draft_id: number for number, draft_id in enumerate(shown["draft_id"], start=1)}
    return [
        cluster_view(each, number, rows, numbers, context.timezone, context.categories, context.names)
        for number, each in enumerate(order.clusters, start=1)
    ]


def _laid_out(
    order: Order, views: list[DraftView], clusters: list[ClusterView]
) -> tuple[list[Entry | ClusterView], list[Entry]]:
    """What has a row and a card in order of urgency, and the drafts that stand in full behind it all."""
    of = {
        draft_id: number
        for number, cluster in enumerate(order.clusters, start=1)
        for draft_id in (*cluster.folded, *cluster.standing)
    }
    folded = {draft_id for cluster in order.clusters for draft_id in cluster.folded}
    entries = [Entry(each, of.get(each.draft_id, 0)) for each in views]
    own, kept = ([each for each in entries if (each.draft.draft_id in folded) is there] for there in (False, True))
    # A cluster stands before a draft of the same place.
    placed: list[tuple[int, int, Entry | ClusterView]] = [
        (each.place, 0, view) for each, view in zip(order.clusters, clusters, strict=True)
    ]
    placed += [(order.places[each.draft.draft_id], 1, each) for each in own]
    return [entry for _, _, entry in sorted(placed, key=lambda each: each[:2])], kept


def _tally(entries: list[Entry | ClusterView], kept: list[Entry], folded: int) -> str:
    """Where the drafts of the list are, if a class has some of them."""
    if not folded:
        return ""
    own = counted(
        sum(isinstance(each, Entry) for each in entries), "draft has a row of its own", "drafts have rows of their own"
    )
    in_full = "all of them" if len(kept) == folded else f"{len(kept):,} of them"
    return f"{own}; {folded:,} are in the rows of their classes, {in_full} in full at the end of this page."


def _levels(ordered: pl.DataFrame, limit: int) -> list[LevelCount]:
    places = ordered.select(pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("place"), "level")
    with connect({"ordered": places}) as connection:
        found = ask(connection, queries("digest/query.sql")["levels"], {"most": limit})
    counts = {row["level"]: (row["drafts"], row["beyond"]) for row in found}
    return [LevelCount(level, words.LEVELS[level], *counts.get(level, (0, 0))) for level in LEVELS]


def _more(levels: list[LevelCount]) -> str:
    beyond = [each for each in levels if each.beyond]
    if not beyond:
        return ""
    names = ", ".join(f"{each.beyond:,} {each.word.name.lower()}" for each in beyond)
    return (
        f"{counted(sum(each.beyond for each in beyond), 'more draft is', 'more drafts are')} not shown here: {names}."
    )
