"""What has had its time goes, and a receipt says what: events and all that names people beside them, then incidents.

In: the lake and the ledger, the casebook, the periods of the school. Out: both without what is kept no longer, and
`casebook.dataprotection.retention.Gone` for each rule. A receipt is written before anything goes: of a run that is
stopped in between the next one takes away the rest, and nothing has ever gone without one. The counts without names
stay, and what belongs to an incident under a legal hold. Refuses to let anything go where it cannot be told what is
held.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from casebook.access import Actor
from casebook.dataprotection import retention
from casebook.dataprotection.retention import Gone
from casebook.store import Casebook
from pipeline import lake
from pipeline.config import Settings
from pipeline.dataprotection import underhold
from pipeline.errors import StoreError
from pipeline.lake import Lake
from pipeline.output.record import RunRecord
from pipeline.store.ledger import Ledger
from pipeline.store.ledgerfile import copied_ledger, opened_ledger
from pipeline.store.streams import Unit
from pipeline.version import VERSION
from reports import publish

#: What is derived for a day and names people, or sites that few may have asked for, or holds lines; and under which
#: kind the ledger knows the day.
_WITH_NAMES: Final = {
    "user_counts": "facts", "site_verdicts": "facts", "drafts": "drafts", "became": "drafts", "clusters": "drafts",
}  # fmt: skip


@dataclass(frozen=True)
class Old:
    """What the school keeps no longer of what it has read."""

    units: tuple[Unit, ...]
    #: Kind and day of what was derived.
    days: tuple[tuple[str, date], ...]
    pages: tuple[Path, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How much of what."""
        return {
            "events": sum(unit.events for unit in self.units),
            "lines that could not be read": sum(unit.rejects for unit in self.units),
            "runs of lines": len(self.units),
            "days of counts by user": self._days("user_counts"),
            "days of verdicts by site": self._days("site_verdicts"),
            "days of drafts": self._days("drafts"),
            "days of what became of hits": self._days("became"),
            "days of what classes did together": self._days("clusters"),
            "pages with names": len(self.pages),
        }

    @property
    def lines(self) -> list[str]:
        """What a receipt is the hash of."""
        return [
            *(unit.unit_id for unit in self.units), *(f"{kind} {day}" for kind, day in self.days),
            *(f"{page.parent.name}/{page.name}" for page in self.pages),
        ]  # fmt: skip

    def without(self, other: Old) -> Old:
        """What is not in another one."""
        return Old(
            tuple(each for each in self.units if each not in other.units),
            tuple(each for each in self.days if each not in other.days),
            tuple(each for each in self.pages if each not in other.pages),
        )

    def _days(self, kind: str) -> int:
        return sum(kind == each for each, _ in self.days)


@dataclass(frozen=True)
class Parted:
    """What is old: what goes, and what a legal hold keeps."""

    goes: Old
    held: Old


@dataclass(frozen=True)
class Purged:
    """What a purge by hand came to: receipts, and how much of what is kept by legal holds."""

    receipts: list[Gone]
    held: dict[str, int]


def old(settings: Settings, place: Lake, ledger: Ledger, now: datetime, besides: frozenset[str] = frozenset()) -> Old:
    """Units whose events are all older than the school keeps them, and what names people in old days and pages.

    What was read so long ago is old whatever times it holds: a line may have none, or one that is years ahead. Units
    that are named in `besides` stay.
    """
    oldest = now - timedelta(days=settings.retention.events_days)
    oldest_day = oldest.astimezone(ZoneInfo(settings.school.timezone)).date()
    # A whole day more, because a day of drafts ends in the next morning.
    before = oldest_day - timedelta(days=1)
    read_before = _ids(ledger.read_since(None)) - _ids(ledger.read_since(before))
    units = tuple(
        unit for unit in ledger.units()
        if unit.unit_id not in besides
        and (unit.unit_id in read_before or (unit.last_ts is not None and unit.last_ts < oldest))
    )  # fmt: skip
    days = []
    for kind, made_with in _WITH_NAMES.items():
        made_before = set(ledger.days_since(made_with, None)) - set(ledger.days_since(made_with, before))
        days += [(kind, day) for day in lake.days_before(place, kind, before, made_before)]
    return Old(units, tuple(days), tuple(publish.named_pages(settings, oldest_day)))


