"""Every registered format, against its sample and against whatever a line may hold.

A format's samples are the `.log`, `.csv`, `.tsv` and `.json` files in `sample_logs/<format name>/`, with what must
come of each line in `expected.jsonl` (or, where there are several, in `<file name>.expected.jsonl`), and what a school
would declare of them in `declared.toml` (or of one of them in `<file name>.declared.toml`). After a wanted change
write the expected files anew, and read the difference:

    ESAFETY_WRITE_EXPECTED=1 python -m pytest tests/test_formats.py
"""

from __future__ import annotations

import json
import os
import tomllib
from itertools import chain, pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import schema
from pipeline.decode import blocks, numbered
from pipeline.formats import LINES, PARSE_REJECTS, PARSE_SKIPS, Declared, Format, Parsed, registry
from pipeline.formats._maps import ColumnMap, load_map

_FOLDER = Path(__file__).parent.parent / "sample_logs"
_FORMATS = sorted(registry())
_KINDS = {".log", ".csv", ".tsv", ".json"}
_SAMPLES = [path for name in _FORMATS for path in sorted((_FOLDER / name).glob("*")) if path.suffix in _KINDS]
#: Recognised only when named: their columns mean nothing without a map, or without the logformat line.
_NEVER_CLAIMS = {"csv", "json", "squid_custom"}
_LONGEST_SAMPLE = 50

every_sample = pytest.mark.parametrize("path", _SAMPLES, ids=lambda path: f"{path.parent.name}/{path.name}")
every_format = pytest.mark.parametrize("name", _FORMATS)
_quick = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _expected_path(sample: Path) -> Path:
    own = sample.with_name(f"{sample.name}.expected.jsonl")
    return own if own.exists() else sample.with_name("expected.jsonl")


def _declared(place: Path) -> Declared:
    """What is declared of a sample, or of a folder of samples."""
    own = place.with_name(f"{place.name}.declared.toml")
    path = own if own.exists() else (place if place.is_dir() else place.parent) / "declared.toml"
    stated = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    its_map = load_map(stated["map"]) if "map" in stated else ColumnMap()
    columns = dict(its_map.columns) | stated.get("columns", {})
    verdicts = dict(its_map.verdicts) | stated.get("verdicts", {})
    zone = ZoneInfo(stated.get("timezone", "Europe/London"))
    return Declared(
        timezone=zone, date_order=stated.get("date_order"), columns=tuple(columns.items()),
        verdicts=tuple(verdicts.items()), layout=stated.get("layout", ""), hidden=its_map.hidden,
        last_change=stated.get("last_change"),
    )  # fmt: skip


def _form(sample: Path) -> Format:
    return registry()[sample.parent.name]


def _lines(sample: Path) -> pl.DataFrame:
    quoted = _form(sample).records == "quoted"
    tables = [numbered(block).select(list(LINES)) for block in blocks([sample.read_bytes()], quoted=quoted)]
    return pl.concat(tables)


def _table(texts: list[str]) -> pl.DataFrame:
    return pl.DataFrame({"line": range(1, len(texts) + 1), "text": texts}, schema=LINES)


def _spelled_out(parsed: Parsed) -> list[dict[str, Any]]:
    """One entry for each line, in order: its event without the nulls, or why there is none."""
    found: list[dict[str, Any]] = []
    for row in parsed.events.with_columns(pl.col("ts").dt.strftime("%Y-%m-%dT%H:%M:%S%.6f%:z")).iter_rows(named=True):
        event = {name: value for name, value in row.items() if value is not None and name != "line"}
        found.append({"line": row["line"], "event": event})
    found += [{"line": line, "reject": reason, "detail": detail} for line, reason, detail in parsed.rejects.iter_rows()]
    found += [{"line": line, "skip": reason} for line, reason in parsed.skips.iter_rows()]
    return sorted(found, key=lambda entry: int(entry["line"]))


def _check_shape(parsed: Parsed, lines: pl.DataFrame) -> None:
    """Each line exactly once, with the columns, types and words that the contract knows; rejects and skips in order."""
    given_lines = [table["line"].to_list() for table in (parsed.events, parsed.rejects, parsed.skips)]
    assert sorted(chain.from_iterable(given_lines)) == lines["line"].to_list()
    assert all(numbers == sorted(numbers) for numbers in given_lines[1:])
    for name, dtype in parsed.events.schema.items():
        assert dtype == schema.STORED_EVENTS[name]
        assert name in schema.PARSED
    assert parsed.rejects.schema == PARSE_REJECTS
    assert parsed.skips.schema == PARSE_SKIPS
    assert parsed.events["ts"].null_count() == 0
    _check_words(parsed)


