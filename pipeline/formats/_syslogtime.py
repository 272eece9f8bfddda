"""The stamp of a syslog header, for products that write no time of their own.

In: a column of lines, or of what stands before a record. Out: the stamp as it is written, which
`monthnames.from_named_month` reads: ISO 8601 with its offset, or the name of a month, mostly without a year. Null where
there is none. Refuses nothing.
"""

from __future__ import annotations

from typing import Final

import polars as pl

_START: Final = r"^(?:[0-9]{1,7} )?(?:<[0-9]{1,3}>(?:[1-9] )? ?)?"
_ISO: Final = (
    rf"{_START}([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}T[0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}(?:[.,][0-9]{{1,9}})?"
    r"(?:Z|[+-][0-9]{2}:?[0-9]{2})) "
)
_NAMED: Final = (
    rf"{_START}([A-Z][a-z]{{2}} [ 0-9]?[0-9] (?:[0-9]{{4}} )?[0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}(?:\.[0-9]{{1,9}})?"
    r"(?: [0-9]{4})?):? "
)


def header_stamp(text: pl.Expr) -> pl.Expr:
    """The stamp at the beginning of a line."""
    return pl.coalesce(text.str.extract(_ISO), text.str.extract(_NAMED))
