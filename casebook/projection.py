"""The rows that follow from a case, so that lists need not replay every history.

In: a `Case`. Out: rows of `incident`, `drafted` and `party`, written or compared. Refuses nothing.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from casebook.case import Case
from casebook.tables import DRAFTED, INCIDENT, PARTY

Rows = dict[str, list[dict[str, Any]]]


def rows_of(case: Case) -> Rows:
    """The rows of a case by table, each in a fixed order."""

    def moment(name: str) -> str:
        value = getattr(case, name)
        return stamp(value) if value else ""

    incident = {
        "id": case.id, "state": case.state, "side": case.own_side, "origin": case.origin, "level": case.level,
        "category": case.category, "route": case.route, "day": case.day, "ground": case.ground,
        **{name: int(getattr(case, name)) for name in ("withheld", "question_open", "held", "erased")},
        **{name: moment(name) for name in ("opened_at", "changed_at", "reviewed_at", "closed_at")},
    }  # fmt: skip
    drafted = [
        {"draft_id": draft_id, "incident": case.id, "evidence_sha256": evidence, "day": case.day}
        for draft_id, evidence in sorted(case.evidence.items())
    ]
    parties = [
        {"incident": case.id, "person": each.person, "part": each.part, "kind": each.kind}
        for _, each in sorted(case.parties.items())
    ]
    return {"incident": [incident], "drafted": drafted, "party": parties}


def stamp(moment: Any) -> str:
    """A time in UTC as it is stored and hashed."""
    return str(moment.isoformat(timespec="microseconds"))


def project(connection: Connection, case: Case, *, new: bool) -> None:
    """Bring the rows of a case up to date."""
    rows = rows_of(case)
    incident = rows["incident"][0]
    if new:
        connection.execute(insert(INCIDENT), incident)
    else:
        connection.execute(update(INCIDENT).where(INCIDENT.c.id == case.id), incident)
    for table, name in ((DRAFTED, "drafted"), (PARTY, "party")):
        if not new:
            connection.execute(delete(table).where(table.c.incident == case.id))
        if rows[name]:
            connection.execute(insert(table), rows[name])


def stored(connection: Connection) -> dict[str, Rows]:
    """The rows of every case as they stand, by incident."""
    found: dict[str, Rows] = {}
    for table, name, key, order in (
        (INCIDENT, "incident", "id", INCIDENT.c.id),
        (DRAFTED, "drafted", "incident", DRAFTED.c.draft_id),
        (PARTY, "party", "incident", PARTY.c.person),
    ):
        for row in connection.execute(select(table).order_by(order)).mappings():
            of = found.setdefault(row[key], {"incident": [], "drafted": [], "party": []})
            of[name].append(dict(row))
    return found


def same(one: Rows, other: Rows) -> bool:
    """Whether the rows say the same."""
    return one == other
