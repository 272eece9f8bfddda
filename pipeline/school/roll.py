"""The school's roll: who has which user name, and which devices and addresses belong to whom.

In: the people file (an export of the school's information system) and the device file. Out: `People` and
`Devices`, with an issue for every row that could not be used as it stands; an issue names lines, never a person, an
account, a device or an address, because it is kept in the record of the night and mailed. It refuses, with
`PeopleError`, a file that is of no use as a whole.

Both files may give a row a first and a last day of validity; both days count as valid, a blank is no limit.
"""

from __future__ import annotations

import ipaddress
import re
from collections import defaultdict
from dataclasses import dataclass, field, fields, replace
from datetime import date
from itertools import combinations
from typing import TYPE_CHECKING, Final

import polars as pl

from pipeline.errors import PeopleError
from pipeline.school.accounts import normalise_user
from pipeline.school.addresses import read_address
from pipeline.school.sheet import Row, Sheet, issue, read_date, read_sheet

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from pathlib import Path

PEOPLE: Final = pl.Schema(
    {
        "username": pl.String(),
        "display_name": pl.String(),
        "role": pl.String(),
        "year_group": pl.String(),
        "classes": pl.List(pl.String()),
        "valid_from": pl.Date(),
        "valid_to": pl.Date(),
        "line": pl.Int64(),
    }
)
DEVICES: Final = pl.Schema(
    {
        "device": pl.String(),
        "address": pl.String(),
        "username": pl.String(),
        "class": pl.String(),
        "name": pl.String(),
        "valid_from": pl.Date(),
        "valid_to": pl.Date(),
        "line": pl.Int64(),
    }
)
#: The school's word -> ours. A class login is an account that a whole class shares.
ROLES: Final = {
    "pupil": ("pupil", "pupils", "student", "learner", "child"),
    "staff": ("staff", "teacher", "teaching staff", "support staff", "teaching assistant", "employee", "head teacher"),
    "class": ("class", "class login", "class account", "shared", "shared login"),
    "visitor": ("visitor", "guest", "governor", "parent", "supply"),
}
_ROLE_OF: Final = {word: role for role, words in ROLES.items() for word in words}
_DEVICE_COLUMNS: Final = {name: name for name in DEVICES if name != "line"}
#: Columns that may well be absent from an export; another header left over says nothing about them.
_OFTEN_ABSENT: Final = frozenset({"valid_from", "valid_to"})
#: What a device row says besides what it is known by.
_TIES: Final = ("username", "class", "name")
_WHEN: Final = ("valid_from", "valid_to", "line")
_YEAR: Final = re.compile(r"(?:year|yr|y)?\.?\s*0*(\d{1,2})", re.IGNORECASE)


@dataclass(frozen=True)
class PeopleColumns:
    """The headers of the school's own export; only the one for `username` has to be there."""

    username: str = "username"
    display_name: str = "display_name"
    role: str = "role"
    year_group: str = "year_group"
    classes: str = "classes"
    valid_from: str = "valid_from"
    valid_to: str = "valid_to"


@dataclass(frozen=True)
class People:
    """`table` has the columns of `PEOPLE`; `doubtful` are the user names with two rows for one day."""

    table: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=PEOPLE))
    doubtful: frozenset[str] = frozenset()
    issues: tuple[str, ...] = ()


@dataclass(frozen=True)
class Devices:
    """`table` has the columns of `DEVICES`: a row is found by its device name or by its address (or range)."""

    table: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=DEVICES))
    issues: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Entry:
    """One row that can be used: when it is valid, and what it says besides."""

    line: int
    first: date
    last: date
    says: Mapping[str, str | list[str] | None]

    def without(self, column: str) -> _Entry:
        return replace(self, says={**self.says, column: None})

    def overlaps(self, other: _Entry) -> bool:
        return self.first <= other.last and other.first <= self.last

    def agrees(self, other: _Entry, about: Collection[str]) -> bool:
        return all(self.says[column] == other.says[column] for column in about)


