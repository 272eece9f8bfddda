"""`school.toml` becomes typed settings, or an error that names its line.

In: the path of a TOML file. Out: `Settings`, every path in them made absolute from the file's folder. Refuses an
unknown key, a value of the wrong type, a time zone that does not exist, a file that is not there: with file, line and
what to write instead, before anything is read.
"""

from __future__ import annotations

import glob
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, PlainValidator, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError

from pipeline.errors import ConfigError
from pipeline.settings import policy
from pipeline.settings.caseworkers import CasebookTable, Caseworker
from pipeline.settings.headers import Header, as_header
from pipeline.settings.limits import (
    Day,
    Exclusion,
    Lesson,
    Name,
    Percent,
    Retention,
    Table,
    Thresholds,
    Whole,
    YesOrNo,
)
from pipeline.settings.localroutes import RouteStep
from pipeline.settings.policy import Change, Policy, PolicyTables
from pipeline.settings.tomlfaults import Models, first_of
from pipeline.settings.tomlplace import Key, line_of

#: The formats of which a map says what their columns mean.
MAPPED: Final = ("csv", "json")
#: The formats whose columns a line of the school's own configuration may say.
LAID_OUT: Final = ("squid_custom", "w3c")


def zone_named(name: str) -> ZoneInfo:
    """The time zone of that name. Raises `ValueError` that says what to write."""
    try:
        return ZoneInfo(name)
    # "Europe" is a folder of zones, and opening it an OSError.
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is not a time zone; write for example Europe/London or UTC") from error


def _known_zone(name: str) -> str:
    return str(zone_named(name))


Zone = Annotated[str, AfterValidator(_known_zone)]


def _header_or_several(value: object) -> Header:
    if not isinstance(value, str | list):
        raise PydanticCustomError("string_type", "no text")
    return as_header(value)


Headers = Annotated[Header, PlainValidator(_header_or_several)]


class Term(Table):
    """One term of the school year, both days included."""

    name: Name
    first_day: Day
    last_day: Day

    @model_validator(mode="after")
    def _in_order(self) -> Term:
        if self.last_day < self.first_day:
            raise ValueError("last_day lies before first_day")
        return self


class School(Table):
    """Whose logs these are, and when the school is open (local time)."""

    name: Name
    site: Name = "main"
    timezone: Zone = "Europe/London"
    opens: Whole = Field(default=8, ge=0, le=23)
    closes: Whole = Field(default=16, ge=1, le=24)
    terms: tuple[Term, ...] = ()

    @model_validator(mode="after")
    def _in_order(self) -> School:
        if self.closes <= self.opens:
            raise ValueError("closes is not after opens")
        return self


class Source(Table):
    """One program that writes logs, and where they lie. Several patterns may name its files."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
    files: tuple[str, ...] = Field(min_length=1)
    format: str = "auto"
    timezone: Zone | None = None
    date_order: Literal["dmy", "mdy", "ymd"] | None = None
    #: A shipped column map of the csv format, such as `senso`, or the path of one's own.
    map: str | None = None
    #: Event column -> header; for `ts` a list of them where date and time of day stand apart.
    columns: dict[str, Headers] = Field(default_factory=dict)
    verdicts: dict[str, str] = Field(default_factory=dict)
    #: The line that says what the log holds: of squid.conf for squid_custom, `#Fields:` for a w3c log without its own.
    logformat: Name | None = None
    #: Set where exports overlap: a line that an earlier file of this source had is counted, not read again.
    overlapping: YesOrNo = False
    #: False for exports that hold only what stood out: an hour without a line is nothing to report there.
    every_hour: YesOrNo = True

    @model_validator(mode="after")
    def _columns_need_an_export(self) -> Source:
        if self.format not in MAPPED and (self.map or self.columns or self.verdicts):
            raise ValueError('map, columns and verdicts are for exports; write format = "csv" (or "json") as well')
        return self

    @model_validator(mode="after")
    def _logformat_needs_its_format(self) -> Source:
        if self.logformat and self.format not in LAID_OUT:
            raise ValueError(
                'logformat is for logs of that layout; write format = "squid_custom" as well '
                '(or "w3c", for a #Fields: line)'
            )
        if self.format == "squid_custom" and not self.logformat:
            raise ValueError(
                "the format squid_custom needs the line of squid.conf; "
                "write logformat = '…' in single quotes, which leave it as it is"
            )
        return self


PeopleColumn = Literal["username", "display_name", "role", "year_group", "classes", "valid_from", "valid_to"]


class People(Table):
    """The school's export of people, and what its columns are called."""

    file: Path
    columns: dict[PeopleColumn, str] = Field(default_factory=dict)
    devices: Path | None = None


