"""Which numbers of a table may be printed, so that no small one can be worked out.

In: a table of counts, and the threshold below which a count is small. Out: the same table with some numbers hidden.
It refuses to hide too little: for every hidden number at least `threshold - 1` different values fit with everything
that is printed (as many as "fewer than 5" leaves open by itself), or it is not printed with that much detail at all.

What an outsider is taken to know: every printed number, that a row adds up to its total and a column to its, that
zeros are always printed (so a hidden number is at least 1), and nothing else about a hidden number. Rows whose total
is small must not be in the table; the totals of rows are always printed. The table is then a transport problem, in
which the values that are possible for one hidden number are found exactly: how far it can go up or down is how much
can be moved round the other hidden numbers and back.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

#: Row index of the column totals, which form one more row of the table.
TOTALS: Final = -1

Cell = tuple[int, int]
#: A row or a column of the table: ("r", 3), ("c", 0).
_Node = tuple[str, int]


@dataclass(frozen=True)
class Published:
    """What may be printed: `None` is hidden. A withheld row has only its total, and is in no column total."""

    cells: tuple[tuple[int | None, ...], ...]
    row_totals: tuple[int, ...]
    column_totals: tuple[int | None, ...]
    withheld: tuple[bool, ...]


def publish(counts: Sequence[Sequence[int]], columns: int, threshold: int) -> Published:
    """Hide what is small, and as much besides as its protection needs.

    `counts` holds a row of non-negative counts for each category, each of `columns` numbers. Raises `ValueError` for a
    threshold under 3, a row of another length, a negative count, or a row whose total is small: such a row is to be
    left out before.
    """
    _refuse(counts, columns, threshold)
    kept = list(range(len(counts)))
    while True:
        search = _Search([counts[row] for row in kept], columns, threshold)
        failed = search.protect()
        if failed is None:
            return _published(counts, kept, search)
        del kept[failed]


def _refuse(counts: Sequence[Sequence[int]], columns: int, threshold: int) -> None:
    if threshold < 3:
        raise ValueError(f"the threshold is {threshold}; under 3 nothing would be hidden that could not be guessed")
    for row in counts:
        if len(row) != columns:
            raise ValueError(f"a row has {len(row)} numbers instead of {columns}")
        if min(row, default=0) < 0:
            raise ValueError(f"a count is negative: {min(row)}")
        if 0 < sum(row) < threshold:
            raise ValueError(f"a row has the small total {sum(row)}; leave it out of the table")


def _published(counts: Sequence[Sequence[int]], kept: Sequence[int], search: _Search) -> Published:
    place = {row: index for index, row in enumerate(kept)}
    columns = search.columns
    return Published(
        cells=tuple(
            tuple(
                None if row not in place or (place[row], column) in search.hidden else counts[row][column]
                for column in columns
            )
            for row in range(len(counts))
        ),
        row_totals=tuple(sum(row) for row in counts),
        column_totals=tuple(
            None if (TOTALS, column) in search.hidden else search.values[TOTALS, column] for column in columns
        ),
        withheld=tuple(row not in place for row in range(len(counts))),
    )


class _Search:
    """The hidden numbers of one table; it has state, because hiding one number protects others as well.

    Moving one unit from row to column means that their cell goes up by one; from column to row, down by one. Each
    column hands on what comes in from the rows to the row of totals. What leaves a node must come back to it.
    """

    def __init__(self, counts: Sequence[Sequence[int]], columns: int, threshold: int) -> None:
        self.threshold = threshold
        #: All numbers that are not zero; zeros are printed and take no part.
        self.values: dict[Cell, int] = {}
        totals = [sum(row[column] for row in counts) for column in range(columns)]
        for row, numbers in [*enumerate(counts), (TOTALS, totals)]:
            self.values |= {(row, column): number for column, number in enumerate(numbers)}
        self.hidden = {cell for cell, number in self.values.items() if 0 < number < threshold}
        self.rows = range(len(counts))
        self.columns = range(columns)

    def protect(self) -> int | None:
        """Hide more numbers until every hidden one is safe. If that fails: the row to be withheld."""
        waiting = sorted(self.hidden)
        while waiting:
            cell = waiting.pop()
            before = set(self.hidden)
            if not self._widen(cell):
                return self._culprit(cell)
            # More hidden numbers never narrow the range of another, so each is looked at once.
            waiting += sorted(self.hidden - before)
        return None

    def _culprit(self, cell: Cell) -> int:
        row, column = cell
        if row != TOTALS:
            return row
        return min(
            (each for each in self.rows if self.values[each, column]),
            key=lambda each: sum(self.values[each, place] for place in self.columns),
        )

    def _widen(self, cell: Cell) -> bool:
        """Make sure that enough values are possible for `cell`; hide further numbers only if need be."""
        need = self.threshold - 2
        start, end = self._ends(cell)
        up, down = _Flow(self, cell, start=end, goal=start), _Flow(self, cell, start=start, goal=end)
        downward = self.values[cell] - 1
        for more in (False, True):
            up.push(need - down.moved, more=more)
            down.push(min(downward, need - up.moved), more=more)
        return up.moved + down.moved >= need

    def _ends(self, cell: Cell) -> tuple[_Node, _Node]:
        """The node from which a unit goes, and the node to which, when `cell` grows by one."""
        row, column = cell
        if row == TOTALS:
            return ("c", column), ("r", TOTALS)
        return ("r", row), ("c", column)

    def steps(self, node: _Node) -> Iterator[tuple[_Node, Cell, int]]:
        """From a node: each neighbour, the cell between, and +1 or -1 for what a unit moved there does to the cell."""
        kind, index = node
        if kind == "r":
            for column in self.columns:
                yield ("c", column), (index, column), -1 if index == TOTALS else 1
        else:
            for row in self.rows:
                yield ("r", row), (row, index), -1
            yield ("r", TOTALS), (TOTALS, index), 1

    def cost(self, cell: Cell) -> int:
        """What is lost by hiding a number: above all one more number, and rather a small one; a total counts double."""
        if cell in self.hidden:
            return 0
        return (64 if cell[0] == TOTALS else 32) + self.values[cell].bit_length()


class _Flow:
    """Units moved from `start` to `goal` without using `without`; every hidden number stays at 1 or more."""

    def __init__(self, search: _Search, without: Cell, *, start: _Node, goal: _Node) -> None:
        self.search = search
        self.without = without
        self.start = start
        self.goal = goal
        self.moved = 0
        self.change: dict[Cell, int] = {}

    def push(self, upto: int, *, more: bool) -> None:
        """Move units until `upto` have been moved; with `more`, numbers that are not hidden yet are hidden for it."""
        while self.moved < upto:
            path = self._path(more=more)
            if not path:
                return
            units = min([upto - self.moved, *(self._room(cell, sign) for cell, sign in path)])
            for cell, sign in path:
                self.change[cell] = self.change.get(cell, 0) + sign * units
                self.search.hidden.add(cell)
            self.moved += units

    def _room(self, cell: Cell, sign: int) -> int:
        now = self.search.values[cell] + self.change.get(cell, 0)
        return now - 1 if sign < 0 else 1 << 60

    def _path(self, *, more: bool) -> list[tuple[Cell, int]]:
        """The cheapest way from start to goal (Dijkstra), as cells with the sign of their change; empty if none."""
        costs: dict[_Node, float] = {self.start: 0}
        came: dict[_Node, tuple[_Node, Cell, int]] = {}
        queue: list[tuple[float, _Node]] = [(0, self.start)]
        while queue:
            cost, node = heapq.heappop(queue)
            if node == self.goal:
                return self._back(came)
            if cost > costs[node]:
                continue
            for neighbour, cell, sign in self.search.steps(node):
                total = cost + self.search.cost(cell)
                if self._usable(cell, sign, more=more) and total < costs.get(neighbour, math.inf):
                    costs[neighbour] = total
                    came[neighbour] = (node, cell, sign)
                    heapq.heappush(queue, (total, neighbour))
        return []

    def _usable(self, cell: Cell, sign: int, *, more: bool) -> bool:
        if cell == self.without or not self.search.values[cell]:
            return False
        return (more or cell in self.search.hidden) and self._room(cell, sign) > 0

    def _back(self, came: dict[_Node, tuple[_Node, Cell, int]]) -> list[tuple[Cell, int]]:
        path, node = [], self.goal
        while node != self.start:
            node, cell, sign = came[node]
            path.append((cell, sign))
        return path
