"""The samples of all formats, what is declared of them, and what must hold of whatever a format gives."""

from __future__ import annotations

import tomllib
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from pipeline import schema
from pipeline.decode import numbered
from pipeline.files.records import blocks
from pipeline.formats import LINES, PARSE_REJECTS, PARSE_SKIPS, Declared, Format, Parsed, names, registry
from pipeline.formats._maps import ColumnMap, load_map
from pipeline.settings.headers import as_headers

FOLDER = Path(__file__).parent.parent / "sample_logs"
_KINDS = {".log", ".csv", ".tsv", ".json"}
SAMPLES = [path for name in names() for path in sorted((FOLDER / name).glob("*")) if path.suffix in _KINDS]

every_sample = pytest.mark.parametrize("path", SAMPLES, ids=lambda path: f"{path.parent.name}/{path.name}")
every_format = pytest.mark.parametrize("name", names())


@cache
def declared_of(place: Path) -> Declared:
    """What is declared of a sample, or of a folder of samples."""
    own = place.with_name(f"{place.name}.declared.toml")
    path = own if own.exists() else (place if place.is_dir() else place.parent) / "declared.toml"
    stated = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    its_map = load_map(stated["map"]) if "map" in stated else ColumnMap()
    columns = dict(its_map.columns) | as_headers(stated.get("columns", {}))
    verdicts = dict(its_map.verdicts) | stated.get("verdicts", {})
    zone = ZoneInfo(stated.get("timezone", "Europe/London"))
    return Declared(
        timezone=zone, date_order=stated.get("date_order"), columns=tuple(columns.items()),
        verdicts=tuple(verdicts.items()), layout=stated.get("layout", ""), hidden=its_map.hidden,
        last_change=stated.get("last_change"),
    )  # fmt: skip


def form_of(sample: Path) -> Format:
    return registry()[sample.parent.name]


@cache
def lines_of(sample: Path) -> pl.DataFrame:
    """Its lines, read once: nobody changes a table."""
    quoted = form_of(sample).records == "quoted"
    tables = [numbered(block).select(list(LINES)) for block in blocks([sample.read_bytes()], quoted=quoted)]
    return pl.concat(tables)


@cache
def parsed_of(sample: Path) -> Parsed:
    """What its format makes of it as a whole; read once, to be compared."""
    return form_of(sample).parse(lines_of(sample), declared_of(sample), "")


def table_of(texts: list[str]) -> pl.DataFrame:
    return pl.DataFrame({"line": range(1, len(texts) + 1), "text": texts}, schema=LINES)


def check_shape(parsed: Parsed, lines: pl.DataFrame) -> None:
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


def spelled_out(parsed: Parsed) -> list[dict[str, Any]]:
    """One entry for each line, in order: its event without the nulls, or why there is none."""
    found: list[dict[str, Any]] = []
    for row in parsed.events.with_columns(pl.col("ts").dt.strftime("%Y-%m-%dT%H:%M:%S%.6f%:z")).iter_rows(named=True):
        event = {name: value for name, value in row.items() if value is not None and name != "line"}
        found.append({"line": row["line"], "event": event})
    found += [{"line": line, "reject": reason, "detail": detail} for line, reason, detail in parsed.rejects.iter_rows()]
    found += [{"line": line, "skip": reason} for line, reason in parsed.skips.iter_rows()]
    return sorted(found, key=lambda entry: int(entry["line"]))
