"""Who it was, joined to rows that name a user, an address or a device.

In: the school's people, devices and timetable, and rows with day and verdict. Out: the same rows with the columns of
`schema.SUBJECT`. Refuses nothing: what is not known becomes an address or an account.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from pipeline.people import resolve
from pipeline.roll import Devices, People
from pipeline.timetable import Timetable

_KEYS = ("user", "client_ip", "device", "day", "challenge")


@dataclass(frozen=True)
class Who:
    """The school's people, devices and lessons."""

    people: People
    devices: Devices
    timetable: Timetable
    week_a: date | None


def with_subjects(rows: pl.DataFrame, who: Who) -> pl.DataFrame:
    """Rows with day, user, client_ip, device and verdict, in their order, and the columns that say who it was."""
    keyed = rows.with_columns(challenge=pl.col("verdict") == "challenge")
    subjects = resolve(keyed.select(_KEYS).unique(maintain_order=True), who.people, who.devices)
    return keyed.join(subjects, on=_KEYS, how="left", nulls_equal=True, maintain_order="left").drop("challenge")


def class_sizes(people: People) -> dict[str, int]:
    """How many pupils each class has in the people file."""
    pupils = people.table.filter(pl.col("role") != "class")
    return dict(pupils.explode("classes").drop_nulls("classes").group_by("classes").len().iter_rows())
