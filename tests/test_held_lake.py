"""A legal hold keeps the logs of its incident as well: what its drafts cite, its days and its pages, and no more."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterable
from contextlib import closing, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from casebook import deciding
from casebook.kinds import CasebookError
from casebook.packs import LINES, RAW, lines, sealing
from casebook.splitting import split
from casebook.store import Casebook, history, incidents
from casebook.verifying import verify
from cli import main
from pipeline.config import load_settings
from pipeline.dataprotection import purging
from pipeline.dataprotection.purging import Parted
from pipeline.dataprotection.underhold import units_with
from pipeline.store.ledgerfile import opened_ledger
from pipeline.store.streams import Unit
from tests.effort import tries
from tests.made_casebook import ACCESS, NOW, casebook, do, routes, who
from tests.made_night import School, later, search, squid
from tests.test_packs_night import STAFF, exported

DAY = 86_400.0
PASSWORD = "a sentence of my own"
POLICE = "The police have asked."
#: What is derived for a day and names somebody.
NAMING = ("drafts", "became", "clusters", "user_counts", "site_verdicts")


def lobster(at: float, user: str) -> str:
    return squid(at, search("where to see a blue lobster"), user)


def empty(folder: Path) -> School:
    made = School(folder, STAFF).made()
    kept = "\n[retention]\nevents_days = 30\ndismissed_days = 5\ndrafts_unreviewed_days = 400\n"
    made.config.write_text(made.config.read_text("utf-8") + kept, "utf-8")
    return made


def three_nights(folder: Path) -> School:
    """One log that grows, in three units, two of them with a hit; two logs more, one of them without any."""
    made = empty(folder / "school")
    (folder / "password.txt").write_text(f"{PASSWORD}\n", "utf-8")
    (folder / "password.txt").chmod(0o600)
    first = squid(0, "http://www.example.org/before") + lobster(60, "a.example") + squid(70, user="a.example")
    second = squid(DAY + 10, user="b.example") + squid(DAY + 20, "http://www.cranes.example/", "b.example")
    third = squid(2 * DAY, user="a.example")
    made.log("grows", first)
    made.log("plain", squid(5, user="d.example"))
    made.night()
    made.log("grows", first + second)
    made.night(later(1))
    made.log("grows", first + second + third)
    made.log("other", lobster(2 * DAY + 5, "c.example"))
    made.night(later(2))
    return made


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> School:
    """The same for all: whoever uses it changes nothing in it."""
    return three_nights(tmp_path_factory.mktemp("shared"))


@pytest.fixture
def school(shared: School, tmp_path: Path) -> School:
    """A copy, because three nights take their time."""
    shutil.copytree(shared.folder.parent, tmp_path, dirs_exist_ok=True)
    return replace(shared, folder=tmp_path / "school")


def names(book: Casebook) -> list[str]:
    with book.reading() as connection:
        return sorted(str(row["id"]) for row in incidents(connection))


def cited(school: School, book: Casebook, held: Iterable[str]) -> set[str]:
    """The units that have a hit of these incidents, by the names of the hits and not by their lines."""
    with book.reading() as connection:
        wanted = {
            hit["hit_id"] for each in held for acted in history(connection, each) if acted.content
            for hit in acted.content.get("draft", {}).get("hits", ())
        }  # fmt: skip
    return {
        path.parent.name for path in (school.store / "lake").glob("*/hits.parquet")
        if wanted & set(pl.read_parquet(path)["hit_id"])
    }  # fmt: skip


def parted(school: School, book: Casebook, days: int = 60) -> Parted:
    chosen, now = load_settings(school.config), later(days)
    with book.reading() as connection, opened_ledger(school.store, now.date()) as ledger:
        return purging.parted(connection, chosen, ledger, purging.old(chosen, school.lake, ledger, now))


def units(school: School) -> set[str]:
    return {path.name for path in (school.store / "lake").iterdir()}


def days_of(school: School, kind: str) -> list[str]:
    return sorted(path.stem for path in (school.store / "days" / kind).iterdir())


def pages(school: School) -> list[str]:
    return sorted(path.parent.name for path in (school.folder / "reports").glob("*/digest.html"))


def run(school: School, account: str, *words: str) -> Result:
    return CliRunner().invoke(main, [*words, "--config", str(school.config), "--as", account])


def at_day(monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    """Let commands run so many days later."""

    class Clock:
        @staticmethod
        def now(_: object) -> Any:
            return later(days) + timedelta(hours=5)

    monkeypatch.setattr("casebook.commands.opening.datetime", Clock)


# ---------------------------------------------------------------- held, and released


def test_a_held_incident_keeps_its_unit_its_day_its_pages_and_its_pack_until_it_is_released(school: School) -> None:
    with casebook(school.store) as book:
        do(book, "d.lead", "I-2026-00001", "hold", reason=POLICE)
        [kept] = cited(school, book, ["I-2026-00001"])
    facts = days_of(school, "facts")
    record = school.night(later(60))
    assert (record.issues, units(school)) == ([], {kept})
    # The night that has brought it, and the one of the run itself.
    assert pages(school) == ["2026-11-11", "2027-01-10"]
    assert [days_of(school, kind) for kind in NAMING] == [["2026-11-10"]] * len(NAMING)
    assert record.deleted[0]["counts"]["runs of lines"] == 4
    assert record.kept_by_holds["runs of lines"] == 1
    assert [each for each in record.doubts if "Is each hold still needed?" in each]
    assert exported(school).exit_code == 0
    members, _ = sealing.read(school.folder.parent / "pack.zip", PASSWORD.encode())
    log = (school.folder / "logs" / "grows").read_bytes()
    found = list(lines.read(members[LINES], members[RAW]))
    assert [(each["because"], each["line"]) for each, _ in found] == [("hit", 2), ("around", 1), ("around", 3)]
    for each, raw in found:
        assert raw is not None
        assert log[each["byte_offset"] :].startswith(raw + b"\n")
    with casebook(school.store) as book:
        do(book, "d.lead", "I-2026-00001", "release", reason="They have answered.")
    record = school.night(later(61))
    assert (units(school), days_of(school, "drafts"), pages(school)) == (set(), [], ["2027-01-10", "2027-01-11"])
    assert record.deleted[0]["counts"]["runs of lines"] == 1
    assert record.kept_by_holds == {}
    assert days_of(school, "facts") == facts, "counts without names stay as they were"


STEPS = st.lists(st.tuples(st.integers(0, 2), st.sampled_from(["hold", "release"])), max_size=6)


@given(STEPS)
@settings(max_examples=tries(100), deadline=None)
def test_what_is_kept_is_what_is_held_and_no_more(
    shared: School, tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, str]]
) -> None:
    folder = tmp_path_factory.mktemp("book")
    shutil.copy(shared.store / "casebook.sqlite", folder)
    with casebook(folder) as book:
        known = names(book)
        held: set[str] = set()
        for number, kind in steps:
            with suppress(CasebookError):
                do(book, "d.lead", known[number], kind, reason=POLICE)
            (held.add if kind == "hold" else held.discard)(known[number])
        found, wanted = parted(shared, book), cited(shared, book, held)
        days = {"2026-11-1" + name[-1] for name in ("0", "1", "2") if known[int(name)] in held}
    assert {unit.unit_id for unit in found.held.units} == wanted
    assert len(wanted) == len(held)
    assert {str(day) for _, day in found.held.days} == days
    assert {unit.unit_id for unit in found.goes.units} == units(shared) - wanted
    assert {str(day) for _, day in found.goes.days} == {"2026-11-10", "2026-11-11", "2026-11-12"} - days
    shown = {page.parent.name for page in found.held.pages}
    # The pages of a night show the drafts of the day before.
    assert {str(int(day[-2:]) + 1) for day in days} == {night[-2:] for night in shown}
    assert {page.parent.name for page in found.goes.pages} == {"2026-11-11", "2026-11-12", "2026-11-13"} - shown


def test_what_belongs_to_a_held_incident_is_held_with_it(shared: School, tmp_path: Path) -> None:
    shutil.copy(shared.store / "casebook.sqlite", tmp_path)
    with casebook(tmp_path) as book:
        one, two, three = names(book)
        for incident in (one, two):
            do(book, "d.lead", incident, "review")
        # The first is about what is urgent: a second person agrees.
        do(book, "p.deputy", one, "agree", agreed="dismiss", reason="The same afternoon.")
        deciding.merge(book, ACCESS, routes(), who("d.lead"), one, two, "The same afternoon.", NOW)
        do(book, "d.lead", two, "hold", reason=POLICE)
        assert {each.unit_id for each in parted(shared, book).held.units} == cited(shared, book, [one, two])
        do(book, "d.lead", one, "hold", reason=POLICE)
        do(book, "d.lead", two, "release", reason="They have answered.")
        assert {each.unit_id for each in parted(shared, book).held.units} == cited(shared, book, [one, two])
        do(book, "d.lead", one, "release", reason="They have answered.")
        assert parted(shared, book).held.lines == []
        assert len(cited(shared, book, [three])) == 1


def test_what_was_split_off_holds_the_whole(tmp_path: Path) -> None:
    made = empty(tmp_path)
    made.log("one", lobster(0, "a.example"))
    made.log("two", lobster(60, "a.example"))
    made.night()
    with casebook(made.store) as book:
        [incident] = names(book)
        with book.reading() as connection:
            content = history(connection, incident)[0].content or {}
        hit = content["draft"]["hits"][0]["hit_id"]
        off = split(book, ACCESS, who("d.lead"), incident, [hit], "Another matter.", NOW)
        do(book, "d.lead", off.id, "hold", reason=POLICE)
        found = parted(made, book)
    assert {unit.unit_id for unit in found.held.units} == units(made)
    assert [page.parent.name for page in found.held.pages] == ["2026-11-11"] * 2


def test_an_incident_that_people_told_of_keeps_its_day_and_no_line(shared: School, tmp_path: Path) -> None:
    shutil.copy(shared.store / "casebook.sqlite", tmp_path)
    with casebook(tmp_path) as book:
        facts = {"category": "lobsters", "level": "high", "route": "pupil-victim", "day": "2026-11-11"}
        content = {"summary": "Mocked.", "reported_by": "her mother", "parties": ()}
        told = deciding.report(book, ACCESS, who("d.lead"), facts, content, later(2))
        do(book, "d.lead", told.id, "hold", reason=POLICE)
        found = parted(shared, book).held
    assert (found.units, found.pages) == ((), ())
    assert {(kind, str(day)) for kind, day in found.days} == {(kind, "2026-11-11") for kind in NAMING}


def test_what_was_erased_before_it_was_held_keeps_whatever_has_events_of_its_days(school: School) -> None:
    with casebook(school.store) as book:
        do(book, "p.deputy", "I-2026-00003", "agree", agreed="dismiss", reason="So it is.")
        do(book, "d.lead", "I-2026-00003", "review")
        do(book, "d.lead", "I-2026-00003", "dismiss", ground="false-alarm", reason="A line of a play.")
    assert [each["rule"] for each in school.night(later(10)).deleted] == ["dismissed"]
    with casebook(school.store) as book:
        do(book, "d.lead", "I-2026-00003", "hold", reason=POLICE)
    assert school.night(later(60)).issues == []
    # The log of its own and that which has grown on the same day: nobody can tell any more in which it was.
    assert school.table("events")["user"].sort().to_list() == ["a.example", "c.example"]
    assert days_of(school, "drafts") == ["2026-11-12"]


@pytest.mark.parametrize("erased", [False, True])
def test_what_went_on_past_midnight_keeps_both_days(tmp_path: Path, *, erased: bool) -> None:
    made = empty(tmp_path)
    made.log("log", lobster(15 * 3_600 - 60, "a.example") + lobster(15 * 3_600 + 60, "a.example"))
    made.night(later(1))
    with casebook(made.store) as book:
        [incident] = names(book)
        if erased:
            do(book, "p.deputy", incident, "agree", agreed="dismiss", reason="So it is.")
            do(book, "d.lead", incident, "review")
            do(book, "d.lead", incident, "dismiss", ground="false-alarm", reason="A line of a play.")
            assert [each["rule"] for each in made.night(later(10)).deleted] == ["dismissed"]
        do(book, "d.lead", incident, "hold", reason=POLICE)
        found = parted(made, book)
    assert {str(day) for kind, day in found.held.days if kind == "user_counts"} == {"2026-11-10", "2026-11-11"}
    assert ([kind for kind, _ in found.goes.days], found.goes.units) == ([], ())


def test_a_log_that_comes_late_to_a_held_day_waits_until_the_casebook_knows_it(tmp_path: Path) -> None:
    made = empty(tmp_path)
    made.log("one", lobster(0, "a.example"))
    made.night()
    with casebook(made.store) as book:
        do(book, "d.lead", "I-2026-00001", "hold", reason=POLICE)
    made.night(later(60))
    made.log("late", lobster(300, "a.example"))
    made.log("nothing", squid(400, user="b.example"))
    made.log("another-day", squid(-9 * DAY, user="b.example"))
    record = made.night(later(61))
    assert record.casebook["late"] == 1
    assert made.table("events")["user"].sort().to_list() == ["a.example", "a.example", "b.example"]
    assert made.night(later(62)).deleted[0]["counts"]["runs of lines"] == 1
    assert made.table("events")["user"].to_list() == ["a.example", "a.example"]


# ---------------------------------------------------------------- where nobody can tell


def test_where_the_casebook_cannot_be_reached_nothing_is_deleted(school: School) -> None:
    before, file = units(school), school.store / "casebook.sqlite"
    kept = file.read_bytes()
    file.write_bytes(b"This is no casebook.\n" * 400)
    record = school.night(later(60))
    assert units(school) == before
    assert (record.deleted, record.exit_code) == ([], 2)
    assert [each for each in record.issues if "nobody can tell what is under a legal hold" in each]
    assert days_of(school, "drafts") == ["2026-11-10", "2026-11-11", "2026-11-12"]
    file.write_bytes(kept)
    record = school.night(later(61))
    assert (units(school), record.issues) == (set(), [])


def test_a_hold_that_cannot_be_read_keeps_all(school: School) -> None:
    before = units(school)
    with casebook(school.store) as book:
        do(book, "d.lead", "I-2026-00001", "hold", reason=POLICE)
    with closing(sqlite3.connect(school.store / "casebook.sqlite")) as connection:
        connection.execute("UPDATE content SET body = '{\"draft\": {}}' WHERE seq = 1")
        connection.commit()
    record = school.night(later(60))
    assert units(school) == before
    assert [each for each in record.issues if "Run: esafety audit verify" in each]
    assert run(school, "d.lead", "purge").exit_code == 1
    assert units(school) == before


def test_a_table_that_says_what_its_history_does_not_stops_no_night(school: School) -> None:
    with casebook(school.store) as book:
        do(book, "d.lead", "I-2026-00002", "review")
        do(book, "d.lead", "I-2026-00002", "dismiss", ground="legitimate", reason="For a lesson.")
    with closing(sqlite3.connect(school.store / "casebook.sqlite")) as connection:
        connection.execute("UPDATE incident SET category = 'other' WHERE id = 'I-2026-00002'")
        connection.commit()
    record = school.night(later(20))
    assert (record.deleted, record.exit_code) == ([], 2)
    assert [each for each in record.issues if "in the casebook was erased: the tables say of I-2026-00002" in each]
    assert (school.folder / "reports" / "2026-12-01" / "digest.html").exists()


# ---------------------------------------------------------------- by hand


def test_by_hand_it_says_how_much_is_kept_and_of_whom_nothing(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    with casebook(school.store) as book:
        do(book, "d.lead", "I-2026-00001", "hold", reason=POLICE)
        kept = cited(school, book, ["I-2026-00001"])
    at_day(monkeypatch, 60)
    dry = run(school, "n.network", "purge", "--dry-run")
    assert "Legal holds keep past their time: 3 events, 1 runs of lines, 1 days of counts by user" in dry.stdout
    assert "2 pages with names" in dry.stdout
    assert [word for word in ("a.example", "I-2026", "2026-11-10", "police", "lobster") if word in dry.stdout] == []
    told = [json.loads(run(school, "n.network", "purge", *more, "--json").stdout) for more in (["--dry-run"], [])]
    assert told[0]["kept_by_holds"] == told[1]["kept_by_holds"]
    assert told[0]["receipts"] == told[1]["receipts"]
    assert units(school) == kept
    with casebook(school.store) as book:
        assert verify(book).faults == []


def test_whoever_decides_finds_what_is_held_again(school: School) -> None:
    with casebook(school.store) as book:
        do(book, "d.lead", "I-2026-00002", "hold", reason=POLICE)
        do(book, "d.lead", "I-2026-00002", "review")
        do(book, "d.lead", "I-2026-00002", "dismiss", ground="legitimate", reason="For a lesson.")
    shown = run(school, "d.lead", "incident", "list", "--held")
    assert [line.split()[0] for line in shown.stdout.splitlines()] == ["I-2026-00002"]
    assert "You see nothing that is held." in run(school, "n.network", "incident", "list", "--held").stdout
    assert "I-2026-00002" not in run(school, "d.lead", "incident", "list").stdout


def test_a_hold_shows_at_the_case_that_the_held_one_went_into(school: School) -> None:
    with casebook(school.store) as book:
        do(book, "d.lead", "I-2026-00001", "hold", reason=POLICE)
        do(book, "p.deputy", "I-2026-00001", "agree", agreed="dismiss", reason="It is the same.")
        deciding.merge(book, ACCESS, routes(), who("d.lead"), "I-2026-00001", "I-2026-00002", "The same.", NOW)
    listed = run(school, "d.lead", "incident", "list", "--held").stdout
    assert [line.split()[0] for line in listed.splitlines()] == ["I-2026-00001", "I-2026-00002"]
    shown = run(school, "d.lead", "incident", "show", "I-2026-00002").stdout
    assert "  Held, because it belongs to I-2026-00001: nothing of it is deleted." in shown
    assert "  Held: nothing of it is deleted." in run(school, "d.lead", "incident", "show", "I-2026-00001").stdout
    assert json.loads(run(school, "d.lead", "incident", "show", "I-2026-00003", "--json").stdout)["held"] is False


# ---------------------------------------------------------------- lines and units


def unit(file: str, first_line: int, begin: int, end: int, source: str = "filter") -> Unit:
    name = f"{source} {file} {begin}-{end}"
    return Unit(name, source, file, "main", first_line, begin, end, 0, 0, 0, {}, None, None)


#: Units of one file, the first lines of which are 1, 8 and 12, and some of others.
CHAIN = [unit("f", 1, 0, 100), unit("f", 8, 100, 180), unit("f", 12, 180, 900)]


@pytest.mark.parametrize(
    ("more", "line", "wanted"),
    [
        ([], ("f", 1), {"filter f 0-100"}),
        # A record of several lines ends where the next unit begins.
        ([], ("f", 7), {"filter f 0-100"}),
        ([], ("f", 8), {"filter f 100-180"}),
        ([], ("f", 12), {"filter f 180-900"}),
        ([], ("f", 400), {"filter f 180-900"}),
        ([], ("g", 1), set()),
        # The same file under another source, read in one go.
        ([unit("f", 1, 0, 900, "other")], ("f", 9), {"filter f 100-180", "other f 0-900"}),
        ([unit("f", 12, 180, 300, "other")], ("f", 20), {"filter f 180-900", "other f 180-300"}),
        # A run of lines that held none.
        ([unit("f", 8, 100, 100, "other")], ("f", 7), {"filter f 0-100"}),
    ],
)
def test_which_unit_a_line_is_in(more: list[Unit], line: tuple[str, int], wanted: set[str]) -> None:
    assert set(units_with([*CHAIN, *more], frozenset([line]))) == wanted


CUTS = st.lists(st.integers(2, 40), unique=True, max_size=5).map(sorted)


@given(st.lists(CUTS, min_size=1, max_size=3), st.lists(st.integers(1, 40), min_size=1, max_size=4))
@settings(max_examples=tries(300))
def test_a_line_is_in_one_unit_of_every_way_in_which_its_file_was_cut(cuts: list[list[int]], wanted: list[int]) -> None:
    ways = []
    for number, of in enumerate(cuts):
        ends = [*zip([1, *of], [*of, 41], strict=True)]
        ways.append([unit("f", first, first * 10, end * 10, f"s{number}") for first, end in ends])
    everything = [each for way in ways for each in way]
    found = set(units_with(everything, frozenset(("f", line) for line in wanted)))
    assert found == {
        each.unit_id for each in everything for line in wanted if each.start_byte <= line * 10 < each.end_byte
    }
    shuffled = [replace(each) for each in reversed(everything)]
    assert set(units_with(shuffled, frozenset(("f", line) for line in wanted))) == found
