"""Files that are told by their first bytes to be no log, though a log may be in them.

In: the decompressed bytes of a file in pieces. Out: the same pieces. Refuses, with `SourceError` that says what to do
instead, an archive of several files (tar, 7-Zip, RAR), a database of SQLite (as Pi-hole has one beside its log), a
Windows event log, a PDF, a web page or XML, as which some products give their "Excel" exports. Of such bytes lines
could be made, and some of them would be records with something else before them.
Sources: POSIX, pax, "ustar Interchange Format"; the file formats of 7-Zip, RAR, SQLite, PDF and libyal's of EVTX.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pipeline.errors import SourceError

_UNPACK: Final = "Unpack it into a folder, and name the files there."
_EXPORT: Final = "Export it as CSV."
#: What a file begins with, what it is then, and what to do.
_KINDS: Final = (
    (rb".{257}ustar(?:\x00|  \x00)", "is a tar archive", _UNPACK),
    (rb"7z\xbc\xaf\x27\x1c", "is a 7-Zip archive", _UNPACK),
    (rb"Rar!\x1a\x07", "is a RAR archive", _UNPACK),
    (rb"SQLite format 3\x00", "is a database of SQLite, not a log", "Name the log itself."),
    (rb"ElfFile\x00", "is an event log of Windows (.evtx)", _EXPORT),
    (rb"%PDF-[12]\.", "is a PDF", _EXPORT),
    (
        rb"(?:\xef\xbb\xbf)?\s{0,20}(?i:<!doctype html|<html|<head|<table)[\s>]",
        "is a web page, whatever its name says",
        _EXPORT,
    ),
    (rb"(?:\xef\xbb\xbf)?\s{0,20}<\?xml\s", "is XML, whatever its name says", _EXPORT),
)
_PATTERNS: Final = tuple((re.compile(begin, re.DOTALL), what, remedy) for begin, what, remedy in _KINDS)
_TOLD_BY: Final = 512


def refusing_others(pieces: Iterator[bytes], path: Path | str) -> Iterator[bytes]:
    """The pieces, once their first bytes are those of a log. Raises `SourceError`; what they raise comes after them."""
    first = b""
    failure: SourceError | None = None
    try:
        while len(first) < _TOLD_BY and (piece := next(pieces, None)) is not None:
            first += piece
    except SourceError as error:
        failure = error
    for begin, what, remedy in _PATTERNS:
        if begin.match(first):
            raise SourceError(f"{what}.", path=path, remedy=remedy)
    yield first
    if failure is not None:
        raise failure
    yield from pieces
