"""What a term of a watchlist stands for: the phrases that its short forms mean.

In: a term as a rule writes it, and named sets of words. Out: its parts, each a tuple of phrases of which one must be
there, in their order and not far from each other. It refuses, in words, what cannot be read, a set that nobody has
named, and a term that would mean more phrases than anybody can answer for.

`(stab|shoot) (my|the|) teacher` is six phrases; `<weapon> at school` one for each word of the set `weapon`; `suicid*`
every word that begins so, `*porn*` every word with it inside; `kill ... teacher` lets up to `MOST_BETWEEN` words stand
in the gap; `cheap & essay` is both anywhere in a text, in any order.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from math import prod
from typing import Final, NamedTuple

#: So many words may stand where a term has `...`.
MOST_BETWEEN: Final = 3
_MOST_PHRASES: Final = 5_000
#: Choices that follow each other are multiplied up to so many phrases.
_MOST_MULTIPLIED: Final = 32
#: In other languages fewer: nothing is sought there but whole words, for which parts do as well.
_MOST_MULTIPLIED_THERE: Final = 4
#: Beginnings of words that are shorter would find half the dictionary.
_SHORTEST_STEM: Final = 4
_GAP: Final = re.compile(r"\s*\.\.\.\s*")
_ANYWHERE: Final = re.compile(r"\s+&\s+")
_PART: Final = re.compile(r"\(([^()<>]*)\)|<([a-z0-9-]+)>|([^()<>|]+)")
_MARKS: Final = re.compile(r"[()<>|*]|\.\.\.|\s&\s")
_LETTERS: Final = re.compile(r"[^\W_]")

Words = Mapping[str, tuple[str, ...]]


class Phrase(NamedTuple):
    """Words in their order. `open_start` and `open_end`: the first and the last may be a part of a longer word."""

    text: str
    open_start: bool = False
    open_end: bool = False


@dataclass(frozen=True)
class Spelt:
    """A term spelt out: parts of which one phrase each must be there, in their order; without `between`, anywhere."""

    parts: tuple[tuple[Phrase, ...], ...]
    #: How many words may stand between a part and the next; nothing where they may stand anywhere.
    between: tuple[int, ...] = ()
    #: In another language: its misspellings are not known, and what looks like one may be a word there.
    as_written: bool = False


class TermError(ValueError):
    """A term that cannot be read; the message says what is wrong."""


def is_short_form(term: str) -> bool:
    """Whether a term stands for others than itself."""
    return _MARKS.search(term) is not None


def spelt_out(term: str, words: Words, *, as_written: bool = False) -> Spelt:
    """The parts of a term; `as_written` for one in another language. Raises `TermError`.

    Where choices follow each other they are multiplied, up to `_MOST_MULTIPLIED` phrases; beyond that they become parts
    with nothing between: three sets of a hundred words are three hundred phrases so, and not a million.
    """
    if not is_short_form(term):
        return Spelt((_multiplied([(term,)], term),), as_written=as_written)
    if _ANYWHERE.search(term):
        if _GAP.search(term):
            raise TermError(f"'{term}' has a gap as well as '&': what may stand anywhere has no order")
        all_of = (_multiplied(_pieces(each, term, words), term) for each in _ANYWHERE.split(term))
        return Spelt(tuple(all_of), as_written=as_written)
    parts: list[tuple[Phrase, ...]] = []
    between: list[int] = []
    most = _MOST_MULTIPLIED_THERE if as_written else _MOST_MULTIPLIED
    for stretch in _GAP.split(term):
        groups = _groups(_pieces(stretch, term, words), most)
        between += [MOST_BETWEEN] * bool(parts) + [0] * (len(groups) - 1)
        parts += [_multiplied(group, term) for group in groups]
    return Spelt(tuple(parts), tuple(between), as_written=as_written)


def phrases_of(term: str, words: Words) -> tuple[Phrase, ...]:
    """All phrases that a term without a gap stands for. Raises `TermError`."""
    if not is_short_form(term):
        return _multiplied([(term,)], term)
    if _GAP.search(term) or _ANYWHERE.search(term):
        raise TermError(f"'{term}' has a gap or '&', which only terms may have")
    return _multiplied(_pieces(term, term, words), term)


def _pieces(stretch: str, term: str, words: Words) -> list[tuple[str, ...]]:
    pieces: list[tuple[str, ...]] = []
    at = 0
    while at < len(stretch):
        found = _PART.match(stretch, at)
        if found is None:
            raise TermError(f"'{term}' has a bracket or a bar that belongs to nothing")
        pieces.append(_choices(found, term, words))
        at = found.end()
    return pieces


def _groups(pieces: list[tuple[str, ...]], most: int) -> list[list[tuple[str, ...]]]:
    """Neighbouring pieces together, as long as they do not stand for more than so many phrases."""
    groups: list[list[tuple[str, ...]]] = []
    for piece in pieces:
        splits = bool(groups) and _ends_a_word(groups[-1][-1], piece) and _always_says(groups[-1])
        if not groups or (splits and prod(map(len, groups[-1])) * len(piece) > most):
            groups.append([])
        groups[-1].append(piece)
    while len(groups) > 1 and not _always_says(groups[-1]):
        last = groups.pop()
        groups[-1] += last
    return groups


def _ends_a_word(before: tuple[str, ...], after: tuple[str, ...]) -> bool:
    return all(each[-1:].isspace() for each in before) or all(each[:1].isspace() for each in after)


def _always_says(group: list[tuple[str, ...]]) -> bool:
    """Whether no choice of a group is nothing but blanks."""
    return any(all(_LETTERS.search(each) for each in piece) for piece in group)


def _multiplied(pieces: list[tuple[str, ...]], term: str) -> tuple[Phrase, ...]:
    size = prod(map(len, pieces))
    if size > _MOST_PHRASES:
        raise TermError(f"'{term}' stands for {size:,} phrases, more than {_MOST_PHRASES:,}; split it")
    try:
        return _every_choice(tuple(pieces))
    except TermError as error:
        raise TermError(f"'{term}' {error}") from error


@lru_cache(maxsize=4096)
def _every_choice(pieces: tuple[tuple[str, ...], ...]) -> tuple[Phrase, ...]:
    # Most parts are a set and nothing else, and many terms have the same.
    return tuple(dict.fromkeys(_phrase("".join(each)) for each in product(*pieces)))


def _choices(found: re.Match[str], term: str, words: Words) -> tuple[str, ...]:
    listed, name, plain = found.groups()
    if listed is not None:
        return tuple(dict.fromkeys(listed.split("|")))
    if name is None:
        return (plain,)
    if name not in words:
        raise TermError(f"'{term}' names the set <{name}>, which no words.toml has")
    return words[name]


def _phrase(text: str) -> Phrase:
    bare = " ".join(text.split())
    if "*" not in bare and bare[:1].isalnum():
        return Phrase(bare)
    open_start, open_end = bare.startswith("*"), bare.endswith("*")
    bare = bare.strip("*")
    if "*" in bare:
        raise TermError("has a star inside a phrase; it may stand at either end")
    if not _LETTERS.search(bare):
        raise TermError("has neither a letter nor a digit in it and can never be found")
    stem = re.split(r"\W+", bare)[-1 if open_end else 0]
    if (open_start or open_end) and len(stem) < _SHORTEST_STEM:
        raise TermError(f"has a star at fewer than {_SHORTEST_STEM} letters, which finds too much")
    return Phrase(bare, open_start, open_end)
