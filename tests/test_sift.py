"""Each distinct value meets the watchlists once, in whatever blocks and lots it comes."""

from __future__ import annotations

from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import match, sift
from pipeline.match import match_values
from pipeline.matching.matcher import Matcher
from pipeline.performance.ahead import Later
from pipeline.sift import MATCHED, Sifter
from tests.effort import tries
from tests.shipped import shipped_matcher

_VALUES = {
    "url": ["https://www.bing.com/search?q=how+to+hide+bruises", "https://sub.nordvpn.com/", "https://example.org/a"],
    "host": ["nordvpn.com", "example.net"],
    "typed_text": ["kill yourself", "homework"],
    "title": ["casino bonus - free spins", "Bitesize"],
}
_ROWS = st.lists(st.fixed_dictionaries({name: st.sampled_from([*each, None]) for name, each in _VALUES.items()}))


def sifted(blocks: list[pl.DataFrame]) -> pl.DataFrame:
    sifter = Sifter(Later(shipped_matcher))
    for block in blocks:
        sifter.take(sifter.values(block))
    return sifter.found()


def rows(hits: pl.DataFrame) -> list[tuple[object, ...]]:
    return sorted(hits.rows(), key=str)


@settings(max_examples=tries(25), deadline=None)
@given(made=_ROWS, cuts=st.lists(st.integers(0, 20), max_size=4), lot=st.integers(1, 5))
def test_in_blocks_and_lots_the_same_is_found_as_at_once(made: list[dict[str, str]], cuts: list[int], lot: int) -> None:
    events = pl.DataFrame(made, schema=dict.fromkeys(_VALUES, pl.String))
    edges = [0, *sorted(cuts), max(20, events.height)]
    blocks = [events.slice(start, end - start) for start, end in pairwise(edges)]
    distinct = {name: events[name].drop_nulls().unique() for name in _VALUES}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sift, "_LOT", lot)
        assert rows(sifted(blocks)) == rows(match_values(distinct, shipped_matcher()))


def test_something_is_found_in_every_column() -> None:
    found = sifted([pl.DataFrame({name: each[:2] for name, each in _VALUES.items()})])
    assert set(found["column"]) == set(_VALUES)
    assert set(_VALUES) < set(MATCHED)


def test_columns_that_a_block_lacks_are_no_fault() -> None:
    first, second = pl.DataFrame({"line": [1]}), pl.DataFrame({"typed_text": ["kill yourself"]})
    assert sifted([first]).is_empty()
    assert sifted([]).is_empty()
    assert sifted([first, second, first])["value"].unique().to_list() == ["kill yourself"]


def test_the_rules_are_not_asked_for_before_there_is_something_to_match() -> None:
    asked: list[int] = []

    def matcher() -> Matcher:
        asked.append(1)
        return shipped_matcher()

    sifter = Sifter(Later(matcher))
    sifter.take(sifter.values(pl.DataFrame({"url": ["https://example.org/"]})))
    assert not asked
    sifter.found()
    assert asked


def test_reading_goes_on_while_the_rules_are_made_until_too_much_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sift, "_LOT", 2)
    monkeypatch.setattr(sift, "_MOST_WAITING", 4)
    asked: list[int] = []

    def matcher() -> Matcher:
        asked.append(1)
        return shipped_matcher()

    sifter = Sifter(Later(matcher, lambda: False))
    for number, expected in enumerate([0, 0, 0, 1, 1]):
        url = f"https://example.org/kill+yourself/{number}"
        sifter.take(sifter.values(pl.DataFrame({"url": [url]})))
        assert len(asked) == expected
    assert sifter.found().height


def test_what_has_waited_for_the_rules_for_long_is_matched_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sift, "_LOT", 4)
    sizes: list[int] = []
    in_earnest = match.match_terms

    def match_terms(lot: dict[str, pl.Series], matcher: Matcher) -> pl.DataFrame:
        sizes.append(sum(map(len, lot.values())))
        return in_earnest(lot, matcher)

    monkeypatch.setattr(match, "match_terms", match_terms)
    sifter = Sifter(Later(shipped_matcher, lambda: False))
    sifter.take(sifter.values(pl.DataFrame({"title": [f"kill yourself {each}" for each in range(13)]})))
    assert len(set(sifter.found()["value"])) == 13
    assert sizes == [4, 4, 5]
