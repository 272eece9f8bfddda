"""A whole night over the invented school drafts what its stories say, as surely as they say, and nothing else."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest

from pipeline import demonstration, lake, nightly, schema
from pipeline.accounts import normalise_user
from pipeline.people import PeopleColumns, load_devices, load_people, resolve
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
def drafts(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    config = demonstration.prepare(tmp_path_factory.mktemp("night") / "school")
    settings = demonstration.settings(config)
    record = nightly.run(settings, config, demonstration.NIGHT)
    assert not record.issues
    return lake.read_days(lake.Lake(settings.store.folder), "drafts", schema.DRAFTS)


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
    expected = {(subject(story)[0], day) for story in STORIES if story["draft"] for day in days(story)}
    assert set(drafts.select("subject", "day").iter_rows()) == expected
