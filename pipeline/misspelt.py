"""Words as they are misspelt in haste, or on purpose.

In: words. Out: each of their misspellings with the word that is meant: two letters that change places, a vowel left out
or all of them, a letter doubled. Left out are misspellings that are words themselves (`ordinary`), or of two words at
once. Refuses nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from typing import Final

#: Shorter words have too many neighbours; a letter doubled is told in words that are shorter by one.
_SHORTEST: Final = 5
_FEWEST: Final = 4
_VOWELS: Final = frozenset("aeiou")


@cache
def ordinary() -> frozenset[str]:
    """Words that are spelt as they should be, however near they are to one of ours."""
    return _listed("ordinary_words.txt")


@cache
def everyday() -> frozenset[str]:
    """Words that are to be met anywhere."""
    return _listed("everyday_words.txt")


def _listed(name: str) -> frozenset[str]:
    listed = (files("pipeline") / name).read_text("utf-8")
    return frozenset(word for line in listed.splitlines() if not line.startswith("#") for word in line.split())


def misspellings(words: Iterable[str], others: frozenset[str] = frozenset()) -> dict[str, str]:
    """Misspelt words and what each means; `others` are words as well, whose misspellings nobody knows."""
    known = frozenset(words)
    kept = known | others | ordinary()
    found: dict[str, str] = {}
    unclear: set[str] = set()
    for word in sorted(known):
        for wrong in variants(word):
            if found.setdefault(wrong, word) != word:
                unclear.add(wrong)
    return {wrong: word for wrong, word in found.items() if wrong not in kept and wrong not in unclear}


def variants(word: str) -> Iterator[str]:
    """The misspellings of one word."""
    if len(word) < _FEWEST or not (word.isascii() and word.isalpha()):
        return
    for at, letter in enumerate(word):
        yield word[:at] + letter + word[at:]
    if len(word) < _SHORTEST:
        return
    for at in range(len(word) - 1):
        yield word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    for at, letter in enumerate(word):
        if letter in _VOWELS and at:
            yield word[:at] + word[at + 1 :]
    consonants = word[0] + "".join(letter for letter in word[1:] if letter not in _VOWELS)
    if len(consonants) >= _SHORTEST:
        yield consonants
