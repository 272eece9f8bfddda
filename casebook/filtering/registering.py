"""One action of a person about a filter-change request or a filter check: may they, is it possible, then it is written.

In: who, what, when. Out: the request or check as it is then. Raises `CasebookError` (or `kinds.Refused`) with nothing
changed. The two registers hold no case: whoever works with the casebook may ask, deciding is for a few, and governors
read their report.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, select

from casebook.access import Actor
from casebook.filtering import filterchanges, filterchecks
from casebook.filtering.filterchanges import FilterChange, refuse_ended, refuse_same_person, refuse_wrong_state
from casebook.filtering.filterchecks import FilterCheck
from casebook.filtering.sitenames import refuse_suffix, site_named
from casebook.kinds import CasebookError, Refused, Said, said
from casebook.store import Casebook, actions, as_acted, history
from casebook.tables import ACTION
from pipeline.school.accounts import normalise_user
from pipeline.settings.caseworkers import Role

#: Who decides about the filter, and may be the second of two.
DECIDERS: Final = frozenset[Role]({"network-manager", "dsl", "deputy-dsl", "head"})
#: How the numbers of requests and of checks begin.
CHANGES: Final = "F-"
CHECKS: Final = "C-"
#: The clock of whoever notes a check may be a little ahead.
_AHEAD: Final = timedelta(minutes=5)
_PLACE_LETTERS: Final = 40


def refuse_outsider(actor: Actor) -> None:
    """Raise `Refused` for whoever is a governor and nothing else: their report has the figures."""
    if not actor.roles - {"governor"}:
        raise Refused("governors keep no registers.", remedy="The report of the term has their figures.")


def decides(actor: Actor) -> bool:
    """Whether the actor may decide, and so may read reasons and who asked."""
    return bool(actor.roles & DECIDERS)


def ask(
    book: Casebook, actor: Actor, site: str, wanted: str, reason: str, at: datetime, *, exact: bool = False,
    asked_by: str | None = None,
) -> FilterChange:  # fmt: skip
    """Enter a request. `exact`: this host alone, and nothing below it; `asked_by`: for whom it is entered."""
    refuse_outsider(actor)
    host = site_named(site)
    if not exact:
        refuse_suffix(host)
    asker = (normalise_user(asked_by) or asked_by) if asked_by else None
    what = said("change-asked", host=host, below=not exact, wanted=wanted, reason=reason, asked_by=asker)
    with book.changing() as writer:
        return filterchanges.replayed([writer.append(what, writer.new_id("F", at), actor, at)])


def decide(
    book: Casebook, actor: Actor, request: str, decision: str, reason: str, at: datetime, *, today: date,
    until: date | None = None,
) -> FilterChange:  # fmt: skip
    """Decide a request; `until` is the last day on which the decision holds."""
    if until is not None and decision == "refuse":
        raise CasebookError("what is refused has no end.", remedy="Leave --until out.")
    if until is not None and until < today:
        raise CasebookError(f"{until} is over.", remedy="Write a day that is still to come.")
    written = until.isoformat() if until else None
    return _act(book, actor, request, said("change-decided", decision=decision, until=written, reason=reason), at)


def agree(book: Casebook, actor: Actor, request: str, reason: str, at: datetime, *, today: date) -> FilterChange:
    """Be the second person, while it has not ended yet."""
    return _act(book, actor, request, said("change-agreed", reason=reason), at, today)


def withdraw(book: Casebook, actor: Actor, request: str, reason: str, at: datetime) -> FilterChange:
    """Take a request back, or end what was decided."""
    return _act(book, actor, request, said("change-withdrawn", reason=reason), at)


def _act(book: Casebook, actor: Actor, request: str, what: Said, at: datetime, today: date = date.min) -> FilterChange:
    refuse_outsider(actor)
    with book.changing() as writer:
        change = change_of(writer.connection, request)
        is_own = what.kind == "change-withdrawn" and bool(_accounts(actor) & change.askers)
        if not (decides(actor) or is_own):
            raise Refused("this is not yours to decide.", remedy=f"One of {', '.join(sorted(DECIDERS))} may.")
        refuse_wrong_state(change, what)
        refuse_same_person(change, what, _accounts(actor))
        refuse_ended(change, what, today)
        return filterchanges.applied(change, writer.append(what, change.id, actor, at))


def _accounts(actor: Actor) -> frozenset[str]:
    """Under what a request may have been entered for the actor: any account, or the name."""
    return actor.accounts | {actor.account, normalise_user(actor.name)}


def enter_check(
    book: Casebook, actor: Actor, facts: Mapping[str, Any], content: Mapping[str, Any], at: datetime
) -> FilterCheck:
    """Enter a filter check. `facts` has host, site, device_type, group, result, tried_at; `content` tried, user,
    device, of which the last two may be None."""
    refuse_outsider(actor)
    if facts["tried_at"] > at + _AHEAD:
        raise CasebookError("this lies ahead.", remedy="Write when it was tried, in the school's time.")
    places = {name: place_named(facts[name]) for name in ("site", "group")}
    tried_at = facts["tried_at"].astimezone(UTC).isoformat()
    what = said(
        "check", host=site_named(facts["host"]), device_type=facts["device_type"], result=facts["result"], **places,
        tried_at=tried_at, **{name: _account(name, value) for name, value in content.items()},
    )  # fmt: skip
    with book.changing() as writer:
        return filterchecks.replayed([writer.append(what, writer.new_id("C", at), actor, at)])


def place_named(written: str) -> str:
    """A site or user group in a few words, in small letters. It is kept for good: signs that names and addresses of
    people have are refused. Raises `CasebookError`."""
    tidy = " ".join(written.lower().split())
    if not tidy or len(tidy) > _PLACE_LETTERS or not all(each.isalnum() or each in " -/+&.'()" for each in tidy):
        remedy = f"Write letters, digits and spaces, {_PLACE_LETTERS} at most, and nobody's name: such as year 7."
        raise CasebookError(f"{written!r} names no site and no user group.", remedy=remedy)
    return tidy


def _account(name: str, value: str | None) -> str | None:
    return (normalise_user(value) or None) if value and name == "user" else value


def look(book: Casebook, actor: Actor, about: str, at: datetime) -> list[Any]:
    """All actions about one request or check, for somebody who reads them; that they did is one more."""
    refuse_outsider(actor)
    with book.changing() as writer:
        acted = _of(writer.connection, about)
        what = "all" if decides(actor) or acted[0].author == actor.account else "facts"
        writer.append(said("view", what=what), about, actor, at)
        return acted


def change_of(connection: Connection, request: str) -> FilterChange:
    """The request as it stands. Raises `CasebookError` if there is none."""
    return filterchanges.replayed(_of(connection, request, CHANGES))


def check_of(connection: Connection, check: str) -> FilterCheck:
    """The check as it stands. Raises `CasebookError` if there is none."""
    return filterchecks.replayed(_of(connection, check, CHECKS))


def _of(connection: Connection, about: str, prefix: str = "") -> list[Any]:
    found = history(connection, about) if about.startswith((prefix,) if prefix else (CHANGES, CHECKS)) else []
    if not found:
        raise CasebookError(
            f"there is no {about} in the registers.", remedy="See `esafety change list` and `esafety check list`."
        )
    return found


def all_changes(connection: Connection) -> list[FilterChange]:
    """Every request as it stands, the earliest first."""
    return [filterchanges.replayed(each) for each in _histories(connection, CHANGES)]


def all_checks(connection: Connection) -> list[FilterCheck]:
    """Every check as it stands, the earliest first."""
    return [filterchecks.replayed(each) for each in _histories(connection, CHECKS)]


def _histories(connection: Connection, prefix: str) -> list[list[Any]]:
    question = actions().where(ACTION.c.about.startswith(prefix, autoescape=True))
    found: dict[str, list[Any]] = {}
    for row in connection.execute(question).mappings():
        found.setdefault(row["about"], []).append(as_acted(dict(row)))
    return [found[about] for about in sorted(found)]


def has_registers(connection: Connection) -> bool:
    """Whether anything stands in either register."""
    some = ACTION.c.about.startswith(CHANGES) | ACTION.c.about.startswith(CHECKS)
    return connection.scalar(select(ACTION.c.seq).where(some).limit(1)) is not None
