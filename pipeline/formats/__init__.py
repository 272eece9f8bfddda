"""The log formats. One file each; nothing outside this folder knows a vendor.

A format takes numbered lines (`line`, `text`) and gives events, rejects and declared skips. Every line
comes back in exactly one of the three. To add one, write a module `<name>.py` here with `FORMAT = Format(...)`,
put a sample into `sample_logs/<name>/` with an expected file that you have read; the tests find both.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import cache
from typing import Literal
from zoneinfo import ZoneInfo

import polars as pl

from pipeline.settings.headers import Columns

DateOrder = Literal["dmy", "mdy", "ymd"]

#: The columns of the table that a format is given: number of the line in its file, and its text without
#: line end, byte-order mark and trailing NULs.
LINES = pl.Schema({"line": pl.Int64, "text": pl.String})
#: The lines that a format could not read: why (`schema.REJECT_REASONS`) and the detail in words.
PARSE_REJECTS = pl.Schema({"line": pl.Int64, "reason": pl.String, "detail": pl.String})
#: The lines that a format passes over on purpose (`schema.SKIP_REASONS`).
PARSE_SKIPS = pl.Schema({"line": pl.Int64, "reason": pl.String})


@dataclass(frozen=True)
class Declared:
    """What the school declares of a source, because its lines do not say."""

    timezone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Europe/London"))
    date_order: DateOrder | None = None
    #: Generic formats only: event column -> header of the export; of the time there may be several.
    columns: Columns = ()
    #: Generic formats only: vendor's word -> verdict.
    verdicts: tuple[tuple[str, str], ...] = ()
    #: Formats whose columns the school's own configuration decides: that line of the configuration.
    layout: str = ""
    #: Generic formats only: the event columns among `columns` whose header an export may lack.
    hidden: tuple[str, ...] = ()
    #: When the file was last written (aware). Formats whose stamps have no year go back from it. It changes nothing
    #: else, and so has no part in what names a way of reading (`repr`).
    last_change: datetime | None = field(default=None, repr=False, compare=False)

    @property
    def said(self) -> str:
        """What is declared, as text: the same in later versions, in which more can be declared."""
        given = ((each, getattr(self, each.name)) for each in fields(self) if each.repr)
        return "|".join(f"{each.name}={value}" for each, value in given if value not in (None, "", ()))


@dataclass(frozen=True)
class Parsed:
    """One block of lines, read. `events` holds any of the columns of `schema.PARSED`, always
    `line` and `ts`, in any order of rows."""

    events: pl.DataFrame
    rejects: pl.DataFrame
    skips: pl.DataFrame
    #: What the format must remember for the next block of the same file (a header row); text, so that the
    #: ledger can keep it until the file has grown.
    carry: str = ""


@dataclass(frozen=True)
class Format:
    """A log format: how to recognise it, how to read it, and what may be expected of it."""

    name: str
    title: str
    #: The vendor's own description.
    document: str
    #: Does this look like the format? Given up to 50 first lines, blank ones left out.
    claims: Callable[[Sequence[str]], bool]
    #: Pure: (lines, declared, carry) -> Parsed. Raises nothing, whatever the bytes.
    parse: Callable[[pl.DataFrame, Declared, str], Parsed]
    #: `quoted`: a record may go on over a line end inside double quotes (CSV).
    records: Literal["lines", "quoted"] = "lines"
    #: Verdicts on whose lines the name is only what somebody typed: the program answered before the password was looked
    #: at. Such a name counts where the same user and address are also seen with another verdict that day.
    unproven: tuple[str, ...] = ()
    #: What it gives and what it cannot, in words, for the documentation.
    gives: str = ""
    cannot: str = ""


#: Formats whose names are modules of Python's own, and where they are.
_ELSEWHERE = {"csv": "csv_export", "json": "json_lines"}
_loaded: dict[str, Format] = {}


@cache
def names() -> tuple[str, ...]:
    """The names of all formats, found by walking this package: each is a module of that name."""
    renamed = {module: name for name, module in _ELSEWHERE.items()}
    found = (each.name for each in pkgutil.iter_modules(__path__) if not each.name.startswith("_"))
    return tuple(sorted(renamed.get(each, each) for each in found))


def named(name: str) -> Format | None:
    """The format of that name, or nothing. Only its own module is loaded: a night needs few of them."""
    if name not in _loaded and name in names():
        form: Format = importlib.import_module(f"{__name__}.{_ELSEWHERE.get(name, name)}").FORMAT
        _loaded[name] = form
    return _loaded.get(name)


def registry() -> dict[str, Format]:
    """Every format by name."""
    for name in names():
        named(name)
    return _loaded
