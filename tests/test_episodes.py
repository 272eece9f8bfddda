"""Hits become episodes and drafts: cut at gaps and at four in the morning, the same in any order, their facts true."""

from __future__ import annotations

import hashlib
import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import episodes as stage
from pipeline.episodes import (
    Drafting,
    class_pattern,
    duty_day,
    episodes,
    heads,
    local_bounds,
    route_of,
    with_around,
    with_facts,
    with_texts,
)
from pipeline.schema import DRAFT_AROUND, DRAFTS, KINDS, LEVELS, SUBJECT, TIMESTAMP
from pipeline.urgency.levels import SEE_TO_THE_CHILD, at_least
from pipeline.watchlist import Category, RuleNotes
from tests.effort import tries

LONDON = ZoneInfo("Europe/London")
TEN = datetime(2026, 11, 10, 10, tzinfo=UTC)


def category(name: str, severity: Any, route: Any = "pupil-inappropriate", *, helps: bool = False) -> Category:
    return Category(
        name, name, "Made for tests.", severity, "conduct", "", "", route, prevent=False, version="2026-01-01",
        source="Made for tests", help_seeking=helps,
    )  # fmt: skip


CATEGORIES = {
    each.id: each
    for each in (
        category("grave", "urgent", "pupil-victim"), category("middling", "medium"), category("slight", "low"),
        category("illegal", "urgent", "illegal"), category("help", "record", helps=True),
    )
}  # fmt: skip
DRAFTING = Drafting(CATEGORIES, LONDON, "medium", timedelta(minutes=30), 8, 16)
HIT: dict[str, Any] = {
    "hit_id": "h", "event_id": "e", "rule_id": "r", "category": "grave", "field": "search_text", "start": 0, "end": 4,
    "view": "words", "weight": 90.0, "site": "main", "source": "filter", "source_sha256": "sha", "line": 1, "ts": TEN,
    "ts_quality": "exact", "user": "u", "client_ip": "10.0.0.7", "device": None, "host": "www.example.org",
    "path": None, "query": None, "search_text": "a text", "typed_text": None, "title": None, "vendor_category": None,
    "verdict": "allowed", "kind": "typed", "raw": b"line", "level": "medium", "text": "a text", "lesson": None,
    "lowered_for": None, "set_aside": None,
    "subject": "person:u", "subject_kind": "person", "subject_name": "U", "who": "authenticated", "role": "pupil",
    "year_group": "7", "class": "7A", "format": "squid",
}  # fmt: skip
_TYPES: dict[str, Any] = {
    "ts": TIMESTAMP, "raw": pl.Binary, "start": pl.Int64, "end": pl.Int64, "line": pl.Int64, "weight": pl.Float64,
    "set_aside": pl.Int64,
}  # fmt: skip


def table(*hits: dict[str, Any]) -> pl.DataFrame:
    """Hits that differ from the usual one in what is given; each an event of its own."""
    rows = [
        HIT | {"hit_id": f"h{number:03}", "event_id": f"e{number:03}", "line": number} | hit
        for number, hit in enumerate(hits)
    ]
    return pl.DataFrame(rows, schema={name: _TYPES.get(name, pl.String) for name in HIT})


def at(minutes: float) -> dict[str, Any]:
    return {"ts": TEN + timedelta(minutes=minutes)}


def drafted(hits: pl.DataFrame, drafting: Drafting = DRAFTING, around: pl.DataFrame | None = None) -> pl.DataFrame:
    found = heads(episodes(hits, drafting), drafting)
    schema = {"draft_id": pl.String, "found": pl.Int64, **DRAFT_AROUND.to_schema()}
    around = pl.DataFrame(schema=schema) if around is None else around
    return with_facts(with_around(found, around), hits, {"7A": 28}, drafting)


# ---------------------------------------------------------------- where an episode ends


@pytest.mark.parametrize(("minutes", "count"), [(30, 1), (30.001, 2), (0, 1)])
def test_a_gap_ends_an_episode(minutes: float, count: int) -> None:
    assert drafted(table(at(0), at(minutes))).height == count


def test_a_long_run_of_short_gaps_is_one_episode() -> None:
    (draft,) = drafted(table(*(at(29 * n) for n in range(10)))).to_dicts()
    assert (draft["first_ts"], draft["last_ts"]) == (TEN, TEN + timedelta(minutes=29 * 9))
    assert len(draft["hits"]) == 10


