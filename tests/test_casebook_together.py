"""Two nights and six reviewers at once: nothing is lost or done twice, and nobody is told to come back later."""

from __future__ import annotations

import sqlite3
import stat
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from casebook.display.pseudonyms import key_of, pseudonym
from casebook.intake import take_in
from casebook.kinds import said
from casebook.store import REVISION, Casebook, opened_casebook
from casebook.verifying import verify
from pipeline.errors import StoreError
from tests.crowd import NIGHTS, crowd
from tests.made_casebook import NOW, casebook, do, who
from tests.made_drafts import a_night


def test_two_nights_and_six_reviewers_at_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'casebook.sqlite'}"
    taken = list(crowd(url))
    with opened_casebook(url) as book:
        verdict = verify(book)
    assert verdict.faults == []
    assert verdict.actions == sum(taken)
    assert sum(taken[:NIGHTS]) == 60, "each draft once, though both nights had half of them"


def test_whoever_reads_waits_for_nobody(tmp_path: Path) -> None:
    with casebook(tmp_path) as book, book.changing() as writer, book.reading() as connection:
        assert writer.head[0] == 0
        assert connection.scalar(text("SELECT count(*) FROM action")) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps rights otherwise")
def test_the_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    with opened_casebook(f"sqlite:///{tmp_path / 'casebook.sqlite'}"):
        key_of(tmp_path)
        for file in tmp_path.iterdir():
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name


def test_a_casebook_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'casebook.sqlite'}"
    with opened_casebook(url) as book, book.changing() as writer:
        writer.connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="newer version"), opened_casebook(url):
        pass


def test_the_tables_that_migrations_make_are_those_of_the_program(tmp_path: Path) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    from casebook.tables import METADATA

    made: dict[str, list[Any]] = {}
    for name in ("anew", "migrated"):
        file = tmp_path / f"{name}.sqlite"
        with closing(sqlite3.connect(file)) as connection:
            # Where there is any table, nothing is made anew.
            connection.execute("CREATE TABLE another (id)" if name == "migrated" else "SELECT 1")
        with opened_casebook(f"sqlite:///{file}") as book, book.reading() as reader:
            others = (each for each in compare_metadata(MigrationContext.configure(reader), METADATA))
            assert [each for each in others if "another" not in str(each)] == []
            assert reader.scalar(text("SELECT version_num FROM alembic_version")) == REVISION
            kept = "SELECT type, name, sql FROM sqlite_master WHERE name <> 'another' ORDER BY name"
            made[name] = [*reader.execute(text(kept)).all(), *reader.execute(text("SELECT * FROM head")).all()]
    assert made["anew"] == made["migrated"]


@pytest.mark.parametrize("url", ["mysql://db.example/x", "sqlite://", "nonsense", ""])
def test_another_database_is_refused_with_what_to_write(url: str) -> None:
    with pytest.raises(StoreError, match=r"\[casebook\]"), opened_casebook(url):
        pass


def test_a_file_that_is_no_casebook_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "casebook.sqlite"
    file.write_bytes(b"this is a letter to parents\n" * 100)
    with pytest.raises(StoreError, match="cannot be used"), opened_casebook(f"sqlite:///{file}"):
        pass
    assert file.read_bytes() == b"this is a letter to parents\n" * 100


def test_pseudonyms_are_the_same_with_the_same_key_and_others_with_another(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    key, other = key_of(tmp_path), key_of(tmp_path / "other")
    assert pseudonym("a.pupil", "pupil", key) == pseudonym("a.pupil", "pupil", key_of(tmp_path))
    assert len({pseudonym(f"{name}", "pupil", key) for name in range(2_000)}) == 2_000
    assert pseudonym("a.pupil", "pupil", key) != pseudonym("a.pupil", "pupil", other)
    (tmp_path / "casebook.key").write_text("not a key")
    with pytest.raises(StoreError, match="not a key"):
        key_of(tmp_path)


def half_done(book: Casebook) -> None:
    with book.changing() as writer:
        writer.append(said("note", text="Half."), "I-2026-00001", who("d.lead"), NOW)
        raise ZeroDivisionError


def test_what_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    with casebook(tmp_path) as book:
        take_in(book, a_night(), NOW)
        before = verify(book)
        with pytest.raises(ZeroDivisionError):
            half_done(book)
        after = verify(book)
        assert (before.actions, before.head, after.faults) == (after.actions, after.head, [])
        do(book, "d.lead", "I-2026-00002", "note", text="Whole.")
