"""Who it was, and how surely the log says so."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import schema
from pipeline.people import Devices, People, PeopleColumns, load_devices, load_people, resolve, with_classes
from tests.effort import tries

DAY = date(2026, 11, 9)
SEEN = pl.Schema(
    {"user": pl.String, "client_ip": pl.String, "device": pl.String, "day": pl.Date, "challenge": pl.Boolean}
)

PEOPLE_CSV = """username,display_name,role,year_group,classes,valid_from,valid_to
a.example07,Amira Example,pupil,Year 9,9B; 9B/Co1,,
b.example07,Ben Example,pupil,9,9B,2026-09-01,
s.example,Sam Example,Teacher,,,,
class9b,Class 9B,class login,9,9B,,
old.one,Olga Example,pupil,11,11A,,31/08/2026
twin,Tia Example,pupil,7,7A,,
PUPILS\\twin,Tom Example,pupil,8,8A,,
"""
DEVICES_CSV = """device,address,username,class,name,valid_from,valid_to
LAP-1,,a.example07,,Amira's laptop,,
LAP-2,10.0.9.9,EXAMPLE\\b.example07,,,,
LAP-T,,twin,,,,
LIB-07,,,,Library,,
TROLLEY-3,,,9B,,,
,10.0.3.0/24,,9B,,,
,10.0.3.7,,,ICT office,,
,10.0.4.4,class9b,,,,
,10.0.5.5,old.one,,,,
,2001:DB8:0::7,s.example,,,,
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "file.csv"
    path.write_text(text, encoding="utf-8")
    return path


def people_of(folder: Path, text: str) -> People:
    return load_people(write(folder, text), PeopleColumns())


def devices_of(folder: Path, text: str) -> Devices:
    return load_devices(write(folder, text))


def test_rows_that_follow_one_another_are_no_doubt(tmp_path: Path) -> None:
    text = "username,display_name,valid_from,valid_to\njo,Jo Elder,,2026-08-31\njo,Jo Younger,2026-09-01,\n"
    people = people_of(tmp_path, text)
    assert not people.doubtful
    assert not people.issues
    rows = [("jo", None, None, day, False) for day in (date(2026, 8, 31), date(2026, 9, 1))]
    resolved = resolve(pl.DataFrame(rows, schema=SEEN, orient="row"), people, Devices())
    assert resolved["subject_name"].to_list() == ["Jo Elder", "Jo Younger"]


def test_a_row_that_stands_twice_is_no_doubt(tmp_path: Path) -> None:
    people = people_of(tmp_path, "username,display_name\njo,Jo Example\njo,Jo Example\n")
    assert not people.doubtful
    assert "count once" in people.issues[0]
    resolved = resolve(pl.DataFrame([("jo", None, None, DAY, False)], schema=SEEN, orient="row"), people, Devices())
    assert resolved["who"].to_list() == ["authenticated"]


Case = tuple[str | None, str | None, str | None, bool | None]
AMIRA = ("person:a.example07", "person", "Amira Example", "pupil", "9", "9B")
BEN = ("person:b.example07", "person", "Ben Example", "pupil", "9", "9B")


def nobody(kind: str, key: str, name: str, of: str | None = None) -> tuple[str | None, ...]:
    return (f"{kind}:{key}", kind, name, None, None, of)


