"""Other languages: what is concerning is found and told in English, what is ordinary is left alone."""

from __future__ import annotations

import tomllib
import unicodedata
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipeline.config import load_settings
from pipeline.errors import WatchlistError
from pipeline.judging.saidbefore import layer_of
from pipeline.match import match_texts
from pipeline.matching.watchfolders import load
from pipeline.rules import load_rules
from pipeline.text import fold_one
from pipeline.urgency.levels import Seen, episode_level
from pipeline.watchlist import RuleNotes, TextRule
from reports import digest, watched
from tests import made_drafts as made
from tests.shipped import shipped_lists, shipped_matcher
from tests.test_watched import CONTEXT
from tests.test_watchlist import CATEGORY, RULE, WHOLE, folder_with, line_with

SENTENCES: dict[str, dict[str, Any]] = tomllib.loads(
    Path(__file__).with_name("other_languages.toml").read_text("utf-8")
)
#: Below it a hit is neither counted nor drafted, from this on it drafts by itself.
COUNTED, DRAFTS = 15, 40
MADE = RULE.replace("fishing-rod", "fishing-polish").replace(
    "weight = 20", 'weight = 20\nlanguage = "Polish"\nmeans = "a fishing rod"'
)


def rules() -> list[TextRule]:
    """The shipped rules in other languages."""
    return [rule for each in shipped_lists().lists for rule in each.text_rules if rule.language]


def concerning(language: str) -> list[tuple[str, str]]:
    """Category and text."""
    return [(category, text) for category, texts in SENTENCES[language]["concerning"].items() for text in texts]


@cache
def hits() -> pl.DataFrame:
    """What is found in all sentences, searched for, and in the examples of the rules."""
    texts = [text for each in SENTENCES.values() for text in each["ordinary"]]
    texts += [text for language in SENTENCES for _, text in concerning(language)]
    texts += [text for each in SENTENCES.values() for text in each["later"]]
    texts += [text for rule in rules() for example in rule.match for text in (example, plain(example))]
    table = pl.DataFrame({"text": list(dict.fromkeys(texts))}).with_columns(field=pl.lit("search_text"))
    return match_texts(table, shipped_matcher())


def plain(text: str) -> str:
    """A text as it is typed on a keyboard that has no accents."""
    apart = unicodedata.normalize("NFD", text.translate(str.maketrans("łŁıø", "lLio")))
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def test_every_language_of_the_lists_has_its_sentences() -> None:
    assert {each.lower() for each in shipped_lists().languages} == set(SENTENCES)
    for language, each in SENTENCES.items():
        assert len(set(each["ordinary"])) >= 40, language
        assert len(set(concerning(language))) >= 15, language


@pytest.mark.parametrize("language", SENTENCES)
def test_ordinary_sentences_are_left_alone(language: str) -> None:
    found = hits().filter(pl.col("text").is_in(SENTENCES[language]["ordinary"]), pl.col("weight") >= COUNTED)
    assert found.select("text", "rule_id").rows() == []


@pytest.mark.parametrize("language", SENTENCES)
def test_concerning_sentences_are_found_under_what_they_are(language: str) -> None:
    found = set(hits().filter(pl.col("weight") >= DRAFTS).select("category", "text").iter_rows())
    assert [each for each in concerning(language) if each not in found] == []


def test_of_sentences_that_came_later_most_are_found() -> None:
    later = {text for each in SENTENCES.values() for text in each["later"]}
    found = set(hits().filter(pl.col("weight") >= DRAFTS)["text"]) & later
    assert len(later) == 77
    assert len(found) >= 72


def test_no_sentence_is_an_example_of_a_rule() -> None:
    examples = {fold_one(text)[0] for rule in rules() for text in rule.match}
    copied = [text for language in SENTENCES for _, text in concerning(language) if fold_one(text)[0] in examples]
    assert copied == []


def test_accents_need_not_be_typed_and_whoever_types_them_hides_nothing() -> None:
    found = {(rule, text): view for rule, text, view in hits().select("rule_id", "text", "view").iter_rows()}
    told = {
        (rule.id, text): found.get((rule.id, text)) for rule in rules() for each in rule.match
        for text in (each, plain(each))
    }  # fmt: skip
    assert {each: view for each, view in told.items() if view != "words"} == {}


def test_texts_in_another_alphabet_are_never_read_as_english() -> None:
    others = {rule.id for rule in rules()}
    texts = [text for language in ("arabic", "russian", "ukrainian") for _, text in concerning(language)]
    found = hits().filter(pl.col("text").is_in(texts))
    assert set(found["rule_id"]) <= others
    assert set(found["view"]) == {"words"}


@pytest.mark.parametrize(
    ("written", "same"),
    [
        ("zabiłem", "zabilem"),
        ("nasıl", "nasil"),
        ("IŞID", "isid"),
        ("نفسى", "نفسي"),
        ("انـتـحار", "انتحار"),
        ("أموت", "اموت"),
    ],
)
def test_letters_that_are_typed_in_two_ways_are_one(written: str, same: str) -> None:
    assert fold_one(written)[0] == fold_one(same)[0]


def test_what_is_looked_for_in_english_stays_as_it_was() -> None:
    phrases = shipped_matcher().phrases
    other_words = {word for key in phrases.as_written for word in key.split()}
    assert len(other_words) > 1000
    assert other_words.isdisjoint(phrases.misspelt)
    assert (other_words - phrases.words).isdisjoint(phrases.misspelt.values())
    assert phrases.as_written.isdisjoint(phrases.together)
    assert all(len(each.split()) < 3 for each in phrases.needed_as_written.phrases)


