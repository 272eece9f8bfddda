"""The people file and the device file, as schools write them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from pipeline.errors import PeopleError
from pipeline.school.roll import DEVICES, PEOPLE, Devices, People, PeopleColumns, load_devices, load_people

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


def write(folder: Path, text: str | bytes, name: str = "file.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def people_of(folder: Path, text: str | bytes, columns: PeopleColumns | None = None) -> People:
    return load_people(write(folder, text), columns or PeopleColumns())


def devices_of(folder: Path, text: str) -> Devices:
    return load_devices(write(folder, text))


def test_people_file_is_read(tmp_path: Path) -> None:
    people = people_of(tmp_path, PEOPLE_CSV)
    assert people.table.schema == PEOPLE
    first = people.table.row(0, named=True)
    assert first == {
        "username": "a.example07",
        "display_name": "Amira Example",
        "role": "pupil",
        "year_group": "9",
        "classes": ["9B", "9B/Co1"],
        "valid_from": None,
        "valid_to": None,
        "line": 2,
    }
    assert people.table["role"].to_list() == ["pupil", "pupil", "staff", "class", "pupil", "pupil", "pupil"]
    assert people.table["valid_to"].to_list()[4] == date(2026, 8, 31)


def test_two_rows_for_one_user_are_an_issue_with_both_lines(tmp_path: Path) -> None:
    people = people_of(tmp_path, PEOPLE_CSV)
    assert people.doubtful == {"twin"}
    assert len(people.issues) == 1
    assert people.issues[0].startswith(f"{tmp_path / 'file.csv'}:8: the same username stands in lines 7 and 8")
    assert "Keep one row" in people.issues[0]


@pytest.mark.parametrize(
    "content",
    [
        "username,display_name\nzoë.example,Zoë Example\n".encode(),
        "\ufeffusername,display_name\r\nzoë.example,Zoë Example\r\n".encode(),
        "username,display_name\nzoë.example,Zoë Example\n".encode("cp1252"),
        "username\tdisplay_name\nzoë.example\tZoë Example\n".encode("utf-16"),
        'User Name;"Display Name"\nzoë.example;"Zoë Example"\n'.encode(),
        "sep=;\nusername;display_name\nzoë.example;Zoë Example\n".encode(),
        "\n\nUSERNAME|DISPLAY-NAME\n\nzoë.example|Zoë Example".encode(),
    ],
    ids=["utf-8", "bom", "cp1252", "utf-16", "semicolons", "sep-line", "bars"],
)
def test_exports_of_many_kinds_are_read(tmp_path: Path, content: bytes) -> None:
    people = people_of(tmp_path, content)
    assert people.table.select("username", "display_name").rows() == [("zoë.example", "Zoë Example")]
    assert not people.issues


def test_columns_have_the_schools_own_names(tmp_path: Path) -> None:
    columns = PeopleColumns(username="UPN", display_name="Known as", classes="Reg")
    people = people_of(tmp_path, "UPN,Known as,Reg\na.example,Amira,9B\n", columns)
    assert people.table.row(0)[:5] == ("a.example", "Amira", None, None, ["9B"])


def test_line_numbers_survive_a_quoted_line_end(tmp_path: Path) -> None:
    people = people_of(tmp_path, 'username,display_name\na,"Amira\nExample"\nb,Ben\n')
    assert people.table.select("display_name", "line").rows() == [("Amira Example", 2), ("Ben", 4)]


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("", 0, "empty"),
        ("user,name\njo,Jo\n", 1, "no column 'username'"),
        ("username,Username\njo,jo\n", 1, "two columns"),
        ('username,display_name\na,A\njo,"Jo\nb,B\n', 3, "badly quoted"),
        ("username,valid_from\njo,12/25/2026\n", 2, "month first"),
        (b"username\n\x81\x8d\n", 0, "not a text file"),
    ],
)
def test_useless_people_files_are_refused_with_place_and_remedy(
    tmp_path: Path, text: str | bytes, line: int, says: str
) -> None:
    with pytest.raises(PeopleError, match=says) as caught:
        people_of(tmp_path, text)
    assert caught.value.line == line
    assert caught.value.remedy


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(PeopleError, match="cannot be read"):
            load_people(path, PeopleColumns())


def test_a_renamed_column_has_to_be_there(tmp_path: Path) -> None:
    with pytest.raises(PeopleError, match="no column 'Klasse'"):
        people_of(tmp_path, "username,classes\njo,9B\n", PeopleColumns(classes="Klasse"))


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (",Jo,,,,,", "user name is missing"),
        ("-,Jo,,,,,", "user name is missing"),
        ("jo,Jo,,,,2026-02-30,", "'2026-02-30' is not a day"),
        ("jo,Jo,,,,soon,", "valid_from is not a date"),
        ("jo,Jo,,,,01/09/26,", "is not a date"),
        ("jo,Jo,,,,2026-09-02,2026-09-01", "lies before"),
        ("jo,Jo,pupil,9,9A,9B,2026-09-01,2026-12-01", "8 cells"),
    ],
)
def test_a_row_of_no_use_is_an_issue_and_the_rest_goes_on(tmp_path: Path, row: str, says: str) -> None:
    header = "username,display_name,role,year_group,classes,valid_from,valid_to\n"
    people = people_of(tmp_path, f"{header}{row}\nben,Ben,,,,,\n")
    assert people.table["username"].to_list() == ["ben"]
    assert len(people.issues) == 1
    assert says in people.issues[0]
    assert people.issues[0].startswith(f"{tmp_path / 'file.csv'}:2: ")


def test_a_role_that_is_not_known_is_said_once(tmp_path: Path) -> None:
    people = people_of(tmp_path, "username,role\na,Wizard\nb,Wizard\nc,staff\n")
    assert people.table["role"].to_list() == [None, None, "staff"]
    assert people.issues == (
        f"{tmp_path / 'file.csv'}:2: the role here is not known (2 rows). Roles are: pupil, staff, class, visitor.",
    )


def test_a_left_over_column_is_said_when_one_is_missing(tmp_path: Path) -> None:
    assert "not used: 'Type'" in people_of(tmp_path, "username,display_name,year group,classes,Type\n").issues[0]
    full = "username,display_name,role,year_group,classes,House\n"
    assert not people_of(tmp_path, full).issues


# ---------------------------------------------------------------- the device file


def test_device_file_is_read(tmp_path: Path) -> None:
    devices = devices_of(tmp_path, DEVICES_CSV)
    assert not devices.issues
    assert devices.table.schema == DEVICES
    assert devices.table["device"].to_list()[:2] == ["lap-1", "lap-2"]
    assert devices.table["username"].to_list()[1] == "b.example07"
    assert devices.table["address"].to_list()[-1] == "2001:db8::7"


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (",,jo,,", "neither a device nor an address"),
        ("LAP-9,,,,", "the row says nothing"),
        (",10.0.3.300,jo,,", "neither an address nor a range"),
        (",10.0.3.7/24,jo,,", "neither an address nor a range"),
    ],
)
def test_a_device_row_of_no_use_is_an_issue(tmp_path: Path, row: str, says: str) -> None:
    devices = devices_of(tmp_path, f"device,address,username,class,name\n{row}\nPC-1,,,9B,\n")
    assert devices.table["device"].to_list() == ["pc-1"]
    assert says in devices.issues[0]
    assert ":2: " in devices.issues[0]


def test_two_owners_of_one_device_count_for_nothing(tmp_path: Path) -> None:
    devices = devices_of(tmp_path, "device,address,username\nLAP-1,,a\nlap-1,,b\nLAP-2,10.0.0.2,a\nLAP-3,10.0.0.2,b\n")
    assert [issue.split(": ")[1].split(" for ")[0] for issue in devices.issues] == [
        "the same device stands in lines 2 and 3",
        "the same address stands in lines 4 and 5",
    ]
    assert devices.table.select("device", "address", "username").rows() == [("lap-2", None, "a"), ("lap-3", None, "b")]


def test_one_device_may_have_two_addresses(tmp_path: Path) -> None:
    devices = devices_of(tmp_path, "device,address,username\nLAP-1,10.0.0.1,a\nLAP-1,10.0.0.2,a\n")
    assert not devices.issues
    assert devices.table.height == 2


def test_strange_columns_of_the_device_file_are_said(tmp_path: Path) -> None:
    assert "'owner'" in devices_of(tmp_path, "device,owner\n").issues[0]
    with pytest.raises(PeopleError, match="neither a column"):
        devices_of(tmp_path, "pc,username\nLAP-1,jo\n")


@pytest.mark.parametrize(
    "text",
    [
        "username,display_name\nalice.victim,Alice Victim\nalice.victim,Alice Other\n",
        "username,role\nx,Alice Victim\ny,Alice Victim\n",
        "username,valid_from,valid_to\nx,alice.victim,\ny,,alice.victim\n",
    ],
)
def test_an_issue_names_lines_and_no_person(tmp_path: Path, text: str) -> None:
    issues = " ".join(people_of(tmp_path, text).issues)
    assert ":2: " in issues or "lines 2 and 3" in issues
    assert "alice" not in issues.lower()


def test_a_file_without_a_header_gives_nobody_away(tmp_path: Path) -> None:
    with pytest.raises(PeopleError) as caught:
        people_of(tmp_path, "alice.victim,Alice Victim\n")
    assert "alice" not in str(caught.value).lower()


def test_an_issue_of_the_device_file_names_no_account_and_no_address(tmp_path: Path) -> None:
    rows = "amiras-pc,10.0.0.2,alice\namiras-pc,10.0.0.2,ben\nx,10.0.0.300,alice\nPC-1,10.0.0.9,a\nPC-2,10.0.0.9,b\n"
    issues = " ".join(devices_of(tmp_path, f"device,address,username\n{rows}").issues)
    assert "lines 5 and 6" in issues
    assert not any(secret in issues for secret in ("amiras", "alice", "10.0.0.2", "10.0.0.9", "10.0.0.300"))
