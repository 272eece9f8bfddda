"""Who is at the invented school.

In: school_plan.toml and school_stories.toml beside this file. Out: `School` with its pupils, and who is there on a day.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Pupil:
    """A pupil: the account, the registration class, and the number that makes account and address unique."""

    first_name: str
    username: str
    of: str
    number: int

    @property
    def year(self) -> str:
        """The year group."""
        return self.of.rstrip("ABCDEFGH")

    @property
    def in_school(self) -> str:
        """The address in school."""
        return f"10.20.{self.year}.{100 + self.number}"

    @property
    def at_home(self) -> str:
        """The address that the filter sees of the school's laptop at home."""
        return f"10.80.{self.year}.{100 + self.number}"


@dataclass(frozen=True)
class School:
    """The plan, and what follows from it."""

    plan: Mapping[str, Any]
    stories: Mapping[str, Any]
    pupils: Mapping[str, Pupil]

    def when(self, text: str) -> datetime:
        """`Thu 21:41:07` of the week."""
        day, clock = text.split()
        return datetime.combine(self.day(day), time.fromisoformat(clock), tzinfo=UTC)

    def day(self, name: str) -> date:
        """`Thu` of the week."""
        monday: date = self.plan["monday"]
        return monday + timedelta(days=self.plan["days"].index(name))

    def account(self, who: str) -> str:
        """A pupil's account by the first name; any other account as it is."""
        return self.pupils[who].username if who in self.pupils else who


def load() -> School:
    """Read the plan and the stories."""
    plan = tomllib.loads((HERE / "school_plan.toml").read_text("utf-8"))
    stories = tomllib.loads((HERE / "school_stories.toml").read_text("utf-8"))
    names = [(name, of) for of, members in plan["pupils"].items() for name in members]
    letters = {"Z": "z", "Ł": "l"}
    pupils = {
        name: Pupil(name, f"{letters.get(name[0], name[0].lower())}.example{number:02}", of, number)
        for number, (name, of) in enumerate(names, start=1)
    }
    return School(plan, stories, pupils)


def on_roll(school: School, who: str, day: str) -> bool:
    """Does the people file have this pupil (by the first name) or account on that day?"""
    first, last = school.plan["valid"].get(who, ("", ""))
    return bool((first or "0") <= school.day(day).isoformat() <= (last or "9"))


def present(school: School, day: str) -> list[Pupil]:
    """The pupils who are there on a day."""
    absent = school.plan["absent"].get(day, [])
    return [
        each
        for each in school.pupils.values()
        if on_roll(school, each.first_name, day) and each.first_name not in absent
    ]
