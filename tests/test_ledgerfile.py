"""The file of the ledger: one run at a time, copies that change nothing, and plain words where it cannot be used."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.errors import StoreError
from pipeline.store.ledgerfile import copied_ledger, opened_ledger
from tests.test_ledger import MONDAY, STREAM, TUESDAY, UNIT


def test_a_second_run_is_told_to_wait_and_a_killed_one_holds_nothing(tmp_path: Path) -> None:
    with (
        opened_ledger(tmp_path, MONDAY),
        pytest.raises(StoreError, match=r"another run is at work here\. Wait until it has ended"),
        opened_ledger(tmp_path, MONDAY),
    ):
        pass
    program = (
        "import sys, time; from datetime import date; from pathlib import Path\n"
        "from pipeline.store.ledgerfile import opened_ledger\n"
        "with opened_ledger(Path(sys.argv[1]), date(2026, 11, 9)): print('held', flush=True); time.sleep(60)"
    )
    root = Path(__file__).resolve().parent.parent
    other = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, cwd=root)
    assert other.stdout is not None
    assert other.stdout.readline() == b"held\n"
    with pytest.raises(StoreError, match="another run"), opened_ledger(tmp_path, MONDAY):
        pass
    other.kill()
    other.communicate()
    with opened_ledger(tmp_path, MONDAY) as ledger:
        assert ledger.units() == []


def test_a_store_that_cannot_be_used_says_why(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match=r"file: cannot be written .*name another \[store\] folder"):
        opened_ledger(tmp_path / "file", MONDAY).__enter__()
    (tmp_path / "odd" / "lock.sqlite").mkdir(parents=True)
    with pytest.raises(StoreError, match="cannot be written"):
        opened_ledger(tmp_path / "odd", MONDAY).__enter__()


def test_a_lost_ledger_does_not_cost_the_lake(tmp_path: Path) -> None:
    (tmp_path / "lake" / "unit").mkdir(parents=True)
    with pytest.raises(StoreError, match=r"there is a lake here, but its ledger\.sqlite is gone\. Restore"):
        opened_ledger(tmp_path, MONDAY).__enter__()
    assert (tmp_path / "lake" / "unit").is_dir()


def test_a_damaged_ledger_and_one_of_another_version_are_refused(tmp_path: Path) -> None:
    with opened_ledger(tmp_path, MONDAY) as ledger:
        ledger.commit(UNIT, STREAM, {})
    with sqlite3.connect(tmp_path / "ledger.sqlite") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    for attempt in (opened_ledger, copied_ledger):
        with pytest.raises(StoreError, match=r"written by another version of esafety \(99\)"):
            attempt(tmp_path, MONDAY).__enter__()
    (tmp_path / "ledger.sqlite").write_bytes(b"this is no database at all" * 100)
    for leftover in ("ledger.sqlite-wal", "ledger.sqlite-shm"):
        (tmp_path / leftover).unlink(missing_ok=True)
    for attempt in (opened_ledger, copied_ledger):
        with pytest.raises(StoreError, match=r"the ledger cannot be (used|read) \(file is not a database\)"):
            attempt(tmp_path, MONDAY).__enter__()


def test_a_ledger_of_the_first_version_goes_on(tmp_path: Path) -> None:
    with opened_ledger(tmp_path, MONDAY) as ledger:
        ledger.commit(UNIT, STREAM, {})
    with sqlite3.connect(tmp_path / "ledger.sqlite") as connection:
        connection.executescript("ALTER TABLE units DROP COLUMN reject_reasons; PRAGMA user_version = 1;")
    connection.close()
    for attempt in (copied_ledger, opened_ledger, opened_ledger):
        with attempt(tmp_path, TUESDAY) as ledger:
            assert replace(UNIT, reject_reasons={}) in ledger.units()
            ledger.commit(replace(UNIT, unit_id="new"), STREAM, {})
            assert replace(UNIT, unit_id="new") in ledger.units()


def test_a_copy_changes_nothing(tmp_path: Path) -> None:
    with copied_ledger(tmp_path / "nothing", MONDAY) as ledger:
        ledger.commit(UNIT, STREAM, {})
        assert ledger.units() == [UNIT]
    assert not (tmp_path / "nothing").exists()
    with opened_ledger(tmp_path, MONDAY) as ledger:
        ledger.commit(UNIT, STREAM, {})
    with copied_ledger(tmp_path, MONDAY) as copy:
        copy.forget(STREAM)
        assert copy.units() == []
    with opened_ledger(tmp_path, MONDAY) as ledger:
        assert ledger.units() == [UNIT]
