"""W3C extended log files: ProxySG and Cloud SWG (Blue Coat, Symantec), Forefront TMG and ISA Server, Netskope, IIS.

In: lines of values parted by blanks or tabs, values with blanks in double quotes. `#Fields:` says which column holds
what, holds until the next one, and is remembered from block to block; a source may declare it (`layout`) where the log
came by syslog without it. Rows without it, or that it cannot mean, are read where they fit what ProxySG writes by
itself (`_proxysg_usual`). `date` and `time` are UTC, as the specification wants; else `timestamp` (epoch), `gmttime`
or `localtime` (`[25/Mar/2026:08:00:00 +0000]`, without an offset in the declared zone) is taken.
Out: `_COLUMNS`; what the fields mean is in `_w3c`. A segment whose fields name no address is of another kind
(`other-record`: a firewall's connections, FTP, mail), and so is a row with neither URL nor host.
Refuses: other lines before any `#Fields:`, other rows with other than so many values, numbers that are none, unreadable
times. And a line in which a relay has joined records: rsyslog takes the year of a row for a count of octets, and cuts
and joins rows by it, so that most such lines begin in mid-row. Whether a line end in it stands within the quotes of a
user agent, which a client writes, can then not be known, and so it is not parted.

An IIS log is that of a web server: it tells what others, from wherever, asked of the school's own pages, and no filter
had a say in it. Its rows are read as what they are, with the verdict `unknown` and mostly without a host. It is no
browsing of the pupils': declare one as a source only if the school's own pages are to be watched. There quotes mean
nothing, and IIS writes the blanks of a name and of the user agent as `+`. Its Advanced Logging Module writes blanks as
they are, quotes around some values, and local times where it is told to (`date-local`, `time-local`).
Source: W3C working draft WD-logfile-960323; reference of access log formats of ProxySG and of
Cloud SWG (Web Security Service); "Web Proxy Log Fields" of
Forefront TMG; IIS's "W3C Logging" and "Advanced Logging".
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import polars as pl

from pipeline.formats import PARSE_REJECTS, PARSE_SKIPS, Declared, Format, Parsed
from pipeline.formats._cells import blank_apart, parted, skips
from pipeline.formats._delimited import Layout, split
from pipeline.formats._proxysg_usual import MORE, begins_as_usual, is_usual, usual_fields
from pipeline.formats._syslog import bare, without_header
from pipeline.formats._w3c import CELLS, Fields, events, stamp
from pipeline.times.localtime import Running
from pipeline.times.writtentime import from_written

_COLUMNS: Final = (
    "line", "ts", "ts_quality", "user_raw", "client_ip", "device", "method", "host", "url", "app", "verdict",
    "vendor_category", "status", "bytes", "duration_ms", "content_type", "user_agent", "referrer", "kind",
)  # fmt: skip
_FIELDS: Final = r"(?i)^#Fields:[ \t]*(.*)$"
_DIRECTIVE: Final = r"^#[A-Za-z][A-Za-z-]*:"
_NAMES: Final = r"^\s*(?:[A-Za-z]\S*\s*)+$"
#: Fields whose value a client chooses, before all others.
_CLIENT_FIRST: Final = r"(?i)^\s*(?:cs|sc\(|rs\(|c-agent|c-dns|c-uri|r-host|x-|s-operation)"
#: Runs of blanks part as one does; those in quotes are part of the value.
_RUNS: Final = r'("[^"]*")|( ) +'
#: Where rsyslog has written the line end between two records, and the next begins; and such a place outside quotes.
_BORDER: Final = "#015#012[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:"
_JOINED: Final = rf'^[^"]*(?:"[^"]*"[^"]*)*{_BORDER}'
_IN_QUOTES: Final = '^"([^"]*)"$'
#: Values that never have quotes of their own.
_NEVER_QUOTED: Final = ("hostname", "client_ip", "referrer")
_BRACKETED: Final = r'(^| )\[([0-9]{2}/[^\]"]*)\]'


def claims(first_lines: Sequence[str]) -> bool:
    """A `#Fields:` line that names a time and an address; without any, most lines are as ProxySG writes them."""
    lines = bare(first_lines)
    named = [Fields.of(line[len("#Fields:") :]) for line in lines if line.startswith("#Fields:")]
    if named:
        return any(fields.has_time and fields.has_address for fields in named)
    return sum(map(is_usual, lines)) * 2 > len(lines)


def parse(lines: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read a block of lines; see `Format.parse`. The carry is the fields and how local stamps have run."""
    before, ran = json.loads(carry) if carry else (_declared_fields(declared), "")
    texts, blank = blank_apart(without_header(lines))
    texts = texts.with_columns(pl.col("text").str.strip_prefix("\ufeff"))
    named = texts.with_columns(named=_fields_named(before)).with_columns(
        fields=pl.col("named").forward_fill().fill_null(before)
    )
    is_header = pl.col("named").is_not_null()
    is_comment = ~is_header & pl.col("text").str.contains(_DIRECTIVE) & ~_may_be_row()
    body = named.filter(~is_header & ~is_comment)
    passed_over = [blank, skips(named.filter(is_header), "header"), skips(named.filter(is_comment), "comment")]
    cells, refused, other = _cells(body)
    timed, running = from_written(cells["stamp"], declared.timezone, declared.date_order, Running.from_text(ran))
    read = events(pl.concat([cells.drop("stamp"), timed], how="horizontal"))
    unaddressed = pl.col("reason").is_null() & pl.col("url").is_null() & pl.col("host").is_null()
    passed_over += [other, skips(read.filter(unaddressed), "other-record")]
    rows = pl.concat([read.filter(~unaddressed), _explained(refused, texts)], how="diagonal")
    last = named["fields"][-1] if named.height else before
    return parted(rows, _COLUMNS, passed_over, json.dumps([last, running.to_text()]))