def nothing_old(settings: Settings, place: Lake, ledger: Ledger, now: datetime, counted: Iterable[date]) -> bool:
    """Whether nothing is old, and nothing will be that is now made for the days that are `counted`."""
    first = (now - timedelta(days=settings.retention.events_days + 2)).astimezone(ZoneInfo(settings.school.timezone))
    return all(day > first.date() for day in counted) and not old(settings, place, ledger, now).lines


def _ids(units: list[Unit]) -> set[str]:
    return {unit.unit_id for unit in units}


def receipts(settings: Settings, what: Old, now: datetime) -> list[Gone]:
    """The receipt for it; none where nothing is old."""
    if not what.lines:
        return []
    return [retention.gone(retention.periods(settings)["events"], what.counts, what.lines, now)]


def take_away(place: Lake, ledger: Ledger, what: Old) -> None:
    """Let it go. Raises `OSError`."""
    units = [unit.unit_id for unit in what.units]
    # First the ledger: a folder that it no longer knows is cleared by the next run, even if this one is killed here.
    ledger.purge(units)
    lake.remove_units(place, units)
    for kind, day in what.days:
        lake.remove_days(place, kind, [day])
    for page in what.pages:
        page.unlink(missing_ok=True)


def parted(connection: Connection, settings: Settings, ledger: Ledger, what: Old) -> Parted:
    """Part what goes from what is held. Raises `CasebookError` where that cannot be told."""
    kept = underhold.kept(connection, ledger, ZoneInfo(settings.school.timezone))
    held = Old(
        tuple(unit for unit in what.units if unit.unit_id in kept.units),
        tuple((kind, day) for kind, day in what.days if day in kept.days),
        tuple(page for page in what.pages if kept.shows(publish.night_of(page))),
    )
    return Parted(what.without(held), held)


def decide(
    book: Casebook, settings: Settings, ledger: Ledger, what: Old, author: Actor, now: datetime
) -> tuple[Parted, list[Gone]]:
    """Part what is old, and write the receipts for what goes into the history, in one turn: a hold comes before it, or
    too late.

    Raises `StoreError`, and `CasebookError` where it cannot be told what is held.
    """
    with book.changing() as writer:
        underhold.refuse_lost(writer.connection, ledger)
        found = parted(writer.connection, settings, ledger, what)
        given = receipts(settings, found.goes, now)
        for each in given:
            retention.note(writer, each, author, now)
    return found, given


def by_hand(settings: Settings, book: Casebook, actor: Actor, now: datetime, *, dry_run: bool) -> Purged:
    """All that is due now, events and incidents.

    Raises `kinds.Refused`, `CasebookError` where it cannot be told what is held, and `StoreError` where a night is at
    work.
    """
    retention.refuse_purge(actor)
    record = RunRecord(settings.school.name, VERSION, now, ZoneInfo(settings.school.timezone), dry_run)
    place, kept = Lake(settings.store.folder), retention.periods(settings)
    with (copied_ledger if dry_run else opened_ledger)(place.root, record.today) as ledger:
        # What no night has counted yet would be missing from the counts.
        what = old(settings, place, ledger, now, frozenset(_ids(ledger.read_since(ledger.last_night()))))
        if dry_run:
            return _planned(settings, book, ledger, what, now)
        found, given = decide(book, settings, ledger, what, actor, now)
        keep(settings, record, given)
        try:
            lake.prepare(place, _ids(ledger.units()))
            take_away(place, ledger, found.goes)
        except OSError as error:
            remedy = "See that it may be written, and run again: what is left goes then."
            raise StoreError(
                f"cannot be written ({error.strerror or error}).", path=place.root, remedy=remedy
            ) from error
        erased = retention.purge(book, kept, actor, now, settings.casebook.staff)
        book.sweep()
        keep(settings, record, erased)
        return Purged([*given, *erased], found.held.counts)


def _planned(settings: Settings, book: Casebook, ledger: Ledger, what: Old, now: datetime) -> Purged:
    with book.reading() as connection:
        underhold.refuse_lost(connection, ledger)
        found = parted(connection, settings, ledger, what)
    given = receipts(settings, found.goes, now)
    return Purged([*given, *retention.planned(book, retention.periods(settings), now)], found.held.counts)


def keep(settings: Settings, record: RunRecord, given: list[Gone]) -> None:
    """Enter receipts into the record of a run, and keep all that it has beside the pages. Raises `StoreError`."""
    record.deleted += [asdict(each) for each in given]
    publish.write_receipts(settings, record)
