"""Memory is set by the size of a unit, not by the length of a file.

The night runs as a process of its own and tells the most memory that it ever had. What is compared is one log with
another of five times its length, under a unit so small that both have many.
"""

from __future__ import annotations

import subprocess
import sys
import weakref
from pathlib import Path

import pytest

from pipeline import nightly
from pipeline.rules import Rules
from tests.made_night import NIGHT, School, later, squid

resource = pytest.importorskip("resource", reason="Windows does not tell the most memory of a process")
ROOT = Path(__file__).resolve().parent.parent
PROGRAM = """
import resource, sys
from datetime import datetime
from pathlib import Path
from pipeline import decode, engine, nightly
from pipeline.config import load_settings
engine.UNIT_RECORDS, decode.decoded.__defaults__ = 5_000, (320 << 10,)
config = Path(sys.argv[1])
record = nightly.run(load_settings(config), config, datetime.fromisoformat(sys.argv[2]))
print(record.files[0].records, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def most_memory(folder: Path, lines: int) -> float:
    """MiB of a night over so many lines."""
    school = School(folder).made()
    page = "http://www.example.org/a/page/with/some/length/to/it/and/a/number/"
    school.log("access.log", "".join(squid(n / 10, f"{page}{n}", f"u{n % 500}.example") for n in range(lines)))
    command = [sys.executable, "-c", PROGRAM, str(school.config), NIGHT.isoformat()]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert int(told[0]) == lines
    # Linux counts in KiB, macOS in bytes.
    return int(told[1]) / (1024 if sys.platform == "linux" else 1 << 20)


def test_a_log_five_times_as_long_takes_no_more_memory(tmp_path: Path) -> None:
    short, long = most_memory(tmp_path / "short", 12_000), most_memory(tmp_path / "long", 60_000)
    assert long < short * 1.35 + 20, f"{short:.0f} MiB for the short log, {long:.0f} MiB for the long one"


def test_the_rules_of_a_night_go_with_the_next_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[weakref.ref[Rules]] = []
    really = nightly._made_ready

    def noted(*given: object, **more: object) -> Rules:
        rules = really(*given, **more)  # type: ignore[arg-type]  # whatever the night gives, handed on
        used.append(weakref.ref(rules))
        return rules

    monkeypatch.setattr(nightly, "_made_ready", noted)
    school = School(tmp_path).made()
    for number in range(3):
        school.night(later(number))
    assert [each() is None for each in used] == [True, True, False]
