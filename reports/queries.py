"""The numbers of a report: its `.sql` file, run by DuckDB over tables in memory.

In: the name of a `.sql` file of this package with queries that each begin with a line `-- name: ...`, and tables. Out:
the rows of each query. It refuses a parameter that a query does not get, and the queries can reach no file.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

import duckdb

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

_NAME: Final = re.compile(r"^-- name: (.+)$", re.MULTILINE)
_PARAMETER: Final = re.compile(r"\$(\w+)")
_COMMENT: Final = re.compile(r"--.*$", re.MULTILINE)


def queries(name: str) -> dict[str, str]:
    """The queries of a file such as `governors/query.sql`, by their names, in the order of the file."""
    text = resources.files("reports").joinpath(name).read_text(encoding="utf-8")
    parts = _NAME.split(text)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def connect(tables: Mapping[str, pl.DataFrame]) -> duckdb.DuckDBPyConnection:
    """A database in memory that shows `tables` and nothing else; the caller closes it."""
    connection = _empty().cursor()
    for name, table in tables.items():
        connection.register(name, table.to_arrow())
    return connection


@cache
def _empty() -> duckdb.DuckDBPyConnection:
    """One for the life of the process: to set one up takes longer than to count. Its cursors see no others' tables."""
    # The tables are small: one thread gives the same order of sums on every machine.
    return duckdb.connect(":memory:", config={"threads": 1, "enable_external_access": False})


def ask(
    connection: duckdb.DuckDBPyConnection, query: str, parameters: Mapping[str, Any], *, kept_as: str = ""
) -> list[dict[str, Any]]:
    """The rows of one query. It is given those parameters that it names; a missing one is a `KeyError`.

    `kept_as`: under this name later queries find the rows, as long as the connection is open.
    """
    given = {name: parameters[name] for name in set(_PARAMETER.findall(_COMMENT.sub("", query)))}
    if kept_as:
        connection.execute(f"CREATE TEMP TABLE {kept_as} AS {query}", given)
        query, given = f"SELECT * FROM {kept_as} ORDER BY rowid", {}
    # Not by `sql`, which plans a query once to see what it gives, and once more to run it: half of all the time.
    found = connection.execute(query, given)
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
