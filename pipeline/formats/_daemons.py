r"""What stands before a record that a daemon has written through syslog, or in its manner into a file of its own.

In: lines such as `Mar 15 16:07:32 dnsmasq[812]: ...`, `<30>Mar 15 16:07:32 host dnsmasq: ...`, with the stamps of
rsyslog and journalctl (`2026-03-15T16:07:32.123456+00:00 host dnsmasq[812]: ...`), of OpenWrt (`Thu Mar 15 16:07:32
2026 daemon.info dnsmasq[812]: ...`), of RFC 5424 (`<30>1 2026-03-15T16:07:32Z host dnsmasq 812 - - ...`), and any of
these inside the header of a collector. Out: patterns for them. `_syslog` takes headers off; here the time stands
nowhere else, so that it is needed. Refuses nothing.
"""

from __future__ import annotations

from typing import Final

_BSD: Final = (
    r"(?:[A-Z][a-z]{2} )?[A-Z][a-z]{2} [ 0-9]?[0-9] (?:[0-9]{4} )?[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?"
    r"(?: [0-9]{4})?"
)
_ISO: Final = (
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]{1,9})?(?:Z|[+-][0-9]{2}:?[0-9]{2})?"
)
STAMP: Final = rf"(?:{_BSD}|{_ISO})"
_BEFORE: Final = rf"^(?:[0-9]{{1,7}} )?(?:<[0-9]{{1,3}}>(?:1 )?)?(?:{STAMP} [^ ]+ [^ ]+ )?"
_MODERN: Final = r"[^ ]+ [^ ]+ (?:-|\[[^\]]*\])"

#: A line of syslog, of whatever program.
OF_SYSLOG: Final = rf"{_BEFORE}{STAMP} (?:[^ ]+ )?[A-Za-z_][A-Za-z0-9_./()-]*(?:\[[0-9]{{1,10}}\]: |: | {_MODERN} )"


def headed(programs: str) -> str:
    """The pattern of a header before a record of one of these programs; groups `stamp`, `host` and `process`."""
    process = rf"(?P<process>\[[0-9]{{1,10}}\]: |: | {_MODERN} )"
    return rf"{_BEFORE}(?P<stamp>{STAMP}) (?:(?P<host>[^ ]+) )?(?:{programs}){process}"
