"""What the school's own tables say, shown beside a confirmed incident, with how often it happened before.

In: the case, the tables, who looks. Out: plain data, or lines for a terminal. Refuses nothing: what may not be shown
yet is said in its place. The program marks no row and no rung, and says nothing about which fits: people decide.
Whoever is only at risk, or met something by accident, has no row and counts for nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from sqlalchemy import Connection, select

from casebook.case import CONFIRMED, Case
from casebook.display.listing import visible
from casebook.display.showing import Viewer
from casebook.sanctions import Sanctions
from casebook.tables import PARTY

#: On these routes the subject of a draft is not the one who did something.
_NOBODYS_FAULT: Final = ("pupil-victim", "staff-victim", "accidental")


def as_told(connection: Connection, case: Case, sanctions: Sanctions, viewer: Viewer) -> dict[str, Any]:
    """The matching rows, whole, and for each who did something how many confirmed incidents came before this one."""
    if case.state not in CONFIRMED or not sanctions.rows:
        return {}
    if (case.withheld or case.side == "staff") and not _seconded(case, viewer):
        return {"waits": f"A second senior person has to agree first: esafety incident agree {case.id} --to sanctions"}
    doers = [each for each in case.parties.values() if _did_something(each.part, case.route)]
    rows = [row for who in ("pupil", "staff") if who in {each.kind for each in doers}
            for row in sanctions.rows_for(who, case.category)]  # fmt: skip
    if not rows:
        return {}
    return {
        "policy": sanctions.policy,
        "rows": [
            {"who": each.who, "incident": each.incident, "in_order": each.in_order, "measures": list(each.measures)}
            for each in rows
        ],
        "people": [
            {
                "person": viewer.name(case, each.person, each.kind),
                "earlier": earlier(connection, case, each.person, viewer),
            }
            for each in doers
        ],
    }


def _seconded(case: Case, viewer: Viewer) -> bool:
    return viewer.access.is_seconded(viewer.actor, case, "sanctions")


def _did_something(part: str, route: str) -> bool:
    return part == "instigator" or (part == "subject" and route not in _NOBODYS_FAULT)


def earlier(connection: Connection, case: Case, person: str, viewer: Viewer) -> int:
    """How many confirmed incidents of the same person came before this one, of those that the viewer may see."""
    question = select(PARTY.c.incident, PARTY.c.part).where(PARTY.c.person == person, PARTY.c.incident != case.id)
    parts = {row.incident: row.part for row in connection.execute(question)}
    return sum(
        row["state"] in CONFIRMED
        and _did_something(parts[row["id"]], row["route"])
        and (row["day"], row["id"]) < (case.day, case.id)
        for row in visible(connection, viewer.access, viewer.actor, CONFIRMED, among=parts)
    )


def as_lines(shown: Mapping[str, Any]) -> Iterator[str]:
    """The same for a person at a terminal; `shown` is the incident as told."""
    told = shown.get("sanctions")
    if not told:
        return
    yield "The school's own table of sanctions (the program proposes none):"
    if "waits" in told:
        yield f"  {told['waits']}"
        return
    yield f"  {told['policy']}"
    for row in told["rows"]:
        yield f"  {row['who']}: {row['incident']}{' (in this order)' if row['in_order'] else ''}"
        yield from (f"    - {each}" for each in row["measures"])
    for each in told["people"]:
        yield f"  {each['person']}: {each['earlier']} earlier confirmed"
