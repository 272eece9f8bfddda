"""The night: the order of the stages, and nothing else.

In: the settings of a school, the moment of the run. Out: the lake brought up to date, pages for people, the record of
the run. A bad line is a reject, a bad file an issue; only what would make the results wrong stops the run.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from datetime import date, datetime
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from zoneinfo import ZoneInfo

from pipeline import lake, reading
from pipeline.config import Settings
from pipeline.errors import StoreError
from pipeline.lake import Lake
from pipeline.output.record import RunRecord
from pipeline.performance.ahead import Later
from pipeline.sources import find
from pipeline.store.ledger import Ledger
from pipeline.store.ledgerfile import copied_ledger, opened_ledger
from pipeline.version import VERSION

if TYPE_CHECKING:
    import polars as pl

    from pipeline.rules import Rules

#: So many objects more than before, and the collector looks for circles among them.
_SELDOM = 100_000
#: After so many seconds Python gives way to the thread that reads: that needs it often, and never for long.
_GIVES_WAY = 0.0005
#: What the last night went by. To take it apart takes a sixth of a second, which nobody is to wait for at the end of a
#: process; a night after it in the same process lets it go.
_WENT_BY: list[Rules] = []
Given = TypeVar("Given")
Made = TypeVar("Made")


def run(
    settings: Settings, config: Path, now: datetime, *, dry_run: bool = False, progress: reading.Progress | None = None,
    verdicts: pl.DataFrame | None = None,
) -> RunRecord:  # fmt: skip
    """Read everything that is new, flag, count, draft, write the pages. `now` has a zone.

    An exclusion that would have hidden a confirmed draft is not used, by the casebook or by `verdicts`
    (`schema.JUDGED`).
    Raises `EsafetyError` where nothing could be done, before anything was read or with the lake left as it was.
    """
    began = time.perf_counter()
    _WENT_BY.clear()
    record = RunRecord(settings.school.name, VERSION, now, ZoneInfo(settings.school.timezone), dry_run, str(config))
    files, missing = find(settings, config)
    place = Lake(settings.store.folder)
    making = partial(_made_ready, verdicts=verdicts, today=record.today, keep=not dry_run)
    with _beside(making, settings) as rules_of, _ledger(place, record) as ledger:
        if not dry_run:
            lake.prepare(place, (unit.unit_id for unit in ledger.units()))
        sources = frozenset(source.name for source in settings.source)
        # The rules are made while the first lines are read; nothing is kept of these until the rules are there.
        night = reading.Night(
            place,
            ledger,
            rules_of.then(lambda rules: rules.flagging),
            settings.school.site,
            now,
            sources,
            dry_run=dry_run,
        )
        record.files += reading.read_all(files, night, progress)
        _WENT_BY.append(rules := rules_of())
        from pipeline import conclusion
        from pipeline.judging import saidbefore

        record.issues += [*rules.issues, *map(str, rules.refused), *saidbefore.ended(settings, record.today), *missing]

        if not dry_run:
            conclusion.conclude(settings, rules, place, ledger, record)
        record.seconds = round(time.perf_counter() - began, 3)
        if not dry_run:
            conclusion.keep_record(settings, ledger, record)
    return record


def _made_ready(settings: Settings, *, verdicts: pl.DataFrame | None, today: date, keep: bool) -> Rules:
    """The rules. What the second half of the night needs is made ready as well, so that no time goes by there."""
    # Not at the top: what only this thread needs is loaded by it, and reading begins the sooner.
    from pipeline.rules import load_rules

    rules = load_rules(settings, _decided(settings) if verdicts is None else verdicts, today, keep=keep)
    # A slip of the pen in the school's own steps or numbers is told now, and not when the pages are written.
    import_module("casebook.response.guidance").routes_of(settings)
    import_module("casebook.sanctions").load_sanctions(settings.casebook.sanctions, rules.watchlists.categories)
    import_module("pipeline.conclusion")
    import_module("reports.page").compile_templates()
    return rules


def _decided(settings: Settings) -> pl.DataFrame | None:
    """What the casebook says of drafts, if anything is said beforehand that could hide one like them."""
    if not (settings.lesson or settings.exclusion):
        return None
    from casebook.verdicts import kept

    try:
        return kept(settings)
    except StoreError:
        # The second half of the night needs it, too, and tells of it.
        return None


@contextmanager
def _beside(make: Callable[[Given], Made], given: Given) -> Iterator[Later[Made]]:
    """Make something in a thread of its own; what is given waits for it, and raises what went wrong.

    What has been loaded by then stays to the end: the collector need not look through it again and again, nor look
    often through tables and pages, which hold no circles.
    """
    thresholds, interval = gc.get_threshold(), sys.getswitchinterval()
    gc.set_threshold(_SELDOM)
    sys.setswitchinterval(_GIVES_WAY)

    def made() -> Made:
        found = make(given)
        gc.freeze()
        return found

    with ThreadPoolExecutor(1) as beside:
        try:
            making = beside.submit(made)
            yield Later(making.result, making.done)
        finally:
            gc.unfreeze()
            gc.set_threshold(*thresholds)
            sys.setswitchinterval(interval)


def _ledger(place: Lake, record: RunRecord) -> AbstractContextManager[Ledger]:
    return (copied_ledger if record.dry_run else opened_ledger)(place.root, record.today)
