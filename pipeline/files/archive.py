"""A zip is looked into: the one file in it, or the workbook that it is.

In: the bytes of a zip, gathered in a temporary file that has no name. Out: the pieces of the one file inside. Refuses,
with `SourceError` and before anything is given, a zip with a password, with no or several files, packed in a way that
is not known, cut off or damaged, and one that would grow beyond reason (a bomb). What the systems put beside a file
(`__MACOSX/`, `.DS_Store`, `Thumbs.db`) does not count.
"""

from __future__ import annotations

import re
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from pipeline.errors import SourceError

#: Up to so many bytes a zip stays in memory.
_IN_MEMORY: Final = 16 << 20
#: Logs shrink to a tenth or a thirtieth. Beyond this, and of some size, it was made to do harm.
_MOST_GROWTH: Final = 300
_HARMLESS: Final = 64 << 20
_PIECE: Final = 64 << 10
_NAMED: Final = 5
_BESIDE: Final = re.compile(r"(?:^|/)(?:__MACOSX/|\.|Thumbs\.db$|desktop\.ini$)")
_WORKBOOK: Final = re.compile(r"^xl[/\\]workbook[0-9]*\.xml$")
#: What zipfile raises for bytes that are no zip, or for damaged ones.
DAMAGE: Final = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError)


@contextmanager
def gathered(raw: Iterable[bytes]) -> Iterator[IO[bytes]]:
    """All of the bytes in a file that can be read from any place: what a zip holds stands at its end."""
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as kept:
        for piece in raw:
            kept.write(piece)
        kept.seek(0)
        yield kept


@contextmanager
def looked_into(kept: IO[bytes], path: Path | str) -> Iterator[zipfile.ZipFile]:
    """The zip, open. Raises `SourceError` where it is none, also for what is noticed only while it is read."""
    try:
        with zipfile.ZipFile(kept) as archive:
            yield archive
    except DAMAGE as error:
        raise SourceError(
            f"the zip is cut off or damaged ({str(error) or type(error).__name__}).",
            path=path,
            remedy="Copy the file again from where it came; the next run reads it.",
        ) from error


def is_workbook(archive: zipfile.ZipFile) -> bool:
    """Whether it is an Excel workbook (.xlsx, .xlsm)."""
    return any(_WORKBOOK.match(name) for name in archive.namelist())


def only_file(archive: zipfile.ZipFile, path: Path | str) -> Iterator[bytes]:
    """The pieces of the one file inside. Raises `SourceError`."""
    member = _the_one(archive, path)
    refuse_harm([member], path)
    with archive.open(member) as stream:
        while piece := stream.read(_PIECE):
            yield piece


def _the_one(archive: zipfile.ZipFile, path: Path | str) -> zipfile.ZipInfo:
    names = archive.namelist()
    if "[Content_Types].xml" in names or "mimetype" in names:
        what = "is an office document, but no workbook of Excel (.xlsx)."
        raise SourceError(what, path=path, remedy="Save the table as .xlsx or as CSV.")
    members = [each for each in archive.infolist() if not each.is_dir() and not _BESIDE.search(each.filename)]
    if len(members) == 1:
        return members[0]
    if not members:
        raise SourceError("the zip holds no file.", path=path, remedy="Export it again.")
    listed = ", ".join(repr(each.filename) for each in members[:_NAMED])
    more = ", …" if len(members) > _NAMED else ""
    what = f"the zip holds {len(members)} files ({listed}{more}), and one is wanted."
    raise SourceError(what, path=path, remedy="Unpack it into a folder, and name the files there.")


def refuse_harm(members: Iterable[zipfile.ZipInfo], path: Path | str) -> None:
    """Raise `SourceError` for a password, and for what would grow beyond reason.

    The sizes are those that the zip states: zipfile gives no more than that, and notices where they are untrue.
    """
    for member in members:
        if member.flag_bits & 1:
            what = "the zip is encrypted: it wants a password."
            raise SourceError(what, path=path, remedy="Unpack it, or export it without a password.")
        if member.file_size > max(_HARMLESS, _MOST_GROWTH * member.compress_size):
            what = f"the zip would grow from {member.compress_size} bytes to {member.file_size}: no log does."
            raise SourceError(what, path=path, remedy="Ask where it comes from. If it is a log, unpack it yourself.")
