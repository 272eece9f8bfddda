"""What names somebody else, taken out of texts about one person.

In: the people file, who works with the casebook, who else is part of the person's cases, the person's own accounts and
names. Out: two masks: one for what the person typed and opened, one for what others have written about them, which is
stricter: there every single part of a name counts, if it is written with a capital. Both know whole words only: what a
text says in other words, a person has to find.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import polars as pl

from reports.digest.masks import ACCOUNT_WITHHELD
from reports.digest.names import NAME_WITHHELD, school_names, without_names_in

ADDRESS_WITHHELD: Final = "[address withheld]"
_WORD: Final = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_MAILBOX: Final = re.compile(r"[\w.+'-]+(?=(?:@|%40)\w)")
_ADDRESS: Final = re.compile(
    r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.])|(?<![\w:])(?:[0-9a-f]{0,4}:){3,7}[0-9a-f]{0,4}(?!\w)", re.IGNORECASE
)
#: Shorter parts of a name are initials and `de`.
_SHORTEST: Final = 3

Mask = Callable[[str], str]


@dataclass(frozen=True)
class Masks:
    """`typed` for what the person did, `written` for what others wrote."""

    typed: Mask
    written: Mask


def masks(people: pl.DataFrame, others: Iterable[tuple[str, str]], accounts: frozenset[str]) -> Masks:
    """`people` has username, display_name and role; `others` are (account, name) of further people."""
    own = people.filter(pl.col("username").is_in(sorted(accounts)))
    more = [(account, name, "staff") for account, name in others if account not in accounts]
    known = people.filter(~pl.col("username").is_in(sorted(accounts))).select("username", "display_name", "role")
    rest = pl.concat([known, pl.DataFrame(more, schema=known.schema, orient="row")])
    names = school_names(rest)
    parts = _parts(rest) - _parts(own)
    exact = _exact(rest, accounts)

    def typed(text: str) -> str:
        return without_names_in(text, names)

    def written(text: str) -> str:
        text = _MAILBOX.sub(lambda found: found[0] if found[0].lower() in accounts else ACCOUNT_WITHHELD, typed(text))
        text = _ADDRESS.sub(ADDRESS_WITHHELD, exact.sub(ACCOUNT_WITHHELD, text))
        return _WORD.sub(lambda found: NAME_WITHHELD if _is_name(found[0], parts) else found[0], text)

    return Masks(typed, written)


def _parts(people: pl.DataFrame) -> frozenset[str]:
    """The single parts of names, in small letters."""
    found = (part for name in people["display_name"].drop_nulls() for part in _WORD.findall(name))
    return frozenset(part.lower() for part in found if len(part) >= _SHORTEST)


def _is_name(word: str, parts: frozenset[str]) -> bool:
    bare = re.sub(r"['’]s$", "", word)
    return bare[:1].isupper() and bare.lower() in parts


def _exact(people: pl.DataFrame, accounts: frozenset[str]) -> re.Pattern[str]:
    """Every account of somebody else as a whole word; the longest first, so that no part of one is left."""
    found = {each.lower() for each in people["username"].drop_nulls() if len(each) >= _SHORTEST} - accounts
    words = "|".join(re.escape(each) for each in sorted(found, key=lambda each: (-len(each), each)))
    return re.compile(rf"(?<![\w.])(?:{words or '(?!)'})(?![\w]|\.\w)", re.IGNORECASE)
