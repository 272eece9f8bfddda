"""Questions to a name server, and a name server that answers them for another.

In: the port of a name server on 127.0.0.1, names, and the address of loopback that asks. Out: what was asked, when, and
the bytes of the answer. Nothing leaves loopback.
"""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

#: How far a written time may lie off: whole seconds, of a clock that the kernel moves on a hundred times a second.
RESOLUTION = timedelta(seconds=1, milliseconds=10)
TYPES = {"A": 1, "NS": 2, "PTR": 12, "TXT": 16, "AAAA": 28, "HTTPS": 65, "ANY": 255, "TYPE999": 999}
_PATIENCE = 3.0
_NO_SUCH_NAME = 0x8183


@dataclass(frozen=True)
class Question:
    """What somebody asks, and what must come of it."""

    client: str
    name: str
    type: str = "A"
    blocked: bool = False
    tcp: bool = False
    #: How long the answer is waited for; none at all where two are to be under way together.
    patience: float = _PATIENCE
    #: As the log must have it.
    logged: str | None = None


@dataclass(frozen=True)
class Asked:
    """A question that was asked."""

    question: Question
    began: datetime
    ended: datetime


def ask(port: int, question: Question) -> Asked:
    """Ask, and wait for the answer."""
    began = datetime.now(UTC)
    message = _message(question)
    kind = socket.SOCK_STREAM if question.tcp else socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET, kind) as link:
        link.settimeout(_PATIENCE)
        link.bind((question.client, 0))
        link.connect(("127.0.0.1", port))
        link.sendall((struct.pack(">H", len(message)) if question.tcp else b"") + message)
        if question.patience:
            assert link.recv(2000)
    return Asked(question, began, datetime.now(UTC))


def _message(question: Question) -> bytes:
    labels = [label.encode() for label in question.name.split(".") if label]
    name = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    number = abs(hash((question.client, question.name, question.type, time.monotonic_ns()))) % 0xFFFF
    return struct.pack(">6H", number, 0x0100, 1, 0, 0, 0) + name + struct.pack(">2H", TYPES[question.type], 1)


@contextmanager
def upstream(delay: float = 0.3) -> Iterator[int]:
    """A name server that knows no name, and takes its time to say so. Gives its port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        link.bind(("127.0.0.1", 0))
        link.settimeout(0.05)
        done = threading.Event()
        thread = threading.Thread(target=_answer, args=(link, done, delay), daemon=True)
        thread.start()
        try:
            yield link.getsockname()[1]
        finally:
            done.set()
            thread.join()


def _answer(link: socket.socket, done: threading.Event, delay: float) -> None:
    waiting: list[tuple[float, bytes, tuple[str, int]]] = []
    while not done.is_set():
        try:
            message, sender = link.recvfrom(2000)
            waiting.append((time.monotonic() + delay, message, sender))
        except TimeoutError:
            pass
        for _, message, sender in [each for each in waiting if each[0] <= time.monotonic()]:
            # The question comes back as it is; what follows it (EDNS) does not.
            end = message.index(b"\0", 12) + 5
            link.sendto(message[:2] + struct.pack(">5H", _NO_SUCH_NAME, 1, 0, 0, 0) + message[12:end], sender)
        waiting = [each for each in waiting if each[0] > time.monotonic()]
