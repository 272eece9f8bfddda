"""`school.toml` becomes typed settings, or an error that names its line.

In: the path of a TOML file. Out: `Settings`, every path in them made absolute from the file's folder. Refuses an
unknown key, a value of the wrong type, a time zone that does not exist, a file that is not there: with file, line and
what to write instead, before anything is read.
"""

from __future__ import annotations

import difflib
import glob
import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict, ValidationError, model_validator
from pydantic_core import ErrorDetails

from pipeline.errors import ConfigError
from pipeline.tomlplace import line_of

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
# As it is written: a number in quotes, or `true` where a number is wanted, is a slip of the pen.
Whole = Annotated[int, Strict()]
YesOrNo = Annotated[bool, Strict()]
Day = Annotated[date, Strict()]
Percent = Annotated[float, Strict(), Field(ge=0, le=100)]
Name = Annotated[str, Field(min_length=1)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=False)


class Term(_Table):
    """One term of the school year, both days included."""

    name: Name
    first_day: Day
    last_day: Day

    @model_validator(mode="after")
    def _in_order(self) -> Term:
        if self.last_day < self.first_day:
            raise ValueError("last_day lies before first_day")
        return self


class School(_Table):
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


class Source(_Table):
    """One program that writes logs, and where they lie. Several patterns may name its files."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
    files: tuple[str, ...] = Field(min_length=1)
    format: str = "auto"
    timezone: Zone | None = None
    date_order: Literal["dmy", "mdy", "ymd"] | None = None
    #: A shipped column map of the csv format, such as `senso`, or the path of one's own.
    map: str | None = None
    columns: dict[str, str] = {}
    verdicts: dict[str, str] = {}
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


class People(_Table):
    """The school's export of people, and what its columns are called."""

    file: Path
    columns: dict[PeopleColumn, str] = {}
    devices: Path | None = None


class Timetable(_Table):
    """Lessons; `week_a` is the Monday of any week A, where the timetable has two weeks."""

    file: Path
    week_a: Day | None = None


class WordFile(_Table):
    """A long plain list of the school's own, one entry a line."""

    file: Path
    category: str
    weight: Percent


class Watchlists(_Table):
    """What is looked for: the shipped lists, the school's own folders, its long plain lists."""

    shipped: YesOrNo = True
    folders: tuple[Path, ...] = ()
    phrases: tuple[WordFile, ...] = ()
    domains: tuple[WordFile, ...] = ()


class Store(_Table):
    """Where the program keeps what it has read and what it writes."""

    folder: Path = Path("store")
    reports: Path = Path("reports")


class Retention(_Table):
    """How many days events and their lines are kept; counts without names are kept for good."""

    events_days: Whole = Field(default=365, ge=1, le=36_500)


class Thresholds(_Table):
    """From which weight a hit has which level, and how hits become episodes and drafts."""

    urgent: Percent = 85
    high: Percent = 65
    medium: Percent = 40
    low: Percent = 15
    #: A draft is made from this level on.
    draft: Literal["urgent", "high", "medium", "low"] = "medium"
    episode_gap_minutes: Whole = Field(default=30, ge=1, le=1_440)
    #: Under 3 nothing would be hidden that could not be guessed.
    small_number: Whole = Field(default=5, ge=3)
    drafts_on_page: Whole = Field(default=200, ge=1)

    @model_validator(mode="after")
    def _in_order(self) -> Thresholds:
        if not self.urgent >= self.high >= self.medium >= self.low:
            raise ValueError("the levels must fall from urgent through high and medium to low")
        return self


class Settings(_Table):
    """All of `school.toml`."""

    school: School
    source: tuple[Source, ...] = Field(min_length=1)
    people: People | None = None
    timetable: Timetable | None = None
    watchlists: Watchlists = Watchlists()
    store: Store = Store()
    retention: Retention = Retention()
    thresholds: Thresholds = Thresholds()

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
        raise _first_of(error, path, text) from error
    try:
        settings = _absolute(settings, path.resolve().parent)
    except RuntimeError as error:
        remedy = "Write the whole path instead of ~."
        raise ConfigError(f"a path begins with ~, but: {error}", path=path, remedy=remedy) from error
    _check(settings, path, text)
    return settings


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


