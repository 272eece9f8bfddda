"""The governors' page of a night and the night's own record tell the same of hours without a log."""

from __future__ import annotations

import json
import re
from pathlib import Path

from click.testing import CliRunner

from cli import main
from tests.made_pages import Page


def test_the_page_and_the_record_agree_on_hours_without_a_log(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["demo", "--into", str(tmp_path / "demo")])
    assert done.exit_code == 0
    night = next((tmp_path / "demo" / "reports").glob("*/run.json"))
    told: dict[str, list[str]] = json.loads(night.read_text("utf-8"))["missing_hours"]
    lost = {source: sum(_hours(span) for span in spans) for source, spans in told.items()}
    page = Page((night.parent / "governors.html").read_text("utf-8"))
    rows = {row[0]: row[1:] for row in page.tables["sources"].rows[1:]}
    counted = {name.split(" ")[0]: int(row[1].split(" ")[0]) for name, row in rows.items() if row[0] == "40"}
    assert lost == {"filter": 2}
    assert counted == {"filter": 2, "firewall": 0, "guardian": 0}
    assert rows["monitoring (main)"] == ["not expected", "not counted", "not counted", "24", "0"]
    assert "2 of 120 hours, all sources together, since 9 November 2026" in re.sub(r"\s+", " ", page.text)


def _hours(span: str) -> int:
    found = re.search(r" (\d\d):00-(\d\d):00$", span)
    assert found
    return int(found[2]) - int(found[1])
