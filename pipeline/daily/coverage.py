"""Hours without a log: what nobody looked at, because it was never written or never arrived.

In: the counts by source and hour. Out: for each source the school hours in which it gave no event. Refuses nothing; a
day outside the declared terms, or at the weekend, is no school day.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from pipeline.config import School, Settings
from pipeline.lake import Lake, read_days
from pipeline.schema import COVERAGE

_SATURDAY = 5
#: A store that slept for a year is not told every hour of it.
_LONGEST_LOOK_BACK = timedelta(days=31)


def is_school_day(day: date, school: School) -> bool:
    """Monday to Friday, and within a term if any are declared."""
    in_term = not school.terms or any(term.first_day <= day <= term.last_day for term in school.terms)
    return day.weekday() < _SATURDAY and in_term


def missing_hours(
    settings: Settings, place: Lake, counted: Iterable[date], last_night: date | None, now: datetime
) -> dict[str, list[str]]:
    """Source -> spans such as `Mon 9 Nov 10:00-12:00` of school hours without a single event.

    Looked at are the days with new events and all days since the last night, up to the hour of this one.
    """
    timezone = ZoneInfo(settings.school.timezone)
    here = now.astimezone(timezone)
    first = max(last_night or here.date(), here.date() - _LONGEST_LOOK_BACK)
    since = {first + timedelta(days=n) for n in range((here.date() - first).days)}
    days = sorted(day for day in {*counted, *since} if is_school_day(day, settings.school) and day <= here.date())
    if not days:
        return {}
    table = read_days(place, "coverage", COVERAGE, days[0], days[-1])
    given = set(table.select("day", "source", "hour").iter_rows())
    found: dict[str, list[str]] = {}
    for source in (each for each in settings.source if each.every_hour):
        spans = [span for day in days for span in _spans(day, source.name, given, settings.school, here)]
        if spans:
            found[source.name] = spans
    return found


def _spans(day: date, source: str, given: set[tuple[date, str, int]], school: School, here: datetime) -> list[str]:
    closes = min(school.closes, here.hour) if day == here.date() else school.closes
    missing = [hour for hour in range(school.opens, closes) if (day, source, hour) not in given]
    spans: list[tuple[int, int]] = []
    for hour in missing:
        if spans and spans[-1][1] == hour:
            spans[-1] = spans[-1][0], hour + 1
        else:
            spans.append((hour, hour + 1))
    name = f"{day:%a} {day.day} {day:%b}"
    return [f"{name} {first:02d}:00-{last:02d}:00" for first, last in spans]
