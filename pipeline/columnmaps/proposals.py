"""A proposed column map as a person reads it: in words, as TOML to paste, as a small table.

In: a `Proposal`. Out: lines for a terminal, TOML, and data for machines. Whatever the file holds, the TOML is what it
should be and no line can steer a terminal: every character that cannot be seen is written as its number.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from pipeline.columnmaps.mapping import Proposal
from pipeline.errors import StoreError
from pipeline.settings.headers import Header, in_words

_SEPARATORS: Final = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_ORDERS: Final = {"dmy": "day before month", "mdy": "month before day", "ymd": "year first"}
#: The columns of the small table, and how wide each may be.
_SHOWN: Final = {
    "ts": 27, "user_raw": 20, "client_ip": 15, "device": 12, "url": 40, "host": 30, "typed_text": 30, "verdict": 9,
    "kind": 10,
}  # fmt: skip


def as_lines(proposal: Proposal) -> list[str]:
    """What was found, for a terminal."""
    return [
        *_found(proposal),
        "",
        *_columns(proposal),
        *_open_questions(proposal),
        "",
        "For school.toml:",
        "",
        *source_toml(proposal),
        "",
        *_read(proposal),
    ]


def _found(proposal: Proposal) -> list[str]:
    if proposal.form == "json":
        what = "JSON, one object a line"
    else:
        before = f", {proposal.before_header} before it" if proposal.before_header else ""
        what = f"a table parted by {_SEPARATORS[proposal.separator]}, its header in line {proposal.header_line}{before}"
    lines = [f"{visible(proposal.path)}: {what}. {proposal.records} records were looked at."]
    if proposal.claimed_by:
        lines.append(f"It is recognised as {' or '.join(proposal.claimed_by)}: that needs no map.")
    if proposal.shipped_map:
        lines.append(
            f'A shipped map fits: --map {proposal.shipped_map}, or map = "{proposal.shipped_map}" in school.toml.'
        )
    return lines


def _columns(proposal: Proposal) -> list[str]:
    rows = [(each.confidence, each.column, visible(in_words(each.header)), each.reason) for each in proposal.guesses]
    lines = [
        f"  {sure:<7} {column:<16} {_cut(header, 30):<31} {visible(reason)}" for sure, column, header, reason in rows
    ]
    unused = ", ".join(visible(header) for header in proposal.unused)
    twice = ", ".join(map(quoted, proposal.twice))
    told = f"! In the header more than once, so that no map can name them: {twice}. Rename all but one, and try again."
    return [*lines, *([f"  not used: {unused}"] if unused else []), *([told] if twice else [])]


def _open_questions(proposal: Proposal) -> list[str]:
    lines = []
    if proposal.unknown_words:
        words = ", ".join(quoted(word) for word in proposal.unknown_words)
        lines.append(f"! Words of the verdict that are not known, and would be read as unknown: {words}")
    if proposal.is_order_needed:
        lines.append(
            "! The file does not prove which is the day and which the month, or proves both. Ask where it was made, and"
            ' set date_order = "dmy" or "mdy" (here: --date-order).'
        )
    elif proposal.is_order_proved and proposal.date_order:
        lines.append(f"  The file proves the order of its dates: {_ORDERS[proposal.date_order]}.")
    if any(each.confidence == "guess" for each in proposal.guesses):
        lines.append("! Columns marked guess may hold something else: look at the rows below.")
    return ["", *lines] if lines else []


def source_toml(proposal: Proposal) -> list[str]:
    """A source for school.toml."""
    order = f'date_order = "{proposal.date_order}"' if proposal.date_order else 'date_order = "dmy"'
    if not proposal.date_order:
        order = f"# {order}" if proposal.is_order_needed else ""
    return [
        "[[source]]",
        'name = "export"',
        f"files = [{quoted('exports/*' if proposal.path == '-' else proposal.path)}]",
        f'format = "{proposal.form}"',
        *([order] if order else []),
        "",
        *_tables(proposal, "source."),
    ]


def map_toml(proposal: Proposal) -> str:
    """A map as a file of its own."""
    head = [
        "# Proposed by `esafety map`. Read it, correct it, and name this file as the map of the source in school.toml.",
        'title = "Proposed map"',
        "met_a_real_export = true",
        "# Event columns whose header an export may lack.",
        "may_be_hidden = []",
        "",
    ]
    return "\n".join([*head, *_tables(proposal, "")]) + "\n"


def write_map(proposal: Proposal, source: Path, output: Path) -> None:
    """Write the map. Raises `StoreError` where it would take the place of the export itself."""
    if output.exists() and source.exists() and output.samefile(source):
        raise StoreError("is to be read and written over.", path=output, remedy="Name another output.")
    output.write_text(map_toml(proposal), encoding="utf-8")


def _tables(proposal: Proposal, prefix: str) -> list[str]:
    columns = [f"{each.column} = {_header(each.header)}  # {each.confidence}" for each in proposal.guesses]
    lines = [f"[{prefix}columns]", *columns]
    if proposal.words:
        words = [
            f"{quoted(word)} = {quoted(verdict)}" if verdict else f'# {quoted(word)} = "allowed" or "blocked" ...?'
            for word, verdict in proposal.words.items()
        ]
        lines += ["", f"[{prefix}verdicts]", *words]
    return lines


def _header(header: Header) -> str:
    return quoted(header) if isinstance(header, str) else f"[{', '.join(map(quoted, header))}]"


def _read(proposal: Proposal) -> list[str]:
    counts = proposal.counts
    reasons = ", ".join(f"{often} {reason}" for reason, often in counts["reasons"].items())
    told = f"Read so: {counts['events']} events, {counts['rejects']} rejects{f' ({reasons})' if reasons else ''}"
    lines = [f"{told}, {counts['skips']} skipped."]
    shown = [name for name in _SHOWN if any(name in row for row in proposal.rows)]
    if not proposal.rows:
        return lines
    cells = [[_cut(visible(str(row.get(name, ""))), _SHOWN[name]) for name in shown] for row in proposal.rows]
    return [*lines, "", *_table([shown, *cells])]


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(_width(row[at]) for row in rows) for at in range(len(rows[0]))]
    return [
        "  " + "  ".join(cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _width(text: str) -> int:
    """The columns that a text takes on a terminal."""
    return sum(
        0 if unicodedata.combining(each) else 2 if unicodedata.east_asian_width(each) in {"W", "F"} else 1
        for each in text
    )


def _cut(text: str, most: int) -> str:
    kept = text
    while _width(kept) > most - (kept is not text):
        kept = kept[:-1]
    return kept if kept == text else kept + "…"


def visible(text: str) -> str:
    """A text with its control and direction characters as their numbers."""
    return "".join(each if each.isprintable() else f"\\u{ord(each):04x}" for each in text)


def quoted(text: str) -> str:
    """A text as a TOML string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(each if each.isprintable() else _escape(each) for each in escaped) + '"'


def _escape(character: str) -> str:
    number = ord(character)
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"


def as_data(proposal: Proposal) -> dict[str, Any]:
    """The proposal for machines."""
    return asdict(proposal) | {
        "unknown_words": proposal.unknown_words,
        "needs_attention": proposal.needs_attention,
    }
