"""Written times become instants, and it is said how surely.

In: a column of local stamps or of written times, the zone and the order of day and month that the school declares,
and what is remembered of the lines before. Out: `READ`, one row for each stamp: the instant in UTC, its quality, or
the reason and the detail why there is none. Refuses: an hour that the clocks left out in spring, a date whose day
and month cannot be told apart, years outside 1970 to 2199, and what is no date at all.

The hour that occurs twice in autumn is read as its earlier passage and marked `ambiguous-hour`, unless the order of
the lines has settled it: in a file whose stamps go on rising, a fall of half an hour or more inside that hour can only
be the clock going back, so the lines after it are the later passage. Only lines before a line have a say, so that a
file gives the same whole or in parts; the lines before the fall keep their mark, and their reading is right.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal

import polars as pl

from pipeline.schema import TIMESTAMP

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

WrittenOrder = Literal["dmy", "mdy", "ymd"]

#: What becomes of each stamp: `ts` and `ts_quality`, or `reason` and `detail`.
READ: Final = pl.Schema({"ts": TIMESTAMP, "ts_quality": pl.String(), "reason": pl.String(), "detail": pl.String()})

_LOCAL: Final = pl.Datetime("us")
#: Lines are written a little out of order; so far back goes none by itself.
_FALL: Final = timedelta(minutes=30)
_LONGEST_REPEAT: Final = timedelta(hours=3)
_FIRST_YEAR: Final = 1970
_LAST_YEAR: Final = 2199
_MONTHS: Final = 12
_LONGEST_MONTH: Final = 31
_QUOTED: Final = 40
_WRITTEN: Final = (
    r"^(?P<a>[0-9]{1,4})[-/.](?P<b>[0-9]{1,2})[-/.](?P<c>[0-9]{1,4})(?:T|,? +)"
    r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-5][0-9])(?::(?P<second>[0-5][0-9])(?:[.,](?P<fraction>[0-9]{1,9}))?)?"
    r"(?: ?(?P<half>[AaPp])\.?[Mm]\.?)?(?: ?(?P<offset>[Zz]|UTC|GMT|[+-][0-9]{2}:?[0-9]{2}))?$"
)
_DECLARE: Final = 'set date_order = "dmy" or "mdy" for this source in school.toml'


@dataclass(frozen=True)
class Running:
    """How the stamps of a file have run so far; its text goes into the carry of a format."""

    #: The last stamp read, local, ISO 8601.
    last: str = ""
    #: No fall so far but the one of the clock.
    rising: bool = True
    #: The date on which the clock goes back, and how often the stamps fell within the repeated hour.
    repeated: str = ""
    falls: int = 0
    #: The order of day and month that the file itself has proved.
    order: WrittenOrder | None = None
    #: The latest day that stamps without a year have reached, local, ISO 8601.
    reached: str = ""

    def to_text(self) -> str:
        """For the carry; empty before the first stamp."""
        return "" if self == Running() else json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> Running:
        """What `to_text` gave; raises `ValueError` or `TypeError` for anything else."""
        return cls(**json.loads(text)) if text else cls()


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
    return pl.when(_in_range(instant)).then(instant)


def _in_range(time: pl.Expr) -> pl.Expr:
    return time.dt.year().is_between(_FIRST_YEAR, _LAST_YEAR)


class NoSuchHour(ValueError):
    """A local time that did not exist: the clocks went forward over it."""


def instants_of(written: datetime, zone: ZoneInfo) -> list[datetime]:
    """The instant (UTC) of one time that a person wrote; both, the earlier one first, where that time occurs twice.

    A time that names its own offset is taken as it is. Raises `NoSuchHour`.
    """
    if written.tzinfo is not None:
        return [written.astimezone(UTC)]
    found = sorted({written.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)})
    there = [each for each in found if each.astimezone(zone).replace(tzinfo=None) == written]
    if not there:
        raise NoSuchHour(f"{written:%Y-%m-%d %H:%M} does not exist in {zone}: the clocks went forward over it")
    return there


def from_local(stamps: pl.Series, zone: ZoneInfo, running: Running) -> tuple[pl.DataFrame, Running]:
    """Instants (`READ`) of naive local stamps, in the order of the lines; a null stays without instant and reason.

    `zone` must be known by name. Qualities: `assumed-zone`, `ambiguous-hour`.
    """
    before = datetime.fromisoformat(running.last) if running.last else None
    local = pl.concat([pl.Series([before], dtype=_LOCAL), stamps.cast(_LOCAL)]).alias("local")
    in_zone = pl.col("local").dt.replace_time_zone
    table = local.to_frame().with_columns(
        early=in_zone(zone.key, ambiguous="earliest", non_existent="null").dt.convert_time_zone("UTC"),
        late=in_zone(zone.key, ambiguous="latest", non_existent="null").dt.convert_time_zone("UTC"),
        sane=_in_range(pl.col("local")),
    )
    table = _settle(table.with_columns(twice=(pl.col("early") != pl.col("late")).fill_null(value=False)), running)
    read = table.slice(1).select(_read_columns(zone.key))
    return read, _run_on(table, running)


def _settle(table: pl.DataFrame, running: Running) -> pl.DataFrame:
    """Add `date`, `falls` (within the repeated hour, so far), `tumbled` (elsewhere, so far) and `settled`."""
    known = pl.when(pl.col("early").is_not_null() & pl.col("sane")).then(pl.col("local"))
    prev = pl.col("known").forward_fill().shift(1)
    prev_twice = pl.when(pl.col("known").is_not_null()).then(pl.col("twice")).forward_fill().shift(1)
    falls = (prev - pl.col("known") >= _FALL).fill_null(value=False)
    clock = falls & pl.col("twice") & prev_twice.fill_null(value=False) & (prev - pl.col("known") < _LONGEST_REPEAT)
    leaps = (pl.col("known") - prev >= _FALL).fill_null(value=False)
    date = pl.when(pl.col("twice")).then(pl.col("local").dt.date().cast(pl.String))
    carried = pl.when(pl.col("date") == running.repeated).then(running.falls).otherwise(0)
    return (
        table.with_columns(known=known)
        .with_columns(clock=clock, leaps=leaps, date=date, tumbles=falls & ~clock)
        .with_columns(
            falls=pl.col("clock").cast(pl.Int64).cum_sum().over("date") + carried,
            tumbled=pl.col("tumbles").cast(pl.Int8).cum_max().cast(pl.Boolean) | (not running.rising),
        )
        .with_columns(settled=pl.col("twice") & (pl.col("falls") == 1) & ~pl.col("tumbled") & ~pl.col("leaps"))
    )


def _read_columns(zone: str) -> list[pl.Expr]:
    missing = pl.col("local").is_not_null() & pl.col("sane") & pl.col("early").is_null()
    insane = pl.col("sane").not_().fill_null(value=False)
    found = pl.col("early").is_not_null() & pl.col("sane")
    stamp = pl.col("local").dt.strftime("%Y-%m-%d %H:%M:%S")
    return [
        pl.when(found & pl.col("settled")).then(pl.col("late")).when(found).then(pl.col("early")).alias("ts"),
        pl.when(found & pl.col("twice") & ~pl.col("settled"))
        .then(pl.lit("ambiguous-hour"))
        .when(found)
        .then(pl.lit("assumed-zone"))
        .alias("ts_quality"),
        pl.when(missing).then(pl.lit("no-such-hour")).when(insane).then(pl.lit("bad-time")).alias("reason"),
        pl.when(missing)
        .then(pl.format("{} does not exist in {}: the clocks went forward over it", stamp, pl.lit(zone)))
        .when(insane)
        .then(pl.format("the year of {} is outside {} to {}", stamp, pl.lit(_FIRST_YEAR), pl.lit(_LAST_YEAR)))
        .alias("detail"),
    ]


def _run_on(table: pl.DataFrame, running: Running) -> Running:
    known = table.filter(pl.col("known").is_not_null())
    if known.is_empty():
        return running
    twice = known.filter("twice").select("date", "falls").tail(1)
    repeated, falls = twice.row(0) if twice.height else (running.repeated, running.falls)
    last = known["local"][-1].isoformat()
    return replace(running, last=last, rising=not table["tumbled"][-1], repeated=repeated, falls=falls)


def from_written(
    texts: pl.Series, zone: ZoneInfo, date_order: WrittenOrder | None, running: Running
) -> tuple[pl.DataFrame, Running]:
    """Instants (`READ`) of written times, in the order of the lines; every row gets an instant or a reason.

    Known: ISO 8601 and `yyyy-mm-dd hh:mm[:ss]` with or without fraction and offset, `dd/mm/yyyy` and `mm/dd/yyyy`
    (also with `-` or `.`), AM and PM, and what `from_epoch` knows. A time with an offset is `exact`. Day before
    month or month before day: as declared, or as a day above 12 proves for all that was read so far; else refused.
    """
    text = texts.cast(pl.String).str.strip_chars().fill_null("").alias("text")
    apart = _take_apart(text.unique(maintain_order=True))
    order, problem = _order(apart, date_order, running.order)
    distinct = _compose(apart, order, problem)
    table = text.to_frame().join(distinct, on="text", how="left", maintain_order="left")
    read, after = from_local(table["local"], zone, running)
    proved = order if date_order is None and order in {"dmy", "mdy"} else running.order
    columns = [pl.coalesce(f"{name}_given", name).alias(name) for name in READ]
    given = table.select(pl.col(name).alias(f"{name}_given") for name in READ)
    return pl.concat([given, read], how="horizontal").select(columns), replace(after, order=proved)


def _take_apart(text: pl.Series) -> pl.DataFrame:
    """The numbers of each distinct text; `yearfirst` says where the year stands, null where it is no date."""
    parts = pl.col("text").str.extract_groups(_WRITTEN)
    lengths = [pl.col(name).str.len_bytes() for name in ("a", "c")]
    one_is_year = ((lengths[0] == 4) & (lengths[1] <= 2)) | ((lengths[0] <= 2) & (lengths[1] == 4))
    year_first = pl.when(one_is_year).then(lengths[0] == 4)
    return (
        text.to_frame()
        .with_columns(epoch=from_epoch(pl.col("text")), parts=parts)
        .unnest("parts")
        .with_columns(year_first=year_first)
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
            ts=pl.coalesce("epoch", pl.when(_in_range(instant)).then(instant)),
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
    offset = pl.col("offset")
    sign = pl.when(offset.str.starts_with("-")).then(-1).otherwise(1)
    hours = offset.str.extract(r"^[+-]([0-9]{2})").cast(pl.Int64)
    minutes = offset.str.extract(r"([0-9]{2})$").cast(pl.Int64)
    named = pl.when(offset.is_not_null()).then(0)
    return pl.coalesce(sign * (hours * 60 + minutes), named)


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
        .when(pl.col("year_first").not_())
        .then(pl.format("{} is no date and time in the order {}", shown, pl.lit(order or "")))
        .otherwise(pl.format("{} is not a date and time of a known kind", shown))
    )
    return apart.select("text", reason=pl.lit("bad-time"), detail=detail)
