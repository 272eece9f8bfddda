"""The registers without a name, for whoever counts them: one row for each request, check and flip.

In: requests, checks and findings as they stand. Out: `Registers`. Nobody who asked, decided or tried anything is in it,
and no site. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from casebook.filtering.filterchanges import FilterChange
from casebook.filtering.filterchecks import FilterCheck
from casebook.filtering.unexplained import Finding

#: `day` is the local day on which it was asked; `hours` until it was decided; `effect` is empty where it is not known.
CHANGES: Final = pl.Schema(
    {
        "day": pl.Date(),
        "decision": pl.String(),
        "standing": pl.String(),
        "hours": pl.Float64(),
        "has_second": pl.Boolean(),
        "effect": pl.String(),
    }
)
#: `day` is the local day on which it was tried.
CHECKS: Final = pl.Schema(
    {
        "day": pl.Date(),
        "site": pl.String(),
        "device_type": pl.String(),
        "person_group": pl.String(),
        "result": pl.String(),
        "trace": pl.String(),
    }
)
#: `day` is the first one on which the filter did something else.
FLIPPED: Final = pl.Schema({"day": pl.Date(), "on_record": pl.String()})


def _empty(schema: pl.Schema) -> pl.DataFrame:
    return pl.DataFrame(schema=schema)


@dataclass(frozen=True)
class Registers:
    """`CHANGES`, `CHECKS` and `FLIPPED`, of any days."""

    changes: pl.DataFrame = field(default_factory=lambda: _empty(CHANGES))
    checks: pl.DataFrame = field(default_factory=lambda: _empty(CHECKS))
    flips: pl.DataFrame = field(default_factory=lambda: _empty(FLIPPED))


def registers_of(
    changes: Iterable[FilterChange],
    checks: Iterable[FilterCheck],
    found: Iterable[Finding],
    zone: ZoneInfo,
    today: date,
) -> Registers:
    """The registers as tables; `today` says what has expired."""
    asked = [
        (
            each.asked_at.astimezone(zone).date(), each.decision, each.standing(today),
            (each.decided_at - each.asked_at).total_seconds() / 3600 if each.decided_at else None,
            each.agreed_at is not None, each.effect,
        )
        for each in changes
    ]  # fmt: skip
    tried = [
        (each.tried_at.astimezone(zone).date(), each.site, each.device_type, each.group, each.result, each.trace)
        for each in checks
    ]
    flipped = [(each.since, each.on_record) for each in found]
    return Registers(
        pl.DataFrame(asked, schema=CHANGES, orient="row"), pl.DataFrame(tried, schema=CHECKS, orient="row"),
        pl.DataFrame(flipped, schema=FLIPPED, orient="row"),
    )  # fmt: skip
