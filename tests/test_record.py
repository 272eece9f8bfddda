"""The record of a night: counts that are conserved, JSON that any machine can read, lines that steer no terminal."""

from __future__ import annotations

import json
import shlex
from collections import Counter
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.output.record import FileRecord, RunRecord, shown, summary_lines
from tests.effort import tries

START = datetime(2026, 11, 11, 3, tzinfo=UTC)
LONDON = ZoneInfo("Europe/London")


def a_run(*files: FileRecord) -> RunRecord:
    return RunRecord("Made School", "0.1", START, LONDON, files=list(files))


def a_file(**more: object) -> FileRecord:
    record = FileRecord("filter", "/logs/access.log", "squid", "read", 10, 7, 1, Counter(blank=1, header=1))
    record.reject_reasons = Counter({"bad-time": 1})
    for name, value in more.items():
        setattr(record, name, value)
    return record


def test_every_record_comes_out_as_one_of_three() -> None:
    assert a_file().is_conserved
    assert not a_file(records=11).is_conserved
    assert not a_file(reject_reasons=Counter()).is_conserved


def test_the_exit_code_says_whether_something_needs_attention() -> None:
    assert a_run(a_file()).exit_code == 0
    assert a_run(a_file(issues=["x"])).exit_code == 2
    run = a_run()
    run.issues.append("y")
    assert (run.exit_code, run.all_issues) == (2, ["y"])


def test_the_date_of_a_run_is_local() -> None:
    assert RunRecord("x", "", datetime(2026, 7, 7, 23, 30, tzinfo=UTC), LONDON).today == date(2026, 7, 8)


def test_as_json_it_holds_plain_types() -> None:
    run = a_run(a_file(first_ts=START, last_ts=START), a_file(path="two\udcff"))
    record = json.loads(json.dumps(run.as_json()))
    assert record["totals"] == {"records": 20, "events": 14, "rejects": 2, "skips": 4}
    assert record["started"] == "2026-11-11T03:00:00+00:00"
    assert record["timezone"] == "Europe/London"
    assert record["files"][0]["skips"] == {"blank": 1, "header": 1}
    assert record["files"][0]["reject_reasons"] == {"bad-time": 1}
    assert record["files"][0]["first_ts"] == "2026-11-11T03:00:00+00:00"
    assert record["files"][1]["first_ts"] is None
    assert record["exit_code"] == 0


def test_the_summary_names_what_a_person_has_to_know() -> None:
    run = a_run(a_file(first_ts=START, last_ts=START), a_file(status="unchanged"), a_file(status="not read"))
    run.drafts = {"urgent": 1, "low": 2}
    run.unknown_users = 3
    run.missing_hours = {"filter": ["Tue 10 Nov 09:00-10:00", "Tue 10 Nov 11:00-12:00"]}
    run.pages = ["reports/digest.html"]
    run.issues = ["something is wrong"]
    text = "\n".join(summary_lines(run))
    for part in (
        "Made School: night of Wed 11 Nov 2026 03:00",
        "filter: 1 files read, 1 unchanged, 1 not read",
        "/logs/access.log (squid): 10 lines = 7 events + 1 rejects (1 bad-time) + 2 skipped (1 blank, 1 header)",
        "Drafts: 1 urgent, 2 low",
        "does not list: 3 (see unknown-users.csv)",
        "filter: no log Tue 10 Nov 09:00-10:00, Tue 10 Nov 11:00-12:00",
        "! something is wrong",
        "Open reports/digest.html",
    ):
        assert part in text
    assert "dry run of" in "\n".join(summary_lines(RunRecord("x", "", START, LONDON, dry_run=True)))
    assert "Drafts: none" in summary_lines(a_run())


def test_the_summary_says_once_how_rejects_are_seen() -> None:
    many = Counter({"bad-time": 2, "bad-field": 2, "too-long": 40})
    worst = a_file(path="/logs/it's 1.log", records=53, rejects=44, reject_reasons=many)
    lines = summary_lines(a_run(a_file(), worst, a_file(path="/logs/b")))
    assert "44 rejects (40 too-long, 2 bad-field, 2 bad-time)" in "".join(lines)
    (told,) = [line for line in lines if "esafety parse" in line]
    arguments = shlex.split(told.partition(": ")[2])
    assert arguments[:7] == [
        "esafety", "parse", "/logs/it's 1.log", "--config", "school.toml", "--source", "filter",
    ]  # fmt: skip
    assert arguments[-2:] == ["--rejects", "rejects.jsonl"]
    clean = a_file(records=9, rejects=0, reject_reasons=Counter())
    assert "esafety parse" not in "".join(summary_lines(a_run(clean)))


@pytest.mark.parametrize("text", ["\x1b[31m", "\x9b31m", "\u202e", "\x07", "\r\n", "\u200b", "\udcff", "\x00"])
def test_nothing_steers_a_terminal(text: str) -> None:
    run = a_run(a_file(path=f"/logs/{text}.log"), a_file(issues=[f"/logs/{text}: is odd."]))
    lines = summary_lines(run)
    assert all(text not in line for line in lines)
    assert all(line.isprintable() for line in lines)
    "\n".join(lines).encode()


@settings(max_examples=tries(100))
@given(st.text(st.characters(), max_size=20))
def test_whatever_is_shown_can_be_printed(text: str) -> None:
    assert shown(text).isprintable()
    assert len(shown(text)) == len(text)
    shown(text).encode()
    if text.isprintable():
        assert shown(text) == text