def test_each_subject_and_site_has_its_own() -> None:
    hits = table(at(0), at(1) | {"subject": "person:v"}, at(2) | {"site": "other"}, at(3))
    assert sorted(len(each) for each in drafted(hits)["hits"]) == [1, 1, 2]


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 11, 10, 3, 59, 59, tzinfo=UTC), date(2026, 11, 9)),
        (datetime(2026, 11, 10, 4, 0, tzinfo=UTC), date(2026, 11, 10)),
        (datetime(2026, 7, 10, 2, 59, tzinfo=UTC), date(2026, 7, 9)),
        (datetime(2026, 7, 10, 3, 0, tzinfo=UTC), date(2026, 7, 10)),
        # The clocks go forward on 29 March and back on 25 October, both before four.
        (datetime(2026, 3, 29, 2, 59, tzinfo=UTC), date(2026, 3, 28)),
        (datetime(2026, 3, 29, 3, 0, tzinfo=UTC), date(2026, 3, 29)),
        (datetime(2026, 10, 25, 3, 59, tzinfo=UTC), date(2026, 10, 24)),
        (datetime(2026, 10, 25, 4, 0, tzinfo=UTC), date(2026, 10, 25)),
    ],
)
def test_a_day_of_duty_begins_at_four_by_the_clock_on_the_wall(moment: datetime, day: date) -> None:
    column = pl.DataFrame({"ts": [moment]}, schema={"ts": TIMESTAMP})
    assert column.select(duty_day(pl.col("ts"), LONDON)).item() == day
    first, last = local_bounds(day, LONDON)
    assert first <= moment < last


@settings(max_examples=tries(40))
@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)))  # noqa: DTZ001 - UTC is put on below
def test_every_moment_lies_in_the_bounds_of_its_day(moment: datetime) -> None:
    here = moment.replace(tzinfo=UTC)
    column = pl.DataFrame({"ts": [here]}, schema={"ts": TIMESTAMP})
    first, last = local_bounds(column.select(duty_day(pl.col("ts"), LONDON)).item(), LONDON)
    assert first <= here < last
    assert last - first in {timedelta(hours=23), timedelta(hours=24), timedelta(hours=25)}


def test_four_in_the_morning_cuts_an_episode() -> None:
    night = datetime(2026, 11, 11, 3, 59, tzinfo=UTC)
    days = drafted(table({"ts": night}, {"ts": night + timedelta(minutes=2)}))["day"].to_list()
    assert sorted(days) == [date(2026, 11, 10), date(2026, 11, 11)]


# ---------------------------------------------------------------- what becomes a draft

_HITS = st.lists(
    st.fixed_dictionaries(
        {
            "minute": st.integers(0, 100),
            "category": st.sampled_from(sorted(CATEGORIES)),
            "level": st.sampled_from(LEVELS),
            "text": st.one_of(st.none(), st.sampled_from("abcd")),
            "verdict": st.sampled_from(["allowed", "blocked", "challenge", "unknown"]),
            "kind": st.sampled_from(KINDS),
            "subject": st.sampled_from(["person:u", "person:v"]),
            "raw": st.one_of(st.none(), st.binary(max_size=3)),
            "rule_id": st.sampled_from(["r", "near"]),
        }
    ),
    max_size=9,
)


def made(rows: list[dict[str, Any]]) -> pl.DataFrame:
    return table(*({**row, **at(row["minute"])} for row in [dict(each) for each in rows]) if rows else ()).select(
        list(HIT)
    )


@settings(max_examples=tries(80))
@given(_HITS, st.sampled_from(["urgent", "high", "medium", "low"]), st.randoms(use_true_random=False))
def test_any_hits_in_any_order_give_the_same_drafts(rows: list[dict[str, Any]], draft_from: str, chance: random.Random
                                                    ) -> None:  # fmt: skip
    drafting = Drafting(
        CATEGORIES, LONDON, draft_from, timedelta(minutes=30), 8, 16, notes=RuleNotes(imminent=frozenset({"near"}))
    )  # fmt: skip
    hits = made(rows)
    drafts = drafted(hits, drafting)
    assert drafts.schema == DRAFTS
    shuffled = hits.sample(fraction=1, shuffle=True, seed=chance.randrange(1000))
    assert drafted(shuffled, drafting).rows() == drafts.rows()
    assert set(drafts["level"].to_list()) <= set(at_least(draft_from))
    assert drafts["draft_id"].n_unique() == drafts.height
    # A hit that is urgent enough by itself is in a draft, and no hit is in two.
    inside = [hit["hit_id"] for draft in drafts["hits"].to_list() for hit in draft]
    assert len(inside) == len(set(inside))
    wanted = hits.filter(pl.col("level").is_in(at_least(draft_from)))["hit_id"]
    assert set(wanted) <= set(inside)


