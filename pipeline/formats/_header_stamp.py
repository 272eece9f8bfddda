"""The time that syslog put before a record, for products whose records have none of their own.

In: whole lines, with their header (RFC 3164 with or without a year, RFC 5424, or the ISO stamps of rsyslog and
syslog-ng). Out: the stamp as written, null where there is none. It is the clock of whatever wrote the header, and
mostly has neither year nor zone. A `UTC` or `GMT` between it and an address, as Websense has them
(`Jun 19 10:48:57 GMT 10.0.0.9 vendor=Websense`), belongs to it; any other name of a zone is left out. Refuses nothing.
Source: syslog-ng Administration Guide, "Websense parser".
"""

from __future__ import annotations

from typing import Final

import polars as pl

_DAY: Final = r"[A-Z][a-z]{2} [ 0-9]?[0-9] (?:[0-9]{4} )?"
_CLOCK: Final = r"[0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]{1,9})?"
_BEFORE: Final = r"^(?:[0-9]{1,7} )?(?:<[0-9]{1,3}>)?(?:[1-9] )? ?"
_STAMP: Final = (
    rf"{_BEFORE}((?:{_DAY}|[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}T){_CLOCK}(?:Z|[+-][0-9]{{2}}:?[0-9]{{2}})?"
    r"(?: [0-9]{4})?)[ :]"
)
#: Windows writes `GMT Daylight Time` for a summer that is not GMT, so an address has to follow.
_ZONED: Final = rf"{_BEFORE}({_DAY}{_CLOCK} (?:UTC|GMT)) [0-9]+[.:]"


def header_stamp(text: pl.Expr) -> pl.Expr:
    """The stamp of a line's syslog header."""
    return pl.coalesce(text.str.extract(_ZONED), text.str.extract(_STAMP))


def or_header_stamp(own: pl.Expr, text: str = "text") -> pl.Expr:
    """A record's own time; where it has none, the stamp of its line's header, which is looked for nowhere else."""
    return pl.coalesce(own, header_stamp(pl.when(own.is_null()).then(pl.col(text))))
