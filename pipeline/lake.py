"""The lake: Parquet files, written so that they are there whole or not at all, and DuckDB over them.

One unit is a run of lines of one file: a folder `lake/<unit id>/` that holds its events, rejects, hits and evidence.
It is written under `staging/`, flushed, and renamed in one step; only units that the ledger knows are ever read.
What is derived from units (drafts, facts) lies under `days/<kind>/<day>.parquet`, each file replaced in one step.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline import schema
from pipeline.errors import StoreError
from pipeline.schema import conform

if TYPE_CHECKING:
    import duckdb

_COMPRESSION = "zstd"
_LEVEL = 1
#: Numbers of which hardly two are the same: kept as differences, which are small and need no compression. All other
#: columns are kept as a dictionary; URLs and user agents, too, repeat within a block.
_NUMBERS = ("line", "byte_offset", "ts", "bytes", "duration_ms")
#: A block's distinct URLs must fit into its dictionary, or Parquet gives it up half way.
_DICTIONARY_BYTES = 16 << 20
#: Two threads that ask at once for the first time are to have the same database.
_ONE_AT_A_TIME = threading.Lock()

#: The tables of a unit.
UNIT_TABLES = {
    "events": schema.STORED_EVENTS,
    "rejects": schema.REJECTS,
    "hits": schema.HITS,
    "hit_events": schema.EVENTS,
    "evidence": schema.EVIDENCE,
}


@dataclass(frozen=True)
class Lake:
    """The store folder of one school."""

    root: Path
    #: `<unit id>/<table>.parquet` in this folder are read in place of those of the store: other rules are tried so,
    #: and nothing of the store changes.
    instead: Path | None = None

    @property
    def staging(self) -> Path:
        """Where units are written before they are settled, and where DuckDB puts what memory has no room for."""
        return (self.instead or self.root) / "staging"

    def unit(self, unit_id: str) -> Path:
        """The folder of a unit."""
        return self.root / "lake" / unit_id

    def day(self, kind: str, day: date) -> Path:
        """The file of what was derived for a day."""
        return self.root / "days" / kind / f"{day.isoformat()}.parquet"


def prepare(lake: Lake, known_units: Iterable[str]) -> int:
    """Make the folders and clear what a killed run left: unfinished units and days, and units the ledger lacks.

    Returns how many were cleared. Raises `StoreError` where the folder cannot be written.
    """
    known = set(known_units)
    try:
        for folder in (lake.root / "lake", lake.root / "days"):
            folder.mkdir(parents=True, exist_ok=True)
        left = [path for path in (lake.root / "lake").iterdir() if path.name not in known]
        left += list(lake.staging.iterdir()) if lake.staging.is_dir() else []
        left += list((lake.root / "days").glob("*/*.new"))
        for path in left:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        lake.staging.mkdir(exist_ok=True)
    except OSError as error:
        remedy = "Give the account that runs esafety the right to write there, or name another [store] folder."
        raise StoreError(f"cannot be written ({error.strerror}).", path=lake.root, remedy=remedy) from error
    return len(left)


@contextmanager
def staged(lake: Lake, name: str) -> Iterator[Path]:
    """A folder to write a unit into; it is gone at the end unless `settle` made it a unit."""
    folder = lake.staging / name
    # Nearly always there is none; what cannot be cleared makes mkdir fail in the next line.
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        # A settled unit is no longer here, and what is left behind is cleared by the next run's `prepare`.
        shutil.rmtree(folder, ignore_errors=True)


def settle(lake: Lake, folder: Path, unit_id: str) -> None:
    """Flush a staged folder and make it the unit of that name in one step."""
    for path in sorted(folder.iterdir()):
        flush(path)
    flush_folder(folder)
    target = lake.unit(unit_id)
    if target.exists():
        shutil.rmtree(target)
    folder.rename(target)
    flush_folder(target.parent)


def flush(path: Path) -> None:
    """Make a file last through a power cut."""
    with path.open("rb+") as stream:
        os.fsync(stream.fileno())


def flush_folder(folder: Path) -> None:
    """Make a rename last through a power cut. Windows has no such call and needs none."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class EventsWriter:
    """Writes the events of a unit, block by block, so that a unit never lies in memory as a whole."""

    def __init__(self, folder: Path, origin: dict[str, str]) -> None:
        self._origin = origin
        self._schema = _arrow_schema(schema.STORED_EVENTS)
        encoded = [name for name in self._schema.names if name not in _NUMBERS]
        self._writer = pq.ParquetWriter(
            folder / "events.parquet", self._schema, use_dictionary=encoded, write_statistics=["ts", "line"],
            compression={name: _COMPRESSION if name in encoded else "none" for name in self._schema.names},
            compression_level=dict.fromkeys(encoded, _LEVEL), dictionary_pagesize_limit=_DICTIONARY_BYTES,
            column_encoding=dict.fromkeys(_NUMBERS, "DELTA_BINARY_PACKED"),
        )  # fmt: skip

    def write(self, events: pl.DataFrame) -> None:
        """Append one block. `events` lacks the columns of `schema.ORIGIN` and may lack others."""
        if events.height:
            arrow = events.to_arrow(compat_level=pl.CompatLevel.newest())
            columns = [self._column(arrow, field) for field in self._schema]
            self._writer.write_table(pa.Table.from_arrays(columns, schema=self._schema))

    def _column(self, events: pa.Table, field: pa.Field) -> pa.ChunkedArray | pa.Array:
        if field.name in self._origin:
            indices = pa.repeat(pa.scalar(0, pa.int32()), events.num_rows)
            return pa.DictionaryArray.from_arrays(indices, pa.array([self._origin[field.name]], pa.large_string()))
        if field.name not in events.column_names:
            return pa.nulls(events.num_rows, field.type)
        column = events[field.name]
        return column if column.type == field.type else column.cast(field.type)

    def close(self) -> None:
        """Finish the file."""
        self._writer.close()


