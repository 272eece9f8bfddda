r"""Zeek's http, ssl, quic and dns logs as columns (its ASCII writer).

In: lines of columns behind a header that says which they are:

    #separator \x09
    #set_separator ,        #empty_field (empty)        #unset_field -        #path http
    #fields ts uid id.orig_h ...
    #types time string addr ...

Nothing but the header decides: its `#fields` name the columns and say which log it is, the other lines how values are
written. It is remembered from block to block, and a later one in the same file takes its place. Logs of anything else
are skips (`other-record`). What joins a record's name to that of its field can be set in Zeek: `id_orig_h` is
`id.orig_h`. `\x2c` and the like in a value are bytes that Zeek would not write as they are; those that are no UTF-8
stay escapes. Rows without any header before them are read where they fit what Zeek writes unless it is told otherwise
(`_zeek_usual`).
Out: `_zeek.COLUMNS`. Refuses other rows before any header, and rows with fewer or more columns than it names.
Source: Zeek's documentation, "Zeek Log Formats and Inspection", `Log::default_scope_sep`;
`logging/writers/ascii/Ascii.cc`, `Desc.cc`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Final

import polars as pl

from pipeline.formats import Declared, Format, Parsed
from pipeline.formats._cells import blank_apart, divided, parted, skips
from pipeline.formats._zeek import CANNOT, COLUMNS, FIELDS, GIVES, UNPROVEN, is_no_query, kind_of, told
from pipeline.formats._zeek_usual import USUAL
from pipeline.times.localtime import Running

_HEADER: Final = re.compile(r"#(separator|set_separator|empty_field|unset_field|path|open|close|fields|types)\b")
_CLIENT: Final = re.compile(r"id[^0-9A-Za-z]+orig_h")
#: Names that Bro had up to 2.1 -> those since.
_LATER: Final = {"mime_type": "resp_mime_types"}
_ESCAPES: Final = re.compile(r"(?:\\x[0-9A-Fa-f]{2})+")
_HEADLESS: Final = "no #fields header stands before it, and it has not the usual columns of these logs"
_CELLS: Final = pl.Schema({"line": pl.Int64()} | dict.fromkeys((*FIELDS, "reason", "detail"), pl.String()))


@dataclass(frozen=True)
class _Header:
    """What the header lines so far have said."""

    separator: str = "\t"
    set_separator: str = ","
    unset: str = "-"
    empty: str = "(empty)"
    fields: list[str] = field(default_factory=list)

    def after(self, line: str) -> _Header:
        """The header with one more of its lines."""
        if line.startswith("#separator "):
            # A new header begins.
            return _Header(separator=_unescaped(line.removeprefix("#separator ")) or "\t")
        key, _, value = line.partition(self.separator)
        if key == "#fields":
            names = value.split(self.separator)
            return replace(
                self, fields=["id.orig_h" if _CLIENT.fullmatch(name) else _LATER.get(name, name) for name in names]
            )
        if key == "#set_separator" and value:
            return replace(self, set_separator=value)
        if key == "#unset_field" and value:
            return replace(self, unset=value)
        return replace(self, empty=value) if key == "#empty_field" and value else self

    def to_text(self) -> str:
        """For the carry."""
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> _Header:
        """What `to_text` gave."""
        return cls(**json.loads(text)) if text else cls()


def claims(first_lines: Sequence[str]) -> bool:
    """A header names the columns of one of these logs; without any header, most lines are rows of the usual columns."""
    header = _Header()
    for line in first_lines:
        header = header.after(line) if _HEADER.match(line) else header
        if {"ts", "uid"} <= set(header.fields) and kind_of(header.fields):
            return True
    usual = sum(1 for line in first_lines if any(re.match(pattern, line) for pattern in USUAL))
    return not header.fields and usual * 2 > len(first_lines)


def parse(lines: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read a block of lines; see `Format.parse`. The carry is the header and how stamps without a zone have run."""
    remembered, _, ran = carry.partition("\n")
    texts, blank = blank_apart(lines)
    marked = texts.filter(pl.col("text").str.starts_with("#"))
    is_header = pl.col("text").str.contains(_HEADER.pattern)
    passed_over = [blank, skips(marked.filter(is_header), "header"), skips(marked.filter(~is_header), "comment")]
    headers, last = _headers(marked.filter(is_header), _Header.from_text(remembered))
    tables: list[pl.DataFrame] = [_CELLS.to_frame()]
    for header, data in _under(headers, texts.filter(~pl.col("text").str.starts_with("#"))):
        if header.fields and kind_of(header.fields) is None:
            passed_over.append(skips(data, "other-record"))
        elif header.fields:
            tables.append(_cells(data, header))
        else:
            tables.extend(_cells(part, replace(header, fields=list(fields))) for fields, part in _by_look(data))
    cells = pl.concat(tables, how="diagonal")
    updates, good = divided(cells.filter(pl.col("reason").is_null()).drop("reason", "detail"), is_no_query())
    passed_over.append(skips(updates, "other-record"))
    read, running = told(good, declared, Running.from_text(ran))
    damaged = cells.filter(pl.col("reason").is_not_null()).select("line", "reason", "detail")
    rows = pl.concat([read, damaged], how="diagonal_relaxed")
    return parted(rows, COLUMNS, passed_over, f"{last.to_text()}\n{running.to_text()}")


