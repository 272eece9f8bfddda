"""Folders of watchlists: what the program looks for, out of TOML files that a school can read and write itself.

In: folders of `<category>.toml` (the one that travels with the program and the school's own), and the names of
long plain lists of phrases or host names, and of secret ones. Out: `Watchlists`. It refuses, with file, line
and remedy, everything that is not exactly as `watchlists/README.md` describes: half a watchlist finds half of the
concerns, and nobody would notice. One file by itself is judged in `watchtoml`, what several say together here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from importlib import resources
from itertools import chain
from pathlib import Path
from typing import TypeVar

from pipeline.errors import WatchlistError
from pipeline.lists.secretlists import SecretFile
from pipeline.lists.watchtoml import LANGUAGES, TEXT_FIELDS, CategoryTable, Document, read, read_words
from pipeline.settings.policy import POLICY
from pipeline.settings.tomlplace import Place
from pipeline.watchlist import Category, DomainFile, DomainRule, TermFile, TextRule, Watchlist, Watchlists
from pipeline.words.terms import TermError, Words, phrases_of, spelt_out
from pipeline.words.weighted import WEIGHTED, WeightedWords
from pipeline.words.weighted import read as read_weighted

_Read = TypeVar("_Read")
#: The file of a folder that is no category: its named sets of words.
WORDS = "words.toml"
_FORMS = "How terms may be shortened stands in watchlists/README.md."


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
    return Watchlists(tuple(lists), tuple(term_files), tuple(domain_files), weighted=_weighted(folders, known))


def with_secret(lists: Watchlists, files: Iterable[SecretFile]) -> Watchlists:
    """The same with secret lists. Raises `WatchlistError` for one of a category whose addresses a page might show."""
    files = tuple(files)
    for each in files:
        category = lists.categories.get(each.category)
        if category is None or category.route != "illegal":
            known = [name for name, found in lists.categories.items() if found.route == "illegal"]
            what = f"a secret list cannot belong to the category {each.category!r}, whose addresses may be shown."
            raise WatchlistError(what, path=each.path, remedy=_one_of(known))
    return replace(lists, secret_files=files) if files else lists


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


def _weighted(folders: Iterable[Path], known: Mapping[str, Category]) -> WeightedWords | None:
    """The weighted words of the one folder that has any."""
    paths = [path for folder in folders if (path := folder / WEIGHTED).is_file()]
    if len(paths) > 1:
        remedy = f"Take it away: {paths[0]} is in use, and what an earlier folder has laid down stays."
        raise WatchlistError("is a second list of weighted words.", path=paths[1], remedy=remedy)
    return read_weighted(paths[0], known.keys()) if paths else None


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
    spelt = partial(spelt_out, words=words, as_written=bool(table.language))
    terms = tuple(_each_read(document, index, "terms", spelt))
    unless, lowers, raises, needs = (
        tuple(chain.from_iterable(_each_read(document, index, key, partial(phrases_of, words=words))))
        for key in ("unless", "lowers", "raises", "needs")
    )
    return TextRule(
        table.id, category.id, terms, table.weight,
        tuple(table.fields), unless, lowers, raises, needs, tuple(table.match), tuple(table.no_match),
        document.place("rule", index), table.language, table.means, table.imminent,
    )  # fmt: skip


def _each_read(document: Document, index: int, key: str, how: Callable[[str], _Read]) -> Iterator[_Read]:
    """The terms of one key of a rule, each read. Raises `WatchlistError` with the line of the first that cannot be."""
    for each, term in enumerate(getattr(document.tables.rule[index], key)):
        try:
            yield how(term)
        except TermError as error:
            line = document.line("rule", index, key, each)
            raise WatchlistError(f"{error}.", path=document.path, line=line, remedy=_FORMS) from error


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
        fault, remedy = f"no watchlist defines its category '{plain.category}'", _one_of(known)
    elif not 0 <= plain.weight <= 100:
        fault, remedy = f"its weight is {plain.weight}", "A weight lies between 0 and 100."
    elif isinstance(plain, TermFile) and not (plain.fields and set(plain.fields) <= set(TEXT_FIELDS)):
        fault, remedy = f"its fields are {plain.fields}", f"Choose from {', '.join(TEXT_FIELDS)}."
    elif not plain.path.is_file():
        fault, remedy = "there is no such file", "Correct the path in the configuration."
    if fault:
        raise WatchlistError(f"the list '{plain.id}' cannot be used: {fault}.", path=plain.path, remedy=remedy)


def _one_of(known: Collection[str]) -> str:
    if known:
        return f"Choose one of {', '.join(known)}."
    return "None is defined: set `shipped = true` under [watchlists], or name a folder there whose lists define it."
