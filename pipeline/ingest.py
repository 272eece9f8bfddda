"""Files become events and rejects, block by block.

In: a file or stream, its format, what the source declares, and how far it was read before. Out: batches of events,
rejects and counted skips; for every batch records = events + rejects + skips, or the run stops. Refuses a file that no
format or more than one recognises; a damaged file gives what could be read and then raises `SourceError`.
"""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from io import BufferedReader
from itertools import chain
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt
import polars as pl
from blake3 import blake3

from pipeline.decode import decoded, numbered, opened
from pipeline.errors import InvariantError, SourceError, UnknownFormat
from pipeline.files.records import (
    KEPT_OF_LONG_LINE,
    LONGEST_LINE,
    Block,
    LineRest,
    blocks,
    failing,
    finished,
    rest_of_line,
    until_failure,
    without_line_end,
)
from pipeline.formats import PARSE_SKIPS, Declared, Format, Parsed
from pipeline.performance.ahead import ahead, in_two
from pipeline.recognition import identified, lines_of, sniff
from pipeline.school.accounts import normalise_users
from pipeline.store.streams import Stream

#: Chunks wait to be hashed until it is known where a record ends; a line without end must not fill the memory.
_MOST_UNHASHED = 256 << 20


@dataclass(frozen=True)
class Batch:
    """One block, read. `events` and `rejects` carry line and byte_offset; `rejects` the raw line."""

    events: pl.DataFrame
    rejects: pl.DataFrame
    skips: Counter[str]
    records: int
    #: Where the next batch of the same file begins.
    end: Stream
    #: Of an overlapping source: how often each line, by its digest, has now been met in this file.
    digests: dict[bytes, int] = field(default_factory=dict)

    @property
    def reject_reasons(self) -> Counter[str]:
        """Why its rejects were rejected, and how many for each reason."""
        return Counter(dict(self.rejects.group_by("reason").len().iter_rows()))

    @property
    def span(self) -> tuple[datetime, datetime] | None:
        """The first and the last time of its events (UTC); nothing if it has none."""
        if self.events.is_empty():
            return None
        return cast("tuple[datetime, datetime]", (self.events["ts"].min(), self.events["ts"].max()))


class Diverged(Exception):
    """The file begins with the record of a known stream but does not go on like it."""

    def __init__(self, digest: str = "") -> None:
        #: BLAKE3 of its bytes up to where the stream was read; empty if it ends before that.
        self.digest = digest
        super().__init__("goes on differently" if digest else "ends earlier")


@dataclass(frozen=True)
class Reading:
    """How a file is to be read."""

    path: Path | str
    form: Format
    declared: Declared
    #: How far it was read before; the batches go on from there.
    start: Stream
    #: Read a last line that has no line end: false for a file that is still being written.
    keep_tail: bool = True
    #: For an overlapping source: how often (this file before, the other file with the most) held each digest.
    met: Callable[[Iterable[bytes]], dict[bytes, tuple[int, int]]] | None = None
    #: Called after each batch with the offset that has been reached, for a progress bar.
    heard: Callable[[int], None] | None = None


def read_file(path: Path, reading: Reading) -> Iterator[Batch]:
    """The batches of a file from where `reading.start` ends.

    Raises `Diverged` before the first batch if the file is not the one that was read before, `SourceError` where the
    file cannot be read (on), after the last batch.
    """
    with opened(path) as stream:
        yield from read_stream(stream, reading)


def goes_on(path: Path, start: Stream) -> None:
    """Raise `Diverged` unless a file begins with all that was read of it before; `SourceError` as `read_file`."""
    with opened(path) as stream:
        _from(_Tally(decoded(stream, path)), start)


def read_stream(stream: BufferedReader, reading: Reading) -> Iterator[Batch]:
    """`read_file` for a stream that is already open."""
    yield from read_chunks(decoded(stream, reading.path), reading)


def open_unknown(stream: BufferedReader, path: Path | str, form: Format | None, declared: Declared) -> Iterator[Batch]:
    """Read a stream of which nothing is known: find its format and identity from its beginning, then all of it."""
    failures: list[SourceError] = []
    chunks = until_failure(decoded(stream, path), failures)
    beginning = next(chunks, b"")
    if form is None and beginning:
        form = _sniffed(beginning, chunks, failures, path)
    if form is not None:
        identity, taken = identified(chain([beginning], chunks), form, declared)
        start = Stream("", identity or hashlib.sha256(b"".join(taken)).hexdigest(), "", form.name)
        yield from read_chunks(chain(taken, chunks, failing(failures)), Reading(path, form, declared, start))
    elif failures:
        raise failures[0]