def _arrow_schema(table: pl.Schema) -> pa.Schema:
    """The Arrow types of a table; the columns that are the same for a whole file are dictionaries of one entry."""
    # String views, as polars holds them: writing them copies nothing.
    arrow = pl.DataFrame(schema=table).to_arrow(compat_level=pl.CompatLevel.newest()).schema
    constant = pa.dictionary(pa.int32(), pa.large_string())
    return pa.schema([field.with_type(constant) if field.name in schema.ORIGIN else field for field in arrow])


def write_table(path: Path, table: pl.DataFrame, columns: pl.Schema) -> None:
    """Write a small table as Parquet. Rows must already be in an order that depends on their content alone."""
    arrow = conform(table, columns).to_arrow(compat_level=pl.CompatLevel.oldest())
    pq.write_table(arrow, path, compression=_COMPRESSION, compression_level=_LEVEL)


def replace_day(lake: Lake, kind: str, day: date, table: pl.DataFrame, columns: pl.Schema) -> None:
    """Write what was derived for one day; the file of before stays until the new one is whole."""
    path = lake.day(kind, day)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".new")
    write_table(temporary, table, columns)
    flush(temporary)
    temporary.replace(path)
    flush_folder(path.parent)


def read_days(
    lake: Lake, kind: str, columns: pl.Schema, first: date | None = None, last: date | None = None
) -> pl.DataFrame:
    """Some or all columns of the derived tables of the days from `first` to `last`, both included; maybe no rows.

    Raises `StoreError` for a file that is damaged or cannot be read.
    """
    chosen = [
        path for path in _day_files(lake, kind)
        if (first is None or path.stem >= first.isoformat()) and (last is None or path.stem <= last.isoformat())
    ]  # fmt: skip
    return pl.concat([pl.DataFrame(schema=columns), *(_read(path, columns) for path in chosen)])


def first_day(lake: Lake, kind: str) -> date | None:
    """The first day that anything was derived for: some days are made of nothing. Raises `StoreError` as above."""
    days = pl.Schema({"day": pl.Date()})
    filled = (path for path in _day_files(lake, kind) if not _read(path, days).is_empty())
    return next((date.fromisoformat(path.stem) for path in filled), None)


def _day_files(lake: Lake, kind: str) -> list[Path]:
    """The files of all days of a kind, the earliest day first."""
    folder = lake.day(kind, date.min).parent
    return sorted(folder.glob("*.parquet")) if folder.is_dir() else []


def _read(path: Path, columns: pl.Schema, only: pl.Expr | None = None) -> pl.DataFrame:
    """These columns of one file of the store, of all rows or of those that `only` keeps. A missing column is null."""
    wanted = pl.selectors.by_name(*columns, require_all=False)
    try:
        rows = pl.scan_parquet(path, glob=False)
        return conform((rows if only is None else rows.filter(only)).select(wanted).collect(), columns)
    except (OSError, ValueError, pl.exceptions.PolarsError) as error:
        what = error.strerror if isinstance(error, OSError) and error.strerror else "it is damaged"
        remedy = "Restore it from a backup, or move the whole [store] folder away and read all logs anew."
        raise StoreError(f"what was read before cannot be used ({what}).", path=path, remedy=remedy) from error


