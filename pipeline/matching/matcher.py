"""Watchlists, compiled: what is sought, whose it is, and what a find says.

In: watchlists. Out: a `Matcher` for texts (`match`) and for the names of sites (`matchsites`); the columns of their
finds. Refuses what a long or a secret list refuses when it is made ready.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import polars as pl

from pipeline.errors import InvariantError
from pipeline.lists import longlists, secretlists, sites
from pipeline.lists.secretlists import SecretFile, SecretList
from pipeline.lists.sites import SiteList
from pipeline.watchlist import DomainFile, TextRule, Watchlist, Watchlists
from pipeline.words.beside import Contexts
from pipeline.words.phrases import Phrases, compiled, contexts
from pipeline.words.terms import Phrase, Spelt
from pipeline.words.weighted import WeightedWords

#: One rule that found something in one value of one event column.
VALUE_HITS: Final = pl.Schema(
    {
        "column": pl.String,
        "value": pl.String,
        "rule_id": pl.String,
        "watchlist": pl.String,
        "watchlist_sha256": pl.String,
        "category": pl.String,
        "field": pl.String,
        "text": pl.String,
        "start": pl.Int64,
        "end": pl.Int64,
        "view": pl.String,
        "weight": pl.Float64,
    }
)
#: The same of one text.
TEXT_HITS: Final = pl.Schema({name: dtype for name, dtype in VALUE_HITS.items() if name not in ("column", "value")})
#: The same of one host.
HOST_HITS: Final = pl.Schema([("host", pl.String()), *TEXT_HITS.items()])


@dataclass(frozen=True)
class Rule:
    """A text rule ready to be used: its contexts folded."""

    rule_id: str
    category: str
    watchlist: str
    watchlist_sha256: str
    weight: float
    fields: frozenset[str]
    unless: tuple[str, ...] = ()
    lowers: tuple[str, ...] = ()
    raises: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    #: What it says, where it is in another language than English.
    translation: str = ""
    #: Whether ordinary words around it lower what it finds: of the same folder as these, and English like them.
    yields: bool = False
    #: Whether it says when, where or with what.
    imminent: bool = False

    @cached_property
    def silencing(self) -> Contexts:
        """`unless`, ready to be looked for."""
        return Contexts(self.unless)

    @cached_property
    def lowering(self) -> Contexts:
        """`lowers`."""
        return Contexts(self.lowers)

    @cached_property
    def raising(self) -> Contexts:
        """`raises`."""
        return Contexts(self.raises)

    @cached_property
    def needed(self) -> Contexts:
        """`needs`."""
        return Contexts(self.needs)


@dataclass(frozen=True)
class Matcher:
    """Watchlists, compiled."""

    rules: tuple[Rule, ...]
    phrases: Phrases
    #: name, rule_id, category, watchlist, watchlist_sha256, weight.
    domains: pl.DataFrame
    domain_files: tuple[tuple[DomainFile, SiteList], ...]
    secret_files: tuple[tuple[SecretFile, SecretList], ...] = ()
    #: What is asked last, of what somebody typed.
    weighted: WeightedWords | None = None

    #: The categories about a child at risk, or for the police.
    at_risk: frozenset[str] = frozenset()
    #: The sites that help, with all below each: what their pages are about is no offence of who reads them.
    helping: frozenset[str] = frozenset()

    def helps(self, host: str) -> bool:
        """Whether a host is a site that helps, or lies below one."""
        labels = host.split(".")
        return any(".".join(labels[at:]) in self.helping for at in range(len(labels)))

    @property
    def doubts(self) -> tuple[str, ...]:
        """What is doubtful about the secret lists, in words."""
        return tuple(doubt for _, secret in self.secret_files for doubt in secret.doubts)


def compile_watchlists(lists: Watchlists) -> Matcher:
    """Build the automata and the table of domains. Two rules that hold the same term are both kept."""
    rules = list(_text_rules(lists))
    ordinary = lists.weighted.words if lists.weighted else ()
    phrases = compiled([terms for _, terms in rules], [rule.needs for rule, _ in rules], ordinary)
    return matcher_of(lists, tuple(rule for rule, _ in rules), phrases)


def matcher_of(lists: Watchlists, rules: tuple[Rule, ...], phrases: Phrases) -> Matcher:
    """The matcher of some lists whose text rules are compiled. Raises `WatchlistError` for a list of sites."""
    return Matcher(
        rules,
        phrases,
        _domain_table(lists.lists),
        tuple((each, sites.ready(each.path)) for each in lists.domain_files),
        tuple((each, secretlists.ready(each)) for each in lists.secret_files),
        lists.weighted,
        frozenset(name for name, each in lists.categories.items() if each.never_lowered),
        frozenset(
            name
            for each in lists.lists
            if each.category.help_seeking
            for rule in each.domain_rules
            for name in rule.names
        ),
    )


def _text_rules(lists: Watchlists) -> Iterator[tuple[Rule, Sequence[Spelt]]]:
    for watchlist in lists.lists:
        for rule in watchlist.text_rules:
            if not rule.terms:
                what = f"rule {rule.id!r} has no terms left that could be compiled."
                raise InvariantError(what, path=watchlist.path, remedy="This is a defect in esafety.")
            yield _rule(rule, watchlist, lists.weighted), rule.terms
    for file in lists.term_files:
        sha256 = longlists.sha256_of(file.path)
        fields = frozenset[str](file.fields)
        # A long list is plain: what would be a short form in a rule is a text there.
        terms = [Spelt(((Phrase(each),),)) for each in longlists.phrases(file.path)]
        yield Rule(file.id, file.category, file.path.name, sha256, file.weight, fields), terms


def _rule(rule: TextRule, watchlist: Watchlist, words: WeightedWords | None) -> Rule:
    yields = words is not None and words.path.parent == watchlist.path.parent and not rule.language
    unless, lowers, raises, needs = (contexts(each) for each in (rule.unless, rule.lowers, rule.raises, rule.needs))
    return Rule(
        rule.id, rule.category, watchlist.path.name, watchlist.sha256, rule.weight, frozenset(rule.fields), unless,
        lowers, raises, needs, rule.translation, yields, rule.imminent,
    )  # fmt: skip


def _domain_table(lists: Iterable[Watchlist]) -> pl.DataFrame:
    rows = [
        (name, rule.id, rule.category, watchlist.path.name, watchlist.sha256, rule.weight)
        for watchlist in lists
        for rule in watchlist.domain_rules
        for name in rule.names
    ]
    schema = {
        "name": pl.String, "rule_id": pl.String, "category": pl.String, "watchlist": pl.String,
        "watchlist_sha256": pl.String, "weight": pl.Float64,
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row")
