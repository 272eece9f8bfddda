"""Where the phrases of an automaton stand in one folded text.

In: a folded text, and compiled phrases (`phrases`). Out: for each rule the longest of what it finds, and of those the
first. Refuses nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Final

import ahocorasick

from pipeline.words.columns import Owner
from pipeline.words.phrases import Pattern, Phrases

#: So many places of the part before are looked at for the next one.
_NEAREST: Final = 8
#: So few characters are counted through at once.
_SHORT: Final = 200

#: From the first character of a folded text to behind the last.
Span = tuple[int, int]


def spans_in(folded: str, automaton: ahocorasick.Automaton, phrases: Phrases) -> dict[int, Span]:
    """What each rule finds, in whole words."""
    best: dict[int, Span] = {}
    if not automaton:
        return best
    met = [(last - length + 1, last, owner) for last, (length, owner) in automaton.iter(folded)]
    for first, last, owner in met:
        for rule in owner.rules:
            keep(best, rule, first, last)
    # A pattern is looked at where its rarest part is; most texts have none of these.
    rarest = {part for _, _, owner in met for part in owner.rarest}
    for rule, span in _patterns(folded, met, rarest, phrases) if rarest else ():
        keep(best, rule, *span)
    return {rule: _whole_words(folded, *span) for rule, span in best.items()}


def _patterns(
    folded: str, met: Iterable[tuple[int, int, Owner]], rarest: Iterable[int], phrases: Phrases
) -> Iterator[tuple[int, Span]]:
    """The rules of the patterns that are there, and where; `met` are the phrases that are, by their last character."""
    patterns = [pattern for part in rarest for pattern in phrases.patterns[part]]
    # A word that many sets hold is a choice of hundreds of parts, of which few are asked for.
    asked = {part for pattern in patterns for part in pattern.parts}
    parts: defaultdict[int, list[Span]] = defaultdict(list)
    for first, last, owner in met:
        for part in asked.intersection(owner.parts):
            parts[part].append((first, last))
    there = set(parts)
    for pattern in patterns:
        if there.issuperset(pattern.parts):
            found = _chains(folded, parts, pattern) if pattern.between else [_anywhere(parts, pattern)]
            yield from ((pattern.rule, span) for span in found)


def keep(best: dict[int, Span], rule: int, first: int, last: int) -> None:
    """The longest, and of those the first."""
    known = best.get(rule)
    if known is None or (last - first, -first) > (known[1] - known[0], -known[0]):
        best[rule] = (first, last)


def _whole_words(folded: str, first: int, last: int) -> Span:
    """From the first letter of the first word to behind the last of the last."""
    start = first + 1 if folded[first] == " " else folded.rfind(" ", 0, first) + 1
    end = last if folded[last] == " " else folded.find(" ", last)
    return start, end if end >= 0 else len(folded)


def _anywhere(parts: Mapping[int, list[Span]], pattern: Pattern) -> Span:
    """From the first to the last of the parts of a pattern, each where it stands first."""
    firsts = [min(parts[part]) for part in pattern.parts]
    return min(first for first, _ in firsts), max(last for _, last in firsts)


def _chains(folded: str, parts: Mapping[int, list[Span]], pattern: Pattern) -> Iterator[Span]:
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
            if before <= first and has_at_most(folded, before, first + 1, pattern.between[number - 1] + 1):
                reached[number][last] = min(start, reached[number].get(last, start))
    return ((start, last) for last, start in reached[-1].items())


def has_at_most(folded: str, start: int, end: int, blanks: int) -> bool:
    """Whether no more than so many blanks stand in a part; of a long part only as much is looked at as need be."""
    if end - start <= _SHORT:
        return folded.count(" ", start, end) <= blanks
    for _ in range(blanks + 1):
        start = folded.find(" ", start, end) + 1
        if not start:
            return True
    return False
