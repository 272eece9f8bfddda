"""Several words that were written as one are taken apart, and one word that only looks like several is not."""

from __future__ import annotations

from itertools import pairwise

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.match import match_texts
from pipeline.words.finding import found_in
from pipeline.words.phrases import compiled
from pipeline.words.runtogether import LONGEST, SHORTEST, pieces_of, seams
from pipeline.words.sieve import holds_any
from pipeline.words.terms import spelt_out
from tests.effort import tries
from tests.shipped import shipped_matcher

_TERMS = (
    "steal ... lobster", "boil (my|the) lobster", "feed (him|his crab)", "lobster", "stealing the barnacles", "psycho",
)  # fmt: skip
_PHRASES = compiled([[spelt_out(term, {})] for term in _TERMS], ordinary=["blue", "from", "shop", "therapist"])


def found(text: str) -> list[tuple[str, str, str]]:
    """Term, view, and the characters that were found."""
    return sorted((_TERMS[each.rule], each.view.name, text[each.start : each.end]) for each in found_in(text, _PHRASES))


@pytest.mark.parametrize(
    ("text", "term", "view", "characters"),
    [
        ("howtostealabluelobsterfromashop", "steal ... lobster", "together", "stealabluelobster"),
        ("Please: #BoilTheLobster!", "boil (my|the) lobster", "together", "BoilTheLobster"),
        ("steal thebluelobster", "steal ... lobster", "together", "steal thebluelobster"),
        ("feedjaydenscrab", "feed (him|his crab)", "together", "feedjaydenscrab"),
        ("ｓｔｅａｌｔｈｅｌｏｂｓｔｅｒ", "steal ... lobster", "together", "ｓｔｅａｌｔｈｅｌｏｂｓｔｅｒ"),
        ("stealingthebarnaclesfromthem", "stealing the barnacles", "together", "stealingthebarnacles"),
        ("howtostealthelobster2026", "steal ... lobster", "together", "stealthelobster"),
        (f"stealthelobster{'fromtheblueshop' * 6}", "steal ... lobster", "together", "stealthelobster"),
    ],
)
def test_what_is_found_is_shown_as_it_was_written(text: str, term: str, view: str, characters: str) -> None:
    assert (term, view, characters) in found(text)


@pytest.mark.parametrize(
    "text", ["bluelobstershop", "thelobster", "psychotherapist", "feed the psychotherapist", "shop 1stealthelobster"]
)
def test_what_stands_in_one_of_the_words_alone_is_not_found(text: str) -> None:
    assert not found(text)


def test_a_word_that_is_known_is_left_whole() -> None:
    pieces = pieces_of({"how": 90, "to": 300, "howto": 1, "snap": 9, "chat": 9, "snapchat": 30, "steal": 20}, [])
    assert pieces.apart("snapchat") == pieces.apart("howto") == ()
    # Of two words that many write as one, nothing is made but the two.
    assert pieces.apart("howtostealsnapchat") == ("how", "to", "steal", "snapchat")


@pytest.mark.parametrize("word", ["photosynthesis", "constitution", "lieutenant", "hallucination", "sdfkjhsdfkjhsdf"])
def test_chance_does_not_make_several_of_one(word: str) -> None:
    assert not shipped_matcher().phrases.pieces.apart(word)


@pytest.mark.parametrize(
    "name", ["middlesexhospital", "essexboatclub", "cocktaildresses", "scunthorpeunited", "themanslaughtercase"]
)
def test_part_of_a_name_is_no_find(name: str) -> None:
    assert not [each for each in found_in(name, shipped_matcher().phrases) if each.view.name == "together"]


@pytest.mark.parametrize(
    "text",
    [
        "howtobypassschoolfilter", "mydadhitsmeeverynightandicanttellanyone", "gonnasmashjaydensface",
        "howmanytabletstokillyourself", "buyvapeswithoutid", "wheretobuyweedinleeds", "nobodywouldmissmeifidied",
    ],
)  # fmt: skip
def test_a_sentence_without_blanks_is_found(text: str) -> None:
    table = pl.DataFrame({"field": ["typed_text", "path"], "text": [text, text]})
    hits = match_texts(table, shipped_matcher())
    assert hits.filter(pl.col("field") == "typed_text", pl.col("view") == "together").height
    # An address is full of what nobody typed.
    assert hits.filter(pl.col("field") == "path").height < hits.filter(pl.col("field") == "typed_text").height
    assert holds_any(pl.Series([text]), shipped_matcher().phrases).to_list() == [True]


def test_what_stands_beside_it_is_read_in_words_written_as_one() -> None:
    texts = ["howtodie", "howtodieinminecraft"]
    hits = match_texts(pl.DataFrame({"field": ["typed_text"] * 2, "text": texts}), shipped_matcher())
    assert hits.filter(category="self-harm")["text"].unique().to_list() == ["howtodie"]


_PIECES = st.sampled_from([
    "steal", "a", "the", "blue", "lobster", "boil", "my", "feed", "jayden", "jaydens", "crab", "psycho", "therapist",
    "from", "shop", "people", "u", "tha", "lobsterz", "1", " ", "-", "x", "stealing", "barnacles",
])  # fmt: skip


@settings(max_examples=tries(300))
@given(st.lists(st.lists(_PIECES, max_size=9).map("".join), min_size=1, max_size=6))
@example(["stealtheblue lobsterz", "feedjaydensblue"])
def test_a_text_that_does_not_pass_the_sieve_holds_nothing(texts: list[str]) -> None:
    passed = holds_any(pl.Series(texts), _PHRASES).to_list()
    for text, may in zip(texts, passed, strict=True):
        for each in found_in(text, _PHRASES):
            assert 0 <= each.start < each.end <= len(text)
            assert may, each.view.name


@settings(max_examples=tries(300))
@given(st.lists(_PIECES.filter(str.isalpha), max_size=14).map("".join))
def test_nothing_is_lost_or_added(word: str) -> None:
    apart = _PHRASES.pieces.apart(word)
    assert "".join(apart) in ("", word)
    if apart:
        assert SHORTEST <= len(word) <= LONGEST
        assert len(apart) > 1
        assert not any(map(_PHRASES.pieces.apart, apart))
        places = [0, *seams(apart), len(word)]
        assert [word[begin:end] for begin, end in pairwise(places)] == [*apart]


def test_a_very_long_text_of_such_words_takes_no_longer_than_its_length() -> None:
    said = "stealthebluelobster " * 20_000
    assert [each[0] for each in found(said)] == ["steal ... lobster"]
    assert not found("stealthebluelobster" * 20_000)
