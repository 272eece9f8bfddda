"""What a draft rests on: its hits, the events around it, and the original lines.

In: the nested `hits` and `around` of a row of `schema.DRAFTS`. Out: frozen views in the school's time. Hits that say
the same are shown once with their times. It refuses to leave anything out without saying how much.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pipeline.output.visible import spelt_out
from pipeline.schema import LEVELS
from pipeline.words.weighted import PREFIX
from reports.dates import clock, local, short_date
from reports.digest.words import FIELDS, KINDS_SHORT, VERDICTS, VERDICTS_SHORT, WHAT, known
from reports.page import Piece, counted, excerpt

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from pipeline.watchlist import Category, RuleNotes

_HITS: Final = 25
_TIMES: Final = 6
_NEAR: Final = 12
_LINES: Final = 25


@dataclass(frozen=True)
class HitView:
    """Hits that show the same text at the same site with the same outcome. `pieces` is empty where withheld."""

    times: str
    field: str
    pieces: tuple[Piece, ...]
    host: str
    verdict: str
    blocked: bool
    kind: str
    categories: str
    #: What it says in English, where it is in another language; empty where withheld.
    translation: str


@dataclass(frozen=True)
class NearView:
    """One event of the ten minutes before or after."""

    time: str
    kind: str
    verdict: str
    what: str
    #: Shown above already, as what was found.
    is_hit: bool


@dataclass(frozen=True)
class LineView:
    """One original line: where it stands, and its bytes as text unless they are withheld."""

    source: str
    line: str
    file: str
    raw: str


def hit_views(
    hits: Sequence[dict[str, Any]],
    zone: ZoneInfo,
    categories: Mapping[str, Category],
    notes: RuleNotes,
    *,
    withheld: bool,
) -> tuple[tuple[HitView, ...], str]:
    """The most serious groups of hits, in the order of time, and how many are left out."""
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for hit in sorted(hits, key=lambda each: (each["ts"], each["hit_id"])):
        keys = ("field", "kind", "verdict") if withheld else ("field", "text", "host", "kind", "verdict")
        groups.setdefault(tuple(hit[key] for key in keys), []).append(hit)
    order = sorted(groups.values(), key=lambda group: min(LEVELS.index(hit["level"]) for hit in group))
    kept = sorted(order[:_HITS], key=lambda group: group[0]["ts"])
    views = tuple(_hit_view(group, zone, categories, notes, withheld=withheld) for group in kept)
    return views, _left_out(sum(len(group) for group in order[_HITS:]), "hit", "hits")


def _hit_view(
    group: list[dict[str, Any]], zone: ZoneInfo, categories: Mapping[str, Category], notes: RuleNotes,
    *, withheld: bool,
) -> HitView:  # fmt: skip
    first = group[0]
    spans = [(hit["start"], hit["end"]) for hit in group if hit["start"] is not None and hit["end"] is not None]
    ids = dict.fromkeys(hit["category"] for hit in group)
    said = dict.fromkeys(notes.translations[rule] for each in group if (rule := each["rule_id"]) in notes.translations)
    return HitView(
        times=_times([hit["ts"] for hit in group], zone),
        field=known(FIELDS, first["field"]),
        pieces=() if withheld else excerpt(first["text"] or "", spans),
        host="" if withheld else first["host"] or "",
        verdict=known(VERDICTS, first["verdict"]),
        blocked=first["verdict"] == "blocked",
        kind=WHAT[first["kind"]].name if first["kind"] in WHAT else known({}, first["kind"]),
        categories=", ".join(_category(group, categories, each, notes) for each in ids),
        translation="" if withheld else "; ".join(said),
    )


def _category(group: Sequence[dict[str, Any]], categories: Mapping[str, Category], name: str, notes: RuleNotes) -> str:
    """The title of a category, and where nothing has led there that tells by itself, what has."""
    title = categories[name].title if name in categories else name
    rules = {hit["rule_id"] for hit in group if hit["category"] == name}
    if rules <= notes.imminent:
        return f"{title} (says when, where or with what)"
    return f"{title} (by its words taken together)" if all(each.startswith(PREFIX) for each in rules) else title


def _times(moments: list[datetime], zone: ZoneInfo) -> str:
    """`10:02:11, 10:03:20 and 4 more times until 10:40:00`; one event found by two rules is one time."""
    clocks = list(dict.fromkeys(clock(each, zone) for each in moments))
    more = len(clocks) - _TIMES
    if more <= 0:
        return ", ".join(clocks)
    until = f"until {clocks[-1]}"
    return f"{', '.join(clocks[:_TIMES])} and {counted(more, 'more time', 'more times')} {until}"


def near_views(
    near: Sequence[dict[str, Any]], hits: Sequence[dict[str, Any]], first: datetime, zone: ZoneInfo
) -> tuple[tuple[NearView, ...], tuple[NearView, ...], str]:
    """What came before the first hit and what came after it, the nearest of each, and how many are left out."""
    ordered = sorted(near, key=lambda each: each["ts"])
    found = {(hit["ts"], hit["kind"]) for hit in hits}
    before = [each for each in ordered if each["ts"] < first][-_NEAR:]
    after = [each for each in ordered if each["ts"] >= first][:_NEAR]
    views = [tuple(_near_view(each, found, zone) for each in side) for side in (before, after)]
    dropped = len(ordered) - len(before) - len(after)
    return views[0], views[1], _left_out(dropped, "event further away", "events further away")


def _near_view(event: dict[str, Any], found: set[tuple[datetime, str]], zone: ZoneInfo) -> NearView:
    return NearView(
        time=clock(event["ts"], zone),
        kind=known(KINDS_SHORT, event["kind"]),
        verdict=known(VERDICTS_SHORT, event["verdict"]),
        what=event["what"] or "",
        is_hit=(event["ts"], event["kind"]) in found,
    )


def line_views(hits: Sequence[dict[str, Any]], *, withheld: bool) -> tuple[tuple[LineView, ...], str]:
    """Each original line once, in the order of time, and how many are left out."""
    lines = {
        (hit["source_sha256"], hit["line"]): hit
        for hit in sorted(hits, key=lambda each: (each["ts"], each["source_sha256"], each["line"]), reverse=True)
    }
    ordered = list(reversed(lines.values()))
    views = tuple(_line_view(hit, withheld=withheld) for hit in ordered[:_LINES])
    return views, _left_out(len(ordered) - _LINES, "line", "lines")


def _line_view(hit: dict[str, Any], *, withheld: bool) -> LineView:
    raw: bytes = b"" if withheld else hit["raw"] or b""
    return LineView(
        source=hit["source"] or "not known",
        line="not known" if hit["line"] is None else f"{hit['line']:,}",
        file=(hit["source_sha256"] or "not known")[:12],
        raw=spelt_out(raw),
    )


def day_and_time(moment: datetime, zone: ZoneInfo) -> str:
    """`14 October 2025, 10:02`, for a table of contents."""
    there = local(moment, zone)
    return f"{short_date(there)}, {there:%H:%M}"


def _left_out(number: int, one: str, many: str) -> str:
    return f"and {counted(number, one, many)}" if number > 0 else ""
