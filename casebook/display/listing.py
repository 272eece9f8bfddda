"""The incidents that somebody may see, in a few words each.

In: a connection, who asks, the states wanted. Out: rows of `incident` as plain data, oldest first. Whoever may see
nothing gets an empty list, and no word about how much there is. Quick also over the cases of many years.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Final

from sqlalchemy import Connection, select

from casebook.access import Access, Actor
from casebook.concerns import Concerns
from casebook.holds import with_linked
from casebook.store import case_of
from casebook.tables import INCIDENT

#: What still waits for somebody.
WAITING: Final = ("draft", "under-review", "confirmed", "escalated")
_SHOWN: Final = (
    "id", "state", "level", "category", "route", "day", "origin", "side", "question_open", "held", "opened_at",
    "reviewed_at", "closed_at",
)  # fmt: skip
_ROUTING: Final = ("id", "state", "level", "route", "day")


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
    about = Concerns.of(connection, access, actor)
    held = kept(connection)
    found = []
    for *values, erased in connection.execute(question.order_by(INCIDENT.c.day, INCIDENT.c.id)):
        row = dict(zip(_SHOWN, values, strict=True))
        case = about.case(row["id"], row["side"], is_erased=bool(erased))
        if access.sees(actor, case):
            # What was merged with one that is held, or split from it, is held as well.
            row["question_open"], row["held"] = bool(row["question_open"]), row["id"] in held
            found.append(row)
        elif access.sees_routing(actor, case):
            found.append({each: row[each] for each in _ROUTING})
    return found


def kept(connection: Connection) -> dict[str, frozenset[str]]:
    """The incidents that are held, and those that belong to them, as the tables have it: each with those for whose sake
    it is held. What is deleted goes by `holds.held`."""
    return with_linked(connection, set(connection.scalars(select(INCIDENT.c.id).where(INCIDENT.c.held == 1))))


def held_for(connection: Connection, access: Access, actor: Actor, incident: str) -> list[str] | None:
    """For the sake of which incidents, of those that the actor may see, this one is held; None if it is not held."""
    laid = kept(connection).get(incident)
    return None if laid is None else sorted(each for each in laid if access.sees(actor, case_of(connection, each)))
