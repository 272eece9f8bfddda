"""Has anybody changed the history? Every row is looked at, and what does not fit is named.

In: the casebook, and the heads of the chain that nights have written into their records. Out: `Verdict`: how many
actions there are, how many of them are erased by a receipt, the head, and faults in words. It finds a row that was
changed, taken away, put in or moved, a personal part that was changed or taken away without a receipt, a history that
was made anew after a night had noted its head, and a table that does not follow from its actions. It cannot tell who
did it; and whoever can change this file and all records of nights alike can make a history anew: keep one outside.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, select, text

from casebook.case import Acted, Case, applied, opened
from casebook.chain import BEGINNING, action_hash, content_hash
from casebook.kinds import CasebookError
from casebook.noted import KIND, Acceptance, acceptance, settled
from casebook.projection import rows_of, same, stored
from casebook.store import Casebook, actions, as_acted
from casebook.tables import CONTENT, HEAD

_HASHED: Final = ("seq", "at", "author", "role", "via", "kind", "about", "facts", "content_sha256", "prior")
_AT_A_TIME: Final = 5_000
#: SQLite takes a text where a number belongs, and bytes where a text does.
_TYPES: Final[Mapping[str, Any]] = {
    "seq": int, "at": str, "author": str, "role": str, "via": str, "kind": str, "about": str | None, "facts": str,
    "content_sha256": str, "prior": str, "hash": str, "salt": bytes | None, "body": str | None,
}  # fmt: skip
#: Beyond so many, the rest is counted and not told.
_TOLD: Final = 100


@dataclass(frozen=True)
class Fault:
    """Something that does not fit: the number of the action (0: none), and what is wrong."""

    seq: int
    what: str


@dataclass
class Verdict:
    """What was found."""

    actions: int = 0
    erased: int = 0
    head: str = BEGINNING
    faults: list[Fault] = field(default_factory=list)
    #: What would be a fault, had not two people accepted that an earlier copy was put in the place of the casebook.
    accepted: list[Fault] = field(default_factory=list)


def verify(book: Casebook, heads: Iterable[tuple[int, str]] = ()) -> Verdict:
    """Look at all of it, in one moment; `heads` are (number of actions, hash of the last) as nights noted them."""
    verdict = Verdict()
    noted: dict[int, set[str]] = {}
    for number, head in heads:
        noted.setdefault(number, set()).add(head)
    with book.reading() as connection:
        _look_at_the_file(connection, verdict)
        cases: dict[str, Case] = {}
        without: set[int] = set()
        receipts: set[int] = set()
        acceptances: list[Acceptance] = []
        for found in connection.execution_options(yield_per=_AT_A_TIME).execute(actions()).mappings():
            row = dict(found)
            if _look_at(row, verdict, without):
                noted.get(row["seq"], set()).discard(row["hash"])
                _follow(row, cases, receipts, acceptances, verdict)
        _look_at_the_end(connection, verdict)
        _look_at_what_is_lost(verdict, noted, settled(acceptances))
        _look_at_what_is_erased(connection, verdict, without, receipts)
        _look_at_what_follows(connection, verdict, cases)
    return verdict


def _look_at_the_file(connection: Connection, verdict: Verdict) -> None:
    """A file of SQLite is looked at as a whole first: pages may hide rows, an index may say what its table does not."""
    if connection.dialect.name == "sqlite":
        found = connection.execute(text("PRAGMA integrity_check")).scalars().all()
        verdict.faults += [Fault(0, f"the file is damaged: {each}") for each in found if each != "ok"]


def _look_at(row: Mapping[str, Any], verdict: Verdict, without: set[int]) -> bool:
    """Whether it is an action at all; what does not fit goes into the verdict."""
    if strange := sorted(name for name, kind in _TYPES.items() if not isinstance(row[name], kind)):
        verdict.faults.append(Fault(verdict.actions + 1, f"has been changed: its {strange[0]} is of another kind"))
        return False
    seq = row["seq"]
    expected = verdict.actions + 1
    if seq != expected:
        gone = f"actions {expected} to {seq - 1} are" if seq - expected > 1 else f"action {expected} is"
        verdict.faults.append(Fault(seq, f"{gone} missing before it"))
    if row["prior"] != verdict.head:
        verdict.faults.append(Fault(seq, "does not carry the hash of the action before it"))
    if action_hash(*(row[name] for name in _HASHED)) != row["hash"]:
        verdict.faults.append(Fault(seq, "has been changed: its hash does not fit"))
    if row["content_sha256"] and row["body"] is None:
        without.add(seq)
    elif row["body"] is not None and content_hash(row["salt"], row["body"]) != row["content_sha256"]:
        verdict.faults.append(Fault(seq, "has had its personal part changed"))
    verdict.actions, verdict.head = seq, row["hash"]
    return True


def _follow(
    row: Mapping[str, Any], cases: dict[str, Case], receipts: set[int], acceptances: list[Acceptance], verdict: Verdict
) -> None:
    """Take the action into the case that it is about; a purge into the receipts; what was accepted, too."""
    try:
        acted: Acted = as_acted(row)
        if acted.kind == "purge":
            receipts |= set(numbers(acted.facts["erased"]))
        elif acted.kind == KIND:
            acceptances.append(acceptance(acted.author, acted.facts))
        elif acted.about and acted.about.startswith("I-"):
            case = cases.get(acted.about)
            cases[acted.about] = opened(acted) if case is None else applied(case, acted)
    except (CasebookError, KeyError, TypeError, ValueError, AttributeError) as error:
        # Nothing that the program writes ends here: whatever it is, it says that the row is not the program's.
        verdict.faults.append(Fault(row["seq"], f"cannot be read as an action ({type(error).__name__})"))


def numbers(ranges: Iterable[tuple[int, int]]) -> Iterator[int]:
    """The numbers of actions that are written as (first, last)."""
    for first, last in ranges:
        yield from range(first, last + 1)


def _look_at_the_end(connection: Connection, verdict: Verdict) -> None:
    kept = connection.execute(select(HEAD.c.seq, HEAD.c.hash)).one_or_none()
    if kept is None or tuple(kept) != (verdict.actions, verdict.head):
        verdict.faults.append(Fault(verdict.actions, "is not the last one: the end of the history was changed"))


def _look_at_what_is_lost(
    verdict: Verdict, noted: Mapping[int, Iterable[str]], taken_on: frozenset[tuple[int, str]]
) -> None:
    """`noted` is what no action had: what nights have noted of a history that is not this one."""
    lost = sorted({(seq, head) for seq, heads in noted.items() for head in heads if seq})
    faults = [each for each in lost if each not in taken_on]
    verdict.faults += [
        Fault(seq, "is not what a night has noted: the history was made anew")
        for seq, _ in faults
        if seq <= verdict.actions
    ]
    if beyond := [seq for seq, _ in faults if seq > verdict.actions]:
        verdict.faults.append(Fault(beyond[-1], "was noted by a night and is missing"))
    verdict.accepted = [Fault(each[0], "was noted by a night and is missing") for each in lost if each in taken_on]


def _look_at_what_is_erased(connection: Connection, verdict: Verdict, without: set[int], receipts: set[int]) -> None:
    verdict.erased = len(without)
    verdict.faults += [
        Fault(seq, "has lost its personal part, and no receipt says so") for seq in sorted(without - receipts)
    ]
    back = sorted(receipts.intersection(connection.scalars(select(CONTENT.c.seq))) - without)
    verdict.faults += [Fault(seq, "has a personal part again that a receipt says was erased") for seq in back]


def _look_at_what_follows(connection: Connection, verdict: Verdict, cases: dict[str, Case]) -> None:
    """The tables of incidents say what their actions say."""
    tables = stored(connection)
    for name in sorted(cases.keys() | tables.keys()):
        if name not in cases or name not in tables or not same(rows_of(cases[name]), tables[name]):
            verdict.faults.append(Fault(0, f"the tables say of {name} what its actions do not"))


def as_lines(verdict: Verdict) -> Iterator[str]:
    """The verdict for a person."""
    erased = f", of {verdict.erased} of them the personal part erased with a receipt" if verdict.erased else ""
    yield f"{verdict.actions} actions{erased}. Head: {verdict.head}"
    if verdict.accepted:
        last = max(each.seq for each in verdict.accepted)
        yield f"An earlier copy was put in its place: action {last} of a night is missing. Two people have accepted it."
    if not verdict.faults:
        yield "The history is whole: nothing was changed, taken away, put in or moved."
        return
    for each in verdict.faults[:_TOLD]:
        yield f"action {each.seq} {each.what}" if each.seq else each.what
    if len(verdict.faults) > _TOLD:
        yield f"and {len(verdict.faults) - _TOLD} more"
    yield "Keep the file as it is, tell the head teacher and the data protection officer, and compare with a backup."


def as_data(verdict: Verdict) -> dict[str, Any]:
    """The verdict for a machine."""
    told = {
        name: [{"action": each.seq, "what": each.what} for each in some]
        for name, some in (("faults", verdict.faults), ("accepted", verdict.accepted))
    }
    return {"actions": verdict.actions, "erased": verdict.erased, "head": verdict.head, **told}
