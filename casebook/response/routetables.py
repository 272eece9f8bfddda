"""`routes.toml` as it is written: its tables, and what is wrong with them.

In: `routes.toml`, the one that travels with the program or another. Out: its tables, checked. It refuses, with file
and line, unknown keys, a missing or unknown route, a step id used twice, a route that leads nowhere, a condition on a
question that no step before has asked, a contact that nobody knows: a step that is lost here is a step that nobody
takes.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Container, Iterator, Mapping
from datetime import date
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipeline.errors import ConfigError
from pipeline.lists.watchtoml import ROUTES
from pipeline.settings.tomlplace import Key, line_of

_EXAMPLE = "Compare with casebook/response/routes.toml, which travels with the program."


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


_Id = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
_Text = Annotated[str, Field(pattern=r"\S")]
_Words = Annotated[list[_Id], Field(min_length=1)]


class StepTable(_Strict):
    """One step."""

    id: _Id
    by: _Text
    do: _Text
    contacts: list[_Id] = []
    ask: _Id | None = None
    answers: list[_Id] = []
    when: list[Annotated[dict[_Id, _Words], Field(min_length=1)]] = []
    unless: dict[_Id, _Words] = {}
    to: _Id | None = None
    ends: list[_Id] = []

    @model_validator(mode="after")
    def _asks_and_turns(self) -> StepTable:
        if (self.ask is None) != (len(self.answers) < 2):
            raise ValueError("a question has `ask` and at least two `answers`")
        if not set(self.ends) <= set(self.answers):
            raise ValueError("`ends` names answers of the step's own question")
        if self.to is not None and not self.when:
            raise ValueError("a step that leads to another route says `when`")
        return self


class RouteTable(_Strict):
    """One route, without the common steps."""

    id: _Id
    title: _Text
    applies: _Text
    opening: bool
    withhold: bool = False
    warnings: list[_Text] = []
    first: list[StepTable] = []
    step: Annotated[list[StepTable], Field(min_length=1)]


class RoutesTable(_Strict):
    """The whole file."""

    version: date
    source: _Text
    opening: list[StepTable]
    closing: list[StepTable]
    route: list[RouteTable]


def load(path: Path | None, contacts: Container[str]) -> RoutesTable:
    """The tables of the file; without `path`, of the one that travels with the program. Raises `ConfigError`."""
    name = path or Path("casebook/response/routes.toml")
    text = _read(path, name)
    document = _document(text, name)
    _check_ids(document, text, name)
    for index, table in enumerate(document.route):
        _check_steps(table.id, list(_placed(document, table, index)), contacts, text, name)
    return document


def _read(path: Path | None, name: Path) -> str:
    try:
        content = (path or resources.files("casebook.response").joinpath("routes.toml")).read_bytes()
    except OSError as error:
        raise ConfigError(
            f"the file cannot be read ({error.strerror}).", path=name, remedy="Correct the path, or let it be read."
        ) from error
    try:
        # Windows editors put a byte-order mark in front, which TOML does not know.
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError("this is not UTF-8.", path=name, line=line, remedy="Save the file as UTF-8.") from error


@lru_cache(maxsize=2)
def _document(text: str, name: Path) -> RoutesTable:
    try:
        raw: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r" \(at line (\d+), column \d+\)$", str(error))
        line = int(place[1]) if place else len(text.splitlines())
        what = str(error)[: place.start()] if place else str(error)
        raise ConfigError(f"this is not TOML: {what}.", path=name, line=line, remedy=_EXAMPLE) from error
    try:
        return RoutesTable.model_validate(raw)
    except ValidationError as error:
        # A misspelt key is both unknown and missing: the first says more.
        fault = min(error.errors(), key=lambda each: (each["type"] != "extra_forbidden", line_of(text, each["loc"])))
        key = ".".join(str(part) for part in fault["loc"] if isinstance(part, str))
        words = {"extra_forbidden": f"unknown key '{key}'.", "missing": f"the key '{key}' is missing."}
        told = fault["msg"].removeprefix("Value error, ")
        words["value_error"] = f"{key}: {told}."
        what = words.get(fault["type"], f"'{key}' is {fault['input']!r}: {told}.")
        raise ConfigError(what, path=name, line=line_of(text, fault["loc"]), remedy=_EXAMPLE) from error


def _check_ids(document: RoutesTable, text: str, name: Path) -> None:
    """The routes are the known ones, each once."""
    seen: set[str] = set()
    for index, table in enumerate(document.route):
        if table.id not in ROUTES or table.id in seen:
            fault = "is defined twice" if table.id in seen else "is no route that a category can name"
            raise _fault(f"'{table.id}' {fault}.", ("route", index, "id"), text, name)
        seen.add(table.id)
    missing = [each for each in ROUTES if each not in seen]
    if missing:
        raise _fault(f"these routes are missing: {', '.join(missing)}.", (), text, name)


def _placed(document: RoutesTable, table: RouteTable, index: int) -> Iterator[tuple[StepTable, Key]]:
    """The steps of a route in order, each with its place in the file."""
    yield from ((each, ("route", index, "first", at)) for at, each in enumerate(table.first))
    if table.opening:
        yield from ((each, ("opening", at)) for at, each in enumerate(document.opening))
    yield from ((each, ("route", index, "step", at)) for at, each in enumerate(table.step))
    yield from ((each, ("closing", at)) for at, each in enumerate(document.closing))


def _check_steps(
    route: str, placed: list[tuple[StepTable, Key]], contacts: Container[str], text: str, name: Path
) -> None:
    seen: set[str] = set()
    asked: dict[str, tuple[str, ...]] = {}
    for step, place in placed:
        if step.id in seen:
            raise _fault(f"the route '{route}' has two steps called '{step.id}'.", place, text, name)
        seen.add(step.id)
        if step.to is not None and (step.to not in ROUTES or step.to == route):
            raise _fault(f"'{route}' cannot lead to '{step.to}'.", (*place, "to"), text, name)
        if unknown := [each for each in step.contacts if each not in contacts]:
            raise _fault(f"there is no contact '{unknown[0]}'.", (*place, "contacts"), text, name)
        for answers, key in (*((each, "when") for each in step.when), (step.unless, "unless")):
            if what := unasked(answers, asked):
                raise _fault(f"{route}, {step.id}: {what}.", (*place, key), text, name)
        if step.ask is not None and step.ask in asked:
            raise _fault(f"the route '{route}' asks '{step.ask}' twice.", (*place, "ask"), text, name)
        if step.ask is not None:
            asked[step.ask] = tuple(step.answers)


def unasked(answers: Mapping[str, list[str] | tuple[str, ...]], asked: Mapping[str, tuple[str, ...]]) -> str:
    """What is wrong with a condition, given the questions of the steps before; empty if nothing is."""
    for question, words in answers.items():
        if question not in asked:
            return f"no step before asks '{question}'"
        if strange := [each for each in words if each not in asked[question]]:
            return f"'{strange[0]}' is no answer to '{question}'"
    return ""


def _fault(what: str, key: Key, text: str, name: Path) -> ConfigError:
    remedy = f"The seven routes are {', '.join(ROUTES)}; within a route every step has an id of its own."
    return ConfigError(what, path=name, line=line_of(text, key), remedy=remedy)
