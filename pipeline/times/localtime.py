"""Local stamps become instants, and it is said how surely.

In: a column of local stamps, the zone that the school declares, and what is remembered of the lines before. Out:
`READ`, one row for each stamp: the instant in UTC, its quality, or the reason and the detail why there is none.
Refuses: an hour that the clocks left out in spring, and years outside 1970 to 2199.

The hour that occurs twice in autumn is read as its earlier passage and marked `ambiguous-hour`, unless the order of
the lines has settled it: in a file whose stamps go on rising, a fall of half an hour or more inside that hour can only
be the clock going back, so the lines after it are the later passage. A file that comes into the hour from behind has
its newest lines first there, and does not settle it. Elsewhere a fall is one to the day before: so what
has to be remembered of a file stays the same all day, but near that hour. Only lines before a line have a say, so that
a file gives the same whole or in parts; the lines before the fall keep their mark, and their reading is right.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal, cast

import numpy as np
import polars as pl

from pipeline.schema import TIMESTAMP
from pipeline.times.clockchanges import Clock, clock_of

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

WrittenOrder = Literal["dmy", "mdy", "ymd"]

#: What becomes of each stamp: `ts` and `ts_quality`, or `reason` and `detail`.
READ: Final = pl.Schema({"ts": TIMESTAMP, "ts_quality": pl.String(), "reason": pl.String(), "detail": pl.String()})

_LOCAL: Final = pl.Datetime("us")
#: Lines are written a little out of order; so far back goes none by itself.
_FALL: Final = timedelta(minutes=30)
#: So often the clock does not go back in one hour.
_NOT_THE_CLOCK: Final = 2
_LONGEST_REPEAT: Final = timedelta(hours=3)
_FIRST_YEAR: Final = 1970
_LAST_YEAR: Final = 2199


@dataclass(frozen=True)
class Running:
    """How the stamps of a file have run so far; its text goes into the carry of a format."""

    #: Where the last stamp stands (`Clock.stand`), local, ISO 8601: mostly its day.
    last: str = ""
    #: No fall so far but the one of the clock; after another `last` and `falls` say nothing.
    rising: bool = True
    #: The date on which the clock goes back, and how often the stamps fell within the repeated hour, twice at most.
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


def in_range(time: pl.Expr) -> pl.Expr:
    """Whether a time is of a year that a log may have; null for none."""
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
    clock = clock_of(zone.key)
    table = stamps.cast(_LOCAL).alias("local").to_frame().with_columns(sane=in_range(pl.col("local")))
    sane = table.filter("sane")["local"]
    first, last = cast("tuple[datetime | None, datetime | None]", (sane.min(), sane.max()))
    offset = clock.steady(first, last) if first and last else timedelta()
    if offset is not None:
        instant = (pl.col("local") - offset).dt.replace_time_zone("UTC")
        plain = table.with_columns(early=instant, late=instant, twice=False, settled=False)
        return plain.select(_read_columns(zone.key)), _passed(clock, running, sane)
    before = datetime.fromisoformat(running.last) if running.last else None
    begun = pl.DataFrame({"local": [before], "sane": [before is not None]}, schema=table.schema)
    settled = _settle(_in_zone(pl.concat([begun, table]), clock, zone.key), running)
    return settled.slice(1).select(_read_columns(zone.key)), _run_on(settled, running)


def _in_zone(table: pl.DataFrame, clock: Clock, zone: str) -> pl.DataFrame:
    """Add both passages of each stamp, whether they differ, and where it stands (null where it is no time)."""
    in_zone = pl.col("local").dt.replace_time_zone
    instants = table.with_columns(
        early=in_zone(zone, ambiguous="earliest", non_existent="null").dt.convert_time_zone("UTC"),
        late=in_zone(zone, ambiguous="latest", non_existent="null").dt.convert_time_zone("UTC"),
        stand=pl.Series(clock.stand(table["local"].to_numpy()), dtype=_LOCAL),
    )
    known = pl.when(pl.col("early").is_not_null() & pl.col("sane")).then("stand")
    return instants.with_columns(twice=(pl.col("early") != pl.col("late")).fill_null(value=False), known=known)


def _settle(table: pl.DataFrame, running: Running) -> pl.DataFrame:
    """Add `date`, `falls` (within the repeated hour, so far), `tumbled` (elsewhere, so far) and `settled`."""
    prev = pl.col("known").forward_fill().shift(1)
    prev_twice = pl.when(pl.col("known").is_not_null()).then(pl.col("twice")).forward_fill().shift(1)
    # From where the line before stands to this stamp itself, or a second back over the beginning of a time near a
    # repeated hour would be a year.
    back = pl.when(pl.col("known").is_not_null()).then(prev - pl.col("local"))
    falls = (back >= _FALL).fill_null(value=False)
    clock = falls & pl.col("twice") & prev_twice.fill_null(value=False) & (back < _LONGEST_REPEAT)
    # Whoever comes into the hour from behind, before its second passage was seen, goes backwards.
    into = (pl.col("twice") & ~prev_twice & (back > timedelta())).fill_null(value=False)
    leaps = (pl.col("known") - prev >= _FALL).fill_null(value=False)
    date = pl.when(pl.col("twice")).then(pl.col("local").dt.date().cast(pl.String))
    carried = pl.when(pl.col("date") == running.repeated).then(running.falls).otherwise(0)
    return (
        table.with_columns(clock=clock, leaps=leaps, date=date, into=into, tumbles=falls & ~clock)
        .with_columns(falls=pl.col("clock").cast(pl.Int64).cum_sum().over("date") + carried)
        .with_columns(
            # Of that hour, no later fall is the clock's; a line that is written a second late does no more harm.
            falls=pl.col("falls")
            + _NOT_THE_CLOCK * (pl.col("into") & (pl.col("falls") == 0)).cast(pl.Int64).cum_max().over("date"),
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
    return _reached(running, known["known"][-1], rising=not table["tumbled"][-1], repeated=(repeated, falls))


def _passed(clock: Clock, running: Running, stamps: pl.Series) -> Running:
    """After stamps of which none comes twice."""
    if stamps.is_empty():
        return running
    known = stamps.to_numpy()
    ends = clock.stand(np.array([known.min(), known.max()]))
    if ends[0] == ends[1]:
        # All of them stand there, mostly on one day: none of them falls behind another.
        known = known[:1]
    begun = np.array([running.last or known[0]], dtype=known.dtype)
    stood = clock.stand(np.concatenate([begun, known]))
    rising = running.rising and not bool((stood[:-1] - known >= np.timedelta64(_FALL)).any())
    return _reached(running, stood[-1].item(), rising=rising, repeated=(running.repeated, running.falls))


def _reached(running: Running, last: datetime, *, rising: bool, repeated: tuple[str, int]) -> Running:
    """What is remembered: no more than what may still say anything, so that it seldom changes."""
    if not rising:
        return replace(Running(), rising=False, order=running.order, reached=running.reached)
    date, falls = repeated
    return replace(running, last=last.isoformat(), repeated=date, falls=min(falls, _NOT_THE_CLOCK))
