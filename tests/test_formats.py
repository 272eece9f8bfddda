"""Every registered format, against its sample and against whatever a line may hold.

A format's samples are the `.log`, `.csv`, `.tsv` and `.json` files in `sample_logs/<format name>/`, with what must
come of each line in `expected.jsonl` (or, where there are several, in `<file name>.expected.jsonl`), and what a school
would declare of them in `declared.toml` (or of one of them in `<file name>.declared.toml`). After a wanted change
write the expected files anew, and read the difference:

    ESAFETY_WRITE_EXPECTED=1 python -m pytest tests/test_formats.py
"""

from __future__ import annotations

import functools
import json
import os
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.formats import Declared, Format, registry
from tests.effort import tries
from tests.samples import (
    FOLDER,
    check_shape,
    declared_of,
    every_format,
    every_sample,
    form_of,
    lines_of,
    parsed_of,
    spelled_out,
    table_of,
)

#: Recognised only when named: their columns mean nothing without a map, or without the logformat line.
_NEVER_CLAIMS = {"csv", "json", "squid_custom"}
_LONGEST_SAMPLE = 50

_quickest = settings(max_examples=tries(10), deadline=None, suppress_health_check=[HealthCheck.too_slow])
_quick = settings(max_examples=tries(20), deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _expected_path(sample: Path) -> Path:
    own = sample.with_name(f"{sample.name}.expected.jsonl")
    return own if own.exists() else sample.with_name("expected.jsonl")


@functools.cache
def _whole(sample: Path) -> list[dict[str, Any]]:
    return spelled_out(parsed_of(sample))


def _in_parts(form: Format, lines: pl.DataFrame, declared: Declared, cuts: list[int]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    carry = ""
    bounds = [0, *sorted(cuts), lines.height]
    for start, end in pairwise(bounds):
        parsed = form.parse(lines.slice(start, end - start), declared, carry)
        found += spelled_out(parsed)
        carry = parsed.carry
    return found


@every_sample
def test_each_line_of_the_sample_gives_what_a_person_has_read(path: Path) -> None:
    found = _whole(path)
    written = "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in found)
    if os.environ.get("ESAFETY_WRITE_EXPECTED"):
        _expected_path(path).write_text(written, encoding="utf-8")
        pytest.skip("written anew; read the difference")
    expected = [json.loads(line) for line in _expected_path(path).read_text(encoding="utf-8").splitlines()]
    assert found == expected


@every_sample
def test_sample_is_short_and_has_bad_lines(path: Path) -> None:
    lines, parsed = lines_of(path), parsed_of(path)
    assert len(path.read_bytes().splitlines()) <= _LONGEST_SAMPLE
    assert parsed.rejects.height > 0
    assert parsed.events.height > 0
    check_shape(parsed, lines)


@every_sample
@pytest.mark.parametrize("before", [[], ["what is left of another file", "1,2,3"]], ids=["whole", "behind others"])
def test_only_its_own_format_claims_a_sample(path: Path, before: list[str]) -> None:
    first = [text for text in before + lines_of(path)["text"].to_list() if text.strip()][:50]
    claimants = {name for name, form in registry().items() if form.claims(first)}
    assert claimants == {path.parent.name} - _NEVER_CLAIMS


@every_sample
@_quickest
@given(data=st.data())
def test_whole_or_in_parts_is_the_same(path: Path, data: st.DataObject) -> None:
    lines, declared = lines_of(path), declared_of(path)
    cuts = data.draw(st.lists(st.integers(0, lines.height), max_size=3))
    assert _in_parts(form_of(path), lines, declared, cuts) == _whole(path)


@every_format
@_quick
@given(texts=st.lists(st.text(max_size=80) | st.text(alphabet=' \t",;|=.:/-*0123456789aZ\n', max_size=80), max_size=6))
def test_arbitrary_text_raises_nothing(name: str, texts: list[str]) -> None:
    lines = table_of(texts)
    for declared in (Declared(), declared_of(FOLDER / name)):
        check_shape(registry()[name].parse(lines, declared, ""), lines)
    assert registry()[name].claims(texts) in {True, False}


@every_format
def test_no_lines_give_nothing(name: str) -> None:
    form = registry()[name]
    parsed = form.parse(table_of([]), Declared(), "")
    check_shape(parsed, table_of([]))
    assert not form.claims([])


@every_format
def test_blank_lines_are_skipped_and_prose_is_refused(name: str) -> None:
    lines = table_of(["", "   ", "\t", "Dear all, the network will be down on Friday, from noon, sorry; | see you"])
    parsed = registry()[name].parse(lines, declared_of(FOLDER / name), "")
    assert parsed.skips["line"].to_list()[:3] == [1, 2, 3]
    assert parsed.events.is_empty()


@every_format
def test_format_is_described(name: str) -> None:
    form = registry()[name]
    assert form.name == name
    assert all([form.title, form.document.startswith("https://"), form.gives, form.cannot])
