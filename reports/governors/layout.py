"""What the template of the governors' report lays out: plain text, nothing left to work out.

In: words and printed numbers. Out: frozen rows. It refuses nothing: what may be printed is decided before.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Cell:
    """One printed number, or the mark of a hidden one."""

    text: str
    hidden: bool = False
    zero: bool = False


@dataclass(frozen=True)
class CategoryRow:
    """One category: its total, what the filter did, its year groups. `bar` is in hundredths of the longest."""

    title: str
    area: str
    total: str
    bar: int
    verdicts: tuple[Cell, ...]
    groups: tuple[Cell, ...]


@dataclass(frozen=True)
class GroupRow:
    """One year group, over all categories of the table."""

    name: str
    total: Cell
    person_days: str
    rate: str


@dataclass(frozen=True)
class AreaRow:
    """One of the four Cs."""

    title: str
    meaning: str
    total: str
    names: str
    besides: str


@dataclass(frozen=True)
class SourceRow:
    """How complete one source is."""

    name: str
    hours: str
    missing: str
    days: str
    records: str
    rejects: str


@dataclass(frozen=True)
class CheckRow:
    """The filter checks of one place, device type and user group."""

    name: str
    checks: str
    blocked: str
    allowed: str
    other: str
    differs: str
    no_trace: str


@dataclass(frozen=True)
class KeyFigure:
    """One of the few numbers at the top, what it counts, and what to bear in mind."""

    number: str
    label: str
    note: str


@dataclass(frozen=True)
class ReportView:
    """Everything that the template lays out."""

    key_figures: tuple[KeyFigure, ...]
    categories: tuple[CategoryRow, ...]
    total: str
    verdict_names: tuple[str, ...]
    verdict_totals: tuple[Cell, ...]
    verdicts_withheld: str
    group_names: tuple[str, ...]
    group_totals: tuple[Cell, ...]
    groups_withheld: str
    small: str
    none: str
    #: Categories of looking for help, each with its number of events.
    help: tuple[tuple[str, str], ...]
    by_group: tuple[GroupRow, ...]
    areas: tuple[AreaRow, ...]
    levels: tuple[tuple[str, Cell], ...]
    levels_total: str
    software: str
    sources: tuple[SourceRow, ...]
    #: Which school days the hours without a log were looked for on.
    looked_at: str
    traffic: tuple[tuple[str, str], ...]
    #: What became of filter-change requests, as words and numbers; empty where the register is not known.
    requests: tuple[tuple[str, str], ...]
    checks: tuple[CheckRow, ...]
    questions: tuple[str, ...]
