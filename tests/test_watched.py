"""The page for parents and pupils says what is looked for, names no word of any list, and can do no harm."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import pytest
from markupsafe import escape

from pipeline.errors import InvariantError
from pipeline.text import fold_one
from reports import watched
from tests.shipped import shipped_lists, shipped_matcher

LISTS = shipped_lists()
CONTEXT = watched.WatchedContext(
    school="Example Park School", today=date(2026, 11, 29), categories=tuple(LISTS.categories.values()),
    events_days=365, has_long_lists=False,
)  # fmt: skip
#: Plain names of the subject, without which a meaning could not be said.
_WORDS_OF_THE_SUBJECT = 3
_GRAVE = 40


def test_every_category_is_on_the_page_with_its_meaning() -> None:
    page = watched.render(CONTEXT)
    for category in LISTS.categories.values():
        assert f"<bdi>{escape(category.title)}</bdi>" in page
        assert str(escape(category.meaning[:60])) in page
    assert "kept for 365 days" in page
    assert "hundreds of thousands" not in page
    assert "hundreds of thousands" in watched.render(replace(CONTEXT, has_long_lists=True))


def test_no_site_and_no_phrase_of_a_list_stands_on_it() -> None:
    # What a category means is written by people, in plain names of its subject.
    bare = [replace(each, meaning="", title="") for each in LISTS.categories.values()]
    page = re.sub(
        r"<style>.*?</style>|<[^>]*>", " ", watched.render(replace(CONTEXT, categories=bare)), flags=re.DOTALL
    )
    text = fold_one(page)[0]
    matcher = shipped_matcher()
    # The parts of a term of several parts are ordinary words.
    phrases = [
        key
        for key, owner in matcher.phrases.owners.items()
        if any(matcher.rules[rule].weight >= _GRAVE for rule in owner.rules)
    ]
    long = [each for each in phrases if len(each.split()) >= _WORDS_OF_THE_SUBJECT]
    assert len(long) > 1000
    assert [each for each in long if each in text] == []
    names = {name for each in LISTS.lists for rule in each.domain_rules for name in rule.names}
    assert [name for name in names if fold_one(name)[0] in watched.render(CONTEXT)] == []


def test_hostile_names_are_only_text() -> None:
    hostile = "<script>alert(1)</script>\u202e"
    odd = replace(next(iter(LISTS.categories.values())), title=hostile, meaning=hostile)
    page = watched.render(replace(CONTEXT, school=hostile, categories=[odd]))
    assert "<script>" not in page
    assert "\u202e" not in page
    assert "&lt;script&gt;" in page


def test_an_area_without_a_name_stops_the_page() -> None:
    odd = replace(next(iter(LISTS.categories.values())), four_cs="caution")  # type: ignore[arg-type] # that is the test
    with pytest.raises(InvariantError, match="caution"):
        watched.render(replace(CONTEXT, categories=[odd]))


def test_it_says_so_where_words_are_weighed_together() -> None:
    assert "weighed as a whole" not in watched.render(CONTEXT)
    assert "weighed as a whole" in watched.render(replace(CONTEXT, weighs_words=True))
