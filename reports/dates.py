"""Days and times as a person in the school says them.

In: dates, and times with a zone. Out: English words in the school's own time. It refuses a time without a zone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import date, datetime
    from zoneinfo import ZoneInfo

# Not from `calendar`: its names follow the machine's language.
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def local(moment: datetime, zone: ZoneInfo) -> datetime:
    """The moment in the school's time. Raises `ValueError` for a time without a zone."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone")
    return moment.astimezone(zone)


def long_date(day: date) -> str:
    """`Tuesday 14 October 2025`."""
    return f"{_DAYS[day.weekday()]} {short_date(day)}"


def short_date(day: date) -> str:
    """`14 October 2025`."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def clock(moment: datetime, zone: ZoneInfo) -> str:
    """`10:02:11` in the school's time."""
    return f"{local(moment, zone):%H:%M:%S}"


def moment_in_words(moment: datetime, zone: ZoneInfo) -> str:
    """`Tuesday 14 October 2025, 10:02 (BST)`."""
    there = local(moment, zone)
    return f"{long_date(there)}, {there:%H:%M} ({there.tzname()})"


def minutes_in_words(first: datetime, last: datetime, zone: ZoneInfo) -> str:
    """`Tuesday 3 November 2026, 10:05 to 10:44 (GMT)`: from first to last, to the minute."""
    start, end = local(first, zone), local(last, zone)
    until = f"{end:%H:%M}" if start.date() == end.date() else f"{long_date(end)}, {end:%H:%M}"
    span = f"{start:%H:%M}" if until == f"{start:%H:%M}" else f"{start:%H:%M} to {until}"
    return f"{long_date(start)}, {span} ({end.tzname()})"


def span_in_words(first: datetime, last: datetime, zone: ZoneInfo) -> str:
    """From first to last, to the second, naming the second day only where it differs."""
    start, end = local(first, zone), local(last, zone)
    if first == last:
        return f"{long_date(start)}, {start:%H:%M:%S} ({start.tzname()})"
    until = f"{end:%H:%M:%S}" if start.date() == end.date() else f"{long_date(end)}, {end:%H:%M:%S}"
    zones = start.tzname() if start.tzname() == end.tzname() else f"{start.tzname()} to {end.tzname()}"
    return f"{long_date(start)}, {start:%H:%M:%S} to {until} ({zones})"
