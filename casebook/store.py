"""The casebook itself: actions are read and added, one transaction at a time.

In: an address of SQLAlchemy, by default a file of SQLite beside the lake. Out: `Casebook`, with `reading()` and
`changing()`. Refuses a casebook that a newer program has made. While one changes it everybody else may read; others who
want to change it wait their turn, so that nobody is ever told that it is locked.
"""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    MetaData,
    PrimaryKeyConstraint,
    RowMapping,
    Select,
    String,
    Table,
    create_engine,
    event,
    insert,
    inspect,
    select,
    update,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.pool import NullPool

from casebook.access import Actor
from casebook.case import Acted, Case, replayed
from casebook.chain import BEGINNING, action_hash, content_hash
from casebook.kinds import CasebookError, Said, canonical
from casebook.linked import links
from casebook.projection import project, stamp
from casebook.tables import ACTION, CONTENT, HEAD, INCIDENT, METADATA
from pipeline.config import Settings
from pipeline.errors import StoreError

#: So long, in seconds, somebody waits for their turn.
_PATIENCE: Final = 120
#: Any number, as long as nothing else in that database of PostgreSQL uses it: "casebook" in letters' order.
_TURN: Final = 3_119_517_515
#: The file in the store's folder, if nothing else is said.
DEFAULT_NAME: Final = "casebook.sqlite"
_MIGRATIONS: Final = Path(__file__).parent / "migrations"
#: The migration that the tables of this version stand at, and where Alembic notes it.
REVISION: Final = "0002"
_VERSIONS: Final = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
_HOW: Final = 'Write url = "postgresql://user:password@server/database" under [casebook], or leave it out.'


def url_of(settings: Settings) -> str:
    """Where the casebook of a school is."""
    return settings.casebook.url or f"sqlite:///{settings.store.folder / DEFAULT_NAME}"


class Writer:
    """The casebook while it is being changed: everybody else waits."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._seq, self._hash = connection.execute(select(HEAD.c.seq, HEAD.c.hash)).one()

    @property
    def head(self) -> tuple[int, str]:
        """How many actions there are, and the hash of the last."""
        return self._seq, self._hash

    def append(self, said: Said, about: str | None, author: Actor, at: datetime) -> Acted:
        """Add one action; `at` has a zone."""
        facts, body = canonical(said.facts), canonical(said.content) if said.content else ""
        salt = secrets.token_bytes(16)
        row = {
            "seq": self._seq + 1, "at": stamp(at.astimezone(UTC)), "author": author.account, "role": author.role,
            "via": author.via, "kind": said.kind, "about": about, "facts": facts,
            "content_sha256": content_hash(salt, body) if body else "", "prior": self._hash,
        }  # fmt: skip
        row["hash"] = action_hash(**row)
        self.connection.execute(insert(ACTION), row)
        if body:
            self.connection.execute(insert(CONTENT), {"seq": row["seq"], "salt": salt, "body": body})
        self._seq, self._hash = row["seq"], row["hash"]
        self.connection.execute(update(HEAD), {"seq": self._seq, "hash": self._hash})
        return as_acted({**row, "body": body or None})

    def new_id(self, prefix: str, at: datetime) -> str:
        """The next number of the year: I-2026-00001."""
        begins = f"{prefix}-{at.year}-"
        given = select(ACTION.c.about).where(ACTION.c.about.startswith(begins, autoescape=True))
        last = self.connection.scalar(given.order_by(ACTION.c.about.desc()).limit(1))
        return f"{begins}{int(last.removeprefix(begins)) + 1 if last else 1:05}"

    def keep(self, case: Case, *, new: bool = False) -> None:
        """Bring what follows from the case's actions up to date."""
        project(self.connection, case, new=new)


class Casebook:
    """An opened casebook."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees the casebook as it is at one moment."""
        with _failures(self._engine), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def changing(self) -> Iterator[Writer]:
        """Everything in it is done, or nothing."""
        with _failures(self._engine), _turn(self._engine) as connection:
            yield Writer(connection)

    def sweep(self) -> None:
        """Make the file anew, so that no byte of what was erased is left in it or beside it.

        A server of PostgreSQL does this by itself, in its own time.
        """
        if self._engine.dialect.name != "sqlite":
            return
        try:
            with closing(self._engine.raw_connection()) as connection:
                for each in ("VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
                    connection.cursor().execute(each)
        except sqlite3.Error as error:
            what = f"what had its time is out of the casebook, but its file could not be made anew ({error})."
            remedy = "See that there is room, and run: esafety purge"
            raise StoreError(what, path=self._engine.url.database, remedy=remedy) from None

    def close(self) -> None:
        """Let go of what is held."""
        self._engine.dispose()


@contextmanager
def opened_casebook(url: str) -> Iterator[Casebook]:
    """The casebook at that address, made if it is not there and brought up to date. Raises `StoreError`."""
    engine = _engine(url)
    book = Casebook(engine)
    try:
        _bring_up_to_date(engine)
        yield book
    finally:
        book.close()


def _engine(url: str) -> Engine:
    try:
        where = make_url(url)
        if where.get_backend_name() == "postgresql":
            where = where.set(drivername="postgresql+psycopg")
            return create_engine(where, pool_pre_ping=True, connect_args={"connect_timeout": 20})
    except (ArgumentError, NoSuchModuleError) as error:
        remedy = 'Write url = "postgresql://user:password@server/database" under [casebook], or leave it out.'
        raise StoreError("the address of the casebook cannot be used.", remedy=remedy) from error
    if where.get_backend_name() != "sqlite" or not where.database:
        raise StoreError("the casebook is kept in SQLite or PostgreSQL, and nothing else.", remedy=_HOW)
    file = Path(where.database)
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        # What is in it is nobody else's business: readable by the owner alone from its first byte on.
        os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
    engine = create_engine(where, poolclass=NullPool, connect_args={"timeout": _PATIENCE, "isolation_level": None})
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: Any, _: object) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    """Whoever wants to change something takes their turn at once: a reader who becomes a writer may be refused."""
    changes = connection.get_execution_options().get("changes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if changes else "BEGIN")


@contextmanager
def _turn(engine: Engine) -> Iterator[Connection]:
    """A transaction that nobody else can change anything beside; whoever comes meanwhile waits."""
    with engine.connect().execution_options(changes=True) as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_TURN})")
        yield connection


