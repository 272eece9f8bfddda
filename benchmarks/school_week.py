"""How much noise does an ordinary week make: drafts a day for a thousand pupils of whom nobody has done anything?

    python benchmarks/school_week.py [--pupils 1000] [--seed 1] [--texts 20]

Makes the week out of `school_week.toml`: five days, six periods, every class with lessons of its year, a good many of
them on touchy subjects; what a class looks for in such a lesson, and what anybody looks for between lessons. Runs a
whole night over it as a process of its own and counts its drafts: every one is noise. Prints the figure, the drafts by
level and category, and the texts behind them. Exit code 1 if a night fails.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote_plus

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import polars as pl

_ROOT = Path(__file__).resolve().parent.parent
#: Monday; London is on UTC then.
_MONDAY = datetime(2026, 11, 9, tzinfo=UTC)
_DAYS, _PERIODS, _MINUTES = 5, 6, 50
_IN_CLASS = 29
_YEARS = (7, 8, 9, 10, 11)
#: In so many lessons of a hundred do pupils look for something, and so much in each.
_WITH_DEVICES, _SEARCHES, _PAGES = 40, (1, 4), (1, 2)
_BETWEEN_LESSONS, _PAGES_BETWEEN = (1, 5), (4, 12)
_CONFIG = """
[school]
name = "Example Park School"
[[source]]
name = "filter"
files = ["access.log"]
format = "squid"
[people]
file = "people.csv"
[timetable]
file = "timetable.csv"
"""


@dataclass(frozen=True)
class Pupil:
    """One who is at school all week."""

    login: str
    year: int
    form: str


def week() -> dict[str, Any]:
    """What is looked for: `lesson` (subject, years, searches, pages) and `everyday` (searches, pages)."""
    return tomllib.loads((_ROOT / "benchmarks" / "school_week.toml").read_text("utf-8"))


def pupils(number: int) -> list[Pupil]:
    """So many, spread over the years, in classes of the usual size."""
    return [
        Pupil(f"p{at:04}.example", year, f"{year}{chr(ord('A') + at // len(_YEARS) // _IN_CLASS)}")
        for at in range(number)
        for year in (_YEARS[at % len(_YEARS)],)
    ]


def lessons(forms: set[tuple[int, str]], random: Random) -> dict[tuple[str, int, int], dict[str, Any]]:
    """The lesson of every form, day and period."""
    plan = week()["lesson"]
    return {
        (form, day, period): random.choice([each for each in plan if year in each["years"]])
        for year, form in sorted(forms)
        for day in range(_DAYS)
        for period in range(_PERIODS)
    }


def begins(day: int, period: int) -> datetime:
    """When a period of a day begins: ten minutes lie between two."""
    return _MONDAY + timedelta(days=day, hours=9, minutes=period * (_MINUTES + 10))


def asked(everybody: list[Pupil], plan: dict[tuple[str, int, int], dict[str, Any]], random: Random) -> Iterator[Any]:
    """When, who and which URL, in no order."""
    with_devices = {place for place in sorted(plan) if random.randrange(100) < _WITH_DEVICES}
    everyday = week()["everyday"]
    for pupil in everybody:
        for day in range(_DAYS):
            for period in range(_PERIODS):
                place = (pupil.form, day, period)
                if place in with_devices:
                    yield from _looked_for(pupil, plan[place], begins(day, period), (_SEARCHES, _PAGES), random)
            lunch = begins(day, _PERIODS // 2) - timedelta(minutes=_MINUTES)
            yield from _looked_for(pupil, everyday, lunch, (_BETWEEN_LESSONS, _PAGES_BETWEEN), random)


def _looked_for(
    pupil: Pupil, what: dict[str, Any], start: datetime, often: tuple[tuple[int, int], tuple[int, int]], random: Random
) -> Iterator[tuple[datetime, Pupil, str]]:
    searches, pages = (random.randint(*each) for each in often)
    urls = [
        f"https://www.google.com/search?q={quote_plus(each)}" for each in random.choices(what["searches"], k=searches)
    ]
    urls += random.choices(what["pages"], k=pages)
    for url in urls:
        yield start + timedelta(seconds=random.randrange(_MINUTES * 60)), pupil, url


def write_week(folder: Path, number: int, seed: int) -> int:
    """The log, the people, the timetable and the school.toml; how many lines the log has."""
    random = Random(seed)
    everybody = pupils(number)
    plan = lessons({(each.year, each.form) for each in everybody}, random)
    lines = sorted(
        f"{at.timestamp():.3f}     52 10.0.{int(who.login[1:5]) // 250}.{int(who.login[1:5]) % 250} TCP_MISS/200 1200 "
        f"GET {url} {who.login} HIER_DIRECT/192.0.2.9 text/html\n"
        for at, who, url in asked(everybody, plan, random)
    )
    (folder / "access.log").write_text("".join(lines), encoding="utf-8")
    (folder / "school.toml").write_text(_CONFIG, encoding="utf-8")
    with (folder / "people.csv").open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["username", "display_name", "role", "year_group", "classes"])
        rows.writerows([each.login, f"Pupil {each.login[1:5]}", "pupil", each.year, each.form] for each in everybody)
    with (folder / "timetable.csv").open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["class", "weekday", "start", "end", "subject", "lesson"])
        rows.writerows(_periods(plan))
    return len(lines)


def _periods(plan: dict[tuple[str, int, int], dict[str, Any]]) -> Iterator[tuple[str, ...]]:
    for (form, day, period), lesson in sorted(plan.items()):
        start = begins(day, period)
        clock = [f"{each:%H:%M}" for each in (start, start + timedelta(minutes=_MINUTES))]
        yield (form, f"{start:%a}", *clock, lesson["subject"], f"period {period + 1}")


def drafts_of(folder: Path) -> pl.DataFrame:
    """The drafts of the night that reads the week. Raises `SystemExit` if it fails."""
    command = [sys.executable, "cli.py", "nightly", "--config", str(folder / "school.toml"), "--json",
               "--as-of", "2026-11-14T03:00"]  # fmt: skip
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 2):
        raise SystemExit(f"the night failed: {done.stderr}")
    totals = json.loads(done.stdout)["totals"]
    if totals["events"] != totals["records"]:
        raise SystemExit(f"lines could not be read: {totals}")
    return pl.concat(
        [pl.read_parquet(path) for path in sorted((folder / "store" / "days" / "drafts").glob("*.parquet"))]
    )


def report(drafts: pl.DataFrame, number: int, lines: int, texts: int) -> str:
    """The figures, as tables."""
    daily = drafts.height / number * 1000 / _DAYS
    rate = f"{daily:.1f} for a thousand pupils a day"
    told = [f"{number:,} pupils, {_DAYS} days, {lines:,} requests: {drafts.height} drafts, **{rate}**", ""]
    told += ["| category | level | drafts |", "|---|---|---|"]
    counted = drafts.group_by("category", "level").len().sort("len", "category", descending=[True, False])
    told += [f"| {category} | {level} | {size} |" for category, level, size in counted.iter_rows()]
    behind = Counter(
        (hit["text"], hit["rule_id"], hit["level"])
        for hits in drafts["hits"] for hit in {(each["text"], each["rule_id"]): each for each in hits}.values()
        if hit["level"] != "record"
    )  # fmt: skip
    told += ["", "| text | rule | level | drafts |", "|---|---|---|---|"]
    told += [f"| {text} | {rule} | {level} | {size} |" for (text, rule, level), size in behind.most_common(texts)]
    return "\n".join(told)


def main() -> None:
    """Print the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pupils", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--texts", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        lines = write_week(Path(folder), options.pupils, options.seed)
        print(report(drafts_of(Path(folder)), options.pupils, lines, options.texts))


if __name__ == "__main__":
    main()
