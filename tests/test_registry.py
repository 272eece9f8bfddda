"""The formats are found by their names, and only those that are asked for are loaded."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pipeline.formats import named, names, registry


@pytest.mark.parametrize("name", names())
def test_each_format_is_found_by_its_own_name(name: str) -> None:
    form = named(name)
    assert form is not None
    assert form.name == name
    assert registry()[name] is form


@pytest.mark.parametrize("name", ["", "nothing", "_cells", "csv_export", "../squid", "maps", "Squid"])
def test_what_is_no_format_is_not_found(name: str) -> None:
    assert named(name) is None


def test_one_format_is_loaded_without_the_others() -> None:
    asked = "import sys; from pipeline.formats import named; named('squid')"
    told = "print(sorted(each for each in sys.modules if each.startswith('pipeline.formats.') and '._' not in each))"
    result = subprocess.run([sys.executable, "-c", f"{asked}; {told}"], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "['pipeline.formats.squid']"
