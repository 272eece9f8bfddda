"""What is read again in another way: sources declared anew or renamed, exports that overlap; each line stays one."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.output.record import FileRecord
from tests.effort import tries
from tests.made_night import NINE, School, later, made_log, search, squid
from tests.test_reading import EXPORTS, HEADER, by_name, counts


@pytest.fixture
def school(tmp_path: Path) -> School:
    return School(tmp_path).made()


# ---------------------------------------------------------------- declared anew


def test_a_log_is_read_anew_when_its_source_is_declared_anew(tmp_path: Path) -> None:
    wrong = School(tmp_path, '[[source]]\nname = "filter"\nfiles = ["logs/*"]\nformat = "fortigate"\n').made()
    wrong.log("access.log", made_log(100) + squid(200, search("blue lobster")))
    record = wrong.night()
    assert counts(record)["access.log"] == ("read", 101, 0, 101)
    assert "correct the format of the source" in record.all_issues[0]
    right = School(tmp_path).made()
    record = right.night(later(1))
    assert by_name(record)["access.log"].events > 90
    assert record.drafts["urgent"] >= 1
    assert len(right.lines()) == len(set(right.lines())) == 101
    assert counts(right.night(later(2)))["access.log"][0] == "unchanged"
    # To name what was recognised anyway changes nothing.
    auto = School(tmp_path, right.tables.replace('"squid"', '"auto"')).made()
    assert counts(auto.night(later(3)))["access.log"][0] == "unchanged"


def test_a_declaration_that_is_taken_back_is_read_back(tmp_path: Path) -> None:
    school = School(tmp_path, EXPORTS).made()
    school.log("a.csv", HEADER + "10/11/2026 09:00:00,a.example,word\n")
    for number, order in enumerate(("dmy", "mdy", "dmy")):
        changed = School(tmp_path, EXPORTS.replace('"dmy"', f'"{order}"')).made()
        changed.read(later(number))
        (ts,) = changed.table("events")["ts"].to_list()
        assert (ts.month, ts.day) == ((11, 10) if order == "dmy" else (10, 11))


def test_a_source_renamed_and_then_declared_anew_is_read_once(school: School) -> None:
    school.log("access.log", squid(0))
    school.read()
    renamed = School(school.folder, school.tables.replace('"filter"', '"proxy"')).made()
    school.log("access.log", squid(0) + squid(1))
    renamed.read(later(1))
    anew = School(school.folder, renamed.tables + 'timezone = "UTC"\n').made()
    assert counts(anew.read(later(2)))["access.log"] == ("read", 2, 2, 0)
    assert anew.table("events").select("source", "line").sort("line").rows() == [("proxy", 1), ("proxy", 2)]
    assert counts(anew.read(later(3)))["access.log"][0] == "unchanged"


# ---------------------------------------------------------------- overlapping exports


def shared(school: School) -> list[str]:
    """Two exports that have all lines but one each in common; the texts of both."""
    rows = [f"03/04/2026 10:0{n}:00,a.example,word {n}\n" for n in range(5)]
    school.log("a.csv", HEADER + "".join(rows) + "03/04/2026 11:00:00,a.example,only a\n")
    school.log("b.csv", HEADER + "".join(rows[::-1]) + "03/04/2026 11:00:00,a.example,only b\n")
    return sorted([*(f"word {n}" for n in range(5)), "only a", "only b"])


def texts(school: School) -> list[str]:
    return sorted(school.table("events")["typed_text"].to_list())


def test_lines_that_exports_share_outlive_a_new_declaration(tmp_path: Path) -> None:
    school = School(tmp_path, EXPORTS).made()
    expected = shared(school)
    school.night()
    assert texts(school) == expected
    anew = School(tmp_path, EXPORTS.replace('"dmy"', '"mdy"')).made()
    for number in (1, 2):
        anew.night(later(number))
        assert texts(anew) == expected
        assert {ts.month for ts in anew.table("events")["ts"].to_list()} == {3}


def test_lines_that_exports_share_stay_one_event_when_their_source_is_renamed(tmp_path: Path) -> None:
    school = School(tmp_path, EXPORTS).made()
    expected = shared(school)
    school.read()
    # One of the known files is gone; the next export repeats what it held.
    (tmp_path / "logs" / "a.csv").unlink()
    renamed = School(tmp_path, EXPORTS.replace('"exports"', '"monitor"')).made()
    renamed.log("c.csv", HEADER + "03/04/2026 12:00:00,a.example,only c\n03/04/2026 11:00:00,a.example,only a\n")
    for number in (1, 2):
        renamed.read(later(number))
        assert texts(renamed) == sorted([*expected, "only c"])


def test_of_overlapping_exports_each_line_is_one_event(tmp_path: Path) -> None:
    rows = [f"10/11/2026 09:00:{n:02},a.example,blue lobster {n}\n" for n in range(8)]
    school = School(tmp_path, EXPORTS).made()
    school.log("monday.csv", HEADER + "".join(rows[:4]) + rows[3])
    school.night()
    school.log("tuesday.csv", HEADER + "".join(rows[2:7]) + rows[6])
    record = school.night(later(1))
    assert by_name(record)["tuesday.csv"].skips == {"header": 1, "duplicate-line": 2}
    assert by_name(record)["tuesday.csv"].events == 4
    texts = school.table("events")["typed_text"].to_list()
    assert sorted(text[-1] for text in texts) == ["0", "1", "2", "3", "3", "4", "5", "6", "6"]
    dry = School(tmp_path / "dry", EXPORTS).made()
    dry.log("a.csv", HEADER + "".join(rows[:4]))
    dry.log("b.csv", HEADER + "".join(rows[2:7]))
    assert sum((each.skips for each in dry.night(dry_run=True).files), start=FileRecord("", "").skips) == {
        "header": 2, "duplicate-line": 2,
    }  # fmt: skip


@settings(max_examples=tries(8))
@given(st.lists(st.lists(st.integers(0, 3), max_size=6), min_size=1, max_size=3))
def test_a_line_counts_as_often_as_in_the_export_that_has_it_most(
    tmp_path_factory: pytest.TempPathFactory, exports: list[list[int]]
) -> None:
    school = School(tmp_path_factory.mktemp("overlap"), EXPORTS).made()
    for number, rows in enumerate(exports):
        # A first row of its own, so that no export looks like the beginning of another.
        own = f"10/11/2026 08:00:0{number},x,own\n"
        school.log(f"{number}.csv", HEADER + own + "".join(f"10/11/2026 09:00:0{row},a,word\n" for row in rows))
    school.read()
    events = school.table("events").filter(typed_text="word")
    for row in range(4):
        assert events.filter(ts=NINE + timedelta(seconds=row)).height == max(each.count(row) for each in exports)
