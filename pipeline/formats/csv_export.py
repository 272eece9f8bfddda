"""Exports of monitoring and filter products as CSV, read by the names of their columns.

In: records parted by commas, semicolons, tabs or bars, quoted or not, with line ends inside quotes; lines before the
header (a title, a date range) are passed over (`before-header`), ten at most. Which header holds which event column is
declared as `columns`, the columns that an export may lack as `hidden`, and the vendor's words for what was done as
`verdicts`; maps of products ship in `maps/`. Out: the columns that the map names, with `ts_quality`, `verdict` and
`kind`. A row with typed text is `typed`.

The header is the line that names every column once that is not `hidden`, no hidden one twice, and the time with at
least one other; case and blanks do not count. It is remembered from block to block, and passed over where it is
repeated; one with its columns in another order (exports that were joined) holds for the rows after it. The time may
stand in several columns, all of them in the header: their cells are joined as the map names them. Refuses:
everything while there is no such line, apart from those of the first ten that are no data: a text alone, or a label
with its value, fewer cells than the map has, and no time of day at the beginning of a cell; rows with too few
cells, or too many that are not empty; broken quotes, also two that stand rows apart; line ends that are a carriage
return alone; numbers that are none; and times as `writtentime.from_written` does.
Never recognised by itself, since any table would fit: `--format csv` or a source of school.toml must name it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Final

import polars as pl

from pipeline.formats import PARSE_REJECTS, Declared, Format, Parsed
from pipeline.formats._cells import blank_apart, parted, skips
from pipeline.formats._mapped import event_columns, events
from pipeline.formats._maps import MAPPABLE
from pipeline.formats._records import SEPARATORS, cells_of, folded, holds_rows
from pipeline.settings.headers import is_time, spread
from pipeline.times.localtime import Running

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
#: A line end of a Macintosh of old.
_ALONE: Final = re.compile(r"\r(?!\n)")
_WORD: Final = re.compile(r"\w+")


@dataclass(frozen=True)
class _Columns:
    """What the map says of the columns."""

    #: Event column, or part of the time -> header, folded.
    headers: Mapping[str, str]
    #: The headers that an export may lack.
    hidden: Collection[str]

    @property
    def needed(self) -> list[str]:
        return [header for header in self.headers.values() if header not in self.hidden]

    @property
    def times(self) -> set[str]:
        """The headers of the time: one, or one for each part of it."""
        return {header for name, header in self.headers.items() if is_time(name)}

    def lacking(self, cells: Sequence[str]) -> list[str]:
        """The headers for whose sake these cells are no header; none: they are one."""
        names = [folded(cell) for cell in cells]
        found = {header: names.count(header) for header in self.headers.values()}
        wrong = {header for header, often in found.items() if often > 1 or not (often or header in self.hidden)}
        if not wrong and len(found) > len(self.times) >= sum(found.values()):
            wrong = {header for header, often in found.items() if not often}
        return sorted(wrong)


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
    columns = _columns(declared)
    table, before = _look_for_header(texts, _Table.from_text(carry), columns)
    preamble = skips(before.filter(pl.col("reason").is_null()), "before-header")
    body = texts.filter(~pl.col("line").is_in(before["line"].to_list()))
    if table.header:
        cells, broken, heads, table = _cells(body, table, columns)
        read, running = events(cells, declared, Running.from_text(table.running))
        table = replace(table, running=running.to_text())
    else:
        broken, heads = _headless(body, columns), body.clear()
        read = broken.clear()
    refused = before.filter(pl.col("reason").is_not_null())
    rows = pl.concat([read, broken, refused], how="diagonal_relaxed")
    passed_over = [blank, preamble, skips(heads, "header")]
    return parted(rows, event_columns(columns.headers), passed_over, table.to_text())


def _columns(declared: Declared) -> _Columns:
    mappable = [(name, header) for name, header in declared.columns if name in MAPPABLE]
    headers = {name: folded(header) for name, header in spread(mappable).items()}
    headers = headers if "ts" in headers else {}
    of_time = {header for name, header in headers.items() if is_time(name)}
    return _Columns(headers, {headers[name] for name in declared.hidden if name in headers} - of_time)


def _look_for_header(texts: pl.DataFrame, table: _Table, columns: _Columns) -> tuple[_Table, pl.DataFrame]:
    """The table with its header, if it is found, and the lines looked at: a reason where they are no preamble.

    A loop over rows, because the separator is not known yet; over the first hundred of a file at most.
    """
    seen: list[tuple[int, str | None, str | None]] = []
    for line, text in texts.head(_LOOKED_AT - table.looked_at).iter_rows() if not table.header else ():
        separator, cells = _parted_best(text, columns)
        missing = columns.lacking(cells)
        problem = _problem(cells, text, 0) if not cells else None
        table = replace(table, looked_at=table.looked_at + 1)
        if columns.headers and not missing:
            return replace(table, separator=separator, header=[folded(cell) for cell in cells]), _seen(seen)
        # A title of a workbook is as wide as its rows.
        filled = len(cells) if sum(bool(cell.strip()) for cell in cells) > 1 else 1
        is_narrow = bool(columns.headers) and filled < max(2, len(columns.headers))
        is_preamble = is_narrow and table.looked_at <= _PREAMBLE and not _may_be_data(cells)
        detail = f"no header before it names every declared column once; {_what_is_wrong(missing, cells)}"
        refused = problem or ("missing-column", detail)
        seen.append((line, None, None) if is_preamble else (line, *refused))
    return table, _seen(seen)


def _parted_best(text: str, columns: _Columns) -> tuple[str, list[str]]:
    """The separator that makes a header of a line, or else the most cells; and the cells."""
    rows = [(separator, cells_of(text, separator)) for separator in SEPARATORS]
    return max(rows, key=lambda row: (not columns.lacking(row[1]), len(row[1])))


def _may_be_data(cells: Sequence[str]) -> bool:
    """Whether a line may be a row: more than a label and its value, a cell that begins with a time, or no cells at all.

    Told by the line alone: whether a header follows is not known yet. A title in so many parts becomes a reject, which
    is counted and kept; the other mistake would lose a row.
    """
    filled = [cell.strip() for cell in cells if cell.strip()]
    # Where no separator makes cells of it, its quotes are broken or its line ends are none.
    return not cells or len(filled) > len(("label", "value")) or any(_TIME.match(cell) for cell in filled)


def _seen(rows: list[tuple[int, str | None, str | None]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=PARSE_REJECTS, orient="row")


def _what_is_wrong(wrong: Sequence[str], cells: Sequence[str]) -> str:
    names = [folded(cell) for cell in cells]
    twice = [header for header in wrong if header in names]
    if twice and len(twice) == len(wrong):
        return f"it has {_listed(twice)} more than once: rename the columns, or leave it out of the map"
    return f"it lacks {_listed([header for header in wrong if header not in names])}"


def _listed(headers: Sequence[str]) -> str:
    return ", ".join(repr(header) for header in headers) or "a [columns] map for this source"


def _headless(body: pl.DataFrame, columns: _Columns) -> pl.DataFrame:
    detail = f"no header among the first {_LOOKED_AT} lines names {_listed(sorted(set(columns.needed)))}"
    return body.select("line", reason=pl.lit("missing-column"), detail=pl.lit(detail))


def _cells(
    body: pl.DataFrame, table: _Table, columns: _Columns
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, _Table]:
    """The mapped columns of each row as text, the rejects of the rows that have none, the headers, the last table."""
    heads = _headers(body, columns)
    rows = body.filter(~pl.col("line").is_in(list(heads)))
    # From which line on which table holds; nearly always there is one.
    tables = {0: table}
    for line, (separator, header) in heads.items():
        last = tables[max(tables)]
        if (separator, header) != (last.separator, last.header):
            tables[line] = replace(last, separator=separator, header=header)
    starts = list(tables)
    parts = [
        _cells_of_table(rows.filter(pl.col("line").is_between(start, end, closed="left")), tables[start], columns)
        for start, end in zip(starts, [*starts[1:], 1 << 62], strict=True)
    ]
    cells, broken = (pl.concat([part[at] for part in parts]) for at in (0, 1))
    return cells, broken, body.filter(pl.col("line").is_in(list(heads))), tables[starts[-1]]


def _headers(body: pl.DataFrame, columns: _Columns) -> dict[int, tuple[str, list[str]]]:
    """The lines that are headers, each with its separator and its cells, folded.

    A loop over the few rows in which a word of each needed header stands.
    """
    found: dict[int, tuple[str, list[str]]] = {}
    maybe = body
    for header in columns.needed:
        word = max(_WORD.findall(header), key=len, default=re.escape(header))
        maybe = maybe.filter(pl.col("text").str.contains(f"(?i){word}"))
    for line, text in maybe.iter_rows():
        separator, cells = _parted_best(text, columns)
        if not columns.lacking(cells):
            found[line] = (separator, [folded(cell) for cell in cells])
    return found


def _cells_of_table(body: pl.DataFrame, table: _Table, columns: _Columns) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The cells of the rows under one header; null in a column that is hidden there."""
    headers = columns.headers.items()
    places = {name: table.header.index(header) for name, header in headers if header in table.header}
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
    read = pl.concat([simple, careful]).sort("line")
    absent = [pl.lit(None, pl.String).alias(name) for name in columns.headers if name not in places]
    return read.with_columns(absent).select("line", *columns.headers), broken


