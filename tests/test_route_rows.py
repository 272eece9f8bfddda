"""Every branch of the flowcharts is walked on the routes as they are shipped, and the routes hold nothing besides."""

from __future__ import annotations

from itertools import pairwise

import pytest

from casebook.response.ahead import Ahead, ahead
from casebook.response.routes import Step
from pipeline.lists.watchtoml import ROUTES
from tests.made_casebook import routes
from tests.route_rows import ROWS, Leg, Row


def walked(leg: Leg) -> Ahead:
    """The route after the answers of the leg, with nothing ticked."""
    return ahead(routes()[leg.route], leg.answers, ())


def to_come(leg: Leg) -> list[Step]:
    """What is to be done on the leg: what was answered on the way, and what is next."""
    return [step for step, state in walked(leg).states if state in {"done", "next"}]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.chart}: {row.what}")
def test_a_branch_leads_to_its_steps_in_order_its_contacts_and_its_route(row: Row) -> None:
    for leg in row.legs:
        route = routes()[leg.route]
        assert all(word in route.questions[question].answers for question, word in leg.answers.items())
        found = to_come(leg)
        ids = [step.id for step in found]
        assert [each for each in ids if each in leg.steps] == list(leg.steps)
        assert not set(leg.never) & set(ids)
        assert set(leg.never) <= {step.id for step in route.steps}
        wanted = [step for step in found if step.id in leg.steps]
        named = {(step.id, contact.id) for step in wanted for contact in step.contacts}
        assert leg.contacts <= {contact for _, contact in named} | {f"{step}:{contact}" for step, contact in named}
        assert walked(leg).to == leg.to
    for leg, then in pairwise(row.legs):
        assert leg.to == then.route


def test_every_route_is_walked() -> None:
    assert {leg.route for row in ROWS for leg in row.legs} == set(ROUTES)


@pytest.mark.parametrize("route", ROUTES)
def test_every_step_of_the_routes_is_wanted_by_some_branch(route: str) -> None:
    wanted = {step for row in ROWS for leg in row.legs if leg.route == route for step in leg.steps}
    assert {step.id for step in routes()[route].steps} == wanted


@pytest.mark.parametrize("route", ROUTES)
def test_every_condition_is_met_in_some_branch_and_not_in_another(route: str) -> None:
    legs = [leg for row in ROWS for leg in row.legs if leg.route == route]
    for step in routes()[route].steps:
        if step.when or step.unless:
            holds = {step in to_come(leg) for leg in legs}
            assert holds == {True, False}, step.id
        for alternative in step.when:
            alone = [leg for leg in legs if all(leg.answers.get(name) in words for name, words in alternative)]
            assert any(step in to_come(leg) for leg in alone), step.id


@pytest.mark.parametrize("route", ROUTES)
def test_every_step_with_a_condition_must_not_come_in_some_branch(route: str) -> None:
    never = {step for row in ROWS for leg in row.legs if leg.route == route for step in leg.never}
    assert {step.id for step in routes()[route].steps if step.when or step.unless} - never == set()


@pytest.mark.parametrize("route", ROUTES)
def test_every_contact_of_every_step_is_wanted_by_some_branch(route: str) -> None:
    legs = [leg for row in ROWS for leg in row.legs if leg.route == route]
    for step in routes()[route].steps:
        for contact in (each.id for each in step.contacts):
            naming = [each for each in routes()[route].steps if contact in {one.id for one in each.contacts}]
            others = {each.id for each in naming} - {step.id}
            alone = [leg for leg in legs if step.id in leg.steps and not others & set(leg.steps)]
            found = any(contact in leg.contacts for leg in alone)
            assert found or any(f"{step.id}:{contact}" in leg.contacts for leg in legs), (step.id, contact)


@pytest.mark.parametrize("route", ROUTES)
def test_every_answer_to_every_question_is_given_in_some_branch(route: str) -> None:
    given = {item for row in ROWS for leg in row.legs if leg.route == route for item in leg.answers.items()}
    offered = {(step.ask, word) for step in routes()[route].steps for word in step.answers}
    assert offered - given == set()


def test_every_way_from_one_route_to_another_is_taken() -> None:
    taken = {(leg.route, leg.to) for row in ROWS for leg in row.legs if leg.to}
    assert {(route.id, onward) for route in routes().values() for onward in route.leads_to} == taken
