"""One watchlist file, read and judged by itself.

In: the path of a `<category>.toml`. Out: its tables, typed, the line of each, and the hash of its bytes. It refuses
unknown keys, missing examples, terms that can never be found, names that are no host names and all else that
`watchlists/README.md` does not describe; what concerns several files together is judged in `watchfolders`.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from pipeline.errors import WatchlistError
from pipeline.settings.tomlplace import Key, Place, line_of
from pipeline.words.terms import is_short_form

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
TextField = Literal["typed_text", "search_text", "title", "host", "path", "query", "vendor_category"]

#: Where a rule looks that does not say otherwise: not in the filter's own category, and not in the query, where search
#: texts are found once already.
DEFAULT_FIELDS: Final = ("typed_text", "search_text", "title", "path")

#: The folder within a folder of watchlists for phrases in other languages than English.
LANGUAGES: Final = "languages"

_EXAMPLE: Final = "Compare with the example in watchlists/README.md."
_ASCII_WORD = re.compile("[a-z0-9]+")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?")


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


_Id = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
_Text = Annotated[str, Field(pattern=r"\S")]
_Texts = Annotated[list[_Text], Field(min_length=1)]
_Weight = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]


class CategoryTable(_Strict):
    """`[category]` of the file that defines a category; the keys are explained at `watchlist.Category`."""

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
    drafted_once: bool = True


class CategoryName(_Strict):
    """`[category]` of a file that adds rules to a category of an earlier folder."""

    id: _Id


class RuleTable(_Strict):
    """`[[rule]]`; the keys are explained at `watchlist.TextRule`."""

    id: _Id
    terms: _Texts
    weight: _Weight
    fields: Annotated[list[TextField], Field(min_length=1)] = Field(default=list(DEFAULT_FIELDS))
    unless: list[_Text] = []
    lowers: list[_Text] = []
    raises: list[_Text] = []
    needs: list[_Text] = []
    language: _Text = ""
    means: _Text = ""
    imminent: bool = False
    match: _Texts
    no_match: _Texts


class DomainsTable(_Strict):
    """`[[domains]]`; the keys are explained at `watchlist.DomainRule`."""

    id: _Id
    names: _Texts
    weight: _Weight
    match: _Texts
    no_match: _Texts


class Definition(_Strict):
    """A file that defines a category and gives its rules."""

    category: CategoryTable
    rule: list[RuleTable] = []
    domains: list[DomainsTable] = []


class Addition(_Strict):
    """A file that adds rules to a category of an earlier folder."""

    category: CategoryName
    rule: list[RuleTable] = []
    domains: list[DomainsTable] = []


@dataclass(frozen=True)
class Document:
    """One file: its tables and where they stand."""

    path: Path
    text: str
    #: Of the bytes as they lie on disk.
    sha256: str
    tables: Definition | Addition

    def place(self, *key: str | int) -> Place:
        """Where a key stands."""
        return Place(self.path, self.text, key)

    def line(self, *key: str | int) -> int:
        """The line of a key, counted from 1; 0 if it is not in the file."""
        return line_of(self.text, key)


def read(path: Path) -> Document:
    """Read one file. Raises `WatchlistError` at the first fault."""
    content = _bytes_of(path)
    text = _decode(content, path)
    tables = _tables(_toml(text, path), text, path)
    document = Document(path, text, hashlib.sha256(content).hexdigest(), tables)
    if tables.category.id != path.stem:
        raise WatchlistError(
            f"the category is '{tables.category.id}', the file is called '{path.name}'.",
            path=path,
            line=document.line("category", "id"),
            remedy=f"Call the file '{tables.category.id}.toml', or write id = \"{path.stem}\".",
        )
    if not tables.rule and not tables.domains:
        raise WatchlistError("the file has no rules.", path=path, remedy="Write at least one [[rule]] or [[domains]].")
    _check_languages(document)
    _check_terms(document)
    _check_names(document)
    return document


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise WatchlistError(
            f"the file cannot be read ({error.strerror}).", path=path, remedy="Let the program's account read it."
        ) from error


class _WordsFile(_Strict):
    words: dict[_Id, _Texts]


def read_words(path: Path) -> dict[str, tuple[str, ...]]:
    """The named sets of words of a `words.toml`. Raises `WatchlistError`."""
    text = _decode(_bytes_of(path), path)
    raw = _toml(text, path)
    try:
        sets = _WordsFile.model_validate(raw).words
    except ValidationError as error:
        fault = error.errors()[0]
        what = f"'{'.'.join(map(str, fault['loc']))}' is of the wrong kind: {fault['msg']}."
        remedy = 'Write sets of words under [words], as in: weapon = ["knife", "machete"].'
        raise WatchlistError(what, path=path, line=line_of(text, fault["loc"]), remedy=remedy) from error
    for name, words in sets.items():
        for at, word in enumerate(words):
            if is_short_form(word) or not _plain(word):
                what = f"'{word}' in the set <{name}> is no plain word or phrase."
                raise WatchlistError(what, path=path, line=line_of(text, ("words", name, at)), remedy="Write it out.")
    return {name: tuple(words) for name, words in sets.items()}


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
        place = re.search(r"\(at line (\d+), column \d+\)$", str(error))
        line = int(place[1]) if place else max(1, len(text.splitlines()))
        what = re.sub(r" \(at [^()]*\)$", "", str(error))
        raise WatchlistError(f"this is not TOML: {what}.", path=path, line=line, remedy=_EXAMPLE) from error


def _tables(raw: dict[str, Any], text: str, path: Path) -> Definition | Addition:
    category = raw.get("category")
    adds = isinstance(category, dict) and set(category) == {"id"}
    model: type[Definition | Addition] = Addition if adds else Definition
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        # A misspelt key is the reason for a missing one, so it is named first.
        fault = min(error.errors(), key=lambda each: (each["type"] != "extra_forbidden", line_of(text, each["loc"])))
        what, remedy = _in_words(fault)
        raise WatchlistError(what, path=path, line=line_of(text, fault["loc"]), remedy=remedy) from error


def _in_words(fault: ErrorDetails) -> tuple[str, str]:
    """What is wrong and what to do, out of pydantic's account of it."""
    key = ".".join(str(part) for part in fault["loc"] if isinstance(part, str))
    value, limits = fault["input"], fault.get("ctx", {})
    last = key.rpartition(".")[2]
    examples = "Every rule carries examples that it must find (match) and that it must not (no_match)."
    words = {
        "extra_forbidden": (f"unknown key '{key}'.", f"The keys here are: {', '.join(_keys_beside(fault['loc']))}."),
        "missing": (
            f"the key '{key}' is missing.",
            examples if last in {"match", "no_match"} else f"Write '{last} = …' into this table.",
        ),
        "literal_error": (f"'{key}' is {value!r}.", f"Choose one of {limits.get('expected')}."),
        "too_short": (f"'{key}' is empty.", examples if last in {"match", "no_match"} else "Write at least one."),
        "string_pattern_mismatch": (
            f"'{key}' is {value!r}.",
            "An id is small letters and digits, with single hyphens between."
            if last == "id"
            else "Write a text, or take it out.",
        ),
    }
    weight = (f"'{key}' is {value}.", "A weight lies between 0 and 100.")
    words |= dict.fromkeys(("greater_than_equal", "less_than_equal", "finite_number"), weight)
    return words.get(fault["type"], (f"'{key}' is of the wrong kind: {fault['msg']}.", _EXAMPLE))