def load_people(path: Path, columns: PeopleColumns) -> People:
    """Read the people file.

    Roles come out as `pupil`, `staff`, `class`, `visitor` or null; year groups as `9` for `Year 9`. A column that
    `columns` names otherwise than by default has to be there. A row that cannot be used is an issue and is left
    out. Rows for one user on one day are an issue and make the user doubtful, unless they say the same.
    Raises `PeopleError`.
    """
    wanted = {each.name: str(getattr(columns, each.name)) for each in fields(columns)}
    renamed = [each.name for each in fields(columns) if wanted[each.name] != each.default]
    sheet = read_sheet(path, wanted, {"username", *renamed})
    entries, issues = _entries(sheet, _person)
    doubtful, clashes = _clashes(path, entries, "username", [name for name in PEOPLE if name not in _WHEN])
    issues += _left_over(sheet) + _strange_roles(sheet) + clashes
    # A doubtful user's rows stay in the table; nobody is named from them.
    return People(_table(entries, PEOPLE), frozenset(doubtful), (*sheet.issues, *issues))


def load_devices(path: Path) -> Devices:
    """Read the device file: device, address (one or a range such as 10.0.3.0/24), username, class, name, dates.

    Two rows for one device or address on one day are an issue and neither counts, unless both are tied to the same:
    a device may well have two addresses. Raises `PeopleError`.
    """
    sheet = read_sheet(path, _DEVICE_COLUMNS, ())
    columns = f"The columns are: {', '.join(_DEVICE_COLUMNS)}."
    if {"device", "address"} <= set(sheet.missing):
        what = "neither a column 'device' nor a column 'address'."
        raise PeopleError(what, path=path, line=sheet.header_line, remedy=columns)
    entries, issues = _entries(sheet, _device)
    if sheet.unused:
        issues.append(issue(path, sheet.header_line, f"columns that are not known: {_quoted(sheet.unused)}.", columns))
    doubtful, clashes = _clashes(path, entries, "device", _TIES)
    entries = [each for each in entries if each.says["device"] not in doubtful]
    doubtful, more = _clashes(path, entries, "address", _TIES)
    # An address with two owners says nothing; a device that is known by name besides keeps its owner.
    entries = [each if each.says["address"] not in doubtful else each.without("address") for each in entries]
    issues += clashes + more
    return Devices(_table(entries, DEVICES), (*sheet.issues, *issues))


def _entries(
    sheet: Sheet, says: Callable[[Mapping[str, str]], dict[str, str | list[str] | None]]
) -> tuple[list[_Entry], list[str]]:
    """Row by row, because each has its own line to be named; a school has a few thousand at most."""
    entries, issues = [], []
    for row in sheet.rows:
        try:
            first, last = _validity(sheet, row)
            entries.append(_Entry(row.line, first, last, says(row.cells)))
        except ValueError as error:
            issues.append(issue(sheet.path, row.line, f"{error}; the row is left out.", "Correct the row."))
    return entries, issues


def _table(entries: Iterable[_Entry], schema: pl.Schema) -> pl.DataFrame:
    table = pl.DataFrame(
        [{**each.says, "valid_from": each.first, "valid_to": each.last, "line": each.line} for each in entries],
        schema=schema,
        orient="row",
    )
    # "No limit" is a null in the table.
    return table.with_columns(
        pl.when(pl.col("valid_from") != date.min).then("valid_from").alias("valid_from"),
        pl.when(pl.col("valid_to") != date.max).then("valid_to").alias("valid_to"),
    )


def _person(cells: Mapping[str, str]) -> dict[str, str | list[str] | None]:
    username = normalise_user(cells["username"])
    if not username:
        raise ValueError("the user name is missing")
    return {
        "username": username,
        "display_name": cells["display_name"] or username,
        "role": _ROLE_OF.get(cells["role"].casefold()),
        "year_group": _year_group(cells["year_group"]),
        "classes": [each.strip() for each in re.split(r"[,;|]", cells["classes"]) if each.strip()],
    }


