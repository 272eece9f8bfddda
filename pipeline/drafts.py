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

#: What is wanted of a hit, and of its event.
_OF_HIT = ("hit_id", "event_id", "rule_id", "category", "field", "start", "end", "view", "weight")
_OF_EVENT = (
    "event_id", "site", "source", "format", "source_sha256", "line", "ts", "ts_quality", "user", "client_ip", "device",
    "host", "path", "query", "search_text", "typed_text", "title", "vendor_category", "verdict", "kind",
)  # fmt: skip
#: What `events.complete` needs to say what an event was.
_AROUND = ("source_sha256", "line", "ts", "kind", "verdict", "typed_text", "title", "url", "host")
_LINE = ("source_sha256", "line")


def draft(
    place: Lake, units: list[str], days: list[date], who: Who, drafting: Drafting, bounds: LevelBounds
) -> pl.DataFrame:
    """The drafts of the days, most urgent first."""
    with lake.connected(place, units, ("events",)) as connection:
        hits = _hits(connection, place, units, days, who, drafting, bounds)
        numbered = episodes.episodes(hits, drafting)
        lines = lake.rows(place, units, "evidence", (*_LINE, "raw"))
        heads = episodes.heads(numbered.join(lines, on=_LINE, how="left", maintain_order="left"), drafting)
        drafts = episodes.with_around(heads, _around(connection, heads, place, units))
    return episodes.with_facts(drafts, hits, class_sizes(who.people), drafting)


def _hits(
    connection: duckdb.DuckDBPyConnection, place: Lake, units: list[str], days: list[date], who: Who,
    drafting: Drafting, bounds: LevelBounds,
) -> pl.DataFrame:  # fmt: skip
    """The hits of the wanted days with level, text, lesson and who it was."""
    spans = [episodes.local_bounds(day, drafting.timezone) for day in days]
    near = (pl.col("ts") >= min(first for first, _ in spans)) & (pl.col("ts") < max(last for _, last in spans))
    events = lake.rows(place, units, "hit_events", _OF_EVENT, near)
    events = events.with_columns(day=episodes.duty_day(pl.col("ts"), drafting.timezone))
    events = events.filter(pl.col("day").is_in(days))
    found = lake.rows(place, units, "hits", _OF_HIT).join(events, on="event_id")
    hits = with_subjects(found, who, _proven(connection, found, drafting))
    moments = with_classes(hits.select("subject", "subject_kind", "class", "day", "ts"), who.people)
    lessons = lesson_at(moments, who.timetable, drafting.timezone, who.week_a)
    return episodes.with_texts(with_levels(hits.with_columns(lesson=lessons["lesson"]), bounds)).drop("day")


def _proven(connection: duckdb.DuckDBPyConnection, hits: pl.DataFrame, drafting: Drafting) -> pl.DataFrame:
    """Where a name was checked, as `who.PROOF`; only looked up if any of the hits needs it."""
    formats = doubtful_formats(hits["format"].unique().to_list())
    if not formats:
        return hits.clear()
    found = lake.ask(connection, "proven", formats=formats)
    return found.with_columns(day=episodes.duty_day(pl.col("ts"), drafting.timezone)).select(PROOF).unique()


def _around(connection: duckdb.DuckDBPyConnection, heads: pl.DataFrame, place: Lake, units: list[str]) -> pl.DataFrame:
    """draft_id, ts, kind, verdict, what, found: what the same user or address did before and after."""
    if heads.is_empty():
        return pl.DataFrame(schema={"draft_id": pl.String, "found": pl.Int64, **DRAFT_AROUND.to_schema()})
    lake.register(connection, "windows", episodes.windows(heads))
    near = lake.ask(connection, "around", most=episodes.MOST_AROUND)
    full = complete(lake.rows(place, units, "events", _AROUND, pl.col("line").is_in(near["line"].unique().implode())))
    what = full.select(
        *_LINE, "ts", "kind", "verdict",
        what=pl.coalesce("typed_text", "search_text", "title", "url", "host"),
    )  # fmt: skip
    return near.join(what, on=_LINE, how="inner").sort("draft_id", "ts", *_LINE)
