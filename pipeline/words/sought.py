"""What a text must hold to be worth a look: one word, two words side by side or anywhere in it, or some words together.

In: the parts of terms, folded. Out: `Sought`, and its tables (`Tables`). Refuses nothing. Every text of ASCII in which
a phrase stands as it is written holds one of these, and one in which it stands in digits for letters one of
`in_letters`; texts beyond ASCII are all looked at. A word is quicker looked up than searched for, and two words
together are seldom met where nothing is meant.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, NamedTuple

import polars as pl

from pipeline.spelling.misspelt import everyday
from pipeline.spelling.views import letters_of

#: Shorter words tell nothing by themselves.
_SHORTEST: Final = 3
_WHOLE_WORD: Final = re.compile(" [a-z0-9]+ ")
_PAIRED: Final = 1 << 32


class Part(NamedTuple):
    """One part of a term."""

    #: Its phrases, folded, with a blank at each end that must be the end of a word.
    keys: tuple[str, ...]
    #: What is sought for them.
    anchors: tuple[str, ...]
    #: How often it is met, in no unit: a part that is seldom met is sought first.
    common: float


@dataclass(frozen=True)
class Sought:
    """What one of must be there."""

    words: tuple[str, ...] = ()
    #: Beginnings and ends of words, and everyday words that stand together; a blank ends a word.
    phrases: tuple[str, ...] = ()
    #: A word, and the groups of which one word must be there as well, by their place in `groups`.
    beside: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    groups: tuple[tuple[str, ...], ...] = ()
    #: Two words, the second right behind the first.
    adjacent: tuple[tuple[str, str], ...] = ()


class Tables(NamedTuple):
    """The same, to be looked up in."""

    #: word, number; whether it is `enough`, `leads` a pair, `follows` in one, or stands right `behind` another.
    words: pl.DataFrame
    phrases: tuple[str, ...]
    #: pair: the numbers of two words (`pair_of`) anywhere in a text.
    pairs: pl.DataFrame
    #: pair: those of two words side by side.
    adjacent: pl.DataFrame


def tables_of(*kinds: Sought) -> Tables:
    """What is sought by any of some."""
    enough = pl.DataFrame({"word": [word for each in kinds for word in each.words]}, schema={"word": pl.String})
    phrases = tuple(sorted({phrase for each in kinds for phrase in each.phrases}))
    # Who holds such a word needs no second.
    leading = _grouped(kinds, lambda each: each.beside.items()).join(enough, on="word", how="anti")
    following = _grouped(kinds, lambda each: ((word, (at,)) for at, of in enumerate(each.groups) for word in of))
    side_by_side = _side_by_side(kinds, enough)
    before, behind = (side_by_side.select(word=name) for name in ("before", "behind"))
    roles = {"enough": enough, "leads": leading, "follows": following, "behind": behind}
    every = pl.concat([each["word"] for each in (*roles.values(), before)])
    words = every.unique().to_frame("word").with_row_index("number")
    words = words.with_columns(pl.col("word").is_in(each["word"].implode()).alias(name) for name, each in roles.items())
    first, second = (each.join(words, on="word").select("group", "number") for each in (leading, following))
    pairs = first.join(second, on="group", suffix="_beside").select(pair=pair_of("number", "number_beside"))
    numbers = words.select("word", "number")
    adjacent = side_by_side.join(numbers, left_on="before", right_on="word").join(
        numbers, left_on="behind", right_on="word", suffix="_beside"
    )
    return Tables(words, phrases, pairs, adjacent.select(pair=pair_of("number", "number_beside")))


def _side_by_side(kinds: Sequence[Sought], enough: pl.DataFrame) -> pl.DataFrame:
    """before, behind: the words of which none is enough by itself."""
    schema = {"before": pl.String, "behind": pl.String}
    both = pl.DataFrame([pair for each in kinds for pair in each.adjacent], schema=schema, orient="row").unique()
    return both.join(enough, left_on="before", right_on="word", how="anti").join(
        enough, left_on="behind", right_on="word", how="anti"
    )


def _grouped(kinds: Sequence[Sought], of: Callable[[Sought], Iterable[tuple[str, Iterable[int]]]]) -> pl.DataFrame:
    """word, group: the groups of all kinds numbered through."""
    rows = [
        (word, at + group * len(kinds))
        for at, each in enumerate(kinds)
        for word, groups in of(each)
        for group in groups
    ]
    words, groups = zip(*rows, strict=True) if rows else ((), ())
    return pl.DataFrame({"word": words, "group": groups}, schema={"word": pl.String, "group": pl.UInt32})


def pair_of(first: str, second: str) -> pl.Expr:
    """Two columns of numbers as one."""
    return pl.col(first).cast(pl.UInt64) * _PAIRED + pl.col(second)


def in_letters(sought: Sought) -> Sought:
    """The same where digits and signs are letters; shorter words are not looked for there.

    Few texts hold a word there that is not met anywhere: it needs no second. A short one does; what a rule `needs` may
    be as short, and is written in letters.
    """
    tells = {word for word in sought.beside if _telling(word) >= _SHORTEST}
    alone = [*sought.words, *(word for word in sought.beside if word in tells)]
    alone += dict.fromkeys(max(pair, key=_telling) for pair in sought.adjacent)
    beside: dict[str, dict[int, None]] = {}
    for word, groups in sought.beside.items():
        if word not in tells:
            beside.setdefault(letters_of(word), {}).update(dict.fromkeys(groups))
    asked = {group for groups in beside.values() for group in groups}
    return Sought(
        tuple(letters_of(word) for word in alone if len(word) >= _SHORTEST),
        tuple(letters_of(phrase) for phrase in sought.phrases if len(phrase.strip()) >= _SHORTEST),
        {word: tuple(groups) for word, groups in beside.items()},
        tuple(tuple(map(letters_of, each)) if at in asked else () for at, each in enumerate(sought.groups)),
    )


@dataclass
class Seeking:
    """What is sought for some terms, as far as it is known by now."""

    _words: dict[str, None] = field(default_factory=dict)
    _phrases: dict[str, None] = field(default_factory=dict)
    _beside: dict[str, dict[int, None]] = field(default_factory=dict)
    _groups: dict[tuple[str, ...], int] = field(default_factory=dict)
    _adjacent: dict[tuple[str, str], None] = field(default_factory=dict)

    def add(self, parts: Sequence[Part]) -> None:
        """A term: where it stands, each of `parts` stands as well."""
        rarest, *others = sorted(parts, key=lambda part: part.common)
        second = self._words_of(others[0]) if others else ()
        for key in filter(str.isascii, rarest.keys):
            anchor = anchor_of(key)
            if not _WHOLE_WORD.fullmatch(anchor):
                self._phrases[anchor] = None
            elif pair := _neighbours(key, anchor.strip()):
                self._adjacent[pair] = None
            elif second:
                group = self._groups.setdefault(second, len(self._groups))
                self._beside.setdefault(anchor.strip(), {})[group] = None
            elif not others:
                self._words[anchor.strip()] = None

    def _words_of(self, part: Part) -> tuple[str, ...]:
        """Of the phrases of a part a word each. What is none, a beginning or an end of one, is sought by itself."""
        found = dict[str, None]()
        for anchor in filter(str.isascii, part.anchors):
            if whole := anchor.split(" ")[1:-1]:
                found[max(whole, key=len)] = None
            else:
                self._phrases[anchor] = None
        return tuple(found)

    def all(self) -> Sought:
        """What has come together."""
        beside = {word: tuple(groups) for word, groups in self._beside.items()}
        return Sought(tuple(self._words), tuple(self._phrases), beside, tuple(self._groups), tuple(self._adjacent))


def _neighbours(key: str, word: str) -> tuple[str, str] | None:
    """A word of a phrase and the one beside it that tells more, in their order; nothing if it has no other."""
    words = key.split(" ")[1:-1]
    at = words.index(word)
    pairs = [(words[first], words[first + 1]) for first in (at - 1, at) if 0 <= first < len(words) - 1]
    return max(pairs, key=lambda pair: [(_telling(each), len(each)) for each in pair if each != word], default=None)


def part_of(keys: tuple[str, ...]) -> Part:
    """One part of a term, by its phrases."""
    anchors = tuple(sorted({anchor_of(key) for key in keys}))
    return Part(keys, anchors, sum(_common(each.strip()) for each in anchors))


@lru_cache(maxsize=1 << 16)
def anchor_of(key: str) -> str:
    """The word of a phrase that is most its own: few words are quicker sought than all phrases that hold them."""
    words = key.split(" ")
    tells = [_telling(word) for word in words]
    at = tells.index(max(tells))
    if tells[at] < _SHORTEST:
        return key
    return f"{' ' if at else ''}{words[at]}{' ' if at < len(words) - 1 else ''}"


def _telling(words: str) -> int:
    """How seldom a word is met, or some words together: nought for one that is to be met anywhere."""
    return 0 if words in everyday() else len(words)


def _common(words: str) -> float:
    """About how often a word is met: each letter more makes it rarer, and every tenth text has one of `everyday`."""
    return 1.0 if words in everyday() else 0.25 ** (len(words) - 1)
