"""Real servers, started for a test and gone after it, whatever happens in between.

In: a command, the port it will listen on. Out: the running process. It never runs as root and never touches the
machine's own configuration: where the tests are root, a server is started as the user that Debian keeps for proxies.
"""

from __future__ import annotations

import os
import platform
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest

_PATIENCE = 30.0
#: The state of a socket in /proc/net/tcp.
_LISTENING = "0A"


@dataclass(frozen=True)
class Account:
    """Whom a server runs as. `switch` is what a process that is started needs to become that account."""

    user: str
    group: str
    switch: Mapping[str, str]


def program(name: str, package: str = "") -> str:
    """The path of a program. Skips the test where it is not installed, or fails it where that may not be."""
    found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"]))
    if found is not None and platform.system() == "Linux":
        return found
    if os.environ.get("ESAFETY_SERVERS") == "required":
        pytest.fail(f"{name} is not installed, and ESAFETY_SERVERS=required says that it must be.")
    pytest.skip(f"{name} is not installed here (on Debian: apt-get install {package or name})")


def account() -> Account:
    """The account that is running, or for root the one that Debian keeps for proxies."""
    import grp
    import pwd

    if os.geteuid() != 0:
        return Account(pwd.getpwuid(os.geteuid()).pw_name, grp.getgrgid(os.getegid()).gr_name, {})
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    chosen = known.get("proxy") or known["nobody"]
    group = grp.getgrgid(chosen.pw_gid).gr_name
    return Account(chosen.pw_name, group, {"user": chosen.pw_name, "group": group})


@contextmanager
def folder() -> Iterator[Path]:
    """A folder that the servers' account can use; pytest's own are closed to it."""
    path = Path(tempfile.mkdtemp(prefix="esafety-servers-"))
    try:
        path.chmod(0o755)
        give(path)
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def give(path: Path) -> None:
    """Let the servers' account own a file or folder."""
    owner = account()
    if owner.switch:
        shutil.chown(path, owner.user, owner.group)


#: Below the ports that the system gives to clients. Tests that run side by side have ranges of their own: pytest-xdist
#: calls its workers gw0, gw1, ..., and `make test` starts at most four. Two checkouts begin at different places of one.
_PORTS = count(20_000 + 3_000 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) + os.getpid() % 2_500)


def free_port() -> int:
    """A port of loopback on which nothing listens, and that has not been given before."""
    while True:
        with socket.socket() as probe:
            try:
                port = next(_PORTS)
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


@contextmanager
def running(
    command: Sequence[str], port: int, workplace: Path, environment: Mapping[str, str] | None = None,
    *, goes_when_asked: bool = True,
) -> Iterator[subprocess.Popen[bytes]]:  # fmt: skip
    """A server, from when it listens until the end of the block.

    One that is not gone a second after it was asked to go need not be asked.
    """
    output = workplace / "output"
    with output.open("wb") as stream:
        process = subprocess.Popen(
            command, cwd=workplace, stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT,
            start_new_session=True, env={**os.environ, **(environment or {})},
            **_becoming(),
        )  # fmt: skip
    try:
        wait_until(lambda: _listens(process, port, output), f"{command[0]} to listen")
        yield process
    finally:
        if goes_when_asked:
            _ask_to_go(process)
        _end(process)


def run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a program of a server to its end, as the servers' account."""
    return subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=False, **_becoming())


def _becoming() -> dict[str, Any]:
    switch = account().switch
    return {**switch, "extra_groups": []} if switch else {}


def wait_until(is_so: Callable[[], bool], what: str) -> None:
    """Wait for something that must soon be so; fails after half a minute."""
    deadline = time.monotonic() + _PATIENCE
    while not is_so():
        if time.monotonic() > deadline:
            pytest.fail(f"waited in vain for {what}")
        time.sleep(0.02)


def _listens(process: subprocess.Popen[bytes], port: int, output: Path) -> bool:
    if process.poll() is not None:
        said = output.read_text(encoding="utf-8", errors="replace")[-2000:]
        pytest.fail(f"{process.args!r} ended with {process.returncode}:\n{said}")
    # Looked up, not tried out: a connection that asks for nothing would stand in the server's log.
    rows = [row.split() for row in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]]
    return any(row[3] == _LISTENING and row[1].endswith(f":{port:04X}") for row in rows)


def _ask_to_go(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(1)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Take a server, and everything that it started, away."""
    process.kill()
    process.wait()
    try:
        # Its own session, so its process group has its number; what it started may outlive it.
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
