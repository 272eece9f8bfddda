"""A picture that stands for a word is read as that word, and shown as it was written."""

from __future__ import annotations

import polars as pl
import pytest

from pipeline.match import match_texts
from pipeline.spelling.views import views_of
from pipeline.words.finding import found_in
from pipeline.words.phrases import compiled
from pipeline.words.terms import spelt_out
from tests.shipped import shipped_matcher

_TERMS = ("getting stabbed", "bring a knife", "got weed")
_PHRASES = compiled([[spelt_out(term, {})] for term in _TERMS])


@pytest.mark.parametrize(
    ("text", "term", "characters"),
    [
        ("hes getting 🔪🔪🔪 after school", "getting stabbed", "getting 🔪🔪🔪"),
        ("bring a🔪ok", "bring a knife", "a🔪"),
        ("who got 🍃\ufe0f??", "got weed", "got 🍃\ufe0f"),
        ("got 🥦🍃", "got weed", "got 🥦"),
    ],
)
def test_it_is_found_as_what_it_stands_for(text: str, term: str, characters: str) -> None:
    [found] = found_in(text, _PHRASES)
    assert (_TERMS[found.rule], found.view.name) == (term, "emoji")
    assert text[found.start : found.end].endswith(characters)


@pytest.mark.parametrize(
    "text",
    [
        "im dead 💀💀",
        "lol 😂",
        "fire 🔥",
        "so hot 💦",
        "corn on the cob 🌽",
        "who got ❄️",
        "thai green curry 🌿",
        "gg mate 👊",
        "🥊 club",
    ],
)
def test_what_mostly_means_something_else_is_no_word(text: str) -> None:
    assert "emoji" not in {view.name for view in views_of(text)}
    assert not match_texts(pl.DataFrame({"field": ["typed_text"], "text": [text]}), shipped_matcher()).height


@pytest.mark.parametrize("text", ["brown 🍄\u200d🟫 soup", "a 🧑\u200d🔪", "a 🔪\ufe0f\u200d🧑"])
def test_part_of_another_picture_is_no_word(text: str) -> None:
    assert "emoji" not in {view.name for view in views_of(text)}


def test_every_view_leads_back_into_the_text() -> None:
    text = "a 🖕🏽🖕🏽 b 🗡️ c 🖕"
    for view in views_of(text):
        assert len(view.origin) >= len(view.folded)
        assert all(0 <= place <= len(text) for place in view.origin)
