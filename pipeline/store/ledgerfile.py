"""The file of the ledger: its tables, and how it is opened: held alone for a run, or copied for whoever only looks.

In: the folder of a store, the local date of the run. Out: an open `Ledger`. Refuses, with a remedy, a store that
another run holds or that cannot be written, a lake whose ledger is lost, and a ledger that is damaged or was written
by another version; one of an earlier version that is known becomes one of this version.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path

from pipeline.errors import StoreError
from pipeline.store.ledger import Ledger

_SCHEMA = """
CREATE TABLE IF NOT EXISTS streams (
    source TEXT NOT NULL, source_sha256 TEXT NOT NULL, site TEXT NOT NULL, format TEXT NOT NULL,
    begins_like TEXT NOT NULL, read_as TEXT NOT NULL,
    bytes_read INTEGER NOT NULL, next_line INTEGER NOT NULL, prefix_digest TEXT NOT NULL, carry TEXT NOT NULL,
    ends_in_mid_line INTEGER NOT NULL, PRIMARY KEY (source, source_sha256)
) STRICT;
CREATE TABLE IF NOT EXISTS units (
    unit_id TEXT PRIMARY KEY, source TEXT NOT NULL, source_sha256 TEXT NOT NULL, site TEXT NOT NULL,
    first_line INTEGER NOT NULL, start_byte INTEGER NOT NULL, end_byte INTEGER NOT NULL, records INTEGER NOT NULL,
    events INTEGER NOT NULL, rejects INTEGER NOT NULL, skips TEXT NOT NULL, first_ts TEXT, last_ts TEXT,
    dates TEXT NOT NULL, read_on TEXT NOT NULL,
    purged INTEGER NOT NULL DEFAULT 0, reject_reasons TEXT NOT NULL DEFAULT '{}'
) STRICT;
CREATE TABLE IF NOT EXISTS looked_at (
    source TEXT NOT NULL, look TEXT NOT NULL, PRIMARY KEY (source, look)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS lines_seen (
    source TEXT NOT NULL, digest BLOB NOT NULL, source_sha256 TEXT NOT NULL, times INTEGER NOT NULL,
    PRIMARY KEY (source, digest, source_sha256)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS days (
    kind TEXT NOT NULL, day TEXT NOT NULL, inputs TEXT NOT NULL, made_on TEXT NOT NULL, PRIMARY KEY (kind, day)
) STRICT;
CREATE TABLE IF NOT EXISTS drafts (
    draft_id TEXT NOT NULL, evidence_sha256 TEXT NOT NULL, day TEXT NOT NULL, drafted_on TEXT NOT NULL,
    PRIMARY KEY (draft_id, evidence_sha256)
) STRICT;
CREATE TABLE IF NOT EXISTS runs (started TEXT PRIMARY KEY, day TEXT NOT NULL, record TEXT NOT NULL) STRICT;
"""
#: Goes up with every change of the tables.
_VERSION = 2
#: What makes the tables of an earlier version those of the next. Units of version 1 were read without their reasons.
_UPGRADES = {1: "ALTER TABLE units ADD COLUMN reject_reasons TEXT NOT NULL DEFAULT '{}'"}


@contextmanager
def opened_ledger(root: Path, today: date) -> Iterator[Ledger]:
    """The ledger of a store folder, held alone until the end: a second run is told to wait. `today` is a local date.

    Raises `StoreError` where another run holds it, the folder cannot be written, or the ledger is lost or damaged.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock = sqlite3.connect(root / "lock.sqlite", timeout=0, isolation_level=None)
    except (OSError, sqlite3.OperationalError) as error:
        remedy = "Give the account that runs esafety the right to write there, or name another [store] folder."
        raise StoreError(f"cannot be written ({error}).", path=root, remedy=remedy) from error
    with closing(lock):
        _hold(lock, root)
        _refuse_without_ledger(root)
        try:
            with closing(sqlite3.connect(root / "ledger.sqlite")) as connection:
                _set_up(connection, root)
                yield Ledger(connection, today)
        except sqlite3.DatabaseError as error:
            remedy = (
                "Restore ledger.sqlite from a backup, or move the whole [store] folder away and read all logs anew."
            )
            raise StoreError(f"the ledger cannot be used ({error}).", path=root, remedy=remedy) from error


@contextmanager
def copied_ledger(root: Path, today: date) -> Iterator[Ledger]:
    """What the ledger of a store folder holds, in memory: whatever is done with it, nothing of the store changes.

    A folder without a ledger, or no folder, gives an empty one. Raises `StoreError` where it cannot be read.
    """
    kept = root / "ledger.sqlite"
    with closing(sqlite3.connect(":memory:")) as connection:
        try:
            if kept.is_file():
                # Not opened as read-only: then SQLite leaves its -wal and -shm files behind, owned by whoever made
                # the dry run, and the account of the nightly run might not be allowed to write to them.
                with closing(sqlite3.connect(kept)) as source:
                    source.backup(connection)
            _set_up(connection, root)
        except (OSError, sqlite3.DatabaseError) as error:
            raise StoreError(f"the ledger cannot be read ({error}).", path=root) from error
        yield Ledger(connection, today)


def _hold(lock: sqlite3.Connection, root: Path) -> None:
    try:
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            remedy = "Wait until it has ended; if it hangs, stop it: nothing is lost."
            raise StoreError("another run is at work here.", path=root, remedy=remedy) from error
        raise StoreError(f"cannot be used ({error}).", path=root) from error


def _refuse_without_ledger(root: Path) -> None:
    """Units that no ledger knows are swept away; where the ledger itself is lost, they may be all that is left."""
    units = root / "lake"
    if not (root / "ledger.sqlite").exists() and units.is_dir() and any(units.iterdir()):
        remedy = "Restore ledger.sqlite from a backup, or move the whole [store] folder away and read all logs anew."
        raise StoreError("there is a lake here, but its ledger.sqlite is gone.", path=root, remedy=remedy)


def _set_up(connection: sqlite3.Connection, root: Path) -> None:
    connection.row_factory = sqlite3.Row
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version not in (0, _VERSION, *_UPGRADES):
        remedy = "Use that version, or another [store] folder."
        raise StoreError(f"the ledger was written by another version of esafety ({version}).", path=root, remedy=remedy)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    # In one transaction: a ledger that was upgraded knows it.
    upgrades = "".join(f"{_UPGRADES[each]};" for each in range(version or _VERSION, _VERSION))
    connection.executescript(f"BEGIN; {_SCHEMA} {upgrades} PRAGMA user_version = {_VERSION}; COMMIT;")