def _fields_named(before: str) -> pl.Expr:
    """What a line names as its fields; null for a row that begins with a client's value which looks so."""
    named = pl.col("text").str.extract(_FIELDS)
    # Every row has a number in it, that of its time; no header has.
    sure = pl.when(named.str.contains(_NAMES)).then(named)
    is_clients = sure.forward_fill().shift(1).fill_null(before).str.contains(_CLIENT_FIRST)
    return pl.when(sure.is_not_null() | ~is_clients).then(named)


def _may_be_row() -> pl.Expr:
    """Whether a line that looks like a comment may be a row, whose first value a client wrote."""
    text, fields = pl.col("text"), pl.col("fields")
    values = pl.max_horizontal(text.str.count_matches(r"\S+"), text.str.count_matches("\t") + 1)
    by_tabs = fields.str.contains("\t", literal=True)
    names = pl.when(by_tabs).then(fields.str.count_matches(r"[^\t]+")).otherwise(fields.str.count_matches(r"\S+"))
    return fields.str.contains(_CLIENT_FIRST) & (values >= names)


def _declared_fields(declared: Declared) -> str:
    _, _, fields = declared.layout.rpartition("#Fields:")
    return fields.strip()


def _cells(body: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Cells by meaning, in the order of the lines; rejects; skips. Segments with the same fields are read together."""
    tables, refused, other = [CELLS.to_frame()], [PARSE_REJECTS.to_frame()], [PARSE_SKIPS.to_frame()]
    for segment in body.partition_by("fields", maintain_order=True):
        fields = Fields.of(segment["fields"][0])
        if not fields.names:
            read, broken = _usual(segment, _refused(segment, "no #Fields: line before it says what its columns are"))
            tables.append(read)
            refused.append(broken)
        elif not fields.has_address:
            other.append(skips(segment, "other-record"))
        elif not fields.has_time:
            refused.append(_refused(segment, "the #Fields: line before it names no date and time"))
        else:
            cells, broken = split(_tidy(segment, fields), _layout(fields))
            tables.append(_by_meaning(cells, fields))
            if fields.is_server and broken.height:
                read, broken = _quoted(segment, broken, fields)
                tables.append(read)
            if not begins_as_usual(fields.names):
                read, broken = _usual(segment, broken)
                tables.append(read)
            refused.append(broken)
    return pl.concat(tables).sort("line"), pl.concat(refused), pl.concat(other)


def _quoted(segment: pl.DataFrame, broken: pl.DataFrame, fields: Fields) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The cells of a server's rows in which quotes mean something after all; the rejects that are left."""
    rows = segment.join(broken.select("line"), on="line", how="semi", maintain_order="left")
    cells, _ = split(_tidy(rows, fields), replace(_layout(fields), quotes=True))
    return _by_meaning(cells, fields), broken.join(cells.select("line"), on="line", how="anti", maintain_order="left")


def _usual(segment: pl.DataFrame, broken: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The cells of the rows that are not as a header says, but as ProxySG writes them; the rejects that are left."""
    tables = [CELLS.to_frame()]
    rows = segment.select("line", "text").join(broken.select("line"), on="line", how="semi", maintain_order="left")
    # They may have more columns than are read, but none of these is another record.
    rows = rows.filter(~pl.col("text").str.contains(_JOINED))
    for part in usual_fields(rows).partition_by("fields"):
        fields = Fields.of(part["fields"][0])
        cells, _ = split(_tidy(part, fields), _layout(fields))
        tables.append(_by_meaning(cells, fields))
    read = pl.concat(tables)
    return read, broken.join(read.select("line"), on="line", how="anti", maintain_order="left")


def _explained(refused: pl.DataFrame, texts: pl.DataFrame) -> pl.DataFrame:
    """The rejects, with what happened to those that a relay has joined."""
    lines = texts.select("line", "text").join(refused.select("line"), on="line", how="semi")
    joined = pl.col("line").is_in(lines.filter(pl.col("text").str.contains(_BORDER))["line"].implode())
    return refused.with_columns(
        reason=pl.when(joined).then(pl.lit("bad-field")).otherwise("reason"),
        detail=pl.when(joined).then(pl.lit("a relay has joined records in it (#015#012)")).otherwise("detail"),
    )


def _refused(segment: pl.DataFrame, detail: str) -> pl.DataFrame:
    return segment.select("line", reason=pl.lit("missing-column"), detail=pl.lit(detail))


def _tidy(segment: pl.DataFrame, fields: Fields) -> pl.DataFrame:
    """The lines with single blanks between their values, and their stamps in brackets as one value."""
    text = pl.col("text").str.strip_chars_end(" ")
    if fields.separator == " " and not fields.is_server:
        if fields.has_brackets:
            text = text.str.replace_all(_BRACKETED, r'${1}"[${2}]"')
        if segment.select(pl.col("text").str.contains("  ", literal=True).any()).item():
            text = text.str.replace_all(_RUNS, "${1}${2}")
    return segment.select("line", text)


def _layout(fields: Fields) -> Layout:
    is_open = fields.names[-1] == MORE
    count = len(fields.names) - is_open
    most = None if is_open else count
    return Layout(fields.places, least=count, most=most, separator=fields.separator, quotes=not fields.is_server)


def _by_meaning(cells: pl.DataFrame, fields: Fields) -> pl.DataFrame:
    given = cells.with_columns(stamp(fields), server=pl.lit(fields.is_server))
    columns = {name: pl.col(name) if name in given.columns else pl.lit(None, pl.String) for name in CELLS}
    if fields.is_server:
        columns |= {name: columns[name].cast(pl.String).str.replace(_IN_QUOTES, "$1") for name in _NEVER_QUOTED}
    return given.select(columns[name].cast(dtype).alias(name) for name, dtype in CELLS.items())


FORMAT: Final = Format(
    name="w3c",
    title="W3C extended log (Blue Coat/Symantec ProxySG and Cloud SWG, Forefront TMG, Netskope, IIS)",
    document="https://www.w3.org/TR/WD-logfile",
    claims=claims,
    parse=parse,
    gives="what its #Fields: line names: user, client address, URL, verdict, category, application, status, bytes, "
    "user agent",
    cannot="lines before a #Fields: line, but for those of ProxySG; the page behind a tunnel; whose browsing it was "
    "where it is the log of a web server (IIS), which shows what others asked of the school",
)
