"""Who is part of a case, however they were entered, and what follows from it for whoever asks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, text

from casebook import held, listing
from casebook.case import STATES, Case
from casebook.intake import take_in
from casebook.kinds import Refused
from casebook.store import Casebook, case_of
from casebook.tables import PARTY
from casebook.verifying import verify
from tests.made_casebook import ACCESS, NOW, STAFF, casebook, do, who
from tests.made_drafts import a_night, draft, drafts, hit


@pytest.fixture
def book(tmp_path: Path) -> Any:
    with casebook(tmp_path) as opened:
        take_in(opened, a_night(), NOW, STAFF)
        yield opened


def the_case(book: Casebook, incident: str) -> Case:
    with book.reading() as connection:
        return case_of(connection, incident)


def seeing(book: Casebook, incident: str) -> set[str]:
    """Whoever sees it, by its history and by the list alike."""
    case = the_case(book, incident)
    by_case = {each.account for each in STAFF if ACCESS.sees(who(each.account), case)}
    with book.reading() as connection:
        by_list = {
            each.account
            for each in STAFF
            for row in listing.visible(connection, ACCESS, who(each.account), STATES)
            if row["id"] == incident and "category" in row
        }
    assert by_case == by_list
    return by_case


def of_account(book: Casebook, account: str, **changes: Any) -> str:
    """The incident of a draft that is filed under an account which the people file lacks."""
    found = hit(f"loser loser {account}", "loser", category="bullying")
    unlisted = {"subject": f"account:{account}", "subject_kind": "account", "who": "unknown-account", "role": None}
    row = draft(f"Account {account}", [found], **(unlisted | changes))
    take_in(book, drafts(row), NOW, STAFF)
    with book.reading() as connection:
        rows = connection.execute(text("SELECT incident FROM drafted WHERE draft_id = :it"), {"it": row["draft_id"]})
        return str(rows.scalar_one())


# ---------------------------------------------------------------- an account that the people file lacks


@pytest.mark.parametrize(
    ("account", "expected"),
    [
        ("h.head", {"c.chair"}),
        ("hhead-admin", {"c.chair"}),
        ("d.lead", {"h.head"}),
        ("n.network", {"h.head"}),
        ("z.unlisted", {"d.lead", "p.deputy", "h.head"}),
    ],
)
def test_whoever_an_account_belongs_to_is_part_of_its_draft(book: Casebook, account: str, expected: set[str]) -> None:
    incident = of_account(book, account)
    assert seeing(book, incident) == expected
    for each in {"h.head", "d.lead", "n.network"} - expected:
        with pytest.raises(Refused):
            do(book, each, incident, "review")
    assert the_case(book, incident).side == ("pupil" if account == "z.unlisted" else "staff")
    assert verify(book).faults == []


def test_a_caseworker_is_staff_even_where_the_people_file_has_them_as_a_pupil(book: Casebook) -> None:
    person = {"subject": "person:p.deputy", "subject_kind": "person", "role": "pupil"}
    assert seeing(book, of_account(book, "p.deputy", **person)) == {"h.head"}


def test_what_is_held_on_an_unlisted_account_is_found(book: Casebook) -> None:
    incident = of_account(book, "z.unlisted")
    do(book, "d.lead", incident, "review")
    do(book, "d.lead", incident, "confirm", reason="She said so.")
    do(book, "d.lead", incident, "note", text="Her tutor knows.")
    with book.reading() as connection:
        found = held.held_on(connection, ACCESS, who("d.lead"), frozenset({"z.unlisted"}), frozenset(), str)
        left_out = held.held_on(
            connection, ACCESS, who("d.lead"), frozenset({"z.unlisted"}), frozenset({incident}), str
        )
    assert [each["id"] for each in found.cases] == [incident]
    assert (left_out.cases, left_out.withheld) == ((), 0)


def test_a_casebook_of_before_gets_its_tables_made_anew(tmp_path: Path) -> None:
    with casebook(tmp_path) as opened:
        incident = of_account(opened, "h.head")
        broken = of_account(opened, "z.unlisted")
        with opened.changing() as writer:
            writer.connection.execute(delete(PARTY))
            writer.connection.execute(
                text("UPDATE action SET kind = 'no-such-kind' WHERE about = :it"), {"it": broken}
            )
            writer.connection.execute(text("DROP INDEX ix_action_kind"))
            writer.connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    with casebook(tmp_path) as opened:
        assert seeing(opened, incident) == {"c.chair"}
        faults = {each.what for each in verify(opened).faults}
    assert any("hash does not fit" in each for each in faults), "what cannot be read is still there to be named"
