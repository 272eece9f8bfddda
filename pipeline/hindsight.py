"""Would a lesson or an exclusion of today have hidden what was confirmed as an incident? Then nothing is run with it.

In: the settings, who is who, the verdicts on drafts, the store. Out: nothing. Refuses, with the file and line of the
first one that would have hidden a confirmed draft, its reason and the id of the draft. A draft that the store holds no
longer cannot be tried. Reads the store and changes nothing in it.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import polars as pl

from pipeline import drafts, judged, lake
from pipeline.config import Settings
from pipeline.derive import days_of
from pipeline.episodes import DAY_BEGINS, Drafting
from pipeline.errors import ConfigError
from pipeline.lake import Lake
from pipeline.ledger import copied_ledger
from pipeline.priority import LevelBounds
from pipeline.schema import DRAFTS
from pipeline.who import Who

_KNOWN = pl.Schema({name: DRAFTS[name] for name in ("draft_id", "day")})
_WANTED = pl.Schema({**_KNOWN, "hits": DRAFTS["hits"]})


def refuse_hiding(settings: Settings, verdicts: pl.DataFrame, who: Who, drafting: Drafting, bounds: LevelBounds,
                  today: date | None) -> None:  # fmt: skip
    """Raise `ConfigError` for the first lesson or exclusion that would have hidden a confirmed draft.

    `verdicts` is `schema.JUDGED`; what ended before `today` is passed over.
    """
    confirmed = pl.col("draft_id").is_in(judged.confirmed_of(verdicts))
    stored, said = Lake(settings.store.folder), drafting.lowering
    known = lake.read_days(stored, "drafts", _KNOWN).filter(confirmed)
    if known.is_empty() or not (said.lessons or said.exclusions):
        return
    days = sorted(set(known["day"]))
    wanted = pl.concat(lake.read_days(stored, "drafts", _WANTED, day, day) for day in days).filter(confirmed)
    # What memory has no room for goes elsewhere than into the store: a night may be tidying up there just now.
    with TemporaryDirectory(prefix="esafety-hindsight-") as folder:
        place = Lake(stored.root, Path(folder))
        units = _units_of(place, set(days), drafting.timezone)
        hits = drafts.hits_of_drafts(place, units, wanted, who, drafting, bounds)
    refuse(settings, judged.hiding(hits, drafting, today))


def refuse(settings: Settings, hiding: pl.DataFrame) -> None:
    """Raise `ConfigError` for the first row of `judged.HIDING`."""
    if hiding.is_empty():
        return
    said, at, draft_id = hiding.row(0)
    others = hiding.filter(said=said, at=at).height - 1
    more = f" and {others} more" if others else ""
    what = (
        f"the lesson {settings.lesson[at].what!r}" if said == "lesson"
        else f"the exclusion {settings.exclusion[at].reason!r} of {settings.exclusion[at].owner}"
    )  # fmt: skip
    raise ConfigError(
        f"{what} would have hidden what was confirmed as an incident: draft {draft_id}{more}.",
        **settings.policies[-1].place(said, at),
        remedy="Make it narrower, or take it out; the safeguarding lead knows the draft by its id.",
    )


def _units_of(place: Lake, days: set[date], timezone: ZoneInfo) -> list[str]:
    # The date of the ledger matters only for what a run adds to it.
    with copied_ledger(place.root, date.max) as ledger:
        return [each.unit_id for each in ledger.units() if days & days_of(each, timezone, DAY_BEGINS)]
