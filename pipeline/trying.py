"""Try a log without a store: its events and its rejects, as JSON lines or Parquet.

In: files, folders or stdin. Out: two files, and a record for each file read. Refuses a name of a format that does not
exist; what is wrong with a file is an issue in its record. Nothing is kept.
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol, TextIO

import polars as pl
import pyarrow.parquet as pq

from pipeline import ingest
from pipeline.decode import opened
from pipeline.errors import EsafetyError, InvariantError, SourceError
from pipeline.events import complete
from pipeline.formats import Declared
from pipeline.ingest import Batch
from pipeline.reading import add_batch
from pipeline.record import FileRecord
from pipeline.schema import EVENTS, REJECTS, STORED_EVENTS, conform

STDIN = Path("-")


class _Sink(Protocol):
    def write(self, table: pl.DataFrame) -> None: ...


def parse_files(
    files: Iterable[Path], form: str, declared: Declared, output: Path, rejects: Path | None
) -> list[FileRecord]:
    """Parse files, folders or stdin. One record a file; what goes wrong with one is an issue in its record."""
    records = []
    with ExitStack() as stack:
        events_to = stack.enter_context(_sink(output, EVENTS))
        rejects_to = stack.enter_context(_sink(rejects, REJECTS)) if rejects is not None else None
        for path in _each_file(files):
            record = FileRecord("", str(path))
            records.append(record)
            try:
                _parse_one(path, form, declared, record, events_to, rejects_to)
            except InvariantError:
                raise
            except EsafetyError as error:
                record.issues.append(str(error))
    return records


def _each_file(files: Iterable[Path]) -> Iterator[Path]:
    for path in files:
        if path.is_dir():
            yield from sorted(each for each in path.iterdir() if each.is_file() and not each.name.startswith("."))
        else:
            yield path


def _parse_one(
    path: Path, form: str, declared: Declared, record: FileRecord, events_to: _Sink, rejects_to: _Sink | None
) -> None:
    named = None if form == "auto" else ingest.format_named(form)
    with ExitStack() as stack:
        stream = sys.stdin.buffer if path == STDIN else stack.enter_context(opened(path))
        for batch in ingest.open_unknown(stream, path, named, declared):
            record.format = batch.end.format
            add_batch(record, batch)
            events_to.write(complete(_stored(batch)))
            if rejects_to is not None:
                origin = {"source_sha256": pl.lit(batch.end.source_sha256), "format": pl.lit(batch.end.format)}
                rejects_to.write(conform(batch.rejects.with_columns(**origin), REJECTS))


def _stored(batch: Batch) -> pl.DataFrame:
    origin: dict[str, Any] = {name: pl.lit(None) for name in ("site", "source")}
    origin |= {"source_sha256": pl.lit(batch.end.source_sha256), "format": pl.lit(batch.end.format)}
    return conform(batch.events.with_columns(**origin), STORED_EVENTS)


def line_for(record: FileRecord) -> str:
    """One file in one line, for the terminal, and its issues."""
    skipped = ", ".join(f"{count} {reason}" for reason, count in sorted(record.skips.items()))
    counts = (
        f"{record.records} lines = {record.events} events + {record.rejects} rejects + {record.skips.total()} skipped"
    )
    first = f"{record.path} ({record.format or 'no format'}): {counts}{f' ({skipped})' if skipped else ''}"
    return "\n".join([first, *(f"! {issue}" for issue in record.issues)])


@contextmanager
def _sink(path: Path, columns: pl.Schema) -> Iterator[_Sink]:
    """Where tables are written: Parquet by the name's ending, otherwise JSON lines."""
    try:
        if path.suffix == ".parquet":
            arrow = pl.DataFrame(schema=columns).to_arrow(compat_level=pl.CompatLevel.oldest()).schema
            with pq.ParquetWriter(path, arrow, compression="zstd") as writer:
                yield _ParquetSink(writer)
        elif path == STDIN:
            yield _JsonSink(sys.stdout)
        else:
            with path.open("w", encoding="utf-8", newline="\n") as stream:
                yield _JsonSink(stream)
    except OSError as error:
        raise SourceError(f"cannot be written ({error.strerror}).", path=path) from error


class _ParquetSink:
    def __init__(self, writer: pq.ParquetWriter) -> None:
        self._writer = writer

    def write(self, table: pl.DataFrame) -> None:
        self._writer.write_table(table.to_arrow(compat_level=pl.CompatLevel.oldest()))


class _JsonSink:
    """Times as ISO 8601 with offset; bytes as text with escapes, and beside it in base64 where they are not UTF-8."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, table: pl.DataFrame) -> None:
        # Row by row, because JSON lines are rows.
        for row in table.iter_rows(named=True):
            self._stream.write(json.dumps(dict(_plain(row)), ensure_ascii=False) + "\n")


def _plain(row: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in row.items():
        if isinstance(value, bytes):
            text = value.decode("utf-8", "backslashreplace")
            yield name, text
            if text.encode() != value:
                yield f"{name}_base64", base64.b64encode(value).decode("ascii")
        else:
            yield name, value.isoformat() if hasattr(value, "isoformat") else value
