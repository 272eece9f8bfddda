"""Which entries of the two registers have had their time, and what personal part they still have.

In: the histories of filter-change requests and filter checks, a moment. Out: entry -> numbers of actions with the
hashes of their content. An entry counts from the last that was done about it: that somebody looked at it is nothing
that was done. A request counts only if it was over by the moment: one that is asked, decided or in force stays, however
long ago that was. Refuses nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Connection, Select, func, select

from casebook.filtering.filterchanges import replayed
from casebook.filtering.registering import CHANGES, CHECKS
from casebook.projection import stamp
from casebook.store import history
from casebook.tables import ACTION, CONTENT

_OVER: Final = frozenset({"expired", "refused", "withdrawn"})
Content = tuple[tuple[int, str], ...]


def over(connection: Connection, before: datetime, entries: Iterable[str] | None = None) -> dict[str, Content]:
    """The entries, all or some of these, that were over before a moment and still have content."""
    about = ACTION.c.about
    is_entry = about.startswith(CHANGES, autoescape=True) | about.startswith(CHECKS, autoescape=True)
    # The registers are small, and most of them has gone already: only what has content is looked at.
    question = (
        select(about, ACTION.c.seq, ACTION.c.content_sha256)
        .join_from(ACTION, CONTENT, ACTION.c.seq == CONTENT.c.seq)
        .where(is_entry, about.in_(_quiet_since(before)))
        .order_by(about, ACTION.c.seq)
    )
    held: dict[str, list[tuple[int, str]]] = {}
    for entry, seq, sha256 in connection.execute(question):
        held.setdefault(entry, []).append((seq, sha256))
    wanted = held if entries is None else held.keys() & set(entries)
    return {entry: tuple(held[entry]) for entry in sorted(wanted) if _is_over(connection, entry, before)}


def _quiet_since(before: datetime) -> Select[tuple[str | None]]:
    """About what nothing was done after a moment."""
    last = func.max(ACTION.c.at) <= stamp(before.astimezone(UTC))
    return select(ACTION.c.about).where(ACTION.c.kind != "view").group_by(ACTION.c.about).having(last)


def _is_over(connection: Connection, entry: str, before: datetime) -> bool:
    # A date of UTC does for a local one: by `before` plus a day, the least that is kept, it is over anywhere.
    day = before.astimezone(UTC).date()
    return entry.startswith(CHECKS) or replayed(history(connection, entry)).standing(day) in _OVER
