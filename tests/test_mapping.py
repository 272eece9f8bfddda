"""`esafety map` proposes a map for an export that nobody has seen, says how sure it is, and never decides."""

from __future__ import annotations

import gzip
import json
import re
import tomllib
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cli import main
from pipeline.columnmaps.guessing import guesses, verdict_of
from pipeline.columnmaps.mapping import Proposal, propose
from pipeline.columnmaps.proposals import as_lines, map_toml, quoted, source_toml
from pipeline.config import load_settings
from pipeline.formats import Declared
from pipeline.formats._maps import load_map, shipped_maps
from pipeline.schema import VERDICTS
from pipeline.settings.headers import spread
from tests.effort import tries
from tests.made_workbook import Cell, sheet, workbook

ROOT = Path(__file__).resolve().parent.parent
EXPORT = """Web report
From,01/09/2025

Date/Time,Student email,Visited URL,Outcome,Notes
08/09/2025 09:05:01,a@school.example,https://news.example.org/a,Stopped,x
18/09/2025 09:06:01,b@school.example,https://games.example.com/b,Allowed,y
"""


def written(folder: Path, content: str | bytes, name: str = "export.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def proposal_of(folder: Path, content: str | bytes, name: str = "export.csv") -> Proposal:
    return propose(written(folder, content, name), Declared())


def run(*arguments: str | Path, text: bytes | None = None) -> Result:
    return CliRunner().invoke(main, ["map", *map(str, arguments)], input=text)


# ---------------------------------------------------------------- what is found


def test_header_preamble_columns_words_and_order_are_found(tmp_path: Path) -> None:
    found = proposal_of(tmp_path, EXPORT)
    assert (found.form, found.separator, found.header_line, found.before_header) == ("csv", ",", 4, 2)
    assert found.columns == (
        ("ts", "Date/Time"), ("user_raw", "Student email"), ("url", "Visited URL"), ("verdict", "Outcome"),
    )  # fmt: skip
    assert [each.confidence for each in found.guesses] == ["sure", "sure", "likely", "likely"]
    assert found.unused == ("Notes",)
    assert found.words == {"Allowed": "allowed", "Stopped": None}
    assert (found.date_order, found.is_order_proved, found.is_order_needed) == ("dmy", True, False)
    assert found.counts["events"] == 2
    assert found.needs_attention


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_every_separator_is_found(separator: str, tmp_path: Path) -> None:
    rows = ["Time,User,IP", "2025-09-08 09:05:01,dee,10.0.0.7", "2025-09-08 09:05:02,eve,10.0.0.8"]
    found = proposal_of(tmp_path, "\n".join(row.replace(",", separator) for row in rows))
    assert found.separator == separator
    assert dict(found.columns) == {"ts": "Time", "user_raw": "User", "client_ip": "IP"}
    assert not found.needs_attention


def test_packed_files_workbooks_and_utf_16_are_looked_at_too(tmp_path: Path) -> None:
    rows: list[list[Cell]] = [["Time", "User"], [datetime(2025, 9, 8, 9, 5), "dee"]]  # noqa: DTZ001 - a cell has no zone
    text = "Time,User\n2025-09-08 09:05:00,dee\n"
    for content in (workbook(sheet(rows)), gzip.compress(text.encode()), b"\xff\xfe" + text.encode("utf-16-le")):
        assert proposal_of(tmp_path, content).columns == (("ts", "Time"), ("user_raw", "User"))


def test_json_lines_give_paths(tmp_path: Path) -> None:
    record = {"at": {"timestamp": 1757318701}, "user.name": "dee", "net": [{"ip": "10.0.0.7"}], "action": "BLOCKED"}
    found = proposal_of(tmp_path, json.dumps(record) + "\n" + json.dumps(record) + "\n")
    assert found.form == "json"
    assert dict(found.columns) == {
        "ts": "at.timestamp", "user_raw": '"user.name"', "client_ip": "net[0].ip", "verdict": "action",
    }  # fmt: skip
    assert found.counts["events"] == 2
    assert found.rows[0]["verdict"] == "blocked"


def test_what_is_ambiguous_is_asked_and_not_guessed(tmp_path: Path) -> None:
    found = proposal_of(tmp_path, "Time,User\n08/09/2025 09:05,dee\n09/09/2025 09:05,dee\n")
    assert found.is_order_needed
    assert found.counts["events"] == 0
    assert '# date_order = "dmy"' in source_toml(found)
    assert any("--date-order" in line for line in as_lines(found))
    told = propose(tmp_path / "export.csv", Declared(date_order="dmy"))
    assert told.counts["events"] == 2
    assert not told.needs_attention


def test_cells_speak_against_a_name_and_for_a_column_without_one(tmp_path: Path) -> None:
    rows = "When,URL,A,B\n2025-09-08 09:05:00,7,10.0.0.7,https://x.example/\n2025-09-08 09:05:00,8,10.0.0.8,https://y.example/\n"
    found = proposal_of(tmp_path, rows)
    assert dict(found.columns) == {"ts": "When", "client_ip": "A", "url": "B"}
    assert {each.column: each.confidence for each in found.guesses} == {
        "ts": "sure",
        "client_ip": "likely",
        "url": "guess",
    }


def test_a_header_that_stands_twice_is_never_proposed(tmp_path: Path) -> None:
    found = proposal_of(tmp_path, "Time,User,User\n2025-09-08 09:05:00,dee,eve\n")
    assert found.columns == (("ts", "Time"),)


@pytest.mark.parametrize("name", shipped_maps())
def test_a_shipped_map_is_named_where_it_fits(name: str, tmp_path: Path) -> None:
    headers = list(spread(load_map(name).columns).values())
    row = ["2025-09-08 09:05:00" if column == "ts" else "" for column, _ in load_map(name).columns]
    found = proposal_of(tmp_path, "\n".join([",".join(headers), ",".join(row)]))
    assert found.shipped_map == name


def test_every_word_that_is_known_is_a_verdict() -> None:
    assert {verdict_of(word) for word in ("Allow", "BLOCKED", "soft-block", "Denied ")} <= {*VERDICTS}
    assert verdict_of("Quarantined") is None


# ---------------------------------------------------------------- what comes out can be used


def test_the_toml_loads_and_reads_the_file_as_it_was_shown(tmp_path: Path) -> None:
    found = proposal_of(tmp_path, EXPORT)
    config = tmp_path / "school.toml"
    config.write_text('[school]\nname = "S"\n' + "\n".join(source_toml(found)), encoding="utf-8")
    [source] = load_settings(config).source
    assert source.columns == dict(found.columns)
    assert source.verdicts == {"Allowed": "allowed"}
    own = written(tmp_path, map_toml(found), "own.toml")
    assert load_map(own).columns == found.columns


@settings(max_examples=tries(40), deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_comes_back_out_of_toml_and_shows(text: str) -> None:
    assert tomllib.loads(f"a = {quoted(text)}")["a"] == text
    assert quoted(text).isprintable()


def test_the_command_prints_writes_and_tells_by_its_exit_code(tmp_path: Path) -> None:
    path, own = written(tmp_path, EXPORT), tmp_path / "map.toml"
    result = run(path, "--output", own)
    assert result.exit_code == 2
    assert "[source.columns]" in result.stdout
    assert "2025-09-18T08:06:01Z" in result.stdout
    assert load_map(own).columns
    clean = written(tmp_path, EXPORT.replace("Stopped", "Blocked"))
    assert run(clean).exit_code == 0
    data = json.loads(run("--json", clean).stdout)
    assert data["words"] == {"Allowed": "allowed", "Blocked": "blocked"}
    assert run("-", text=EXPORT.encode()).exit_code == 2


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "holds no line"),
        (b"\n\n", "holds no line"),
        (b"prose\nand more of it\n", "no header is found"),
        (b"User,URL\ndee,https://x.example/\n", "no column holds times"),
        (b"Date,User\n08/09/2025,dee\n", "no two hold dates and times of day"),
        (b"Time,User\n09:05:00,dee\n", "no two hold dates and times of day"),
        (b"Date of birth,Time,User\n08/09/2009,09:05:00,dee\n", "no two hold dates and times of day"),
        (b"Date,Duration,User\n08/09/2025,00:05:00,dee\n", "no two hold dates and times of day"),
        (b"When,User\n46279.3784,dee\n", "first cells: 'When' ('46279.3784'), 'User' ('dee')"),
        (b'[{"time":"2025-09-08T09:05:01Z","user":"dee"}]\n', "jq -c '.[]' FILE"),
        (b'[\n {\n  "time": "2025-09-08T09:05:01Z",\n  "user": "dee"\n }\n]\n', "is JSON that goes on over lines"),
        (b'{\n "data": [\n  {"time": "2025-09-08T09:05:01Z"}\n ]\n}\n', "is JSON that goes on over lines"),
        (b"PK\x03\x04broken", "damaged"),
    ],
)
def test_what_cannot_be_mapped_says_why(content: bytes, words: str, tmp_path: Path) -> None:
    result = run(written(tmp_path, content))
    assert result.exit_code == 1
    assert words in result.stderr
    assert "Traceback" not in result.output


