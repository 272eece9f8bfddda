"""What has had its time goes, all of it and with a receipt; nothing that is open, held or asked anew ever does."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from casebook import deciding
from casebook.access import NIGHT
from casebook.case import Case
from casebook.dataprotection import retention
from casebook.dataprotection.retention import Period
from casebook.intake import take_in
from casebook.kinds import CasebookError
from casebook.projection import stored
from casebook.splitting import split
from casebook.store import Casebook, case_of, history, incidents, opened_casebook
from casebook.tables import ACTION, CONTENT, PARTY
from casebook.verifying import verify
from cli import main
from pipeline.config import load_settings
from pipeline.dataprotection import purging
from pipeline.store.ledgerfile import opened_ledger
from tests.effort import THOROUGH, tries
from tests.made_casebook import ACCESS, NOW, STAFF, casebook, do, routes, who
from tests.made_drafts import a_night, drafts
from tests.made_night import School, later, search, squid

DAYS = {
    "dismissed": 100, "incidents": 1_000, "staff-incidents": 2_000, "exports": 1_000, "events": 365, "registers": 500,
}  # fmt: skip
KEPT = {rule: Period(rule, days, "the program") for rule, days in DAYS.items()}


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Casebook]:
    with casebook(tmp_path) as opened:
        take_in(opened, a_night(), NOW)
        yield opened


def of_category(book: Casebook, category: str) -> str:
    with book.reading() as connection:
        return next(str(row["id"]) for row in incidents(connection) if row["category"] == category)


def staff_case(book: Casebook) -> str:
    with book.reading() as connection:
        return next(str(row["id"]) for row in incidents(connection) if row["side"] == "staff")


def the_case(book: Casebook, incident: str) -> Case:
    with book.reading() as connection:
        return case_of(connection, incident)


def content_of(book: Casebook, incident: str) -> list[int]:
    question = select(CONTENT.c.seq).join_from(CONTENT, ACTION, CONTENT.c.seq == ACTION.c.seq)
    with book.reading() as connection:
        return list(connection.scalars(question.where(ACTION.c.about == incident)))


def dismissed(book: Casebook, incident: str, by: str = "h.head", minutes: float = 0) -> None:
    if the_case(book, incident).gravest == "urgent":
        do(book, "p.deputy", incident, "agree", minutes, agreed="dismiss", reason="So it is.")
    do(book, by, incident, "review", minutes)
    do(book, by, incident, "dismiss", minutes, ground="false-alarm", reason="A line of a play.")


def closed(book: Casebook, incident: str) -> None:
    do(book, "h.head", incident, "review")
    do(book, "h.head", incident, "confirm", reason="It is so.")
    do(book, "h.head", incident, "close", outcome="support", reason="Done.", debrief="With the tutor.")


def purged(book: Casebook, days: float) -> dict[str, dict[str, int]]:
    """Rule -> what went, so many days later."""
    now = NOW + timedelta(days=days)
    planned = retention.planned(book, KEPT, now)
    given = retention.purge(book, KEPT, NIGHT, now)
    assert given == planned, "a dry run says what then happens"
    assert verify(book).faults == []
    return {each.rule: dict(each.counts) for each in given}


def test_a_dismissed_draft_goes_when_its_time_is_over_and_its_outcome_stays(book: Casebook) -> None:
    incident = of_category(book, "bullying")
    incident = incident if incident != staff_case(book) else of_category(book, "extremism")
    do(book, "d.lead", incident, "review")
    do(book, "d.lead", incident, "dismiss", ground="false-alarm", reason="A line of a play.")
    assert purged(book, 99.99) == {}
    assert purged(book, 100) == {"dismissed": {"incidents": 1, "texts": 2}}
    case = the_case(book, incident)
    assert (case.state, case.ground, case.erased, dict(case.parties)) == ("dismissed", "false-alarm", True, {})
    assert content_of(book, incident) == []
    with book.reading() as connection:
        told = history(connection, incident)
        assert connection.scalars(select(PARTY.c.person).where(PARTY.c.incident == incident)).all() == []
        [receipt] = [*connection.execute(select(ACTION).where(ACTION.c.kind == "purge")).mappings()]
    assert [each.kind for each in told] == ["drafted", "review", "dismiss", "erase"]
    facts = json.loads(receipt["facts"])
    assert (facts["rule"], facts["days"], facts["layer"], facts["incidents"]) == (
        "dismissed", 100, "the program", [incident],
    )  # fmt: skip
    assert told[-1].facts["receipt"] == receipt["seq"]
    assert purged(book, 101) == {}


def test_no_byte_of_it_is_left_in_any_file(book: Casebook, tmp_path: Path) -> None:
    incident = of_category(book, "self-harm")
    # Enough of it that pages are filled, split and freed again.
    for number in range(60):
        do(book, "d.lead", incident, "note", text=f"Amira Example was seen at the tuck shop {number} " * 40)
    do(book, "d.lead", incident, "party", person="z.sibling", part="witness", person_kind="pupil")
    dismissed(book, incident)
    words = [b"amiraexample", b"Amira", b"not wake up", b"tuck shop", b"z.sibling"]

    def found() -> set[bytes]:
        files = [path for path in tmp_path.iterdir() if path.name.startswith("casebook.sqlite")]
        return {word for word in words for path in files if word in path.read_bytes()}

    assert found() == set(words)
    purged(book, 100)
    assert found() == set()


@pytest.mark.parametrize("kind", ["hold", "late", "reopen", "open"])
def test_what_is_open_held_or_asked_anew_never_goes(book: Casebook, kind: str) -> None:
    incident = of_category(book, "extremism")
    if kind != "open":
        dismissed(book, incident, "d.lead")
    if kind == "hold":
        do(book, "d.lead", incident, "hold", reason="The police have asked.")
    if kind == "late":
        row = next(each for each in a_night().iter_rows(named=True) if each["category"] == "extremism")
        take_in(book, drafts({**row, "evidence_sha256": "e" * 64}), NOW)
    if kind == "reopen":
        do(book, "d.lead", incident, "reopen", reason="Once more.")
    assert purged(book, 36_000) == {}
    if kind == "hold":
        do(book, "d.lead", incident, "release", reason="They have answered.")
        assert purged(book, 36_000) == {"dismissed": {"incidents": 1, "texts": 4}}


def test_what_was_merged_or_split_goes_together_when_the_last_of_it_is_due(book: Casebook) -> None:
    one, other = of_category(book, "self-harm"), of_category(book, "extremism")
    do(book, "h.head", one, "agree", agreed="dismiss", reason="The same girl.")
    with book.reading() as connection:
        told = history(connection, one)
    assert told[0].content is not None
    hits = [each["hit_id"] for each in told[0].content["draft"]["hits"]]
    third = split(book, ACCESS, who("d.lead"), one, hits[:1], "Another day.", NOW).id
    deciding.merge(book, ACCESS, routes(), who("d.lead"), one, other, "The same girl.", NOW)
    closed(book, other)
    assert purged(book, 5_000) == {}, "the third is a draft still"
    dismissed(book, third, minutes=60)
    do(book, "d.lead", one, "hold", reason="The court has asked.")
    assert purged(book, 5_000) == {}, "one of them is held"
    do(book, "d.lead", one, "release", reason="It is over.")
    assert purged(book, 999) == {}, "that it was dismissed does not shorten the time of what it was part of"
    assert purged(book, 1_000)["incidents"]["incidents"] == 3
    assert [content_of(book, each) for each in (one, other, third)] == [[], [], []]


def test_what_is_about_staff_is_kept_longer_and_then_seen_by_nobody_it_may_have_been_about(book: Casebook) -> None:
    incident = staff_case(book)
    do(book, "h.head", incident, "bring-in", colleague="d.lead", reason="Two of us.")
    closed(book, incident)
    assert purged(book, 1_999) == {}
    assert set(purged(book, 2_000)) == {"staff-incidents"}
    case = the_case(book, incident)
    assert case.side == "staff"
    assert [each.account for each in STAFF if ACCESS.sees(who(each.account), case)] == ["c.chair"]


def test_a_night_that_runs_again_brings_nothing_back(book: Casebook) -> None:
    dismissed(book, of_category(book, "bypass"), "d.lead")
    purged(book, 100)
    taken = take_in(book, a_night(), NOW + timedelta(days=101))
    assert (taken.new, taken.late) == (0, 0)


def test_what_is_written_into_an_erased_case_goes_the_next_night(book: Casebook) -> None:
    incident = of_category(book, "bypass")
    dismissed(book, incident, "d.lead")
    purged(book, 100)
    do(book, "d.lead", incident, "note", text="He asked about it.")
    assert purged(book, 101) == {"dismissed": {"incidents": 1, "texts": 1}}


def test_a_hold_that_somebody_took_out_of_the_tables_still_holds(book: Casebook, tmp_path: Path) -> None:
    incident = of_category(book, "bypass")
    dismissed(book, incident, "d.lead")
    do(book, "d.lead", incident, "hold", reason="The police have asked.")
    with closing(sqlite3.connect(tmp_path / "casebook.sqlite")) as connection:
        connection.execute("UPDATE incident SET held = 0")
        connection.commit()
    with pytest.raises(CasebookError, match="audit verify"):
        retention.purge(book, KEPT, NIGHT, NOW + timedelta(days=5_000))
    assert len(content_of(book, incident)) == 3


def test_what_is_held_just_before_its_turn_stays(book: Casebook, monkeypatch: pytest.MonkeyPatch) -> None:
    held, other = of_category(book, "bypass"), of_category(book, "extremism")
    for each in (held, other):
        dismissed(book, each, "d.lead")
    found = retention.due

    def due_and_then_held(*values: Any) -> Any:
        waiting = found(*values)
        do(book, "d.lead", held, "hold", reason="The police are on the telephone.")
        return waiting

    monkeypatch.setattr(retention, "due", due_and_then_held)
    given = retention.purge(book, KEPT, NIGHT, NOW + timedelta(days=100))
    assert [dict(each.counts) for each in given] == [{"incidents": 1, "texts": 2}]
    assert (the_case(book, held).erased, the_case(book, other).erased) == (False, True)
    assert verify(book).faults == []


STEPS = st.sampled_from(["nothing", "review", "dismiss", "close", "hold", "merge", "split"])


@given(st.lists(st.tuples(st.integers(0, 5), STEPS, st.integers(0, 5)), max_size=12), st.integers(0, 3_000))
@example([(1, "merge", 5), (5, "dismiss", 0)], 100)
@settings(max_examples=tries(60), deadline=None)
def test_a_dry_run_says_what_goes_and_only_what_is_decided_goes(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, str, int]], days: int
) -> None:
    folder = tmp_path_factory.mktemp("book")
    with casebook(folder) as book:
        take_in(book, a_night(), NOW)
        for at, step, other in steps:
            taken(book, f"I-2026-{at + 1:05}", step, f"I-2026-{other + 1:05}")
        with book.reading() as connection:
            before = stored(connection)
        sides = {incident: the_case(book, incident).side for incident in before}
        purged(book, days)
        with book.reading() as connection:
            after = stored(connection)
        erased = {incident for incident in before if the_case(book, incident).erased}
    for incident, rows in before.items():
        [row], [then] = rows["incident"], after[incident]["incident"]
        if row["held"] or row["state"] not in {"dismissed", "closed", "merged"}:
            assert after[incident] == rows
        # Where nobody is named any more, it stays on the side of the case that it was part of.
        side = sides[incident] if incident in erased else row["side"]
        assert (then["state"], then["ground"], then["side"]) == (row["state"], row["ground"], side)


def taken(book: Casebook, incident: str, step: str, other: str) -> None:
    """The step, if the case allows it."""
    try:
        if step == "dismiss":
            dismissed(book, incident)
        elif step == "close":
            closed(book, incident)
        elif step == "merge":
            deciding.merge(book, ACCESS, routes(), who("h.head"), incident, other, "The same.", NOW)
        elif step == "split":
            with book.reading() as connection:
                content = history(connection, incident)[0].content
            hits = [each["hit_id"] for each in (content or {"draft": {"hits": []}})["draft"]["hits"]]
            split(book, ACCESS, who("h.head"), incident, hits[:1], "Another day.", NOW)
        elif step in {"review", "hold"}:
            values: dict[str, Any] = {"reason": "So."}
            do(book, "h.head", incident, step, **values)
    except CasebookError:
        return


# ---------------------------------------------------------------- killed in the middle

PURGE = """
import os, signal, sys
from datetime import timedelta
from pathlib import Path
from sqlalchemy import event
from casebook.dataprotection import retention
from casebook.access import NIGHT
from tests.made_casebook import NOW, casebook
retention._AT_A_TIME = 2
taken, last = 0, int(sys.argv[2])
with casebook(Path(sys.argv[1])) as book:
    def tell(*_):
        global taken
        taken += 1
        os.write(1, b".")
        if taken == last:
            os.kill(os.getpid(), signal.SIGKILL)
    event.listen(book._engine, "before_cursor_execute", tell)
    event.listen(book._engine, "commit", tell)
    kept = {rule: retention.Period(rule, 100, "the program") for rule in retention.RULES}
    retention.purge(book, kept, NIGHT, NOW + timedelta(days=5_000))
    tell()