def _bring_up_to_date(engine: Engine) -> None:
    with _failures(engine):
        with engine.connect() as connection:
            if _revision(connection) == REVISION:
                return
        with _turn(engine) as connection:
            if _revision(connection) != REVISION:
                _migrate(connection)


def _revision(connection: Connection) -> str | None:
    """Which migration the tables have come to; None if there are none."""
    if not inspect(connection).has_table(_VERSIONS.name):
        return None
    return connection.scalar(select(_VERSIONS.c.version_num))


def _migrate(connection: Connection) -> None:
    if not inspect(connection).get_table_names():
        _make_first(connection)
        return
    # Not at the top: on nearly all nights there is nothing to migrate.
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    known = {each.revision for each in ScriptDirectory.from_config(config).walk_revisions()}
    if _revision(connection) not in {None, *known}:
        what = "the casebook was made by a newer version of esafety."
        raise StoreError(what, remedy="Install that version; nothing was changed.")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    _make_anew(connection)
    if connection.execute(select(HEAD.c.id)).one_or_none() is None:
        _begin(connection)


def _make_first(connection: Connection) -> None:
    """The tables where there are none, as all migrations together make them: to load Alembic takes longer."""
    METADATA.create_all(connection, checkfirst=False)
    _VERSIONS.create(connection)
    connection.execute(insert(_VERSIONS), {"version_num": REVISION})
    _begin(connection)


def _begin(connection: Connection) -> None:
    connection.execute(insert(HEAD), {"id": 1, "seq": 0, "hash": BEGINNING})


def _make_anew(connection: Connection) -> None:
    """The tables that follow from the actions, as this version understands these.

    A history that cannot be read keeps its rows: `esafety audit verify` has to be able to say what is wrong with it.
    """
    for incident in connection.scalars(select(INCIDENT.c.id).order_by(INCIDENT.c.id)).all():
        try:
            case = case_of(connection, incident)
        except (CasebookError, KeyError, TypeError, ValueError, AttributeError):
            continue
        project(connection, case, new=False)


@contextmanager
def _failures(engine: Engine) -> Iterator[None]:
    """A failure of the database, in words and without what was to be written."""
    where = engine.url.database if engine.url.get_backend_name() == "sqlite" else engine.url.host or "PostgreSQL"
    try:
        yield
    except DBAPIError as error:
        remedy = "Nothing was changed. See that the database runs, has room and may be written, and try again."
        raise StoreError(f"the casebook cannot be used: {error.orig}.", path=where, remedy=remedy) from None
    except UnicodeDecodeError:
        # Neither a row nor what SQLite says of a broken one can be read as text.
        remedy = "Keep the file as it is, and restore the casebook from a backup."
        raise StoreError("the casebook is damaged.", path=where, remedy=remedy) from None


def actions(about: str | None = None) -> Select[Any]:
    """The question for actions with their content, in order; all of them, or those about one thing."""
    columns = (*ACTION.c, CONTENT.c.salt, CONTENT.c.body)
    question = select(*columns).outerjoin_from(ACTION, CONTENT, ACTION.c.seq == CONTENT.c.seq).order_by(ACTION.c.seq)
    return question if about is None else question.where(ACTION.c.about == about)


def history(connection: Connection, about: str) -> list[Acted]:
    """All actions about one thing, in order."""
    return [as_acted(dict(row)) for row in connection.execute(actions(about)).mappings()]


def case_of(connection: Connection, incident: str, told: list[Acted] | None = None) -> Case:
    """The case as it is now, with whoever is part of where it went; `told` is its history, if it is at hand.

    Raises `Refused` if there is none, as for one that may not be seen.
    """
    case = replayed(incident, history(connection, incident) if told is None else told)
    if not (case.linked or case.merged_into):
        return case
    found = links(connection)
    beyond = {name: replayed(name, history(connection, name)) for name in found.beyond(incident)}
    return replace(
        case,
        elsewhere=frozenset(person for each in beyond.values() for person in each.parties),
        staff_elsewhere=any(beyond[name].own_side == "staff" for name in found.ends(incident)),
    )


def incidents(connection: Connection, *states: str) -> list[RowMapping]:
    """The rows of `incident`, those of these states or all, the most urgent and oldest first."""
    question = select(INCIDENT)
    if states:
        question = question.where(INCIDENT.c.state.in_(states))
    return list(connection.execute(question.order_by(INCIDENT.c.day, INCIDENT.c.id)).mappings())


def as_acted(row: Mapping[str, Any]) -> Acted:
    """The action in a row of `actions`."""
    body = row["body"]
    content: Mapping[str, Any] | None = json.loads(body) if body is not None else None
    if not row["content_sha256"]:
        content = {}
    try:
        at = datetime.fromisoformat(row["at"])
    except ValueError as error:
        remedy = "Run: esafety audit verify"
        raise CasebookError(f"action {row['seq']} has been changed: it has no time.", remedy=remedy) from error
    fixed = {name: row[name] for name in ("seq", "author", "role", "via", "kind", "about")}
    return Acted(**fixed, at=at, facts=json.loads(row["facts"]), content=content)
