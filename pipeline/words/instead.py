"""What is found in one text with other words in place of its own: misspelt ones put right, names read as him or her.

In: a view of a text, and compiled phrases (`phrases`). Out: the view with those words, and what is found there that was
not there before. Refuses nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from pipeline.spelling.misspelt import shorthand_beside
from pipeline.spelling.names import READINGS, names_any, somebody, with_owners
from pipeline.spelling.views import NAMED, View
from pipeline.words.phrases import Automata, Phrases
from pipeline.words.spans import Span, spans_in

#: Nobody types so many characters at once about somebody; where a name stands in all of them, each is looked at.
_LONGEST: Final = 4_000


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
