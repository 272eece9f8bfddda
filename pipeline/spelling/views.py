"""One text as somebody else might have written it: letters that only look alike, digits for letters, letters apart,
pictures for words.

In: a text. Out: its views, each folded as `text.fold_one` folds, with the place in the text that each character of it
came from. The first is always the text itself (`words`); a view that would say the same again is left out. Refuses
nothing. How sure a view is, `WEIGHT` says; which texts may have any but the first, `may_hide` says for many at once.
Sources: Unicode TR39, confusables; NFKC and the marks are undone by folding already.
"""

from __future__ import annotations

import html
import re
import string
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from importlib.resources import files
from typing import Final, cast

import numpy as np
import polars as pl

from pipeline.spelling.lookalikes import LOOK_ALIKES, is_all_alike, looks_latin
from pipeline.text import fold_one, folded_one
from pipeline.vocabulary.wordnumbers import FOLDED, Raw, Words, among, cut, translated

#: The view in which whoever is named is he or she.
NAMED: Final = "named"
#: The further a view is from what was written, the less it weighs.
WEIGHT: Final = {
    "words": 1.0, "entities": 0.95, "look-alikes": 0.95, NAMED: 0.95, "digits": 0.9, "apart": 0.9, "emoji": 0.9,
    "repeated": 0.9, "masked": 0.9, "together": 0.85, "misspelt": 0.8,
}  # fmt: skip
#: A letter that is written with a digit or a sign, and the one letter that stands for `i` and `l` alike.
_DIGITS: Final = {
    "0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "8": "b", "9": "g", "@": "a", "$": "s", "!": "i",
    "|": "i", "(": "c", "l": "i", "L": "i",
}  # fmt: skip
_AS_LETTERS: Final = str.maketrans(_DIGITS)
_AS_BYTES: Final = bytes.maketrans("".join(_DIGITS).encode(), "".join(_DIGITS.values()).encode())
#: Signs that end a word oftener than they stand in it.
_ENDING: Final = re.compile(r"[!|(]+(?![A-Za-z0-9@$])")
#: The same of many texts at once.
_MAY_END: Final = b"!|("
_BEGIN_A_WORD: Final = f"{string.ascii_letters}{string.digits}@$".encode()
_AS_FOLDED: Final = _AS_BYTES.translate(FOLDED)
_BLANK: Final = ord(" ")
#: Any digit or sign that may stand for a letter; a word may be written with nothing else.
CHANGEABLE: Final = b"0134578@$!|(9"
CHANGED: Final = f"[{CHANGEABLE.decode()}]"
_ENTITY: Final = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z]{2,8});")
#: Single letters with one and the same sign between them: three of them and more are a word.
_APART: Final = re.compile(r"(?<![^\W_])[^\W\d_]([ ._\-*/\\|,:;~+=])[^\W\d_](?:\1[^\W\d_])+(?![^\W_])")
#: Where there is such a word, two letters with a sign between them are one as well: `w.a.n.t t.o`.
_WITH_PAIRS: Final = re.compile(
    rf"{_APART.pattern}|(?<![^\W_])[^\W\d_][._\-*/\\|,:;~+=][^\W\d_](?![^\W_])",
)
#: A letter three times and more, but for the `www` of a host.
_THRICE: Final = re.compile(r"(?!\b[wW]{3}\b)([^\W\d_])\1{2,}")
#: Of letters apart, these are oftener a word by themselves at the beginning or the end: `i c u t`, `k i l l u`.
_WORDS_ALONE: Final = frozenset("aiuAIU")
#: What may stand behind an emoji: that it is one, and a colour of skin.
_VARIED: Final = "[\ufe0f\U0001f3fb-\U0001f3ff]*"
_MASKED: Final = r"[A-Za-z][*#]{1,4}[A-Za-z]|[A-Za-z]{4}[*#](?:[^A-Za-z*#]|$)"
_TRIPLES: Final = [letter * 3 for letter in "abcdefghijklmnopqrstuvwxyz" if letter != "w"]


