"""Named column maps for exports: which header holds which event column, and which word means which verdict.

In: the name of a map that ships with the program, or the path of the school's own TOML file with `[columns]` and
`[verdicts]`; `may_be_hidden` names the event columns whose header an export may lack, because whoever exports can hide
it. Out: a `ColumnMap`. Refuses, with `ConfigError`, a name or file that is not there, keys that are unknown, event
columns that no export can give, for JSON a path that is none, a map without `ts` or with a `ts` that may be hidden, and
words that are no verdict.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

from pipeline.errors import ConfigError
from pipeline.formats._json import steps
from pipeline.formats._records import SEPARATORS, cells_of, folded
from pipeline.schema import PARSED, VERDICTS
from pipeline.settings.headers import Columns, as_headers, each_of, is_time, spread

Pairs = tuple[tuple[str, str], ...]

#: The pseudo column of the written time, and the event columns that an export may fill.
MAPPABLE: Final = ("ts", *(name for name in PARSED if name not in {"line", "ts", "ts_quality", "kind"}))
_KEYS: Final = {"title", "document", "met_a_real_export", "may_be_hidden", "columns", "verdicts"}
_SHIPPED: Final = files("pipeline.formats") / "maps"


@dataclass(frozen=True)
class ColumnMap:
    """What the columns of an export mean."""

    #: Event column and header, in the order of the file.
    columns: Columns = ()
    #: The vendor's word and the verdict.
    verdicts: Pairs = ()
    #: Event columns whose header the export may lack.
    hidden: tuple[str, ...] = ()
    title: str = ""
    #: The vendor's own description, where it is public.
    document: str = ""
    met_a_real_export: bool = False


def shipped_maps() -> tuple[str, ...]:
    """The names of the maps that travel with the program."""
    return tuple(sorted(each.name.removesuffix(".toml") for each in _SHIPPED.iterdir() if each.name.endswith(".toml")))


def load_map(name_or_path: str | Path, form: str = "csv") -> ColumnMap:
    """The map of that name or in that file, for that format. Raises `ConfigError`."""
    text = _text(name_or_path)
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(f"is not valid TOML: {error}.", path=name_or_path) from error
    unknown = sorted(set(document) - _KEYS)
    if unknown:
        raise ConfigError(
            f"has an unknown key {unknown[0]!r}.", path=name_or_path, remedy=f"Known: {', '.join(sorted(_KEYS))}."
        )
    columns, verdicts = _columns(document, name_or_path), _pairs(document, "verdicts", name_or_path)
    check_map(columns, verdicts, name_or_path, form)
    return ColumnMap(
        columns, verdicts, _hidden(document, columns, name_or_path), _word(document, "title", name_or_path),
        _word(document, "document", name_or_path), document.get("met_a_real_export") is True,
    )  # fmt: skip


def _word(document: dict[str, object], key: str, path: str | Path) -> str:
    word = document.get(key, "")
    if not isinstance(word, str):
        raise ConfigError(f"{key} must be words in quotes.", path=path)
    return word


def _hidden(document: dict[str, object], columns: Columns, path: str | Path) -> tuple[str, ...]:
    names = document.get("may_be_hidden", [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ConfigError("may_be_hidden must be a list of event columns in quotes.", path=path)
    if "ts" in names:
        raise ConfigError("says that the time may be hidden.", path=path, remedy="Without a time there is no event.")
    for name in names:
        if name not in dict(columns):
            raise ConfigError(f"says that {name!r} may be hidden, which its [columns] do not name.", path=path)
    return tuple(names)


def check_map(columns: Columns, verdicts: Pairs, path: str | Path | None = None, form: str = "csv") -> None:
    """Raise `ConfigError` for a map that cannot be used; `path` is where it was read."""
    for name, header in columns:
        _check_headers(name, each_of(header), path, form)
        if name not in MAPPABLE:
            raise ConfigError(
                f"maps {name!r}, which no export can fill.", path=path, remedy=f"Possible: {', '.join(MAPPABLE)}."
            )
    if "ts" not in dict(columns):
        raise ConfigError(
            "does not say which header holds the time.",
            path=path,
            remedy='Add ts = "…" to its [columns], or ts = ["…", "…"] where date and time stand apart.',
        )
    for word, verdict in verdicts:
        if verdict not in VERDICTS:
            raise ConfigError(
                f"gives {word!r} the verdict {verdict!r}.", path=path, remedy=f"Possible: {', '.join(VERDICTS)}."
            )


def _check_headers(name: str, headers: Sequence[str], path: str | Path | None, form: str) -> None:
    if len(headers) > 1 and not is_time(name):
        raise ConfigError(f"gives {name!r} several headers; only the time, ts, may stand in several.", path=path)
    try:
        distinct = {steps(each) if form == "json" else folded(each) for each in headers}
    except ValueError as error:
        raise ConfigError(f"{error}.", path=path) from error
    if len(distinct) < len(headers):
        raise ConfigError(f"names one header twice for {name!r}.", path=path, remedy="Name each header once.")


def proposed_map(first_lines: Sequence[str]) -> str | None:
    """The one shipped map whose headers stand in one of these lines, hidden ones apart; of two the one with more of
    them; null where none or several fit equally well."""
    rows = [{folded(cell) for cell in cells_of(line, separator)} for line in first_lines for separator in SEPARATORS]
    fitting = sorted(((_fit(shipped(name), row), name) for name in shipped_maps() for row in rows), reverse=True)
    best = [name for fit, name in fitting if fit and fit == fitting[0][0]]
    return best[0] if len(set(best)) == 1 else None


@cache
def shipped(name: str) -> ColumnMap:
    """`load_map` of a shipped map, read once."""
    return load_map(name)


def _fit(column_map: ColumnMap, headers: set[str]) -> int:
    """How many headers of the map are there; 0 where a needed one is not, or fewer than half: any table has some."""
    wanted = {name: folded(header) for name, header in spread(column_map.columns).items()}
    if any(header not in headers for name, header in wanted.items() if name not in column_map.hidden):
        return 0
    found = len(set(wanted.values()) & headers)
    return found if found > sum(map(is_time, wanted)) and found * 2 >= len(wanted) else 0


def _text(name_or_path: str | Path) -> str:
    if str(name_or_path) in shipped_maps():
        return (_SHIPPED / f"{name_or_path}.toml").read_text(encoding="utf-8")
    try:
        return Path(name_or_path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise ConfigError(
            f"is neither a map that ships with the program ({', '.join(shipped_maps())}) nor a readable file.",
            path=name_or_path,
        ) from error


def _columns(document: dict[str, object], path: str | Path) -> Columns:
    table = document.get("columns", {})
    if not isinstance(table, dict):
        raise ConfigError("[columns] must hold words in quotes only.", path=path)
    try:
        return tuple(as_headers(table).items())
    except ValueError as error:
        raise ConfigError(f"[columns] must hold words in quotes only: {error}.", path=path) from error


def _pairs(document: dict[str, object], key: str, path: str | Path) -> Pairs:
    table = document.get(key, {})
    if not isinstance(table, dict) or not all(isinstance(value, str) for value in table.values()):
        raise ConfigError(f"[{key}] must hold words in quotes only.", path=path)
    return tuple((str(name), str(value)) for name, value in table.items())