def _first_of(failure: ValidationError, path: Path, text: str) -> ConfigError:
    details = failure.errors()[0]
    # Pydantic marks a fault of a key, not of its value, by a last part of its own.
    place = tuple(part for part in details["loc"] if part != "[key]")
    what, remedy = _in_words(details, place)
    return ConfigError(what, path=path, line=line_of(text, place), remedy=remedy)


#: What pydantic calls a fault of a type -> what is wanted, and an example.
_WANTED = {
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
_TABLES = {
    "school": "[school], with a line `name = …` below it",
    "source": "[[source]], in double brackets, with `name` and `files` below it",
}


def _in_words(details: ErrorDetails, place: tuple[str | int, ...]) -> tuple[str, str]:
    key = next((part for part in reversed(place) if isinstance(part, str)), "")
    if details["type"] == "extra_forbidden":
        known = _known_keys(place[:-1])
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


def _missing(place: tuple[str | int, ...], key: str) -> tuple[str, str]:
    if len(place) == 1:
        return f"[{key}] is missing.", f"Add the table {_TABLES[key]}."
    table = ".".join(str(part) for part in place[:-1] if isinstance(part, str))
    return f"{key!r} is missing in {table}.", f"Add a line `{key} = …`."


def _known_keys(table: tuple[str | int, ...]) -> list[str]:
    models: dict[str, type[BaseModel]] = {
        "": Settings, "school": School, "terms": Term, "source": Source, "people": People, "timetable": Timetable,
        "watchlists": Watchlists, "phrases": WordFile, "domains": WordFile, "store": Store, "retention": Retention,
        "thresholds": Thresholds,
    }  # fmt: skip
    name = next((part for part in reversed(table) if isinstance(part, str)), "")
    return sorted(models[name].model_fields)


def _absolute(settings: Settings, folder: Path) -> Settings:
    """The same settings with every path made absolute from the folder of school.toml."""

    def made(value: Any) -> Any:
        if isinstance(value, Path):
            return folder / value.expanduser()
        if isinstance(value, _Table):
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


def _check(settings: Settings, path: Path, text: str) -> None:
    """What only the disk or the whole file can tell: files that are not there, two sources of one name."""
    wanted: list[tuple[Path, tuple[str | int, ...]]] = []
    if settings.people is not None:
        wanted.append((settings.people.file, ("people", "file")))
        wanted += [(each, ("people", "devices")) for each in (settings.people.devices,) if each is not None]
    if settings.timetable is not None:
        wanted.append((settings.timetable.file, ("timetable", "file")))
    for kind, entries in (("phrases", settings.watchlists.phrases), ("domains", settings.watchlists.domains)):
        wanted += [(each.file, ("watchlists", kind, at, "file")) for at, each in enumerate(entries)]
    for file, place in wanted:
        if not file.is_file():
            remedy = "Correct the name, put the file there, or take the line out."
            raise ConfigError(f"{file} is not there.", path=path, line=line_of(text, place), remedy=remedy)
    for at, folder in enumerate(settings.watchlists.folders):
        if not folder.is_dir():
            line = line_of(text, ("watchlists", "folders", at))
            raise ConfigError(f"the folder {folder} is not there.", path=path, line=line, remedy="Correct the name.")
    names = [each.name for each in settings.source]
    for at, name in enumerate(names):
        if name in names[:at]:
            line = line_of(text, ("source", at, "name"))
            remedy = "Give each source a name of its own; several patterns may stand in one `files`."
            raise ConfigError(f"two sources are called {name!r}.", path=path, line=line, remedy=remedy)