@pytest.mark.parametrize(
    ("case", "who", "subject"),
    [
        (("a.example07", "10.0.1.1", None, False), "authenticated", AMIRA),
        (("a.example07", None, "LAP-1", None), "authenticated", AMIRA),
        (("b.example07", "10.0.3.9", "LIB-07", False), "authenticated", BEN),
        # The device counts before its address.
        (("a.example07", "10.0.9.9", "LAP-1", False), "authenticated", AMIRA),
        (("class9b", "10.0.9.9", None, False), "shared", ("class:9B", "class", "Class login 9B", "class", "9", "9B")),
        (
            ("jsm", "10.0.1.1", "LAP-1", False),
            "unknown-account",
            nobody("account", "jsm", "Account jsm (not in the people file)"),
        ),
        (
            ("old.one", None, None, False),
            "unknown-account",
            nobody("account", "old.one", "Account old.one (not in the people file on that day)"),
        ),
        ((None, "10.0.1.1", " Lap-1 ", False), "mapped", AMIRA),
        ((None, "10.0.9.9", None, True), "mapped", BEN),
        ((None, "::ffff:10.0.9.9", "UNHEARD-OF", False), "mapped", BEN),
        (
            (None, "2001:0db8::0007", None, False),
            "mapped",
            ("person:s.example", "person", "Sam Example", "staff", None, None),
        ),
        ((None, "10.0.4.4", None, False), "shared", ("class:9B", "class", "Class login 9B", "class", "9", "9B")),
        ((None, "10.0.3.9", None, False), "shared", nobody("class", "9B", "Class 9B", "9B")),
        ((None, None, "trolley-3", False), "shared", nobody("class", "9B", "Class 9B", "9B")),
        ((None, "10.0.9.9", "LIB-07", False), "shared", nobody("device", "lib-07", "Device LIB-07 (Library)")),
        # The one address counts before the range that holds it.
        ((None, "10.0.3.7", None, False), "shared", nobody("address", "10.0.3.7", "Address 10.0.3.7 (ICT office)")),
        ((None, "10.0.1.1", "PC-X", False), "address-only", nobody("device", "pc-x", "Device PC-X")),
        ((None, "10.0.1.1", None, False), "address-only", nobody("address", "10.0.1.1", "Address 10.0.1.1")),
        (("", "", "", None), "address-only", nobody("address", "unknown", "Address not in the log")),
        # The owner has left.
        ((None, "10.0.5.5", None, False), "address-only", nobody("address", "10.0.5.5", "Address 10.0.5.5")),
        # Nobody has answered the challenge yet.
        (("a.example07", "10.0.1.1", "LAP-1", True), "contradicted", nobody("device", "lap-1", "Device LAP-1")),
        (("a.example07", "10.0.1.1", None, True), "contradicted", nobody("address", "10.0.1.1", "Address 10.0.1.1")),
        (
            ("a.example07", None, None, True),
            "contradicted",
            nobody("account", "a.example07", "Account a.example07 (not confirmed)"),
        ),
        (("jsm", "10.0.1.1", None, True), "contradicted", nobody("address", "10.0.1.1", "Address 10.0.1.1")),
        # Another person's device, another person's address.
        (("b.example07", "10.0.1.1", "LAP-1", False), "contradicted", nobody("device", "lap-1", "Device LAP-1")),
        (("s.example", "10.0.9.9", None, False), "contradicted", nobody("device", "lap-2", "Device LAP-2")),
        ((None, "10.0.9.9", "LAP-1", False), "contradicted", nobody("device", "lap-1", "Device LAP-1")),
        # Two rows in the people file.
        (("twin", "10.0.1.1", None, False), "contradicted", nobody("address", "10.0.1.1", "Address 10.0.1.1")),
        ((None, "10.0.1.1", "LAP-T", False), "contradicted", nobody("device", "lap-t", "Device LAP-T")),
        (("a.example07", "10.0.1.1", "LAP-T", False), "contradicted", nobody("device", "lap-t", "Device LAP-T")),
    ],
)
def test_who_it_was(tmp_path: Path, case: Case, who: str, subject: tuple[str | None, ...]) -> None:
    people, devices = people_of(tmp_path, PEOPLE_CSV), devices_of(tmp_path, DEVICES_CSV)
    seen = pl.DataFrame([(*case[:3], DAY, case[3])], schema=SEEN, orient="row")
    resolved = resolve(seen, people, devices)
    key, kind, name, role, year, of = subject
    assert resolved.row(0)[5:] == (key, kind, name, who, role, year, of)


