"""What is made from the lake day by day: counts that add up, only of days that changed, never of what is gone."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from pipeline import lake
from pipeline.daily import derive, drafts
from pipeline.daily.counts import quarters
from pipeline.schema import ACTIVE, BECAME, COVERAGE, DRAFTS, FACTS, USER_COUNTS
from tests.made_night import NINE, School, derived_bytes, later, made_log, search, squid

DAY = 86_400.0
KINDS = {
    "facts": FACTS, "active": ACTIVE, "coverage": COVERAGE, "user_counts": USER_COUNTS, "drafts": DRAFTS,
    "became": BECAME,
}  # fmt: skip


@pytest.fixture
def school(tmp_path: Path) -> School:
    return School(tmp_path).made()


def kept(school: School, kind: str) -> pl.DataFrame:
    return lake.read_days(school.lake, kind, KINDS[kind])


def files(school: School, kind: str) -> list[str]:
    return sorted(path.stem for path in (school.store / "days" / kind).glob("*.parquet"))


def total(school: School, kind: str) -> int:
    table = kept(school, kind)
    return int((table.filter(category="") if "category" in table.columns else table)["events"].sum())


def test_every_count_adds_up_to_the_events_of_the_lake(school: School) -> None:
    school.log("one", made_log(300))
    school.log("two", made_log(300, seed=2, start=15 * 3600 - 150))
    school.log("three", made_log(50, seed=3, start=3 * DAY))
    school.derived(later(4))
    events = school.table("events")
    assert total(school, "facts") == total(school, "user_counts") == total(school, "coverage") == events.height
    # From nine in the morning fifteen hours lead over midnight.
    assert files(school, "facts") == ["2026-11-10", "2026-11-11", "2026-11-13"]
    users = events.group_by(pl.col("ts").dt.date().alias("day")).agg(pl.col("user").n_unique())
    active = kept(school, "active").group_by("day").agg(pl.col("users").sum())
    assert sorted(users.rows()) == sorted(active.rows())
    flagged = school.table("hits").join(school.table("hit_events"), on="event_id")
    expected = flagged.select("event_id", "category").unique().group_by("category").len()
    counted = kept(school, "facts").filter(pl.col("category") != "").group_by("category").agg(pl.col("events").sum())
    assert sorted(counted.rows()) == sorted(expected.rows())
    verdicts = kept(school, "facts").filter(category="").group_by("verdict", "kind").agg(pl.col("events").sum())
    assert verdicts["events"].sum() == events.height


def test_facts_name_nobody(school: School) -> None:
    school.log("one", made_log(100))
    school.derived()
    raw = b"".join(
        content
        for name, content in derived_bytes(school).items()
        if not re.match("user_counts|drafts|became|site_verdicts", name)
    )
    assert b".example" not in raw
    assert "user" not in FACTS
    assert "subject" not in FACTS
    # Parquet may pack; so the values too.
    for kind in ("facts", "active", "coverage"):
        assert "example" not in str(kept(school, kind).rows())


def test_only_days_that_changed_are_made_again(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    school.log("monday", squid(0) + squid(DAY))
    school.derived(later(1))
    made: list[tuple[str, date]] = []
    really = lake.replace_day

    def noted(place: Any, kind: str, day: date, *rest: Any) -> None:
        made.append((kind, day))
        really(place, kind, day, *rest)

    monkeypatch.setattr(lake, "replace_day", noted)
    school.derived(later(1))
    assert made == []
    school.log("tuesday", squid(DAY + 60, search("blue lobster")))
    school.derived(later(2))
    assert {day for _, day in made} == {date(2026, 11, 11)}


def test_days_are_made_in_turn_so_that_memory_does_not_grow_with_their_number(
    school: School, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = "".join(made_log(60, seed=number, start=number * DAY) for number in range(4))
    whole = School(tmp_path / "whole").made()
    whole.log("access.log", log)
    whole.derived(later(5))
    together: list[int] = []
    really = drafts.draft

    def noted(place: Any, units: list[str], days: list[date], *rest: Any) -> drafts.Drafted:
        together.append(len(days))
        return really(place, units, days, *rest)

    monkeypatch.setattr(derive, "draft", noted)
    monkeypatch.setattr(derive, "MOST_EVENTS", 130)
    school.log("access.log", log)
    school.derived(later(5))
    assert together == [2, 2]
    assert derived_bytes(school) == derived_bytes(whole)


def test_counts_that_failed_are_made_the_next_night_and_no_draft_comes_twice(
    school: School, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = made_log(60) + squid(120, search("blue lobster"))
    whole = School(tmp_path / "whole").made()
    for each in (whole, school):
        each.log("access.log", log)
    expected = whole.night().casebook
    with monkeypatch.context() as broken:
        broken.setattr(derive, "count", lambda *_: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            school.night()
    assert kept(school, "drafts").height == expected["new"] > 0
    found = school.night().casebook
    assert (found["new"], found["known"], found["actions"]) == (0, expected["new"], expected["actions"])
    assert derived_bytes(school) == derived_bytes(whole)


def test_late_lines_join_a_day_of_which_a_category_has_been_taken_out(school: School) -> None:
    school.log("log0", squid(0, search("paper crane"), "b.example"))
    school.derived()
    (school.folder / "lists" / "cranes.toml").unlink()
    school.log("log1", squid(60, search("blue lobster"), "b.example"))
    school.derived(later(1))
    assert school.drafts()["category"].to_list() == ["lobsters"]
    assert dict(kept(school, "became").select("became", "hits").iter_rows()) == {"drafted": 1, "below": 1}


def test_late_lines_join_their_day(school: School, tmp_path: Path) -> None:
    words = [search("blue lobster one"), search("blue lobster two"), search("paper crane")]
    lines = [squid(600 * n, url) for n, url in enumerate(words)]
    for number in (1, 2, 0):
        school.log(f"log{number}", lines[number])
        school.derived(later(number))
    whole = School(tmp_path / "whole").made()
    for number in range(3):
        whole.log(f"log{number}", lines[number])
    whole.derived()
    assert derived_bytes(school) == derived_bytes(whole)


def test_a_draft_is_shown_again_only_when_late_evidence_adds_to_it(school: School) -> None:
    school.log("one", squid(0, search("blue lobster")))
    assert school.night().drafts == {"urgent": 1}
    assert school.night(later(1)).drafts == {}
    school.log("two", squid(5, search("a page of no concern")))
    assert school.night(later(2)).drafts == {}
    school.log("three", squid(60, search("another blue lobster")))
    assert school.night(later(3)).drafts == {"urgent": 1}
    assert school.night(later(4)).drafts == {}


def test_what_is_deleted_is_not_counted_away(school: School) -> None:
    school.config.write_text(school.config.read_text("utf-8") + "\n[retention]\nevents_days = 30\n", "utf-8")
    school.log("old", made_log(60))
    school.night()
    before = kept(school, "facts").rows()
    school.night(later(40))
    assert school.table("events").is_empty()
    assert list((school.store / "lake").iterdir()) == []
    assert kept(school, "facts").rows() == before
    # The file is still there: it is known, and not read again.
    assert [each.status for each in school.night(later(41)).files] == ["unchanged"]
    # Lines that come for that day now are kept out of its counts, and that is said once.
    school.log("late", squid(7200))
    record = school.night(later(42))
    assert "2026-11-10: events came late, after those of the day had been deleted" in record.all_issues[0]
    assert record.exit_code == 2
    assert kept(school, "facts").rows() == before
    assert school.night(later(43)).all_issues == []


def test_a_day_that_nothing_lies_on_any_more_is_made_of_nothing(tmp_path: Path) -> None:
    tables = (
        '[[source]]\nname = "exports"\nfiles = ["logs/*"]\nformat = "csv"\ndate_order = "dmy"\n'
        '[source.columns]\nts = "Time"\nuser_raw = "User"\ntyped_text = "Text"\n'
    )
    wrong = School(tmp_path, tables).made()
    wrong.log("a.csv", "Time,User,Text\n03/04/2026 10:00:00,a.example,blue lobster\n")
    assert wrong.night().drafts == {"urgent": 1}
    right = School(tmp_path, tables.replace('"dmy"', '"mdy"')).made()
    assert right.night(later(1)).drafts == {"urgent": 1}
    for number in (1, 2):
        assert kept(right, "facts").filter(category="")["day"].to_list() == [date(2026, 3, 4)]
        assert kept(right, "drafts")["day"].to_list() == [date(2026, 3, 4)]
        assert right.night(later(1 + number)).drafts == {}
    # The old days are empty files, and are not made again.
    assert files(right, "facts") == ["2026-03-04", "2026-04-03"]
    before = derived_bytes(right)
    right.night(later(4))
    assert derived_bytes(right) == before


@pytest.mark.parametrize("zone", ["Europe/London", "UTC", "Asia/Kathmandu", "America/St_Johns", "Pacific/Chatham"])
def test_quarters_of_an_hour_make_up_a_day(zone: str) -> None:
    days = [date(2026, 3, 29), date(2026, 10, 25), date(2026, 11, 10)]
    table = quarters(days, ZoneInfo(zone))
    assert table["quarter"].n_unique() == table.height
    for quarter, day, hour in table.iter_rows():
        here = datetime.fromtimestamp(quarter * 900, UTC).astimezone(ZoneInfo(zone))
        assert (here.date(), here.hour) == (day, hour)
    lengths = dict(table.group_by("day").len().iter_rows())
    assert lengths[date(2026, 11, 10)] == 96
    if zone == "Europe/London":
        assert lengths == {days[0]: 92, days[1]: 100, days[2]: 96}


@pytest.mark.parametrize("zone", ["Europe/London", "Asia/Tokyo", "America/New_York"])
@pytest.mark.parametrize("hours", [0, 4])
def test_the_local_days_of_a_utc_day_hold_all_its_moments(zone: str, hours: int) -> None:
    for day in (date(2026, 3, 29), date(2026, 7, 1), date(2026, 10, 25)):
        found = derive._local_days(day, ZoneInfo(zone), timedelta(hours=hours))
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
        for minutes in range(0, 24 * 60, 15):
            here = (midnight + timedelta(minutes=minutes)).astimezone(ZoneInfo(zone))
            assert (here.replace(tzinfo=None) - timedelta(hours=hours)).date() in found


def test_events_long_ago_and_far_ahead_are_counted_on_their_days(school: School) -> None:
    epoch = f"{0:010}.000"
    end = "9999999999.999"
    line = squid(0)
    school.log(
        "odd", line.replace(f"{NINE.timestamp():.3f}", epoch) + line.replace(f"{NINE.timestamp():.3f}", end) + line
    )
    record = school.derived()
    assert record.files[0].events == 3
    days = kept(school, "facts")["day"].unique().sort().to_list()
    assert days == [date(1970, 1, 1), date(2026, 11, 10), date(2286, 11, 20)]
