"""Words as they are misspelt in haste, or on purpose, or written short.

In: words. Out: each of their misspellings with the word that is meant: two letters that change places, a vowel left out
or all of them, another vowel in the place of one, a letter doubled or one of two left out, `in` for `ing`, `z` for the
`s` at the end; and how chats write the commonest words (`shorthand.toml`). Left out are misspellings that are words
themselves (`ordinary`), or of two words at once. Refuses nothing.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Final

#: Shorter words have too many neighbours; a letter doubled is told in words that are shorter by one.
_SHORTEST: Final = 5
_FEWEST: Final = 4
#: So many letters tell a word whichever vowel stands in it.
_LONG: Final = 7
_VOWELS: Final = "aeiou"


@cache
def ordinary() -> frozenset[str]:
    """Words that are spelt as they should be, however near they are to one of ours."""
    return _listed("ordinary_words.txt")


@cache
def everyday() -> frozenset[str]:
    """Words that are to be met anywhere."""
    return _listed("everyday_words.txt")


def _listed(name: str) -> frozenset[str]:
    listed = (files("pipeline.spelling") / name).read_text("utf-8")
    return frozenset(word for line in listed.splitlines() if not line.startswith("#") for word in line.split())


@cache
def shorthand() -> Mapping[str, str]:
    """Words as chats write them, and what each means."""
    return _written_short("alone")


@cache
def shorthand_beside() -> Mapping[str, str]:
    """The same for those that mean something else, unless they stand beside such a word or a misspelt one."""
    return _written_short("beside")


def _written_short(table: str) -> dict[str, str]:
    told = tomllib.loads((files("pipeline.spelling") / "shorthand.toml").read_text("utf-8"))[table]
    return {short: meant for meant, written in told.items() for short in written.split()}


def misspellings(words: Iterable[str], others: frozenset[str] = frozenset()) -> dict[str, str]:
    """Misspelt words and what each means; `others` are words as well, whose misspellings nobody knows."""
    known = frozenset(words)
    kept = known | others | ordinary()
    clear = dict[str, str]()
    # What may be the slip of a finger in one word is not taken for another vowel in the next.
    for ways in (slips, other_vowels):
        clear = _meant(known, ways, kept) | clear
    # A rule that knows a word as chats write it knows it as it is spelt; most rules know only that.
    return clear | {short: word for short, word in shorthand().items() if word in known and short not in others}


def _meant(known: frozenset[str], ways: Callable[[str], Iterator[str]], kept: frozenset[str]) -> dict[str, str]:
    """What is misspelt in some ways, and is no word by itself, nor one of two."""
    found: dict[str, str] = {}
    unclear: set[str] = set()
    for word in sorted(known):
        for wrong in ways(word):
            if found.setdefault(wrong, word) != word:
                unclear.add(wrong)
    return {wrong: word for wrong, word in found.items() if wrong not in kept and wrong not in unclear}


def variants(word: str) -> Iterator[str]:
    """The misspellings of one word."""
    yield from slips(word)
    yield from other_vowels(word)


def slips(word: str) -> Iterator[str]:
    """What a hasty hand makes of a word, or one that hides it."""
    if len(word) < _FEWEST or not (word.isascii() and word.isalpha()):
        return
    for at, letter in enumerate(word):
        yield word[:at] + letter + word[at:]
    if word.endswith("s"):
        yield word[:-1] + "z"
    if len(word) < _SHORTEST:
        return
    if word.endswith("ing"):
        yield word[:-1]
    for at in range(len(word) - 1):
        yield word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    for at, letter in enumerate(word):
        if at and (letter in _VOWELS or letter == word[at - 1]):
            yield word[:at] + word[at + 1 :]
    consonants = word[0] + "".join(letter for letter in word[1:] if letter not in _VOWELS)
    if len(consonants) >= _SHORTEST:
        yield consonants


def other_vowels(word: str) -> Iterator[str]:
    """A long word as it is heard: with another vowel in the place of one."""
    if len(word) < _LONG or not (word.isascii() and word.isalpha()):
        return
    for at, letter in enumerate(word):
        if letter in _VOWELS:
            yield from (word[:at] + other + word[at + 1 :] for other in _VOWELS if other != letter)
