r"""The header that syslog puts before a record is taken off.

In: lines with or without such a header: RFC 3164 (`<134>Mar 15 16:07:32 host tag[7]: `, also without the priority, the
host or the tag, and with a year), RFC 5424 (`<134>1 2026-03-15T16:07:32.003Z host app 7 id [structured data] `), the
ISO stamps of rsyslog and syslog-ng (`2026-03-15T16:07:32+00:00 host tag: `), each also after the count of octets of
RFC 6587. A relay may have put a second header before the first. What collectors that write no syslog have put around a
line, `_carriers` takes off first. Out: the record as its product wrote it. Refuses nothing: a line without a header
stays as it is. What rsyslog made of tabs (`#011`) can be undone, and for products that write `key=value` structured
data (`[meta sequenceId="7"]`, as syslog-ng has it) can be put out of their way.

Without a priority an ISO stamp is a header only where a host and a tag with its colon follow, since many logs begin
with such a stamp of their own; or a host and a second header; or a host and a record that begins as no tag does: JSON,
an epoch with milliseconds (Squid), a number and a date (PAN-OS). rsyslog writes these so where a device sent no tag. A
header of RFC 5424 without its priority (Kiwi takes it off) is one only with an ISO stamp. A first word with `=` or a
quote in it is no host: it belongs to the record.
Sources: RFC 3164, RFC 5424, RFC 6587; rsyslog's templates `RSYSLOG_TraditionalFileFormat` and `RSYSLOG_FileFormat`;
syslog-ng Administration Guide, "The STRUCTURED-DATA message part".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import polars as pl

from pipeline.formats._carriers import MAY_BE, uncarried, uncarried_lines

_COUNT: Final = r"(?:[0-9]{1,7} )?"
_PRIORITY: Final = r"<[0-9]{1,3}>"
_STAMP: Final = r"[A-Z][a-z]{2} [ 0-9]?[0-9] (?:[0-9]{4} )?[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?: [0-9]{4})?:? "
_ISO: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]{1,9})?(?:Z|[+-][0-9]{2}:?[0-9]{2}) "
_HOST: Final = r"[A-Za-z0-9_][A-Za-z0-9_.:%-]*[A-Za-z0-9_] |[A-Za-z0-9_] "
#: Squid's helpers and workers bring their brackets with them: `(squid-1)[7]: `.
_TAG: Final = r"(?:[A-Za-z0-9_][A-Za-z0-9_./-]{0,47}|\([A-Za-z0-9_][A-Za-z0-9_./-]{0,47}\))(?:\[[0-9]{1,10}\])?: "
_STRUCTURED: Final = r'(?:-|(?:\[[^\s\]="]+(?: [^\s\]="]+="(?:[^"\\]|\\.)*")*\])+)'
#: Kiwi takes the priority off, and leaves the rest.
_MODERN: Final = rf"(?:{_PRIORITY}[1-9] (?:-|\S+) |[1-9] {_ISO})\S+ \S+ \S+ \S+ {_STRUCTURED}(?: \x{{FEFF}}?|$)"
_PLACE: Final = rf"(?:{_TAG}|(?:{_HOST})(?:{_TAG})?)?"
#: How a record without a tag begins that is surely none of a log with a stamp and a name of its own.
_BEGINS: Final = r"(?P<begins>\{|[0-9]{9,11}\.[0-9]{3} |[0-9]{0,6},[0-9]{4}/[0-9]{2}/[0-9]{2} )"
_HEADER: Final = (
    rf"^{_COUNT}(?:(?:{_MODERN}"
    rf"|{_PRIORITY} ?(?:(?:{_STAMP}|{_ISO}){_PLACE})?"
    rf"|{_STAMP}{_PLACE}"
    rf"|{_ISO}(?:{_HOST})(?:{_TAG}|{_STAMP}{_PLACE}))"
    rf"(?:(?:{_PRIORITY} ?)?{_STAMP}{_PLACE}|{_PRIORITY} ?{_ISO}{_PLACE}|{_ISO}(?:{_HOST}){_TAG})?"
    rf"|{_ISO}(?:{_HOST}){_BEGINS})"
)
#: What a header begins with; most lines of most files have none, and this is soon seen.
_MAY_BE: Final = rf"^(?:(?:[0-9]{{1,7}} )?(?:<|[A-Z][a-z]{{2}} [ 0-9]|[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}T)|{MAY_BE})"
_NO_TAB: Final = "#011"
#: A header of RFC 5424 up to its structured data, and these with the mark of UTF-8 behind them.
_STRUCTURE: Final = rf"^({_COUNT}(?:{_PRIORITY}[1-9] (?:-|\S+) |[1-9] {_ISO})\S+ \S+ \S+ \S+ ){_STRUCTURED} \x{{FEFF}}?"
_MAY_HAVE_STRUCTURE: Final = rf"^(?:(?:[0-9]{{1,7}} )?(?:<[0-9]{{1,3}}>[1-9] |[1-9] [0-9]{{4}}-)|{MAY_BE})"
_PATTERN: Final = re.compile(_HEADER.replace(r"\x{FEFF}", "\ufeff"))
_STRUCTURE_PATTERN: Final = re.compile(_STRUCTURE.replace(r"\x{FEFF}", "\ufeff"))


def without_header(texts: pl.DataFrame) -> pl.DataFrame:
    """The same table with its column `text` without syslog headers."""
    text = pl.col("text")
    if not texts.select(text.str.contains(_MAY_BE).any()).item():
        return texts
    return uncarried(texts).with_columns(text.str.replace(_HEADER, "${begins}"))


def without_structure(texts: pl.DataFrame) -> pl.DataFrame:
    """The same table with its column `text` without the pairs that a header of RFC 5424 may hold; the header stays."""
    text = pl.col("text")
    if not texts.select(text.str.contains(_MAY_HAVE_STRUCTURE).any()).item():
        return texts
    return uncarried(texts).with_columns(text.str.replace(_STRUCTURE, "${1}- "))


def with_tabs(texts: pl.DataFrame) -> pl.DataFrame:
    """The same table, with tabs in those lines that have none and hold what rsyslog writes for them."""
    text = pl.col("text")
    relayed = text.str.contains(_NO_TAB, literal=True) & ~text.str.contains("\t", literal=True)
    if not texts.select(relayed.any()).item():
        return texts
    tabs = text.str.replace_all(_NO_TAB, "\t", literal=True)
    return texts.with_columns(pl.when(relayed).then(tabs).otherwise(text).alias("text"))


def bare(lines: Sequence[str]) -> list[str]:
    """Lines without syslog headers, for `Format.claims`."""
    return [_PATTERN.sub(lambda header: header["begins"] or "", line, count=1) for line in uncarried_lines(lines)]


def unstructured(lines: Sequence[str]) -> list[str]:
    """Lines with headers of RFC 5424 as `without_structure` leaves them, for `Format.claims`."""
    return [_STRUCTURE_PATTERN.sub(r"\1- ", line, count=1) for line in uncarried_lines(lines)]


def bare_with_tabs(lines: Sequence[str]) -> list[str]:
    """Lines without syslog headers and with their tabs, for `Format.claims`."""
    return [line if "\t" in line else line.replace(_NO_TAB, "\t") for line in bare(lines)]
