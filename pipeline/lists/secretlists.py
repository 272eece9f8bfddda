"""Lists whose addresses nobody may know: licensed lists of illegal content, as hashes.

In: a file of hashes, a key, distinct URLs and hosts. Out: which of them are on the list, and nothing of what is.
Refuses a list or a key that cannot be read or holds nothing: a list that silently finds nothing is worse than none. A
line that is no hash is told and left out.

What is hashed is the UTF-8 of one of these forms (the model is that of Safe Browsing's expressions, RFC 3986 §6.2 says
what makes two URLs one):

| form | of `https://u@WWW.Example.org.:443/a/b.html?q=%7e#top` |
|---|---|
| the host, and each name above it down to the one that was registered | `www.example.org`, `example.org` |
| host, path and query; host and path | `www.example.org/a/b.html?q=~`; the same without `?q=~` |
| host and each folder of the path | `www.example.org/a/`, `www.example.org/` |
| the last two again without a leading `www.` | `example.org/a/b.html` and so on |

Hosts are in small letters and in ASCII (`xn--`), without a port and a final dot; paths keep their letters, without `.`
and `..`; escapes of letters, digits and `-._~` are undone, others are in capitals. An empty path is `/`.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import posixpath
import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal

import polars as pl

from pipeline.errors import WatchlistError
from pipeline.text import registered_name, url_parts
from pipeline.urls.hostnames import ascii_form

Kind = Literal["sha256", "hmac-sha256"]
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_ESCAPE: Final = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED: Final = re.compile(r"[A-Za-z0-9._~-]")
#: A key of fewer bytes is no secret.
_SHORTEST_KEY: Final = 16
_MOST_FOLDERS: Final = 8


@dataclass(frozen=True)
class SecretFile:
    """One list, as the school names it."""

    id: str
    category: str
    path: Path
    kind: Kind
    key_file: Path | None
    weight: float


@dataclass(frozen=True)
class SecretList:
    """Its hashes, ready to be looked up."""

    digests: frozenset[bytes]
    digest_of: Callable[[str], bytes]
    #: Of the file, so that a hit says which list it was.
    sha256: str
    doubts: tuple[str, ...]


def ready(file: SecretFile) -> SecretList:
    """Read a list and its key. Raises `WatchlistError` if either cannot be used."""
    lines = _text(file.path).splitlines()
    entries = [(number, line.strip().lower()) for number, line in enumerate(lines, 1)]
    wanted = [(number, line) for number, line in entries if line and not line.startswith("#")]
    bad = [number for number, line in wanted if not _DIGEST.fullmatch(line)]
    digests = frozenset(bytes.fromhex(line) for _, line in wanted if _DIGEST.fullmatch(line))
    if not digests:
        remedy = "It holds one SHA-256 a line, 64 hexadecimal digits; ask whoever gave you the list."
        raise WatchlistError("there is no hash in it.", path=file.path, remedy=remedy)
    doubts = [f"{file.path}: {_told(bad)} no hash and left out."] if bad else []
    key, doubt = _key(file)
    return SecretList(
        digests, _digesting(key), hashlib.sha256(file.path.read_bytes()).hexdigest(), (*doubts, *doubt)
    )  # fmt: skip


def _told(lines: list[int]) -> str:
    shown = ", ".join(map(str, lines[:5])) + (" and others" if len(lines) > 5 else "")
    return f"{len(lines)} line is (line {shown})" if len(lines) == 1 else f"{len(lines)} lines are (lines {shown})"


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        raise WatchlistError(f"cannot be read ({why}).", path=path, remedy="Nothing is run without it.") from error


def _key(file: SecretFile) -> tuple[bytes | None, tuple[str, ...]]:
    """The key of a list that has one, and what is doubtful about its file."""
    if file.key_file is None:
        return None, ()
    try:
        key = bytes.fromhex("".join(_text(file.key_file).split()))
    except ValueError as error:
        raise WatchlistError("is no key.", path=file.key_file, remedy="Write it as hexadecimal digits.") from error
    if len(key) < _SHORTEST_KEY:
        remedy = "Ask whoever gave you the list for its key, in hexadecimal digits."
        raise WatchlistError(f"the key has fewer than {_SHORTEST_KEY} bytes.", path=file.key_file, remedy=remedy)
    is_open = bool(stat.S_IMODE(file.key_file.stat().st_mode) & (stat.S_IRGRP | stat.S_IROTH))
    return key, (f"{file.key_file}: others may read this key; chmod 600.",) if is_open and os.name == "posix" else ()


def _digesting(key: bytes | None) -> Callable[[str], bytes]:
    if key is None:
        return lambda form: hashlib.sha256(form.encode()).digest()
    started = hmac.new(key, digestmod="sha256")

    def digest(form: str) -> bytes:
        # A copy has the key worked in already.
        mac = started.copy()
        mac.update(form.encode())
        return mac.digest()

    return digest


# ---------------------------------------------------------------- forms


@lru_cache(maxsize=1 << 16)
def host_forms(host: str) -> tuple[str, ...]:
    """The host and the names above it, down to the one that somebody registered."""
    name = ascii_form(host).strip(".")
    registered = registered_name(name) or name
    labels = name.split(".")
    above = (".".join(labels[at:]) for at in range(len(labels)))
    return tuple(each for each in above if each == registered or each.endswith(f".{registered}"))


def url_forms(host: str, path: str, query: str | None) -> Iterator[str]:
    """The forms of an address below its host."""
    name = ascii_form(host).strip(".")
    plain = _path(path)
    folders = [plain[: at + 1] for at, letter in enumerate(plain) if letter == "/"][:_MOST_FOLDERS]
    for each in dict.fromkeys((name, name.removeprefix("www."))):
        if query is not None:
            yield f"{each}{plain}?{_escaped(query)}"
        yield each + plain
        yield from (each + folder for folder in folders if folder != plain)


def _path(path: str) -> str:
    plain = _escaped(path) or "/"
    if "/." not in plain and "//" not in plain:
        return plain
    return "/" + posixpath.normpath(plain).lstrip("/") + ("/" if plain.endswith(("/", "/.", "/..")) else "")


def _escaped(text: str) -> str:
    if "%" not in text:
        return text
    return _ESCAPE.sub(_one_escape, text)


def _one_escape(found: re.Match[str]) -> str:
    letter = chr(int(found[1], 16))
    return letter if _UNRESERVED.fullmatch(letter) else found[0].upper()


# ---------------------------------------------------------------- looking up


def listed_hosts(hosts: pl.Series, secret: SecretList) -> pl.Series:
    """Those of some distinct hosts that are on the list, or lie below a name that is."""
    on_list = [any(secret.digest_of(form) in secret.digests for form in host_forms(host)) for host in hosts]
    return hosts.filter(pl.Series(on_list, dtype=pl.Boolean))


def listed_urls(urls: pl.Series, secret: SecretList) -> pl.Series:
    """Those of some distinct URLs that are on the list, or lie below what is."""
    parts = url_parts(urls).drop_nulls("host")
    hosts = listed_hosts(parts["host"].unique(), secret)
    below = parts.filter(pl.col("host").is_in(hosts.implode()))["url"]
    others = parts.filter(~pl.col("host").is_in(hosts.implode())).drop_nulls("path")

    @lru_cache(maxsize=1 << 18)
    def is_listed(form: str) -> bool:
        # Pages of one site share their folders.
        return secret.digest_of(form) in secret.digests

    # URL by URL, because hashes are worked out one by one; a school without such a list does not come here.
    found = [
        url
        for url, host, path, query in others.select("url", "host", "path", "query").iter_rows()
        if any(map(is_listed, url_forms(host, path, query)))
    ]
    return pl.concat([below, pl.Series("url", found, dtype=pl.String)])
