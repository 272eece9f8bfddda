"""docs/formats.md says what the formats say, and a format that is added tomorrow fits into it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from pipeline.config import Source
from pipeline.formats import registry
from pipeline.formats._maps import load_map, shipped_maps
from tools import format_pages


def test_the_page_is_what_the_code_gives() -> None:
    made = format_pages.page()
    assert format_pages.PAGE.read_text(encoding="utf-8") == made, "run `make docs`"


@pytest.mark.parametrize("name", sorted(registry()))
def test_every_format_has_its_section_with_a_source_and_an_example(name: str) -> None:
    section = format_pages.PAGE.read_text(encoding="utf-8").split(f"\n## {name}\n")[1].split("\n## ")[0]
    assert registry()[name].document in section
    [block] = re.findall(r"^```toml\n(.*?)^```$", section, flags=re.MULTILINE | re.DOTALL)
    assert Source(**tomllib.loads(block)["source"][0]).format == name
    assert "\nts_quality " in section


def test_maps_that_met_no_export_are_marked() -> None:
    page = format_pages.PAGE.read_text(encoding="utf-8")
    for name in shipped_maps():
        [row] = re.findall(rf"^\| `{name}` \|.*$", page, flags=re.MULTILINE)
        assert ("not yet met" in row) == (not load_map(name).met_a_real_export)


def test_check_tells_a_page_that_is_behind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    page = tmp_path / "formats.md"
    page.write_text("old", encoding="utf-8")
    monkeypatch.setattr(format_pages, "page", lambda: "made\n")
    monkeypatch.setattr(format_pages, "PAGE", page)
    assert format_pages.main(["--check"]) == 1
    assert format_pages.main([]) == 0
    assert format_pages.main(["--check"]) == 0
