"""Phrases, compiled, and what they find in one text.

In: for each rule its terms, spelt out (`terms`). Out: for a text, in each of its views (`views`), the rules that find
something, with the place in the text. Refuses nothing, and decides nothing: contexts and weights are the matcher's.

Three automata hold the same phrases: with blanks at both ends, so that only whole words are found; in letters for
digits; and without any blank, for words written together.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import chain, islice
from typing import Final, NamedTuple

import ahocorasick

from pipeline.misspelt import everyday, misspellings
from pipeline.terms import Phrase, Spelt
from pipeline.text import fold_one
from pipeline.views import View, as_letters, letters_of, views_of

#: Written together, phrases of several words and so many letters are looked for; shorter ones stand in other words.
TOGETHER: Final = 8
_SURELY_TOGETHER: Final = 11
_TOKEN: Final = re.compile(r"(?<![A-Za-z*#])[A-Za-z]{1,20}[*#][A-Za-z*#]{0,20}(?![A-Za-z*#])")
_WORD: Final = re.compile("[a-z0-9]+")
_MASK: Final = re.compile("[*#]")
_LONG: Final = re.compile(rf"[^ ]{{{TOGETHER}}}")
_CHANGED: Final = re.compile(r"[0134578@$!|(9]")
_LETTER: Final = re.compile("[A-Za-z]")
#: Shorter phrases are not looked for where digits and signs are letters.
SHORTEST_IN_DIGITS: Final = 4
#: Shorter words tell nothing by themselves.
_TOO_SHORT: Final = 2
#: So many places of the part before are looked at for the next one.
_NEAREST: Final = 8
#: So many words may be meant by one that is masked.
_MOST_MEANT: Final = 6


class Find(NamedTuple):
    """What a rule finds: from where to where in the text."""

    rule: int
    start: int
    end: int
    view: View
    #: The words of the text, as they stand and in this view: among them are the rule's contexts.
    beside: str


#: A pattern and which of its parts.
_Owner = tuple[int, int]


@dataclass(frozen=True)
class Phrases:
    """All phrases of all rules."""

    #: Of each pattern, its rule and how many words may stand between one part and the next.
    patterns: tuple[tuple[int, tuple[int, ...]], ...]
    #: Folded, with a blank at each end that must be the end of a word.
    owners: Mapping[str, tuple[_Owner, ...]]
    #: Those that must be somewhere in a text in which any pattern is found.
    anchors: tuple[str, ...]

    @cached_property
    def words(self) -> frozenset[str]:
        """Every word of every phrase."""
        return frozenset(chain.from_iterable(key.split() for key in self.owners))

    @cached_property
    def together(self) -> dict[str, tuple[_Owner, ...]]:
        """Phrases of several words without their blanks."""
        found: defaultdict[str, set[_Owner]] = defaultdict(set)
        for key, owners in self.owners.items():
            glued = key.replace(" ", "")
            whole = [owner for owner in owners if not self.patterns[owner[0]][1]]
            if whole and " " in key.strip() and len(glued) >= TOGETHER:
                found[glued].update(whole)
        return {glued: tuple(sorted(owners)) for glued, owners in found.items()}

    @cached_property
    def misspelt(self) -> dict[str, str]:
        """Misspelt words, and what is meant."""
        return misspellings(self.words)

    @cached_property
    def by_length(self) -> dict[int, list[str]]:
        """The words, for those with signs in the place of letters."""
        found: defaultdict[int, list[str]] = defaultdict(list)
        for word in sorted(self.words):
            found[len(word)].append(word)
        return found

    @cached_property
    def plain(self) -> ahocorasick.Automaton:
        """Finds the phrases in a folded text."""
        return _automaton(self.owners)

    @cached_property
    def in_letters(self) -> ahocorasick.Automaton:
        """Finds them in a text of which `as_letters` was made."""
        found: defaultdict[str, set[_Owner]] = defaultdict(set)
        for key, owners in self.owners.items():
            if len(key.strip()) >= SHORTEST_IN_DIGITS:
                found[letters_of(key)].update(owners)
        return _automaton({key: tuple(sorted(owners)) for key, owners in found.items()})

    @cached_property
    def glued(self) -> ahocorasick.Automaton:
        """Finds them written together."""
        return _automaton(self.together)


@dataclass(frozen=True)
class _Part:
    """One part of a term: its phrases, folded, and what is sought for them."""

    phrases: tuple[Phrase, ...]
    keys: tuple[str, ...]
    anchors: tuple[str, ...]

    @cached_property
    def shortest(self) -> int:
        """Of what is sought; the longer that is, the less it is found elsewhere."""
        return min(map(len, self.anchors), default=0)


def _part(phrases: tuple[Phrase, ...]) -> _Part:
    keys = contexts(phrases)
    return _Part(phrases, keys, tuple(sorted({_anchor(key) for key in keys})))


def compiled(rules: Sequence[Iterable[Spelt]]) -> Phrases:
    """The phrases of some rules, each by its terms."""
    patterns: list[tuple[int, tuple[int, ...]]] = []
    owners: defaultdict[str, set[_Owner]] = defaultdict(set)
    anchors: dict[str, None] = {}
    # Many terms share a set of words, which is one and the same tuple.
    known: dict[int, _Part] = {}
    for rule, terms in enumerate(rules):
        # All whole phrases of a rule are one pattern; each of several parts is one of its own.
        patterns.append((rule, ()))
        whole = len(patterns) - 1
        for term in terms:
            at = whole
            if term.between:
                patterns.append((rule, term.between))
                at = len(patterns) - 1
            parts = [known.get(id(phrases)) or known.setdefault(id(phrases), _part(phrases)) for phrases in term.parts]
            for number, part in enumerate(parts):
                owner = (at, number)
                for key in part.keys:
                    owners[key].add(owner)
            sought = parts[0].keys if term.is_listed else max(parts, key=lambda each: each.shortest).anchors
            anchors |= dict.fromkeys(sought)
    return Phrases(tuple(patterns), {key: tuple(sorted(found)) for key, found in owners.items()}, tuple(anchors))


@lru_cache(maxsize=1 << 16)
def _anchor(key: str) -> str:
    """The word of a phrase that is most its own: few words are quicker sought than all phrases that hold them."""
    words = re.findall(r" ?[^ ]+ ?", key.replace(" ", "  "))
    telling = [word for word in words if len(word.strip()) > _TOO_SHORT and word.strip() not in everyday()]
    return max(telling, key=len, default=key)


@lru_cache(maxsize=1 << 16)
def _folded(text: str) -> str:
    # The same words stand in many rules; where they stand in a text is not asked here.
    return f" {' '.join(_WORD.findall(text.lower()))} " if text.isascii() else fold_one(text)[0]


def _key(phrase: Phrase) -> str:
    folded = _folded(phrase.text)
    return folded[1 if phrase.open_start else 0 : len(folded) - 1 if phrase.open_end else None]


def contexts(phrases: Iterable[Phrase]) -> tuple[str, ...]:
    """Phrases as they stand in a folded text."""
    return tuple(key for key in map(_key, phrases) if key.strip())


def _automaton(owners: Mapping[str, tuple[_Owner, ...]]) -> ahocorasick.Automaton:
    automaton = ahocorasick.Automaton()
    for key, found in owners.items():
        automaton.add_word(key, (len(key), found))
    automaton.make_automaton()
    return automaton


# ---------------------------------------------------------------- one text


def found_in(text: str, phrases: Phrases, *, digits: bool = True) -> list[Find]:
    """What each rule finds: in the plainest view that it finds anything in, the longest and then the first.

    Without `digits` none are read as letters: in the address of a page they are numbers.
    """
    best: dict[int, Find] = {}
    if phrases.owners:
        words = fold_one(text)[0]
        for view, spans in _looked_at(text, phrases, digits=digits):
            for rule, (first, last) in spans.items():
                if rule not in best:
                    # In letters for digits, `l` is `i`: no word that could be looked for.
                    beside = words if view.name in ("words", "digits") else words + view.folded
                    best[rule] = Find(rule, view.origin[first], view.origin[last - 1] + 1, view, beside)
    return list(best.values())


def _looked_at(text: str, phrases: Phrases, *, digits: bool) -> Iterator[tuple[View, dict[int, tuple[int, int]]]]:
    """Each view with the spans of what is found in it: from the first character to behind the last."""
    views = list(views_of(text))
    for view in views:
        yield view, _spans(view.folded, phrases.plain, phrases)
    if digits and _CHANGED.search(text):
        yield _in_letters(text, phrases)
    if _MASK.search(text):
        yield from _masked(text, phrases)
    for view in views:
        if _LONG.search(view.folded):
            yield view._replace(name="together"), _glued(view.folded, phrases)
    yield from _misspelt(views[0], phrases)


def _spans(folded: str, automaton: ahocorasick.Automaton, phrases: Phrases) -> dict[int, tuple[int, int]]:
    best: dict[int, tuple[int, int]] = {}
    parts: defaultdict[int, list[tuple[int, int, int]]] = defaultdict(list)
    for last, (length, owners) in automaton.iter(folded):
        for pattern, number in owners:
            rule, between = phrases.patterns[pattern]
            if not between:
                _keep(best, rule, last - length + 1, last)
            else:
                parts[pattern].append((number, last - length + 1, last))
    for pattern, found in parts.items():
        rule, between = phrases.patterns[pattern]
        # Most patterns lack a part, and are not looked at any further.
        if len({number for number, _, _ in found}) <= len(between):
            continue
        for first, last in _chains(folded, found, between):
            _keep(best, rule, first, last)
    return {rule: _whole_words(folded, *span) for rule, span in best.items()}


def _keep(best: dict[int, tuple[int, int]], rule: int, first: int, last: int) -> None:
    known = best.get(rule)
    if known is None or last - first > known[1] - known[0]:
        best[rule] = (first, last)


def _whole_words(folded: str, first: int, last: int) -> tuple[int, int]:
    """From the first letter of the first word to behind the last of the last."""
    start = first + 1 if folded[first] == " " else folded.rfind(" ", 0, first) + 1
    end = last if folded[last] == " " else folded.find(" ", last)
    return start, end if end >= 0 else len(folded)


def _chains(folded: str, found: list[tuple[int, int, int]], between: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    """Where the parts of a pattern stand in their order, with few words between."""
    # By their place; of one part at one place the shortest comes first.
    reached: list[dict[int, int]] = [{} for _ in range(len(between) + 1)]
    for number, first, last in sorted(found, key=lambda part: (part[1], part[2])):
        if number == 0:
            reached[0][last] = first
            continue
        # Only the nearest: a text may say the same ten thousand times.
        for before, start in islice(reversed(reached[number - 1].items()), _NEAREST):
            if before <= first and folded.count(" ", before, first + 1) <= between[number - 1] + 1:
                reached[number][last] = min(start, reached[number].get(last, start))
    return ((start, last) for last, start in reached[-1].items())


def _in_letters(text: str, phrases: Phrases) -> tuple[View, dict[int, tuple[int, int]]]:
    """What is found where digits and signs are letters, if it holds one of each."""
    folded, origin = fold_one(as_letters(text))
    view = View("digits", folded, origin)
    spans = {
        rule: (first, last)
        for rule, (first, last) in _spans(folded, phrases.in_letters, phrases).items()
        if _CHANGED.search(written := text[origin[first] : origin[last - 1] + 1]) and _LETTER.search(written)
    }
    return view, spans


def _glued(folded: str, phrases: Phrases) -> dict[int, tuple[int, int]]:
    best: dict[int, tuple[int, int]] = {}
    if not phrases.together:
        return best
    for last, (length, owners) in phrases.glued.iter(folded):
        first = last - length + 1
        at_an_end = folded[first - 1] == " " or folded[last + 1] == " "
        if length >= _SURELY_TOGETHER or at_an_end:
            for pattern, _ in owners:
                _keep(best, phrases.patterns[pattern][0], first, last + 1)
    return best


def _masked(text: str, phrases: Phrases) -> Iterator[tuple[View, dict[int, tuple[int, int]]]]:
    """What is found when a word with signs in it is one of ours: `s*icide`."""
    for token in _TOKEN.finditer(text):
        shape = re.compile(_MASK.sub("[a-z]", token[0].lower()))
        meant = [word for word in phrases.by_length.get(len(token[0]), ()) if shape.fullmatch(word)]
        for word in meant[:_MOST_MEANT]:
            folded, origin = fold_one(text[: token.start()] + word + text[token.end() :])
            spans = _spans(folded, phrases.plain, phrases)
            inside = range(token.start(), token.end())
            yield (
                View("masked", folded, origin),
                {
                    rule: span
                    for rule, span in spans.items()
                    if origin[span[0]] < inside.stop and origin[span[1] - 1] >= inside.start
                },
            )


def _misspelt(view: View, phrases: Phrases) -> Iterator[tuple[View, dict[int, tuple[int, int]]]]:
    """What is found when misspelt words are put right."""
    words = view.folded.split()
    if not any(word in phrases.misspelt for word in words):
        return
    folded, origin, at, changed = " ", [view.origin[0]], 1, list[tuple[int, int]]()
    for word in words:
        meant = phrases.misspelt.get(word, word)
        if meant != word:
            changed.append((len(folded), len(folded) + len(meant)))
        places = view.origin[at : at + len(word)]
        origin += [*places[: len(meant)], *[places[-1]] * (len(meant) - len(word)), view.origin[at + len(word)]]
        folded += f"{meant} "
        at += len(word) + 1
    spans = _spans(folded, phrases.plain, phrases)
    touched = {
        rule: (first, last)
        for rule, (first, last) in spans.items()
        if any(first < end and start < last for start, end in changed)
    }
    yield View("misspelt", folded, origin), touched
