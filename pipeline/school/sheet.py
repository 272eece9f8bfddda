"""Small CSV files that a school keeps or exports itself: people, devices, timetable.

In: a path and the headers that are wanted. Out: a `Sheet`: each row with the line on which it begins and its
cells by our own column names, blanks trimmed. UTF-8 with or without byte-order mark, UTF-16 with one, and
cp1252 are read; commas, semicolons, tabs and bars part the cells. It refuses, with `PeopleError`, a file that
is missing, empty, no text, badly quoted, or without a column that it must have. No message repeats a cell that may
be a name: the first line of a file without a header is somebody's.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from pipeline.errors import PeopleError

if TYPE_CHECKING:
    from pathlib import Path

_DELIMITERS: Final = (",", ";", "\t", "|")
_YEAR_FIRST: Final = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[ T]0?0:00(?::00)?)?")
_DAY_FIRST: Final = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})(?: 0?0:00(?::00)?)?")
_MONTHS: Final = 12


@dataclass(frozen=True)
class Row:
    """One row: the line on which it begins, and its cells by our column names ('' where the file has none)."""

    line: int
    cells: Mapping[str, str]


@dataclass(frozen=True)
class Sheet:
    """What was read; `missing` are our names without a column, `unused` the file's headers that nobody asked for."""

    path: Path
    header_line: int
    rows: tuple[Row, ...]
    missing: tuple[str, ...]
    unused: tuple[str, ...]
    issues: tuple[str, ...]


def read_sheet(path: Path, wanted: Mapping[str, str], mandatory: Collection[str]) -> Sheet:
    """Read `path`; `wanted` maps our column names to the file's headers (case, blanks, `_` and `-` do not count).

    A row with more filled cells than headers is an issue and is left out; cells missing at the end are blank.
    Raises `PeopleError`.
    """
    text = _text(path)
    names = {_folded(header): ours for ours, header in wanted.items()}
    records = _records(path, text, names)
    if not records:
        remedy = f"Its first line names the columns: {', '.join(wanted.values())}."
        raise PeopleError("the file is empty.", path=path, remedy=remedy)
    (header_line, headers), *body = records
    places = _places(path, header_line, headers, names)
    for ours in mandatory:
        if ours not in places:
            raise PeopleError(
                f"no column {wanted[ours]!r} among the {len(headers)} of the header.",
                path=path,
                line=header_line,
                remedy="Name the column in the header, or say in school.toml what it is called.",
            )
    rows, issues = _rows(path, body, headers, places, wanted)
    return Sheet(
        path=path,
        header_line=header_line,
        rows=tuple(rows),
        missing=tuple(ours for ours in wanted if ours not in places),
        unused=tuple(header for at, header in enumerate(headers) if header and at not in places.values()),
        issues=tuple(issues),
    )


def issue(path: Path, line: int, what: str, remedy: str) -> str:
    """A sentence in the shape of every message: file:line, what is wrong, what to do."""
    return str(PeopleError(what, path=path, line=line, remedy=remedy))


def read_date(sheet: Sheet, row: Row, column: str) -> date | None:
    """The date in a cell, None for a blank one: `2026-09-01`, or `01/09/2026` with the day first, as in the UK.

    Raises `ValueError` with the reason for anything else, and `PeopleError` for a date that can only be meant
    month first: then no date of that file can be trusted.
    """
    cell = row.cells[column]
    if not cell:
        return None
    if found := _YEAR_FIRST.fullmatch(cell):
        year, month, day = (int(part) for part in found.groups())
    elif found := _DAY_FIRST.fullmatch(cell):
        day, month, year = (int(part) for part in found.groups())
        if month > _MONTHS >= day:
            raise PeopleError(
                f"{column} {cell!r} is written month first, so every date of this file may be.",
                path=sheet.path,
                line=row.line,
                remedy="Export the dates as YYYY-MM-DD.",
            )
    else:
        raise ValueError(f"{column} is not a date such as 2026-09-01 or 01/09/2026")
    try:
        return date(year, month, day)
    except ValueError:
        raise ValueError(f"{column} {cell!r} is not a day of the calendar") from None


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise PeopleError(
            f"cannot be read ({error.strerror or type(error).__name__}).",
            path=path,
            remedy="Check the name and the permissions.",
        ) from error
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings = ["utf-16"]
    else:
        encodings = ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise PeopleError("is not a text file.", path=path, remedy="Save it as CSV in UTF-8.")


def _records(path: Path, text: str, names: Mapping[str, str]) -> list[tuple[int, list[str]]]:
    """The filled records, each with the line on which it begins, the header first."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    # Excel writes this line above the header to name its separator.
    declared = re.fullmatch(r"sep=(.)", first.strip("\r\n"), re.IGNORECASE)
    delimiter = declared[1] if declared else _delimiter(first, names)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True)
    found: list[tuple[int, list[str]]] = []
    begins = 1
    try:
        # Row by row: csv alone knows on which physical line a quoted record begins, and these files are small.
        for record in reader:
            cells = [" ".join(cell.split()) for cell in record]
            if any(cells):
                found.append((begins, cells))
            begins = reader.line_num + 1
    except csv.Error as error:
        raise PeopleError(
            f"the row that begins here is badly quoted ({error}).",
            path=path,
            line=begins,
            remedy='Write a quote inside a quoted cell twice (""), and close every quote.',
        ) from error
    return found[1:] if declared else found


def _delimiter(header: str, names: Mapping[str, str]) -> str:
    """The separator with which the header holds the most columns that are wanted."""

    def known(delimiter: str) -> int:
        return sum(_folded(cell.strip('" ')) in names for cell in header.split(delimiter))

    return max(_DELIMITERS, key=lambda each: (known(each), header.count(each)))


def _places(path: Path, line: int, headers: list[str], names: Mapping[str, str]) -> dict[str, int]:
    places: dict[str, int] = {}
    for at, header in enumerate(headers):
        ours = names.get(_folded(header))
        if ours is None:
            continue
        if ours in places:
            raise PeopleError(f"two columns are called {header!r}.", path=path, line=line, remedy="Rename one of them.")
        places[ours] = at
    return places


def _rows(
    path: Path,
    body: list[tuple[int, list[str]]],
    headers: list[str],
    places: Mapping[str, int],
    wanted: Collection[str],
) -> tuple[list[Row], list[str]]:
    rows, issues = [], []
    for line, cells in body:
        if any(cells[len(headers) :]):
            what = f"the row has {len(cells)} cells, the header {len(headers)}; the row is left out."
            issues.append(issue(path, line, what, "Put a cell that holds the separator in double quotes."))
            continue
        cells_by_name = {
            ours: cells[places[ours]] if ours in places and places[ours] < len(cells) else "" for ours in wanted
        }
        rows.append(Row(line, cells_by_name))
    return rows, issues


def _folded(header: str) -> str:
    return re.sub(r"[\s_-]+", "", header).casefold()
