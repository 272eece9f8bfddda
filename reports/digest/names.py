r"""The accounts and names of the school's people file, taken out of a draft that names nobody.

In: the people file, and a row of `schema.DRAFTS`. Out: the row with every account and display name that stands as a
whole word in its hits, lines, neighbouring events and sentences withheld; percent escapes, capitals, `DOMAIN\user` and
`user@domain` make no difference. It refuses nothing; the evidence in the store stays as it is.

An account may also be a word: a school with an account `english` or `brown` would have pages full of blanks. So an
account is found anywhere only if it can hardly be a word: it has a digit, a full stop or an underscore, or is letters
around a part of its owner's name, as `jsmith` is. Every other one is withheld only where a login stands: beside a
backslash or an @, or after words such as `user=` and `/users/`. A name needs two parts.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote_to_bytes

from reports.digest.masks import ACCOUNT_WITHHELD

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import polars as pl

NAME_WITHHELD: Final = "[name withheld]"
#: A word is letters and digits, with the accents that follow their letter.
_WORD: Final = re.compile(r"(?:[^\W_][\u0300-\u036f]*)+")
_ESCAPES: Final = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
#: An address may stand in an address, which may stand in an address.
_ROUNDS: Final = 3
#: So many words may make up an account: `j.van-der.berg`.
_MOST_WORDS: Final = 5
_LOGIN_BEFORE: Final = re.compile(
    r"(?:\\|~|@|\b(?:user|users|username|user_?id|login|logon|account|uid|owner|member|members|profile|profiles|people"
    r"|home|staff|pupils?|students?|mailto)(?:=|:|/|: )\"?)$",
    re.IGNORECASE,
)
_LONGEST_BEFORE: Final = 16
_MAILBOX_AFTER: Final = re.compile(r"@\w")
#: Shorter ones are found where a login stands: `a1`, and years and other short numbers.
_SHORTEST: Final = 4
_SHORTEST_NUMBER: Final = 6


@dataclass(frozen=True)
class SchoolNames:
    """What must not be shown, folded as `_folded` does."""

    anywhere: frozenset[str] = frozenset()
    as_login: frozenset[str] = frozenset()
    #: First word -> the names that begin with it, word by word, the longest first.
    people: Mapping[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)


def school_names(people: pl.DataFrame) -> SchoolNames:
    """`people` has username, display_name and role; the login of a class is nobody's name."""
    anywhere, as_login, names = set[str](), set[str](), set[tuple[str, ...]]()
    for account, name, role in people.select("username", "display_name", "role").unique().iter_rows():
        if role == "class":
            continue
        words = tuple(_folded(word) for word in _WORD.findall(name or ""))
        if account:
            (anywhere if _is_no_word(_folded(account), words) else as_login).add(_folded(account))
        if len(words) > 1:
            names |= {words, (*words[-1:], *words[:-1]), (words[0], words[-1]), (words[-1], words[0])}
    firsts: dict[str, tuple[tuple[str, ...], ...]] = {}
    for words in sorted(names, key=lambda each: (-len(each), each)):
        firsts[words[0]] = (*firsts.get(words[0], ()), words)
    return SchoolNames(frozenset(anywhere), frozenset(as_login - anywhere), firsts)


def _is_no_word(account: str, owner: tuple[str, ...]) -> bool:
    if account.isdecimal():
        return len(account) >= _SHORTEST_NUMBER
    if len(account) < _SHORTEST:
        return False
    has_mark = any(each.isdecimal() or each in "._" for each in account)
    return has_mark or any(len(word) > 2 and word in account and word != account for word in owner)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text.lower())


def without_names(row: Mapping[str, Any], names: SchoolNames) -> dict[str, Any]:
    """The draft as it may be shown where it names nobody; its own subject stays."""
    hits = [_without_names_in_hit(hit, names) for hit in row["hits"] or []]
    around = [each | {"what": without_names_in(each["what"] or "", names)} for each in row["around"] or []]
    said = {
        name: [without_names_in(each, names) for each in row[name]] if row[name] else row[name]
        for name in ("reasons", "facts")
    }
    return {**row, **said, "hits": hits, "around": around}


