"""Watchlists: what the program looks for, read from TOML files that a school can read and write itself.

In: folders of `<category>.toml` (the one that travels with the program and the school's own), and the names of
long plain lists of phrases or domain names. Out: frozen dataclasses for the matcher. It refuses, with file, line
and remedy, everything that is not exactly as `watchlists/README.md` describes: half a watchlist finds half of the
concerns, and nobody would notice. The contents of the long plain lists are left to whoever matches them.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from importlib import resources
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from pipeline.errors import WatchlistError
from pipeline.tomlplace import Key, line_of

Severity = Literal["urgent", "high", "medium", "low", "record"]
FourCs = Literal["content", "contact", "conduct", "commerce"]
Route = Literal[
    "illegal",
    "pupil-victim",
    "pupil-inappropriate",
    "staff-instigator",
    "staff-victim",
    "network-misuse",
    "accidental",
]
TextField = Literal["typed_text", "search_text", "title", "host", "path", "query"]

#: The response routes of the school's flowcharts; what each asks for is data of the casebook.
ROUTES: Final[tuple[str, ...]] = get_args(Route)
#: The columns of an event that a text rule may be applied to.
TEXT_FIELDS: Final[tuple[str, ...]] = get_args(TextField)
#: Where a rule looks that does not say otherwise: not in the query, where search texts are found once already.
DEFAULT_FIELDS: Final = ("typed_text", "search_text", "title", "path")

_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?")


@dataclass(frozen=True)
class Category:
    """One kind of concern. Definitions change with the national guidance, hence `version` and `source`."""

    id: str
    title: str
    #: In plain English, for the DSL, parents and pupils.
    meaning: str
    severity: Severity
    #: Which of the four areas of risk: content, contact, conduct, commerce.
    four_cs: FourCs
    #: The category of the UK Safer Internet Centre's definitions that it is evidence for; "" when there is none.
    uksic: str
    #: The row of the school's table of user actions.
    user_action: str
    route: Route
    #: Does it bear on the Prevent duty?
    prevent: bool
    #: Date of the definition, as YYYY-MM-DD.
    version: str
    #: Where the definition comes from.
    source: str
    #: Someone looks for help: a fact beside other things, never a fault.
    help_seeking: bool = False


@dataclass(frozen=True)
class TextRule:
    """Whole words and phrases. `unless` cancels a match in the same text, `lowers` and `raises` change its weight."""

    id: str
    category: str
    terms: tuple[str, ...]
    #: 0 to 100; what each range leads to stands in `watchlists/README.md`.
    weight: float
    fields: tuple[str, ...]
    unless: tuple[str, ...]
    lowers: tuple[str, ...]
    raises: tuple[str, ...]
    #: Examples that the rule must and must not find.
    match: tuple[str, ...]
    no_match: tuple[str, ...]
    path: Path
    line: int


@dataclass(frozen=True)
class DomainRule:
    """Host names, each with everything below it. The examples are host names as well."""

    id: str
    category: str
    names: tuple[str, ...]
    weight: float
    match: tuple[str, ...]
    no_match: tuple[str, ...]
    path: Path
    line: int


@dataclass(frozen=True)
class DomainFile:
    """A plain list of the school's own: one host name a line, up to millions."""

    id: str
    category: str
    path: Path
    weight: float


@dataclass(frozen=True)
class TermFile:
    """A plain list of the school's own: one phrase a line, blank lines and lines that begin with # left out."""

    id: str
    category: str
    path: Path
    weight: float
    fields: tuple[str, ...] = DEFAULT_FIELDS


@dataclass(frozen=True)
class Watchlist:
    """One file. Several files, from several folders, may belong to one category."""

    category: Category
    text_rules: tuple[TextRule, ...]
    domain_rules: tuple[DomainRule, ...]
    path: Path
    #: Of the file's bytes: says exactly which rules a hit was found with.
    sha256: str


@dataclass(frozen=True)
class Watchlists:
    """All that is looked for in one run."""

    lists: tuple[Watchlist, ...]
    term_files: tuple[TermFile, ...] = ()
    domain_files: tuple[DomainFile, ...] = ()

    @property
    def categories(self) -> dict[str, Category]:
        """Every category by its id, in the order in which the files were read."""
        return {each.category.id: each.category for each in self.lists}


