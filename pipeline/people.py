"""Who was it: the school's people and devices, and the grade of certainty for each distinct user, address and day.

In: the CSV files in which the school lists its people and its devices, and the distinct (user, address, device,
day, challenge) of a night's events. Out: `People`, `Devices`, and the same rows with the columns of
`schema.SUBJECT`. It refuses a file without user names; it never puts a name on anything less than `mapped`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import polars as pl

PEOPLE: Final = pl.Schema(
    {
        "username": pl.String,
        "display_name": pl.String,
        "role": pl.String,
        "year_group": pl.String,
        "classes": pl.List(pl.String),
        "valid_from": pl.Date,
        "valid_to": pl.Date,
        "line": pl.Int64,
    }
)
DEVICES: Final = pl.Schema(
    {
        "device": pl.String,
        "address": pl.String,
        "username": pl.String,
        "class": pl.String,
        "name": pl.String,
        "valid_from": pl.Date,
        "valid_to": pl.Date,
        "line": pl.Int64,
    }
)


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
    """`table` has the columns of `PEOPLE`; `doubtful` the user names with two rows for one day."""

    table: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=PEOPLE))
    doubtful: frozenset[str] = frozenset()
    issues: tuple[str, ...] = ()


@dataclass(frozen=True)
class Devices:
    """`table` has the columns of `DEVICES`; each row is known by its device name or by its address (or range)."""

    table: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=DEVICES))
    issues: tuple[str, ...] = ()


def normalise_user(raw: str) -> str:
    r"""The account name that `DOMAIN\user`, `user@domain`, `DOM%5Cuser` and `USER` share; empty for none."""
    raise NotImplementedError


def normalise_users(raw: pl.Series) -> pl.Series:
    """`normalise_user` over a column, once per distinct value; null stays null, none becomes null."""
    raise NotImplementedError


def load_people(path: Path, columns: PeopleColumns) -> People:
    """Read the people file. Raises `PeopleError` where the file as a whole cannot be used."""
    raise NotImplementedError


def load_devices(path: Path) -> Devices:
    """Read the device file. Raises `PeopleError` where the file as a whole cannot be used."""
    raise NotImplementedError


def resolve(seen: pl.DataFrame, people: People, devices: Devices) -> pl.DataFrame:
    """The rows of `seen` (user, client_ip, device, day, challenge) in their order, with `schema.SUBJECT` added."""
    raise NotImplementedError


def with_classes(resolved: pl.DataFrame, people: People) -> pl.DataFrame:
    """Add `classes`: every class of a person on that day, or the one class of any other subject; may be empty."""
    raise NotImplementedError
