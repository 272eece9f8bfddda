"""Retention: what names people goes after the days that the school keeps it, whatever times the lines hold."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from pipeline.errors import StoreError
from pipeline.store.ledgerfile import opened_ledger
from reports.publish import units_table
from tests.made_night import School, later, search, squid

FAR = 3 * 365 * 86_400


@pytest.fixture
def school(tmp_path: Path) -> School:
    made = School(tmp_path).made()
    made.config.write_text(made.config.read_text("utf-8") + "\n[retention]\nevents_days = 30\n", "utf-8")
    return made


def units(school: School) -> int:
    return len(list((school.store / "lake").iterdir()))


def drafts(school: School) -> list[str]:
    return sorted(path.stem for path in (school.store / "days" / "drafts").iterdir())


def reports(school: School) -> Path:
    return school.store.parent / "reports"


def test_lines_that_could_not_be_read_go_as_well(school: School) -> None:
    # The first line shows the format; what comes later makes a unit of rejects alone.
    school.log("log", made := squid(0))
    school.night()
    school.log("log", made + "".join(f"alice.example no such line {n}\n" for n in range(3)))
    record = school.night(later(1))
    assert [(each.events, each.rejects) for each in record.files] == [(0, 3)]
    assert units(school) == 2
    school.night(later(30))
    assert units(school) == 1
    school.night(later(40))
    assert units(school) == 0


def test_one_line_from_the_future_keeps_nothing(school: School) -> None:
    school.log("log", squid(0, search("blue lobster")) + squid(FAR, search("blue lobster")))
    school.night()
    assert {day[:4] for day in drafts(school)} == {"2026", "2029"}
    school.night(later(20))
    assert (units(school), {day[:4] for day in drafts(school)}) == (1, {"2026", "2029"})
    school.night(later(40))
    assert (units(school), drafts(school)) == (0, [])
    assert [list((school.store / "days" / kind).iterdir()) for kind in ("user_counts", "became")] == [[], []]
    assert list((school.store / "days" / "facts").iterdir()) != []


def test_a_night_in_the_past_lets_nothing_go(school: School) -> None:
    school.log("log", squid(0, search("blue lobster")))
    school.night()
    school.night(later(-60))
    assert units(school) == 1


def test_pages_that_name_people_go_and_the_others_stay(school: School) -> None:
    school.log("log", squid(0, search("blue lobster")))
    school.night()
    first = next(path for path in reports(school).iterdir() if path.is_dir())
    assert {path.name for path in first.iterdir()} == {"digest.html", "governors.html", "run.json", "unknown-users.csv"}
    school.night(later(29))
    assert (first / "digest.html").exists()
    school.night(later(40))
    assert {path.name for path in first.iterdir()} == {"governors.html", "run.json"}
    index = (reports(school) / "index.html").read_text("utf-8")
    assert f"{first.name}/governors.html" in index
    assert f"{first.name}/digest.html" not in index


def test_half_pages_of_a_killed_run_are_cleared(school: School) -> None:
    school.log("log", squid(0))
    school.night()
    first = next(path for path in reports(school).iterdir() if path.is_dir())
    left = [first / ".digest.html.0123456789abcdef.tmp", first / ".unknown-users.csv.new"]
    kept = [first / ".somebody-elses.tmp", reports(school) / "notes.tmp"]
    for path in (*left, *kept):
        path.write_text("x", "utf-8")
    school.night(later(1))
    assert not any(path.exists() for path in left)
    assert all(path.exists() for path in kept)


def test_a_damaged_day_is_not_told_as_a_page_that_cannot_be_written(school: School) -> None:
    school.log("log", squid(0))
    school.night()
    [facts] = (school.store / "days" / "facts").iterdir()
    facts.write_bytes(b"PAR1 damaged PAR1")
    with pytest.raises(StoreError, match="it is damaged") as caught:
        school.night(later(1))
    assert str(caught.value).startswith(f"{facts}: ")


def test_a_log_of_rejects_alone_counts_for_the_governors_on_the_day_it_was_read(school: School) -> None:
    school.log("log", made := squid(0))
    school.night()
    school.log("log", made + "no such line\n" * 7)
    school.night(later(1))
    with opened_ledger(school.store, date(2026, 11, 14)) as ledger:
        table = units_table(ledger, ZoneInfo("Europe/London"), date(2026, 9, 1), date(2026, 11, 14))
        late = units_table(ledger, ZoneInfo("Europe/London"), date(2026, 11, 14), date(2026, 11, 14))
    assert sorted(table.select("rejects").to_series().to_list()) == [0, 7]
    assert table.filter(table["rejects"] == 7)["day"].to_list() == [date(2026, 11, 12)]
    assert late["rejects"].to_list() == [0]
