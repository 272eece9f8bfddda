"""The syntaxes of block lists that schools have already. One file each; nothing outside this folder knows any of them.

A syntax takes the lines of a file, in order, and says of each what it is: entries, a reason for not taking it, or that
it lists nothing. It tells what the list *means*; whether the program can look for that is decided by whoever imports.
To add one, write a module `<name>.py` here with `SYNTAX = Syntax(...)`: it is found, named in the help and tested.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal, NamedTuple

Kind = Literal[
    # A host name and all below it; only it; only what lies below it.
    "host",
    "host-exact",
    "host-below",
    # The same three, never to be found by this list: the most exact line decides, or (`pardon`) this one always.
    "allow",
    "allow-exact",
    "allow-below",
    "pardon",
    # `host/path`: addresses there that begin so, character by character, or by whole parts (`-parts`, which holds for
    # the hosts below as well).
    "url",
    "url-parts",
    # Words side by side: whole words, from the beginning of a word, up to the end of one, anywhere.
    "phrase",
    "phrase-start",
    "phrase-end",
    "phrase-inside",
    # Two or more phrases anywhere in a text; a search that consists of just these words, in any order.
    "phrases-together",
    "search",
    "expression",
    # Another file, whose lines belong to this list.
    "include",
]


class Entry(NamedTuple):
    """One thing that a line lists. A line may give several."""

    line: int
    kind: Kind
    value: str
    #: What the list itself gives it, where it does; below 0, it speaks for a page.
    weight: float | None = None
    #: Of `phrases-together` each phrase, with the kind that it has by itself.
    parts: tuple[tuple[Kind, str], ...] = ()


class Skipped(NamedTuple):
    """A line, or a part of one, of which nothing can be taken."""

    line: int
    reason: str


class Passed(NamedTuple):
    """A line that lists nothing: blank, a comment, a heading."""

    line: int


Outcome = Entry | Skipped | Passed


@dataclass(frozen=True)
class Syntax:
    """A syntax: how to recognise it, and how to read it."""

    name: str
    title: str
    #: Does a file of this name, with these first lines, look like it?
    claims: Callable[[str, Sequence[str]], bool]
    #: Pure: (name of the file, its lines without line ends) -> at least one outcome for every line. Raises nothing.
    read: Callable[[str, Iterable[str]], Iterator[Outcome]]
    #: What is taken in which sense, for the documentation.
    means: str


#: What reads any list that nothing else recognises.
FALLBACK = "plain"
#: By so many of its first lines a file is recognised.
FIRST_LINES = 200


@cache
def registry() -> dict[str, Syntax]:
    """Every syntax by name, found by walking this package: each is a module of that name."""
    names = sorted(each.name for each in pkgutil.iter_modules(__path__) if not each.name.startswith("_"))
    return {name: importlib.import_module(f"{__name__}.{name}").SYNTAX for name in names}


def recognised(file_name: str, lines: Sequence[str]) -> list[str]:
    """The names of the syntaxes that claim a file, by its name and its first lines; the plain one only by itself."""
    found = [each.name for each in registry().values() if each.name != FALLBACK and each.claims(file_name, lines)]
    return found or [FALLBACK]
