"""Watchlists: what the program looks for, out of TOML files that a school can read and write itself.

In: folders of `<category>.toml` (the one that travels with the program and the school's own), and the names of
long plain lists of phrases or host names. Out: frozen dataclasses for the matcher. It refuses, with file, line
and remedy, everything that is not exactly as `watchlists/README.md` describes: half a watchlist finds half of the
concerns, and nobody would notice. The long plain lists are opened by whoever matches them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib import resources
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

from pipeline.errors import WatchlistError
from pipeline.policy import POLICY
from pipeline.secretlists import SecretFile
from pipeline.terms import Phrase, Spelt, TermError, Words, phrases_of, spelt_out
from pipeline.tomlplace import Place
from pipeline.watchtoml import (
    DEFAULT_FIELDS,
    LANGUAGES,
    ROUTES,
    TEXT_FIELDS,
    CategoryTable,
    Document,
    FourCs,
    Route,
    Severity,
    read,
    read_words,
)

__all__ = [
    "DEFAULT_FIELDS",
    "ROUTES",
    "TEXT_FIELDS",
    "Category",
    "DomainFile",
    "DomainRule",
    "TermFile",
    "TextRule",
    "Watchlist",
    "Watchlists",
    "holds_lists",
    "load",
    "shipped",
    "with_languages",
    "with_secret",
]


_Read = TypeVar("_Read")
#: The file of a folder that is no category: its named sets of words.
WORDS = "words.toml"
_FORMS = "How terms may be shortened stands in watchlists/README.md."


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

    @property
    def never_lowered(self) -> bool:
        """Whether no lesson and no exclusion may lower what it finds: about a child at risk, or for the police."""
        return self.route == "illegal" or (self.route == "pupil-victim" and not self.prevent)


@dataclass(frozen=True)
class TextRule:
    """Whole words and phrases, spelt out, and what else in the same text decides.

    `unless` cancels a match; without one of `needs` (if there are any) there is none; `lowers` and `raises` change its
    weight.
    """

    id: str
    category: str
    terms: tuple[Spelt, ...]
    #: 0 to 100; what each range leads to stands in `watchlists/README.md`.
    weight: float
    fields: tuple[str, ...]
    unless: tuple[Phrase, ...]
    lowers: tuple[Phrase, ...]
    raises: tuple[Phrase, ...]
    needs: tuple[Phrase, ...]
    #: Examples that the rule must and must not find.
    match: tuple[str, ...]
    no_match: tuple[str, ...]
    place: Place
    #: The language of the terms, and what they say in plain English; both empty where that is English itself.
    language: str = ""
    means: str = ""

    @property
    def translation(self) -> str:
        """What it says, for somebody who does not read the language; empty for English."""
        return f"{self.language}: “{self.means}”, or the like" if self.language else ""


@dataclass(frozen=True)
class DomainRule:
    """Host names, each with everything below it. The examples are host names as well."""

    id: str
    category: str
    names: tuple[str, ...]
    weight: float
    match: tuple[str, ...]
    no_match: tuple[str, ...]
    place: Place


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
    secret_files: tuple[SecretFile, ...] = ()

    @property
    def categories(self) -> dict[str, Category]:
        """Every category by its id, in the order in which the files were read."""
        return {each.category.id: each.category for each in self.lists}

    @property
    def translations(self) -> dict[str, str]:
        """Of every rule in another language than English what it says, by its id."""
        return {rule.id: rule.translation for each in self.lists for rule in each.text_rules if rule.language}

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages besides English, by name."""
        return tuple(sorted({rule.language for each in self.lists for rule in each.text_rules} - {""}))


def load(
    folders: Sequence[Path], term_files: Sequence[TermFile] = (), domain_files: Sequence[DomainFile] = ()
) -> Watchlists:
    """Read every `*.toml` of each folder, in the order given, and check that the whole fits together.

    A later folder may add rules to a category of an earlier one, never change or remove any. A folder `languages`
    within one comes right behind it. Raises `WatchlistError` at the first fault.
    """
    known: dict[str, Category] = {}
    lists = []
    words = dict[str, tuple[str, ...]]()
    for folder in chain.from_iterable(map(with_languages, folders)):
        words |= _words_of(folder, words)
        for path in _files(folder):
            document = read(path)
            category = _category(document, known)
            known[category.id] = category
            lists.append(_watchlist(document, category, words))
    plain: list[TermFile | DomainFile] = [*term_files, *domain_files]
    _refuse_same_ids(lists, plain)
    for each in plain:
        _check_plain(each, known)
    return Watchlists(tuple(lists), tuple(term_files), tuple(domain_files))


def with_secret(lists: Watchlists, files: Iterable[SecretFile]) -> Watchlists:
    """The same with secret lists. Raises `WatchlistError` for one of a category whose addresses a page might show."""
    files = tuple(files)
    for each in files:
        category = lists.categories.get(each.category)
        if category is None or category.route != "illegal":
            known = [name for name, found in lists.categories.items() if found.route == "illegal"]
            what = f"a secret list cannot belong to the category {each.category!r}, whose addresses may be shown."
            raise WatchlistError(what, path=each.path, remedy=f"Choose one of {', '.join(known)}.")
    return replace(lists, secret_files=files) if files else lists


def compiled_away(lists: Watchlists) -> Watchlists:
    """The same without the terms and contexts of rules: what there is to tell of lists that are compiled."""
    nothing: dict[str, Any] = dict.fromkeys(("terms", "unless", "lowers", "raises", "needs"), ())
    return replace(
        lists,
        lists=tuple(
            replace(each, text_rules=tuple(replace(rule, **nothing) for rule in each.text_rules))
            for each in lists.lists
        ),
    )


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


