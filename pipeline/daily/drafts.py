"""The draft incidents of some duty days, made from the lake.

In: the units that touch the days, who is who, and what the school has set. Out: rows of `schema.DRAFTS`, of
`schema.CLUSTERS`, and what became of every hit, as `schema.BECAME`. Refuses nothing. Levels, subjects and lessons are
joined to the hits here; `episodes` makes drafts of them, and `clusters` looks at what classes did together.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

import duckdb
import polars as pl

from pipeline import episodes, lake
from pipeline.clusters import clusters
from pipeline.episodes import Drafting
from pipeline.lake import Lake
from pipeline.lists import withheld
from pipeline.people import with_classes
from pipeline.priority import LevelBounds, with_levels
from pipeline.schema import BECAME, CLUSTERS, DRAFT_AROUND, DRAFTS
from pipeline.spelling.keystrokes import standing
from pipeline.store.events import complete
from pipeline.timetable import lesson_at
from pipeline.urgency.became import became
from pipeline.urgency.lowering import lowered
from pipeline.who import PROOF, Who, class_sizes, doubtful_formats, unproven, with_subjects

#: What is wanted of a hit, and of its event.
_OF_HIT = ("hit_id", "event_id", "rule_id", "category", "field", "start", "end", "view", "weight")
_OF_EVENT = (
    "event_id", "site", "source", "format", "source_sha256", "line", "ts", "ts_quality", "user", "client_ip", "device",
    "host", "path", "query", "search_text", "typed_text", "title", "vendor_category", "verdict", "kind",
)  # fmt: skip
#: What `events.complete` needs to say what an event was.
_AROUND = ("source_sha256", "line", "ts", "kind", "verdict", "typed_text", "title", "url", "host")
_LINE = ("source_sha256", "line")
#: And to say which of the searches near each other were one, typed letter by letter.
_TYPED = (*_AROUND, "site", "user", "client_ip")
_NEAR_A_LETTER = timedelta(minutes=5)


@dataclass(frozen=True)
class Drafted:
    """The drafts of some days, what classes did together, and what became of all hits; empty, for days without any."""

    drafts: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=DRAFTS))
    clusters: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=CLUSTERS))
    became: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=BECAME))


def draft(
    place: Lake, units: list[str], days: list[date], who: Who, drafting: Drafting, bounds: LevelBounds
) -> Drafted:
    """The drafts of the days, most urgent first, the clusters of classes, and the account of all hits."""
    with lake.connected(place, units, ("events",)) as connection:
        levelled = _hits(connection, place, units, _of_days(days, drafting), who, drafting, bounds)
        found = lowered(levelled, drafting.lowering, drafting.timezone)
        secret = withheld.secret_hosts(found)
        hits = withheld.without_secrets(found, secret)
        numbered = episodes.episodes(hits, drafting)
        lines = lake.rows(place, units, "evidence", (*_LINE, "raw"))
        heads = episodes.heads(numbered.join(lines, on=_LINE, how="left", maintain_order="left"), drafting)
        around = _around(connection, heads, place, units)
        drafts = episodes.with_around(heads, around.with_columns(what=_tellable(found, secret, drafting)))
    told = numbered.join(heads, on="episode", how="semi")["hit_id"]
    sizes = class_sizes(who.people)
    finished = episodes.with_facts(drafts, hits, sizes, drafting)
    together = clusters(hits, finished, sizes, drafting.categories)
    return Drafted(finished, together, became(hits, told, drafting.lowering))


def _tellable(found: pl.DataFrame, secret: list[str], drafting: Drafting) -> pl.Expr:
    """What happened around a draft, without what nobody may see: such a page may be of another draft's time, too."""
    what = pl.col("what")
    illegal = [each.id for each in drafting.categories.values() if each.route == episodes.ILLEGAL]
    withheld_too = pl.when(withheld.tells_illegal(what, found, illegal)).then(pl.lit(withheld.MAY_BE_ILLEGAL))
    return pl.when(withheld.tells(what, secret)).then(pl.lit(withheld.SECRET)).otherwise(withheld_too.otherwise(what))


