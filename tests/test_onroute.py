"""A case on its route: questions are answered, steps come and go with the answers, and nothing of it is personal."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import select

from casebook import deciding
from casebook.case import Case
from casebook.display.onroute import next_lines, standing
from casebook.display.showing import Viewer, as_data, as_lines
from casebook.intake import take_in
from casebook.kinds import CasebookError, Refused
from casebook.response.ahead import ahead
from casebook.store import Casebook, case_of, history
from casebook.tables import ACTION, INCIDENT
from casebook.verifying import verify
from pipeline.lists.watchtoml import ROUTES
from tests.effort import tries
from tests.made_casebook import ACCESS, NOW, casebook, do, routes, who
from tests.made_drafts import a_night


@pytest.fixture
def book(tmp_path: Path) -> Any:
    with casebook(tmp_path) as opened:
        take_in(opened, a_night(), NOW)
        yield opened


def of_route(book: Casebook, route: str) -> str:
    with book.reading() as connection:
        return str(connection.scalar(select(INCIDENT.c.id).where(INCIDENT.c.route == route).order_by(INCIDENT.c.id)))


def answer(book: Casebook, account: str, incident: str, question: str, word: str) -> Case:
    return deciding.answer(book, ACCESS, routes(), who(account), incident, question, word, None, NOW)


def shown(book: Casebook, account: str, incident: str) -> dict[str, Any]:
    viewer = Viewer(who(account), ACCESS, b"k" * 32, ZoneInfo("Europe/London"), NOW)
    with book.reading() as connection:
        case = case_of(connection, incident)
        return as_data(case, history(connection, incident), routes()[case.route], viewer)


def states(book: Casebook, incident: str) -> dict[str, str]:
    return {step["id"]: step["state"] for step in shown(book, "d.lead", incident)["steps"]}


def test_an_answer_is_an_action_and_what_is_next_follows_from_it(book: Casebook) -> None:
    incident = of_route(book, "pupil-victim")
    assert states(book, incident)["child-protection"] == "waiting"
    answer(book, "d.lead", incident, "danger", "no")
    answer(book, "d.lead", incident, "illegal", "no")
    found = states(book, incident)
    assert (found["safe-now"], found["call"], found["child-protection"]) == ("done", "set-aside", "next")
    do(book, "d.lead", incident, "step", route="pupil-victim", step="child-protection")
    assert states(book, incident)["child-protection"] == "done"
    with book.reading() as connection:
        last = history(connection, incident)[-2]
    assert (last.kind, last.facts) == ("answer", {"route": "pupil-victim", "question": "illegal", "answer": "no"})
    assert not verify(book).faults


def test_a_later_answer_takes_the_place_of_an_earlier_one_and_both_stay_in_the_history(book: Casebook) -> None:
    incident = of_route(book, "pupil-victim")
    answer(book, "d.lead", incident, "illegal", "no")
    answer(book, "d.lead", incident, "illegal", "unsure")
    told = shown(book, "d.lead", incident)
    assert told["leads_to"] == "illegal"
    assert [each["answer"] for each in told["history"] if each["kind"] == "answer"] == ["no", "unsure"]
    viewer = Viewer(who("d.lead"), ACCESS, b"k" * 32, ZoneInfo("Europe/London"), NOW)
    assert f"esafety incident reroute {incident} --route illegal" in list(as_lines(told, viewer))[-1]


def test_a_question_that_is_ticked_is_done_and_what_depends_on_its_answer_waits(book: Casebook) -> None:
    incident = of_route(book, "pupil-victim")
    do(book, "d.lead", incident, "step", route="pupil-victim", step="safe-now", note="Seen at 9:10.")
    found = states(book, incident)
    assert (found["safe-now"], found["call"]) == ("done", "waiting")
    viewer = Viewer(who("d.lead"), ACCESS, b"k" * 32, ZoneInfo("Europe/London"), NOW)
    assert "        danger: yes | no" in list(as_lines(shown(book, "d.lead", incident), viewer))


def test_the_program_never_changes_the_route_by_itself(book: Casebook) -> None:
    incident = of_route(book, "pupil-victim")
    assert answer(book, "d.lead", incident, "illegal", "yes").route == "pupil-victim"


def test_answers_given_on_one_route_say_nothing_on_another(book: Casebook) -> None:
    incident = of_route(book, "pupil-inappropriate")
    answer(book, "d.lead", incident, "illegal", "no")
    case = do(book, "d.lead", incident, "reroute", route="pupil-victim", reason="She is at risk herself.")
    assert "may-be-illegal" in {step.id for step in standing(case, routes()[case.route]).next}


@pytest.mark.parametrize(
    ("question", "word", "said"),
    [
        ("danger", "perhaps", "'perhaps' is no answer to 'danger'"),
        ("colour", "blue", "does not ask 'colour'"),
        ("subject", "j.illustration", "does not ask 'subject'"),
        ("", "", "does not ask ''"),
    ],
)
def test_what_the_route_does_not_offer_is_no_answer(book: Casebook, question: str, word: str, said: str) -> None:
    incident = of_route(book, "pupil-victim")
    with book.reading() as connection:
        before = len(history(connection, incident))
    with pytest.raises(CasebookError, match=said):
        answer(book, "d.lead", incident, question, word)
    with book.reading() as connection:
        assert len(history(connection, incident)) == before


def test_a_network_manager_answers_what_is_asked_of_them_and_nothing_else(book: Casebook) -> None:
    incident = of_route(book, "illegal")
    assert answer(book, "n.network", incident, "network", "yes").answers == {("illegal", "network"): "yes"}
    with pytest.raises(Refused, match="not yours to answer"):
        answer(book, "n.network", incident, "danger", "no")
    seen = shown(book, "n.network", incident)
    assert {step["id"]: step["state"] for step in seen["steps"]}["account"] == "next"


def test_a_network_manager_sees_their_own_steps_and_no_answer_of_others(book: Casebook) -> None:
    incident = of_route(book, "pupil-victim")
    for question, word in (("illegal", "no"), ("radicalisation", "yes"), ("substance", "yes")):
        answer(book, "d.lead", incident, question, word)
    seen = shown(book, "n.network", incident)
    assert [step["id"] for step in seen["steps"]] == ["debrief"]
    assert "radicalisation" not in json.dumps(seen)
    case = answer(book, "d.lead", incident, "illegal", "yes")
    assert shown(book, "n.network", incident)["leads_to"] == ""
    assert list(next_lines(case, routes()[case.route], routing_only=True)) == []


def test_who_may_not_see_the_case_answers_nothing_and_learns_nothing(book: Casebook) -> None:
    incident = of_route(book, "staff-instigator")
    for account, name in (("d.lead", incident), ("g.governor", incident), ("d.lead", "I-2026-99999")):
        with pytest.raises(CasebookError, match=f"there is no incident {name} that you may see"):
            answer(book, account, name, "serious", "no")


def test_nothing_is_answered_once_it_is_over(book: Casebook) -> None:
    incident = of_route(book, "pupil-inappropriate")
    do(book, "d.lead", incident, "review")
    do(book, "d.lead", incident, "dismiss", ground="not-ours", reason="Another school.")
    with pytest.raises(CasebookError, match="is dismissed"):
        answer(book, "d.lead", incident, "illegal", "no")


def test_an_illegal_case_keeps_people_and_evidence_safe_before_anything_is_answered(book: Casebook) -> None:
    now = [step for step, state in states(book, of_route(book, "illegal")).items() if state == "next"]
    assert now[:3] == ["immediate-risk", "stop", "tell"]
    assert {"police-advice", "isolate", "preserve"} <= set(now)


def test_contacts_stand_beside_the_steps_and_what_is_missing_is_told(book: Casebook) -> None:
    told = shown(book, "d.lead", of_route(book, "pupil-victim"))
    viewer = Viewer(who("d.lead"), ACCESS, b"k" * 32, ZoneInfo("Europe/London"), NOW)
    lines = "\n".join(as_lines(told, viewer))
    assert "Police, emergency: 999 (day and night)" in lines
    assert "! no number for the LADO in contacts.toml" in lines
    assert "danger: yes | no" in lines


def test_what_is_next_is_said_after_an_answer(book: Casebook) -> None:
    incident = of_route(book, "pupil-victim")
    case = answer(book, "d.lead", incident, "danger", "yes")
    assert next(next_lines(case, routes()[case.route])).startswith("  next: call (DSL): If the pupil is in danger: 999")


def test_facts_of_an_answer_hold_words_of_the_route_alone(book: Casebook) -> None:
    incident = of_route(book, "pupil-victim")
    deciding.answer(book, ACCESS, routes(), who("d.lead"), incident, "danger", "no", "Jo is at home.", NOW)
    with book.reading() as connection:
        row = connection.execute(ACTION.select().where(ACTION.c.kind == "answer")).one()
        assert json.loads(row.facts) == {"answer": "no", "question": "danger", "route": "pupil-victim"}
        assert history(connection, incident)[-1].content == {"note": "Jo is at home."}


@hypothesis_settings(max_examples=tries(400), deadline=timedelta(seconds=20))
@given(data=st.data(), name=st.sampled_from(ROUTES))
def test_every_step_is_in_exactly_one_state_in_order_and_ticks_hide_none(data: st.DataObject, name: str) -> None:
    route = routes()[name]
    offered = {step.ask: st.sampled_from([*step.answers, "a word of last year"]) for step in route.steps if step.ask}
    answers = data.draw(st.fixed_dictionaries({}, optional=offered))
    ticked = data.draw(st.sets(st.sampled_from([step.id for step in route.steps])))
    found, bare = ahead(route, answers, ticked), ahead(route, answers, ())
    assert [step for step, _ in found.states] == list(route.steps)
    assert found.to == bare.to
    for (step, state), (_, before) in zip(found.states, bare.states, strict=True):
        assert state == before or (state == "done" and step.id in ticked)
    # Whatever is answered: what never depends on an answer is set aside only where the case ends or goes elsewhere.
    ended = answers.get("substance") == "no" or bool(found.to)
    always = [step for step in route.steps if not step.when and not step.unless]
    assert ended or not set(always) & set(bare.set_aside)
    # One who has answered all that is asked waits for nothing.
    asked = {step.ask for step in bare.next if step.ask}
    assert asked or not bare.waiting
