"""Hits become episodes, episodes become draft incidents.

In: the hits of some days with their events, levels, subjects and lessons, and what happened around them. Out: rows of
`schema.DRAFTS`. Refuses nothing. Pure: the same hits give the same drafts with the same ids, in whatever order they
were read. An episode is a run of hits of one subject without a gap longer than the school's setting, within one day
that runs from 04:00 to 04:00 local time.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from pipeline.lists.withheld import without_lines
from pipeline.schema import DRAFT_AROUND, DRAFT_HIT, DRAFTS, KINDS, LEVELS, STAFF_ROLES, SUBJECT, conform
from pipeline.text import unescape
from pipeline.urgency.became import set_aside_in_words
from pipeline.urgency.levels import REPEATS, SEE_TO_THE_CHILD, SIGNS, Seen, at_least, drafted_level
from pipeline.urgency.lowering import Lowering
from pipeline.watchlist import Category, RuleNotes

#: Nobody is at school at four in the morning: no episode is cut in two by the end of a day.
DAY_BEGINS = timedelta(hours=4)
#: "What came in the ten minutes before and after."
AROUND = timedelta(minutes=10)
MOST_AROUND = 60
#: So many hits stand in a draft; it says how many there were.
MOST_HITS = 200
_CLASS_WINDOW = timedelta(minutes=30)
#: What the filter says of a request that it has judged.
_REQUESTED = ("allowed", "blocked", "warned")
#: The route on which nothing is shown.
ILLEGAL = "illegal"
#: What a draft says of its hits, beside those that it shows.
_OF_HEADS = (
    *SUBJECT, "day", "site", "user", "client_ip", "hit_id", "event_id", "ts", "category", "lesson", "verdict",
    "set_aside", "episode", "source_sha256", "line", "raw",
)  # fmt: skip
_PUPIL_ROUTES = ("pupil-victim", "pupil-inappropriate", "network-misuse", "accidental")


@dataclass(frozen=True)
class Drafting:
    """What the school has set, and the categories."""

    categories: Mapping[str, Category]
    timezone: ZoneInfo
    draft_from: str
    gap: timedelta
    opens: int
    closes: int
    lowering: Lowering = field(default_factory=Lowering)
    notes: RuleNotes = field(default_factory=RuleNotes)

    @property
    def only_again(self) -> frozenset[str]:
        """The categories of which one search or blocked attempt is only counted, unless a school holds them graver."""
        lesser = LEVELS[LEVELS.index("medium") :]
        return frozenset(
            name for name, each in self.categories.items() if not each.drafted_once and each.severity in lesser
        )


def duty_day(ts: pl.Expr, timezone: ZoneInfo) -> pl.Expr:
    """The day that a time belongs to, from 04:00 to 04:00 local time."""
    return (ts.dt.convert_time_zone(str(timezone)).dt.replace_time_zone(None) - DAY_BEGINS).dt.date()


def with_texts(hits: pl.DataFrame) -> pl.DataFrame:
    """Add `text`: the whole text of the field that was hit, decoded as it was matched."""
    text = pl.when(pl.col("field") == "path").then("path").when(pl.col("field") == "query").then("query")
    for name in ("search_text", "typed_text", "title", "host", "vendor_category"):
        text = text.when(pl.col("field") == name).then(name)
    table = hits.with_columns(text=text)
    for name, plus in (("path", False), ("query", True)):
        written = table.select(pl.when(pl.col("field") == name).then("text"))["text"]
        table = table.with_columns(text=pl.coalesce(unescape(written, plus_is_blank=plus), "text"))
    return table


def episodes(hits: pl.DataFrame, drafting: Drafting) -> pl.DataFrame:
    """The hits that belong to an episode worth looking at, with `day` and `episode` added, in order of time.

    `hits` has what is known of each hit and of its event, and level, text, lesson and those of `schema.SUBJECT`. Those
    of a category that is in no list any more make no episode.
    """
    who = ("site", "subject", "day")
    # The school may have taken a category out after its hits were found: nobody knows any more how grave it was.
    known = hits.filter(pl.col("category").is_in(list(drafting.categories)))
    ordered = known.with_columns(day=duty_day(pl.col("ts"), drafting.timezone)).sort(*who, "ts", "hit_id")
    new = (pl.col("ts").diff() > drafting.gap).fill_null(value=True) | pl.any_horizontal(
        (pl.col(name) != pl.col(name).shift()).fill_null(value=True) for name in who
    )
    numbered = ordered.with_columns(episode=new.cum_sum().cast(pl.Int64))
    return numbered.join(_may_become_drafts(numbered, drafting), on="episode", how="semi", maintain_order="left")


def _may_become_drafts(numbered: pl.DataFrame, drafting: Drafting) -> pl.DataFrame:
    """The episodes that reach the level of drafts, or could if their level is raised; the others are only counted."""
    wanted = LEVELS.index(drafting.draft_from)
    severities = {name: LEVELS.index(each.severity) for name, each in drafting.categories.items()}
    names, values = list(severities), list(severities.values())
    rank = pl.col("level").replace_strict(LEVELS, list(range(len(LEVELS))), return_dtype=pl.Int64)
    severity = pl.col("category").replace_strict(names, values, return_dtype=pl.Int64)
    signs = pl.col("text").filter(pl.col("rule_id").is_in(list(drafting.notes.imminent))).n_unique()
    pressing = (
        numbered.group_by("episode")
        .agg(signs=signs, rank=rank.min())
        .filter((pl.col("signs") >= SIGNS) | ((pl.col("signs") > 0) & (pl.col("rank") <= wanted + 1)))
    )
    best = (
        numbered.select("episode", "category", "text", "verdict", rank=rank, severity=severity)
        .group_by("episode", "category")
        .agg(
            rank=pl.col("rank").min(),
            severity=pl.col("severity").first(),
            texts=pl.col("text").n_unique(),
            blocked=(pl.col("verdict") == "blocked").any(),
        )
    )
    goes_on = pl.col("blocked") & (pl.col("texts") > 1)
    can_rise = (pl.col("severity") <= wanted) & (goes_on | (pl.col("texts") >= REPEATS))
    alone = best.filter((pl.col("rank") <= wanted) | ((pl.col("rank") == wanted + 1) & can_rise))
    return pl.concat([alone.select("episode"), pressing.select("episode")]).unique()


def heads(numbered: pl.DataFrame, drafting: Drafting) -> pl.DataFrame:
    """One row for each episode that becomes a draft: everything but what happened around it and most of the facts.

    `numbered` has the original lines of its hits as `raw`; the number of its episode stays with each draft.
    """
    # Episode by episode, because the reasons are put into words; what could never be a draft has been left behind.
    severities = {name: each.severity for name, each in drafting.categories.items()}
    seen = seen_in(numbered, drafting)
    told = numbered.select(_OF_HEADS)
    rows = []
    at = 0
    for length in numbered["episode"].rle().struct.field("len").to_list():
        briefly = seen[at : at + length]
        level, category, reasons = drafted_level(briefly, severities, drafting.only_again)
        if level in at_least(drafting.draft_from):
            hits = told.slice(at, length).to_dict(as_series=False)
            head = _head(hits, briefly, category, drafting)
            first = [SEE_TO_THE_CHILD] if head["route"] == ILLEGAL and _at_risk(briefly, drafting) else []
            rows.append({**head, "level": level, "category": category, "reasons": [*first, *reasons]})
        at += length
    texts = [(name, pl.String()) for name in ("user", "client_ip")]
    numbers = [(name, pl.Int64()) for name in ("blocked", "requests", "found_hits", "episode")]
    whole = pl.Schema([*DRAFTS.items(), *texts, *numbers])
    found = pl.DataFrame(rows, schema=pl.Schema({name: dtype for name, dtype in whole.items() if name != "hits"}))
    shown = _shown(numbered.join(found, on="episode", how="semi", maintain_order="left"))
    return found.join(shown, on="episode", how="left", maintain_order="left").select(list(whole))


def seen_in(hits: pl.DataFrame, drafting: Drafting) -> list[Seen]:
    """What decides about an episode, of every hit in it."""
    columns = hits.select(
        "category", "level", pl.col("text").fill_null(""), "field", "verdict", "kind", "view",
        pl.col("lowered_for").fill_null(""),
        translation=pl.col("rule_id").replace_strict(drafting.notes.translations, default="", return_dtype=pl.String),
        imminent=pl.col("rule_id").is_in(list(drafting.notes.imminent)),
    )  # fmt: skip
    return [Seen._make(brief) for brief in columns.iter_rows()]


def _head(hits: dict[str, list[Any]], seen: list[Seen], category: str, drafting: Drafting) -> dict[str, Any]:
    """All of a draft that its hits say, but for its level and the reasons; `category` leads."""
    first = {name: each[0] for name, each in hits.items()}
    lessons = (lesson for of, lesson in zip(hits["category"], hits["lesson"], strict=True) if lesson and of == category)
    return {
        **{name: first[name] for name in (*SUBJECT, "day", "site", "user", "client_ip")},
        **_requests(hits),
        "draft_id": _short_hash(f"{first['site']}|{first['subject']}|{first['hit_id']}"),
        "lesson": next(lessons, None),
        "what": min((each.kind for each in seen if each.category == category), key=KINDS.index),
        "first_ts": first["ts"],
        "last_ts": hits["ts"][-1],
        "categories": sorted({each.category for each in seen}),
        "facts": set_aside_in_words(hits["set_aside"], drafting.lowering),
        "route": route_of(_leading_route(category, seen, drafting), first["role"]),
        "around": [],
        "evidence_sha256": _evidence_sha256(hits),
        "found_hits": len(seen),
        "episode": first["episode"],
    }


def _leading_route(category: str, seen: list[Seen], drafting: Drafting) -> str:
    """The route of the category that leads; that of what may be illegal as soon as any hit is of such a category."""
    routes = {drafting.categories[each.category].route for each in seen}
    return ILLEGAL if ILLEGAL in routes else drafting.categories[category].route


def _at_risk(seen: list[Seen], drafting: Drafting) -> bool:
    """Whether hits at least `high` are about a child at risk: what may be illegal beside them must not hide that."""
    grave = [drafting.categories[each.category] for each in seen if each.level in at_least("high")]
    return any(each.never_lowered and each.route != ILLEGAL and not each.help_seeking for each in grave)


def _shown(hits: pl.DataFrame) -> pl.DataFrame:
    """episode, hits: those that a draft shows, in order of time: all of them, or of very many the most urgent."""
    rank = pl.col("level").replace_strict(LEVELS, list(range(len(LEVELS))), return_dtype=pl.Int64)
    lines = without_lines(hits).with_columns(many=pl.len().over("episode") > MOST_HITS)
    urgent = lines.filter("many").sort(rank, "ts", "hit_id").group_by("episode", maintain_order=True).head(MOST_HITS)
    some = urgent.select(lines.columns).sort("ts", "hit_id")
    return (
        pl.concat([lines.filter(~pl.col("many")), some])
        .group_by("episode", maintain_order=True)
        .agg(hits=pl.struct(list(DRAFT_HIT.to_schema())))
    )


def _requests(hits: dict[str, list[Any]]) -> dict[str, int]:
    """How many requests were hit, and how many of these the filter blocked; each event once."""
    verdicts = Counter(dict(zip(hits["event_id"], hits["verdict"], strict=True)).values())
    return {"blocked": verdicts["blocked"], "requests": sum(verdicts[each] for each in _REQUESTED)}


def route_of(route: str, role: str | None) -> str:
    """The route of a category, or the staff route where the subject is no pupil; the illegal route stays."""
    is_staff = (role or "").lower() in STAFF_ROLES
    return "staff-instigator" if is_staff and route in _PUPIL_ROUTES else route


def _short_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _evidence_sha256(hits: dict[str, list[Any]]) -> str:
    """Of the original lines of all hits, each once, in order of file and line, with a line end after each."""
    places = zip(hits["source_sha256"], hits["line"], strict=True)
    lines = dict(zip(places, hits["raw"], strict=True))
    digest = hashlib.sha256()
    for _, raw in sorted(lines.items()):
        digest.update((raw or b"") + b"\n")
    return digest.hexdigest()


def windows(drafts: pl.DataFrame) -> pl.DataFrame:
    """For each draft, of whom and between which times to look for what happened around it.

    A row an hour that this touches, as `step` (hours since 1970): an equality joins many times as fast as a range.
    """
    first, last = (pl.col(name).dt.epoch("s") // 3600 for name in ("from_ts", "to_ts"))
    return (
        drafts.select(
            "draft_id", "site", "client_ip", "first_ts", "last_ts",
            user=pl.col("user").replace("", None),
            from_ts=pl.col("first_ts") - AROUND, to_ts=pl.col("last_ts") + AROUND,
            only_here=pl.col("who") == "contradicted",
        )
        .with_columns(client=pl.coalesce("user", "client_ip"), step=pl.int_ranges(first, last + 1))
        .explode("step", empty_as_null=False)
        .cast({"step": pl.Int64})
    )  # fmt: skip


def with_around(drafts: pl.DataFrame, around: pl.DataFrame) -> pl.DataFrame:
    """Put the events around each draft into it. `around` has draft_id, ts, kind, verdict, what and found."""
    packed = around.group_by("draft_id", maintain_order=True).agg(
        around=pl.struct(list(DRAFT_AROUND.to_schema())), found=pl.col("found").first()
    )
    return drafts.drop("around").join(packed, on="draft_id", how="left", maintain_order="left")


def class_pattern(drafts: pl.DataFrame, hits: pl.DataFrame) -> pl.DataFrame:
    """For each draft with a class: how many other subjects of it had a hit of the same kind within half an hour.

    Hits are gathered by half hours first: a busy class has many hits and few half hours.
    """
    seconds = int(_CLASS_WINDOW.total_seconds())
    keys = ["site", "class", "category", "step"]
    others = (
        hits.filter(pl.col("level") != "record")
        .drop_nulls("class")
        .with_columns(step=pl.col("ts").dt.epoch("s") // seconds)
        .group_by(*keys, other="subject")
        .agg(earliest=pl.col("ts").min(), latest=pl.col("ts").max())
    )
    windows = (
        drafts.drop_nulls("class")
        .select(
            "draft_id", "subject", *keys[:-1],
            begins=pl.col("first_ts") - _CLASS_WINDOW, ends=pl.col("last_ts") + _CLASS_WINDOW,
        )
        .with_columns(
            step=pl.int_ranges(pl.col("begins").dt.epoch("s") // seconds, pl.col("ends").dt.epoch("s") // seconds + 1)
        )
        .explode("step", empty_as_null=False)
        .cast({"step": pl.Int64})
    )  # fmt: skip
    near = windows.join(others, on=keys, how="inner")
    # A window is longer than a half hour, so it never begins and ends within the same one.
    within = (pl.col("latest") >= pl.col("begins")) & (pl.col("earliest") <= pl.col("ends"))
    return (
        near.filter((pl.col("other") != pl.col("subject")) & within)
        .group_by("draft_id")
        .agg(others=pl.col("other").n_unique())
    )


def with_facts(
    drafts: pl.DataFrame, hits: pl.DataFrame, class_sizes: Mapping[str, int], drafting: Drafting
) -> pl.DataFrame:
    """Finish the drafts: facts in words, most urgent first. `hits` are all hits of these days, records included."""
    helping = [each.id for each in drafting.categories.values() if each.help_seeking]
    help_seen = (
        hits.filter(pl.col("category").is_in(helping))
        .with_columns(day=duty_day(pl.col("ts"), drafting.timezone))
        .group_by("site", "subject", "day")
        .agg(help=pl.col("event_id").n_unique())
    )
    table = drafts.join(class_pattern(drafts, hits), on="draft_id", how="left", maintain_order="left")
    table = table.join(help_seen, on=["site", "subject", "day"], how="left", maintain_order="left")
    facts = [_facts(row, class_sizes, drafting) for row in table.drop("hits", "around").to_dicts()]
    done = table.with_columns(facts=pl.Series(facts, dtype=pl.List(pl.String)))
    urgency = pl.col("level").replace_strict(LEVELS, list(range(len(LEVELS))), return_dtype=pl.Int64)
    return conform(done.sort(urgency, "first_ts", "draft_id").select(list(DRAFTS)), DRAFTS)


def _facts(draft: dict[str, Any], class_sizes: Mapping[str, int], drafting: Drafting) -> list[str]:
    facts = []
    if draft["requests"]:
        facts.append(_verdict_fact(draft["blocked"], draft["requests"]))
    if draft["help"]:
        times = "once" if draft["help"] == 1 else f"{draft['help']} times"
        facts.append(f"On the same day the same user looked for help {times} (a helpline or advice site).")
    if draft["others"]:
        size = class_sizes.get(draft["class"])
        others = "1 other" if draft["others"] == 1 else f"{draft['others']} others"
        of = f" of {size}" if size else ""
        facts.append(f"{others}{of} in {draft['class']} had a hit of the same kind within half an hour.")
    first = draft["first_ts"].astimezone(drafting.timezone)
    if first.weekday() > 4 or not drafting.opens <= first.hour < drafting.closes:
        facts.append("Outside school hours.")
    if draft["found_hits"] > MOST_HITS:
        facts.append(f"The {MOST_HITS} most urgent of {draft['found_hits']} hits are shown.")
    if draft["found"] and draft["found"] > MOST_AROUND:
        facts.append(f"The {MOST_AROUND} nearest of {draft['found']} events around it are shown.")
    return [*facts, *draft["facts"]]


def _verdict_fact(blocked: int, requests: int) -> str:
    if requests == 1:
        return "The filter blocked the request." if blocked else "The filter let the request through."
    if not blocked:
        return f"The filter let all {requests} requests through."
    return f"The filter blocked {blocked} of {requests} requests."


def local_bounds(day: date, timezone: ZoneInfo) -> tuple[datetime, datetime]:
    """The UTC times between which a duty day lies; the second is not part of it."""
    start = datetime.combine(day, datetime.min.time(), timezone)
    end = datetime.combine(day + timedelta(days=1), datetime.min.time(), timezone)
    # Wall-clock arithmetic within one zone, so that a day with a clock change is 23 or 25 hours long.
    utc = ZoneInfo("UTC")
    return (start + DAY_BEGINS).astimezone(utc), (end + DAY_BEGINS).astimezone(utc)
