"""Would a lesson or an exclusion of today have hidden what was confirmed as an incident? Then nothing is run with it.

In: the settings, who is who, the verdicts on drafts, the store. Out: what is left to draft by, and of each that was
left out its file and line, its reason and the id of a draft that it would have hidden. A draft that the store holds no
longer cannot be tried. Reads the store and changes nothing in it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import polars as pl

from pipeline import lake
from pipeline.config import Settings
from pipeline.daily import drafts
from pipeline.daily.derive import days_of
from pipeline.episodes import DAY_BEGINS, Drafting
from pipeline.errors import ConfigError
from pipeline.judging import judged
from pipeline.lake import Lake
from pipeline.priority import LevelBounds
from pipeline.schema import DRAFTS
from pipeline.settings.limits import Exclusion, Lesson
from pipeline.store.ledgerfile import copied_ledger
from pipeline.urgency.lowering import Lowering
from pipeline.who import Who

_KNOWN = pl.Schema({name: DRAFTS[name] for name in ("draft_id", "day")})
_WANTED = pl.Schema({**_KNOWN, "hits": DRAFTS["hits"]})


@dataclass(frozen=True)
class Judged:
    """Drafting without what would have hidden an incident, and of each of these why it is left out."""

    drafting: Drafting
    refused: tuple[ConfigError, ...] = ()


def without_hiding(settings: Settings, verdicts: pl.DataFrame, who: Who, drafting: Drafting, bounds: LevelBounds,
                   today: date | None) -> Judged:  # fmt: skip
    """Leave out every lesson and exclusion that would have hidden a confirmed draft.

    `verdicts` is `schema.JUDGED`; what ended before `today` is passed over.
    """
    confirmed = pl.col("draft_id").is_in(judged.confirmed_of(verdicts))
    stored, said = Lake(settings.store.folder), drafting.lowering
    known = lake.read_days(stored, "drafts", _KNOWN).filter(confirmed)
    if known.is_empty() or not (said.lessons or said.exclusions):
        return Judged(drafting)
    days = sorted(set(known["day"]))
    wanted = pl.concat(lake.read_days(stored, "drafts", _WANTED, day, day) for day in days).filter(confirmed)
    # What memory has no room for goes elsewhere than into the store: a night may be tidying up there just now.
    with TemporaryDirectory(prefix="esafety-hindsight-") as folder:
        place = Lake(stored.root, Path(folder))
        units = _units_of(place, set(days), drafting.timezone)
        hits = drafts.hits_of_drafts(place, units, wanted, who, drafting, bounds)
    return _left(settings, hits, drafting, today)


def _left(settings: Settings, hits: pl.DataFrame, drafting: Drafting, today: date | None) -> Judged:
    """What is left when all that hides is out: of several that hide a draft only together, the last one."""
    refused: list[ConfigError] = []
    left = drafting
    while not (hiding := judged.hiding(hits, left, today)).is_empty():
        said, at, draft_id = hiding.row(0)
        others = hiding.filter(said=said, at=at).height - 1
        lessons, exclusions = list(left.lowering.lessons), list(left.lowering.exclusions)
        of = lessons if said == "lesson" else exclusions
        refused.append(_fault(settings, of.pop(at), f"draft {draft_id}" + (f" and {others} more" if others else "")))
        left = replace(left, lowering=Lowering(tuple(lessons), tuple(exclusions)))
    return Judged(left, tuple(refused))


def _fault(settings: Settings, said: Lesson | Exclusion, hidden: str) -> ConfigError:
    if isinstance(said, Lesson):
        what, place = f"the lesson {said.what!r}", ("lesson", settings.lesson.index(said))
    else:
        what, place = f"the exclusion {said.reason!r} of {said.owner}", ("exclusion", settings.exclusion.index(said))
    return ConfigError(
        f"{what} would have hidden what was confirmed as an incident ({hidden}), and is not used.",
        **settings.policies[-1].place(*place),
        remedy="Make it narrower, or take it out; the safeguarding lead knows the draft by its id.",
    )


def _units_of(place: Lake, days: set[date], timezone: ZoneInfo) -> list[str]:
    # The date of the ledger matters only for what a run adds to it.
    with copied_ledger(place.root, date.max) as ledger:
        return [each.unit_id for each in ledger.units() if days & days_of(each, timezone, DAY_BEGINS)]
