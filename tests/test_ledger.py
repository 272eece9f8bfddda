"""The ledger: what is entered comes back, all or nothing, and plain words where it cannot be kept."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from pipeline.errors import StoreError
from pipeline.store.ledgerfile import opened_ledger
from pipeline.store.streams import FileLook, Stream, Unit

MONDAY, TUESDAY, WEDNESDAY = date(2026, 11, 9), date(2026, 11, 10), date(2026, 11, 11)
STREAM = Stream("filter", "sha", "main", "squid", "sha", "way", 100, 5, "prefix", "carry", ends_in_mid_line=True)
UNIT = Unit(
    "unit", "filter", "sha", "main", 1, 0, 100, 4, 2, 1, {"blank": 1}, datetime(2026, 11, 9, 9, tzinfo=UTC),
    datetime(2026, 11, 9, 10, tzinfo=UTC), (MONDAY,), {"bad-time": 1},
)  # fmt: skip
LOOK = FileLook("filter", "declared", 100, 12345, "ends")


def test_what_is_entered_comes_back_as_it_was(tmp_path: Path) -> None:
    with opened_ledger(tmp_path, MONDAY) as ledger:
        ledger.commit(UNIT, STREAM, {b"line": 2})
        ledger.remember(LOOK)
    with opened_ledger(tmp_path, TUESDAY) as ledger:
        assert ledger.units() == ledger.all_units() == [UNIT]
        assert ledger.streams("sha") == [STREAM]
        assert ledger.streams("another") == []
        assert ledger.looked_at(LOOK)
        for changed in ({"source": "x"}, {"declared": "x"}, {"size": 1}, {"mtime_ns": 1}, {"ends_sha256": "x"}):
            assert not ledger.looked_at(replace(LOOK, **changed))


def test_of_streams_that_begin_alike_the_longest_comes_first(tmp_path: Path) -> None:
    with opened_ledger(tmp_path, MONDAY) as ledger:
        for name, size in (("b", 10), ("a", 10), ("c", 30)):
            stream = replace(STREAM, source_sha256=name, bytes_read=size)
            ledger.commit(replace(UNIT, unit_id=name, source_sha256=name), stream, {})
        assert [each.source_sha256 for each in ledger.streams("sha")] == ["c", "a", "b"]


def test_what_is_new_is_told_by_the_last_night_that_had_pages(tmp_path: Path) -> None:
    with opened_ledger(tmp_path, MONDAY) as ledger:
        ledger.commit(UNIT, STREAM, {})
        ledger.day_made("drafts", MONDAY, "inputs", [("d1", "e1")])
        assert ledger.last_night() is None
        assert ledger.read_since(None) == [UNIT]
        ledger.add_run(datetime(2026, 11, 9, 3, tzinfo=UTC), {})
        assert ledger.last_night() is None
    # Tuesday's night is killed before it has pages; its drafts are not lost to Wednesday's.
    with opened_ledger(tmp_path, TUESDAY) as ledger:
        assert ledger.last_night() == MONDAY
        ledger.day_made("drafts", TUESDAY, "inputs", [("d2", "e2")])
    with opened_ledger(tmp_path, WEDNESDAY) as ledger:
        last = ledger.last_night()
        assert last == MONDAY
        assert ledger.drafted_since(last) == [("d2", "e2", TUESDAY)]
        assert ledger.days_since("drafts", last) == [TUESDAY]
        assert ledger.read_since(last) == []
        assert len(ledger.drafted_since(None)) == 2
        ledger.day_made("drafts", MONDAY, "more inputs", [("d1", "e1"), ("d1", "e1 and late evidence")])
        assert ("d1", "e1 and late evidence", MONDAY) in ledger.drafted_since(last)
        assert ("d1", "e1", MONDAY) not in ledger.drafted_since(last)
        assert ledger.day_inputs("drafts") == {MONDAY: "more inputs", TUESDAY: "inputs"}
    with opened_ledger(tmp_path, MONDAY) as ledger:
        # As of an earlier night, what later nights have noted is not there yet.
        assert [draft for draft, _, _ in ledger.drafted_since(None)] == ["d1"]


def test_lines_that_were_met_are_counted_by_file(tmp_path: Path) -> None:
    with opened_ledger(tmp_path, MONDAY) as ledger:
        for name, times in (("one", 2), ("two", 3)):
            unit, stream = replace(UNIT, unit_id=name, source_sha256=name), replace(STREAM, source_sha256=name)
            ledger.commit(unit, stream, {b"line": times})
        one, three = replace(STREAM, source_sha256="one"), replace(STREAM, source_sha256="three")
        living = frozenset(["filter", "other"])
        assert ledger.met(one, living, [b"line", b"other"]) == {b"line": (2, 3)}
        assert ledger.met(three, living, [b"line"]) == {b"line": (0, 3)}
        assert ledger.met(replace(three, source="other"), living, [b"line"]) == {}
        # A source that is no more may be this one under its earlier name.
        assert ledger.met(replace(three, source="other"), frozenset(["other"]), [b"line"]) == {b"line": (0, 3)}
        # What was read in another way says nothing of this reading.
        assert ledger.met(replace(three, read_as="another"), living, [b"line"]) == {}


def test_what_is_purged_is_known_and_what_is_forgotten_is_not(tmp_path: Path) -> None:
    with opened_ledger(tmp_path, MONDAY) as ledger:
        ledger.commit(UNIT, STREAM, {b"line": 1})
        ledger.purge(["unit"])
        assert (ledger.units(), ledger.all_units(), ledger.streams("sha")) == ([], [UNIT], [STREAM])
        ledger.forget(STREAM)
        assert (ledger.all_units(), ledger.streams("sha")) == ([], [])
        assert ledger.met(replace(STREAM, source_sha256="other"), frozenset(["filter"]), [b"line"]) == {}


def test_what_is_given_to_another_source_is_still_forgotten_as_a_whole(tmp_path: Path) -> None:
    with opened_ledger(tmp_path, MONDAY) as ledger:
        ledger.commit(UNIT, STREAM, {b"line": 1})
        ledger.remember(LOOK)
        ledger.rename(STREAM, "proxy")
        assert ledger.all_units() == [replace(UNIT, source="proxy")]
        assert ledger.streams("sha") == [replace(STREAM, source="proxy")]
        other = replace(STREAM, source="proxy", source_sha256="other")
        assert ledger.met(other, frozenset(["proxy"]), [b"line"]) == {b"line": (0, 1)}
        assert not ledger.looked_at(LOOK)
        ledger.forget(STREAM)
        assert (ledger.all_units(), ledger.streams("sha")) == ([], [])


def test_after_a_file_was_forgotten_its_source_is_looked_at_again(tmp_path: Path) -> None:
    anew = replace(LOOK, declared="anew")
    with opened_ledger(tmp_path, MONDAY) as ledger:
        ledger.remember(LOOK)
        ledger.remember(anew)
        ledger.forget(STREAM, "anew")
        assert (ledger.looked_at(LOOK), ledger.looked_at(anew)) == (False, True)
        ledger.forget(STREAM)
        assert not ledger.looked_at(anew)


def test_a_commit_is_all_or_nothing(tmp_path: Path) -> None:
    with opened_ledger(tmp_path, MONDAY) as ledger:
        with pytest.raises(sqlite3.ProgrammingError):
            ledger.commit(UNIT, STREAM, {b"line": object()})  # type: ignore[dict-item]  # so that it fails at its end
        assert (ledger.units(), ledger.streams("sha")) == ([], [])


def test_a_full_disk_is_told_in_words(tmp_path: Path) -> None:
    with opened_ledger(tmp_path, MONDAY) as ledger:
        ledger.remember(LOOK)
        pages = ledger._connection.execute("PRAGMA page_count").fetchone()[0]
        ledger._connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(StoreError, match=r"cannot be written \(database or disk is full\)\. Make room there"):
            ledger.commit(UNIT, STREAM, {number.to_bytes(16, "big"): 1 for number in range(10_000)})
        assert ledger.units() == []
        assert ledger.looked_at(LOOK)