def _sniffed(beginning: bytes, rest: Iterator[bytes], failures: list[SourceError], path: Path | str) -> Format:
    try:
        return sniff(lines_of(next(blocks([beginning]), None)), path)
    except UnknownFormat:
        # What is damaged at its beginning looks like nothing; then the damage is what matters.
        next(rest, None)
        if failures:
            raise failures[0] from None
        raise


def read_chunks(chunks: Iterator[bytes], reading: Reading) -> Iterator[Batch]:
    """`read_file` for bytes that are already decoded."""
    tally = _Tally(chunks)
    rest = _from(tally, reading.start)
    state = reading.start
    if state.ends_in_mid_line:
        fragment, rest = rest_of_line(rest)
        if not (reading.keep_tail or fragment.has_end):
            return
        if fragment.length:
            batch = _continued_line(fragment, tally, state)
            state = batch.end
            yield batch
    cut = blocks(rest, line=state.next_line, byte_offset=state.bytes_read, quoted=reading.form.records == "quoted")
    duplicates = _Duplicates(reading.met)
    prepared = ahead(_prepared(cut, tally, reading))
    read = in_two(prepared, partial(_parsed, reading), state.carry, lambda parsed: parsed.carry)
    for (block, table, prefix), parsed in read:
        batch = _batch(block, table, parsed, state, duplicates)
        state = replace(
            state, bytes_read=block.end_offset, next_line=block.next_line, prefix_digest=prefix,
            carry=batch.end.carry, ends_in_mid_line=block.ends_in_mid_line,
        )  # fmt: skip
        if reading.heard is not None:
            reading.heard(state.bytes_read)
        yield replace(batch, end=state)


