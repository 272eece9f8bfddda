"""A search typed letter by letter, each letter a line of the log, becomes one text again.

In: the searches of some typists in order of time, sent ones and half-typed ones (suggestions asked for at a keystroke).
Out: for each, which event stands for it, and what it is: `sent`; `part` of a text that another event holds in full;
`typed`, the longest form of what was typed and never sent; `alone`, one lone suggestion. Refuses nothing. Pure; no
event is lost or doubled. What was typed and erased again is kept, once; what is only the beginning of another text
is that text.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import takewhile
from typing import NamedTuple

import polars as pl

from pipeline.text import fold_one

#: typist: whoever is meant, by any name; one row an event.
SEARCHES = pl.Schema(
    {
        "event_id": pl.String(),
        "typist": pl.String(),
        "ts": pl.Datetime("us", "UTC"),
        "text": pl.String(),
        "half_typed": pl.Boolean(),
    }
)
STANDING = pl.Schema({"event_id": pl.String, "stands_for": pl.String, "role": pl.String})
#: Nobody thinks longer between two letters of one search.
PAUSE = timedelta(seconds=60)
#: A minute without pause of a busy address; texts are compared with each other within it.
_TOGETHER = 500


class _Search(NamedTuple):
    """One event: `words` is the text as it is compared."""

    event_id: str
    words: str
    sent: bool


def standing(searches: pl.DataFrame) -> pl.DataFrame:
    """Which event stands for each: `STANDING`, a row for each of `searches` (`SEARCHES`).

    `stands_for` is the event's own id unless it is a `part`.
    """
    ordered = searches.sort("typist", "ts", "event_id")
    new = (pl.col("ts").diff() > PAUSE).fill_null(value=True) | (pl.col("typist") != pl.col("typist").shift())
    numbered = ordered.with_columns(burst=new.fill_null(value=True).cum_sum())
    sizes = numbered["burst"].rle().struct.field("len").to_list() if numbered.height else []
    rows = []
    # Burst by burst, because each text is compared with those around it.
    columns = numbered.select("event_id", "text", "half_typed").rows()
    for first, last in _slices(sizes):
        burst = [_Search(event, fold_one(text)[0].strip(), not half) for event, text, half in columns[first:last]]
        rows += _standing(burst)
    return pl.DataFrame(rows, schema=STANDING, orient="row")


def _slices(sizes: Sequence[int]) -> Iterator[tuple[int, int]]:
    at = 0
    for size in sizes:
        for first in range(at, at + size, _TOGETHER):
            yield first, min(first + _TOGETHER, at + size)
        at += size


def _standing(burst: list[_Search]) -> list[tuple[str, str, str]]:
    """The rows of one burst, in order of time."""
    half, sent = _by_words(burst, sent=False), _by_words(burst, sent=True)
    half_words, sent_words = sorted(half), sorted(sent)
    # Worked out once for each text.
    whole_sent = {words: _sent(words, sent_words, sent) for words in half}
    longest = {words: _longest(words, half_words, half) for words in half}
    rows = []
    for number, (event_id, words, is_sent) in enumerate(burst):
        whole = number if is_sent else _whole(number, whole_sent[words], longest[words])
        role = "sent" if is_sent else "part" if whole != number else "typed" if _has_grown(words, half) else "alone"
        rows.append((event_id, burst[whole].event_id, role))
    return rows


def _by_words(burst: list[_Search], *, sent: bool) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for number, each in enumerate(burst):
        if each.sent == sent:
            found.setdefault(each.words, []).append(number)
    return found


def _whole(number: int, sent: list[int], longest: int) -> int:
    """The event that holds in full what this one holds: the next one sent, the last one sent, or the longest typed."""
    return sent[min(bisect_left(sent, number), len(sent) - 1)] if sent else longest


def _sent(words: str, distinct: list[str], by_words: dict[str, list[int]]) -> list[int]:
    """The searches that were sent and begin with these words; of a single word the last letter may be a slip.

    One letter, and never of a phrase: what was meant and taken back is not to be lost as a slip of the finger.
    """
    begins = words[:-1] if " " not in words and len(words) > 2 else words
    return sorted(number for each in _beginning(begins, distinct) for number in by_words[each])


def _longest(words: str, distinct: list[str], by_words: dict[str, list[int]]) -> int:
    # The first of the longest, so that all agree.
    return min((-len(each), by_words[each][0]) for each in _beginning(words, distinct))[1]


def _beginning(words: str, distinct: list[str]) -> Iterator[str]:
    """Those of the sorted texts that begin with these words."""
    return takewhile(lambda each: each.startswith(words), distinct[bisect_left(distinct, words) :])


def _has_grown(words: str, by_words: dict[str, list[int]]) -> bool:
    """Whether a beginning of it was seen as well, or itself again: somebody typed it, letter by letter."""
    return len(by_words[words]) > 1 or any(each and each != words and words.startswith(each) for each in by_words)
