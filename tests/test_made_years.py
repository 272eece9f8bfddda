"""The casebook of years that the benchmark looks at is one that the program would have written."""

from __future__ import annotations

from pathlib import Path

from benchmarks.casebook import VIEWS, measure
from benchmarks.made_years import fill
from casebook.store import opened_casebook
from casebook.verifying import verify


def test_every_view_of_it_can_be_measured(tmp_path: Path) -> None:
    with opened_casebook(f"sqlite:///{tmp_path / 'casebook.sqlite'}") as book:
        made = fill(book, 1_000)
        verdict = verify(book)
        assert not verdict.faults
        assert made == verdict.actions
        assert measure(book).keys() >= VIEWS.keys()
