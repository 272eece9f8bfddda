"""Who was it: the subject of an event, and how surely the log says so.

In: the distinct (user, client_ip, device, day, challenge) of a night's events, and the school's people and
devices. Out: the same rows with the columns of `schema.SUBJECT`. It refuses nothing: a row about which nothing
is known is filed under its address. No person's name is put on anything less than `mapped`.

What the log says                                            who                what it is filed under
a person of the people file, valid on that day               authenticated      the person
a class login (role `class`)                                 shared             the class
a user name that the people file does not have on that day   unknown-account    the account
no user; the device or the address is tied to a person       mapped             the person
no user; they are tied to a class, or to a room by its name  shared             the class; the device or address
no user, nothing known                                       address-only       the device, or else the address
a user name on a login challenge (407 asks, nobody has       contradicted       the device, or else the address, or
  answered yet); a person on a device that is tied to           else the account
  another; a device and an address tied to two people; a
  user name with two rows for one day in the people file

A device that the log names counts before its address; the narrowest address range counts before a wider one.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from pipeline.schema import SUBJECT
from pipeline.school.accounts import normalise_user, normalise_users
from pipeline.school.addresses import holding_ranges, normalise_addresses
from pipeline.school.roll import DEVICES, PEOPLE, Devices, People, PeopleColumns, load_devices, load_people

__all__ = [
    "DEVICES",
    "PEOPLE",
    "Devices",
    "People",
    "PeopleColumns",
    "load_devices",
    "load_people",
    "normalise_user",
    "normalise_users",
    "resolve",
    "with_classes",
]

#: What is filed under what; a place is a device, an address, or the account if the log says neither.
_KIND: Final = {
    "person": "person",
    "owner": "person",
    "login": "class",
    "owner login": "class",
    "class": "class",
    "account": "account",
}
_PERSON: Final = ("username", "display_name", "role", "year_group", "classes")
_TIE: Final = ("device", "username", "class", "name")


def resolve(seen: pl.DataFrame, people: People, devices: Devices) -> pl.DataFrame:
    """The rows of `seen` in their order, one for one, with the columns of `schema.SUBJECT` added.

    `seen` has user (as `normalise_user` gives it), client_ip, device, day (a date) and challenge (yes or no); any
    of them may be null, any further column is kept. A null day is only within limits that nobody set.
    """
    rows = seen.select(
        pl.int_range(pl.len()).alias("row"),
        pl.col("day").cast(pl.Date),
        pl.col("challenge").cast(pl.Boolean).fill_null(value=False),
        pl.col("user").cast(pl.String).replace("", None),
        pl.col("device").cast(pl.String).str.strip_chars().str.to_lowercase().replace("", None),
        normalise_addresses(seen["client_ip"]).alias("address"),
    ).with_columns(pl.col("user").is_in(people.table["username"].unique().implode()).alias("is_listed"))
    for found in (
        _people_of(rows, "user", people, "p_"),
        _one_tie(_by_device(rows, devices), "d_"),
        _one_tie(_by_address(rows, devices), "a_"),
    ):
        rows = rows.join(found, on="row", how="left", maintain_order="left")
    for prefix in ("d_", "a_"):
        owners = _people_of(rows, f"{prefix}username", people, f"{prefix}owner_")
        rows = rows.join(owners, on="row", how="left", maintain_order="left")
    return pl.concat([seen, _subjects(_graded(_with_tie(rows), people))], how="horizontal")


def with_classes(resolved: pl.DataFrame, people: People) -> pl.DataFrame:
    """`resolved` with `classes`: all of a person's classes on that day, or the one class of another subject."""
    rows = resolved.select(
        pl.int_range(pl.len()).alias("row"),
        pl.col("day").cast(pl.Date),
        pl.when(pl.col("subject_kind") == "person").then(pl.col("subject").str.strip_prefix("person:")).alias("user"),
        pl.concat_list(pl.col("class")).list.drop_nulls().alias("own"),
    )
    known = _people_of(rows, "user", people, "p_")
    classes = rows.join(known, on="row", how="left", maintain_order="left").select(
        pl.coalesce("p_classes", "own").alias("classes")
    )
    return pl.concat([resolved, classes], how="horizontal")


