"""A whole night over logs whose every word is hostile: harmless on pages, in lists, on the terminal and in JSON."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from urllib.parse import quote

import pytest

from pipeline.formats import Declared
from pipeline.output.record import summary_lines
from pipeline.trials import trying
from tests.made_night import NIGHT, WRITTEN, School, squid
from tests.made_pages import HOSTILE, assert_harmless

SOURCES = """
[[source]]
name = "filter"
files = ["logs/*.log"]
format = "squid"

[[source]]
name = "exports"
files = ["logs/*.csv"]
format = "csv"
date_order = "dmy"
every_hour = false
[source.columns]
ts = "When"
user_raw = "Who"
device = "Device"
typed_text = "Text"
title = "Title"

[people]
file = "people.csv"
"""


def cell(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> School:
    folder = tmp_path_factory.mktemp("hostile")
    texts = [text.replace("\0", "") for text in HOSTILE]
    names = "".join(f"p{n},{cell(text)},{cell(text)},pupil,{n}\n" for n, text in enumerate(texts))
    (folder / "people.csv").write_text("username,display_name,classes,role,year_group\n" + names, "utf-8", newline="")
    made = School(folder, SOURCES).made()
    lines, rows = [], ["When,Who,Device,Text,Title\n"]
    for n, text in enumerate(HOSTILE):
        words = quote(f"blue lobster {text}", safe="")
        lines.append(squid(60 * n, f"http://www.google.com/search?q={words}", quote(text, safe="") or "-"))
        lines.append(squid(60 * n + 1, f"http://www.example.org/{text.replace(chr(10), '')}/blue-lobster", f"p{n}"))
        when = f"10/11/2026 10:{n:02}:00"
        rows.append(
            ",".join([when, *(cell(each) for each in (text, text, f"blue lobster {text}", f"{text} blue lobster"))])
        )
        rows.append(f"\n{when},p{n},,{cell(f'paper crane {text}')},\n")
    made.log("hostile.log", "".join(lines))
    made.log("hostile.csv", "".join(rows))
    made.log("<img src=x onerror=alert(1)>\x1b[31m\u202e.log", "=cmd|' /C calc'!A0\n" * 30, WRITTEN)
    return made


def test_a_hostile_night_is_shown_and_does_nothing(school: School) -> None:
    record = school.night()
    assert record.drafts["urgent"] >= 2 * len(HOSTILE) - 2
    assert any("lines could not be read as squid" in issue for issue in record.all_issues)
    reports = school.folder / "reports" / NIGHT.date().isoformat()
    page = assert_harmless((reports / "digest.html").read_text("utf-8"))
    assert "<script>alert(1)</script>" in page.text
    governors = assert_harmless((reports / "governors.html").read_text("utf-8"))
    assert "alert(1)" not in governors.text
    assert "lobster" not in governors.text.replace("Lobsters", "")
    for line in summary_lines(record):
        assert line.isprintable()
    written = (reports / "run.json").read_bytes()
    assert written.isascii()
    assert b"\x1b" not in written
    assert json.loads(written)["drafts"] == record.drafts


def test_the_list_of_unknown_users_holds_no_formula(school: School) -> None:
    record = school.night()
    text = (school.folder / "reports" / NIGHT.date().isoformat() / "unknown-users.csv").read_text("utf-8")
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0] == ["account", "first_day", "days", "events"]
    assert len(rows) - 1 == record.unknown_users > 5
    for row in rows[1:]:
        assert len(row) == 4
        assert not row[0].startswith(("=", "+", "-", "@", "\t", "\r"))
        assert row[0].isprintable()


def test_a_person_with_two_rows_is_named_by_neither(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text(
        "username,display_name,classes,role,year_group\na.example,One,7A,pupil,7\nA.Example,Two,8B,pupil,8\n", "utf-8"
    )
    made = School(tmp_path, SOURCES).made()
    made.log("access.log", squid(0, "http://www.google.com/search?q=blue+lobster", "a.example"))
    made.log("e.csv", "When,Who,Device,Text,Title\n")
    record = made.night()
    assert any("people.csv" in issue and "a.example" not in issue.partition(":")[0] for issue in record.issues)
    assert record.exit_code == 2
    (draft,) = made.drafts().to_dicts()
    assert (draft["who"], draft["subject_kind"]) == ("contradicted", "address")
    assert "One" not in str(draft["subject_name"])
    assert "Two" not in str(draft["subject_name"])


def test_what_is_tried_steers_no_terminal_either(school: School, tmp_path: Path) -> None:
    logs = sorted((school.folder / "logs").glob("*.log"))
    events, rejects = tmp_path / "events.jsonl", tmp_path / "rejects.jsonl"
    records = trying.parse_files(logs, "squid", Declared(), events, rejects)
    assert sum(record.records for record in records) == 30 + 2 * len(HOSTILE)
    for path in (events, rejects):
        text = path.read_text("utf-8")
        assert not [each for each in text if each != "\n" and each < " "]
        assert not set(text) & set("\x7f\x9b\u202e\u2066\u2028")
        rows = [json.loads(line) for line in text.splitlines()]
        assert len(rows) == sum(record.events if path == events else record.rejects for record in records)
