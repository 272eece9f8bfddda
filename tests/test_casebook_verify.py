"""Whoever changes the history is found out: a thousand tamperings, by hand and at random, and each is named."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from casebook import deciding
from casebook.chain import action_hash
from casebook.intake import take_in
from casebook.store import opened_casebook
from casebook.verifying import Verdict, as_lines, verify
from pipeline.errors import EsafetyError
from tests.effort import tries
from tests.made_casebook import ACCESS, NOW, casebook, do, routes, who
from tests.made_drafts import a_night

TABLES = ("action", "content", "head", "incident", "drafted", "party")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a casebook after a night and a morning."""
    folder = tmp_path_factory.mktemp("kept")
    with casebook(folder) as book:
        take_in(book, a_night(), NOW)
        for number in range(1, 7):
            incident = f"I-2026-{number:05}"
            do(book, "h.head", incident, "agree", agreed="open", reason="Together.")
            case = do(book, "h.head", incident, "note", text="Looked at the reference.")
            if not case.withheld:
                do(book, "h.head", incident, "review")
                do(book, "h.head", incident, "confirm", reason="It is so.")
                deciding.reveal(book, ACCESS, routes(), who("h.head"), incident, "To call home.", 30, NOW)
        do(book, "h.head", "I-2026-00002", "party", person="b.pupil", part="witness", person_kind="pupil")
    with closing(sqlite3.connect(folder / "casebook.sqlite")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA journal_mode=DELETE")
    return folder / "casebook.sqlite"


def verdict_of(file: Path, heads: tuple[tuple[int, str], ...] = ()) -> Verdict:
    with opened_casebook(f"sqlite:///{file}") as book:
        return verify(book, heads)


def tampered(kept: Path, folder: Path, change: str | Callable[[sqlite3.Connection], object]) -> Path:
    file = folder / "casebook.sqlite"
    shutil.copyfile(kept, file)
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys=OFF")
        connection.executescript(change) if isinstance(change, str) else change(connection)
    return file


def everything(file: Path) -> dict[str, list[Any]]:
    with closing(sqlite3.connect(file)) as connection:
        return {name: sorted(connection.execute(f"SELECT * FROM {name}"), key=repr) for name in TABLES}


def test_what_nobody_has_touched_is_whole(kept: Path) -> None:
    verdict = verdict_of(kept)
    assert verdict.faults == []
    assert (verdict.actions, verdict.erased) == (everything(kept)["head"][0][1], 0)
    assert "whole" in list(as_lines(verdict))[-1]


@pytest.mark.parametrize(
    ("change", "seq", "what"),
    [
        ("UPDATE action SET author = 'n.network' WHERE seq = 9", 9, "changed"),
        ("UPDATE action SET at = '2026-10-14T07:30:00.000001+00:00' WHERE seq = 9", 9, "changed"),
        ("UPDATE content SET body = replace(body, 'Together', 'Alone') WHERE seq = 7", 7, "personal part changed"),
        ("UPDATE content SET salt = x'00' WHERE seq = 7", 7, "personal part changed"),
        ("DELETE FROM content WHERE seq = 7", 7, "no receipt"),
        ("DELETE FROM content WHERE seq = 7; DELETE FROM action WHERE seq = 7", 8, "missing before it"),
        ("DELETE FROM action WHERE seq > 20; DELETE FROM content WHERE seq > 20", 20, "not the last one"),
        ("DELETE FROM head", 0, "not the last one"),
        ("UPDATE incident SET state = 'dismissed' WHERE id = 'I-2026-00003'", 0, "I-2026-00003"),
        ("DELETE FROM party WHERE person = 'b.pupil'", 0, "I-2026-00002"),
        ("INSERT INTO party VALUES ('I-2026-00003', 'h.head', 'victim', 'staff')", 0, "I-2026-00003"),
        ("UPDATE drafted SET evidence_sha256 = 'f' WHERE incident = 'I-2026-00003'", 0, "I-2026-00003"),
        (
            "UPDATE action SET seq = seq - 100 WHERE seq IN (9, 10); UPDATE action SET seq = -81 - seq WHERE seq < 0",
            9,
            "changed",
        ),
    ],
)
def test_it_says_which_row_and_what(kept: Path, tmp_path: Path, change: str, seq: int, what: str) -> None:
    file = tampered(kept, tmp_path, change)
    found = verdict_of(file)
    assert any((each.seq == seq or not seq) and what in each.what for each in found.faults), found.faults


def rehashed(connection: sqlite3.Connection) -> None:
    """What somebody does who knows how the chain is made: change one action and make all that follow anew."""
    connection.execute("UPDATE action SET author = 'd.lead' WHERE seq = 9")
    prior = connection.execute("SELECT hash FROM action WHERE seq = 8").fetchone()[0]
    columns = "seq, at, author, role, via, kind, about, facts, content_sha256"
    for row in connection.execute(f"SELECT {columns} FROM action WHERE seq > 8 ORDER BY seq").fetchall():
        made = action_hash(*(*row, prior))
        connection.execute("UPDATE action SET prior = ?, hash = ? WHERE seq = ?", (prior, made, row[0]))
        prior = made
    connection.execute("UPDATE head SET hash = ?", (prior,))


def test_a_history_that_was_made_anew_is_found_by_the_heads_that_nights_have_noted(kept: Path, tmp_path: Path) -> None:
    noted = tuple((row[0], row[-1]) for row in everything(kept)["action"] if row[0] in {6, 15})
    assert verdict_of(kept, noted).faults == []
    file = tampered(kept, tmp_path, rehashed)
    assert verdict_of(file).faults == [], "without a head from outside nobody could tell"
    found = verdict_of(file, noted)
    assert [each.seq for each in found.faults] == [15]
    assert "made anew" in found.faults[0].what


def test_a_head_beyond_the_end_is_told(kept: Path) -> None:
    found = verdict_of(kept, ((10_000, "0" * 64),))
    assert [(each.seq, "missing" in each.what) for each in found.faults] == [(10_000, True)]


def random_changes(chance: random.Random, kept: Path) -> Iterator[str]:
    """One change of one row: a value, a row less, two rows with their places changed."""
    table = chance.choice(TABLES)
    with closing(sqlite3.connect(kept)) as connection:
        names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        rows = connection.execute(f"SELECT rowid, * FROM {table}").fetchall()
    row = chance.choice(rows)
    kind = chance.choice(("value", "value", "value", "delete", "double"))
    if kind == "delete":
        yield f"DELETE FROM {table} WHERE rowid = {row[0]}"
    elif kind == "double" and table == "action":
        yield (
            f"INSERT INTO action SELECT (SELECT max(seq) FROM action) + 1, at, author, role, via, kind, about, facts, "
            f"content_sha256, prior, hash || 'x' FROM action WHERE rowid = {row[0]}"
        )
    else:
        at = chance.randrange(len(names))
        value = row[at + 1]
        other = chance.choice([each[at + 1] for each in rows])
        changed = other if other != value else (value + 1 if isinstance(value, int) else f"{value}x")
        if isinstance(changed, bytes):
            changed = changed.hex()
        literal = str(changed) if isinstance(changed, int) else "'" + str(changed).replace("'", "''") + "'"
        literal = "NULL" if changed is None else literal
        yield f"UPDATE OR IGNORE {table} SET {names[at]} = {literal} WHERE rowid = {row[0]}"


def test_no_change_of_any_row_goes_unnoticed(kept: Path, tmp_path: Path) -> None:
    chance = random.Random(11)
    untouched = everything(kept)
    missed = []
    changed = 0
    for _ in range(tries(1_000)):
        script = ";".join(random_changes(chance, kept))
        try:
            file = tampered(kept, tmp_path, script)
        except sqlite3.IntegrityError:
            continue
        if everything(file) == untouched:
            continue
        changed += 1
        if not noticed(file):
            missed.append(script)
    assert missed == []
    assert changed > tries(1_000) * 0.7


def noticed(file: Path) -> bool:
    try:
        return bool(verdict_of(file).faults)
    except EsafetyError:
        # It cannot even be opened: nobody takes that for whole.
        return True


def test_no_byte_of_the_file_is_changed_unnoticed(kept: Path, tmp_path: Path) -> None:
    chance = random.Random(12)
    untouched, whole = everything(kept), kept.read_bytes()
    file = tmp_path / "casebook.sqlite"
    missed = []
    for _ in range(tries(1_000)):
        at = chance.randrange(len(whole))
        file.write_bytes(whole[:at] + bytes([whole[at] ^ (1 << chance.randrange(8))]) + whole[at + 1 :])
        try:
            same = everything(file) == untouched
        except (sqlite3.DatabaseError, UnicodeDecodeError):
            same = False
        # What is neither a row nor the way to one may be anything.
        if not same and not noticed(file):
            missed.append(at)
    assert missed == []


def test_looking_takes_no_turn(kept: Path, tmp_path: Path) -> None:
    """While somebody verifies, others decide."""
    shutil.copyfile(kept, tmp_path / "casebook.sqlite")
    with casebook(tmp_path) as book, book.reading() as connection:
        connection.exec_driver_sql("SELECT 1 FROM action").all()
        do(book, "h.head", "I-2026-00003", "note", 60, text="Meanwhile.")
    assert verdict_of(tmp_path / "casebook.sqlite").faults == []
