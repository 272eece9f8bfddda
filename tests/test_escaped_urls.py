"""A search is found however its words are escaped in the URL, and the hit leads back to the very URL."""

from __future__ import annotations

from urllib.parse import quote, quote_plus

import polars as pl
import pytest

from pipeline.match import match_values
from tests.shipped import shipped_matcher

WORDS = ("how to kill myself", "i want to die?", "café: i want to kill myself", '"how to kill myself" 100%')
ENGINES = ("https://www.google.com/search?ie=UTF-8&q={}", "https://duckduckgo.com/?q={}&ia=web")


def escaped(words: str) -> list[str]:
    everything = "".join(f"%{byte:02x}" for byte in words.encode())
    return [quote_plus(words), quote(words), quote(quote(words)), everything, everything.upper()]


@pytest.mark.parametrize("words", WORDS)
@pytest.mark.parametrize("engine", ENGINES)
def test_every_escape_of_a_search_is_found_and_named_by_its_url(words: str, engine: str) -> None:
    urls = pl.Series([engine.format(each) for each in escaped(words)], dtype=pl.String).unique(maintain_order=True)
    hits = match_values({"url": urls}, shipped_matcher()).filter(pl.col("category") == "self-harm")
    assert set(hits["value"]) == set(urls)
    assert set(hits["field"]) == {"search_text"}
    assert set(hits["text"]) == {words}


def test_the_path_and_the_query_of_other_sites_are_unescaped_too() -> None:
    urls = pl.Series(["http://a.example/how%20to%20kill%20myself", "http://b.example/x?t=how%2Bto%20kill+myself"])
    hits = match_values({"url": urls}, shipped_matcher()).filter(pl.col("category") == "self-harm")
    assert "http://a.example/how%20to%20kill%20myself" in hits["value"].to_list()
