"""What follows from the actions about one filter check: what was tried where, what came of it, what the logs say.

In: actions in their order; lines of logs. Out: a `FilterCheck`, and whether the logs agree. Pure: no disk, no clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import polars as pl

from casebook.case import Acted
from casebook.kinds import CasebookError
from pipeline.schema import TIMESTAMP

#: So far from the time that was noted a line may lie: clocks differ, and people note times by heart.
NEAR: Final = timedelta(minutes=15)
#: What a log may say where a person saw this.
_FITS: Final[Mapping[str, tuple[str, ...]]] = {
    "blocked": ("blocked",),
    "allowed": ("allowed",),
    "warned": ("warned",),
    "not-reachable": ("error", "unknown", "blocked"),
}
#: A trace that was left: which log, what it says, and where.
SEEN: Final = pl.Schema(
    {"source": pl.String(), "verdict": pl.String(), "line": pl.Int64(), "source_sha256": pl.String(), "ts": TIMESTAMP}
)


@dataclass(frozen=True)
class FilterCheck:
    """One filter check. Times are UTC."""

    id: str
    host: str
    device_type: str
    site: str
    group: str
    result: str
    tried_at: datetime
    entered_at: datetime
    author: str
    #: Who was logged in and on which device, if it was noted and has not been erased.
    user: str = ""
    device: str = ""
    #: Whether that has had its time: no line can be told from that of somebody else any more.
    erased: bool = False
    #: One of `kinds.TRACES`; empty while the logs of that time have not been looked at.
    trace: str = ""
    seen: tuple[Mapping[str, object], ...] = ()


def replayed(actions: Iterable[Acted]) -> FilterCheck:
    """The check that the actions make. Raises `CasebookError` where there is none."""
    check: FilterCheck | None = None
    for each in actions:
        if check is None:
            check = _entered(each)
        elif each.kind == "check-traced":
            check = replace(check, trace=each.facts["trace"], seen=tuple(each.facts["seen"]))
    if check is None:
        raise CasebookError("there is no such filter check.", remedy="See `esafety check list`.")
    return check


def _entered(acted: Acted) -> FilterCheck:
    if acted.kind != "check" or acted.about is None:
        raise CasebookError(f"a filter check cannot begin with {acted.kind!r} (action {acted.seq}).")
    facts, told = acted.facts, acted.content or {}
    return FilterCheck(
        acted.about, facts["host"], facts["device_type"], facts["site"], facts["group"], facts["result"],
        datetime.fromisoformat(facts["tried_at"]), acted.at, acted.author, told.get("user", ""), told.get("device", ""),
        acted.content is None,
    )  # fmt: skip


def trace_of(check: FilterCheck, verdicts: Iterable[str]) -> str:
    """What the logs say, given the verdicts of the lines that the check left: one of `kinds.TRACES`.

    A name server lets through what the proxy behind it blocks: one log that says the same is enough.
    """
    found = set(verdicts)
    if not found:
        return "none"
    return "agrees" if found & set(_FITS[check.result]) else "differs"
