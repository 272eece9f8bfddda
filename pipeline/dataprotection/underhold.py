"""What of the lake a legal hold keeps: units of lines, days, nights; and whether that can be told at all.

In: the casebook, the ledger. Out: `Kept`. A line lies in the last unit of its file that begins at or before it; where
units of one file overlap, it may lie in several, and all of them are kept. Refuses a casebook that is not the one that
nights have worked with (`CasebookError`): it may lack holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from casebook.holds import Holds, holds
from casebook.kinds import CasebookError
from casebook.noted import TWO, not_accepted
from pipeline.daily.derive import days_of
from pipeline.episodes import DAY_BEGINS
from pipeline.store.ledger import Ledger
from pipeline.store.streams import Unit


@dataclass(frozen=True)
class Kept:
    """What is kept. `nights` are the first and last date of runs whose pages may show what is held."""

    units: frozenset[str]
    days: frozenset[date]
    nights: tuple[tuple[date, date], ...]

    def shows(self, night: date) -> bool:
        """Whether the pages of that night may show something that is held."""
        return any(first <= night <= last for first, last in self.nights)


def kept(connection: Connection, ledger: Ledger, zone: ZoneInfo) -> Kept:
    """What is kept now. Raises `CasebookError` where that cannot be told."""
    held = holds(connection, zone)
    nights = (*ledger.shown_between(held.draft_ids), *((night, night) for night in sorted(held.nights)))
    return Kept(frozenset(_units(ledger, held, zone)), held.days, nights)


def _units(ledger: Ledger, held: Holds, zone: ZoneInfo) -> Iterator[str]:
    if held.lines:
        yield from units_with(ledger.all_units(), held.lines)
    # What no night has brought to the casebook yet may belong to what is held.
    new = ledger.read_since(ledger.last_night()) if held.days else []
    yield from (unit.unit_id for unit in new if held.days & days_of(unit, zone, DAY_BEGINS))
    old = ledger.units() if held.unknown else []
    yield from (unit.unit_id for unit in old if held.unknown & days_of(unit, zone, DAY_BEGINS))


def units_with(units: list[Unit], lines: frozenset[tuple[str, int]]) -> Iterator[str]:
    """The units that may have these lines (`source_sha256`, number), out of all that were ever read."""
    wanted: dict[str, list[int]] = {}
    for file, line in lines:
        wanted.setdefault(file, []).append(line)
    # A record may be several lines long, so a unit ends where the next one of its file begins, also if that is gone.
    begins: dict[tuple[str, int], int] = {}
    for unit in units:
        place = unit.source_sha256, unit.start_byte
        begins[place] = max(unit.first_line, begins.get(place, 0))
    for unit in units:
        behind = begins.get((unit.source_sha256, unit.end_byte)) if unit.end_byte > unit.start_byte else None
        if any(
            unit.first_line <= line and (behind is None or line < behind) for line in wanted.get(unit.source_sha256, ())
        ):
            yield unit.unit_id


def refuse_lost(connection: Connection, ledger: Ledger) -> None:
    """Raise `CasebookError` where something is lost, holds perhaps among it, and no two people have accepted that."""
    missing = not_accepted(connection, ledger.noted_heads())
    if missing:
        remedy = (
            "Restore its latest backup. If that is gone for good, hold anew what has to be held, and then run:"
            f" esafety audit accept-copy. {TWO}."
        )
        what = f"the casebook lacks what the night of {missing[-1].day} has noted: it is an earlier copy, or another."
        raise CasebookError(what, remedy=remedy)
