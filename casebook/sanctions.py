"""The school's own tables of sanctions, as data: which rows there are, and what they say.

In: `sanctions.toml` of the school. Out: its rows. Refuses, with file and line, a broken file and a category that no
watchlist has. Nothing here chooses: a row is shown whole or not at all.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field

from casebook import schoolfile
from pipeline.errors import ConfigError
from pipeline.settings.limits import Name, Table, YesOrNo
from pipeline.settings.tomlfaults import Models
from pipeline.settings.tomlplace import line_of


class _Row(Table):
    who: Literal["pupil", "staff"]
    incident: Name
    categories: Annotated[tuple[Name, ...], Field(min_length=1)]
    measures: Annotated[tuple[Name, ...], Field(min_length=1)]
    #: A ladder, one rung after the other; otherwise a table, of which any may be taken.
    in_order: YesOrNo = True


class _File(Table):
    #: Which policy it is, and of when.
    policy: Name
    row: tuple[_Row, ...] = ()


_MODELS: Final[Models] = {"": _File, "row": _Row}


@dataclass(frozen=True)
class SanctionRow:
    """One row: for which incidents, and everything that the school's policy has for them."""

    who: str
    incident: str
    categories: tuple[str, ...]
    measures: tuple[str, ...]
    in_order: bool


@dataclass(frozen=True)
class Sanctions:
    """All rows, in the school's order; none if the school has entered none."""

    #: Which policy it is, and of when.
    policy: str = ""
    rows: tuple[SanctionRow, ...] = ()

    def rows_for(self, who: str, category: str) -> tuple[SanctionRow, ...]:
        """The rows for incidents of that category, by a pupil or by staff."""
        return tuple(each for each in self.rows if each.who == who and category in each.categories)


def load_sanctions(path: Path | None, categories: Iterable[str] | None = None) -> Sanctions:
    """The tables of the school. With `categories`, only these may be named. Raises `ConfigError`."""
    if path is None:
        return Sanctions()
    file, text = schoolfile.read(path, _File, _MODELS)
    if categories is not None:
        _refuse_unknown(file, list(categories), path, text)
    rows = (SanctionRow(each.who, each.incident, each.categories, each.measures, each.in_order) for each in file.row)
    return Sanctions(file.policy, tuple(rows))


def _refuse_unknown(file: _File, known: list[str], path: Path, text: str) -> None:
    for at, row in enumerate(file.row):
        for place, name in enumerate(row.categories):
            if name not in known:
                close = difflib.get_close_matches(name, known, n=1)
                remedy = f"Did you mean {close[0]!r}?" if close else "See watchlists/README.md for their names."
                line = line_of(text, ("row", at, "categories", place))
                raise ConfigError(f"there is no category {name!r}.", path=path, line=line, remedy=remedy)
