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
from pipeline import match
from pipeline.errors import WatchlistError
from pipeline.match import hits_in, match_texts, match_values
from pipeline.matching import watchfolders
from pipeline.matching.matcher import Matcher
from pipeline.rules import bounds_of
from pipeline.schema import BY_WORDS
from pipeline.settings.limits import Thresholds
from pipeline.trials.explaining import explained
from pipeline.urgency.levels import Seen, episode_level
from pipeline.words.sieve import holds_any, worth_weighing
from pipeline.words.weighted import ENOUGH, FEWEST, FOR_EACH_MORE, MAY_LACK, MOST, PREFIX, WEIGHTED, WeightedWords, read
from tests.effort import tries
from tests.made_night import School
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
    assert told.telling == (("nobody", 350), ("notices", 200))
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
    # Not with the points of one word, nor of one word and its pairs.
    one = words(tmp_path, LISTED.replace("nobody,200,150", "nobody,500,350").replace("(start),-300", "(start),-400"))
    assert found(replace(risk, weighted=one), text) == [("weighted-words.made", 34.0)]
    paired = words(tmp_path, LISTED.replace("waves,100,,", "nobody notices,300,200,"))
    assert found(replace(risk, weighted=paired), text) == [("weighted-words.made", 34.0)]


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
    languages = shipped_lists().notes.translations.keys()
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
    # Pairs speak as well; for how many words are known they do not count, and of a page the sum says nothing.
    paired = words(tmp_path, LISTED.replace("snails,-500,", "snails,-200,-200,\nsnails nobody,-200,-200"))
    assert found(replace(matcher, weighted=paired), text) == [("made-rule", 20.0)]
    assert found(replace(matcher, weighted=paired), "snails nobody likes") == [("made-rule", 50.0)]
    page = f"{text} {' '.join(f'x{at}' for at in range(MOST - 4))}"
    assert found(matcher, page) == [("made-rule", 50.0)]
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
        "typed on the keyboard", "no word or phrase of it is enough by itself, but all its words taken together are",
    ]  # fmt: skip


def test_it_is_explained_with_its_points(tmp_path: Path) -> None:
    bounds = bounds_of(Thresholds())
    (line,) = explained("typed_text", "nobody notices me", matcher_with(tmp_path), bounds)
    assert line == (
        "weighted-words.made (made): 'nobody notices' in typed_text: 'nobody' +350, 'notices' +200; +550 for it "
        "in all, 0 against it, and 400 are needed; weight 34, low"
    )
    enough = words(tmp_path, LISTED.replace("(start),-300,-100", "(start),-300,-50"))
    weak = replace(matcher_with(tmp_path, weight=30), weighted=enough)
    _, drafted = explained("typed_text", "nobody notices my marmalade", weak, bounds)
    assert drafted.endswith("weight 44, medium, for a rule finds something as well, or a child may be at risk")
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
        ("word,any,made\n(start),1,1\nLobster,1,\n", 3),
        ("word,any,made\n(start),1,1\nl\u043ebster,1,\n", 3),
        ("word,any,made\n(start),1,1\n\nlobster,1,\n", 3),
        ("word,any,made\n(start),1,1\nlobster,1,\n\n", 4),
        ("word,any,made,made\n(start),1,1,1\n", 1),
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
    first, other = School(tmp_path).made().folder / "lists", tmp_path / "other"
    other.mkdir()
    (other / "lobsters.toml").write_text(
        '[category]\nid = "lobsters"\n[[domains]]\nid = "more"\nnames = ["hate.example"]\nweight = 20\n'
        'match = ["hate.example"]\nno_match = ["example.com"]\n',
        "utf-8",
    )
    for folder in (first, other):
        (folder / WEIGHTED).write_text(LISTED, "utf-8")
    with pytest.raises(WatchlistError, match="second list of weighted words") as refused:
        watchfolders.load([first, other])
    assert refused.value.path == other / WEIGHTED


def _shipped() -> WeightedWords:
    weighted = shipped_lists().weighted
    assert weighted is not None
    return weighted


def _texts() -> st.SearchStrategy[list[str]]:
    """Texts of units that have points, for something or against it, some of them twice, with others between."""
    points = _shipped().points
    known = [sorted(name for name, each in points.items() if (each[0] > 0) == is_for) for is_for in (True, False)]
    of_them = st.one_of(st.sampled_from(known[0]), st.sampled_from([*known[1], "xyzzy", "the", "Essay", "É", "--"]))
    said = st.lists(of_them, max_size=12).flatmap(lambda few: st.permutations([*few, *few[:3]]))
    return st.lists(st.one_of(said, st.lists(of_them, max_size=12)).map(" ".join), min_size=1, max_size=20)