class Timetable(Table):
    """Lessons; `week_a` is the Monday of any week A, where the timetable has two weeks."""

    file: Path
    week_a: Day | None = None


class WordFile(Table):
    """A long plain list of the school's own, one entry a line."""

    file: Path
    category: str
    weight: Percent


class HashedFile(Table):
    """A licensed list of illegal addresses, as hashes; the key in hexadecimal digits, if they were made with one."""

    file: Path
    category: Name
    kind: Literal["sha256", "hmac-sha256"] = "sha256"
    key_file: Path | None = None
    weight: Percent = 100

    @model_validator(mode="after")
    def _has_the_key_it_needs(self) -> HashedFile:
        if (self.kind == "hmac-sha256") != (self.key_file is not None):
            raise ValueError('a list of the kind "hmac-sha256" has a key_file, one of the kind "sha256" has none')
        return self


class Watchlists(Table):
    """What is looked for: the shipped lists, the school's own folders, its long plain lists."""

    shipped: YesOrNo = True
    folders: tuple[Path, ...] = ()
    phrases: tuple[WordFile, ...] = ()
    domains: tuple[WordFile, ...] = ()
    hashed: tuple[HashedFile, ...] = ()


class Store(Table):
    """Where the program keeps what it has read and what it writes."""

    folder: Path = Path("store")
    reports: Path = Path("reports")


class Layer(Table):
    """A policy above the school's own, the widest first: a folder with `policy.toml`, watchlists, or both."""

    name: Name
    folder: Path


class Settings(Table):
    """All of `school.toml`."""

    school: School
    source: tuple[Source, ...] = Field(min_length=1)
    people: People | None = None
    timetable: Timetable | None = None
    watchlists: Watchlists = Watchlists()
    store: Store = Store()
    retention: Retention = Retention()
    thresholds: Thresholds = Thresholds()
    lesson: tuple[Lesson, ...] = ()
    exclusion: tuple[Exclusion, ...] = ()
    layer: tuple[Layer, ...] = ()
    change: tuple[Change, ...] = ()
    route_step: tuple[RouteStep, ...] = ()
    casebook: CasebookTable = CasebookTable()
    #: What each layer lays down, the widest first and the school's own last: found by reading, written by nobody.
    policies: tuple[Policy, ...] = Field(default=(), exclude=True)

    @field_validator("policies", mode="before")
    @classmethod
    def _not_written(cls, _: object) -> object:
        raise PydanticCustomError("extra_forbidden", "not a key")

    def zone_of(self, source: Source) -> ZoneInfo:
        """The zone of stamps that carry none."""
        return ZoneInfo(source.timezone or self.school.timezone)


def load_settings(path: Path) -> Settings:
    """Read `school.toml`. Raises `ConfigError` with file, line and remedy; touches no log."""
    text = _text(path)
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        remedy = "See the comments that `esafety init` writes for the form of each table."
        what = re.sub(r" \(at .*\)$", "", str(error))
        raise ConfigError(
            f"is not TOML: {what}.", path=path, line=_line_of_fault(error, text), remedy=remedy
        ) from error
    try:
        settings = Settings.model_validate(data)
    except ValidationError as error:
        raise first_of(error, path, text, _MODELS) from error
    own = PolicyTables(
        thresholds=settings.thresholds, retention=settings.retention, change=settings.change,
        route_step=settings.route_step,
    )  # fmt: skip
    try:
        settings = _absolute(settings, path.resolve().parent)
    except RuntimeError as error:
        remedy = "Write the whole path instead of ~."
        raise ConfigError(f"a path begins with ~, but: {error}", path=path, remedy=remedy) from error
    _check(settings, path, text)
    policies = (*_layers(settings), Policy("the school", path, text, own))
    if not settings.watchlists.shipped:
        policy.refuse_weaker(policies, "watchlists.shipped", line_of(text, ("watchlists", "shipped")))
    thresholds, retention = policy.limits(policies)
    return settings.model_copy(update={"thresholds": thresholds, "retention": retention, "policies": policies})


def _layers(settings: Settings) -> list[Policy]:
    return [policy.read(each.name, each.folder) for each in settings.layer]


def _line_of_fault(error: Exception, text: str) -> int:
    """The line that the reader of TOML names; a file that ends too early is at fault in its last line."""
    named = re.search(r"\(at line (\d+)", str(error))
    return int(named[1]) if named else text.count("\n") + 1


