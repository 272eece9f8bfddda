"""What the phrases find in one text, in each of its views.

In: a text, and compiled phrases (`phrases`). Out: the rules that find something, each with its place in the text as it
was written. Refuses nothing, and decides nothing: contexts and weights are the matcher's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice, product
from typing import Final, NamedTuple

from pipeline.spelling.views import CHANGED, View, as_it_stands, as_letters, joined, view_of, views_of
from pipeline.text import fold_one, folded_one
from pipeline.words.instead import Apart, instead, joined_in, meant_by, misspelt_in, named_in, taken_apart
from pipeline.words.phrases import Automata, Phrases
from pipeline.words.spans import Span, keep, spans_in

#: Written together, phrases of so many letters are found in the middle of a word, shorter ones only at an end.
_SURELY_TOGETHER: Final = 11
_TOKEN: Final = re.compile(r"(?<![A-Za-z*#])[A-Za-z]{1,20}[*#][A-Za-z*#]{0,20}(?![A-Za-z*#])")
_MASK: Final = re.compile("[*#]")
_CHANGED: Final = re.compile(CHANGED)
_LETTER: Final = re.compile("[A-Za-z]")
#: So many words may be meant by one that is masked; so many of these are put right at once, in so many ways.
_MOST_MEANT: Final = 6
_MOST_MASKED, _MOST_AT_ONCE = 4, 64
#: In all so many, of which so many characters on each side are looked at: a page of stars takes no longer.
_MOST_READ, _NEAR = 2_000, 400


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
        right = ((text, meant_by(folded.split(), alone, beside)) for text, folded in self._folded.items())
        self._meant = {text: meant for text, meant in right if meant}
        words.update(chain.from_iterable(self._meant.values()))
        self._automaton = phrases.in_letters(words) if words else None
        self._phrases = phrases

    def looked_at(self, text: str) -> Iterator[tuple[View, dict[int, Span]]]:
        """A text in its letters with what is found there, if it holds a letter and a digit or sign."""
        if text in self._folded:
            yield from self._told(text, self._as_written(text))

    def put_right(self, text: str) -> Iterator[tuple[View, dict[int, Span]]]:
        """The same with its misspelt words put right, if it has any."""
        if meant := self._meant.get(text):
            written = self._as_written(text)
            yield from self._told(text, instead("digits", written, written.folded.split(), meant))

    def _as_written(self, text: str) -> View:
        return View("digits", self._folded[text], lambda: _places(text))

    def _told(self, text: str, view: View) -> Iterator[tuple[View, dict[int, Span]]]:
        if self._automaton and (spans := spans_in(view.folded, self._automaton, self._phrases)):
            yield view, {rule: span for rule, span in spans.items() if _is_changed(text, view, *span)}


def _places(text: str) -> list[int]:
    """Where each character of a text in letters came from."""
    whole, places = joined(text)
    return [places[at] for at in fold_one(as_letters(whole))[1]]


def _is_changed(text: str, view: View, first: int, last: int) -> bool:
    """Whether what is found was written with a letter and a digit or sign."""
    written = text[view.origin[first] : view.origin[last - 1] + 1]
    return bool(_CHANGED.search(written) and _LETTER.search(written))


class Several:
    """Texts that are looked at one after the other: their views, and what finds those phrases that may be in them."""

    def __init__(self, texts: Mapping[str, bool], typed: Iterable[str], phrases: Phrases) -> None:
        """Each text, and whether it `may_hide` anything; those of them that somebody `typed`."""
        self._views = {text: _views(text, hides=hides) for text, hides in texts.items()}
        self._apart = {text: made for text in typed if (made := taken_apart(self._views[text], phrases))}
        self.in_letters = InLetters(typed, phrases)
        views = [view for each in self._views.values() for view in each]
        views += [each.view for made in self._apart.values() for each in made]
        words = {word for view in views for word in view.folded.split()}
        for text in (text for text, hides in texts.items() if hides and _MASK.search(text)):
            words.update(chain.from_iterable(folded.split() for _, folded, _ in _read_without_signs(text, phrases)))
        self.automata = phrases.automata_for(words)

    def views(self, text: str) -> list[View]:
        """The views of one of the texts, as `views_of` gives them."""
        return self._views[text]

    def apart(self, text: str) -> list[Apart]:
        """The same with words apart that are written as one, if somebody typed it."""
        return self._apart.get(text, [])


def _views(text: str, *, hides: bool) -> list[View]:
    return list(views_of(text)) if hides else [as_it_stands(text)]


def found_in(
    text: str, phrases: Phrases, *, typed: bool = True, hides: bool = True, among: Several | None = None
) -> list[Find]:
    """What each rule finds: in the plainest view that it finds anything in, the longest and then the first.

    What nobody `typed`, as the address of a page, holds no digits for letters and no slips of the finger. `hides`:
    false where `views.may_hide` has said so already. `among`: made of this text and
    others; for one text alone it takes longer than all the rest.
    """
    best: dict[int, Find] = {}
    if phrases.owners:
        views = among.views(text) if among else _views(text, hides=hides)
        words = views[0].folded
        automata = among.automata if among else phrases.automata
        lettered = (among.in_letters if among else InLetters([text], phrases)) if typed else None
        apart = (among.apart(text) if among else taken_apart(views, phrases)) if typed else []
        as_written = _looked_at(text, views, phrases, automata, lettered, hides=hides)
        in_one = chain.from_iterable(joined_in(each, phrases, automata) for each in apart)
        # Phrases are found in words written as one (`together`) before these are taken apart.
        pieces = "".join(each.view.folded for each in apart)
        for view, spans in chain(as_written, in_one):
            for rule, (first, last) in spans.items():
                if rule not in best:
                    # In letters for digits, `l` is `i`: no word that could be looked for.
                    beside = words if view.name in ("words", "digits") else words + view.folded + pieces
                    best[rule] = Find(rule, view.origin[first], view.origin[last - 1] + 1, view, beside)
    return list(best.values())


def _looked_at(
    text: str,
    views: list[View],
    phrases: Phrases,
    automata: Automata,
    lettered: InLetters | None,
    *,
    hides: bool,
) -> Iterator[tuple[View, dict[int, Span]]]:
    """Each view, and more that these lead to, with the spans of what is found in it."""
    for view in views:
        yield view, spans_in(view.folded, automata.plain, phrases)
    if lettered:
        yield from lettered.looked_at(text)
    if hides and _MASK.search(text):
        yield from _masked(text, phrases, automata)
    for view in views:
        if glued := _glued(view.folded, automata):
            yield View("together", view.folded, view.placed), glued
    if lettered:
        for view in views:
            yield from misspelt_in(view, phrases, automata)
        yield from lettered.put_right(text)
        for view in views:
            yield from named_in(view, phrases, automata)


def _glued(folded: str, automata: Automata) -> dict[int, Span]:
    best: dict[int, Span] = {}
    if not automata.glued:
        return best
    for last, (length, rules) in automata.glued.iter(folded):
        first = last - length + 1
        at_an_end = folded[first - 1] == " " or folded[last + 1] == " "
        if length >= _SURELY_TOGETHER or at_an_end:
            for rule in rules:
                keep(best, rule, first, last + 1)
    return best


def _masked(text: str, phrases: Phrases, automata: Automata) -> Iterator[tuple[View, dict[int, Span]]]:
    """What is found when a word with signs in it is one of ours: `s*icide`; where there are several, together too."""
    for words, folded, origin in _read_without_signs(text, phrases):
        touched = {
            rule: (first, last)
            for rule, (first, last) in spans_in(folded, automata.plain, phrases).items()
            if sum(origin[first] < end and origin[last - 1] >= start for (start, end), _ in words) >= min(len(words), 2)
        }
        yield view_of("masked", folded, origin), touched


def _read_without_signs(text: str, phrases: Phrases) -> Iterator[tuple[tuple[tuple[Span, str], ...], str, list[int]]]:
    """A text with each word that may be meant in the place of one with signs in it, and with several: `_with`."""
    tokens = list(_TOKEN.finditer(text))
    meant = {name: _unmasked(name, phrases) for name in dict.fromkeys(token[0] for token in tokens)}
    known = [[(token.span(), word) for word in meant[token[0]]] for token in tokens if meant[token[0]]]
    chosen: list[tuple[tuple[Span, str], ...]] = [(each,) for words in known for each in words]
    # Each with those behind it, of which two and more must be part of what is found.
    near = (islice(product(*known[at : at + _MOST_MASKED]), _MOST_AT_ONCE) for at in range(len(known) - 1))
    for words in islice(chain(chosen, chain.from_iterable(near)), _MOST_READ):
        yield words, *_with(words, text)


def _with(words: Sequence[tuple[Span, str]], text: str) -> tuple[str, list[int]]:
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
