"""The made weeks in which nobody does anything: they are what they say, and the rules leave them alone."""

from __future__ import annotations

from pathlib import Path
from random import Random

import polars as pl
import pytest

from benchmarks.school_week import WEEKS, begins, lessons, pupils, week, write_week
from pipeline.match import match_texts
from pipeline.priority import with_levels
from pipeline.rules import bounds_of
from pipeline.settings.limits import Thresholds
from tests.shipped import shipped_matcher


def searches(name: str) -> list[str]:
    """All distinct ones of a week."""
    made = week(name)
    everything = [*made["lesson"], made["everyday"], *([made["staff"]] if "staff" in made else [])]
    return sorted({text for each in everything for text in each["searches"]})


# Of a thousand ordinary searches, so many make a draft by themselves: a little over what was reached.
@pytest.mark.parametrize(
    ("name", "fewest", "noise"),
    [
        ("autumn", 500, 3),
        ("summer", 900, 3),
        ("spring", 1_500, 3),
        ("winter", 2_000, 3),
        ("september", 2_000, 3),
        ("june", 3_000, 3),
        ("london", 1_700, 3),
        ("manchester", 1_700, 3),
        ("lincolnshire", 1_600, 3),
        ("cardiff", 1_700, 3),
        ("newcastle", 1_700, 3),
    ],
)
def test_the_rules_leave_ordinary_searches_alone(name: str, fewest: int, noise: int) -> None:
    texts = searches(name)
    assert len(texts) > fewest
    table = pl.DataFrame({"field": ["search_text"] * len(texts), "text": texts})
    hits = match_texts(table, shipped_matcher()).with_columns(kind=pl.lit("typed"))
    drafting = with_levels(hits, bounds_of(Thresholds())).filter(pl.col("level").is_in(["urgent", "high", "medium"]))
    assert drafting["text"].n_unique() * 1000 <= noise * len(texts)


def test_no_search_stands_in_two_weeks() -> None:
    texts = [each.casefold() for name in WEEKS for each in searches(name)]
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("name", WEEKS)
def test_every_class_has_the_lessons_of_its_year_and_one_room(name: str, tmp_path: Path) -> None:
    made = week(name)
    everybody = pupils(90, made["years"])
    assert len({each.login for each in everybody}) == 90
    assert write_week(tmp_path, name, 90, seed=3) > 90 * 5 * 5
    people = pl.read_csv(tmp_path / "people.csv")
    classes = people.filter(pl.col("role") == "pupil").group_by("classes").len()
    assert classes["len"].max() == -(-90 // len(made["years"]))
    timetable = pl.read_csv(tmp_path / "timetable.csv")
    assert timetable.height == timetable.select("class", "weekday", "start").n_unique() == classes.height * 6 * 5
    assert set(timetable.filter(pl.col("class") == "7A")["subject"]) <= {
        each["subject"] for each in made["lesson"] if 7 in each["years"]
    }


def test_staff_look_for_their_own_things_and_stand_in_the_people_file(tmp_path: Path) -> None:
    write_week(tmp_path, "summer", 36, seed=1)
    people = pl.read_csv(tmp_path / "people.csv")
    logins = people.filter(pl.col("role") == "staff")["username"].to_list()
    assert len(logins) == 3
    lines = [line.split() for line in (tmp_path / "access.log").read_text("utf-8").splitlines()]
    pages = {line[6] for line in lines if line[7] in logins and "google.com/search" not in line[6]}
    assert pages
    assert pages <= set(week("summer")["staff"]["pages"])


def test_a_period_begins_by_the_clock_on_the_wall() -> None:
    assert f"{begins(week('autumn')['monday'], 0, 0):%a %H:%M %z}" == "Mon 09:00 +0000"
    assert f"{begins(week('summer')['monday'], 4, 1):%a %H:%M %z}" == "Fri 10:00 +0100"


@pytest.mark.parametrize("name", WEEKS)
def test_the_same_seed_gives_the_same_week(name: str, tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        write_week(tmp_path / folder, name, 30, seed=7)
    logs = [(tmp_path / folder / "access.log").read_bytes() for folder in ("one", "two")]
    assert logs[0] == logs[1]


def test_lessons_come_from_the_plan() -> None:
    plan = lessons(week("autumn")["lesson"], {(9, "9A")}, Random(1))
    assert len(plan) == 30
    assert all(9 in each["years"] for each in plan.values())
