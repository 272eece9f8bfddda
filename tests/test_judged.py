"""Verdicts say how often a rule was right, and refuse what would have hidden an incident, and no more."""

from __future__ import annotations

import shutil
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import nightly
from pipeline.config import load_settings
from pipeline.episodes import episodes, heads
from pipeline.errors import ConfigError, InvariantError
from pipeline.judging.judged import HIDING, PRECISION, confirmed_of, hiding, hits_of, precision
from pipeline.judging.shares import interval
from pipeline.rules import load_rules
from pipeline.schema import DRAFT_VERDICTS, JUDGED
from pipeline.settings.limits import Exclusion, Lesson
from pipeline.trials.replaying import replay
from pipeline.urgency.lowering import Lowering, lowered
from tests.effort import tries
from tests.made_night import School, digest, later, search, squid
from tests.test_episodes import DRAFTING, LONDON, TEN, table

_FIRST = date(2026, 11, 1)


def verdicts(**given: str) -> pl.DataFrame:
    return pl.DataFrame(list(given.items()), schema=JUDGED, orient="row")


# ---------------------------------------------------------------- shares and precision


def test_an_interval_holds_its_share() -> None:
    assert interval(0, 10)[0] == 0
    assert interval(10, 10)[1] == 1
    low, high = interval(70, 100)
    assert (round(low, 3), round(high, 3)) == (0.604, 0.781)
    for found, of in ((0, 0), (2, 1), (-1, 3)):
        with pytest.raises(ValueError, match="is no share"):
            interval(found, of)


@settings(max_examples=tries(200))
@given(st.integers(1, 10_000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_an_interval_lies_around_its_share_and_narrows(counted: tuple[int, int]) -> None:
    found, of = counted
    low, high = interval(found, of)
    narrower = interval(found * 4, of * 4)
    assert 0 <= low <= found / of <= high <= 1
    assert narrower[1] - narrower[0] < high - low


_RULES = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["medium", "record"])), max_size=4)


@settings(max_examples=tries(200))
@given(st.dictionaries(st.integers(0, 9), st.tuples(st.sampled_from((*DRAFT_VERDICTS, "")), _RULES)))
def test_precision_is_what_one_counts_by_hand(drafts: dict[int, tuple[str, list[tuple[str, str]]]]) -> None:
    said = [(str(each), verdict) for each, (verdict, _) in drafts.items() if verdict]
    hits = [(str(each), rule, f"of {rule}", level) for each, (_, rules) in drafts.items() for rule, level in rules]
    columns = dict.fromkeys(("draft_id", "rule_id", "category", "level"), pl.String)
    found = precision(pl.DataFrame(said, schema=JUDGED, orient="row"), pl.DataFrame(hits, schema=columns, orient="row"))
    assert found.schema == PRECISION
    of_rule: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for verdict, rules in drafts.values():
        for rule in {rule for rule, level in rules if level != "record"}:
            of_rule[rule][verdict] += 1
    for name, counts in of_rule.items():
        judged = sum(counts[each] for each in ("confirmed", "false-alarm", "accidental", "legitimate"))
        row = found.filter(rule_id=name).to_dicts()
        assert [(each["judged"], each["confirmed"]) for each in row] == [(judged, counts["confirmed"])][: judged > 0]
        assert [(each["low"], each["high"]) for each in row] == [interval(each["confirmed"], judged) for each in row]
        assert [each["share"] for each in row] == [each["confirmed"] / judged for each in row]
    assert set(found["rule_id"]) <= set(of_rule)


def test_a_verdict_that_nobody_knows_and_a_second_one_are_refused() -> None:
    hits = pl.DataFrame(schema=dict.fromkeys(("draft_id", "rule_id", "category", "level"), pl.String))
    with pytest.raises(InvariantError, match="draft d has a verdict that nobody knows"):
        precision(verdicts(d="maybe"), hits)
    with pytest.raises(InvariantError, match="draft d has two verdicts"):
        confirmed_of(pl.concat([verdicts(d="confirmed"), verdicts(d="duplicate")]))
    assert confirmed_of(verdicts(b="confirmed", a="confirmed", c="accidental")) == ["a", "b"]


# ---------------------------------------------------------------- what would have hidden an incident

_DAYS = st.tuples(st.integers(0, 12), st.integers(0, 12)).map(sorted)


def _exclusion(scope: dict[str, Any], days: list[int]) -> Exclusion:
    since, until = (_FIRST + timedelta(days=each) for each in days)
    return Exclusion(**scope, owner="J. Example", reason="a reason", since=since, until=until)


def _lesson(categories: tuple[str, ...], days: list[int]) -> Lesson:
    first, last = (_FIRST + timedelta(days=each) for each in days)
    return Lesson(what="a topic", categories=categories, first_day=first, last_day=last)


