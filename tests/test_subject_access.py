"""A copy of what is held on one person: all of it, in every spelling, with nobody else in it and nothing withheld."""

from __future__ import annotations

import csv
import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from casebook import outgoing
from casebook.case import STATES
from casebook.dataprotection import held
from casebook.kinds import KINDS
from casebook.store import case_of, opened_casebook
from cli import main
from pipeline.dataprotection import subjectaccess
from pipeline.dataprotection.heldall import Gathered, gathered
from reports import subject
from reports.subject.masking import masks
from tests.effort import tries
from tests.made_casebook import do
from tests.made_night import School
from tests.made_subject import (
    SPELLINGS,
    casebook_of,
    copied,
    copy_of,
    counts_of,
    exports,
    of_category,
    rows_of,
    run,
    texts_of,
)


@pytest.fixture
def school(kept_subject: School, tmp_path: Path) -> School:
    """A copy of it, to be changed."""
    return copy_of(kept_subject, tmp_path / "school")


def test_all_events_in_all_spellings_are_there_and_counted(school: School) -> None:
    made = copied(school)
    events = school.table("events")
    tied = events.filter(pl.col("user").is_null() & (pl.col("client_ip") == "10.0.0.9")).height
    assert (made["found"], tied) == (events.filter(pl.col("user") == "a.example").height + 1, 1)
    assert made["found"] == len(SPELLINGS) + 6
    assert (made["written"], made["kept_back"]) == (made["found"] - 3, 3)
    with (school.folder / "copy" / "events.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    table = pl.read_parquet(school.folder / "copy" / "events.parquet")
    assert len(rows) == table.height == made["written"]
    assert {row["user"] for row in rows} == {"a.example", ""}
    assert [row["path"] for row in rows if not row["user"]] == ["/tied"]
    page = texts_of(school)["index.html"]
    assert counts_of(school) == [["10", "7", "3"], ["9", "6", "3"], ["4", "2", "2"], ["0", "0", "0"]]
    assert "2026-11-11/digest.html" in page
    assert any("blue lobster" in row["search_text"] for row in rows), "a search is no secret of its engine"


def test_the_one_who_makes_it_is_told_of_each_how_much_was_found(school: School) -> None:
    words = ["subject-access", "a.example", "--config", str(school.config), "--as", "d.lead", "--reason", "Asked."]
    said = CliRunner().invoke(main, [*words, "--output", str(school.folder / "copy")]).output.splitlines()
    assert said[:4] == [
        "Events: 10 found = 7 written + 3 withheld.",
        "Original lines of these: 9 found = 6 written + 3 withheld.",
        "Lines that could not be read: 4 found = 2 written + 2 withheld.",
        "Entries of the registers: 0 found = 0 written + 0 withheld.",
    ]
    assert said[4].startswith("Incidents: 2 in the copy; 1 withheld. It may be illegal")
    assert "ask the DSL" not in said[4], "whoever makes it may be the DSL"  # fmt: skip


def test_nobody_else_is_in_it_and_what_is_withheld_is_only_counted(school: School) -> None:
    made = copied(school)
    for name, text in texts_of(school).items():
        for word in ("jordan", "b.sample", "j.sample", "192.0.2.77", "sealed", "p.deputy", "ida"):
            assert not re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE), f"{word} stands in {name}"
    page = texts_of(school)["index.html"]
    assert (made["incidents"], made["withheld"]) == (2, 1)
    assert "1 matter that is withheld." in page
    assert "two senior people have agreed" in page
    assert "Alex and [account withheld] fell out; ask [account withheld]" in page
    assert "another pupil: witness" in page
    assert "Somebody must read this before it is handed over" in page


def test_what_the_list_of_devices_ties_to_them_is_there_and_no_other_row(school: School) -> None:
    copied(school)
    assert [(row["address"], row["username"]) for row in rows_of(school, "devices.csv")] == [("10.0.0.9", "a.example")]


def test_two_people_let_out_what_is_withheld_and_even_then_no_text_of_it(school: School) -> None:
    sealed = of_category(school, "sealed", "a.example")
    with opened_casebook(casebook_of(school)) as book:
        do(book, "h.head", sealed, "agree", 60 * 24 * 60, agreed="export", reason="She knows of it.")
    made = copied(school)
    assert (made["incidents"], made["withheld"]) == (3, 0)
    texts = texts_of(school)
    assert sealed in texts["index.html"]
    assert not any("sealed word" in text or "sealed+word" in text for text in texts.values())
    assert [each["about"] for each in exports(school)].count(sealed) == 1
    with opened_casebook(casebook_of(school)) as book, book.reading() as connection:
        assert "export" not in case_of(connection, sealed).agreed, "what was agreed was for one copy"


