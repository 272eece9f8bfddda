"""Incidents for the school's own system: all that the asker may see, nothing else, and no formula among it."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from casebook import deciding, interchange
from casebook.case import STATES
from casebook.display import listing
from casebook.display.looks import looks
from casebook.intake import take_in
from casebook.interchange import Exported
from casebook.kinds import Refused
from casebook.outgoing import sha256_of
from casebook.store import Casebook
from casebook.verifying import verify
from tests.made_casebook import ACCESS, NOW, casebook, do, routes, who
from tests.made_packs import by_category, the_night, viewer
from tests.test_casebook import staff_case


@pytest.fixture
def book(tmp_path: Path) -> Any:
    with casebook(tmp_path) as opened:
        take_in(opened, the_night(), NOW)
        yield opened


def export(book: Casebook, output: Path, account: str = "d.lead", form: interchange.Form = "csv", **days: Any
           ) -> Exported:  # fmt: skip
    request = interchange.Request(form, output, "For the safeguarding system.", **days)
    return interchange.export(book, routes(), viewer(account, 15), request)


def rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize("account", ["d.lead", "h.head", "p.deputy", "c.chair"])
def test_there_is_a_row_for_every_incident_that_is_the_askers_to_decide(
    book: Casebook, tmp_path: Path, account: str
) -> None:
    other = by_category(book, "extremism")
    do(book, "d.lead", other, "review")
    do(book, "d.lead", other, "dismiss", ground="false-alarm", reason="A channel of a museum.")
    # Seeing it as a second person is no leave to hand it out.
    do(book, "h.head", staff_case(book), "bring-in", colleague="d.lead", reason="As the second.")
    made = export(book, tmp_path / "table.csv", account)
    with book.reading() as connection:
        seen = {each["id"] for each in listing.visible(connection, ACCESS, who(account), STATES)}
    if account == "d.lead":
        seen.remove(staff_case(book))
    found = rows(tmp_path / "table.csv")
    assert {each["id"] for each in found} == seen
    assert (made.incidents, made.references) == (len(seen), sum(each["withheld"] == "yes" for each in found))
    assert len(seen) == {"d.lead": 5, "h.head": 6, "p.deputy": 5, "c.chair": 0}[account]


@pytest.mark.parametrize("account", ["n.network", "g.governor", "a.auditor", "s.senior"])
def test_who_sees_no_whole_case_gets_no_table(book: Casebook, tmp_path: Path, account: str) -> None:
    with pytest.raises(Refused, match="may not see"):
        export(book, tmp_path / "table.csv", account)
    assert not (tmp_path / "table.csv").exists()


def test_the_same_is_in_json_and_one_action_tells_of_all(book: Casebook, tmp_path: Path) -> None:
    as_csv = export(book, tmp_path / "table.csv")
    as_json = export(book, tmp_path / "table.json", form="json")
    told = json.loads((tmp_path / "table.json").read_text("utf-8"))
    assert [each["id"] for each in told] == [each["id"] for each in rows(tmp_path / "table.csv")]
    with book.reading() as connection:
        seen = [each for each in looks(connection, ACCESS, who("a.auditor"), told[0]["id"]) if each["kind"] == "export"]
    assert [(each["what"], each["about"]) for each in seen] == [("table-csv", None), ("table-json", None)]
    assert seen[0]["incidents"] == [each["id"] for each in told]
    assert (sha256_of(as_csv.export.path), as_json.export.action) == (as_csv.export.sha256, as_csv.export.action + 1)
    assert (tmp_path / "table.csv").stat().st_mode & 0o077 == 0
    assert not verify(book).faults


def test_people_are_pseudonyms_but_where_their_names_are_open_to_the_asker(book: Casebook, tmp_path: Path) -> None:
    export(book, tmp_path / "before.csv")
    assert "amira" not in (tmp_path / "before.csv").read_text("utf-8").lower()
    incident = by_category(book, "self-harm")
    deciding.reveal(book, ACCESS, routes(), who("d.lead"), incident, "To call her mother.", 30, NOW)
    for account, open_to_them in (("d.lead", True), ("p.deputy", False)):
        export(book, tmp_path / f"{account}.csv", account)
        named = {each["id"]: each["people"] for each in rows(tmp_path / f"{account}.csv")}
        assert ("amiraexample" in named[incident]) is open_to_them
        assert "joillustration" not in str(named)


@pytest.mark.parametrize("form", ["csv", "json"])
def test_what_is_withheld_is_a_reference_and_no_more(book: Casebook, tmp_path: Path, form: interchange.Form) -> None:
    incident = by_category(book, "illegal-content")
    do(book, "d.lead", incident, "note", text="It was on withheld-address.example.test, she says.")
    path = tmp_path / f"table.{form}"
    assert export(book, path, form=form).references == 1
    assert "withheld-address" not in path.read_text("utf-8")
    found = json.loads(path.read_text("utf-8")) if form == "json" else rows(path)
    row = next(each for each in found if each["id"] == incident)
    assert {name for name, value in row.items() if value} == {"id", "day", "state", "level", "route", "withheld"}


def test_no_word_of_anybody_becomes_a_formula(book: Casebook, tmp_path: Path) -> None:
    parties = [{"person": "=cmd|' /C calc'!A0", "part": "victim", "kind": "pupil"}]
    content = {"summary": "@SUM(1)", "reported_by": "her mother", "parties": parties}
    facts = {"category": "=1+1", "level": "high", "route": "pupil-victim", "day": "2026-10-13"}
    incident = deciding.report(book, ACCESS, who("d.lead"), facts, content, NOW).id
    deciding.reveal(book, ACCESS, routes(), who("d.lead"), incident, "To call her mother.", 30, NOW)
    do(book, "d.lead", incident, "note", text="+44 20 7946 0000\r\n=HYPERLINK(1)\x1b[31m")
    export(book, tmp_path / "table.csv")
    found = rows(tmp_path / "table.csv")
    row = next(each for each in found if each["id"] == incident)
    assert row["category"] == "'=1+1"
    assert "=cmd" in row["people"]
    assert "7946" in row["decisions"]
    cells = [value for each in found for value in each.values()]
    assert not [each for each in cells if each.startswith(("=", "+", "-", "@", "\t", "\r")) or not each.isprintable()]


def test_only_the_days_that_were_asked_for_are_in_it(book: Casebook, tmp_path: Path) -> None:
    day = date(2026, 10, 13)
    all_of_it = export(book, tmp_path / "all.csv", since=day, until=day)
    assert all_of_it.incidents == 5
    assert export(book, tmp_path / "after.csv", since=date(2026, 10, 14)).incidents == 0
    assert export(book, tmp_path / "before.csv", until=date(2026, 10, 12)).incidents == 0
    assert (tmp_path / "after.csv").read_bytes().decode() == "\ufeff" + ",".join(interchange.COLUMNS) + "\r\n"