_Making = Callable[[re.Match[str]], Iterable[tuple[str, int]]]


#: No emoji is read in more ways.
_MOST_READINGS: Final = 3


@dataclass(frozen=True)
class View:
    """A text in one of its views."""

    name: str
    folded: str
    #: Tells `origin`. Few texts hold anything, and only of those it is asked.
    placed: Callable[[], list[int]]
    #: Whether it has him or her in the place of a name.
    of_somebody: bool = False

    @cached_property
    def origin(self) -> list[int]:
        """Where in the text each character of `folded` came from."""
        return self.placed()


def views_of(text: str) -> Iterator[View]:
    """The text itself, then its other views, one by one."""
    first = as_it_stands(text)
    yield first
    seen = {first.folded}
    for view in _others(text):
        if view.folded not in seen:
            seen.add(view.folded)
            yield view


def as_it_stands(text: str) -> View:
    """The first of its views."""
    return View("words", folded_one(text), lambda: fold_one(text)[1])


def _others(text: str) -> Iterator[View]:
    if "&" in text and _ENTITY.search(text):
        yield _composed("entities", text, _ENTITY, _meant)
    latin = text
    if not text.isascii():
        if _emoji().search(text):
            yield from (_composed("emoji", text, _emoji(), _word_for(reading)) for reading in range(_MOST_READINGS))
        latin = as_latin(text)
        if latin != text:
            yield View("look-alikes", folded_one(latin), lambda: fold_one(latin)[1])
    if _APART.search(latin):
        for make in (_letters, _letters_and_words):
            yield _composed("apart", latin, _WITH_PAIRS, make)
    if _THRICE.search(latin):
        for kept in (1, 2):
            yield _composed("repeated", latin, _THRICE, _fewer(kept))


def view_of(name: str, folded: str, origin: list[int]) -> View:
    """A view of which the places are known already."""
    return View(name, folded, lambda: origin)


def as_letters(text: str) -> str:
    """Digits and signs as the letters that they look like, `l` as `i`; as long as the text."""
    return _ENDING.sub(lambda signs: " " * len(signs[0]), text).translate(_AS_LETTERS)


def letters_of(folded: str) -> str:
    """A folded phrase as `as_letters` would leave it."""
    # Many phrases as one text of ASCII: as bytes it takes a tenth of the time.
    return folded.encode().translate(_AS_BYTES).decode() if folded.isascii() else folded.translate(_AS_LETTERS)


def all_as_letters(texts: Raw) -> Words:
    """The words of texts of ASCII as `as_letters` would have them, but that they are folded."""
    signs = among(texts.data, _MAY_END)
    before_a_letter = np.append(among(texts.data[1:], _BEGIN_A_WORD), False)
    # Nor does one stand before the first letter of the next text.
    ends = texts.bounds[1:] - 1
    before_a_letter[ends[ends >= 0]] = False
    plain = translated(texts.data, _AS_FOLDED).copy()
    plain[signs & ~before_a_letter] = _BLANK
    return cut(plain, texts.bounds)


def in_letters(words: Words) -> Words:
    """Folded words with digits as the letters that they look like."""
    return replace(words, data=translated(words.data, _AS_BYTES))


def may_hide(text: pl.Expr) -> pl.Expr:
    """Whether a text of ASCII may have any view but `words`, `digits`, `together`, `misspelt` and `named`.

    Other texts may have any.
    """
    apart = r"(?:^|[^A-Za-z0-9])[A-Za-z](?:[ ._*/\\|,:;~+=-][A-Za-z]){2,}(?:$|[^A-Za-z0-9])"
    triple = text.str.contains_any(_TRIPLES, ascii_case_insensitive=True)
    entity = text.str.contains("&#", literal=True) | (
        text.str.contains(";", literal=True) & text.str.contains("&", literal=True)
    )
    return triple | entity | text.str.contains(apart) | text.str.contains(_MASKED)


