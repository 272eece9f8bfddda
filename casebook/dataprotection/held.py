"""What the casebook holds on one person, as it may be handed out: cases that they are part of, what they did as staff.

In: a connection, the accounts of the person, who asks, a mask for what names others. Out: `Held`. Everybody else is
`another pupil` or the role in which they acted. Refuses whoever may not make such a copy, and everybody about
themselves. What is withheld is counted; where who asks or the head teacher is part of a case, it is not even that.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, select

from casebook.access import Access, Actor
from casebook.case import Acted, Case, second_for
from casebook.concerns import known
from casebook.kinds import CasebookError, Refused
from casebook.store import case_of, history
from casebook.tables import ACTION, PARTY
from casebook.telling import SAID, secrets_of

_MAY: Final = frozenset({"dsl", "head", "auditor"})
_DECIDES: Final = frozenset({"dsl", "head"})
#: What of the facts is told.
_FACTS: Final = ("ground", "outcome", "agency", "level", "category", "route", "step", "question", "answer", "what")
#: Looks of others, and what only moves a case about, is no word about the person.
_PASSED_OVER: Final = ("view", "reveal", "bring-in", "agree", "erase", "merged-from")

Mask = Callable[[str], str]


@dataclass(frozen=True)
class Held:
    """What may be handed out, and how much may not."""

    #: Of each case: plain data, as the page shows it.
    cases: tuple[dict[str, Any], ...]
    withheld: int
    #: Drafts that stand neither in the copy of the cases nor in that of the drafts.
    kept_back: frozenset[str]
    #: What the person did as one who works with the casebook.
    acted: tuple[dict[str, Any], ...]


def refuse_copy(actor: Actor, accounts: frozenset[str], without: Iterable[str]) -> None:
    """Raise `Refused` if the actor may not make the copy."""
    if not actor.roles & _MAY:
        raise Refused(
            "you may not copy what is held on a person.", remedy="The DSL, the head teacher or the auditor may."
        )
    if actor.accounts & accounts:
        raise Refused(
            "nobody makes the copy about themselves.", remedy="Let another of the DSL, head and auditor do it."
        )
    if list(without) and not actor.roles & _DECIDES:
        raise Refused(
            "what is left out is not yours to decide.", remedy="The DSL or the head teacher may use --without."
        )


def held_on(
    connection: Connection, access: Access, actor: Actor, accounts: frozenset[str], without: frozenset[str], mask: Mask
) -> Held:
    """All that is held. Raises `CasebookError` for an incident of `without` that is not among it."""
    question = select(PARTY.c.incident).where(PARTY.c.person.in_(sorted(accounts))).distinct()
    found = {each: case_of(connection, each) for each in connection.scalars(question.order_by(PARTY.c.incident))}
    seen = {name: case for name, case in found.items() if not access.hidden(actor, case)}
    if unknown := sorted(without - seen.keys()):
        raise CasebookError(f"{unknown[0]} is not among what is held on this person.", remedy="Take out --without.")
    free = {name for name, case in seen.items() if name not in without and _free(access, actor, case)}
    copied = {name: seen[name] for name in free if (end := _end(connection, seen[name])) == name or end in free}
    drafts = {draft_id for name, case in found.items() if name not in copied for draft_id in case.evidence}
    return Held(
        tuple(_told(case, history(connection, name), accounts, mask) for name, case in sorted(copied.items())),
        len(seen.keys() - copied.keys() - without),
        frozenset(drafts),
        tuple(_acted(connection, access, actor, accounts)),
    )


def _end(connection: Connection, case: Case) -> str:
    """The incident that a case has become part of in the end; its own number if none."""
    while case.merged_into:
        case = case_of(connection, case.merged_into)
    return case.id


def others(connection: Connection, accounts: frozenset[str]) -> list[str]:
    """Who else is part of the person's cases."""
    mine = select(PARTY.c.incident).where(PARTY.c.person.in_(sorted(accounts)))
    question = select(PARTY.c.person).where(PARTY.c.incident.in_(mine), PARTY.c.person.not_in(sorted(accounts)))
    return sorted(set(connection.scalars(question)))