def load(
    folders: Sequence[Path], term_files: Sequence[TermFile] = (), domain_files: Sequence[DomainFile] = ()
) -> Watchlists:
    """Read every `*.toml` of each folder, in the order given, and check that the whole fits together.

    A later folder may add rules to a category of an earlier one, never change or remove any. Raises
    `WatchlistError` at the first fault.
    """
    known: dict[str, Category] = {}
    lists = []
    for path in chain.from_iterable(_files(folder) for folder in folders):
        watchlist = _read(path, known)
        known.setdefault(watchlist.category.id, watchlist.category)
        lists.append(watchlist)
    _refuse_same_ids(lists, (*term_files, *domain_files))
    for plain in (*term_files, *domain_files):
        _check_plain(plain, known)
    return Watchlists(tuple(lists), tuple(term_files), tuple(domain_files))


def shipped() -> Path:
    """The folder of watchlists that travels with the program. Raises `WatchlistError` where it is no real folder."""
    folder = resources.files("watchlists")
    if not isinstance(folder, Path):
        raise WatchlistError(
            "the watchlists that travel with the program are not in an ordinary folder.",
            path=str(folder),
            remedy="Install the program with pip or pipx instead of running it out of an archive.",
        )
    return folder


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


_Id = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
_Text = Annotated[str, Field(pattern=r"\S")]
_Texts = Annotated[list[_Text], Field(min_length=1)]
_Weight = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]


class _CategoryTable(_Strict):
    id: _Id
    title: _Text
    meaning: _Text
    severity: Severity
    four_cs: FourCs
    uksic: str
    user_action: _Text
    route: Route
    prevent: bool
    version: date
    source: _Text
    help_seeking: bool = False


class _CategoryName(_Strict):
    """The `[category]` of a file that adds rules to a category of an earlier folder."""

    id: _Id


class _RuleTable(_Strict):
    id: _Id
    terms: _Texts
    weight: _Weight
    fields: Annotated[list[TextField], Field(min_length=1)] = Field(default=list(DEFAULT_FIELDS))
    unless: list[_Text] = []
    lowers: list[_Text] = []
    raises: list[_Text] = []
    match: _Texts
    no_match: _Texts


class _DomainsTable(_Strict):
    id: _Id
    names: _Texts
    weight: _Weight
    match: _Texts
    no_match: _Texts


class _Document(_Strict):
    category: _CategoryTable
    rule: list[_RuleTable] = []
    domains: list[_DomainsTable] = []


class _Addition(_Strict):
    category: _CategoryName
    rule: list[_RuleTable] = []
    domains: list[_DomainsTable] = []


def _files(folder: Path) -> list[Path]:
    found = sorted(folder.glob("*.toml")) if folder.is_dir() else []
    if not found:
        raise WatchlistError(
            "there are no watchlists here.",
            path=folder,
            remedy="Name a folder that holds at least one <category>.toml, or take it out of the configuration.",
        )
    return found


def _read(path: Path, known: dict[str, Category]) -> Watchlist:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise WatchlistError(
            f"the file cannot be read ({error.strerror}).", path=path, remedy="Let the program's account read it."
        ) from error
    text = _decode(content, path)
    raw = _toml(text, path)
    adds = isinstance(raw.get("category"), dict) and set(raw["category"]) == {"id"}
    document = _validate(_Addition if adds else _Document, raw, text, path)
    category = _category(document, known, text, path)
    if not document.rule and not document.domains:
        raise WatchlistError("the file has no rules.", path=path, remedy="Write at least one [[rule]] or [[domains]].")
    _check_terms(document, text, path)
    _check_names(document, text, path)
    return Watchlist(
        category,
        tuple(
            _text_rule(table, category.id, path, line_of(text, ("rule", i))) for i, table in enumerate(document.rule)
        ),
        tuple(
            _domain_rule(table, category.id, path, line_of(text, ("domains", i)))
            for i, table in enumerate(document.domains)
        ),
        path,
        hashlib.sha256(content).hexdigest(),
    )


