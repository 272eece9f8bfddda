"""What stands beside a find: looked up by words, and the same as if each context were searched for in the text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.text import fold_one
from pipeline.words.beside import Beside, Contexts
from pipeline.words.phrases import contexts
from pipeline.words.terms import Phrase
from tests.effort import tries

_WORD = st.text("abé", min_size=1, max_size=3)
_WORDS = st.lists(_WORD, min_size=1, max_size=4).map(" ".join)
_PHRASE = st.builds(Phrase, _WORDS, st.booleans(), st.booleans())


@settings(max_examples=tries(400))
@given(st.lists(_PHRASE, max_size=6), st.lists(_WORDS, min_size=1, max_size=2))
def test_the_contexts_in_a_text_are_those_that_a_search_finds(sought: list[Phrase], views: list[str]) -> None:
    folded = contexts(sought)
    # As `finding` puts them together: the words of a text, and those of one of its views.
    text = "".join(fold_one(each)[0] for each in views)
    assert Contexts(folded).any_in(Beside(text)) == any(each in text for each in folded)


@pytest.mark.parametrize(
    ("context", "there"),
    [
        (Phrase("lesson"), True), (Phrase("less"), False), (Phrase("less", open_end=True), True),
        (Phrase("son", open_start=True), True), (Phrase("a lesson"), True), (Phrase("lesson a"), False),
        (Phrase("in a less", open_end=True), True), (Phrase("n a lesson", open_start=True), True),
        (Phrase("play lesson"), False), (Phrase("history"), False),
    ],
)  # fmt: skip
def test_a_context_is_whole_words_unless_it_says_otherwise(context: Phrase, *, there: bool) -> None:
    text = Beside(" in a lesson  about the play ")
    assert Contexts(contexts([context])).any_in(text) is there


def test_without_contexts_nothing_stands_beside() -> None:
    assert not Contexts(()).any_in(Beside(" anything "))
    assert not Contexts(contexts([Phrase("anything")])).any_in(Beside(" "))


@pytest.mark.parametrize(
    ("text", "of_oneself"),
    [
        (" i m not okay ", True), (" not okay ", False), (" i m not okay lyrics ", False),
        (f" i m not okay {'so ' * 40}", False),
    ],
)  # fmt: skip
def test_somebody_speaks_of_oneself_in_a_line_that_is_no_song(text: str, *, of_oneself: bool) -> None:
    assert Beside(text).of_oneself is of_oneself
