"""Misspelt words of very many texts, put right at once.

In: a table of misspelt words and what is meant, and the words of texts as numbers (`wordnumbers`). Out: the words of
those texts in which any is misspelt, as they are meant. Refuses nothing.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from pipeline.vocabulary.wordnumbers import (
    UNKNOWN,
    Flags,
    Numbers,
    Places,
    Said,
    Vocabulary,
    WordNumbers,
    Words,
    words_of,
)


class WrongWords:
    """Misspelt words and what is meant."""

    def __init__(self, vocabulary: Vocabulary, table: pl.DataFrame) -> None:
        """`table` has word, right (one word or several, of this vocabulary) and whether it is wrong `alone`."""
        self._numbers = Numbers(words_of(table["word"]).keys)
        self._alone = table["alone"].to_numpy()
        meant = words_of(table["right"])
        #: From where to where in `_meant` stand the words that are meant.
        self._bounds = np.append(0, np.cumsum(np.bincount(meant.rows, minlength=table.height)))
        # Never empty, so that it may be asked for what no word is.
        self._meant = np.append(vocabulary.of(meant), np.int32(UNKNOWN))

    def put_right(self, words: Words, said: Said, among: Flags) -> Said:
        """The words of those of some texts in which a word is misspelt, put right; `said` are all `words`."""
        if not len(self._alone):
            return Said(said.rows[:0], said.numbers[:0])
        asked = np.flatnonzero(among[words.rows])
        wrong = self._numbers.of(words.keys[asked])
        has_one = np.zeros(words.size, dtype=np.bool_)
        has_one[words.rows[asked[(wrong != UNKNOWN) & self._alone[wrong]]]] = True
        there = has_one[words.rows[asked]]
        return self._meant_by(said.rows[asked[there]], said.numbers[asked[there]], wrong[there])

    def _meant_by(self, rows: Places, numbers: WordNumbers, wrong: WordNumbers) -> Said:
        is_wrong = wrong != UNKNOWN
        counts = np.where(is_wrong, self._bounds[wrong + 1] - self._bounds[wrong], 1)
        first = np.repeat(np.cumsum(counts) - counts, counts)
        within = np.arange(len(first)) - first
        place = np.where(np.repeat(is_wrong, counts), np.repeat(self._bounds[wrong], counts) + within, UNKNOWN)
        return Said(np.repeat(rows, counts), np.where(place == UNKNOWN, np.repeat(numbers, counts), self._meant[place]))
