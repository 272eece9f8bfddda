"""`esafety subject-access`: everything that is held on one person, in one folder, with other people taken out.

In: a school, its casebook, who asks and why, the accounts of the person. Out: a folder with a page and tables, there
whole or not at all, and an action in the history before it is there: nothing leaves without one. Refuses a folder that
is not empty, and what `casebook.held` refuses.
"""

from __future__ import annotations

import hashlib
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from datetime import date, datetime
from html import escape
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import polars as pl

from casebook import held
from casebook.access import Access, Actor
from casebook.case import applied
from casebook.kinds import said
from casebook.store import Casebook, case_of
from pipeline import lake
from pipeline.config import Settings
from pipeline.errors import ConfigError, StoreError
from pipeline.heldall import Asked, Gathered, gathered
from pipeline.heldlines import Lines
from pipeline.lake import Lake
from pipeline.rules import load_watchlists, load_who
from pipeline.schema import EVENTS
from pipeline.spreadsheet import as_csv
from reports import publish, subject
from reports.page import write

_INDEX: Final = "index.html"
_WHAT: Final = {
    "people.csv": "The row in the school's list of people",
    "devices.csv": "Devices and addresses that the school's list gives to this person",
    "events.csv": "Lines of the logs under this account or from these devices",
    "events.parquet": "The same, for machines", "lines.csv": "Those of them that are kept as they came",
    "rejects.csv": "Lines that could not be read and name this person", "hits.csv": "What the rules found in the logs",
    "counts.csv": "Counts by day", "drafts.csv": "Drafts of incidents that the program made",
    "together.csv": "Which of these were part of what a class did together",
    "registers.csv": "Filter changes and filter checks that were entered for or by this person",
    "actions.csv": "What the person did in the incident log",
}  # fmt: skip


@dataclass(frozen=True)
class Request:
    """Who is asked about, why, where the copy goes, and which incidents the DSL leaves out."""

    people: tuple[str, ...]
    reason: str
    output: Path
    without: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Counted:
    """Found = written + kept back."""

    found: int
    written: int
    kept_back: int


@dataclass(frozen=True)
class Copied:
    """What was copied: of events, original lines, lines that could not be read, and of what the registers hold."""

    folder: Path
    found: int
    written: int
    kept_back: int
    lines: Counted
    unread: Counted
    registers: Counted
    incidents: int
    withheld: int


def copy(settings: Settings, book: Casebook, access: Access, actor: Actor, request: Request, now: datetime) -> Copied:
    """Make the copy. Raises `EsafetyError` with nothing written."""
    accounts = _accounts(access, request.people)
    held.refuse_copy(actor, accounts, request.without)
    _refuse_used(request.output)
    zone = ZoneInfo(settings.school.timezone)
    asked = Asked(
        access, actor, accounts, request.without, load_who(settings)[0], load_watchlists(settings), zone, now
    )  # fmt: skip
    found = gathered(Lake(settings.store.folder), book, asked)
    tables, logs = _tables(found), found.logs
    made = Copied(
        request.output, logs.found, logs.events.height, logs.kept_back, _counted(found.lines), _counted(found.unread),
        _counted(found.registers), len(found.cases.cases), found.cases.withheld,
    )  # fmt: skip
    page = subject.render(_context(settings, request, asked, found, made, tables))
    _hand_out(book, actor, request, found.cases, tables, page, now)
    return made


def _context(
    settings: Settings, request: Request, asked: Asked, found: Gathered, made: Copied, tables: dict[str, pl.DataFrame]
) -> subject.SubjectContext:
    """What the page says."""
    names = list(found.people["display_name"].drop_nulls())
    counts = {"lines": made.lines, "unread": made.unread, "registers": made.registers}
    return subject.SubjectContext(
        settings.school.name, request.people[0], next(iter(names), ""), asked.zone, asked.now, _rows(found.people),
        [(file, _WHAT[file], table.height) for file, table in tables.items()],
        {"events": (made.found, made.written, made.kept_back)} | {name: astuple(each) for name, each in counts.items()},
        found.cases.cases, found.cases.withheld, len(found.cases.acted),
        list(_pages(settings, asked.accounts.union(names))),
        {category: each.title for category, each in asked.lists.categories.items()},
    )  # fmt: skip


