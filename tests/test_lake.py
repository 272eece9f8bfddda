"""The lake: a unit and a day are there whole or not at all, whatever stops the writing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipeline import lake, schema
from pipeline.errors import StoreError
from pipeline.lake import EventsWriter, Lake

DAY = date(2026, 11, 10)
ORIGIN = {"site": "main", "source": "filter", "format": "squid", "source_sha256": "sha"}
EVENTS = pl.DataFrame(
    {
        "line": [1, 2], "byte_offset": [0, 90], "ts": [datetime(2026, 11, 10, 9, tzinfo=UTC)] * 2,
        "url": ["http://www.example.org/", None], "verdict": ["allowed", "blocked"],
    },
    schema_overrides={"ts": schema.TIMESTAMP},
)  # fmt: skip
ACTIVE = pl.DataFrame([(DAY, "main", "7", "pupil", "authenticated", 12)], schema=schema.ACTIVE, orient="row")


@pytest.fixture
def place(tmp_path: Path) -> Lake:
    made = Lake(tmp_path / "store")
    lake.prepare(made, [])
    return made


def a_unit(place: Lake, name: str) -> None:
    with lake.staged(place, name) as folder:
        writer = EventsWriter(folder, ORIGIN)
        writer.write(EVENTS)
        writer.write(EVENTS.clear())
        writer.write(EVENTS.drop("url"))
        writer.close()
        for table in ("rejects", "hits", "hit_events", "evidence"):
            columns = lake.UNIT_TABLES[table]
            lake.write_table(folder / f"{table}.parquet", pl.DataFrame(schema=columns), columns)
        lake.settle(place, folder, name)


def test_events_come_back_in_the_columns_of_the_lake(place: Lake) -> None:
    a_unit(place, "one")
    events = schema.conform(pl.read_parquet(place.unit("one") / "events.parquet"), schema.STORED_EVENTS)
    assert events.height == 4
    assert events["source"].to_list() == ["filter"] * 4
    assert events["url"].to_list() == ["http://www.example.org/", None, None, None]
    assert events["ts"].unique().to_list() == [datetime(2026, 11, 10, 9, tzinfo=UTC)]
    assert list(place.staging.iterdir()) == []


def test_the_same_unit_is_the_same_bytes(place: Lake) -> None:
    a_unit(place, "one")
    a_unit(place, "two")
    one, two = ({path.name: path.read_bytes() for path in place.unit(name).iterdir()} for name in ("one", "two"))
    assert one == two


def test_a_unit_with_no_event_is_a_unit(place: Lake) -> None:
    with lake.staged(place, "none") as folder:
        EventsWriter(folder, ORIGIN).close()
        assert pl.read_parquet(folder / "events.parquet").is_empty()


def test_what_is_not_settled_leaves_nothing(place: Lake) -> None:
    with pytest.raises(OSError, match="full"), lake.staged(place, "half") as folder:  # noqa: PT012 - where it stops
        EventsWriter(folder, ORIGIN).write(EVENTS)
        raise OSError(28, "full")
    assert list(place.staging.iterdir()) == []
    assert list((place.root / "lake").iterdir()) == []


def test_prepare_clears_what_the_ledger_does_not_know(place: Lake) -> None:
    for name in ("known", "unknown"):
        a_unit(place, name)
    (place.staging / "left").mkdir()
    (place.staging / "spilled.tmp").write_text("x")
    (place.root / "lake" / "stray").write_text("x")
    lake.replace_day(place, "active", DAY, ACTIVE, schema.ACTIVE)
    half = place.day("active", DAY).with_suffix(".new")
    half.write_bytes(b"half a day")
    assert lake.prepare(place, ["known", "purged"]) == 5
    assert not half.exists()
    assert place.day("active", DAY).exists()
    assert [path.name for path in (place.root / "lake").iterdir()] == ["known"]
    assert list(place.staging.iterdir()) == []
    assert lake.prepare(place, ["known"]) == 0


def test_a_store_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "lake").write_text("a file where a folder is wanted")
    with pytest.raises(StoreError, match="cannot be written"):
        lake.prepare(Lake(tmp_path), [])


@pytest.mark.parametrize("step", ["write_table", "flush", "flush_folder"])
def test_a_day_stays_as_it_was_until_the_new_one_is_whole(
    place: Lake, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    lake.replace_day(place, "active", DAY, ACTIVE, schema.ACTIVE)
    before = place.day("active", DAY).read_bytes()
    monkeypatch.setattr(lake, step, _full)
    more = pl.concat([ACTIVE, ACTIVE])
    with pytest.raises(OSError, match="No space left"):
        lake.replace_day(place, "active", DAY, more, schema.ACTIVE)
    monkeypatch.undo()
    after = place.day("active", DAY).read_bytes()
    assert after == before or step == "flush_folder"
    lake.replace_day(place, "active", DAY, more, schema.ACTIVE)
    assert lake.read_days(place, "active", schema.ACTIVE).height == 2
    assert [path.name for path in place.day("active", DAY).parent.iterdir()] == ["2026-11-10.parquet"]


def _full(*_: Any, **__: Any) -> None:
    raise OSError(28, "No space left on device")


def test_days_are_read_within_their_bounds(place: Lake) -> None:
    assert lake.read_days(place, "active", schema.ACTIVE).schema == schema.ACTIVE
    for number in (9, 10, 11):
        day = date(2026, 11, number)
        lake.replace_day(place, "active", day, ACTIVE.with_columns(day=pl.lit(day)), schema.ACTIVE)
    (place.day("active", DAY).parent / "2026-11-12.new").write_bytes(b"left by a killed run")

    def days(*bounds: date | None) -> list[int]:
        return [each.day for each in lake.read_days(place, "active", schema.ACTIVE, *bounds)["day"].to_list()]

    assert days() == [9, 10, 11]
    assert days(date(2026, 11, 10)) == [10, 11]
    assert days(date(2026, 11, 10), date(2026, 11, 10)) == [10]
    assert days(None, date(2026, 11, 8)) == []
    assert lake.days_before(place, "nothing", DAY) == []
    lake.remove_days(place, "active", lake.days_before(place, "active", DAY))
    assert days() == [10, 11]


def test_a_page_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "deep" / "digest.html"
    lake.write_text(page, "first\n")
    monkeypatch.setattr(lake, "flush", _full)
    with pytest.raises(OSError, match="No space left"):
        lake.write_text(page, "second\n")
    assert page.read_bytes() == b"first\n"


def test_duckdb_sees_the_chosen_units_and_empty_tables_without_any(place: Lake) -> None:
    a_unit(place, "one")
    a_unit(place, "two")

    def count(units: list[str]) -> int:
        with lake.connected(place, units) as connection:
            return int(connection.sql("SELECT count(*) FROM events").fetchall()[0][0])

    assert (count([]), count(["one"]), count(["two", "one"])) == (0, 4, 8)


@pytest.mark.parametrize("harm", [Path.unlink, lambda path: path.write_bytes(b"PAR1 damaged PAR1")])
def test_a_unit_that_is_gone_or_damaged_is_told_in_words(place: Lake, harm: Callable[[Path], None]) -> None:
    a_unit(place, "one")
    harm(place.unit("one") / "events.parquet")
    with (
        pytest.raises(StoreError, match="what was read before cannot be used"),
        lake.connected(place, ["one"]) as connection,
    ):
        connection.sql("SELECT count(verdict) FROM events").fetchall()


@pytest.mark.parametrize("harm", [Path.unlink, lambda path: path.write_bytes(b"PAR1 damaged PAR1")])
def test_a_damaged_file_is_named(place: Lake, harm: Callable[[Path], None]) -> None:
    a_unit(place, "one")
    events = place.unit("one") / "events.parquet"
    wanted = pl.col("line") == 2
    assert lake.rows(place, ["one"], "events", ["line"], wanted)["line"].to_list() == [2, 2]
    harm(events)
    with pytest.raises(StoreError, match="Restore it from a backup") as caught:
        lake.rows(place, ["one"], "events", ["line"], wanted)
    assert str(caught.value).startswith(f"{events}: ")


def test_the_first_day_is_the_first_that_anything_was_made_of(place: Lake) -> None:
    assert lake.first_day(place, "active") is None
    for day, table in ((DAY, ACTIVE), (date(2026, 1, 1), ACTIVE.clear())):
        lake.replace_day(place, "active", day, table, schema.ACTIVE)
    assert lake.first_day(place, "active") == DAY
    assert lake.read_days(place, "active", pl.Schema({"day": pl.Date()})).columns == ["day"]


def test_a_damaged_day_is_named(place: Lake) -> None:
    lake.replace_day(place, "active", DAY, ACTIVE, schema.ACTIVE)
    place.day("active", DAY).write_bytes(b"PAR1 damaged PAR1")
    with pytest.raises(StoreError, match=r"it is damaged.*Restore it from a backup") as caught:
        lake.read_days(place, "active", schema.ACTIVE)
    assert str(caught.value).startswith(f"{place.day('active', DAY)}: ")


def test_other_days_can_be_taken_away_as_well(place: Lake) -> None:
    far = date(2031, 1, 1)
    for day in (DAY, far):
        lake.replace_day(place, "active", day, ACTIVE.with_columns(day=pl.lit(day)), schema.ACTIVE)
    chosen = lake.days_before(place, "active", DAY, [far, date(2032, 1, 1)])
    assert chosen == [far]
    lake.remove_days(place, "active", [*chosen, date(2032, 1, 1)])
    assert lake.read_days(place, "active", schema.ACTIVE)["day"].to_list() == [DAY]


def test_a_value_that_does_not_fit_is_never_cut_to_size(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"columns outside the schema: \['new'\]"):
        lake.write_table(tmp_path / "x.parquet", ACTIVE.with_columns(new=1), schema.ACTIVE)
    with pytest.raises(pl.exceptions.InvalidOperationError):
        lake.write_table(tmp_path / "x.parquet", ACTIVE.with_columns(users=pl.lit("many")), schema.ACTIVE)
    assert not (tmp_path / "x.parquet").exists()


def test_units_made_before_a_column_came_are_read_with_the_new(place: Lake) -> None:
    a_unit(place, "old")
    a_unit(place, "new")
    for table in ("events", "hit_events"):
        path = place.unit("old") / f"{table}.parquet"
        pl.read_parquet(path).drop("other_clock").write_parquet(path)
    for units in (["old", "new"], ["new", "old"]):
        read = lake.rows(place, units, "events", ["line", "other_clock", "user_raw"])
        assert read.height == 8
        assert read["other_clock"].null_count() == 8
        with lake.connected(place, units) as connection:
            assert connection.sql("SELECT COUNT(*), COUNT(url) FROM events").fetchall() == [(8, 2)]
