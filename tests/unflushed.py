"""SQLite for tests: no test cuts the power, so what must outlive that need not reach the disk.

In: how the program opens a database. Out: the same, which does not wait for a disk at each step; whoever is killed
loses nothing by that. As a process of its own the program waits.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from typing_extensions import override

_connect = sqlite3.connect


class Unflushed(sqlite3.Connection):
    """A connection that leaves it to the system when the disk has everything."""

    @override
    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        if sql.startswith("PRAGMA journal_mode"):
            super().execute("PRAGMA synchronous = OFF")
        elif sql.startswith("PRAGMA synchronous"):
            sql = "PRAGMA synchronous = OFF"
        return super().execute(sql, parameters)


def connect(*given: Any, **more: Any) -> sqlite3.Connection:
    """`sqlite3.connect`."""
    made: sqlite3.Connection = _connect(*given, **{"factory": Unflushed, **more})
    return made
