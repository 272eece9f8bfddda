"""Hidden numbers stay hidden: an outsider with all printed numbers and a linear programme learns no small one."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.governors.suppress import Published, publish
from tests.attack import Knowledge
from tests.effort import tries

_SMALL = st.integers(0, 9)
_COUNT = st.one_of(st.just(0), _SMALL, _SMALL, st.integers(10, 60))


@st.composite
def _tables(draw: st.DrawFn) -> tuple[list[list[int]], int]:
    threshold = draw(st.sampled_from([3, 5, 5, 10]))
    columns = draw(st.integers(1, 6))
    rows = draw(st.lists(st.lists(_COUNT, min_size=columns, max_size=columns), min_size=0, max_size=6))
    return [row for row in rows if not 0 < sum(row) < threshold], threshold


def _width(counts: list[list[int]]) -> int:
    return max((len(row) for row in counts), default=0)


def _attack(shown: Published) -> dict[tuple[int, int], tuple[float, float]]:
    """Bounds of every hidden number; row -1 holds the totals of the columns."""
    rows, columns = len(shown.cells), len(shown.column_totals)
    knowledge = Knowledge(rows * columns)
    place = {(row, column): row * columns + column for row, column in product(range(rows), range(columns))}
    kept = [row for row in range(rows) if not shown.withheld[row]]
    questions: dict[tuple[int, int], list[int]] = {}
    for row in range(rows):
        knowledge.equal([place[row, column] for column in range(columns)], shown.row_totals[row])
    for (row, column), unknown in place.items():
        number = shown.cells[row][column]
        if number is not None:
            knowledge.equal([unknown], number)
        else:
            questions[row, column] = [unknown]
            if row in kept:
                knowledge.at_least([unknown], 1)
    for column, total in enumerate(shown.column_totals):
        members = [place[row, column] for row in kept]
        if total is not None:
            knowledge.equal(members, total)
        else:
            questions[-1, column] = members
            knowledge.at_least(members, 1)
    return dict(zip(questions, knowledge.bounds(list(questions.values())), strict=True))


def _widths(shown: Published) -> dict[tuple[int, int], float]:
    return {cell: high - low for cell, (low, high) in _attack(shown).items()}


@settings(max_examples=tries(150))
@given(_tables())
def test_no_hidden_number_can_be_worked_out(made: tuple[list[list[int]], int]) -> None:
    counts, threshold = made
    shown = publish(counts, _width(counts), threshold)
    narrow = {cell: width for cell, width in _widths(shown).items() if width < threshold - 2 - 1e-6}
    assert not narrow


@settings(max_examples=tries(150))
@given(_tables())
def test_what_is_printed_is_true_and_not_small(made: tuple[list[list[int]], int]) -> None:
    counts, threshold = made
    shown = publish(counts, _width(counts), threshold)
    printed = 0
    for row, numbers in enumerate(counts):
        assert shown.row_totals[row] == sum(numbers)
        for column, number in enumerate(numbers):
            cell = shown.cells[row][column]
            assert cell is None or cell == number
            assert cell is None or not 0 < cell < threshold
            assert number or shown.withheld[row] or cell == 0
            printed += cell is not None
    for column, total in enumerate(shown.column_totals):
        kept = sum(numbers[column] for numbers, withheld in zip(counts, shown.withheld, strict=True) if not withheld)
        assert total is None or (total == kept and not 0 < total < threshold)


@settings(max_examples=tries(50))
@given(_tables())
def test_a_table_without_small_numbers_is_printed_whole(made: tuple[list[list[int]], int]) -> None:
    counts, threshold = made
    large = [[number * threshold for number in row] for row in counts]
    shown = publish(large, _width(large), threshold)
    assert [list(row) for row in shown.cells] == large
    assert None not in shown.column_totals
    assert not any(shown.withheld)


def _possible_rows(cells: tuple[int | None, ...], total: int) -> list[tuple[int, ...]]:
    choices = [range(1, total + 1) if cell is None else [cell] for cell in cells]
    return [numbers for numbers in product(*choices) if sum(numbers) == total]


def _possible(shown: Published) -> list[tuple[tuple[int, ...], ...]]:
    """Every way to fill a small table, by trying."""
    rows = [_possible_rows(cells, total) for cells, total in zip(shown.cells, shown.row_totals, strict=True)]
    return [
        table
        for table in product(*rows)
        if all(
            total in {None, sum(column)}
            for total, column in zip(shown.column_totals, zip(*table, strict=True), strict=True)
        )
    ]


@pytest.mark.parametrize(
    "counts",
    [
        [[1, 4, 7], [6, 5, 1]],
        [[2, 3, 0], [8, 0, 1]],
        [[1, 1, 9], [9, 9, 2]],
        [[4, 4, 4], [4, 4, 4]],
        [[2, 9, 9], [9, 9, 9]],
    ],
)
def test_trying_everything_agrees_with_the_attack(counts: list[list[int]]) -> None:
    shown = publish(counts, _width(counts), 5)
    assert not any(shown.withheld)
    possible = _possible(shown)
    bounds = _attack(shown)
    assert {cell for cell in bounds if cell[0] >= 0}
    for (row, column), (low, high) in bounds.items():
        if row >= 0:
            seen = {table[row][column] for table in possible}
            assert (min(seen), max(seen)) == (round(low), round(high))
            assert len(seen) >= 4


def test_one_small_number_takes_three_others_with_it() -> None:
    shown = publish([[2, 30, 40], [50, 60, 70], [80, 90, 100]], 3, 5)
    hidden = [(row, column) for row in range(3) for column in range(3) if shown.cells[row][column] is None]
    assert len(hidden) == 4
    assert (0, 0) in hidden
    assert None not in shown.column_totals


def test_a_lone_small_column_hides_a_second_total() -> None:
    shown = publish([[3, 20], [0, 30]], 2, 5)
    assert shown.column_totals == (None, None)
    assert shown.cells == ((None, None), (0, 30))


def test_a_row_that_cannot_be_protected_shows_its_total_only() -> None:
    shown = publish([[1, 1, 3], [20, 30, 40]], 3, 5)
    assert shown.withheld == (True, False)
    assert shown.cells[0] == (None, None, None)
    assert shown.row_totals == (5, 90)
    # The sums leave it out: otherwise they would give it away.
    assert shown.column_totals == (20, 30, 40)


def test_an_empty_table_is_printed_as_it_is() -> None:
    assert publish([], 2, 5) == Published((), (), (0, 0), ())
    assert publish([[0, 0]], 2, 5).cells == ((0, 0),)


@pytest.mark.parametrize(
    ("counts", "threshold", "said"),
    [
        ([[1, 1]], 5, "small total"),
        ([[-1, 9]], 5, "negative"),
        ([[9, 9], [9]], 5, "numbers instead of"),
        ([[9, 9]], 2, "threshold"),
    ],
)
def test_what_it_refuses(counts: list[list[int]], threshold: int, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        publish(counts, _width(counts), threshold)


def test_the_order_of_equal_tables_does_not_matter_to_the_result() -> None:
    counts = [[1, 12, 7, 0], [6, 5, 1, 9], [2, 2, 2, 30]]
    assert publish(counts, _width(counts), 5) == publish([list(row) for row in counts], 4, 5)