def test_validity_counts_on_its_first_and_last_day(tmp_path: Path) -> None:
    people = people_of(tmp_path, "username,valid_from,valid_to\njo,2026-09-01,2026-09-03\n")
    devices = devices_of(tmp_path, "device,username,valid_to\nLAP-1,jo,2026-09-02\n")
    days: list[date | None] = [date(2026, 8, 31), *[date(2026, 9, day) for day in (1, 2, 3, 4)], None]
    rows = [("jo", None, None, day, False) for day in days] + [(None, None, "LAP-1", day, False) for day in days]
    who = resolve(pl.DataFrame(rows, schema=SEEN, orient="row"), people, devices)["who"].to_list()
    assert who[:6] == ["unknown-account", *["authenticated"] * 3, "unknown-account", "unknown-account"]
    assert who[6:] == ["address-only", "mapped", "mapped", "address-only", "address-only", "address-only"]


def test_without_any_file_everybody_is_an_account_or_an_address() -> None:
    rows = [("jo", "10.0.0.1", None, DAY, False), (None, "10.0.0.1", None, DAY, False)]
    resolved = resolve(pl.DataFrame(rows, schema=SEEN, orient="row"), People(), Devices())
    assert resolved["who"].to_list() == ["unknown-account", "address-only"]


def test_all_classes_of_a_subject(tmp_path: Path) -> None:
    people, devices = people_of(tmp_path, PEOPLE_CSV), devices_of(tmp_path, DEVICES_CSV)
    rows = [("a.example07", None, None), ("class9b", None, None), ("jsm", None, None), (None, "10.0.3.9", None)]
    seen = pl.DataFrame([(*row, DAY, False) for row in rows], schema=SEEN, orient="row")
    resolved = with_classes(resolve(seen, people, devices), people)
    assert resolved["classes"].to_list() == [["9B", "9B/Co1"], ["9B"], [], ["9B"]]


ROWS = st.lists(
    st.tuples(
        st.sampled_from([None, "", "a.example07", "b.example07", "class9b", "jsm", "twin", "old.one"]),
        st.sampled_from([None, "", "10.0.1.1", "10.0.3.7", "10.0.3.9", "10.0.9.9", "10.0.4.4", "pc", "2001:db8::7"]),
        st.sampled_from([None, "", "LAP-1", "lap-2", "LIB-07", "TROLLEY-3", "PC-X", "LAP-T"]),
        st.sampled_from([None, DAY, date(2026, 8, 1)]),
        st.sampled_from([None, True, False]),
    ),
    max_size=12,
)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[People, Devices]:
    folder = tmp_path_factory.mktemp("school")
    return people_of(folder, PEOPLE_CSV), devices_of(folder, DEVICES_CSV)


@given(rows=ROWS)
@settings(max_examples=tries(30), deadline=None)
def test_one_row_in_one_row_out_and_no_name_below_mapped(
    files: tuple[People, Devices], rows: list[tuple[str | None, str | None, str | None, date | None, bool | None]]
) -> None:
    people, devices = files
    seen = pl.DataFrame(rows, schema=SEEN, orient="row").with_columns(pl.Series("more", range(len(rows)), pl.Int64))
    resolved = resolve(seen, people, devices)
    assert resolved.select(seen.columns).equals(seen)
    assert resolved.columns == [*seen.columns, *schema.SUBJECT]
    assert resolved["subject"].null_count() == resolved["subject_name"].null_count() == 0
    assert set(resolved["who"]) <= set(schema.WHO_GRADES)
    assert set(resolved["subject_kind"]) <= set(schema.SUBJECT_KINDS)
    named = resolved.filter(pl.col("subject_kind") == "person")
    assert set(named["who"]) <= {"authenticated", "mapped"}
    unnamed = resolved.filter(pl.col("subject_kind") != "person")
    names = people.table.filter(pl.col("role") != "class")["display_name"].to_list()
    assert not [name for name in names for text in unnamed["subject_name"] if name.split()[0] in text]
    # A row alone resolves as it does among others.
    for at in range(len(rows)):
        assert resolve(seen[at], people, devices).row(0) == resolved.row(at)