def _keys_beside(location: Key) -> list[str]:
    tables: dict[str | int, type[BaseModel]] = {
        "category": CategoryTable,
        "rule": RuleTable,
        "domains": DomainsTable,
    }
    return list((tables[location[0]] if len(location) > 1 else Definition).model_fields)


def _check_languages(document: Document) -> None:
    """What stands in another language says in English what it means: nobody is judged by words that cannot be read."""
    among_them = document.path.parent.name == LANGUAGES
    for index, rule in enumerate(document.tables.rule):
        missing = [key for key in ("language", "means") if not getattr(rule, key)]
        if len(missing) == 1 or (missing and among_them):
            raise WatchlistError(
                f"the rule '{rule.id}' lacks '{missing[0]}'.",
                path=document.path,
                line=document.line("rule", index),
                remedy='Write both, as in: language = "Polish" and, in English, means = "I want to run away".',
            )


def _phrases(document: Document) -> Iterator[tuple[Key, str]]:
    for index, rule in enumerate(document.tables.rule):
        lists = {
            "terms": rule.terms, "unless": rule.unless, "lowers": rule.lowers, "raises": rule.raises,
            "needs": rule.needs,
        }  # fmt: skip
        for key, phrases in lists.items():
            for place, phrase in enumerate(phrases):
                yield ("rule", index, key, place), phrase


def _check_terms(document: Document) -> None:
    seen: set[tuple[Key, str]] = set()
    for key, phrase in _phrases(document):
        plain = _plain(phrase)
        if not plain:
            raise WatchlistError(
                f"'{phrase}' has neither a letter nor a digit in it and can never be found.",
                path=document.path,
                line=document.line(*key),
                remedy="Take it out.",
            )
        if is_short_form(phrase):
            continue
        if (key[:-1], plain) in seen:
            raise WatchlistError(
                f"'{phrase}' stands twice in '{key[2]}' (capitals and punctuation make no difference).",
                path=document.path,
                line=document.line(*key),
                remedy="Take one of them out.",
            )
        seen.add((key[:-1], plain))


def _plain(phrase: str) -> str:
    """A phrase as it is compared: without capitals, and whatever is neither letter nor digit one space."""
    if phrase.isascii():
        return " ".join(_ASCII_WORD.findall(phrase.lower()))
    folded = unicodedata.normalize("NFKC", phrase).lower()
    return " ".join("".join(char if char.isalnum() else " " for char in folded).split())


def _check_names(document: Document) -> None:
    for index, table in enumerate(document.tables.domains):
        lists = {"names": table.names, "match": table.match, "no_match": table.no_match}
        for key, names in lists.items():
            for place, name in enumerate(names):
                if not _is_host(name):
                    raise WatchlistError(
                        f"'{name}' is not a host name.",
                        path=document.path,
                        line=document.line("domains", index, key, place),
                        remedy="Write it in small letters, as in 'example.org': no https://, no path, no port, no *; "
                        "letters outside a-z in their xn-- form.",
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


#: The response routes of the school's flowcharts; what each asks for is data of the casebook.
ROUTES: Final[tuple[str, ...]] = get_args(Route)
#: The columns of an event that a text rule may be applied to.
TEXT_FIELDS: Final[tuple[str, ...]] = get_args(TextField)
