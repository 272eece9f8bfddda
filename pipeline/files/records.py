"""Decoded bytes become records: blocks of whole lines with their numbers and offsets.

In: decoded bytes in chunks (`pipeline.decode.decoded`). Out: blocks of whole records, a record being a line, or, where
records are quoted, all lines up to the one that closes its quote. Refuses nothing: a line beyond `LONGEST_LINE` comes
as a block of its own, and what the chunks raise comes after all whole lines before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from pipeline.errors import SourceError

#: A longer line is not parsed; no log line of a browser is as long as this.
LONGEST_LINE = 1 << 20
#: What is kept of a line that is too long.
KEPT_OF_LONG_LINE = 64 << 10
#: A quoted field may go on over so many lines, and over `LONGEST_LINE` bytes; beyond that the quote was a stray one.
LONGEST_QUOTED_LINES = 100
#: A chunk with more lines is taken in pieces: what a line costs beside its bytes must not fill the memory.
MOST_LINES = 250_000

_LINE_FEED = 0x0A

Offsets = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Block:
    """Whole records of one file. Record i is `data[bounds[i]:bounds[i + 1]]`, its line end included."""

    data: bytes
    #: Where `data` begins in the decoded file.
    byte_offset: int
    bounds: Offsets
    #: Number of each record's first physical line, from 1.
    lines: Offsets
    #: Number of the first line after this block.
    next_line: int
    #: The real length of a single record of which only the beginning was kept; 0 for every other block.
    too_long: int = 0
    #: Nothing came after it (so far): its last record may yet go on.
    is_last: bool = False

    @property
    def end_offset(self) -> int:
        """Offset of the first byte after this block."""
        return self.byte_offset + (self.too_long or len(self.data))

    @property
    def ends_in_mid_line(self) -> bool:
        """Whether the last line has no line end (yet)."""
        return not self.data.endswith(b"\n")

    def raw(self, record: int) -> bytes:
        """One record byte for byte, without its line end."""
        return without_line_end(self.data[self.bounds[record] : self.bounds[record + 1]])

    def raws(self, records: Offsets) -> pl.Series:
        """Several records as `raw` gives them; their numbers must grow."""
        data = np.frombuffer(self.data, dtype=np.uint8)
        starts, ends = self.bounds[records], self.bounds[records + 1]
        for mark in (0x0A, 0x0D):
            ends = ends - ((ends > starts) & (data[ends - 1] == mark))
        # Every second piece is what lies between two records.
        pieces = np.column_stack((starts, ends)).ravel()
        buffers = [None, pa.py_buffer(pieces), pa.py_buffer(self.data)]
        between = pa.Array.from_buffers(pa.large_binary(), max(len(pieces) - 1, 0), buffers)
        return pl.Series("raw", between.take(pa.array(np.arange(0, len(pieces), 2))), dtype=pl.Binary)


def without_line_end(line: bytes) -> bytes:
    """A line byte for byte, but for the line feed at its end and a carriage return right before it."""
    return line.removesuffix(b"\n").removesuffix(b"\r")


def blocks(chunks: Iterable[bytes], *, line: int = 1, byte_offset: int = 0, quoted: bool = False) -> Iterator[Block]:
    """Cut decoded bytes that begin at `line` and `byte_offset` into blocks of whole records.

    Only the last block may end without a line end: the caller decides whether that line is finished.
    With `quoted`, a record goes on over a line end inside double quotes.
    Raises what `chunks` raises, after the last whole line; the line in which the failure lies is left out.
    """
    failures: list[SourceError] = []
    source = until_failure(chunks, failures)
    if quoted:
        source = _with_few_lines(source)
    waiting = b""
    for chunk in source:
        block: Block | None
        end = 0 if quoted else chunk.rfind(b"\n") + 1
        if end:
            # The common case by itself: so many bytes are copied once and not twice.
            block = _block(b"".join((waiting, memoryview(chunk)[:end])), line, byte_offset, quoted=False)
            waiting = chunk[end:]
            line, byte_offset = block.next_line, block.end_offset
            yield from _in_pieces(block)
            continue
        waiting += chunk
        begun = waiting.rfind(b"\n") + 1
        if len(waiting) - begun > LONGEST_LINE:
            if begun:
                # No quoted field goes on over a line that is too long.
                block = _block(waiting[:begun], line, byte_offset, quoted=quoted)
                line, byte_offset = block.next_line, block.end_offset
                yield block
            block, waiting = _skip_long_line(waiting[begun:], source, line, byte_offset)
        else:
            block, waiting = _cut(waiting, line, byte_offset, quoted=quoted)
        # A line that is too long and damaged is not finished.
        if block is not None and not (failures and block.ends_in_mid_line):
            line, byte_offset = block.next_line, block.end_offset
            yield block
    waiting = waiting[: waiting.rfind(b"\n") + 1] if failures else waiting
    if waiting:
        yield replace(_block(waiting, line, byte_offset, quoted=quoted), is_last=True)
    if failures:
        raise failures[0]


def _with_few_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes; a chunk of more than `MOST_LINES` lines in halves, and these again."""
    for chunk in chunks:
        if np.count_nonzero(np.frombuffer(chunk, dtype=np.uint8) == _LINE_FEED) <= MOST_LINES:
            yield chunk
        else:
            yield from _with_few_lines((chunk[: len(chunk) // 2], chunk[len(chunk) // 2 :]))


def _in_pieces(block: Block) -> Iterator[Block]:
    """The same records, at most `MOST_LINES` a block."""
    if len(block.lines) <= MOST_LINES:
        yield block
        return
    for first in range(0, len(block.lines), MOST_LINES):
        last = min(first + MOST_LINES, len(block.lines))
        begin, end = int(block.bounds[first]), int(block.bounds[last])
        yield Block(
            block.data[begin:end], block.byte_offset + begin, block.bounds[first : last + 1] - begin,
            block.lines[first:last], int(block.lines[last]) if last < len(block.lines) else block.next_line,
        )  # fmt: skip


@dataclass(frozen=True)
class LineRest:
    """The rest of a line whose beginning was read before."""

    #: Its first bytes, `KEPT_OF_LONG_LINE` of them and a line end at most.
    kept: bytes
    #: Its real length in bytes, with its line end.
    length: int
    has_end: bool


def rest_of_line(chunks: Iterator[bytes]) -> tuple[LineRest, Iterator[bytes]]:
    """What comes up to and with the first line end, and the chunks after it."""
    kept, length = b"", 0
    for chunk in chunks:
        end = chunk.find(b"\n") + 1
        length += end or len(chunk)
        kept += chunk[: min(end or len(chunk), KEPT_OF_LONG_LINE + len(b"\r\n") - len(kept))]
        if end:
            return LineRest(kept, length, has_end=True), chain([chunk[end:]], chunks)
    return LineRest(kept, length, has_end=False), iter(())


def until_failure(chunks: Iterable[bytes], failures: list[SourceError]) -> Iterator[bytes]:
    """The chunks until they end or fail; the failure is put aside."""
    try:
        yield from chunks
    except SourceError as error:
        failures.append(error)


def failing(failures: Sequence[SourceError]) -> Iterator[bytes]:
    """No chunks, but the failure that was put aside, if there was one by the time that this is reached."""
    if failures:
        raise failures[0]
    yield from ()


def _cut(data: bytes, line: int, byte_offset: int, *, quoted: bool) -> tuple[Block | None, bytes]:
    """A block of the whole records in `data`, and the rest that must wait for more."""
    end = data.rfind(b"\n") + 1
    if quoted and end:
        end = _last_closed_record(data, end)
    if not end:
        return None, data
    return _block(data[:end], line, byte_offset, quoted=quoted), data[end:]


def _block(data: bytes, line: int, byte_offset: int, *, quoted: bool) -> Block:
    ends = _line_ends(data)
    numbers = np.arange(line, line + len(ends), dtype=np.int64)
    bounds = np.concatenate((np.zeros(1, dtype=np.int64), ends))
    if quoted:
        inside = _inside_quotes(data, ends)
        bounds = np.concatenate((bounds[:-1][~inside], bounds[-1:]))
        numbers = numbers[~inside]
    return Block(data, byte_offset, bounds, numbers, line + len(ends))


def _line_ends(data: bytes) -> Offsets:
    ends = np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == _LINE_FEED).astype(np.int64) + 1
    if not data.endswith(b"\n"):
        ends = np.append(ends, len(data))
    return ends


def _odd_lines(data: bytes, ends: Offsets) -> list[int]:
    """Indexes of the lines with an odd number of double quotes: there a quoted field opens or closes."""
    quotes = np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == 0x22)
    counts = np.bincount(np.searchsorted(ends, quotes, side="right"), minlength=len(ends))
    odd: list[int] = np.flatnonzero(counts % 2).tolist()
    return odd


def _quoted_spans(odd: list[int], ends: Offsets) -> tuple[list[tuple[int, int]], int | None]:
    """Pairs of opening and closing line, and the line that is still open at the end, if any.

    A quoted field neither begins, goes on nor ends in a line that is too long, for such a line is passed over unread.
    A loop, because whether a quote opens depends on the one before it; it runs over the odd and the long lines only.
    """
    long = set(np.flatnonzero(np.diff(ends, prepend=0) > LONGEST_LINE).tolist())
    spans: list[tuple[int, int]] = []
    opening: int | None = None
    for at in sorted({*odd, *long}) if long else odd:
        if at in long:
            opening = None
        elif opening is None or _too_far(opening, at, ends):
            opening = at
        else:
            spans.append((opening, at))
            opening = None
    return spans, opening


def _too_far(opening: int, at: int, ends: Offsets) -> bool:
    """Whether a field that opens in one line cannot go on to the beginning of line `at`."""
    lines, size = at - opening, ends[at - 1] - (ends[opening - 1] if opening else 0)
    return bool(lines > LONGEST_QUOTED_LINES or size > LONGEST_LINE)


def _inside_quotes(data: bytes, ends: Offsets) -> npt.NDArray[np.bool_]:
    """Which lines go on with the record of the line before."""
    inside = np.zeros(len(ends), dtype=np.bool_)
    for first, last in _quoted_spans(_odd_lines(data, ends), ends)[0]:
        inside[first + 1 : last + 1] = True
    return inside


def _last_closed_record(data: bytes, end: int) -> int:
    """Offset after the last record that is surely whole, where a quoted field may still be open."""
    ends = _line_ends(data[:end])
    opening = _quoted_spans(_odd_lines(data[:end], ends), ends)[1]
    if opening is None or _too_far(opening, len(ends), ends):
        return end
    return int(ends[opening - 1]) if opening else 0


def finished(block: Block, *, quoted: bool = False) -> Block | None:
    """The whole records of a block of a file that is still being written; nothing if there are none."""
    if not block.is_last:
        return None if block.ends_in_mid_line else block
    end = block.data.rfind(b"\n") + 1
    if quoted and end:
        end = _last_closed_record(block.data, end)
    if end == len(block.data):
        return block
    records = int(np.searchsorted(block.bounds, end))
    if not records:
        return None
    return Block(
        block.data[:end], block.byte_offset, block.bounds[: records + 1], block.lines[:records],
        int(block.lines[records]),
    )  # fmt: skip


def _skip_long_line(start: bytes, rest: Iterator[bytes], line: int, byte_offset: int) -> tuple[Block, bytes]:
    """Pass over a line that is too long to hold: keep its beginning and its length, and go on after it."""
    length, after, line_end = len(start), b"", b""
    for chunk in rest:
        end = chunk.find(b"\n") + 1
        length += end or len(chunk)
        if end:
            after, line_end = chunk[end:], b"\n"
            break
    kept = start[:KEPT_OF_LONG_LINE] + line_end
    bounds = np.array([0, len(kept)], dtype=np.int64)
    return Block(kept, byte_offset, bounds, np.array([line], dtype=np.int64), line + 1, too_long=length), after
