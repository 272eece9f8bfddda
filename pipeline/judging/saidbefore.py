"""Lessons and exclusions of school.toml, judged: do they name what is there, and may they lower it?

In: the settings, the watchlists, the people. Out: `Lowering`, and doubts in words. Refuses, with file and line, a rule
or a category that nobody has, one that may never be lowered, one that a layer above has locked, and words that cannot
be read. A class of which nobody is a member is a doubt, because classes change.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path

import polars as pl

from pipeline.config import Settings
from pipeline.errors import ConfigError
from pipeline.matching.changes import refuse_locked
from pipeline.matching.watchfolders import with_languages
from pipeline.school.roll import People
from pipeline.settings.limits import Exclusion
from pipeline.settings.policy import Change, Policy
from pipeline.settings.tomlplace import Key
from pipeline.urgency.lowering import Lowering
from pipeline.watchlist import Watchlists
from pipeline.words.terms import TermError, phrases_of

#: What, for which classes and years.
_Scope = tuple[str, tuple[str, ...], tuple[str, ...]]


def layer_of(settings: Settings) -> Mapping[Path, int]:
    """Which layer brought each folder of watchlists, the school being the last."""
    layers = {each.folder: at for at, each in enumerate(settings.layer)}
    layers |= dict.fromkeys(settings.watchlists.folders, len(settings.layer))
    return {within: at for folder, at in layers.items() for within in (folder, *with_languages(folder))}


def lowering_of(settings: Settings, lists: Watchlists, people: People) -> tuple[Lowering, tuple[str, ...]]:
    """Lessons and exclusions, and what is doubtful about them. Raises `ConfigError`."""
    school = settings.policies[-1]
    for at, lesson in enumerate(settings.lesson):
        for number, category in enumerate(lesson.categories):
            key: Key = ("lesson", at, "categories", number)
            _refuse_grave(lists, category, school, key, "lesson")
            refuse_locked(lists, settings.policies, key, Change(category=category, off=True), layer_of(settings))
        _refuse_unreadable(lesson.words, school, ("lesson", at, "words"))
    for at, exclusion in enumerate(settings.exclusion):
        key = ("exclusion", at, "rule" if exclusion.rule else "category")
        _refuse_grave(lists, _category_of(lists, exclusion, school, key), school, key, "exclusion")
        change = Change(rule=exclusion.rule, category=exclusion.category, off=True)
        refuse_locked(lists, settings.policies, key, change, layer_of(settings))
        _refuse_unreadable(exclusion.words, school, ("exclusion", at, "words"))
    scopes = [(each.what, each.classes, each.years) for each in settings.lesson]
    scopes += [(each.reason, each.classes, ()) for each in settings.exclusion]
    return Lowering(settings.lesson, settings.exclusion), tuple(_empty(scopes, people, school))


def _category_of(lists: Watchlists, exclusion: Exclusion, school: Policy, key: Key) -> str:
    """The category that is excluded, or that of the rule which is."""
    if exclusion.category is not None:
        return exclusion.category
    rules = {rule.id: rule.category for each in lists.lists for rule in each.text_rules}
    rules |= {rule.id: rule.category for each in lists.lists for rule in each.domain_rules}
    rules |= {each.id: each.category for each in lists.term_files}
    rules |= {each.id: each.category for each in lists.domain_files}
    rules |= lists.weighted.rules if lists.weighted else {}
    return rules[_known(str(exclusion.rule), rules, "rule", school, key)]


def _known(name: str, names: Iterable[str], kind: str, school: Policy, key: Key) -> str:
    known = list(names)
    if name in known:
        return name
    close = difflib.get_close_matches(name, known, n=1)
    remedy = f"Did you mean {close[0]!r}?" if close else "See the watchlists for their names."
    raise ConfigError(f"there is no {kind} {name!r}.", **school.place(*key), remedy=remedy)


def _refuse_grave(lists: Watchlists, name: str, school: Policy, key: Key, kind: str) -> None:
    """Raise for a category of which nothing may be lowered; by an exclusion, nothing that bears on Prevent either."""
    category = lists.categories[_known(name, lists.categories, "category", school, key)]
    if category.never_lowered or (kind == "exclusion" and category.prevent):
        what = f"no {kind} may lower {category.id!r}: it is about a child at risk, or for the police."
        raise ConfigError(what, **school.place(*key), remedy="Take it out.")


def _refuse_unreadable(words: Iterable[str], school: Policy, key: Key) -> None:
    for number, word in enumerate(words):
        try:
            phrases_of(word, {})
        except TermError as error:
            raise ConfigError(
                f"{error}.", **school.place(*key, number), remedy="Write words, or a stem with a star."
            ) from error


def _empty(scopes: Iterable[_Scope], people: People, school: Policy) -> Iterator[str]:
    """Classes and years of which nobody in the people file is a member."""
    classes, years = (_members(people, pl.col(name)) for name in ("classes", "year_group"))
    for what, of_classes, of_years in scopes:
        for kind, names, known in (("class", of_classes, classes), ("year", of_years, years)):
            for each in names:
                if each.strip().casefold() not in known:
                    yield (
                        f"{school.path}: nobody is in the {kind} {each!r} of {what!r}; "
                        "write it as the people file does, or take it out."
                    )


def _members(people: People, column: pl.Expr) -> set[str]:
    flat = column.explode() if people.table.schema[column.meta.output_name()] == pl.List(pl.String) else column
    return set(people.table.select(flat.drop_nulls().str.strip_chars().str.to_lowercase()).to_series())


def ended(settings: Settings, today: date) -> list[str]:
    """The exclusions that hold no longer, in words; `today` is the local date of the night."""
    return [
        f"the exclusion {each.reason!r} of {each.owner} ended on {each.until}; take it out of school.toml, or renew it."
        for each in settings.exclusion
        if each.until < today
    ]
