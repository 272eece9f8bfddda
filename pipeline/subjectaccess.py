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
from dataclasses import dataclass
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
from pipeline import heldlogs, lake
from pipeline.accounts import normalise_user
from pipeline.config import Settings
from pipeline.errors import ConfigError, StoreError
from pipeline.lake import Lake
from pipeline.ledger import copied_ledger
from pipeline.rules import load_watchlists, load_who
from pipeline.schema import EVENTS
from pipeline.spreadsheet import as_csv
from reports import publish, subject
from reports.page import write
from reports.subject.masking import masks

_ILLEGAL: Final = "illegal"
_INDEX: Final = "index.html"
_WHAT: Final = {
    "people.csv": "The row in the school's list of people", "events.csv": "Lines of the logs under this account",
    "events.parquet": "The same, for machines", "hits.csv": "What the rules found in them",
    "counts.csv": "Counts by day", "drafts.csv": "Drafts of incidents that the program made",
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
class Copied:
    """What was copied: events found = written + kept back."""

    folder: Path
    found: int
    written: int
    kept_back: int
    incidents: int
    withheld: int


def copy(settings: Settings, book: Casebook, access: Access, actor: Actor, request: Request, now: datetime) -> Copied:
    """Make the copy. Raises `EsafetyError` with nothing written."""
    accounts = _accounts(access, request.people)
    held.refuse_copy(actor, accounts, request.without)
    _refuse_used(request.output)
    who = load_who(settings)[0]
    people = who.people.table
    own = people.filter(pl.col("username").is_in(sorted(accounts)))
    with book.reading() as connection:
        others = [(account, "") for account in held.others(connection, accounts)]
        others += [(each, person.name) for person in access.staff for each in sorted(person.accounts)]
        hiding = masks(people.select("username", "display_name", "role"), others, accounts)
        found = held.held_on(connection, access, actor, accounts, request.without, hiding.written)
    titles = load_watchlists(settings).categories
    secret = frozenset(name for name, each in titles.items() if each.route == _ILLEGAL)
    with copied_ledger(settings.store.folder, now.date()) as ledger:
        logs = heldlogs.held_on(
            Lake(settings.store.folder), ledger, accounts, who, ZoneInfo(settings.school.timezone), secret,
            found.kept_back, hiding.typed,
        )  # fmt: skip
    names = accounts | set(own["display_name"].drop_nulls())
    tables = _tables(own, logs, found)
    context = subject.SubjectContext(
        settings.school.name, request.people[0], next(iter(own["display_name"].drop_nulls()), ""),
        ZoneInfo(settings.school.timezone), now, _rows(own),
        [(name, _WHAT[name], tables[name].height) for name in tables], (logs.found, logs.events.height, logs.kept_back),
        found.cases, found.withheld, len(found.acted), list(_pages(settings, names)),
        {name: each.title for name, each in titles.items()},
    )  # fmt: skip
    _hand_out(book, actor, request, found, tables, subject.render(context), now)
    return Copied(request.output, logs.found, logs.events.height, logs.kept_back, len(found.cases), found.withheld)


def _accounts(access: Access, people: tuple[str, ...]) -> frozenset[str]:
    """Every account of the person, as the logs' names are written after reading."""
    named = frozenset(normalise_user(each) for each in people)
    if not all(named):
        raise ConfigError("this names nobody.", remedy="Write the account as the logs or the people file do.")
    return named.union(*(each.accounts for each in access.staff if each.accounts & named))


def _refuse_used(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError("is not an empty folder.", path=folder, remedy="Name a new folder with --output.")


def _tables(own: pl.DataFrame, logs: heldlogs.Held, found: held.Held) -> dict[str, pl.DataFrame]:
    """File -> its table."""
    tables = {
        "people.csv": pl.DataFrame(_rows(own)), "events.csv": logs.events, "events.parquet": logs.events,
        "hits.csv": logs.hits, "counts.csv": logs.counts, "drafts.csv": logs.drafts,
        "actions.csv": pl.DataFrame(list(found.acted)),
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
