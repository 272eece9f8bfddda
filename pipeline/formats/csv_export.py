"""Exports of monitoring and filter products as CSV, read by the names of their columns.

In: records parted by commas, semicolons, tabs or bars, quoted or not, with line ends inside quotes; lines before the
header (a title, a date range) are passed over (`before-header`), ten at most. Which header holds which event column is
declared as `columns`, and the vendor's words for what was done as `verdicts`; maps of products ship in `maps/`.
Out: the columns that the map names, with `ts_quality`, `verdict` and `kind`. A row with typed text is `typed`.

The header is the line that names every declared column once; case and blanks do not count. It is remembered from block
to block, and passed over where it is repeated. Refuses: everything while there is no such line, apart from those of the
first ten that are no data: a text alone, or a label with its value, fewer cells than the map has columns, and no time
of day at the beginning of a cell; rows with too few cells, or too many that are not empty; broken quotes; numbers that
are none; and times as `localtime.from_written` does.
Never recognised by itself, since any table would fit: `--format csv` or a source of school.toml must name it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Final

import polars as pl

from pipeline.formats import PARSE_REJECTS, Declared, Format, Parsed
from pipeline.formats._cells import blank_apart, is_background, parted, said, skips, whole
from pipeline.formats._maps import MAPPABLE
from pipeline.formats._records import SEPARATORS, cells_of, folded
from pipeline.localtime import Running, from_written
from pipeline.schema import PARSED

#: The header stands among so many first records, or nowhere.
_LOOKED_AT: Final = 100
#: A title and what was asked for take no more records. Whether a header follows is not known yet when a block ends
#: before it, so that what may be passed over is settled by the place alone.
_PREAMBLE: Final = 10
#: A time of day after digits or a date in words, or seconds since 1970: hardly a title begins like that.
_TIME: Final = re.compile(
    r"\d.*\d:\d\d|\d{1,2}:\d\d|\d{9}"
    r"|(?:[^\W\d]{3},? )?(?:\d{1,4}|[^\W\d]{3})[-/. ,]+\w{1,9}[-/. ,]+\d{1,4}[T ,]+\d{1,2}[:.]\d\d"
)
_NUMBERS: Final = ("status", "bytes", "duration_ms")
_OWN: Final = ("ts", "ts_quality", "verdict", "kind", "line")


@dataclass(frozen=True)
class _Table:
    """What is remembered of a file: how it is parted, its header, and how its times have run."""

    separator: str = ""
    #: The header's cells, folded; empty until it is found.
    header: list[str] = field(default_factory=list)
    looked_at: int = 0
    running: str = ""

    def to_text(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> _Table:
        return cls(**json.loads(text)) if text else cls()


def claims(first_lines: Sequence[str]) -> bool:
    """Never: without its map a table says nothing."""
    del first_lines
    return False


def parse(lines: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read a block of records; see `Format.parse`. The carry is the header and how the times have run."""
    # Exports that were joined into one file have a byte-order mark in the middle.
    texts, blank = blank_apart(lines.with_columns(pl.col("text").str.strip_prefix("\ufeff")))
    columns = {name: folded(header) for name, header in declared.columns if name in MAPPABLE}
    if "ts" not in columns:
        columns = {}
    table, before = _look_for_header(texts, _Table.from_text(carry), columns)
    preamble = skips(before.filter(pl.col("reason").is_null()), "before-header")
    body = texts.filter(~pl.col("line").is_in(before["line"].to_list()))
    if table.header:
        cells, broken = _cells(body, table, columns)
        is_header = pl.col("ts").str.strip_chars().str.to_lowercase() == columns["ts"]
        cells, repeated = cells.filter(~is_header), skips(cells.filter(is_header), "header")
        read, running = _events(cells, declared, Running.from_text(table.running))
        table = replace(table, running=running.to_text())
    else:
        broken, repeated = _headless(body, columns), skips(body.clear(), "header")
        read = broken.clear()
    refused = before.filter(pl.col("reason").is_not_null())
    names = [name for name in PARSED if name in columns or name in _OWN]
    rows = pl.concat([read, broken, refused], how="diagonal_relaxed")
    return parted(rows, names, [blank, preamble, repeated], table.to_text())


def _look_for_header(texts: pl.DataFrame, table: _Table, columns: Mapping[str, str]) -> tuple[_Table, pl.DataFrame]:
    """The table with its header, if it is found, and the lines looked at: a reason where they are no preamble.

    A loop over rows, because the separator is not known yet; over the first hundred of a file at most.
    """
    seen: list[tuple[int, str | None, str | None]] = []
    for line, text in texts.head(_LOOKED_AT - table.looked_at).iter_rows() if not table.header else ():
        rows = [(separator, cells_of(text, separator)) for separator in SEPARATORS]
        separator, cells = max(rows, key=lambda row: (len(_missing(row[1], columns)) == 0, len(row[1])))
        missing = _missing(cells, columns)
        table = replace(table, looked_at=table.looked_at + 1)
        if columns and not missing:
            return replace(table, separator=separator, header=[folded(cell) for cell in cells]), _seen(seen)
        is_narrow = bool(columns) and len(cells) < max(2, len(columns))
        is_preamble = is_narrow and table.looked_at <= _PREAMBLE and not _may_be_data(cells)
        detail = f"no header before it names every declared column once; it lacks {_listed(missing)}"
        seen.append((line, None, None) if is_preamble else (line, "missing-column", detail))
    return table, _seen(seen)


def _may_be_data(cells: Sequence[str]) -> bool:
    """Whether a line may be a row: more than a label and its value, or a cell that begins with a time.

    Told by the line alone: whether a header follows is not known yet. A title in so many parts becomes a reject, which
    is counted and kept; the other mistake would lose a row.
    """
    filled = [cell.strip() for cell in cells if cell.strip()]
    return len(filled) > len(("label", "value")) or any(_TIME.match(cell) for cell in filled)