def test_every_copy_is_an_action_with_its_reason_and_the_hash_of_its_files(school: School) -> None:
    copied(school, "a.auditor")
    actions = exports(school)
    assert [each["about"] is None for each in actions] == [True, False, False]
    assert actions[0]["content"] == {"reason": "Her father asked on 3 November.", "person": "a.example"}
    assert {each["author"] for each in actions} == {"a.auditor"}
    listed = subprocess.run(
        ["sh", "-c", "LC_ALL=C sha256sum * | sha256sum"],
        cwd=school.folder / "copy",
        capture_output=True,
        text=True,
        check=True,
    )
    assert {each["facts"]["sha256"] for each in actions} == {listed.stdout.split()[0]}
    assert not any("a.example" in json.dumps(each["facts"]) for each in actions)


def test_what_the_dsl_leaves_out_has_left_no_trace_in_the_copy(school: School) -> None:
    incident = of_category(school, "lobsters", "a.example")
    refused = run(school, "a.auditor", "a.example", "--without", incident)
    assert (refused.exit_code, "not yours to decide" in refused.stderr) == (1, True)
    made = copied(school, "d.lead", "a.example", "--without", incident)
    assert (made["incidents"], made["withheld"]) == (1, 1)
    texts = texts_of(school)
    assert not any(incident in text for text in texts.values())
    assert not any("lobsters" in texts.get(name, "") for name in ("hits.csv", "drafts.csv", "counts.csv", "index.html"))
    assert exports(school)[0]["facts"]["without"] == [incident]


@pytest.mark.parametrize(
    ("account", "person", "words", "said"),
    [
        ("n.network", "a.example", (), "may not copy"), ("p.deputy", "a.example", (), "may not copy"),
        ("g.governor", "a.example", (), "may not copy"), ("d.lead", "EXAMPLE\\D.Lead", (), "about themselves"),
        ("d.lead", "-", (), "names nobody"), ("d.lead", "a.example", ("--without", "I-2026-99999"), "not among"),
        ("d.lead", "a.example", ("--reason", " "), "reason is empty"),
    ],
)  # fmt: skip
def test_what_is_refused_leaves_neither_a_file_nor_an_action(
    school: School, account: str, person: str, words: tuple[str, ...], said: str
) -> None:
    result = run(school, account, person, *words)
    assert (result.exit_code, said in result.stderr, "Traceback" in result.stderr) == (1, True, False)
    assert exports(school) == []
    assert [path.name for path in school.folder.iterdir() if "copy" in path.name] == []


def test_a_folder_that_holds_something_is_left_alone(school: School) -> None:
    (school.folder / "copy").mkdir()
    (school.folder / "copy" / "mine.txt").write_text("mine", "utf-8")
    assert "not an empty folder" in run(school, "d.lead").stderr
    assert [path.name for path in (school.folder / "copy").iterdir()] == ["mine.txt"]


def test_of_staff_what_they_did_is_there_without_what_it_was_about(school: School) -> None:
    made = copied(school, "h.head", "D.Lead")
    assert (made["found"], made["incidents"]) == (0, 0)
    texts = texts_of(school)
    assert [row["kind"] for row in csv.DictReader(texts["actions.csv"].splitlines())] == ["review", "party"]
    assert "b.sample" not in "".join(texts.values())


def test_a_case_that_the_one_who_asks_is_part_of_is_not_even_counted(school: School) -> None:
    incident = of_category(school, "lobsters", "a.example")
    with opened_casebook(casebook_of(school)) as book:
        do(book, "h.head", incident, "party", 60, person="d.lead", part="instigator", person_kind="staff")
    made = copied(school)
    assert (made["incidents"], made["withheld"]) == (1, 1)
    assert not any(incident in text for text in texts_of(school).values())


def test_a_witness_is_not_told_what_somebody_else_typed(school: School) -> None:
    made = copied(school, "d.lead", "b.sample")
    page = texts_of(school)["index.html"]
    assert made["incidents"] == 2
    assert "another pupil: subject" in page
    assert "you: witness" in page
    # Their own search for the same is there, Alex's is not.
    assert "blue lobster for" not in page
    assert "blue lobster" in page
    assert not re.search(r"(?<!\w)(alex|a\.example)(?!\w)", "".join(texts_of(school).values()), re.IGNORECASE)


def test_a_cell_cannot_become_a_formula(school: School) -> None:
    copied(school)
    for name, text in texts_of(school).items():
        if name.endswith(".csv"):
            assert not [cell for row in csv.reader(text.splitlines()) for cell in row if cell[:1] in {"=", "+", "@"}]


