"""Work ahead: an iterator runs in a thread of its own, a few items before the reader.

Reading and parsing release the interpreter's lock, so two cores are busy where one would wait. Failures of the
iterator reach the reader in their place; a reader that stops early stops the thread.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import Generic, TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")
Part = TypeVar("Part")
State = TypeVar("State")
_END = object()
_TWO = 2


@dataclass(frozen=True)
class Later(Generic[Made]):
    """What may still be in the making in another thread. Called, it waits, and raises what went wrong there."""

    wait: Callable[[], Made]
    is_made: Callable[[], bool] = lambda: True

    def __call__(self) -> Made:
        """Wait for it."""
        return self.wait()

    def then(self, pick: Callable[[Made], Part]) -> Later[Part]:
        """A part of it, or what is made of it."""
        return Later(lambda: pick(self.wait()), self.is_made)


class _Failure:
    def __init__(self, error: BaseException) -> None:
        self.error = error


def ahead(items: Iterable[Item], depth: int = 2) -> Iterator[Item]:
    """The same items in the same order, made up to `depth` items ahead."""
    waiting: queue.Queue[object] = queue.Queue(depth)
    stop = threading.Event()
    worker = threading.Thread(target=_work, args=(items, waiting, stop), name="ahead", daemon=True)
    worker.start()
    try:
        while (item := waiting.get()) is not _END:
            if isinstance(item, _Failure):
                raise item.error
            yield item  # type: ignore[misc]  # the queue holds items, failures and the end; the latter two are handled
    finally:
        stop.set()
        worker.join()


def _work(items: Iterable[object], waiting: queue.Queue[object], stop: threading.Event) -> None:
    try:
        for item in items:
            if not _put(item, waiting, stop):
                return
    except BaseException as error:  # noqa: BLE001 - whatever it is, it belongs to the reader and is raised there
        _put(_Failure(error), waiting, stop)
    else:
        _put(_END, waiting, stop)


def _put(item: object, waiting: queue.Queue[object], stop: threading.Event) -> bool:
    """Hand an item over; false if the reader has stopped and wants no more."""
    while not stop.is_set():
        try:
            waiting.put(item, timeout=0.2)
        except queue.Full:
            continue
        return True
    return False


@contextmanager
def behind(consume: Callable[[Item], None], depth: int = 2) -> Iterator[Callable[[Item], None]]:
    """A consumer in a thread of its own: what is given to it is dealt with up to `depth` items later.

    All has been dealt with at the end. Raises what the consumer raised, at the next item or at the end.
    """
    waiting: queue.Queue[object] = queue.Queue(depth)
    failures: list[BaseException] = []

    def work() -> None:
        while (item := waiting.get()) is not _END:
            if not failures:
                try:
                    consume(item)  # type: ignore[arg-type]  # the queue holds what was given, and the end
                except BaseException as error:  # noqa: BLE001 - raised where the next item is given, or at the end
                    failures.append(error)

    def give(item: Item) -> None:
        if failures:
            raise failures[0]
        waiting.put(item)

    worker = threading.Thread(target=work, name="behind", daemon=True)
    worker.start()
    try:
        yield give
    finally:
        waiting.put(_END)
        worker.join()
    if failures:
        raise failures[0]


def in_two(
    items: Iterable[Item], make: Callable[[Item, State], Made], state: State, after: Callable[[Made], State]
) -> Iterator[tuple[Item, Made]]:
    """What is made of each item, in order, two at a time; each is given the state `after` the one before it.

    `make` is pure. As long as the state stays as it is, the next one is begun before this one is done; where it has
    changed by then, it is made anew. Each time that this was so, the state must have stayed for twice as many items
    before the next one is begun early again. A failure of `items` comes after all that they gave before it.
    """
    waiting: deque[tuple[Item, State, Future[Made] | None]] = deque()
    failures: list[Exception] = []
    stayed, wanted = 0, 1
    with ThreadPoolExecutor(_TWO) as workers:
        for come in chain(_until_failure(items, failures), [()]):
            early = stayed >= wanted
            waiting += [(item, state, workers.submit(make, item, state) if early else None) for item in come]
            # At the end, which is an empty one, all that waits is waited for.
            while waiting and not (come and stayed >= wanted and len(waiting) < _TWO):
                first, given, begun = waiting.popleft()
                wanted *= 1 if begun is None or given == state else 2
                made = begun.result() if begun is not None and given == state else make(first, state)
                yield first, made
                stayed, state = stayed + 1 if after(made) == state else 0, after(made)
    if failures:
        raise failures[0]


def _until_failure(items: Iterable[Item], failures: list[Exception]) -> Iterator[tuple[Item, ...]]:
    """Each item by itself, until there are none or one fails."""
    try:
        for item in items:
            yield (item,)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is raised when what came before it has been given
        failures.append(error)