def _without_names_in_hit(hit: dict[str, Any], names: SchoolNames) -> dict[str, Any]:
    text, found = hit["text"] or "", list(_found(hit["text"] or "", names))
    # Bytes that are no UTF-8 come back as they were.
    raw = (hit["raw"] or b"").decode("utf-8", "surrogateescape")
    return hit | {
        "text": _replaced(text, found),
        "start": _moved(hit["start"], found, at_end=False),
        "end": _moved(hit["end"], found, at_end=True),
        "host": without_names_in(hit["host"] or "", names),
        "raw": without_names_in(raw, names).encode("utf-8", "surrogateescape"),
    }


def without_names_in(text: str, names: SchoolNames) -> str:
    """A text with what must not be shown replaced."""
    return _replaced(text, list(_found(text, names)))


_Found = tuple[int, int, str]


def _replaced(text: str, found: list[_Found]) -> str:
    pieces, at = [], 0
    for start, end, instead in found:
        pieces += [text[at:start], instead]
        at = end
    return "".join([*pieces, text[at:]])


def _moved(place: int | None, found: list[_Found], *, at_end: bool) -> int | None:
    """Where a place of the text lies after the replacements; one within a replaced word goes to its edge."""
    if place is None:
        return None
    moved = place
    for start, end, instead in found:
        if place >= end:
            moved += len(instead) - (end - start)
        elif place > start:
            moved += start - place + (len(instead) if at_end else 0)
    return moved


def _found(text: str, names: SchoolNames) -> Iterator[_Found]:
    """What must not be shown, from left to right: where it begins and ends in the text, and what to put there."""
    plain, places = _unescaped(text)
    words = [(word.start(), word.end(), _folded(word[0])) for word in _WORD.finditer(plain)]
    at = 0
    while at < len(words):
        taken, instead = _account_at(plain, words, at, names), ACCOUNT_WITHHELD
        if not taken:
            taken, instead = _name_at(words, at, names), NAME_WITHHELD
        if taken:
            yield places[words[at][0]], places[words[at + taken - 1][1]], instead
        at += taken or 1


_Words = list[tuple[int, int, str]]


def _account_at(plain: str, words: _Words, at: int, names: SchoolNames) -> int:
    """How many words from here on are an account; the most that are."""
    start = words[at][0]
    for taken in range(min(_MOST_WORDS, len(words) - at), 0, -1):
        end = words[at + taken - 1][1]
        account = _folded(plain[start:end])
        if account in names.anywhere or (account in names.as_login and _is_login(plain, start, end)):
            return taken
    return 0


def _is_login(plain: str, start: int, end: int) -> bool:
    before = plain[max(start - _LONGEST_BEFORE, 0) : start]
    return _LOGIN_BEFORE.search(before) is not None or _MAILBOX_AFTER.match(plain, end) is not None


def _name_at(words: _Words, at: int, names: SchoolNames) -> int:
    """How many words from here on are a name; signs such as `, ` or `+` may part them."""
    for name in names.people.get(words[at][2], ()):
        ahead = words[at : at + len(name)]
        near = all(0 < after[0] - before[1] <= 2 for before, after in pairwise(ahead))
        if near and tuple(word for _, _, word in ahead) == name:
            return len(name)
    return 0


def _unescaped(text: str) -> tuple[str, list[int]]:
    """The text with percent escapes read, and for each of its characters and its end where that lies in `text`."""
    places = list(range(len(text) + 1))
    for _ in range(_ROUNDS):
        before = text
        text, places = _once_unescaped(text, places)
        if text == before:
            break
    return text, places


def _once_unescaped(text: str, places: list[int]) -> tuple[str, list[int]]:
    pieces, kept, at = [], list[int](), 0
    for run in _ESCAPES.finditer(text):
        # A byte that is no UTF-8 becomes a lone surrogate, which is part of no word.
        read = unquote_to_bytes(run[0]).decode("utf-8", "surrogateescape")
        pieces += [text[at : run.start()], read]
        kept += places[at : run.start()]
        at = run.start()
        for character in read:
            kept.append(places[at])
            at += 3 * len(character.encode("utf-8", "surrogateescape"))
    return "".join([*pieces, text[at:]]), [*kept, *places[at:]]
