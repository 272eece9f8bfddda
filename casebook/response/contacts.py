"""Whom the steps of the routes name, and how they are reached.

In: `contacts.toml` that travels with the program, those of the layers, the school's own. Out: every contact by its id,
what a later file says taking the place of what an earlier one said. Refuses, with file and line, a contact that nobody
knows and that has no name of its own, and another number than 999 for an emergency.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Final

from casebook import schoolfile
from pipeline.errors import ConfigError
from pipeline.settings.limits import Table
from pipeline.settings.localroutes import ContactTable
from pipeline.settings.policy import Policy
from pipeline.settings.tomlfaults import Models
from pipeline.settings.tomlplace import line_of

#: 999: no file of a school may say otherwise.
EMERGENCY: Final = "emergency"
#: Where a number is missing from, in the words for people.
FILE: Final = "contacts.toml"


@dataclass(frozen=True)
class Contact:
    """One contact. What is not known is empty."""

    id: str
    name: str
    telephone: str = ""
    hours: str = ""
    out_of_hours: str = ""
    email: str = ""
    web: str = ""
    note: str = ""

    @property
    def is_known(self) -> bool:
        """Whether there is any way to reach them."""
        return bool(self.telephone or self.email or self.web)

    @property
    def doubt(self) -> str:
        """What is missing, in words; empty if nothing is."""
        return "" if self.is_known else f"no number for {self.name} in {FILE}"

    @property
    def in_words(self) -> str:
        """Name and ways, for a line of a list."""
        if not self.is_known:
            return self.doubt
        hours = f" ({self.hours})" if self.hours else ""
        otherwise = f"at other times {self.out_of_hours}" if self.out_of_hours else ""
        ways = [f"{self.telephone}{hours}" if self.telephone else "", otherwise, self.email, self.web, self.note]
        return f"{self.name[:1].upper()}{self.name[1:]}: {', '.join(each for each in ways if each)}"


class _File(Table):
    contact: tuple[ContactTable, ...] = ()


_MODELS: Final[Models] = {"": _File, "contact": ContactTable}


@cache
def shipped() -> Mapping[str, Contact]:
    """The contacts that travel with the program: names, and what is national and public."""
    written = tomllib.loads(resources.files("casebook.response").joinpath("contacts.toml").read_text("utf-8"))
    known = set(Contact.__dataclass_fields__)
    return {
        each["id"]: Contact(**{name: value for name, value in each.items() if name in known})
        for each in written["contact"]
    }


def load_contacts(policies: Sequence[Policy] = (), path: Path | None = None) -> dict[str, Contact]:
    """Every contact by its id. Raises `ConfigError`."""
    contacts = dict(shipped())
    for policy in policies:
        _take(contacts, policy.tables.contact, policy.path, policy.text)
    if path is not None:
        file, text = schoolfile.read(path, _File, _MODELS)
        _take(contacts, file.contact, path, text)
    return contacts


def _take(contacts: dict[str, Contact], tables: Iterable[ContactTable], path: Path, text: str) -> None:
    seen: set[str] = set()
    for at, table in enumerate(tables):
        line = line_of(text, ("contact", at, "id"))
        if table.id == EMERGENCY:
            raise ConfigError("an emergency is 999 everywhere.", path=path, line=line, remedy="Take this contact out.")
        if table.id in seen:
            what = f"the contact {table.id!r} stands here twice."
            raise ConfigError(what, path=path, line=line, remedy="Leave one of them.")
        before = contacts.get(table.id)
        if before is None and table.name is None:
            what = f"there is no contact {table.id!r}."
            raise ConfigError(what, path=path, line=line, remedy=_known(table.id, contacts))
        said = {name: value for name, value in table.model_dump().items() if value is not None}
        contacts[table.id] = Contact(**{**(asdict(before) if before else {}), **said})
        seen.add(table.id)


def _known(name: str, contacts: Mapping[str, Contact]) -> str:
    close = difflib.get_close_matches(name, contacts, n=1)
    which = f"Did you mean {close[0]!r}?" if close else f"Known are {', '.join(contacts)}."
    return f"{which} A contact of your own needs a name."
