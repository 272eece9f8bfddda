"""Changed rules are tried on what was read already: what appears and vanishes is told, and nothing is changed."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from casebook.store import actions
from casebook.tables import ACTION
from cli import main
from pipeline.config import load_settings
from pipeline.trials import replaying
from pipeline.trials.replaying import Replayed, replay
from tests.made_casebook import casebook
from tests.made_night import NIGHT, School, made_log, search, squid
from tests.test_packs_night import STAFF

_DAY = date(2026, 11, 10)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> School:
    """The same for all: whoever uses it changes nothing in it."""
    place = School(tmp_path_factory.mktemp("shared"), STAFF).made()
    place.log("access.log", made_log(900) + squid(950, search("red lobster")) + squid(960, search("a paper boat")))
    place.log("next.log", squid(86400 * 2, search("red lobster")))
    place.night()
    return place


@pytest.fixture
def school(shared: School, tmp_path: Path) -> School:
    """A copy, because a night takes its time."""
    shutil.copytree(shared.folder, tmp_path, dirs_exist_ok=True)
    return replace(shared, folder=tmp_path)


def replayed(school: School, since: date = _DAY, until: date = _DAY, show: int = 0) -> Replayed:
    return replay(load_settings(school.config), since, until, show)


def changed(school: School, name: str, old: str, new: str) -> None:
    path = school.folder / "lists" / f"{name}.toml"
    assert old in path.read_text("utf-8")
    path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")


def store_bytes(school: School) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in school.store.rglob("*") if path.is_file()}


def test_the_same_rules_find_the_same(school: School) -> None:
    account = replayed(school)
    found = school.table("hits").join(
        school.table("hit_events").filter(pl.col("ts").dt.date() == _DAY).select("event_id"), on="event_id", how="semi"
    )
    assert account.units == 1
    assert account.rules["before"].sum() == account.rules["after"].sum() == found.height > 10
    assert account.rules["appeared"].sum() == account.rules["vanished"].sum() == 0
    lines = list(replaying.as_lines(account, _DAY, _DAY))
    assert lines[0] == "2026-11-10 to 2026-11-10: units of the store flagged again: 1. Nothing was changed."
    assert lines[1:] == [
        f"All {account.rules.height} rules find the same as before.",
        "Drafts: 10 as before, 0 would appear, 0 vanish, 0 have another level or category.",
    ]


def test_what_appears_and_vanishes_is_told_and_nothing_changes(school: School) -> None:
    before = store_bytes(school)
    changed(school, "lobsters", 'terms = ["blue lobster"]\nlowers', 'terms = ["red lobster"]\nlowers')
    changed(school, "lobsters", 'match = ["blue lobster"]', 'match = ["red lobster"]')
    account = replayed(school, show=3)
    row = account.rules.row(by_predicate=pl.col("rule_id") == "lobsters-words", named=True)
    assert (row["before"], row["after"], row["appeared"], row["vanished"]) == (row["vanished"], 1, 1, row["before"])
    assert row["drafting_before"] == row["before"] > 0
    assert row["drafting_after"] == 1
    assert account.appeared == [("lobsters-words", "red lobster")]
    assert account.vanished == [("lobsters-words", "where to see a blue lobster")]
    assert account.rules.filter(pl.col("rule_id") != "lobsters-words")["appeared"].sum() == 0
    assert store_bytes(school) == before


def test_only_the_days_that_were_asked_for_count(school: School) -> None:
    changed(school, "lobsters", 'terms = ["blue lobster"]\nlowers', 'terms = ["blue lobster", "red lobster"]\nlowers')
    both, later = replayed(school, until=date(2026, 11, 12)), replayed(school, date(2026, 11, 12), date(2026, 11, 12))
    assert (both.units, both.rules["appeared"].sum()) == (2, 2)
    assert (later.units, later.rules["appeared"].sum(), later.rules["before"].sum()) == (1, 1, 0)
    assert replayed(school, date(2026, 12, 1), date(2026, 12, 2)).units == 0


def test_other_weights_show_in_what_makes_drafts(school: School) -> None:
    changed(school, "cranes", "weight = 50", "weight = 20")
    account = replayed(school)
    assert account.rules["appeared"].sum() == account.rules["vanished"].sum() == 0
    sites = account.rules.row(by_predicate=pl.col("rule_id") == "cranes-sites", named=True)
    assert sites["drafting_before"] == sites["before"] > 0
    assert sites["drafting_after"] == 0


def test_what_retention_has_taken_is_said(school: School) -> None:
    with school.config.open("a", encoding="utf-8") as stream:
        stream.write("[retention]\nevents_days = 1\n")
    school.night(NIGHT.replace(day=12))
    account = replayed(school, until=date(2026, 11, 12))
    assert (account.units, account.gone) == (1, 1)
    assert "flagged again: 1; no longer kept, their days not drafted again: 1. Nothing" in next(
        iter(replaying.as_lines(account, _DAY, _DAY))
    )


def test_on_the_command_line_it_speaks_to_people_and_machines(school: School) -> None:
    changed(school, "lobsters", 'terms = ["blue lobster"]\nlowers', 'terms = ["blue lobster", "red lobster"]\nlowers')
    asked = ["watchlist", "replay", "--config", str(school.config), "--since", "2026-11-10", "--until", "2026-11-10"]
    said = CliRunner().invoke(main, asked)
    assert said.exit_code == 0
    assert "red lobster" not in said.output
    assert "lobsters-words (lobsters): " in said.output
    assert ", 1 appear, 0 vanish; at the level of drafts " in said.output
    data = json.loads(CliRunner().invoke(main, [*asked, "--json"]).output)
    assert sum(row["appeared"] for row in data["rules"]) == 1
    assert data["appeared"] == []
    missing = CliRunner().invoke(main, ["watchlist", "replay", "--config", str(school.folder / "none.toml")])
    assert missing.exit_code == 1
    assert "there is no such file" in missing.output


def views(school: School) -> list[tuple[str, str, str | None]]:
    with casebook(school.store) as book, book.reading() as connection:
        rows = connection.execute(actions().where(ACTION.c.kind == "view")).mappings().all()
    return [(row["author"], json.loads(row["facts"])["what"], row["about"]) for row in rows]


def test_whoever_lets_it_show_what_pupils_typed_is_written_down(school: School) -> None:
    changed(school, "lobsters", 'terms = ["blue lobster"]\nlowers', 'terms = ["blue lobster", "red lobster"]\nlowers')
    asked = ["watchlist", "replay", "--config", str(school.config), "--since", "2026-11-10", "--until", "2026-11-10"]
    assert CliRunner().invoke(main, asked).exit_code == 0
    for more in ([], ["--as", "n.network"], ["--as", "a.example"]):
        refused = CliRunner().invoke(main, [*asked, "--show", "1", *more])
        assert (refused.exit_code, refused.stdout) == (1, "")
    assert (
        "you may not read what was typed"
        in CliRunner().invoke(main, [*asked, "--show", "1", "--as", "n.network"]).stderr
    )
    assert views(school) == []
    said = CliRunner().invoke(main, [*asked, "--show", "1", "--as", "d.lead"])
    assert "appears: lobsters-words: 'red lobster'" in said.output
    data = json.loads(CliRunner().invoke(main, [*asked, "--show", "1", "--json", "--as", "d.lead"]).output)
    assert data["appeared"] == [["lobsters-words", "red lobster"]]
    assert views(school) == [("d.lead", "replay", None)] * 2


def test_an_empty_store_has_nothing_to_flag(tmp_path: Path) -> None:
    account = replayed(School(tmp_path).made())
    assert (account.units, account.gone, account.rules.height) == (0, 0, 0)
    assert list(replaying.as_lines(account, _DAY, _DAY))[1:] == [
        "Nothing was found in these days, and nothing would be."
    ]
