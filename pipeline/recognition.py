"""What a file is: its format, by its first lines, and its identity, by its first record.

In: the beginning of a file, and what its source declares. Out: the one format that recognises it, or the one that is
named; a hash that stays the same while the file grows, is renamed or packed. Refuses a file that no format or more than
one recognises, and the name of a format that does not exist.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from pipeline.decode import decoded, numbered, opened
from pipeline.errors import SourceError, UnknownFormat
from pipeline.files.records import Block, blocks
from pipeline.formats import Declared, Format, named, names, registry
from pipeline.formats._maps import proposed_map

#: Enough to see a header and some lines; more only costs time when a file turns out to be known.
_FIRST_CHUNK = 256 << 10
_SNIFFED_LINES = 50


def sniff(first_lines: Sequence[str], path: Path | str) -> Format:
    """The one format that recognises the first lines. Raises `UnknownFormat` for none and for two."""
    claimants = [form for form in registry().values() if form.claims(first_lines)]
    if len(claimants) == 1:
        return claimants[0]
    if not claimants:
        what = "no log format recognises this file."
        remedy = _remedy(first_lines, path)
    else:
        what = f"may be {' or '.join(form.name for form in claimants)}."
        remedy = "Say which (--format, or format = in school.toml)."
    raise UnknownFormat(what, path=path, remedy=remedy)


def _remedy(first_lines: Sequence[str], path: Path | str) -> str:
    fitting = proposed_map(first_lines)
    if fitting is None:
        by_name = f"name its format (--format, or format = in school.toml). Known: {', '.join(names())}"
        return f"Is it a table with a header? `esafety map {path}` proposes how to read it. Else {by_name}."
    return f'Its headers fit a map: --format csv --map {fitting} (format = "csv" and map = "{fitting}" in school.toml).'


def first_lines(path: Path) -> list[str]:
    """The first lines of a file as text, blank ones left out, for `sniff`; none if it holds nothing else."""
    with opened(path) as stream:
        return lines_of(next(blocks(decoded(stream, path, _FIRST_CHUNK)), None))


def lines_of(block: Block | None) -> list[str]:
    """The first lines of a block as text, blank ones left out."""
    if block is None:
        return []
    lines = numbered(block)["text"]
    return lines.filter(lines.str.strip_chars() != "").head(_SNIFFED_LINES).to_list()


def format_named(name: str) -> Format:
    """The format of that name. Raises `UnknownFormat` with the names that exist."""
    form = named(name)
    if form is None:
        raise UnknownFormat(f"there is no log format {name!r}.", remedy=f"Known: {', '.join(names())}.")
    return form


def identity_of(path: Path, form: Format, declared: Declared) -> str | None:
    """SHA-256 of the decoded bytes up to the end of the first record that is no header; null if there is none yet."""
    try:
        with opened(path) as stream:
            found, _ = identified(decoded(stream, path, _FIRST_CHUNK), form, declared)
    except SourceError:
        # Damaged before its first record; reading it says so in full.
        return None
    return found


def identified(chunks: Iterator[bytes], form: Format, declared: Declared) -> tuple[str | None, list[bytes]]:
    """The identity, and the chunks that were taken to find it."""
    taken: list[bytes] = []

    def kept() -> Iterator[bytes]:
        for chunk in chunks:
            taken.append(chunk)
            yield chunk

    digest, carry = hashlib.sha256(), ""
    for block in blocks(kept(), quoted=form.records == "quoted"):
        # A few lines are parsed first: the first record is nearly always among them.
        for start, end in _slices(len(block.lines)):
            parsed = form.parse(numbered(block)[start:end].select("line", "text"), declared, carry)
            carry = parsed.carry
            first = min((min(t["line"]) for t in (parsed.events, parsed.rejects) if t.height), default=None)
            if first is not None:
                at = int(np.searchsorted(block.lines, first))
                digest.update(block.data[: block.bounds[at + 1]].rstrip(b"\r\n"))
                return digest.hexdigest(), taken
        digest.update(block.data)
    return None, taken


def _slices(records: int) -> Iterator[tuple[int, int]]:
    yield 0, min(_SNIFFED_LINES, records)
    if records > _SNIFFED_LINES:
        yield _SNIFFED_LINES, records


def as_of(declared: Declared, mtime_ns: int) -> Declared:
    """What is declared, with the time of the file's last change; without one where that lies beyond any date."""
    try:
        change = datetime.fromtimestamp(mtime_ns // 1_000_000_000, UTC)
    except (OverflowError, ValueError, OSError):
        return replace(declared, last_change=None)
    return replace(declared, last_change=change)
