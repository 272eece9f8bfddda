"""The debug log of Windows DNS Server: in UTF-16, in every region's dates, with names that are pranks."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from cli import main
from pipeline.formats import LINES, DateOrder, Declared, Parsed, registry
from tests.effort import tries

_FORM = registry()["windows_dns"]
_SAMPLE = Path(__file__).parent.parent / "sample_logs" / "windows_dns" / "dns.log"
_REST = " 0E70 PACKET  00000000033397A0 UDP Rcv 10.2.3.4        5b47   Q [0001   D   NOERROR] A      "
_quick = settings(max_examples=tries(60), deadline=None)


def _parsed(texts: list[str], order: DateOrder | None = None) -> Parsed:
    lines = pl.DataFrame({"line": range(1, len(texts) + 1), "text": texts}, schema=LINES)
    return _FORM.parse(lines, Declared(date_order=order), "")


@pytest.mark.parametrize(
    "stamp", ["13/06/2026 10:00:32", "13.06.2026 10:00:32", "6/13/2026 10:00:32 AM", "2026/6/13 10:00:32"]
)
def test_a_day_above_twelve_proves_the_order(stamp: str) -> None:
    events = _parsed([f"{stamp}{_REST}(3)www(4)test(0)"]).events
    assert events.select("ts", "ts_quality").rows() == [(datetime(2026, 6, 13, 9, 0, 32, tzinfo=UTC), "assumed-zone")]


def test_a_date_that_nobody_declares_is_not_guessed() -> None:
    texts = [f"05/06/2026 10:00:32{_REST}(3)www(4)test(0)"]
    assert "may be the day 5 of month 6 or the day 6 of month 5" in _parsed(texts).rejects["detail"][0]
    assert _parsed(texts, "dmy").events["ts"].dt.month().to_list() == [6]
    assert _parsed(texts, "mdy").events["ts"].dt.month().to_list() == [5]


_LABELS = st.lists(st.text(alphabet="ab3(). -", min_size=1, max_size=12), max_size=4)


@_quick
@given(names=st.lists(_LABELS, min_size=1, max_size=5))
def test_a_name_is_its_labels_whatever_they_hold(names: list[list[str]]) -> None:
    written = ["".join(f"({len(label)}){label}" for label in labels) + "(0)" for labels in names]
    events = _parsed([f"2026/6/13 10:00:32{_REST}{name}" for name in written]).events
    assert events["host"].to_list() == [".".join(labels) or None for labels in names]


@pytest.mark.parametrize(
    "name",
    ["(4)www(4)test(0)", "(3)www(4)test", "(3)www(4)test(1)", "(3)www(4)te(0)", "(3)ww(4)testt(0)", "(99)www(0)"],
)
def test_wrong_lengths_are_refused(name: str) -> None:
    assert _parsed([f"2026/6/13 10:00:32{_REST}{name}"]).rejects["reason"].to_list() == ["bad-field"]


def test_a_log_in_utf_16_is_the_same(tmp_path: Path) -> None:
    found = []
    for name, content in (("a.log", _SAMPLE.read_bytes()), ("b.log", _SAMPLE.read_text("utf-8").encode("utf-16"))):
        (tmp_path / name).write_bytes(content)
        output = tmp_path / "events.jsonl"
        arguments = ["parse", str(tmp_path / name), "--date-order", "dmy", "--output", str(output)]
        assert CliRunner().invoke(main, arguments).exit_code == 0
        rows = [json.loads(line) for line in output.read_text("utf-8").splitlines()]
        found.append([(row["line"], row["ts"], row["client_ip"], row["host"]) for row in rows])
    assert found[0] == found[1]
    assert len(found[0]) == 14
