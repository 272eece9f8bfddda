"""One line of very many pairs among usual ones: it is read or refused like any other, and ends no file."""

from __future__ import annotations

import polars as pl
import pytest

from pipeline.formats import LINES, registry
from tools.format_pages import read, samples_of


@pytest.mark.parametrize("name", ["fortigate", "sonicwall", "sophos_xg", "panos_cef", "fortigate_cef"])
def test_a_line_of_very_many_pairs_is_one_record_more(name: str) -> None:
    form, sample = registry()[name], samples_of(name)[0]
    texts, events = read(form, sample)
    lines = dict(texts.iter_rows())
    # So few that one line is as common as a shape must be.
    good = [lines[line] for line in events["line"].unique(maintain_order=True)][:10] * 4
    long = good[0] + " k1=v" * 25_000
    table = pl.DataFrame({"line": range(1, len(good) + 2), "text": [*good, long]}, schema=LINES)
    usual, more = (form.parse(each, sample.declared, "") for each in (table.head(len(good)), table))
    told = sum(part["line"].n_unique() for part in (more.events, more.rejects, more.skips))
    assert told == sum(part["line"].n_unique() for part in (usual.events, usual.rejects, usual.skips)) + 1
