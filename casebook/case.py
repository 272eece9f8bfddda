"""What follows from the actions of one incident: its state, who is part of it, what may happen next.

In: actions in their order. Out: a `Case`, always the same for the same actions; nothing else says what state an
incident is in. Refuses an action that the state does not allow; who may take it, `access` says.
Pure: no disk, no clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from casebook.illegal import ILLEGAL, SETTLING, asked_anew, brings_illegal, is_settled
from casebook.kinds import LEFT_TO, CasebookError, Refused, Said
from pipeline.schema import LEVELS, STAFF_ROLES

#: What is on them is about staff, whoever is named.
STAFF_ROUTES: Final = ("staff-instigator", "staff-victim")
_OPEN: Final = ("draft", "under-review", "confirmed", "escalated")
#: A person has said that it is an incident.
CONFIRMED: Final = ("confirmed", "escalated", "closed")
_DECIDED: Final = ("dismissed", *CONFIRMED)
#: Where to look for those that there are.
WHERE: Final = "See `esafety incident list`."
STATES: Final = (*_OPEN, "dismissed", "closed", "merged")
#: In which states an action may be taken; one that is not named here may be taken in any but `merged`.
ALLOWED: Final[Mapping[str, tuple[str, ...]]] = {
    "review": ("draft",),
    "confirm": ("under-review",),
    "dismiss": ("under-review",),
    "escalate": ("confirmed", "escalated"),
    "close": ("confirmed", "escalated"),
    "reopen": ("dismissed", "closed"),
    "stands": _DECIDED,
    "step": _OPEN,
    "answer": _OPEN,
    "reroute": _OPEN,
    "merge": _OPEN,
    "merged-from": _OPEN,
    "split": _OPEN,
    "view": STATES,
    "hold": STATES,
    "release": STATES,
    "reveal": STATES,
}
_BECOMES: Final = {
    "review": "under-review", "confirm": "confirmed", "dismiss": "dismissed", "escalate": "escalated",
    "close": "closed", "reopen": "under-review", "merge": "merged",
}  # fmt: skip


@dataclass(frozen=True)
class Acted:
    """One action as it stands in the casebook. `content` is None where it has been erased. Time is UTC."""

    seq: int
    at: datetime
    author: str
    role: str
    via: str
    kind: str
    about: str | None
    facts: Mapping[str, Any]
    content: Mapping[str, Any] | None


@dataclass(frozen=True)
class Party:
    """Somebody who is part of a case: `part` and `kind` are words of `kinds.PARTS` and `kinds.PERSON_KINDS`."""

    person: str
    part: str
    kind: str


@dataclass(frozen=True)
class Case:
    """One incident, from the draft to its end."""

    id: str
    origin: str
    day: str
    level: str
    category: str
    route: str
    opened_at: datetime
    changed_at: datetime
    state: str = "draft"
    #: The most urgent level that it ever had: what needed two people goes on needing them.
    gravest: str = "record"
    #: Draft id -> SHA-256 of its evidence, as last brought.
    evidence: Mapping[str, str] = field(default_factory=dict)
    parties: Mapping[str, Party] = field(default_factory=dict)
    question_open: bool = False
    held: bool = False
    erased: bool = False
    #: What its side was when its personal part was erased: nobody is named any more who would say so.
    erased_side: str = ""
    #: Which roles may know of it since, where somebody who works with the casebook was part of it.
    kept_for: frozenset[str] | None = None
    reviewed_at: datetime | None = None
    closed_at: datetime | None = None
    ground: str = ""
    #: What a second person has agreed to -> who.
    agreed: Mapping[str, frozenset[str]] = field(default_factory=dict)
    brought_in: frozenset[str] = frozenset()
    #: Author -> until when names stay open (UTC, ISO 8601).
    revealed: Mapping[str, str] = field(default_factory=dict)
    #: (route, step) that somebody has ticked.
    steps: frozenset[tuple[str, str]] = frozenset()
    #: (route, question) -> the answer that somebody has given, the last one.
    answers: Mapping[tuple[str, str], str] = field(default_factory=dict)
    merged_into: str = ""
    linked: tuple[str, ...] = ()
    #: Something in it may be illegal, and two people have not settled that nothing is.
    illegal: bool = False
    #: Whoever is part of a case that has something of this one, and whether one that it was merged into is about
    #: staff: `store.case_of` enters it, because it stands in the histories of these.
    elsewhere: frozenset[str] = frozenset()
    staff_elsewhere: bool = False

    @property
    def withheld(self) -> bool:
        """Whether addresses and lines are shown to nobody, and nothing is done by one person alone."""
        return self.illegal or self.route == ILLEGAL

    @property
    def people(self) -> AbstractSet[str]:
        """The accounts of whoever is part of it, or of a case that has something of it."""
        return self.parties.keys() | self.elsewhere

    @property
    def left_to(self) -> frozenset[str] | None:
        """The roles that may know of what was erased, where nobody can tell any more who was part of it."""
        return left_to(self.erased_side, self.kept_for)

    @property
    def side(self) -> str:
        """`staff` where an adult of the school is the subject, the instigator or the victim; else `pupil`.

        What was merged into a case about staff is part of one.
        """
        return "staff" if self.staff_elsewhere else self.own_side

    @property
    def own_side(self) -> str:
        """The side that follows from its own actions alone."""
        if self.erased_side == "staff":
            return "staff"
        concerned = any(each.kind == "staff" and each.part != "witness" for each in self.parties.values())
        return "staff" if concerned or self.route in STAFF_ROUTES else "pupil"


def drafts_in(acted: Iterable[Acted]) -> list[Mapping[str, Any]]:
    """The drafts that these actions brought, in order; what has been erased is none any more."""
    return [each.content["draft"] for each in acted if each.content and "draft" in each.content]


def replayed(incident: str, actions: Iterable[Acted]) -> Case:
    """The case that the actions make. Raises `CasebookError` where they do not begin with one that opens a case.

    Where there are none it is `Refused`, as a case is that may not be seen.
    """
    case: Case | None = None
    for each in actions if incident.startswith("I-") else ():
        case = opened(each) if case is None else applied(case, each)
    if case is None:
        raise Refused(unseen(incident), remedy=WHERE)
    return case


def unseen(incident: str) -> str:
    """What is said of an incident that is not there, and of one that whoever asks may not see."""
    return f"there is no incident {incident} that you may see."


def opened(acted: Acted) -> Case:
    """The case that begins with this action."""
    facts = acted.facts
    if acted.kind not in {"drafted", "split-from", "reported"} or acted.about is None:
        raise CasebookError(f"an incident cannot begin with {acted.kind!r} (action {acted.seq}).")
    case = Case(
        acted.about, "report" if acted.kind == "reported" else "log", facts["day"], facts["level"], facts["category"],
        facts["route"], acted.at, acted.at, gravest=facts["level"], erased=acted.content is None,
        evidence={} if acted.kind == "reported" else {facts["draft_id"]: facts["evidence_sha256"]},
        linked=(facts["origin"],) if acted.kind == "split-from" else (), illegal=brings_illegal(facts),
    )  # fmt: skip
    return replace(case, parties=_parties(acted))


def _parties(acted: Acted) -> dict[str, Party]:
    content = acted.content or {}
    if "parties" in content:
        named = [Party(each["person"], each["part"], each["kind"]) for each in content["parties"]]
        return {each.person: each for each in named}
    draft = content.get("draft") or {}
    filed = draft.get("subject_kind")
    if filed not in {"person", "account"}:
        return {}
    person = str(draft["subject"]).removeprefix(f"{filed}:")
    # Whose an account is that the people file lacks, nobody knows yet; it is somebody's all the same.
    listed = "staff" if str(draft.get("role") or "").lower() in STAFF_ROLES else "pupil"
    kind = listed if filed == "person" else "unknown"
    return {person: Party(person, "subject", kind)}


def applied(case: Case, acted: Acted) -> Case:
    """The case after one more action, which was allowed when it was taken."""
    changes: dict[str, Any] = {"changed_at": acted.at} if acted.kind not in {"view", "reveal"} else {}
    if acted.kind in _BECOMES:
        changes["state"] = _BECOMES[acted.kind]
    change = _CHANGES.get(acted.kind)
    if change is not None:
        changes |= change(case, acted)
    return replace(case, **changes)


def _late(case: Case, acted: Acted) -> dict[str, Any]:
    facts = acted.facts
    graver = min(case.level, facts["level"], key=LEVELS.index)
    return {
        "evidence": {**case.evidence, facts["draft_id"]: facts["evidence_sha256"]},
        "parties": {**_parties(acted), **case.parties},
        "question_open": case.question_open or case.state in _DECIDED,
        "level": graver, "gravest": min(case.gravest, graver, key=LEVELS.index),
        # What was agreed before, was agreed without having seen this.
        "agreed": {}, **_with_illegal(case, acted),
    }  # fmt: skip


def _with_illegal(case: Case, acted: Acted) -> dict[str, Any]:
    """What changes where the action brings something that may be illegal: all of the case waits for two people.

    It goes onto that route; but a case about staff stays on its own, or those would see it who may not.
    """
    if not brings_illegal(acted.facts):
        return {}
    route = case.route if case.route in STAFF_ROUTES else ILLEGAL
    return {"illegal": True, "route": route, "agreed": {}, "answers": asked_anew(case.answers)}


def _answered(case: Case, acted: Acted) -> dict[str, Any]:
    """Whoever agreed to another route before it was said whether it is illegal, agreed to that route and no more."""
    asked = (acted.facts["route"], acted.facts["question"])
    agreed = _without(case, "reroute") if asked in SETTLING else case.agreed
    return {"answers": {**case.answers, asked: acted.facts["answer"]}, "agreed": agreed}


def _rerouted(case: Case, acted: Acted) -> dict[str, Any]:
    """On another route. From that of what may be illegal two people move it, and only if it was answered there that
    nothing is, all of it can be seen again.
    """
    route, settled = acted.facts["route"], case.route == ILLEGAL and is_settled(case.answers)
    return {
        "route": route, "agreed": _without(case, "reroute"), "illegal": case.withheld and not settled,
        "answers": asked_anew(case.answers) if route == ILLEGAL else case.answers,
    }  # fmt: skip


def _confirmed(case: Case, acted: Acted) -> dict[str, Any]:
    level = acted.facts.get("level", case.level)
    return {
        "level": level, "gravest": min(case.gravest, level, key=LEVELS.index),
        "category": acted.facts.get("category", case.category), "question_open": False, "ground": "",
        **_with_illegal(case, acted),
    }  # fmt: skip


def _without(case: Case, what: str) -> dict[str, frozenset[str]]:
    return {name: who for name, who in case.agreed.items() if name != what}


def _ended(case: Case, acted: Acted) -> dict[str, Any]:
    dismissed = acted.kind == "dismiss"
    return {
        "closed_at": acted.at, "question_open": False, "agreed": _without(case, acted.kind),
        "ground": acted.facts["ground"] if dismissed else acted.facts["outcome"],
    }  # fmt: skip


def _agreed(case: Case, acted: Acted) -> dict[str, Any]:
    what = acted.facts["agreed"]
    return {"agreed": {**case.agreed, what: case.agreed.get(what, frozenset()) | {acted.author}}}


def _party(case: Case, acted: Acted) -> dict[str, Any]:
    if acted.content is None:
        return {"erased": True}
    person = acted.content["person"]
    return {"parties": {**case.parties, person: Party(person, acted.content["part"], acted.content["person_kind"])}}


def _no_party(case: Case, acted: Acted) -> dict[str, Any]:
    gone = (acted.content or {}).get("person")
    return {"parties": {name: each for name, each in case.parties.items() if name != gone}}


_CHANGES: Final[Mapping[str, Callable[[Case, Acted], dict[str, Any]]]] = {
    "late-evidence": _late,
    "review": lambda case, acted: {"reviewed_at": case.reviewed_at or acted.at, "agreed": _without(case, "open")},
    "confirm": _confirmed,
    "dismiss": _ended,
    "close": _ended,
    "reopen": lambda _, __: {"closed_at": None, "question_open": False, "ground": ""},
    "stands": lambda _, __: {"question_open": False},
    "step": lambda case, acted: {"steps": case.steps | {(acted.facts["route"], acted.facts["step"])}},
    "answer": _answered,
    "reroute": _rerouted,
    "party": _party,
    "not-party": _no_party,
    "agree": _agreed,
    "bring-in": lambda case, acted: {"brought_in": case.brought_in | {acted.facts["colleague"]}},
    "merge": lambda case, acted: {
        "merged_into": acted.facts["into"], "question_open": False, "agreed": _without(case, "dismiss"),
    },
    # Whoever is part of the one may not read the other.
    "merged-from": lambda case, acted: {
        "linked": (*case.linked, acted.facts["origin"]), "parties": {**_parties(acted), **case.parties},
        **_with_illegal(case, acted),
    },
    "split": lambda case, acted: {"linked": (*case.linked, acted.facts["into"])},
    "reveal": lambda case, acted: {"revealed": {**case.revealed, acted.author: acted.facts["until"]}},
    "export": lambda case, _: {"agreed": _without(case, "export")},
    "hold": lambda _, __: {"held": True},
    "release": lambda _, __: {"held": False},
    "erase": lambda case, acted: {
        "erased": True, "erased_side": acted.facts["side"],
        "kept_for": kept_for(case.kept_for, acted.facts.get("kept_for")),
    },
}  # fmt: skip


def kept_for(before: frozenset[str] | None, roles: Iterable[str] | None) -> frozenset[str] | None:
    """Who may know of it, after it was erased once more: nobody who might not before."""
    if roles is None:
        return before
    return frozenset(roles) & LEFT_TO if before is None else before.intersection(roles)


def left_to(erased_side: str, kept: frozenset[str] | None) -> frozenset[str] | None:
    """The roles that may know of an erased case; None if it is seen as it was before."""
    return LEFT_TO if kept is None and erased_side == "staff" else kept


def refuse_wrong_state(case: Case, said: Said) -> None:
    """Raise `CasebookError` if the action cannot be taken in the state that the case is in."""
    allowed = ALLOWED.get(said.kind, (*_OPEN, "dismissed", "closed"))
    if case.state not in allowed:
        where = f" It is part of {case.merged_into} now." if case.merged_into else ""
        remedy = f"{said.kind!r} is for incidents that are {' or '.join(allowed)}.{where}"
        raise CasebookError(f"{case.id} is {case.state}.", remedy=remedy)
    if said.kind == "stands" and not case.question_open:
        raise CasebookError(f"{case.id} has no late evidence that waits.", remedy="Nothing is to be done.")
    if said.kind == "reroute" and said.facts["route"] == case.route:
        raise CasebookError(f"{case.id} is on the route {case.route!r} already.")
    if said.kind == "hold" and case.held:
        raise CasebookError(f"{case.id} is held already.")
    if said.kind == "release" and not case.held:
        raise CasebookError(f"{case.id} is not held.")


def second_for(case: Case, kind: str) -> str | None:
    """To what a second senior person must have agreed before an action of this kind; None if one person may do it."""
    if kind in {"dismiss", "merge"} and (case.withheld or case.gravest == LEVELS[0]):
        return "dismiss"
    if not case.withheld:
        return None
    return {"review": "open", "close": "close", "export": "export", "reroute": "reroute"}.get(kind)
