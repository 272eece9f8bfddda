"""Who may do what with a case. The pages and the command line ask here, and nowhere else.

In: who asks, who works with the casebook, the case. Out: nothing, or `Refused` with the reason. A person with several
roles may do what any of them may; being part of a case takes all of it away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final, Protocol

from casebook.case import WHERE, Case, second_for, unseen
from casebook.kinds import CasebookError, Refused, Said
from casebook.meant import Listed, meant
from casebook.response.routes import Route
from pipeline.school.accounts import normalise_user
from pipeline.settings.caseworkers import SENIOR, Caseworker, Role

#: What the nightly job is called in the history.
PROGRAM: Final = "esafety"
_DSLS: Final = frozenset[Role]({"dsl", "deputy-dsl"})
#: What whoever sees the routing alone may do there, where the route names them.
_ON_THE_ROUTE: Final = ("step", "answer")
#: What may be done besides seeing and deciding by whoever sees the whole case.
_SECOND: Final = "agree"
#: What may be done by whoever sees a case only because it has brought them in.
_AS_SECOND: Final = ("view", "reveal", "note", _SECOND)


@dataclass(frozen=True)
class Actor:
    """Who does something, and by which way (`cli:` and the login, `night`)."""

    account: str
    name: str
    roles: frozenset[Role]
    #: Under what they may stand in a case: every account, and the name.
    accounts: frozenset[str]
    via: str

    @property
    def role(self) -> str:
        """The roles as the history names them."""
        return ",".join(sorted(self.roles)) or "program"


NIGHT: Final = Actor(PROGRAM, "the nightly job", frozenset(), frozenset(), "night")


def actor_of(staff: Iterable[Caseworker], account: str | None, login: str, way: str) -> Actor:
    """The person of that account, or else of that login of the operating system. Raises `Refused`."""
    for each in staff:
        logins = {one.casefold() for one in (each.logins or (each.account,))}
        if each.account == account or (account is None and login.casefold() in logins):
            return Actor(each.account, each.name, frozenset(each.roles), each.known_as, f"{way}:{login}")
    who = f"the account {account!r}" if account else f"the login {login!r}"
    remedy = "Enter the person in school.toml: [[casebook.staff]] with account, name and roles; or name one with --as."
    raise Refused(f"{who} does not work with the casebook.", remedy=remedy)


class Concern(Protocol):
    """As much of a case as decides who may see it: a `Case`, or what `listing` reads of one."""

    @property
    def side(self) -> str:
        """`staff` or `pupil`."""

    @property
    def left_to(self) -> AbstractSet[str] | None:
        """The roles that may know of one whose personal part is gone; None if it is seen as before."""

    @property
    def people(self) -> AbstractSet[str]:
        """The accounts of whoever is part of it."""

    @property
    def brought_in(self) -> AbstractSet[str]:
        """The accounts of those whom it has brought in."""


@dataclass(frozen=True)
class Access:
    """What may be done, given everybody who works with the casebook, and whom else the school knows."""

    staff: tuple[Caseworker, ...]
    #: The school's list of people, which is read when it is first asked for.
    listed: Callable[[], Iterable[Listed]] = tuple

    def meant(self, written: str, kind: str) -> tuple[str, str]:
        """The account and the kind of whoever is meant by an account or a name. Raises `CasebookError`."""
        own = (Listed(_first(each), each.name, "staff", is_caseworker=True) for each in self.staff)
        return meant(written, kind, (*own, *self.listed()))

    def sees(self, actor: Actor, case: Concern) -> bool:
        """Whether the actor may read the whole of the case."""
        if self.decides(actor, case):
            return True
        brought_in = actor.account in case.brought_in and case.left_to is None
        return brought_in and not _is_party(actor.accounts, case)

    def decides(self, actor: Actor, case: Concern) -> bool:
        """Whether the case is the actor's by their role, and not only because it has brought them in."""
        if _is_party(actor.accounts, case):
            return False
        if case.left_to is not None:
            # Nobody can tell any more whether the head was part of it, or whoever asks.
            return "chair-of-governors" in actor.roles & case.left_to
        if self._head_is_party(case):
            return "chair-of-governors" in actor.roles
        return "head" in actor.roles or (case.side == "pupil" and bool(_DSLS & actor.roles))

    def sees_routing(self, actor: Actor, case: Concern) -> bool:
        """Whether the actor may read what is to be done by whom, on which device and when; no text, no name."""
        return _is_technical(actor, case) or self.sees(actor, case)

    def is_the_chairs(self, case: Concern) -> bool:
        """Whether the case is the chair of governors', because a head teacher is part of it or may have been."""
        return case.left_to is not None or self._head_is_party(case)

    def _head_is_party(self, case: Concern) -> bool:
        return any("head" in each.roles and _is_party(each.known_as, case) for each in self.staff)

    def deciding(self, actor: Actor) -> frozenset[str]:
        """The accounts on which it depends what the actor sees: their own, and those of whoever is a head."""
        return actor.accounts | self.heads

    @property
    def heads(self) -> frozenset[str]:
        """Under what heads may stand in a case."""
        return frozenset[str]().union(*(each.known_as for each in self.staff if "head" in each.roles))

    def copies(self, actor: Actor, case: Case) -> bool:
        """Whether the actor may put the case into a copy of what is held on somebody: an auditor, too, for that."""
        return self.decides(actor, case) or ("auditor" in actor.roles and not self.hidden(actor, case))

    def hidden(self, actor: Actor, case: Case) -> bool:
        """Whether even that there is such a case is nothing for the actor: they or the head may be part of it."""
        apart = self._head_is_party(case) or case.left_to is not None
        return _is_party(actor.accounts, case) or (apart and not self.sees(actor, case))

    def knows_of(self, actor: Actor, case: Concern) -> bool:
        """Whether the actor may know that there is such a case, and who looked at it: who sees it, and an auditor."""
        may_know = case.left_to is None or "auditor" in case.left_to
        is_outside = "auditor" in actor.roles and may_know and not _is_party(actor.accounts, case)
        return is_outside or self.sees(actor, case)

    def refuse_unseen(self, actor: Actor, case: Case) -> None:
        """Raise `Refused` if the actor may not read the case; in the words for a case that is not there."""
        if not self.sees(actor, case):
            raise Refused(unseen(case.id), remedy=WHERE)

    def refuse(self, actor: Actor, case: Case, said: Said, routes: dict[str, Route]) -> None:
        """Raise `Refused` if the actor may not take this action."""
        if said.kind in _ON_THE_ROUTE and not self.decides(actor, case) and _is_technical(actor, case):
            self._refuse_step(said, routes)
            return
        self.refuse_unseen(actor, case)
        if said.kind not in _AS_SECOND and not self.decides(actor, case):
            what = "you were brought into this case as a second person, who looks, notes and agrees."
            raise Refused(what, remedy="Whoever it belongs to by their role does the rest.")
        if said.kind == _SECOND and not (actor.roles & frozenset(SENIOR)):
            remedy = f"One of {', '.join(SENIOR)} may."
            raise Refused("this needs a second senior person, and none of your roles is one.", remedy=remedy)
        if said.kind == "bring-in":
            self._refuse_stranger(case, said)

    def is_seconded(self, actor: Actor, case: Case, what: str) -> bool:
        """Whether somebody else has agreed to it, who is no part of the case: they may have become one since."""
        return any(
            account != actor.account and not _is_party(self._known_as(account), case)
            for account in case.agreed.get(what, ())
        )

    def _known_as(self, account: str) -> frozenset[str]:
        return next((each.known_as for each in self.staff if each.account == account), frozenset({account}))

    def refuse_alone(self, actor: Actor, case: Case, said: Said) -> None:
        """Raise `CasebookError` if the action needs a second person, and nobody else has agreed."""
        what = second_for(case, said.kind)
        if what is not None and not self.is_seconded(actor, case, what):
            remedy = f"A second senior person has to agree first: esafety incident agree {case.id} --to {what}"
            raise CasebookError(f"{case.id}: one person alone cannot do this ({said.kind}).", remedy=remedy)

    @staticmethod
    def _refuse_step(said: Said, routes: dict[str, Route]) -> None:
        """A network manager ticks the steps that are theirs, and answers what these ask."""
        route = routes.get(said.facts["route"])
        asked = said.facts.get("question")
        steps = route.steps if route else ()
        step = next((each for each in steps if (each.ask if asked else each.id) == (asked or said.facts["step"])), None)
        if step is None or "network manager" not in step.by:
            what = "question is not yours to answer" if asked else "step is not yours to tick"
            raise Refused(f"this {what}.", remedy="Tell whoever the route names.")

    def _refuse_stranger(self, case: Case, said: Said) -> None:
        """Only somebody who works with the casebook, is senior and is not part of the case can be brought in."""
        account = said.facts["colleague"]
        found = next((each for each in self.staff if each.account == account), None)
        if found is None or not (set(found.roles) & set(SENIOR)) or _is_party(found.known_as, case):
            remedy = (
                f"Bring in one of {', '.join(SENIOR)} who stands under [[casebook.staff]] and is no part of the case."
            )
            raise Refused(f"{account!r} cannot be brought in.", remedy=remedy)


def _first(person: Caseworker) -> tuple[str, ...]:
    """Their accounts, the one by which they are entered first."""
    return tuple(normalise_user(each) for each in (person.account, *person.also))


def _is_technical(actor: Actor, case: Concern) -> bool:
    """Whether the actor looks after the network, and so is told what to do on which device."""
    if case.left_to is not None or _is_party(actor.accounts, case):
        return False
    return "network-manager" in actor.roles and case.side == "pupil"


def _is_party(accounts: frozenset[str], case: Concern) -> bool:
    return not accounts.isdisjoint(case.people)
