"""Host names and addresses as lists write them.

In: a piece of text. Out: the name as it is compared, in small letters and ASCII, or nothing: this is no host name.
Refuses nothing.
"""

from __future__ import annotations

import ipaddress
import re

NO_HOST = "this is no host name"
_LABEL = "[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"(?:{_LABEL}\.)*{_LABEL}")
_LONGEST = 253
#: Letters that two editions of the standard for international names write differently: which site is meant is open.
_OPEN = re.compile("[ßς\u200c\u200d]")
_COMMON = re.compile(r"(?:www|web|ftp)[0-9]*\.(?=.+\.)")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_PORT = re.compile(r":[0-9]*$")


def host(text: str) -> str | None:
    """A host name in small letters and its xn-- form, without the dots at its ends."""
    name = text.strip().strip(".").lower()
    if not name.isascii():
        name = _in_ascii(name)
    good = len(name) <= _LONGEST and _NAME.fullmatch(name) is not None
    # What ends in a number is an address, or none.
    return name if good and not name.rpartition(".")[2].isdigit() else None


def _in_ascii(name: str) -> str:
    if _OPEN.search(name):
        return ""
    try:
        return name.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return ""


def address(text: str) -> str | None:
    """An IP address as it is written in logs."""
    bare = text.strip().removeprefix("[").removesuffix("]")
    try:
        return str(ipaddress.ip_address(bare))
    except ValueError:
        return None


def is_range(text: str) -> bool:
    """Is this a range of addresses, as in `192.0.2.0/24`?"""
    try:
        ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        return False
    return True


def is_nowhere(text: str) -> bool:
    """Does a name that gets this address lead nowhere, as in a list of blocked names?"""
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return False
    return found.is_unspecified or found.is_loopback


def without_common(name: str) -> str:
    """A host name without the `www.`, `web2.` or `ftp.` in front of it."""
    return _COMMON.sub("", name, count=1)


def url(text: str) -> tuple[str, str, bool] | None:
    """Host (without `www.`), path (as written, `/` at least) of an address with or without a scheme, and had it one?

    User and port are taken off.
    """
    bare = _SCHEME.sub("", text.strip(), count=1)
    place, slash, path = bare.partition("/")
    place = _PORT.sub("", place.rpartition("@")[2])
    name = host(place) or address(place)
    if name is None or ("." not in name and ":" not in name):
        return None
    return without_common(name), slash + path if slash else "/", bare != text.strip()
