"""An earlier copy of the casebook in its place: nothing is deleted until two people have accepted it, and said so."""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from casebook import noted
from casebook.access import NIGHT
from casebook.dataprotection import retention
from casebook.intake import take_in
from casebook.kinds import CasebookError
from casebook.verifying import verify
from cli import main
from pipeline.config import load_settings
from pipeline.store.ledger import NotedHead
from tests.effort import tries
from tests.made_casebook import ACCESS, NOW, STAFF, casebook, do, who
from tests.made_drafts import a_night
from tests.made_night import School, later
from tests.test_held_lake import DAY, POLICE, at_day, cited, empty, lobster, names, run, three_nights, units

SENIORS = "".join(
    f'\n[[casebook.staff]]\naccount = "{account}"\nname = "{name}"\nroles = ["{role}"]\n'
    for account, name, role in (
        ("h.head", "Hari Head", "head"), ("c.chair", "Chris Chair", "chair-of-governors"),
        ("p.second", "Per Second", "deputy-dsl"),
    )
)  # fmt: skip


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> School:
    """The same for all: whoever uses it changes nothing in it."""
    made = three_nights(tmp_path_factory.mktemp("shared"))
    made.config.write_text(made.config.read_text("utf-8") + SENIORS, "utf-8")
    return made


@pytest.fixture
def school(shared: School, tmp_path: Path) -> School:
    """A copy, because three nights take their time."""
    shutil.copytree(shared.folder.parent, tmp_path, dirs_exist_ok=True)
    return replace(shared, folder=tmp_path / "school")


def grown_past(school: School) -> None:
    """Put an earlier copy of the casebook in its place, and let more be done in it than was lost."""
    file = school.store / "casebook.sqlite"
    shutil.copy(file, school.folder / "backup.sqlite")
    with casebook(school.store) as book:
        do(book, "d.lead", "I-2026-00001", "hold", reason=POLICE)
    school.night(later(3))
    shutil.copy(school.folder / "backup.sqlite", file)
    with casebook(school.store) as book:
        for number in range(9):
            do(book, "d.lead", "I-2026-00002", "note", text=f"Seen again, {number}.")


def gone(school: School) -> None:
    (school.store / "casebook.sqlite").unlink()


@pytest.mark.parametrize("lose", [gone, grown_past])
def test_a_casebook_that_is_another_deletes_nothing_until_a_person_says_that_holds_are_in_it(
    school: School, monkeypatch: pytest.MonkeyPatch, lose: Any
) -> None:
    lose(school)
    before = units(school)
    for days in (60, 61):
        record = school.night(later(days))
        assert (units(school), record.deleted, record.exit_code) == (before, [], 2)
        assert len([each for each in record.issues if "lacks what the night of" in each]) == 1
    at_day(monkeypatch, 61)
    for words in (["purge"], ["purge", "--dry-run"]):
        refused = run(school, "h.head", *words)
        assert (refused.exit_code, refused.stdout) == (1, "")
        assert "esafety audit accept-copy" in refused.stderr
    assert school.night(later(62)).deleted == []
    with casebook(school.store) as book:
        # Also of a casebook that was made anew: the night has entered what it still knew.
        incident = names(book)[0]
        assert len(names(book)) == 3
        do(book, "d.lead", incident, "hold", reason=POLICE)
        kept = cited(school, book, [incident])
    refused = accept(school, "n.network")
    assert refused.exit_code == 1
    assert "you cannot say what has to be held" in refused.stderr
    told = accept(school, "d.lead")
    assert (told.exit_code, "Until then nothing is deleted" in told.stdout) == (0, True)
    # Neither one person twice, nor two of whom none sees what is held about staff.
    assert "you have accepted it already" in accept(school, "d.lead").stderr
    assert accept(school, "p.second").exit_code == 0
    assert (run(school, "d.lead", "purge").exit_code, school.night(later(63)).deleted) == (1, [])
    assert faults(school)
    assert "Two people have accepted this casebook" in accept(school, "h.head").stdout
    assert "Nothing is to be done" in accept(school, "h.head").stderr
    assert units(school) == before, "to accept deletes nothing"
    assert faults(school) == []
    assert "Two people have accepted it." in CliRunner().invoke(main, verifying(school)).stdout
    assert run(school, "n.network", "purge").exit_code == 0
    assert units(school) == kept
    with casebook(school.store) as book:
        do(book, "d.lead", incident, "release", reason="They have answered.")
    record = school.night(later(64))
    assert (record.issues, units(school)) == ([], set())


def accept(school: School, account: str) -> Result:
    return run(school, account, "audit", "accept-copy", "--reason", "The backups are gone; all is held anew.")


def verifying(school: School) -> list[str]:
    return ["audit", "verify", "--config", str(school.config)]


def faults(school: School) -> list[Any]:
    """What `audit verify` finds, and that it says so by its exit code."""
    result = CliRunner().invoke(main, [*verifying(school), "--json"])
    found: list[Any] = json.loads(result.stdout)["faults"]
    assert result.exit_code == (2 if found else 0)
    return found


def test_what_is_accepted_while_nothing_is_due_counts_for_later_nights(school: School) -> None:
    grown_past(school)
    assert school.night(later(4)).exit_code == 2
    assert (accept(school, "d.lead").exit_code, accept(school, "h.head").exit_code) == (0, 0)
    assert school.night(later(5)).exit_code == 0
    record = school.night(later(60))
    assert (len(record.deleted), units(school)) == (1, set())
    # What is lost later is another loss.
    shutil.copy(school.folder / "backup.sqlite", school.store / "casebook.sqlite")
    assert school.night(later(61)).exit_code == 2
    assert faults(school)
    assert accept(school, "d.lead").exit_code == 0


