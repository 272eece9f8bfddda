"""What follows from the actions about one filter-change request: what was asked, decided, agreed, and how it stands.

In: actions in their order. Out: a `FilterChange`, always the same for the same actions. Refuses an action that does not
fit to how the request stands, and a second person who is the first one again. Pure: no disk, no clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Final

from casebook.case import Acted
from casebook.filtering.sitenames import covers
from casebook.kinds import CasebookError, Said

#: Which actions a request takes, by its state.
_TAKES: Final[Mapping[str, tuple[str, ...]]] = {
    "asked": ("change-decided", "change-withdrawn"),
    "decided": ("change-agreed", "change-withdrawn", "change-effect"),
    "agreed": ("change-withdrawn", "change-effect"),
    "refused": (),
    "withdrawn": (),
}
_COMMANDS: Final = {"change-decided": "decide", "change-agreed": "agree", "change-withdrawn": "withdraw"}
#: How a request stands, as people say it. `decided` without a second person is not in force, whatever the filter does.
STANDINGS: Final = ("asked", "decided", "in-force", "expired", "refused", "withdrawn")


@dataclass(frozen=True)
class FilterChange:
    """One filter-change request, from the question to its end. Times are UTC, days local."""

    id: str
    host: str
    below: bool
    wanted: str
    asked_at: datetime
    #: The accounts of whoever entered it and of whoever they entered it for.
    askers: frozenset[str]
    #: Whether its personal part has had its time: for whom it was entered, nobody can tell any more.
    erased: bool = False
    state: str = "asked"
    decision: str = ""
    decided_at: datetime | None = None
    decided_by: str = ""
    #: The last day on which it holds; without one, until it is withdrawn.
    until: date | None = None
    agreed_at: datetime | None = None
    agreed_by: str = ""
    ended_at: datetime | None = None
    #: What the logs say, once they have been asked: one of `kinds.EFFECTS`.
    effect: str = ""
    #: Verdict -> requests, in the days before and after.
    before: Mapping[str, int] = field(default_factory=dict)
    after: Mapping[str, int] = field(default_factory=dict)

    @property
    def changed_at(self) -> datetime | None:
        """When it was settled what the filter is to do; None where nothing is to change."""
        return (self.agreed_at or self.decided_at) if self.decision in {"allow", "block"} else None

    @property
    def ends(self) -> date | None:
        """The last day on which it holds, as far as that is known."""
        # Who withdraws what is over already does not make it last any longer.
        return min((day for day in (self.ended_at and self.ended_at.date(), self.until) if day), default=None)

    def standing(self, today: date) -> str:
        """One of `STANDINGS`."""
        if self.state in {"decided", "agreed"} and self.until is not None and self.until < today:
            return "expired"
        return "in-force" if self.state == "agreed" else self.state

    def is_about(self, host: str) -> bool:
        """Whether a host is what was asked about, or lies below it."""
        return covers(self.host, host, below=self.below)


def replayed(actions: Iterable[Acted]) -> FilterChange:
    """The request that the actions make. Raises `CasebookError` where there is none."""
    change: FilterChange | None = None
    for each in actions:
        change = _asked(each) if change is None else applied(change, each)
    if change is None:
        raise CasebookError("there is no such filter-change request.", remedy="See `esafety change list`.")
    return change


def _asked(acted: Acted) -> FilterChange:
    if acted.kind != "change-asked" or acted.about is None:
        raise CasebookError(f"a filter-change request cannot begin with {acted.kind!r} (action {acted.seq}).")
    facts, told = acted.facts, acted.content or {}
    askers = frozenset({acted.author, told.get("asked_by", acted.author)})
    return FilterChange(
        acted.about, facts["host"], facts["below"], facts["wanted"], acted.at, askers, acted.content is None
    )


def applied(change: FilterChange, acted: Acted) -> FilterChange:
    """The request after one more action, which was allowed when it was taken."""
    facts = acted.facts
    if acted.kind == "change-decided":
        until = date.fromisoformat(facts["until"]) if "until" in facts else None
        state = "refused" if facts["decision"] == "refuse" else "decided"
        return replace(
            change, state=state, decision=facts["decision"], decided_at=acted.at, decided_by=acted.author, until=until
        )
    changes: Mapping[str, dict[str, Any]] = {
        # What the logs said of the word of one person is not what came of that of two.
        "change-agreed": {
            "state": "agreed", "agreed_at": acted.at, "agreed_by": acted.author, "effect": "", "before": {},
            "after": {},
        },
        "change-withdrawn": {"state": "withdrawn", "ended_at": acted.at},
        "change-effect": {name: facts.get(name) for name in ("effect", "before", "after")},
    }  # fmt: skip
    return replace(change, **changes.get(acted.kind, {}))


def refuse_wrong_state(change: FilterChange, said: Said) -> None:
    """Raise `CasebookError` if the action does not fit to how the request stands."""
    if said.kind in _TAKES[change.state]:
        return
    able = [_COMMANDS[each] for each in _TAKES[change.state] if each in _COMMANDS]
    remedy = f"What can be done: {' or '.join(able)}." if able else "It is over: ask anew with `esafety change add`."
    raise CasebookError(f"{change.id} is {change.state}.", remedy=remedy)


def refuse_ended(change: FilterChange, said: Said, today: date) -> None:
    """Raise `CasebookError` if it is to be settled although its last day is over: it would be in force on no day."""
    if said.kind == "change-agreed" and change.until is not None and change.until < today:
        what = f"{change.id} was decided until {change.until}, and that is over."
        raise CasebookError(what, remedy="Ask anew with `esafety change add`.")


def refuse_same_person(change: FilterChange, said: Said, accounts: frozenset[str]) -> None:
    """Raise `CasebookError` if the second person asked for it or decided it, or if that cannot be told any more."""
    if said.kind == "change-agreed" and change.erased:
        remedy = "Ask anew with `esafety change add`."
        raise CasebookError(f"{change.id}: who asked for it has been erased, and may be the second.", remedy=remedy)
    if said.kind == "change-agreed" and accounts & (change.askers | {change.decided_by}):
        remedy = "Somebody else has to agree: neither who asked nor who decided."
        raise CasebookError(f"{change.id}: one person alone cannot do this.", remedy=remedy)
