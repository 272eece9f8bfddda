"""Incidents for the school's own safeguarding system: a table as CSV or JSON, of what the asker decides.

In: the casebook, who asks and why, the days, where the file is to be. Out: the file, one row an incident, and the one
action that tells of it. People are pseudonyms, except in incidents whose names are open to the asker; of an incident
that is withheld there is a reference and no more; whatever is not the asker's to decide is not there and not counted.
Refuses to replace a file. In CSV nothing can become a formula.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final, Literal

from sqlalchemy import Connection, select

from casebook import outgoing
from casebook.display.listing import kept
from casebook.display.showing import Viewer, as_data
from casebook.kinds import Refused, said
from casebook.outgoing import Export
from casebook.response.routes import Route
from casebook.store import Casebook, case_of, history
from casebook.tables import INCIDENT
from pipeline.output.spreadsheet import as_csv

_MAY: Final = frozenset({"dsl", "deputy-dsl", "head", "chair-of-governors"})
Form = Literal["csv", "json"]
#: The columns of the CSV, and of a reference the ones that have something in them.
COLUMNS: Final = (
    "id", "day", "state", "level", "category", "route", "origin", "side", "withheld", "opened_at", "reviewed_at",
    "closed_at", "ended_as", "people", "what_logs_show", "decisions", "held", "late_evidence", "linked", "merged_into",
)  # fmt: skip
_OF_REFERENCE: Final = ("id", "day", "state", "level", "route", "withheld")
#: What of an action is told in the CSV: what people said of it.
_SAID: Final = ("ground", "outcome", "agency", "into", "origin", "step", "reason", "text", "summary", "note", "debrief",
                "lesson", "change")  # fmt: skip


@dataclass(frozen=True)
class Request:
    """Which incidents, by their days, both included; as what, into which file, and why."""

    form: Form
    output: Path
    reason: str
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True)
class Exported:
    """The file, how many incidents are in it, and how many of these as a reference alone."""

    export: Export
    incidents: int = 0
    references: int = 0


def export(book: Casebook, routes: Mapping[str, Route], viewer: Viewer, request: Request) -> Exported:
    """Write the table. Raises `CasebookError`, `StoreError`."""
    if not viewer.actor.roles & _MAY:
        raise Refused(
            "you may not see what would be in it.",
            remedy="The DSL, the deputies, the head teacher and the chair of governors may.",
        )
    with book.changing() as writer:
        if finished := outgoing.left_by_a_killed_run(
            writer.connection, request.output, lambda acted: acted.facts["what"].startswith("table-")
        ):
            return Exported(finished)
        temporary = outgoing.beside(request.output)
        rows = list(_rows(writer.connection, routes, viewer, request))
        with outgoing.whole_or_gone(temporary):
            _write(temporary, _as_text(rows, request.form), request.form)
            digest = outgoing.flushed(temporary)
        actor = viewer.actor
        what = said("export", what=f"table-{request.form}", sha256=digest, incidents=[row["id"] for row in rows],
                    reason=request.reason)  # fmt: skip
        action = writer.append(what, None, actor, viewer.now).seq
    outgoing.put(temporary, request.output, digest)
    return Exported(Export(request.output, digest, action), len(rows), sum(row["withheld"] for row in rows))


def _rows(
    connection: Connection, routes: Mapping[str, Route], viewer: Viewer, request: Request
) -> Iterator[dict[str, Any]]:
    """Each incident of these days that the viewer decides, oldest first."""
    question = select(INCIDENT.c.id).order_by(INCIDENT.c.day, INCIDENT.c.id)
    if request.since is not None:
        question = question.where(INCIDENT.c.day >= request.since.isoformat())
    if request.until is not None:
        question = question.where(INCIDENT.c.day <= request.until.isoformat())
    held = kept(connection)
    for incident in connection.scalars(question).all():
        acted = history(connection, incident)
        case = case_of(connection, incident, acted)
        if not viewer.access.decides(viewer.actor, case):
            continue
        times = {name: getattr(case, name) for name in ("opened_at", "reviewed_at", "closed_at")}
        row = as_data(case, acted, routes[case.route], viewer) | {
            "withheld": case.withheld, "held": incident in held,
            **{name: moment and moment.isoformat() for name, moment in times.items()},
        }  # fmt: skip
        # The ids of hits are for splitting, here alone.
        del row["hits"]
        yield {name: row[name] for name in _OF_REFERENCE} if case.withheld else row


def _as_text(rows: Iterable[Mapping[str, Any]], form: Form) -> str:
    if form == "json":
        return json.dumps(list(rows), indent=1, ensure_ascii=True) + "\n"
    return as_csv(COLUMNS, ([_flat(row).get(name) or "" for name in COLUMNS] for row in rows))


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as cells: what is nested is put into words."""
    flat = {name: value for name, value in row.items() if not isinstance(value, list | dict | bool)}
    flat |= {name: "yes" for name, value in (("withheld", row["withheld"]), ("held", row.get("held")),
                                             ("late_evidence", row.get("question_open"))) if value}  # fmt: skip
    if "history" not in row:
        return flat
    return flat | {
        "ended_as": row["ground"], "linked": "; ".join(row["linked"]),
        "people": "; ".join(f"{each['part']}: {each['person']} ({each['kind']})" for each in row["parties"]),
        "what_logs_show": "; ".join(dict.fromkeys(why for each in row["said"] for why in each["reasons"])),
        "decisions": "; ".join(_decision(each) for each in row["history"]),
    }  # fmt: skip


def _decision(action: Mapping[str, Any]) -> str:
    words = ", ".join(str(action[name]) for name in _SAID if action.get(name))
    return f"{action['at'][:16]} {action['author']} {action['kind']}" + (f" ({words})" if words else "")


def _write(path: Path, text: str, form: Form) -> None:
    """A new file that its owner alone may read."""
    handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0), 0o600)
    # The mark in front tells Excel that it is UTF-8.
    with os.fdopen(handle, "w", encoding="utf-8-sig" if form == "csv" else "utf-8", newline="") as out:
        out.write(text)
