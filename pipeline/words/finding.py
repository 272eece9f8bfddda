"""What the phrases find in one text, in each of its views.

In: a text, and compiled phrases (`phrases`). Out: the rules that find something, each with its place in the text as it
was written. Refuses nothing, and decides nothing: contexts and weights are the matcher's.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice, product
from typing import Final, NamedTuple

import ahocorasick

from pipeline.spelling.misspelt import shorthand_beside
from pipeline.spelling.views import CHANGED, View, as_it_stands, as_letters, joined, view_of, views_of
from pipeline.text import fold_one, folded_one
from pipeline.words.phrases import Owner, Pattern, Phrases

#: Written together, phrases of so many letters are found in the middle of a word, shorter ones only at an end.
_SURELY_TOGETHER: Final = 11
_TOKEN: Final = re.compile(r"(?<![A-Za-z*#])[A-Za-z]{1,20}[*#][A-Za-z*#]{0,20}(?![A-Za-z*#])")
_MASK: Final = re.compile("[*#]")
_CHANGED: Final = re.compile(CHANGED)
_LETTER: Final = re.compile("[A-Za-z]")
#: So many places of the part before are looked at for the next one.
_NEAREST: Final = 8
#: So few characters are counted through at once.
_SHORT: Final = 200
#: So many words may be meant by one that is masked; so many of these are put right at once, in so many ways.
_MOST_MEANT: Final = 6
_MOST_MASKED, _MOST_AT_ONCE = 4, 64
#: In all so many, of which so many characters on each side are looked at: a page of stars takes no longer.
_MOST_READ, _NEAR = 2_000, 400

#: From the first character of a folded text to behind the last.
_Span = tuple[int, int]


class Find(NamedTuple):
    """What a rule finds: from where to where in the text."""

    rule: int
    start: int
    end: int
    view: View
    #: The words of the text, as they stand and in this view: among them are the rule's contexts.
    beside: str


class InLetters:
    """Texts in which digits and signs are letters: what they say, and what finds phrases in them."""

    def __init__(self, texts: Iterable[str], phrases: Phrases) -> None:
        # Letters that stand apart beside digits for letters: both are undone at once.
        self._folded = {text: folded_one(as_letters(joined(text)[0])) for text in texts if _CHANGED.search(text)}
        words = set(chain.from_iterable(map(str.split, self._folded.values())))
        alone, beside = phrases.meant_in_letters(words) if words else ({}, {})
        right = ((text, _meant(folded, alone, beside)) for text, folded in self._folded.items())
        self._meant = {text: meant for text, meant in right if meant}
        words.update(chain.from_iterable(self._meant.values()))
        self._automaton = phrases.in_letters(words) if words else None
        self._phrases = phrases

    def looked_at(self, text: str) -> Iterator[tuple[View, dict[int, _Span]]]:
        """A text in its letters with what is found there, if it holds a letter and a digit or sign."""
        if text in self._folded:
            yield from self._told(text, self._as_written(text))

    def put_right(self, text: str) -> Iterator[tuple[View, dict[int, _Span]]]:
        """The same with its misspelt words put right, if it has any."""
        if meant := self._meant.get(text):
            written = self._as_written(text)
            yield from self._told(text, View("digits", _joined(meant), lambda: _put_right(written, meant)))

    def _as_written(self, text: str) -> View:
        return View("digits", self._folded[text], lambda: _places(text))

    def _told(self, text: str, view: View) -> Iterator[tuple[View, dict[int, _Span]]]:
        if self._automaton and (spans := _spans(view.folded, self._automaton, self._phrases)):
            yield view, {rule: span for rule, span in spans.items() if _is_changed(text, view, *span)}


def _places(text: str) -> list[int]:
    """Where each character of a text in letters came from."""
    whole, places = joined(text)
    return [places[at] for at in fold_one(as_letters(whole))[1]]


def _is_changed(text: str, view: View, first: int, last: int) -> bool:
    """Whether what is found was written with a letter and a digit or sign."""
    written = text[view.origin[first] : view.origin[last - 1] + 1]
    return bool(_CHANGED.search(written) and _LETTER.search(written))


def found_in(
    text: str, phrases: Phrases, *, typed: bool = True, hides: bool = True, in_letters: InLetters | None = None
) -> list[Find]:
    """What each rule finds: in the plainest view that it finds anything in, the longest and then the first.

    What nobody `typed`, as the address of a page, holds no digits for letters and no slips of the finger. `hides`:
    false where `views.may_hide` has said so already. `in_letters`: made of this text and
    others; for one text alone it takes longer than all the rest.
    """
    best: dict[int, Find] = {}
    if phrases.owners:
        views = list(views_of(text)) if hides else [as_it_stands(text)]
        words = views[0].folded
        lettered = in_letters or InLetters([text], phrases) if typed else None
        for view, spans in _looked_at(text, views, phrases, lettered, hides=hides):
            for rule, (first, last) in spans.items():
                if rule not in best:
                    # In letters for digits, `l` is `i`: no word that could be looked for.
                    beside = words if view.name in ("words", "digits") else words + view.folded
                    best[rule] = Find(rule, view.origin[first], view.origin[last - 1] + 1, view, beside)
    return list(best.values())


def _looked_at(
    text: str,
    views: list[View],
    phrases: Phrases,
    lettered: InLetters | None,
    *,
    hides: bool,
) -> Iterator[tuple[View, dict[int, _Span]]]:
    """Each view, and more that these lead to, with the spans of what is found in it."""
    for view in views:
        yield view, _spans(view.folded, phrases.plain, phrases)
    if lettered:
        yield from lettered.looked_at(text)
    if hides and _MASK.search(text):
        yield from _masked(text, phrases)
    for view in views:
        if glued := _glued(view.folded, phrases):
            yield View("together", view.folded, view.placed), glued
    if lettered:
        for view in views:
            yield from _misspelt(view, phrases)
        yield from lettered.put_right(text)


def _spans(folded: str, automaton: ahocorasick.Automaton, phrases: Phrases) -> dict[int, _Span]:
    best: dict[int, _Span] = {}
    met = [(last - length + 1, last, owner) for last, (length, owner) in automaton.iter(folded)]
    for first, last, owner in met:
        for rule in owner.rules:
            _keep(best, rule, first, last)
    # A pattern is looked at where its rarest part is; most texts have none of these.
    rarest = {part for _, _, owner in met for part in owner.rarest}
    for rule, span in _patterns(folded, met, rarest, phrases) if rarest else ():
        _keep(best, rule, *span)
    return {rule: _whole_words(folded, *span) for rule, span in best.items()}


def _patterns(
    folded: str, met: Iterable[tuple[int, int, Owner]], rarest: Iterable[int], phrases: Phrases
) -> Iterator[tuple[int, _Span]]:
    """The rules of the patterns that are there, and where; `met` are the phrases that are, by their last character."""
    patterns = [pattern for part in rarest for pattern in phrases.patterns[part]]
    # A word that many sets hold is a choice of hundreds of parts, of which few are asked for.
    asked = {part for pattern in patterns for part in pattern.parts}
    parts: defaultdict[int, list[_Span]] = defaultdict(list)
    for first, last, owner in met:
        for part in asked.intersection(owner.parts):
            parts[part].append((first, last))
    there = set(parts)
    for pattern in patterns:
        if there.issuperset(pattern.parts):
            found = _chains(folded, parts, pattern) if pattern.between else [_anywhere(parts, pattern)]
            yield from ((pattern.rule, span) for span in found)


def _keep(best: dict[int, _Span], rule: int, first: int, last: int) -> None:
    """The longest, and of those the first."""
    known = best.get(rule)
    if known is None or (last - first, -first) > (known[1] - known[0], -known[0]):
        best[rule] = (first, last)


def _whole_words(folded: str, first: int, last: int) -> _Span:
    """From the first letter of the first word to behind the last of the last."""
    start = first + 1 if folded[first] == " " else folded.rfind(" ", 0, first) + 1
    end = last if folded[last] == " " else folded.find(" ", last)
    return start, end if end >= 0 else len(folded)


def _anywhere(parts: Mapping[int, list[_Span]], pattern: Pattern) -> _Span:
    """From the first to the last of the parts of a pattern, each where it stands first."""
    firsts = [min(parts[part]) for part in pattern.parts]
    return min(first for first, _ in firsts), max(last for _, last in firsts)


def _chains(folded: str, parts: Mapping[int, list[_Span]], pattern: Pattern) -> Iterator[_Span]:
    """Where the parts of a pattern stand in their order, with few words between."""
    found = [(number, *span) for number, part in enumerate(pattern.parts) for span in parts[part]]
    # By their place; of one part at one place the shortest comes first.
    reached: list[dict[int, int]] = [{} for _ in pattern.parts]
    for number, first, last in sorted(found, key=lambda each: each[1:]):
        if number == 0:
            reached[0][last] = first
            continue
        # Only the nearest: a text may say the same ten thousand times.
        for before, start in islice(reversed(reached[number - 1].items()), _NEAREST):
            if before <= first and _has_at_most(folded, before, first + 1, pattern.between[number - 1] + 1):
                reached[number][last] = min(start, reached[number].get(last, start))
    return ((start, last) for last, start in reached[-1].items())


def _has_at_most(folded: str, start: int, end: int, blanks: int) -> bool:
    """Whether no more than so many blanks stand in a part; of a long part only as much is looked at as need be."""
    if end - start <= _SHORT:
        return folded.count(" ", start, end) <= blanks
    for _ in range(blanks + 1):
        start = folded.find(" ", start, end) + 1
        if not start:
            return True
    return False


def _glued(folded: str, phrases: Phrases) -> dict[int, _Span]:
    best: dict[int, _Span] = {}
    if not phrases.together:
        return best
    for last, (length, rules) in phrases.glued.iter(folded):
        first = last - length + 1
        at_an_end = folded[first - 1] == " " or folded[last + 1] == " "
        if length >= _SURELY_TOGETHER or at_an_end:
            for rule in rules:
                _keep(best, rule, first, last + 1)
    return best


def _masked(text: str, phrases: Phrases) -> Iterator[tuple[View, dict[int, _Span]]]:
    """What is found when a word with signs in it is one of ours: `s*icide`; where there are several, together too."""
    tokens = list(_TOKEN.finditer(text))
    meant = {name: _unmasked(name, phrases) for name in dict.fromkeys(token[0] for token in tokens)}
    known = [[(token.span(), word) for word in meant[token[0]]] for token in tokens if meant[token[0]]]
    chosen: list[tuple[tuple[_Span, str], ...]] = [(each,) for words in known for each in words]
    # Each with those behind it, of which two and more must be part of what is found.
    near = (islice(product(*known[at : at + _MOST_MASKED]), _MOST_AT_ONCE) for at in range(len(known) - 1))
    for words in islice(chain(chosen, chain.from_iterable(near)), _MOST_READ):
        folded, origin = _with(words, text)
        touched = {
            rule: (first, last)
            for rule, (first, last) in _spans(folded, phrases.plain, phrases).items()
            if sum(origin[first] < end and origin[last - 1] >= start for (start, end), _ in words) >= min(len(words), 2)
        }
        yield view_of("masked", folded, origin), touched


def _with(words: Sequence[tuple[_Span, str]], text: str) -> tuple[str, list[int]]:
    """A text, folded, with some words in the place of others that are as long; of a long one, what stands near them.

    And where in it each character came from.
    """
    first, last = words[0][0][0] - _NEAR, words[-1][0][1] + _NEAR
    # From one blank to another, if there are any.
    begin = text.rfind(" ", max(first - _NEAR, 0), first) + 1 or first if first > 0 else 0
    end = text.find(" ", last, last + _NEAR)
    whole, at = text[begin : end if end >= 0 else last], begin
    for (start, stop), word in words:
        whole = whole[: start - at] + word + whole[stop - at :]
    folded, origin = fold_one(whole)
    return folded, [place + at for place in origin]


def _unmasked(token: str, phrases: Phrases) -> list[str]:
    """The words that a word with signs in it may mean."""
    shape = re.compile(_MASK.sub("[a-z]", token.lower()))
    return [word for word in phrases.by_length.get(len(token), ()) if shape.fullmatch(word)][:_MOST_MEANT]


def _misspelt(view: View, phrases: Phrases) -> Iterator[tuple[View, dict[int, _Span]]]:
    """What is found when misspelt words are put right."""
    # Whoever spells a word out writes others short: what is short by itself needs no word beside it there.
    meant = _meant(view.folded, phrases.misspelt, shorthand_beside(), alone=view.name != "apart")
    if not meant:
        return
    folded, changed, at = _joined(meant), list[_Span](), 1
    for word, right in zip(view.folded.split(), meant, strict=True):
        if right != word:
            changed.append((at, at + len(right)))
        at += len(right) + 1
    touched = {
        rule: (first, last)
        for rule, (first, last) in _spans(folded, phrases.plain, phrases).items()
        if any(first < end and start < last for start, end in changed)
    }
    yield View("misspelt", folded, lambda: _put_right(view, meant)), touched


def _meant(folded: str, wrong: Mapping[str, str], beside: Mapping[str, str], *, alone: bool = True) -> list[str]:
    """What each word of a text means; nothing where none is wrong. Not `alone`: what is short wherever it stands is."""
    words = folded.split()
    if wrong.keys().isdisjoint(words) and (alone or beside.keys().isdisjoint(words)):
        return []
    return [wrong.get(word) or beside.get(word, word) for word in words]


def _joined(words: Sequence[str]) -> str:
    return f" {' '.join(words)} "


def _put_right(view: View, meant: Sequence[str]) -> list[int]:
    """Where in the text each character of the words that are meant came from."""
    origin, at = [view.origin[0]], 1
    for word, right in zip(view.folded.split(), meant, strict=True):
        places = view.origin[at : at + len(word)]
        origin += [*places[: len(right)], *[places[-1]] * (len(right) - len(word)), view.origin[at + len(word)]]
        at += len(word) + 1
    return origin
