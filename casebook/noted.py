"""What nights have noted of this casebook, what of that is not in it, and whether two people have accepted that.

In: heads of the chain as nights have noted them. Out: those that are lost; `Acceptance`, each the action of one person.
An earlier copy of a casebook lacks the holds that were laid since: so a loss is accepted by two people who have held
anew what has to be held. One of them is a head teacher, or, where a head teacher is part of something that is held, a
chair of governors: nobody else sees what is held about staff. Refuses whoever lays no holds.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, select

from casebook.access import Access, Actor
from casebook.chain import BEGINNING
from casebook.holds import held
from casebook.kinds import CasebookError, Refused, said
from casebook.store import Writer, case_of
from casebook.tables import ACTION, PARTY
from pipeline.settings.caseworkers import Role
from pipeline.store.ledger import NotedHead

KIND: Final = "accept-copy"
#: What has to happen, in the words of every message about it.
TWO: Final = (
    "Two people have to accept it, each by themselves. One of them is the head teacher; where a case is about the head"
    " teacher, the chair of governors"
)
_MAY: Final = frozenset[Role]({"dsl", "deputy-dsl", "head", "chair-of-governors"})
#: So many numbers in one question: databases limit its length.
_ASKED: Final = 500


@dataclass(frozen=True)
class Acceptance:
    """That one person has accepted a loss: which heads (number of actions, hash) are lost, and whether the person is
    the one of the two who has to be among them."""

    author: str
    lost: frozenset[tuple[int, str]]
    leads: bool


def lost(connection: Connection, noted: Iterable[NotedHead]) -> list[NotedHead]:
    """What nights have noted of a casebook and is not in this one: it is an earlier copy, or another one."""
    heads = list(noted)
    there = {0: BEGINNING}
    numbers = [each.actions for each in heads]
    for start in range(0, len(numbers), _ASKED):
        question = select(ACTION.c.seq, ACTION.c.hash).where(ACTION.c.seq.in_(numbers[start : start + _ASKED]))
        there |= {row.seq: row.hash for row in connection.execute(question)}
    return [each for each in heads if there.get(each.actions) != each.head]


def not_accepted(connection: Connection, noted: Iterable[NotedHead]) -> list[NotedHead]:
    """What is lost, and has not been accepted by two people."""
    missing = lost(connection, noted)
    taken_on = settled(_acceptances(connection)) if missing else frozenset()
    return [each for each in missing if (each.actions, each.head) not in taken_on]


def settled(acceptances: Iterable[Acceptance]) -> frozenset[tuple[int, str]]:
    """The heads of which two people have accepted the loss, one of them such as has to be."""
    by: dict[tuple[int, str], list[Acceptance]] = {}
    for each in acceptances:
        for head in each.lost:
            by.setdefault(head, []).append(each)
    return frozenset(
        head for head, of in by.items() if len({each.author for each in of}) > 1 and any(each.leads for each in of)
    )


def acceptance(author: str, facts: Mapping[str, Any]) -> Acceptance:
    """What an action of this kind says."""
    return Acceptance(author, frozenset((int(number), str(head)) for number, head in facts["lost"]), facts["leads"])


def _acceptances(connection: Connection) -> list[Acceptance]:
    question = select(ACTION.c.author, ACTION.c.facts).where(ACTION.c.kind == KIND)
    try:
        return [acceptance(author, json.loads(facts)) for author, facts in connection.execute(question)]
    except (KeyError, TypeError, ValueError) as error:
        what = f"who has accepted an earlier copy cannot be read ({type(error).__name__})."
        raise CasebookError(what, remedy="Run: esafety audit verify") from error


def accept(
    writer: Writer, access: Access, actor: Actor, reason: str, noted: Iterable[NotedHead], at: datetime
) -> list[NotedHead]:
    """Accept for one person that the casebook is an earlier copy; what another one still has to accept.

    Raises `Refused`, and `CasebookError` where nothing waits for this person.
    """
    if not actor.roles & _MAY:
        raise Refused("you cannot say what has to be held.", remedy=f"One of {', '.join(sorted(_MAY))} has to do this.")
    heads = list(noted)
    waiting = {(each.actions, each.head) for each in not_accepted(writer.connection, heads)}
    if not waiting:
        what = "nothing that a night has noted is missing in this casebook, or two people have accepted it."
        raise CasebookError(what, remedy="Nothing is to be done.")
    given = Acceptance(actor.account, frozenset(waiting), _leads(writer.connection, access, actor))
    own = [each for each in _acceptances(writer.connection) if each.author == actor.account]
    if any(given.lost <= each.lost and each.leads >= given.leads for each in own):
        raise CasebookError("you have accepted it already.", remedy=f"{TWO}.")
    writer.append(said(KIND, lost=sorted(given.lost), leads=given.leads, reason=reason), None, actor, at)
    return not_accepted(writer.connection, heads)


def _leads(connection: Connection, access: Access, actor: Actor) -> bool:
    """Whether the actor is the one of the two who has to be among them."""
    # Any case of theirs: a hold on it may be the very thing that is lost.
    of_a_head = select(PARTY.c.incident).where(PARTY.c.person.in_(sorted(access.heads))).limit(1)
    concerned = connection.scalar(of_a_head) is not None or any(
        access.is_the_chairs(case_of(connection, each)) for each in held(connection)
    )
    return ("chair-of-governors" if concerned else "head") in actor.roles
