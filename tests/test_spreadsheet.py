"""Tables for a spreadsheet: whatever a cell holds, it stays text."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.output.spreadsheet import as_csv, harmless
from tests.effort import tries

#: What spreadsheets begin a formula with.
BEGINNINGS = "=+-@\t\r\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}"


@pytest.mark.parametrize(
    "cell", ["=1+1", "+44", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "\N{FULLWIDTH EQUALS SIGN}1"]
)
def test_what_could_be_a_formula_is_given_a_quote_in_front(cell: str) -> None:
    assert harmless(cell).startswith("'")


@settings(max_examples=tries(500))
@given(st.lists(st.lists(st.text(alphabet=st.characters() | st.sampled_from(BEGINNINGS)), min_size=2, max_size=2)))
def test_no_cell_becomes_a_formula_another_cell_or_another_row(rows: list[list[str]]) -> None:
    found = list(csv.reader(io.StringIO(as_csv(("one", "two"), rows), newline="")))
    assert found[0] == ["one", "two"]
    assert [len(row) for row in found[1:]] == [2] * len(rows)
    assert not [cell for row in found for cell in row if cell.lstrip().startswith(tuple(BEGINNINGS))]
    assert not [cell for row in found for cell in row if not cell.isprintable()]


def test_ordinary_words_stay_as_they_are() -> None:
    assert (
        as_csv(("who", "what"), [("pupil 7K3M-Q2XA", "Łódź, 2 - 1")]) == 'who,what\r\npupil 7K3M-Q2XA,"Łódź, 2 - 1"\r\n'
    )
