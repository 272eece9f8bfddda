"""Phrases written as one word, by their first letters, looked for in very many words at once.

In: the first eight to eleven letters of such phrases, and words (`wordnumbers`). Out: which of the words hold one
anywhere. Refuses nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl

from pipeline.vocabulary.wordnumbers import IN_A_KEY, Flags, Keys, Numbers, Places, Words, eight_from, words_of

SHORTEST: Final = IN_A_KEY
#: So many letters tell one of these from most other words; fewer are the beginning of too many.
LONGEST: Final = 11
#: An odd number without a pattern.
_ODD: Final = np.uint64(0x9FB21C651E98DF25)


class Beginnings:
    """The first letters of some phrases."""

    def __init__(self, beginnings: Sequence[str]) -> None:
        """Each has from `SHORTEST` to `LONGEST` letters."""
        words = words_of(pl.Series(beginnings, dtype=pl.String))
        self._eights = Numbers(_key(words, words.starts, SHORTEST))
        self._by_length = {
            length: Numbers(_key(words, words.starts[words.lengths == length], length))
            for length in sorted({*words.lengths.tolist()})
        }

    def held(self, words: Words, which: Places) -> Flags:
        """Whether each of `which` words, given by their places, holds one."""
        told = np.zeros(len(which), dtype=np.bool_)
        room = words.lengths[which] - SHORTEST + 1
        long = np.flatnonzero(room > 0)
        whose = np.repeat(long, room[long])
        first = np.repeat(np.cumsum(room[long]) - room[long], room[long])
        places = words.starts[which[whose]] + np.arange(len(whose)) - first
        met = self._eights.has(_key(words, places, SHORTEST))
        places, whose = places[met], whose[met]
        ends = words.starts[which[whose]] + words.lengths[which[whose]]
        for length, known in self._by_length.items():
            fits = places + length <= ends
            told[whose[fits][known.has(_key(words, places[fits], length))]] = True
        return told


def _key(words: Words, places: Places, length: int) -> Keys:
    """Of so many letters from each place on: the first eight and the last eight."""
    return (eight_from(words.by_eight, places) * _ODD ^ eight_from(words.by_eight, places + length - IN_A_KEY)) * _ODD