def _check_words(parsed: Parsed) -> None:
    closed = {"ts_quality": schema.TS_QUALITIES, "verdict": schema.VERDICTS, "kind": schema.KINDS}
    for name, words in closed.items():
        assert set(parsed.events[name].to_list()) <= set(words)
    assert set(parsed.rejects["reason"].to_list()) <= set(schema.REJECT_REASONS)
    assert set(parsed.skips["reason"].to_list()) <= set(schema.SKIP_REASONS)
    assert all(parsed.rejects["detail"].str.len_chars() > 0)


def _in_parts(form: Format, lines: pl.DataFrame, declared: Declared, cuts: list[int]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    carry = ""
    bounds = [0, *sorted(cuts), lines.height]
    for start, end in pairwise(bounds):
        parsed = form.parse(lines.slice(start, end - start), declared, carry)
        found += _spelled_out(parsed)
        carry = parsed.carry
    return found


@every_sample
def test_each_line_of_the_sample_gives_what_a_person_has_read(path: Path) -> None:
    found = _spelled_out(_form(path).parse(_lines(path), _declared(path), ""))
    written = "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in found)
    if os.environ.get("ESAFETY_WRITE_EXPECTED"):
        _expected_path(path).write_text(written, encoding="utf-8")
        pytest.skip("written anew; read the difference")
    expected = [json.loads(line) for line in _expected_path(path).read_text(encoding="utf-8").splitlines()]
    assert found == expected


@every_sample
def test_sample_is_short_and_has_bad_lines(path: Path) -> None:
    lines = _lines(path)
    parsed = _form(path).parse(lines, _declared(path), "")
    assert len(path.read_bytes().splitlines()) <= _LONGEST_SAMPLE
    assert parsed.rejects.height > 0
    assert parsed.events.height > 0
    _check_shape(parsed, lines)


@every_sample
def test_only_its_own_format_claims_a_sample(path: Path) -> None:
    first = [text for text in _lines(path)["text"].to_list() if text.strip()][:50]
    claimants = {name for name, form in registry().items() if form.claims(first)}
    assert claimants == {path.parent.name} - _NEVER_CLAIMS


@every_sample
@_quick
@given(data=st.data())
def test_whole_or_in_parts_is_the_same(path: Path, data: st.DataObject) -> None:
    lines, declared = _lines(path), _declared(path)
    cuts = data.draw(st.lists(st.integers(0, lines.height), max_size=5))
    assert _in_parts(_form(path), lines, declared, cuts) == _spelled_out(_form(path).parse(lines, declared, ""))


@every_sample
@_quick
@given(data=st.data())
def test_damaged_lines_of_the_sample_raise_nothing(path: Path, data: st.DataObject) -> None:
    texts = _lines(path)["text"].to_list()
    damaged = []
    for text in data.draw(st.lists(st.sampled_from(texts), max_size=6)):
        at, length = data.draw(st.integers(0, len(text))), data.draw(st.integers(0, 12))
        damaged.append(text[:at] + data.draw(st.text(max_size=5)) + text[at + length :])
    lines = _table(damaged)
    _check_shape(_form(path).parse(lines, _declared(path), ""), lines)
    _form(path).claims(damaged)


@every_format
@_quick
@given(texts=st.lists(st.text(max_size=80) | st.text(alphabet=' \t",;|=.:/-*0123456789aZ\n', max_size=80), max_size=6))
def test_arbitrary_text_raises_nothing(name: str, texts: list[str]) -> None:
    lines = _table(texts)
    for declared in (Declared(), _declared(_FOLDER / name)):
        _check_shape(registry()[name].parse(lines, declared, ""), lines)
    assert registry()[name].claims(texts) in {True, False}


@every_format
def test_no_lines_give_nothing(name: str) -> None:
    form = registry()[name]
    parsed = form.parse(_table([]), Declared(), "")
    _check_shape(parsed, _table([]))
    assert not form.claims([])


@every_format
def test_blank_lines_are_skipped_and_prose_is_refused(name: str) -> None:
    lines = _table(["", "   ", "\t", "Dear all, the network will be down on Friday, from noon, sorry; | see you"])
    parsed = registry()[name].parse(lines, _declared(_FOLDER / name), "")
    assert parsed.skips["line"].to_list()[:3] == [1, 2, 3]
    assert parsed.events.is_empty()


@every_format
def test_format_is_described(name: str) -> None:
    form = registry()[name]
    assert form.name == name
    assert all([form.title, form.document.startswith("https://"), form.gives, form.cannot])
