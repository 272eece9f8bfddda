"""Try a log without a store: its events and its rejects, as JSON lines or Parquet.

In: files, folders or stdin. Out: two files, and a record for each file read. Refuses a name of a format that does not
exist, and to write over what it reads; what is wrong with a file is an issue in its record. Nothing is kept.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import polars as pl
import pyarrow.parquet as pq

from pipeline import ingest
from pipeline.config import LAID_OUT, MAPPED, load_settings
from pipeline.decode import opened
from pipeline.errors import ConfigError, EsafetyError, InvariantError, StoreError
from pipeline.formats import DateOrder, Declared, Format
from pipeline.formats._maps import ColumnMap, load_map
from pipeline.formats.squid_custom import layout_named
from pipeline.ingest import Batch
from pipeline.output import jsonlines
from pipeline.output.jsonlines import DASH
from pipeline.output.record import FileRecord
from pipeline.reading import add_batch
from pipeline.recognition import as_of, format_named
from pipeline.schema import EVENTS, REJECTS, STORED_EVENTS, conform
from pipeline.sources import declared_of
from pipeline.store.events import complete


class _Sink(Protocol):
    def write(self, table: pl.DataFrame) -> None: ...


@dataclass(frozen=True)
class Options:
    """How the command line says that logs are to be read."""

    form: str
    zone: ZoneInfo
    date_order: DateOrder | None = None
    column_map: str | None = None
    logformat: str | None = None


def declared(options: Options) -> tuple[str, Declared]:
    """The format's name and what is declared of the logs.

    Raises `ConfigError` for options that do not go together, and for a map or a line that cannot be used.
    """
    form, column_map, logformat = options.form, options.column_map, options.logformat
    either = "Leave one of the two out."
    if column_map and form not in ("auto", *MAPPED):
        raise ConfigError(f"--map: is for the formats {' and '.join(MAPPED)}, not for {form!r}.", remedy=either)
    if logformat is not None and form not in ("auto", *LAID_OUT):
        what = f"--logformat: is for the formats {' and '.join(LAID_OUT)}, not for {form!r}."
        raise ConfigError(what, remedy=either)
    if column_map and logformat is not None:
        raise ConfigError("--map and --logformat: a log is read by one of them.", remedy=either)
    if form == "auto":
        form = "csv" if column_map else "squid_custom" if logformat is not None else form
    if form == "squid_custom":
        layout_named(logformat or "")
    its_map = load_map(column_map, form) if column_map else ColumnMap()
    return form, Declared(
        options.zone, options.date_order, its_map.columns, its_map.verdicts, layout=logformat or "",
        hidden=its_map.hidden,
    )  # fmt: skip


def declared_in(config: Path, name: str, options: Options) -> tuple[str, Declared]:
    """The same as a source of `config` says it; `options` are those given beside it, which must say nothing.

    Raises `ConfigError` for a source that is not there, and for what `config.load_settings` refuses.
    """
    if options != Options("auto", options.zone):
        raise ConfigError("--source says how the logs are read.", remedy="Leave it out, or the other options.")
    settings = load_settings(config)
    for source in settings.source:
        if source.name == name:
            return source.format, declared_of(settings, source)
    known = ", ".join(source.name for source in settings.source) or "none"
    raise ConfigError(f"has no source {name!r}.", path=config, remedy=f"Its sources: {known}.")


def parse_files(
    files: Iterable[Path], form: str, declared: Declared, output: Path, rejects: Path | None
) -> list[FileRecord]:
    """Parse files, folders or stdin. One record a file; what goes wrong with one is an issue in its record.

    What `declared` says of the last change is for stdin; a file has its own.

    Raises `UnknownFormat` for a format that does not exist and `StoreError` for outputs that cannot be written.
    """
    named = None if form == "auto" else format_named(form)
    # Listed before anything is written: what is written into a folder is not read back from it.
    records = [record for path in files for record in _each_file(path)]
    _refuse_to_destroy([Path(record.path) for record in records], [each for each in (output, rejects) if each])
    with ExitStack() as stack:
        events_to = stack.enter_context(_sink(output, EVENTS))
        rejects_to = stack.enter_context(_sink(rejects, REJECTS)) if rejects is not None else None
        for record in records:
            if not record.issues:
                _parse_one(record, named, declared, events_to, rejects_to)
    return records


def _each_file(path: Path) -> Iterator[FileRecord]:
    """A record for the file, or one for each file in the folder, hidden ones left out."""
    if not path.is_dir():
        yield FileRecord("", str(path))
        return
    try:
        inside = sorted(each for each in path.iterdir() if each.is_file() and not each.name.startswith("."))
    except OSError as error:
        yield FileRecord("", str(path), issues=[f"{path}: cannot be listed ({error.strerror})."])
        return
    yield from (FileRecord("", str(each)) for each in inside)
    if not inside:
        yield FileRecord("", str(path), issues=[f"{path}: is a folder without files."])


def _refuse_to_destroy(inputs: Iterable[Path], outputs: list[Path]) -> None:
    """Raise `StoreError` for an output that is also an input, or two that are one. Devices may be named twice."""
    for path in inputs:
        for output in outputs:
            if output.is_file() and path.is_file() and output.samefile(path):
                raise StoreError("is to be read and written over.", path=output, remedy="Name another output.")
    one, *other = outputs
    if other and one.resolve() == other[0].resolve() and (one == DASH or one.is_file() or not one.exists()):
        what = "events and rejects cannot go to the same place."
        raise StoreError(what, path=one, remedy="Name two files, or leave --rejects out.")


def _parse_one(
    record: FileRecord, named: Format | None, declared: Declared, events_to: _Sink, rejects_to: _Sink | None
) -> None:
    try:
        for batch in _batches(record, named, declared):
            record.format = batch.end.format
            add_batch(record, batch)
            events_to.write(complete(_stored(batch)).sort("line"))
            if rejects_to is not None:
                origin = {"source_sha256": pl.lit(batch.end.source_sha256), "format": pl.lit(batch.end.format)}
                rejects_to.write(conform(batch.rejects.with_columns(**origin), REJECTS))
        if record.skips["before-header"] and not record.skips["header"]:
            what = (
                f"{record.path}: {record.skips['before-header']} lines, and none of them names the columns of the map."
            )
            record.issues.append(f"{what} `esafety map` proposes another.")
    except (InvariantError, StoreError):
        raise
    except EsafetyError as error:
        record.issues.append(str(error))


def _batches(record: FileRecord, named: Format | None, declared: Declared) -> Iterator[Batch]:
    path = Path(record.path)
    with ExitStack() as stack:
        stream = jsonlines.stdin() if path == DASH else stack.enter_context(opened(path))
        if path != DASH:
            declared = as_of(declared, os.fstat(stream.fileno()).st_mtime_ns)
        if stream.peek(1):
            yield from ingest.open_unknown(stream, path, named, declared)
        else:
            record.status = "empty"


def _stored(batch: Batch) -> pl.DataFrame:
    origin: dict[str, Any] = {name: pl.lit(None) for name in ("site", "source")}
    origin |= {"source_sha256": pl.lit(batch.end.source_sha256), "format": pl.lit(batch.end.format)}
    return conform(batch.events.with_columns(**origin), STORED_EVENTS)


def lines_for(record: FileRecord) -> list[str]:
    """One file in one line, for the terminal, and its issues."""
    issues = [f"! {issue}" for issue in record.issues]
    if record.status == "empty" or not (record.format or issues):
        # What is packed, or a mark alone, may hold nothing as well.
        return [f"{record.path}: empty, nothing to read", *issues]
    if not record.format:
        return issues
    return [f"{record.path} ({record.format}): {record.counts}", *issues]


@contextmanager
def _sink(path: Path, columns: pl.Schema) -> Iterator[_Sink]:
    """Where tables are written: Parquet by the name's ending, otherwise JSON lines."""
    if path.suffix == ".parquet":
        arrow = pl.DataFrame(schema=columns).to_arrow(compat_level=pl.CompatLevel.oldest()).schema
        with jsonlines.written(path) as stream, pq.ParquetWriter(stream, arrow, compression="zstd") as writer:
            yield _ParquetSink(writer, path)
    else:
        with jsonlines.writing(path) as write:
            yield _JsonSink(write)


class _ParquetSink:
    def __init__(self, writer: pq.ParquetWriter, path: Path) -> None:
        self._writer, self._path = writer, path

    def write(self, table: pl.DataFrame) -> None:
        try:
            self._writer.write_table(table.to_arrow(compat_level=pl.CompatLevel.oldest()))
        except OSError as error:
            raise StoreError(f"cannot be written ({error.strerror or error}).", path=self._path) from error


class _JsonSink:
    """Times as ISO 8601 with offset; bytes as text with escapes, and beside it in base64 where they are not UTF-8."""

    def __init__(self, write: jsonlines.Write) -> None:
        self._write = write

    def write(self, table: pl.DataFrame) -> None:
        # Row by row, because JSON lines are rows.
        for row in table.iter_rows(named=True):
            self._write(dict(_plain(row)))


def _plain(row: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in row.items():
        if isinstance(value, bytes):
            text = value.decode("utf-8", "backslashreplace")
            yield name, text
            if text.encode() != value:
                yield f"{name}_base64", base64.b64encode(value).decode("ascii")
        else:
            yield name, value.isoformat() if hasattr(value, "isoformat") else value
