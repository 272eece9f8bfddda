"""What a school sets of its incident log: where it is kept, and who works with it in which role.

In: the table `[casebook]` of school.toml. Out: frozen models. Refuses unknown roles, an account that two people share
and a login that would make somebody two people.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal, get_args

from pydantic import Field, model_validator

from pipeline.school.accounts import normalise_user, written_name
from pipeline.settings.limits import Name, Table, Whole

Role = Literal[
    "dsl", "deputy-dsl", "head", "chair-of-governors", "senior-leader", "network-manager", "governor", "auditor"
]
#: Who may be the second of two people. A senior leader only in what the case has brought them into.
SENIOR: Final[tuple[Role, ...]] = ("dsl", "deputy-dsl", "head", "chair-of-governors", "senior-leader")
ROLES: Final[tuple[Role, ...]] = get_args(Role)


class Caseworker(Table):
    """One person who works with the incident log."""

    #: The account as the logs name it: nobody sees a case that they are part of.
    account: Name
    name: Name
    roles: Annotated[tuple[Role, ...], Field(min_length=1)]
    #: Other accounts of the same person, in logs as well.
    also: tuple[Name, ...] = ()
    #: Names under which the operating system knows the person, where they differ from the account.
    logins: tuple[Name, ...] = ()

    @property
    def accounts(self) -> frozenset[str]:
        """All accounts of the person, as the logs' names are written after reading."""
        return frozenset(normalise_user(each) for each in (self.account, *self.also))

    @property
    def known_as(self) -> frozenset[str]:
        """Under what the person may stand in a case: all accounts, and the name where somebody has written that."""
        return self.accounts | {written_name(self.name)}


class CasebookTable(Table):
    """Where the incident log is kept, and who works with it."""

    #: An address of SQLAlchemy; without it, `casebook.sqlite` in the store's folder.
    url: Name | None = None
    #: So long names stay open to whoever asked to see them.
    reveal_minutes: Whole = Field(default=30, ge=1, le=480)
    #: Whom the steps of the routes name, and how they are reached.
    contacts: Path | None = None
    #: The school's own tables of sanctions.
    sanctions: Path | None = None
    #: The folder of the school's own letters to parents.
    letters: Path | None = None
    staff: tuple[Caseworker, ...] = ()

    @model_validator(mode="after")
    def _one_person_each(self) -> CasebookTable:
        seen: set[str] = set()
        for each in self.staff:
            if shared := seen & each.accounts:
                raise ValueError(f"the account {min(shared)!r} stands under two people of the casebook; write it once")
            seen |= each.accounts
        logins = [login.casefold() for each in self.staff for login in (each.logins or (each.account,))]
        twice = sorted({each for each in logins if logins.count(each) > 1})
        if twice:
            raise ValueError(f"the login {twice[0]!r} stands under two people of the casebook; write it once")
        return self