def _valid() -> pl.Expr:
    return (pl.col("valid_from").is_null() | (pl.col("valid_from") <= pl.col("day"))) & (
        pl.col("valid_to").is_null() | (pl.col("valid_to") >= pl.col("day"))
    )


def _people_of(rows: pl.DataFrame, column: str, people: People, prefix: str) -> pl.DataFrame:
    """For each row whose `column` is someone of the people file on that day: row and the person, prefixed."""
    found = rows.select("row", "day", column).join(people.table, left_on=column, right_on="username")
    return (
        found.filter(_valid())
        .sort("row", "line")
        .unique("row", keep="first", maintain_order=True)
        .rename({column: "username"})
        .select("row", *[pl.col(name).alias(prefix + name) for name in _PERSON])
    )


def _by_device(rows: pl.DataFrame, devices: Devices) -> pl.DataFrame:
    """Each row beside every line of the device file that has its device."""
    found = rows.select("row", "day", "device").join(devices.table, on="device")
    return found.with_columns(pl.lit(0).alias("bits"))


def _by_address(rows: pl.DataFrame, devices: Devices) -> pl.DataFrame:
    """Each row beside every line of the device file that has its address, alone or in a range."""
    ranges = holding_ranges(rows["address"], devices.table["address"])
    found = rows.select("row", "day", "address").join(ranges, on="address")
    return found.join(devices.table, left_on="range", right_on="address")


def _one_tie(found: pl.DataFrame, prefix: str) -> pl.DataFrame:
    """The narrowest line that is valid on that day, for each row that has one: its columns, prefixed."""
    return (
        found.filter(_valid())
        .sort("row", "bits", "line", descending=[False, True, False])
        .unique("row", keep="first", maintain_order=True)
        .select(
            "row", pl.lit(value=True).alias(f"{prefix}known"), *[pl.col(name).alias(prefix + name) for name in _TIE]
        )
    )


def _with_tie(rows: pl.DataFrame) -> pl.DataFrame:
    """Add what the device is tied to (`t_`), or the address where the device file does not know the device."""
    by_device = pl.col("d_known").is_not_null()
    names = [*_TIE, *[f"owner_{name}" for name in _PERSON]]
    return rows.with_columns(
        *[
            pl.when(by_device).then(pl.col(f"d_{name}")).otherwise(pl.col(f"a_{name}")).alias(f"t_{name}")
            for name in names
        ],
        *[_owner(prefix).alias(f"{prefix}owner") for prefix in ("d_", "a_")],
    ).with_columns(pl.when(by_device).then("d_owner").otherwise("a_owner").alias("t_owner"))


def _owner(prefix: str) -> pl.Expr:
    """The user name of the person that a device or address is tied to; a class login is no person."""
    is_class = (pl.col(f"{prefix}owner_role") == "class").fill_null(value=False)
    return pl.when(~is_class).then(pl.col(f"{prefix}owner_username"))


def _graded(rows: pl.DataFrame, people: People) -> pl.DataFrame:
    """Add `who`, and `under`: what decides the subject."""
    user, known, owner = pl.col("user"), pl.col("p_username").is_not_null(), pl.col("t_owner")
    doubtful = pl.Series(sorted(people.doubtful), dtype=pl.String).implode()
    # The first that is true decides; a null is not true.
    cases = [
        (user.is_not_null() & (pl.col("challenge") | user.is_in(doubtful)), "contradicted", "place"),
        (known & (pl.col("p_role") == "class"), "shared", "login"),
        (known & (owner != user), "contradicted", "place"),
        (known, "authenticated", "person"),
        (user.is_not_null(), "unknown-account", "account"),
        ((pl.col("d_owner") != pl.col("a_owner")) | owner.is_in(doubtful), "contradicted", "place"),
        (owner.is_not_null(), "mapped", "owner"),
        (pl.col("t_owner_role") == "class", "shared", "owner login"),
        (pl.col("t_class").is_not_null(), "shared", "class"),
        (pl.col("t_username").is_null() & pl.col("t_name").is_not_null(), "shared", "place"),
    ]
    return rows.with_columns(
        pl.coalesce(*[pl.when(case).then(pl.lit(who)) for case, who, _ in cases], pl.lit("address-only")).alias("who"),
        pl.coalesce(*[pl.when(case).then(pl.lit(under)) for case, _, under in cases], pl.lit("place")).alias("under"),
    )


