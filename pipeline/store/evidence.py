"""The original lines behind hits, byte for byte, and those of the same user or address around them.

In: a file, the places of lines in it, and how it was read. Out: rows of `schema.EVIDENCE`. Refuses a file that has
changed since its lines were read: then nothing of the unit is kept, and the next run reads it anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from io import SEEK_SET, BufferedReader
from pathlib import Path

import numpy as np
import polars as pl

from pipeline.decode import decoded, opened
from pipeline.errors import SourceError
from pipeline.files.records import Block, blocks, rest_of_line, without_line_end
from pipeline.files.unpack import MAGIC_BYTES, compression_of
from pipeline.schema import EVIDENCE
from pipeline.store.streams import Stream

_PLACES = ("line", "byte_offset")
#: So much is read at once: nearly every line is shorter than the first; the second, where that skips next to nothing.
_APART, _CLOSE = 1 << 12, 1 << 16


def wanted_lines(events: pl.LazyFrame, hit_places: pl.DataFrame, around: pl.DataFrame, span: timedelta) -> pl.DataFrame:
    """line, byte_offset and because (`hit` or `around`) of the lines to keep, in order.

    `around` has user, client_ip and ts of the hits whose surroundings are kept. "Around" is told in steps of `span`:
    every event up to `span` before and after is in it, and some up to twice as far.
    """
    found = [hit_places.lazy().select(*_PLACES, pl.lit("hit").alias("because"))]
    if around.height:
        found += _near(events, around, span)
    wanted = pl.concat(found).collect(engine="streaming")
    # A line that is both is evidence as a hit.
    return wanted.sort("line", "because", descending=[False, True]).unique("line", keep="first", maintain_order=True)


def _near(events: pl.LazyFrame, around: pl.DataFrame, span: timedelta) -> list[pl.LazyFrame]:
    """The events in the steps of `around`: by user, and by address where there is no user."""
    step = pl.col("ts").dt.epoch("s") // int(span.total_seconds())
    found = []
    for name, without in (("user", []), ("client_ip", ["user"])):
        nobody = pl.all_horizontal(pl.lit(value=True), *(pl.col(each).is_null() for each in without))
        known = around.filter(nobody).drop_nulls(name)
        if known.is_empty():
            continue
        windows = known.select(name, step=pl.concat_list(step - 1, step, step + 1)).explode("step").unique()
        # The few names first: most events are passed over before their time is looked at.
        here = events.filter(pl.col(name).is_in(known[name].unique().implode()) & nobody)
        near = here.with_columns(step=step).join(windows.lazy(), on=[name, "step"], how="semi")
        found.append(near.select(*_PLACES, pl.lit("around").alias("because")))
    return found


def original_lines(path: Path, wanted: pl.DataFrame, start: Stream, end: Stream, *, quoted: bool) -> pl.DataFrame:
    """The lines at the places of `wanted`, as rows of `schema.EVIDENCE`. Raises `SourceError`.

    `start` and `end` are those of the unit that holds the lines. It is cut into records again as it was cut before:
    from the same byte to the same byte, for a quote that was opened elsewhere would make other records of it.
    """
    if wanted.is_empty():
        return pl.DataFrame(schema=EVIDENCE)
    with opened(path) as stream:
        raws = (
            _by_seeking(stream, path, wanted, start, end)
            if _is_plain(stream, quoted=quoted)
            else _by_reading(path, wanted, _records(stream, path, start, end, quoted=quoted))
        )
        found = pl.Series(list(raws), dtype=pl.Binary)
    return wanted.with_columns(raw=found, source_sha256=pl.lit(end.source_sha256)).select(list(EVIDENCE))


def _is_plain(stream: BufferedReader, *, quoted: bool) -> bool:
    """Whether offsets in the file are offsets in its decoded bytes, and a record is a line."""
    first = stream.peek(MAGIC_BYTES)[:MAGIC_BYTES]
    return (
        not quoted and not compression_of(first) and not first.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf"))
    )


def _by_seeking(stream: BufferedReader, path: Path, wanted: pl.DataFrame, start: Stream, end: Stream,
                ) -> Iterator[bytes]:  # fmt: skip
    """Line by line: the wanted ones are few. Each must begin after a line end and agree with the one before it."""
    before, reached = -1 if start.ends_in_mid_line else start.next_line - 1, start.bytes_read
    is_close = end.bytes_read - start.bytes_read < wanted.height * _CLOSE
    pieces = _Pieces(stream, _CLOSE if is_close else _APART)
    for number, offset in zip(*(wanted[name].to_list() for name in _PLACES), strict=True):
        # Lines that follow each other touch, and no others do.
        if not reached <= offset < end.bytes_read or (offset == reached) != (number == before + 1):
            raise changed(path)
        line = pieces.line(offset, end.bytes_read)
        if line is None:
            raise changed(path)
        before, reached = number, offset + len(line)
        if not line.endswith(b"\n") and reached != end.bytes_read:
            raise changed(path)
        yield without_line_end(line)


class _Pieces:
    """A file read piece by piece. It has state: the piece that was read last."""

    def __init__(self, stream: BufferedReader, size: int) -> None:
        self._stream, self._size = stream, size
        self._begins, self._piece = 0, b""

    def line(self, offset: int, end: int) -> bytes | None:
        """What begins there, to its line end or to `end`; nothing where it does not begin behind a line end."""
        # With the byte before it.
        if not self._begins < offset < self._begins + len(self._piece):
            self._begins = max(offset - 1, 0)
            self._piece = self._read(self._begins, self._size)
        at = offset - self._begins
        if offset and self._piece[at - 1 : at] != b"\n":
            return None
        while not (stop := self._piece.find(b"\n", at) + 1) and self._begins + len(self._piece) < end:
            if not (more := self._read(self._begins + len(self._piece), len(self._piece))):
                break
            self._piece += more
        return self._piece[at : stop or len(self._piece)][: end - offset]

    def _read(self, place: int, size: int) -> bytes:
        """So many bytes, fewer at the end; past the buffer of the stream, which would read more each time."""
        self._stream.raw.seek(place, SEEK_SET)
        return self._stream.raw.read(size) or b""


def _by_reading(path: Path, wanted: pl.DataFrame, cut: Iterator[Block]) -> Iterator[bytes]:
    lines, offsets = (wanted[name].to_numpy() for name in _PLACES)
    done = 0
    for block in cut:
        upto = int(np.searchsorted(lines, block.next_line))
        at = np.minimum(np.searchsorted(block.lines, lines[done:upto]), len(block.lines) - 1)
        # Another pupil's line is worse than none: a record counts only if it begins exactly where it did.
        begins = block.bounds[at] + block.byte_offset
        if not (np.array_equal(block.lines[at], lines[done:upto]) and np.array_equal(begins, offsets[done:upto])):
            raise changed(path)
        yield from (block.raw(record) for record in at.tolist())
        done = upto
        if done == len(lines):
            return
    raise changed(path)


def _records(stream: BufferedReader, path: Path, start: Stream, end: Stream, *, quoted: bool) -> Iterator[Block]:
    """The blocks of a unit; where the file is damaged the end of what can be read is its end."""
    try:
        rest = _between(decoded(stream, path), start.bytes_read, end.bytes_read)
        at = start.bytes_read
        if start.ends_in_mid_line:
            fragment, rest = rest_of_line(rest)
            at += fragment.length
        yield from blocks(rest, line=start.next_line, byte_offset=at, quoted=quoted)
    except SourceError:
        return


def _between(chunks: Iterator[bytes], first: int, end: int) -> Iterator[bytes]:
    """The decoded bytes [first, end) of a file."""
    passed = 0
    for chunk in chunks:
        if passed + len(chunk) > first:
            yield chunk[max(first - passed, 0) : end - passed]
        passed += len(chunk)
        if passed >= end:
            return


def changed(path: Path) -> SourceError:
    """What is said of a file that is another one than when its reading began."""
    remedy = "The next run reads it anew; have the log renamed, not emptied, when it is rotated."
    return SourceError("changed while it was being read.", path=path, remedy=remedy)
