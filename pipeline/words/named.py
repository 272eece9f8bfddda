"""First names in very many texts, read at once as rules about somebody have them.

In: the words of texts as numbers (`wordnumbers`). Out: the words of those texts in which somebody is named, in each of
`names.READINGS`. Refuses nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pipeline.spelling.names import OWNED, READINGS, WORDS_READ, Reading, first_names, owned_names
from pipeline.vocabulary.wordnumbers import Flags, Places, Said, Vocabulary, WordNumbers


def words_of_names() -> list[str]:
    """All words that a vocabulary must know for it."""
    return sorted(first_names() | owned_names() | WORDS_READ | {OWNED})


class NamedWords:
    """First names, by their numbers in a vocabulary that knows `words_of_names`."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._is_name, self._is_owned = (
            _flags(vocabulary, vocabulary.numbers(sorted(words))) for words in (first_names(), owned_names())
        )
        self._is_either = self._is_name | self._is_owned
        self._owned = int(vocabulary.numbers([OWNED])[0])
        #: Of each reading the numbers of a name, and of one with an `s`.
        self._readings = [(each, vocabulary.numbers([each.name, each.own])) for each in READINGS]

    def held(self, said: Said, size: int) -> Flags:
        """In which of so many texts somebody is named."""
        told = np.zeros(size, dtype=np.bool_)
        told[said.rows[self._is_either[said.numbers]]] = True
        return told

    def read(self, said: Said) -> Iterator[Said]:
        """The words of some texts in each reading."""
        name, owned = self._is_name[said.numbers], self._is_owned[said.numbers]
        apart = np.flatnonzero(name[:-1] & (said.numbers[1:] == self._owned) & (said.rows[1:] == said.rows[:-1]))
        for reading, (instead, own) in self._readings:
            numbers = np.where(name, instead, np.where(owned, own, said.numbers))
            yield _together(Said(said.rows, numbers), apart, own) if _is_one_word(reading) else Said(said.rows, numbers)


def _is_one_word(reading: Reading) -> bool:
    return " " not in reading.apart


def _together(said: Said, apart: Places, own: int) -> Said:
    """Names and the `s` behind them as one word."""
    said.numbers[apart] = own
    kept = np.ones(len(said.rows), dtype=np.bool_)
    kept[apart + 1] = False
    return Said(said.rows[kept], said.numbers[kept])


def _flags(vocabulary: Vocabulary, numbers: WordNumbers) -> Flags:
    flags = np.zeros(vocabulary.size + 1, dtype=np.bool_)
    flags[numbers] = True
    return flags
