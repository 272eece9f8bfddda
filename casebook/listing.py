"""The incidents that somebody may see, in a few words each.

In: a connection, who asks, the states wanted. Out: rows of `incident` as plain data, oldest first. Whoever may see
nothing gets an empty list, and no word about how much there is.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, select

from casebook.access import Access, Actor
from casebook.case import STATES, Case, Party
from casebook.tables import ACTION, INCIDENT, PARTY

#: What still waits for somebody.
WAITING: Final = ("draft", "under-review", "confirmed", "escalated")
_SHOWN: Final = (
    "id", "state", "level", "category", "route", "day", "origin", "side", "question_open", "held", "opened_at",
    "reviewed_at", "closed_at",
)  # fmt: skip


def visible(
    connection: Connection, access: Access, actor: Actor, states: Iterable[str] = WAITING
) -> list[dict[str, Any]]:
    """The incidents in these states that the actor may see; those with late evidence in any state are among them."""
    wanted = INCIDENT.c.state.in_([each for each in states if each in STATES]) | (INCIDENT.c.question_open == 1)
    rows = connection.execute(select(INCIDENT).where(wanted).order_by(INCIDENT.c.day, INCIDENT.c.id)).mappings().all()
    parties = _parties(connection, wanted)
    mine = _brought_into(connection, actor)
    found = []
    for row in rows:
        case = _case(dict(row), parties.get(row["id"], []), {actor.account} if row["id"] in mine else set())
        if access.sees(actor, case):
            marks = {name: bool(row[name]) for name in ("question_open", "held")}
            found.append({name: row[name] for name in _SHOWN} | marks)
        elif access.sees_routing(actor, case):
            found.append({name: row[name] for name in ("id", "state", "level", "route", "day")})
    return found


def _parties(connection: Connection, wanted: Any) -> dict[str, list[Party]]:
    question = select(PARTY).join_from(PARTY, INCIDENT, PARTY.c.incident == INCIDENT.c.id).where(wanted)
    found: dict[str, list[Party]] = {}
    for row in connection.execute(question).mappings():
        found.setdefault(row["incident"], []).append(Party(row["person"], row["part"], row["kind"]))
    return found


def _brought_into(connection: Connection, actor: Actor) -> set[str]:
    question = select(ACTION.c.about, ACTION.c.facts).where(ACTION.c.kind == "bring-in")
    return {about for about, facts in connection.execute(question) if json.loads(facts)["colleague"] == actor.account}


def _case(row: dict[str, Any], parties: list[Party], brought_in: set[str]) -> Case:
    """As much of the case as decides who may see it."""
    opened = datetime.fromisoformat(row["opened_at"])
    return Case(
        row["id"], row["origin"], row["day"], row["level"], row["category"], row["route"], opened, opened,
        state=row["state"], parties={each.person: each for each in parties}, brought_in=frozenset(brought_in),
        erased_side=row["side"] if row["erased"] else "",
    )  # fmt: skip
