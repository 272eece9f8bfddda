"""How much each word says for or against a line being one to be seen, learnt from lines written for it.

In: tools/lines_to_weigh.jsonl, the halves `seen` of the sets in benchmarks/, what the rules that make drafts must find
(of the categories of those lines), and the made school weeks, in which all is ordinary; tools/words_of_people.txt and
tools/pairs_of_people.txt, which never weigh anything. Out: watchlists/weighted-words.csv, to be made anew when lines
have been added. What a half `kept` says is never learnt. Refuses nothing. Needs scikit-learn (1.9 was used), which
nothing else here needs: pip install scikit-learn

    python tools/weigh_words.py [--dry-run]

Logistic regression with an L1 penalty, so that most words and pairs of words weigh nothing: one for being worth a look,
one for each category. Where a text begins to count is chosen by what each set, week or writer would have been told by
words that were learnt from all the others: at most one in 400 searches of ordinary weeks.
"""

from __future__ import annotations

import csv
import json
import sys
import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.preprocessing import LabelBinarizer

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from pipeline.matching import watchfolders
from pipeline.text import folded_one
from pipeline.words.weighted import (
    ENOUGH,
    FEWEST,
    FOR_EACH_MORE,
    HEAD,
    MAY_LACK,
    MOST,
    START,
    USUAL,
    WEIGHTED,
    units_of,
)

HERE: Final = Path(__file__).resolve().parent

#: Somebody else's labels, and the category that such a line most often is.
_USUAL: Final = {
    "bypass": "filter-bypass", "illegal": "fraud", "malware": "hacking", "offensive": "offensive-language",
    "radicalisation": "terrorism", "selfharm": "self-harm",
}  # fmt: skip
#: Of so many searches of ordinary weeks one may be told.
_ORDINARY: Final = 1 / 400
#: The less, the fewer words weigh anything.
_STRENGTH: Final = 1.0
_FOLDS: Final = 8
_TIMES: Final = 3
#: In groups that are called so nearly every line has an ordinary twin in other words, more alike than what is really
#: typed: each counts for less.
_TWINS, _OF_TWINS = "twins-", 0.5
#: In so many lines a word, or a pair, must stand, and by so many hands: what one alone writes is often a name.
_OFTEN, _PAIRS_OFTEN = 3, 8
_HANDS = 2
#: Where a category is asked for of which no line was learnt.
_NEVER: Final = -20.0
Numbers = npt.NDArray[np.float64]


class Line(NamedTuple):
    """One line of text; no categories where it is ordinary."""

    text: str
    categories: tuple[str, ...]
    group: str
    week: bool = False


def lines() -> Iterator[Line]:
    """All there is to learn from."""
    written = list(_rows(HERE / "lines_to_weigh.jsonl"))
    yield from (Line(row["text"], tuple(filter(None, [row["category"]])), row["group"]) for row in written)
    for path in sorted((HERE.parent / "benchmarks").glob("flagging_set*.jsonl")):
        for row in _rows(path):
            if row["half"] == "seen" and "text" in row:
                yield Line(row["text"], tuple(_USUAL.get(each, each) for each in row["expected"]), path.name)
    categories = {row["category"] for row in written}
    yield from (Line(text, (name,), "rules") for name, text in _examples() if name in categories)
    for path in sorted((HERE.parent / "benchmarks").glob("school_week*.toml")):
        week = tomllib.loads(path.read_text("utf-8"))
        for part in (*week["lesson"], week["everyday"], week.get("staff", {})):
            yield from (Line(text, (), path.name, week=True) for text in part.get("searches", ()))


def _examples() -> Iterator[tuple[str, str]]:
    """What the rules must find, with its category: what makes a draft and is in English."""
    for each in watchfolders.load([watchfolders.shipped()]).lists:
        for rule in each.text_rules:
            if rule.weight >= ENOUGH and not rule.language:
                yield from ((rule.category, text) for text in rule.match)


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    yield from map(json.loads, path.read_text("utf-8").splitlines())


