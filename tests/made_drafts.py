"""Made-up draft incidents for the tests of the pages: invented people, documentation addresses, `.test` names."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from casebook.response.routes import load_routes
from pipeline.schema import DRAFTS
from pipeline.watchlist import Category
from reports.digest import DigestContext

LONDON = ZoneInfo("Europe/London")
DAY = date(2026, 10, 13)
START = datetime(2026, 10, 13, 9, 2, 11, tzinfo=UTC)

CATEGORIES: dict[str, Category] = {
    each.id: each
    for each in (
        Category(
            id="self-harm",
            title="Self-harm and suicide",
            meaning="Signs that somebody may hurt or kill themselves, or is looking for how it is done.",
            severity="urgent",
            four_cs="content",
            uksic="Self harm",
            user_action="Promotion of mental harm",
            route="pupil-victim",
            prevent=False,
            version="2026-09-01",
            source="made up for the tests",
        ),
        Category(
            id="illegal-content",
            title="Illegal content",
            meaning="The filter matched an address on a list of illegal content, or the words point to it.",
            severity="urgent",
            four_cs="content",
            uksic="Child sexual abuse",
            user_action="Child sexual abuse images",
            route="illegal",
            prevent=False,
            version="2026-09-01",
            source="made up for the tests",
        ),
        Category(
            id="extremism",
            title="Terrorism and extremism",
            meaning="Promotion of terrorism or of violent extremism, or signs of being drawn into it.",
            severity="high",
            four_cs="contact",
            uksic="Terrorism",
            user_action="Material that stirs up hatred",
            route="pupil-victim",
            prevent=True,
            version="2026-09-01",
            source="made up for the tests",
        ),
        Category(
            id="bypass",
            title="Getting round the filter",
            meaning="Proxies, VPNs and unblocked sites that get round the school's filter.",
            severity="medium",
            four_cs="conduct",
            uksic="",
            user_action="Bypassing the filter",
            route="network-misuse",
            prevent=False,
            version="2026-09-01",
            source="made up for the tests",
        ),
        Category(
            id="bullying",
            title="Bullying and harassment",
            meaning="Words that hurt, threaten or shame another person.",
            severity="high",
            four_cs="conduct",
            uksic="Bullying",
            user_action="Threatening behaviour",
            route="pupil-inappropriate",
            prevent=False,
            version="2026-09-01",
            source="made up for the tests",
        ),
    )
}


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Place:
    """Where and when a hit was found."""

    line: int = 48_112
    after: float = 0
    source: str = "proxy-main"


def hit(text: str, match: str, place: Place | None = None, **changes: Any) -> dict[str, Any]:
    """A hit on `match` in `text`, `place.after` seconds after `START`; `changes` replace any column."""
    where = place or Place()
    start = text.index(match) if match else 0
    ts = START + timedelta(seconds=where.after)
    made: dict[str, Any] = {
        "hit_id": sha(f"{text}{where}{match}")[:16],
        "event_id": sha(f"{where}")[:16],
        "ts": ts,
        "ts_quality": "exact",
        "category": "self-harm",
        "rule_id": "self-harm-methods",
        "level": "urgent",
        "field": "search_text",
        "text": text,
        "start": start,
        "end": start + len(match),
        "host": "search.example.test",
        "verdict": "allowed",
        "kind": "typed",
        "source": where.source,
        "source_sha256": sha(where.source),
        "line": where.line,
        "raw": f'10.20.8.41 - aexample [{ts:%d/%b/%Y:%H:%M:%S} +0000] "GET https://search.example.test/?q={text}"'.encode(),
    }
    return made | changes


def near(seconds: float, what: str, kind: str = "page", verdict: str = "allowed") -> dict[str, Any]:
    return {"ts": START + timedelta(seconds=seconds), "kind": kind, "verdict": verdict, "what": what}


def draft(name: str, hits: list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    """One row of `schema.DRAFTS`, of a pupil of 8B unless `changes` say otherwise."""
    made: dict[str, Any] = {
        "draft_id": sha(name + str([each["hit_id"] for each in hits]))[:20],
        "day": DAY,
        "site": "main",
        "subject": f"person:{name.casefold().replace(' ', '')}",
        "subject_kind": "person",
        "subject_name": name,
        "who": "authenticated",
        "role": "pupil",
        "year_group": "Year 8",
        "class": "8B",
        "lesson": "",
        "what": "typed",
        "first_ts": min(each["ts"] for each in hits),
        "last_ts": max(each["ts"] for each in hits),
        "level": "high",
        "category": hits[0]["category"],
        "categories": sorted({each["category"] for each in hits}),
        "reasons": [],
        "facts": [],
        "route": CATEGORIES[hits[0]["category"]].route if hits[0]["category"] in CATEGORIES else "",
        "hits": hits,
        "around": [],
        "evidence_sha256": sha(name),
    }
    return made | changes


def drafts(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=DRAFTS)


def _worried() -> dict[str, Any]:
    hits = [
        hit("how many tablets would it take to not wake up", "not wake up", Place(48_112)),
        hit("how many tablets would it take to not wake up", "tablets", Place(48_112), rule_id="self-harm-overdose"),
        hit("nobody would notice if i was gone", "nobody would notice", Place(48_190, 312), level="high"),
        hit("self harm scars hide pe kit", "self harm", Place(48_020, -75), level="medium"),
    ]
    around = [
        near(-560, "bbc.example.test"),
        near(-400, "search: photosynthesis ks3", "typed"),
        near(-75, "search: self harm scars hide pe kit", "typed"),
        near(-20, "forum.example.test/t/2291", "page", "blocked"),
        near(41, "forum.example.test", "host-only", "blocked"),
        near(300, "help.example.test"),
        near(330, "search: photosynthesis light reaction", "typed"),
    ]
    return draft(
        "Amira Example",
        hits,
        level="urgent",
        lesson="Science, period 2, Ms Sample",
        reasons=["typed a search", "first person", "third time today", "after a block"],
        facts=[
            "Help was looked for: help.example.test was opened at 10:07.",
            "Nobody else in 8B did the same in that lesson.",
            "Two blocked requests came before the second search.",
        ],
        around=around,
    )


def _illegal() -> dict[str, Any]:
    address = "https://withheld-address.example.test/folder/picture"
    hits = [
        hit(
            address,
            "withheld-address",
            Place(90_331, 5_400),
            category="illegal-content",
            rule_id="statutory-list",
            field="url",
            host="withheld-address.example.test",
            verdict="blocked",
            kind="page",
            raw=f"blocked {address}".encode(),
        )
    ]
    return draft(
        "Device LIB-PC-07",
        hits,
        subject="device:lib-pc-07",
        subject_kind="device",
        who="address-only",
        role=None,
        year_group=None,
        **{"class": None},
        what="page",
        level="urgent",
        reasons=["the filter's own list of illegal content"],
        facts=["Only one request.", "It came from withheld-address.example.test itself."],
        around=[near(5_390, "neighbour.example.test")],
    )


def _class_login() -> dict[str, Any]:
    hits = [
        hit(
            "unblocked games proxy 76",
            "unblocked games",
            Place(51_002 + place, 1_800 + place * 20),
            category="bypass",
            rule_id="bypass-games",
            level="medium",
            verdict="blocked",
        )
        for place in range(9)
    ]
    return draft(
        "Class login Rowan",
        hits,
        subject="class:Rowan",
        role="class",
        subject_kind="class",
        who="shared",
        year_group="Year 3",
        **{"class": "Rowan"},
        level="medium",
        lesson="Computing",
        reasons=["typed a search", "nine times in three minutes"],
        facts=["Nine of the class's machines were in use."],
    )


def _member_of_staff() -> dict[str, Any]:
    place = Place(77, 20_000, "firewall")
    hits = [
        hit(
            "chat.example.test",
            "chat.example.test",
            place,
            category="bullying",
            rule_id="bullying-host",
            level="high",
            field="host",
            kind="host-only",
            host="chat.example.test",
            ts_quality="assumed-zone",
        )
    ]
    return draft(
        "Robin Sample",
        hits,
        role="staff",
        year_group=None,
        **{"class": None},
        who="mapped",
        what="host-only",
        route="staff-instigator",
        reasons=["outside policy", "repeated"],
    )


def a_night() -> pl.DataFrame:
    """Six drafts of all levels, in no particular order."""
    long_address = "/watch?" + "v=abcdefghij&" * 769 + "end"
    wide = hit(
        long_address,
        "v=abcdefghij",
        Place(60_001, 9_000),
        category="extremism",
        rule_id="extremism-channel",
        level="low",
        field="query",
        kind="page",
        host="video.example.test",
    )
    mean = hit("everyone hates you jordan loser", "loser", Place(12, 11_000), category="bullying", level="high")
    return drafts(
        draft(
            "Sam Sample",
            [wide],
            level="low",
            what="page",
            reasons=["one page"],
            year_group="Year 10",
            **{"class": "10C"},
        ),
        _class_login(),
        draft("Jo Illustration", [mean], reasons=["typed a message", "a name in it"], **{"class": "8A"}),
        _illegal(),
        _member_of_staff(),
        _worried(),
    )


def context(**changes: Any) -> DigestContext:
    """The context of the made-up night; `changes` replace any of it."""
    made: dict[str, Any] = {
        "school": "Example Park School",
        "timezone": LONDON,
        "run_date": date(2026, 10, 14),
        "made_at": datetime(2026, 10, 14, 4, 12, tzinfo=UTC),
        "categories": CATEGORIES,
        "routes": load_routes(),
        "summary": (
            ("Sources read", "3 of 3"),
            ("Lines", "1,204,881"),
            ("Events", "1,204,102"),
            ("Lines that could not be read", "14"),
            ("Time covered", "13 October 2026, 06:58 to 17:41"),
            ("Users not on the school's list", "2"),
        ),
        "issues": (
            "firewall: no log between 11:00 and 12:00 on 13 October.",
            "proxy-main: 14 lines could not be read.",
        ),
    }
    return DigestContext(**(made | changes))
