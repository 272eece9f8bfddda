"""What a term of a watchlist stands for: the phrases that its short forms mean.

In: a term as a rule writes it, and named sets of words. Out: its segments, each a tuple of phrases of which one must be
there, in their order and not far from each other. It refuses, in words, what cannot be read, a set that nobody has
named, and a term that would mean more phrases than anybody can answer for.

`(stab|shoot) (my|the|) teacher` is six phrases; `<weapon> at school` one for each word of the set `weapon`; `suicid*`
every word that begins so, `*porn*` every word with it inside; `kill ... teacher` lets up to `MOST_BETWEEN` words stand
in the gap.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Final

#: So many words may stand where a term has `...`.
MOST_BETWEEN: Final = 3
_MOST_PHRASES: Final = 5_000
#: Beginnings of words that are shorter would find half the dictionary.
_SHORTEST_STEM: Final = 4
_GAP: Final = re.compile(r"\s*\.\.\.\s*")
_PART: Final = re.compile(r"\(([^()<>]*)\)|<([a-z0-9-]+)>|([^()<>|]+)")
_MARKS: Final = re.compile(r"[()<>|*]|\.\.\.")
_LETTERS: Final = re.compile(r"[^\W_]")

Words = Mapping[str, tuple[str, ...]]


class TermError(ValueError):
    """A term that cannot be read; the message says what is wrong."""


@dataclass(frozen=True)
class Phrase:
    """Words in their order. `open_start` and `open_end`: the first and the last may be a part of a longer word."""

    text: str
    open_start: bool = False
    open_end: bool = False


Segments = tuple[tuple[Phrase, ...], ...]


def is_short_form(term: str) -> bool:
    """Whether a term stands for others than itself."""
    return _MARKS.search(term) is not None


def segments(term: str, words: Words, *, gaps: bool = True) -> Segments:
    """The segments of a term; without `gaps` it is one. Raises `TermError`."""
    if not is_short_form(term):
        return ((_phrase(term, term),),)
    if not gaps and _GAP.search(term):
        raise TermError(f"'{term}' has a gap, which only terms may have")
    return tuple(_segment(part, term, words) for part in _GAP.split(term))


def _segment(part: str, term: str, words: Words) -> tuple[Phrase, ...]:
    choices: list[tuple[str, ...]] = []
    at = 0
    while at < len(part):
        found = _PART.match(part, at)
        if found is None:
            raise TermError(f"'{term}' has a bracket or a bar that belongs to nothing")
        choices.append(_choices(found, term, words))
        at = found.end()
    size = 1
    for each in choices:
        size *= len(each)
    if size > _MOST_PHRASES:
        raise TermError(f"'{term}' stands for {size:,} phrases, more than {_MOST_PHRASES:,}; split it")
    return tuple(dict.fromkeys(_phrase("".join(each), term) for each in product(*choices)))


def _choices(found: re.Match[str], term: str, words: Words) -> tuple[str, ...]:
    listed, name, plain = found.groups()
    if listed is not None:
        return tuple(dict.fromkeys(listed.split("|")))
    if name is None:
        return (plain,)
    if name not in words:
        raise TermError(f"'{term}' names the set <{name}>, which no words.toml has")
    return words[name]


def _phrase(text: str, term: str) -> Phrase:
    bare = " ".join(text.split())
    open_start, open_end = bare.startswith("*"), bare.endswith("*")
    bare = bare.strip("*")
    if "*" in bare:
        raise TermError(f"'{term}' has a star inside a phrase; it may stand at either end")
    if not _LETTERS.search(bare):
        raise TermError(f"'{term}' has neither a letter nor a digit in it and can never be found")
    stem = re.split(r"\W+", bare)[-1 if open_end else 0]
    if (open_start or open_end) and len(stem) < _SHORTEST_STEM:
        raise TermError(f"'{term}' has a star at fewer than {_SHORTEST_STEM} letters, which finds too much")
    return Phrase(bare, open_start, open_end)
