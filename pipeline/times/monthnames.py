"""Times written with the name of a month become instants, also where they name no year.

In: texts such as `Mar 15 16:07:32` (syslog), `Mon Aug 28 08:04:30 2023`, `28-Aug-2023 08:04:30.123`,
`28/Aug/2023:08:04:30 +0100`, each with or without a fraction, AM or PM and an offset; the zone that the school
declares, and when the file was last written. Out: `localtime.READ`, one row for each text. English names only, as
they are usually written. All other texts are read as `writtentime.from_written` reads those that begin with the year.

A day without a year lies in the latest year in which it is not after the file's last change (a day is allowed for
clocks that differ). Where lines were read before it, also those of an earlier night, it lies in the first year in
which it is no more than 60 days before the latest day reached; so a file goes from December to January within itself,
and a file that grows goes on in the years that were found, whenever it was written last. What is found so is
`guessed-year`: a file that spans more than a year, or one that was copied without its time much later, begins in a
wrong year, and no line of it says so. Refused are such days where the last change is not known, and 29 February where
the lines around it are in no leap year.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import polars as pl

from pipeline.times.localtime import Running
from pipeline.times.writtentime import from_written

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NUMBER_OF: Final = {name: number for number, name in enumerate(_MONTHS, start=1)}
_DIGITS_OF: Final = {name: f"{number:02}" for name, number in _NUMBER_OF.items()}
_MONTH: Final = f"(?:{'|'.join(_MONTHS)})"
_WEEKDAY: Final = r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? )?"
_CLOCK: Final = r"[0-9]{1,2}:[0-5][0-9]:[0-5][0-9](?:[.,][0-9]{1,9})?(?: ?[AaPp][Mm])?"
#: Which words are zones, `from_written` knows.
_ZONE: Final = r"(?:Z|[A-Z]{3,5}|[+-][0-9]{2}:?[0-9]{2})"
_MONTH_FIRST: Final = (
    rf"^{_WEEKDAY}(?P<month>{_MONTH}) {{1,2}}(?P<day>[0-9]{{1,2}})(?:,? (?P<year>[0-9]{{4}}))?,? (?P<clock>{_CLOCK})"
    rf"(?: (?P<zone>{_ZONE}))?(?: (?P<last>[0-9]{{4}}))?$"
)
_DAY_FIRST: Final = (
    rf"^{_WEEKDAY}(?P<day>[0-9]{{1,2}})[-/ ](?P<month>{_MONTH})[-/ ](?P<year>[0-9]{{4}})[: ](?P<clock>{_CLOCK})"
    rf"(?: ?(?P<zone>{_ZONE}))?$"
)
#: Where a clock was never set, or set wildly, nothing can be reckoned back from it.
_CREDIBLE: Final = range(1971, 2200)
#: Clocks differ, and the zone that is declared may be another than the machine's.
_AHEAD: Final = timedelta(days=1)
_MOST_BACK: Final = timedelta(days=60)
_A_YEAR: Final = timedelta(days=366)
#: Around 2100 there are eight years between two days of 29 February.
_MOST_YEARS_BACK: Final = 8
_QUOTED: Final = 40
#: So many days are remembered with their years: those of a log that is long, and far out of order.
_DAYS_OF_YEARS: Final = 4096


def from_named_month(
    texts: pl.Series, zone: ZoneInfo, last_change: datetime | None, running: Running
) -> tuple[pl.DataFrame, Running]:
    """Instants (`localtime.READ`) of written times, in the order of the lines; every row gets an instant or a reason.

    Qualities: those of `from_written`, and `guessed-year` for what names no year, unless it is in an hour that occurs
    twice. `last_change` is when the file was last written (aware), null where that is not known.
    """
    text = texts.cast(pl.String).str.strip_chars().fill_null("").alias("text")
    table = text.to_frame().join(_take_apart(text.unique()), on="text", how="left", maintain_order="left")
    yearless = (table["month"].is_not_null() & table["year"].is_null()).alias("yearless")
    days = table.select(pl.when(yearless).then(pl.col("month") * 100 + pl.col("day")).alias("days"))["days"]
    until = _until(last_change, zone)
    years, reached = _years(days, until, running.reached)
    with_year = pl.concat_str(pl.coalesce("year", years), pl.lit("-"), "behind")
    rewritten = table.select(pl.when(pl.col("month").is_null()).then(pl.col("text")).otherwise(with_year))
    read, after = from_written(rewritten.to_series(), zone, "ymd", running)
    columns = {"text": text, "named": table["month"].is_not_null(), "yearless": yearless, "found": years}
    return _told(read.with_columns(**columns), known=until is not None), replace(after, reached=reached)


def _until(last_change: datetime | None, zone: ZoneInfo) -> date | None:
    """The last day that a line may be of; null where that is not known, or is no time of a log."""
    if last_change is None or last_change.year not in _CREDIBLE:
        return None
    return last_change.astimezone(zone).date() + _AHEAD


def _take_apart(texts: pl.Series) -> pl.DataFrame:
    """`month`, `day`, `year` of each distinct text, and as `behind` what stands behind the year in ISO 8601.

    All null where no month is named.
    """
    first = texts.to_frame().with_columns(parts=pl.col("text").str.extract_groups(_MONTH_FIRST)).unnest("parts")
    other = texts.to_frame().with_columns(parts=pl.col("text").str.extract_groups(_DAY_FIRST)).unnest("parts")
    both = pl.concat([first, other.drop("text").rename(lambda name: f"other_{name}")], how="horizontal")
    # A year on both sides of the clock is none.
    doubled = pl.col("year").is_not_null() & pl.col("last").is_not_null()
    apart = both.select("text", *(pl.coalesce(name, f"other_{name}").alias(name) for name in ("month", "day", "clock")),
                        zone=pl.coalesce("zone", "other_zone"), year=pl.coalesce("year", "last", "other_year"),
                        named=~doubled)  # fmt: skip
    return apart.select(
        "text",
        pl.when("named").then(pl.col("month").replace_strict(_NUMBER_OF, default=None, return_dtype=pl.Int64)),
        pl.col("day", "year").cast(pl.Int64, strict=False),
        behind=pl.format(
            "{}-{} {}{}", pl.col("month").replace_strict(_DIGITS_OF, default=None, return_dtype=pl.String),
            pl.col("day").str.zfill(2), "clock", pl.col("zone").fill_null("").replace(["UTC", "GMT"], "Z"),
        ),
    )  # fmt: skip


def _years(days: pl.Series, until: date | None, reached: str) -> tuple[pl.Series, str]:
    """The year of each day (month * 100 + day), null where there is none, and the latest day reached.

    A loop over runs of the same day: each depends on the one before, and a log has a few of them.
    """
    if until is None or days.null_count() == len(days):
        return pl.Series("found", [None] * len(days), dtype=pl.Int64), reached
    latest = date.fromisoformat(reached) if reached else None
    runs = days.rle().struct.unnest()
    found: list[int | None] = []
    for day in runs["value"]:
        when = _dated(day // 100, day % 100, until, latest) if day is not None else None
        latest = max(filter(None, (latest, when)), default=None)
        found.append(when.year if when else None)
    each = runs.with_columns(found=pl.Series(found, dtype=pl.Int64))
    years = each.select(pl.col("found").repeat_by("len")).explode("found")
    return years["found"], latest.isoformat() if latest else ""


@lru_cache(_DAYS_OF_YEARS)
def _dated(month: int, day: int, until: date, latest: date | None) -> date | None:
    """The day with its year; null where there is no such day."""
    before = [_day(year, month, day) for year in range(until.year, until.year - _MOST_YEARS_BACK - 1, -1)]
    newest = next((when for when in before if when is not None and when <= until), None)
    if latest is None:
        return newest
    soonest = latest - _MOST_BACK
    near = [_day(year, month, day) for year in (soonest.year, soonest.year + 1)]
    going_on = next((when for when in near if when is not None and soonest <= when <= until), None)
    if going_on is not None:
        return going_on
    return newest if newest is not None and newest > until - _A_YEAR else None


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _told(read: pl.DataFrame, *, known: bool) -> pl.DataFrame:
    """With the quality of a year that was found, and the reasons in the words of what was written."""
    shown = pl.format("'{}'", pl.col("text").str.slice(0, _QUOTED))
    guessed = pl.col("yearless") & pl.col("ts_quality").is_in(["assumed-zone", "exact"])
    no_year = "{} names no year, and " + (
        "no year around the lines before it has such a day" if known else "it is not known when the file was written"
    )
    wrong = pl.col("reason") == "bad-time"
    detail = (
        pl.when(wrong & pl.col("yearless") & pl.col("found").is_null())
        .then(pl.format(no_year, shown))
        .when(wrong & pl.col("named"))
        .then(pl.format("{} is no date and time that there is", shown))
        .otherwise(pl.col("detail"))
    )
    quality = pl.when(guessed).then(pl.lit("guessed-year")).otherwise(pl.col("ts_quality"))
    return read.select("ts", ts_quality=quality, reason="reason", detail=detail)
