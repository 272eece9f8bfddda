"""Compressed bytes become plain ones: gzip, bz2, xz, zstd, a file in a zip, a workbook of Excel.

In: the raw bytes of a file, recognised by the first of them. Out: pieces of what they hold, one compressed stream after
the other, unpacked once more where that is packed by one of the first four too; of a zip the one file in it, which may
be packed once more; of a workbook its rows as CSV text. Refuses nothing of the first four at the beginning: data that
are cut off or damaged give what could be read of them, and then a `SourceError`. A zip or a workbook is refused as a
whole (`archive`, `workbook`), and so is an .xls, or a workbook with a password, which looks the same; and in one of the
first four a zip, a workbook, or what is packed a third time.
"""

from __future__ import annotations

import bz2
import lzma
import re
import sys
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Protocol

from pipeline.errors import SourceError
from pipeline.files import archive, workbook

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

#: So many first bytes tell what a file is.
MAGIC_BYTES = 6
#: A word such as `BZhello` is no bz2; the second of zstd begins a frame that holds nothing, as pzstd writes.
_MAGIC = re.compile(
    rb"(?P<gzip>\x1f\x8b)|(?P<bz2>BZh[1-9](?:1A|\x17r))|(?P<xz>\xfd7zXZ\x00)"
    rb"|(?P<zstd>\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18)"
    rb"|(?P<zip>PK(?:\x03\x04|\x05\x06|\x07\x08))|(?P<xls>\xd0\xcf\x11\xe0\xa1\xb1)"
    # Not packed, but no plain lines either: `frames` cuts it.
    rb"|(?P<frames>[1-9][0-9]{0,3} <[0-9])"
)
#: So often a file may be packed in itself: a backup packs what was rotated.
_MOST_PACKED = 2
_DAMAGED = (zlib.error, lzma.LZMAError, zstd.ZstdError, OSError)
#: Compressed bytes are taken, and decompressed ones given, in pieces so small that damage costs little.
PIECE_IN, _PIECE_OUT = 32 << 10, 64 << 10
#: Longer than a block: bz2 knows only at the end of a block whether what it gave of it is right.
_PIECE_OUT_OF_BZ2 = 1 << 20


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


def compression_of(first_bytes: bytes) -> str:
    """`gzip`, `bz2`, `xz`, `zstd`, `zip`, `xls`, `frames`, or the empty string, by the first bytes of a file."""
    found = _MAGIC.match(first_bytes)
    return (found and found.lastgroup) or ""


def decompressed(raw: Iterable[bytes], kind: str, path: Path | str, depth: int = 0) -> Iterator[bytes]:
    """What a file of this kind holds. Raises `SourceError`. `depth` is how many zips it was taken out of."""
    if kind == "frames":
        yield from raw
        return
    if kind == "xls":
        what = "is a workbook of the old kind (.xls), or one with a password."
        raise SourceError(what, path=path, remedy="Save it as .xlsx without a password, or as CSV.")
    yield from _unzipped(raw, path, depth) if kind == "zip" else _unpacked(_inflated(raw, kind, path), path, 1)


def _unpacked(pieces: Iterator[bytes], path: Path | str, times: int) -> Iterator[bytes]:
    """What was packed, unpacked once more where that is packed itself; a zip inside could grow beyond reason."""
    first = b""
    failure: SourceError | None = None
    try:
        while len(first) < MAGIC_BYTES and (piece := next(pieces, None)) is not None:
            first += piece
    except SourceError as error:
        failure = error
    inside = compression_of(first)
    if failure is None and inside and inside != "frames":
        if inside in {"zip", "xls"} or times >= _MOST_PACKED:
            raise SourceError(f"holds what is packed once more ({inside}).", path=path, remedy="Unpack it once.")
        yield from _unpacked(_inflated(chain([first], pieces), inside, path), path, times + 1)
        return
    yield first
    if failure is not None:
        raise failure
    yield from pieces


def _unzipped(raw: Iterable[bytes], path: Path | str, depth: int) -> Iterator[bytes]:
    with archive.gathered(raw) as kept, archive.looked_into(kept, path) as opened:
        if archive.is_workbook(opened):
            yield from workbook.as_csv(opened, kept, path)
            return
        if depth > 1:
            raise SourceError("is a zip in a zip in a zip.", path=path, remedy="Unpack it.")
        pieces = archive.only_file(opened, path)
        first = next(pieces, b"")
        inside = compression_of(first[:MAGIC_BYTES])
        pieces = chain([first], pieces)
        yield from decompressed(pieces, inside, path, depth + 1) if inside else pieces


def _inflated(raw: Iterable[bytes], kind: str, path: Path | str) -> Iterator[bytes]:
    """One compressed stream after the other; zeros may stand between them, anything else is damage."""
    current = _decompressor(kind)
    most = _PIECE_OUT_OF_BZ2 if kind == "bz2" else _PIECE_OUT
    try:
        for piece in raw:
            data = piece
            while data or not (current.needs_input or current.eof):
                if current.eof:
                    data = data.lstrip(b"\x00")
                    current = _decompressor(kind) if data else current
                    if not data:
                        break
                yield current.decompress(data, most)
                data = current.unused_data if current.eof else b""
        if not current.eof:
            raise EOFError("they stop in the middle")  # noqa: TRY301 - one sentence for every kind of damage
    except (*_DAMAGED, EOFError) as error:
        raise SourceError(
            f"the {kind} data end too early or are damaged ({error}). The whole lines before that were read.",
            path=path,
            remedy="Copy the file again from where it came; the next run reads the rest.",
        ) from error


def _decompressor(kind: str) -> _Decompressor:
    if kind == "gzip":
        return _Gzip()
    if kind == "bz2":
        return bz2.BZ2Decompressor()
    if kind == "xz":
        return lzma.LZMADecompressor(lzma.FORMAT_XZ)
    return zstd.ZstdDecompressor()


class _Gzip:
    """One gzip stream, in the manner of the other three; of damaged data it gives every byte before the damage."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(wbits=31)
        self._waiting = b""
        self._failure: zlib.error | None = None
        self.needs_input = True

    @property
    def eof(self) -> bool:
        return self._inflate.eof

    @property
    def unused_data(self) -> bytes:
        return self._inflate.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        if self._failure is not None:
            raise self._failure
        data = self._waiting + data
        before = self._inflate.copy()
        try:
            given = self._inflate.decompress(data, max_length)
        except zlib.error as error:
            self._failure, self.needs_input = error, False
            return _upto_damage(before, data)
        self._waiting = self._inflate.unconsumed_tail
        # With a full measure given there may be more inside, even if all the input was taken.
        self.needs_input = len(given) < max_length and not self._waiting
        return given


def _upto_damage(inflate: zlib._Decompress, data: bytes) -> bytes:
    given = b""
    with suppress(zlib.error):
        for at in range(len(data)):
            given += inflate.decompress(data[at : at + 1])
    return given
