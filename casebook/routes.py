"""The response routes: what a school does about a concern, step by step, as data.

In: `routes.toml`, the one that travels with the program or the school's own. Out: the seven routes, each with all its
steps in order. It refuses, with file and line, unknown keys, a missing or unknown route, a step id used twice and a
route that leads nowhere: a step that is lost here is a step that nobody takes.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.errors import ConfigError
from pipeline.tomlplace import Key, line_of
from pipeline.watchlist import ROUTES

_EXAMPLE = "Compare with casebook/routes.toml, which travels with the program."


@dataclass(frozen=True)
class Step:
    """One thing to do. The `id` is unique within its route and outlives changes of wording."""

    id: str
    by: str
    do: str


@dataclass(frozen=True)
class Route:
    """One way of answering a concern, with all its steps in order, the common ones among them."""

    id: str
    title: str
    #: When this route is the right one.
    applies: str
    #: What must not be done; shown before anything else.
    warnings: tuple[str, ...]
    #: Addresses, original lines and what happened around them are kept off every page.
    withhold: bool
    steps: tuple[Step, ...]
    #: The routes that a step may send the reader to.
    leads_to: tuple[str, ...]
    #: Date of the wording, as YYYY-MM-DD.
    version: str
    source: str


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


_Id = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
_Text = Annotated[str, Field(pattern=r"\S")]


class _StepTable(_Strict):
    id: _Id
    by: _Text
    do: _Text


class _RouteTable(_Strict):
    id: _Id
    title: _Text
    applies: _Text
    opening: bool
    withhold: bool = False
    warnings: list[_Text] = []
    leads_to: list[_Id] = []
    first: list[_StepTable] = []
    step: Annotated[list[_StepTable], Field(min_length=1)]


class _Document(_Strict):
    version: date
    source: _Text
    opening: list[_StepTable]
    closing: list[_StepTable]
    route: list[_RouteTable]


def load_routes(path: Path | None = None) -> dict[str, Route]:
    """Every route by its id, in the order of the file; without `path`, the routes that travel with the program.

    Raises `ConfigError` at the first fault.
    """
    name = path or Path("casebook/routes.toml")
    text = _read(path, name)
    document = _document(text, name)
    _check_ids(document, text, name)
    routes = {table.id: _route(table, document) for table in document.route}
    for index, route in enumerate(routes.values()):
        _check_steps(route, index, text, name)
    return routes


def _read(path: Path | None, name: Path) -> str:
    try:
        content = (path or resources.files("casebook").joinpath("routes.toml")).read_bytes()
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


def _document(text: str, name: Path) -> _Document:
    try:
        raw: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r" \(at line (\d+), column \d+\)$", str(error))
        line = int(place[1]) if place else len(text.splitlines())
        what = str(error)[: place.start()] if place else str(error)
        raise ConfigError(f"this is not TOML: {what}.", path=name, line=line, remedy=_EXAMPLE) from error
    try:
        return _Document.model_validate(raw)
    except ValidationError as error:
        # A misspelt key is both unknown and missing: the first says more.
        fault = min(error.errors(), key=lambda each: (each["type"] != "extra_forbidden", line_of(text, each["loc"])))
        key = ".".join(str(part) for part in fault["loc"] if isinstance(part, str))
        words = {"extra_forbidden": f"unknown key '{key}'.", "missing": f"the key '{key}' is missing."}
        what = words.get(fault["type"], f"'{key}' is {fault['input']!r}: {fault['msg']}.")
        raise ConfigError(what, path=name, line=line_of(text, fault["loc"]), remedy=_EXAMPLE) from error


def _check_ids(document: _Document, text: str, name: Path) -> None:
    """The routes are the known ones, each once; what they lead to is among them."""
    seen: set[str] = set()
    for index, table in enumerate(document.route):
        if table.id not in ROUTES or table.id in seen:
            fault = "is defined twice" if table.id in seen else "is no route that a category can name"
            raise _fault(f"'{table.id}' {fault}.", ("route", index, "id"), text, name)
        seen.add(table.id)
        for place, onward in enumerate(table.leads_to):
            if onward not in ROUTES or onward == table.id:
                key = ("route", index, "leads_to", place)
                raise _fault(f"'{table.id}' cannot lead to '{onward}'.", key, text, name)
    missing = [each for each in ROUTES if each not in seen]
    if missing:
        raise _fault(f"these routes are missing: {', '.join(missing)}.", (), text, name)


def _check_steps(route: Route, index: int, text: str, name: Path) -> None:
    ids = [step.id for step in route.steps]
    twice = sorted({each for each in ids if ids.count(each) > 1})
    if twice:
        raise _fault(f"the route '{route.id}' has two steps called '{twice[0]}'.", ("route", index), text, name)


def _fault(what: str, key: Key, text: str, name: Path) -> ConfigError:
    remedy = f"The seven routes are {', '.join(ROUTES)}; within a route every step has an id of its own."
    return ConfigError(what, path=name, line=line_of(text, key), remedy=remedy)


def _route(table: _RouteTable, document: _Document) -> Route:
    tables = [*table.first, *(document.opening if table.opening else []), *table.step, *document.closing]
    return Route(
        id=table.id,
        title=table.title,
        applies=table.applies,
        warnings=tuple(table.warnings),
        withhold=table.withhold,
        steps=tuple(Step(each.id, each.by, each.do) for each in tables),
        leads_to=tuple(table.leads_to),
        version=document.version.isoformat(),
        source=document.source,
    )