@settings(max_examples=tries(80))
@given(_HITS, st.sampled_from(["urgent", "high", "medium", "low"]))
def test_the_quick_look_leaves_out_nothing_that_would_be_a_draft(rows: list[dict[str, Any]], draft_from: str) -> None:
    drafting = Drafting(
        CATEGORIES, LONDON, draft_from, timedelta(minutes=30), 8, 16, notes=RuleNotes(imminent=frozenset({"near"}))
    )  # fmt: skip
    hits = made(rows)
    quick = heads(episodes(hits, drafting), drafting)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stage, "_may_become_drafts", lambda numbered, _: numbered.select("episode").unique())
        slow = heads(episodes(hits, drafting), drafting)
    assert quick.rows() == slow.rows()


def test_ids_and_evidence_come_from_content_alone() -> None:
    hits = table(at(0) | {"raw": b"first", "line": 2}, at(1) | {"raw": b"second", "line": 1},
                 at(2) | {"raw": b"second", "line": 1, "category": "middling"})  # fmt: skip
    (draft,) = drafted(hits).to_dicts()
    assert draft["evidence_sha256"] == hashlib.sha256(b"second\nfirst\n").hexdigest()
    assert draft["draft_id"] == hashlib.sha256(b"main|person:u|h000").hexdigest()[:16]
    (later,) = drafted(pl.concat([hits, table(*[at(0)] * 3, at(3) | {"raw": b"late"})[3:]])).to_dicts()
    assert later["draft_id"] == draft["draft_id"]
    assert later["evidence_sha256"] != draft["evidence_sha256"]


def test_a_draft_leads_with_its_gravest_category() -> None:
    hits = table(
        at(0) | {"category": "slight", "level": "low", "kind": "page"},
        at(1) | {"category": "grave", "level": "high", "kind": "page", "lesson": "Maths"},
        at(2) | {"category": "grave", "level": "low", "kind": "typed", "text": "b"},
    )
    (draft,) = drafted(hits).to_dicts()
    assert (draft["category"], draft["categories"], draft["level"]) == ("grave", ["grave", "slight"], "high")
    assert (draft["what"], draft["lesson"], draft["route"]) == ("typed", "Maths", "pupil-victim")
    assert {name: draft[name] for name in SUBJECT} == {name: HIT[name] for name in SUBJECT}


@pytest.mark.parametrize(
    ("route", "role", "expected"),
    [
        ("pupil-inappropriate", "pupil", "pupil-inappropriate"),
        ("pupil-inappropriate", None, "pupil-inappropriate"),
        ("pupil-victim", "Teacher", "staff-instigator"),
        ("network-misuse", "staff", "staff-instigator"),
        ("illegal", "staff", "illegal"),
    ],
)
def test_staff_have_a_route_of_their_own(route: str, role: str | None, expected: str) -> None:
    assert route_of(route, role) == expected


@pytest.mark.parametrize("role", ["pupil", "staff", None])
@pytest.mark.parametrize(("first", "level"), [("grave", "urgent"), ("grave", "high"), ("illegal", "urgent")])
def test_what_may_be_illegal_decides_the_route_whatever_came_first_and_the_child_comes_before_it(
    first: str, level: str, role: str | None
) -> None:
    second = {"grave": "illegal", "illegal": "grave"}[first]
    hits = table(
        at(0) | {"category": first, "level": level, "role": role},
        at(3) | {"category": second, "level": "high", "role": role},
    )
    (draft,) = drafted(hits).to_dicts()
    assert (draft["route"], draft["categories"]) == ("illegal", ["grave", "illegal"])
    assert draft["reasons"][0] == SEE_TO_THE_CHILD


@pytest.mark.parametrize(
    ("other", "level"), [("middling", "medium"), ("slight", "low"), ("help", "record"), ("grave", "medium")]
)
def test_no_child_is_said_to_be_in_danger_where_none_is(other: str, level: str) -> None:
    hits = table(at(0) | {"category": "illegal", "level": "urgent"}, at(3) | {"category": other, "level": level})
    (draft,) = drafted(hits).to_dicts()
    assert draft["route"] == "illegal"
    assert SEE_TO_THE_CHILD not in draft["reasons"]


def test_drafts_come_most_urgent_first() -> None:
    people = [
        {"subject": f"person:{n}", **at(n), "level": level} for n, level in enumerate(["medium", "urgent", "high"])
    ]
    assert drafted(table(*people))["level"].to_list() == ["urgent", "high", "medium"]


