"""Who is meant by what somebody has entered: an account, or the name of one who has an account.

In: what was written, the kind that was written beside it, everybody whom the school knows. Out: the account as logs
name it and the kind of person; a name that nobody has stays a name. Refuses, with the accounts that may be meant, a
name that fits several people or a part of a caseworker's, and a kind that the person is not. Pure: no disk, no clock.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from casebook.kinds import CasebookError
from pipeline.school.accounts import written_name

#: Not part of a name: one list of the school writes them, another does not.
_TITLES: Final = frozenset({"mr", "mrs", "ms", "miss", "mx", "dr", "prof", "professor", "sir", "dame", "rev", "revd"})
#: Whom a part of a caseworker's name may mean. A child or a parent may share a first name with the head teacher.
_MAY_BE_STAFF: Final = frozenset({"staff", "unknown"})


@dataclass(frozen=True)
class Listed:
    """Somebody whom the school knows: by which accounts, under which name, and of which kind (empty: not said)."""

    accounts: tuple[str, ...]
    name: str
    kind: str
    is_caseworker: bool = False


def meant(written: str, kind: str, everybody: Iterable[Listed]) -> tuple[str, str]:
    """The person and the kind to be kept. Raises `CasebookError`."""
    account = written_name(written)
    if not account:
        raise CasebookError("this names nobody.", remedy="Write the account as the logs do, or a name.")
    everyone = list(everybody)
    if all(account not in each.accounts for each in everyone):
        named = _named(account, kind, everyone)
        account = named[0].accounts[0] if named else account
    return account, _kind_of(written, kind, [each for each in everyone if account in each.accounts])


def _named(written: str, kind: str, everyone: list[Listed]) -> list[Listed]:
    """The one person of that name, each time that they are listed; nobody where the name says nothing."""
    words = _words(written)
    whole = [each for each in everyone if words and _words(each.name) == words]
    people = _people(whole)
    if len(people) > 1:
        raise _which(written, people, "Write the account of the one who is meant.")
    if whole or kind not in _MAY_BE_STAFF:
        return whole
    # Nobody is taken for a caseworker by a part of the name; but neither is a caseworker let out of their own case.
    loose = _words(written.replace(".", " "))
    parts = [each for each in everyone if each.is_caseworker and _overlap(loose, _words(each.name))]
    if parts:
        raise _which(written, _people(parts), "Write the account; of somebody else, write the whole name or the class.")
    return []


def _overlap(one: frozenset[str], other: frozenset[str]) -> bool:
    return bool(one and other) and (one <= other or other <= one)


def _people(found: list[Listed]) -> list[Listed]:
    """Each of them once: a caseworker may stand in the people file as well, under any of their accounts."""
    once: list[Listed] = []
    for each in found:
        if all(set(each.accounts).isdisjoint(other.accounts) for other in once):
            once.append(each)
    return once


def _which(written: str, people: list[Listed], remedy: str) -> CasebookError:
    accounts = ", ".join(f"{each.accounts[0]} ({each.kind})" if each.kind else each.accounts[0] for each in people)
    return CasebookError(f"{written!r} may be {accounts}.", remedy=remedy)


def _words(name: str) -> frozenset[str]:
    """What makes a name, however it is written: `Example, Ann`, `Ms Ann  Example`."""
    words = unicodedata.normalize("NFC", name).casefold().replace(",", " ").split()
    return frozenset(word for each in words if (word := each.strip(".")) and word not in _TITLES)


def _kind_of(written: str, kind: str, found: list[Listed]) -> str:
    """The kind that the person is known to be: staff, if any list says so, for such cases are apart."""
    known = {each.kind for each in found if each.kind}
    if not known:
        return kind
    is_known = "staff" if "staff" in known else min(known)
    if kind not in {"unknown", is_known}:
        remedy = f"Write {is_known}; of somebody else, write their account, or the name with the class."
        raise CasebookError(f"{written!r} is {is_known} on the school's lists, and not {kind}.", remedy=remedy)
    return is_known
