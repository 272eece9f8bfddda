"""Of all incidents at once, as much as decides who may see them or know of them.

In: a connection, who asks. Out: `Concerns`, or the incidents that the actor may know of. Refuses nothing. A history is
read of none, and of their people only those on whom it depends what the actor sees.
"""

from __future__ import annotations

import json
from typing import Final, NamedTuple

from sqlalchemy import Connection, select

from casebook.access import Access, Actor
from casebook.case import kept_for, left_to
from casebook.linked import links
from casebook.tables import ACTION, INCIDENT, PARTY

_NOBODY: Final[frozenset[str]] = frozenset()


class Seen(NamedTuple):
    """As much of a case as decides who may see it: an `access.Concern`."""

    side: str
    left_to: frozenset[str] | None
    people: frozenset[str]
    brought_in: frozenset[str]


class Concerns(NamedTuple):
    """Of all incidents, what decides who may see them besides their rows."""

    myself: frozenset[str]
    people: dict[str, frozenset[str]]
    mine: set[str]
    #: What was merged into a case about staff.
    of_staff: set[str]
    #: What was erased, and a caseworker was part of: who may know of it.
    kept_for: dict[str, frozenset[str]]

    @classmethod
    def of(cls, connection: Connection, access: Access, actor: Actor) -> Concerns:
        """All of it, for this actor."""
        people, found = _people(connection, access.deciding(actor)), links(connection)
        there = {name: frozenset[str]().union(*(people.get(each, _NOBODY) for each in found.beyond(name)))
                 for name in found.names}  # fmt: skip
        people |= {name: people.get(name, _NOBODY) | each for name, each in there.items()}
        staff = set(connection.scalars(select(INCIDENT.c.id).where(INCIDENT.c.side == "staff")))
        of_staff = {name for name in found.merged if not staff.isdisjoint(found.ends(name))}
        mine, myself = _brought_into(connection, actor), frozenset({actor.account})
        return cls(myself, people, mine, of_staff, _kept_for(connection))

    def case(self, name: str, side: str, *, is_erased: bool) -> Seen:
        """The case of a row."""
        seen_as = "staff" if name in self.of_staff else side
        brought_in = self.myself if name in self.mine else _NOBODY
        left = left_to(side, self.kept_for.get(name)) if is_erased else None
        return Seen(seen_as, left, self.people.get(name, _NOBODY), brought_in)


def known(connection: Connection, access: Access, actor: Actor) -> frozenset[str]:
    """The incidents of which the actor may know that they are there."""
    concerns = Concerns.of(connection, access, actor)
    # Of thousands of cases hardly any two differ in what decides.
    decided: dict[Seen, bool] = {}
    found = []
    for name, side, erased in connection.execute(select(INCIDENT.c.id, INCIDENT.c.side, INCIDENT.c.erased)):
        case = concerns.case(name, side, is_erased=bool(erased))
        if case not in decided:
            decided[case] = access.knows_of(actor, case)
        if decided[case]:
            found.append(name)
    return frozenset(found)


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
