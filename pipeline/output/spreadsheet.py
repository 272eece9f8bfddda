"""Tables for a spreadsheet, in which nothing can become a formula.

In: the names of the columns and rows of values out of logs or out of people's mouths. Out: CSV as RFC 4180 has it, a
replacement character for each character that cannot be seen, and a quote in front of what a spreadsheet would reckon
with. Refuses nothing.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Final

#: What a formula may begin with; some programs take the forms of East Asian keyboards for the same.
_WIDE: Final = (
    "\N{FULLWIDTH EQUALS SIGN}", "\N{FULLWIDTH PLUS SIGN}", "\N{FULLWIDTH HYPHEN-MINUS}", "\N{FULLWIDTH COMMERCIAL AT}",
)  # fmt: skip
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", *_WIDE)


def as_csv(columns: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """The table as text, with the line ends of CSV."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([harmless(str(cell)) for cell in row] for row in rows)
    return out.getvalue()


def harmless(cell: str) -> str:
    """The text of one cell: what a spreadsheet would take for a formula is given a quote in front."""
    clean = "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in cell)
    # Some programs pass over blanks before they look.
    return f"'{clean}" if cell.startswith(_FORMULA) or cell.lstrip().startswith(_FORMULA) else clean
