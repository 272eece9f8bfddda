"""What the registers of filter changes and filter checks hold on one person.

In: a connection, the accounts and whole names of the person. Out: plain data, a row for each request or check that was
entered for them, by them or under their account, as it stands: who else is named in it is not taken out yet. Refuses
nothing: who may make a copy, `casebook.dataprotection.held` says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from casebook.access import Access
from casebook.case import Acted
from casebook.filtering import filterchanges, filterchecks
from casebook.store import actions, as_acted, history
from casebook.tables import ACTION

COLUMNS: Final = ("id", "part", "day", "site", "what", "stands", "said")
#: What people have written: somebody may be named there, and a site that is withheld.
SAID: Final = ("site", "what", "said")
_BEGINNINGS: Final = ("change-asked", "check")
#: Which content says whose it is.
_FOR: Final = {"asked_by": "entered for this person", "user": "tried under this account"}


@dataclass(frozen=True)
class Person:
    """Who is asked about: accounts, and names that nobody else has, written as accounts are."""

    accounts: frozenset[str]
    names: frozenset[str]
    #: The accounts under which they work with the casebook.
    authors: frozenset[str]


def person_of(access: Access, accounts: frozenset[str], names: frozenset[str]) -> Person:
    """The person with the account under which what they do stands in the history."""
    authors = (each.account for each in access.staff if each.accounts & accounts)
    return Person(accounts, names, accounts.union(authors))


def registers_on(connection: Connection, person: Person, zone: ZoneInfo, now: datetime) -> list[dict[str, str]]:
    """id, part, day, site, what, stands, said: the earliest first."""
    question = actions().where(ACTION.c.kind.in_(_BEGINNINGS))
    begun = [as_acted(dict(row)) for row in connection.execute(question).mappings()]
    rows = []
    for each in begun:
        if each.about and (parts := list(_parts(each, person))):
            acted = history(connection, each.about)
            told = _change(acted, zone, now) if each.kind == "change-asked" else _check(acted, zone)
            rows.append({"id": each.about, "part": ", ".join(parts), **told, "said": "; ".join(_said(acted))})
    return rows


def _parts(begun: Acted, person: Person) -> Iterator[str]:
    content = begun.content or {}
    known = person.accounts | person.names
    yield from (words for name, words in _FOR.items() if content.get(name) in known)
    if begun.author in person.authors:
        yield "entered by this person"


def _change(acted: list[Acted], zone: ZoneInfo, now: datetime) -> dict[str, str]:
    change = filterchanges.replayed(acted)
    day, today = (moment.astimezone(zone).date() for moment in (change.asked_at, now))
    return {"day": day.isoformat(), "site": change.host, "what": change.wanted, "stands": change.standing(today)}


def _check(acted: list[Acted], zone: ZoneInfo) -> dict[str, str]:
    check = filterchecks.replayed(acted)
    trace = f"; logs: {check.trace}" if check.trace else ""
    day = check.tried_at.astimezone(zone).date().isoformat()
    what = f"{check.device_type}, {check.site}, {check.group}: {(acted[0].content or {}).get('tried', '')}"
    return {"day": day, "site": check.host, "what": what, "stands": f"{check.result}{trace}"}


def _said(acted: Iterable[Acted]) -> Iterator[str]:
    """Reasons, and on which device, as people wrote it."""
    for each in acted:
        content: Any = each.content or {}
        yield from (f"{name}: {content[name]}" for name in ("reason", "device") if content.get(name))