def hides(text: str) -> bool:
    """Whether one text may have any other view than those."""
    return not text.isascii() or bool(pl.select(may_hide(pl.lit(text))).item())


def _composed(name: str, text: str, pattern: re.Pattern[str], make: _Making) -> View:
    """A view of a text with each find replaced. Where its characters came from is worked out when it is asked."""
    made = pattern.sub(lambda found: "".join(character for character, _ in make(found)), text)
    return View(name, folded_one(made), lambda: _places(text, pattern, make))


def _places(text: str, pattern: re.Pattern[str], make: _Making) -> list[int]:
    made, places = _rewritten(text, pattern, make)
    return [places[at] for at in fold_one(made)[1]]


def _rewritten(text: str, pattern: re.Pattern[str], make: _Making) -> tuple[str, list[int]]:
    """The text with each find replaced, and the place of each character in the text as it was."""
    made, places, at = list[str](), list[int](), 0
    for found in pattern.finditer(text):
        made += text[at : found.start()]
        places += range(at, found.start())
        for character, place in make(found):
            made.append(character)
            places.append(found.start() + place)
        at = found.end()
    return "".join(made) + text[at:], [*places, *range(at, len(text) + 1)]


@cache
def _pictured() -> Mapping[str, Sequence[str]]:
    """What each emoji may be read as."""
    told = (files("pipeline.spelling") / "emoji.toml").read_text("utf-8")
    return cast("Mapping[str, Sequence[str]]", tomllib.loads(told))


@cache
def _emoji() -> re.Pattern[str]:
    """One of them, however often it stands there; none that is part of another picture (a brown mushroom)."""
    by_itself = f"{_VARIED}(?![\ufe0f\U0001f3fb-\U0001f3ff\u200d])"
    return re.compile(f"(?<!\u200d)({'|'.join(_pictured())}){by_itself}(?:\\1{by_itself})*")


def _word_for(reading: int) -> _Making:
    """An emoji as a word with a blank around it; in one that has no further reading, the last."""

    def make(found: re.Match[str]) -> Iterable[tuple[str, int]]:
        words = _pictured()[found[1]]
        letters = f" {words[min(reading, len(words) - 1)]} "
        # To its end, the picture is shown as often as it stands there.
        return zip(letters, [0] * (len(letters) - 2) + [len(found[0]) - 1] * 2, strict=True)

    return make


def _meant(found: re.Match[str]) -> Iterable[tuple[str, int]]:
    return ((character, 0) for character in html.unescape(found[0]))


def _fewer(kept: int) -> _Making:
    return lambda found: zip(found[1] * kept, range(kept), strict=True)


def _letters(found: re.Match[str]) -> Iterable[tuple[str, int]]:
    return zip(found[0][::2], range(0, len(found[0]), 2), strict=True)


def _letters_and_words(found: re.Match[str]) -> Iterable[tuple[str, int]]:
    letters = list(_letters(found))
    if len(letters) > 3 and letters[0][0] in _WORDS_ALONE:
        letters.insert(1, (" ", 1))
    if len(letters) > 3 and letters[-1][0] in _WORDS_ALONE:
        letters.insert(-1, (" ", letters[-1][1] - 1))
    return letters


def joined(text: str) -> tuple[str, list[int]]:
    """The text with letters that stand apart as words, and where each of its characters stood."""
    return _rewritten(text, _APART, _letters) if _APART.search(text) else (text, [*range(len(text) + 1)])


def as_latin(text: str) -> str:
    """The text with letters that only look Latin as the ones that they look like; as long as the text."""
    alike, words = is_all_alike(text), re.split(r"(\W+)", text)
    return "".join(word.translate(LOOK_ALIKES) if looks_latin(word, all_alike=alike) else word for word in words)
