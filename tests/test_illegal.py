"""What may be illegal stays withheld, and is in the hands of two people, by whatever way it came into a case."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from casebook import deciding, interchange
from casebook.case import Case
from casebook.dataprotection.held import held_on
from casebook.display.showing import as_data, as_lines
from casebook.illegal import ILLEGAL, ILLEGAL_CATEGORIES
from casebook.intake import take_in
from casebook.kinds import CasebookError, said
from casebook.packs import CASE, RAW, checking
from casebook.splitting import split
from casebook.store import Casebook, case_of, history
from casebook.verifying import verify
from pipeline.urgency.levels import SEE_TO_THE_CHILD, TRANSLATED
from tests.made_casebook import ACCESS, NOW, casebook, do, routes, who
from tests.made_drafts import Place, draft, drafts, hit
from tests.made_packs import PASSWORD, exported, hashed, opened_pack, viewer
from tests.shipped import shipped_lists

ADDRESS = "vile-pictures"
FIRST = hit("how to end it tonight", "end it", Place(10))
SECOND = hit(
    "Child Abuse", "Child Abuse", Place(11, 180), category="illegal-content", field="vendor_category",
    host=f"{ADDRESS}.example", raw=f"GET http://{ADDRESS}.example/gallery/17".encode(),
)  # fmt: skip
THIRD = hit("nothing hurts any more", "hurts", Place(12, 240))


def mixed(**changes: Any) -> dict[str, Any]:
    """A draft that leads with a child at risk and holds what may be illegal, on the route of the child."""
    made = draft("Amira Example", [FIRST, SECOND, THIRD], level="urgent", reasons=["typed as a search"])
    return hashed(made | {"route": "pupil-victim"} | changes)


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Casebook]:
    with casebook(tmp_path) as opened:
        yield opened
        assert verify(opened).faults == []


def incident_of(book: Casebook, *rows: dict[str, Any]) -> str:
    take_in(book, drafts(*rows), NOW)
    return "I-2026-00001"


def the_case(book: Casebook, incident: str) -> Case:
    with book.reading() as connection:
        return case_of(connection, incident)


def told(book: Casebook, incident: str, account: str = "d.lead") -> tuple[dict[str, Any], str]:
    with book.reading() as connection:
        case, acted = case_of(connection, incident), history(connection, incident)
    shown = as_data(case, acted, routes()[case.route], viewer(account))
    return shown, "\n".join(as_lines(shown, viewer(account)))


def assert_kept(book: Casebook, incident: str, folder: Path) -> None:
    """Nothing of it is shown, leaves, or is done by one person alone."""
    case = the_case(book, incident)
    assert case.withheld
    shown, lines = told(book, incident)
    assert ADDRESS not in json.dumps(shown) + lines
    assert "Child Abuse" not in json.dumps(shown) + lines
    ends: dict[str, tuple[str, dict[str, Any]]] = {
        "draft": ("review", {}),
        "under-review": ("dismiss", {"ground": "not-ours", "reason": "Not ours."}),
        "confirmed": ("close", {"outcome": "support", "reason": "Over.", "debrief": "With the head."}),
    }
    alone = [("reroute", {"route": "accidental", "reason": "It is a game."}), ends[case.state]]
    for kind, values in alone:
        with pytest.raises(CasebookError, match="one person alone"):
            do(book, "d.lead", incident, kind, **values)
    with pytest.raises(CasebookError, match="one person alone"):
        exported(book, incident, folder / "alone.zip")
    do(book, "p.deputy", incident, "agree", agreed="export", reason="The police have asked for it.")
    made = opened_pack(exported(book, incident, folder / f"{incident}.zip").path)
    assert json.loads(made[CASE])["withheld"] is True
    assert RAW not in made
    assert ADDRESS.encode() not in b"\n".join(made.values())
    for form in ("csv", "json"):
        request = interchange.Request(form, folder / f"{incident}.{form}", "For the safeguarding system.")
        assert interchange.export(book, routes(), viewer(), request).references > 0
        assert ADDRESS not in request.output.read_text("utf-8")


WRITTEN = (
    "illegal-host.example/p1", "He opened vile-pictures.example/gallery/99 and other-bad[.]example/x",
    "hxxp other-bad dot example slash x", "203.0.113.9/pics", "It was on vile pictures.",
)  # fmt: skip
UNSAID = ("illegal-host", "other-bad", "203.0.113.9", "gallery", "vile", "slash")


def everything(made: dict[str, bytes]) -> str:
    return b"\n".join(made.values()).decode().casefold()


@pytest.mark.parametrize("origin", ["log", "report"])
def test_what_colleagues_wrote_carries_no_address_out(book: Casebook, tmp_path: Path, origin: str) -> None:
    incident = report(book, summary=WRITTEN[0]) if origin == "report" else incident_of(book, mixed())
    for text in WRITTEN[: 5 if origin == "log" else 4]:
        do(book, "d.lead", incident, "note", text=text)
    do(book, "d.lead", incident, "step", route=ILLEGAL, step="tell", note=WRITTEN[3])
    do(book, "d.lead", incident, "note", text="Seen at 9:10, told d.lead; the police have 20261013/4471.")
    do(book, "d.lead", incident, "party", person="203.0.113.9/pics", part="witness", person_kind="unknown")
    do(book, "p.deputy", incident, "agree", agreed="export", reason="As illegal-host.example asks.")
    deciding.reveal(book, ACCESS, routes(), who("d.lead"), incident, "To call her mother.", 30, NOW)
    shown, lines = told(book, incident)
    pack = opened_pack(exported(book, incident, tmp_path / "pack.zip", reason="Of other-bad.example").path)
    for said_there in (json.dumps(shown).casefold(), lines.casefold(), everything(pack)):
        assert "told d.lead; the police have 20261013/4471." in said_there
        assert [each for each in UNSAID if each in said_there] == []
    assert not checking.verify(tmp_path / "pack.zip", PASSWORD).wrong


def test_what_is_translated_of_it_is_not_told(book: Casebook, tmp_path: Path) -> None:
    reasons = ["typed as a search", f"{TRANSLATED}Polish: “what was typed”, or the like"]
    incident = incident_of(book, mixed(reasons=reasons))
    shown, lines = told(book, incident)
    do(book, "p.deputy", incident, "agree", agreed="export", reason="The police have asked for it.")
    pack = opened_pack(exported(book, incident, tmp_path / "pack.zip").path)
    for said_there in (json.dumps(shown), lines, everything(pack)):
        assert "typed as a search" in said_there
        assert "what was typed" not in said_there


def test_a_copy_for_the_person_carries_no_address_out(book: Casebook) -> None:
    incident = incident_of(book, mixed(route=ILLEGAL))
    for text in (*WRITTEN, "Told her mother at 9:10."):
        do(book, "d.lead", incident, "note", text=text)
    do(book, "p.deputy", incident, "agree", agreed="export", reason="Her mother asked.")
    with book.reading() as connection:
        copied = held_on(connection, ACCESS, who("d.lead"), frozenset({"amiraexample"}), frozenset(), str.strip)
    (case,) = copied.cases
    words = json.dumps(case["history"], default=str)
    assert "Told her mother at 9:10." in words
    assert [each for each in UNSAID if each in words.casefold()] == []
    assert (case["texts"], case["said"]) == ([], [])


def settle(book: Casebook, incident: str, route: str = "pupil-inappropriate") -> Case:
    """Two people say that nothing of it is illegal."""
    do(book, "d.lead", incident, "answer", route=ILLEGAL, question="illegal", answer="no")
    do(book, "p.deputy", incident, "agree", agreed="reroute", reason="The police say so.")
    return do(book, "d.lead", incident, "reroute", route=route, reason="The police say so.")


def test_the_shipped_categories_for_the_police_are_known_by_name() -> None:
    categories = shipped_lists().categories.values()
    assert {each.id for each in categories if each.route == ILLEGAL} == ILLEGAL_CATEGORIES


def test_a_draft_that_holds_it_is_withheld_whatever_leads(book: Casebook, tmp_path: Path) -> None:
    incident = incident_of(book, mixed())
    assert_kept(book, incident, tmp_path)
    assert "may be illegal: do not open" in told(book, incident)[1]
    assert "see to the child at once" not in told(book, incident)[1]
    network, _ = told(book, incident, "n.network")
    assert any("may be illegal" in each for each in network["warnings"])


def test_the_child_comes_before_every_warning_but_only_for_whoever_sees_the_case(book: Casebook) -> None:
    incident = incident_of(book, mixed(route=ILLEGAL, reasons=[SEE_TO_THE_CHILD, "typed as a search"]))
    shown, lines = told(book, incident)
    assert shown["warnings"][0] == f"{SEE_TO_THE_CHILD.capitalize()}."
    assert "see to the child at once" in lines.splitlines()[1]
    assert "child" not in json.dumps(told(book, incident, "n.network")[0]["warnings"])


def test_late_evidence_brings_it(book: Casebook, tmp_path: Path) -> None:
    incident = incident_of(book, mixed(hits=[FIRST], categories=["self-harm"]))
    do(book, "d.lead", incident, "review")
    do(book, "p.deputy", incident, "agree", agreed="export", reason="Before.")
    take_in(book, drafts(mixed()), NOW)
    assert the_case(book, incident).route == ILLEGAL
    assert_kept(book, incident, tmp_path)


@pytest.mark.parametrize("which", [FIRST, SECOND])
def test_what_is_split_off_is_withheld_as_the_whole_is(book: Casebook, tmp_path: Path, which: dict[str, Any]) -> None:
    incident = incident_of(book, mixed())
    made = split(book, ACCESS, who("d.lead"), incident, [which["hit_id"]], "Another matter.", NOW)
    assert_kept(book, made.id, tmp_path)
    assert_kept(book, incident, tmp_path)


def test_what_is_split_off_from_what_two_have_settled_is_not(book: Casebook) -> None:
    incident = incident_of(book, mixed(route=ILLEGAL))
    settle(book, incident)
    made = split(book, ACCESS, who("d.lead"), incident, [SECOND["hit_id"]], "Another matter.", NOW)
    assert not made.withheld


def test_what_is_merged_into_another_brings_it(book: Casebook, tmp_path: Path) -> None:
    other = draft("Jo Illustration", [hit("you are a loser", "loser", Place(77), category="bullying")], level="high")
    take_in(book, drafts(hashed(other)), NOW)
    take_in(book, drafts(mixed()), NOW)
    do(book, "p.deputy", "I-2026-00001", "agree", agreed="close", reason="Before.")
    do(book, "p.deputy", "I-2026-00002", "agree", agreed="dismiss", reason="One matter.")
    deciding.merge(book, ACCESS, routes(), who("d.lead"), "I-2026-00002", "I-2026-00001", "One matter.", NOW)
    case = the_case(book, "I-2026-00001")
    assert (case.route, case.agreed) == (ILLEGAL, {})
    assert_kept(book, "I-2026-00001", tmp_path)


def report(book: Casebook, summary: str = "He was shown a picture.", **facts: Any) -> str:
    fixed = {"category": "illegal-content", "level": "high", "route": ILLEGAL, "day": "2026-10-13"}
    content = {"summary": summary, "reported_by": "a friend", "parties": []}
    return deciding.report(book, ACCESS, who("h.head"), fixed | facts, content, NOW).id


@pytest.mark.parametrize("category", [{"category": "nudes"}, {"category": "our-own", "illegal": True}])
def test_what_people_tell_of_it_takes_its_route(book: Casebook, category: dict[str, Any]) -> None:
    with pytest.raises(CasebookError, match="route of its own"):
        report(book, route="accidental", **category)
    assert the_case(book, report(book, **category)).withheld
    about_staff = the_case(book, report(book, route="staff-instigator", **category))
    assert (about_staff.side, about_staff.withheld) == ("staff", True)


def confirmed(book: Casebook, category: str) -> str:
    incident = incident_of(book, mixed(hits=[FIRST], categories=["self-harm"], level="high"))
    do(book, "d.lead", incident, "review")
    do(book, "d.lead", incident, "confirm", category=category, reason="As he told us.")
    return incident


@pytest.mark.parametrize("category", ["illegal-content", "our-own"])
def test_who_confirms_it_as_such_cannot_close_it_alone(book: Casebook, tmp_path: Path, category: str) -> None:
    incident = confirmed(book, category)
    assert the_case(book, incident).route == ILLEGAL
    assert_kept(book, incident, tmp_path)


def test_who_confirms_it_as_another_category_takes_nothing_of_it_back(book: Casebook, tmp_path: Path) -> None:
    incident = incident_of(book, mixed())
    do(book, "p.deputy", incident, "agree", agreed="open", reason="Together.")
    do(book, "d.lead", incident, "review")
    do(book, "d.lead", incident, "confirm", category="bullying", reason="It is a game.")
    assert_kept(book, incident, tmp_path)


@pytest.mark.parametrize("known", [{}, {"bullying": "pupil-victim"}])
def test_a_category_is_one_of_the_watchlists_and_no_text(book: Casebook, known: dict[str, str]) -> None:
    incident = incident_of(book, mixed(hits=[FIRST], categories=["self-harm"]))
    do(book, "d.lead", incident, "review")
    what = said("confirm", category="Amira Example of 8B, http://bad.example/x", reason="So.")
    with pytest.raises(CasebookError, match="is no category"):
        deciding.act(book, ACCESS, routes(), who("d.lead"), incident, what, NOW, known)
    assert the_case(book, incident).state == "under-review"


@pytest.mark.parametrize("answers", [{}, {"illegal": "unsure"}, {"illegal": "no", "confirmed": "yes"}])
def test_on_another_route_it_stays_withheld_until_it_is_answered_that_nothing_is_illegal(
    book: Casebook, tmp_path: Path, answers: dict[str, str]
) -> None:
    incident = incident_of(book, mixed(route=ILLEGAL))
    for question, word in answers.items():
        do(book, "d.lead", incident, "answer", route=ILLEGAL, question=question, answer=word)
    do(book, "p.deputy", incident, "agree", agreed="reroute", reason="For the child.")
    do(book, "d.lead", incident, "reroute", route="pupil-victim", reason="For the child.")
    assert_kept(book, incident, tmp_path)
    do(book, "p.deputy", incident, "agree", agreed="reroute", reason="To answer there.")
    do(book, "d.lead", incident, "reroute", route=ILLEGAL, reason="To answer there.")
    assert not settle(book, incident, "pupil-victim").withheld


def test_who_agreed_to_another_route_has_not_agreed_that_it_is_not_illegal(book: Casebook) -> None:
    incident = incident_of(book, mixed(route=ILLEGAL))
    do(book, "p.deputy", incident, "agree", agreed="reroute", reason="For the child.")
    do(book, "d.lead", incident, "answer", route=ILLEGAL, question="illegal", answer="no")
    with pytest.raises(CasebookError, match="one person alone"):
        do(book, "d.lead", incident, "reroute", route="pupil-victim", reason="Not illegal.")


def test_two_people_who_have_settled_it_see_all_until_more_comes(book: Casebook) -> None:
    incident = incident_of(book, mixed(route=ILLEGAL))
    settle(book, incident)
    shown, lines = told(book, incident)
    assert "Child Abuse" in lines
    assert shown["needs_second"] == {"dismiss": "dismiss"}
    more = hit("Child Abuse", "Child Abuse", Place(13, 300), category="illegal-content", field="vendor_category")
    take_in(book, drafts(mixed(route=ILLEGAL, hits=[FIRST, SECOND, THIRD, more], evidence_sha256="e" * 64)), NOW)
    case = the_case(book, incident)
    assert (case.withheld, case.route, case.answers) == (True, ILLEGAL, {})


def test_a_case_about_staff_stays_one_when_it_is_brought(book: Casebook) -> None:
    content = {"summary": "Told.", "reported_by": "a parent", "parties": []}
    facts = {"category": "bullying", "level": "high", "route": "staff-instigator", "day": "2026-10-13"}
    incident = deciding.report(book, ACCESS, who("h.head"), facts, content, NOW).id
    do(book, "h.head", incident, "review")
    case = do(book, "h.head", incident, "confirm", category="illegal-content", reason="He said so.")
    assert (case.withheld, case.side) == (True, "staff")
    assert not ACCESS.sees(who("d.lead"), case)
