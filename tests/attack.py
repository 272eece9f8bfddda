"""What an outsider can work out from printed numbers: a small linear programme, written for the tests alone.

It shares nothing with the code that hides the numbers: that one moves units round a table, this one knows only
equations and inequalities. Bounds over the rationals are never narrower than those over whole numbers; for a table
with printed row totals they are the same, because such a table is a transport problem.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

_TINY = 1e-7


@dataclass
class Knowledge:
    """Unknown counts, each zero or more, and what is known of their sums."""

    unknowns: int
    rows: list[NDArray[np.float64]] = field(default_factory=list)
    sums: list[float] = field(default_factory=list)
    #: Row -> +1 if the sum is at least that, -1 if it is at most that; an equation otherwise.
    loose: dict[int, int] = field(default_factory=dict)

    def equal(self, members: list[int], number: float) -> None:
        row = np.zeros(self.unknowns)
        row[members] = 1
        self.rows.append(row)
        self.sums.append(number)

    def at_least(self, members: list[int], number: float) -> None:
        self.loose[len(self.rows)] = 1
        self.equal(members, number)

    def at_most(self, members: list[int], number: float) -> None:
        self.loose[len(self.rows)] = -1
        self.equal(members, number)

    def bounds(self, questions: list[list[int]]) -> list[tuple[float, float]]:
        """The lowest and the highest value of the sum of each list of unknowns."""
        table, basis = self._feasible()
        answers = []
        for members in questions:
            goal = np.zeros(table.shape[1] - 1)
            goal[members] = 1
            answers.append((-_best(table.copy(), list(basis), -goal), _best(table.copy(), list(basis), goal)))
        return answers

    def _feasible(self) -> tuple[NDArray[np.float64], list[int]]:
        """A first corner of what is possible (the first phase of the simplex method)."""
        count = len(self.rows)
        slack = np.zeros((count, len(self.loose)))
        for place, (row, sign) in enumerate(self.loose.items()):
            slack[row, place] = -sign
        left = np.hstack([np.array(self.rows).reshape(count, self.unknowns), slack])
        right = np.array(self.sums, dtype=float)
        width = left.shape[1]
        table = np.hstack([left, np.eye(count), right[:, None]])
        basis = list(range(width, width + count))
        goal = np.zeros(width + count)
        goal[width:] = -1
        assert _best(table, basis, goal) > -_TINY, "the printed numbers contradict each other"
        for row in range(count):
            # An equation that says nothing new keeps its artificial unknown, at zero: drop it where it can be.
            if basis[row] >= width:
                columns = np.flatnonzero(np.abs(table[row, :width]) > _TINY)
                if len(columns):
                    _pivot(table, basis, row, int(columns[0]))
        kept = [row for row in range(count) if basis[row] < width]
        return np.delete(table, np.s_[width : width + count], axis=1)[kept], [basis[row] for row in kept]


def _pivot(table: NDArray[np.float64], basis: list[int], row: int, column: int) -> None:
    table[row] /= table[row, column]
    others = np.arange(len(table)) != row
    table[others] -= np.outer(table[others, column], table[row])
    basis[row] = column


def _best(table: NDArray[np.float64], basis: list[int], goal: NDArray[np.float64]) -> float:
    """The highest value of `goal`, by the simplex method with Bland's rule; infinity if there is none."""
    while True:
        gains = goal - goal[basis] @ table[:, :-1]
        better = np.flatnonzero(gains > _TINY)
        if not len(better):
            return float(goal[basis] @ table[:, -1])
        column = int(better[0])
        steep = np.flatnonzero(table[:, column] > _TINY)
        if not len(steep):
            return float("inf")
        ratios = table[steep, -1] / table[steep, column]
        ties = steep[ratios <= ratios.min() + _TINY]
        _pivot(table, basis, int(min(ties, key=lambda each: basis[each])), column)