def _read_one_by_one(rows: pl.DataFrame, table: _Table, places: Mapping[str, int]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows with separators, quotes or line ends inside quotes, and rows that are damaged.

    A loop over rows, because quoting has to be followed from character to character.
    """
    read: list[tuple[object, ...]] = []
    broken: list[tuple[int, str, str]] = []
    for line, text in rows.select("line", "text").iter_rows():
        cells = cells_of(text, table.separator)
        problem = _problem(cells, text, len(table.header))
        if problem is None and "\n" in text and holds_rows(cells, table.separator, places["ts"]):
            problem = "unclosed-quote", "a quote goes on over rows that are rows of their own"
        if problem is None:
            read.append((line, *(cells[at] for at in places.values())))
        else:
            broken.append((line, *problem))
    schema = {"line": pl.Int64(), **dict.fromkeys(places, pl.String())}
    return pl.DataFrame(read, schema=schema, orient="row"), pl.DataFrame(broken, schema=PARSE_REJECTS, orient="row")


def _problem(cells: Sequence[str], text: str, expected: int) -> tuple[str, str] | None:
    if not cells:
        if _ALONE.search(text):
            return "bad-field", "holds a carriage return where a line end should be: save it as plain CSV"
        odd = text.count('"') % 2
        return (
            ("unclosed-quote", "a quote is not closed") if odd else ("bad-field", "a quote ends before its cell does")
        )
    if len(cells) < expected:
        return "missing-column", f"has {len(cells)} of {expected} cells"
    if any(cells[expected:]):
        return "bad-field", f"has {len(cells)} cells, the header has {expected}"
    return None


FORMAT: Final = Format(
    name="csv",
    title="CSV export with a map of its columns",
    document="https://www.rfc-editor.org/rfc/rfc4180",
    claims=claims,
    parse=parse,
    records="quoted",
    gives="what the map names; the time out of one column, or the date out of one and the time of day out of another",
    cannot="anything without a map; a file in which day and month cannot be told apart",
)
