"""Dates whose month is a word are written in numbers, so that `writtentime.from_written` can read them.

In: times as an export writes them. Out: the same, but `8 Sep 2025 09:05`, `Mon, 8 September 2025 at 9:05 AM`,
`Sep 8, 2025, 9:05 AM` and their like as `2025-09-8 9:05 AM`: with a word for the month nothing is left to be proved. So
are `Sep 8, 2025 @ 09:05:01.123` (Kibana), `08/Sep/2025:09:05:01 +0100` (Apache) and, with the year behind the hour and
perhaps a zone, `Mon Sep  8 09:05:01 BST 2025` (date, Java, C). Refuses nothing: what is written otherwise stays as it
is. English only, in full or the first three letters.
"""

from __future__ import annotations

from typing import Final

import polars as pl

_MONTHS: Final = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_NUMBERS: Final = {month[:size]: f"{at:02d}" for at, month in enumerate(_MONTHS, 1) for size in (3, len(month))} | {
    "sept": "09"
}
_MONTH: Final = "(?P<month>" + "|".join(sorted(_NUMBERS, key=len, reverse=True)) + r")\.?"
_WEEKDAY: Final = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6}\.?,? +)?"
_DAY: Final = r"(?P<day>[0-9]{1,2})(?:st|nd|rd|th)?"
_REST: Final = r"(?P<year>[0-9]{4})(?:,?(?: at| @)? +|:)(?P<clock>[0-9].*)$"
_YEAR_LAST: Final = (
    r"(?P<clock>[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?: [ap]m)?(?: (?:[a-z]{3,5}|[+-][0-9]{4}))?) (?P<year>[0-9]{4})$"
)
_PATTERNS: Final = (
    rf"(?i)^{_WEEKDAY}{_DAY}[ /-]{_MONTH}[ ,/-]+{_REST}",
    rf"(?i)^{_WEEKDAY}{_MONTH} +{_DAY},? +{_REST}",
    rf"(?i)^{_WEEKDAY}{_MONTH} +{_DAY} {_YEAR_LAST}",
    rf"(?i)^{_WEEKDAY}{_DAY} {_MONTH} {_YEAR_LAST}",
)
#: Programs in browsers put these before AM and PM.
_NARROW_BLANKS: Final = "[\u00a0\u202f]"
#: Older browsers put marks of direction, which nobody sees, around the parts of a date.
_DIRECTIONS: Final = "[\u200e\u200f\u202a-\u202e\u2066-\u2069]"


def in_numbers(times: pl.Series) -> pl.Series:
    """The times with the month as a number, where it was a word."""
    text = times.alias("text")
    if text.str.contains(r"[^\x00-\x7f]").any():
        text = text.str.replace_all(_DIRECTIONS, "").str.replace_all(_NARROW_BLANKS, " ")
    text = text.str.strip_chars()
    if not text.str.contains("[A-Za-z]{3}|[\u00c0-\uffff]").any():
        return text
    table = text.to_frame()
    for pattern in _PATTERNS:
        parts = pl.col("text").str.extract_groups(pattern)
        month = parts.struct.field("month").str.to_lowercase().replace(_NUMBERS)
        year, day, clock = (parts.struct.field(name) for name in ("year", "day", "clock"))
        table = table.with_columns(text=pl.coalesce(pl.format("{}-{}-{} {}", year, month, day, clock), "text"))
    return table["text"]
