"""Words looked up by numbers say what a plain look at each text says."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import InvariantError
from pipeline.spelling.views import all_as_letters, as_letters, in_letters
from pipeline.text import fold_ascii
from pipeline.vocabulary.beginnings import LONGEST, SHORTEST, Beginnings
from pipeline.vocabulary.chains import Chains
from pipeline.vocabulary.pointsums import PointSums
from pipeline.vocabulary.wordnumbers import UNKNOWN, Numbers, Said, Vocabulary, Words, pairs_of, raw_of, words_of
from pipeline.vocabulary.wrongwords import WrongWords
from tests.effort import tries

_ASCII = st.text(st.characters(min_codepoint=0, max_codepoint=127), max_size=60)
_LETTERS = st.text("ab1", min_size=1, max_size=90)
_KNOWN = ("boil", "the", "lobster", "pot", "a", "supercalifragilisticexpialidocious")
_SAYING = st.lists(st.sampled_from([*_KNOWN, "xyzzy", "teh", "gonna"]), max_size=8)


def _spelt(words: Words) -> list[list[str]]:
    """The words of each text, one by one."""
    found: list[list[str]] = [[] for _ in range(words.size)]
    for row, word in zip(words.rows.tolist(), words.spelt(np.arange(len(words.rows))), strict=True):
        found[row].append(word)
    return found


@settings(max_examples=tries(300))
@given(st.lists(_ASCII, max_size=8))
def test_words_are_those_of_the_folded_texts(texts: list[str]) -> None:
    column = pl.Series(texts, dtype=pl.String)
    assert _spelt(words_of(column)) == [folded.split() for folded in fold_ascii(column)]


@settings(max_examples=tries(300))
@given(st.lists(_ASCII, max_size=8))
def test_in_letters_they_are_those_of_each_text_in_letters(texts: list[str]) -> None:
    assert _spelt(all_as_letters(raw_of(pl.Series(texts, dtype=pl.String)))) == [
        folded.split() for folded in fold_ascii(pl.Series([as_letters(text) for text in texts], dtype=pl.String))
    ]


def test_folded_words_are_put_in_letters_where_they_stand() -> None:
    assert _spelt(in_letters(words_of(pl.Series(["L0bster-8oil", "4 u"])))) == [["iobster", "boii"], ["a", "u"]]


def test_a_text_of_a_larger_column_is_read_as_by_itself() -> None:
    column = pl.Series(["boil it", "the lobster", "", "a pot!"])
    assert _spelt(words_of(column.slice(1, 3))) == [["the", "lobster"], [], ["a", "pot"]]
    assert raw_of(column.slice(1, 3)).holding(b"!").tolist() == [False, False, True]


@settings(max_examples=tries(300))
@given(st.lists(_LETTERS, unique=True, max_size=12))
def test_different_words_have_different_keys_wherever_they_stand(words: list[str]) -> None:
    keys = words_of(pl.Series(words, dtype=pl.String)).keys.tolist()
    assert len({*keys}) == len(words)
    behind = words_of(pl.Series([f"-- x{'y' * len(words)} {word} z" for word in words], dtype=pl.String)).keys
    assert behind[1::3].tolist() == keys


@settings(max_examples=tries(300))
@given(st.lists(st.integers(0, 50), max_size=40), st.lists(st.integers(0, 60), max_size=40), st.sampled_from([0, 58]))
def test_a_key_has_the_number_of_the_first_that_is_the_same(keys: list[int], asked: list[int], shift: int) -> None:
    # Keys without high bits all come to one place, and stand behind each other there.
    known = Numbers(np.array(keys, dtype=np.uint64) << np.uint64(shift))
    assert known.own.tolist() == [keys.index(key) for key in keys]
    found = known.of(np.array(asked, dtype=np.uint64) << np.uint64(shift)).tolist()
    assert found == [keys.index(key) if key in keys else UNKNOWN for key in asked]


def test_words_that_are_alike_have_keys_of_their_own() -> None:
    # The same letters twice, and long words that differ in the middle only.
    twice = [f"{number:08}" * 2 for number in range(5_000)]
    middle = [f"{'a' * 45}{number:05}{'b' * 30}" for number in range(5_000)]
    assert len({*words_of(pl.Series([*twice, *middle])).keys.tolist()}) == 10_000


def test_a_vocabulary_is_of_single_words() -> None:
    vocabulary = Vocabulary(pl.Series(["boil", "lobster"]))
    assert vocabulary.of(words_of(pl.Series(["Boil a LOBSTER", "boiled"]))).tolist() == [0, UNKNOWN, 1, UNKNOWN]
    for wrong in (["boil a", "pot"], ["", "two words"], ["é", "b"]):
        with pytest.raises(InvariantError):
            Vocabulary(pl.Series(wrong))


def _said(texts: list[list[str]]) -> Said:
    vocabulary, words = Vocabulary(pl.Series(_KNOWN)), words_of(pl.Series([" ".join(each) for each in texts]))
    return Said(words.rows, vocabulary.of(words))


@settings(max_examples=tries(300))
@given(
    st.lists(st.lists(st.sampled_from(_KNOWN), min_size=2, max_size=5), max_size=5),
    st.lists(_SAYING, min_size=1, max_size=5),
)
def test_chains_stand_side_by_side_in_one_text(chains: list[list[str]], texts: list[list[str]]) -> None:
    vocabulary = Vocabulary(pl.Series(_KNOWN))
    numbers = [vocabulary.numbers(each) for each in chains]
    pairs = np.array([each.tolist() for each in numbers if len(each) == 2], dtype=np.int32).reshape(-1, 2)
    # Two words may be given either way.
    held = Chains(vocabulary.size, pairs, [each for at, each in enumerate(numbers) if len(each) > 2 or at % 2])
    wanted = [any(f" {' '.join(chain)} " in f" {' '.join(text)} " for chain in chains) for text in texts]
    assert held.held(_said(texts), len(texts)).tolist() == wanted


@settings(max_examples=tries(300))
@given(st.lists(_SAYING, min_size=1, max_size=5), st.sampled_from([["teh"], ["teh", "gonna"]]))
def test_what_is_misspelt_is_put_right(texts: list[list[str]], wrong: list[str]) -> None:
    vocabulary = Vocabulary(pl.Series([*_KNOWN, "going", "to"]))
    right = {"teh": "the", "gonna": "going to"}
    table = pl.DataFrame({"word": [*right], "right": [*right.values()], "alone": [word in wrong for word in right]})
    words = words_of(pl.Series([" ".join(each) for each in texts]))
    said = Said(words.rows, vocabulary.of(words))
    put = WrongWords(vocabulary, table).put_right(words, said, np.ones(words.size, dtype=np.bool_))
    wanted = [
        (row, number)
        for row, text in enumerate(texts)
        if any(word in wrong for word in text)
        for number in vocabulary.numbers(" ".join(right.get(word, word) for word in text).split()).tolist()
    ]
    assert [*zip(put.rows.tolist(), put.numbers.tolist(), strict=True)] == wanted


_BEGINNINGS = st.lists(st.text("abl", min_size=SHORTEST, max_size=LONGEST), max_size=5)


@settings(max_examples=tries(300))
@given(_BEGINNINGS, st.lists(st.text("abl", min_size=1, max_size=25), max_size=6), st.text("xyz", max_size=9))
def test_a_beginning_is_found_anywhere_in_a_word(beginnings: list[str], others: list[str], before: str) -> None:
    written = [*others, *(f"{before}{each}{before}" for each in beginnings), *(each[:-1] for each in beginnings)]
    words = words_of(pl.Series([" ".join(written)], dtype=pl.String))
    held = Beginnings(beginnings).held(words, np.arange(len(words.rows)))
    assert held.tolist() == [any(each in word for each in beginnings) for word in written]


_POINTS = {"boil": 30, "lobster": -20, "pot": 15, "the lobster": 40, "boil pot": -25, "the": 0}


@settings(max_examples=tries(300))
@given(st.lists(_SAYING, min_size=1, max_size=5), st.integers(-20, 90), st.integers(0, 60))
def test_points_are_summed_once_a_text(texts: list[list[str]], needed: int, may_lack: int) -> None:
    sums = PointSums(_POINTS, needed=needed, may_lack=may_lack, apart=2)
    wanted = []
    for text in texts:
        single = sum(_POINTS.get(word, 0) for word in {*text})
        near = [f"{first} {behind}" for apart in (1, 2) for first, behind in zip(text, text[apart:], strict=False)]
        whole = single + sum(_POINTS.get(pair, 0) for pair in {*near})
        wanted.append(single >= needed - may_lack and whole >= needed)
    assert sums.worth(words_of(pl.Series([" ".join(each) for each in texts]))).tolist() == wanted


def test_a_pair_is_told_from_the_same_two_the_other_way_round() -> None:
    one, other = np.array([3], dtype=np.int32), np.array([7], dtype=np.int32)
    assert pairs_of(one, other) != pairs_of(other, one)