"""
ROOT = Path(__file__).resolve().parent.parent


def killed_at(folder: Path, step: int) -> int:
    """Start a purge that is killed at one of its steps; how many it took.

    It does that itself: whoever reads of the step on a busy machine comes too late.
    """
    command = [sys.executable, "-c", PURGE, str(folder), str(step)]
    run = subprocess.run(command, stdout=subprocess.PIPE, cwd=ROOT, check=False)
    assert run.returncode in {-signal.SIGKILL, 0}
    return len(run.stdout)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signal that ends a process at once")
def test_a_purge_that_is_killed_is_done_or_not_done_for_each_batch_and_the_next_one_ends_it(tmp_path: Path) -> None:
    with casebook(tmp_path) as book:
        take_in(book, a_night(), NOW)
        names = [f"I-2026-{number:05}" for number in range(1, 7)]
        illegal = of_category(book, "illegal-content")
        for name in names:
            if name != illegal:
                dismissed(book, name)
    whole = (tmp_path / "casebook.sqlite").read_bytes()
    steps = killed_at(tmp_path, 10**9)
    done = set()
    times = 12 if THOROUGH else 3
    for number in range(times):
        for each in tmp_path.iterdir():
            each.unlink()
        (tmp_path / "casebook.sqlite").write_bytes(whole)
        killed_at(tmp_path, 1 + steps * (2 * number + 1) // (2 * times))
        with casebook(tmp_path) as book:
            assert verify(book).faults == []
            left = [name for name in names if name != illegal and content_of(book, name)]
            assert all(the_case(book, name).erased == (name not in left) for name in names if name != illegal)
            done.add(len(left))
            purged(book, 5_000)
            assert [name for name in names if content_of(book, name)] == [illegal]
    assert len(done) >= 3, f"kills struck at too few places: {done}"


# ---------------------------------------------------------------- the night, and by hand


@pytest.fixture
def school(tmp_path: Path) -> School:
    made = School(tmp_path).made()
    people = [
        f'[[casebook.staff]]\naccount = "{each.account}"\nname = "{each.name}"\nroles = {json.dumps(each.roles)}\n'
        for each in STAFF
    ]
    kept = "\n[retention]\nevents_days = 30\ndismissed_days = 60\ndrafts_unreviewed_days = 20\n"
    made.config.write_text(made.config.read_text("utf-8") + kept + "".join(people), "utf-8")
    made.log("log", squid(0, search("blue lobster")) + squid(1, "http://www.cranes.example/1", "b.example"))
    return made


def run(school: School, account: str, *words: str) -> Any:
    return CliRunner().invoke(main, [*words, "--config", str(school.config), "--as", account])


def receipts_of(school: School) -> list[dict[str, Any]]:
    files = sorted((school.folder / "reports").glob("*/deleted-*.json"))
    return [each for file in files for each in json.loads(file.read_text("utf-8"))]


def test_the_night_lets_go_what_has_had_its_time_and_tells_what_waits(school: School) -> None:
    url = f"sqlite:///{school.store / 'casebook.sqlite'}"
    school.night()
    with opened_casebook(url) as book:
        with book.reading() as connection:
            one, other = [str(row["id"]) for row in incidents(connection)]
        dismissed(book, one, minutes=60 * 24 * 30)
    assert receipts_of(school) == []
    early = school.night(later(10))
    assert (early.deleted, early.issues) == ([], [])
    record = school.night(later(40))
    assert [(each["rule"], each["layer"], each["days"]) for each in record.deleted] == [("events", "the school", 30)]
    assert record.deleted[0]["counts"]["events"] == 2
    assert [each for each in record.issues if each.startswith("1 of the drafts have waited for more than 20 days")]
    record = school.night(later(70))
    assert [(each["rule"], each["counts"]) for each in record.deleted if each["rule"] == "dismissed"] == [
        ("dismissed", {"incidents": 1, "texts": 3})
    ]
    assert {each["rule"] for each in receipts_of(school)} == {"events", "dismissed"}
    with opened_casebook(url) as book:
        assert (the_case(book, one).erased, the_case(book, other).erased) == (True, False)
        verdict = verify(book)
        assert verdict.faults == []
        assert (record.casebook["actions"], record.casebook["head"]) == (verdict.actions, verdict.head)
        with book.reading() as connection:
            noted = connection.scalars(select(ACTION.c.facts).where(ACTION.c.kind == "purge").order_by(ACTION.c.seq))
            assert [json.loads(each)["rule"] for each in noted] == [each["rule"] for each in receipts_of(school)]


def test_by_hand_a_dry_run_changes_nothing_and_says_what_then_happens(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    school.night()
    moment = later(400)

    class Clock:
        @staticmethod
        def now(_: object) -> Any:
            return moment

    monkeypatch.setattr("casebook.commands.opening.datetime", Clock)
    for account in ("g.governor", "s.senior", "c.chair"):
        refused = run(school, account, "purge")
        assert (refused.exit_code, refused.stdout) == (1, "")
        assert "may not delete" in refused.stderr
    files = {path: path.read_bytes() for path in school.store.rglob("*.parquet")}
    dry = json.loads(run(school, "n.network", "purge", "--dry-run", "--json").stdout)
    assert {path: path.read_bytes() for path in school.store.rglob("*.parquet")} == files
    assert receipts_of(school) == []
    wet = json.loads(run(school, "a.auditor", "purge", "--json").stdout)
    assert (dry["dry_run"], wet["dry_run"]) == (True, False)
    assert dry["receipts"] == wet["receipts"] == receipts_of(school)
    assert [each["rule"] for each in wet["receipts"]] == ["events"]
    assert list((school.store / "lake").iterdir()) == []
    assert list((school.store / "days" / "facts").iterdir()) != []
    assert "Nothing has had its time" in run(school, "h.head", "purge").stdout


def test_a_receipt_says_which_layer_has_laid_down_its_period(school: School) -> None:
    (school.folder / "trust").mkdir()
    (school.folder / "trust" / "policy.toml").write_text("[retention]\nincidents_days = 700\n", "utf-8")
    school.config.write_text(
        school.config.read_text("utf-8") + '[[layer]]\nname = "Example Trust"\nfolder = "trust"\n', "utf-8"
    )
    kept = retention.periods(load_settings(school.config))
    assert {rule: (each.days, each.layer) for rule, each in kept.items()} == {
        "events": (30, "the school"), "dismissed": (60, "the school"), "incidents": (700, "Example Trust"),
        "exports": (700, "Example Trust"), "staff-incidents": (16_801, "the program"),
        "registers": (1_095, "the program"),
    }  # fmt: skip
    assert asdict(kept["incidents"])["rule"] == "incidents"


@pytest.mark.parametrize(
    ("key", "locked", "written", "weaker"),
    [
        ("dismissed_days", 200, 100, False), ("dismissed_days", 200, 300, True),
        ("incidents_days", 200, 100, True), ("incidents_days", 200, 300, True),
        ("staff_incidents_days", 200, 300, True), ("registers_days", 200, 100, True),
        ("drafts_unreviewed_days", 10, 5, False),
        ("drafts_unreviewed_days", 10, 30, True),
    ],
)  # fmt: skip
def test_what_a_layer_has_locked_is_not_weakened(
    tmp_path: Path, key: str, locked: int, written: int, *, weaker: bool
) -> None:
    school = School(tmp_path).made()
    (tmp_path / "trust").mkdir()
    lock = f'[retention]\n{key} = {locked}\n[[lock]]\nsetting = "retention.{key}"\n'
    (tmp_path / "trust" / "policy.toml").write_text(lock, "utf-8")
    more = f'\n[retention]\n{key} = {written}\n[[layer]]\nname = "Example Trust"\nfolder = "trust"\n'
    school.config.write_text(school.config.read_text("utf-8") + more, "utf-8")
    if weaker:
        with pytest.raises(Exception, match=f"retention.{key} is locked by Example Trust"):
            load_settings(school.config)
    else:
        assert getattr(load_settings(school.config).retention, key) == written


def test_what_is_counted_now_of_days_long_gone_is_old_as_well(tmp_path: Path) -> None:
    school = School(tmp_path).made()
    school.log("access.log", squid(0, search("blue lobster")))
    started = school.night().started
    chosen, today = load_settings(school.config), started.date()
    with opened_ledger(school.store, today) as ledger:
        young, ages = today - timedelta(days=1), timedelta(days=chosen.retention.events_days + 2)
        assert purging.nothing_old(chosen, school.lake, ledger, started, [young])
        assert not purging.nothing_old(chosen, school.lake, ledger, started, [young, today - ages])
        assert not purging.nothing_old(chosen, school.lake, ledger, started + 2 * ages, [])
