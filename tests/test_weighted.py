"""Words that say something only together: what they add up to, where they are asked, and where they are not heard."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.flagging import OWN_SETS, rows_of
from pipeline import match, watchfolders
from pipeline.errors import WatchlistError
from pipeline.explaining import explained
from pipeline.levels import Seen, episode_level
from pipeline.limits import Thresholds
from pipeline.match import hits_in, match_texts, match_values
from pipeline.matcher import Matcher
from pipeline.rules import bounds_of
from pipeline.schema import BY_WORDS
from pipeline.sieve import holds_any, worth_weighing
from pipeline.weighted import FEWEST, FOR_EACH_MORE, MOST, WEIGHTED, WeightedWords, read
from tests.effort import tries
from tests.shipped import shipped_lists, shipped_matcher
from tests.test_match import compiled, rule

#: Even odds; then the points of each word for being worth a look, and for the categories.
LISTED = """word,any,made,other
(start),-300,-100,-100
nobody,200,150,
notices,150,50,
waves,100,,
at,50,,100
snails,-500,,
"""


def words(folder: Path, listed: str = LISTED) -> WeightedWords:
    path = folder / WEIGHTED
    path.write_text(listed, "utf-8")
    return read(path, {"made", "made2", "other"})


def matcher_with(folder: Path, *rules: str, weight: float = 50, **more: tuple[str, ...]) -> Matcher:
    return compiled(rule("made-rule", *(rules or ("marmalade",)), weight=weight, **more), weighted=words(folder))


def found(matcher: Matcher, text: str, field: str = "typed_text") -> list[tuple[str, float]]:
    return [(row[0], row[-1]) for row in hits_in(field, text, matcher)]


def test_the_sum_of_the_points_decides_and_the_best_category_leads(tmp_path: Path) -> None:
    told = words(tmp_path).of("Well, NOBODY notices me")
    assert told is not None
    # 200 + 150 - 300 for being worth a look, 150 + 50 - 100 for the category.
    assert (told.category, told.points, told.rule_id) == ("made", 150, "weighted-words.made")
    assert told.words == (("nobody", 350), ("notices", 200))
    assert "Well, NOBODY notices me"[told.start : told.end] == "NOBODY notices"
    # Not worth a look, and worth one but of no category.
    assert words(tmp_path).of("nobody sees me") is None
    assert words(tmp_path, LISTED.replace("-100,-100", "-400,-400")).of("nobody notices me") is None
    assert words(tmp_path).of("nobody notices me snails") is None


def test_a_word_counts_once(tmp_path: Path) -> None:
    assert words(tmp_path).of("nobody nobody nobody") is None


@pytest.mark.parametrize("count", [FEWEST - 1, MOST + 1])
def test_too_few_words_and_too_many_say_nothing(tmp_path: Path, count: int) -> None:
    text = " ".join(["nobody", "notices", *("x" * at for at in range(1, count - 1))])
    assert words(tmp_path).of(text) is None
    assert words(tmp_path).of("nobody notices waves") is not None


def test_what_no_rule_drafts_is_weighed_in_what_somebody_typed(tmp_path: Path) -> None:
    matcher = matcher_with(tmp_path)
    assert found(matcher, "nobody notices me") == [("weighted-words.made", 34.0)]
    assert found(matcher, "nobody notices me", "search_text") == [("weighted-words.made", 34.0)]
    assert not any(found(matcher, "nobody notices me", field) for field in ("title", "path", "query", "host"))


def test_beside_a_find_that_is_drafted_or_of_the_same_category_it_is_silent(tmp_path: Path) -> None:
    text = "nobody notices my marmalade"
    assert found(matcher_with(tmp_path), text) == [("made-rule", 50.0)]
    # 200 points beyond what is needed beside a rule's find are enough for a draft, fewer say nothing new.
    weak = matcher_with(tmp_path, weight=30)
    enough = words(tmp_path, LISTED.replace("(start),-300,-100", "(start),-300,-50"))
    assert found(replace(weak, weighted=enough), text) == [("made-rule", 30.0), ("weighted-words.made", 44.0)]
    fewer = words(tmp_path, LISTED.replace("(start),-300,-100", "(start),-300,-51"))
    assert found(replace(weak, weighted=fewer), text) == [("made-rule", 30.0)]
    # What a rule only records is no find beside it.
    assert found(matcher_with(tmp_path, weight=10), text)[-1] == ("weighted-words.made", 34.0)
    # Silenced by its context, the rule says nothing, and the words are heard.
    assert found(matcher_with(tmp_path, unless=("nobody",)), text) == [("weighted-words.made", 34.0)]


def test_of_a_child_at_risk_much_is_enough_for_a_draft(tmp_path: Path) -> None:
    text = "nobody notices me"
    risk = replace(matcher_with(tmp_path), at_risk=frozenset({"made"}))
    enough = words(tmp_path, LISTED.replace("(start),-300,-100", "(start),-200,-50"))
    assert found(replace(risk, weighted=enough), text) == [("weighted-words.made", 44.0)]
    fewer = words(tmp_path, LISTED.replace("(start),-300,-100", "(start),-200,-51"))
    assert found(replace(risk, weighted=fewer), text) == [("weighted-words.made", 34.0)]
    # Not with the points of one word.
    one = words(tmp_path, LISTED.replace("nobody,200,150", "nobody,500,350").replace("(start),-300", "(start),-400"))
    assert found(replace(risk, weighted=one), text) == [("weighted-words.made", 34.0)]


def test_the_longer_a_text_the_more_is_needed(tmp_path: Path) -> None:
    nine = "nobody notices me in the row of chairs there"
    told = words(tmp_path).of(nine)
    assert told is not None
    assert told.points == 150 - FOR_EACH_MORE
    assert words(tmp_path).of(f"{nine} by that old wall") is None


def test_of_the_categories_that_rules_tell_the_best_is_meant(tmp_path: Path) -> None:
    told = words(tmp_path).of("nobody notices at all", {"other", "unheard"})
    assert told is not None
    assert (told.category, told.points) == ("other", 200)


def yielding(matcher: Matcher) -> Matcher:
    return replace(matcher, rules=tuple(replace(each, yields=True) for each in matcher.rules))


def test_the_rules_that_stand_beside_the_words_yield_to_them_but_in_other_languages() -> None:
    yields = {each.rule_id: each.yields for each in shipped_matcher().rules}
    languages = shipped_lists().translations.keys()
    assert yields == {rule_id: rule_id not in languages for rule_id in yields}
    assert {True, False} == {*yields.values()}


def test_what_a_rule_would_draft_is_lowered_by_ordinary_words(tmp_path: Path) -> None:
    text = "at the snails nobody waves"
    # 200 + 100 + 50 - 400 - 300 for being worth a look, 150 - 400 - 100 for the category.
    listed = LISTED.replace("snails,-500,", "snails,-400,-400")
    own = compiled(rule("made-rule", "snails"), weighted=words(tmp_path, listed))
    # A rule of the school's own, or of another folder than the words, weighs what it says.
    assert found(own, text) == [("made-rule", 50.0)]
    matcher = yielding(own)
    assert found(matcher, text) == [("made-rule", 20.0)]
    # Too few of its words are known; a plain find; a child that speaks of himself.
    assert found(matcher, "feed the snails on toast") == [("made-rule", 50.0)]
    plain = compiled(rule("made-rule", "snails", weight=70), weighted=matcher.weighted)
    assert found(yielding(plain), text) == [("made-rule", 70.0)]
    assert all(found(matcher, f"{text} to {each}") == [("made-rule", 50.0)] for each in ("me", "imma", "ourselves"))
    # In an address pages speak.
    assert found(matcher, text, "path") == [("made-rule", 50.0)]
    # Of a child at risk more is asked for.
    risk = replace(matcher, at_risk=frozenset({"made"}))
    assert found(risk, text) == [("made-rule", 50.0)]
    surer = words(tmp_path, listed.replace("-400,-400", "-430,-430"))
    assert found(replace(risk, weighted=surer), text) == [("made-rule", 20.0)]
    # Of a category that has no points nothing is known.
    others = words(tmp_path, listed.replace("made,other", "made2,other"))
    assert found(replace(matcher, weighted=others), text) == [("made-rule", 50.0)]


def test_the_place_is_that_of_the_text_as_it_was_written() -> None:
    weighted = shipped_lists().weighted
    assert weighted is not None
    text = "«well… NÓBODY would care if i wasn’t here anymore»"
    told = weighted.of(text)
    assert told is not None
    assert text[told.start : told.end].startswith("NÓBODY")
    assert text[told.start : told.end].endswith("anymore")


def test_the_reason_says_that_it_was_no_rule() -> None:
    seen = Seen("self-harm", "low", "nobody notices me", "typed_text", "unknown", "typed", BY_WORDS)
    _, _, reasons = episode_level([seen], {"self-harm": "urgent"})
    assert reasons == [
        "typed on the keyboard", "no word or phrase of it by itself, but its words taken together",
    ]  # fmt: skip


def test_it_is_explained_with_its_points(tmp_path: Path) -> None:
    bounds = bounds_of(Thresholds())
    (line,) = explained("typed_text", "nobody notices me", matcher_with(tmp_path), bounds)
    assert line == (
        "weighted-words.made (made): 'nobody notices' in typed_text: nobody +350, notices +200 and so on are 150 "
        "points more than are needed; weight 34"
    )
    rule_line, silent = explained("typed_text", "nobody notices my marmalade", matcher_with(tmp_path), bounds)
    assert rule_line.startswith("made-rule")
    assert silent.endswith("silent, because what rules find is enough")
    listed = LISTED.replace("snails,-500,", "snails,-400,-400")
    lowered = yielding(compiled(rule("made-rule", "snails"), weighted=words(tmp_path, listed)))
    (line,) = explained("typed_text", "at the snails nobody waves", lowered, bounds)
    assert "weight 50, lowered by its other words, which are those of ordinary texts, x 0.4 = 20, low" in line


@pytest.mark.parametrize(
    ("listed", "line"),
    [
        ("", 1),
        ("word,made\n(start),1\n", 1),
        ("word,any,unheard\n(start),1,1\n", 1),
        ("word,any,made\n(start),1,1\nlobster,1\n", 3),
        ("word,any,made\n(start),1,1\nlobster,1,2,3\n", 3),
        ("word,any,made\n(start),1,1\nlobster,1.5,\n", 3),
        ("word,any,made\n(start),1,1\nlobster,1,--2\n", 3),
        ("word,any,made\n(start),1,1\nlobster,1,\nlobster,2,\n", 4),
        ("word,any,made\n(start),1,1\n,1,\n", 3),
        ("word,any,made\n(start),1,1\nlobster  pot,1,\n", 3),
        ("word,any,made\n(start),1,1\nthe lobster pot,1,\n", 3),
        ("word,any,made\nlobster,1,\n", 2),
    ],
)
def test_a_list_that_is_not_as_it_should_be_is_refused_with_its_line(tmp_path: Path, listed: str, line: int) -> None:
    with pytest.raises(WatchlistError) as caught:
        words(tmp_path, listed)
    assert caught.value.line == line
    assert "weigh_words.py" in (caught.value.remedy or "")


def test_bytes_that_are_no_list_are_refused(tmp_path: Path) -> None:
    (tmp_path / WEIGHTED).write_bytes(b"word,any,made\n\xff\xfe")
    with pytest.raises(WatchlistError, match="cannot be read"):
        read(tmp_path / WEIGHTED, {"made"})


def test_a_second_list_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bullying.toml").write_text(
        '[category]\nid = "bullying"\n[[domains]]\nid = "more"\nnames = ["hate.example"]\nweight = 20\n'
        'match = ["hate.example"]\nno_match = ["example.com"]\n',
        "utf-8",
    )
    (tmp_path / WEIGHTED).write_text(LISTED, "utf-8")
    with pytest.raises(WatchlistError, match="second list of weighted words"):
        watchfolders.load([watchfolders.shipped(), tmp_path])


def _shipped() -> WeightedWords:
    weighted = shipped_lists().weighted
    assert weighted is not None
    return weighted


def _texts() -> st.SearchStrategy[str]:
    """Texts of words that have points, most of them for something, with others between."""
    known = sorted(word for word, points in _shipped().points.items() if points[0] > 0)
    return st.lists(st.sampled_from([*known, "xyzzy", "the", "Essay", "É", "--"]), max_size=12).map(" ".join)


@settings(max_examples=tries(200))
@given(st.data())
def test_nothing_that_is_found_is_passed_over(data: st.DataObject) -> None:
    text = data.draw(_texts())
    if _shipped().of(text):
        assert worth_weighing(pl.Series([text]), _shipped()).to_list() == [True]
        assert holds_any(pl.Series([text]), compiled().phrases, weighted=_shipped()).to_list() == [True]


def test_a_text_among_many_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(match, "_FEW", 1)
    monkeypatch.setattr(match, "_FEW_URLS", 1)
    matcher = compiled(rule("made-rule", "marmalade"), weighted=_shipped())
    said = "nobody would care if i was not here anymore"
    texts = pl.DataFrame({"field": "typed_text", "text": [said, "the water cycle", "marmalade on toast"]})
    assert match_texts(texts, matcher).select("text", "rule_id").sort("rule_id", descending=True).rows() == [
        (said, "weighted-words.self-harm"), ("marmalade on toast", "made-rule"),
    ]  # fmt: skip
    searched = f"https://www.google.com/search?q={said.replace(' ', '+')}&hl=en"
    urls = pl.Series([searched, "https://www.example.org/nobody/would/care/if/i/was/not/here/anymore"])
    hits = match_values({"url": urls}, matcher)
    assert hits.select("value", "rule_id", "field").rows() == [(searched, "weighted-words.self-harm", "search_text")]


_ROOT = Path(__file__).resolve().parent.parent


def test_what_people_are_weighs_nothing() -> None:
    listed = (_ROOT / "tools" / "words_of_people.txt").read_text("utf-8").splitlines()
    people = {word for line in listed if not line.startswith("#") for word in line.split()}
    assert len(people) > 200
    assert people.isdisjoint(word for name in _shipped().points for word in name.split(" "))
    assert any(" " in name for name in _shipped().points)


def _pairs(folder: Path, alone: int = -100) -> WeightedWords:
    return words(folder, f"word,any,made\n(start),{alone},0\nends it,150,100\nit,20,\ntonight,20,\n")


def test_two_words_near_each_other_have_points_of_their_own(tmp_path: Path) -> None:
    listed = _pairs(tmp_path)
    for text in ("she ends it tonight", "she ends all of it here", "it ends tonight"):
        told = listed.of(text)
        assert (told is not None) == (text == "she ends it tonight")
        assert worth_weighing(pl.Series([text]), listed).to_list() == [told is not None]
    told = listed.of("tonight, she ends -- well -- IT, says it ends it")
    assert told is not None
    # Each once, however often it stands there: 150 + 20 + 20 - 100 and 100 for the category, less for a ninth word.
    assert (told.points, told.words) == (150, (("ends it", 250),))
    assert (told.start, told.end) == (13, 48)


def test_pairs_alone_are_not_enough(tmp_path: Path) -> None:
    for lacking, is_found in ((200, True), (201, False)):
        listed = words(tmp_path, f"word,any,made\n(start),{-lacking},0\nends it,300,100\nall,0,100\n")
        text = "she ends it all"
        assert (listed.of(text) is not None) == is_found
        assert worth_weighing(pl.Series([text]), listed).to_list() == [is_found]


def test_nothing_that_is_kept_away_was_learnt() -> None:
    rows = map(json.loads, (_ROOT / "tools" / "lines_to_weigh.jsonl").read_text("utf-8").splitlines())
    learnt = {" ".join(row["text"].casefold().split()): row["category"] for row in rows}
    assert {*learnt.values()} - {""} <= shipped_lists().categories.keys()
    for path in OWN_SETS:
        kept = [row for row in rows_of(path) if row["half"] != "seen" and "text" in row]
        assert kept
        assert learnt.keys().isdisjoint(" ".join(row["text"].casefold().split()) for row in kept)


def test_every_category_that_has_points_is_found_in_lines_of_it() -> None:
    rows = map(json.loads, (_ROOT / "tools" / "lines_to_weigh.jsonl").read_text("utf-8").splitlines())
    texts = ((row["text"], row["category"]) for row in rows if row["category"])
    found = {category for text, category in texts if (told := _shipped().of(text)) and told.category == category}
    assert found == set(_shipped().categories)
