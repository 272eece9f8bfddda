"""Whatever way a word is hidden, it is found, and the characters that are shown are the ones that were written."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.spelling.views import may_hide, views_of
from pipeline.words import spans
from pipeline.words.finding import found_in
from pipeline.words.phrases import compiled
from pipeline.words.sieve import holds_any
from pipeline.words.terms import TermError, spelt_out
from tests.effort import tries

_TERMS = (
    "purple lobster", "crustacean", "boil (my|the) lobster", "steal ... lobster", "shellfi*", "*barnacle*",
    "(cheap|free) & *barnacl* & shop", "html & youtube", "stealing lobsters", "how to bring lobster before school",
    "gonna tell you", "boil (him|her)", "boil his lobster", "(he|she) stole my lobster", "he s a barnacle",
    "feed liam to the crab",
)  # fmt: skip
_PHRASES = compiled([[spelt_out(term, {})] for term in _TERMS])


def found(text: str) -> list[tuple[str, str, str]]:
    """Term, view, and the characters that were found."""
    return sorted((_TERMS[each.rule], each.view.name, text[each.start : each.end]) for each in found_in(text, _PHRASES))


@pytest.mark.parametrize(
    ("text", "term", "view", "characters"),
    [
        ("a Purple-Lobster!", "purple lobster", "words", "Purple-Lobster"),
        ("ｐｕｒｐｌｅ lo\u0301bster", "purple lobster", "words", "ｐｕｒｐｌｅ lo\u0301bster"),
        ("pu\u200brple lob\u00adster", "purple lobster", "words", "pu\u200brple lob\u00adster"),
        ("рurрle lоbstеr", "purple lobster", "look-alikes", "рurрle lоbstеr"),
        ("my crusтасеап", "crustacean", "look-alikes", "crusтасеап"),
        ("purp1e l0bster", "purple lobster", "digits", "purp1e l0bster"),
        ("cru$tace@n", "crustacean", "digits", "cru$tace@n"),
        ("see c.r.u.s.t.a.c.e.a.n now", "crustacean", "apart", "c.r.u.s.t.a.c.e.a.n"),
        ("p-u-r-p-l-e l_o_b_s_t_e_r", "purple lobster", "apart", "p-u-r-p-l-e l_o_b_s_t_e_r"),
        ("p u r p l e  l o b s t e r", "purple lobster", "apart", "p u r p l e  l o b s t e r"),
        ("h.o.w t.o b.r.i.n.g lobster before school", "how to bring lobster before school", "apart",
         "h.o.w t.o b.r.i.n.g lobster before school"),
        ("puuuurple lobsterrrr", "purple lobster", "repeated", "puuuurple lobster"),
        ("&#112;urple lobster", "purple lobster", "entities", "&#112;urple lobster"),
        ("a purplelobsters", "purple lobster", "together", "purplelobster"),
        ("pur*le lobster", "purple lobster", "masked", "pur*le lobster"),
        ("barnacl*1", "*barnacle*", "masked", "barnacl*1"),
        # Several in one text, each of which is needed; and short words of a pattern in digits.
        ("p*rple l*bster", "purple lobster", "masked", "p*rple l*bster"),
        ("st*al my blue l*bster", "steal ... lobster", "masked", "st*al my blue l*bster"),
        ("b0il my l0bster", "boil (my|the) lobster", "digits", "b0il my l0bster"),
        ("crustaecan", "crustacean", "misspelt", "crustaecan"),
        ("crstcn pie", "crustacean", "misspelt", "crstcn"),
        ("purpple lobster", "purple lobster", "misspelt", "purpple lobster"),
        ("a krustacean and a crusticean", "crustacean", "misspelt", "crusticean"),
        ("steeling lobster, stealng lobsters", "stealing lobsters", "misspelt", "stealng lobsters"),
        ("stealin lobsterz", "stealing lobsters", "misspelt", "stealin lobsterz"),
        ("hw 2 bring lobster b4 skl", "how to bring lobster before school", "misspelt", "hw 2 bring lobster b4 skl"),
        ("hw 2 br1ng l0bster b4 skl", "how to bring lobster before school", "digits", "hw 2 br1ng l0bster b4 skl"),
        ("im gna te11 u", "gonna tell you", "digits", "gna te11 u"),
        # A word that is spelt out beside whole ones, with digits, beside a short one, and behind one by itself.
        ("purp1e l.o.b.s.t.e.r", "purple lobster", "digits", "purp1e l.o.b.s.t.e.r"),
        ("im gna t e l l u", "gonna tell you", "misspelt", "gna t e l l u"),
        ("b o i l da lobster", "boil (my|the) lobster", "misspelt", "b o i l da lobster"),
        ("i b o i l my lobster", "boil (my|the) lobster", "apart", "b o i l my lobster"),
        ("boil the lobster", "boil (my|the) lobster", "words", "boil the lobster"),
        ("boil Oluwaseun!", "boil (him|her)", "named", "boil Oluwaseun"),
        ("BOIL AGNIESZKAS lobster", "boil his lobster", "named", "BOIL AGNIESZKAS lobster"),
        ("boil ali\u2019s lobster", "boil his lobster", "named", "boil ali\u2019s lobster"),
        ("fatima stole my lobster", "(he|she) stole my lobster", "named", "fatima stole my lobster"),
        ("mehmet's a barnacle", "he s a barnacle", "named", "mehmet's a barnacle"),
        ("feed priya to the crab", "feed liam to the crab", "named", "feed priya to the crab"),
        ("feed liam to the crab", "feed liam to the crab", "words", "feed liam to the crab"),
        ("gna boil Zuzanna", "boil (him|her)", "misspelt", "boil Zuzanna"),
        ("steal every single blue lobster", "steal ... lobster", "words", "steal every single blue lobster"),
        ("some shellfishes", "shellfi*", "words", "shellfishes"),
        ("megabarnacles!", "*barnacle*", "words", "megabarnacles"),
        ("a shop has barnacls, free too", "(cheap|free) & *barnacl* & shop", "words", "shop has barnacls, free"),
        ("fre3 of charge: sh0p, b4rnacl", "(cheap|free) & *barnacl* & shop", "digits", "fre3 of charge: sh0p, b4rnacl"),
        ("youtube, twice youtube, in html or html", "html & youtube", "words", "youtube, twice youtube, in html"),
    ],
)  # fmt: skip
def test_what_is_hidden_is_found_where_it_stands(text: str, term: str, view: str, characters: str) -> None:
    assert (term, view, characters) in found(text)
    assert holds_any(pl.Series([text]), _PHRASES).to_list() == [True]


@pytest.mark.parametrize(
    "text",
    [
        "purple lobsters", "boil a lobster", "lobster to steal", "steal one two three four lobster", "a crustacea",
        "free barnacls", "my html",
        # What chats write short is that only beside a word that has no other meaning.
        "how 2 bring lobster before school", "how 2 br1ng lobster before school",
        "кот и рыба", "crab 0 1 3", "p u", "the letters A, B and C", "www.example.org", "crust ace an",
    ],
)  # fmt: skip
def test_what_is_something_else_is_not_found(text: str) -> None:
    assert found(text) == []


def test_masked_words_are_found_anywhere_in_a_long_text() -> None:
    far = "kettle t*a " * 500
    text = f"{far}p*rple l*bster {far}"
    assert found(text) == [("purple lobster", "masked", "p*rple l*bster")]
    # Without a blank near them, too.
    assert found(f"{'-' * 5000}p*rple-l*bster{'-' * 5000}") == [("purple lobster", "masked", "p*rple-l*bster")]


def test_the_plainest_view_is_the_one_that_is_told() -> None:
    assert found("purple lobster, purp1e l0bster") == [("purple lobster", "words", "purple lobster")]


_PIECES = st.sampled_from([
    *"purple lobster", "purple", "free", "fre3", "barnacl", "shop",
    "html", "youtube", " ", "-", ".", "l0bster", "lobster", "crustaecan", "1", "0", "$", "*", "&#112;", "о",
    " gna ", " te11", " u ", "b4 skl", " hw 2 ", " br1ng ", "stealin", "lobsterz", "е", "a\u0301", "ｌ", "\u200b",
    "steal", "boil", "my", "pppp", "barnacle", "shellfi", "é", "日", "\x00", "ß", "ǆ",
])  # fmt: skip


@settings(max_examples=tries(300))
@given(st.lists(st.lists(_PIECES, max_size=14).map("".join), min_size=1, max_size=6))
def test_a_text_that_does_not_pass_the_sieve_holds_nothing(texts: list[str]) -> None:
    passed = holds_any(pl.Series(texts), _PHRASES).to_list()
    for text, may in zip(texts, passed, strict=True):
        for each in found_in(text, _PHRASES):
            assert 0 <= each.start < each.end <= len(text)
            assert may, each.view.name


@settings(max_examples=tries(300))
@given(st.lists(st.lists(_PIECES, max_size=14).map("".join).filter(str.isascii), min_size=1, max_size=6))
def test_a_text_that_hides_nothing_has_no_other_view(texts: list[str]) -> None:
    hides = pl.DataFrame({"text": texts}).select(may_hide(pl.col("text"))).to_series().to_list()
    for text, may in zip(texts, hides, strict=True):
        assert may or as_found(text, hides=False) == as_found(text, hides=True)


def as_found(text: str, *, hides: bool) -> list[tuple[object, ...]]:
    return [(each.rule, each.start, each.end, each.view.name) for each in found_in(text, _PHRASES, hides=hides)]


@settings(max_examples=tries(200))
@given(st.text(max_size=60))
def test_each_place_of_a_view_lies_in_the_text(text: str) -> None:
    for view in views_of(text):
        assert len(view.origin) == len(view.folded)
        assert all(0 <= at <= len(text) for at in view.origin)
        assert view.origin == sorted(view.origin)


@pytest.mark.parametrize("text", ["a" * 1_000_000, "p " * 500_000, "%25" * 10_000, "&#112;" * 150_000, "l0" * 500_000,
                                  "*a" * 200_000, "steal " * 8 + "far " * 200_000 + "lobster " * 20_000,
                                  "\u202e" * 300_000, "e\u0301" * 300_000, "о" * 300_000])  # fmt: skip
def test_a_very_long_text_is_read_to_its_end(text: str) -> None:
    assert found(f"{text} purple lobster") == [("purple lobster", "words", "purple lobster")]


@given(st.text("a ", max_size=500), st.integers(0, 300), st.integers(0, 500), st.integers(0, 5))
def test_blanks_are_counted_no_further_than_need_be(text: str, start: int, end: int, blanks: int) -> None:
    assert spans.has_at_most(text, start, end, blanks) == (text.count(" ", start, end) <= blanks)


@pytest.mark.parametrize(
    ("term", "says"),
    [
        ("<fish>", "names the set <fish>"), ("(a|b", "belongs to nothing"), ("a | b", "belongs to nothing"),
        ("a & b ... c", "a gap as well"), ("a & ", "has neither"),
        ("fi*sh", "inside a phrase"), ("ab*", "fewer than 4 letters"), ("(|)", "neither a letter nor a digit"),
        ("(a|b|c|d|e|f|g|h)" * 5, "32,768 phrases"),
    ],
)  # fmt: skip
def test_a_term_that_cannot_be_read_says_why(term: str, says: str) -> None:
    with pytest.raises(TermError, match=says):
        spelt_out(term, {})