def test_where_nothing_is_lost_nothing_is_accepted(school: School) -> None:
    refused = accept(school, "h.head")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "nothing that a night has noted is missing" in refused.stderr


def test_where_the_head_is_part_of_what_is_held_it_takes_the_chair(school: School) -> None:
    grown_past(school)
    with casebook(school.store) as book:
        do(book, "d.lead", "I-2026-00002", "hold", reason=POLICE)
        do(book, "d.lead", "I-2026-00002", "party", person="h.head", part="instigator", person_kind="staff")
    assert [accept(school, each).exit_code for each in ("d.lead", "h.head")] == [0, 0]
    assert faults(school)
    assert accept(school, "c.chair").exit_code == 0
    assert faults(school) == []


def test_where_a_hold_on_a_case_of_the_head_may_be_what_is_lost_it_takes_the_chair(school: School) -> None:
    with casebook(school.store) as book:
        do(book, "d.lead", "I-2026-00002", "party", person="h.head", part="instigator", person_kind="staff")
    school.night(later(3))
    shutil.copy(school.store / "casebook.sqlite", school.folder / "before.sqlite")
    with casebook(school.store) as book:
        do(book, "c.chair", "I-2026-00002", "hold", reason=POLICE)
    school.night(later(4))
    shutil.copy(school.folder / "before.sqlite", school.store / "casebook.sqlite")
    assert [accept(school, each).exit_code for each in ("d.lead", "h.head")] == [0, 0]
    record = school.night(later(60))
    assert (record.exit_code, record.deleted) == (2, [])
    assert accept(school, "c.chair").exit_code == 0
    assert school.night(later(61)).deleted


def test_two_who_accept_one_after_the_other_need_not_have_seen_the_same_nights(school: School) -> None:
    grown_past(school)
    assert accept(school, "h.head").exit_code == 0
    school.night(later(4))
    assert accept(school, "d.lead").exit_code == 0
    assert faults(school) == []


def test_what_was_lost_with_an_earlier_copy_is_entered_again(tmp_path: Path) -> None:
    made = empty(tmp_path)
    made.log("one", lobster(0, "a.example"))
    made.night()
    shutil.copy(made.store / "casebook.sqlite", tmp_path)
    made.log("two", lobster(DAY, "b.example"))
    assert made.night(later(1)).casebook["new"] == 1
    shutil.copy(tmp_path / "casebook.sqlite", made.store)
    taken = made.night(later(2)).casebook
    assert (taken["new"], taken["known"]) == (1, 0)
    with casebook(made.store) as book:
        assert names(book) == ["I-2026-00001", "I-2026-00002"]
    assert made.night(later(3)).casebook["known"] == 0


def test_why_it_was_accepted_is_erased_in_the_end_and_that_it_was_is_not(school: School) -> None:
    grown_past(school)
    assert [accept(school, each).exit_code for each in ("d.lead", "h.head")] == [0, 0]
    with casebook(school.store) as book:
        gone = retention.purge(book, retention.periods(load_settings(school.config)), NIGHT, later(20_000))
        assert [(each.rule, each.counts["texts"]) for each in gone] == [("exports", 2)]
    assert faults(school) == []


def noted_head(number: int) -> NotedHead:
    return NotedHead(NIGHT_OF.date(), NIGHT_OF + timedelta(days=number), 10_000 + number, f"{number:064}")


NIGHT_OF = later(0)
MAY = {"d.lead", "p.deputy", "h.head", "c.chair"}


@given(
    st.lists(st.sampled_from([*(each.account for each in STAFF), "another loss"]), max_size=10),
    st.sampled_from(["", "d.lead", "h.head"]),
)
@settings(max_examples=tries(60), deadline=None)
def test_whatever_is_accepted_was_accepted_by_two_of_whom_one_sees_what_is_held(who_did: list[str], held: str) -> None:
    """The rule a second time, loss by loss: two people, and the head, or the chair where the head is concerned."""
    with tempfile.TemporaryDirectory() as folder, casebook(Path(folder)) as book:
        take_in(book, a_night(), NOW)
        if held:
            do(book, "d.lead", "I-2026-00001", "hold", reason=POLICE)
            do(book, "d.lead", "I-2026-00001", "party", person=held, part="instigator", person_kind="staff")
        leader = "c.chair" if held == "h.head" else "h.head"
        by: dict[int, set[str]] = {0: set()}

        def waiting() -> set[int]:
            return {loss for loss, of in by.items() if len(of) < 2 or leader not in of}

        for account in who_did:
            if account == "another loss":
                by[len(by)] = set()
                continue
            heads, before = [noted_head(each) for each in by], waiting()
            taken = account in MAY and bool(before) and any(account not in by[loss] for loss in before)
            try:
                with book.changing() as writer:
                    left = noted.accept(writer, ACCESS, who(account), "So.", heads, NOW)
            except CasebookError:
                assert not taken
                continue
            assert taken
            for loss in before:
                by[loss].add(account)
            assert {each.actions - 10_000 for each in left} == waiting()
        found = verify(book, [(each.actions, each.head) for each in map(noted_head, by)])
        assert bool(found.faults) == bool(waiting())
        assert {each.seq - 10_000 for each in found.accepted} == set(by) - waiting()
