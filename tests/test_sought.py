"""What a text must hold to be worth a look: nothing that is found may be passed over, and little else be looked at."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.flagging import examples
from pipeline import match
from pipeline.match import OF_PAGES, match_texts
from pipeline.spelling.misspelt import everyday
from pipeline.words.sieve import holds_any
from pipeline.words.sought import Seeking, Sought, in_letters, part_of, tables_of
from tests.effort import THOROUGH, tries
from tests.shipped import shipped_lists, shipped_matcher
from tests.test_match import compiled, rule


def sought(*terms: tuple[tuple[str, ...], ...]) -> Sought:
    """What is sought for terms, each given as the folded phrases of its parts."""
    seeking = Seeking()
    for parts in terms:
        seeking.add([part_of(keys) for keys in parts])
    return seeking.all()


def test_a_word_by_itself_is_enough() -> None:
    assert sought(((" lobster ", " crayfish "),)) == Sought(("lobster", "crayfish"))


def test_of_a_phrase_the_word_that_tells_most_is_sought_and_what_stands_beside_it() -> None:
    assert sought(((" boil the lobster ",),)) == Sought(adjacent=(("the", "lobster"),))
    assert sought(((" lobster boiled alive ",),)) == Sought(adjacent=(("lobster", "boiled"),))
    assert sought(((" a crayfish trap ",),)) == Sought(adjacent=(("crayfish", "trap"),))
    assert sought(((" crayfish crayfish ",),)) == Sought(adjacent=(("crayfish", "crayfish"),))
    # What is not whole is not beside it.
    assert sought(((" lobster boi",),)) == Sought(words=("lobster",))
    # Where both are met anywhere, only as they stand together.
    assert sought(((" how to use it ",),)) == Sought(phrases=(" how to use it ",))


def test_who_holds_one_of_two_neighbours_that_is_enough_needs_no_other() -> None:
    tables = tables_of(sought(((" lobster ",),), ((" lobster pot ",),), ((" crab pot ",),)))
    assert tables.adjacent.height == 1
    assert tables.words.filter("behind")["word"].to_list() == ["pot"]


def test_of_a_pattern_a_word_of_each_of_the_two_rarest_parts_is_sought() -> None:
    found = sought(((" steal ", " pinch "), (" my ", " the "), (" crayfish ", " lobsters ")))
    assert found.beside == {"crayfish": (0,), "lobsters": (0,)}
    assert found.groups == (("pinch", "steal"),)


def test_a_beginning_of_a_word_is_sought_by_itself() -> None:
    assert sought(((" shellfi",),)) == Sought(phrases=(" shellfi",))
    # It may be what stands beside another: then whoever holds it is looked at.
    found = sought(((" steal ", " pinc"), (" crustaceans ",)))
    assert (found.phrases, found.beside, found.groups) == ((" pinc",), {"crustaceans": (0,)}, (("steal",),))


def test_whoever_holds_a_word_that_is_enough_needs_no_second() -> None:
    tables = tables_of(sought(((" boil ",), (" lobster ",))), sought(((" lobster ",),)))
    assert tables.words.filter("enough")["word"].to_list() == ["lobster"]
    assert tables.pairs.is_empty()


def test_the_groups_of_two_lists_are_kept_apart() -> None:
    one, other = sought(((" boil ",), (" lobster ",))), sought(((" steal ",), (" crayfish ",)))
    tables = tables_of(one, other)
    named = dict(tables.words.select("number", "word").iter_rows())
    pairs = {(named[pair >> 32], named[pair & 0xFFFFFFFF]) for pair in tables.pairs["pair"]}
    assert pairs == {("lobster", "boil"), ("crayfish", "steal")}


def test_in_letters_a_word_needs_a_second_only_where_it_is_met_anywhere() -> None:
    found = in_letters(sought(((" boil ",), (" lobster ",)), ((" html ",), (" everyone ",)), ((" html ",), (" use ",))))
    assert set(found.words) == {"iobster", "everyone"}
    assert [found.groups[group] for group in found.beside["htmi"]] == [("use",)]


@pytest.mark.parametrize(
    ("text", "worth"),
    [
        ("boil a kettle", False), ("a lobster", False), ("boil lobster", True), ("lobster, boil", True),
        ("lobstre to boil", True), ("lobstre and boill", True), ("l0bster to boi1", True), ("lobsterboil", False),
        ("boil " * 100 + "lobster", True), ("lobster " * 2000, False), ("kettles and crabs", False),
    ],
)  # fmt: skip
def test_both_of_a_pair_are_sought_as_they_may_be_written(text: str, *, worth: bool) -> None:
    phrases = compiled(rule("r", "boil & lobster")).phrases
    assert holds_any(pl.Series([text]), phrases).to_list() == [worth]


@pytest.mark.parametrize(
    ("terms", "needs", "texts"),
    [
        (("kick ass", "vape at school"), (), ["kick @$$", "kick 455", "vape 4t school"]),
        (("i vape", "suicide ... today"), (), ["1 vape", "suiclde 3 today"]),
        (("with", "kill"), ("gb",), ["w1th gb", "k1ll gb"]),
        (("idiot", "cocaine"), (), ["!!diot", "((ocaine"]),
        (("uk",), (), ["uk 10"]),
    ],
)  # fmt: skip
def test_what_is_found_in_letters_is_worth_a_look(
    terms: tuple[str, ...], needs: tuple[str, ...], texts: list[str]
) -> None:
    matcher = compiled(rule("r", *terms, needs=needs))
    for text in texts:
        found = match_texts(pl.DataFrame({"field": ["typed_text"], "text": [text]}), matcher)
        assert found.height == 1, text
        assert holds_any(pl.Series([text]), matcher.phrases).to_list() == [True], text


_WORDS = (
    "boil",
    "lobster",
    "gb",
    "i",
    "how",
    "to",
    "crayfish",
    "with",
    "uk",
    "nowhere",
    "theyll",
    "him",
    "his",
    "hes",
    "liam",
)
_TERM = st.lists(st.sampled_from(_WORDS), min_size=1, max_size=3).flatmap(
    lambda words: st.sampled_from([" ".join(words), " ... ".join(words), " & ".join(words), f"{' '.join(words)} they*"])
)
_WRITTEN = st.sampled_from([
    *_WORDS, "b01l", "l0bster", "6b", "1", "h0w", "t0", "cr4yf!sh", "!nowhere", "lobstre", "-", "theyll", "wh4t",
    "havee", "Priya", "priya's", "priyas",
])  # fmt: skip


@settings(max_examples=tries(400))
@given(
    st.lists(_TERM, min_size=1, max_size=3, unique=True),
    st.lists(st.sampled_from(_WORDS), max_size=1),
    st.lists(st.lists(_WRITTEN, max_size=6).map(" ".join), min_size=1, max_size=5),
)
def test_nothing_that_is_found_is_passed_over(terms: list[str], needs: list[str], texts: list[str]) -> None:
    matcher = compiled(rule("r", *terms, needs=tuple(needs)))
    passed = holds_any(pl.Series(texts), matcher.phrases).to_list()
    # So few are not sieved.
    found = set(match_texts(pl.DataFrame({"field": ["typed_text"] * len(texts), "text": texts}), matcher)["text"])
    assert found <= {text for text, may in zip(texts, passed, strict=True) if may}


def test_no_example_of_a_shipped_rule_and_no_disguise_of_one_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    matcher = shipped_matcher()
    written = sorted({row["text"] for row in examples(shipped_lists()) if row.get("text")})[:: 1 if THOROUGH else 50]
    assert len(written) > 600
    fields = ["search_text" if at % 3 else OF_PAGES[1] for at in range(len(written))]
    texts = pl.DataFrame({"field": fields, "text": written})
    monkeypatch.setattr(match, "_FEW", len(written))
    slow = match_texts(texts, matcher)
    monkeypatch.setattr(match, "_FEW", -1)
    monkeypatch.setattr(match, "_LOT", len(written) // 3)
    assert sorted(match_texts(texts, matcher).rows()) == sorted(slow.rows())
    assert slow["text"].n_unique() > len(written) // 4


def test_no_everyday_word_alone_makes_a_text_worth_a_look() -> None:
    # "(id|card) & (id|pass)" would have every address with ?id= in it read word by word.
    tables = shipped_matcher().phrases.sought
    word = dict(tables.words.select("number", "word").iter_rows())
    pairs = [divmod(pair, 1 << 32) for pair in tables.pairs["pair"]]
    twice = {word[first] for first, behind in pairs if first == behind}
    assert not twice & everyday()
    assert not set(tables.words.filter("enough")["word"]) & everyday()
