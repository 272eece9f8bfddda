"""Sites with which the filter does something else than before, held against the register of filter-change requests.

In: `flips.FLIPS`, the requests. Out: a `Finding` for each site: which request is on record for it, if any, and how that
stands. It accuses nobody: the maker of the filter moves sites from one category to another by themselves. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import polars as pl

from casebook.filtering.filterchanges import FilterChange
from casebook.filtering.sitenames import covers
from pipeline.daily.flips import FLIPS, LEAST_REQUESTS, LEAST_USERS, SHARE

#: The decision behind what a filter does.
_DECIDED: Final = {"allowed": "allow", "blocked": "block"}
_ANSWERS: Final = {decision: answer for answer, decision in _DECIDED.items()}
#: A filter may be changed back some days after a decision has ended.
_SLACK: Final = timedelta(days=7)
#: What a request says of a flip, the best first; `none`: there is none.
RECORDS: Final = ("settled", "alone", "asked", "refused", "none")
#: What a request says of a site that is treated as was decided, though the decision is over.
OUTLIVED: Final = "outlived"
_IN_WORDS: Final = {
    "settled": "{request} is on record",
    "alone": "{request} was decided by one person, and nobody has agreed",
    "asked": "{request} asks for it and is not decided",
    "refused": "{request} asked for it and was refused",
    "none": "no request on record",
}
#: What stands in the place of a site that nobody may see.
WITHHELD: Final = "(withheld)"


@dataclass(frozen=True)
class Finding:
    """One flip. Users are at least so many; `on_record` is one of `RECORDS`."""

    name: str
    was: str
    until: date
    now: str
    since: date
    requests: int
    users: int
    on_record: str
    request: str

    @property
    def is_explained(self) -> bool:
        """Whether two people have settled it."""
        return self.on_record == "settled"

    def sentence(self) -> str:
        """The finding for a person."""
        seen = f"{self.requests} requests, at least {self.users} users"
        until, since = (f"{day.day} {day:%B}" for day in (self.until, self.since))
        if self.on_record == OUTLIVED:
            return f"{self.name}: {self.was} by {self.request} until {until}, and still {self.now} ({seen})"
        record = _IN_WORDS[self.on_record].format(request=self.request)
        return f"{self.name}: {self.was} until {until}, {self.now} since {since} ({seen}), {record}"

    def as_data(self) -> dict[str, Any]:
        """The same for a machine."""
        return {
            "name": self.name, "was": self.was, "until": self.until.isoformat(), "now": self.now,
            "since": self.since.isoformat(), "requests": self.requests, "users": self.users,
            "on_record": self.on_record, "request": self.request,
        }  # fmt: skip


def findings(flips: pl.DataFrame, changes: Iterable[FilterChange], hidden: Collection[str] = ()) -> list[Finding]:
    """Every flip with what is on record; a name in `hidden` is withheld."""
    register = list(changes)
    columns = ("was", "until", "now", "since", "requests", "users")
    found = []
    # Flip by flip: there are few.
    for row in flips.iter_rows(named=True):
        on_record, request = min(_records(row, register), key=lambda each: RECORDS.index(each[0]))
        name = WITHHELD if row["name"] in hidden else row["name"]
        seen: dict[str, Any] = {each: row[each] for each in columns}
        found.append(Finding(name, **seen, on_record=on_record, request=request))
    return found


def outlived(sites: pl.DataFrame, changes: Iterable[FilterChange], hidden: Collection[str] = ()) -> list[Finding]:
    """Decisions that are over, and that the filter goes on with: `sites` is `schema.SITE_VERDICTS` of some weeks.

    As many requests of as many users as for a flip; where another request has settled the same, it is none.
    """
    register = list(changes)
    found = []
    # Request by request: few have ended in these weeks.
    for change in register:
        answer = _ANSWERS.get(change.decision)
        was_so_before = change.effect == "already"
        if answer is None or change.agreed_at is None or change.ends is None or was_so_before:
            continue
        if _renewed(change, register):
            continue
        after = sites.filter(pl.col("day") > change.ends)
        hosts = [host for host in after["host"].unique() if change.is_about(host)]
        here = after.filter(pl.col("host").is_in(hosts))
        same = here.filter(pl.col("verdict") == answer)
        events, users = int(same["events"].sum()), _users(same)
        if events >= max(LEAST_REQUESTS, SHARE * int(here["events"].sum())) and users >= LEAST_USERS:
            name = WITHHELD if change.host in hidden else change.host
            since = min(same["day"].to_list())
            found.append(Finding(name, answer, change.ends, answer, since, events, users, OUTLIVED, change.id))
    return found


def _users(rows: pl.DataFrame) -> int:
    return int(rows.select(pl.col("users").bitwise_or().bitwise_count_ones()).item() or 0)


def _renewed(change: FilterChange, register: list[FilterChange]) -> bool:
    """Whether another request has settled the same of the same site, and goes on."""
    return any(
        each.agreed_at is not None and each.decision == change.decision and each.is_about(change.host)
        and (each.ends is None or (change.ends is not None and each.ends > change.ends))
        for each in register if each.id != change.id
    )  # fmt: skip


def flips_of(told: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    """The flips behind findings that were kept as data (`Finding.as_data`): of each site and what the filter has come
    to do with it, the first in the list. They can be held against the register as it stands later."""
    flipped = [each for each in told if each["on_record"] != OUTLIVED]
    rows = {(each["name"], each["was"], each["now"]): dict(each) for each in reversed(flipped)}
    flips = [
        {name: each.get(name, 0) for name in FLIPS}
        | {name: date.fromisoformat(each[name]) for name in ("until", "since")}
        for each in rows.values()
    ]
    return pl.DataFrame(flips, schema=FLIPS)


def _records(flip: dict[str, Any], register: list[FilterChange]) -> Iterator[tuple[str, str]]:
    yield "none", ""
    for change in register:
        if change.is_about(flip["name"]) or covers(flip["name"], change.host, below=True):
            record = _record(flip, change)
            if record:
                yield record, change.id


def _record(flip: dict[str, Any], change: FilterChange) -> str:
    """What this request says of a flip of its site; empty if nothing."""
    is_decided = change.decision in {"allow", "block"}
    wanted = change.decision if is_decided else change.wanted
    # A page with a warning is the one for who wanted less, and the other for who wanted more.
    forward = flip["now"] == "warned" or _DECIDED[flip["now"]] == wanted
    if not is_decided:
        return change.state if forward and change.state in {"asked", "refused"} else ""
    holds = forward and (change.ends is None or change.ends >= flip["since"])
    goes_back = not forward and change.ends is not None and change.ends >= flip["until"] - _SLACK
    if not (holds or goes_back):
        return ""
    return "settled" if change.agreed_at is not None or goes_back else "alone"
