"""An Excel workbook (.xlsx) becomes CSV text, so that it is read like any other export.

In: the open zip that the workbook is. Out: pieces of text in UTF-8: the rows of its visible sheets, one sheet after the
other, parted by commas, quoted where need be; a row without content is an empty line. A date with a time is
`2025-09-08 09:05:01`, a whole number has no point, `true` is TRUE, a formula is what was last seen of it, an error is
empty. The same bytes give the same text, for lines are found again by their place in it. Hidden sheets are left out.
Refuses, with `SourceError`, a workbook that is damaged, grows beyond reason, or spans more cells than a sheet of a
million rows of fifteen columns: the library would make room for every cell between the first and the last, and end the
whole program where there is none. Excel's own limit is 1,048,576 rows a sheet.
Source: ECMA-376, part 1, 18.3.1.4 (c), 18.3.1.73 (row).
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import IO, Any, Final

from pipeline.errors import SourceError
from pipeline.files.archive import refuse_harm

#: All parts of a workbook together, unpacked.
_MOST_BYTES: Final = 1 << 30
_MOST_CELLS: Final = 16 << 20
_PIECE: Final = 1 << 20
_ROWS_AT_ONCE: Final = 1_000
#: Numbers up to here are whole where they look so; beyond, digits are lost anyway.
_EXACT: Final = 1e15
#: A row or a cell with its attributes, the place of most being the first of them.
_TAG: Final = re.compile(
    rb"""<(?:\w+:)?(c|row)(?:\s+r="([A-Z]{0,3})([0-9]{0,7})"|(?=[\s/>]))((?:[^<>"']|"[^"]*"|'[^']*')*)>"""
)
_PLACE: Final = re.compile(rb"""(?:^|\s)r\s*=\s*["']([A-Za-z]{0,3})([0-9]{0,7})["']""")
_ANY_PLACE: Final = re.compile(rb"(?:^|\s)r\s*=")
#: No tag is longer.
_LONGEST_TAG: Final = 256 << 10


def as_csv(archive: zipfile.ZipFile, kept: IO[bytes], path: Path | str) -> Iterator[bytes]:
    """The visible sheets as text. Raises `SourceError` before it gives anything."""
    # Beside click and polars only a workbook needs it.
    from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    refuse_bomb(archive, path)
    kept.seek(0)
    try:
        book = CalamineWorkbook.from_filelike(kept)
        names = [
            sheet.name
            for sheet in book.sheets_metadata
            if sheet.visible is SheetVisibleEnum.Visible and sheet.typ is SheetTypeEnum.WorkSheet
        ]
        sheets = [sheet for sheet in map(book.get_sheet_by_name, names) if sheet.start is not None]
    except CalamineError as error:
        raise _damaged(path, error) from error
    if not sheets:
        what = "no visible sheet of the workbook holds a row."
        raise SourceError(what, path=path, remedy="Show the sheet that holds the log, and save the workbook.")
    for sheet in sheets:
        yield from _text(sheet.to_python())


def _damaged(path: Path | str, error: Exception) -> SourceError:
    return SourceError(f"the workbook cannot be read ({error}).", path=path, remedy="Save it again, or save it as CSV.")


def refuse_bomb(archive: zipfile.ZipFile, path: Path | str) -> None:
    """Raise `SourceError` for a workbook that would take more memory than a log may.

    Every part is unpacked once and thrown away: so it is known that its size is the one that the zip states.
    """
    members = archive.infolist()
    refuse_harm(members, path)
    size = sum(member.file_size for member in members)
    if size > _MOST_BYTES:
        raise _too_large(f"is {size} bytes when unpacked", path)
    for member in members:
        if _cells_of(archive, member) > _MOST_CELLS:
            raise _too_large(f"spans more than {_MOST_CELLS} cells", path)


def _cells_of(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> int:
    """How many cells lie between the first one and the last row and column that a part of the workbook names."""
    place = _Place()
    with archive.open(member) as stream:
        rest = b""
        while piece := stream.read(_PIECE):
            data = rest + piece
            # A tag that is not closed goes on in the next piece.
            cut = data.rfind(b"<")
            cut = len(data) if cut < 0 else cut
            place.go_over(data[:cut])
            rest = data[cut:]
            if len(rest) > _LONGEST_TAG or place.is_doubtful:
                return _MOST_CELLS + 1
        place.go_over(rest)
    return _MOST_CELLS + 1 if place.is_doubtful else place.most_rows * place.most_columns


@dataclass
class _Place:
    """How far a sheet has come. Its state is the row and the column of the last tag."""

    row: int = 0
    column: int = 0
    most_rows: int = 0
    most_columns: int = 0
    #: A place that is written in a way that cannot be followed.
    is_doubtful: bool = False

    def go_over(self, text: bytes) -> None:
        """A loop over tags, because one that names no place stands behind the one before it."""
        for tag, *first, rest in _TAG.findall(text):
            place = first
            if not any(first) and _ANY_PLACE.search(rest):
                found = _PLACE.search(rest)
                self.is_doubtful |= found is None
                place = found.groups() if found else first
            letters, digits = place
            if tag == b"row":
                self.row, self.column = int(digits or self.row + 1), 0
            else:
                self.row = int(digits or self.row)
                self.column = _column(letters) if letters else self.column + 1
            self.most_rows, self.most_columns = max(self.most_rows, self.row), max(self.most_columns, self.column)


@cache
def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _too_large(what: str, path: Path | str) -> SourceError:
    return SourceError(f"the workbook {what}: that is no export of a log.", path=path, remedy="Export it as CSV.")


def _text(rows: Sequence[Sequence[Any]]) -> Iterator[bytes]:
    """The rows as CSV, some at a time."""
    # Midnight comes as a date alone; a column with other times in it shows that it is one.
    timed = {at for row in rows for at, cell in enumerate(row) if isinstance(cell, datetime)}
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        for row in rows[start : start + _ROWS_AT_ONCE]:
            cells = [_cell(cell, with_time=at in timed) for at, cell in enumerate(row)]
            if any(cells):
                writer.writerow(cells)
            else:
                out.write("\n")
        yield out.getvalue().encode("utf-8", "backslashreplace")


def _cell(cell: object, *, with_time: bool) -> str:
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return str(int(cell)) if abs(cell) < _EXACT and cell.is_integer() else repr(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(" ")
    if isinstance(cell, date):
        return cell.isoformat() + (" 00:00:00" if with_time else "")
    if isinstance(cell, timedelta):
        minutes, seconds = divmod(int(cell.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"
    return cell.isoformat() if isinstance(cell, time) else str(cell)