_EXCLUSIONS = st.builds(
    _exclusion,
    st.sampled_from(
        [
            {"category": "middling", "users": ("u",)}, {"category": "middling", "words": ("some",)},
            {"rule": "r", "words": ("text",)}, {"rule": "s", "users": ("v",)}, {"category": "slight", "users": ("u",)},
            {"category": "middling", "users": ("nobody",)},
        ]
    ),
    _DAYS,
)  # fmt: skip
_LESSONS = st.builds(_lesson, st.sampled_from([("middling",), ("slight", "middling")]), _DAYS)
_SAID = st.builds(Lowering, st.lists(_LESSONS, max_size=1).map(tuple), st.lists(_EXCLUSIONS, max_size=4).map(tuple))
_HITS = st.lists(
    st.fixed_dictionaries(
        {
            "ts": st.integers(0, 200).map(lambda minutes: TEN + timedelta(minutes=minutes)),
            "category": st.sampled_from(["grave", "middling", "slight"]),
            "level": st.sampled_from(["urgent", "high", "medium", "medium", "low", "record"]),
            "text": st.sampled_from(["a text", "some words", "some text"]),
            "rule_id": st.sampled_from(["r", "s"]),
            "user": st.sampled_from(["u", "v"]),
        }
    ),
    min_size=1, max_size=12,
)  # fmt: skip


def drafted(hits: pl.DataFrame, lowering: Lowering) -> pl.DataFrame:
    """Draft and hit ids of a night with these words, the exclusions taken as if they held on every day."""
    whenever = tuple(each.model_copy(update={"since": date.min, "until": date.max}) for each in lowering.exclusions)
    drafting = replace(DRAFTING, lowering=Lowering(lowering.lessons, whenever))
    left = lowered(hits, drafting.lowering, LONDON)
    return hits_of(heads(episodes(left, drafting), drafting)).select("draft_id", "hit_id")


def lost(hits: pl.DataFrame, lowering: Lowering) -> set[str]:
    return set(drafted(hits, Lowering())["draft_id"]) - set(drafted(hits, lowering)["draft_id"])


def told(lowering: Lowering, day: date) -> Lowering:
    """What holds on a day, as far as it is an exclusion."""
    return Lowering(lowering.lessons, tuple(each for each in lowering.exclusions if each.since <= day <= each.until))


@settings(max_examples=tries(150))
@given(_HITS, _SAID)
def test_what_hides_an_incident_is_always_told_and_what_hides_none_never(rows: list[Any], said: Lowering) -> None:
    hits = table(*rows).drop("lowered_for", "set_aside").with_columns(lesson_class=pl.lit(None, pl.String))
    confirmed = hits.join(drafted(hits, Lowering()), on="hit_id")
    found = hiding(confirmed, replace(DRAFTING, lowering=said))
    assert found.schema == HIDING
    rows_of = {(kind, at): set(of["draft_id"]) for (kind, at), of in found.group_by("said", "at")}
    for at, each in enumerate(said.exclusions):
        alone = lost(hits, Lowering(exclusions=(each,)))
        assert alone <= rows_of.get(("exclusion", at), set())
        # One that touches none of a draft's hits is never blamed for it.
        touched = lowered(hits, Lowering(exclusions=(each.model_copy(update={"since": date.min, "until": date.max}),)),
                          LONDON).drop_nulls("set_aside")  # fmt: skip
        blamed = confirmed.filter(pl.col("draft_id").is_in(list(rows_of.get(("exclusion", at), set()))))
        assert set(blamed["draft_id"]) == set(
            blamed.filter(pl.col("hit_id").is_in(touched["hit_id"].implode()))["draft_id"]
        )
    on_a_day = set[str]()
    for number in range(13):
        on_a_day |= lost(hits, told(said, _FIRST + timedelta(days=number)))
    assert on_a_day == set(found.filter(said="exclusion")["draft_id"]) | lost(hits, Lowering(said.lessons))
    assert hiding(confirmed, replace(DRAFTING, lowering=said), _FIRST + timedelta(days=13)).is_empty()


def found_with(*exclusions: Exclusion) -> list[tuple[str, int, str]]:
    """What hides a draft of two hits, by the rules `r` and `s`."""
    hits = table({"category": "middling"}, {"category": "middling", "rule_id": "s"}).drop("lowered_for", "set_aside")
    confirmed = hits.with_columns(lesson_class=pl.lit(None, pl.String), draft_id=pl.lit("d"))
    return hiding(confirmed, replace(DRAFTING, lowering=Lowering(exclusions=exclusions))).rows()


def test_two_exclusions_that_hide_an_incident_together_are_told_at_the_second() -> None:
    of_r, of_s = ({"rule": rule, "users": ("u",)} for rule in "rs")
    first, other = _exclusion(of_r, [0, 5]), _exclusion({"rule": "s", "users": ("nobody",)}, [0, 5])
    assert found_with(first) == found_with(first, other) == []
    assert found_with(first, other, _exclusion(of_s, [5, 9])) == [("exclusion", 2, "d")]
    # Nobody is blamed who comes after, and nothing that never holds on the same day.
    assert found_with(first, _exclusion(of_s, [2, 9]), other, _exclusion(of_r, [0, 9])) == [("exclusion", 1, "d")]
    assert found_with(first, _exclusion(of_s, [6, 9])) == []
    whole = _exclusion({"category": "middling", "users": ("u",)}, [0, 1])
    assert found_with(first, whole, whole) == [("exclusion", 1, "d"), ("exclusion", 2, "d")]


