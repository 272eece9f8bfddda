"""The night: the order of the stages, and nothing else.

In: the settings of a school, the moment of the run. Out: the lake brought up to date, pages for people, the record of
the run. A bad line is a reject, a bad file an issue; only what would make the results wrong stops the run.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from pipeline import lake, reading
from pipeline.config import Settings
from pipeline.coverage import missing_hours
from pipeline.derive import LATE, derive
from pipeline.errors import StoreError
from pipeline.lake import Lake
from pipeline.ledger import Ledger, Unit, copied_ledger, opened_ledger
from pipeline.record import RunRecord
from pipeline.rules import Rules, load_rules
from pipeline.sources import find
from pipeline.version import VERSION
from reports import publish

#: What is derived for a day and names people or holds their lines, and under which kind the ledger knows the day.
_WITH_NAMES = {"user_counts": "facts", "drafts": "drafts"}


def run(
    settings: Settings, config: Path, now: datetime, *, dry_run: bool = False, progress: reading.Progress | None = None
) -> RunRecord:
    """Read everything that is new, flag, count, draft, write the pages. `now` has a zone.

    Raises `EsafetyError` where nothing could be done, before anything was read or with the lake left as it was.
    """
    began = time.perf_counter()
    record = RunRecord(settings.school.name, VERSION, now, ZoneInfo(settings.school.timezone), dry_run)
    files, missing = find(settings, config)
    rules = load_rules(settings)
    record.issues += [*rules.issues, *missing]
    place = Lake(settings.store.folder)
    with _left_alone(), (copied_ledger if dry_run else opened_ledger)(place.root, record.today) as ledger:
        if not dry_run:
            lake.prepare(place, (unit.unit_id for unit in ledger.units()))
        sources = frozenset(source.name for source in settings.source)
        night = reading.Night(place, ledger, rules.flagging, settings.school.site, now, sources, dry_run=dry_run)
        record.files += reading.read_all(files, night, progress)
        if not dry_run:
            _after_reading(settings, rules, place, ledger, record)
        record.seconds = round(time.perf_counter() - began, 3)
        if not dry_run:
            publish.write_record(settings, record)
            ledger.add_run(now, record.as_json())
    return record


@contextmanager
def _left_alone() -> Iterator[None]:
    """What has been loaded by now stays to the end: the collector need not look through it again and again."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _after_reading(settings: Settings, rules: Rules, place: Lake, ledger: Ledger, record: RunRecord) -> None:
    try:
        derive(place, ledger, rules.who, rules.drafting, rules.flagging.bounds)
        _purge(settings, place, ledger, record.started)
    except OSError as error:
        remedy = "See that there is room and that it may be written, and run again: nothing is lost."
        raise StoreError(f"cannot be written ({error.strerror or error}).", path=place.root, remedy=remedy) from error
    last_night = ledger.last_night()
    record.issues += [
        f"{day}: events came late, after those of the day had been deleted; the counts of that day stand without them."
        for day in ledger.days_since(LATE, last_night)
    ]
    counted = ledger.days_since("facts", last_night)
    record.missing_hours = missing_hours(settings, place, counted, last_night, record.started)
    publish.write_pages(settings, rules.watchlists, rules.who.people.table, place, ledger, record)


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
