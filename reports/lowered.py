"""What a school has lowered for lessons or set aside by exclusions, in sentences for the digest.

In: the settings, the categories, a day, and what became of the hits that the night has drafted from. Out: a sentence
for each lesson and exclusion that holds on that day, with how many hits it has set aside; what became of all hits, as
a sum. Refuses nothing but a damaged store.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

import polars as pl

from pipeline import lake
from pipeline.config import Settings
from pipeline.lake import Lake
from pipeline.schema import BECAME
from pipeline.settings.limits import Exclusion, Lesson
from pipeline.store.ledger import Ledger
from pipeline.urgency.became import BELOW, DRAFTED, LOWERED, SET_ASIDE
from pipeline.watchlist import Category
from reports.dates import long_date
from reports.page import counted

#: How the parts of the sum of all hits are called.
_PARTS = {
    DRAFTED: "in drafts", LOWERED: "lowered for lessons", SET_ASIDE: "set aside", BELOW: "below the level of drafts",
}  # fmt: skip


def became_of(place: Lake, ledger: Ledger) -> pl.DataFrame:
    """What became of the hits of the days that were drafted since the last night, as `schema.BECAME`."""
    days = ledger.days_since("drafts", ledger.last_night())
    tables = [lake.read_days(place, "became", BECAME, day, day) for day in days]
    return pl.concat([pl.DataFrame(schema=BECAME), *tables])


def hits_in_words(became: pl.DataFrame) -> str:
    """`1,204 = 31 in drafts + 12 lowered for lessons + 4 set aside + 1,157 below the level of drafts`."""
    parts = dict(became.group_by("became").agg(pl.col("hits").sum()).iter_rows())
    told = " + ".join(f"{parts.get(name, 0):,} {words}" for name, words in _PARTS.items())
    return f"{sum(parts.values()):,} = {told}"


def lowered_in_words(
    settings: Settings, categories: Mapping[str, Category], day: date, became: pl.DataFrame
) -> tuple[str, ...]:
    """The sentences, lessons first; at the end those of exclusions that have set hits aside and hold no longer."""
    lessons = [_of_lesson(each, categories) for each in settings.lesson if each.first_day <= day <= each.last_day]
    aside = became.drop_nulls("exclusion").group_by("exclusion", "reason", "owner").agg(pl.col("hits").sum())
    hits = dict(aside.select("exclusion", "hits").iter_rows())
    holding = [each for each in settings.exclusion if each.since <= day <= each.until]
    exclusions = [_of_exclusion(each, categories, hits.get(each.key, 0)) for each in holding]
    others = aside.filter(~pl.col("exclusion").is_in([each.key for each in holding])).sort("owner", "reason")
    ended = [_of_ended(*each) for each in others.select("reason", "owner", "hits").iter_rows()]
    return (*lessons, *exclusions, *ended)


def _of_lesson(lesson: Lesson, categories: Mapping[str, Category]) -> str:
    whose = "; ".join(_scopes({"class": lesson.classes, "year": lesson.years, "only with": lesson.words}))
    about = ", ".join(_title(each, categories) for each in lesson.categories)
    span = f"{long_date(lesson.first_day)} to {long_date(lesson.last_day)}"
    return f"Lesson: {lesson.what} ({whose or 'all pupils'}), {span}. Lowered from medium to low: {about}."


def _of_exclusion(exclusion: Exclusion, categories: Mapping[str, Category], hits: int) -> str:
    what = f"rule {exclusion.rule}" if exclusion.rule else _title(str(exclusion.category), categories)
    people = {"user": exclusion.users, "class": exclusion.classes}
    places = {"source": exclusion.sources, "site": exclusion.hosts, "only with": exclusion.words}
    whose = "; ".join(_scopes(people | places))
    until = f"Set aside until {long_date(exclusion.until)} (this time {_number(hits)})"
    return f"{until}: {what} ({whose}). {exclusion.owner}: {exclusion.reason}."


def _of_ended(reason: str, owner: str, hits: int) -> str:
    return f"Holds no longer (this time still {_number(hits)} set aside). {owner}: {reason}."


def _number(hits: int) -> str:
    return counted(hits, "hit", "hits") if hits else "no hit"


def _scopes(named: Mapping[str, Iterable[str]]) -> Iterator[str]:
    yield from (f"{name} {', '.join(each)}" for name, each in named.items() if each)


def _title(category: str, categories: Mapping[str, Category]) -> str:
    return categories[category].title if category in categories else category
