r"""What stands before a record that a daemon has written through syslog, or in its manner into a file of its own.

In: lines such as `Mar 15 16:07:32 dnsmasq[812]: ...`, `<30>Mar 15 16:07:32 host dnsmasq: ...`, with the stamps of
rsyslog and journalctl (`2026-03-15T16:07:32.123456+00:00 host dnsmasq[812]: ...`), of OpenWrt (`Thu Mar 15 16:07:32
2026 daemon.info dnsmasq[812]: ...`, from `logread -t` with `[1773590852.101]` behind the year), of RFC 5424 (`<30>1
2026-03-15T16:07:32Z host dnsmasq 812 - - ...`), with the name of the host and its address behind it, and any of these
inside the header of a collector. Out: patterns for them, and what becomes of the lines of other programs. `_syslog`
takes headers off; here the time stands nowhere else, so that it is needed. Refuses nothing.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from pipeline.formats._cells import skips

_BSD: Final = (
    r"(?:[A-Z][a-z]{2} )?[A-Z][a-z]{2} [ 0-9]?[0-9] (?:[0-9]{4} )?[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?"
    r"(?: [0-9]{4})?"
)
_ISO: Final = (
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]{1,9})?(?:Z|[+-][0-9]{2}:?[0-9]{2})?"
)
STAMP: Final = rf"(?:{_BSD}|{_ISO})"
#: What a collector puts before the header.
BEFORE: Final = (
    r"^(?:[0-9]{1,7} )?(?:<[0-9]{1,3}>(?:1 )?)?"
    rf"(?:{STAMP} [0-9]*[^ 0-9][^ ]* (?:[^ ]+ )?(?:<[0-9]{{1,3}}>)?)?"
)
#: What RFC 5424 has between the program and the record.
MODERN: Final = r"[^ ]+ [^ ]+ (?:-|\[[^\]]*\])"

#: The same moment once more, in seconds of the epoch (OpenWrt's `logread -t`).
TWICE: Final = r"(?: \[[0-9]{10}\.[0-9]{3}\])?"

#: The name and the address of a host, as a relay may write both; no program, which has a colon behind it.
SECOND_HOST: Final = r"(?:[A-Za-z0-9][A-Za-z0-9._:-]*[A-Za-z0-9] )?"
#: A line of syslog, of whatever program.
OF_SYSLOG: Final = (
    rf"{BEFORE}{STAMP}{TWICE} (?:[^ ]+ {SECOND_HOST})?[A-Za-z_][A-Za-z0-9_./()-]*(?:\[[0-9]{{1,10}}\]: |: | {MODERN} )"
)


def headed(programs: str) -> str:
    """The pattern of a header before a record of one of these programs; groups `stamp`, `host` and `process`."""
    process = rf"(?P<process>\[[0-9]{{1,10}}\]: |: | {MODERN} )"
    return rf"{BEFORE}(?P<stamp>{STAMP}){TWICE} (?:(?P<host>[^ ]+) {SECOND_HOST})?(?:{programs}){process}"


def of_others(texts: pl.DataFrame, record: str, trades: str = "") -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rejects for the lines that are no record of any program, skips for the others.

    `record` is the pattern of what only the format's own records hold: behind a damaged header they are no other
    program's. `trades` is that of headers of the same product that are known without looking further.
    """
    text = pl.col("text")
    other = text.str.contains(OF_SYSLOG) & ~text.str.contains(record)
    known = other | (text.str.contains(trades) if trades else pl.lit(value=False))
    table = texts.with_columns(known=known)
    detail = pl.lit("does not begin with a time and the name of a program")
    foreign = table.filter(~pl.col("known")).select("line", reason=pl.lit("not-this-format"), detail=detail)
    return foreign, skips(table.filter("known"), "other-record")
