"""Who it was, joined to rows that name a user, an address or a device.

In: the school's people, devices and timetable, and rows with day and verdict. Out: the same rows with the columns of
`schema.SUBJECT`. Refuses nothing: what is not known becomes an address or an account.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import polars as pl

from pipeline.formats import named
from pipeline.people import resolve
from pipeline.schema import STAFF_ROLES
from pipeline.school.roll import Devices, People
from pipeline.timetable import Timetable

_KEYS = ("user", "client_ip", "device", "day", "challenge")


@dataclass(frozen=True)
class Who:
    """The school's people, devices and lessons."""

    people: People
    devices: Devices
    timetable: Timetable
    week_a: date | None


#: What a name is proven by: somebody used this user at this address on that day, and the password was looked at.
PROOF = ("day", "user", "client_ip", "format")


def with_subjects(rows: pl.DataFrame, who: Who, proven: pl.DataFrame) -> pl.DataFrame:
    """Rows with day, user, client_ip, device, format and verdict, in their order, and columns that say who it was.

    `proven` has the columns of `PROOF`: where a name was checked. A name that nobody checked names nobody.
    """
    known = proven.select(PROOF).unique().with_columns(is_proven=pl.lit(value=True))
    keyed = rows.join(known, on=PROOF, how="left", maintain_order="left")
    keyed = keyed.with_columns(
        challenge=(pl.col("verdict") == "challenge") | (unproven(rows) & pl.col("is_proven").is_null())
    )
    subjects = resolve(keyed.select(_KEYS).unique(maintain_order=True), who.people, who.devices)
    joined = keyed.join(subjects, on=_KEYS, how="left", nulls_equal=True, maintain_order="left")
    return joined.drop("challenge", "is_proven")


def doubtful_formats(names: Iterable[str]) -> list[str]:
    """Those of the named formats in which some verdicts leave the name unproven."""
    return sorted({name for name in names if (form := named(name)) is not None and form.unproven})


def unproven(rows: pl.DataFrame) -> pl.Expr:
    """Whether a row's verdict leaves its name unproven in its format; of rows with format and verdict."""
    names = doubtful_formats(rows["format"].unique().to_list())
    forms = [form for name in names if (form := named(name)) is not None]
    cases = [(pl.col("format") == form.name) & pl.col("verdict").is_in(form.unproven) for form in forms]
    return pl.any_horizontal(pl.lit(value=False), *cases)


def class_sizes(people: People) -> dict[str, int]:
    """How many pupils each class has in the people file; one who has two rows is one, and a teacher is none."""
    is_other = pl.col("role").str.to_lowercase().is_in(["class", *STAFF_ROLES]).fill_null(value=False)
    listed = people.table.filter(~is_other).explode("classes").drop_nulls("classes")
    return dict(listed.group_by("classes").agg(pl.col("username").n_unique().cast(pl.Int64)).iter_rows())
