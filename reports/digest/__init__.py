"""The morning page for the safeguarding lead: the night's draft incidents, most urgent first.

In: `schema.DRAFTS` and what the night read. Out: one HTML file that needs nothing else. It refuses to render a level
that the schema does not know; a draft is never dropped without the page saying so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from pipeline.errors import InvariantError
from pipeline.schema import LEVELS
from reports.dates import long_date, moment_in_words
from reports.digest import words
from reports.digest.names import SchoolNames
from reports.digest.view import draft_view
from reports.page import counted, environment
from reports.queries import ask, connect, queries

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime
    from zoneinfo import ZoneInfo

    from casebook.routes import Route
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
    #: How many drafts are shown in full.
    limit: int = 200
    #: What drafts that name nobody must not show.
    names: SchoolNames = field(default_factory=SchoolNames)


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
    ordered = _ordered(drafts)
    shown = ordered.head(context.limit)
    # A loop over rows: at most `limit` of them, and each becomes a page of prose.
    views = [
        draft_view(row, number, context.timezone, context.categories, context.routes, context.names)
        for number, row in enumerate(shown.iter_rows(named=True), start=1)
    ]
    levels = _levels(ordered, context.limit)
    template = environment().get_template("digest/template.html")
    return template.render(
        school=context.school,
        lowered=context.lowered,
        day=long_date(context.run_date),
        made=moment_in_words(context.made_at, context.timezone),
        headline=counted(len(ordered), "draft incident", "draft incidents") if len(ordered) else "No draft incidents",
        total=len(ordered),
        levels=levels,
        drafts=views,
        more=_more(levels),
        summary=context.summary,
        issues=context.issues,
    )


def _ordered(drafts: pl.DataFrame) -> pl.DataFrame:
    """Most urgent first, then in the order of time; the id settles the rest, so that the order never varies."""
    unknown = sorted(set(drafts["level"].drop_nulls()) - set(LEVELS))
    if unknown or drafts["level"].null_count():
        raise InvariantError(
            f"a draft has the level {unknown[0] if unknown else 'null'!r}.",
            remedy=f"The levels are {', '.join(LEVELS)}; this is a defect in the program.",
        )
    rank = pl.col("level").cast(pl.Enum(LEVELS))
    return drafts.sort(rank, "first_ts", "draft_id")


def _levels(ordered: pl.DataFrame, limit: int) -> list[LevelCount]:
    places = ordered.select(pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("place"), "level")
    with connect({"ordered": places}) as connection:
        found = ask(connection, queries("digest/query.sql")["levels"], {"most": limit})
    counts = {level: (drafts, beyond) for level, drafts, beyond in found.iter_rows()}
    return [LevelCount(level, words.LEVELS[level], *counts.get(level, (0, 0))) for level in LEVELS]


def _more(levels: list[LevelCount]) -> str:
    beyond = [each for each in levels if each.beyond]
    if not beyond:
        return ""
    names = ", ".join(f"{each.beyond:,} {each.word.name.lower()}" for each in beyond)
    return (
        f"{counted(sum(each.beyond for each in beyond), 'more draft is', 'more drafts are')} not shown here: {names}."
    )
