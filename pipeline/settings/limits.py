"""What a school may set of how urgent things are: levels, drafts, retention; lessons and exclusions that lower.

In: tables of TOML. Out: frozen models. Refuses values out of range, levels that do not fall, days in the wrong order,
and an exclusion without an owner, a reason, a scope or an end.
"""

from __future__ import annotations

import hashlib
from datetime import date, timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, Strict, model_validator

# As it is written: a number in quotes, or `true` where a number is wanted, is a slip of the pen.
Whole = Annotated[int, Strict()]
YesOrNo = Annotated[bool, Strict()]
Percent = Annotated[float, Strict(), Field(ge=0, le=100)]
Name = Annotated[str, Field(min_length=1)]
Day = Annotated[date, Strict()]
Days = Annotated[int, Strict(), Field(ge=1, le=36_500)]
#: An exclusion holds for a school year and a little more; then somebody has to look at it again.
_LONGEST_EXCLUSION = timedelta(days=400)


class Table(BaseModel):
    """A table of a file that a person writes: no key that is not known."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=False)


class Retention(Table):
    """How many days what is kept, by tier; counts without names are kept for good.

    Incidents count from the day on which they were dismissed or closed, entries of the registers from the last that
    was done about them. What nobody has decided, and a filter change that is in force, is never deleted.
    """

    events_days: Days = 365
    #: Nothing was in it: a school year, so that a pattern would still show.
    dismissed_days: Days = 365
    #: Until the 25th birthday is common. The program knows no birthdays: 25 years are enough for every pupil.
    incidents_days: Days = 9_131
    #: Of adults of the school, until pension age: 46 years are enough for whoever begins at 22.
    staff_incidents_days: Days = 16_801
    #: A draft that nobody has looked at for so long is told of every night, and stays.
    drafts_unreviewed_days: Days = 30
    #: Of filter-change requests that are over and of filter checks, the texts and who asked: three years, so that the
    #: next inspection can still ask why.
    registers_days: Days = 1_095


class Thresholds(Table):
    """From which weight a hit has which level, and how hits become episodes and drafts."""

    urgent: Percent = 85
    high: Percent = 65
    medium: Percent = 40
    low: Percent = 15
    #: A draft is made from this level on.
    draft: Literal["urgent", "high", "medium", "low"] = "medium"
    episode_gap_minutes: Whole = Field(default=30, ge=1, le=1_440)
    #: Under 3 nothing would be hidden that could not be guessed.
    small_number: Whole = Field(default=5, ge=3)
    drafts_on_page: Whole = Field(default=200, ge=1)

    @model_validator(mode="after")
    def _in_order(self) -> Thresholds:
        if not self.urgent >= self.high >= self.medium >= self.low:
            raise ValueError("the levels must fall from urgent through high and medium to low")
        return self


class Lesson(Table):
    """What some classes are taught for some days, both included: what they look for then is no surprise."""

    what: Name
    categories: Annotated[tuple[Name, ...], Field(min_length=1)]
    classes: tuple[Name, ...] = ()
    years: tuple[Name, ...] = ()
    #: Only texts that hold one of them.
    words: tuple[Name, ...] = ()
    first_day: Day
    last_day: Day

    @model_validator(mode="after")
    def _in_order(self) -> Lesson:
        if self.last_day < self.first_day:
            raise ValueError("last_day lies before first_day")
        return self


class Exclusion(Table):
    """What is known and allowed, of whom, and until when: its hits are kept and counted, and make no draft."""

    rule: Name | None = None
    category: Name | None = None
    users: tuple[Name, ...] = ()
    classes: tuple[Name, ...] = ()
    sources: tuple[Name, ...] = ()
    #: Each with all below it.
    hosts: tuple[Name, ...] = ()
    words: tuple[Name, ...] = ()
    owner: Name
    reason: Name
    since: Day
    until: Day

    @model_validator(mode="after")
    def _is_narrow(self) -> Exclusion:
        if (self.rule is None) == (self.category is None):
            raise ValueError("an exclusion names either a rule or a category; write one of the two")
        if not any((self.users, self.classes, self.sources, self.hosts, self.words)):
            raise ValueError("an exclusion has a scope; write users, classes, sources, hosts or words")
        if not self.since <= self.until <= self.since + _LONGEST_EXCLUSION:
            raise ValueError(f"until lies after since, by at most {_LONGEST_EXCLUSION.days} days")
        return self

    @property
    def key(self) -> str:
        """Names it in the store: once a word of it is changed, it is another exclusion."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]
