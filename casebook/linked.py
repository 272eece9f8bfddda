"""Which incidents belong together, because they were merged or split.

In: the names of incidents. Out: groups, each in order; one that is linked to no other is a group of its own. Refuses
nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from sqlalchemy import Connection, select

from casebook.tables import ACTION


def together(connection: Connection, incidents: Iterable[str]) -> list[tuple[str, ...]]:
    """The incidents, and all that are linked to them, in groups."""
    groups = {each: {each} for each in incidents}
    question = select(ACTION.c.about, ACTION.c.facts).where(ACTION.c.kind.in_(("merge", "split")))
    for about, facts in connection.execute(question):
        one, other = (groups.setdefault(each, {each}) for each in (about, json.loads(facts)["into"]))
        if one is not other:
            one |= other
            groups |= dict.fromkeys(other, one)
    return sorted({tuple(sorted(each)) for each in groups.values()})