def _seen(rows: list[tuple[int, str | None, str | None]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=PARSE_REJECTS, orient="row")


def _missing(cells: Sequence[str], columns: Mapping[str, str]) -> list[str]:
    """The declared headers that do not stand exactly once among the cells."""
    names = [folded(cell) for cell in cells]
    return sorted({header for header in columns.values() if names.count(header) != 1})


def _listed(headers: Sequence[str]) -> str:
    return ", ".join(repr(header) for header in headers) or "a [columns] map for this source"


def _headless(body: pl.DataFrame, columns: Mapping[str, str]) -> pl.DataFrame:
    detail = f"no header among the first {_LOOKED_AT} lines names {_listed(sorted(set(columns.values())))}"
    return body.select("line", reason=pl.lit("missing-column"), detail=pl.lit(detail))


def _cells(body: pl.DataFrame, table: _Table, columns: Mapping[str, str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The declared columns of each row as text, and the rejects of the rows that have no such cells."""
    places = {name: table.header.index(header) for name, header in columns.items()}
    separator, count = re.escape(table.separator), len(table.header)
    cell = rf'(?:"[^"{separator}]*"|[^"{separator}]*)'
    plain = pl.col("text").str.contains(rf"^{cell}(?:{separator}{cell}){{{count - 1}}}$")
    marked = body.with_columns(plain=plain)
    pieces = pl.col("text").str.split(table.separator)
    simple = (
        marked.filter("plain")
        .with_columns(pieces=pieces)
        .select(
            "line", *(pl.col("pieces").list.get(at).str.strip_chars('"').alias(name) for name, at in places.items())
        )
    )
    careful, broken = _read_one_by_one(marked.filter(~pl.col("plain")), table, places)
    return pl.concat([simple, careful]).sort("line"), broken


def _read_one_by_one(rows: pl.DataFrame, table: _Table, places: Mapping[str, int]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows with separators, quotes or line ends inside quotes, and rows that are damaged.

    A loop over rows, because quoting has to be followed from character to character.
    """
    read: list[tuple[object, ...]] = []
    broken: list[tuple[int, str, str]] = []
    for line, text in rows.select("line", "text").iter_rows():
        cells = cells_of(text, table.separator)
        problem = _problem(cells, text, len(table.header))
        if problem is None:
            read.append((line, *(cells[at] for at in places.values())))
        else:
            broken.append((line, *problem))
    schema = {"line": pl.Int64(), **dict.fromkeys(places, pl.String())}
    return pl.DataFrame(read, schema=schema, orient="row"), pl.DataFrame(broken, schema=PARSE_REJECTS, orient="row")


def _problem(cells: Sequence[str], text: str, expected: int) -> tuple[str, str] | None:
    if not cells:
        odd = text.count('"') % 2
        return (
            ("unclosed-quote", "a quote is not closed") if odd else ("bad-field", "a quote ends before its cell does")
        )
    if len(cells) < expected:
        return "missing-column", f"has {len(cells)} of {expected} cells"
    if any(cells[expected:]):
        return "bad-field", f"has {len(cells)} cells, the header has {expected}"
    return None


def _events(cells: pl.DataFrame, declared: Declared, running: Running) -> tuple[pl.DataFrame, Running]:
    """The events, or the reason and detail of a reject, of each row."""
    timed, after = from_written(cells["ts"], declared.timezone, declared.date_order, running)
    rest = cells.drop("ts").with_columns(_spoken(name) for name in cells.columns if name not in {"line", "ts"})
    numbers = [name for name in _NUMBERS if name in rest.columns]
    wrong = [pl.when(pl.col(n).is_not_null() & whole(pl.col(n)).is_null()).then(pl.lit(n)) for n in numbers]
    table = pl.concat([rest, timed], how="horizontal").with_columns(wrong=pl.coalesce(*wrong, pl.lit(None, pl.String)))
    events = table.with_columns(
        *(whole(pl.col(name)).alias(name) for name in numbers),
        verdict=_verdict(table.columns, declared),
        kind=_kind(table.columns),
        reason=pl.when(pl.col("wrong").is_not_null()).then(pl.lit("bad-number")).otherwise(pl.col("reason")),
        detail=pl.when(pl.col("wrong").is_not_null())
        .then(pl.format("{} is not a whole number", pl.col("wrong")))
        .otherwise(pl.col("detail")),
    )
    return events.drop("wrong"), after


def _spoken(name: str) -> pl.Expr:
    """The cell as written, or for numbers and words without the blanks around it; null where it says nothing."""
    bare = pl.col(name).str.strip_chars()
    cell = bare if name in {*_NUMBERS, "verdict", "client_ip", "content_type"} else pl.col(name)
    return pl.when(said(bare).is_not_null()).then(cell).alias(name)


def _verdict(columns: Sequence[str], declared: Declared) -> pl.Expr:
    if "verdict" not in columns:
        return pl.lit("unknown")
    spoken = pl.col("verdict").str.to_lowercase()
    known = pl.lit("unknown")
    for word, verdict in declared.verdicts:
        known = pl.when(spoken == word.strip().lower()).then(pl.lit(verdict)).otherwise(known)
    return known


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


FORMAT: Final = Format(
    name="csv",
    title="CSV export with a map of its columns",
    document="https://www.rfc-editor.org/rfc/rfc4180",
    claims=claims,
    parse=parse,
    records="quoted",
    gives="what the map names",
    cannot="anything without a map; a file in which day and month cannot be told apart",
)
