"""First names, as pupils call each other: what is said of somebody by name, a rule says of him or of her.

In: the words of folded texts. Out: the same words as they would be if nobody had been named, in each of `READINGS`.
Refuses nothing. The names are those of `first_names.txt`; of which family somebody is must not decide what is found.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

from pipeline.spelling.misspelt import everyday, ordinary

#: An apostrophe is a blank where a text is folded.
OWNED: Final = "s"


class Reading(NamedTuple):
    """What may stand in the place of a name."""

    #: For `jayden`.
    name: str
    #: For `jaydens`, which is how most write it.
    own: str
    #: For `jayden's`.
    apart: str


#: As somebody to whom it is done, as somebody who does it, and as the one first name that every rule lists which lists
#: any: a name that it does not list counts as much.
READINGS: Final = (
    Reading("him", "his", "his"),
    Reading("he", "hes", "he s"),
    Reading("liam", "liams", "liam s"),
)
#: Every word of them.
WORDS_READ: Final = frozenset(word for reading in READINGS for each in reading for word in each.split())
#: Names with an `s` that are something else.
_OTHER_WORDS: Final = frozenset({"abbies", "abus", "alias", "carries", "emans", "jordans", "livs", "poppies"})
#: Words and phrases of whoever has to do with the one who is named: others are searched for as well, and are famous.
_OUR_WORDS: Final = frozenset({
    "i", "im", "ive", "my", "me", "we", "our", "u", "ur", "your", "school", "skl", "mate", "mates", "friend", "friends",
    "boyfriend", "girlfriend", "bf", "gf", "account", "password", "login", "insta", "snapchat", "tiktok",
})  # fmt: skip
_OUR_PHRASES: Final = (" how to ", " what to do ", " what happens if ", " who to ")


@cache
def first_names() -> frozenset[str]:
    """All that are known."""
    listed = (files("pipeline.spelling") / "first_names.txt").read_text("utf-8")
    return frozenset(word for line in listed.splitlines() if not line.startswith("#") for word in line.split())


@cache
def owned_names() -> frozenset[str]:
    """The same with an `s` behind them, but for what is another name or word."""
    return frozenset(f"{name}s" for name in first_names()) - first_names() - ordinary() - everyday() - _OTHER_WORDS


def names_any(words: Sequence[str]) -> bool:
    """Whether one of some words is a name."""
    return not (first_names().isdisjoint(words) and owned_names().isdisjoint(words))


def with_owners(words: Sequence[str]) -> list[str]:
    """Words, of which a name and the `s` behind it are one: `jayden s`."""
    found = list[str]()
    for word in words:
        if word == OWNED and found and found[-1] in first_names():
            found[-1] += f" {word}"
        else:
            found.append(word)
    return found


def somebody(word: str) -> int | None:
    """Which part of a `Reading` stands in the place of one of those words; nothing if it is no name."""
    if word in first_names():
        return 0
    if word in owned_names():
        return 1
    return 2 if " " in word else None


def is_one_of_us(folded: str, words: frozenset[str]) -> bool:
    """Whether somebody who is named in a folded text, of these `words`, is somebody whom its writer knows."""
    return not _OUR_WORDS.isdisjoint(words) or any(phrase in folded for phrase in _OUR_PHRASES)
