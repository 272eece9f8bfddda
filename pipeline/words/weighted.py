"""Words that say something only together: they have points, for and against, and a text has the sum of them.

So have pairs of words that stand in this order with at most one between them: "end" and "it" say little apart, and
"end it" much. Both are called units here.

In: `weighted-words.csv` of a folder of watchlists. Out: the category that the words of a text lead to, if any, and
which of them. Refuses, with file and line, a list that is not exactly as `tools/weigh_words.py` writes it.

The last thing that is asked of a text, where no rule finds enough. Points are hundredths of the natural logarithm of
odds: 100 more make it 2.7 times as likely that such a line is one to be seen. What is needed is part of `start`, so
that a text counts from 0 on. Source: weighted phrase lists, as filters of web pages have them; here for what is typed.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Container, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

from pipeline.errors import WatchlistError
from pipeline.spelling.views import View, as_it_stands
from pipeline.vocabulary.pointsums import PointSums

#: The file of a folder that is no category: its weighted words.
WEIGHTED: Final = "weighted-words.csv"
#: What somebody typed as one line. In titles and addresses pages speak.
FIELDS: Final = ("typed_text", "search_text")
#: What they say together weighs so much: it is counted and shown, and makes no draft by itself.
LITTLE: Final = 34.0
#: And so much, enough for a draft, where it is surer: so many points beyond what is needed where a rule finds
#: something as well, and so many more about a child at risk.
DRAFTED: Final = 44.0
#: No more points of one word, with the pairs in which it stands, count for that: a subject by itself makes no draft.
_FROM_ONE: Final = 400
_WITH_A_RULE: Final = 200
_AT_RISK: Final = 300
#: What a rule's find weighs where it counts, where it is drafted, and where it is so plain that no words change it.
LEAST: Final = 15.0
ENOUGH: Final = 40.0
_PLAIN: Final = 65.0
#: Each rule id that a find has begins so; its category stands behind.
PREFIX: Final = "weighted-words."
#: So few points say that a text is like ordinary ones, and so few that it is not of a category: what a rule of it would
#: draft in the text is lowered. Of a child at risk even fewer are asked for.
_ORDINARY: Final = -200
_NOT_OF_IT, _NOT_AT_RISK = -650, -750
#: A child that speaks of himself or herself is never lowered so.
FIRST_PERSON: Final = frozenset([
    "i", "im", "ive", "iv", "iam", "ima", "imma", "id", "ill", "me", "my", "myself", "myslf", "meself", "mine", "we",
    "us", "our", "ours", "ourselves",
])  # fmt: skip
#: One word says nothing together with others, and the sum of a page says nothing of any line in it.
FEWEST, MOST = 3, 40
#: A word makes a pair with each of so many words behind it.
APART: Final = 2
#: Pairs are asked only where the words by themselves lack no more than so many points of being worth a look.
MAY_LACK: Final = 200
#: The longer a text, the further its sum may stray: so many points more are needed for each word beyond so many.
USUAL: Final = 8
FOR_EACH_MORE: Final = 40
HEAD: Final = ("word", "any")
START: Final = "(start)"
_REMEDY: Final = "Take the file as it came with the program; tools/weigh_words.py makes it."
#: Of a unit that adds fewer points nobody would say that it tells anything.
_TELLS: Final = 40
_MOST_TOLD: Final = 6
_WORD: Final = re.compile("[^ ]+")
#: Folded, and of letters that are not made to look like others.
_UNIT: Final = re.compile("[a-z0-9]+( [a-z0-9]+)?")
#: Nothing is none.
_NUMBER: Final = re.compile("(?:-?[0-9]{1,6})?")


def units_of(words: Sequence[str]) -> tuple[Sequence[str], ...]:
    """What may have points in a text: its words, then each two words side by side, and each two with one between."""
    pairs = (zip(words, words[apart:], strict=False) for apart in range(1, APART + 1))
    return words, *([f"{first} {behind}" for first, behind in each] for each in pairs)


class Weighed(NamedTuple):
    """What the units of a text lead to, and from where to where the telling ones stand."""

    category: str
    #: So many more than are needed.
    points: int
    start: int
    end: int
    #: Most telling first, with their points: words and pairs as they stand there, with dots for a word between.
    telling: tuple[tuple[str, int], ...]
    #: What speaks for the category and being worth a look, and what against it (negative), in all.
    in_favour: int
    against: int
    #: The most that one word has, with the pairs in which it stands.
    from_one: int

    @property
    def rule_id(self) -> str:
        """By what it was found."""
        return PREFIX + self.category

    @property
    def needed(self) -> int:
        """So many points in all, or a text does not count."""
        return self.in_favour + self.against - self.points

    def weight(self, *, with_a_rule: bool, at_risk: bool) -> float:
        """Where a rule finds something in the same text; where the category is about a child at risk."""
        points = self.points - max(self.from_one - _FROM_ONE, 0)
        sure = (with_a_rule and points >= _WITH_A_RULE) or (at_risk and points >= _AT_RISK)
        return DRAFTED if sure else LITTLE


def is_doubtful(weight: float) -> bool:
    """Whether a find would be drafted and is not plain by itself."""
    return ENOUGH <= weight < _PLAIN


@dataclass(frozen=True)
class WeightedWords:
    """The points of words and of pairs of words: first for being worth a look at all, then for each category."""

    path: Path
    sha256: str
    categories: tuple[str, ...]
    start: tuple[int, ...]
    points: Mapping[str, tuple[int, ...]]
    #: Categories that a layer of policy has taken out: what leads to one of them is not found at all.
    off: frozenset[str] = frozenset()

    @property
    def rules(self) -> dict[str, str]:
        """The category of each rule id that a find may have."""
        return {PREFIX + name: name for name in self.categories if name not in self.off}

    def without(self, rule: str | None, category: str | None) -> WeightedWords:
        """The same with a rule, or all of a category, taken out."""
        meant = {name for told, name in self.rules.items() if told == rule or name == category}
        if not meant:
            return self
        off = self.off | meant
        # A hit says by this with which list it was found.
        return replace(self, off=off, sha256=sha256(f"{self.sha256}|{sorted(off)}".encode()).hexdigest())

    @property
    def words(self) -> Iterator[str]:
        """All single words that have points."""
        return (unit for unit in self.points if " " not in unit)

    @cached_property
    def sums(self) -> PointSums:
        """The points for being worth a look, for very many texts at once."""
        points = {name: each[0] for name, each in self.points.items()}
        return PointSums(points, needed=-self.start[0], may_lack=MAY_LACK, apart=APART)

    def weighing(self, text: str) -> Weighing:
        """What its words say of one text."""
        return Weighing(text, self)

    def of(self, text: str, told: AbstractSet[str] = frozenset()) -> Weighed | None:
        """`Weighing.found` of one text."""
        return self.weighing(text).found(told)


@dataclass(frozen=True)
class Weighing:
    """The words of one text and what they say together; each counts once, however often it stands there."""

    text: str
    list: WeightedWords

    def found(self, told: AbstractSet[str] = frozenset()) -> Weighed | None:
        """What they lead to, if anything; of the categories that rules have `told`, if any, the best is meant."""
        if not FEWEST <= len(self._words) <= MOST or self._lack() > MAY_LACK or self._sum(0) < 0:
            return None
        categories, sums = self.list.categories, [self._sum(at) for at in range(len(self.list.start))]
        best = max(range(1, len(sums)), key=sums.__getitem__)
        points = sums[0] + sums[best] - FOR_EACH_MORE * max(len(self._words) - USUAL, 0)
        meant = [at for at, name in enumerate(categories, 1) if name in told]
        category = categories[max(meant, key=sums.__getitem__) - 1] if meant else categories[best - 1]
        if points < 0 or category in self.list.off:
            return None
        return self._told(category, points, {name: each[0] + each[best] for name, each in self._known.items()})

    def _told(self, category: str, points: int, says: Mapping[str, int]) -> Weighed | None:
        """The same with what tells it, if anything does; `says` are the points of all units for what was found."""
        telling = dict(sorted(((name, each) for name, each in says.items() if each >= _TELLS), key=_most_first))
        if not telling:
            return None
        apart = {name for names in units_of(self._words)[2:] for name in names} - {*units_of(self._words)[1]}
        shown = [(name.replace(" ", " … ") if name in apart else name, each) for name, each in telling.items()]
        speaking = [each for each in says.values() if each > 0]
        held = [
            sum(each for name, each in says.items() if each > 0 and word in name.split(" ")) for word in self._single
        ]
        return Weighed(
            category, points, *self._place(telling), tuple(shown[:_MOST_TOLD]),
            in_favour=sum(speaking), against=sum(says.values()) - sum(speaking), from_one=max(held, default=0),
        )  # fmt: skip

    def is_against(self, category: str, *, at_risk: bool) -> bool:
        """Whether they say that the text is like ordinary ones and not of a category about a child `at_risk`.

        Never where somebody speaks of himself or herself.
        """
        if len(self._words) > MOST or len(self._single) < FEWEST or category not in self.list.categories:
            return False
        if not FIRST_PERSON.isdisjoint(self._words) or self._sum(0) > _ORDINARY:
            return False
        of_it = self._sum(self.list.categories.index(category) + 1)
        return self._sum(0) + of_it <= (_NOT_AT_RISK if at_risk else _NOT_OF_IT)

    @cached_property
    def _view(self) -> View:
        return as_it_stands(self.text)

    @cached_property
    def _words(self) -> Sequence[str]:
        return self._view.folded.split()

    @cached_property
    def _single(self) -> Mapping[str, tuple[int, ...]]:
        """Single words that have points."""
        points = self.list.points
        return {word: points[word] for word in self._words if word in points}

    @cached_property
    def _known(self) -> Mapping[str, tuple[int, ...]]:
        """All units that have points."""
        points, (_, *pairs) = self.list.points, units_of(self._words)
        return {**self._single, **{name: points[name] for names in pairs for name in names if name in points}}

    def _lack(self) -> int:
        """How many points of being worth a look the single words lack."""
        return -self.list.start[0] - sum(points[0] for points in self._single.values())

    def _sum(self, at: int) -> int:
        return self.list.start[at] + sum(points[at] for points in self._known.values())

    def _place(self, telling: Container[str]) -> tuple[int, int]:
        """From the first to behind the last of some units, in the text as it is written."""
        units = enumerate(units_of(self._words))
        met = [(at, at + apart) for apart, names in units for at, name in enumerate(names) if name in telling]
        spans = [each.span() for each in _WORD.finditer(self._view.folded)]
        start, end = spans[min(first for first, _ in met)][0], spans[max(last for _, last in met)][1]
        return self._view.origin[start], self._view.origin[end - 1] + 1


def _most_first(unit: tuple[str, int]) -> tuple[int, str]:
    return -unit[1], unit[0]


def read(path: Path, known: AbstractSet[str]) -> WeightedWords:
    """The list of a folder; `known` are all categories. Raises `WatchlistError` with the line of the first fault."""
    try:
        raw = path.read_bytes()
        rows = list(csv.reader(raw.decode("utf-8").removesuffix("\n").split("\n"), strict=True))
    except (OSError, ValueError, csv.Error) as error:
        raise WatchlistError("cannot be read as a list of weighted words.", path=path, remedy=_REMEDY) from error
    categories = tuple(rows[0][len(HEAD) :])
    listed = {*categories}
    if not categories or tuple(rows[0][: len(HEAD)]) != HEAD or not known >= listed or len(listed) < len(categories):
        what = f"does not begin with {','.join(HEAD)} and the categories that there are, once each."
        raise WatchlistError(what, path=path, line=1, remedy=_REMEDY)
    points = dict[str, tuple[int, ...]]()
    for number, row in enumerate(rows[1:], 2):
        word, *each = row or [""]
        are_points = len(each) == len(categories) + 1 and all(map(_NUMBER.fullmatch, each))
        if not (_UNIT.fullmatch(word) or word == START) or word in points or not are_points:
            what = f"the points of {word!r} are not as they should be, or stand there twice."
            raise WatchlistError(what, path=path, line=number, remedy=_REMEDY)
        points[word] = tuple(int(number or 0) for number in each)
    if START not in points:
        raise WatchlistError(f"has no line {START}.", path=path, line=2, remedy=_REMEDY)
    return WeightedWords(path, sha256(raw).hexdigest(), categories, points.pop(START), points)
