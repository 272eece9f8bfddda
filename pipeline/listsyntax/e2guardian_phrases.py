"""Phrase lists of e2guardian and DansGuardian: `< word ><25>`.

In: lines. Out: `< x >` as whole words, `< x>` as the beginning and `<x >` as the end of a word, `<x>` anywhere,
`<a>,<b>` as both anywhere; with the weight `<25>`, `<-30>` or `<10%>` (of a page's limit, which is 100 here). Refuses
lines that are not closed, of which shipped lists have some. Source: the comments in `bannedphraselist` and
`weightedphraselist`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from pipeline.listsyntax import Entry, Kind, Outcome, Skipped, Syntax
from pipeline.listsyntax._e2guardian import in_common

_PHRASE = r"<[^<>]*>"
_LINE = re.compile(rf"({_PHRASE}(?:\s*,\s*{_PHRASE})*)(?:\s*<\s*(-?\d{{1,6}})\s*(%?)\s*>)?\s*(?:#.*)?")
_INNER = re.compile(_PHRASE)
#: Is there a blank before, and one behind?
_KINDS: dict[tuple[bool, bool], Kind] = {
    (True, True): "phrase",
    (True, False): "phrase-start",
    (False, True): "phrase-end",
    (False, False): "phrase-inside",
}


def claims(name: str, lines: Sequence[str]) -> bool:
    """Any line that is a phrase in brackets, or a name that only these have."""
    return name.endswith("phraselist") or any(line.startswith("<") and _LINE.fullmatch(line.strip()) for line in lines)


def read(name: str, lines: Iterable[str]) -> Iterator[Outcome]:
    """What each line is."""
    del name
    for number, line in enumerate(lines, start=1):
        yield in_common(number, line) or _phrases(number, line.strip())


def _phrases(number: int, text: str) -> Outcome:
    found = _LINE.fullmatch(text)
    if found is None:
        return Skipped(number, "malformed: phrases stand in < and >, a weight behind them")
    weight = None if found[2] is None else float(found[2])
    phrases = [each[1:-1] for each in _INNER.findall(found[1])]
    if not all(each.strip() for each in phrases):
        return Skipped(number, "malformed: there is nothing between < and >")
    if len(phrases) > 1:
        written = ",".join(f"<{each}>" for each in phrases)
        return Entry(number, "phrases-together", written, weight, tuple(map(_kind_of, phrases)))
    kind, value = _kind_of(phrases[0])
    return Entry(number, kind, value, weight)


def _kind_of(phrase: str) -> tuple[Kind, str]:
    return _KINDS[phrase[:1].isspace(), phrase[-1:].isspace()], phrase.strip()


SYNTAX = Syntax(
    name="e2guardian_phrases",
    title="phrase lists of e2guardian and DansGuardian",
    claims=claims,
    read=read,
    means="`< x >`: whole words. `< x>`, `<x >` and `<x>`: the beginning of a word, its end, any part of it, if it is "
    "long enough. `<x>,<y>`: both anywhere in one text.",
)