class Words:
    """What words weigh, learnt from some lines."""

    def __init__(self, learnt: Sequence[Line], categories: Sequence[str]) -> None:
        self._counted = CountVectorizer(analyzer=_units, min_df=_OFTEN, binary=True)
        counts = self._counted.fit_transform(learnt)
        names = self._counted.get_feature_names_out()
        often = np.array([" " not in name for name in names]) | (np.asarray(counts.sum(axis=0))[0] >= _PAIRS_OFTEN)
        hands = LabelBinarizer(sparse_output=True).fit_transform([line.group for line in learnt])
        self._learnt = np.flatnonzero(often & (np.asarray((hands.T @ counts > 0).sum(axis=0))[0] >= _HANDS))
        counts = counts[:, self._learnt]
        counting = [_OF_TWINS if line.group.startswith(_TWINS) else 1.0 for line in learnt]
        told = [[bool(line.categories) for line in learnt]]
        told += [[name in line.categories for line in learnt] for name in categories]
        fitted = [_model().fit(counts, each, counting) if any(each) else None for each in told]
        nothing = np.zeros((1, counts.shape[1]))
        #: By question (any, then the categories) and unit.
        self.weights: Numbers = np.vstack([each.coef_ if each else nothing for each in fitted])
        self.start: Numbers = np.hstack([each.intercept_ if each else [_NEVER] for each in fitted])
        self.names = list(map(str, names[self._learnt]))

    def of(self, asked: Sequence[Line]) -> Numbers:
        """For each line how much it is worth a look and of its best category, together.

        Nothing of a line that is not weighed, whose single words lack too much, or which is not worth a look.
        """
        counts = self._counted.transform(asked)[:, self._learnt]
        sums = counts @ self.weights.T + self.start
        single = np.array([" " not in name for name in self.names])
        alone = counts[:, single] @ self.weights[0, single] + self.start[0]
        long = np.array([len(folded_one(line.text).split()) for line in asked])
        weighed = (long >= FEWEST) & (long <= MOST) & (alone >= -MAY_LACK / 100) & (sums[:, 0] >= 0)
        together = sums[:, 0] + sums[:, 1:].max(axis=1) - np.maximum(long - USUAL, 0) * FOR_EACH_MORE / 100
        return np.where(weighed, together, _NEVER)


def _model() -> LogisticRegression:
    return LogisticRegression(C=_STRENGTH, l1_ratio=1, solver="liblinear", max_iter=300, random_state=0)


def _units(line: Line) -> list[str]:
    """What may weigh something: nothing for what people are, no letter that stands apart or is made to look alike."""
    units = chain(*units_of(folded_one(line.text).split()))
    return [name for name in units if name not in _people() and all(map(_may_weigh, name.split(" ")))]


@cache
def _may_weigh(word: str) -> bool:
    alike = {word, f"{word}s", word.removesuffix("s")}
    return word.isascii() and alike.isdisjoint(_people()) and (len(word) > 1 or word in "iu")


@cache
def _people() -> frozenset[str]:
    """Words, and pairs, for what people are."""
    words = (HERE / "words_of_people.txt").read_text("utf-8").splitlines()
    pairs = (HERE / "pairs_of_people.txt").read_text("utf-8").splitlines()
    listed = chain(chain.from_iterable(map(str.split, filter(_is_said, words))), filter(_is_said, pairs))
    return frozenset(listed)


def _is_said(line: str) -> bool:
    return bool(line) and not line.startswith("#")


def needed(known: Sequence[Line], categories: Sequence[str]) -> tuple[float, list[Numbers]]:
    """Where a text begins to count, and what each line would have been told by words learnt from other sources.

    Sources are put together by chance, which moves the former, so it is a mean of some times.
    """
    told = [_told_by_others(known, categories, seed) for seed in range(_TIMES)]
    weeks = np.array([line.week for line in known])
    return float(np.mean([np.quantile(sums[weeks], 1 - _ORDINARY) for sums in told])), told


def _told_by_others(known: Sequence[Line], categories: Sequence[str], seed: int) -> Numbers:
    sums = np.zeros(len(known))
    folds = GroupKFold(n_splits=_FOLDS, shuffle=True, random_state=seed)
    for learnt, asked in folds.split(known, groups=[line.group for line in known]):
        sums[asked] = Words([known[at] for at in learnt], categories).of([known[at] for at in asked])
    return sums


def write(words: Words, categories: Sequence[str], threshold: float) -> int:
    """The list, in hundredths; how many words stand in it."""
    # What is needed beyond even odds is asked of the category.
    start = words.start - np.array([0.0] + [threshold] * len(categories))
    points = np.rint(100 * words.weights).astype(int)
    kept = [at for at in range(len(words.names)) if points[:, at].any()]
    with (HERE.parent / "watchlists" / WEIGHTED).open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow([*HEAD, *categories])
        table.writerow([START, *np.rint(100 * start).astype(int)])
        table.writerows([words.names[at], *(each or "" for each in points[:, at])] for at in kept)
    return len(kept)


def main(arguments: Sequence[str]) -> int:
    """Learn, say what came of it, and write the list."""
    known = list(dict.fromkeys(lines()))
    categories = sorted({name for line in known for name in line.categories})
    threshold, told = needed(known, categories)
    ordinary = np.array([not line.categories for line in known])
    found = np.mean([sums >= threshold for sums in told], axis=0)
    print(f"{len(known):,} lines, {(~ordinary).sum():,} of them to be seen; needed: {threshold:.2f}")
    print(f"told by words of other sources: {found[~ordinary].mean():.1%}, ordinary {found[ordinary].mean():.2%}")
    if "--dry-run" not in arguments:
        print(f"{write(Words(known, categories), categories, threshold):,} words")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
