"""Work in threads of its own: nothing is lost or reordered, and what fails is told where it is waited for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.performance.ahead import ahead, behind, in_two


def failing(upto: int) -> Iterator[int]:
    yield from range(upto)
    raise ValueError("no more")


def test_items_come_in_their_order_and_failures_in_their_place() -> None:
    assert list(ahead(range(50))) == list(range(50))
    taken: list[int] = []
    with pytest.raises(ValueError, match="no more"):
        taken.extend(ahead(failing(9)))
    assert next(iter(ahead(failing(9)))) == 0


def test_all_that_was_given_has_been_dealt_with_at_the_end() -> None:
    done: list[int] = []
    with behind(done.append) as give:
        for item in range(50):
            give(item)
    assert done == list(range(50))


def handed(items: Iterable[int], consume: Callable[[int], None]) -> None:
    with behind(consume) as give:
        for item in items:
            give(item)


@pytest.mark.parametrize("after", [0, 20])
def test_what_a_consumer_raises_reaches_whoever_gives(after: int) -> None:
    done: list[int] = []

    def consume(item: int) -> None:
        if item == 3:
            raise ValueError("three")
        done.append(item)

    with pytest.raises(ValueError, match="three"):
        handed(range(4 + after), consume)
    assert done == [0, 1, 2]


def test_a_giver_that_fails_waits_for_what_it_gave() -> None:
    done: list[int] = []
    with pytest.raises(ValueError, match="no more"):
        handed(failing(2), done.append)
    assert done == [0, 1]


def counted_on(item: int, state: int) -> tuple[int, int]:
    """What was made, and the state after it: only some items change it."""
    return item * 100 + state, state + 1 if item % 3 == 0 else state


@given(st.lists(st.integers(0, 30), max_size=12), st.integers(0, 3))
def test_each_is_made_with_the_state_after_the_one_before_it(items: list[int], first: int) -> None:
    expected, state = [], first
    for item in items:
        made = counted_on(item, state)
        expected.append((item, made))
        state = made[1]
    assert list(in_two(items, counted_on, first, lambda made: made[1])) == expected


@pytest.mark.parametrize("upto", [0, 1, 2, 7])
def test_a_failure_comes_after_all_that_came_before_it(upto: int) -> None:
    taken: list[int] = []
    with pytest.raises(ValueError, match="no more"):
        taken.extend(item for item, _ in in_two(failing(upto), lambda item, _: item, "", lambda _: ""))
    assert taken == list(range(upto))


def test_what_making_raises_is_raised_in_its_place() -> None:
    def make(item: int, _: str) -> int:
        if item == 4:
            raise ValueError("no more")
        return item

    taken: list[int] = []
    with pytest.raises(ValueError, match="no more"):
        taken.extend(item for item, _ in in_two(range(9), make, "", lambda _: ""))
    assert taken == [0, 1, 2, 3]


def test_two_are_in_the_making_at_once_while_the_state_stays() -> None:
    both = threading.Barrier(2, timeout=20)

    def make(item: int, _: str) -> int:
        # The first shows whether the state stays; of an even number of others each waits for the one beside it.
        if item:
            both.wait()
        return item

    assert [item for item, _ in in_two(range(9), make, "", lambda _: "")] == list(range(9))


@pytest.mark.parametrize("every", [2, 3, 5])
def test_a_state_that_changes_again_and_again_is_soon_waited_for(every: int) -> None:
    made: list[int] = []

    def make(item: int, state: int) -> int:
        made.append(item)
        return state + (item % every == 0)

    assert [state for _, state in in_two(range(200), make, 0, lambda state: state)][-1] == -(-200 // every)
    assert len(made) <= 200 + every
