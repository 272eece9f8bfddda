"""Every hit becomes one thing: whatever is lowered and set aside, and in whatever order, none is lost or told twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.episodes import duty_day, episodes, heads
from pipeline.settings.limits import Exclusion, Lesson
from pipeline.urgency.became import FATES, became
from pipeline.urgency.lowering import Lowering, lowered
from tests.effort import tries
from tests.test_episodes import DRAFTING, LONDON, TEN, table

_DAYS = {"first_day": date(2026, 11, 9), "last_day": date(2026, 11, 11)}
_SPAN = {"since": date(2026, 11, 9), "until": date(2026, 11, 11)}
#: What a school may write down about these hits; it is tried in every order and choice.
_SAID: tuple[Lesson | Exclusion, ...] = (
    Lesson(what="a topic", categories=("middling",), **_DAYS),
    Lesson(what="another", categories=("middling", "slight"), words=("some",), **_DAYS),
    Exclusion(category="middling", users=("u",), owner="J. Example", reason="a club", **_SPAN),
    Exclusion(rule="r", words=("text",), owner="K. Example", reason="a trial", **_SPAN),
    Exclusion(category="slight", classes=("7A",), owner="J. Example", reason="a club", **_SPAN),
)
_HITS = st.lists(
    st.fixed_dictionaries(
        {
            "ts": st.integers(0, 200).map(lambda minutes: TEN + timedelta(minutes=minutes)),
            "category": st.sampled_from(["grave", "middling", "slight", "help"]),
            "level": st.sampled_from(["urgent", "high", "medium", "low", "record"]),
            "text": st.sampled_from(["a text", "some words", "some text"]),
            "rule_id": st.sampled_from(["r", "s"]),
            "subject": st.sampled_from(["person:u", "person:v"]),
            "user": st.sampled_from(["u", "v", None]),
        }
    ),
    max_size=25,
)


@settings(max_examples=tries(100))
@given(_HITS, st.lists(st.sampled_from(_SAID), max_size=6))
def test_every_hit_becomes_one_thing(rows: list[dict[str, object]], said: list[Lesson | Exclusion]) -> None:
    lowering = Lowering(
        tuple(each for each in said if isinstance(each, Lesson)),
        tuple(each for each in said if isinstance(each, Exclusion)),
    )
    found = table(*rows).with_columns(lesson_class=pl.lit(None, pl.String), day=duty_day(pl.col("ts"), LONDON))
    hits = lowered(found.drop("lowered_for", "set_aside"), lowering, LONDON)
    assert hits.drop_nulls(("lowered_for", "set_aside")).is_empty()
    drafting = replace(DRAFTING, lowering=lowering)
    numbered = episodes(hits, drafting)
    drafts = heads(numbered, drafting)
    drafted = numbered.join(drafts, on="episode", how="semi")["hit_id"]
    account = became(hits, drafted, lowering)
    parts = dict(account.group_by("became").agg(pl.col("hits").sum()).iter_rows())
    assert set(parts) <= set(FATES)
    assert sum(parts.values()) == hits.height
    assert parts.get("set-aside", 0) == hits["set_aside"].count() == account.drop_nulls("exclusion")["hits"].sum()
    assert parts.get("lowered", 0) == hits["lowered_for"].count()
    # What a draft shows is what was drafted, and what was lowered or set aside in the same episode.
    shown = sum(len(each) for each in drafts["hits"])
    aside = hits.filter(pl.col("hit_id").is_in(drafted.implode())).drop_nulls("set_aside").height
    for_lessons = hits.filter(pl.col("hit_id").is_in(drafted.implode())).drop_nulls("lowered_for").height
    assert parts.get("drafted", 0) + aside + for_lessons == shown
    changed = hits.join(found.select("hit_id", before="level"), on="hit_id").filter(pl.col("level") != pl.col("before"))
    assert changed["before"].is_in(["high", "medium", "low"]).all()
    assert changed.height == hits["set_aside"].count() + hits["lowered_for"].count()