def test_a_header_that_stands_twice_is_told_and_needs_attention(tmp_path: Path) -> None:
    rows = "Time,User,URL,url ,,\n2025-09-08 09:05:01,dee,https://x.example/,x,,\n"
    found = proposal_of(tmp_path, rows)
    assert found.twice == ("url",)
    assert found.needs_attention
    assert 'no map can name them: "url". Rename all but one' in "\n".join(as_lines(found))


@pytest.mark.parametrize("header", ["RemoteIP", "Destination IP", "dst_ip", "External IP", "DvcIpAddr"])
def test_the_address_of_the_other_end_is_nobodys(header: str, tmp_path: Path) -> None:
    found = proposal_of(tmp_path, f"Time,User,{header}\n2025-09-08 09:05:01,dee,203.0.113.5\n")
    sure = [each.column for each in found.guesses if each.confidence != "guess"]
    assert sure == ["ts", "user_raw"]


def test_accounts_that_look_like_hosts_are_no_urls_and_a_zone_hides_no_time(tmp_path: Path) -> None:
    rows = 'Date,Name,Domain\n"Mon, 8 Sep 2025 09:05:01 BST",a.pupil,x.example\n'
    found = proposal_of(tmp_path, rows)
    assert found.columns == (("ts", "Date"), ("host", "Domain"))
    assert found.rows[0]["ts"] == "2025-09-08T08:05:01Z"


