"""The log formats. One file each; nothing outside this folder knows a vendor.

A format takes numbered lines (`line`, `text`) and gives events, rejects and declared skips. Every line
comes back in exactly one of the three. To add one, write a module here with `FORMAT = Format(...)`,
put a sample into `sample_logs/<name>/` with an expected file that you have read; the tests find both.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Literal
from zoneinfo import ZoneInfo

import polars as pl

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
    #: Generic formats only: event column -> header of the export.
    columns: tuple[tuple[str, str], ...] = ()
    #: Generic formats only: vendor's word -> verdict.
    verdicts: tuple[tuple[str, str], ...] = ()
    #: Formats whose columns the school's own configuration decides: that line of the configuration.
    layout: str = ""
    #: Generic formats only: the event columns among `columns` whose header an export may lack.
    hidden: tuple[str, ...] = ()
    #: When the file was last written (aware). Formats whose stamps have no year go back from it. It changes nothing
    #: else, and so has no part in what names a way of reading (`repr`).
    last_change: datetime | None = field(default=None, repr=False, compare=False)


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


@cache
def registry() -> dict[str, Format]:
    """Every format by name, found by walking this package."""
    found: dict[str, Format] = {}
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda each: each.name):
        if module.name.startswith("_"):
            continue
        form: Format = importlib.import_module(f"{__name__}.{module.name}").FORMAT
        found[form.name] = form
    return found
