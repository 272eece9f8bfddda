"""How much noise does an ordinary week make: drafts a day for a thousand pupils of whom nobody has done anything?

    python benchmarks/school_week.py [--week autumn] [--week summer] [--pupils 1000] [--seed 1] [--texts 20]

Makes each week (`WEEKS`; all unless named) out of its file: five days, six periods, every class with lessons of its
year, a good many of them on touchy subjects; what a class looks for in such a lesson, and what anybody looks for
between lessons, staff too where the file has them. Runs a whole night over it as a process of its own and counts its
drafts: every one is noise. Prints the figure of each week, its drafts by level and category, and the texts behind
them. Exit code 1 if a night fails.
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
from datetime import date, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote_plus
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import polars as pl

_ROOT = Path(__file__).resolve().parent.parent
#: The weeks by name: an 11 to 16 school in November, an 11 to 18 school with staff in June, another in Wales in March,
#: an academy in January, comprehensives in September and June; later ones by where the school is.
WEEKS = {
    "autumn": "school_week.toml", "summer": "school_week_summer.toml", "spring": "school_week_spring.toml",
    "winter": "school_week_winter.toml", "september": "school_week_september.toml", "june": "school_week_june.toml",
    "london": "school_week_london.toml", "manchester": "school_week_manchester.toml",
    "lincolnshire": "school_week_lincolnshire.toml", "cardiff": "school_week_cardiff.toml",
    "newcastle": "school_week_newcastle.toml", "birmingham": "school_week_birmingham.toml",
    "bristol": "school_week_bristol.toml",
}  # fmt: skip
_ZONE = ZoneInfo("Europe/London")
_DAYS, _PERIODS, _MINUTES = 5, 6, 50
_IN_CLASS, _TO_ONE_OF_STAFF = 29, 12
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
class Person:
    """One who is at school all week; staff have no year and no form."""

    login: str
    address: str
    role: str
    year: int | None = None
    form: str = ""


def week(name: str) -> dict[str, Any]:
    """What is looked for: `lesson` (subject, years, searches, pages), `everyday` and perhaps `staff` (searches, pages).

    Beside them `monday`, a date, and `years`, the year groups.
    """
    return tomllib.loads((_ROOT / "benchmarks" / WEEKS[name]).read_text("utf-8"))


def pupils(number: int, years: list[int]) -> list[Person]:
    """So many, spread over the years, in classes of the usual size."""
    return [
        Person(f"p{at:04}.example", f"10.0.{at // 250}.{at % 250}", "pupil", year, f"{year}{_letter(at, len(years))}")
        for at in range(number)
        for year in (years[at % len(years)],)
    ]


def _letter(at: int, years: int) -> str:
    return chr(ord("A") + at // years // _IN_CLASS)


def staff(number: int) -> list[Person]:
    """As many as so many pupils have about them."""
    return [
        Person(f"s{at:04}.example", f"10.1.{at // 250}.{at % 250}", "staff") for at in range(number // _TO_ONE_OF_STAFF)
    ]


def lessons(
    plan: list[dict[str, Any]], forms: set[tuple[int, str]], random: Random
) -> dict[tuple[str, int, int], dict[str, Any]]:
    """The lesson of every form, day and period."""
    return {
        (form, day, period): random.choice([each for each in plan if year in each["years"]])
        for year, form in sorted(forms)
        for day in range(_DAYS)
        for period in range(_PERIODS)
    }


def begins(monday: date, day: int, period: int) -> datetime:
    """When a period of a day begins, by the clock on the wall: ten minutes lie between two."""
    return datetime.combine(monday, time(9), _ZONE) + timedelta(days=day, minutes=period * (_MINUTES + 10))


def asked(
    made: dict[str, Any], everybody: list[Person], plan: dict[tuple[str, int, int], dict[str, Any]], random: Random
) -> Iterator[tuple[datetime, Person, str]]:
    """When, who and which URL, in no order."""
    with_devices = {place for place in sorted(plan) if random.randrange(100) < _WITH_DEVICES}
    monday = made["monday"]
    for person in everybody:
        for day in range(_DAYS):
            for period in range(_PERIODS):
                place = (person.form, day, period)
                if place in with_devices:
                    yield from _looked_for(
                        person, plan[place], begins(monday, day, period), (_SEARCHES, _PAGES), random
                    )
            lunch = begins(monday, day, _PERIODS // 2) - timedelta(minutes=_MINUTES)
            freely = made["everyday" if person.role == "pupil" else "staff"]
            yield from _looked_for(person, freely, lunch, (_BETWEEN_LESSONS, _PAGES_BETWEEN), random)


def _looked_for(
    person: Person,
    what: dict[str, Any],
    start: datetime,
    often: tuple[tuple[int, int], tuple[int, int]],
    random: Random,
) -> Iterator[tuple[datetime, Person, str]]:
    searches, pages = (random.randint(*each) for each in often)
    urls = [
        f"https://www.google.com/search?q={quote_plus(each)}" for each in random.choices(what["searches"], k=searches)
    ]
    urls += random.choices(what["pages"], k=pages)
    for url in urls:
        yield start + timedelta(seconds=random.randrange(_MINUTES * 60)), person, url


def write_week(folder: Path, name: str, number: int, seed: int) -> int:
    """The log, the people, the timetable and the school.toml; how many lines the log has."""
    random, made = Random(seed), week(name)
    everybody = pupils(number, made["years"])
    plan = lessons(made["lesson"], {(each.year, each.form) for each in everybody if each.year}, random)
    everybody += staff(number) if "staff" in made else []
    lines = sorted(
        f"{at.timestamp():.3f}     52 {who.address} TCP_MISS/200 1200 GET {url} {who.login} "
        "HIER_DIRECT/192.0.2.9 text/html\n"
        for at, who, url in asked(made, everybody, plan, random)
    )
    (folder / "access.log").write_text("".join(lines), encoding="utf-8")
    (folder / "school.toml").write_text(_CONFIG, encoding="utf-8")
    with (folder / "people.csv").open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["username", "display_name", "role", "year_group", "classes"])
        for each in everybody:
            shown = f"{each.role.capitalize()} {each.login[1:5]}"
            rows.writerow([each.login, shown, each.role, each.year or "", each.form])
    with (folder / "timetable.csv").open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["class", "weekday", "start", "end", "subject", "lesson"])
        rows.writerows(_periods(made["monday"], plan))
    return len(lines)


def _periods(monday: date, plan: dict[tuple[str, int, int], dict[str, Any]]) -> Iterator[tuple[str, ...]]:
    for (form, day, period), lesson in sorted(plan.items()):
        start = begins(monday, day, period)
        clock = [f"{each:%H:%M}" for each in (start, start + timedelta(minutes=_MINUTES))]
        yield (form, f"{start:%a}", *clock, lesson["subject"], f"period {period + 1}")


def drafts_of(folder: Path, night: date, *, headers: int = 0) -> pl.DataFrame:
    """The drafts of a night, early on this day, over what the folder holds.

    Raises `SystemExit` if the night fails, or if any line but so many headers is no event.
    """
    command = [sys.executable, "cli.py", "nightly", "--config", str(folder / "school.toml"), "--json",
               "--as-of", f"{night}T03:00"]  # fmt: skip
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 2):
        raise SystemExit(f"the night failed: {done.stderr}")
    totals = json.loads(done.stdout)["totals"]
    if totals["events"] + headers != totals["records"]:
        raise SystemExit(f"lines could not be read: {totals}")
    return pl.concat(
        [pl.read_parquet(path) for path in sorted((folder / "store" / "days" / "drafts").glob("*.parquet"))]
    )


def row(name: str, drafts: pl.DataFrame, number: int, lines: int) -> str:
    """The figure of a week, as a row."""
    daily = drafts.height / number * 1000 / _DAYS
    return f"| {name} | {number:,} | {lines:,} | {drafts.height} | {daily:.1f} |"


def behind(drafts: pl.DataFrame, texts: int) -> str:
    """What the drafts of a week are and rest on, as tables."""
    told = ["| category | level | drafts |", "|---|---|---|"]
    counted = drafts.group_by("category", "level").len().sort("len", "category", descending=[True, False])
    told += [f"| {category} | {level} | {size} |" for category, level, size in counted.iter_rows()]
    found = Counter(
        (hit["text"], hit["rule_id"], hit["level"])
        for hits in drafts["hits"] for hit in {(each["text"], each["rule_id"]): each for each in hits}.values()
        if hit["level"] != "record"
    )  # fmt: skip
    told += ["", "| text | rule | level | drafts |", "|---|---|---|---|"]
    told += [f"| {text} | {rule} | {level} | {size} |" for (text, rule, level), size in found.most_common(texts)]
    return "\n".join(told)


def main() -> None:
    """Print the figures of all weeks, then what lies behind each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--week", action="append", choices=WEEKS, dest="weeks", help="may be given more than once")
    parser.add_argument("--pupils", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--texts", type=int, default=20)
    options = parser.parse_args()
    print("| week | pupils | requests in five days | drafts | a day for a thousand pupils |\n|---|---|---|---|---|")
    told = []
    for name in options.weeks or WEEKS:
        with tempfile.TemporaryDirectory() as folder:
            lines = write_week(Path(folder), name, options.pupils, options.seed)
            drafts = drafts_of(Path(folder), week(name)["monday"] + timedelta(days=_DAYS))
        print(row(name, drafts, options.pupils, lines))
        told.append(f"\nThe {name} week:\n\n{behind(drafts, options.texts)}")
    print("\n".join(told))


if __name__ == "__main__":
    main()
