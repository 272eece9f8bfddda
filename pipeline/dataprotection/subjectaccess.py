"""`esafety subject-access`: everything that is held on one person, in one folder, with other people taken out.

In: a school, its casebook, who asks and why, the accounts of the person. Out: a folder with a page and tables, and an
action in the history that tells of it: never one without the other (`casebook.outgoing`). Refuses a folder that is not
empty, and what `casebook.dataprotection.held` refuses.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple, dataclass, replace
from datetime import date, datetime
from html import escape
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import polars as pl

from casebook import outgoing
from casebook.access import Access, Actor
from casebook.case import Acted, applied
from casebook.dataprotection import held
from casebook.kinds import said
from casebook.outgoing import Export
from casebook.store import Casebook, Writer, case_of
from pipeline import lake
from pipeline.config import Settings
from pipeline.dataprotection.heldall import Asked, Gathered, gathered
from pipeline.dataprotection.heldlines import Lines
from pipeline.errors import ConfigError, StoreError
from pipeline.lake import Lake
from pipeline.output.spreadsheet import as_csv
from pipeline.rules import load_watchlists, load_who
from pipeline.schema import EVENTS
from reports import publish, subject
from reports.page import write

_INDEX: Final = "index.html"
_KIND: Final = "subject-access"
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
    #: An earlier run had made it and was killed before it could give it its name: the numbers are not of this run.
    finished: bool = False


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
    return replace(made, finished=_hand_out(book, asked, request, found.cases, tables, page).finished)


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
    book: Casebook, asked: Asked, request: Request, found: held.Held, tables: dict[str, pl.DataFrame], page: str
) -> Export:
    """Write all beside the folder, then the action, all in one turn, and then make it the folder."""
    target = request.output.resolve()
    fresh = outgoing.hidden(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with book.changing() as writer:
            finished = outgoing.left_by_a_killed_run(writer.connection, target, lambda acted: _is_same(acted, request))
            if finished:
                return finished
            # Somebody else may have been quicker.
            _refuse_used(request.output)
            with outgoing.whole_or_gone(fresh):
                _write(fresh, tables, page)
                digest = outgoing.flushed(fresh)
                action = _note(writer, asked, request, found, digest)
        outgoing.put(fresh, target, digest)
        return Export(target, digest, action)
    except OSError as error:
        remedy = "See that there is room and that it may be written, and run again."
        raise StoreError(
            f"cannot be written ({error.strerror or error}).", path=request.output, remedy=remedy
        ) from error


def _is_same(acted: Acted, request: Request) -> bool:
    """Whether the action tells of a copy that was asked for in the same words."""
    said = acted.content or {}
    return (acted.facts["what"], said.get("person"), acted.facts.get("without")) == (
        _KIND, ", ".join(request.people), sorted(request.without) or None,
    )  # fmt: skip


def _write(fresh: Path, tables: dict[str, pl.DataFrame], page: str) -> None:
    fresh.mkdir(mode=0o700)
    write(fresh / _INDEX, page)
    for name, table in tables.items():
        if name.endswith(".parquet"):
            lake.write_table(fresh / name, table, EVENTS)
        else:
            write(fresh / name, as_csv(table.columns, _filled(table)))


def _filled(table: pl.DataFrame) -> Iterator[list[object]]:
    """The rows; what a log does not say is an empty cell."""
    return (["" if cell is None else cell for cell in row] for row in table.iter_rows())


def _note(writer: Writer, asked: Asked, request: Request, found: held.Held, sha256: str) -> int:
    """One action for the copy, and one beside each incident in it, which uses up what a second person agreed to."""
    fixed: dict[str, Any] = {"what": _KIND, "sha256": sha256, "reason": request.reason}
    without = sorted(request.without) or None
    told = said("export", **fixed, person=", ".join(request.people), without=without)
    action = writer.append(told, None, asked.actor, asked.now).seq
    for each in found.cases:
        case = case_of(writer.connection, each["id"])
        held.refuse_changed(asked.access, asked.actor, case)
        writer.keep(applied(case, writer.append(said("export", **fixed), case.id, asked.actor, asked.now)))
    return action
