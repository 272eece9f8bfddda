"""What a school has said beforehand: lessons that lower what their classes look for, exclusions that set aside.

In: hits with level, text, subject, lesson and class; the school's lessons and exclusions. Out: the same hits, some
with a lower level; `lowered_for`, the lesson that did it; `set_aside`, the place of the exclusion that did it in the
school's list, from 0. A hit has one of the two at most. Refuses nothing. Nothing is hidden: all of it stays in the lake
and is counted.

A lesson takes a `medium` hit to `low`: by itself it makes no draft any more, and beside other things it still tells.
What is `high` was a plan, a threat, a want, and no lesson explains that. An exclusion takes a hit to `record`, unless
it is `urgent`. Which categories neither may touch, `Category.never_lowered` says; `saidbefore` refuses those.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from operator import or_
from zoneinfo import ZoneInfo

import polars as pl

from pipeline.schema import STAFF_ROLES
from pipeline.school.accounts import normalise_users
from pipeline.settings.limits import Exclusion, Lesson
from pipeline.text import folded_one
from pipeline.words.phrases import contexts
from pipeline.words.terms import phrases_of

_FROM, _TO = "medium", "low"


@dataclass(frozen=True)
class Lowering:
    """All lessons and exclusions of the school."""

    lessons: tuple[Lesson, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()


def lowered(hits: pl.DataFrame, lowering: Lowering, timezone: ZoneInfo) -> pl.DataFrame:
    """The hits with the levels that are left, `lowered_for` and `set_aside`."""
    table = hits.with_columns(
        lowered_for=pl.lit(None, pl.String), set_aside=pl.lit(None, pl.Int64),
        local_day=pl.col("ts").dt.convert_time_zone(str(timezone)).dt.date(),
    )  # fmt: skip
    # A loop over what a person has written down: a few a term.
    for lesson in lowering.lessons:
        table = _at_a_lesson(table, lesson)
    for at, exclusion in enumerate(lowering.exclusions):
        table = _set_aside(table, exclusion, at)
    return table.drop("local_day")


def _at_a_lesson(hits: pl.DataFrame, lesson: Lesson) -> pl.DataFrame:
    pupil = pl.col("role").is_not_null() & ~pl.col("role").str.to_lowercase().is_in(STAFF_ROLES)
    taught = _in_classes(lesson.classes) | _among("year_group", lesson.years)
    meant = pupil & taught if lesson.classes or lesson.years else pupil
    meant &= pl.col("local_day").is_between(lesson.first_day, lesson.last_day)
    meant &= pl.col("category").is_in(lesson.categories) & (pl.col("level") == _FROM)
    return _where(hits, meant, lesson.words, level=pl.lit(_TO), lowered_for=pl.lit(lesson.what))


def _set_aside(hits: pl.DataFrame, exclusion: Exclusion, at: int) -> pl.DataFrame:
    # What is a record anyway needed no exclusion, and what a first one has set aside is not counted for a second.
    meant = pl.col("local_day").is_between(exclusion.since, exclusion.until)
    meant &= ~pl.col("level").is_in(("urgent", "record"))
    meant &= pl.col("rule_id") == exclusion.rule if exclusion.rule else pl.col("category") == exclusion.category
    if exclusion.users:
        known = normalise_users(pl.Series(exclusion.users, dtype=pl.String)).to_list()
        meant &= pl.col("user").is_in(known)
    if exclusion.classes:
        meant &= _in_classes(exclusion.classes)
    if exclusion.sources:
        meant &= pl.col("source").is_in(exclusion.sources)
    if exclusion.hosts:
        meant &= _below(exclusion.hosts)
    changed = {"level": pl.lit("record"), "lowered_for": pl.lit(None, pl.String), "set_aside": pl.lit(at, pl.Int64)}
    return _where(hits, meant, exclusion.words, **changed)


def _in_classes(classes: Iterable[str]) -> pl.Expr:
    """The pupil's own class, or that of the lesson which the pupil was in."""
    return _among("class", classes) | _among("lesson_class", classes)


def _among(column: str, names: Iterable[str]) -> pl.Expr:
    known = [name.strip().casefold() for name in names]
    return pl.col(column).str.strip_chars().str.to_lowercase().is_in(known).fill_null(value=False)


def _below(hosts: Iterable[str]) -> pl.Expr:
    host = pl.col("host").str.to_lowercase().str.strip_suffix(".")
    names = [name.lower().strip(".") for name in hosts]
    each = ((host == name) | host.str.ends_with(f".{name}") for name in names)
    return reduce(or_, each).fill_null(value=False)


def _where(hits: pl.DataFrame, meant: pl.Expr, words: tuple[str, ...], **changed: pl.Expr) -> pl.DataFrame:
    """Change some columns of the hits that are meant and whose text holds one of the words, if there are any."""
    chosen = hits.select(meant.fill_null(value=False)).to_series()
    if words and chosen.any():
        sought = contexts(phrase for word in words for phrase in phrases_of(word, {}))
        held = [
            text is not None and any(each in folded_one(text) for each in sought)
            for text in hits.filter(chosen)["text"]
        ]
        chosen = chosen.scatter(chosen.arg_true(), pl.Series(held, dtype=pl.Boolean))
    if not chosen.any():
        return hits
    return hits.with_columns(pl.when(chosen).then(value).otherwise(name).alias(name) for name, value in changed.items())
