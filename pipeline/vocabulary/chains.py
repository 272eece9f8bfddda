"""Words that must stand side by side, two of them and more, looked for in very many texts at once.

In: chains of words, as numbers of a vocabulary (`wordnumbers`). Out: which texts hold one. Refuses nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.vocabulary.wordnumbers import UNKNOWN, Flags, Numbers, Said, WordNumbers, pairs_of


class Chains:
    """Chains of words, each of two and more: a step for every word behind the first."""

    def __init__(self, size: int, pairs: WordNumbers, longer: Sequence[WordNumbers]) -> None:
        """`size` is that of the vocabulary; `pairs` holds chains of two, one a row, `longer` one of any length each."""
        #: Of what was met so far and one word more; and whether that is all.
        self._steps: list[tuple[Numbers, Flags]] = []
        #: Whether a word stands second in any.
        self._second = np.zeros(size + 1, dtype=np.bool_)
        heads = [each[:2] for each in longer]
        first, second = np.array([*pairs.tolist(), *map(list, heads)], dtype=np.int32).reshape(-1, 2).T
        self._second[second] = True
        ends = np.array([True] * len(pairs) + [len(each) == 2 for each in longer], dtype=np.bool_)
        met, left = self._stepped(first, second, ends)[len(pairs) :], longer
        for at in range(2, max(map(len, longer), default=2)):
            going = [number for number, each in enumerate(left) if len(each) > at]
            left, met = [left[number] for number in going], met[going]
            word = np.array([each[at] for each in left], dtype=np.int32)
            met = self._stepped(met, word, np.array([len(each) == at + 1 for each in left], dtype=np.bool_))

    def _stepped(self, met: WordNumbers, word: WordNumbers, ends: Flags) -> WordNumbers:
        """One step more, and what has been met with it."""
        step = Numbers(pairs_of(met, word))
        is_all = np.zeros(len(met) + 1, dtype=np.bool_)
        is_all[step.own[ends]] = True
        self._steps.append((step, is_all))
        return step.own.astype(np.int32)

    def held(self, said: Said, size: int) -> Flags:
        """Which of so many texts hold one."""
        told = np.zeros(size, dtype=np.bool_)
        rows, numbers = said
        at = np.flatnonzero(self._second[numbers[1:]] & (rows[1:] == rows[:-1])) + 1
        met = numbers[at - 1]
        for step, is_all in self._steps:
            known = (met != UNKNOWN) & (numbers[at] != UNKNOWN)
            at = at[known]
            met = step.of(pairs_of(met[known], numbers[at]))
            told[rows[at[is_all[met]]]] = True
            goes_on = np.flatnonzero((met != UNKNOWN) & (at + 1 < len(rows)))
            goes_on = goes_on[rows[at[goes_on] + 1] == rows[at[goes_on]]]
            at, met = at[goes_on] + 1, met[goes_on]
        return told
