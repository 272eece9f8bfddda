"""Times as they are written become instants.

In: a column of written times, the zone and the order of day and month that the school declares, and what is remembered
of the lines before. Out: `localtime.READ`, one row for each text. Refuses: a date whose day and month cannot be told
apart, years outside 1970 to 2199, what is no date at all, and what `localtime` refuses of stamps without an offset.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import polars as pl

from pipeline.schema import TIMESTAMP
from pipeline.times.localtime import READ, Running, WrittenOrder, from_local, in_range

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_MONTHS: Final = 12
_LONGEST_MONTH: Final = 31
_QUOTED: Final = 40
_HOURS_AND_MINUTES: Final = "(?:0[0-9]|1[0-4]):?[0-5][0-9]"
#: PostgreSQL writes whole hours so, right behind the second.
_WHOLE_HOURS: Final = "[+-](?:0[0-9]|1[0-4])"
#: A browser writes the name of the zone behind it.
_OFFSET: Final = (
    rf"(?:[Zz]|(?:UTC|GMT)?[+-]{_HOURS_AND_MINUTES}|(?:UTC|GMT)[+-](?:1[0-4]|0?[0-9])|(?:UTC|GMT))"
    r"(?: \([A-Za-z .]+\))?|\((?:UTC|GMT)\)"
)
_WRITTEN: Final = (
    r"^(?P<a>[0-9]{1,4})[-/.](?P<b>[0-9]{1,2})[-/.](?P<c>[0-9]{1,4})(?:T|,? +)"
    r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-5][0-9])(?::(?P<second>[0-5][0-9])(?:[.,](?P<fraction>[0-9]{1,9}))?)?"
    r"(?: ?(?P<half>[AaPp])\.?[Mm]\.?)?"
)
#: ISO 8601 without its signs.
_RUN_TOGETHER: Final = r"^([0-9]{4})([0-9]{2})([0-9]{2})[T ]?([0-9]{2})([0-9]{2})([0-9]{2})((?:[.,Z+-].*)?)$"
#: Years in which the words of a zone are looked for.
_SPOKEN_YEARS: Final = range(1996, 2038)
#: How Excel counts days, and a year of two digits: each is told, since both are often met.
_DAYS_OF_EXCEL: Final = r"^[2-9][0-9]{4}(?:[.,][0-9]+)?$"
_SHORT_YEAR: Final = r"^[0-9]{1,2}([-/.])(?:[0-9]{1,2}|[A-Za-z]{3})[-/.][0-9]{2}\b"
#: An offset may move a stamp out of the years of a log; the first and the last of them are left to the pattern above.
_ISO: Final = (
    r"^(?:19(?:7[1-9]|[89][0-9])|20[0-9]{2}|21(?:[0-8][0-9]|9[0-8]))-[0-9]{2}-[0-9]{2}"
    rf"[T ][0-9]{{2}}:[0-5][0-9]:[0-5][0-9](?:\.[0-9]{{1,9}})?(?:Z|[+-]{_HOURS_AND_MINUTES})?$"
)
_LENGTH: Final = len("2026-03-15T16:07:32")
_DECLARE: Final = 'set date_order = "dmy" or "mdy" for this source in school.toml'


def from_epoch(written: pl.Expr) -> pl.Expr:
    """The instant of 10, 13, 16 or 19 digits: seconds (also with a fraction), milli-, micro-, nanoseconds.

    Instants are cut to microseconds, not rounded. Null for anything else.
    """
    length = written.str.len_bytes()
    whole = pl.when(written.str.contains(r"^[0-9]+$")).then(written).cast(pl.Int64, strict=False)
    decimal = pl.when(written.str.contains(r"^[0-9]{10}[.,][0-9]{1,9}$")).then(written)
    seconds = decimal.str.slice(0, 10).cast(pl.Int64, strict=False)
    fraction = decimal.str.slice(11, 6).str.pad_end(6, "0").cast(pl.Int64, strict=False)
    micros = (
        pl.when(seconds.is_not_null())
        .then(seconds * 1_000_000 + fraction)
        .when(length == 10)
        .then(whole * 1_000_000)
        .when(length == 13)
        .then(whole * 1_000)
        .when(length == 16)
        .then(whole)
        .when(length == 19)
        .then(whole // 1_000)
    )
    instant = micros.cast(TIMESTAMP)
    return pl.when(in_range(instant)).then(instant)


def from_written(
    texts: pl.Series, zone: ZoneInfo, date_order: WrittenOrder | None, running: Running
) -> tuple[pl.DataFrame, Running]:
    """Instants (`READ`) of written times, in the order of the lines; every row gets an instant or a reason.

    Known: ISO 8601 and `yyyy-mm-dd hh:mm[:ss]` with or without fraction and offset, `dd/mm/yyyy` and `mm/dd/yyyy`
    (also with `-` or `.`), AM and PM, and what `from_epoch` knows. An offset is `Z`, UTC or GMT, hours and minutes,
    also both, or a word of the declared zone (BST). A time with an offset is `exact`. Day before month or month before
    day: as declared, or as a day above 12 proves for all that was read so far; else refused.
    """
    text = texts.cast(pl.String).str.strip_chars().fill_null("").alias("text")
    distinct, order = _read(text.unique(maintain_order=True), zone, date_order, running.order)
    table = text.to_frame().join(distinct, on="text", how="left", maintain_order="left")
    read, after = from_local(table["local"], zone, running)
    columns = [pl.coalesce(f"{name}_given", name).alias(name) for name in READ]
    given = table.select(pl.col(name).alias(f"{name}_given") for name in READ)
    return pl.concat([given, read], how="horizontal").select(columns), replace(after, order=order)


def iso_parts(written: pl.Series) -> pl.DataFrame:
    """`stamp`, naive, cut to microseconds, and `east`, the minutes east of Greenwich, of usual ISO 8601 stamps.

    Usual: in full, with or without a fraction and an offset; without one the minutes are null. Both are null for
    anything else, and in the first and the last of the years that a log may have, where an offset may lead out of them.
    """
    text, behind, zone = pl.col("text"), pl.col("behind"), pl.col("zone")
    seconds = text.str.head(_LENGTH).str.replace(" ", "T", literal=True)
    minutes = zone.str.slice(1, 2).cast(pl.Int64, strict=False) * 60 + zone.str.tail(2).cast(pl.Int64, strict=False)
    digits = behind.str.slice(1, 6).str.extract(r"^[0-9]+", 0).str.pad_end(6, "0").cast(pl.Int64)
    # Step by step: within one, what two columns hang on would be worked out for each.
    steps = (
        written.alias("written").to_frame().lazy()
        .select(text=pl.when(pl.col("written").str.contains(_ISO)).then("written"))
        .select(
            stamp=seconds.str.to_datetime("%Y-%m-%dT%H:%M:%S", time_unit="us", strict=False),
            behind=text.str.slice(_LENGTH),
        )
        .with_columns(
            zone=behind.str.strip_chars_start(".0123456789"),
            micros=pl.when(behind.str.starts_with(".")).then(digits).otherwise(0),
        )
        .with_columns(minutes=minutes)
    )  # fmt: skip
    east = pl.when(zone.str.starts_with("-")).then(-pl.col("minutes")).when(zone == "Z").then(0).otherwise("minutes")
    stamp = (pl.col("stamp").cast(pl.Int64) + pl.col("micros")).cast(pl.Datetime("us"))
    return steps.select(stamp, pl.when(pl.col("stamp").is_not_null()).then(east).alias("east")).collect()


def _read(
    text: pl.Series, zone: ZoneInfo, date_order: WrittenOrder | None, proved: WrittenOrder | None
) -> tuple[pl.DataFrame, WrittenOrder | None]:
    """What each distinct text says: `text`, `local` and the columns of `READ`; and the order that is proved by now."""
    instant = (pl.col("stamp") - pl.duration(minutes=pl.col("east"))).cast(TIMESTAMP)
    usual = text.to_frame().hstack(iso_parts(text))
    said = pl.when(pl.col("east").is_not_null())
    whole = usual.filter(pl.col("stamp").is_not_null()).select(
        "text",
        pl.when(pl.col("east").is_null()).then("stamp").alias("local"),
        said.then(instant).alias("ts"),
        said.then(pl.lit("exact")).alias("ts_quality"),
        *(pl.lit(None, pl.String).alias(name) for name in ("reason", "detail")),
    )
    if whole.height == text.len():
        return whole, proved
    apart = _take_apart(usual.filter(pl.col("stamp").is_null())["text"], _words_of(zone))
    order, problem = _order(apart, date_order, proved)
    found = order if date_order is None and order in {"dmy", "mdy"} else proved
    return pl.concat([whole, _compose(apart, order, problem).select(whole.columns)]), found


@lru_cache(maxsize=16)
def _words_of(zone: ZoneInfo) -> tuple[tuple[str, int], ...]:
    """The zone's own words for its offsets (BST, CET), and what they mean in minutes; none that means two things."""
    found: dict[str, set[int]] = {}
    for year in _SPOKEN_YEARS:
        for month in (1, 7):
            day = datetime(year, month, 1, tzinfo=zone)
            word, offset = day.tzname() or "", day.utcoffset()
            if word.isalpha() and offset is not None:
                found.setdefault(word, set()).add(int(offset.total_seconds()) // 60)
    clear = {word: offsets for word, offsets in found.items() if len(offsets) == 1 and word not in {"GMT", "UTC"}}
    return tuple((word, offset) for word, offsets in clear.items() for offset in offsets)


def _take_apart(text: pl.Series, words: tuple[tuple[str, int], ...]) -> pl.DataFrame:
    """The numbers of each distinct text; `year_first` says where the year stands, null where it is no date.

    `words` are those of the zone; `named` is what one of them means.
    """
    spoken = "|".join(word for word, _ in words) or "$."
    offset = rf"(?:(?P<hours>{_WHOLE_HOURS})| ?(?P<offset>{_OFFSET})| ?\(?(?P<word>{spoken})\)?)?$"
    signed = pl.col("text").str.replace(_RUN_TOGETHER, "$1-$2-$3 $4:$5:$6$7")
    parts = signed.str.extract_groups(_WRITTEN + offset)
    lengths = [pl.col(name).str.len_bytes() for name in ("a", "c")]
    one_is_year = ((lengths[0] == 4) & (lengths[1] <= 2)) | ((lengths[0] <= 2) & (lengths[1] == 4))
    year_first = pl.when(one_is_year).then(lengths[0] == 4)
    return (
        text.to_frame()
        .with_columns(epoch=from_epoch(pl.col("text")), parts=parts)
        .unnest("parts")
        .with_columns(
            year_first=year_first,
            named=pl.col("word").replace_strict(dict(words), default=None, return_dtype=pl.Int64),
        )
        .with_columns(pl.col("a", "b", "c", "hour").cast(pl.Int64, strict=False))
    )


def _order(
    apart: pl.DataFrame, declared: WrittenOrder | None, proved: WrittenOrder | None
) -> tuple[WrittenOrder | None, str]:
    """The order of day and month for the stamps that end in the year; or none, and why."""
    if declared or proved:
        return declared or proved, ""
    year_last = apart.filter(~pl.col("year_first"))
    day, month = pl.col("a"), pl.col("b")
    day_first = year_last.filter(day.is_between(_MONTHS + 1, _LONGEST_MONTH) & (month <= _MONTHS)).height
    month_first = year_last.filter(month.is_between(_MONTHS + 1, _LONGEST_MONTH) & (day <= _MONTHS)).height
    if day_first and month_first:
        return None, "other lines prove that day and month change places within the file"
    if day_first or month_first:
        return "dmy" if day_first else "mdy", ""
    return None, "nothing says which is the day and which the month"


def _compose(apart: pl.DataFrame, order: WrittenOrder | None, problem: str) -> pl.DataFrame:
    """For each distinct text a local stamp, or what it already says in full: the columns of `READ`."""
    year = pl.when(pl.col("year_first")).then(pl.col("a")).otherwise(pl.col("c"))
    day_last = pl.when(pl.col("year_first")).then(pl.col("c"))
    month = pl.coalesce(pl.when(pl.col("year_first")).then(pl.col("b")), "b" if order == "dmy" else "a")
    day = pl.coalesce(day_last, "a" if order == "dmy" else "b")
    readable = pl.col("year_first") | (pl.col("year_first").is_not_null() & pl.lit(order in {"dmy", "mdy"}))
    stamp = _stamp(year, month, day)
    instant = pl.col("absolute").dt.replace_time_zone("UTC")
    return (
        apart.with_columns(stamp=pl.when(readable).then(stamp), offset=_offset_minutes())
        .with_columns(absolute=pl.col("stamp") - pl.duration(minutes=pl.col("offset")))
        .select(
            "text",
            local=pl.when(pl.col("offset").is_null()).then(pl.col("stamp")),
            ts=pl.coalesce("epoch", pl.when(in_range(instant)).then(instant)),
        )
        .join(_refusals(apart, order, problem), on="text", how="left")
        .with_columns(ts_quality=pl.when(pl.col("ts").is_not_null()).then(pl.lit("exact")))
        .with_columns(
            pl.when(pl.col("ts").is_null() & pl.col("local").is_null()).then(pl.col(name)).alias(name)
            for name in ("reason", "detail")
        )
    )


def _stamp(year: pl.Expr, month: pl.Expr, day: pl.Expr) -> pl.Expr:
    """The naive stamp; null where there is no such day or hour."""
    afternoon = pl.col("half").str.to_lowercase() == "p"
    hour = (
        pl.when(pl.col("half").is_null())
        .then(pl.col("hour"))
        .when(pl.col("hour").is_between(1, 12))
        .then(pl.col("hour") % 12 + pl.when(afternoon).then(12).otherwise(0))
    )
    second = pl.col("second").fill_null("00")
    # Cut to microseconds: a time is never later than the log says.
    fraction = pl.col("fraction").fill_null("0").str.pad_end(6, "0").str.slice(0, 6)
    written = pl.format("{}-{}-{} {}:{}:{}.{}", year, month, day, hour, pl.col("minute"), second, fraction)
    return written.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", strict=False)


def _offset_minutes() -> pl.Expr:
    """Minutes east of Greenwich; null where the time names no offset."""
    offset = pl.coalesce("hours", "offset").str.extract("^([^ ]+)")
    sign = pl.when(offset.str.contains("-", literal=True)).then(-1).otherwise(1)
    hours = offset.str.extract("[+-]([0-9]{1,2})").cast(pl.Int64)
    minutes = offset.str.extract("[+-][0-9]{2}:?([0-9]{2})$").cast(pl.Int64).fill_null(0)
    zero = pl.when(offset.is_not_null()).then(0)
    return pl.coalesce(sign * (hours * 60 + minutes), zero, "named")


def _refusals(apart: pl.DataFrame, order: WrittenOrder | None, problem: str) -> pl.DataFrame:
    """Why a text would give no time; used only where it gives none."""
    shown = pl.format("'{}'", pl.col("text").str.slice(0, _QUOTED))
    both = pl.format(
        "{} may be the day {} of month {} or the day {} of month {}, and {}: {}",
        shown, pl.col("a"), pl.col("b"), pl.col("b"), pl.col("a"), pl.lit(problem), pl.lit(_DECLARE),
    )  # fmt: skip
    undecided = pl.col("year_first").not_() & pl.lit(order not in {"dmy", "mdy"})
    detail = (
        pl.when(pl.col("text") == "")
        .then(pl.lit("the time is empty"))
        .when(undecided & pl.lit(order == "ymd"))
        .then(pl.format("{} does not begin with the year, as the declared date_order says", shown))
        .when(undecided)
        .then(both)
        .when(pl.col("text").str.contains(_DAYS_OF_EXCEL))
        .then(pl.format("{} may be how Excel counts days: give the column the format of a date and time there", shown))
        .when(pl.col("text").str.contains(_SHORT_YEAR))
        .then(pl.format("{} has a year of two digits: export it with four", shown))
        .when(pl.col("year_first").not_())
        .then(pl.format("{} is no date and time in the order {}", shown, pl.lit(order or "")))
        .otherwise(pl.format("{} is not a date and time of a known kind", shown))
    )
    return apart.select("text", reason=pl.lit("bad-time"), detail=detail)
