"""The original lines are those of the events, byte for byte, or none at all."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import SourceError
from pipeline.files.records import blocks
from pipeline.schema import EVIDENCE
from pipeline.store import evidence
from pipeline.store.evidence import original_lines
from pipeline.store.streams import Stream
from tests.effort import tries
from tests.made_night import School

_SOURCE = """
[[source]]
name = "exports"
files = ["logs/*.csv"]
format = "csv"
date_order = "dmy"
[source.columns]
ts = "Time"
user_raw = "User"
typed_text = "Text"
"""
_ROW = "10/11/2026 10:{:02d}:00,{},{}\n"


def places(data: bytes, start: Stream, *, quoted: bool = False) -> tuple[pl.DataFrame, list[bytes]]:
    """The places of all records after `start`, and their bytes."""
    rest = data[start.bytes_read :]
    cut = list(blocks([rest], line=start.next_line, byte_offset=start.bytes_read, quoted=quoted))
    rows = [
        (line, int(block.bounds[at]) + block.byte_offset, "hit")
        for block in cut
        for at, line in enumerate(block.lines.tolist())
    ]
    raws = [block.raw(at) for block in cut for at in range(len(block.lines))]
    return pl.DataFrame(rows, schema=["line", "byte_offset", "because"], orient="row"), raws


def stream(line: int = 1, offset: int = 0) -> Stream:
    return Stream("filter", "sha", "main", "squid", next_line=line, bytes_read=offset)


@settings(max_examples=tries(60))
@given(
    lines=st.lists(st.sampled_from([b"", b"a", b'b,"', b'"c', b'"d","e"', b"f\r"]), min_size=2, max_size=12),
    at=st.integers(0, 5), quoted=st.booleans(), packed=st.booleans(), steps=st.integers(1, 3),
    apart=st.integers(1, 9), close=st.integers(1, 9),
)  # fmt: skip
def test_lines_come_from_the_places_that_were_read(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], at: int, quoted: bool, packed: bool, steps: int,
    apart: int, close: int,
) -> None:  # fmt: skip
    data = b"\n".join(lines) + b"\n"
    before = lines[: min(at, len(lines) - 1)]
    start = stream(len(before) + 1, sum(len(line) + 1 for line in before))
    wanted, raws = places(data, start, quoted=quoted)
    path = tmp_path_factory.mktemp("log") / "log"
    later = b'grown "since\n'
    path.write_bytes(gzip.compress(data + later) if packed else data + later)
    with patch.multiple(evidence, _APART=apart, _CLOSE=close):
        found = original_lines(path, wanted[::steps], start, stream(99, len(data)), quoted=quoted)
    assert found["raw"].to_list() == raws[::steps]
    assert found.schema == EVIDENCE


@pytest.mark.parametrize("quoted", [False, True])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    "other", [b"", b"one\n", b"one\ntwo\nthre\nfour\n", b"one\ntwo three\nfour\n", b"\none\ntwo\nthree\nfour\n"]
)
def test_of_a_file_that_is_another_no_line_is_taken(tmp_path: Path, quoted: bool, packed: bool, other: bytes) -> None:
    data = b"one\ntwo\nthree\nfour\n"
    wanted, _ = places(data, stream())
    path = tmp_path / "log"
    path.write_bytes(gzip.compress(other) if packed else other)
    with pytest.raises(SourceError, match="changed while it was being read"):
        original_lines(path, wanted, stream(), stream(5, len(data)), quoted=quoted)


@pytest.mark.parametrize("packed", [False, True])
def test_a_line_without_end_is_taken_as_far_as_it_was_read(tmp_path: Path, packed: bool) -> None:
    data = b"one\ntwo"
    wanted, raws = places(data, stream())
    path = tmp_path / "log"
    path.write_bytes(gzip.compress(data + b" and more\nnext\n") if packed else data + b" and more\nnext\n")
    assert original_lines(path, wanted, stream(), stream(3, len(data)), quoted=False)["raw"].to_list() == raws
    # The rest of it is no line of its own.
    start = replace(stream(3, len(data)), ends_in_mid_line=True)
    after = pl.DataFrame({"line": [3], "byte_offset": [len(data) + 10], "because": ["hit"]})
    found = original_lines(path, after, start, stream(4, len(data) + 15), quoted=False)
    assert found["raw"].to_list() == [b"next"]


def test_a_stray_quote_gives_nobody_the_line_of_another(tmp_path: Path) -> None:
    made = School(tmp_path, _SOURCE).made()
    begun = "Time,User,Text\n" + _ROW.format(0, "u1", "fine") + _ROW.format(1, "u2", '"stray')
    made.log("a.csv", begun)
    made.night()
    made.log("a.csv", begun + "".join(
        _ROW.format(n, f"u{n + 1}", text)
        for n, text in enumerate(["blue lobster", "homework", 'bad" quote', "paper", "paper crane", "x"], 2)
    ))  # fmt: skip
    made.night()
    users = dict(made.table("hit_events").select("line", "user").iter_rows())
    raws = dict(made.table("evidence").filter(because="hit").select("line", "raw").iter_rows())
    assert users.keys() == raws.keys()
    assert len(users) > 0
    assert all(f",{user},".encode() in raws[line] for line, user in users.items())
