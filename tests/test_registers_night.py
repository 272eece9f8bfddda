"""The registers from the logs of a school to what a night and the commands tell of them."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from casebook.commands import opening
from casebook.filtering import registering
from casebook.tables import ACTION
from casebook.verifying import verify
from cli import main
from tests.made_casebook import casebook, who
from tests.made_night import NIGHT, School, squid

STAFF_TABLES = """
[[source]]
name = "filter"
files = ["logs/*"]
format = "squid"
[[casebook.staff]]
account = "n.network"
name = "Nour Network"
roles = ["network-manager"]
[[casebook.staff]]
account = "d.lead"
name = "Dana Lead"
roles = ["dsl"]
[[casebook.staff]]
account = "g.governor"
name = "Gil Governor"
roles = ["governor"]
"""
DAY = 86_400.0


def esafety(school: School, account: str, *words: str) -> Result:
    group, name, *rest = words
    arguments = [group, name, "--config", str(school.config), "--as", account, *rest]
    with patch.object(opening, "datetime", wraps=datetime) as clock:
        clock.now.return_value = NIGHT + timedelta(hours=6)
        return CliRunner().invoke(main, arguments, catch_exceptions=False)


def visits(day: int, host: str, result: str) -> str:
    """Eight requests of six users, on a day so many before the night's own."""
    return "".join(
        squid(-day * DAY + n * 60, f"http://{host}/{n}", f"u{n % 6}.example", client=f"10.0.0.{n % 6}", result=result)
        for n in range(8)
    )


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> School:
    """A filter that lets two sites through since four days; for one of them somebody asked and two settled it."""
    school = School(tmp_path_factory.mktemp("school"), STAFF_TABLES).made()
    # A site of what may be illegal, of which nothing may say the name.
    crane = (school.folder / "lists" / "cranes.toml").read_text("utf-8")
    nets = crane.replace("cranes", "nets").replace("paper crane", "tin net").replace("network-misuse", "illegal")
    (school.folder / "lists" / "nets.toml").write_text(nets, "utf-8")
    log = []
    for day in range(9, -1, -1):
        result = "TCP_DENIED/403" if day > 4 else "TCP_MISS/200"
        log += [visits(day, host, result) for host in ("www.example.org", "sums.example.net", "www.nets.example")]
    log.append(
        squid(3600, "http://test.example.com/gambling", "test.year7", client="10.0.0.9", result="TCP_DENIED/403")
    )
    log.append(squid(7200, "http://www.example.edu/", "u1.example"))
    asked = NIGHT - timedelta(days=20)
    school.config.parent.joinpath("store").mkdir()
    with casebook(school.store) as book:
        request = registering.ask(book, who("s.senior"), "example.net", "allow", "Sums for 7B.", asked).id
        registering.decide(book, who("n.network"), request, "allow", "It is.", asked, today=asked.date())
        at = NIGHT - timedelta(days=9)
        registering.agree(book, who("d.lead"), request, "It is.", at, today=at.date())
        facts = {"device_type": "tablet", "site": "main", "group": "year 7", "tried_at": NIGHT - timedelta(hours=17)}
        for host, result in (
            ("test.example.com", "blocked"),
            ("test.example.com", "allowed"),
            ("else.example", "blocked"),
        ):
            content = {"tried": "a page about bets", "user": "test.year7"}
            registering.enter_check(book, who("n.network"), {**facts, "host": host, "result": result}, content, NIGHT)
    school.log("access.log", "".join(log))
    school.night()
    return school


def test_the_night_finds_the_site_that_nobody_asked_for_and_not_the_other(told: School) -> None:
    record = json.loads(next((told.folder / "reports").glob("*/run.json")).read_text("utf-8"))
    assert [
        (each["name"], each["was"], each["now"], each["since"], each["on_record"]) for each in record["filter_flips"]
    ] == [
        ("example.org", "blocked", "allowed", "2026-11-06", "none"),
        ("(withheld)", "blocked", "allowed", "2026-11-06", "none"),
    ]
    assert [each["requests"] for each in record["filter_flips"]] == [40, 40]
    assert "nets.example" not in json.dumps(record)
    page = next((told.folder / "reports").glob("*/governors.html")).read_text("utf-8")
    rows = dict(re.findall(r"<div><dt>([^<]+)</dt><dd>([^<]+)</dd></div>", page))
    assert (rows["Requests"], rows["Half of them were decided within"]) == ("1", "an hour")
    assert rows["The filter does it only in part"] == "1"
    assert rows["Sites allowed or blocked otherwise than before, with no settled request"] == "2"
    assert "main, tablet, year 7" in page
    assert "example.org" not in page
    with casebook(told.store) as book:
        assert not verify(book).faults


def test_the_night_notes_what_came_of_a_decision_and_of_checks_once(told: School) -> None:
    def noted() -> tuple[Any, ...]:
        with casebook(told.store) as book, book.reading() as connection:
            changes, checks = registering.all_changes(connection), registering.all_checks(connection)
            actions = connection.scalars(select(ACTION.c.kind)).all()
        return changes[0].effect, [each.trace for each in checks], len(actions)

    first = noted()
    # Settled on 2 November: of the week after, three days were still blocked.
    assert first[:2] == ("partly", ["agrees", "differs", "none"])
    told.night()
    assert noted() == first


def test_a_check_names_the_line_that_it_left(told: School) -> None:
    shown = esafety(told, "n.network", "check", "show", "C-2026-00001").output
    assert "In the logs: the logs say so too." in shown
    assert "  blocked, filter, line 241 of " in shown
    assert "no trace in any log" in esafety(told, "n.network", "check", "show", "C-2026-00003").output
    assert "test.year7" in shown
    listed = esafety(told, "n.network", "check", "list").output
    assert listed.count("\n") == 3
    assert "test.year7" not in listed


