"""The second half of a night: counts, drafts, what retention takes away, pages, the record of the run.

In: the lake as reading has left it, the rules, the record so far. Out: `days/` and `reports/`, up to date. Refuses
a store that cannot be written; what is done by then stays done, and the next night goes on.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl

from casebook.flipped import noticed
from casebook.intake import take_in
from casebook.registerfigures import Registers, registers_of
from casebook.registers import keep_registers
from casebook.store import opened_casebook, url_of
from casebook.unexplained import findings, flips_of
from pipeline import lake
from pipeline.config import Settings
from pipeline.coverage import missing_hours
from pipeline.derive import LATE, derive
from pipeline.errors import StoreError
from pipeline.lake import Lake
from pipeline.ledger import Ledger, Unit
from pipeline.record import RunRecord
from pipeline.rules import Rules
from pipeline.schema import DRAFTS
from reports import publish

#: What is derived for a day and names people, or sites that few may have asked for, or holds lines; and under which
#: kind the ledger knows the day.
_WITH_NAMES = {
    "user_counts": "facts", "site_verdicts": "facts", "drafts": "drafts", "became": "drafts", "clusters": "drafts",
}  # fmt: skip


def conclude(settings: Settings, rules: Rules, place: Lake, ledger: Ledger, record: RunRecord) -> None:
    """Bring everything that follows from the lake up to date. Raises `StoreError` where it cannot be written."""
    try:
        derive(place, ledger, rules.who, rules.drafting, rules.flagging.bounds)
        _purge(settings, place, ledger, record.started)
    except OSError as error:
        remedy = "See that there is room and that it may be written, and run again: nothing is lost."
        raise StoreError(f"cannot be written ({error.strerror or error}).", path=place.root, remedy=remedy) from error
    registers = _to_casebook(settings, rules, place, ledger, record)
    last_night = ledger.last_night()
    record.issues += [
        f"{day}: events came late, after those of the day had been deleted; the counts of that day stand without them."
        for day in ledger.days_since(LATE, last_night)
    ]
    counted = ledger.days_since("facts", last_night)
    record.missing_hours = missing_hours(settings, place, counted, last_night, record.started)
    # What was refused lowers nothing, and no page is to say that it does.
    lowering = rules.drafting.lowering
    in_force = settings.model_copy(update={"lesson": lowering.lessons, "exclusion": lowering.exclusions})
    publish.write_pages(in_force, rules.watchlists, rules.who.people.table, place, ledger, record, registers)


def _to_casebook(settings: Settings, rules: Rules, place: Lake, ledger: Ledger, record: RunRecord) -> Registers | None:
    """Let the casebook take in the drafts that were made since it last did; that it cannot be had stops nothing.

    Out: the registers as they stand then; None where the casebook cannot be had.
    """
    nights = [day for day, _, _ in ledger.noted_heads() if day < record.today]
    try:
        with opened_casebook(url_of(settings)) as book:
            days = ledger.days_since("drafts", max(nights, default=None))
            tables = [lake.read_days(place, "drafts", DRAFTS, day, day) for day in days]
            drafts = pl.concat([pl.DataFrame(schema=DRAFTS), *tables])
            record.casebook = asdict(take_in(book, drafts, record.started))
            changes, checks = keep_registers(book, place, ledger.units(), record.timezone, record.started)
    except StoreError as error:
        record.issues.append(f"{error} The drafts are in the digest; the next night enters them.")
        return None
    found = noticed(place, ledger, rules.watchlists.categories, changes, record.today)
    record.filter_flips = [each.as_data() for each in found if not each.is_explained]
    term = publish.term_of(settings, record.today)
    told = [*record.filter_flips, *ledger.noted_flips(term.first_day, record.today)]
    of_term = findings(flips_of(told), changes)
    return registers_of(changes, checks, of_term, record.timezone, record.today)


def keep_record(settings: Settings, ledger: Ledger, record: RunRecord) -> None:
    """Write the record of the run beside the pages, and into the ledger."""
    publish.write_record(settings, record)
    ledger.add_run(record.started, record.as_json())


def _purge(settings: Settings, place: Lake, ledger: Ledger, now: datetime) -> None:
    """Take away what the school keeps no longer: units whose events are all older, and what names people in old days.

    What was read so long ago is old whatever times it holds: a line may have none, or one that is years ahead. The
    counts without names stay.
    """
    oldest = now - timedelta(days=settings.retention.events_days)
    oldest_day = oldest.astimezone(ZoneInfo(settings.school.timezone)).date()
    before = oldest_day - timedelta(days=1)
    read_before = _ids(ledger.read_since(None)) - _ids(ledger.read_since(before))
    old = [
        unit.unit_id for unit in ledger.units()
        if unit.unit_id in read_before or (unit.last_ts is not None and unit.last_ts < oldest)
    ]  # fmt: skip
    # First the ledger: a folder that it no longer knows is cleared by the next run, even if this one is killed here.
    ledger.purge(old)
    lake.remove_units(place, old)
    for kind, made_with in _WITH_NAMES.items():
        made_before = set(ledger.days_since(made_with, None)) - set(ledger.days_since(made_with, before))
        # `before` is a whole day more, because a day of drafts ends in the next morning.
        lake.remove_days(place, kind, before, made_before)
    publish.remove_named_pages(settings, oldest_day)


def _ids(units: list[Unit]) -> set[str]:
    return {unit.unit_id for unit in units}
