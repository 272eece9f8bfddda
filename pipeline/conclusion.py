"""The second half of a night: counts, drafts, what retention takes away, pages, the record of the run.

In: the lake as reading has left it, the rules, the record so far. Out: `days/` and `reports/`, up to date. Refuses
a store that cannot be written; what is done by then stays done, and the next night goes on.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, timedelta

import polars as pl
from sqlalchemy import select

from casebook.access import NIGHT
from casebook.dataprotection import retention
from casebook.filtering.filterchanges import FilterChange
from casebook.filtering.filterchecks import FilterCheck
from casebook.filtering.flipped import noticed
from casebook.filtering.registerfigures import Registers, registers_of
from casebook.filtering.registers import keep_registers
from casebook.filtering.unexplained import findings, flips_of
from casebook.intake import numbers, take_in
from casebook.kinds import CasebookError
from casebook.noted import lost
from casebook.store import Casebook, opened_casebook, url_of
from casebook.tables import HEAD
from pipeline import lake
from pipeline.config import Settings
from pipeline.daily.coverage import missing_hours
from pipeline.daily.derive import LATE, deriving
from pipeline.dataprotection import purging
from pipeline.dataprotection.underhold import refuse_lost
from pipeline.errors import StoreError
from pipeline.lake import Lake
from pipeline.output.record import RunRecord, held_line
from pipeline.rules import Rules
from pipeline.schema import DRAFTS
from pipeline.store.ledger import Ledger
from reports import publish


def conclude(settings: Settings, rules: Rules, place: Lake, ledger: Ledger, record: RunRecord) -> None:
    """Bring everything that follows from the lake up to date. Raises `StoreError` where it cannot be written."""
    brought: _Brought | None = None
    try:
        with deriving(place, ledger, rules.who, rules.drafting, rules.flagging.bounds) as counted:
            # Drafts need no counts; but what is written of what goes comes before what they become.
            is_early = purging.nothing_old(settings, place, ledger, record.started, counted)
            if is_early:
                brought = _to_casebook(settings, place, ledger, record)
        _let_events_go(settings, place, ledger, record)
    except OSError as error:
        remedy = "See that there is room and that it may be written, and run again: nothing is lost."
        raise StoreError(f"cannot be written ({error.strerror or error}).", path=place.root, remedy=remedy) from error
    if not is_early:
        brought = _to_casebook(settings, place, ledger, record)
    registers = None if brought is None else _registers(settings, rules, place, ledger, record, brought)
    last_night = ledger.last_night()
    record.issues += [
        f"{day}: events came late, after those of the day had been deleted; the counts of that day stand without them."
        for day in ledger.days_since(LATE, last_night)
    ]
    counts = ledger.days_since("facts", last_night)
    record.missing_hours = missing_hours(settings, place, counts, last_night, record.started)
    # What was refused lowers nothing, and no page is to say that it does.
    lowering = rules.drafting.lowering
    in_force = settings.model_copy(update={"lesson": lowering.lessons, "exclusion": lowering.exclusions})
    incidents = {} if brought is None else brought.incidents
    publish.write_pages(in_force, rules.watchlists, rules.who.people.table, place, ledger, record, registers, incidents)


@dataclass(frozen=True)
class _Brought:
    """The casebook with the drafts of the night: its registers, and which draft is which incident."""

    changes: list[FilterChange]
    checks: list[FilterCheck]
    incidents: dict[str, str]


def _to_casebook(settings: Settings, place: Lake, ledger: Ledger, record: RunRecord) -> _Brought | None:
    """Let the casebook take in the drafts that were made since it last did; that it cannot be had stops nothing."""
    try:
        with opened_casebook(url_of(settings)) as book:
            days = ledger.days_since("drafts", _last_taken_in(book, ledger, record))
            tables = [lake.read_days(place, "drafts", DRAFTS, day, day) for day in days]
            drafts = pl.concat([pl.DataFrame(schema=DRAFTS), *tables])
            record.casebook = asdict(take_in(book, drafts, record.started, settings.casebook.staff))
            changes, checks = keep_registers(book, place, ledger.units(), record.timezone, record.started)
            _let_incidents_go(settings, book, ledger, record)
            with book.reading() as connection:
                return _Brought(changes, checks, numbers(connection))
    except StoreError as error:
        record.issues.append(f"{error} The drafts are in the digest; the next night enters them.")
        return None


def _registers(
    settings: Settings, rules: Rules, place: Lake, ledger: Ledger, record: RunRecord, brought: _Brought
) -> Registers:
    """The registers as they stand then, with what the counts say of the filter."""
    found = noticed(place, ledger, rules.watchlists.categories, brought.changes, record.today)
    record.filter_flips = [each.as_data() for each in found if not each.is_explained]
    term = publish.term_of(settings, record.today)
    told = [*record.filter_flips, *ledger.noted_flips(term.first_day, record.today)]
    of_term = findings(flips_of(told), brought.changes)
    return registers_of(brought.changes, brought.checks, of_term, record.timezone, record.today)


def _last_taken_in(book: Casebook, ledger: Ledger, record: RunRecord) -> date | None:
    """The last night before today whose drafts are in the casebook: one that was lost has to be brought again."""
    with book.reading() as connection:
        heads = ledger.noted_heads()
        missing = lost(connection, heads)
    return max((each.day for each in heads if each.day < record.today and each not in missing), default=None)


def _let_incidents_go(settings: Settings, book: Casebook, ledger: Ledger, record: RunRecord) -> None:
    """Erase what of the casebook has had its time; say which drafts nobody has looked at, which never go."""
    try:
        with book.reading() as connection:
            refuse_lost(connection, ledger)
    except CasebookError as error:
        _keep_all(record, error)
    else:
        _erase(settings, book, record)
    days = settings.retention.drafts_unreviewed_days
    with book.reading() as connection:
        waiting = retention.unreviewed(connection, record.started - timedelta(days=days))
        record.casebook["actions"], record.casebook["head"] = connection.execute(select(HEAD.c.seq, HEAD.c.hash)).one()
    # Where nobody works with the casebook yet, drafts are read in the digest.
    if waiting and settings.casebook.staff:
        record.issues.append(
            f"{waiting} of the drafts have waited for more than {days} days, and nobody has looked at them. They are"
            " kept. The DSL sees them with: esafety incident list --state draft"
        )


def _erase(settings: Settings, book: Casebook, record: RunRecord) -> None:
    try:
        kept, staff = retention.periods(settings), settings.casebook.staff
        purging.keep(settings, record, retention.purge(book, kept, NIGHT, record.started, staff))
    except CasebookError as error:
        record.issues.append(f"Not all that has had its time in the casebook was erased: {error}")


def _keep_all(record: RunRecord, error: CasebookError | StoreError) -> None:
    issue = f"What has had its time is not deleted, because nobody can tell what is under a legal hold: {error}"
    # Of events and of incidents alike, and told once.
    if issue not in record.issues:
        record.issues.append(issue)


def _let_events_go(settings: Settings, place: Lake, ledger: Ledger, record: RunRecord) -> None:
    """Take away what the school keeps no longer of what it has read, but for what is held; the receipt comes first."""
    what = purging.old(settings, place, ledger, record.started)
    if not what.lines:
        return
    try:
        with opened_casebook(url_of(settings)) as book:
            found, given = purging.decide(book, settings, ledger, what, NIGHT, record.started)
    except (CasebookError, StoreError) as error:
        _keep_all(record, error)
        return
    if found.held.lines:
        record.kept_by_holds = {name: count for name, count in found.held.counts.items() if count}
        record.doubts.append(
            f"{held_line(record.kept_by_holds)}. Is each hold still needed? The DSL sees those about pupils, the head"
            " teacher those about staff, with: esafety incident list --held"
        )
    if given:
        purging.keep(settings, record, given)
        purging.take_away(place, ledger, found.goes)


def keep_record(settings: Settings, ledger: Ledger, record: RunRecord) -> None:
    """Write the record of the run beside the pages, and into the ledger."""
    publish.write_record(settings, record)
    ledger.add_run(record.started, record.as_json())
