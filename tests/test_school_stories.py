"""A whole night over the invented school drafts what its stories say, as surely as they say, and nothing else."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest

from pipeline import lake, nightly, schema
from pipeline.people import PeopleColumns, load_devices, load_people, resolve
from pipeline.school.accounts import normalise_user
from pipeline.trials import demonstration
from sample_logs.school_roll import HERE, load

STORIES: list[dict[str, Any]] = load().stories["story"]


def subject(story: dict[str, Any]) -> tuple[str, str]:
    """What a story's events are filed under, and how surely."""
    school = load()
    pupil = school.pupils.get(story.get("who", ""))
    place = story.get("place", "wifi")
    seen = pl.DataFrame(
        {
            "user": [normalise_user(school.account(story.get("who", "")))],
            "client_ip": [pupil.in_school if pupil and place in {"wifi", "home"} else place],
            "device": [story.get("device")],
            "day": [school.when(story["steps"][0]["at"]).date()],
            "challenge": ["challenge" in story["steps"][0]],
        },
        schema_overrides={"device": pl.String},
    )
    people = load_people(HERE / "school" / "people.csv", PeopleColumns())
    resolved = resolve(seen, people, load_devices(HERE / "school" / "devices.csv"))
    return resolved["subject"].item(), resolved["who"].item()


def days(story: dict[str, Any]) -> set[date]:
    school = load()
    return {school.when(step["at"]).date() for step in story["steps"]}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> lake.Lake:
    config = demonstration.prepare(tmp_path_factory.mktemp("night") / "school")
    settings = demonstration.settings(config)
    record = nightly.run(settings, config, demonstration.NIGHT)
    assert not record.issues
    return lake.Lake(settings.store.folder)


@pytest.fixture(scope="module")
def drafts(place: lake.Lake) -> pl.DataFrame:
    return lake.read_days(place, "drafts", schema.DRAFTS)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: str(story["id"]))
def test_a_story_is_told_as_surely_as_it_says(story: dict[str, Any]) -> None:
    assert subject(story)[1] == story["grade"]


@pytest.mark.parametrize("story", [each for each in STORIES if each["draft"]], ids=lambda story: str(story["id"]))
def test_a_story_that_matters_is_drafted(drafts: pl.DataFrame, story: dict[str, Any]) -> None:
    filed_under, grade = subject(story)
    found = drafts.filter(pl.col("subject") == filed_under)
    assert days(story) <= set(found["day"])
    assert grade in set(found["who"])


def test_nothing_else_is_drafted(drafts: pl.DataFrame) -> None:
    school = load()
    expected = {(subject(story)[0], day) for story in STORIES if story["draft"] for day in days(story)}
    expected |= {
        (f"person:{school.account(step['who'])}", school.when(step["at"]).date())
        for lesson in school.stories["together"]
        for step in lesson["steps"]
    }
    assert set(drafts.select("subject", "day").iter_rows()) == expected


def test_what_a_class_does_together_is_one_cluster(place: lake.Lake, drafts: pl.DataFrame) -> None:
    [found] = lake.read_days(place, "clusters", schema.CLUSTERS).filter(pl.col("drafts").list.len() > 0).to_dicts()
    assert (found["class"], found["lesson"], found["pupils"], found["class_size"]) == (
        "10D", "Computing, period 3 (10D)", 7, 8,
    )  # fmt: skip
    names = dict(drafts.select("draft_id", "subject_name").iter_rows())
    apart = {names[each["draft_id"]]: each["apart"] for each in found["drafts"] if not each["folded"]}
    assert apart == {
        "Josie Example": [
            "together with: personal-data", "a word such as I, me or my",
            "found by a rule that fewer than three of them met",
        ],
        "Imran Example": ["the same again at another time that day"],
    }  # fmt: skip
