"""Several words written as one, taken apart: `howtohidemyscreen`.

In: folded words. Out: the words that each was made of, or that it is none of that kind. Refuses nothing. Nobody has
written down which words these are: a word is taken apart where that makes it out of words that are much commoner than
chance would have it, so that `photosynthesis` stays what it is. Some that are one word are taken apart nevertheless
(`transportation`): so what is found in one of the pieces alone does not count (`instead.joined_in`).

The cheapest way from the first letter to the last, each word having the cost of its rarity: unigram segmentation.
Source: P. Norvig, "Natural Language Corpus Data", in: Beautiful Data, 2009.
"""

from __future__ import annotations

import math
import string
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import accumulate
from typing import Final

import numpy as np
import polars as pl

from pipeline.spelling.misspelt import everyday, ordinary
from pipeline.spelling.names import first_names, owned_names
from pipeline.vocabulary.wordnumbers import WordNumbers

#: So short a word is one word; of two that are written together phrases are told by themselves (`Together`).
SHORTEST: Final = 10
#: Nobody writes more than that as one.
LONGEST: Final = 200
_LONGEST_PIECE: Final = 20
#: Words of two letters and of one; any others are rather what is left of another word.
_SHORT: Final = frozenset([
    "a", "i", "u", "am", "an", "as", "at", "be", "by", "do", "ex", "go", "he", "hi", "id", "if", "im", "in", "is", "it",
    "me", "my", "no", "of", "oh", "ok", "on", "or", "pc", "so", "to", "tv", "uk", "up", "ur", "us", "we",
])  # fmt: skip
#: A word that stands in every other text counts as one of so many phrases more.
_EVERYDAY: Final = 50
#: What each letter may cost at most, in hundredths, where there are two words, three or four; and where there are more.
_DEAREST: Final[Mapping[int, int]] = {2: 160, 3: 205, 4: 235}
_DEAREST_OF_MANY: Final = 260
#: A word made of two is one of its own if it costs so much less than both: `snapchat` is, `howto` is not.
_OF_ITS_OWN: Final = 0.7
_KEPT: Final = 1 << 16
#: What no word costs, and what no word may cost.
_NONE: Final = -1
_TOO_MUCH: Final = 1 << 30


@dataclass(frozen=True, eq=False)
class Pieces:
    """Words that others may be made of."""

    #: All that are known: none of these is taken apart.
    words: pl.Series
    #: Of each what it costs, in hundredths; less than nothing if nothing is made of it.
    costs: WordNumbers

    def apart(self, word: str) -> tuple[str, ...]:
        """The words that a folded one was made of, two and more; none if it is one word. A number at its end is one."""
        letters = word.rstrip(string.digits)
        if not (len(letters) >= SHORTEST and len(word) <= LONGEST and letters.isalpha() and letters.isascii()):
            return ()
        pieces = self._apart(letters)
        return (*pieces, word[len(letters) :]) if pieces and len(letters) < len(word) else pieces

    @cached_property
    def _known(self) -> dict[str, int]:
        return dict(zip(self.words, self.costs.tolist(), strict=True))

    @cached_property
    def _apart(self) -> Callable[[str], tuple[str, ...]]:
        return lru_cache(_KEPT)(self._taken_apart)

    def _taken_apart(self, word: str) -> tuple[str, ...]:
        if word in self._known:
            return ()
        cost, pieces = self._cheapest(word)
        is_likely = cost <= _DEAREST.get(len(pieces), _DEAREST_OF_MANY) * len(word)
        return pieces if len(pieces) > 1 and is_likely else ()

    def _cheapest(self, word: str) -> tuple[int, tuple[str, ...]]:
        """The cheapest way to make a word of known ones, and what it costs; of none if there is no way."""
        known, size = self._known, len(word)
        costs, begins = [0] + [_TOO_MUCH] * size, [0] * (size + 1)
        for at in range(size):
            if costs[at] < _TOO_MUCH:
                for end in range(at + 1, min(at + _LONGEST_PIECE, size) + 1):
                    cost = known.get(word[at:end], _NONE)
                    if cost >= 0 and costs[at] + cost < costs[end]:
                        costs[end], begins[end] = costs[at] + cost, at
        pieces, end = list[str](), size
        while end and costs[size] < _TOO_MUCH:
            pieces.append(word[begins[end] : end])
            end = begins[end]
        return costs[size], tuple(reversed(pieces))


def pieces_of(counts: Mapping[str, int], others: Iterable[str]) -> Pieces:
    """Words by the number of phrases that hold them, with other words and with those that the program knows."""
    told = everyday() | ordinary() | first_names() | owned_names()
    met = {
        word: counts.get(word, 0) + 1 + _EVERYDAY * (word in everyday())
        for word in sorted({*counts, *others, *told})
        if word.isalpha() and word.isascii()
    }
    possible = {word: count for word, count in met.items() if len(word) > 2 or word in _SHORT}
    every = math.log(sum(possible.values()))
    costs = {word: round(100 * (1 + every - math.log(count))) for word, count in possible.items()}
    made = {word for word, cost in costs.items() if cost > _OF_ITS_OWN * _as_two(word, costs)}
    kept = [_NONE if word in made else costs.get(word, _NONE) for word in met]
    return Pieces(pl.Series(list(met), dtype=pl.String), np.array(kept, dtype=np.int32))


def _as_two(word: str, costs: Mapping[str, int]) -> int:
    """What the two words cost of which one is made; as much as it can be if it is not."""
    both = ((word[:at], word[at:]) for at in range(2, len(word) - 1))
    return min((costs[one] + costs[other] for one, other in both if one in costs and other in costs), default=_TOO_MUCH)


def seams(pieces: Iterable[str]) -> Iterator[int]:
    """Where in the word that is made of them each piece but the first begins."""
    *ends, _ = accumulate(map(len, pieces))
    return iter(ends)
