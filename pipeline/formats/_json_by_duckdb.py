"""What DuckDB reads in lines of JSON, many at once.

In: texts, one of DuckDB's functions, and where in an object it is to look. Out: its answer to each text, null where one
is no JSON. Refuses nothing. DuckDB forgives more than JSON does: what it may be asked of, `_json` knows.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Final

import polars as pl
import pyarrow as pa

from pipeline.formats._json_by_arrow import Steps

if TYPE_CHECKING:
    import duckdb

#: It gets so many lines at once, and so works on all cores.
_BATCH: Final = 10_000


def asked(function: str, texts: pl.Series, places: Sequence[Steps]) -> pl.Series:
    """What one of DuckDB's functions says of each text at these places: `answer`, null where a text is no JSON."""
    import duckdb

    pointers = ", ".join("'" + _pointer(place).replace("'", "''") + "'" for place in places)
    table = texts.alias("text").to_frame().to_arrow(compat_level=pl.CompatLevel.oldest())
    with _database().cursor() as cursor:
        cursor.register("texts", pa.Table.from_batches(table.to_batches(max_chunksize=_BATCH), table.schema))
        try:
            answer = cursor.sql(f"SELECT {function}(text, [{pointers}]) AS answer FROM texts").to_arrow_table()
        except (duckdb.InvalidInputException, UnicodeDecodeError):
            # One of them is no JSON, and the message may be cut off within a character. To look for it costs a third
            # more, and is seldom needed.
            valid = "CASE WHEN json_valid(text) THEN text END"
            answer = cursor.sql(f"SELECT {function}({valid}, [{pointers}]) AS answer FROM texts").to_arrow_table()
    return pl.DataFrame(answer).to_series()


def _pointer(place: Steps) -> str:
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f'."{step}"' for step in place)


@cache
def _database() -> duckdb.DuckDBPyConnection:
    """An empty database in memory that can reach no file; each question has a cursor of its own."""
    # Not at the top: only formats of JSON need it, and to open it takes as long as to read ten thousand lines.
    import duckdb

    connection = duckdb.connect(":memory:", config={"memory_limit": "600MB", "temp_directory": ""})
    connection.execute("SET autoinstall_known_extensions = false")
    connection.execute("SET autoload_known_extensions = false")
    connection.execute("SET enable_external_access = false")
    # Texts as polars itself holds them.
    connection.execute("SET produce_arrow_string_view = true")
    return connection
