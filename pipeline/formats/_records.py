"""One record of an export becomes its cells.

In: the text of one record, which may hold line ends inside double quotes, and the separator. Out: its cells, unquoted.
Refuses (`None`) a record whose quotes are not closed or are followed by anything but a separator.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence

SEPARATORS = ",;\t|"
_DIGITS = re.compile("[0-9]+")


def cells_of(text: str, separator: str, *, loose: bool = False) -> list[str]:
    """The cells of a record; none where its quoting is broken. With `loose`, blanks behind a separator do not count."""
    try:
        # The whole record is one item, so line ends inside quotes stay where they are.
        rows = list(csv.reader([text], delimiter=separator, strict=True, skipinitialspace=loose))
    except csv.Error:
        return []
    return rows[0] if len(rows) == 1 else []


def holds_rows(cells: Sequence[str], separator: str, time: int) -> bool:
    """Whether a cell with line ends holds rows of the same table, because two stray quotes stand rows apart.

    A line in it is one if it has as many cells as stand before that cell, and a time in the place of the record's own
    time that is written in the same way. `time` is that place.
    """
    for place in range(time + 1, len(cells)):
        for line in cells[place].split("\n")[1:]:
            pieces = line.split(separator)
            if len(pieces) > place and _written_like(pieces[time]) == _written_like(cells[time]):
                return True
    return False


def _written_like(cell: str) -> str:
    return _DIGITS.sub("0", cell.strip(' "'))


def folded(header: str) -> str:
    """A header as headers are compared: without case, and without blanks at its ends or doubled."""
    return " ".join(header.lower().split())
