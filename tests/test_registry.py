"""The formats are found by their names, and only those that are asked for are loaded."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from pipeline.formats import Declared, named, names, registry


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


def test_what_is_declared_is_said_the_same_however_much_can_be_declared() -> None:
    zone, moment = ZoneInfo("Europe/London"), datetime(2026, 11, 9, tzinfo=UTC)
    assert Declared(timezone=zone, last_change=moment).said == "timezone=Europe/London"
    assert (
        Declared(zone, "dmy", (("ts", "When"),)).said
        == "timezone=Europe/London|date_order=dmy|columns=(('ts', 'When'),)"
    )
