"""What pydantic finds wrong with a TOML file, in words: which key, on which line, and what to write instead.

In: a failed validation, the text of the file, the tables that it may hold. Out: a `ConfigError`. Refuses nothing.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from pipeline.errors import ConfigError
from pipeline.settings.tomlplace import Key, line_of

#: The tables of a file by name, "" for the file itself.
Models = Mapping[str, type[BaseModel]]

#: What pydantic calls a fault of a type -> what is wanted, and an example.
_WANTED: Final = {
    "int_type": ("a whole number", "8, without quotes"),
    "float_type": ("a number", "40, without quotes"),
    "bool_type": ("true or false", "true, without quotes"),
    "date_type": ("a date", "2026-09-02, without quotes"),
    "string_type": ("text", '"text", in quotes'),
    "path_type": ("text", '"folder/file", in quotes'),
    "tuple_type": ("a list", '["text"], in brackets'),
    "model_type": ("a table", "[school], with its keys below it"),
    "dict_type": ("a table", "[source.columns], with its keys below it"),
}

#: How the tables that a school.toml must have are written.
_TABLES: Final = {
    "school": "[school], with a line `name = …` below it",
    "source": "[[source]], in double brackets, with `name` and `files` below it",
}


def first_of(failure: ValidationError, path: Path, text: str, models: Models) -> ConfigError:
    """The first fault, with the line of its key."""
    details = failure.errors()[0]
    # Pydantic marks a fault of a key, not of its value, by a last part of its own.
    place = tuple(part for part in details["loc"] if part != "[key]")
    what, remedy = _in_words(details, place, models)
    return ConfigError(what, path=path, line=line_of(text, place), remedy=remedy)


def _in_words(details: ErrorDetails, place: Key, models: Models) -> tuple[str, str]:
    key = next((part for part in reversed(place) if isinstance(part, str)), "")
    if details["type"] == "extra_forbidden":
        known = _known_keys(place[:-1], models)
        close = difflib.get_close_matches(key, known, n=1)
        remedy = f"Did you mean {close[0]!r}?" if close else f"Known here: {', '.join(known)}."
        return f"the key {key!r} is not known.", remedy
    if details["loc"][-1:] == ("[key]",):
        return f"the key {key!r} is not known.", f"Known here: {details['ctx']['expected']}."
    if details["type"] == "missing":
        return _missing(place, key)
    if details["type"] == "tuple_type" and key in _TABLES:
        return f"{key} is written as one table.", f"Write {_TABLES[key]}."
    if details["type"] in _WANTED:
        wanted, example = _WANTED[details["type"]]
        return f"{key}: {wanted} is wanted here, not {details['input']!r:.60}.", f"Write for example {example}."
    message = details["msg"].removeprefix("Value error, ")
    return f"{key}: {message[:1].lower()}{message[1:]}.", ""


def _missing(place: Key, key: str) -> tuple[str, str]:
    if len(place) == 1 and key in _TABLES:
        return f"[{key}] is missing.", f"Add the table {_TABLES[key]}."
    table = ".".join(str(part) for part in place[:-1] if isinstance(part, str))
    where = f" in {table}" if table else ""
    return f"{key!r} is missing{where}.", f"Add a line `{key} = …`."


def _known_keys(table: Key, models: Models) -> list[str]:
    name = next((part for part in reversed(table) if isinstance(part, str)), "")
    return sorted(key for key, field in models[name].model_fields.items() if not field.exclude)
