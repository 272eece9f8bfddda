"""The shipped watchlists for tests: read, compiled and tried once in a process, not by each test that needs them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from pipeline import match, matcher, rules, watchfolders
from pipeline.config import load_settings
from pipeline.keptlists import NAME, keep
from pipeline.matcher import Matcher
from pipeline.tomlplace import Place
from pipeline.watchlist import DomainFile, DomainRule, TermFile, TextRule, Watchlists, compiled_away

_NOWHERE = Place(Path(), "", ())
#: The rules of small lists that have been tried on their examples in this process.
_TRIED: set[tuple[tuple[TextRule, ...], tuple[DomainRule, ...]]] = set()


@cache
def shipped_lists() -> Watchlists:
    """The lists that travel with the program, and nothing else."""
    return watchfolders.load([watchfolders.shipped()])


@cache
def shipped_matcher() -> Matcher:
    """The same, compiled and tried on their examples."""
    made = matcher.compile_watchlists(shipped_lists())
    match.check_examples(shipped_lists(), made)
    return made


def load(folders: Sequence[Path], terms: Sequence[TermFile] = (), domains: Sequence[DomainFile] = ()) -> Watchlists:
    """`watchfolders.load`."""
    is_shipped = list(folders) == [watchfolders.shipped()] and not (terms or domains)
    return shipped_lists() if is_shipped else watchfolders.load(folders, terms, domains)


def compile_watchlists(lists: Watchlists) -> Matcher:
    """`matcher.compile_watchlists`."""
    return shipped_matcher() if lists is shipped_lists() else matcher.compile_watchlists(lists)


def check_examples(lists: Watchlists, made: Matcher) -> None:
    """`match.check_examples`; what has done as it says does so in the next night as well."""
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
    with TemporaryDirectory() as folder:
        keep(Path(folder), "none", compiled_away(shipped_lists()), shipped_matcher())
        header, _, body = (Path(folder) / NAME).read_bytes().partition(b"\n")
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
