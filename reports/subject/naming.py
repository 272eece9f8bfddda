r"""Whether a text that nobody could read names the person: by an account or by the whole name.

In: the person's accounts and names, those of everybody else; bytes of lines. Out: which lines may name them, and
which do. Refuses nothing. An account is a whole word in any case, behind `DOMAIN\`, before `@domain` or in escapes; one
that is a mere number or two letters is looked for only where a login stands. A name counts if nobody else has it.
What is part of somebody else's longer account or name is theirs.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

import polars as pl

from pipeline.school.accounts import normalise_user
from pipeline.text import unescape_once, without_escapes
from reports.digest.names import SchoolNames, school_names, without_names_in

#: An address may stand in an address, which may stand in an address.
_ROUNDS: Final = 3
#: A shorter account, or a shorter number, stands in half of all lines.
_SHORTEST: Final = 3
_SHORTEST_NUMBER: Final = 6
_ASCII: Final = re.compile("[a-z0-9]+")
#: In hexadecimal digits: the escape of a plain letter or digit, which hardly anybody writes, or that of an escape.
_LETTER_BEHIND: Final = (
    "25(?:333[0-9]|34(?:3[1-9]|[46][1-6])|36|3[57](?:3[0-9]|[46]1)|3235)|(?:5c|2535[46]3)(?:78|753030)3[3-7]"
)

_Name = tuple[str, ...]


@dataclass(frozen=True)
class Naming:
    """How the person is named."""

    whole: re.Pattern[str]
    #: What is a name only where a login stands.
    logins: SchoolNames
    #: Accounts and names of others in which one of theirs is a part.
    longer: SchoolNames
    #: A regular expression that finds in hexadecimal digits whatever may name them.
    stems: str
    #: The whole names that nobody else has, as accounts are written.
    names: frozenset[str]

    def may(self, raw: pl.Expr) -> pl.Expr:
        """Whether bytes may name them: cheap, and never no where `named` says yes."""
        # Bytes that are no text have no letters of which the case could be passed over; their digits have.
        return raw.bin.encode("hex").str.contains(f"{_LETTER_BEHIND}|{self.stems}")

    def named(self, text: str) -> bool:
        """Whether a text names them."""
        found = (each for each in _readings(text) if self.whole.search(each))
        is_whole = any(self.whole.search(without_names_in(each, self.longer)) for each in found)
        return is_whole or (bool(self.logins.as_login) and without_names_in(text, self.logins) != text)


def naming(
    accounts: frozenset[str], own: Collection[str], others: Collection[str], logins: Iterable[str] = ()
) -> Naming:
    """`own` and `others` are display names, `logins` the accounts of others."""
    alone = _spoken(own) - _spoken(others)
    short = frozenset(each for each in accounts if len(each) < _SHORTEST or _is_short_number(each))
    words = [*(re.escape(unicodedata.normalize("NFC", each)) for each in accounts - short), *map(_in_a_row, alone)]
    stems = {_stem(each) for each in accounts} | {max(map(_stem, name), key=len) for name in alone}
    return Naming(
        re.compile(rf"(?<!\w)(?<!\w\.)(?:{'|'.join(sorted(words)) or '(?!)'})(?!\w|\.\w)", re.IGNORECASE),
        SchoolNames(as_login=short), _longer(accounts, alone, others, logins),
        "|".join(sorted(map(_in_hexadecimal, stems))),
        frozenset(map(normalise_user, own)) - frozenset(map(normalise_user, others)),
    )  # fmt: skip


def _longer(
    accounts: frozenset[str], alone: Iterable[_Name], others: Iterable[str], logins: Iterable[str]
) -> SchoolNames:
    lengthy = {name for name in _spoken(others) if any(_is_part(own, name) for own in alone)}
    firsts = {name[0]: tuple(sorted(each for each in lengthy if each[0] == name[0])) for name in lengthy}
    theirs = (unicodedata.normalize("NFC", each.lower()) for each in logins)
    return SchoolNames(
        frozenset(each for each in theirs if each not in accounts and any(own in each for own in accounts)),
        people={first: tuple(sorted(names, key=len, reverse=True)) for first, names in firsts.items()},
    )


def _is_part(short: _Name, name: _Name) -> bool:
    return any(name[at : at + len(short)] == short for at in range(len(name) - len(short) + 1)) and short != name


def _spoken(names: Iterable[str]) -> set[_Name]:
    """The words of each name, in every order in which people write them; one word alone is no name."""
    rows = [(None, name, "") for name in names]
    columns = {"username": pl.String, "display_name": pl.String, "role": pl.String}
    by_first = school_names(pl.DataFrame(rows, schema=columns, orient="row")).people
    return {words for each in by_first.values() for words in each}


def _in_a_row(words: _Name) -> str:
    """A comma and a blank may stand between two of them."""
    return r"[\W_]{1,2}".join(map(re.escape, words))


def _is_short_number(account: str) -> bool:
    return account.isdecimal() and len(account) < _SHORTEST_NUMBER


def _stem(word: str) -> str:
    """The longest run of plain letters and digits; these are the same bytes in every encoding of a log."""
    return max(_ASCII.findall(word.lower()), key=len, default="")


def _in_hexadecimal(stem: str) -> str:
    return "".join(f"(?:{ord(each):02x}|{ord(each.upper()):02x})" for each in stem)


def _readings(text: str) -> set[str]:
    """The text as it stands, with its percent escapes undone, and those of these, and those of other letters."""
    found = [text]
    for _ in range(_ROUNDS):
        found.append(unescape_once(found[-1]))
    return {unicodedata.normalize("NFC", each) for each in (*found, without_escapes(found[-1]))}
