"""Work in threads of its own: nothing is lost or reordered, and what fails is told where it is waited for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import pytest

from pipeline.ahead import ahead, behind


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
