"""What a column map makes of the cells of a row, whether they came out of a table or out of JSON.

In: the mapped cells as text, `ts` among them, in the order of the lines; what is declared; how the times have run. A
time that stands in several columns is their cells with blanks between them, and empty where one of them is. Where a
header of the time says UTC, its stamps without a zone are UTC, whatever is declared. Out: the event columns, or the
reason and detail of a reject. A row with typed text is `typed`; a word that the map does not know is the verdict
`unknown`, and a status of 407 a `challenge`. Refuses numbers that are none, and times as `writtentime.from_written`
does.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Final

import polars as pl

from pipeline.formats import Declared
from pipeline.formats._cells import is_background, said, whole
from pipeline.formats._months import in_numbers
from pipeline.schema import PARSED
from pipeline.settings.headers import is_time, spread
from pipeline.times.localtime import Running
from pipeline.times.writtentime import from_written

_NUMBERS: Final = ("status", "bytes", "duration_ms")
#: Blanks may be theirs: of a name that was typed, of words, of a window.
_OF_PEOPLE: Final = frozenset({"user_raw", "typed_text", "title"})
_QUOTED: Final = 40
#: Where cells of a column are empty, some programs write the whole numbers of the others so. Three are thousands.
_NOUGHTS: Final = r"^([0-9]+)\.00?$"
_MIDNIGHT: Final = r"^(\S.*[0-9])(?:T| +)(?:0?0:00(?::00(?:\.0+)?)?|12:00(?::00)? ?[Aa][Mm])$"
#: UTC as a word of a header, also in `time_utc`, `CreatedUTC` and `UtcTime`.
_UTC: Final = re.compile(
    r"(?:UTC|Utc|(?<![A-Za-z])utc(?![a-z]))(?![ /A-Z]*[+\-\u2013\u2212\u00b1] ?[0-9]|[ _]?[Oo]ffset)"
)
#: A time that ends in its minute or second; an offset has a sign before it.
_ZONELESS: Final = r"(?i)([ T,][0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?(?: ?[ap]\.?m\.?)?)$"
_RUN_TOGETHER: Final = "^([0-9]{8}T?[0-9]{6})$"
_HOUR: Final = "^[0-9]{1,2}:[0-9]"
_OWN: Final = ("ts", "ts_quality", "verdict", "kind", "line")


def event_columns(mapped: Collection[str]) -> list[str]:
    """The columns of the events that a map of these columns gives."""
    return [name for name in PARSED if name in mapped or name in _OWN]


def events(cells: pl.DataFrame, declared: Declared, running: Running) -> tuple[pl.DataFrame, Running]:
    """The events, or the reason and detail of a reject, of each row."""
    cells = _with_whole_times(cells)
    written = in_numbers(cells["ts"])
    if _are_utc(declared):
        written = written.str.replace(_ZONELESS, "$1 UTC").str.replace(_RUN_TOGETHER, "${1}Z")
    timed, after = from_written(written, declared.timezone, declared.date_order, running)
    rest = cells.drop("ts").with_columns(_spoken(name) for name in cells.columns if name not in {"line", "ts"})
    numbers = [name for name in _NUMBERS if name in rest.columns]
    rest = rest.with_columns(pl.col(name).str.replace(_NOUGHTS, "$1") for name in numbers)
    shown = [pl.format("{} is not a whole number: '{}'", pl.lit(n), pl.col(n).str.slice(0, _QUOTED)) for n in numbers]
    wrong = [
        pl.when(pl.col(n).is_not_null() & whole(pl.col(n)).is_null()).then(told)
        for n, told in zip(numbers, shown, strict=True)
    ]
    table = pl.concat([rest, timed], how="horizontal").with_columns(wrong=pl.coalesce(*wrong, pl.lit(None, pl.String)))
    events = table.with_columns(
        *(whole(pl.col(name)).alias(name) for name in numbers),
        *_host(table.columns),
        verdict=_verdict(table.columns, declared),
        kind=_kind(table.columns),
        reason=pl.when(pl.col("wrong").is_not_null()).then(pl.lit("bad-number")).otherwise(pl.col("reason")),
        detail=pl.when(pl.col("wrong").is_not_null()).then(pl.col("wrong")).otherwise(pl.col("detail")),
    )
    return events.drop("wrong"), after


def _are_utc(declared: Declared) -> bool:
    """Whether the header of the time says that it is UTC, as in `Time (UTC)`; `(UTC+00:00) London` is a place."""
    return any(is_time(name) and _UTC.search(header) for name, header in spread(declared.columns).items())


def _with_whole_times(cells: pl.DataFrame) -> pl.DataFrame:
    """The cells of the time in one column, `ts`, whether they stood in one or in several."""
    parts = [name for name in cells.columns if is_time(name)]
    if len(parts) == 1:
        return cells
    bare = [pl.col(name).str.strip_chars().fill_null("") for name in parts]
    # Where only a zone follows, the midnight of a stamp is its hour.
    hours = [pl.any_horizontal(each.str.contains(_HOUR) for each in bare[at:]) for at in range(1, len(bare))]
    days = [
        pl.when(hour).then(without_midnight(day)).otherwise(day) for day, hour in zip(bare[:-1], hours, strict=True)
    ]
    whole = pl.when(pl.all_horizontal(each != "" for each in bare)).then(pl.concat_str(*days, bare[-1], separator=" "))
    return cells.with_columns(ts=whole).drop(parts[1:])


def without_midnight(date: pl.Expr) -> pl.Expr:
    """A date without the midnight that Excel or a database may write behind it; the hour stands in another column."""
    return date.str.replace(_MIDNIGHT, "$1")


def _spoken(name: str) -> pl.Expr:
    """The cell without the blanks around it, or as written for what people write; null where it says nothing."""
    bare = pl.col(name).str.strip_chars()
    cell = pl.col(name) if name in _OF_PEOPLE else bare
    return pl.when(said(bare).is_not_null()).then(cell).alias(name)


def _host(columns: Sequence[str]) -> list[pl.Expr]:
    """A host beside a URL says the same again."""
    both = {"host", "url"} <= set(columns)
    return [pl.when(pl.col("url").is_null()).then(pl.col("host")).alias("host")] if both else []


def _verdict(columns: Sequence[str], declared: Declared) -> pl.Expr:
    """As the words say; without a known word only a 407 tells something: the proxy asked who it was."""
    spoken = pl.col("verdict").str.to_lowercase() if "verdict" in columns else pl.lit(None, pl.String)
    known = pl.when(whole(pl.col("status")) == 407).then(pl.lit("challenge")) if "status" in columns else None
    verdict = known.otherwise(pl.lit("unknown")) if known is not None else pl.lit("unknown")
    for word, meaning in declared.verdicts:
        verdict = pl.when(spoken == word.strip().lower()).then(pl.lit(meaning)).otherwise(verdict)
    return verdict


def _kind(columns: Sequence[str]) -> pl.Expr:
    """Typed words are the strongest; a host without a URL shows no page."""

    def has(name: str) -> pl.Expr:
        return pl.col(name).is_not_null() if name in columns else pl.lit(value=False)

    tunnel = (pl.col("method") == "CONNECT").fill_null(value=False) if "method" in columns else pl.lit(value=False)
    parts = is_background(pl.col("content_type")) if "content_type" in columns else pl.lit(value=False)
    return (
        pl.when(has("typed_text"))
        .then(pl.lit("typed"))
        .when(tunnel | (has("host") & ~has("url")))
        .then(pl.lit("host-only"))
        .when(parts)
        .then(pl.lit("background"))
        .otherwise(pl.lit("page"))
    )