def test_a_log_that_needs_no_map_says_so() -> None:
    result = run(ROOT / "sample_logs" / "squid" / "access.log")
    assert result.exit_code == 1
    assert "as squid: it needs no map" in result.stderr


def test_the_export_itself_is_never_written_over(tmp_path: Path) -> None:
    path = written(tmp_path, EXPORT)
    assert run(path, "--output", path).exit_code == 1
    assert path.read_text("utf-8") == EXPORT


# ---------------------------------------------------------------- as an enemy


def test_hostile_text_cannot_steer_a_terminal(tmp_path: Path) -> None:
    nasty = "\x1b[2Jx\u202e\x07"
    text = f'Time,User {nasty},Action\n2025-09-08 09:05:00,"{nasty}","{nasty}"\n2025-09-08 09:05:00,"a\nb",Allowed\n'
    result = run(written(tmp_path, text))
    assert result.exit_code == 2
    assert all(line.isprintable() for line in result.stdout.split("\n"))
    assert "\\u001b[2J" in result.stdout
    assert result.stdout.count("\ufffd") == 0
    block = result.stdout.split("For school.toml:")[1].split("Read so:")[0]
    assert tomllib.loads(block)["source"][0]["columns"]["user_raw"] == f"User {nasty}"


_CELLS = ["Time", "User", "2025-09-08 09:05:00", "10.0.0.7", "", '"', "a\nb", "{", "x" * 300]


@settings(max_examples=tries(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.lists(
            st.sampled_from(["Time", "User", "2025-09-08 09:05:00", "10.0.0.7", "", '"', "a\nb", "{", "x" * 300]),
            max_size=5,
        ),
        max_size=8,
    ),
    st.sampled_from(",;\t|"),
)
def test_any_table_ends_in_a_proposal_or_in_words(tmp_path: Path, rows: list[list[str]], separator: str) -> None:
    result = run(written(tmp_path, "\n".join(separator.join(row) for row in rows)))
    assert result.exit_code in {0, 1, 2}
    assert result.exception is None or isinstance(result.exception, SystemExit)


@settings(max_examples=tries(40), deadline=None)
@given(st.lists(st.text(max_size=20), max_size=6), st.data())
def test_any_headers_and_cells_give_each_column_once(headers: list[str], data: st.DataObject) -> None:
    cells: list[Any] = [data.draw(st.lists(st.text(max_size=20), max_size=4)) for _ in headers]
    found = guesses(headers, cells)
    assert len({each.column for each in found}) == len(found)
    assert all(re.fullmatch("sure|likely|guess", each.confidence) and each.reason for each in found)
