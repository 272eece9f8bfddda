"""The casebook in a real PostgreSQL: the same tables, the same history, and a crowd that loses nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from casebook.access import NIGHT
from casebook.dataprotection import retention
from casebook.intake import take_in
from casebook.kinds import CasebookError
from casebook.store import Casebook, opened_casebook
from casebook.tables import METADATA
from casebook.verifying import verify
from pipeline.errors import StoreError
from tests.crowd import NIGHTS, crowd
from tests.made_casebook import NOW, do
from tests.made_drafts import a_night
from tests.servers.postgres import postgres

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with postgres() as address:
        yield address


@pytest.fixture
def book(url: str) -> Iterator[Casebook]:
    """An empty casebook."""
    with opened_casebook(url) as opened, opened.changing() as writer:
        writer.connection.execute(text("DROP TABLE IF EXISTS alembic_version"))
        METADATA.drop_all(writer.connection)
    with opened_casebook(url) as opened:
        yield opened


def test_two_nights_and_six_reviewers_at_once(url: str, book: Casebook) -> None:
    taken = list(crowd(url))
    verdict = verify(book)
    assert verdict.faults == []
    assert verdict.actions == sum(taken)
    assert sum(taken[:NIGHTS]) == 60, "each draft once, though both nights had half of them"


def test_the_tables_that_migrations_make_are_those_of_the_program(book: Casebook) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    with book.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def test_an_incident_is_decided_and_a_change_behind_its_back_is_found(book: Casebook) -> None:
    take_in(book, a_night(), NOW)
    do(book, "d.lead", "I-2026-00002", "note", text="Ünïcode — \N{GRINNING FACE}")
    with pytest.raises(CasebookError):
        do(book, "d.lead", "I-2026-00002", "close", outcome="support", reason="No.", debrief="No.")
    assert verify(book).faults == []
    with book.changing() as writer:
        writer.connection.execute(text("UPDATE action SET author = 'n.network' WHERE seq = 3"))
    assert [each.seq for each in verify(book).faults] == [3]


def test_a_server_that_is_not_there_is_a_sentence_without_the_password(tmp_path: Path) -> None:
    address = "postgresql://esafety:opensesame@127.0.0.1:9/none"
    with pytest.raises(StoreError, match="cannot be used") as told, opened_casebook(address):
        pass
    assert "opensesame" not in str(told.value)
    assert list(tmp_path.iterdir()) == []


def test_what_has_had_its_time_is_erased_with_its_receipt(book: Casebook) -> None:
    take_in(book, a_night(), NOW)
    do(book, "h.head", "I-2026-00002", "review")
    do(book, "h.head", "I-2026-00002", "dismiss", ground="not-ours", reason="A visitor.")
    kept = {rule: retention.Period(rule, 100, "the program") for rule in ("dismissed", "exports", "registers")}
    now = NOW + timedelta(days=100)
    planned = retention.planned(book, kept, now)
    assert retention.purge(book, kept, NIGHT, now) == planned
    assert [(each.rule, dict(each.counts)) for each in planned] == [("dismissed", {"incidents": 1, "texts": 2})]
    verdict = verify(book)
    assert (verdict.faults, verdict.erased) == ([], 2)
