"""Every engine keeps its words where the data files say, and looking for them harms no other URL."""

from __future__ import annotations

from functools import cache

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.text import url_parts
from pipeline.urls.search_terms import FOUND, Engine, engines, search_terms
from tests.effort import tries

_Found = tuple[str, str, bool]


def found(url: str) -> _Found | None:
    """Engine, words and whether they were half typed."""
    table = search_terms(url_parts(pl.Series([url])))
    assert table.schema == FOUND
    assert table.height <= 1
    return None if table.is_empty() else table.select("search_engine", "search_text", "half_typed").row(0)


@cache
def examples_found() -> dict[str, _Found]:
    """What is found in the examples of all engines, looked at together."""
    table = search_terms(url_parts(pl.Series(sorted({each.example for each in engines()}))))
    return {
        url: (engine, words, half_typed) for url, engine, words, half_typed in table.select(list(FOUND)).iter_rows()
    }


@pytest.mark.parametrize("engine", engines(), ids=lambda each: f"{each.name} {each.hosts[0]}")
def test_the_example_of_every_engine(engine: Engine) -> None:
    path = url_parts(pl.Series([engine.example]))["path"].item()
    half_typed = any(path == each or path.startswith(each.rstrip("/") + "/") for each in engine.suggest)
    assert engine.parameter or engine.in_path
    assert examples_found()[engine.example] == (engine.name, engine.words, half_typed)


@pytest.mark.parametrize(
    "engine", [each for each in engines() if each.suggest], ids=lambda each: f"{each.name} {each.hosts[0]}"
)
def test_a_suggestion_is_half_typed(engine: Engine) -> None:
    for path in engine.suggest:
        host = engine.hosts[0].replace(".*", ".com")
        assert found(f"https://{host}{path}?{engine.parameter[0]}=swi") == (engine.name, "swi", True)


@settings(max_examples=tries(200))
@given(url=st.sampled_from([each.example for each in engines()]))
def test_an_example_alone_as_among_all(url: str) -> None:
    assert found(url) == examples_found()[url]


def test_nothing_is_found_where_there_is_no_search() -> None:
    urls = [engines()[0].example, "https://example.org/?q=nothing", "https://www.google.com/"]
    assert search_terms(url_parts(pl.Series(urls)))["url"].to_list() == urls[:1]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://www.google.com/search?q=a%2Bb+c", "a+b c"),
        ("https://www.google.com/search?q=+%20+", None),
        ("https://www.google.com/search?q=", None),
        ("https://www.google.com/search?hl=en&q=caf%C3%A9", "café"),
        ("https://www.google.com/search?xq=no", None),
        ("https://www.google.com/search?hl=en;q=semicolon", "semicolon"),
        ("https://www.google.co.uk/search?q=one&q=two", "two"),
        ("https://www.google.co.uk/search?q=one&q=", "one"),
        ("https://www.google.co.uk/search?Q=capital", "capital"),
        ("https://www.google.co.uk/search?hl=en&as_q=all&as_epq=exact", "all"),
        ("https://www.google.co.uk/search?as_epq=exact", "exact"),
        ("https://www.google.com/#q=behind+it", "behind it"),
        ("https://www.google.com/search?q=before#q=behind+it", "behind it"),
        ("https://www.google.com/search?q=kept#:~:text=other", "kept"),
        ("https://search.avira.com/#/web/result?q=behind", "behind"),
        ("https://www.google.com/search?q=two+%20blanks%0A+here", "two blanks here"),
        ("https://www.google.com/search?q=%26%2399%3B%26%23x61%3Bt", "cat"),
        ("https://www.google.com/search?q=fish+%26amp%3B+chips", "fish &amp; chips"),
        ("https://www.google.com/search?q=%26%239999999%3B", "\ufffd"),
        ("https://www.google.com/search?tbm=isch&q=pictures", "pictures"),
        ("https://news.google.com/search?q=news&hl=en-GB", "news"),
        ("https://scholar.google.co.uk/scholar?q=paper", "paper"),
        ("https://www.google.com/xjs/_/js?q=no", None),
        ("https://m.youtube.com/results?sp=mAEA&search_query=mobile", "mobile"),
        ("https://html.duckduckgo.com/html/?q=plain", "plain"),
        ("https://www.bing.com/AS/Suggestions?pt=page.home&qry=wea&cp=3", "wea"),
        ("https://www.etsy.com/search?q=bare", "bare"),
        ("https://www.etsy.com/en-gb/search?q=language", "language"),
        ("https://www.etsy.com/shop/search?q=other", None),
        ("https://open.spotify.com/intl-de/search/sea%20shanty/tracks", "sea shanty"),
        ("https://www.pexels.com/search/videos/owl/", "owl"),
        ("https://www.google.com/url?sa=t&url=https%3A%2F%2Fwww.bing.com%2Fsearch%3Fq%3Dred%2Bowl", "red owl"),
        ("https://www.google.com/url?q=https://news.example/a&sa=D", None),
        (
            "https://proxy.example/x?url=https%3A%2F%2Fout.example%2F%3Fu%3Dhttps%253A%252F%252Fbing.com%252Fsearch%253Fq%253Dowl",
            "owl",
        ),
        ("https://maths.example/uv/hvtrs8%2F-wuw%2Cgmoelg.aoo%2Fqecrah%3Dq%3Foulq", "owls"),
        ("https://192.0.2.7/search?q=barn+owl&__cpo=aHR0cHM6Ly93d3cuZ29vZ2xlLmNvbQ", "barn owl"),
        ("http://www.google.com.au./search?q=final+dot", "final dot"),
        ("https://GOOGLE.com/search?q=capitals", "capitals"),
        ("https://www.google.com:443/search?q=port", "port"),
        ("https://www.google.com/searching?q=other+page", None),
        ("https://www.google.com/preferences?q=no+search", None),
        ("https://notgoogle.com/search?q=x", None),
        ("https://google.com.evil.example/search?q=x", None),
        ("https://google.notasuffix/search?q=x", "x"),
        ("https://www.amazon.co.uk/s?k=bag&ref=nb", "bag"),
        ("https://duckduckgo.com/ac/?q=ha&type=list", "ha"),
        ("https://www.google.co.uk/maps/search/", None),
        ("www.bing.com/search?q=no+scheme", "no scheme"),
        ("https://www.bing.com/search?q=%00%1b%5b31m", "\0\x1b[31m"),
    ],
)
def test_words_out_of_urls(url: str, words: str | None) -> None:
    seen = found(url)
    assert (seen[1] if seen else None) == words


_WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@settings(max_examples=tries(100))
@given(st.sampled_from([each for each in engines() if each.parameter]), _WORDS)
def test_any_words_are_survived(engine: Engine, words: str) -> None:
    url = engine.example.partition("?")[0] + f"?{engine.parameter[0]}={words}"
    table = search_terms(url_parts(pl.Series([url])))
    assert table.height <= 1
    assert all(table["search_text"] != "")


def test_no_url_and_no_host_are_no_search() -> None:
    assert search_terms(url_parts(pl.Series([], dtype=pl.String))).schema == FOUND
    assert search_terms(url_parts(pl.Series([None, "", "/search?q=x"], dtype=pl.String))).is_empty()


def test_a_host_of_very_many_labels_is_served_at_once() -> None:
    assert found("http://" + "a." * 50_000 + "google.co.uk/search?q=x") == ("Google", "x", False)
