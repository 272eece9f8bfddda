"""What watchlists say, as the matcher takes it: categories, rules and plain lists, frozen.

In: what `watchfolders` has read and checked. Out: `Watchlists`, and what there is to tell of them: categories,
languages, what a rule of another language says. Refuses nothing: whoever makes one by hand answers for it. The long
plain lists are opened by whoever matches them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pipeline.lists.secretlists import SecretFile
from pipeline.lists.watchtoml import DEFAULT_FIELDS, FourCs, Route, Severity
from pipeline.settings.tomlplace import Place
from pipeline.words.terms import Phrase, Spelt
from pipeline.words.weighted import WeightedWords


@dataclass(frozen=True)
class Category:
    """One kind of concern. Definitions change with the national guidance, hence `version` and `source`."""

    id: str
    title: str
    #: In plain English, for the DSL, parents and pupils.
    meaning: str
    severity: Severity
    #: Which of the four areas of risk: content, contact, conduct, commerce.
    four_cs: FourCs
    #: The category of the UK Safer Internet Centre's definitions that it is evidence for; "" when there is none.
    uksic: str
    #: The row of the school's table of user actions.
    user_action: str
    route: Route
    #: Does it bear on the Prevent duty?
    prevent: bool
    #: Date of the definition, as YYYY-MM-DD.
    version: str
    #: Where the definition comes from.
    source: str
    #: Someone looks for help: a fact beside other things, never a fault.
    help_seeking: bool = False
    #: Does one search, or one attempt that was blocked, make a draft? Else it is counted until it goes on.
    drafted_once: bool = True

    @property
    def never_lowered(self) -> bool:
        """Whether no lesson and no exclusion may lower what it finds: about a child at risk, or for the police."""
        return self.route == "illegal" or (self.route == "pupil-victim" and not self.prevent)


@dataclass(frozen=True)
class TextRule:
    """Whole words and phrases, spelt out, and what else in the same text decides.

    `unless` cancels a match; without one of `needs` (if there are any) there is none; `lowers` and `raises` change its
    weight.
    """

    id: str
    category: str
    terms: tuple[Spelt, ...]
    #: 0 to 100; what each range leads to stands in `watchlists/README.md`.
    weight: float
    fields: tuple[str, ...]
    unless: tuple[Phrase, ...]
    lowers: tuple[Phrase, ...]
    raises: tuple[Phrase, ...]
    needs: tuple[Phrase, ...]
    #: Examples that the rule must and must not find.
    match: tuple[str, ...]
    no_match: tuple[str, ...]
    place: Place
    #: The language of the terms, and what they say in plain English; both empty where that is English itself.
    language: str = ""
    means: str = ""
    #: Whether it says when, where or with what, so that graver finds near it are more urgent.
    imminent: bool = False

    @property
    def translation(self) -> str:
        """What it says, for somebody who does not read the language; empty for English."""
        return f"{self.language}: “{self.means}”, or the like" if self.language else ""


@dataclass(frozen=True)
class DomainRule:
    """Host names, each with everything below it. The examples are host names as well."""

    id: str
    category: str
    names: tuple[str, ...]
    weight: float
    match: tuple[str, ...]
    no_match: tuple[str, ...]
    place: Place


@dataclass(frozen=True)
class DomainFile:
    """A plain list of the school's own: one host name a line, up to millions."""

    id: str
    category: str
    path: Path
    weight: float


@dataclass(frozen=True)
class TermFile:
    """A plain list of the school's own: one phrase a line, blank lines and lines that begin with # left out."""

    id: str
    category: str
    path: Path
    weight: float
    fields: tuple[str, ...] = DEFAULT_FIELDS


@dataclass(frozen=True)
class Watchlist:
    """One file. Several files, from several folders, may belong to one category."""

    category: Category
    text_rules: tuple[TextRule, ...]
    domain_rules: tuple[DomainRule, ...]
    path: Path
    #: Of the file's bytes: says exactly which rules a hit was found with.
    sha256: str


@dataclass(frozen=True)
class RuleNotes:
    """What is told of some rules beside what they find."""

    #: What the rules in other languages say, by their ids.
    translations: Mapping[str, str] = field(default_factory=dict)
    #: The ids of the rules that say when, where or with what.
    imminent: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Watchlists:
    """All that is looked for in one run."""

    lists: tuple[Watchlist, ...]
    term_files: tuple[TermFile, ...] = ()
    domain_files: tuple[DomainFile, ...] = ()
    secret_files: tuple[SecretFile, ...] = ()
    weighted: WeightedWords | None = None

    @property
    def categories(self) -> dict[str, Category]:
        """Every category by its id, in the order in which the files were read."""
        return {each.category.id: each.category for each in self.lists}

    @property
    def notes(self) -> RuleNotes:
        """What is told of some rules beside what they find."""
        rules = [rule for each in self.lists for rule in each.text_rules]
        return RuleNotes(
            {rule.id: rule.translation for rule in rules if rule.language},
            frozenset(rule.id for rule in rules if rule.imminent),
        )

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages besides English, by name."""
        return tuple(sorted({rule.language for each in self.lists for rule in each.text_rules} - {""}))


def compiled_away(lists: Watchlists) -> Watchlists:
    """The same without the terms and contexts of rules: what there is to tell of lists that are compiled."""
    nothing: dict[str, Any] = dict.fromkeys(("terms", "unless", "lowers", "raises", "needs"), ())
    return replace(
        lists,
        lists=tuple(
            replace(each, text_rules=tuple(replace(rule, **nothing) for rule in each.text_rules))
            for each in lists.lists
        ),
    )
