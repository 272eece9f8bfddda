"""The page on top of a copy of what is held on one person.

In: what was found, masked, and the files that lie beside the page. Out: one HTML file that needs nothing else.
Refuses nothing: what it shows was chosen before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from reports.dates import long_date
from reports.page import counted, environment

_STATES = {
    "draft": "a draft that nobody has looked at", "under-review": "being looked at", "confirmed": "an incident",
    "escalated": "an incident that was handed on", "dismissed": "dismissed", "closed": "closed",
    "merged": "part of another case",
}  # fmt: skip
#: What happened, for whoever has never seen the incident log.
_KINDS = {
    "drafted": "The program drafted it from the logs", "late-evidence": "A log that came later added to it",
    "reported": "Somebody told of it", "review": "Taken up", "confirm": "Found to be an incident",
    "dismiss": "Found to be none", "escalate": "Handed on", "close": "Closed", "reopen": "Taken up once more",
    "stands": "Looked at again: the decision stands", "note": "Noted", "step": "A step was done",
    "answer": "A question of the route was answered",
    "reroute": "Changed to another way of answering", "party": "Somebody was entered as part of it",
    "not-party": "Somebody was found to be no part of it", "merge": "Became part of another case",
    "split": "Some of it became a case of its own", "split-from": "Was split from another case",
    "export": "A copy left the incident log", "hold": "Kept past all time limits", "release": "The hold was ended",
}  # fmt: skip
#: What was counted, in the order of the page.
_COUNTED = {
    "events": "Lines of the logs under this account, in whatever spelling, or that name nobody and come from a device "
    "or an address that the school’s list gives to this person",
    "lines": "Of these: original lines that are kept as they came",
    "unread": "Lines that could not be read and name the account, or the person’s whole name",
    "registers": "Filter-change requests and filter checks for this person, by them or under their account",
}  # fmt: skip


@dataclass(frozen=True)
class SubjectContext:
    """What the page is about."""

    school: str
    account: str
    name: str
    timezone: ZoneInfo
    made_at: datetime
    #: Rows of the people file: what each column says.
    people: Sequence[Mapping[str, str]]
    #: Name of the file, what is in it, how many rows.
    files: Sequence[tuple[str, str, int]]
    #: Of `events`, `lines` as they came, lines `unread` and entries of `registers`: how many were found, are in the
    #: files, and are held back.
    counted: Mapping[str, tuple[int, int, int]]
    cases: Sequence[Mapping[str, Any]]
    withheld: int
    acted: int
    #: Pages of nights that name the person.
    pages: Sequence[str]
    #: Titles of categories.
    categories: Mapping[str, str]


def render(context: SubjectContext) -> str:
    """The page; the same input gives the same page."""
    made = context.made_at.astimezone(context.timezone)
    return environment().get_template("subject/template.html").render(
        school=context.school, account=context.account, name=context.name or context.account,
        made=f"{long_date(made.date())}, {made:%H:%M}",
        people=[[(key.replace("_", " "), value) for key, value in row.items() if value] for row in context.people],
        files=[(name, what, counted(rows, "row", "rows")) for name, what, rows in context.files],
        counts=[_counts(what, *context.counted[name]) for name, what in _COUNTED.items()],
        cases=[_case(each, context) for each in context.cases],
        withheld=counted(context.withheld, "matter that is withheld", "matters that are withheld"),
        any_withheld=context.withheld > 0, acted=counted(context.acted, "action", "actions"), pages=list(context.pages),
    )  # fmt: skip


def _counts(what: str, found: int, written: int, kept_back: int) -> dict[str, str]:
    return {"what": what, "found": f"{found:,}", "written": f"{written:,}", "kept_back": f"{kept_back:,}"}


def _case(case: Mapping[str, Any], context: SubjectContext) -> dict[str, Any]:
    history = [
        {
            "at": each["at"].astimezone(context.timezone).strftime("%d %b %Y %H:%M"), "by": each["by"],
            "kind": _KINDS[each["kind"]], "words": [*each["facts"], *each["words"]],
        }
        for each in case["history"]
    ]  # fmt: skip
    category = context.categories.get(case["category"], case["category"])
    return {**case, "category": category, "state": _STATES[case["state"]], "history": history}
