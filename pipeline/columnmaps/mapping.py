"""An unknown export is looked at, and a column map for it is proposed.

In: a file of any kind that can be read (CSV, TSV, JSON lines, a workbook, packed or not). Out: a `Proposal`: how the
file is parted, its header and what stands before it, which header probably holds which event column and why, which
words of the verdict it does not know, whether the file proves the order of day and month, and what its first rows
become when they are read so. Keeps nothing. Refuses, with `UnknownFormat`, a file in which no header is found, and with
`SourceError` one that cannot be read.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import polars as pl

from pipeline.columnmaps.guessing import Guess, guesses, verdict_of
from pipeline.decode import decoded, opened
from pipeline.decode import numbered as numbered_lines
from pipeline.errors import UnknownFormat
from pipeline.files.records import blocks
from pipeline.formats import Declared, Parsed, registry
from pipeline.formats._maps import proposed_map
from pipeline.formats._records import SEPARATORS, cells_of, folded
from pipeline.output import jsonlines
from pipeline.output.jsonlines import DASH
from pipeline.settings.headers import Columns, each_of

#: So many records are looked at.
MOST_RECORDS: Final = 5_000
_CHUNK: Final = 256 << 10
_MOST_BYTES: Final = 8 << 20
_LOOKED_FOR_HEADER: Final = 100
_COMPARED: Final = 20
_SNIFFED: Final = 50
#: So many cells of a column are judged.
_JUDGED: Final = 500
#: Objects in objects are followed so far.
_DEEPEST: Final = 4
_SHOWN_ROWS: Final = 10
_SHOWN_OF_CELL: Final = 30
#: How JSON begins that is not one object a line.
_OVER_LINES: Final = re.compile(r"\s*(?:\[\s*(?:\{|$)|\{\s*$)")


@dataclass(frozen=True)
class Proposal:
    """What a file seems to be, and how it would be read."""

    path: str
    #: `csv` or `json`.
    form: str
    #: None for JSON lines.
    separator: str
    #: The line of the header, and how many records stand before it; 0 for JSON lines.
    header_line: int
    before_header: int
    guesses: tuple[Guess, ...]
    #: Headers that no event column is proposed for, and those that stand more than once, so that no map can name them.
    unused: tuple[str, ...]
    twice: tuple[str, ...]
    #: The words of the verdict column, and what they probably mean; null for those that are not known.
    words: dict[str, str | None]
    #: The order of day and month: as declared, as the file proves it, or null.
    date_order: str | None
    is_order_proved: bool
    #: Times of this file can be read in two ways, and nothing says which is right.
    is_order_needed: bool
    shipped_map: str | None
    #: The log formats that recognise it by themselves.
    claimed_by: tuple[str, ...]
    #: Each header and the first cell below it that is not empty, cut short.
    first_cells: tuple[tuple[str, str], ...]
    #: What was looked at, and what it becomes.
    records: int
    counts: dict[str, Any] = field(default_factory=dict)
    rows: tuple[dict[str, Any], ...] = ()

    @property
    def columns(self) -> Columns:
        """Event column and header."""
        return tuple((each.column, each.header) for each in self.guesses)

    @property
    def verdicts(self) -> tuple[tuple[str, str], ...]:
        """The known words of the verdict column."""
        return tuple((word, verdict) for word, verdict in self.words.items() if verdict is not None)

    @property
    def unknown_words(self) -> list[str]:
        """The words that a person must give a meaning."""
        return [word for word, verdict in self.words.items() if verdict is None]

    @property
    def needs_attention(self) -> bool:
        """Whether a person has to settle something before the map can be used."""
        unsure = any(each.confidence == "guess" for each in self.guesses)
        return bool(unsure or self.twice or self.unknown_words or self.is_order_needed or self.counts.get("rejects"))


def propose(path: Path, declared: Declared) -> Proposal:
    """Look at a file, or at stdin for a dash. Raises `UnknownFormat` and `SourceError`."""
    plain, quoted = _records(path)
    texts = [text for text in plain["text"].to_list() if text.strip()]
    if not texts:
        raise UnknownFormat("holds no line.", path=path)
    looked_at = texts[:_LOOKED_FOR_HEADER]
    is_json = sum(text.lstrip().startswith("{") for text in looked_at) > len(looked_at) / 2
    if _OVER_LINES.match(texts[0]):
        remedy = "Make one object of each line, as `jq -c '.[]' FILE` does of a list, or export it as CSV."
        raise UnknownFormat("is JSON that goes on over lines, or one list of it.", path=path, remedy=remedy)
    claimed = tuple(name for name, form in registry().items() if form.claims(looked_at[:_SNIFFED]))
    proposal = _of_json(path, plain) if is_json else _of_table(path, quoted, claimed)
    if "ts" not in dict(proposal.columns):
        raise UnknownFormat(
            "no column holds times, each with its date and hour, and no two hold dates and times of day. "
            f"Its headers, and the first cells: {_with_cells(proposal)}.",
            path=path, remedy="Without a time there is no event: export it with the date and the time of day.",
        )  # fmt: skip
    fitting = None if is_json else proposed_map(looked_at[:_SNIFFED])
    return _tried(replace(proposal, shipped_map=fitting, claimed_by=claimed), plain if is_json else quoted, declared)


def _with_cells(proposal: Proposal) -> str:
    return ", ".join(f"{header!r} ({cell!r})" if cell else repr(header) for header, cell in proposal.first_cells)


def _records(path: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The first records: line by line, and as a table with line ends inside quotes has them."""
    with ExitStack() as stack:
        stream = jsonlines.stdin() if path == DASH else stack.enter_context(opened(path))
        data = b""
        for chunk in decoded(stream, path, _CHUNK):
            data += chunk
            if data.count(b"\n") >= MOST_RECORDS or len(data) >= _MOST_BYTES:
                # The last line may have been cut.
                data = data[: data.rfind(b"\n") + 1]
                break
    return _numbered(data, quoted=False), _numbered(data, quoted=True)