@settings(max_examples=tries(100))
@given(_texts())
def test_nothing_that_is_found_is_passed_over(texts: list[str]) -> None:
    told = [_shipped().of(text) is not None for text in texts]
    passed = worth_weighing(pl.Series(texts), _shipped()).to_list()
    held = holds_any(pl.Series(texts), compiled().phrases, weighted=_shipped()).to_list()
    assert all(may >= is_told for may, is_told in zip(passed, told, strict=True))
    assert all(may >= is_told for may, is_told in zip(held, told, strict=True))


def test_a_pair_counts_once_a_text_and_not_from_one_text_to_the_next(tmp_path: Path) -> None:
    listed = words(tmp_path, "word,any,made\n(start),-300,0\nall,400,\nends it,-80,\nhere now,-200,\n")
    texts = ["all ends it ends it", "all of us here", "now all of us", "here now all"]
    assert [listed.of(text) is not None for text in texts] == [True, True, True, False]
    assert worth_weighing(pl.Series(texts), listed).to_list() == [True, True, True, False]


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
    words, pairs = (
        [line for line in (_ROOT / "tools" / f"{kind}_of_people.txt").read_text("utf-8").splitlines() if line[0] != "#"]
        for kind in ("words", "pairs")
    )
    people = {word for line in words for word in line.split()}
    assert len(people) > 200
    assert people.isdisjoint(word for name in _shipped().points for word in name.split(" "))
    assert {*pairs}.isdisjoint(_shipped().points)
    assert {"two mums", "sign language", "go home"} <= {*pairs}
    assert any(" " in name for name in _shipped().points)


def _pairs(folder: Path, alone: int = -100) -> WeightedWords:
    return words(folder, f"word,any,made\n(start),{alone},0\nends it,150,100\nit,20,\ntonight,20,\n")


#: Said of those who eat, not of what they are.
_RUDE = "danish cousins eat liquorice thats salty what is wrong with them lol"


def _innocent() -> list[str]:
    lines = Path(__file__).with_name("innocent_people.txt").read_text("utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def test_nobody_is_suspected_for_what_people_are() -> None:
    matcher, lines = shipped_matcher(), _innocent()
    assert len(lines) >= 200
    hits = [(line, hit) for line in lines for hit in hits_in("typed_text", line, matcher)]
    assert {line for line, hit in hits if hit[-1] >= ENOUGH} <= {_RUDE}
    assert len({line for line, hit in hits if hit[0].startswith(PREFIX)}) <= len(lines) // 100


def test_two_words_near_each_other_have_points_of_their_own(tmp_path: Path) -> None:
    listed = _pairs(tmp_path)
    for text in ("she ends it tonight", "she ends all of it here", "it ends tonight"):
        told = listed.of(text)
        assert (told is not None) == (text == "she ends it tonight")
        assert worth_weighing(pl.Series([text]), listed).to_list() == [told is not None]
    told = listed.of("tonight, she ends -- well -- IT, says it ends it")
    assert told is not None
    # Each once, however often it stands there: 150 + 20 + 20 - 100 and 100 for the category, less for a ninth word.
    assert (told.points, told.telling) == (150, (("ends it", 250),))
    assert (told.start, told.end) == (13, 48)


@pytest.mark.parametrize(("lacking", "is_found"), [(MAY_LACK, True), (MAY_LACK + 1, False)])
def test_pairs_alone_are_not_enough(tmp_path: Path, lacking: int, *, is_found: bool) -> None:
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


def test_hardly_any_example_of_a_rule_that_makes_drafts_is_lowered_by_what_stands_beside_it() -> None:
    rules = [rule for each in shipped_lists().lists for rule in each.text_rules if rule.weight >= ENOUGH]
    asked = sorted({(rule.fields[0], text) for rule in rules for text in rule.match})
    texts = pl.DataFrame(asked, schema=["field", "text"], orient="row")
    drafting = match_texts(texts, shipped_matcher()).filter(pl.col("weight") >= ENOUGH)
    drafted = texts.join(drafting, on=["field", "text"], how="semi")
    assert texts.height > 4_500
    assert drafted.height >= 0.98 * texts.height
