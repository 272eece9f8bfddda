"""Where an incident stands on its route, for whoever asks: what is next, whom to reach, what was answered.

In: the case and its route. Out: plain data, or lines for a terminal. It names nobody; but an answer such as that a
pupil is at risk says much about whoever sat at a device, so that a network manager gets their own steps alone.
Refuses nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from casebook.case import Case
from casebook.response.ahead import Ahead, ahead
from casebook.response.contacts import Contact
from casebook.response.routes import Route, Step

#: Whose steps are shown to whoever sees nothing else of a case.
_TECHNICAL: Final = "network manager"
#: How a line of the list of steps begins.
_MARKS: Final = {"done": "[x]", "next": "[ ]", "waiting": "[.]"}
_LEGEND: Final = "[x] done  [ ] to be done now  [.] waits for an answer"


def standing(case: Case, route: Route) -> Ahead:
    """What is ahead of the case on this route."""
    answers = {question: word for (name, question), word in case.answers.items() if name == route.id}
    return ahead(route, answers, {step for name, step in case.steps if name == route.id})


def as_told(case: Case, route: Route, *, routing_only: bool = False) -> dict[str, Any]:
    """`steps` in their order and `leads_to`, the route that the answers lead to; of routing, the technical steps."""
    found = standing(case, route)
    steps = [
        _step(case, route, step, state) for step, state in found.states if not routing_only or _TECHNICAL in step.by
    ]
    return {"steps": steps, "leads_to": "" if routing_only else found.to}


def _step(case: Case, route: Route, step: Step, state: str) -> dict[str, Any]:
    return {
        "id": step.id, "by": step.by, "do": step.do, "state": state, "done": state == "done",
        "question": step.ask, "answers": list(step.answers), "answer": case.answers.get((route.id, step.ask), ""),
        "contacts": [_contact(each) for each in step.contacts], "layer": step.layer,
        "words": [{"layer": layer, "words": words} for layer, words in step.words],
    }  # fmt: skip


def _contact(contact: Contact) -> dict[str, Any]:
    return {"id": contact.id, "is_known": contact.is_known, "in_words": contact.in_words}


def step_lines(shown: Mapping[str, Any]) -> Iterator[str]:
    """The steps of `as_told` for a person at a terminal."""
    yield f"Steps of the route:  {_LEGEND}"
    for step in (each for each in shown["steps"] if each["state"] in _MARKS):
        added = f", added by {step['layer']}" if step["layer"] else ""
        yield f"  {_MARKS[step['state']]} {step['id']} ({step['by']}{added}): {step['do']}"
        yield from (f"        {each['layer']}: {each['words']}" for each in step["words"])
        if step["question"]:
            given = step["answer"] or " | ".join(step["answers"])
            yield f"        {step['question']}: {given}"
        for contact in step["contacts"]:
            yield f"        {'' if contact['is_known'] else '! '}{contact['in_words']}"
    if set_aside := [step["id"] for step in shown["steps"] if step["state"] not in _MARKS]:
        yield f"  Does not apply: {', '.join(set_aside)}"
    if shown["leads_to"]:
        yield _onward(shown["id"], shown["leads_to"])


def next_lines(case: Case, route: Route, *, routing_only: bool = False) -> Iterator[str]:
    """What is next after an answer; of routing, the technical steps."""
    found = standing(case, route)
    for step in found.next:
        if not routing_only or _TECHNICAL in step.by:
            yield f"  next: {step.id} ({step.by}): {step.do}"
    if found.to and not routing_only:
        yield _onward(case.id, found.to)


def _onward(incident: str, route: str) -> str:
    return f"The answers lead to another route: esafety incident reroute {incident} --route {route} --reason ..."
