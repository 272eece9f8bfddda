"""What a child says of itself is silenced by no word beside it: it may weigh less, and is still found."""

from __future__ import annotations

import re

import polars as pl
import pytest

from pipeline.match import match_texts
from pipeline.watchlist import TextRule
from pipeline.words.weighted import ENOUGH
from tests.effort import THOROUGH
from tests.shipped import shipped_lists, shipped_matcher

#: Words of a school day, of which other rules conclude that nobody speaks of himself or herself.
BESIDE = ("lesson", "homework", "essay", "film", "song", "quote", "gcse", "news")
#: How a day at school gets into what a child tells; the words of lessons, stories, games and laws that lower a subject.
TOLD_BESIDE = (
    "in my maths lesson", "when we watched a film", "after the school play", "is it illegal", "in the uk",
    "after homework", "we were playing fortnite", "like in the book",
)  # fmt: skip
#: What is found in these is what somebody suffers, or wants to do to himself or herself.
CATEGORIES = ("self-harm", "eating-disorders", "abuse-disclosure", "grooming", "help-seeking", "bullying", "nudes")
#: In the other categories boasts and threats stand as well; there the rules that are about oneself are named.
OF_ONESELF = ("-of-me", "-made-to", "-oath")
#: "I" and "my" in these is who bullies or looks on, not who bears it.
BULLIES = ("bullying-barbs", "bullying-boasted", "bullying-how-to-hurt", "bullying-orders", "bullying-ranked")
_FIRST_PERSON = re.compile(r"\b(i|im|ive|me|my|mine|myself|we|us|our)\b")


def _says_i(text: str) -> bool:
    return _FIRST_PERSON.search(text.lower().replace("'", " ")) is not None


def _rules() -> list[TextRule]:
    every = [rule for each in shipped_lists().lists for rule in each.text_rules if not rule.language]
    return [
        rule
        for rule in every
        if (rule.category in CATEGORIES or rule.id.endswith(OF_ONESELF)) and rule.id not in BULLIES
    ]


def test_no_word_beside_it_silences_what_a_child_says_of_itself() -> None:
    said = [(rule.category, rule.fields[0], text) for rule in _rules() for text in rule.match if _says_i(text)]
    assert len(said) > 750
    # A third of them tells a share as well.
    said = said[:: 1 if THOROUGH else 3]
    asked = pl.DataFrame(
        [
            (*each, beside)
            for each in said
            for beside in (each[2], " ".join((*BESIDE, each[2])), *(f"{each[2]} {word}" for word in BESIDE))
        ],
        schema=["category", "field", "said", "text"],
        orient="row",
    ).unique(maintain_order=True)
    hits = match_texts(asked.select("field", "text").unique(), shipped_matcher())
    silent = asked.join(hits, on=["category", "field", "text"], how="anti")
    assert silent["text"].to_list() == []


def test_no_word_beside_it_makes_less_than_a_draft_of_what_a_child_at_risk_says_of_itself() -> None:
    at_risk = shipped_matcher().at_risk
    said = [(rule.fields[0], text) for rule in _rules() if rule.category in at_risk for text in rule.match]
    some = sorted({each for each in said if _says_i(each[1])})[:: 1 if THOROUGH else 3]
    asked = pl.DataFrame(some, schema=["field", "said"], orient="row")
    beside = pl.DataFrame({"beside": ["", *(f" {each}" for each in TOLD_BESIDE)]})
    told = asked.join(beside, how="cross").with_columns(text=pl.col("said") + pl.col("beside"))
    hits = match_texts(told.select("field", "text"), shipped_matcher())
    drafted = told.join(hits.filter(pl.col("weight") >= ENOUGH), on=["field", "text"], how="semi")
    by_itself = drafted.filter(beside="").select("field", "said")
    assert by_itself.height > 400
    lost = told.join(by_itself, on=["field", "said"]).join(drafted, on=["field", "text"], how="anti")
    # A few have an `unless` in which such a word stands, or are found only with words that count together.
    assert lost.height <= by_itself.height * len(TOLD_BESIDE) // 75, lost


def test_a_page_of_text_is_nobody_who_speaks_of_himself() -> None:
    said = "i feel unsafe around my uncle"
    long = f"{said} gcse essay {'and then the next word of it ' * 10}"
    texts = pl.DataFrame({"text": [said, f"{said} gcse essay", long]}).with_columns(field=pl.lit("typed_text"))
    hits = match_texts(texts.select("field", "text"), shipped_matcher()).group_by("text").agg(pl.col("weight").max())
    alone, beside, in_a_page = texts.join(hits, on="text", how="left", maintain_order="left")["weight"].to_list()
    assert alone > beside == ENOUGH > in_a_page


def test_only_a_fixed_phrase_silences_a_rule_about_oneself() -> None:
    words = {
        (rule.id, phrase.text)
        for rule in _rules()
        if rule.id.endswith(OF_ONESELF)
        for phrase in rule.unless
        if len(phrase.text.split()) == 1
    }
    assert words == set()


@pytest.mark.parametrize(
    "text",
    [
        "please tell me a better way to die", "carrying a knife makes me feel safe",
        "my mum is going to kill me because i told",
        "im gonna chop her head off outside st thomas more school", "mum left us with her dealer when do we eat",
        "he asked me to send a pic of just me on royale high", "he asked me to send a pic of just me on roblox",
        "staff pin me on the floor in the lesson when nobody is looking",
    ],
)  # fmt: skip
def test_a_name_a_game_or_a_turn_of_phrase_silences_no_child(text: str) -> None:
    found = match_texts(pl.DataFrame({"field": ["typed_text"], "text": [text]}), shipped_matcher())
    # Counted at least, and drafted but for the idiom.
    assert found.filter(pl.col("weight") >= (37 if "my mum" in text else 40)).height
