"""A search typed letter by letter is one text; what was erased is kept once; no event is lost or doubled."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import lake
from pipeline.schema import DRAFTS
from pipeline.spelling.keystrokes import SEARCHES, STANDING, standing
from tests.effort import tries
from tests.made_night import School, squid

_NINE = datetime(2026, 11, 10, 9, tzinfo=UTC)


def typing(*texts: str, seconds: float = 1, typist: str = "p") -> pl.DataFrame:
    """Texts one after the other; one that ends with a line end was sent."""
    rows = [
        (f"{typist}{at:03}", typist, _NINE + timedelta(seconds=seconds * at), text.rstrip("\n"), text[-1:] != "\n")
        for at, text in enumerate(texts)
    ]
    return pl.DataFrame(rows, schema=SEARCHES, orient="row")


def told(searches: pl.DataFrame) -> list[tuple[str, str]]:
    """Text and role of each event that stands for itself."""
    table = standing(searches)
    assert table.schema == STANDING
    both = table.join(searches, on="event_id").sort("ts")
    return both.filter(pl.col("event_id") == pl.col("stands_for")).select("text", "role").rows()


def letters(text: str) -> list[str]:
    return [text[:at] for at in range(1, len(text) + 1)]


@pytest.mark.parametrize(
    ("texts", "kept"),
    [
        ([*letters("assassins creed"), "assassins creed\n"], [("assassins creed", "sent")]),
        ([*letters("blue whale"), *letters("blue w")[::-1]], [("blue whale", "typed")]),
        ([*letters("how to die"), "how to di", "how to ", "how to dig", "how to dig\n"],
         [("how to die", "typed"), ("how to dig", "sent")]),
        ([*letters("ass"), "as", "as ", "as you like it\n"], [("as you like it", "sent")]),
        (["Suic", "SUICI", "suicide  facts\n"], [("suicide  facts", "sent")]),
        (["ass"], [("ass", "alone")]),
        (["ass", "ass"], [("ass", "typed")]),
        (["red\n", "red\n"], [("red", "sent"), ("red", "sent")]),
        (["red\n", "re", "red", "red owl\n"], [("red", "sent"), ("red owl", "sent")]),
        (["red owl\n", "red o"], [("red owl", "sent")]),
        (["red", "blue", "blue w"], [("red", "alone"), ("blue w", "typed")]),
        ([], []),
    ],
)  # fmt: skip
def test_what_was_typed_is_told_once(texts: list[str], kept: list[tuple[str, str]]) -> None:
    assert told(typing(*texts)) == kept


def test_after_a_pause_it_is_another_search() -> None:
    assert told(typing("re", "red\n", seconds=61)) == [("re", "alone"), ("red", "sent")]
    assert told(typing("re", "red\n", seconds=60)) == [("red", "sent")]


def test_one_does_not_finish_what_another_began() -> None:
    both = pl.concat([typing("re", typist="p"), typing("red\n", typist="q")])
    assert sorted(told(both)) == [("re", "alone"), ("red", "sent")]


_TEXTS = st.lists(st.text("ab \n", max_size=5), max_size=12)


@settings(max_examples=tries(200))
@given(_TEXTS)
def test_no_event_is_lost_and_what_stands_stands_for_itself(texts: list[str]) -> None:
    searches = typing(*texts)
    table = standing(searches)
    assert sorted(table["event_id"]) == sorted(searches["event_id"])
    own = dict(table.select("event_id", "stands_for").iter_rows())
    assert all(own[whole] == whole for whole in own.values())
    sent = set(searches.filter(~pl.col("half_typed"))["event_id"])
    assert set(table.filter(role="sent")["event_id"]) == sent
    shuffled = searches.sample(fraction=1, shuffle=True, seed=len(texts))
    assert standing(shuffled).sort("event_id").equals(table.sort("event_id"))


@pytest.mark.parametrize("texts", [["a"], [f"{number} " for number in range(500)], letters("a" * 500)], ids=len)
def test_very_many_letters_take_no_longer_each(texts: list[str]) -> None:
    began = perf_counter()
    many = texts * (4_000 // len(texts))
    assert standing(typing(*many, seconds=0.001)).height == len(many)
    assert perf_counter() - began < 10


def suggestion(words: str) -> str:
    return "http://www.google.com/complete/search?client=chrome&q=" + words.replace(" ", "+")


def drafted(tmp_path: Path, *urls: str) -> list[str]:
    """The texts of the hits in the drafts of a night with these requests, a second apart."""
    school = School(tmp_path).made()
    school.log("one", "".join(squid(at, url=url) for at, url in enumerate(urls)))
    school.night()
    assert school.table("events").height == len(urls)
    drafts = lake.read_days(school.lake, "drafts", DRAFTS)
    return [hit["text"] for draft in drafts.to_dicts() for hit in draft["hits"]]


def test_a_search_typed_letter_by_letter_is_one_hit_of_a_draft(tmp_path: Path) -> None:
    typed = [suggestion(text) for text in letters("blue lobster bay")]
    sent = "http://www.google.com/search?q=blue+lobster+bay"
    assert drafted(tmp_path, *typed, sent) == ["blue lobster bay"]


def test_what_was_typed_and_erased_is_one_hit_of_a_draft(tmp_path: Path) -> None:
    typed = [suggestion(text) for text in letters("blue lobster bay")]
    assert drafted(tmp_path, *typed, *typed[:4][::-1], "http://www.google.com/search?q=blue+sky") == [
        "blue lobster bay"
    ]


def test_a_beginning_says_nothing_that_the_search_does_not_say(tmp_path: Path) -> None:
    typed = [suggestion(text) for text in letters("blue lobsterpot")]
    assert drafted(tmp_path, *typed, "http://www.google.com/search?q=blue+lobsterpot") == []
