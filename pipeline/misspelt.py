"""Words as they are misspelt in haste, or on purpose.

In: words. Out: each of their misspellings with the word that is meant: two letters that change places, a vowel left out
or all of them, a letter doubled. Left out are misspellings that are words themselves (`KEPT`), or of two words at once.
Refuses nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from typing import Final

#: Shorter words have too many neighbours.
_SHORTEST: Final = 5
_VOWELS: Final = frozenset("aeiou")


@cache
def ordinary() -> frozenset[str]:
    """Words that are spelt as they should be, however near they are to one of ours."""
    listed = (files("pipeline") / "ordinary_words.txt").read_text("utf-8")
    return frozenset(word for line in listed.splitlines() if not line.startswith("#") for word in line.split())


def misspellings(words: Iterable[str]) -> dict[str, str]:
    """Misspelt words and what each means."""
    known = frozenset(words)
    kept = known | ordinary()
    found: dict[str, str] = {}
    unclear: set[str] = set()
    for word in sorted(known):
        if len(word) >= _SHORTEST and word.isascii() and word.isalpha():
            for wrong in _wrong(word):
                if found.setdefault(wrong, word) != word:
                    unclear.add(wrong)
    return {wrong: word for wrong, word in found.items() if wrong not in kept and wrong not in unclear}


def _wrong(word: str) -> Iterator[str]:
    for at in range(len(word) - 1):
        yield word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    for at, letter in enumerate(word):
        yield word[:at] + letter + word[at:]
        if letter in _VOWELS and at:
            yield word[:at] + word[at + 1 :]
    consonants = word[0] + "".join(letter for letter in word[1:] if letter not in _VOWELS)
    if len(consonants) >= _SHORTEST:
        yield consonants
