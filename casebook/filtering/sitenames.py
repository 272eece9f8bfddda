"""The site that a person means, as the logs name it.

In: what somebody wrote: a host, a domain, an address copied out of a browser. Out: the host in small letters, as a name
server is asked for it. Refuses what is no host, and a name under which strangers register theirs (`co.uk`): a request
for that would explain half the internet.
"""

from __future__ import annotations

import re
from typing import Final

import polars as pl

from casebook.kinds import CasebookError
from pipeline.text import hosts_of, public_suffix, registered_name
from pipeline.urls.hostnames import ascii_form

_SCHEME: Final = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*://")
_HOST: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,62}[a-z0-9])?(\.[a-z0-9_]([a-z0-9_-]{0,62}[a-z0-9])?)*")
_IP6: Final = re.compile(r"[0-9a-f:.]*:[0-9a-f:.]*")
_LONGEST: Final = 253


def site_named(written: str) -> str:
    """The host in what was written; path, user and port are left out. Raises `CasebookError`."""
    bare = re.split(r"[/?#]", _SCHEME.sub("", written.strip()), maxsplit=1)[0].removeprefix("*.")
    found = hosts_of(pl.Series([bare.removeprefix(".")], dtype=pl.String)).item()
    host = ascii_form(found or "")
    if len(host) > _LONGEST or not (_HOST.fullmatch(host) or _IP6.fullmatch(host)):
        raise CasebookError("this is no site.", remedy="Write a host or a domain, such as games.example.org.")
    return host


def refuse_suffix(host: str) -> None:
    """Raise `CasebookError` for a name that is no site of its own, together with all that lies below it."""
    if ":" not in host and not registered_name(host) and public_suffix(host) == host:
        remedy = "Write the site itself, such as example.co.uk, or add --exact for this one host."
        raise CasebookError(f"all of {host} is not one site.", remedy=remedy)


def covers(host: str, other: str, *, below: bool) -> bool:
    """Whether what was said of a host holds for another one."""
    return other == host or (below and other.endswith(f".{host}"))
