"""What a school has lowered for lessons or set aside by exclusions, in sentences for the digest.

In: the settings, the categories, a day. Out: a sentence for each lesson and exclusion that holds on that day. Refuses
nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from pipeline.config import Settings
from pipeline.limits import Exclusion, Lesson
from pipeline.watchlist import Category
from reports.dates import long_date


def lowered_in_words(settings: Settings, categories: Mapping[str, Category], day: date) -> tuple[str, ...]:
    """The sentences, lessons first."""
    lessons = [_of_lesson(each, categories) for each in settings.lesson if each.first_day <= day <= each.last_day]
    exclusions = [_of_exclusion(each, categories) for each in settings.exclusion if each.since <= day <= each.until]
    return (*lessons, *exclusions)


def _of_lesson(lesson: Lesson, categories: Mapping[str, Category]) -> str:
    whose = "; ".join(_scopes({"class": lesson.classes, "year": lesson.years, "only with": lesson.words}))
    about = ", ".join(_title(each, categories) for each in lesson.categories)
    span = f"{long_date(lesson.first_day)} to {long_date(lesson.last_day)}"
    return f"Lesson: {lesson.what} ({whose or 'all pupils'}), {span}. Lowered from medium to low: {about}."


def _of_exclusion(exclusion: Exclusion, categories: Mapping[str, Category]) -> str:
    what = f"rule {exclusion.rule}" if exclusion.rule else _title(str(exclusion.category), categories)
    people = {"user": exclusion.users, "class": exclusion.classes}
    places = {"source": exclusion.sources, "site": exclusion.hosts, "only with": exclusion.words}
    whose = "; ".join(_scopes(people | places))
    return f"Set aside until {long_date(exclusion.until)}: {what} ({whose}). {exclusion.owner}: {exclusion.reason}."


def _scopes(named: Mapping[str, Iterable[str]]) -> Iterator[str]:
    yield from (f"{name} {', '.join(each)}" for name, each in named.items() if each)


def _title(category: str, categories: Mapping[str, Category]) -> str:
    return categories[category].title if category in categories else category
