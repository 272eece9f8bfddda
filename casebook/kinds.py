"""What can happen to an incident: the kinds of action, and what each says.

In: values from the command line, the pages or the night. Out: `Facts`, which stay for good and hold nothing personal,
and content, which may be erased one day. Refuses a key that the kind does not have, one that is missing, and a value
that is none of those allowed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pipeline.errors import EsafetyError
from pipeline.lists.watchtoml import ROUTES
from pipeline.schema import LEVELS

#: Why a draft was no incident.
GROUNDS: Final = ("false-alarm", "accidental", "legitimate", "duplicate", "not-ours")
#: How an incident ended.
OUTCOMES: Final = (
    "support", "sanction", "parents", "referred", "police", "filter-changed", "policy-changed", "no-further-action",
)  # fmt: skip
PARTS: Final = ("subject", "victim", "instigator", "witness")
PERSON_KINDS: Final = ("pupil", "staff", "parent", "unknown")
#: What a second senior person may agree to.
SECONDED: Final = ("open", "close", "export", "dismiss", "reroute", "sanctions")
#: Who may know of an erased incident that was about staff, or that a caseworker was part of.
LEFT_TO: Final = frozenset({"chair-of-governors", "auditor"})
#: To whom an incident can be escalated.
AGENCIES: Final = (
    "head", "chair-of-governors", "child-protection", "social-care", "lado", "police", "ceop", "iwf", "prevent", "hr",
)  # fmt: skip
#: What a filter-change request asks for, and what can be decided about it.
WANTED: Final = ("allow", "block")
DECISIONS: Final = (*WANTED, "refuse")
#: What the logs say came of a decision; `already`: it was so before.
EFFECTS: Final = ("seen", "partly", "not-seen", "already", "no-traffic")
DEVICE_TYPES: Final = ("desktop", "laptop", "chromebook", "tablet", "phone", "other")
#: What came of a filter check, and what the logs say of it.
RESULTS: Final = ("blocked", "allowed", "warned", "not-reachable")
TRACES: Final = ("agrees", "differs", "none")


class CasebookError(EsafetyError):
    """An action that the casebook does not take; nothing was changed."""


class Refused(CasebookError):
    """Whoever asked may not do this. It does not say whether there is such a case."""


@dataclass(frozen=True)
class Kind:
    """Which facts and which content an action of this kind has; with `?` at the end, it may be without."""

    facts: tuple[str, ...] = ()
    content: tuple[str, ...] = ()


#: The words that a fact may be.
WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "ground": GROUNDS, "outcome": OUTCOMES, "agreed": SECONDED, "agency": AGENCIES, "level": LEVELS, "route": ROUTES,
    "wanted": WANTED, "decision": DECISIONS, "effect": EFFECTS, "device_type": DEVICE_TYPES, "result": RESULTS,
    "trace": TRACES,
}  # fmt: skip

_DRAFT: Final = ("draft_id", "evidence_sha256", "level", "category", "categories", "route", "day", "site")
KINDS: Final[Mapping[str, Kind]] = {
    # What the night brings.
    # With `parties` where the draft does not say what the casebook knows: that the account is a caseworker's.
    "drafted": Kind(_DRAFT, ("draft", "parties?")),
    "late-evidence": Kind(_DRAFT, ("draft", "parties?")),
    # What people report.
    "reported": Kind(("category", "level", "route", "day", "illegal?"), ("summary", "parties", "reported_by")),
    # What is decided.
    "review": Kind((), ("reason?",)),
    "confirm": Kind(("category?", "level?", "illegal?"), ("reason",)),
    "dismiss": Kind(("ground",), ("reason",)),
    "escalate": Kind(("agency",), ("reason",)),
    "close": Kind(("outcome",), ("reason", "debrief", "lesson?", "change?")),
    "reopen": Kind((), ("reason",)),
    "stands": Kind((), ("reason",)),
    # What is done and noted on the way.
    "note": Kind((), ("text",)),
    "step": Kind(("route", "step"), ("note?",)),
    "answer": Kind(("route", "question", "answer"), ("note?",)),
    "reroute": Kind(("route",), ("reason",)),
    "party": Kind((), ("person", "part", "person_kind", "reason?")),
    "not-party": Kind((), ("person", "reason")),
    "agree": Kind(("agreed",), ("reason",)),
    "bring-in": Kind(("colleague",), ("reason",)),
    "merge": Kind(("into",), ("reason",)),
    # `illegal`: what comes with it may be.
    "merged-from": Kind(("origin", "illegal?"), ("parties", "reason")),
    "split": Kind(("into", "hits"), ("reason",)),
    "split-from": Kind((*_DRAFT, "origin", "illegal?"), ("draft", "parties", "reason")),
    # The register of filter-change requests. A site is nobody's; why, and who asked, may be somebody's.
    "change-asked": Kind(("host", "below", "wanted"), ("reason", "asked_by?")),
    "change-decided": Kind(("decision", "until?"), ("reason",)),
    "change-agreed": Kind((), ("reason",)),
    "change-withdrawn": Kind((), ("reason",)),
    "change-effect": Kind(("effect", "day", "before", "after")),
    # The register of filter checks.
    "check": Kind(("host", "device_type", "site", "group", "result", "tried_at"), ("tried", "user?", "device?")),
    "check-traced": Kind(("trace", "seen")),
    # What is looked at, and what leaves the house.
    "view": Kind(("what",)),
    "reveal": Kind(("until",), ("reason",)),
    "export": Kind(("what", "sha256", "incidents?", "without?"), ("reason", "person?")),
    # What is kept, and what no longer is.
    "hold": Kind((), ("reason",)),
    "release": Kind((), ("reason",)),
    # That this casebook is an earlier copy, or another: which heads that nights have noted are not in it, as (number
    # of actions, hash); whether whoever accepts it is the one of the two who has to be among them (`noted`).
    "accept-copy": Kind(("lost", "leads"), ("reason",)),
    # A receipt: which rule, and whose; what went; which actions have lost their personal part, as (first, last).
    "purge": Kind(("rule", "days", "layer", "before", "counts", "sha256", "incidents", "erased")),
    # Beside each incident of a receipt, with its number: what decides who may see it once nobody is named in it.
    # `kept_for`, where a caseworker was part of it: which of `LEFT_TO` were not. It does not say who it was.
    "erase": Kind(("receipt", "rule", "side", "kept_for?")),
}


@dataclass(frozen=True)
class Said:
    """One action before it is written: its kind, its facts, its content."""

    kind: str
    facts: Mapping[str, Any]
    content: Mapping[str, Any]


def said(kind: str, **values: Any) -> Said:
    """An action of that kind. Values that are None are left out. Raises `CasebookError`."""
    if kind not in KINDS:
        raise CasebookError(f"there is no action {kind!r}.", remedy=f"There are {', '.join(KINDS)}.")
    given = {name: value for name, value in values.items() if value is not None}
    form = KINDS[kind]
    unknown = given.keys() - {name.rstrip("?") for name in (*form.facts, *form.content)}
    missing = [name for name in (*form.facts, *form.content) if not name.endswith("?") and name not in given]
    if unknown or missing:
        what = f"has no {min(unknown)!r}" if unknown else f"needs {missing[0]!r}"
        raise CasebookError(f"the action {kind!r} {what}.")
    for name, words in WORDS.items():
        if name in given and given[name] not in words:
            raise CasebookError(f"{given[name]!r} is no {name}.", remedy=f"Write one of {', '.join(words)}.")
    for name in ("reason", "text", "summary", "debrief", "tried"):
        if name in given and not str(given[name]).strip():
            raise CasebookError(f"the {name} is empty.", remedy="Say it in a sentence: others will have to rely on it.")
    facts, content = (
        {name.rstrip("?"): given[name.rstrip("?")] for name in names if name.rstrip("?") in given}
        for names in (form.facts, form.content)
    )
    return Said(kind, facts, content)


def canonical(value: Mapping[str, Any]) -> str:
    """The one way to write it as JSON, so that its hash can be worked out again anywhere."""
    return json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":"), allow_nan=False)
