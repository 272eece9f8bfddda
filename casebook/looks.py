"""Who looked at what: views, opened names and exports, for whoever watches over data protection.

In: a connection, who asks. Out: rows with time, account, role, what was done, and the incident; no content. Refuses
everybody but auditors, the head teacher and the DSL. A look at what pupils typed that is at no incident is noted here.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, select

from casebook.access import Actor
from casebook.kinds import Refused, said
from casebook.store import Casebook
from casebook.tables import ACTION

_LOOKS: Final = ("view", "reveal", "export")
_MAY_ASK: Final = frozenset({"auditor", "head", "dsl"})
#: Whoever reads drafts, and so what was typed.
_READ_TEXTS: Final = frozenset({"dsl", "deputy-dsl", "head"})


def looks(connection: Connection, actor: Actor, incident: str | None = None) -> list[dict[str, Any]]:
    """Every look, in order; at one incident or at all. Raises `kinds.Refused`."""
    if not actor.roles & _MAY_ASK:
        raise Refused("you may not see who looked at what.", remedy="The auditor, the head teacher and the DSL may.")
    question = select(ACTION).where(ACTION.c.kind.in_(_LOOKS)).order_by(ACTION.c.seq)
    found = []
    for row in connection.execute(question).mappings():
        facts = json.loads(row["facts"])
        # A table that left has many incidents in it, and is about none of them alone.
        if incident is None or incident in {row["about"], *facts.get("incidents", ())}:
            fixed = {name: row[name] for name in ("at", "author", "role", "via", "kind", "about")}
            found.append(fixed | {name: value for name, value in facts.items() if name != "sha256"})
    return found


def refuse_texts(actor: Actor) -> None:
    """Raise `Refused` for whoever may not read what was typed, of whomever it is."""
    if not actor.roles & _READ_TEXTS:
        remedy = f"One of {', '.join(sorted(_READ_TEXTS))} may. Counts are for everybody: leave --show out."
        raise Refused("you may not read what was typed.", remedy=remedy)


def note_texts(book: Casebook, actor: Actor, what: str, at: datetime) -> None:
    """Write down that somebody reads what was typed, about no incident. Raises `Refused`, `StoreError`."""
    refuse_texts(actor)
    with book.changing() as writer:
        writer.append(said("view", what=what), None, actor, at)
