"""Settings that hold for every test."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from pipeline import flagging, match, rules, watchlist
from pipeline.match import Matcher
from pipeline.watchlist import DomainFile, TermFile, Watchlists
from tests.effort import tries

# How long an example takes says something about the machine, nothing about the program.
settings.register_profile("house", deadline=None, max_examples=tries(100), suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


@pytest.fixture(scope="module")
def shipped_once() -> Iterator[None]:
    """The shipped watchlists are compiled once, and not for each command; as a process, the program reads its own."""
    lists = watchlist.load([watchlist.shipped()])
    matcher = match.compile_watchlists(lists)
    match.check_examples(lists, matcher)

    def load(folders: Sequence[Path], terms: Sequence[TermFile] = (), domains: Sequence[DomainFile] = ()) -> Watchlists:
        is_shipped = list(folders) == [watchlist.shipped()] and not (terms or domains)
        return lists if is_shipped else watchlist.load(folders, terms, domains)

    def compiled(chosen: Watchlists) -> Matcher:
        return matcher if chosen is lists else match.compile_watchlists(chosen)

    def checked(chosen: Watchlists, how: Matcher) -> None:
        if chosen is not lists:
            match.check_examples(chosen, how)

    with pytest.MonkeyPatch.context() as patch:
        for module in (rules, flagging):
            patch.setattr(module, "load", load)
            patch.setattr(module, "compile_watchlists", compiled)
            patch.setattr(module, "check_examples", checked)
        yield