def hits_of_drafts(
    place: Lake, units: list[str], drafts: pl.DataFrame, who: Who, drafting: Drafting, bounds: LevelBounds
) -> pl.DataFrame:
    """The hits that some drafts show, with draft_id, as they are before anything is lowered: what `lowered` takes.

    `drafts` has draft_id, day and hits of `schema.DRAFTS`, of one draft at least; `units` are those of their days. A
    hit whose unit is gone is left out.
    """
    shown = drafts.select("draft_id", "day", pl.col("hits").alias("hit")).explode("hit").select(
        "draft_id", "day", *(pl.col("hit").struct.field(name) for name in ("hit_id", "event_id"))
    )  # fmt: skip
    wanted = _of_days(sorted(set(shown["day"])), drafting) & pl.col("event_id").is_in(shown["event_id"].implode())
    with lake.connected(place, units, ("events",)) as connection:
        hits = _hits(connection, place, units, wanted, who, drafting, bounds)
    return hits.join(shown.select("draft_id", "hit_id"), on="hit_id", how="inner")


def _of_days(days: list[date], drafting: Drafting) -> pl.Expr:
    """Whether an event belongs to one of some duty days."""
    spans = [episodes.local_bounds(day, drafting.timezone) for day in days]
    near = (pl.col("ts") >= min(first for first, _ in spans)) & (pl.col("ts") < max(last for _, last in spans))
    return near & episodes.duty_day(pl.col("ts"), drafting.timezone).is_in(days)


def _hits(
    connection: duckdb.DuckDBPyConnection, place: Lake, units: list[str], wanted: pl.Expr, who: Who,
    drafting: Drafting, bounds: LevelBounds,
) -> pl.DataFrame:  # fmt: skip
    """The hits of the wanted events with level, text, lesson and who it was, before anything is lowered."""
    events = lake.rows(place, units, "hit_events", _OF_EVENT, wanted)
    events = events.with_columns(day=episodes.duty_day(pl.col("ts"), drafting.timezone))
    events = _typed_once(place, units, events)
    found = lake.rows(place, units, "hits", _OF_HIT).join(events, on="event_id")
    hits = with_subjects(found, who, _proven(connection, found, drafting))
    moments = with_classes(hits.select("subject", "subject_kind", "class", "day", "ts"), who.people)
    lessons = lesson_at(moments, who.timetable, drafting.timezone, who.week_a)
    taught = hits.with_columns(lesson=lessons["lesson"], lesson_class=lessons["lesson_class"])
    return episodes.with_texts(with_levels(taught, bounds))


def _typed_once(place: Lake, units: list[str], events: pl.DataFrame) -> pl.DataFrame:
    """The events without those that only begin another search; what was typed and never sent is `typed`."""
    half = events.filter(_is_half_typed())
    if half.is_empty():
        return events
    minute, typist = pl.col("ts").dt.epoch("s") // 60, pl.coalesce("user", "client_ip")
    reach = int(_NEAR_A_LETTER.total_seconds()) // 60
    minutes = half.select(minute=pl.int_ranges(minute - reach, minute + reach + 1)).explode("minute")["minute"].unique()
    typists = half.select(typist=typist)["typist"].drop_nulls().unique()
    near = minute.is_in(minutes.implode()) & typist.is_in(typists.implode()) & pl.col("url").is_not_null()
    full = complete(lake.rows(place, units, "events", _TYPED, near))
    searches = full.filter(pl.col("search_text").is_not_null()).select(
        "event_id", "ts", typist=pl.concat_str("site", typist, separator="|"), text="search_text",
        half_typed=_is_half_typed(),
    )  # fmt: skip
    roles = standing(searches.drop_nulls())
    whole = events.join(roles.filter(pl.col("role") == "part"), on="event_id", how="anti", maintain_order="left")
    typed = roles.filter(pl.col("role") == "typed")["event_id"].implode()
    kind = pl.when(pl.col("event_id").is_in(typed)).then(pl.lit("typed")).otherwise("kind")
    return whole.with_columns(kind=kind)


def _is_half_typed() -> pl.Expr:
    """A search that is the work of software is a suggestion asked for at a keystroke: `events.complete`."""
    return (pl.col("kind") == "background") & pl.col("search_text").is_not_null()


def _proven(connection: duckdb.DuckDBPyConnection, hits: pl.DataFrame, drafting: Drafting) -> pl.DataFrame:
    """Where a name was checked, as `who.PROOF`; only looked up if any of the hits needs it, which few logs have."""
    formats = doubtful_formats(hits.filter(unproven(hits))["format"].unique().to_list())
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