def write_text(path: Path, text: str) -> None:
    """Write a page or a record, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(text, encoding="utf-8", newline="\n")
    flush(temporary)
    temporary.replace(path)


def remove_units(lake: Lake, units: Iterable[str]) -> None:
    """Take away the folders of units that the ledger has let go."""
    for unit_id in units:
        # The ledger no longer knows them: the next run's `prepare` clears what is left, or says why it cannot.
        shutil.rmtree(lake.unit(unit_id), ignore_errors=True)


def days_before(lake: Lake, kind: str, before: date, besides: Iterable[date] = ()) -> list[date]:
    """The days before one, and of some others those, for which something is there."""
    others = {day.isoformat() for day in besides}
    there = (path.stem for path in _day_files(lake, kind))
    return [date.fromisoformat(day) for day in there if day < before.isoformat() or day in others]


def remove_days(lake: Lake, kind: str, days: Iterable[date]) -> None:
    """Take away what was derived for some days; days that are gone are no fault."""
    for day in days:
        lake.day(kind, day).unlink(missing_ok=True)


def unit_files(lake: Lake, units: Iterable[str], table: str) -> list[Path]:
    """The Parquet files of one table, for the given units."""
    stored = [lake.unit(unit_id) / f"{table}.parquet" for unit_id in units]
    if lake.instead is None:
        return stored
    tried = [lake.instead / path.parent.name / path.name for path in stored]
    return [other if other.exists() else path for other, path in zip(tried, stored, strict=True)]


def rows(
    lake: Lake, units: Iterable[str], table: str, names: Iterable[str], only: pl.Expr | None = None
) -> pl.DataFrame:
    """Some columns of a table of the given units, of all rows or of those that `only` keeps, which must be few.

    Raises `StoreError` for a file that is damaged or cannot be read.
    """
    columns = pl.Schema({name: UNIT_TABLES[table][name] for name in names})
    found = [_read(path, columns, only) for path in unit_files(lake, units, table)]
    return pl.concat([pl.DataFrame(schema=columns), *found])


@contextmanager
def connected(
    lake: Lake, units: Iterable[str], tables: Iterable[str] = UNIT_TABLES
) -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB with a view for each table of the given units; memory and temporary files stay within bounds.

    Raises `StoreError` where a file is gone or damaged, and where there is no room for temporary ones.
    """
    # Not at the top: reading does without it, and begins the sooner.
    import duckdb

    chosen = list(units)
    try:
        with _database(str(lake.staging)).cursor() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            for name in tables:
                paths = [str(path) for path in unit_files(lake, chosen, name)]
                if paths:
                    # A view that this cursor alone sees: `create_view` would make one for all.
                    connection.register(name, connection.read_parquet(paths))
                else:
                    register(connection, name, pl.DataFrame(schema=UNIT_TABLES[name]))
            yield connection
    except (duckdb.IOException, duckdb.InvalidInputException, duckdb.OutOfMemoryException) as error:
        remedy = "See that there is room; restore what is missing from a backup."
        raise StoreError(f"what was read before cannot be used ({error}).", path=lake.root, remedy=remedy) from error


def _database(temporary: str) -> duckdb.DuckDBPyConnection:
    """One for all questions to a store: to set one up takes longer than many a question."""
    with _ONE_AT_A_TIME:
        return _made_database(temporary)


@lru_cache(maxsize=1)
def _made_database(temporary: str) -> duckdb.DuckDBPyConnection:
    import duckdb

    return duckdb.connect(config={
        "memory_limit": "1GB", "temp_directory": temporary, "preserve_insertion_order": False,
        # Each file is read once or twice a night; what stayed in memory of it would be in the way of what comes after.
        "enable_external_file_cache": False,
    })  # fmt: skip


def register(connection: duckdb.DuckDBPyConnection, name: str, table: pl.DataFrame) -> None:
    """Give a table to DuckDB under a name."""
    connection.register(name, table.to_arrow(compat_level=pl.CompatLevel.oldest()))


def ask(connection: duckdb.DuckDBPyConnection, query: str, **parameters: Any) -> pl.DataFrame:
    """The result of one of the queries in `pipeline/sql`, with its named parameters."""
    sql = (files("pipeline") / "sql" / f"{query}.sql").read_text("utf-8")
    return pl.DataFrame(connection.sql(sql, params=parameters).to_arrow_table())