def _free(access: Access, actor: Actor, case: Case) -> bool:
    """Whether the case may be handed out: not what may be illegal, unless a second person has agreed."""
    what = second_for(case, "export")
    return access.copies(actor, case) and (what is None or access.is_seconded(actor, case, what))


def refuse_changed(access: Access, actor: Actor, case: Case) -> None:
    """Raise `CasebookError` if a case that was free to be handed out is so no longer: somebody has been quicker."""
    if not _free(access, actor, case):
        what = f"{case.id} has changed meanwhile: what a second person agreed to was used, or it is not yours any more."
        raise CasebookError(what, remedy="Nothing was written. Run it again: the copy may have less in it.")


def _told(case: Case, acted: list[Acted], accounts: frozenset[str], mask: Mask) -> dict[str, Any]:
    """One case. `mask` takes out what names others; of what may be illegal no text is told to anybody."""
    people = [
        {"who": "you" if each.person in accounts else f"another {_word(each.kind)}", "part": each.part}
        for each in case.parties.values()
    ]
    # What somebody else typed is theirs, also where it is about the person.
    own = {f"{kind}:{account}" for kind in ("person", "account") for account in accounts}
    brought = [each.content["draft"] for each in acted if each.content and "draft" in each.content]
    drafts = [draft for draft in brought if draft["subject"] in own]
    texts = dict.fromkeys(str(each["text"]) for draft in drafts for each in draft["hits"] if each.get("text"))
    secrets = secrets_of(brought, case.people)
    # An account is found in the words as they were written, an address too.
    told = (lambda text: mask(secrets.told(text))) if case.withheld else mask
    said = [*(word for draft in drafts for word in (*draft["reasons"], *draft["facts"]))]
    return {
        "id": case.id, "day": case.day, "state": case.state, "level": case.level, "category": case.category,
        "outcome": case.ground, "people": people,
        "said": [] if case.withheld else [mask(each) for each in dict.fromkeys(said)],
        "texts": [] if case.withheld else [mask(each) for each in texts],
        "history": [_step(each, accounts, told) for each in acted if each.kind not in _PASSED_OVER],
    }  # fmt: skip


def _word(kind: str) -> str:
    return {"pupil": "pupil", "staff": "member of staff", "parent": "parent"}.get(kind, "person")


def _step(acted: Acted, accounts: frozenset[str], mask: Mask) -> dict[str, Any]:
    content = acted.content or {}
    words = [f"{name.replace('_', ' ')}: {mask(str(content[name]))}" for name in SAID if content.get(name)]
    facts = [f"{name}: {acted.facts[name]}" for name in _FACTS if acted.facts.get(name)]
    if "person" in content:
        facts.append("about you" if content["person"] in accounts else "about another person")
    return {"at": acted.at, "by": acted.role, "kind": acted.kind, "facts": facts, "words": words}


def _acted(connection: Connection, access: Access, actor: Actor, accounts: frozenset[str]) -> Iterable[dict[str, Any]]:
    """What the person did, without what it was about: that is somebody else's.

    Nothing about a case that whoever makes the copy may not know of.
    """
    may_know = known(connection, access, actor)
    authors = [each.account for each in access.staff if each.accounts & accounts]
    question = select(ACTION).where(ACTION.c.author.in_(authors)).order_by(ACTION.c.seq)
    for row in connection.execute(question).mappings():
        if row["about"] and row["about"].startswith("I-") and row["about"] not in may_know:
            continue
        facts = json.loads(row["facts"])
        what = facts["what"] if isinstance(facts.get("what"), str) else ""
        fixed = {name: row[name] for name in ("at", "role", "via", "kind")}
        yield {"number": row["seq"], **fixed, "about": row["about"] or "", "what": what}