def holds_lists(folder: Path) -> bool:
    """Whether a folder has any watchlist; that of a layer may hold its policy alone."""
    return bool(_lists_in(folder)) or (folder / WORDS).is_file() or (folder / LANGUAGES).is_dir()


def with_languages(folder: Path) -> tuple[Path, ...]:
    """A folder of watchlists, as far as it has any of its own, and the one within it for other languages."""
    within = folder / LANGUAGES
    if not within.is_dir():
        return (folder,)
    return (folder, within) if _lists_in(folder) else (within,)


def _lists_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.toml") if path.name not in (WORDS, POLICY))


def _files(folder: Path) -> list[Path]:
    found = _lists_in(folder) if folder.is_dir() else []
    if not found:
        raise WatchlistError(
            "there are no watchlists here.",
            path=folder,
            remedy="Name a folder that holds at least one <category>.toml, or take it out of the configuration.",
        )
    return found


def _words_of(folder: Path, known: Words) -> dict[str, tuple[str, ...]]:
    """The named sets of words of a folder; a later one may add sets, and change none."""
    path = folder / WORDS
    if not path.is_file():
        return {}
    sets = read_words(path)
    for name in sets:
        if name in known:
            remedy = "Give it another name: what an earlier folder has laid down stays."
            raise WatchlistError(f"an earlier folder has a set <{name}> already.", path=path, remedy=remedy)
    return sets


def _category(document: Document, known: dict[str, Category]) -> Category:
    """The category that a file defines, or the known one that it adds rules to."""
    table = document.tables.category
    if not isinstance(table, CategoryTable):
        if table.id in known:
            return known[table.id]
        raise WatchlistError(
            f"no earlier folder defines the category '{table.id}'.",
            path=document.path,
            line=document.line("category", "id"),
            remedy=f"Write the whole [category] table: {', '.join(CategoryTable.model_fields)}.",
        )
    if table.id in known:
        raise WatchlistError(
            f"the category '{table.id}' is defined already.",
            path=document.path,
            line=document.line("category"),
            remedy="To add rules to it, leave only 'id' under [category].",
        )
    # The lines of a long text in TOML are the file's business, not the reader's.
    words = {"meaning": " ".join(table.meaning.split()), "version": table.version.isoformat()}
    return Category(**(table.model_dump() | words))


def _watchlist(document: Document, category: Category, words: Words) -> Watchlist:
    text_rules = tuple(_text_rule(document, index, category, words) for index in range(len(document.tables.rule)))
    domain_rules = tuple(
        DomainRule(
            table.id,
            category.id,
            tuple(table.names),
            table.weight,
            tuple(table.match),
            tuple(table.no_match),
            document.place("domains", index),
        )
        for index, table in enumerate(document.tables.domains)
    )
    return Watchlist(category, text_rules, domain_rules, document.path, document.sha256)


def _text_rule(document: Document, index: int, category: Category, words: Words) -> TextRule:
    table = document.tables.rule[index]

    def read_by(how: Callable[[str, Words], _Read], key: str, terms: list[str]) -> list[_Read]:
        found = []
        for each, term in enumerate(terms):
            try:
                found.append(how(term, words))
            except TermError as error:
                line = document.line("rule", index, key, each)
                raise WatchlistError(f"{error}.", path=document.path, line=line, remedy=_FORMS) from error
        return found

    def context(key: str, terms: list[str]) -> tuple[Phrase, ...]:
        return tuple(chain.from_iterable(read_by(phrases_of, key, terms)))

    spelt = partial(spelt_out, as_written=bool(table.language))
    return TextRule(
        table.id,
        category.id,
        tuple(read_by(spelt, "terms", table.terms)),
        table.weight,
        tuple(table.fields),
        context("unless", table.unless),
        context("lowers", table.lowers),
        context("raises", table.raises),
        context("needs", table.needs),
        tuple(table.match),
        tuple(table.no_match),
        document.place("rule", index),
        table.language,
        table.means,
    )


def _refuse_same_ids(lists: Iterable[Watchlist], plain: Iterable[TermFile | DomainFile]) -> None:
    taken: list[tuple[str, Place | Path]] = [(rule.id, rule.place) for each in lists for rule in each.text_rules]
    taken += [(rule.id, rule.place) for each in lists for rule in each.domain_rules]
    taken += [(each.id, each.path) for each in plain]
    owners: dict[str, Place | Path] = {}
    for name, place in taken:
        if name in owners:
            path, line = _path_and_line(place)
            owner = ":".join(str(part) for part in _path_and_line(owners[name]) if part)
            raise WatchlistError(
                f"the rule id '{name}' is taken by {owner}.",
                path=path,
                line=line,
                remedy="Give one of the two another id.",
            )
        owners[name] = place


def _path_and_line(place: Place | Path) -> tuple[Path, int]:
    return (place.path, place.line) if isinstance(place, Place) else (place, 0)


def _check_plain(plain: TermFile | DomainFile, known: dict[str, Category]) -> None:
    """Judge a plain list by what the configuration says of it."""
    fault, remedy = "", ""
    if plain.category not in known:
        fault, remedy = f"no watchlist defines its category '{plain.category}'", f"Choose one of {', '.join(known)}."
    elif not 0 <= plain.weight <= 100:
        fault, remedy = f"its weight is {plain.weight}", "A weight lies between 0 and 100."
    elif isinstance(plain, TermFile) and not (plain.fields and set(plain.fields) <= set(TEXT_FIELDS)):
        fault, remedy = f"its fields are {plain.fields}", f"Choose from {', '.join(TEXT_FIELDS)}."
    elif not plain.path.is_file():
        fault, remedy = "there is no such file", "Correct the path in the configuration."
    if fault:
        raise WatchlistError(f"the list '{plain.id}' cannot be used: {fault}.", path=plain.path, remedy=remedy)
