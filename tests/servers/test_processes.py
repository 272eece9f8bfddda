"""What starts the real servers also ends them, and says why they are not there."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.processes import folder, free_port, program, running, wait_until

#: It stays when it is asked to go, and so does what it has started.
_STUBBORN = "trap : TERM; (trap : TERM; while :; do sleep 1; done) & echo $$ $! started; while :; do sleep 1; done"

pytestmark = pytest.mark.servers


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder for a server."""
    program("sh")
    with folder() as path:
        yield path
    assert not path.exists()


def _runs(process: int) -> bool:
    """Whether a process is there and has not ended."""
    try:
        return Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _fail_beside_a_server(port: int, place: Path) -> None:
    with running(["sh", "-c", _STUBBORN], port, place):
        wait_until(lambda: "started" in (place / "output").read_text(encoding="ascii"), "the server's own child")
        raise RuntimeError("in the middle")


def test_a_missing_server_is_skipped_with_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ESAFETY_SERVERS", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no-such-server is not installed"):
        program("no-such-server")


def test_a_missing_server_is_a_failure_where_it_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESAFETY_SERVERS", "required")
    with pytest.raises(pytest.fail.Exception, match="no-such-server is not installed"):
        program("no-such-server")


def test_a_server_that_does_not_start_shows_what_it_said(place: Path) -> None:
    with (
        pytest.raises(pytest.fail.Exception, match="the reason why"),
        running(["sh", "-c", "echo the reason why; exit 3"], free_port(), place),
    ):
        pass


def test_nothing_that_a_server_started_outlives_a_test_that_fails(place: Path) -> None:
    # The test itself listens where the server would.
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = int(listening.getsockname()[1])
        with pytest.raises(RuntimeError, match="in the middle"):
            _fail_beside_a_server(port, place)
    server, child, _ = (place / "output").read_text(encoding="ascii").split()
    assert not _runs(int(server))
    wait_until(lambda: not _runs(int(child)), "the end of the server's own child")
