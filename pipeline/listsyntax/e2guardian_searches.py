"""Search lists of e2guardian: `word1+word2`.

In: lines. Out: searches that consist of these words, in any order. Refuses lines with anything but words and `+`.
Source: the comments in `bannedsearchlist`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from pipeline.listsyntax import Entry, Outcome, Skipped, Syntax
from pipeline.listsyntax._e2guardian import in_common

_LINE = re.compile(r"[^\s+<>#]+(?:\+[^\s+<>#]+)*")
_SEVERAL = re.compile(r"[^\s+<>#/.]+(?:\+[^\s+<>#/.]+)+")


def claims(name: str, lines: Sequence[str]) -> bool:
    """By its name, or because every line that is no comment is words with `+` between."""
    filled = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    return name.endswith("searchlist") or (bool(filled) and all(_SEVERAL.fullmatch(line) for line in filled))


def read(name: str, lines: Iterable[str]) -> Iterator[Outcome]:
    """What each line is."""
    del name
    for number, line in enumerate(lines, start=1):
        yield in_common(number, line) or _search(number, line.partition("#")[0].strip())


def _search(number: int, text: str) -> Outcome:
    if not _LINE.fullmatch(text):
        return Skipped(number, "malformed: words with + between them are wanted")
    return Entry(number, "search", "+".join(sorted(text.lower().split("+"))))


SYNTAX = Syntax(
    name="e2guardian_searches",
    title="search lists of e2guardian",
    claims=claims,
    read=read,
    means="`word1+word2`: a search of just these words, in any order.",
)
