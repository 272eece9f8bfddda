"""A real PostgreSQL with an empty database, as a school or trust that has one would give us.

Out: the address of the database. It keeps to loopback and to a folder of its own, and runs as an account that is not
root.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers.processes import folder, free_port, program, run, running, wait_until


def _tool(name: str) -> str:
    """A program of PostgreSQL; Debian keeps them apart from others, one folder a version."""
    for place in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (place / name).exists():
            return str(place / name)
    return program(name, "postgresql")


@contextmanager
def postgres() -> Iterator[str]:
    """PostgreSQL, for as long as it is wanted; gives the address of a database of its own."""
    with folder() as place:
        made = run([
            _tool("initdb"), "--pgdata", str(place / "data"), "--username", "esafety", "--auth", "trust",
            "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync",
        ])  # fmt: skip
        assert made.returncode == 0, made.stderr
        port = free_port()
        command = [
            _tool("postgres"), "-D", str(place / "data"), "-p", str(port), "-h", "127.0.0.1", "-k", str(place),
            "-c", "fsync=off",
        ]  # fmt: skip
        asked = [_tool("pg_isready"), "--host=127.0.0.1", f"--port={port}", "--quiet"]
        with running(command, port, place):
            # It listens before it lets anybody in.
            wait_until(lambda: run(asked).returncode == 0, "PostgreSQL to be ready")
            yield f"postgresql://esafety@127.0.0.1:{port}/postgres"