def _numbered(data: bytes, *, quoted: bool) -> pl.DataFrame:
    tables = [numbered_lines(block).select("line", "text") for block in blocks([data], quoted=quoted)]
    return (
        pl.concat(tables).head(MOST_RECORDS) if tables else pl.DataFrame(schema={"line": pl.Int64, "text": pl.String})
    )


# ---------------------------------------------------------------- tables


@dataclass(frozen=True)
class _Header:
    separator: str
    line: int
    #: How many records stand before it.
    before: int
    cells: list[str]


def _of_table(path: Path, records: pl.DataFrame, claimed: Sequence[str]) -> Proposal:
    lines = [(line, text) for line, text in records.iter_rows() if text.strip()]
    header = _header(lines)
    if header is None and claimed:
        what = f"is read as it is, as {' or '.join(claimed)}: it needs no map."
        raise UnknownFormat(what, path=path, remedy="Try `esafety parse` on it.")
    if header is None:
        raise UnknownFormat(
            "no header is found: no line of words with rows of as many cells below it.",
            path=path, remedy="Export it with its headers. If it is the log of a server, try `esafety parse`.",
        )  # fmt: skip
    rows = [cells_of(text, header.separator) for _, text in lines[header.before + 1 : header.before + 1 + _JUDGED]]
    rows = [row for row in rows if len(row) >= len(header.cells)]
    cells = [[row[at] for row in rows] for at in range(len(header.cells))]
    # A header that stands twice cannot be named.
    often = Counter(folded(cell) for cell in header.cells)
    single = [at for at, cell in enumerate(header.cells) if often[folded(cell)] == 1 and cell.strip()]
    names = [" ".join(header.cells[at].split()) for at in single]
    found = guesses(names, [cells[at] for at in single])
    by_name = {name: cells[at] for name, at in zip(names, single, strict=True)}
    twice = {folded(cell): " ".join(cell.split()) for cell in header.cells if cell.strip() and often[folded(cell)] > 1}
    return replace(_proposal(path, "csv", header, found, names, by_name), twice=tuple(twice.values()))


def _header(lines: Sequence[tuple[int, str]]) -> _Header | None:
    """The line that is most like a header: different words, no times or addresses, rows of as many cells below it."""
    best: tuple[tuple[float, int, int], _Header] | None = None
    for before, (line, text) in enumerate(lines[:_LOOKED_FOR_HEADER]):
        for separator in SEPARATORS:
            cells = cells_of(text.removeprefix("\ufeff"), separator)
            score = _likeness(
                cells, [cells_of(each, separator) for _, each in lines[before + 1 : before + 1 + _COMPARED]]
            )
            if score and (best is None or (score, len(cells), -before) > best[0]):
                best = (score, len(cells), -before), _Header(separator, line, before, cells)
    return best[1] if best else None


