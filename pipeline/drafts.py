"""The draft incidents of some duty days, made from the lake.

In: the units that touch the days, who is who, and what the school has set. Out: rows of `schema.DRAFTS`. Refuses
nothing. Levels, subjects and lessons are joined to the hits here; `episodes` makes drafts of them.
"""

from __future__ import annotations

from datetime import date

import duckdb
import polars as pl

from pipeline import episodes, lake
from pipeline.episodes import Drafting
from pipeline.events import complete
from pipeline.lake import Lake
from pipeline.people import with_classes
from pipeline.priority import LevelBounds, with_levels
from pipeline.schema import DRAFT_AROUND
from pipeline.timetable import lesson_at
from pipeline.who import PROOF, Who, class_sizes, doubtful_formats, with_subjects


def draft(
    place: Lake, units: list[str], days: list[date], who: Who, drafting: Drafting, bounds: LevelBounds
) -> pl.DataFrame:
    """The drafts of the days, most urgent first."""
    with lake.connected(place, units, ("events", "hits", "hit_events", "evidence")) as connection:
        hits = _hits(connection, days, who, drafting, bounds)
        heads = episodes.heads(episodes.episodes(hits, drafting), drafting)
        drafts = episodes.with_around(heads, _around(connection, heads, place, units))
    return episodes.with_facts(drafts, hits, class_sizes(who.people), drafting)


def _hits(
    connection: duckdb.DuckDBPyConnection, days: list[date], who: Who, drafting: Drafting, bounds: LevelBounds
) -> pl.DataFrame:
    """The hits of the wanted days with level, text, lesson and who it was."""
    spans = [episodes.local_bounds(day, drafting.timezone) for day in days]
    found = lake.ask(
        connection, "hits_of_days", first=min(first for first, _ in spans), last=max(last for _, last in spans)
    ).with_columns(day=episodes.duty_day(pl.col("ts"), drafting.timezone))
    found = found.filter(pl.col("day").is_in(days))
    hits = with_subjects(found, who, _proven(connection, found, drafting))
    moments = with_classes(hits.select("subject", "subject_kind", "class", "day", "ts"), who.people)
    lessons = lesson_at(moments, who.timetable, drafting.timezone, who.week_a)
    return episodes.with_texts(with_levels(hits.with_columns(lesson=lessons["lesson"]), bounds)).drop("day")


def _proven(connection: duckdb.DuckDBPyConnection, hits: pl.DataFrame, drafting: Drafting) -> pl.DataFrame:
    """Where a name was checked, as `who.PROOF`; only looked up if any of the hits needs it."""
    formats = [name for name in doubtful_formats() if name in hits["format"].unique().to_list()]
    if not formats:
        return hits.clear()
    found = lake.ask(connection, "proven", formats=formats)
    return found.with_columns(day=episodes.duty_day(pl.col("ts"), drafting.timezone)).select(PROOF).unique()


def _around(connection: duckdb.DuckDBPyConnection, heads: pl.DataFrame, place: Lake, units: list[str]) -> pl.DataFrame:
    """draft_id, ts, kind, verdict, what, found: what the same user or address did before and after."""
    if heads.is_empty():
        return pl.DataFrame(schema={"draft_id": pl.String, "found": pl.Int64, **DRAFT_AROUND.to_schema()})
    windows = episodes.windows(heads)
    lake.register(connection, "windows", windows)
    lake.register(connection, "steps", _steps(windows))
    near = lake.ask(connection, "around", most=episodes.MOST_AROUND)
    full = complete(lake.events_at(place, units, near.select("source_sha256", "line").unique(maintain_order=True)))
    what = full.select(
        "source_sha256", "line", "ts", "kind", "verdict",
        what=pl.coalesce("typed_text", "search_text", "title", "url", "host"),
    )  # fmt: skip
    joined = near.join(what, on=["source_sha256", "line"], how="inner")
    return joined.sort("draft_id", "ts", "source_sha256", "line")


def _steps(windows: pl.DataFrame) -> pl.DataFrame:
    """The hours since 1970 that each window touches: an equality joins many times as fast as a range."""
    first, last = (pl.col(name).dt.epoch("s") // 3600 for name in ("from_ts", "to_ts"))
    return (
        windows.select("draft_id", "site", "client", step=pl.int_ranges(first, last + 1))
        .explode("step", empty_as_null=False)
        .cast({"step": pl.Int64})
    )