# ---------------------------------------------------------------- what the phrase says, in English


def test_every_rule_says_in_english_what_it_finds() -> None:
    for rule in rules():
        assert rule.means.isascii(), rule.id
        assert rule.translation == f"{rule.language}: “{rule.means}”, or the like"
        assert shipped_lists().notes.translations[rule.id] == rule.translation
    folder = {each.path.parent.name for each in shipped_lists().lists if any(r.language for r in each.text_rules)}
    assert folder == {"languages"}


def test_the_reasons_of_a_draft_hold_the_translation() -> None:
    hit = Seen(
        "grave", "urgent", "chcę umrzeć", "search_text", "allowed", "typed", translation="Polish: “I want to die”"
    )
    reasons = episode_level([hit, replace_text(hit), hit], {"grave": "urgent"})[2]
    assert reasons == ["typed as a search", "what it says, in Polish: “I want to die”"]


def replace_text(hit: Seen) -> Seen:
    """The same said again in other words, with the same meaning."""
    return hit._replace(text="chcialbym umrzec")


def test_a_night_gives_drafts_the_translations_of_its_lists(tmp_path: Path) -> None:
    config = tmp_path / "school.toml"
    config.write_text('[school]\nname = "Example"\n[[source]]\nname = "first"\nfiles = ["logs"]\n', encoding="utf-8")
    drafting = load_rules(load_settings(config)).drafting
    assert (
        drafting.notes.translations["self-harm-polish-die"]
        == "Polish: “I want to die; I do not want to live any more”, or the like"
    )


def page(**changes: Any) -> str:
    """The digest with one draft about a Polish search."""
    hit = made.hit("dzisiaj chcę umrzeć", "chcę umrzeć", rule_id="self-harm-polish-die", **changes)
    reason = "what it says, in Polish: “I want to die”"
    row = made.draft("Amira Example", [hit], reasons=["typed as a search", reason], **changes)
    translations = {"self-harm-polish-die": "Polish: “I want <b>to die”"}
    return digest.render(made.drafts(row), made.context(notes=RuleNotes(translations)))


def test_the_digest_shows_the_translation_below_the_words() -> None:
    html = page()
    assert "what it says, in Polish: “I want to die”" in html
    assert '<p class="says">In <bdi>Polish: “I want &lt;b&gt;to die”</bdi></p>' in html


def test_where_words_are_withheld_so_is_what_they_say() -> None:
    html = page(category="illegal-content", route="illegal")
    assert "I want" not in html
    assert "it holds an address or typed words" in html


def test_the_page_for_parents_names_the_languages() -> None:
    said = watched.render(replace(CONTEXT, languages=shipped_lists().languages))
    assert "also looked for in <bdi>Arabic, French, Polish, Portuguese, Romanian, Russian, Spanish, Turkish, " in said
    assert "Ukrainian, Urdu and Welsh</bdi>" in said
    assert "also looked for in <bdi>Welsh</bdi>" in watched.render(replace(CONTEXT, languages=("Welsh",)))
    assert "also looked for" not in watched.render(replace(CONTEXT, languages=()))


# ---------------------------------------------------------------- the folder, and what is refused


def test_the_folder_within_comes_behind_the_one_that_holds_it(tmp_path: Path) -> None:
    folder_with(tmp_path, fishing=WHOLE)
    folder_with(tmp_path / "languages", fishing=f'[category]\nid = "fishing"\n{MADE}')
    lists = load([tmp_path])
    assert [rule.id for each in lists.lists for rule in each.text_rules] == ["fishing-rod", "fishing-polish"]
    assert lists.languages == ("Polish",)
    assert lists.notes.translations == {"fishing-polish": "Polish: “a fishing rod”, or the like"}


def test_a_folder_may_hold_nothing_but_other_languages(tmp_path: Path) -> None:
    folder_with(tmp_path / "one", fishing=WHOLE)
    folder_with(tmp_path / "two" / "languages", fishing=f'[category]\nid = "fishing"\n{MADE}')
    assert load([tmp_path / "one", tmp_path / "two"]).languages == ("Polish",)


@pytest.mark.parametrize(
    ("folder", "spoilt", "words"),
    [
        (".", MADE.replace('language = "Polish"\n', ""), "lacks 'language'"),
        (".", MADE.replace('means = "a fishing rod"', ""), "lacks 'means'"),
        ("languages", RULE, "lacks 'language'"),
        ("languages", MADE.replace('means = "a fishing rod"', 'means = " "'), "Write a text"),
    ],
)
def test_words_that_nobody_can_read_are_refused(tmp_path: Path, folder: str, spoilt: str, words: str) -> None:
    text = CATEGORY + spoilt
    folder_with(tmp_path / folder, fishing=text)
    with pytest.raises(WatchlistError, match=words) as caught:
        load([tmp_path])
    assert caught.value.line in (line_with(text, "[[rule]]"), line_with(text, "means =") if "means =" in text else 0)


def test_the_folder_within_belongs_to_the_layer_of_the_one_that_holds_it(tmp_path: Path) -> None:
    folder_with(tmp_path / "ours" / "languages", gaming=f'[category]\nid = "gaming"\n{MADE}')
    config = tmp_path / "school.toml"
    config.write_text(
        '[school]\nname = "Example"\n[[source]]\nname = "first"\nfiles = ["logs"]\n[watchlists]\nfolders = ["ours"]\n',
        encoding="utf-8",
    )
    layers = layer_of(load_settings(config))
    assert layers[tmp_path / "ours" / "languages"] == layers[tmp_path / "ours"] == 0
