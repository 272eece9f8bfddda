"""Who looked at what: views, opened names and exports, for whoever watches over data protection.

In: a connection, who asks. Out: rows with time, account, role, what was done, and the incident; no content. Refuses
everybody but auditors, the head teacher and the DSL.
"""

from __future__ import annotations

import json
from typing import Any, Final

from sqlalchemy import Connection, select

from casebook.access import Actor
from casebook.kinds import Refused
from casebook.tables import ACTION

_LOOKS: Final = ("view", "reveal", "export")
_MAY_ASK: Final = frozenset({"auditor", "head", "dsl"})


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
