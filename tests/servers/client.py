"""Somebody at a desk in front of a proxy, who remembers exactly what was asked and what came back.

In: what is to be asked, one after the other, from one address of loopback. Out: an `Answer` for each, with the times
and the bytes on the wire. The addresses tell the desks apart in the log, where everything else may be odd.
"""

from __future__ import annotations

import base64
import io
import socket
import ssl
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPResponse
from itertools import count
from typing import Any
from urllib.parse import urlsplit

from typing_extensions import override

from tests.servers.web import tls

_PATIENCE = 20.0
_HOSTS = count(1)


@dataclass(frozen=True)
class Login:
    """What is typed into the browser's box, and whom the people file would know by it."""

    typed: str
    password: str
    person: str


@dataclass(frozen=True)
class Ask:
    """One request, and what the proxy is expected to make of it."""

    target: str | bytes
    verdict: str
    method: str = "GET"
    login: Login | None = None
    #: What the log shows: a page, typed words, a host only, or a part of a page.
    kind: str = "page"
    #: Whether the log names the login that was typed.
    named: bool = True
    #: The address as the log has it, where it is not what was sent.
    logged: str | None = None
    #: The method in the log, where it is not what was sent; nothing where the log has none.
    logged_method: str | None = ""
    #: The status in the log, where it is not the one that the client got.
    status: int | None = None
    #: The client goes away in the middle.
    hangs_up: bool = False
    body: bytes = b""
    #: How many lines the log has of it.
    lines: int = 1

    @property
    def wire(self) -> bytes:
        """The target as it goes over the wire."""
        return self.target if isinstance(self.target, bytes) else self.target.encode()

    @property
    def url(self) -> str:
        """The address as the log is expected to have it."""
        return self.wire.decode() if self.logged is None else self.logged

    @property
    def host(self) -> str | None:
        """The host that was asked for, where the target is an ordinary one."""
        if self.logged is not None:
            return None
        target = self.wire.decode()
        return urlsplit(target if "://" in target else f"//{target}").hostname

    @property
    def verb(self) -> str | None:
        """The method as the log is expected to have it."""
        return self.method if self.logged_method == "" else self.logged_method

    def head(self) -> bytes:
        """The request without its body."""
        lines = [self.method.encode() + b" " + self.wire + b" HTTP/1.1", b"Host: www.example.test"]
        if self.login is not None:
            told = base64.b64encode(f"{self.login.typed}:{self.login.password}".encode())
            lines.append(b"Proxy-Authorization: Basic " + told)
        if self.body:
            lines.append(f"Content-Length: {len(self.body)}".encode())
        return b"\r\n".join([*lines, b"", b""])


@dataclass(frozen=True)
class Answer:
    """What came of one request. The bytes are those of the answer: all of it, and its body alone."""

    ask: Ask
    client: str
    began: datetime
    ended: datetime
    status: int | None
    wire_bytes: int
    body_bytes: int

    @property
    def logged_status(self) -> int | None:
        """The status that the log is expected to have."""
        return self.status if self.ask.status is None else self.ask.status


class _Counted(io.RawIOBase):
    """A connection's incoming side, counted. Closing it leaves the connection open."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.count = 0

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: Any, /) -> int:
        got = self._connection.recv_into(buffer)
        self.count += got
        return got


class _Incoming:
    """As much of a socket as `HTTPResponse` asks for."""

    def __init__(self, counted: _Counted) -> None:
        self._counted = counted

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self._counted)


class Desk:
    """One client address, with one connection to the proxy that is kept for as long as the proxy keeps it."""

    def __init__(self, port: int, client: str) -> None:
        self._port = port
        self._connection: socket.socket | None = None
        self.client = client

    def ask(self, ask: Ask) -> Answer:
        """Ask and wait for the answer."""
        began = _now()
        connection = self._connected()
        connection.sendall(ask.head() + ask.body)
        if ask.hangs_up:
            time.sleep(0.2)
            self.leave()
            return Answer(ask, self.client, began, _now(), None, 0, 0)
        counted = _Counted(connection)
        response = HTTPResponse(_Incoming(counted), method=ask.method)  # type: ignore[arg-type]  # all it asks for
        response.begin()
        is_tunnel = ask.method == "CONNECT" and response.status == 200
        body = _through_tunnel(connection, counted, ask) if is_tunnel else len(response.read())
        if response.will_close or is_tunnel:
            self.leave()
        return Answer(ask, self.client, began, _now(), response.status, counted.count, body)

    def _connected(self) -> socket.socket:
        if self._connection is None:
            server = "::1" if ":" in self.client else "127.0.0.1"
            self._connection = socket.create_connection((server, self._port), _PATIENCE, (self.client, 0))
        return self._connection

    def leave(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _through_tunnel(connection: socket.socket, counted: _Counted, ask: Ask) -> int:
    """Ask for a page inside the tunnel and read to the end; the bytes that came, encrypted as they are."""
    before = counted.count
    coming, going = ssl.MemoryBIO(), ssl.MemoryBIO()
    host = ask.wire.decode().rpartition(":")[0]
    secure = tls(ssl.PROTOCOL_TLS_CLIENT).wrap_bio(coming, going, server_hostname=host.strip("[]"))
    buffer = bytearray(1 << 16)
    asked = False
    while True:
        try:
            if not asked:
                secure.do_handshake()
                secure.write(b"GET /inside HTTP/1.1\r\nHost: " + host.encode() + b"\r\nConnection: close\r\n\r\n")
                asked = True
        except ssl.SSLWantReadError:
            pass
        connection.sendall(going.read())
        got = counted.readinto(buffer)
        if not got:
            return counted.count - before
        coming.write(bytes(buffer[:got]))


def _now() -> datetime:
    return datetime.fromtimestamp(time.time(), UTC)


def address() -> str:
    """An address of loopback that nobody has had before."""
    host = next(_HOSTS)
    return f"127.20.{host // 250}.{host % 250 + 1}"


def sit(port: int, asks: Iterable[Ask], client: str | None = None) -> list[Answer]:
    """Ask one after the other from one desk."""
    desk = Desk(port, client or address())
    try:
        return [desk.ask(ask) for ask in asks]
    finally:
        desk.leave()


def sit_together(port: int, desks: Sequence[Sequence[Ask]]) -> list[Answer]:
    """Several desks at once; within one, one after the other."""
    with ThreadPoolExecutor(6) as pool:
        return [answer for answers in pool.map(lambda asks: sit(port, asks), desks) for answer in answers]