def _subjects(rows: pl.DataFrame) -> pl.DataFrame:
    """The columns of `schema.SUBJECT`, in its order."""
    rows = rows.with_columns(pl.coalesce("device", "a_device").alias("at_device"))
    placeless = pl.col("at_device").is_null() & pl.col("address").is_null()
    place = (
        pl.when(pl.col("at_device").is_not_null())
        .then(pl.lit("device"))
        .when(placeless & pl.col("user").is_not_null())
        .then(pl.lit("account"))
        .otherwise(pl.lit("address"))
    )
    rows = rows.with_columns(pl.col("under").replace_strict(_KIND, default=place, return_dtype=pl.String).alias("kind"))
    rows = rows.with_columns(_of_person("role"), _of_person("year_group"), _class().alias("class"))
    return rows.select(
        (pl.col("kind") + ":" + _key()).alias("subject"),
        pl.col("kind").alias("subject_kind"),
        _name().alias("subject_name"),
        "who",
        "role",
        "year_group",
        "class",
    ).cast(pl.Schema(SUBJECT))


def _of_person(column: str) -> pl.Expr:
    """A column of the people file for the person or class login that the row is filed under, otherwise null."""
    under = pl.col("under")
    return (
        pl.when(under.is_in(["person", "login"]))
        .then(f"p_{column}")
        .when(under.is_in(["owner", "owner login"]))
        .then(f"t_owner_{column}")
        .alias(column)
    )


def _class() -> pl.Expr:
    """The registration class; of a class login its class, or its name; of a place the class that it is tied to."""
    first = _of_person("classes").list.first()
    is_login = pl.col("under").is_in(["login", "owner login"])
    of_place = pl.col("under").is_in(["class", "place"]) & pl.col("t_username").is_null()
    return (
        pl.when(is_login)
        .then(pl.coalesce(first, _of_person("display_name")))
        .when(of_place)
        .then("t_class")
        .otherwise(first)
    )


def _by_kind(values: dict[str, pl.Expr]) -> pl.Expr:
    return pl.coalesce(*[pl.when(pl.col("kind") == kind).then(value) for kind, value in values.items()])


def _key() -> pl.Expr:
    return _by_kind(
        {
            "person": _of_person("username"),
            "class": pl.col("class"),
            "account": pl.col("user"),
            "device": pl.col("at_device"),
            "address": pl.col("address").fill_null("unknown"),
        }
    )


def _name() -> pl.Expr:
    """What a safeguarding lead reads. A label from the device file is left out where a person is tied to it."""
    label = pl.when(pl.col("t_username").is_null()).then(pl.format(" ({})", "t_name")).fill_null("")
    doubt = (
        pl.when(pl.col("who") == "contradicted")
        .then(pl.lit("not confirmed"))
        .when(pl.col("is_listed"))
        .then(pl.lit("not in the people file on that day"))
        .otherwise(pl.lit("not in the people file"))
    )
    login = pl.when(pl.col("under") == "class").then(pl.lit("Class ")).otherwise(pl.lit("Class login "))
    return _by_kind(
        {
            "person": _of_person("display_name"),
            "class": login + pl.col("class"),
            "account": pl.format("Account {} ({})", "user", doubt),
            "device": pl.format("Device {}", pl.col("at_device").str.to_uppercase()) + label,
            "address": pl.format("Address {}", "address").fill_null("Address not in the log") + label,
        }
    )