def _likeness(cells: list[str], below: list[list[str]]) -> float:
    """From 0 to 2: whether the cells are names, and how many of the rows below have as many cells."""
    names = [folded(cell) for cell in cells]
    filled = [name for name in names if name]
    if len(filled) < 2 or not below or any(name[:1].isdigit() or "://" in name for name in filled):
        return 0.0
    if len(set(filled)) < len(filled) / 2:
        return 0.0
    as_many = sum(len(row) >= len(filled) and len(row) <= len(cells) + 1 for row in below if row) / len(below)
    known = {each.column for each in guesses(cells, [[] for _ in cells])}
    return as_many * (1 + len(known) / (len(known) + 1)) if as_many > 0.5 else 0.0


# ---------------------------------------------------------------- JSON lines


def _of_json(path: Path, records: pl.DataFrame) -> Proposal:
    cells: dict[str, list[str]] = {}
    for _, text in records.head(_JUDGED).iter_rows():
        for key, value in _leaves(_object(text), "", 0):
            cells.setdefault(key, []).append(value)
    names = list(cells)
    found = guesses(names, list(cells.values()))
    return _proposal(path, "json", _Header("", 0, 0, []), found, names, cells)


def _object(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _leaves(value: Any, path: str, depth: int) -> Iterator[tuple[str, str]]:
    """The paths and texts of an object, to some depth; of lists the first element."""
    if isinstance(value, dict) and depth < _DEEPEST:
        for key, inner in value.items():
            if key and not set(key) & set('"\\'):
                step = f'"{key}"' if set(key) & set(".[]") else key
                yield from _leaves(inner, f"{path}.{step}" if path else step, depth + 1)
    elif isinstance(value, list) and value and path:
        yield from _leaves(value[0], f"{path}[0]", depth + 1)
    elif isinstance(value, str | int | float) and path:
        yield path, json.dumps(value) if isinstance(value, bool | int | float) else value


# ---------------------------------------------------------------- what comes of it


def _proposal(
    path: Path, form: str, header: _Header, found: list[Guess], names: Sequence[str], cells: dict[str, list[str]]
) -> Proposal:
    used = {header: each.column for each in found for header in each_of(each.header)}

    def first(name: str) -> tuple[str, str]:
        return name, next((cell.strip()[:_SHOWN_OF_CELL] for cell in cells[name] if cell.strip()), "")

    verdict = next((name for name, column in used.items() if column == "verdict"), None)
    spoken = [cell.strip() for cell in cells[verdict]] if verdict else []
    # Case makes no difference to the reader.
    words = {word.lower(): word for word in sorted(set(spoken) - {"", "-"}, reverse=True)}
    return Proposal(
        path=str(path), form=form, separator=header.separator, header_line=header.line, before_header=header.before,
        guesses=tuple(found), unused=tuple(name for name in names if name not in used), twice=(),
        words={word: verdict_of(word) for word in sorted(words.values())}, date_order=None, is_order_proved=False,
        is_order_needed=False, shipped_map=None, claimed_by=(), first_cells=tuple(map(first, names)), records=0,
    )  # fmt: skip


def _tried(proposal: Proposal, records: pl.DataFrame, declared: Declared) -> Proposal:
    """The proposal with what it makes of the records."""
    asked = replace(declared, columns=proposal.columns, verdicts=proposal.verdicts)
    form = registry()[proposal.form]
    parsed = form.parse(records, asked, "")
    # The file may prove an order, or need one; both are told by what the reader itself remembers and refuses.
    undecided = parsed.rejects["detail"].str.contains("may be the day").any()
    proved = None if declared.date_order or undecided else _proved(form.parse(records, asked, "").carry)
    reasons = Counter(dict(parsed.rejects.group_by("reason").len().iter_rows()))
    counts = {
        "events": parsed.events.height, "rejects": parsed.rejects.height, "skips": parsed.skips.height,
        "reasons": dict(sorted(reasons.items())),
    }  # fmt: skip
    return replace(
        proposal, date_order=declared.date_order or proved, is_order_proved=proved is not None,
        is_order_needed=bool(undecided), records=records.height, counts=counts, rows=tuple(_rows(parsed)),
    )  # fmt: skip


def _proved(carry: str) -> str | None:
    """The order of day and month that the reader has proved, out of what it remembers."""
    remembered = json.loads(carry) if carry else {}
    running = remembered.get("running", remembered)
    running = json.loads(running) if isinstance(running, str) and running else running
    return running.get("order") if isinstance(running, dict) else None


def _rows(parsed: Parsed) -> Iterable[dict[str, Any]]:
    first = parsed.events.head(_SHOWN_ROWS)
    written = first.with_columns(pl.col("ts").dt.strftime("%Y-%m-%dT%H:%M:%S%.fZ"))
    for row in written.iter_rows(named=True):
        yield {name: value for name, value in row.items() if value is not None}
