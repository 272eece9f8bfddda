"""Phrases, compiled: what is sought in a text, and what a text must hold to be worth a look.

In: for each rule its terms, spelt out (`terms`). Out: automata over all phrases of all rules, and tables that say whose
each phrase is. Refuses nothing, and looks into no text: that is `finding`.

Three kinds of automata hold them: with blanks at both ends, so that only whole words are found; in letters for digits,
of the phrases alone whose words some texts hold; and without any blank, for words written together.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from itertools import chain
from typing import Final, NamedTuple

import ahocorasick
import polars as pl

from pipeline.spelling.misspelt import misspellings, shorthand, shorthand_beside
from pipeline.spelling.names import WORDS_READ, first_names, owned_names
from pipeline.spelling.views import CHANGED, letters_of
from pipeline.text import fold_one
from pipeline.vocabulary.beginnings import LONGEST, SHORTEST
from pipeline.words.columns import Misspelt, Owner, Owners, Together, all_in_letters
from pipeline.words.lookup import Lookup
from pipeline.words.runtogether import Pieces, pieces_of
from pipeline.words.sought import Part, Seeking, Sought, Tables, in_letters, part_of, tables_of
from pipeline.words.terms import Phrase, Spelt

#: Written together, phrases of several words and so many letters are looked for; shorter ones stand in other words.
TOGETHER: Final = SHORTEST
#: Shorter phrases are not looked for by themselves where digits and signs are letters.
SHORTEST_IN_DIGITS: Final = 4
#: Nor are shorter words put right by themselves there.
_TOLD_IN_LETTERS: Final = 3
#: Of fewer phrases the automata are made once, and of all.
_FEW: Final = 5_000
_WORD: Final = re.compile("[a-z0-9]+")


class Pattern(NamedTuple):
    """A term of several parts: one phrase of each must be there, in their order; or anywhere, without `between`."""

    rule: int
    parts: tuple[int, ...]
    #: How many words may stand between one part and the next; nothing where they may stand anywhere.
    between: tuple[int, ...]


@dataclass(frozen=True)
class Lookups:
    """What tells which of very many texts of ASCII may hold a phrase."""

    plain: Lookup
    #: Where digits and signs are letters; and what is misspelt there.
    in_letters: Lookup
    wrong_words_in_letters: pl.DataFrame
    pieces: Pieces


@dataclass(frozen=True)
class Automata:
    """What finds phrases in folded texts; false where it has none to find."""

    #: Gives length and owner.
    plain: ahocorasick.Automaton
    #: Finds them written together: length and rules.
    glued: ahocorasick.Automaton
    #: Misspelt words, and what is meant.
    misspelt: Mapping[str, str]


@dataclass(frozen=True)
class Phrases:
    """All phrases of all rules."""

    owners: Owners
    #: By the part of them that is met most seldom.
    patterns: Mapping[int, tuple[Pattern, ...]]
    #: Phrases that stand only in rules in other languages. Sought as they are written: with digits for letters,
    #: without blanks or put right they might be any word of a language that nobody has looked through.
    as_written: frozenset[str] = frozenset()
    misspelt: Misspelt = field(default_factory=lambda: Misspelt({}))
    together: Together = field(default_factory=lambda: Together({}))
    #: What a text of ASCII must hold for a phrase to be in it; and for one in another language.
    needed: Sought = field(default_factory=Sought)
    needed_as_written: Sought = field(default_factory=Sought)
    #: Words that tell nothing by themselves.
    others: frozenset[str] = frozenset()
    #: What is made of these, if it was kept.
    lookups: Lookups | None = field(default=None, compare=False)

    def kept(self) -> Phrases:
        """The same with its lookups made, and nothing else that was only worked out by using it."""
        made = Lookups(self.lookup, self.lookup_in_letters, self.wrong_words_in_letters, replace(self.pieces))
        return replace(self, lookups=made, others=frozenset())

    @cached_property
    def sought(self) -> Tables:
        """What is sought in every folded text of ASCII."""
        return tables_of(self.needed, self.needed_as_written)

    @cached_property
    def lookup(self) -> Lookup:
        """The same by the numbers of words, with those that are misspelt or written together."""
        if self.lookups:
            return self.lookups.plain
        return Lookup(self.sought, self.wrong_words, self.beginnings_together, names=True)

    @cached_property
    def lookup_in_letters(self) -> Lookup:
        """The same where digits and signs are letters."""
        if self.lookups:
            return self.lookups.in_letters
        sought = tables_of(in_letters(self.needed), in_letters(self.needed_as_written))
        return Lookup(sought, self.wrong_words_in_letters)

    @cached_property
    def wrong_words(self) -> pl.DataFrame:
        """word, right, alone: every word that is known to be misspelt, and what is meant.

        What is not wrong `alone` is so only beside one that is.
        """
        alone, known = self.misspelt.columns, self.misspelt.among(shorthand_beside())
        beside = {short: meant for short, meant in shorthand_beside().items() if short not in known}
        also = pl.DataFrame({"word": list(beside), "right": list(beside.values())}, schema=alone.schema)
        return pl.concat([alone, also]).with_columns(alone=pl.int_range(pl.len()) < alone.height)

    @cached_property
    def wrong_words_in_letters(self) -> pl.DataFrame:
        """The same where digits and signs are letters: what chats write short. What stands for one letter is no word.

        To put every misspelt word right there as well takes half a second to make ready; it found one line in 114.
        """
        if self.lookups:
            return self.lookups.wrong_words_in_letters
        short = pl.col("word").is_in([*shorthand(), *shorthand_beside()]) & ~pl.col("word").str.contains(f"^{CHANGED}$")
        both = self.wrong_words.filter(short)
        # Two letters are met anywhere in an address: `b4` would be each `ba`.
        both = both.with_columns(pl.col("alone") & (pl.col("word").str.len_chars() >= _TOLD_IN_LETTERS))
        lettered = both.with_columns(all_in_letters(both[name]) for name in ("word", "right"))
        return lettered.unique("word", keep="first", maintain_order=True)

    @cached_property
    def words(self) -> frozenset[str]:
        """Every word of every phrase, but for those in other languages."""
        keys = self.owners.columns.keys
        ours = keys.filter(~keys.is_in(pl.Series(list(self.as_written), dtype=pl.String).implode()))
        return frozenset(ours.str.split(" ").explode(empty_as_null=False).unique()) - {""}

    @cached_property
    def pieces(self) -> Pieces:
        """Words of which one may be made that is written together: those of phrases, and others."""
        if self.lookups:
            return self.lookups.pieces
        return pieces_of(self.owners.times(self.as_written), self.others)

    @cached_property
    def beginnings_together(self) -> tuple[str, ...]:
        """The first letters of those: many begin alike, and few are quicker sought."""
        return tuple(dict.fromkeys(glued[:LONGEST] for glued in self.together if glued.isascii()))

    @cached_property
    def by_length(self) -> dict[int, list[str]]:
        """The words, for those with signs in the place of letters."""
        found: defaultdict[int, list[str]] = defaultdict(list)
        for word in sorted(self.words):
            found[len(word)].append(word)
        return found

    @cached_property
    def automata(self) -> Automata:
        """What finds the phrases in any text. It takes half a second to make them of the shipped lists."""
        return Automata(_automaton(self.owners), _automaton(self.together), self.misspelt)

    def automata_for(self, words: set[str]) -> Automata:
        """What finds them in texts in which no other words than these stand, however they are read."""
        if "automata" in self.__dict__ or len(self.owners) <= _FEW:
            return self.automata
        misspelt = self.misspelt.among(words)
        meant = (right for word, right in chain(misspelt.items(), shorthand_beside().items()) if word in words)
        all_words = words.union(WORDS_READ, *map(str.split, meant))
        return Automata(_automaton(self.owners.among(all_words)), _automaton(self.together.among(all_words)), misspelt)

    def in_letters(self, words: Iterable[str]) -> ahocorasick.Automaton:
        """Finds those of them that consist of some words, in texts of which `as_letters` was made.

        So is written in few texts, with few words; to build it of all phrases takes half a second.
        """
        alike: dict[str, Owner] = {}
        for key, owner in self.owners.among(words, in_letters=True).items():
            is_short = len(key.strip()) < SHORTEST_IN_DIGITS
            if key in self.as_written or (is_short and not owner.parts):
                continue
            lettered, whose = letters_of(key), owner._replace(rules=()) if is_short else owner
            alike[lettered] = _of_both(alike.get(lettered, whose), whose)
        return _automaton(alike)

    def meant_in_letters(self, words: Iterable[str]) -> tuple[dict[str, str], dict[str, str]]:
        """Those of some words that are misspelt, in letters, and what is meant: alone, and beside one of these."""
        there = pl.DataFrame({"word": list(words)}, schema={"word": pl.String})
        wrong = self.wrong_words_in_letters.join(there, on="word", how="semi")
        alone, beside = (wrong.filter(each).select("word", "right") for each in (pl.col("alone"), ~pl.col("alone")))
        return dict(alone.iter_rows()), dict(beside.iter_rows())


def _of_both(one: Owner, other: Owner) -> Owner:
    if one is other:
        return one
    return Owner(*(tuple(sorted({*each, *more})) for each, more in zip(one, other, strict=True)))


@dataclass
class _Owners:
    """Whose each phrase is, as far as it is known by now; rules and parts are numbered as they come."""

    _rules: dict[str, list[int]] = field(default_factory=dict)
    _parts: dict[str, list[int]] = field(default_factory=dict)
    _numbers: dict[tuple[str, ...], int] = field(default_factory=dict)

    def of_rule(self, keys: Iterable[str], rule: int) -> None:
        for key in keys:
            known = self._rules.setdefault(key, [])
            if rule not in known[-1:]:
                known.append(rule)

    def number_of(self, part: Part) -> int:
        """Of a part of a pattern: its number, which it shares with all that have the same phrases."""
        number = self._numbers.get(part.keys)
        if number is None:
            number = self._numbers[part.keys] = len(self._numbers)
            for key in part.keys:
                self._parts.setdefault(key, []).append(number)
        return number

    def all(self, rarest: Container[int]) -> dict[str, Owner]:
        """Of every phrase; `rarest` are the parts that are met most seldom in a pattern."""
        found = {}
        # Most phrases share their owner with others: one for all of them is quicker kept and read.
        known: dict[Owner, Owner] = {}
        for key in self._rules | self._parts:
            parts = tuple(self._parts.get(key, ()))
            owner = Owner(tuple(self._rules.get(key, ())), parts, tuple(part for part in parts if part in rarest))
            found[key] = known.setdefault(owner, owner)
        return found


def compiled(
    rules: Sequence[Iterable[Spelt]], needs: Sequence[tuple[str, ...]] = (), ordinary: Iterable[str] = ()
) -> Phrases:
    """The phrases of some rules, each by its terms; `needs`: for each rule, what (`contexts`) must be there too.

    `ordinary`: words besides theirs that may be written together with others.
    """
    owners, seeking = _Owners(), {each: Seeking() for each in (False, True)}
    patterns: defaultdict[int, dict[Pattern, None]] = defaultdict(dict)
    # Many terms share a set of words, which is one and the same tuple.
    known: dict[tuple[int, bool], Part] = {}
    beside = [[part_of(each)] if each else [] for each in needs] or [[] for _ in rules]
    for rule, terms in enumerate(rules):
        for term in terms:
            parts = [_known_part(each, known, as_written=term.as_written) for each in term.parts]
            rarest = min(parts, key=lambda part: part.common)
            seeking[term.as_written].add([*parts, *beside[rule]])
            if len(parts) == 1:
                owners.of_rule(rarest.keys, rule)
                continue
            pattern = Pattern(rule, tuple(map(owners.number_of, parts)), term.between)
            patterns[owners.number_of(rarest)][pattern] = None
    led = {part: tuple(found) for part, found in patterns.items()}
    whose, others = owners.all(led), _keys_of(known, as_written=True) - _keys_of(known, as_written=False)
    # A name is no slip of the finger, but somebody.
    wrong = Misspelt(misspellings(_words_of(whose.keys() - others), _words_of(others) | first_names() | owned_names()))
    together = Together(_together(whose, others))
    sought = seeking[False].all(), seeking[True].all()
    return Phrases(Owners(whose), led, others, wrong, together, *sought, frozenset(ordinary))


def _together(owners: Mapping[str, Owner], as_written: Container[str]) -> dict[str, tuple[int, ...]]:
    found: defaultdict[str, set[int]] = defaultdict(set)
    for key, owner in owners.items():
        several = owner.rules and " " in key.strip() and key not in as_written
        if several and len(glued := key.replace(" ", "")) >= TOGETHER:
            found[glued].update(owner.rules)
    return {glued: tuple(sorted(rules)) for glued, rules in found.items()}


def _words_of(keys: Iterable[str]) -> frozenset[str]:
    return frozenset(chain.from_iterable(map(str.split, keys)))


def _known_part(phrases: tuple[Phrase, ...], known: dict[tuple[int, bool], Part], *, as_written: bool) -> Part:
    name = (id(phrases), as_written)
    return known.get(name) or known.setdefault(name, part_of(contexts(phrases)))


def _keys_of(known: Mapping[tuple[int, bool], Part], *, as_written: bool) -> frozenset[str]:
    return frozenset(chain.from_iterable(part.keys for (_, other), part in known.items() if other == as_written))


@lru_cache(maxsize=1 << 16)
def _folded(text: str) -> str:
    # The same words stand in many rules; where they stand in a text is not asked here.
    return f" {' '.join(_WORD.findall(text.lower()))} " if text.isascii() else fold_one(text)[0]


def _key(phrase: Phrase) -> str:
    folded = _folded(phrase.text)
    return folded[1 if phrase.open_start else 0 : len(folded) - 1 if phrase.open_end else None]


def contexts(phrases: Iterable[Phrase]) -> tuple[str, ...]:
    """Phrases as they stand in a folded text."""
    return tuple(key for key in map(_key, phrases) if key.strip())


def _automaton(owners: Mapping[str, object]) -> ahocorasick.Automaton:
    automaton = ahocorasick.Automaton()
    for key, owner in owners.items():
        automaton.add_word(key, (len(key), owner))
    automaton.make_automaton()
    return automaton