def line_in(path: Path, place: tuple[str | int, ...]) -> int:
    """The line of a key in school.toml, for a fault that shows only later; 0 where it cannot be told."""
    return line_of(_text(path), place)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except FileNotFoundError as error:
        remedy = "Make one with `esafety init`, or name it with --config."
        raise ConfigError("there is no such file.", path=path, remedy=remedy) from error
    except UnicodeDecodeError as error:
        raise ConfigError("is not UTF-8 text.", path=path, remedy="Save it as UTF-8.") from error
    except OSError as error:
        raise ConfigError(f"cannot be read ({error.strerror}).", path=path) from error


_MODELS: Models = {
    "": Settings, "school": School, "terms": Term, "source": Source, "people": People, "timetable": Timetable,
    "watchlists": Watchlists, "phrases": WordFile, "domains": WordFile, "hashed": HashedFile, "store": Store,
    "retention": Retention, "thresholds": Thresholds, "layer": Layer, "change": Change, "lesson": Lesson,
    "exclusion": Exclusion, "casebook": CasebookTable, "staff": Caseworker, "route_step": RouteStep,
}  # fmt: skip


def _absolute(settings: Settings, folder: Path) -> Settings:
    """The same settings with every path made absolute from the folder of school.toml."""

    def made(value: Any) -> Any:
        if isinstance(value, Path):
            return folder / value.expanduser()
        if isinstance(value, Table):
            return value.model_copy(update={name: made(getattr(value, name)) for name in type(value).model_fields})
        if isinstance(value, tuple):
            return tuple(made(each) for each in value)
        return value

    absolute: Settings = made(settings)
    sources = tuple(
        each.model_copy(
            update={
                # The folder is a place and no pattern, whatever it is called.
                "files": tuple(str(Path(glob.escape(str(folder))) / Path(name).expanduser()) for name in each.files),
                # A map may be the name of a shipped one, which no folder comes before.
                "map": str(folder / each.map) if each.map and (folder / each.map).is_file() else each.map,
            }
        )
        for each in absolute.source
    )
    return absolute.model_copy(update={"source": sources})


def _files_named(settings: Settings) -> Iterator[tuple[Path, Key]]:
    """The files that must be there, each with the place of its name."""
    if settings.people is not None:
        yield settings.people.file, ("people", "file")
        if settings.people.devices is not None:
            yield settings.people.devices, ("people", "devices")
    if settings.timetable is not None:
        yield settings.timetable.file, ("timetable", "file")
    for name, of_casebook in (("contacts", settings.casebook.contacts), ("sanctions", settings.casebook.sanctions)):
        if of_casebook is not None:
            yield of_casebook, ("casebook", name)
    lists = settings.watchlists
    named = {"phrases": lists.phrases, "domains": lists.domains}
    for kind, entries in named.items():
        yield from ((each.file, ("watchlists", kind, at, "file")) for at, each in enumerate(entries))
    for at, secret in enumerate(lists.hashed):
        yield secret.file, ("watchlists", "hashed", at, "file")
        if secret.key_file is not None:
            yield secret.key_file, ("watchlists", "hashed", at, "key_file")


def _folders_named(settings: Settings) -> Iterator[tuple[Path, Key]]:
    """The folders that must be there, each with the place of its name."""
    for at, folder in enumerate(settings.watchlists.folders):
        yield folder, ("watchlists", "folders", at)
    for at, each in enumerate(settings.layer):
        yield each.folder, ("layer", at, "folder")
    if settings.casebook.letters is not None:
        yield settings.casebook.letters, ("casebook", "letters")


def _check(settings: Settings, path: Path, text: str) -> None:
    """What only the disk or the whole file can tell: files that are not there, two sources of one name."""
    for file, place in _files_named(settings):
        if not file.is_file():
            remedy = "Correct the name, put the file there, or take the line out."
            raise ConfigError(f"{file} is not there.", path=path, line=line_of(text, place), remedy=remedy)
    for folder, place in _folders_named(settings):
        if not folder.is_dir():
            line = line_of(text, place)
            raise ConfigError(f"the folder {folder} is not there.", path=path, line=line, remedy="Correct the name.")
    names = [each.name for each in settings.source]
    for at, name in enumerate(names):
        if name in names[:at]:
            line = line_of(text, ("source", at, "name"))
            remedy = "Give each source a name of its own; several patterns may stand in one `files`."
            raise ConfigError(f"two sources are called {name!r}.", path=path, line=line, remedy=remedy)
