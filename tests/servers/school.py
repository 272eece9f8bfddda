"""A school whose logs come from the real servers, and its night as the network manager runs it.

In: the logs of a server. Out: what the program's own command line made of them, and what lies in its store.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from click.testing import CliRunner

from cli import main
from pipeline.lake import Lake, read_days
from pipeline.schema import DRAFTS, FACTS, REJECTS, STORED_EVENTS, conform
from pipeline.store.events import complete
from tests.servers.client import Login
from tests.shipped import kept_for

ROOT = Path(__file__).parents[2]

#: As typed at the login; the last is what the people file has.
AMIRA = Login("SCHOOL\\a.example01", "pass one", "a.example01")
BEN = Login("b.example02", "pass:two", "b.example02")
CHLOE = Login("c.example03@school.example", "pass3", "c.example03")
ZOE = Login("zoë.example04", "páss4", "zoë.example04")
TEACHER = Login("t.example05", "pass5", "t.example05")
GUEST = Login("guest", "pass6", "guest")
BLANK = Login("d e", "pass7", "d e")
#: Everybody who can log in.
LOGINS = (AMIRA, BEN, CHLOE, ZOE, TEACHER, GUEST, BLANK)
#: She never logs in: somebody else types her name, and a wrong password.
HANA = Login("h.example06", "not her password", "h.example06")
#: Nor does he; his name is typed where a page is refused before anybody looks at the password.
IVAN = Login("i.example07", "not his password", "i.example07")

_PEOPLE = """\
username,display_name,role,year_group,classes
a.example01,Amira Example,pupil,7,7A
b.example02,Ben Example,pupil,7,7A
c.example03,Chloe Example,pupil,8,8B
zoë.example04,Zoë Example,pupil,8,8B
t.example05,Tom Example,teacher,,
h.example06,Hana Example,pupil,7,7A
i.example07,Ivan Example,pupil,7,7A
e,Eve Example,pupil,9,9C
"""
_SCHOOL = """\
[school]
name = "Example Park School"

[[source]]
name = "filter"
files = ["{logs}/*"]
timezone = "{timezone}"

[people]
file = "people.csv"
"""


@dataclass(frozen=True)
class School:
    """A folder with school.toml and people.csv, and with the store once a night has been."""

    folder: Path

    def night(self) -> dict[str, Any]:
        """Run `esafety nightly`; gives its record."""
        done = CliRunner().invoke(main, ["nightly", "--json", "--config", str(self.folder / "school.toml")])
        assert done.exit_code == 0, done.stderr + done.stdout
        record: dict[str, Any] = json.loads(done.stdout)
        return record

    def night_as_process(self) -> dict[str, Any]:
        """The same as a process of its own."""
        kept_for(self.folder / "school.toml")
        command = [sys.executable, str(ROOT / "cli.py"), "nightly", "--json", "--config", "school.toml"]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr + done.stdout
        record: dict[str, Any] = json.loads(done.stdout)
        return record

    def events(self) -> pl.DataFrame:
        """All events of the lake in full, with `source_sha256` and `line` as they were read."""
        return complete(self._of_units("events", STORED_EVENTS)).sort("source_sha256", "line")

    def rejects(self) -> pl.DataFrame:
        """All rejects of the lake."""
        return self._of_units("rejects", REJECTS)

    def drafts(self) -> pl.DataFrame:
        """All drafts."""
        return read_days(Lake(self.folder / "store"), "drafts", DRAFTS)

    def facts(self) -> pl.DataFrame:
        """All counts without names."""
        return read_days(Lake(self.folder / "store"), "facts", FACTS)

    def digest(self) -> str:
        """The page for the safeguarding lead, as it was written last."""
        return max(self.folder.glob("reports/*/digest.html")).read_text(encoding="utf-8")

    def _of_units(self, table: str, columns: pl.Schema) -> pl.DataFrame:
        paths = sorted(self.folder.glob(f"store/lake/*/{table}.parquet"))
        return pl.concat(conform(pl.read_parquet(path), columns) for path in paths)


def school(folder: Path, logs: Path, timezone: str = "Europe/London") -> School:
    """Write a school's settings for the logs of one server."""
    folder.mkdir(exist_ok=True)
    (folder / "people.csv").write_text(_PEOPLE, encoding="utf-8")
    (folder / "school.toml").write_text(_SCHOOL.format(logs=logs, timezone=timezone), encoding="utf-8")
    return School(folder)