def _decode(content: bytes, path: Path) -> str:
    try:
        # Windows editors put a byte-order mark in front, which TOML does not know.
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise WatchlistError("this is not UTF-8.", path=path, line=line, remedy="Save the file as UTF-8.") from error


def _toml(text: str, path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"\(at (?:line (\d+), column \d+|end of document)\)$", str(error))
        line = int(place[1]) if place and place[1] else text.count("\n") + 1
        what = re.sub(r" \(at [^()]*\)$", "", str(error))
        raise WatchlistError(
            f"this is not TOML: {what}.",
            path=path,
            line=line,
            remedy="Compare with the example in watchlists/README.md.",
        ) from error


def _validate(
    model: type[_Document] | type[_Addition], raw: dict[str, Any], text: str, path: Path
) -> _Document | _Addition:
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        faults = [(line_of(text, fault["loc"]), fault) for fault in error.errors()]
        line, first = min(faults, key=lambda each: each[0])
        what, remedy = _in_words(first, model)
        raise WatchlistError(what, path=path, line=line, remedy=remedy) from error


def _in_words(fault: ErrorDetails, model: type[BaseModel]) -> tuple[str, str]:
    """What is wrong and what to do, from pydantic's account of it."""
    name = ".".join(str(part) for part in fault["loc"] if isinstance(part, str))
    kind, context = fault["type"], fault.get("ctx", {})
    if kind == "extra_forbidden":
        return f"unknown key '{name}'.", f"The keys here are: {', '.join(_keys_beside(fault['loc'], model))}."
    if kind == "missing":
        examples = name.rpartition(".")[2] in ("match", "no_match")
        why = "Every rule carries examples that it must find and examples that it must not." if examples else ""
        return f"the key '{name}' is missing.", why or f"Write '{name.rpartition('.')[2]} = …' into this table."
    if kind == "literal_error":
        return f"'{name}' is {fault['input']!r}.", f"Choose one of {context['expected']}."
    if kind == "too_short":
        return f"'{name}' is empty.", "Write at least one."
    if kind == "string_pattern_mismatch" and name.endswith("id"):
        return (
            f"'{name}' is {fault['input']!r}.",
            "An id is lower-case letters and digits, with single hyphens between.",
        )
    if kind == "string_pattern_mismatch":
        return f"'{name}' holds an empty text.", "Write it or take it out."
    if kind in ("greater_than_equal", "less_than_equal", "finite_number"):
        return f"'{name}' is {fault['input']}.", "A weight lies between 0 and 100."
    return f"'{name}' is of the wrong kind: {fault['msg']}.", "Compare with the example in watchlists/README.md."


def _keys_beside(location: Key, model: type[BaseModel]) -> list[str]:
    tables: dict[str | int, type[BaseModel]] = {"rule": _RuleTable, "domains": _DomainsTable}
    if len(location) == 1:
        return list(model.model_fields)
    table = tables.get(location[0]) or (_CategoryName if model is _Addition else _CategoryTable)
    return list(table.model_fields)


def _category(document: _Document | _Addition, known: dict[str, Category], text: str, path: Path) -> Category:
    name = document.category.id
    line = line_of(text, ("category", "id"))
    if name != path.stem:
        raise WatchlistError(
            f"the category is '{name}', the file is called '{path.name}'.",
            path=path,
            line=line,
            remedy=f"Call the file '{name}.toml', or write id = \"{path.stem}\".",
        )
    if isinstance(document, _Document) and name in known:
        raise WatchlistError(
            f"the category '{name}' is defined already.",
            path=path,
            line=line_of(text, ("category",)),
            remedy="To add rules to it, leave only 'id' under [category].",
        )
    if isinstance(document, _Document):
        table = document.category.model_dump() | {"version": document.category.version.isoformat()}
        return Category(**table)
    if name not in known:
        raise WatchlistError(
            f"no earlier folder defines the category '{name}'.",
            path=path,
            line=line,
            remedy=f"Write the whole [category] table: {', '.join(_CategoryTable.model_fields)}.",
        )
    return known[name]