def _device(cells: Mapping[str, str]) -> dict[str, str | list[str] | None]:
    if not cells["device"] and not cells["address"]:
        raise ValueError("neither a device nor an address")
    if not (cells["username"] or cells["class"] or cells["name"]):
        raise ValueError("neither a username, a class nor a name, so the row says nothing")
    return {
        "device": cells["device"].lower() or None,
        "address": _address(cells["address"]),
        "username": normalise_user(cells["username"]) or None,
        "class": cells["class"] or None,
        "name": cells["name"] or None,
    }


def _validity(sheet: Sheet, row: Row) -> tuple[date, date]:
    first = read_date(sheet, row, "valid_from") or date.min
    last = read_date(sheet, row, "valid_to") or date.max
    if last < first:
        raise ValueError(f"valid_to {last} lies before valid_from {first}")
    return first, last


def _address(cell: str) -> str | None:
    """One address or a range, in the one spelling that its kind has; an IPv4 address inside IPv6 as IPv4."""
    if not cell:
        return None
    try:
        if "/" not in cell:
            return str(read_address(cell))
        network = ipaddress.ip_network(cell)
    except ValueError:
        raise ValueError("the address is neither an address nor a range such as 10.0.3.0/24") from None
    return str(network.network_address if network.num_addresses == 1 else network)


def _year_group(cell: str) -> str | None:
    found = _YEAR.fullmatch(cell)
    return found[1] if found else cell or None


def _clashes(path: Path, entries: list[_Entry], key: str, about: Collection[str]) -> tuple[set[str], list[str]]:
    """The values of `key` for which two entries of one day disagree about `about`, and an issue for each value."""
    groups: defaultdict[str, list[_Entry]] = defaultdict(list)
    for entry in entries:
        value = entry.says[key]
        if isinstance(value, str):
            groups[value].append(entry)
    doubtful: set[str] = set()
    issues = []
    for value, group in groups.items():
        pairs = [(one, other) for one, other in combinations(group, 2) if one.overlaps(other)]
        if any(not one.agrees(other, about) for one, other in pairs):
            doubtful.add(value)
            consequence = "nobody is named for it until that is settled."
        elif any(one.agrees(other, one.says) for one, other in pairs):
            consequence = "they say the same and count once."
        else:
            continue
        lines = sorted({each.line for pair in pairs for each in pair})
        what = f"the same {key} stands in lines {_numbers(lines)} for some of the same days; {consequence}"
        remedy = "Keep one row, or end one (valid_to) before the next begins (valid_from)."
        issues.append(issue(path, lines[-1], what, remedy))
    return doubtful, issues


def _left_over(sheet: Sheet) -> list[str]:
    """A column that was not found while another is left over is likely to be that one under another name."""
    missing = [name for name in sheet.missing if name not in _OFTEN_ABSENT]
    if not missing or not sheet.unused:
        return []
    what = f"no column for {', '.join(missing)}; not used: {_quoted(sheet.unused)}."
    return [issue(sheet.path, sheet.header_line, what, "Say in school.toml which column is which, or leave it out.")]


def _strange_roles(sheet: Sheet) -> list[str]:
    lines: defaultdict[str, list[int]] = defaultdict(list)
    for row in sheet.rows:
        role = row.cells["role"]
        if role and role.casefold() not in _ROLE_OF:
            lines[role].append(row.line)
    # The word itself is not repeated: where `role` is said to be the wrong column, it is a name.
    return [
        issue(sheet.path, at[0], f"the role here is not known ({len(at)} rows).", f"Roles are: {', '.join(ROLES)}.")
        for at in lines.values()
    ]


def _quoted(headers: Iterable[str]) -> str:
    return ", ".join(repr(header) for header in headers)


def _numbers(lines: list[int]) -> str:
    """`4 and 9`; `4, 9 and 12`."""
    *before, last = [str(line) for line in lines]
    return f"{', '.join(before)} and {last}"
