"""Requests and checks that have had their time lose who asked and why, with a receipt; all that is counted stays."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from casebook.access import NIGHT
from casebook.case import Acted
from casebook.dataprotection import retention
from casebook.dataprotection.retention import Period
from casebook.filtering import registering
from casebook.filtering.filterchanges import FilterChange
from casebook.filtering.filterchecks import FilterCheck
from casebook.filtering.registerfigures import registers_of
from casebook.filtering.registers import keep_registers
from casebook.kinds import CasebookError, said
from casebook.store import Casebook, history
from casebook.tables import ACTION, CONTENT
from casebook.verifying import verify
from pipeline.store.ledgerfile import opened_ledger
from tests.effort import tries
from tests.made_casebook import NOW, casebook, who
from tests.made_drafts import LONDON
from tests.made_night import NINE, School, squid
from tests.test_registers_night import STAFF_TABLES, esafety

KEPT = {rule: Period(rule, 100, "the program") for rule in retention.RULES}
PLACE = {"site": "main", "device_type": "tablet", "group": "year 7", "result": "blocked"}
#: What stands in the texts and accounts of the entries made here, and nowhere else.
WORDS = (b"Sums for Jo", b"z.teacher", b"test.year7", b"The page for gambling")


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Casebook]:
    with casebook(tmp_path) as opened:
        yield opened


def days(count: float) -> datetime:
    return NOW + timedelta(days=count)


def asked(book: Casebook) -> str:
    made = registering.ask(book, who("s.senior"), "sums.example.org", "allow", "Sums for Jo", NOW, asked_by="z.teacher")
    return made.id


def decided(book: Casebook, decision: str = "allow", until: date | None = None) -> str:
    request = asked(book)
    registering.decide(
        book, who("n.network"), request, decision, "Sums for Jo", NOW, today=NOW.date(), until=until
    )  # fmt: skip
    return request


def agreed(book: Casebook, until: date | None = None) -> str:
    request = decided(book, until=until)
    registering.agree(book, who("d.lead"), request, "Sums for Jo", NOW, today=NOW.date())
    return request


def withdrawn(book: Casebook, at: datetime = NOW) -> str:
    request = agreed(book)
    registering.withdraw(book, who("d.lead"), request, "Sums for Jo", at)
    return request


def checked(book: Casebook) -> str:
    content = {"tried": "The page for gambling", "user": "test.year7", "device": None}
    facts = {**PLACE, "host": "test.example.com", "tried_at": NOW}
    return registering.enter_check(book, who("n.network"), facts, content, NOW).id


def purged(book: Casebook, count: float) -> dict[str, dict[str, int]]:
    """Rule -> what went, so many days later."""
    planned = retention.planned(book, KEPT, days(count))
    assert retention.purge(book, KEPT, NIGHT, days(count)) == planned, "a dry run says what then happens"
    assert verify(book).faults == []
    return {each.rule: dict(each.counts) for each in planned}


def content_of(book: Casebook, entry: str) -> int:
    question = select(CONTENT.c.seq).join_from(CONTENT, ACTION, CONTENT.c.seq == ACTION.c.seq)
    with book.reading() as connection:
        return len(connection.scalars(question.where(ACTION.c.about == entry)).all())


def test_what_is_over_goes_after_its_days_and_what_waits_or_is_in_force_never_does(book: Casebook) -> None:
    stay = {asked(book): 1, decided(book): 2, agreed(book): 3, agreed(book, date(2099, 1, 1)): 3}
    go = [decided(book, "refuse"), withdrawn(book), agreed(book, NOW.date()), checked(book)]
    assert purged(book, 99.99) == {}
    # What ended on that day is over on the next one.
    assert purged(book, 100) == {"registers": {"register entries": 3, "texts": 7}}
    assert purged(book, 101) == {"registers": {"register entries": 1, "texts": 3}}
    assert [content_of(book, each) for each in go] == [0] * 4
    assert {each: content_of(book, each) for each in stay} == stay
    assert purged(book, 20_000) == {}
    assert purged(book, 40_000) == {"registers": {"register entries": 1, "texts": 3}}, "the one until 2099"


def test_it_counts_from_the_last_that_was_done_and_a_look_is_nothing_that_was_done(book: Casebook) -> None:
    late, looked_at = withdrawn(book, days(60)), withdrawn(book)
    for entry in (late, looked_at):
        registering.look(book, who("d.lead"), entry, days(99))
    assert purged(book, 100) == {"registers": {"register entries": 1, "texts": 4}}
    assert (content_of(book, late), content_of(book, looked_at)) == (4, 0)
    assert purged(book, 160) == {"registers": {"register entries": 1, "texts": 4}}


def test_what_had_an_end_counts_from_that_end(book: Casebook) -> None:
    agreed(book, NOW.date() + timedelta(days=50))
    assert purged(book, 150) == {}
    assert purged(book, 151) == {"registers": {"register entries": 1, "texts": 3}}


def test_no_byte_of_it_is_left_and_the_receipt_names_the_rule(book: Casebook, tmp_path: Path) -> None:
    withdrawn(book)
    checked(book)

    def found() -> set[bytes]:
        files = [path for path in tmp_path.iterdir() if path.name.startswith("casebook.sqlite")]
        return {word for word in WORDS for path in files if word in path.read_bytes()}

    assert found() == set(WORDS)
    purged(book, 100)
    assert found() == set()
    with book.reading() as connection:
        facts = [
            json.loads(each) for each in connection.scalars(select(ACTION.c.facts).where(ACTION.c.kind == "purge"))
        ]
    assert [(each["rule"], each["days"], each["layer"], each["incidents"], each["erased"]) for each in facts] == [
        ("registers", 100, "the program", [], [[1, 5]])
    ]


def test_so_many_at_a_time_each_batch_with_its_receipt(book: Casebook, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(5):
        decided(book, "refuse")
    monkeypatch.setattr(retention, "_AT_A_TIME", 2)
    assert purged(book, 100) == {"registers": {"register entries": 5, "texts": 10}}
    with book.reading() as connection:
        facts = [
            json.loads(each) for each in connection.scalars(select(ACTION.c.facts).where(ACTION.c.kind == "purge"))
        ]
    assert [each["counts"]["register entries"] for each in facts] == [2, 2, 1]


def test_what_is_done_about_an_entry_just_before_its_turn_keeps_it(
    book: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended, other = agreed(book, NOW.date()), decided(book, "refuse")
    found = retention.due

    def due_and_then_withdrawn(*values: Any) -> Any:
        waiting = found(*values)
        registering.withdraw(book, who("d.lead"), ended, "Sums for Jo", days(101))
        return waiting

    monkeypatch.setattr(retention, "due", due_and_then_withdrawn)
    gone = retention.purge(book, KEPT, NIGHT, days(101))
    assert [dict(each.counts) for each in gone] == [{"register entries": 1, "texts": 2}]
    assert (content_of(book, ended), content_of(book, other)) == (4, 0)


def test_a_personal_part_that_was_taken_away_without_a_receipt_shows(book: Casebook, tmp_path: Path) -> None:
    entries = [withdrawn(book), checked(book)]
    with book.reading() as connection:
        last = [history(connection, each)[-1].seq for each in entries]
    with closing(sqlite3.connect(tmp_path / "casebook.sqlite")) as connection:
        connection.executemany("DELETE FROM content WHERE seq = ?", [(each,) for each in last])
        connection.commit()
    assert [(each.seq, each.what) for each in verify(book).faults] == [
        (each, "has lost its personal part, and no receipt says so") for each in last
    ]
    # What is left of them goes with its own receipt, which does not cover up for what was taken.
    retention.purge(book, KEPT, NIGHT, days(100))
    assert [each.seq for each in verify(book).faults] == last


# ---------------------------------------------------------------- what stays


def figures(book: Casebook) -> tuple[list[Any], ...]:
    with book.reading() as connection:
        changes, checks = registering.all_changes(connection), registering.all_checks(connection)
    made = registers_of(changes, checks, [], LONDON, days(100).date())
    return made.changes.rows(), made.checks.rows()


@pytest.fixture
def school(tmp_path: Path) -> School:
    made = School(tmp_path, STAFF_TABLES).made()
    made.store.mkdir()
    with casebook(made.store) as book:
        for request in (withdrawn(book), agreed(book, NOW.date())):
            effect = said("change-effect", effect="seen", day="2026-10-14", before={"blocked": 9}, after={"allowed": 8})
            with book.changing() as writer:
                writer.append(effect, request, NIGHT, NOW)
        decided(book, "refuse")
        asked(book)
        entry = checked(book)
        with book.changing() as writer:
            writer.append(said("check-traced", trace="none", seen=[]), entry, NIGHT, NOW)
        checked(book)
    return made


def test_lists_and_figures_are_the_same_before_and_after(school: School) -> None:
    def told() -> tuple[Any, ...]:
        lists = [esafety(school, "n.network", group, "list", "--json").stdout for group in ("change", "check")]
        with casebook(school.store) as book:
            return (*lists, *figures(book))

    before = told()
    assert [len(json.loads(each)) for each in before[:2]] == [4, 2]
    with casebook(school.store) as book:
        assert purged(book, 101) == {"registers": {"register entries": 5, "texts": 11}}
    assert told() == before


def test_what_is_shown_of_an_erased_entry_is_its_facts(school: School) -> None:
    with casebook(school.store) as book:
        purged(book, 101)
    shown = {
        each: esafety(school, "d.lead", *each.split())
        for each in ("change show F-2026-00001", "check show C-2026-00001")
    }
    assert [each.exit_code for each in shown.values()] == [0, 0]
    text = "".join(each.stdout for each in shown.values())
    assert [word for word in WORDS if word.decode() in text] == []
    assert "sums.example.org and all below it" in text
    assert "the filter does what was decided" in text
    assert "no trace in any log" in text


def test_a_check_that_was_erased_before_its_logs_came_is_not_laid_at_somebody_elses_door(school: School) -> None:
    content = {"tried": "The page for gambling", "user": "test.year7", "device": None}
    facts = {**PLACE, "host": "test.example.com", "tried_at": NINE}
    now = NINE + timedelta(days=100)
    with casebook(school.store) as book:
        entry = registering.enter_check(book, who("n.network"), facts, content, NINE).id
        retention.purge(book, KEPT, NIGHT, now)
        school.log("log", squid(60, "http://test.example.com/", "u1.example", result="TCP_DENIED/403"))
        school.read(now)
        with opened_ledger(school.store, now.date()) as ledger:
            _, checks = keep_registers(book, school.lake, ledger.units(), ZoneInfo("Europe/London"), now)
    [check] = [each for each in checks if each.id == entry]
    assert (check.erased, check.trace, check.user) == (True, "", "")


def test_nobody_becomes_the_second_person_of_a_request_of_which_nobody_knows_who_asked(book: Casebook) -> None:
    request = decided(book, until=NOW.date())
    purged(book, 101)
    with pytest.raises(CasebookError, match="has been erased"):
        registering.agree(book, who("p.deputy"), request, "I looked at it as well.", days(102), today=days(102).date())
    registering.withdraw(book, who("p.deputy"), request, "It is over.", days(102))
    assert purged(book, 201) == {}
    assert purged(book, 202) == {"registers": {"register entries": 1, "texts": 1}}


STEPS = st.sampled_from(["ask", "check", "decide", "refuse", "decide-until", "agree", "withdraw", "look"])


@given(st.lists(st.tuples(STEPS, st.integers(1, 4), st.integers(0, 150)), max_size=14), st.integers(0, 400))
@settings(max_examples=tries(60), deadline=None)
def test_what_goes_was_over_and_quiet_and_nothing_else_changes(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, int]], count: int
) -> None:
    with casebook(tmp_path_factory.mktemp("book")) as book:
        moment = NOW
        for step, number, wait in steps:
            moment += timedelta(days=wait / 10)
            taken(book, step, f"F-2026-{number:05}", moment)
        now = moment + timedelta(days=count)
        with book.reading() as connection:
            before = registering.all_changes(connection), registering.all_checks(connection)
            last = {entry.id: _last(history(connection, entry.id)) for of in before for entry in of}
        retention.purge(book, KEPT, NIGHT, now)
        assert verify(book).faults == []
        with book.reading() as connection:
            after = registering.all_changes(connection), registering.all_checks(connection)
        ended = now - timedelta(days=100)
        entries: list[tuple[FilterChange | FilterCheck, FilterChange | FilterCheck]] = [
            *zip(before[0], after[0], strict=True), *zip(before[1], after[1], strict=True),
        ]  # fmt: skip
        for was, then in entries:
            over = not isinstance(was, FilterChange) or was.standing(ended.date()) in {
                "expired",
                "refused",
                "withdrawn",
            }
            assert then.erased == (over and last[was.id] <= ended)
        tables = [registers_of(*each, [], LONDON, now.date()) for each in (before, after)]
        assert tables[0].changes.equals(tables[1].changes)
        assert tables[0].checks.equals(tables[1].checks)


def _last(acted: list[Acted]) -> datetime:
    return max(each.at for each in acted if each.kind != "view")


def taken(book: Casebook, step: str, request: str, at: datetime) -> None:
    """The step, if the request allows it."""
    try:
        if step == "ask":
            registering.ask(book, who("s.senior"), "sums.example.org", "allow", "For a lesson.", at)
        elif step == "check":
            content = {"tried": "A page.", "user": None, "device": None}
            registering.enter_check(
                book, who("n.network"), {**PLACE, "host": "test.example.com", "tried_at": at}, content, at
            )
        elif step == "agree":
            registering.agree(book, who("d.lead"), request, "So.", at, today=at.date())
        elif step == "withdraw":
            registering.withdraw(book, who("d.lead"), request, "So.", at)
        elif step == "look":
            registering.look(book, who("d.lead"), request, at)
        else:
            until = at.date() + timedelta(days=30) if step == "decide-until" else None
            decision = "refuse" if step == "refuse" else "allow"
            registering.decide(
                book, who("n.network"), request, decision, "So.", at, today=at.date(), until=until
            )  # fmt: skip
    except CasebookError:
        return
