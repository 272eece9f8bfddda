"""Which two columns of an unknown export may hold the date and the time of day.

In: the names of its headers, each plain (small letters, no punctuation), in full and its end; some cells of each. Out:
the likeliest pair with its confidence (0 a guess, 1 likely, 2 sure) and the reason in words, or nothing. A column whose
hour is always midnight is one of dates. Never in a pair: dates of birth, of expiry or of an end, and how long something
took. Refuses nothing.

Sure: both names are usual ones, and the cells look like it. Likely: both names hold such a word and the cells look like
it, or both are usual and most cells do. A guess: anything less. Another column that is as good makes it less sure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from pipeline.formats._mapped import without_midnight
from pipeline.formats._months import in_numbers
from pipeline.times.localtime import Running, WrittenOrder
from pipeline.times.writtentime import from_written

_UTC: Final = ZoneInfo("UTC")
_ORDERS: Final[tuple[WrittenOrder, ...]] = ("dmy", "mdy")
#: From so large a share of the cells on, a column is of a kind; below the lower one it is not.
MOST: Final = 0.9
HALF: Final = 0.5


@dataclass(frozen=True)
class Pair:
    """Two columns, by their places, that hold the time together."""

    date: int
    clock: int
    confidence: int
    #: The smaller share of cells that look like it.
    share: float
    reason: str


@dataclass(frozen=True)
class _Kind:
    """One of the two: how such columns are called, and what their cells are like."""

    #: The usual names, the most usual first.
    names: tuple[str, ...]
    word: str
    #: A name with one of these words means something else.
    never: str
    share: Callable[[Sequence[str]], float]


@dataclass(frozen=True)
class _Column:
    place: int
    #: 2: a usual name; 1: it holds the word; 0: neither.
    named: int
    #: How usual the name is, negative.
    usual: int
    #: The name without the word: `start` of `start time`.
    rest: str
    share: float


def date_and_clock(names: Sequence[Sequence[str]], cells: Sequence[Sequence[str]]) -> Pair | None:
    """The likeliest pair. Cells have no blanks at their ends."""
    dates, clocks = (list(_columns(kind, names, cells)) for kind in (_DATE, _CLOCK))
    pairs = [(date, clock) for date in dates for clock in clocks if date.place != clock.place]
    if not pairs:
        return None
    date, clock = max(pairs, key=_worth)
    named, share = min(date.named, clock.named), min(date.share, clock.share)
    has_rivals = any(
        other.place != own.place and other.named == own.named
        for own, of in ((date, dates), (clock, clocks))
        for other in of
    )
    sure = named if share >= MOST else named - 1
    said = ("only that", "their names hold such words;", "their names;")[named]
    reason = f"{said} {date.share:.0%} of the cells of one are dates, {clock.share:.0%} of the other times of day"
    return Pair(date.place, clock.place, max(0, sure - has_rivals), share, reason)


def _worth(pair: tuple[_Column, _Column]) -> tuple[float, ...]:
    """Of several pairs the one with the larger."""
    date, clock = pair
    named = sorted((date.named, clock.named))
    return (
        named[0], date.rest == clock.rest, named[1], date.usual + clock.usual, min(date.share, clock.share),
        -date.place, -clock.place,
    )  # fmt: skip


def _columns(kind: _Kind, names: Sequence[Sequence[str]], cells: Sequence[Sequence[str]]) -> Iterator[_Column]:
    for place, spoken in enumerate(names):
        name = spoken[0]
        share = 0.0 if re.search(rf"\b(?:{kind.never})\b", name) else kind.share(cells[place])
        if share < HALF:
            continue
        usual = min((kind.names.index(each) for each in spoken if each in kind.names), default=len(kind.names))
        is_usual, has_word = usual < len(kind.names), re.search(rf"\b{kind.word}\b", name) is not None
        rest = " ".join(re.sub(rf"\b{kind.word}\b", " ", name).split())
        yield _Column(place, 2 if is_usual else int(has_word), -usual, rest, share)


def dates_among(cells: Sequence[str]) -> float:
    """The share of the cells that are a date and no more, in whichever order of day and month more are."""
    bare = without_midnight(pl.col("text"))
    return _read(cells, pl.concat_str(bare, pl.lit(" 12:00")))


def clocks_among(cells: Sequence[str]) -> float:
    """The share of the cells that are a time of day and no more."""
    return _read(cells, pl.concat_str(pl.lit("2025-09-08 "), pl.col("text")))


def _read(cells: Sequence[str], completed: pl.Expr) -> float:
    """The share of the cells that are a time once they are completed."""
    # An empty cell counts against the column: every row has a time.
    if not any(cells):
        return 0.0
    texts = in_numbers(pl.DataFrame({"text": cells}, schema={"text": pl.String}).select(completed).to_series())
    return max(
        len(cells) - from_written(texts, _UTC, order, Running())[0]["ts"].null_count() for order in _ORDERS
    ) / len(cells)


_DATE: Final = _Kind(
    (
        "date", "event date", "log date", "access date", "request date", "visit date", "date visited", "date accessed",
        "activity date", "local date", "start date", "day",
    ),
    "date",
    "birth|birthday|dob|expiry|expires|expiration|end|until",
    dates_among,
)  # fmt: skip
_CLOCK: Final = _Kind(
    (
        "time", "time of day", "event time", "log time", "access time", "request time", "visit time", "time visited",
        "time accessed", "activity time", "local time", "start time", "hour",
    ),
    "time",
    "duration|elapsed|spent|taken|length|total|idle|browse|browsing|end|until",
    clocks_among,
)  # fmt: skip
