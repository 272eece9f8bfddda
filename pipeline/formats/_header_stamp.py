"""The time that syslog put before a record, for products whose records have none of their own.

In: whole lines, with their header (RFC 3164 with or without a year, RFC 5424, or the ISO stamps of rsyslog and
syslog-ng). Out: the stamp as written, null where there is none. It is the clock of whatever wrote the header, and
mostly has neither year nor zone. Refuses nothing.
"""

from __future__ import annotations

from typing import Final

import polars as pl

_STAMP: Final = (
    r"^(?:[0-9]{1,7} )?(?:<[0-9]{1,3}>)?(?:[1-9] )? ?((?:[A-Z][a-z]{2} [ 0-9]?[0-9] (?:[0-9]{4} )?|"
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T)[0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]{1,9})?(?:Z|[+-][0-9]{2}:?[0-9]{2})?"
    r"(?: [0-9]{4})?)[ :]"
)


def header_stamp(text: pl.Expr) -> pl.Expr:
    """The stamp of a line's syslog header."""
    return text.str.extract(_STAMP)
