"""Tables of phrases as columns: whole they are what they were made of, and nothing that a text may hold is left out."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.flagging import examples
from pipeline import match
from pipeline.match import OF_PAGES, hits_in, match_texts
from pipeline.matching.matcher import TEXT_HITS
from pipeline.spelling.views import hides
from pipeline.words import phrases
from pipeline.words.columns import Misspelt, Owner, Owners, Together
from pipeline.words.finding import Several
from tests.shipped import shipped_lists, shipped_matcher

_Table = TypeVar("_Table", Owners, Misspelt, Together)

_WORDS = st.sampled_from(["blue", "lobster", "crane", "ibis", "schnee", "größe", "b1ue"])
_KEY = st.tuples(st.sampled_from(["", " "]), st.lists(_WORDS, min_size=1, max_size=3), st.sampled_from(["", " "])).map(
    lambda parts: parts[0] + " ".join(parts[1]) + parts[2]
)
_NUMBERS = st.lists(st.integers(0, 9), max_size=3, unique=True).map(lambda numbers: tuple(sorted(numbers)))
_OWNERS = st.dictionaries(_KEY, st.builds(Owner, _NUMBERS, _NUMBERS, _NUMBERS), max_size=8)


def kept(table: _Table) -> _Table:
    """As another run reads it."""
    read: _Table = pickle.loads(pickle.dumps(table))  # noqa: S301 - written a line before
    return read


@given(_OWNERS)
def test_what_is_kept_as_columns_is_whole(owners: dict[str, Owner]) -> None:
    misspelt = {key.strip(): key.strip() + "s" for key in owners}
    together = {key.replace(" ", "") + "together": owner.rules for key, owner in owners.items()}
    for again, whole in (
        (kept(Owners(owners)), owners),
        (kept(Misspelt(misspelt)), misspelt),
        (kept(Together(together)), together),
    ):
        assert len(again) == len(whole)
        assert dict(again.items()) == whole
    assert "whole" not in vars(kept(Owners(owners)))


def whole_words(key: str) -> list[str]:
    return key.split(" ")[1:-1]


@given(_OWNERS, st.lists(_WORDS, max_size=4))
def test_phrases_of_some_words_are_picked_out(owners: dict[str, Owner], words: list[str]) -> None:
    expected = {key: owner for key, owner in owners.items() if set(words).issuperset(whole_words(key))}
    assert kept(Owners(owners)).among(words) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], {}),
        (["bluelob"], {}),
        (["thebluelobsters"], {"bluelobster": (1,), "bluelobstre": (2, 3)}),
        (["größenwahn"], {"größenwa": (4,)}),
    ],
)
def test_phrases_together_are_picked_out_by_their_beginning(words: list[str], expected: Mapping[str, object]) -> None:
    table = Together({"bluelobster": (1,), "bluelobstre": (2, 3), "größenwa": (4,)})
    assert table.among(words) == expected


def test_misspelt_words_are_picked_out() -> None:
    made = Misspelt({"lobstre": "lobster", "bleu": "blue"})
    assert made.among(["bleu", "ibis"]) == {"bleu": "blue"}
    table = kept(made)
    assert table.among(["bleu", "ibis"]) == {"bleu": "blue"}
    assert "whole" not in vars(table)


def disguised(texts: list[str]) -> list[str]:
    """As they are, and as somebody would write them who does not want to be read."""
    return [
        *texts,
        *(text.replace(" ", "") for text in texts),
        *(text.replace("i", "*", 1) for text in texts),
        *(text.replace("e", "3").replace("l", "1") for text in texts),
        *(text[:2] + text[3:2:-1] + text[4:] for text in texts),
        *(" ".join(text) for text in texts if len(text) < 20),
        *(text.replace("o", "\N{CYRILLIC SMALL LETTER O}") for text in texts),
    ]


def test_together_texts_are_read_as_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    written = sorted({row["text"] for row in examples(shipped_lists()) if row.get("text")})[::300]
    texts = list(dict.fromkeys(disguised(written)))
    fields = ["search_text" if at % 3 else OF_PAGES[1] for at in range(len(texts))]
    made = shipped_matcher()
    matcher = replace(made, phrases=replace(made.phrases))
    monkeypatch.setattr(match, "_AT_ONCE", 100)
    found = match_texts(pl.DataFrame({"field": fields, "text": texts}), matcher)
    # The automata of all phrases have not been made for it.
    assert "automata" not in vars(matcher.phrases)
    alone = [
        row
        for field, text in zip(fields, texts, strict=True)
        for row in hits_in(field, text, matcher, hides=hides(text))
    ]
    columns = ["rule_id", "field", "text", "start", "end", "view", "weight"]
    rows = pl.DataFrame(alone, schema=TEXT_HITS, orient="row").select(columns).rows()
    assert sorted(found.select(columns).rows()) == sorted(rows)
    views = set(found["view"])
    assert {"words", "digits", "masked", "together", "misspelt", "apart", "look-alikes"} <= views


def test_of_few_phrases_the_automata_are_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    of_all = phrases.Phrases(Owners({" blue lobster ": Owner((0,), (), ())}), {})
    assert of_all.automata_for({"red"}) is of_all.automata
    few = replace(of_all)
    monkeypatch.setattr(phrases, "_FEW", 0)
    assert not few.automata_for({"red"}).plain
    assert few.automata_for({"blue", "lobster"}).plain
    assert Several({}, [], few).automata.misspelt == {}