class _Tally:
    """Passes chunks on and can tell the BLAKE3 digest of all bytes up to a place that was passed."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._waiting: deque[bytes] = deque()
        self._unhashed = 0
        self._digest = blake3()
        self._hashed = 0

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self._waiting.append(chunk)
            self._unhashed += len(chunk)
            while self._unhashed > _MOST_UNHASHED and len(self._waiting) > 1:
                self._take(len(self._waiting[0]))
            yield chunk

    def upto(self, offset: int) -> str:
        """The digest of the decoded bytes [0, offset)."""
        while self._hashed < offset and self._waiting:
            self._take(min(offset - self._hashed, len(self._waiting[0])))
        return self._digest.hexdigest()

    def _take(self, size: int) -> None:
        chunk = self._waiting.popleft()
        self._digest.update(memoryview(chunk)[:size])
        self._hashed += size
        self._unhashed -= size
        if size < len(chunk):
            self._waiting.appendleft(chunk[size:])


def _from(tally: _Tally, start: Stream) -> Iterator[bytes]:
    """The chunks after what was read before, which must be byte for byte the same. Raises `Diverged`."""
    chunks = iter(tally)
    passed = 0
    while passed < start.bytes_read:
        chunk = next(chunks, None)
        if chunk is None:
            raise Diverged
        passed += len(chunk)
        if passed >= start.bytes_read:
            digest = tally.upto(start.bytes_read)
            if digest != start.prefix_digest:
                raise Diverged(digest)
            return chain([chunk[len(chunk) - (passed - start.bytes_read) :]], chunks)
        tally.upto(passed)
    return chunks


def _continued_line(fragment: LineRest, tally: _Tally, state: Stream) -> Batch:
    """What came after a line had been taken as finished: a reject, unless it is only the line end."""
    reached = state.bytes_read + fragment.length
    end = replace(
        state, bytes_read=reached, prefix_digest=tally.upto(reached), ends_in_mid_line=not fragment.has_end
    )  # fmt: skip
    raw, reason, detail = without_line_end(fragment.kept), "line-continued", "the line was read before it was finished"
    if len(raw) > KEPT_OF_LONG_LINE or len(fragment.kept) < fragment.length:
        raw, reason = raw[:KEPT_OF_LONG_LINE], "too-long"
        detail = f"{fragment.length} bytes after {detail}; their beginning is kept"
    rows = [(state.next_line - 1, state.bytes_read, reason, detail, raw)]
    rejects = pl.DataFrame(rows if raw else [], schema=_REJECTED, orient="row")
    return Batch(pl.DataFrame({"line": []}), rejects, Counter(), rejects.height, end)


def _prepared(cut: Iterable[Block], tally: _Tally, reading: Reading) -> Iterator[tuple[Block, pl.DataFrame, str]]:
    quoted = reading.form.records == "quoted"
    for whole in cut:
        block = whole if reading.keep_tail else finished(whole, quoted=quoted)
        if block is not None:
            yield block, numbered(block), tally.upto(block.end_offset)


_REJECTED = pl.Schema({
    "line": pl.Int64, "byte_offset": pl.Int64, "reason": pl.String, "detail": pl.String, "raw": pl.Binary,
})  # fmt: skip


class _Duplicates:
    """Which lines of an overlapping source were in an earlier file. It has state: the lines met in this file.

    The same line twice in one file is two events; in two files it is one. So a line is a duplicate as long as another
    file held it at least as often as this one has so far.
    """

    def __init__(self, met: Callable[[Iterable[bytes]], dict[bytes, tuple[int, int]]] | None) -> None:
        self._met = met
        self._here: dict[bytes, int] = {}

    def taken_out(self, block: Block, parsed: Parsed) -> tuple[Parsed, dict[bytes, int]]:
        """Events and rejects that an earlier file had become skips; and how often each line has been met by now."""
        if self._met is None:
            return parsed, {}
        read = np.unique(np.concatenate([each["line"].to_numpy() for each in (parsed.events, parsed.rejects)]))
        places = np.searchsorted(block.lines, read).tolist()
        digests = [hashlib.blake2b(block.raw(at), digest_size=16).digest() for at in places]
        known = self._met(set(digests))
        repeated = []
        # Line by line, because each counts the ones before it; overlapping exports are small.
        for line, digest in zip(read.tolist(), digests, strict=True):
            before, elsewhere = known.get(digest, (0, 0))
            self._here[digest] = self._here.get(digest, before) + 1
            if self._here[digest] <= elsewhere:
                repeated.append(line)
        is_new = ~pl.col("line").is_in(repeated)
        skips = pl.DataFrame({"line": repeated, "reason": ["duplicate-line"] * len(repeated)}, schema=PARSE_SKIPS)
        kept = replace(
            parsed, events=parsed.events.filter(is_new), rejects=parsed.rejects.filter(is_new),
            skips=pl.concat([parsed.skips, skips]),
        )  # fmt: skip
        return kept, {digest: self._here[digest] for digest in digests}


def _long_lines(block: Block) -> npt.NDArray[np.int64]:
    """The places of lines that are too long to be read."""
    return np.array([0]) if block.too_long else np.flatnonzero(np.diff(block.bounds) > LONGEST_LINE)


def _parsed(reading: Reading, prepared: tuple[Block, pl.DataFrame, str], carry: str) -> Parsed:
    """What the format makes of a block. Pure."""
    block, table, _ = prepared
    long, lines = _long_lines(block), table.select("line", "text")
    if len(long):
        lines = lines.filter(~pl.col("line").is_in(block.lines[long].tolist()))
    parsed = reading.form.parse(lines, reading.declared, carry)
    _conserve(lines.height, parsed, reading)
    return parsed


def _batch(block: Block, table: pl.DataFrame, parsed: Parsed, state: Stream, duplicates: _Duplicates) -> Batch:
    long = _long_lines(block)
    # Duplicates are told apart after parsing: a header that every export repeats is still needed to read it.
    parsed, digests = duplicates.taken_out(block, parsed)
    at = np.searchsorted(block.lines, parsed.events["line"].to_numpy())
    events = parsed.events.with_columns(byte_offset=pl.Series(block.bounds[at] + block.byte_offset, dtype=pl.Int64))
    if "user_raw" in events.columns:
        events = events.with_columns(user=normalise_users(events["user_raw"]))
    rejects = pl.concat([_rejects(block, parsed.rejects), _too_long(block, long)]).sort("line")
    skips = Counter(dict(parsed.skips.group_by("reason").len().iter_rows()))
    return Batch(events, rejects, skips, table.height, replace(state, carry=parsed.carry), digests)


def _conserve(records: int, parsed: Parsed, reading: Reading) -> None:
    given = parsed.events.height + parsed.rejects.height + parsed.skips.height
    if given != records:
        what = f"{records} records became {given} events, rejects and skips in format {reading.form.name}."
        raise InvariantError(what, path=reading.path, remedy="This is a defect in esafety; nothing was kept of it.")


def _rejects(block: Block, rejects: pl.DataFrame) -> pl.DataFrame:
    rejects = rejects.sort("line")
    at = np.searchsorted(block.lines, rejects["line"].to_numpy())
    return rejects.with_columns(
        byte_offset=pl.Series(block.bounds[at] + block.byte_offset, dtype=pl.Int64), raw=block.raws(at)
    ).select(list(_REJECTED)).cast(_REJECTED)  # fmt: skip


def _too_long(block: Block, long: npt.NDArray[np.int64]) -> pl.DataFrame:
    rows = [
        (
            int(block.lines[at]), int(block.bounds[at]) + block.byte_offset, "too-long",
            f"{block.too_long or int(block.bounds[at + 1] - block.bounds[at])} bytes; the beginning is kept",
            block.raw(at)[:KEPT_OF_LONG_LINE],
        )
        for at in long.tolist()
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=_REJECTED, orient="row")
