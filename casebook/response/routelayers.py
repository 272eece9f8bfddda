"""What layers and the school add to the routes: a step more, words beside a step.

In: the routes of the program, the policies of the layers with the widest first, the contacts. Out: the routes that
hold. A layer adds; it may not take a step out, move it or change what is asked. Refused with file and line and the
name of the layer: that, a step of a name that is taken, one that follows nothing, a contact that nobody knows, a
condition on what no step before asks, and any condition on the route for what may be illegal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, NoReturn

from casebook.response.contacts import Contact
from casebook.response.routes import Route, Step, answers_of
from casebook.response.routetables import unasked
from pipeline.errors import ConfigError
from pipeline.settings.localroutes import RouteStep
from pipeline.settings.policy import Policy

#: What only a new step says.
_OF_A_NEW_STEP: Final = ("after", "by", "do", "contacts", "when", "unless")


def with_layers(
    routes: Mapping[str, Route], policies: Sequence[Policy], contacts: Mapping[str, Contact]
) -> dict[str, Route]:
    """The routes with what each layer adds. Raises `ConfigError`."""
    found = dict(routes)
    for policy in policies:
        for at, table in enumerate(policy.tables.route_step):
            if table.route not in found:
                _refuse(policy, at, "route", f"there is no route {table.route!r}", f"There are {', '.join(found)}.")
            route = found[table.route]
            is_there = table.id in {step.id for step in route.steps}
            make = _with_words if is_there else _with_step
            found[table.route] = make(route, table, policy, at, contacts)
    return found


def _with_words(route: Route, table: RouteStep, policy: Policy, at: int, _: Mapping[str, Contact]) -> Route:
    """The route with words beside one of its steps."""
    if table.off:
        what = f"{policy.layer} takes the step {table.id!r} of the route {route.id!r} out"
        _refuse(policy, at, "off", what, "A layer may only add to a route.")
    changed = [key for key in _OF_A_NEW_STEP if getattr(table, key)]
    if changed:
        words = {"after": "moves", "when": "changes the condition of", "unless": "changes the condition of"}
        what = f"{policy.layer} {words.get(changed[0], 'rewrites')} the step {table.id!r} of the route {route.id!r}"
        _refuse(policy, at, changed[0], what, "Write `words` to say something beside it, or give a new step a new id.")
    if table.words is None:
        what = f"{policy.layer} says nothing about the step {table.id!r}"
        _refuse(policy, at, "id", what, "Write `words`, or give a new step a new id.")
    steps = (
        replace(step, words=(*step.words, (policy.layer, table.words))) if step.id == table.id else step
        for step in route.steps
    )
    return replace(route, steps=tuple(steps))


def _with_step(route: Route, table: RouteStep, policy: Policy, at: int, contacts: Mapping[str, Contact]) -> Route:
    """The route with one step more."""
    step = _new_step(route, table, policy, at, contacts)
    ids = [each.id for each in route.steps]
    if table.after not in ids:
        _refuse(policy, at, "after", f"the route {route.id!r} has no step {table.after!r}", f"It has {', '.join(ids)}.")
    place = ids.index(str(table.after)) + 1
    # Behind what was put there before, by this layer or a wider one.
    while place < len(ids) and route.steps[place].layer:
        place += 1
    closing = place < len(ids) and route.steps[place - 1].closing
    asked = {each.ask: each.answers for each in route.steps[:place] if each.ask}
    for key, answers in (*(("when", dict(each)) for each in step.when), ("unless", dict(step.unless))):
        if what := unasked(answers, asked):
            _refuse(policy, at, key, what, f"Asked by then: {', '.join(asked) or 'nothing'}.")
    return replace(route, steps=(*route.steps[:place], replace(step, closing=closing), *route.steps[place:]))


def _new_step(route: Route, table: RouteStep, policy: Policy, at: int, contacts: Mapping[str, Contact]) -> Step:
    missing = [key for key in ("after", "by", "do") if getattr(table, key) is None]
    if missing or table.words is not None or table.off:
        what = f"the route {route.id!r} has no step {table.id!r}"
        _refuse(policy, at, "id", what, "A new step needs `after`, `by` and `do`, and neither `words` nor `off`.")
    if route.withhold and (table.when or table.unless):
        what = f"{policy.layer} makes a step of the route {route.id!r} depend on an answer"
        remedy = "On this route a step that is added always holds."
        _refuse(policy, at, "when" if table.when else "unless", what, remedy)
    if unknown := [each for each in table.contacts if each not in contacts]:
        _refuse(policy, at, "contacts", f"there is no contact {unknown[0]!r}", f"There are {', '.join(contacts)}.")
    return Step(
        id=table.id,
        by=str(table.by),
        do=str(table.do),
        contacts=tuple(contacts[each] for each in table.contacts),
        when=tuple(answers_of(each) for each in table.when),
        unless=answers_of(table.unless),
        layer=policy.layer,
    )


def _refuse(policy: Policy, at: int, key: str, what: str, remedy: str) -> NoReturn:
    raise ConfigError(f"{what}.", **policy.place("route_step", at, key), remedy=remedy)
