"""The command line in tests: in this process and as one of its own, and a school that `esafety init` has made."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli import main
from tests.shipped import kept_for

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "sample_logs" / "school"
#: Tuesday 10 November 2026, a school day, 09:00 in London and in UTC.
NINE = 1_794_301_200
AS_OF = "2026-11-11T03:00"
MADE = {"school.toml", "contacts.toml", "logs"}
URGENT = "http://www.google.com/search?q=how+to+kill+myself"


def squid(seconds: int, url: str = "http://www.example.org/", user: str = "a.example") -> str:
    """One line of Squid's own log."""
    return f"{seconds}.123     52 10.0.0.7 TCP_MISS/200 1200 GET {url} {user} HIER_DIRECT/192.0.2.9 text/html\n"


def a_log(lines: int = 20) -> str:
    return "".join(squid(NINE + 60 * n) for n in range(lines)) + squid(NINE + 30, URGENT)


def run(*arguments: str | Path, text: str | bytes | None = None) -> Result:
    return CliRunner().invoke(main, [str(each) for each in arguments], input=text)


def as_process(*arguments: str | Path, folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """The program as a process of its own, in a folder that is not the checkout."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **more}
    return subprocess.run(
        [sys.executable, "-m", "cli", *map(str, arguments)],
        cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120,
        encoding="utf-8", errors="surrogateescape",
    )  # fmt: skip


def night_as_process(config: Path, *more: str) -> subprocess.CompletedProcess[str]:
    kept_for(config)
    return as_process("nightly", "--config", config, *more, folder=config.parent)


@pytest.fixture
def school(tmp_path: Path) -> Path:
    """A school.toml from `esafety init`, with one log of one urgent search."""
    assert run("init", "--config", tmp_path / "school.toml").exit_code == 0
    (tmp_path / "logs" / "access.log").write_text(a_log(), encoding="utf-8")
    return tmp_path / "school.toml"