def test_the_commands_tell_each_as_much_as_they_may_know(told: School) -> None:
    listed = esafety(told, "d.lead", "change", "list").output
    assert listed == "F-2026-00001  2026-10-22  in-force   allow example.net and all below it\n"
    shown = esafety(told, "n.network", "change", "show", "F-2026-00001").output
    assert "In the logs: the filter does it for a part of the requests" in shown
    assert "the seven days before 2026-11-02: 8 blocked" in shown
    assert "Sums for 7B." in shown
    flips = esafety(told, "d.lead", "change", "unexplained").output
    assert flips.startswith("example.org: blocked until 5 November, allowed since 6 November (40 requests, at least ")
    assert flips.endswith("no request on record\n")
    assert "\n(withheld): blocked until 5 November" in flips
    assert "nets.example" not in flips
    everything = esafety(told, "d.lead", "change", "unexplained", "--all").output
    assert "example.net" in everything
    assert "F-2026-00001 is on record" in everything
    for words in (("change", "list"), ("change", "show", "F-2026-00001"), ("change", "unexplained"), ("check", "list")):
        refused = esafety(told, "g.governor", *words)
        assert (refused.exit_code, refused.stdout) == (1, "")
        assert "governors keep no registers" in refused.stderr


def test_a_request_by_command_from_the_question_to_its_end(tmp_path: Path) -> None:
    school = School(tmp_path, STAFF_TABLES).made()
    school.log("access.log", squid())
    asked = esafety(school, "n.network", "change", "add", "chess.example", "--to", "block", "--reason", "Lessons.")
    assert asked.output.endswith("-00001: block chess.example and all below it. It waits for a decision.\n")
    request = asked.output.partition(":")[0]
    why = ("--reason", "Played in lessons.")
    assert (
        "waits for a second person"
        in esafety(school, "n.network", "change", "decide", request, "--to", "block", *why).output
    )
    alone = esafety(school, "n.network", "change", "agree", request, *why)
    assert (alone.exit_code, "one person alone" in alone.stderr) == (1, True)
    assert "It waits for a second person" in esafety(school, "d.lead", "change", "show", request).output
    assert "is in force" in esafety(school, "d.lead", "change", "agree", request, *why).output
    assert "In the logs: no traffic since." in esafety(school, "d.lead", "change", "show", request).output
    data = json.loads(esafety(school, "d.lead", "change", "show", request, "--json").output)
    assert [each["kind"] for each in data["history"]] == ["change-asked", "change-decided", "change-agreed"]
    assert "see that the filter" in esafety(school, "d.lead", "change", "withdraw", request, *why).output.lower()
    assert json.loads(esafety(school, "d.lead", "change", "list", "--standing", "in-force", "--json").output) == []


def test_what_is_wrong_with_a_check_is_said(tmp_path: Path) -> None:
    school = School(tmp_path, STAFF_TABLES).made()
    base = ("--tried", "a page", "--result", "blocked", "--device-type", "tablet")
    named = esafety(school, "d.lead", "check", "add", "example.org", *base, "--group", "Jo <jo@example.org>")
    ahead = esafety(
        school, "d.lead", "check", "add", "example.org", *base, "--group", "Year 7", "--at", "2199-01-01T10:00"
    )
    assert (named.exit_code, ahead.exit_code) == (1, 1)
    assert "nobody's name" in named.stderr
    assert "lies ahead" in ahead.stderr
    left_out = esafety(
        school, "d.lead", "check", "add", "example.org", *base, "--group", "Year 7", "--at", "2026-03-29T01:30"
    )
    assert (left_out.exit_code, "the clocks went forward over it" in left_out.stderr) == (1, True)
    entered = esafety(school, "d.lead", "check", "add", "example.org", *base, "--group", " Year  7 ")
    assert "is entered" in entered.output
    (listed,) = json.loads(esafety(school, "d.lead", "check", "list", "--json").output)
    assert (listed["group"], listed["site"], listed["trace"]) == ("year 7", "main", "")
    shown = esafety(school, "d.lead", "check", "show", listed["id"]).output
    assert "have not been looked at yet" in shown
    assert "is no filter check" in esafety(school, "d.lead", "check", "show", "I-2026-00001").stderr


def test_of_an_hour_that_came_twice_the_first_is_taken_and_that_is_said(tmp_path: Path) -> None:
    school = School(tmp_path, STAFF_TABLES).made()
    base = ("--tried", "a page", "--result", "blocked", "--device-type", "tablet", "--group", "staff", "--at")
    first = esafety(school, "d.lead", "check", "add", "example.org", *base, "2026-10-25T01:30")
    assert "came twice" in first.output
    assert "--at 2026-10-25T01:30+00:00" in first.output
    second = esafety(school, "d.lead", "check", "add", "example.org", *base, "2026-10-25T01:30+00:00")
    assert "came twice" not in second.output
    with casebook(school.store) as book, book.reading() as connection:
        tried = [registering.check_of(connection, f"C-2026-0000{number}").tried_at for number in (1, 2)]
    assert [each.astimezone(UTC).hour for each in tried] == [0, 1]


@pytest.mark.parametrize("group", ["change", "check"])
def test_every_command_of_the_registers_explains_itself_in_a_line(group: str) -> None:
    told = CliRunner().invoke(main, [group, "--help"])
    assert told.exit_code == 0
    assert "..." not in told.output.partition("Commands:")[2]
