"""What a class did together: how many make it the class, who stands out, and what is never part of it."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.clusters import clusters
from pipeline.schema import CLUSTERS
from tests import made_class as made
from tests.effort import tries
from tests.made_class import FREE, LESSON, SMALL, TEN, clustered, lesson, login, pupil


def the_one(*rows: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = clustered(*rows)[1].row(0, named=True)
    return found


def apart(*rows: dict[str, Any]) -> dict[str, list[str]]:
    """Who of the only cluster stands out, and in what."""
    drafts, found = clustered(*rows)
    subjects = dict(drafts.select("draft_id", "subject").iter_rows())
    return {subjects[each["draft_id"]]: each["apart"] for each in found["drafts"].item() if each["apart"]}


# ---------------------------------------------------------------- when it is the class


@pytest.mark.parametrize(("pupils", "found"), [(27, 1), (15, 1), (14, 0)])
def test_half_of_the_class_is_the_class(pupils: int, found: int) -> None:
    drafts, made_of = clustered(*lesson(pupils))
    assert (drafts.height, made_of.height) == (pupils, found)


@pytest.mark.parametrize(("pupils", "found"), [(5, 1), (4, 0)])
def test_four_friends_are_no_class_however_small_it_is(pupils: int, found: int) -> None:
    assert clustered(*lesson(pupils, **SMALL))[1].height == found


def test_it_says_who_what_when_and_how_sure() -> None:
    row = the_one(
        *lesson(24), *(pupil(n, who="mapped", text="Paper  CRANE", field="title", rule_id="b") for n in (24, 25, 26)),
        login(), login(subject="device:lt-9b-01", subject_kind="device", who="contradicted"),
    )  # fmt: skip
    named = ("class", "lesson", "category", "pupils", "class_size", "mapped", "nameless", "level", "day", "site")
    assert {name: row[name] for name in named} == {
        "class": "9B", "lesson": LESSON, "category": "cranes", "pupils": 27, "class_size": 29, "mapped": 3,
        "nameless": 2, "level": "medium", "day": TEN.date(), "site": "main",
    }  # fmt: skip
    assert (row["first_ts"], row["last_ts"]) == (TEN, TEN + timedelta(minutes=26))
    assert (row["fields"], row["rules"]) == (["search_text", "title"], ["b", "cranes-words"])
    assert row["texts"] == [{"text": "paper crane", "subjects": 29}]
    assert len(row["drafts"]) == 29
    assert all(each["folded"] for each in row["drafts"])


def test_a_text_is_told_if_three_have_it_and_never_out_of_an_address() -> None:
    own = [pupil(n, text=f"crane of pupil {n}") for n in range(10)]
    two = [pupil(n, text="crane for two") for n in (10, 11)]
    three = [pupil(n, text="crane for three") for n in (12, 13, 14)]
    path = lesson(5, text="/users/p01/crane", field="path")
    assert the_one(*own, *two, *three, *path)["texts"] == [{"text": "crane for three", "subjects": 3}]


def test_a_set_counts_as_the_set_and_not_as_the_registration_class() -> None:
    of: dict[str, Any] = {"lesson": "History (9x/Hi2)", "lesson_class": "9x/Hi2"}
    row = the_one(*(pupil(n, **of | {"class": "9A" if n % 2 else "9B"}) for n in range(8)))
    assert (row["class"], row["pupils"], row["class_size"]) == ("9x/Hi2", 8, 12)


def test_outside_lessons_it_is_the_busiest_half_hour() -> None:
    row = the_one(*(pupil(n, 3 * n, **FREE) for n in range(8)), *(pupil(n, 40 + n, **FREE) for n in range(8, 25)))
    assert (row["lesson"], row["pupils"]) == (None, 17)
    assert (row["first_ts"], row["last_ts"]) == (TEN + timedelta(minutes=48), TEN + timedelta(minutes=64))
    assert clustered(*(pupil(n, 3 * n, **FREE) for n in range(29)))[1].is_empty()


def test_a_class_of_which_nobody_knows_how_many_it_has_is_none() -> None:
    assert clustered(*lesson(20, **FREE, **{"class": "9Q"}))[1].is_empty()


def test_other_lessons_other_days_and_other_kinds_do_not_add_up() -> None:
    later = {"ts": TEN + timedelta(days=1), "day": TEN.date() + timedelta(days=1)}
    rows = [pupil(n, lesson="English, period 4 (9B)") for n in range(10)]
    rows += [pupil(n, category="kites") for n in range(10, 20)] + [pupil(n, site="b") for n in range(20, 29)]
    assert clustered(*rows, *(pupil(n) | later for n in range(10)))[1].is_empty()


# ---------------------------------------------------------------- who stands out


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ([{"level": "high"}], ["level high, most of the class medium"]),
        ([{"text": "where can i hide my paper crane"}], ["a word such as I, me or my"]),
        ([{"ts": TEN + timedelta(hours=5), **FREE}], ["the same again at another time that day"]),
        ([{"category": "harbour", "level": "record", "ts": TEN + timedelta(hours=4)}],
         ["looked for help on the same day"]),
        ([{"view": "digits", "ts": TEN - timedelta(minutes=1)}],
         ["written in a hidden way: digits and signs in place of letters"]),
        ([{"verdict": "blocked", "ts": TEN}, {"text": "crane 2"}, {"text": "crane 3"}],
         ["went on after a block"]),
        ([{"category": "kites"}], ["together with: kites"]),
        ([{"category": "lobsters", "ts": TEN + timedelta(hours=4)}], ["a draft of another kind on the same day"]),
        ([{"rule_id": "cranes-join", "text": "crane club uk"}], ["found by a rule that fewer than three of them met"]),
    ],
)  # fmt: skip
def test_who_goes_further_stands_out_and_is_not_folded(more: list[dict[str, Any]], said: list[str]) -> None:
    assert apart(*lesson(27), *(pupil(7, 8) | each for each in more)) == {"person:p07": said}


def test_of_what_is_for_the_police_nothing_is_said_in_a_cluster() -> None:
    assert apart(*lesson(27), pupil(7, category="wasps", ts=TEN + timedelta(hours=4))) == {}


def test_what_most_of_the_class_does_sets_nobody_apart() -> None:
    second = [pupil(n, n + 1, text="my crane") for n in range(14)]
    row = the_one(*lesson(27), *second)
    assert row["common"] == ["a word such as I, me or my"]
    assert all(each["folded"] for each in row["drafts"])
    # Half is not most.
    assert len(apart(*lesson(28), *second)) == 14


def test_where_few_have_drafts_these_are_measured_by_the_class() -> None:
    rows = lesson(25, level="low") + [pupil(n) for n in (25, 26)]
    assert apart(*rows) == {f"person:p{n}": ["level medium, most of the class low"] for n in (25, 26)}


@pytest.mark.parametrize("level", ["high", "urgent"])
def test_what_is_urgent_or_high_is_never_folded_though_all_do_it(level: str) -> None:
    row = the_one(*lesson(27, level=level))
    assert [each["apart"] for each in row["drafts"]] == [[f"level {level}"]] * 27


# ---------------------------------------------------------------- what is never part of it


@pytest.mark.parametrize("kind", ["lobsters", "wasps", "harbour"])
def test_no_class_hides_a_child_at_risk_or_what_is_for_the_police(kind: str) -> None:
    assert clustered(*lesson(29, category=kind, level="high"))[1].is_empty()


def test_a_draft_that_holds_more_is_no_part_and_only_a_child_at_risk_lies_beside() -> None:
    rows = [*lesson(27), pupil(3, 5, category="lobsters"), pupil(4, 5, category="wasps")]
    rows += [pupil(28, category="lobsters"), pupil(5, 300, category="lobsters", **FREE)]
    drafts, found = clustered(*rows)
    ids = {subject: of["draft_id"].to_list() for (subject,), of in drafts.group_by("subject", maintain_order=True)}
    [row] = found.to_dicts()
    inside = {each["draft_id"] for each in row["drafts"]}
    assert row["pupils"] == 27
    assert inside == {ids[f"person:p{n:02}"][0] for n in range(27) if n not in {3, 4, 5}} | (
        set(ids["person:p05"]) & set(drafts.filter(category="cranes")["draft_id"])
    )
    assert set(row["beside"]) == {ids["person:p03"][0], ids["person:p28"][0]}


def test_an_event_that_also_met_such_a_category_says_nothing_of_the_class() -> None:
    # A lesson that lowered it would be told of without any draft.
    rows = [pupil(n, event_id=f"x{n}", level="low", lowered_for="Folding") for n in range(20)]
    assert clustered(*rows)[1].height == 1
    rows += [pupil(n, event_id=f"x{n}", category="wasps", level="record") for n in range(20)]
    assert clustered(*rows)[1].is_empty()


@pytest.mark.parametrize("changes", [{"role": "Teacher"}, {"level": "record"}, {"who": "unknown-account"}])
def test_staff_mere_records_and_accounts_of_nobody_are_not_counted(changes: dict[str, Any]) -> None:
    assert clustered(*lesson(14), *(pupil(n, **changes) for n in range(14, 29)))[1].is_empty()


def test_a_secret_address_is_no_text_of_the_class() -> None:
    assert the_one(*lesson(20, text="statutory list match", field="host"))["texts"] == []


def test_a_lesson_that_lowered_it_all_is_kept_without_drafts() -> None:
    drafts, found = clustered(
        *lesson(20, level="low", lowered_for="Folding"), *lesson(20, level="low", category="kites")
    )
    assert drafts.is_empty()
    assert found.select("category", "lowered", "lowered_for").rows() == [("cranes", 20, ["Folding"])]


# ---------------------------------------------------------------- what always holds


def test_nothing_gives_an_empty_table() -> None:
    assert clusters(made.hits(), made.drafted(made.hits()), {}, {}).schema == CLUSTERS


@settings(max_examples=tries(40), deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "number": st.integers(0, 28),
                "minutes": st.integers(0, 90),
                "category": st.sampled_from(["cranes", "cranes", "cranes", "kites", "lobsters", "wasps"]),
                "level": st.sampled_from(["medium", "medium", "low", "high"]),
                "free": st.booleans(),
            }
        ),
        min_size=40, max_size=120,
    ),
    st.integers(0, 9),
)  # fmt: skip
def test_every_draft_stays_and_lies_in_one_cluster_at_most(rows: list[dict[str, Any]], seed: int) -> None:
    found = made.hits(
        *(
            pupil(
                row["number"],
                row["minutes"],
                category=row["category"],
                level=row["level"],
                **(FREE if row["free"] else {}),
            )
            for row in rows
        )
    )
    drafts = made.drafted(found)
    first = clusters(found, drafts, made.SIZES, made.CATEGORIES)
    mixed = found.sample(fraction=1, shuffle=True, seed=random.Random(seed).randrange(99))
    assert clusters(mixed, drafts.sample(fraction=1, shuffle=True, seed=seed), made.SIZES, made.CATEGORIES).equals(
        first
    )
    inside = first.explode("drafts")["drafts"].struct.unnest() if first.height else pl.DataFrame({"draft_id": []})
    assert inside["draft_id"].is_unique().all()
    of = drafts.join(inside.cast({"draft_id": pl.String}), on="draft_id")
    assert of.height == inside.height
    for row in of.iter_rows(named=True):
        assert not {"lobsters", "wasps"} & set(row["categories"])
        assert not (row["folded"] and row["level"] in {"urgent", "high"})
