"""Named column maps for exports: which header holds which event column, and which word means which verdict.

In: the name of a map that ships with the program, or the path of the school's own TOML file with `[columns]` and
`[verdicts]`. Out: the two tables as `Declared` holds them. Refuses, with `ConfigError`, a name or file that is not
there, keys that are unknown, event columns that no export can give, a map without `ts`, and words that are no verdict.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Final

from pipeline.errors import ConfigError
from pipeline.formats._records import cells_of, folded
from pipeline.schema import PARSED, VERDICTS

Pairs = tuple[tuple[str, str], ...]

#: The pseudo column of the written time, and the event columns that an export may fill.
MAPPABLE: Final = ("ts", *(name for name in PARSED if name not in {"line", "ts", "ts_quality", "kind"}))
_KEYS: Final = {"title", "met_a_real_export", "columns", "verdicts"}
_SHIPPED: Final = files("pipeline.formats") / "maps"


def shipped_maps() -> tuple[str, ...]:
    """The names of the maps that travel with the program."""
    return tuple(sorted(each.name.removesuffix(".toml") for each in _SHIPPED.iterdir() if each.name.endswith(".toml")))


def load_map(name_or_path: str | Path) -> tuple[Pairs, Pairs]:
    """Columns and verdicts of a map, each as pairs in the order of the file. Raises `ConfigError`."""
    text = _text(name_or_path)
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"is not valid TOML: {error}.", path=name_or_path) from error
    unknown = sorted(set(document) - _KEYS)
    if unknown:
        raise ConfigError(
            f"has an unknown key {unknown[0]!r}.", path=name_or_path, remedy=f"Known: {', '.join(sorted(_KEYS))}."
        )
    columns, verdicts = (_pairs(document, key, name_or_path) for key in ("columns", "verdicts"))
    check_map(columns, verdicts, name_or_path)
    return columns, verdicts


def check_map(columns: Pairs, verdicts: Pairs, path: str | Path | None = None) -> None:
    """Raise `ConfigError` for a map that cannot be used; `path` is where it was read."""
    for name, _ in columns:
        if name not in MAPPABLE:
            raise ConfigError(
                f"maps {name!r}, which no export can fill.", path=path, remedy=f"Possible: {', '.join(MAPPABLE)}."
            )
    if "ts" not in dict(columns):
        raise ConfigError(
            "does not say which header holds the time.", path=path, remedy='Add ts = "…" to its [columns].'
        )
    for word, verdict in verdicts:
        if verdict not in VERDICTS:
            raise ConfigError(
                f"gives {word!r} the verdict {verdict!r}.", path=path, remedy=f"Possible: {', '.join(VERDICTS)}."
            )


def proposed_map(first_lines: Sequence[str]) -> str | None:
    """The one shipped map whose headers all stand in one of these lines; null where none or several do."""
    rows = [{folded(cell) for cell in cells_of(line, separator)} for line in first_lines for separator in ",;\t|"]
    fitting = []
    for name in shipped_maps():
        wanted = {folded(header) for _, header in load_map(name)[0]}
        if any(wanted <= row for row in rows):
            fitting.append(name)
    return fitting[0] if len(fitting) == 1 else None


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


def _pairs(document: dict[str, object], key: str, path: str | Path) -> Pairs:
    table = document.get(key, {})
    if not isinstance(table, dict) or not all(isinstance(value, str) for value in table.values()):
        raise ConfigError(f"[{key}] must hold words in quotes only.", path=path)
    return tuple((str(name), str(value)) for name, value in table.items())
