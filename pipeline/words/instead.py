"""What is found in one text with other words in place of its own: misspelt ones put right, names read as him or her,
words that were written as one taken apart.

In: a view of a text, and compiled phrases (`phrases`). Out: the view with those words, and what is found there that was
not there before. Refuses nothing.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, pairwise
from typing import Final, NamedTuple

from pipeline.spelling.misspelt import shorthand_beside
from pipeline.spelling.names import READINGS, names_any, somebody, with_owners
from pipeline.spelling.views import NAMED, View
from pipeline.words.phrases import Automata, Phrases
from pipeline.words.runtogether import SHORTEST, seams
from pipeline.words.spans import Span, spans_in

#: Nobody types so many characters at once about somebody; where a name stands in all of them, each is looked at.
_LONGEST: Final = 4_000


class Apart(NamedTuple):
    """A view with words apart that were written as one."""

    view: View
    #: Where in the text each of these words begins but the first, in order.
    joints: Sequence[int]


def misspelt_in(view: View, phrases: Phrases, automata: Automata) -> Iterator[tuple[View, dict[int, Span]]]:
    """What is found when misspelt words are put right."""
    # Whoever spells a word out writes others short: what is short by itself needs no word beside it there.
    words = view.folded.split()
    meant = meant_by(words, automata.misspelt, shorthand_beside(), alone=view.name != "apart")
    if meant:
        changed = [right != word for word, right in zip(words, meant, strict=True)]
        yield _touched("misspelt", view, words, meant, changed, phrases, automata)


def named_in(view: View, phrases: Phrases, automata: Automata) -> Iterator[tuple[View, dict[int, Span]]]:
    """What is found when somebody who is named is he or she; misspelt words beside the name are put right."""
    written = view.folded.split()
    if len(view.folded) > _LONGEST or not names_any(written):
        return
    words = with_owners(written)
    right = meant_by(words, automata.misspelt, shorthand_beside()) or words
    # The further from what was written, the less it weighs.
    name = "misspelt" if right is not words else NAMED if view.name == "words" else view.name
    named = [somebody(word) for word in words]
    for reading in READINGS:
        meant = [word if part is None else reading[part] for part, word in zip(named, right, strict=True)]
        changed = [part is not None for part in named]
        read, spans = _touched(name, view, words, meant, changed, phrases, automata)
        yield replace(read, of_somebody=True), spans


def _touched(
    name: str,
    view: View,
    words: Sequence[str],
    meant: Sequence[str],
    changed: Sequence[bool],
    phrases: Phrases,
    automata: Automata,
) -> tuple[View, dict[int, Span]]:
    """A view with other words in the place of its own, and what is found there that holds one that has `changed`."""
    folded, places, at = _joined(meant), list[Span](), 1
    for right, is_new in zip(meant, changed, strict=True):
        if is_new:
            places.append((at, at + len(right)))
        at += len(right) + 1
    touched = {
        rule: (first, last)
        for rule, (first, last) in spans_in(folded, automata.plain, phrases).items()
        if any(first < end and start < last for start, end in places)
    }
    return instead(name, view, words, meant), touched


def taken_apart(views: Iterable[View], phrases: Phrases) -> list[Apart]:
    """Those of some views in which words are written as one, with these words apart."""
    return [made for view in views if (made := _apart(view, phrases))]


def _apart(view: View, phrases: Phrases) -> Apart | None:
    words = view.folded.split()
    # Most texts have no such word; only for the others is it made ready what words may be made of.
    if len(max(words, key=len, default="")) < SHORTEST:
        return None
    made = [phrases.pieces.apart(word) or (word,) for word in words]
    if all(len(pieces) == 1 for pieces in made):
        return None
    origin, joints, at = [view.origin[0]], list[int](), 1
    for word, pieces in zip(words, made, strict=True):
        places = view.origin[at : at + len(word)]
        cuts = [0, *seams(pieces), len(word)]
        joints += [places[cut] for cut in cuts[1:-1]]
        # A blank that nobody wrote stands where the next word begins.
        for begin, end in pairwise(cuts):
            origin += [*places[begin:end], places[end] if end < len(word) else view.origin[at + len(word)]]
        at += len(word) + 1
    return Apart(View("together", _joined([*chain.from_iterable(made)]), lambda: origin), joints)


def joined_in(apart: Apart, phrases: Phrases, automata: Automata) -> Iterator[tuple[View, dict[int, Span]]]:
    """What is found in words that were written as one; nothing that is in one of them alone (`psychotherapist`)."""
    view = apart.view
    first = (view, spans_in(view.folded, automata.plain, phrases))
    for read, spans in chain([first], misspelt_in(view, phrases, automata), named_in(view, phrases, automata)):
        yield read, {rule: span for rule, span in spans.items() if _joins(read.origin, span, apart.joints)}


def _joins(origin: Sequence[int], span: Span, joints: Sequence[int]) -> bool:
    """Whether what is found begins before a joint and goes on behind it."""
    after = bisect_right(joints, origin[span[0]])
    return after < len(joints) and joints[after] <= origin[span[1] - 1]


def meant_by(
    words: Sequence[str], wrong: Mapping[str, str], beside: Mapping[str, str], *, alone: bool = True
) -> list[str]:
    """What each word of a text means; nothing where none is wrong. Not `alone`: what is short wherever it stands is."""
    if wrong.keys().isdisjoint(words) and (alone or beside.keys().isdisjoint(words)):
        return []
    return [wrong.get(word) or beside.get(word, word) for word in words]


def instead(name: str, view: View, words: Sequence[str], meant: Sequence[str]) -> View:
    """A view with the words that are `meant` in the place of its own `words`."""
    return View(name, _joined(meant), lambda: _places(view, words, meant))


def _joined(words: Sequence[str]) -> str:
    return f" {' '.join(words)} "


def _places(view: View, words: Sequence[str], meant: Sequence[str]) -> list[int]:
    """Where in the text each character of the words that are meant came from."""
    origin, at = [view.origin[0]], 1
    for word, right in zip(words, meant, strict=True):
        places = view.origin[at : at + len(word)]
        # Whatever is found in a word that is meant is shown to the end of the one that was written.
        letters = [*places[:-1], *[places[-1]] * len(right)][: len(right) - 1]
        origin += [*letters, places[-1], view.origin[at + len(word)]]
        at += len(word) + 1
    return origin
