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

from pipeline.text import unescape_once, without_escapes
from reports.digest.masks import ACCOUNT_WITHHELD
from reports.digest.names import NAME_WITHHELD, school_names, without_names_in

ADDRESS_WITHHELD: Final = "[address withheld]"
_WORD: Final = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
#: In an address a name may stand right behind an escape, whose letters are none of its own.
_BEHIND: Final = re.compile(rf"%[0-9A-Fa-f]{{2}}|{_WORD.pattern}")
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
        for words in (_WORD, _BEHIND):
            text = words.sub(lambda found: NAME_WITHHELD if _is_name(found[0], parts) else found[0], text)
        return text

    return Masks(typed, written)


def through_escapes(mask: Mask) -> Mask:
    r"""The same mask, also for names behind the escapes of a log: `J%C3%B6rg`, `J\u00f6rg`, `\nb.sample`.

    For lines as they came. Escapes are undone in a text only if that brings a name to light.
    """

    def masked(text: str) -> str:
        text = undone = mask(text)
        for undo in _UNDOING:
            before, undone = undone, undo(undone)
            if undone != before and (hidden := mask(undone)) != undone:
                text = undone = hidden
        return text

    return masked


def _parted(text: str) -> str:
    """With the escape of a line end or a tab parted from the word behind it."""
    return re.sub(r"(\\[nrt])(?=\w)", r"\1 ", text)


#: An address may stand in an address, which may stand in an address.
_UNDOING: Final = (unescape_once, unescape_once, unescape_once, without_escapes, _parted)


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
    return re.compile(rf"(?:(?<![\w.])|(?<=%[0-9A-Fa-f]{{2}}))(?:{words or '(?!)'})(?![\w]|\.\w)", re.IGNORECASE)
