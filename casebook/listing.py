"""The incidents that somebody may see, in a few words each.

In: a connection, who asks, the states wanted. Out: rows of `incident` as plain data, oldest first. Whoever may see
nothing gets an empty list, and no word about how much there is. Quick also over the cases of many years: a history is
read of none, and of their people only those on whom it depends who may see them.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, select

from casebook.access import Access, Actor
from casebook.case import kept_for, left_to
from casebook.holds import held
from casebook.linked import links
from casebook.store import case_of
from casebook.tables import ACTION, INCIDENT, PARTY

#: What still waits for somebody.
WAITING: Final = ("draft", "under-review", "confirmed", "escalated")
_SHOWN: Final = (
    "id", "state", "level", "category", "route", "day", "origin", "side", "question_open", "held", "opened_at",
    "reviewed_at", "closed_at",
)  # fmt: skip
_ROUTING: Final = ("id", "state", "level", "route", "day")
_NOBODY: Final[frozenset[str]] = frozenset()


class _Seen(NamedTuple):
    """As much of a case as decides who may see it: an `access.Concern`."""

    side: str
    left_to: frozenset[str] | None
    people: frozenset[str]
    brought_in: frozenset[str]


def visible(
    connection: Connection, access: Access, actor: Actor, states: Iterable[str] = WAITING,
    among: Collection[str] | None = None,
) -> list[dict[str, Any]]:  # fmt: skip
    """The incidents in these states that the actor may see; those with late evidence in any state are among them.

    `among`: only of these ids, which are few.
    """
    wanted = INCIDENT.c.state.in_(list(states)) | (INCIDENT.c.question_open == 1)
    question = select(*(INCIDENT.c[name] for name in _SHOWN), INCIDENT.c.erased).where(wanted)
    if among is not None:
        question = question.where(INCIDENT.c.id.in_(among))
    about = _Known.of(connection, access, actor)
    kept = held(connection)
    found = []
    for *values, erased in connection.execute(question.order_by(INCIDENT.c.day, INCIDENT.c.id)):
        row = dict(zip(_SHOWN, values, strict=True))
        case = about.case(row["id"], row["side"], is_erased=bool(erased))
        if access.sees(actor, case):
            # What was merged with one that is held, or split from it, is held as well.
            row["question_open"], row["held"] = bool(row["question_open"]), row["id"] in kept
            found.append(row)
        elif access.sees_routing(actor, case):
            found.append({each: row[each] for each in _ROUTING})
    return found


def held_for(connection: Connection, access: Access, actor: Actor, incident: str) -> list[str] | None:
    """For the sake of which incidents, of those that the actor may see, this one is held; None if it is not held."""
    laid = held(connection).get(incident)
    return None if laid is None else sorted(each for each in laid if access.sees(actor, case_of(connection, each)))


class _Known(NamedTuple):
    """Of all incidents, what decides who may see them besides their rows."""

    myself: frozenset[str]
    people: dict[str, frozenset[str]]
    mine: set[str]
    #: What was merged into a case about staff.
    of_staff: set[str]
    #: What was erased, and a caseworker was part of: who may know of it.
    kept_for: dict[str, frozenset[str]]

    @classmethod
    def of(cls, connection: Connection, access: Access, actor: Actor) -> _Known:
        """All of it, for this actor."""
        people, found = _people(connection, access.deciding(actor)), links(connection)
        there = {name: frozenset[str]().union(*(people.get(each, _NOBODY) for each in found.beyond(name)))
                 for name in found.names}  # fmt: skip
        people |= {name: people.get(name, _NOBODY) | each for name, each in there.items()}
        staff = set(connection.scalars(select(INCIDENT.c.id).where(INCIDENT.c.side == "staff")))
        of_staff = {name for name in found.merged if not staff.isdisjoint(found.ends(name))}
        mine, myself = _brought_into(connection, actor), frozenset({actor.account})
        return cls(myself, people, mine, of_staff, _kept_for(connection))

    def case(self, name: str, side: str, *, is_erased: bool) -> _Seen:
        """The case of a row."""
        seen_as = "staff" if name in self.of_staff else side
        brought_in = self.myself if name in self.mine else _NOBODY
        left = left_to(side, self.kept_for.get(name)) if is_erased else None
        return _Seen(seen_as, left, self.people.get(name, _NOBODY), brought_in)


def _people(connection: Connection, accounts: frozenset[str]) -> dict[str, frozenset[str]]:
    """Incident -> those of these accounts that are part of it."""
    found: dict[str, frozenset[str]] = {}
    question = select(PARTY.c.incident, PARTY.c.person).where(PARTY.c.person.in_(sorted(accounts)))
    for incident, person in connection.execute(question):
        found[incident] = found.get(incident, _NOBODY) | {person}
    return found


def _kept_for(connection: Connection) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    erased = (ACTION.c.kind == "erase") & ACTION.c.facts.contains('"kept_for":')
    for about, facts in connection.execute(select(ACTION.c.about, ACTION.c.facts).where(erased)):
        found[about] = kept_for(found.get(about), json.loads(facts)["kept_for"]) or _NOBODY
    return found


def _brought_into(connection: Connection, actor: Actor) -> set[str]:
    question = select(ACTION.c.about, ACTION.c.facts).where(ACTION.c.kind == "bring-in")
    return {about for about, facts in connection.execute(question) if json.loads(facts)["colleague"] == actor.account}
