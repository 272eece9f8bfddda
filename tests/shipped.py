"""The shipped watchlists for tests: compiled once, not by each test or each process of tests that needs them.

The first of several workers keeps them as a night does (`keptlists`), and the others read what it has kept. Their
examples are tried by one test (`test_watchlist`), and not before every other.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path

from pipeline import match, rules
from pipeline.config import load_settings
from pipeline.matching import matcher, watchfolders
from pipeline.matching.keptlists import NAME, keep, read
from pipeline.matching.matcher import Matcher
from pipeline.settings.tomlplace import Place
from pipeline.watchlist import DomainFile, DomainRule, TermFile, TextRule, Watchlists, compiled_away

_NOWHERE = Place(Path(), "", ())
#: The rules of small lists that have been tried on their examples in this process.
_TRIED: set[tuple[tuple[TextRule, ...], tuple[DomainRule, ...]]] = set()
#: What the kept lists are called by; nothing that they are made of changes while tests run.
_STAMP = "shipped"


class _Shared:
    """The folder in which the workers of one run find the compiled lists; `conftest` says where."""

    folder: Path


SHARED = _Shared()


@cache
def shipped_lists() -> Watchlists:
    """The lists that travel with the program, and nothing else."""
    return watchfolders.load([watchfolders.shipped()])


@cache
def shipped_matcher() -> Matcher:
    """The same, compiled."""
    folder = SHARED.folder
    with _alone_in(folder):
        kept = read(folder, _STAMP)
        if kept:
            return kept[1]
        made = matcher.compile_watchlists(shipped_lists())
        keep(folder, _STAMP, compiled_away(shipped_lists()), made)
        return made


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """While one worker makes something, the others wait for it."""
    with (folder / "lock").open("w", encoding="ascii") as lock:
        if sys.platform != "win32":
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def load(folders: Sequence[Path], terms: Sequence[TermFile] = (), domains: Sequence[DomainFile] = ()) -> Watchlists:
    """`watchfolders.load`."""
    is_shipped = list(folders) == [watchfolders.shipped()] and not (terms or domains)
    return shipped_lists() if is_shipped else watchfolders.load(folders, terms, domains)


def compile_watchlists(lists: Watchlists) -> Matcher:
    """`matcher.compile_watchlists`."""
    return shipped_matcher() if lists is shipped_lists() else matcher.compile_watchlists(lists)


def check_examples(lists: Watchlists, made: Matcher) -> None:
    """`match.check_examples`; what has done as it says does so in the next night as well, and the shipped lists have a
    test of their own."""
    told = (
        tuple(replace(rule, place=_NOWHERE) for each in lists.lists for rule in each.text_rules),
        tuple(replace(rule, place=_NOWHERE) for each in lists.lists for rule in each.domain_rules),
    )
    if lists is not shipped_lists() and told not in _TRIED:
        match.check_examples(lists, made)
        _TRIED.add(told)


@cache
def _kept() -> tuple[dict[str, str], bytes]:
    """The shipped lists alone as `keptlists.keep` writes them: what stands in the first line, and what behind it."""
    header, _, body = (SHARED.folder / NAME).read_bytes().partition(b"\n")
    return json.loads(header), body


def kept_for(config: Path) -> None:
    """Put the compiled lists of a school into its store, so that its night as a process need not compile them."""
    settings = load_settings(config)
    settings.store.folder.mkdir(exist_ok=True)
    lists, made = rules.ready_watchlists(settings)
    stamp = rules.stamp_of(settings)
    if made is not shipped_matcher():
        keep(settings.store.folder, stamp, lists, made)
        return
    # Only the stamp is another one: to write it all anew takes longer than most tests.
    header, body = _kept()
    (settings.store.folder / NAME).write_bytes(json.dumps({**header, "stamp": stamp}).encode() + b"\n" + body)
