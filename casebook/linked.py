"""Which incidents belong together, because they were merged or split, and where one of them went.

In: a connection, the names of incidents. Out: groups, each in order, one that is linked to no other being a group of
its own; or `Links`. Refuses nothing.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select

from casebook.tables import ACTION


@dataclass(frozen=True)
class Links:
    """What became of what."""

    #: Incident -> those that some of it, or all of it, went into.
    into: Mapping[str, list[str]]
    #: Incident -> those that were merged into it.
    origins: Mapping[str, list[str]]
    #: Incident -> the one that it was merged into.
    merged: Mapping[str, str]

    @property
    def names(self) -> frozenset[str]:
        """All incidents that were ever linked."""
        return frozenset(self.into).union(*self.into.values())

    def beyond(self, incident: str) -> frozenset[str]:
        """All incidents that have something of what this one holds, because it was merged into them or split off.

        What was merged into this one is in it as it was then, with its people; but what had been split off before that
        went elsewhere, and is beyond it as well.
        """
        found: set[str] = set()
        waiting, passed = [incident], {incident}
        while waiting:
            each = waiting.pop()
            found.update(self.into.get(each, ()))
            fresh = {*self.into.get(each, ()), *self.origins.get(each, ())} - passed
            passed |= fresh
            waiting += fresh
        return frozenset(found - {incident})

    def ends(self, incident: str) -> Iterator[str]:
        """Where it is now: the incident that it was merged into, the one that this was merged into, and so on."""
        passed = {incident}
        # Nothing that the program writes goes round; a history that somebody has changed may.
        while (incident := self.merged.get(incident, "")) and incident not in passed:
            passed.add(incident)
            yield incident


def links(connection: Connection) -> Links:
    """All of them."""
    into, origins, merged = defaultdict(list), defaultdict(list), {}
    question = select(ACTION.c.about, ACTION.c.kind, ACTION.c.facts).where(ACTION.c.kind.in_(("merge", "split")))
    for about, kind, facts in connection.execute(question.order_by(ACTION.c.seq)):
        target = json.loads(facts)["into"]
        into[about].append(target)
        if kind == "merge":
            origins[target].append(about)
            merged[about] = target
    return Links(into, origins, merged)


def together(connection: Connection, incidents: Iterable[str]) -> list[tuple[str, ...]]:
    """The incidents, and all that are linked to them, in groups."""
    groups = {each: {each} for each in incidents}
    for about, targets in links(connection).into.items():
        for target in targets:
            one, other = (groups.setdefault(each, {each}) for each in (about, target))
            if one is not other:
                one |= other
                groups |= dict.fromkeys(other, one)
    return sorted({tuple(sorted(each)) for each in groups.values()})
