"""What a layer or a school may write of the routes: a step more, words beside a step, whom to call.

In: tables of TOML. Out: frozen models. Refuses a contact that nobody could reach. Whether a step fits the routes is
for `casebook.response.routelayers` to say, which knows them.
"""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import AfterValidator, Field, model_validator

from pipeline.settings.limits import Name, Table, YesOrNo

Id = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
_NUMBER: Final = re.compile(r"[0-9+() ]*[0-9][0-9+() ]*((ext|x)\.? ?[0-9]+)?")


def _number(written: str) -> str:
    if not _NUMBER.fullmatch(written):
        raise ValueError(f'{written!r} is no telephone number; write digits, such as "01632 960013 ext 4"')
    return written


Telephone = Annotated[str, AfterValidator(_number)]


class ContactTable(Table):
    """`[[contact]]`: how somebody is reached, and when."""

    id: Id
    #: Only for a contact that the program does not know.
    name: Name | None = None
    telephone: Telephone | None = None
    hours: Name | None = None
    #: The number outside these hours.
    out_of_hours: Telephone | None = None
    email: Name | None = None
    web: Name | None = None
    note: Name | None = None

    @model_validator(mode="after")
    def _can_be_reached(self) -> ContactTable:
        if not (self.telephone or self.email or self.web):
            raise ValueError("a contact is reached somehow; write telephone, email or web")
        return self


class RouteStep(Table):
    """`[[route_step]]`: a new step after one that is there, or words beside one that is there."""

    route: Id
    id: Id
    #: Words beside a step that is there.
    words: Name | None = None
    #: Of a new step: the one that it follows, who sees to it, what is to be done.
    after: Id | None = None
    by: Name | None = None
    do: Name | None = None
    contacts: tuple[Id, ...] = ()
    when: tuple[dict[Name, tuple[Name, ...]], ...] = ()
    unless: dict[Name, tuple[Name, ...]] = Field(default_factory=dict)
    #: Read so that the refusal can say why.
    off: YesOrNo = False
