"""One record of an export becomes its cells.

In: the text of one record, which may hold line ends inside double quotes, and the separator. Out: its cells, unquoted.
Refuses (`None`) a record whose quotes are not closed or are followed by anything but a separator.
"""

from __future__ import annotations

import csv

SEPARATORS = ",;\t|"


def cells_of(text: str, separator: str, *, loose: bool = False) -> list[str]:
    """The cells of a record; none where its quoting is broken. With `loose`, blanks behind a separator do not count."""
    try:
        # The whole record is one item, so line ends inside quotes stay where they are.
        rows = list(csv.reader([text], delimiter=separator, strict=True, skipinitialspace=loose))
    except csv.Error:
        return []
    return rows[0] if len(rows) == 1 else []


def folded(header: str) -> str:
    """A header as headers are compared: without case, and without blanks at its ends or doubled."""
    return " ".join(header.lower().split())
