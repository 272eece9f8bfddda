"""The points of the words of very many texts at once: which texts are worth being weighed one by one (`weighted`).

In: the points of words, and the words of texts (`wordnumbers`). Out: which of the texts may have enough. Refuses
nothing. Each word and each pair counts once a text, as it does where one text is weighed.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from pipeline.vocabulary.wordnumbers import UNKNOWN, Flags, Numbers, Places, Vocabulary, WordNumbers, Words, pairs_of


class PointSums:
    """The points of words, and of pairs of words that stand in this order with at most so many less one between."""

    def __init__(self, points: Mapping[str, int], *, needed: int, may_lack: int, apart: int) -> None:
        """`needed` is what a text must have in all, of which its single words may lack so many."""
        self._needed, self._may_lack, self._apart = needed, may_lack, apart
        pairs = [(name.split(" "), each) for name, each in points.items() if " " in name and each]
        known = {word: 0 for names, _ in pairs for word in names}
        known |= {name: each for name, each in points.items() if each and " " not in name}
        self._vocabulary = Vocabulary(pl.Series([*known], dtype=pl.String))
        self._points = np.array([*known.values(), 0], dtype=np.int64)
        both = self._vocabulary.numbers(word for names, _ in pairs for word in names).reshape(-1, 2)
        self._pairs = Numbers(pairs_of(both[:, 0], both[:, 1]))
        self._pair_points = np.array([*(each for _, each in pairs), 0], dtype=np.int64)

    def worth(self, words: Words, among: Flags | None = None) -> Flags:
        """Which of the texts may have enough; of some of them, if it is said `among` which."""
        which = None if among is None else np.flatnonzero(among[words.rows])
        rows, numbers = words.rows if which is None else words.rows[which], self._vocabulary.of(words, which)
        likely = np.bincount(rows, np.maximum(self._points[numbers], 0), words.size) >= self._needed - self._may_lack
        # What stands there twice has been counted twice: only of these it is asked how often.
        asked = np.flatnonzero(likely[rows])
        rows, numbers = rows[asked], numbers[asked]
        sums = _summed(words.size, rows, numbers, self._points)
        near = (sums >= self._needed - self._may_lack) & likely
        there = near[rows]
        enough: Flags = sums + self._of_pairs(words.size, rows[there], numbers[there]) >= self._needed
        return near & enough

    def _of_pairs(self, size: int, rows: Places, numbers: WordNumbers) -> Places:
        """The points of the pairs in each of so many texts."""
        whose, pairs = [rows[:0]], [self._pairs.of(pairs_of(numbers[:0], numbers[:0]))]
        for apart in range(1, self._apart + 1):
            first, behind = numbers[:-apart], numbers[apart:]
            both = (rows[apart:] == rows[:-apart]) & (first != UNKNOWN) & (behind != UNKNOWN)
            whose.append(rows[apart:][both])
            pairs.append(self._pairs.of(pairs_of(first[both], behind[both])))
        return _summed(size, np.concatenate(whose), np.concatenate(pairs), self._pair_points)


def _summed(size: int, rows: Places, numbers: WordNumbers, points: Places) -> Places:
    """The points of each of so many texts, of each number once."""
    known = numbers != UNKNOWN
    table = pl.DataFrame({"row": rows[known], "number": numbers[known]}).unique()
    found = points[table["number"].to_numpy()]
    return np.bincount(table["row"].to_numpy(), found, size).astype(np.int64)
