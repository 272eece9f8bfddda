"""Who looked at what: views, opened names and exports, for whoever watches over data protection.

In: a connection, who asks. Out: rows with time, account, role, what was done, and the incident; no content. Of an
incident that whoever asks may not know of there is no row and no number. Refuses everybody but auditors, the head
teacher and the DSL. A look at what pupils typed that is at no incident is noted here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, select

from casebook.access import Access, Actor
from casebook.concerns import known
from casebook.kinds import Refused, said
from casebook.store import Casebook
from casebook.tables import ACTION

_LOOKS: Final = ("view", "reveal", "export")
_MAY_ASK: Final = frozenset({"auditor", "head", "dsl"})
#: Whoever reads drafts, and so what was typed.
_READ_TEXTS: Final = frozenset({"dsl", "deputy-dsl", "head"})
_FIXED: Final = ("at", "author", "role", "via", "kind", "about")
#: Facts that are lists of incidents: those that were in it, those that were left out.
_NUMBERS: Final = ("incidents", "without")


def looks(connection: Connection, access: Access, actor: Actor, incident: str | None = None) -> list[dict[str, Any]]:
    """Every look that the actor may know of, in order; at one incident or at all. Raises `kinds.Refused`."""
    if not actor.roles & _MAY_ASK:
        raise Refused("you may not see who looked at what.", remedy="The auditor, the head teacher and the DSL may.")
    may_know = known(connection, access, actor)
    question = select(*(ACTION.c[name] for name in _FIXED), ACTION.c.facts).where(ACTION.c.kind.in_(_LOOKS))
    if incident is not None:
        # A table that left has many incidents in it, and is about none of them alone.
        of_it = (ACTION.c.about == incident) | (ACTION.c.about.is_(None) & (ACTION.c.kind == "export"))
        question = question.where(of_it)
    # Of many thousand looks most say the same few words.
    read: dict[str, dict[str, Any] | None] = {}
    found = []
    for *values, facts in connection.execute(question.order_by(ACTION.c.seq)):
        about = values[-1]
        if about is not None and about.startswith("I-") and about not in may_know:
            continue
        if facts not in read:
            read[facts] = _told(json.loads(facts), may_know)
        told = read[facts]
        if told is not None and (incident is None or about == incident or incident in told.get("incidents", ())):
            found.append(dict(zip(_FIXED, values, strict=True)) | told)
    return found


def _told(facts: Mapping[str, Any], may_know: frozenset[str]) -> dict[str, Any] | None:
    """What is told of a look; None if it was at nothing but incidents that whoever asks may not know of."""
    told = {name: value for name, value in facts.items() if name != "sha256"}
    for name in _NUMBERS:
        if name in told:
            told[name] = [each for each in told[name] if each in may_know]
    return None if facts.get("incidents") and not told["incidents"] else told


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