KILLED = """
import os, signal, sys
from click.testing import CliRunner
from casebook import outgoing
from casebook.store import Writer
from cli import main

def killed(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

place, name = {"written": (outgoing, "flushed"), "noted": (Writer, "keep"), "kept": (outgoing, "put")}[sys.argv[1]]
setattr(place, name, killed)
CliRunner().invoke(main, sys.argv[2:])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signal that ends a process at once")
@pytest.mark.parametrize(("moment", "noted"), [("written", 0), ("noted", 0), ("kept", 3)])
def test_a_copy_that_is_killed_is_there_after_the_next_run_with_one_action(
    school: School, moment: str, noted: int
) -> None:
    words = ["subject-access", "a.example", "--config", str(school.config), "--as", "d.lead"]
    words += ["--output", str(school.folder / "copy"), "--reason", "Her father asked on 3 November."]
    command = [sys.executable, "-c", KILLED, moment, *words]
    killed = subprocess.run(command, cwd=Path(__file__).parent.parent, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert not (school.folder / "copy").exists()
    assert len(exports(school)) == noted, "nothing is ever there without its action"
    if noted:
        other = run(school, "d.lead", "b.sample")
        assert (other.exit_code, "made something else that is to be" in other.stderr) == (1, True)
        assert "An earlier run had made this copy" in CliRunner().invoke(main, words).output
    else:
        copied(school)
    assert [path.name for path in school.folder.iterdir() if "copy" in path.name] == ["copy"]
    assert {each["facts"]["sha256"] for each in exports(school)} == {outgoing.sha256_of(school.folder / "copy")}
    assert len(exports(school)) == 3
    assert (school.folder / "copy").stat().st_mode & 0o077 == 0


def test_of_two_who_copy_into_one_folder_the_second_is_refused_and_notes_nothing(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    gather = gathered

    def meanwhile(*given: Any) -> Gathered:
        """Somebody else does all of it, while this one has only looked."""
        found = gather(*given)
        monkeypatch.setattr(subjectaccess, "gathered", gather)
        copied(school, "h.head")
        return found

    monkeypatch.setattr(subjectaccess, "gathered", meanwhile)
    assert "is not an empty folder" in run(school, "d.lead").stderr
    assert {each["author"] for each in exports(school)} == {"h.head"}
    assert {each["facts"]["sha256"] for each in exports(school)} == {outgoing.sha256_of(school.folder / "copy")}


def test_what_was_agreed_to_is_for_one_copy_also_if_two_are_made_at_once(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed = of_category(school, "sealed", "a.example")
    with opened_casebook(casebook_of(school)) as book:
        do(book, "h.head", sealed, "agree", 60 * 24 * 60, agreed="export", reason="She knows of it.")
    gather = gathered

    def meanwhile(*given: Any) -> Gathered:
        found = gather(*given)
        monkeypatch.setattr(subjectaccess, "gathered", gather)
        assert run(school, "d.lead", "a.example", "--output", str(school.folder / "other")).exit_code == 0
        return found

    monkeypatch.setattr(subjectaccess, "gathered", meanwhile)
    refused = run(school, "d.lead")
    assert (refused.exit_code, f"{sealed} has changed meanwhile" in refused.stderr) == (1, True)
    assert [each["about"] for each in exports(school)].count(sealed) == 1
    assert not (school.folder / "copy").exists()


def test_everything_that_can_be_told_of_a_case_has_its_words() -> None:
    # What the registers hold is about no case.
    of_registers = {each for each in KINDS if each.startswith(("change-", "check"))}
    never = {*held._PASSED_OVER, "purge", "accept-copy"} | of_registers
    assert subject._KINDS.keys() == KINDS.keys() - never
    assert subject._STATES.keys() == set(STATES)


NAMES = pl.DataFrame(
    {
        "username": ["a.example", "b.sample", "english", "x7"],
        "display_name": ["Alex Example", "Jordan Sample", "Ida English", None],
        "role": ["pupil", "pupil", "pupil", "pupil"],
    }
)
WORDS = st.sampled_from(
    ["Jordan", "Jordan's", "Sample", "b.sample", "B.SAMPLE", "EXAMPLE\\b.sample", "b.sample@example.org", "Ida",
     "english", "was", "seen", "at 9:10", "(", ")", ",", "Alex", "192.0.2.7", "2001:db8::7", "Z. Other", "z.other"]
)  # fmt: skip


@given(st.lists(WORDS, max_size=12))
@settings(max_examples=tries(300), deadline=None)
def test_no_whole_word_that_names_somebody_else_is_left_in_what_others_wrote(words: list[str]) -> None:
    written = masks(NAMES, [("z.other", "Zed Other")], frozenset({"a.example"})).written(" ".join(words))
    for name in ("jordan", "sample", "b.sample", "ida", "english", "192.0.2.7", "2001:db8::7", "z.other", "other"):
        assert not re.search(rf"(?<![\w]){re.escape(name)}(?!\w)", written, re.IGNORECASE), written
    assert written.count("Alex") == words.count("Alex")
    assert written.count("was") == words.count("was")
