"""The school's own tables beside a confirmed incident: shown whole, never chosen from, to two people where needed."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
import pytest

from casebook import beside
from casebook.access import Access
from casebook.commands.incident import incident as commands
from casebook.deciding import report
from casebook.display.showing import Viewer
from casebook.sanctions import Sanctions, load_sanctions
from casebook.store import Casebook, case_of
from pipeline.errors import ConfigError
from tests.made_casebook import ACCESS, NOW, STAFF, casebook, do, who
from tests.shipped import shipped_lists

ROOT = Path(__file__).resolve().parent.parent
TABLES = """
policy = "Behaviour policy of September 2026"
[[row]]
who = "pupil"
incident = "Bullying by message"
categories = ["bullying"]
measures = ["A talk", "A letter home", "No account for a week"]
[[row]]
who = "pupil"
incident = "Unkind words"
categories = ["bullying", "discrimination"]
in_order = false
measures = ["The class teacher", "The head of year"]
[[row]]
who = "staff"
incident = "Unkind to colleagues"
categories = ["bullying"]
measures = ["HR"]
"""


@pytest.fixture
def tables(tmp_path: Path) -> Sanctions:
    path = tmp_path / "sanctions.toml"
    path.write_text(TABLES, encoding="utf-8")
    return load_sanctions(path, shipped_lists().categories)


@pytest.fixture
def book(tmp_path: Path) -> Any:
    with casebook(tmp_path) as opened:
        yield opened


def told_of(
    book: Casebook, *parties: tuple[str, str, str], day: str = "2026-10-12", route: str = "pupil-inappropriate"
) -> str:
    """An incident that somebody has reported."""
    facts = {"category": "bullying", "level": "medium", "route": route, "day": day}
    people = [dict(zip(("person", "part", "kind"), each, strict=True)) for each in parties]
    content = {"summary": "Mocked in a chat.", "reported_by": "a friend", "parties": people}
    return report(book, ACCESS, who("d.lead"), facts, content, NOW).id


def confirmed(book: Casebook, *parties: tuple[str, str, str], account: str = "d.lead", **when: str) -> str:
    incident = told_of(book, *parties, **when)
    do(book, account, incident, "review")
    do(book, account, incident, "confirm", reason="Two saw it.")
    return incident


def shown(book: Casebook, incident: str, tables: Sanctions, account: str = "d.lead") -> dict[str, Any]:
    viewer = Viewer(who(account), Access(STAFF), b"k" * 32, ZoneInfo("Europe/London"), NOW)
    with book.reading() as connection:
        return beside.as_told(connection, case_of(connection, incident), tables, viewer)


DOER = ("b.example", "instigator", "pupil")
HURT = ("a.example", "victim", "pupil")


def test_rows_of_the_category_are_shown_whole_and_in_order_beside_a_confirmed_incident(
    book: Casebook, tables: Sanctions
) -> None:
    told = shown(book, confirmed(book, HURT, DOER), tables)
    assert [(row["incident"], row["in_order"]) for row in told["rows"]] == [
        ("Bullying by message", True), ("Unkind words", False),
    ]  # fmt: skip
    assert told["rows"][0]["measures"] == ["A talk", "A letter home", "No account for a week"]
    assert [each["earlier"] for each in told["people"]] == [0]
    assert told["people"][0]["person"].startswith("pupil ")
    lines = "\n".join(beside.as_lines({"sanctions": told}))
    assert "the program proposes none" in lines
    assert "b.example" not in lines


def test_before_a_person_has_confirmed_it_nothing_is_shown(book: Casebook, tables: Sanctions) -> None:
    incident = told_of(book, DOER)
    assert shown(book, incident, tables) == {}
    do(book, "d.lead", incident, "review")
    assert shown(book, incident, tables) == {}
    do(book, "d.lead", incident, "dismiss", ground="false-alarm", reason="A play.")
    assert shown(book, incident, tables) == {}
    assert list(beside.as_lines({"sanctions": {}})) == []


def test_nobody_who_is_hurt_or_only_saw_it_has_a_row(book: Casebook, tables: Sanctions) -> None:
    assert shown(book, confirmed(book, HURT, ("c.example", "witness", "pupil")), tables) == {}
    at_risk = confirmed(book, ("a.example", "subject", "pupil"), route="pupil-victim")
    assert shown(book, at_risk, tables) == {}
    by_accident = confirmed(book, ("a.example", "subject", "pupil"), route="accidental")
    assert shown(book, by_accident, tables) == {}
    assert shown(book, confirmed(book, ("a.example", "subject", "pupil")), tables)["people"][0]["earlier"] == 0


def test_earlier_confirmed_ones_of_the_same_person_are_counted_and_no_others(book: Casebook, tables: Sanctions) -> None:
    confirmed(book, DOER, day="2026-09-10")
    closed = confirmed(book, DOER, day="2026-09-11")
    do(book, "d.lead", closed, "close", outcome="parents", reason="Done.", debrief="With the tutor.")
    told_of(book, DOER, day="2026-09-12")
    confirmed(book, ("b.example", "victim", "pupil"), day="2026-09-13")
    confirmed(book, ("b.example", "subject", "pupil"), day="2026-09-14", route="pupil-victim")
    confirmed(book, ("z.example", "instigator", "pupil"), day="2026-09-15")
    reopened = confirmed(book, DOER, day="2026-09-16")
    do(book, "d.lead", reopened, "close", outcome="parents", reason="Done.", debrief="With the tutor.")
    do(book, "d.lead", reopened, "reopen", reason="It was another.")
    now = confirmed(book, DOER, day="2026-10-12")
    confirmed(book, DOER, day="2026-10-13")
    assert [each["earlier"] for each in shown(book, now, tables)["people"]] == [2]


def test_an_incident_that_the_viewer_may_not_see_is_not_counted_for_them(book: Casebook, tables: Sanctions) -> None:
    staff = ("t.example", "victim", "staff")
    hidden = told_of(book, DOER, staff, day="2026-09-10", route="staff-victim")
    do(book, "h.head", hidden, "review")
    do(book, "h.head", hidden, "confirm", reason="Two saw it.")
    now = confirmed(book, DOER, HURT)
    assert shown(book, now, tables, "d.lead")["people"][0]["earlier"] == 0
    assert shown(book, now, tables, "h.head")["people"][0]["earlier"] == 1


def test_how_often_it_happened_changes_no_word_of_the_table(book: Casebook, tables: Sanctions) -> None:
    first = shown(book, confirmed(book, DOER, day="2026-09-01"), tables)
    later = [shown(book, confirmed(book, DOER, day=f"2026-09-0{day}"), tables) for day in range(2, 7)]
    last = later[-1]
    assert last["people"][0]["earlier"] == 5
    assert last["rows"] == first["rows"]
    assert all(row.keys() == {"who", "incident", "in_order", "measures"} for row in last["rows"])


def test_a_case_about_staff_waits_for_a_second_person_and_shows_each_their_own_rows(
    book: Casebook, tables: Sanctions
) -> None:
    incident = told_of(book, ("t.example", "instigator", "staff"), DOER, route="staff-instigator")
    do(book, "h.head", incident, "review")
    do(book, "h.head", incident, "confirm", reason="Two saw it.")
    assert shown(book, incident, tables, "h.head").keys() == {"waits"}
    do(book, "h.head", incident, "agree", agreed="sanctions", reason="I agree with myself.")
    assert shown(book, incident, tables, "h.head").keys() == {"waits"}
    do(book, "h.head", incident, "bring-in", colleague="s.senior", reason="As the second.")
    do(book, "s.senior", incident, "agree", agreed="sanctions", reason="We look at it together.")
    told = shown(book, incident, tables, "h.head")
    assert [row["who"] for row in told["rows"]] == ["pupil", "pupil", "staff"]


def test_what_may_be_illegal_waits_for_a_second_person(book: Casebook, tables: Sanctions) -> None:
    incident = told_of(book, DOER, route="illegal")
    do(book, "p.deputy", incident, "agree", agreed="open", reason="Together.")
    do(book, "d.lead", incident, "review")
    do(book, "d.lead", incident, "confirm", reason="The police said so.")
    told = shown(book, incident, tables)
    assert f"agree {incident} --to sanctions" in "\n".join(beside.as_lines({"sanctions": told}))
    do(book, "p.deputy", incident, "agree", agreed="sanctions", reason="Together.")
    assert shown(book, incident, tables)["rows"]


def test_a_school_without_tables_sees_none(book: Casebook) -> None:
    assert shown(book, confirmed(book, DOER), load_sanctions(None)) == {}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('["bullying"]', '["bulying"]', r":6: there is no category 'bulying'\. Did you mean 'bullying'\?"),
        ('who = "pupil"', 'who = "parent"', r":4: who"),
        ("measures =", "rungs =", r":3: 'measures' is missing in row"),
        ("in_order", "ordered", r":12: the key 'ordered' is not known"),
        ('policy = "', '# "', r": 'policy' is missing\. Add a line `policy = …`"),
        ('measures = ["HR"]', "measures = []", r":18: measures"),
        ("[[row]]", "[[row]", r":3: is not TOML"),
    ],
)
def test_a_broken_table_is_refused_with_its_line(old: str, new: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "sanctions.toml"
    assert old in TABLES
    path.write_text(TABLES.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError, match=rf"sanctions\.toml{said}" if said.startswith(":") else said):
        load_sanctions(path, shipped_lists().categories)


def test_the_demos_tables_name_categories_that_there_are() -> None:
    path = ROOT / "sample_logs" / "school" / "sanctions.toml"
    assert {each.in_order for each in load_sanctions(path, shipped_lists().categories).rows} == {True, False}


def test_nothing_in_the_program_proposes_a_sanction_or_a_letter() -> None:
    """Only the command that shows an incident reads the tables, and only the command for letters writes one."""
    users: dict[str, set[str]] = {"sanctions": set(), "beside": set(), "letters": set()}
    for folder in ("casebook", "pipeline", "reports"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                for name, found in users.items():
                    is_from = isinstance(node, ast.ImportFrom) and (
                        node.module == f"casebook.{name}"
                        or (node.module == "casebook" and name in {each.name for each in node.names})
                    )
                    is_named = isinstance(node, ast.Constant) and node.value == f"casebook.{name}"
                    if is_from or is_named:
                        found.add(str(path.relative_to(ROOT)))
    # The night only tries whether the tables can be read.
    assert users["sanctions"] == {"casebook/beside.py", "casebook/commands/incident.py", "pipeline/nightly.py"}
    assert users["beside"] == users["letters"] == {"casebook/commands/incident.py"}
    for name, option in (("close", "outcome"), ("letter", "template"), ("letter", "output"), ("letter", "reason")):
        asked = next(each for each in commands.commands[name].params if each.name == option)
        assert isinstance(asked, click.Option)
        assert asked.required, "a person says which"
