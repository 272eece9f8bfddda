"""Texts as they are matched: ways of folding that agree, offsets that lead back, URLs taken apart whatever they are."""

from __future__ import annotations

import unicodedata

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.text import (
    URL_PARTS,
    fold,
    fold_one,
    folded,
    hosts_of,
    is_ascii,
    public_suffix,
    registrable_domains,
    unescape,
)
from pipeline.text import url_parts as parts_of
from tests.effort import tries

#: Characters that this Python's tables know. A character that was added to Unicode later is a letter to polars and
#: nothing to Python, and the other way round; one changed its kind since. They are a known difference.
_NEWER = {"\U0001171e"}
_KNOWN = st.characters(exclude_categories=["Cn", "Cs"], exclude_characters=sorted(_NEWER))
_TEXT = st.one_of(
    st.text(_KNOWN, max_size=40),
    st.text(st.characters(codec="ascii"), max_size=40),
    st.text(
        st.sampled_from("aAsSßẞςΣσİıﬁ①½Ⅷé\u0301\u200b\u00ad\u0345ǆǅłŁøđ\u0649\u06cc\u0640\ufdfa가한\u0e33% +-_.@5"),
        max_size=20,
    ),
)


def folded_by_polars(texts: list[str]) -> list[str]:
    """`folded`, which is for texts beyond ASCII and right for those of ASCII too."""
    table = pl.DataFrame({"text": texts}, schema={"text": pl.String})
    return table.select(text=folded(pl.col("text")))["text"].to_list()


def test_every_character_is_folded_alike_by_both_ways() -> None:
    known = [chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) not in ("Cn", "Cs", "Co")]
    texts = [f"x{each}Σ {each}" for each in known if each not in _NEWER]
    one_by_one = [fold_one(text)[0] for text in texts]
    assert [pair for pair in zip(folded_by_polars(texts), one_by_one, strict=True) if pair[0] != pair[1]] == []


@settings(max_examples=tries(120))
@given(st.lists(_TEXT, max_size=4))
def test_three_ways_of_folding_agree(texts: list[str]) -> None:
    expected = [fold_one(text)[0] for text in texts]
    assert fold(pl.Series(texts, dtype=pl.String)).to_list() == expected
    assert folded_by_polars(texts) == expected


@settings(max_examples=tries(200))
@given(_TEXT)
def test_offsets_lead_back_to_the_very_characters(text: str) -> None:
    words, origin = fold_one(text)
    assert len(words) == len(origin)
    assert words.startswith(" ")
    assert words.endswith(" ")
    assert "  " not in words
    assert origin == sorted(origin)
    for folded_character, at in zip(words, origin, strict=True):
        if folded_character != " ":
            assert folded_character in fold_one(text[at])[0]


@settings(max_examples=tries(150))
@given(_TEXT)
def test_folding_again_changes_nothing(text: str) -> None:
    once = fold_one(text)[0]
    assert fold_one(once)[0] == once


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Wie heißt du?", " wie heisst du "),
        ("p\u200bo\u00adr\u0301n", " porn "),
        ("ＫＩＬＬ ᴍʏsᴇʟғ", " kill ᴍʏsᴇʟғ "),
        ("ﬁne  ½ x²", " fine 1 2 x2 "),
        ("ΟΔΟΣ οδος", " οδοσ οδοσ "),
        ("İstanbul", " istanbul "),
        ("don't-stop_now", " don t stop now "),
        ("नमस्ते", " नमसत "),
        ("", " "),
        ("!?", " "),
        ("42", " 42 "),
    ],
)
def test_folding_of_known_texts(text: str, words: str) -> None:
    assert fold(pl.Series([text])).to_list() == [words]
    assert fold_one(text)[0] == words


def test_nulls_are_no_text_and_the_name_of_the_column_stays() -> None:
    series = fold(pl.Series("typed", [None, "A"], dtype=pl.String))
    assert (series.name, series.to_list()) == ("typed", [" ", " a "])
    assert fold(pl.Series("typed", [None, "Ä"], dtype=pl.String)).to_list() == [" ", " a "]
    assert fold(pl.Series([], dtype=pl.String)).to_list() == []
    assert pl.DataFrame({"t": ["a", "ä"]}).select(is_ascii(pl.col("t")))["t"].to_list() == [True, False]


# ---------------------------------------------------------------- escapes


@pytest.mark.parametrize(
    ("written", "query", "path"),
    [
        ("a+b%20c", "a b c", "a+b c"),
        ("caf%C3%A9", "café", "café"),
        ("caf%E9", "café", "café"),
        ("%2520", " ", " "),
        ("%25252520", "%20", "%20"),
        ("100%", "100%", "100%"),
        ("%zz%4", "%zz%4", "%zz%4"),
        ("%2B%2b", "++", "++"),
        ("%00%0a", "\0\n", "\0\n"),
        ("%81", "\\x81", "\\x81"),
        ("caf%C3%A9%20caf%E9", "café café", "café café"),
        ("é%20é", "é é", "é é"),
        ("%2%35", "%", "%"),
        ("", "", ""),
    ],
)
def test_escapes(written: str, query: str, path: str) -> None:
    assert unescape(pl.Series([written]), plus_is_blank=True).to_list() == [query]
    assert unescape(pl.Series([written])).to_list() == [path]


_ESCAPED = st.text(st.sampled_from("%+0123456789abcdefABCDEFxyz é"), max_size=12)


