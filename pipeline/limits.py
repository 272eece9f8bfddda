"""The limits that a school or a layer above it may set: levels, drafts, retention.

In: tables of TOML. Out: frozen models. Refuses values out of range and levels that do not fall.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, Strict, model_validator

# As it is written: a number in quotes, or `true` where a number is wanted, is a slip of the pen.
Whole = Annotated[int, Strict()]
YesOrNo = Annotated[bool, Strict()]
Percent = Annotated[float, Strict(), Field(ge=0, le=100)]
Name = Annotated[str, Field(min_length=1)]


class Table(BaseModel):
    """A table of a file that a person writes: no key that is not known."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=False)


class Retention(Table):
    """How many days events and their lines are kept; counts without names are kept for good."""

    events_days: Whole = Field(default=365, ge=1, le=36_500)


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
