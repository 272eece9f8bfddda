"""What the registers of filter changes and filter checks hold on one person, in a copy for them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from casebook.filtering import registering
from casebook.store import opened_casebook
from tests.made_casebook import do, who
from tests.made_night import School
from tests.made_subject import casebook_of, copied, copy_of, counts_of, of_category, rows_of, texts_of

AT = datetime(2026, 11, 11, 9, tzinfo=UTC)
TODAY = AT.date()


@pytest.fixture
def school(kept_subject: School, tmp_path: Path) -> School:
    """A copy of it, to be changed."""
    return copy_of(kept_subject, tmp_path / "school")


def registered(school: School) -> None:
    """Requests for Alex, for Jordan and for a site that is withheld; a check as Alex and one as Jordan."""
    network, head = who("n.network"), who("d.lead")
    with opened_casebook(casebook_of(school)) as book:
        for site, reason, asker in (
            ("sums.example", "Alex and Jordan want it for maths, says b.sample.", "EXAMPLE\\A.Example"),
            ("maps.example", "For a walk.", "Alex Example"),
            ("games.example", "For Jordan.", "b.sample"),
            ("www.sealed.example", "For a test.", "a.example"),
        ):
            change = registering.ask(book, network, site, "allow", reason, AT, asked_by=asker)
            registering.decide(book, head, change.id, "refuse", "Jordan Sample would not like it.", AT, today=TODAY)
        for user in ("a.example@example.org", "b.sample"):
            facts = {"host": "test.example", "device_type": "tablet", "site": "main", "group": "year 8",
                     "result": "blocked", "tried_at": AT}  # fmt: skip
            tried = {"tried": "A page, with Jordan beside", "user": user, "device": None}
            registering.enter_check(book, network, facts, tried, AT)


def test_of_the_registers_there_is_what_was_entered_for_them_or_tried_as_them(school: School) -> None:
    registered(school)
    made = copied(school)
    assert made["registers"] == {"found": 4, "written": 3, "kept_back": 1}
    refused = "; reason: [name withheld] would not like it."
    fixed = {"part": "entered for this person", "day": "2026-11-11", "what": "allow", "stands": "refused"}
    assert rows_of(school, "registers.csv") == [
        {"id": "F-2026-00001", **fixed, "site": "sums.example",
         "said": f"reason: Alex and [name withheld] want it for maths, says [account withheld].{refused}"},
        {"id": "F-2026-00002", **fixed, "site": "maps.example", "said": f"reason: For a walk.{refused}"},
        {"id": "C-2026-00001", "part": "tried under this account", "day": "2026-11-11", "site": "test.example",
         "what": "tablet, main, year 8: A page, with [name withheld] beside", "stands": "blocked", "said": ""},
    ]  # fmt: skip
    assert counts_of(school)[3] == ["4", "3", "1"]


def test_of_staff_there_is_what_they_entered(school: School) -> None:
    registered(school)
    made = copied(school, "h.head", "n.network")
    assert made["registers"] == {"found": 6, "written": 5, "kept_back": 1}
    rows = rows_of(school, "registers.csv")
    assert {row["part"] for row in rows} == {"entered by this person"}
    everything = "".join(texts_of(school).values())
    assert not re.search(r"(?<!\w)(jordan|alex|[ab]\.(sample|example))(?!\w)", everything, re.IGNORECASE)


def test_an_entry_that_speaks_of_what_is_withheld_is_kept_back(school: School) -> None:
    with opened_casebook(casebook_of(school)) as book:
        reason = "He met www.sealed.example there."
        registering.ask(book, who("n.network"), "sums.example", "block", reason, AT, asked_by="a.example")
        do(book, "d.lead", of_category(school, "lobsters", "a.example"), "note", text="Seen.")
    assert copied(school)["registers"] == {"found": 1, "written": 0, "kept_back": 1}
    assert "sealed" not in "".join(texts_of(school).values())


def test_a_site_that_names_somebody_else_is_masked_after_it_was_looked_at(school: School) -> None:
    with opened_casebook(casebook_of(school)) as book:
        for site in ("b.sample.example.org", "jordan.sample.sealed.example"):
            registering.ask(book, who("n.network"), site, "block", "Asked.", AT, asked_by="a.example")
    assert copied(school)["registers"] == {"found": 2, "written": 1, "kept_back": 1}
    assert [row["site"] for row in rows_of(school, "registers.csv")] == ["[account withheld].example.org"]
