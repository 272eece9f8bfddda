"""Zscaler's pairs: lines of one order of keys and lines one by one give the same."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.formats import LINES, Declared
from pipeline.formats.zscaler import _one_by_one, _paired, parse
from pipeline.formats.zscaler_json import _spoken, _text_of, _texts_of
from tests.effort import tries

_KEYS = ("user", "login", "url", "eurl", "action", "status", "ua", "vendor", "")
_VALUE = st.text(alphabet='ab= "é\\\n\r\x00', max_size=4)
_PAIR = st.tuples(st.sampled_from(_KEYS), _VALUE).map("=".join)
_ORDER = st.lists(st.sampled_from(_KEYS), min_size=1, max_size=5)
_STAMP = "2026-03-16 09:00:07"


def _table(texts: list[str]) -> pl.DataFrame:
    return pl.DataFrame({"line": range(1, len(texts) + 1), "text": texts}, schema=LINES)


@st.composite
def _feed(draw: st.DrawFn) -> list[str]:
    """Lines of one order, and others among them."""
    order = draw(_ORDER)
    usual = st.tuples(*(_VALUE.map(f"{key}={{}}".format) for key in order)).map(list)
    line = (usual | st.lists(_PAIR, min_size=1, max_size=6)).map("\t".join)
    return draw(st.lists(st.tuples(st.sampled_from(["", f"{_STAMP}\t", "no pair\t"]), line).map("".join), max_size=6))


@settings(max_examples=tries(150), deadline=None)
@given(_feed())
def test_quick_and_careful_agree(texts: list[str]) -> None:
    quick, careful = _paired(_table(texts)), _one_by_one(_table(texts))
    for one, other in zip(quick, careful, strict=True):
        assert one.sort("line").rows() == other.sort("line").rows()


@pytest.mark.parametrize("more", [0, 100, 30_000])
def test_a_line_of_very_many_pairs_is_read(more: int) -> None:
    line = f"{_STAMP}\taction=Blocked\turl=h.example/p\tuser=dee" + "\ta=b" * more
    events = parse(_table([line, line]), Declared(), "").events
    assert events["user_raw"].to_list() == ["dee", "dee"]


_CODED = ("Tm9uZQ==", "4pyT", "", "!!", "YQ", "YR==", "YQ===", "YQ==YQ==", "YW Jj", "YWJj\n", "=", None)


@pytest.mark.parametrize("odd", [None, "//79", "gA=="])
def test_many_base64_texts_are_read_as_one_by_one(odd: str | None) -> None:
    coded = pl.Series([*_CODED, odd, *_CODED], dtype=pl.String)
    assert _texts_of(coded).to_list() == [None if each is None else _text_of(each) for each in coded]


@pytest.mark.parametrize("word", ["None", "NA", "N/A", "Unknown", "", "-", " None", "NA\t", "\u00a0Unknown ", " \t "])
def test_a_word_for_nothing_says_nothing(word: str) -> None:
    assert pl.select(name=pl.lit(word)).select(_spoken("name")).item() is None


@pytest.mark.parametrize("word", [" -", "none", "Nonesuch", "N / A", "é", "-x", " NA."])
def test_a_word_like_one_for_nothing_is_kept(word: str) -> None:
    assert pl.select(name=pl.lit(word)).select(_spoken("name")).item() == word
