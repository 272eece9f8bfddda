"""Delimited records: all at once and one by one give the same."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.formats import LINES
from pipeline.formats._delimited import Layout, _one_by_one, split
from tests.effort import tries

_CELL = st.text(alphabet='ab ,\t"\n\r#\ufeffé\x00', max_size=5)
_RECORD = st.lists(_CELL, min_size=1, max_size=6).map(",".join)
_QUOTED = st.lists(_CELL, min_size=1, max_size=6).map(
    lambda cells: ",".join('"' + cell.replace('"', '""') + '"' for cell in cells)
)


def _table(texts: list[str]) -> pl.DataFrame:
    return pl.DataFrame({"line": range(1, len(texts) + 1), "text": texts}, schema=LINES)


def _layout(*, loose: bool = False, most: int | None = None, separator: str = ",") -> Layout:
    return Layout({"first": 0, "third": 2, "fifth": 4}, least=2, most=most, separator=separator, loose=loose)


@settings(max_examples=tries(150), deadline=None)
@given(
    texts=st.lists(_RECORD | _QUOTED | _CELL, max_size=6),
    loose=st.booleans(),
    most=st.sampled_from([None, 2, 5]),
    separator=st.sampled_from([",", "\t", " "]),
)
def test_quick_and_careful_agree(texts: list[str], loose: bool, most: int | None, separator: str) -> None:
    layout = _layout(loose=loose and separator != " ", most=most, separator=separator)
    cells, broken = split(_table(texts), layout)
    careful, careful_broken = _one_by_one(_table(texts), layout)
    assert cells.rows() == careful.rows()
    assert broken.rows() == careful_broken.rows()


def test_a_record_that_begins_like_a_compressed_file() -> None:
    cells, _ = split(_table(["x\x01a,b", "c,d"]), _layout())
    assert cells["first"].to_list() == ["x\x01a", "c"]


def test_separators_and_doubled_quotes_inside_quotes() -> None:
    cells, broken = split(_table(['"a,b",c,"say ""x"""', "a,b", 'a,"b\nc",d,e,f']), _layout())
    assert cells.drop("text").rows() == [(1, "a,b", 'say "x"', ""), (2, "a", "", ""), (3, "a", "d", "f")]
    assert broken.is_empty()


def test_what_is_refused() -> None:
    texts = ['a,"b', 'a,"b"c,d', "a", "a,b,c,d,e,f"]
    _, broken = split(_table(texts), _layout(most=5))
    assert broken["reason"].to_list() == ["unclosed-quote", "bad-field", "missing-column", "bad-field"]


def test_blanks_behind_separators() -> None:
    cells, _ = split(_table(['"a", "b,c", "d", "e", "f"', "a, b, c, d, e"]), _layout(loose=True))
    assert cells.drop("text").rows() == [(1, "a", "d", "f"), (2, "a", "c", "e")]


def test_blanks_cannot_both_part_cells_and_belong_to_none() -> None:
    with pytest.raises(ValueError, match="blanks"):
        _layout(loose=True, separator=" ")


def test_quotes_may_mean_nothing() -> None:
    layout = Layout({"first": 0, "last": 2}, least=3, most=3, separator=" ", quotes=False)
    cells, broken = split(_table(['"a b" c', "a b", "a b c d"]), layout)
    assert cells.drop("text").rows() == [(1, '"a', "c")]
    assert broken["reason"].to_list() == ["missing-column", "bad-field"]


@settings(max_examples=tries(80), deadline=None)
@given(texts=st.lists(_RECORD | _QUOTED | _CELL, max_size=6))
def test_without_quotes_all_is_split_at_separators(texts: list[str]) -> None:
    layout = Layout({"first": 0, "third": 2}, least=2, most=5, quotes=False)
    cells, broken = split(_table(texts), layout)
    apart = [(line, text.split(",")) for line, text in enumerate(texts, 1)]
    right = [(line, [*pieces, ""]) for line, pieces in apart if 2 <= len(pieces) <= 5]
    assert cells.drop("text").rows() == [(line, pieces[0], pieces[2]) for line, pieces in right]
    assert broken.height == len(texts) - len(right)
