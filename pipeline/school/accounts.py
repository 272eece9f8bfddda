r"""Account names as logs write them, brought to the one name that the school's people file has.

In: what a log or a people file says, such as `EXAMPLE\A.Example07`, `a.example07@example.org`,
`EXAMPLE%5Ca.example07`. Out: `a.example07`, or nothing where the log says that there is no user.

Limits, on purpose. The domain is cut off, so `STAFF\jo` and `PUPILS\jo` become one name; if both stand in the
people file they are two rows for one user, and nobody is named for it (`roll.load_people`). Letters are only
lower-cased and composed, never replaced: `weiss` and `weiß`, `jo.o` and `jo.ó`, `jo` and `jo.example` stay
different people. A slash parts nothing, because `host/pc-07` is a computer, but in a path into a directory
(`LDAP://…/Example, Ann`), whose end is the name. A name that begins with `@`, or ends with a backslash, has nothing
left to be cut down to and stays whole.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final
from urllib.parse import unquote_to_bytes

import polars as pl

#: What logs write for "no user".
_NOBODY: Final = frozenset({"", "-", "--", "n/a", "(null)"})
#: How a path into a directory begins, as Websense and Forcepoint log it.
_DIRECTORIES: Final = ("ldap://", "winnt://")
_ESCAPE: Final = re.compile(r"%[0-9A-Fa-f]{2}")
#: No directory allows longer names; beyond it escapes are left, so that hostile text costs no time.
_LONGEST: Final = 1024


@lru_cache(maxsize=1 << 16)
def normalise_user(raw: str) -> str:
    """The account name, lower case, without domain; '' where there is none. Applying it again changes nothing."""
    name = raw
    while (reduced := _reduced(name)) != name:
        name = reduced
    return name


def written_name(written: str) -> str:
    """A person as people write them, an account or a name: as `normalise_user`, with single blanks."""
    return " ".join(normalise_user(written).split())


def normalise_users(raw: pl.Series) -> pl.Series:
    """`normalise_user` for a column of strings, worked out once per distinct value; no user becomes null."""
    coded = raw.cast(pl.String).to_arrow(compat_level=pl.CompatLevel.oldest()).dictionary_encode()
    names = pl.Series([normalise_user(each) or None for each in coded.dictionary.to_pylist()], dtype=pl.String)
    return names.gather(pl.Series(coded.indices, dtype=pl.UInt32)).rename(raw.name)


def _reduced(name: str) -> str:
    name = unicodedata.normalize("NFC", unicodedata.normalize("NFC", _unescaped(name)).lower()).strip()
    name = _after_last_backslash(_last_of_path(name))
    before = name.partition("@")[0].strip()
    name = before or name
    return "" if name in _NOBODY else name


def _last_of_path(name: str) -> str:
    r"""What a directory's path ends in: `test, name` of `ldap://server ou=b,dc=example/test\, name`."""
    return name.rpartition("/")[2].replace("\\,", ",").strip() or name if name.startswith(_DIRECTORIES) else name


def _after_last_backslash(name: str) -> str:
    account = name.rpartition("\\")[2].strip()
    return account or name


def _unescaped(name: str) -> str:
    """Percent escapes decoded where all of them are real: what results is text that can be printed."""
    if len(name) > _LONGEST or not _ESCAPE.search(name):
        return name
    try:
        decoded = unquote_to_bytes(name).decode("utf-8")
    except UnicodeError:
        return name
    return decoded if decoded.isprintable() else name