# ---------------------------------------------------------------- facts


def facts(*hits: dict[str, Any]) -> list[str]:
    found = drafted(table(*hits))
    return list(found.filter(subject="person:u")["facts"].item())


def test_what_the_filter_did_is_counted_by_request() -> None:
    assert facts(at(0))[0] == "The filter let the request through."
    assert facts(at(0) | {"verdict": "blocked"})[0] == "The filter blocked the request."
    assert facts(at(0), at(1))[0] == "The filter let all 2 requests through."
    twice = {"event_id": "same", "verdict": "blocked"}
    assert (
        facts(at(0) | twice, at(0) | twice | {"category": "middling"}, at(1))[0]
        == "The filter blocked 1 of 2 requests."
    )
    assert facts(at(0) | {"verdict": "challenge"}) == []


def test_looking_for_help_is_a_fact_of_the_whole_day() -> None:
    help_seen = at(180) | {"category": "help", "level": "record"}
    assert any("looked for help once" in fact for fact in facts(at(0), help_seen))
    assert any("looked for help 2 times" in fact for fact in facts(at(0), help_seen, at(181) | help_seen | at(181)))
    other = help_seen | {"subject": "person:v"}
    assert not any("help" in fact for fact in facts(at(0), other))


def test_others_of_the_class_within_half_an_hour() -> None:
    others = [at(minute) | {"subject": f"person:{minute}", "level": "low"} for minute in (-30, 30, 31)]
    assert "2 others of 28 in 7A had a hit of the same kind within half an hour." in facts(at(0), *others)
    elsewhere = [{**others[0], "class": "8B"}, {**others[0], "category": "slight"}, {**others[0], "level": "record"},
                 {**others[0], "class": None}, {**others[0], "site": "other"}]  # fmt: skip
    assert not any("others" in fact for fact in facts(at(0), *elsewhere))
    hits = table(at(0) | {"class": None})
    assert class_pattern(heads(episodes(hits, DRAFTING), DRAFTING), hits).is_empty()


@pytest.mark.parametrize(
    ("moment", "outside"),
    [
        (datetime(2026, 11, 10, 7, 59, tzinfo=UTC), True),
        (datetime(2026, 11, 10, 8, 0, tzinfo=UTC), False),
        (datetime(2026, 11, 10, 15, 59, tzinfo=UTC), False),
        (datetime(2026, 11, 10, 16, 0, tzinfo=UTC), True),
        (datetime(2026, 11, 14, 10, 0, tzinfo=UTC), True),
        (datetime(2026, 7, 7, 7, 0, tzinfo=UTC), False),
    ],
)
def test_outside_school_hours_by_the_clock_on_the_wall(moment: datetime, outside: bool) -> None:
    assert ("Outside school hours." in facts({"ts": moment})) == outside


def test_what_came_around_is_packed_into_its_draft() -> None:
    hits = table(at(0))
    (head,) = heads(episodes(hits, DRAFTING), DRAFTING)["draft_id"].to_list()
    rows = [(head, 61, TEN, "page", "allowed", "x"), (head, 61, TEN + timedelta(minutes=1), "typed", "blocked", "y")]
    schema = {"draft_id": pl.String, "found": pl.Int64, **DRAFT_AROUND.to_schema()}
    (draft,) = drafted(hits, around=pl.DataFrame(rows, schema=schema, orient="row")).to_dicts()
    assert [each["what"] for each in draft["around"]] == ["x", "y"]
    assert f"The {stage.MOST_AROUND} nearest of 61 events around it are shown." in draft["facts"]


def test_the_text_of_a_hit_is_what_was_matched() -> None:
    values = {"path": "/a%20b+c", "query": "q=a%20b+c", "search_text": "a+b", "typed_text": "t", "title": "T",
              "host": "h", "vendor_category": "V"}  # fmt: skip
    hits = table(*({**values, "field": field} for field in values))
    assert with_texts(hits.drop("text"))["text"].to_list() == ["/a b+c", "q=a b c", "a+b", "t", "T", "h", "V"]


def test_no_hits_are_no_drafts() -> None:
    assert drafted(table()).is_empty()
    assert drafted(table()).schema == DRAFTS


def test_a_school_may_hold_a_lesser_matter_graver() -> None:
    again = replace(CATEGORIES["middling"], id="again", drafted_once=False)
    graver = replace(again, id="graver", severity="high")
    drafting = replace(DRAFTING, categories={each.id: each for each in (again, graver, CATEGORIES["middling"])})
    assert drafting.only_again == {"again"}
