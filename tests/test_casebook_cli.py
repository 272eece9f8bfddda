"""The commands over the casebook, as the people who use it type them."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from casebook.display.pseudonyms import key_of, pseudonym
from casebook.intake import take_in
from casebook.store import opened_casebook
from casebook.verifying import verify
from cli import main
from tests.made_casebook import NOW, STAFF, casebook
from tests.made_drafts import a_night

TOML = """\
[school]
name = "Example Park School"
[[source]]
name = "filter"
files = ["logs/*"]
[casebook]
reveal_minutes = 30
"""


@pytest.fixture
def school(tmp_path: Path) -> Path:
    """A school whose casebook has a night in it."""
    people = [
        f'[[casebook.staff]]\naccount = "{each.account}"\nname = "{each.name}"\nroles = {json.dumps(each.roles)}\n'
        f"logins = {json.dumps(each.logins)}\nalso = {json.dumps(each.also)}\n"
        for each in STAFF
    ]
    (tmp_path / "school.toml").write_text(TOML + "".join(people), encoding="utf-8")
    (tmp_path / "logs").mkdir()
    (tmp_path / "store").mkdir()
    with casebook(tmp_path / "store") as book:
        take_in(book, a_night(), NOW)
    return tmp_path / "school.toml"


def run(school: Path, account: str | None, *words: str) -> Result:
    who = ["--as", account] if account else []
    return CliRunner().invoke(main, [*words, "--config", str(school), *who])


def rows(school: Path, account: str) -> list[dict[str, Any]]:
    result = run(school, account, "incident", "list", "--json")
    assert result.exit_code == 0, result.output
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


def of_route(school: Path, route: str) -> str:
    return next(str(row["id"]) for row in rows(school, "h.head") if row["route"] == route)


def shown(school: Path, account: str, incident: str) -> dict[str, Any]:
    result = run(school, account, "incident", "show", incident, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_a_case_from_the_draft_to_its_end(school: Path) -> None:
    incident = next(str(row["id"]) for row in rows(school, "d.lead") if row["category"] == "self-harm")
    for words in (
        ["review"], ["step", "--route", "pupil-victim", "--step", "safe-now", "--note", "At home."],
        ["confirm", "--reason", "She said so."], ["escalate", "--to", "social-care", "--reason", "Not safe."],
        ["close", "--outcome", "support", "--reason", "A plan.", "--debrief", "With the tutor."],
    ):  # fmt: skip
        result = run(school, "d.lead", "incident", words[0], incident, *words[1:])
        assert result.exit_code == 0, result.output
    assert incident not in {row["id"] for row in rows(school, "d.lead")}
    case = shown(school, "d.lead", incident)
    assert (case["state"], case["ground"]) == ("closed", "support")
    assert next(step["done"] for step in case["steps"] if step["id"] == "safe-now")
    assert [each["kind"] for each in case["history"]] == ["drafted", "review", "step", "confirm", "escalate", "close"]
    assert run(school, "d.lead", "audit", "verify").exit_code == 1, "verify takes no --as"
    assert run(school, None, "audit", "verify").exit_code == 0


def test_hits_are_split_off_by_the_ids_that_show_gives(school: Path) -> None:
    incident = next(str(row["id"]) for row in rows(school, "d.lead") if row["category"] == "self-harm")
    lines = run(school, "d.lead", "incident", "show", incident).stdout.splitlines()
    first, *_ = (line.split() for line in lines[lines.index("Hits:") + 1 :])
    assert "self harm scars hide pe kit" in " ".join(first)
    made = run(school, "d.lead", "incident", "split", incident, "--hit", first[0], "--reason", "Of last week.").stdout
    into = made.split()[0]
    assert [each["id"] for each in shown(school, "d.lead", into)["hits"]] == [first[0]]
    hits = {each["id"]: each for each in shown(school, "d.lead", incident)["hits"]}
    assert (len(hits), hits[first[0]]["split_into"]) == (4, into)
    assert f"(now in {into})" in run(school, "d.lead", "incident", "show", incident).stdout
    wrong = run(school, "d.lead", "incident", "split", incident, "--hit", "0" * 16, "--reason", "So.")
    assert f"See them with: esafety incident show {incident}" in wrong.output


def test_what_may_be_illegal_is_entered_on_its_own_route_and_its_summary_tells_no_address(school: Path) -> None:
    add = ("incident", "add", "--category", "illegal-content", "--by", "a friend", "--summary", "On bad.example/17.")
    refused = run(school, "d.lead", *add, "--route", "accidental")
    assert refused.exit_code == 1
    assert "has a route of its own. Leave --route out" in refused.output
    incident = run(school, "d.lead", *add).stdout.split()[0]
    case = shown(school, "d.lead", incident)
    assert (case["route"], case["needs_second"]["review"]) == ("illegal", "open")
    assert "bad.example" not in json.dumps(case)


def test_of_what_may_be_illegal_hits_have_ids_and_no_text(school: Path) -> None:
    (hit,) = shown(school, "d.lead", of_route(school, "illegal"))["hits"]
    assert (hit["level"], hit["category"], hit["field"]) == ("urgent", "illegal-content", "url")
    assert hit["text"].startswith("(withheld")
    assert "hits" not in shown(school, "n.network", of_route(school, "illegal"))


def test_a_category_is_one_of_the_watchlists_and_no_text(school: Path) -> None:
    incident = next(str(row["id"]) for row in rows(school, "d.lead") if row["category"] == "self-harm")
    assert run(school, "d.lead", "incident", "review", incident).exit_code == 0
    confirm = ("incident", "confirm", incident, "--reason", "She said so.", "--category")
    refused = run(school, "d.lead", *confirm, "Amy Smith of 7B, http://bad.example/x")
    assert refused.exit_code == 1
    assert "is no category of the watchlists. Write one of abuse-disclosure, bullying" in refused.output
    assert run(school, "d.lead", *confirm, "bullying").exit_code == 0
    case = shown(school, "d.lead", incident)
    assert (case["state"], case["category"]) == ("confirmed", "bullying")


def test_people_are_pseudonyms_until_a_reason_is_given_and_every_look_is_written_down(school: Path) -> None:
    incident = next(str(row["id"]) for row in rows(school, "d.lead") if row["category"] == "self-harm")
    hidden = pseudonym("amiraexample", "pupil", key_of(school.parent / "store"))
    assert [each["person"] for each in shown(school, "d.lead", incident)["parties"]] == [hidden]
    assert run(school, "d.lead", "incident", "reveal", incident).exit_code == 1, "without a reason"
    told = run(school, "d.lead", "incident", "reveal", incident, "--reason", "To speak with her tutor.")
    assert "amiraexample" in told.stdout
    assert [each["person"] for each in shown(school, "d.lead", incident)["parties"]] == ["amiraexample"]
    assert [each["person"] for each in shown(school, "p.deputy", incident)["parties"]] == [hidden]
    looks = json.loads(run(school, "a.auditor", "audit", "looks", "--incident", incident, "--json").stdout)
    assert [(each["author"], each["kind"]) for each in looks] == [
        ("d.lead", "view"), ("d.lead", "reveal"), ("d.lead", "view"), ("p.deputy", "view"),
    ]  # fmt: skip
    assert run(school, "n.network", "audit", "looks").exit_code == 1
    told = json.loads(run(school, "h.head", "audit", "looks", "--json").stdout)
    assert ("d.lead", "list", None) in {(each["author"], each.get("what"), each["about"]) for each in told}
    assert (told[-1]["author"], told[-1]["what"]) == ("a.auditor", "looks"), "who asks is written down too"
    assert not [each for each in told if each["author"] == "n.network"], "what was refused was no look"
    last = run(school, "h.head", "audit", "looks").stdout.splitlines()[-1]
    assert last.split("  ")[1:] == ["h.head", "head", last.split("  ")[3], "view", "-", "looks"]


def test_of_what_may_be_illegal_no_address_is_shown_to_anybody(school: Path) -> None:
    incident = of_route(school, "illegal")
    for account in ("d.lead", "p.deputy", "h.head", "n.network"):
        for words in (["--json"], []):
            result = run(school, account, "incident", "show", incident, *words)
            assert result.exit_code == 0, result.output
            assert "withheld-address" not in result.output
            assert "Do not open the address" in result.output


def test_a_network_manager_is_told_what_to_do_on_which_device_and_nothing_else(school: Path) -> None:
    case = shown(school, "n.network", of_route(school, "illegal"))
    assert case["devices"] == ["Device LIB-PC-07"]
    assert {"parties", "said", "history", "category"}.isdisjoint(case)
    other = next(str(row["id"]) for row in rows(school, "d.lead") if row["category"] == "self-harm")
    text = run(school, "n.network", "incident", "show", other).output
    assert "tablets" not in text
    assert not re.search("pupil [0-9A-Z]{4}-|amira", text)


def test_who_you_are_is_your_login_or_what_you_say(school: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "Dana")
    assert rows(school, "d.lead") == json.loads(run(school, None, "incident", "list", "--json").stdout)
    monkeypatch.setattr("getpass.getuser", lambda: "somebody")
    for account in (None, "nobody"):
        result = run(school, account, "incident", "list")
        assert (result.exit_code, result.stdout) == (1, "")
        assert "[[casebook.staff]]" in result.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("review I-2026-99999", "no incident"),
        ("dismiss {incident} --ground false-alarm --reason No.", "is draft"),
        ("dismiss {incident} --ground because --reason No.", "because"),
        ("note {incident} --text ''", "empty"),
        ("step {incident} --route pupil-victim --step nonsense", "no step"),
        ("add --category nonsense --by x --summary y", "no category"),
        ("add --category bullying --by x --summary y --person a:b", "PERSON:PART:KIND"),
        ("add --category bullying --by x --summary y --person a:friend:pupil", "friend"),
        ("add --category bullying --by x --summary y --day 9999-12-31", "9999-12-31 is still to come"),
        ("add --category bullying --by x --summary y --day 0099-10-12", "0099-10-12 is too long ago"),
        ("merge {incident} --into {incident} --reason So.", "itself"),
        ("split {incident} --hit 0 --reason So.", "no hit"),
        ("stands {incident} --reason So.", "is draft"),
        ("release {incident} --reason So.", "not held"),
        ("bring-in {incident} --colleague g.governor --reason So.", "cannot be brought in"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(school: Path, words: str, said: str) -> None:
    incident = next(str(row["id"]) for row in rows(school, "d.lead") if row["category"] == "extremism")
    parts = ["" if each == "''" else each for each in words.format(incident=incident).split(" ")]
    result = run(school, "d.lead", "incident", *parts)
    assert result.exit_code == 1
    assert said in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("words", [
    "incident show I-\udcff", "incident party {incident} --person a\udcff --part victim --kind pupil",
    "incident hold {incident} --reason \udcff",
    "incident add --category bullying --by x --summary y --person a\udcff:victim:pupil",
    "incident split {incident} --hit \ud800 --reason So.", "subject-access a\udcff --output {folder}/copy --reason So.",
    "subject-access a --also \udcff --output {folder}/copy --reason So.", "audit looks --incident I-\udcff",
    "change add a\udcff.example.org --to allow --reason So.", "change show F-\udcff", "check show C-\udcff",
    "check add example.org --tried \udcff --result blocked --device-type tablet --group all",
])  # fmt: skip
def test_a_byte_that_is_no_text_is_one_sentence_wherever_it_stands(school: Path, words: str) -> None:
    incident = rows(school, "d.lead")[0]["id"]
    before = run(school, None, "audit", "verify").stdout
    parts = [each.format(incident=incident, folder=school.parent) for each in words.split(" ")]
    result = run(school, "d.lead", *parts)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "is no text in UTF-8" in result.stderr
    assert "Traceback" not in result.stderr
    assert run(school, None, "audit", "verify").stdout == before
    assert not (school.parent / "copy").exists()


def test_what_somebody_tells_is_an_incident_like_any_other(school: Path) -> None:
    result = run(
        school, "d.lead", "incident", "add", "--category", "bullying", "--by", "her mother", "--summary", "Mocked.",
        "--person", "EXAMPLE\\A.Pupil:victim:pupil", "--day", "2026-10-12",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    incident = result.stdout.split()[0]
    case = shown(school, "d.lead", incident)
    assert (case["origin"], case["route"], case["day"]) == ("report", "pupil-victim", "2026-10-12")
    assert case["history"][0]["summary"] == "Mocked."
    assert case["parties"][0]["person"] == pseudonym("a.pupil", "pupil", key_of(school.parent / "store"))


@pytest.mark.parametrize(
    "words",
    ["show {}", "note {} --text So.", "split {} --hit 0 --reason So.", "reveal {} --reason So.", "review {}",
     "letter {} --template meeting --output x", "export {} --output x.zip --password-file password.txt --reason So.",
     "merge {} --into {} --reason So.", "answer {} --question danger --answer no"],
)  # fmt: skip
def test_one_that_is_not_there_and_one_that_is_not_yours_look_alike(school: Path, words: str) -> None:
    of_staff = next(str(row["id"]) for row in rows(school, "h.head") if row["side"] == "staff")
    (school.parent / "password.txt").write_text("correct horse battery staple", encoding="utf-8")
    (school.parent / "password.txt").chmod(0o600)
    words = words.replace("password.txt", str(school.parent / "password.txt"))
    told = []
    for incident in (of_staff, "I-2026-99999"):
        result = run(school, "d.lead", "incident", *words.replace("{}", incident).split())
        assert (result.exit_code, result.stdout) == (1, "")
        told.append(result.stderr.replace(incident, "X"))
    assert told[0] == told[1]


def test_a_hostile_text_cannot_steer_a_terminal(school: Path) -> None:
    incident = next(str(row["id"]) for row in rows(school, "d.lead") if row["category"] == "extremism")
    run(school, "d.lead", "incident", "note", incident, "--text", "\x1b[2J\u202egnp.exe")
    text = run(school, "d.lead", "incident", "show", incident).output
    assert "gnp.exe" in text
    assert "\x1b" not in text
    assert "\u202e" not in text


DECIDE = """
import sys
from pathlib import Path
from tests.made_casebook import casebook, do
with casebook(Path(sys.argv[1])) as book:
    print("ready", flush=True)
    for number in range(10_000):
        do(book, "d.lead", "I-2026-00002", "note", text=f"Note {number}.")
        print(number, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signal that ends a process at once")
@pytest.mark.parametrize("milliseconds", [0, 7, 31, 90])
def test_a_decision_that_is_killed_is_done_or_not_done(school: Path, milliseconds: int) -> None:
    store = school.parent / "store"
    with subprocess.Popen(
        [sys.executable, "-c", DECIDE, str(store)], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parent.parent
    ) as deciding:
        assert deciding.stdout is not None
        assert deciding.stdout.readline() == "ready\n"
        time.sleep(milliseconds / 1000)
        os.kill(deciding.pid, signal.SIGKILL)
        told = deciding.stdout.read().split()
    with opened_casebook(f"sqlite:///{store / 'casebook.sqlite'}") as book:
        verdict = verify(book)
    assert verdict.faults == []
    # What was said to be done is done; of what was under way, all or nothing.
    assert verdict.actions - a_night().height in {len(told), len(told) + 1}
