"""An invented school with two words to look for, logs by the line, and what a night left behind, to be compared.

The words are nobody's concern (`blue lobster`, `paper crane`), so that a test shows how the program works and not what
children search for. Times are counted from Tuesday 10 November 2026, 09:00, a school day; London is on UTC then.
"""

from __future__ import annotations

import os
import random
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl

from pipeline import lake, nightly, reading
from pipeline.config import load_settings
from pipeline.daily.derive import deriving
from pipeline.lake import Lake
from pipeline.output.record import RunRecord
from pipeline.performance.ahead import Later
from pipeline.rules import load_rules
from pipeline.sources import find
from pipeline.store.ledgerfile import opened_ledger

NINE = datetime(2026, 11, 10, 9, tzinfo=UTC)
#: The night after.
NIGHT = datetime(2026, 11, 11, 3, tzinfo=UTC)
#: When a file was written last, as far as the night can tell: hours ago, so that its last line is finished.
WRITTEN = datetime(2026, 11, 10, 20, tzinfo=UTC)

_CATEGORY = """
[category]
id = "{id}"
title = "{title}"
meaning = "Made for tests."
severity = "{severity}"
four_cs = "conduct"
uksic = ""
user_action = "None"
route = "{route}"
prevent = false
version = 2026-01-01
source = "Made for tests"

[[rule]]
id = "{id}-words"
weight = {weight}
terms = ["{term}"]
lowers = ["homework"]
match = ["{term}"]
no_match = ["nothing of the kind"]

[[domains]]
id = "{id}-sites"
weight = {weight}
names = ["{id}.example"]
match = ["www.{id}.example"]
no_match = ["not{id}.example"]
"""
_LISTS = {
    "lobsters": {"title": "Lobsters", "severity": "urgent", "route": "pupil-victim", "weight": "90",
                 "term": "blue lobster"},
    "cranes": {"title": "Cranes", "severity": "medium", "route": "network-misuse", "weight": "50",
               "term": "paper crane"},
}  # fmt: skip


def squid(
    seconds: float = 0, url: str = "http://www.example.org/", user: str = "a.example", *, client: str = "10.0.0.7",
    result: str = "TCP_MISS/200", method: str = "GET",
) -> str:  # fmt: skip
    """One line of Squid's own log, so many seconds after nine o'clock."""
    at = NINE.timestamp() + seconds
    return f"{at:.3f}     52 {client} {result} 1200 {method} {url} {user} HIER_DIRECT/192.0.2.9 text/html\n"


def search(words: str) -> str:
    """The address of a search for these words."""
    return f"http://www.google.com/search?q={words.replace(' ', '+')}"


def made_log(lines: int, seed: int = 1, start: float = 0) -> str:
    """A log of so many lines, a second apart: pages, a few hits, a few lines that are none."""
    chance = random.Random(seed)
    made = []
    for number in range(lines):
        pick = chance.random()
        user, client = f"u{chance.randrange(20)}.example", f"10.0.{seed % 250}.{chance.randrange(20)}"
        url = f"http://site{chance.randrange(40)}.example/{chance.randrange(10**6)}"
        if pick < 0.01:
            url = search("where to see a blue lobster")
        elif pick < 0.02:
            url = f"http://www.cranes.example/{number}"
        elif pick > 0.995:
            made.append("this is not a line of the log\n")
            continue
        made.append(squid(start + number, url, user, client=client))
    return "".join(made)


