"""What the night brings: drafts become incidents, late evidence joins the incident that it belongs to.

In: rows of `schema.DRAFTS` of some days. Out: the casebook with all of them, and how many were new. A draft that is
known with the same evidence changes nothing, so that a night may run again; one that is known with more evidence, or
under another name with some of the same hits, is late evidence, and never touches what was decided.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import polars as pl
from sqlalchemy import Connection, select

from casebook.access import NIGHT
from casebook.case import Acted, applied, opened
from casebook.kinds import Said, said
from casebook.store import Casebook, Writer, case_of, history
from casebook.tables import DRAFTED
from pipeline.settings.caseworkers import Caseworker

_BRINGS_A_DRAFT = ("drafted", "late-evidence", "split-from")
#: What JSON holds as it is.
_AS_IT_IS = frozenset([int, float, bool, type(None)])


@dataclass
class Taken:
    """What came of the drafts of a night, and how far the casebook has got: actions, and the hash of the last."""

    new: int = 0
    late: int = 0
    known: int = 0
    actions: int = 0
    head: str = ""


def take_in(book: Casebook, drafts: pl.DataFrame, at: datetime, staff: Iterable[Caseworker] = ()) -> Taken:
    """Take all drafts in, in one transaction. `staff`: whoever works with the casebook."""
    taken = Taken()
    caseworkers = frozenset(account for each in staff for account in each.accounts)
    with book.changing() as writer:
        known = _Known(writer, drafts["day"].unique().to_list(), caseworkers)
        # Draft by draft: a night has some tens of them.
        for draft in drafts.sort("first_ts", "draft_id").iter_rows(named=True):
            _take(writer, known, draft, taken, at)
        taken.actions, taken.head = writer.head
    return taken


def _take(writer: Writer, known: _Known, draft: dict[str, Any], taken: Taken, at: datetime) -> None:
    incident = known.incident_of(draft)
    if incident is None:
        what = drafted("drafted", draft, parties=known.parties(draft))
        acted = writer.append(what, writer.new_id("I", at), NIGHT, at)
        case = opened(acted)
        writer.keep(case, new=True)
        known.add(draft, case.id)
        taken.new += 1
    elif known.has(draft):
        taken.known += 1
    else:
        case = case_of(writer.connection, incident)
        while case.merged_into:
            case = case_of(writer.connection, case.merged_into)
        what = drafted("late-evidence", draft, parties=known.parties(draft))
        writer.keep(applied(case, writer.append(what, case.id, NIGHT, at)))
        known.add(draft, case.id)
        taken.late += 1


def drafted(kind: str, draft: dict[str, Any], **more: Any) -> Said:
    """The action that brings this draft."""
    fixed = ("draft_id", "evidence_sha256", "level", "category", "categories", "route", "site")
    return said(kind, **{name: draft[name] for name in fixed}, day=str(draft["day"]), draft=plain(draft), **more)


def plain(value: Any) -> Any:
    """A draft as JSON holds it: times as ISO 8601, lines in Base64 because they may be any bytes."""
    # Nearly all that a draft holds is as it is: asked first, since a night's drafts hold some hundred thousand of them.
    kind = type(value)
    if kind in _AS_IT_IS or (kind is str and value.isascii()):
        return value
    if isinstance(value, dict):
        return {
            name: each if (of := type(each)) in _AS_IT_IS or (of is str and each.isascii()) else plain(each)
            for name, each in value.items()
        }
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, datetime | date):
        return value.isoformat()
    # A lone surrogate is no text for a database.
    return value.encode("utf-8", "surrogatepass").decode("utf-8", "replace") if isinstance(value, str) else value


def numbers(connection: Connection) -> dict[str, str]:
    """Draft -> the number of the incident that it opened, or joined."""
    question = select(DRAFTED.c.draft_id, DRAFTED.c.incident).order_by(DRAFTED.c.incident)
    return {row.draft_id: row.incident for row in connection.execute(question)}


class _Known:
    """What the casebook has of the days of a night: each draft by its name and by its hits; and whose accounts those
    of its caseworkers are."""

    def __init__(self, writer: Writer, days: list[date], caseworkers: frozenset[str]) -> None:
        self._caseworkers = caseworkers
        self._drafts: dict[str, set[str]] = {}
        # All evidence that a draft ever had: a night that runs again may know less than a later one.
        self._evidence: set[tuple[str, str]] = set()
        self._hits: dict[str, str] = {}
        rows = writer.connection.execute(select(DRAFTED).where(DRAFTED.c.day.in_([str(each) for each in days])))
        for row in rows.mappings():
            self._drafts.setdefault(row["draft_id"], set()).add(row["incident"])
        for incident in sorted({incident for of in self._drafts.values() for incident in of}):
            for acted in history(writer.connection, incident):
                if acted.kind in _BRINGS_A_DRAFT:
                    self._evidence.add((acted.facts["draft_id"], acted.facts["evidence_sha256"]))
                    # What was split off belongs to the later of the two.
                    self._hits |= dict.fromkeys(_hits_of(acted), incident)

    def incident_of(self, draft: dict[str, Any]) -> str | None:
        """The incident that the draft belongs to, by its name or by its hits; None if it is new."""
        if draft["draft_id"] in self._drafts:
            return min(self._drafts[draft["draft_id"]])
        return next((self._hits[each["hit_id"]] for each in draft["hits"] if each["hit_id"] in self._hits), None)

    def has(self, draft: dict[str, Any]) -> bool:
        """Whether the draft is known with the very same evidence."""
        return (draft["draft_id"], draft["evidence_sha256"]) in self._evidence

    def parties(self, draft: dict[str, Any]) -> list[dict[str, str]] | None:
        """Who is part of it, where that is a caseworker, whatever the people file says; else the draft says it."""
        filed, _, account = draft["subject"].partition(":")
        if filed not in {"person", "account"} or account not in self._caseworkers:
            return None
        return [{"person": account, "part": "subject", "kind": "staff"}]

    def add(self, draft: dict[str, Any], incident: str) -> None:
        """Know this draft from now on."""
        self._drafts.setdefault(draft["draft_id"], set()).add(incident)
        self._evidence.add((draft["draft_id"], draft["evidence_sha256"]))
        for each in draft["hits"]:
            self._hits.setdefault(each["hit_id"], incident)


def _hits_of(acted: Acted) -> Iterator[str]:
    """The ids of the hits that an action brought; none if they have been erased."""
    return (each["hit_id"] for each in (acted.content or {"draft": {"hits": []}})["draft"]["hits"])
