"""Work ahead: an iterator runs in a thread of its own, a few items before the reader.

Reading and parsing release the interpreter's lock, so two cores are busy where one would wait. Failures of the
iterator reach the reader in their place; a reader that stops early stops the thread.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")
_END = object()


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


class Behind:
    """A consumer in a thread of its own: `give` returns before the item has been dealt with; `finish` waits."""

    def __init__(self, consume: Callable[[Item], None], depth: int = 2) -> None:
        self._waiting: queue.Queue[object] = queue.Queue(depth)
        self._error: BaseException | None = None
        self._worker = threading.Thread(target=self._work, args=(consume,), name="behind", daemon=True)
        self._worker.start()

    def _work(self, consume: Callable[[Item], None]) -> None:
        while (item := self._waiting.get()) is not _END:
            if self._error is None:
                try:
                    consume(item)  # type: ignore[arg-type]  # the queue holds what `give` took, and the end
                except BaseException as error:  # noqa: BLE001 - raised by `give` or `finish`, where it is seen
                    self._error = error

    def give(self, item: object) -> None:
        """Hand over one item. Raises what the consumer raised before."""
        if self._error is not None:
            raise self._error
        self._waiting.put(item)

    def finish(self) -> None:
        """Wait until all has been dealt with. Raises what the consumer raised."""
        self._waiting.put(_END)
        self._worker.join()
        if self._error is not None:
            raise self._error
