"""What the pages share: the templates, text that can do no harm, the clipping of long text, and writing a page.

In: templates of this package and values out of logs, all of them hostile. Out: HTML in which a control character, a
terminal escape or a right-to-left override is a visible symbol, and every other character is only text. It refuses to
print a value that is neither text nor a whole number, so that nothing is worked out or left undefined in a template.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import TYPE_CHECKING

from jinja2 import Environment, FunctionLoader, StrictUndefined, TemplateNotFound
from markupsafe import Markup, escape

from pipeline.output.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def grouped(number: int) -> str:
    """A whole number with a comma between thousands."""
    return f"{number:,}"


def counted(number: int, one: str, many: str) -> str:
    """`1 draft`, `2 drafts`: a number with its noun."""
    return f"{number:,} {one if number == 1 else many}"


def year_in_words(group: str) -> str:
    """`Year 8` for a year group that is only a number; `Reception` stays."""
    return f"Year {group}" if group.isdecimal() else group


def clip(text: str, limit: int = 300) -> Markup:
    """The first `limit` characters as HTML that stands by itself, and an honest word about the rest."""
    # Escaped and put together, in a third of the time that `Markup.format` takes: pages hold thousands of texts.
    shown = Markup(f"<bdi>{escape(visible(text[:limit]))}</bdi>")  # noqa: S704 - what comes from outside is escaped
    more = len(text) - limit
    if more <= 0:
        return shown
    return shown + Markup('<span class="more"> … and {}</span>').format(
        counted(more, "more character", "more characters")
    )


@dataclass(frozen=True)
class Piece:
    """A part of a text as it is shown: plain, `marked` as the match, or a `gap` said in words."""

    text: str
    marked: bool = False
    gap: bool = False


def excerpt(text: str, spans: Iterable[tuple[int, int]], limit: int = 300) -> tuple[Piece, ...]:
    """Cut a long text down to what stands around its first matches; `spans` count characters from 0.

    A text of up to `limit` characters is shown whole. Every gap says how many characters, and how many matches, are
    left out. A span that does not lie inside the text is passed over.
    """
    marks = _merged(sorted((start, end) for start, end in spans if 0 <= start < end <= len(text)))
    windows = _windows(len(text), marks, limit)
    pieces: list[Piece] = []
    place = 0
    for start, end in [*windows, (len(text), len(text))]:
        if start > place:
            left_out = sum(1 for mark in marks if place <= mark[0] < start)
            pieces.append(Piece(_gap(start - place, left_out, first=place == 0, last=start == len(text)), gap=True))
        pieces += _cut(text, marks, start, end)
        place = end
    return tuple(pieces)


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sorted spans as spans that do not touch."""
    merged: list[tuple[int, int]] = []
    for start, end in spans:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _windows(length: int, marks: list[tuple[int, int]], limit: int) -> list[tuple[int, int]]:
    if length <= limit:
        return [(0, length)] if length else []
    lead = limit // 3
    starts = [0 if start <= lead else start - lead for start, _ in marks[:3]] or [0]
    return _merged((start, min(length, start + limit)) for start in starts)


def _cut(text: str, marks: list[tuple[int, int]], start: int, end: int) -> list[Piece]:
    edges = sorted({start, end, *(edge for mark in marks for edge in mark if start < edge < end)})
    return [
        Piece(text[left:right], marked=any(mark[0] <= left < mark[1] for mark in marks))
        for left, right in pairwise(edges)
    ]


def _gap(characters: int, matches: int, *, first: bool, last: bool) -> str:
    also = f", with {counted(matches, 'more match', 'more matches')}" if matches else ""
    if last:
        return f" … and {counted(characters, 'more character', 'more characters')}{also}"
    where = "before" if first else "left out"
    return f"({counted(characters, 'character', 'characters')} {where}{also}) … "


def css_text(text: str) -> str:
    """Text for between the quotes of a CSS string: letters and digits as they are, all else by its number."""
    return "".join(char if char.isascii() and char.isalnum() else f"\\{ord(char):06x}" for char in visible(text))


@cache
def environment() -> Environment:
    """The templates of this package: everything that they print is made visible and escaped."""
    found = Environment(
        loader=FunctionLoader(_source),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    found.filters |= {"clip": clip, "grouped": grouped, "css_text": css_text}
    return found


def compile_templates() -> None:
    """Compile all of them now, so that the first page need not wait for it."""
    for folder in (found := resources.files("reports"), *(each for each in found.iterdir() if each.is_dir())):
        inside = "" if folder is found else f"{folder.name}/"
        for each in folder.iterdir():
            if each.name.endswith((".html", ".css")):
                environment().get_template(inside + each.name)


def _source(name: str) -> str:
    try:
        return resources.files("reports").joinpath(name).read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise TemplateNotFound(name) from error


def _finalize(value: object) -> str | int:
    if isinstance(value, Markup):
        return value
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, int):
        return value
    raise TypeError(f"a template may print text and whole numbers, not {type(value).__name__}")


def write(path: Path, page: str) -> None:
    """Put the page at `path`, whole or not at all: its owner may read and write it, its group may read it.

    Raises `OSError` when the folder cannot be written; the page that was there before is then still there.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        # The page names pupils: nobody else on the machine is to see it, not even for the moment before the rename.
        # O_BINARY exists on Windows only, where line ends would be changed on the way to the disk.
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        handle = os.open(temporary, flags, 0o640)
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(page)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
