"""All files of a night are read into the lake, one after the other; what goes wrong with one stays with it.

In: the files that the sources name. Out: a record for each, with the counts that must be conserved. Refuses nothing
but a broken invariant: a file that cannot be read is an issue in its record, and the rest of the night goes on.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from pipeline.decode import opened
from pipeline.engine import Flagging, read_into_lake
from pipeline.errors import InvariantError, SourceError, StoreError, UnknownFormat
from pipeline.files.unpack import MAGIC_BYTES, compression_of
from pipeline.ingest import Batch, Diverged, Reading, goes_on, read_file
from pipeline.lake import Lake
from pipeline.output.record import FileRecord
from pipeline.performance.ahead import Later
from pipeline.recognition import identity_of
from pipeline.sources import Known, LogFile, in_order, look_at, read_as, recognise
from pipeline.store.evidence import changed
from pipeline.store.ledger import Ledger
from pipeline.store.streams import Stream, Unit

#: A plain file that was changed so recently may be in the middle of a line.
STILL_WRITTEN = timedelta(hours=1)
#: Clocks differ a little; more is a wrong clock, or a wrong zone.
_FUTURE = timedelta(hours=1)


@dataclass(frozen=True)
class Step:
    """How far the night has got: at which file of how many, and how many of the bytes of all files are done."""

    number: int
    of: int
    name: str
    done: int
    total: int


Progress = Callable[[Step], None]


@dataclass(frozen=True)
class Night:
    """Where and with what the files of a night are read."""

    lake: Lake
    ledger: Ledger
    #: Waits until the watchlists are compiled; raises what is wrong with them.
    flagging: Later[Flagging]
    site: str
    now: datetime
    #: The names of all sources that school.toml has.
    sources: frozenset[str]
    dry_run: bool = False
    #: Called with the offset that was reached in the file at hand.
    heard: Callable[[int], None] | None = None


@dataclass
class _Task:
    """A file on its way: what is known of it so far."""

    file: LogFile
    record: FileRecord
    known: Known | None = None


def read_all(files: list[LogFile], night: Night, progress: Progress | None = None) -> list[FileRecord]:
    """Read what is new in all files; the records come in the order of `files`."""
    tasks = {file.path: _Task(file, FileRecord(file.source.name, str(file.path))) for file in files}
    for task in tasks.values():
        _recognise(task, night)
    waiting = in_order(task.known for task in tasks.values() if task.known is not None)
    total, done = sum(known.look.size for known in waiting), 0
    for number, known in enumerate(waiting, start=1):
        at = Step(number, len(waiting), known.file.path.name, done, total)
        _read(known, tasks[known.file.path].record, replace(night, heard=_reporter(progress, at, known.look.size)))
        done += known.look.size
        if progress is not None:
            progress(replace(at, done=done))
    return [task.record for task in tasks.values()]


def _reporter(progress: Progress | None, at: Step, size: int) -> Callable[[int], None] | None:
    """What tells the progress of one file; offsets of a compressed file go beyond its size and stop there."""
    if progress is None:
        return None
    progress(at)
    return lambda offset: progress(replace(at, done=at.done + min(offset, size)))


def _recognise(task: _Task, night: Night) -> None:
    try:
        look = look_at(task.file)
        if night.ledger.looked_at(look):
            task.record.status = "unchanged"
        elif not look.size:
            task.record.status = "no records yet"
        else:
            task.known = recognise(task.file, look)
            if task.known is None:
                task.record.status = "no records yet"
            else:
                task.record.format = task.known.form.name
    except (SourceError, UnknownFormat) as error:
        task.record.status = "not read"
        task.record.issues.append(str(error))


def _read(known: Known, record: FileRecord, night: Night) -> None:
    began = time.perf_counter()
    try:
        if _is_another(known):
            raise changed(known.file.path)
        finished = _read_streams(known, record, night)
        if finished and known.identity is not None:
            night.ledger.remember(known.look)
    except SourceError as error:
        record.issues.append(str(error))
        record.status = record.status if record.records else "not read"
    except (OSError, StoreError) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or str(error)
        remedy = "See that there is room and that it may be written, and run again: nothing is lost."
        record.issues.append(f"{known.file.path}: could not be kept in the store ({why}). {remedy}")
        record.status = record.status if record.records else "not read"
    record.seconds = round(time.perf_counter() - began, 3)
    if not record.is_conserved:
        raise InvariantError("the counts of this file do not add up.", path=known.file.path)


def _is_another(known: Known) -> bool:
    """Whether logs were rotated since the night began, and under this name there is another file now."""
    if look_at(known.file) == known.look:
        return False
    return identity_of(known.file.path, known.form, known.file.declared) != known.identity


def _read_streams(known: Known, record: FileRecord, night: Night) -> bool:
    """Read a file on from where its stream stopped. Returns whether its end was reached."""
    if known.identity is None:
        return _read_headers(known, record)
    name, way, digests = known.file.source.name, read_as(known), []
    for stream in night.ledger.streams(known.identity):
        # A source that school.toml no longer has was given another name.
        own = stream.source == name or stream.source not in night.sources
        try:
            if stream.source == name and stream.read_as == way:
                return _read_on(known, stream, record, night)
            goes_on(known.file.path, stream)
        except Diverged as difference:
            digests.append(difference.digest)
            continue
        if not own:
            return _not_read(record, f"holds what was read already for the source {stream.source!r}. Take one away.")
        return _read_on(known, _taken_over(known, stream, night), record, night)
    _forget_beginnings(known, night)
    if digests and not all(digests):
        what = "begins like a file that was read before, but ends earlier; it was not read again."
        return _not_read(record, f"{what} If it is another log, it can be read once it is longer than that one.")
    # Files that begin alike and go on differently are told apart by what they hold where the known ones ended.
    content = hashlib.sha256("|".join([known.identity, *digests]).encode()).hexdigest() if digests else known.identity
    return _read_on(known, _fresh(known, content, night), record, night)


def _taken_over(known: Known, stream: Stream, night: Night) -> Stream:
    """Where to begin a file that was read under another name of its source, or in another way."""
    name = known.file.source.name
    if stream.source != name:
        night.ledger.rename(stream, name)
    if stream.read_as == read_as(known):
        return replace(stream, source=name)
    night.ledger.forget(replace(stream, source=name), known.look.declared)
    return _fresh(known, stream.source_sha256, night)


def _forget_beginnings(known: Known, night: Night) -> None:
    """Let go of what was read of this file when all it held was a part of its first line: now it is another line."""
    for stream in night.ledger.cut_short():
        if stream.source == known.file.source.name or stream.source not in night.sources:
            try:
                goes_on(known.file.path, stream)
            except Diverged:
                continue
            night.ledger.forget(stream)


def _not_read(record: FileRecord, why: str) -> bool:
    record.status = "not read"
    record.issues.append(f"{record.path}: {why}")
    return False


def _fresh(known: Known, source_sha256: str, night: Night) -> Stream:
    """A file of which nothing has been read."""
    return Stream(
        known.file.source.name, source_sha256, night.site, known.form.name,
        begins_like=known.identity or source_sha256, read_as=read_as(known),
    )  # fmt: skip


def _read_headers(known: Known, record: FileRecord) -> bool:
    """Count what a file without any record holds: blank lines and comments."""
    reading = Reading(known.file.path, known.form, known.file.declared, Stream("", "", "", known.form.name))
    for batch in read_file(known.file.path, reading):
        add_batch(record, batch)
    record.status = "no records yet"
    _tell_without_header(known, record)
    return False


def _tell_without_header(known: Known, record: FileRecord) -> None:
    """Lines before a header are nothing that anybody asked for; without the header they may be all that there is."""
    if record.skips["before-header"] and not record.skips["header"]:
        record.issues.append(
            f"{known.file.path}: {record.skips['before-header']} lines, and none of them names the columns of its map; "
            "correct the map of the source."
        )


def _read_on(known: Known, start: Stream, record: FileRecord, night: Night) -> bool:
    # In seconds, because the time of a file may lie beyond any date.
    is_old = night.now.timestamp() - known.look.mtime_ns / 1e9 > STILL_WRITTEN.total_seconds()
    keep_tail = is_old or _is_compressed(known)
    met = partial(night.ledger.met, start, night.sources) if known.file.source.overlapping else None
    reading = Reading(
        known.file.path, known.form, known.file.declared, start, keep_tail=keep_tail, met=met, heard=night.heard
    )
    before = record.records
    if night.dry_run:
        _count_only(known, reading, record, night)
    else:
        for unit in read_into_lake(known.file.path, reading, night.lake, night.ledger, night.flagging):
            _add_unit(record, unit)
    if record.last_ts is not None and record.last_ts > night.now + _FUTURE:
        record.issues.append(
            f"{known.file.path}: has events of {record.last_ts.date()}, in the future; "
            "set the clock of the machine that writes it, or the date_order of the source."
        )
    if record.rejects * 2 > record.records:
        record.issues.append(
            f"{known.file.path}: {record.rejects} of {record.records} lines could not be read as {known.form.name}; "
            "see why with `esafety parse`, and correct the format of the source."
        )
    if record.records == before:
        record.status = "unchanged" if start.bytes_read else record.status
    return keep_tail


def _count_only(known: Known, reading: Reading, record: FileRecord, night: Night) -> None:
    """Read a file for a dry run: the ledger, a copy, learns of it, so that a copy of the file is told as one."""
    end, digests = reading.start, dict[bytes, int]()
    try:
        for batch in read_file(known.file.path, reading):
            add_batch(record, batch)
            end = batch.end
            digests.update(batch.digests)
    finally:
        night.ledger.note(end, digests)


def _is_compressed(known: Known) -> bool:
    with opened(known.file.path) as stream:
        return bool(compression_of(stream.read(MAGIC_BYTES)))


def _add_unit(record: FileRecord, unit: Unit) -> None:
    record.records += unit.records
    record.events += unit.events
    record.rejects += unit.rejects
    record.reject_reasons.update(unit.reject_reasons)
    record.skips.update(unit.skips)
    _span(record, unit.first_ts, unit.last_ts)


def add_batch(record: FileRecord, batch: Batch) -> None:
    """Count a batch in the record of its file."""
    record.records += batch.records
    record.events += batch.events.height
    record.rejects += batch.rejects.height
    record.reject_reasons.update(batch.reject_reasons)
    record.skips.update(batch.skips)
    if batch.span is not None:
        _span(record, *batch.span)


def _span(record: FileRecord, first: datetime | None, last: datetime | None) -> None:
    times = [each for each in (record.first_ts, first) if each is not None]
    record.first_ts = min(times, default=None)
    record.last_ts = max((each for each in (record.last_ts, last) if each is not None), default=None)
