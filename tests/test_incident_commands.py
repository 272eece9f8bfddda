"""From `esafety init` to a letter, by the command line alone: what a school meets in its first week."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cli import main

#: Tuesday 10 November 2026, 09:00 in London.
NINE = 1_794_301_200
STAFF = """
[[casebook.staff]]
account = "d.lead"
name = "Dana Lead"
roles = ["dsl"]
[[casebook.staff]]
account = "p.deputy"
name = "Pat Deputy"
roles = ["deputy-dsl"]
"""
TABLES = """
policy = "Behaviour policy of September 2026"
[[row]]
who = "pupil"
incident = "Getting round the filter"
categories = ["filter-bypass"]
measures = ["A talk", "A letter home"]
"""
SEARCHES = ("how+to+bypass+the+school+filter", "unblock+school+wifi+vpn+free", "proxy+to+get+past+smoothwall")


def run(school: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, [*arguments, "--config", str(school)])


def ask(school: Path, *arguments: str) -> str:
    done = run(school, "incident", *arguments, "--as", "d.lead")
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture
def school(tmp_path: Path) -> Path:
    """A school of one pupil, who looked for ways round the filter; the night is over."""
    config = tmp_path / "school.toml"
    assert run(config, "init").exit_code == 0
    text = config.read_text(encoding="utf-8").replace(
        "# [[casebook.staff]]", 'sanctions = "sanctions.toml"\n' + STAFF, 1
    )
    config.write_text(text.replace("# [people]", '[people]\nfile = "people.csv"', 1), encoding="utf-8")
    people = "username,display_name,role,year_group,classes\na.example,Alex Example,pupil,9,9B\n"
    (tmp_path / "people.csv").write_text(people, encoding="utf-8")
    (tmp_path / "sanctions.toml").write_text(TABLES, encoding="utf-8")
    lines = [
        f"{NINE + 20 * at}.123 52 10.0.0.7 TCP_MISS/200 1200 GET http://www.google.com/search?q={words} "
        "a.example HIER_DIRECT/192.0.2.9 text/html\n"
        for at, words in enumerate(SEARCHES)
    ]
    (tmp_path / "logs" / "access.log").write_text("".join(lines), encoding="utf-8")
    return config


def test_a_week_with_an_incident(school: Path) -> None:
    night = run(school, "nightly", "--as-of", "2026-11-11T03:00")
    assert night.exit_code == 0, night.output
    # A missing number is told, and is no reason to call the night a bad one.
    assert "? Contacts: no number for the LADO in contacts.toml (named by illegal" in night.stdout
    assert "! " not in night.stdout
    incident = ask(school, "list").split()[0]

    def shown() -> dict[str, Any]:
        told: dict[str, Any] = json.loads(ask(school, "show", incident, "--json"))
        return told

    assert (shown()["route"], shown()["category"]) == ("network-misuse", "filter-bypass")
    ask(school, "review", incident, "--reason", "His tutor has asked.")
    witness = ("--person", "b.example", "--part", "witness", "--kind", "parent")
    ask(school, "party", incident, *witness, "--reason", "He says.")
    told = shown()["history"]
    why = [each["reason"] for each in told if each["kind"] in {"review", "party"}]
    assert why == ["His tutor has asked.", "He says."]
    assert "next: police (DSL)" in ask(school, "answer", incident, "--question", "crime", "--answer", "unsure")
    refused = run(
        school, "incident", "answer", incident, "--question", "crime", "--answer", "who knows", "--as", "d.lead"
    )
    assert (refused.exit_code, "Write one of yes, unsure, no." in refused.stderr) == (1, True)
    assert "sanction" not in ask(school, "show", incident)
    ask(school, "confirm", incident, "--reason", "He said so.")
    lines = ask(school, "show", incident).splitlines()
    assert lines[-5:-1] == [
        "  Behaviour policy of September 2026",
        "  pupil: Getting round the filter (in this order)",
        "    - A talk",
        "    - A letter home",
    ]
    assert lines[-1].endswith(": 0 earlier confirmed")
    assert "a.example" not in "".join(lines)
    assert shown()["sanctions"]["rows"][0]["measures"] == ["A talk", "A letter home"]

    output = str(school.parent / "letter.html")
    letter = ("letter", incident, "--template", "meeting", "--output", output, "--reason", "To ask them in")
    closed = run(school, "incident", *letter, "--as", "d.lead")
    assert (closed.exit_code, "are not open to you" in closed.stderr) == (1, True)
    ask(school, "reveal", incident, "--reason", "To write home")
    assert "is a draft" in ask(school, *letter)
    assert "Dear parent or carer of Alex Example," in Path(output).read_text(encoding="utf-8")
    assert "letter:meeting" in run(school, "audit", "looks", "--as", "d.lead").stdout
    assert run(school, "audit", "verify").exit_code == 0


def test_a_slip_in_the_files_of_the_casebook_stops_the_night_with_its_line(school: Path) -> None:
    contacts = school.parent / "contacts.toml"
    before = contacts.read_text(encoding="utf-8")
    contacts.write_text('[[contact]]\nid = "lado"\ntelephone = "later"\n', encoding="utf-8")
    stopped = run(school, "nightly")
    assert (stopped.exit_code, "contacts.toml:3: telephone: 'later' is no telephone" in stopped.stderr) == (1, True)
    contacts.write_text(before, encoding="utf-8")
    tables = school.parent / "sanctions.toml"
    tables.write_text(TABLES.replace("filter-bypass", "filter-bypasses"), encoding="utf-8")
    stopped = run(school, "nightly")
    assert stopped.exit_code == 1
    assert "sanctions.toml:6: there is no category 'filter-bypasses'. Did you mean 'filter-bypass'?" in stopped.stderr


def test_init_leaves_a_contacts_file_that_is_there_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "contacts.toml").write_text("# ours\n", encoding="utf-8")
    made = run(tmp_path / "school.toml", "init")
    assert made.exit_code == 0
    assert "contacts.toml" not in made.stdout
    assert (tmp_path / "contacts.toml").read_text(encoding="utf-8") == "# ours\n"