def _check_terms(document: _Document | _Addition, text: str, path: Path) -> None:
    for index, table in enumerate(document.rule):
        for key in ("terms", "unless", "lowers", "raises"):
            seen: set[str] = set()
            for place, term in enumerate(getattr(table, key)):
                line = line_of(text, ("rule", index, key, place))
                plain = _plain(term)
                if not plain:
                    raise WatchlistError(
                        f"'{term}' has neither a letter nor a digit in it and can never be found.",
                        path=path,
                        line=line,
                        remedy="Take it out.",
                    )
                if plain in seen:
                    raise WatchlistError(
                        f"'{term}' stands twice in '{key}' of rule '{table.id}' (capitals and punctuation make no "
                        "difference).",
                        path=path,
                        line=line,
                        remedy="Take one of them out.",
                    )
                seen.add(plain)


def _plain(term: str) -> str:
    """A term as it is compared: without capitals, and everything but letters and digits one space."""
    folded = unicodedata.normalize("NFKC", term).lower()
    return " ".join("".join(char if char.isalnum() else " " for char in folded).split())


def _check_names(document: _Document | _Addition, text: str, path: Path) -> None:
    for index, table in enumerate(document.domains):
        for key in ("names", "match", "no_match"):
            for place, name in enumerate(getattr(table, key)):
                if not _is_host(name):
                    raise WatchlistError(
                        f"'{name}' is not a host name.",
                        path=path,
                        line=line_of(text, ("domains", index, key, place)),
                        remedy="Write it in small letters as in 'example.org': no https://, no path, no port, no *; "
                        "a name with other letters in its xn-- form.",
                    )


def _is_host(name: str) -> bool:
    labels = name.split(".")
    # A last label of digits would be an address, to which "and everything below it" means nothing.
    return (
        len(name) <= 253
        and len(labels) > 1
        and all(_LABEL.fullmatch(label) for label in labels)
        and not labels[-1].isdigit()
    )


def _text_rule(table: _RuleTable, category: str, path: Path, line: int) -> TextRule:
    return TextRule(
        table.id,
        category,
        tuple(table.terms),
        table.weight,
        tuple(table.fields),
        tuple(table.unless),
        tuple(table.lowers),
        tuple(table.raises),
        tuple(table.match),
        tuple(table.no_match),
        path,
        line,
    )


def _domain_rule(table: _DomainsTable, category: str, path: Path, line: int) -> DomainRule:
    return DomainRule(
        table.id, category, tuple(table.names), table.weight, tuple(table.match), tuple(table.no_match), path, line
    )


def _owners(lists: Iterable[Watchlist]) -> Iterator[TextRule | DomainRule]:
    for each in lists:
        yield from each.text_rules
        yield from each.domain_rules


def _refuse_same_ids(lists: Sequence[Watchlist], plain: Sequence[TermFile | DomainFile]) -> None:
    first: dict[str, str] = {}
    for rule in (*_owners(lists), *plain):
        line = 0 if isinstance(rule, TermFile | DomainFile) else rule.line
        place = f"{rule.path}:{line}" if line else str(rule.path)
        if rule.id in first:
            raise WatchlistError(
                f"the rule id '{rule.id}' is taken by {first[rule.id]}.",
                path=rule.path,
                line=line,
                remedy="Give one of the two another id.",
            )
        first[rule.id] = place


def _check_plain(plain: TermFile | DomainFile, known: dict[str, Category]) -> None:
    faults = {
        f"the list '{plain.id}' is for the category '{plain.category}', which no watchlist defines.": (
            plain.category not in known,
            f"Choose one of {', '.join(sorted(known))}.",
        ),
        f"the weight of the list '{plain.id}' is {plain.weight}.": (
            not 0 <= plain.weight <= 100,
            "A weight lies between 0 and 100.",
        ),
        f"the list '{plain.id}' looks into a field that does not exist.": (
            isinstance(plain, TermFile) and not set(plain.fields) <= set(TEXT_FIELDS),
            f"The fields are: {', '.join(TEXT_FIELDS)}.",
        ),
        f"the list '{plain.id}' is not there.": (not plain.path.is_file(), "Correct the path in the configuration."),
    }
    for what, (wrong, remedy) in faults.items():
        if wrong:
            raise WatchlistError(what, path=plain.path, remedy=remedy)
