"""Bytes of a log file become decoded bytes, and records become text.

In: an open binary stream; plain or packed (`unpack`), recognised by its first bytes; UTF-8 with or without a
byte-order mark, UTF-16 with one, or without one where its first four characters are of ASCII. Out: chunks of decoded
bytes, which `pipeline.files.records` cuts into records; and the texts of these, with line numbers and offsets. Refuses
only what `unpack` and `notlogs` do: a line that is not UTF-8 is read as cp1252, a file that stops in the middle gives
all that could be read and then raises `SourceError`.

Offsets count bytes of the *decoded* file: after decompression, after syslog frames have become lines and, for UTF-16,
after conversion to UTF-8, without the byte-order mark. So a line keeps its place when rotation compresses its file.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from itertools import chain
from pathlib import Path

import numpy as np
import polars as pl

from pipeline.errors import SourceError
from pipeline.files.frames import unframed
from pipeline.files.notlogs import refusing_others
from pipeline.files.records import Block, Offsets
from pipeline.files.unpack import MAGIC_BYTES, PIECE_IN, compression_of, decompressed
from pipeline.performance.pieces import texts_of, views_of

CHUNK = 16 << 20
#: So much is looked at once for bytes beyond ASCII.
_PIECE = 64 << 10

#: What rsyslog writes for a NUL, a line feed and a carriage return that a sender put behind its message.
_ESCAPED_ENDS = ("#000", "#012", "#015")
_ESCAPED_SIZE = 4
#: So many line ends and NULs of its own a record usually has behind that, and one byte that is none.
_USUAL_ENDS = 3

#: UTF-16 with its mark, or with four characters of ASCII at its beginning: a text in UTF-8 has no NULs between them.
_UTF16 = re.compile(
    rb"(?P<le>(?P<le_mark>\xff\xfe)|(?:[\t\n\r -~]\x00){4})|(?P<be>(?P<be_mark>\xfe\xff)|(?:\x00[\t\n\r -~]){4})"
)
_TOLD_BY = 8


@contextmanager
def opened(path: Path) -> Iterator[BufferedReader]:
    """The file, open for reading. Raises `SourceError` that says what to do where it cannot be opened."""
    if path.is_dir():
        raise SourceError("is a folder, not a file.", path=path, remedy="Name the files in it, as in folder/*.log.")
    try:
        stream = path.open("rb")
    except PermissionError as error:
        remedy = "Give the account that runs esafety the right to read it."
        raise SourceError("may not be read (permission denied).", path=path, remedy=remedy) from error
    except OSError as error:
        raise SourceError(f"cannot be opened ({error.strerror}).", path=path) from error
    with stream:
        yield stream


def decoded(stream: BufferedReader, path: Path | str, size: int = CHUNK) -> Iterator[bytes]:
    """The decoded bytes of a stream in chunks of `size` bytes, the last one shorter.

    Raises `SourceError` for truncated or damaged data, but only after all that could be read has been given.
    """
    first = b"".join(_raw(stream, path, size, once=True))
    kind = compression_of(first)
    raw = chain([first], _raw(stream, path, PIECE_IN if kind else size))
    plain = refusing_others(iter(decompressed(raw, kind, path) if kind else raw), path)
    return _sized(_as_utf8(unframed(plain)), size)


def _raw(stream: BufferedReader, path: Path | str, size: int, *, once: bool = False) -> Iterator[bytes]:
    """The bytes of a stream as they are; only the first few with `once`."""
    while True:
        try:
            # `read` waits for so many bytes, where `peek` is content with what a pipe happens to hold.
            chunk = stream.read(MAGIC_BYTES if once else size)
        except OSError as error:
            raise SourceError(f"stopped being readable ({error.strerror}).", path=path) from error
        if chunk:
            yield chunk
        if once or not chunk:
            return


def _as_utf8(pieces: Iterator[bytes]) -> Iterator[bytes]:
    first = b""
    try:
        for piece in pieces:
            first += piece
            if len(first) >= _TOLD_BY:
                break
    except SourceError:
        yield first
        raise
    utf16 = _UTF16.match(first)
    if utf16 is None:
        yield first.removeprefix(codecs.BOM_UTF8)
        yield from pieces
        return
    # A lone surrogate has no UTF-8 form: it is written as an escape, so that it shows and nothing is lost.
    encoding = "utf-16-le" if utf16["le"] else "utf-16-be"
    decoder = codecs.getincrementaldecoder(encoding)(errors="backslashreplace")
    has_mark = utf16["le_mark"] or utf16["be_mark"]
    yield decoder.decode(first[2:] if has_mark else first).encode()
    for piece in pieces:
        yield decoder.decode(piece).encode()
    yield decoder.decode(b"", final=True).encode()


def _sized(pieces: Iterator[bytes], size: int) -> Iterator[bytes]:
    """Gather pieces into chunks of about `size`, giving what there is before a failure is passed on."""
    gathered: list[bytes] = []
    waiting = 0
    try:
        for piece in pieces:
            gathered.append(piece)
            waiting += len(piece)
            if waiting >= size:
                yield b"".join(gathered)
                gathered, waiting = [], 0
    except SourceError:
        yield b"".join(gathered)
        raise
    if waiting:
        yield b"".join(gathered)


def texts(block: Block) -> pl.Series:
    """The records of a block as text, without line ends and without NULs at their ends; one string for each record.

    NULs at the end are what a sender has put there; before a record a disk leaves them where the power went while
    the line before was written. Line ends and NULs that rsyslog wrote as `#015` and the like are none of the record's
    either. A record that is not UTF-8 is read as cp1252, its undefined bytes as the control characters of their number.
    """
    signs, starts = np.frombuffer(block.data, dtype=np.uint8), block.bounds[:-1]
    ends = _without_ends(block.data, starts, block.bounds[1:])
    lengths = ends - starts
    views, parts = views_of(block.data, starts, lengths), [block.data]
    others = _not_utf8(block)
    if others:
        converted = [_from_cp1252(block.data[starts[at] : ends[at]]) for at in others]
        sizes = np.array([len(each) for each in converted], dtype=np.int64)
        parts.append(b"".join(converted))
        views[others] = views_of(parts[1], np.cumsum(sizes) - sizes, sizes, 1)
    ended = texts_of("text", views, parts)
    if b"\0" in block.data:
        ended = ended.str.strip_chars_start("\x00")
    # A byte of each record is looked at, which takes a fraction of the time that its text would.
    may = (signs[ends[lengths >= _ESCAPED_SIZE] - _ESCAPED_SIZE] == ord("#")).any()
    if not may or not any(ended.str.ends_with(each).any() for each in _ESCAPED_ENDS):
        return ended
    return ended.str.replace(r"(?:#0(?:00|12|15))+$", "")


def _without_ends(data: bytes, starts: Offsets, ends: Offsets) -> Offsets:
    """Where each record ends, without its line end and the NULs at its end."""
    signs, found = np.frombuffer(data, dtype=np.uint8), ends.copy()
    left = np.flatnonzero(ends > starts)
    for _ in range(_USUAL_ENDS):
        lasts = signs[found[left] - 1]
        left = left[(lasts == 0x0A) | (lasts == 0x0D) | (lasts == 0)]
        found[left] -= 1
        left = left[found[left] > starts[left]]
        if not len(left):
            return found
    # One by one, because in each the next may lie a million NULs before.
    for at in left.tolist():
        begin = int(starts[at])
        found[at] = begin + len(data[begin : int(found[at])].rstrip(b"\r\n\0"))
    return found


def _not_utf8(block: Block) -> list[int]:
    """The records that are not UTF-8.

    Only those with a byte beyond ASCII are looked at one by one: in English few have any.
    """
    if block.data.isascii():
        return []
    bounds = block.bounds
    return [at for at in _beyond_ascii(block).tolist() if not _is_utf8(block.data[bounds[at] : bounds[at + 1]])]


def _beyond_ascii(block: Block) -> Offsets:
    """The records that hold a byte beyond ASCII; most pieces of a block have none."""
    found = [np.empty(0, dtype=np.int64)]
    for start in range(0, len(block.data), _PIECE):
        piece = block.data[start : start + _PIECE]
        if not piece.isascii():
            found.append(np.flatnonzero(np.frombuffer(piece, dtype=np.int8) < 0) + start)
    return np.unique(np.searchsorted(block.bounds, np.concatenate(found), side="right") - 1)


def _is_utf8(record: bytes) -> bool:
    try:
        record.decode()
    except UnicodeDecodeError:
        return False
    return True


def _from_cp1252(record: bytes) -> bytes:
    return "".join(_CP1252[byte] for byte in record).encode()


def _cp1252_table() -> tuple[str, ...]:
    return tuple(
        bytes([b]).decode("cp1252" if b not in (0x81, 0x8D, 0x8F, 0x90, 0x9D) else "latin-1") for b in range(256)
    )


_CP1252 = _cp1252_table()


def numbered(block: Block) -> pl.DataFrame:
    """A block as a table: line, byte_offset, text."""
    offsets = block.bounds[:-1] + block.byte_offset
    return pl.DataFrame({"line": block.lines, "byte_offset": offsets, "text": texts(block)})
