"""A file that the school fills in for the casebook: contacts, sanctions.

In: the path of a TOML file and the tables that it may hold. Out: the tables, and the text for lines of later faults.
Refuses, with file and line, what is not UTF-8, not TOML, or not those tables.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from pipeline.errors import ConfigError
from pipeline.settings.tomlfaults import Models, first_of

_Tables = TypeVar("_Tables", bound=BaseModel)


def read(path: Path, tables: type[_Tables], models: Models) -> tuple[_Tables, str]:
    """The tables of the file, and its text. Raises `ConfigError`."""
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        remedy = "Correct the path in school.toml, or let it be read."
        raise ConfigError(f"cannot be read ({error.strerror}).", path=path, remedy=remedy) from error
    except UnicodeDecodeError as error:
        raise ConfigError("is not UTF-8 text.", path=path, remedy="Save it as UTF-8.") from error
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        named = re.search(r" ?\(at line (\d+), column \d+\)$", str(error))
        line = int(named[1]) if named else text.count("\n") + 1
        what = str(error)[: named.start()] if named else str(error)
        raise ConfigError(f"is not TOML: {what}.", path=path, line=line, remedy="See docs/casebook.md.") from error
    try:
        return tables.model_validate(data), text
    except ValidationError as error:
        raise first_of(error, path, text, models) from error
