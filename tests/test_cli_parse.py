"""`esafety parse` and `esafety flag`: what goes in, what comes out, and where."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.command_line import NINE, ROOT, SAMPLES, URGENT, a_log, as_process, run, school, squid
from tests.effort import tries

__all__ = ["school"]

# ---------------------------------------------------------------- parse


def test_parse_gives_every_line_as_event_or_reject_with_iso_times(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_text(a_log() + "\nnot a line of squid\n", encoding="utf-8")
    out, rejects = tmp_path / "events.jsonl", tmp_path / "rejects.jsonl"
    result = run("parse", log, "--output", out, "--rejects", rejects)
    assert (result.exit_code, result.stdout) == (0, "")
    assert "(squid): 23 lines = 21 events + 1 rejects (1 not-this-format) + 1 skipped (1 blank)" in result.stderr
    events = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert [each["line"] for each in events] == list(range(1, 22))
    assert events[0]["ts"] == "2026-11-10T09:00:00.123000+00:00"
    assert (events[20]["search_engine"], events[20]["search_text"]) == ("Google", "how to kill myself")
    (reject,) = (json.loads(line) for line in rejects.read_text("utf-8").splitlines())
    assert (reject["line"], reject["raw"]) == (23, "not a line of squid")


def test_parse_writes_the_same_to_parquet_and_to_json_lines(tmp_path: Path) -> None:
    for ending in ("parquet", "jsonl"):
        outputs = "--output", tmp_path / f"e.{ending}", "--rejects", tmp_path / f"r.{ending}"
        assert run("parse", SAMPLES / "guardian", *outputs).exit_code == 0
    for name in ("e", "r"):
        table = pl.read_parquet(tmp_path / f"{name}.parquet")
        rows = [json.loads(line) for line in (tmp_path / f"{name}.jsonl").read_text("utf-8").splitlines()]
        assert table["line"].to_list() == [row["line"] for row in rows] != []
        assert {column for row in rows for column in row} - {"raw_base64"} == set(table.columns)


def test_parse_reads_stdin_also_compressed(tmp_path: Path) -> None:
    plain = run("parse", "-", text=a_log())
    packed = run("parse", "-", text=gzip.compress(a_log().encode()))
    assert plain.stdout == packed.stdout
    assert len(plain.stdout.splitlines()) == 21
    nothing = run("parse", "-", "--output", tmp_path / "e.jsonl", text="")
    assert (nothing.exit_code, nothing.stderr) == (0, "-: empty, nothing to read\n")


def test_parse_reads_the_files_of_a_folder_and_says_which_it_could_not(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    for name, text in {"a.log": a_log(3), "b.log": "what is this?\n", ".hidden": "x", "c.log": ""}.items():
        (tmp_path / "logs" / name).write_text(text, encoding="utf-8")
    result = run("parse", tmp_path / "logs", tmp_path / "none", "--output", tmp_path / "e.jsonl")
    assert result.exit_code == 2
    first, second, third, fourth = result.stderr.splitlines()
    assert first.endswith("a.log (squid): 4 lines = 4 events + 0 rejects + 0 skipped")
    assert second.startswith("! ")
    assert "b.log: no log format recognises this file." in second
    assert third.endswith("c.log: empty, nothing to read")
    assert "none: cannot be opened" in fourth
    (tmp_path / "mark.csv").write_bytes(b"\xef\xbb\xbf")
    assert run("parse", tmp_path / "mark.csv").stderr.endswith("mark.csv: empty, nothing to read\n")
    (tmp_path / "void").mkdir()
    assert "is a folder without files" in run("parse", tmp_path / "void").stderr


def test_parse_does_not_read_what_it_writes(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text(a_log(3), encoding="utf-8")
    first = run("parse", tmp_path, "--output", tmp_path / "events.jsonl")
    assert first.exit_code == 0
    assert len((tmp_path / "events.jsonl").read_text("utf-8").splitlines()) == 4
    again = run("parse", tmp_path, "--output", tmp_path / "events.jsonl")
    assert again.exit_code == 1
    assert "is to be read and written over" in again.stderr


def test_parse_takes_the_columns_of_an_export_from_a_map(tmp_path: Path) -> None:
    result = run("parse", SAMPLES / "monitoring", "--map", "senso", "--date-order", "dmy")
    assert result.exit_code == 0
    events = [json.loads(line) for line in result.stdout.splitlines()]
    assert {each["kind"] for each in events} == {"typed"}
    own = tmp_path / "own.toml"
    own.write_text('[columns]\nts = "When"\ntyped_text = "What"\n', encoding="utf-8")
    sheet = "When;What\n2026-11-10 09:00:00;hello\n"
    (event,) = (json.loads(line) for line in run("parse", "-", "--map", own, text=sheet).stdout.splitlines())
    assert (event["ts"], event["typed_text"]) == ("2026-11-10T09:00:00+00:00", "hello")


def test_a_reader_that_has_seen_enough_ends_parse_without_a_word(tmp_path: Path) -> None:
    (tmp_path / "access.log").write_text(a_log(2000), encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "cli", "parse", "access.log"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""


@settings(max_examples=tries(30))
@given(st.binary(max_size=400), st.sampled_from(["auto", "squid", "e2guardian1", "e2guardian8", "fortigate", "csv"]))
def test_any_bytes_at_all_are_counted_and_end_in_no_traceback(data: bytes, form: str) -> None:
    result = run("parse", "-", "--format", form, text=data)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code in {0, 2}
    for counts in re.findall(r"(\d+) lines = (\d+) events \+ (\d+) rejects \+ (\d+) skipped", result.stderr):
        records, *parts = map(int, counts)
        assert records == sum(parts)


# ---------------------------------------------------------------- flag


def test_flag_answers_every_row_in_order_under_its_own_id() -> None:
    rows = [
        {"id": 7, "kind": "search", "text": "how to kill myself"},
        {"id": "b", "kind": "url", "url": URGENT},
        {"id": "\ud800", "kind": "typed", "text": "photosynthesis \ud800"},
        {"id": None, "kind": "title", "text": ""},
    ]
    result = run("flag", "-", text="\n\n".join(json.dumps(row) for row in rows))
    assert (result.exit_code, result.stderr) == (0, "")
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert [each["id"] for each in answers] == [7, "b", "\ud800", None]
    assert [each["categories"] for each in answers] == [["self-harm"], ["self-harm"], [], []]
    assert [each["level"] for each in answers] == ["urgent", "urgent", None, None]
    assert set(answers[0]["hits"][0]) == {"rule", "category", "field", "start", "end", "view", "weight"}
    assert answers[0]["reasons"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"x", "-:1: is not JSON"),
        (b"\n\n\xff", "-:3: is not UTF-8"),
        (b"[" * 100_000, "-:1: is not JSON (too long or too deep)"),
        (b"1" * 5_000, "-:1: is not JSON (too long or too deep)"),
        (b"[]", "-:1: is not a row that can be flagged"),
        (b'{"id": 1, "kind": "search"}', "-:1: is not a row that can be flagged"),
        (b'{"id": 1, "kind": ["search"], "text": "a"}', "-:1: is not a row that can be flagged"),
        (b'{"id": 1, "kind": "url", "text": "a"}', "-:1: is not a row that can be flagged"),
    ],
)
def test_a_row_that_cannot_be_flagged_is_named_by_its_line(text: bytes, said: str) -> None:
    result = run("flag", "-", text=text)
    assert (result.exit_code, result.stdout) == (1, "")
    assert said in result.stderr


_GAMING = """
[category]
id = "gaming"
title = "Gaming in lessons"
meaning = "Playing games."
severity = "low"
four_cs = "conduct"
uksic = ""
user_action = "Online gaming (non-educational)"
route = "pupil-inappropriate"
prevent = false
version = 2025-09-01
source = "made"
"""


def test_flag_uses_the_watchlists_and_thresholds_of_a_school(school: Path) -> None:
    folder = school.parent / "lists"
    folder.mkdir()
    (folder / "gaming.toml").write_text(
        _GAMING + '[[rule]]\nid = "gaming-zorb"\nterms = ["zorbquest"]\nweight = 20\n'
        'match = ["play zorbquest"]\nno_match = ["zorb"]\n',
        encoding="utf-8",
    )
    # Of these alone: all others take seconds to be made ready.
    text = school.read_text("utf-8").replace('# folders = ["watchlists"]', 'folders = ["lists"]')
    text = text.replace("shipped = true", "shipped = false")
    school.write_text(text.replace("low = 15", "low = 21"), encoding="utf-8")
    row = '{"id": 1, "kind": "search", "text": "zorbquest"}'
    (without,) = (json.loads(line) for line in run("flag", "-", text=row).stdout.splitlines())
    (with_it,) = (json.loads(line) for line in run("flag", "-", "--config", school, text=row).stdout.splitlines())
    assert without["hits"] == []
    assert ([each["rule"] for each in with_it["hits"]], with_it["level"]) == (["gaming-zorb"], "record")


def test_json_lines_are_utf8_whatever_the_terminal_speaks(tmp_path: Path) -> None:
    log = squid(NINE, user="zoë")
    (tmp_path / "access.log").write_text(log, encoding="utf-8")
    done = as_process("parse", "access.log", folder=tmp_path, PYTHONIOENCODING="cp1252", PYTHONUTF8="0")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["user_raw"] == "zoë"