@settings(max_examples=tries(150))
@given(st.lists(st.one_of(st.none(), _ESCAPED), max_size=5), st.booleans())
def test_a_text_is_decoded_the_same_in_any_company(texts: list[str | None], plus: bool) -> None:
    together = unescape(pl.Series(texts, dtype=pl.String), plus_is_blank=plus).to_list()
    alone = [unescape(pl.Series([text], dtype=pl.String), plus_is_blank=plus).item() for text in texts]
    assert together == alone
    assert [each is None for each in together] == [text is None for text in texts]


# ---------------------------------------------------------------- URLs


@pytest.mark.parametrize(
    ("url", "scheme", "host", "path", "query"),
    [
        ("http://Example.ORG/a/b?c=d#e", "http", "example.org", "/a/b", "c=d"),
        ("HTTPS://user:pw@www.example.org:8443/", "https", "www.example.org", "/", None),
        ("example.org:443", None, "example.org", None, None),
        ("example.org/path", None, "example.org", "/path", None),
        ("http://example.org", "http", "example.org", None, None),
        ("http://example.org?q=a/b://c", "http", "example.org", None, "q=a/b://c"),
        ("http://example.org#frag/x?y", "http", "example.org", None, None),
        ("http://example.org./x", "http", "example.org", "/x", None),
        ("http://[2001:db8::1]:8080/x", "http", "2001:db8::1", "/x", None),
        ("[2001:db8::1]:443", None, "2001:db8::1", None, None),
        ("http://192.0.2.7/x", "http", "192.0.2.7", "/x", None),
        ("http://a@b@example.org/", "http", "example.org", "/", None),
        ("http:///only/path", "http", None, "/only/path", None),
        ("http://ex ample.org/a b", "http", "ex ample.org", "/a b", None),
        ("http://example.org/?", "http", "example.org", "/", ""),
        ("error:transaction-end-before-headers", None, None, None, None),
        ("data:text/html,<script>", None, None, None, None),
        ("", None, None, None, None),
        ("/just/a/path", None, None, "/just/a/path", None),
        ("http://xn--bcher-kva.example/", "http", "xn--bcher-kva.example", "/", None),
        ("Http://www.example.org/a", "http", "www.example.org", "/a", None),
        ("tunnel://www.example.org:443/", "tunnel", "www.example.org", "/", None),
        ("TUNNEL://[2001:db8::7]:443/", "tunnel", "2001:db8::7", "/", None),
        ("cache_object://192.0.2.1/info", "cache_object", "192.0.2.1", "/info", None),
    ],
)
def test_parts_of_urls(url: str, scheme: str | None, host: str | None, path: str | None, query: str | None) -> None:
    assert parts_of(pl.Series([url])).row(0) == (url, scheme, host, path, query)


_PIECES = [*"ab.:/?#@[]%&=- \né", "http://", "https://", "://", ":443", "xn--"]
_URLISH = st.lists(st.sampled_from(_PIECES), max_size=14).map("".join)


@settings(max_examples=tries(100))
@given(st.lists(_URLISH, min_size=1, max_size=5))
def test_any_text_is_taken_apart_the_same_in_any_company(urls: list[str]) -> None:
    together = parts_of(pl.Series(urls))
    assert together.schema == URL_PARTS
    assert together["url"].to_list() == urls
    alone = pl.concat(parts_of(pl.Series([url])) for url in urls)
    assert together.rows() == alone.rows()
    hosts = together["host"].drop_nulls()
    assert all(host == host.lower() and host and not host.endswith(".") for host in hosts)


def test_nulls_and_nothing_are_taken_apart_too() -> None:
    assert parts_of(pl.Series([None], dtype=pl.String)).row(0) == (None, None, None, None, None)
    assert parts_of(pl.Series([], dtype=pl.String)).schema == URL_PARTS


def test_registrable_domains() -> None:
    cases = {
        "www.bbc.co.uk": "bbc.co.uk",
        "co.uk": None,
        "a.b.example.org": "example.org",
        "192.0.2.7": None,
        "2001:db8::1": None,
        "localhost": None,
        "..": None,
        "": None,
    }
    found = registrable_domains(pl.Series(list(cases)))
    assert dict(zip(cases, found, strict=True)) == cases
    assert registrable_domains(pl.Series([None], dtype=pl.String)).to_list() == [None]
    assert public_suffix("www.example.co.uk") == "co.uk"


@settings(max_examples=tries(100))
@given(st.lists(_URLISH, max_size=4))
def test_any_host_has_a_domain_or_none(hosts: list[str]) -> None:
    for host, domain in zip(hosts, registrable_domains(pl.Series(hosts, dtype=pl.String)), strict=True):
        assert domain is None or host.rstrip(".").endswith(domain)


def test_a_host_of_a_quarter_of_a_million_labels_is_only_a_host() -> None:
    parts = parts_of(pl.Series(["http://" + "a." * 250_000 + "example.org/"]))
    assert registrable_domains(parts["host"]).to_list() == ["example.org"]


def test_undoing_escapes_leaves_the_callers_column_alone() -> None:
    texts = pl.Series(["http://g.example/?q=die%3F", "%25", "plain", None])
    before = texts.to_list()
    for plus_is_blank in (False, True):
        unescape(texts, plus_is_blank=plus_is_blank)
        assert texts.to_list() == before
    authorities = pl.Series(["a.example:8080", "b.example"])
    hosts_of(authorities)
    assert authorities.to_list() == ["a.example:8080", "b.example"]


def test_a_direction_mark_stands_between_words_and_a_soft_hyphen_inside_one() -> None:
    texts = ["how to kill myself\u202eevil", "ki\u00adll my\u200bself"]
    expected = [" how to kill myself evil ", " kill myself "]
    assert fold(pl.Series(texts)).to_list() == expected
    assert [fold_one(each)[0] for each in texts] == expected
