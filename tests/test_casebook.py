"""The casebook: what a night brings, what people decide, who may, and that nothing is ever lost or done twice."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from casebook import deciding
from casebook.case import STATES, Case
from casebook.display import listing
from casebook.intake import take_in
from casebook.kinds import CasebookError, Refused
from casebook.projection import rows_of, same, stored
from casebook.splitting import split
from casebook.store import Casebook, case_of, history
from casebook.tables import ACTION
from casebook.verifying import verify
from tests.made_casebook import ACCESS, NOW, casebook, do, routes, who
from tests.made_drafts import a_night, draft, drafts, hit


def by_category(book: Casebook, category: str) -> str:
    with book.reading() as connection:
        return next(
            str(name) for name, rows in stored(connection).items() if rows["incident"][0]["category"] == category
        )


def the_case(book: Casebook, incident: str) -> Case:
    with book.reading() as connection:
        return case_of(connection, incident)


def kinds(book: Casebook, incident: str) -> list[str]:
    with book.reading() as connection:
        return [each.kind for each in history(connection, incident)]


@pytest.fixture
def book(tmp_path: Path) -> Any:
    with casebook(tmp_path) as opened:
        take_in(opened, a_night(), NOW)
        yield opened


def test_a_night_opens_an_incident_for_each_draft_and_running_it_again_changes_nothing(book: Casebook) -> None:
    taken = take_in(book, a_night(), NOW + timedelta(days=1))
    assert (taken.new, taken.late, taken.known) == (0, 0, a_night().height)
    with book.reading() as connection:
        assert len(stored(connection)) == a_night().height
        assert connection.scalar(select(ACTION.c.seq).order_by(ACTION.c.seq.desc())) == a_night().height


def test_running_a_night_again_resets_no_decision(book: Casebook) -> None:
    incident = by_category(book, "bullying")
    do(book, "d.lead", incident, "review")
    do(book, "d.lead", incident, "dismiss", ground="false-alarm", reason="A line of a play.")
    take_in(book, a_night(), NOW + timedelta(days=1))
    assert the_case(book, incident).state == "dismissed"


def test_late_evidence_reopens_the_question_beside_the_decision(book: Casebook) -> None:
    incident = by_category(book, "bullying")
    known = next(
        row for row in a_night().iter_rows(named=True) if row["category"] == "bullying" and row["role"] == "pupil"
    )
    incident = next(
        name
        for name, rows in _stored(book).items()
        if known["draft_id"] in {each["draft_id"] for each in rows["drafted"]}
    )
    do(book, "d.lead", incident, "review")
    do(book, "d.lead", incident, "dismiss", ground="false-alarm", reason="A line of a play.")
    earlier = hit("everyone hates you jordan", "hates you", category="bullying", level="high")
    late = draft("Jo Illustration", [earlier, *known["hits"]], level="urgent", evidence_sha256="f" * 64)
    taken = take_in(book, drafts(late), NOW + timedelta(days=1))
    case = the_case(book, incident)
    assert (taken.new, taken.late) == (0, 1)
    assert (case.state, case.ground, case.question_open, case.level) == ("dismissed", "false-alarm", True, "urgent")
    assert [row["id"] for row in _visible(book, "d.lead") if row["question_open"]] == [incident]
    after = do(book, "d.lead", incident, "stands", reason="The same play.")
    assert (after.state, after.question_open) == ("dismissed", False)


def _stored(book: Casebook) -> Any:
    with book.reading() as connection:
        return stored(connection)


def _visible(book: Casebook, account: str, states: tuple[str, ...] = listing.WAITING) -> list[dict[str, Any]]:
    with book.reading() as connection:
        return listing.visible(connection, ACCESS, who(account), states)


def test_an_incident_goes_all_the_way_and_every_step_is_in_its_history(book: Casebook) -> None:
    incident = by_category(book, "self-harm")
    do(book, "d.lead", incident, "review")
    do(book, "d.lead", incident, "step", route="pupil-victim", step="safe-now", note="She is at home.")
    do(book, "d.lead", incident, "confirm", reason="She told us so herself.")
    do(book, "d.lead", incident, "escalate", agency="social-care", reason="Not safe at home.")
    case = do(
        book, "d.lead", incident, "close", outcome="support", reason="A plan is agreed.", debrief="With the form tutor."
    )
    assert case.state == "closed"
    assert ("pupil-victim", "safe-now") in case.steps
    assert kinds(book, incident) == ["drafted", "review", "step", "confirm", "escalate", "close"]


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ((), "confirm"), ((), "close"), ((), "reopen"), (("review",), "review"), (("review",), "escalate"),
        (("review", "confirm"), "dismiss"), (("review", "confirm"), "reopen"), (("review",), "stands"),
    ],
)  # fmt: skip
def test_an_action_that_the_state_does_not_allow_is_refused_and_nothing_is_written(
    book: Casebook, first: tuple[str, ...], then: str
) -> None:
    incident = by_category(book, "extremism")
    values: dict[str, dict[str, Any]] = {
        "confirm": {"reason": "So."}, "close": {"outcome": "support", "reason": "So.", "debrief": "So."},
        "dismiss": {"ground": "not-ours", "reason": "So."}, "reopen": {"reason": "So."}, "stands": {"reason": "So."},
        "escalate": {"agency": "police", "reason": "So."}, "review": {},
    }  # fmt: skip
    for kind in first:
        do(book, "d.lead", incident, kind, **values[kind])
    before = kinds(book, incident)
    with pytest.raises(CasebookError, match=incident):
        do(book, "d.lead", incident, then, **values[then])
    assert kinds(book, incident) == before


def test_what_may_be_illegal_is_opened_by_two_and_a_reason_alone_is_not_enough(book: Casebook) -> None:
    incident = by_category(book, "illegal-content")
    with pytest.raises(CasebookError, match="one person alone"):
        do(book, "d.lead", incident, "review")
    do(book, "d.lead", incident, "agree", agreed="open", reason="I am the one who asks.")
    with pytest.raises(CasebookError, match="one person alone"):
        do(book, "d.lead", incident, "review")
    do(book, "p.deputy", incident, "agree", agreed="open", reason="We look at the reference together.")
    assert do(book, "d.lead", incident, "review").state == "under-review"
    do(book, "d.lead", incident, "confirm", reason="The police have taken it over.")
    with pytest.raises(CasebookError, match="one person alone"):
        do(book, "d.lead", incident, "close", outcome="police", reason="Theirs.", debrief="With the head.")


def test_the_way_around_the_second_person_by_another_route_is_shut(book: Casebook) -> None:
    incident = by_category(book, "illegal-content")
    with pytest.raises(CasebookError, match="one person alone"):
        do(book, "d.lead", incident, "reroute", route="pupil-inappropriate", reason="It is a game.")


def test_the_most_urgent_is_dismissed_by_two_even_after_its_level_was_lowered(book: Casebook) -> None:
    incident = by_category(book, "self-harm")
    do(book, "d.lead", incident, "review")
    do(book, "d.lead", incident, "confirm", level="low", reason="Not so bad.")
    do(book, "d.lead", incident, "close", outcome="support", reason="Done.", debrief="None.")
    do(book, "d.lead", incident, "reopen", reason="Once more.")
    with pytest.raises(CasebookError, match="one person alone"):
        do(book, "d.lead", incident, "dismiss", ground="false-alarm", reason="Nothing in it.")
    do(book, "h.head", incident, "agree", agreed="dismiss", reason="I read it too.")
    assert do(book, "d.lead", incident, "dismiss", ground="false-alarm", reason="Nothing in it.").state == "dismissed"


def test_new_evidence_takes_back_what_was_agreed_before(book: Casebook) -> None:
    incident = by_category(book, "self-harm")
    do(book, "d.lead", incident, "review")
    do(book, "h.head", incident, "agree", agreed="dismiss", reason="I read it too.")
    row = next(each for each in a_night().iter_rows(named=True) if each["category"] == "self-harm")
    take_in(book, drafts({**row, "evidence_sha256": "e" * 64}), NOW)
    with pytest.raises(CasebookError, match="one person alone"):
        do(book, "d.lead", incident, "dismiss", ground="false-alarm", reason="Nothing in it.")


# ---------------------------------------------------------------- who may see what


SEES = {
    # category of the made-up night -> who sees all of it
    "self-harm": {"d.lead", "p.deputy", "h.head"},
    "illegal-content": {"d.lead", "p.deputy", "h.head"},
    "bypass": {"d.lead", "p.deputy", "h.head"},
}


@pytest.mark.parametrize("category", SEES)
@pytest.mark.parametrize(
    "account", ["d.lead", "p.deputy", "h.head", "c.chair", "s.senior", "n.network", "g.governor", "a.auditor"]
)
def test_who_sees_a_case_of_a_pupil(book: Casebook, category: str, account: str) -> None:
    case = the_case(book, by_category(book, category))
    assert ACCESS.sees(who(account), case) == (account in SEES[category])
    assert ACCESS.sees_routing(who(account), case) == (account in SEES[category] | {"n.network"})


def staff_case(book: Casebook) -> str:
    return next(str(name) for name, rows in _stored(book).items() if rows["incident"][0]["side"] == "staff")


def test_a_case_about_staff_is_for_the_head_alone_until_somebody_is_brought_in(book: Casebook) -> None:
    incident = staff_case(book)
    assert [row["id"] for row in _visible(book, "h.head") if row["id"] == incident] == [incident]
    for account in ("d.lead", "p.deputy", "c.chair", "s.senior", "n.network"):
        assert incident not in {row["id"] for row in _visible(book, account)}, account
        with pytest.raises(Refused, match="no incident"):
            do(book, account, incident, "note", text="I should not be here.")
    do(book, "h.head", incident, "bring-in", colleague="d.lead", reason="A second person is needed.")
    do(book, "d.lead", incident, "note", text="Now I may.")
    assert incident in {row["id"] for row in _visible(book, "d.lead")}


def report(book: Casebook, *people: tuple[str, str, str], route: str = "pupil-victim") -> str:
    facts = {"category": "bullying", "level": "high", "route": route, "day": "2026-10-13"}
    parties = [dict(zip(("person", "part", "kind"), each, strict=True)) for each in people]
    content = {"summary": "She was mocked in a group.", "reported_by": "her mother", "parties": parties}
    return deciding.report(book, ACCESS, who("d.lead"), facts, content, NOW).id


@pytest.mark.parametrize("account", ["hhead-admin", "h.head", "EXAMPLE\\H.Head"])
def test_what_is_about_the_head_goes_to_the_chair_of_governors_and_to_nobody_else(book: Casebook, account: str) -> None:
    incident = report(book, (account, "instigator", "staff"), route="staff-instigator")
    seeing = {
        each.account
        for each in map(who, (s.account for s in ACCESS.staff))
        if ACCESS.sees(each, the_case(book, incident))
    }
    assert seeing == {"c.chair"}


@pytest.mark.parametrize("part", ["victim", "instigator", "witness", "subject"])
def test_nobody_sees_or_decides_a_case_that_they_are_part_of(book: Casebook, part: str) -> None:
    incident = report(book, ("d.lead", part, "staff"))
    assert not ACCESS.sees(who("d.lead"), the_case(book, incident))
    with pytest.raises(Refused):
        do(book, "d.lead", incident, "review")
    with pytest.raises(CasebookError):
        do(book, "h.head", incident, "bring-in", colleague="d.lead", reason="She knows more.")


def test_who_becomes_part_of_a_case_later_does_not_see_it_any_more(book: Casebook) -> None:
    incident = by_category(book, "extremism")
    do(book, "d.lead", incident, "review")
    do(book, "h.head", incident, "party", person="D.Lead", part="witness", person_kind="staff")
    with pytest.raises(Refused):
        do(book, "d.lead", incident, "note", text="But I am in charge.")


def test_a_network_manager_ticks_steps_of_their_own_and_no_others(book: Casebook) -> None:
    incident = by_category(book, "illegal-content")
    do(book, "n.network", incident, "step", route="illegal", step="isolate")
    tried: tuple[tuple[str, dict[str, Any]], ...] = (
        ("step", {"route": "illegal", "step": "tell"}), ("note", {"text": "I saw it."}), ("review", {}),
        ("agree", {"agreed": "open", "reason": "Me too."}),
    )  # fmt: skip
    for kind, values in tried:
        with pytest.raises(Refused):
            do(book, "n.network", incident, kind, **values)


def test_a_case_that_is_not_there_and_one_that_may_not_be_seen_are_refused_in_the_same_words(book: Casebook) -> None:
    said = []
    for incident in (staff_case(book), "I-2026-99999"):
        with pytest.raises(Refused) as refused:
            do(book, "d.lead", incident, "note", text="Hello?")
        said.append(str(refused.value).replace(incident, "X"))
    assert said[0] == said[1]


# ---------------------------------------------------------------- merging and splitting


def test_what_is_merged_keeps_its_history_and_late_evidence_finds_where_it_went(book: Casebook) -> None:
    one, other = by_category(book, "extremism"), by_category(book, "bypass")
    deciding.merge(book, ACCESS, routes(), who("d.lead"), one, other, "The same afternoon.", NOW)
    assert the_case(book, one).state == "merged"
    assert the_case(book, other).linked == (one,)
    row = next(each for each in a_night().iter_rows(named=True) if each["category"] == "extremism")
    taken = take_in(book, drafts({**row, "evidence_sha256": "d" * 64}), NOW)
    assert taken.late == 1
    assert kinds(book, other)[-1] == "late-evidence"
    with pytest.raises(CasebookError, match=other):
        do(book, "d.lead", one, "note", text="Too late.")


def test_whoever_is_part_of_a_merged_incident_does_not_see_where_it_went(book: Casebook) -> None:
    one, other = report(book, ("d.lead", "witness", "staff")), by_category(book, "bypass")
    deciding.merge(book, ACCESS, routes(), who("h.head"), one, other, "The same afternoon.", NOW)
    assert not ACCESS.sees(who("d.lead"), the_case(book, other))
    assert verify(book).faults == []


def test_hits_that_are_split_off_are_a_draft_of_their_own_with_the_same_people(book: Casebook) -> None:
    incident = by_category(book, "self-harm")
    case = the_case(book, incident)
    row = next(each for each in a_night().iter_rows(named=True) if each["category"] == "self-harm")
    chosen = [row["hits"][-1]["hit_id"]]
    made = split(book, ACCESS, who("d.lead"), incident, chosen, "Another matter.", NOW)
    assert (made.state, made.level, made.parties.keys()) == ("draft", row["hits"][-1]["level"], case.parties.keys())
    with pytest.raises(CasebookError, match="all hits"):
        split(book, ACCESS, who("d.lead"), incident, [each["hit_id"] for each in row["hits"]], "All.", NOW)
    with pytest.raises(CasebookError, match="no hit"):
        split(book, ACCESS, who("d.lead"), incident, ["0" * 16], "None.", NOW)
    assert not verify(book).faults


# ---------------------------------------------------------------- what follows from what


def test_the_tables_say_what_the_histories_say_after_a_whole_day(book: Casebook) -> None:
    test_an_incident_goes_all_the_way_and_every_step_is_in_its_history(book)
    report(book, ("a.pupil", "victim", "pupil"))
    with book.reading() as connection:
        for incident, rows in stored(connection).items():
            assert same(rows_of(case_of(connection, incident)), rows)
            assert rows["incident"][0]["state"] in STATES


def test_names_are_open_to_whoever_asked_for_as_long_as_was_said(book: Casebook) -> None:
    incident = by_category(book, "self-harm")
    case = deciding.reveal(book, ACCESS, routes(), who("d.lead"), incident, "To call her mother.", 30, NOW)
    assert deciding.names_open(case, who("d.lead"), NOW + timedelta(minutes=29))
    assert not deciding.names_open(case, who("d.lead"), NOW + timedelta(minutes=31))
    assert not deciding.names_open(case, who("p.deputy"), NOW)