def _headers(lines: pl.DataFrame, header: _Header) -> tuple[list[tuple[int, _Header]], _Header]:
    """From which line on which header holds.

    A loop over rows, because each line of a header changes how the next is read; there are eight in a file.
    """
    found = [(0, header)]
    for line, text in lines.select("line", "text").iter_rows():
        changed = header.after(text)
        if changed != header:
            header = changed
            found.append((line, header))
    return found, header


def _under(headers: list[tuple[int, _Header]], data: pl.DataFrame) -> list[tuple[_Header, pl.DataFrame]]:
    """The data lines below each header, without the headers that have none."""
    if data.is_empty():
        return []
    starts = pl.DataFrame({"line": [line for line, _ in headers], "at": range(len(headers))}, schema=["line", "at"])
    placed = data.sort("line").join_asof(starts.cast(pl.Int64), on="line", check_sortedness=False)
    return [(headers[int(at)][1], part.drop("at")) for (at,), part in placed.group_by("at", maintain_order=True)]


def _by_look(data: pl.DataFrame) -> list[tuple[tuple[str, ...], pl.DataFrame]]:
    """Rows without a header, by the columns that they look like having; those without such a look have none."""
    text, found = pl.col("text"), []
    counted = data.with_columns(count=text.str.count_matches("\t", literal=True) + 1)
    for (count,), rows in counted.partition_by("count", as_dict=True, include_key=False).items():
        patterns = [pattern for pattern, fields in USUAL.items() if len(fields) == count]
        looks = [pl.when(text.str.contains(pattern)).then(pl.lit(pattern)) for pattern in patterns]
        marked = rows.with_columns(look=pl.coalesce(*looks, pl.lit("")))
        parts = marked.partition_by("look", as_dict=True, include_key=False)
        found += [(USUAL.get(str(look), ()), part) for (look,), part in parts.items()]
    return found


def _cells(data: pl.DataFrame, header: _Header) -> pl.DataFrame:
    """The wanted fields of each line, or the reason and detail of its reject."""
    if not header.fields:
        return data.select("line", reason=pl.lit("missing-column"), detail=pl.lit(_HEADLESS))
    places = {name: header.fields.index(name) for name in FIELDS if name in header.fields}
    expected = len(header.fields)
    pieces = pl.col("text").str.split(header.separator)
    count = pl.col("pieces").list.len()
    table = (
        data.lazy()
        .with_columns(pieces=pieces)
        .select(
            "line",
            *(pl.col("pieces").list.get(at, null_on_oob=True).alias(name) for name, at in places.items()),
            reason=pl.when(count < expected).then(pl.lit("missing-column"))
            .when(count > expected).then(pl.lit("bad-field")),
            detail=pl.when(count != expected).then(pl.format("has {} columns, its header names {}", count, expected)),
        )
        .collect(engine="streaming")
    )  # fmt: skip
    if "resp_mime_types" in places:
        first = pl.col("resp_mime_types").str.split(header.set_separator).list.first()
        table = table.with_columns(first.alias("resp_mime_types"))
    values = [
        pl.when(~pl.col(name).is_in([header.unset, header.empty, ""])).then(pl.col(name)).alias(name) for name in places
    ]
    return _without_escapes(table.with_columns(values), list(places))


def _without_escapes(table: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """The columns with their escapes undone. A loop over the distinct values that have any: they are few."""
    for name in names:
        escaped = table[name].str.contains(r"\x", literal=True)
        if escaped.any():
            values = table[name].filter(escaped).unique().to_list()
            told_by = {value: _unescaped(value) for value in values}
            table = table.with_columns(pl.col(name).replace(told_by))
    return table


def _unescaped(value: str) -> str:
    return _ESCAPES.sub(_decoded, value)


def _decoded(escapes: re.Match[str]) -> str:
    return bytes.fromhex(escapes[0].replace("\\x", "")).decode(errors="backslashreplace")


FORMAT: Final = Format(
    name="zeek",
    title="Zeek http.log, ssl.log, quic.log and dns.log, columns",
    document="https://docs.zeek.org/en/master/log-formats.html",
    claims=claims,
    parse=parse,
    unproven=UNPROVEN,
    gives=GIVES,
    cannot=CANNOT,
)
