"""The made week in which nobody does anything: it is what it says, and the rules leave it alone."""

from __future__ import annotations

from pathlib import Path
from random import Random

import polars as pl

from benchmarks.school_week import lessons, pupils, week, write_week
from pipeline.limits import Thresholds
from pipeline.match import match_texts
from pipeline.priority import with_levels
from pipeline.rules import bounds_of
from tests.shipped import shipped_matcher

#: Of a thousand ordinary searches, so many make a draft by themselves.
_MOST_NOISE = 3


def test_the_rules_leave_ordinary_searches_alone() -> None:
    everything = [*week()["lesson"], week()["everyday"]]
    texts = sorted({text for each in everything for text in each["searches"]})
    assert len(texts) > 500
    table = pl.DataFrame({"field": ["search_text"] * len(texts), "text": texts})
    hits = match_texts(table, shipped_matcher()).with_columns(kind=pl.lit("typed"))
    drafting = with_levels(hits, bounds_of(Thresholds())).filter(pl.col("level").is_in(["urgent", "high", "medium"]))
    assert drafting["text"].n_unique() * 1000 <= _MOST_NOISE * len(texts)


def test_every_class_has_the_lessons_of_its_year_and_one_room(tmp_path: Path) -> None:
    everybody = pupils(90)
    assert len({each.login for each in everybody}) == 90
    assert write_week(tmp_path, 90, seed=3) > 90 * 5 * 5
    people = pl.read_csv(tmp_path / "people.csv")
    assert people.group_by("classes").len()["len"].max() == 18
    timetable = pl.read_csv(tmp_path / "timetable.csv")
    assert timetable.height == timetable.select("class", "weekday", "start").n_unique() == 5 * 6 * 5
    assert set(timetable.filter(pl.col("class") == "7A")["subject"]) <= {
        each["subject"] for each in week()["lesson"] if 7 in each["years"]
    }


def test_the_same_seed_gives_the_same_week(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_week(tmp_path / name, 30, seed=7)
    logs = [(tmp_path / name / "access.log").read_bytes() for name in ("one", "two")]
    assert logs[0] == logs[1]


def test_lessons_come_from_the_plan() -> None:
    plan = lessons({(9, "9A")}, Random(1))
    assert len(plan) == 30
    assert all(9 in each["years"] for each in plan.values())