@dataclass(frozen=True)
class School:
    """The folder of an invented school."""

    folder: Path
    #: The tables of school.toml after [school], [watchlists] and [store].
    tables: str = '[[source]]\nname = "filter"\nfiles = ["logs/*"]\nformat = "squid"\n'
    more: dict[str, str] = field(default_factory=dict)

    @property
    def config(self) -> Path:
        return self.folder / "school.toml"

    @property
    def store(self) -> Path:
        return self.folder / "store"

    @property
    def lake(self) -> Lake:
        return Lake(self.store)

    def made(self) -> School:
        """The folder with its school.toml and its watchlists, and room for logs."""
        for name in ("logs", "lists"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        for name, words in _LISTS.items():
            (self.folder / "lists" / f"{name}.toml").write_text(_CATEGORY.format(id=name, **words), "utf-8")
        self.config.write_text(
            f'[school]\nname = "Made School"\n\n[watchlists]\nshipped = false\nfolders = ["lists"]\n\n{self.tables}',
            "utf-8",
        )
        return self

    def log(self, name: str, content: str | bytes, written: datetime = WRITTEN) -> Path:
        """Write a log, last changed at a time."""
        path = self.folder / "logs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        os.utime(path, (written.timestamp(), written.timestamp()))
        return path

    def night(self, now: datetime = NIGHT, *, dry_run: bool = False) -> RunRecord:
        """Run a night."""
        return nightly.run(load_settings(self.config), self.config, now, dry_run=dry_run)

    def derived(self, now: datetime = NIGHT) -> RunRecord:
        """The reading of a night, its counts and its drafts: where nobody asks for casebook, retention or pages."""
        return self.read(now, and_derive=True)

    def read(self, now: datetime = NIGHT, *, and_derive: bool = False) -> RunRecord:
        """Only the reading of a night: a third of its time, where nothing else is asked."""
        chosen = load_settings(self.config)
        record = RunRecord(chosen.school.name, "", now, ZoneInfo(chosen.school.timezone))
        files, record.issues = find(chosen, self.config)
        with opened_ledger(self.store, record.today) as ledger:
            lake.prepare(self.lake, (unit.unit_id for unit in ledger.units()))
            sources = frozenset(source.name for source in chosen.source)
            rules = load_rules(chosen, today=record.today)
            night = reading.Night(self.lake, ledger, Later(lambda: rules.flagging), chosen.school.site, now, sources)
            record.files += reading.read_all(files, night)
            if and_derive:
                with deriving(self.lake, ledger, rules.who, rules.drafting, rules.flagging.bounds):
                    pass
        return record

    def table(self, name: str) -> pl.DataFrame:
        """One table of all units of the lake."""
        with opened_ledger(self.store, NIGHT.date()) as ledger:
            units = [unit.unit_id for unit in ledger.units()]
        paths = [self.lake.unit(unit) / f"{name}.parquet" for unit in units]
        return pl.concat([pl.read_parquet(path) for path in paths]) if paths else pl.DataFrame()

    def lines(self) -> list[tuple[str, str, int]]:
        """source, source_sha256 and line of every event and reject, in order."""
        events = self.table("events")
        rejects = self.table("rejects")
        found = events.select("source_sha256", "line").rows() if events.width else []
        found += rejects.select("source_sha256", "line").rows() if rejects.width else []
        return sorted(("", *each) for each in found)

    def drafts(self) -> pl.DataFrame:
        """Every draft of the store."""
        paths = sorted((self.store / "days" / "drafts").glob("*.parquet"))
        return pl.concat(pl.read_parquet(path) for path in paths) if paths else pl.DataFrame()


def derived_bytes(school: School) -> dict[str, bytes]:
    """The files of all derived days."""
    root = school.store / "days"
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*.parquet"))}


def lake_bytes(school: School) -> dict[str, bytes]:
    """Every Parquet file of the lake and of its derived days."""
    root = school.store
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*.parquet"))}


def digest(school: School, now: datetime = NIGHT) -> str:
    """The digest of a night, without the paths and the school's folder."""
    page = school.folder / "reports" / now.date().isoformat() / "digest.html"
    return re.sub(re.escape(str(school.folder)), "", page.read_text("utf-8"))


def later(days: int) -> datetime:
    """The night so many days after the first."""
    return NIGHT + timedelta(days=days)