# ---------------------------------------------------------------- the night

_EXCLUSION = """[[exclusion]]
category = "cranes"
owner = "J. Example"
reason = "origami club"
since = 2026-11-12
until = 2027-07-20
"""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> School:
    """The same for all: whoever uses it changes nothing in it."""
    place = School(tmp_path_factory.mktemp("shared")).made()
    place.log(
        "access.log", squid(0, search("paper crane"), "a.example") + squid(60, search("blue lobster"), "b.example")
    )
    place.night()
    return place


@pytest.fixture
def school(shared: School, tmp_path: Path) -> School:
    """A copy, because a night takes its time."""
    shutil.copytree(shared.folder, tmp_path, dirs_exist_ok=True)
    return replace(shared, folder=tmp_path)


def crane(school: School) -> str:
    return str(school.drafts().filter(pl.col("category") == "cranes")["draft_id"].item())


def says(school: School, more: str) -> None:
    with school.config.open("a", encoding="utf-8") as stream:
        stream.write(more)


def test_an_exclusion_that_would_have_hidden_a_confirmed_incident_is_not_used(school: School) -> None:
    says(school, f'{_EXCLUSION}users = ["other.example"]\n{_EXCLUSION}users = ["a.example"]\n')
    school.log("next.log", squid(86400 * 2, search("paper crane")))
    draft, chosen = crane(school), load_settings(school.config)
    judged = verdicts(**{draft: "confirmed", "gone": "confirmed"})
    record = nightly.run(chosen, school.config, later(2), verdicts=judged)
    line = school.config.read_text("utf-8").splitlines().index("[[exclusion]]", 15) + 1
    told = (
        f"{school.config}:{line}: the exclusion 'origami club' of J. Example would have hidden what was confirmed as "
        f"an incident (draft {draft}), and is not used. Make it narrower, or take it out; the safeguarding lead knows "
        "the draft by its id."
    )
    assert (record.exit_code, told in record.issues) == (2, True)
    assert len(list((school.store / "lake").iterdir())) == 2, "the night goes on without it"
    assert record.drafts == {"medium": 1}, "what it would have set aside is drafted"
    page = digest(school, later(2))
    assert "user other.example" in page
    assert "user a.example" not in page
    with pytest.raises(ConfigError, match="would have hidden"):
        replay(chosen, date(2026, 11, 10), date(2026, 11, 12), verdicts=judged)
    # The moment nobody says so any more, the exclusion counts.
    school.log("last.log", squid(86400 * 3, search("paper crane")))
    record = nightly.run(chosen, school.config, later(3), verdicts=verdicts(**{draft: "false-alarm"}))
    assert (record.exit_code, record.drafts) == (0, {})


@pytest.mark.parametrize(
    "more",
    ["", f'{_EXCLUSION}users = ["other.example"]\n', f'{_EXCLUSION}words = ["swan"]\n',
     f'{_EXCLUSION}users = ["a.example"]\n'.replace("2027-07-20", "2026-11-12")],
)  # fmt: skip
def test_what_hides_nothing_or_has_ended_is_taken(school: School, more: str) -> None:
    says(school, more)
    rules = load_rules(load_settings(school.config), verdicts(**{crane(school): "confirmed"}), date(2026, 11, 13))
    assert not rules.refused


def test_a_lesson_written_down_afterwards_is_refused_too(school: School, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("username,role\na.example,pupil\n", encoding="utf-8")
    lesson = '[[lesson]]\nwhat = "Folding"\ncategories = ["cranes"]\nfirst_day = 2026-11-09\nlast_day = 2026-11-14\n'
    says(school, f'[people]\nfile = "people.csv"\n{lesson}')
    chosen = load_settings(school.config)
    rules = load_rules(chosen, verdicts(**{crane(school): "confirmed"}), date(2026, 11, 13))
    assert "the lesson 'Folding' would have hidden what was confirmed" in str(rules.refused[0])
    assert not rules.drafting.lowering.lessons
    assert load_rules(chosen, verdicts(**{crane(school): "legitimate"}), date(2026, 11, 13)).drafting.lowering.lessons


def test_an_incident_of_a_category_that_is_there_no_longer_refuses_nothing(school: School) -> None:
    draft, cranes = crane(school), school.folder / "lists" / "cranes.toml"
    (school.folder / "lists" / "swans.toml").write_text(cranes.read_text("utf-8").replace("cranes", "swans"), "utf-8")
    cranes.unlink()
    says(school, _EXCLUSION.replace('"cranes"', '"swans"') + 'users = ["a.example"]\n')
    rules = load_rules(load_settings(school.config), verdicts(**{draft: "confirmed"}))
    assert [each.category for each in rules.drafting.lowering.exclusions] == ["swans"]