def _counted(lines: Lines) -> Counted:
    return Counted(lines.found, lines.table.height, lines.kept_back)


def _accounts(access: Access, people: tuple[str, ...]) -> frozenset[str]:
    """Every account of the person, as the logs' names are written after reading."""
    named = frozenset(access.meant(each, "unknown")[0] for each in people)
    return named.union(*(each.accounts for each in access.staff if each.accounts & named))


def _refuse_used(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError("is not an empty folder.", path=folder, remedy="Name a new folder with --output.")


def _tables(found: Gathered) -> dict[str, pl.DataFrame]:
    """File -> its table."""
    tables = {
        "people.csv": pl.DataFrame(_rows(found.people)), "devices.csv": found.devices.drop("line"),
        "events.csv": found.logs.events, "events.parquet": found.logs.events,
        "lines.csv": found.lines.table, "rejects.csv": found.unread.table,
        "hits.csv": found.logs.hits, "counts.csv": found.logs.counts, "drafts.csv": found.logs.drafts,
        "together.csv": found.together, "registers.csv": found.registers.table,
        "actions.csv": pl.DataFrame(list(found.cases.acted)),
    }  # fmt: skip
    return {name: table for name, table in tables.items() if not table.is_empty()}


def _rows(own: pl.DataFrame) -> list[dict[str, str]]:
    flat = own.drop("line").with_columns(pl.col("classes").list.join(", "))
    return [
        {key: "" if value is None else str(value) for key, value in row.items()} for row in flat.iter_rows(named=True)
    ]


def _pages(settings: Settings, names: frozenset[str]) -> Iterator[str]:
    """The pages of nights that name the person."""
    wanted = {written for name in names for written in (name.casefold(), escape(name).casefold())}
    for page in publish.named_pages(settings, date.max):
        text = page.read_text("utf-8").casefold()
        if any(name in text for name in wanted):
            yield f"{page.parent.name}/{page.name}"


def _hand_out(
    book: Casebook, actor: Actor, request: Request, found: held.Held, tables: dict[str, pl.DataFrame], page: str,
    now: datetime,
) -> None:  # fmt: skip
    """Write all beside the folder, then the action, then make it the folder: what is there has its action."""
    target = request.output.resolve()
    fresh = target.with_name(f".{target.name}.{secrets.token_hex(8)}.new")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        for left in target.parent.glob(f".{target.name}.*.new"):
            shutil.rmtree(left)
        fresh.mkdir(mode=0o700)
        write(fresh / _INDEX, page)
        for name, table in tables.items():
            if name.endswith(".parquet"):
                lake.write_table(fresh / name, table, EVENTS)
            else:
                write(fresh / name, as_csv(table.columns, _filled(table)))
        _note(book, actor, request, found, _sha256(fresh), now)
        if target.exists():
            target.rmdir()
        fresh.rename(target)
    except OSError as error:
        remedy = "See that there is room and that it may be written, and run again."
        raise StoreError(
            f"cannot be written ({error.strerror or error}).", path=request.output, remedy=remedy
        ) from error
    finally:
        if fresh.exists():
            shutil.rmtree(fresh)


def _filled(table: pl.DataFrame) -> Iterator[list[object]]:
    """The rows; what a log does not say is an empty cell."""
    return (["" if cell is None else cell for cell in row] for row in table.iter_rows())


def _sha256(folder: Path) -> str:
    """Of a line for each file, in order of their names: its SHA-256 and its name, as `sha256sum *` prints them."""
    lines = (f"{hashlib.sha256(each.read_bytes()).hexdigest()}  {each.name}\n" for each in sorted(folder.iterdir()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _note(book: Casebook, actor: Actor, request: Request, found: held.Held, sha256: str, now: datetime) -> None:
    """One action for the copy, and one beside each incident in it, which uses up what a second person agreed to."""
    fixed: dict[str, Any] = {"what": "subject-access", "sha256": sha256, "reason": request.reason}
    with book.changing() as writer:
        without = sorted(request.without) or None
        writer.append(said("export", **fixed, person=", ".join(request.people), without=without), None, actor, now)
        for each in found.cases:
            case = case_of(writer.connection, each["id"])
            writer.keep(applied(case, writer.append(said("export", **fixed), case.id, actor, now)))
