"""An incident for the person who asks: what they may see of it, in words.

In: the case, its history, who asks. Out: lines for a terminal, or plain data. People are pseudonyms until their names
were opened to whoever asks; of a withheld case addresses and texts are shown to nobody; a network manager sees what is
to be done by them, on which device and when. Refuses who may see nothing of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from casebook.access import Access, Actor
from casebook.case import Acted, Case, drafts_in, second_for
from casebook.deciding import names_open
from casebook.display.onroute import as_told, step_lines
from casebook.display.pseudonyms import pseudonym
from casebook.illegal import ILLEGAL
from casebook.response.routes import Route
from casebook.telling import SAID, Secrets, secrets_of
from pipeline.urgency.levels import SEE_TO_THE_CHILD

_MOST_TEXTS: Final = 40
#: So many hits, and so much of the text of each, stand at a terminal.
_MOST_HITS, _LONGEST_TEXT = 40, 100
_WITHHELD: Final = "(withheld: something in this case may be illegal)"
#: What is said beside the warnings of another route.
_ILLEGAL_TOO: Final = (
    "Something in it may be illegal: do not open, copy, print or forward it. Nothing of it is shown, and nothing done "
    "by one person alone, until it is answered on the route 'illegal' that it is not."
)


@dataclass(frozen=True)
class Viewer:
    """Who looks, and with which key names are hidden."""

    actor: Actor
    access: Access
    key: bytes
    timezone: ZoneInfo
    now: datetime

    def name(self, case: Case, person: str, kind: str) -> str:
        """The person, or what stands for them."""
        return person if names_open(case, self.actor, self.now) else pseudonym(person, kind, self.key)

    def local(self, moment: datetime) -> str:
        """A time as people of the school read it."""
        return moment.astimezone(self.timezone).strftime("%a %d %b %Y %H:%M")


def as_data(case: Case, history: Iterable[Acted], route: Route, viewer: Viewer) -> dict[str, Any]:
    """What the viewer may see. Raises `kinds.Refused`."""
    acted = list(history)
    routing = {
        "id": case.id, "state": case.state, "level": case.level, "route": route.id, "title": route.title,
        "warnings": [*route.warnings, *([_ILLEGAL_TOO] if case.withheld and route.id != ILLEGAL else [])],
        "day": case.day,
        "devices": sorted(
            {str(each["subject_name"]) for each in drafts_in(acted) if each["subject_kind"] in {"device", "address"}}
        ),
    }  # fmt: skip
    if not viewer.access.sees(viewer.actor, case):
        if not viewer.access.sees_routing(viewer.actor, case):
            viewer.access.refuse_unseen(viewer.actor, case)
        return {**routing, **as_told(case, route, routing_only=True)}
    drafts = drafts_in(acted)
    secrets = secrets_of(drafts, people(case, viewer.access)) if case.withheld else None
    if any(SEE_TO_THE_CHILD in each["reasons"] for each in drafts):
        routing["warnings"] = [f"{SEE_TO_THE_CHILD.capitalize()}.", *routing["warnings"]]
    return {
        **routing, **as_told(case, route), "category": case.category,
        "origin": case.origin, "side": case.side, "held": case.held,
        "question_open": case.question_open, "ground": case.ground, "erased": case.erased, "linked": list(case.linked),
        "merged_into": case.merged_into, "names_open": names_open(case, viewer.actor, viewer.now),
        "parties": [
            {"person": _told(viewer.name(case, each.person, each.kind), secrets), "part": each.part, "kind": each.kind}
            for each in case.parties.values()
        ],
        "said": [_said(each, case, secrets) for each in drafts],
        "hits": _hits(acted, case),
        "history": [_history(each, case, viewer, secrets) for each in acted if each.kind != "view"],
        "needs_second": {
            kind: what for kind in ("review", "dismiss", "close", "export", "reroute")
            if (what := second_for(case, kind)) is not None
        },
    }  # fmt: skip


def people(case: Case, access: Access) -> frozenset[str]:
    """The accounts that may stand in what is written about a case, and are no hosts."""
    return frozenset(case.people).union(*(each.accounts for each in access.staff))


def _told(name: str, secrets: Secrets | None) -> str:
    """A name or a word of the program's own, unless somebody has put an address there."""
    return secrets.told_outright(name) if secrets else name


def _said(draft: Mapping[str, Any], case: Case, secrets: Secrets | None) -> dict[str, Any]:
    """What one draft said. Nothing in it names the person but their own words, which only an opened case shows."""
    texts = dict.fromkeys(str(each["text"]) for each in draft["hits"] if each.get("text"))
    return {
        "from": draft["first_ts"], "until": draft["last_ts"], "who": draft["who"], "what": draft["what"],
        "class": draft["class"], "lesson": draft["lesson"],
        "reasons": secrets.reasons(draft["reasons"]) if secrets else list(draft["reasons"]),
        "facts": [_WITHHELD] if case.withheld else list(draft["facts"]),
        "texts": [_WITHHELD] if case.withheld else list(texts)[:_MOST_TEXTS],
        "more_texts": max(0, len(texts) - _MOST_TEXTS),
    }  # fmt: skip


def _hits(acted: Iterable[Acted], case: Case) -> list[dict[str, Any]]:
    """Every hit once, in order of time, under the id by which it can be split off; `split_into` where it was."""
    told = list(acted)
    gone = {hit: each.facts["into"] for each in told if each.kind == "split" for hit in each.facts["hits"]}
    hits = {each["hit_id"]: each for draft in drafts_in(told) for each in draft["hits"]}
    return [
        {
            "id": name, "at": each["ts"], "field": each["field"], "level": each["level"], "category": each["category"],
            "text": "(withheld)" if case.withheld else each["text"] or "", "split_into": gone.get(name, ""),
        }
        for name, each in sorted(hits.items(), key=lambda item: (item[1]["ts"], item[0]))
    ]  # fmt: skip


def _history(acted: Acted, case: Case, viewer: Viewer, secrets: Secrets | None) -> dict[str, Any]:
    content = acted.content
    told: dict[str, Any] = {"erased": True} if content is None else {
        name: secrets.told(str(content[name])) if secrets else content[name] for name in SAID if name in content
    }  # fmt: skip
    if content and "person" in content:
        told["person"] = _told(viewer.name(case, content["person"], content.get("person_kind", "unknown")), secrets)
        told |= {name: content[name] for name in ("part",) if name in content}
    facts = {name: value for name, value in acted.facts.items() if name not in {"evidence_sha256", "sha256", "hits"}}
    return {
        "action": acted.seq, "at": acted.at.isoformat(), "author": acted.author, "role": acted.role,
        "kind": acted.kind, **facts, **told,
    }  # fmt: skip


def as_lines(shown: Mapping[str, Any], viewer: Viewer) -> Iterator[str]:
    """The same for a person at a terminal."""
    yield f"{shown['id']}  {shown['state']}  {shown['level']}  {shown['title']}"
    for warning in shown["warnings"]:
        yield f"  ! {warning}"
    yield from _seen(shown, viewer)
    yield from step_lines(shown)


def _seen(shown: Mapping[str, Any], viewer: Viewer) -> Iterator[str]:
    if "parties" not in shown:
        yield f"  devices: {', '.join(shown['devices']) or 'none known'}"
        return
    if shown["question_open"]:
        yield "  ! Late evidence came after this was decided: look at it, then `stands` or `reopen`."
    if shown["held"]:
        others = [each for each in shown.get("held_for", ()) if each != shown["id"]]
        yield f"  Held{', because it belongs to ' if others else ''}{', '.join(others)}: nothing of it is deleted."
    if shown["erased"]:
        yield "  Its personal part was erased when its time had come; what was decided is left."
    for each in shown["parties"]:
        yield f"  {each['part']}: {each['person']}"
    for said in shown["said"]:
        first, last = (viewer.local(datetime.fromisoformat(said[name])) for name in ("from", "until"))
        where = ", ".join(str(each) for each in (said["class"], said["lesson"]) if each)
        yield f"  {first} to {last}  {where}  ({said['who']}, {said['what']})"
        yield from (f"    {each}" for each in (*said["reasons"], *said["facts"]))
    yield from _hit_lines(shown["hits"], viewer)
    yield "History:"
    for each in shown["history"]:
        words = "; ".join(f"{name} {each[name]}" for name in each if name not in _FIXED and each[name] not in ("", []))
        at = viewer.local(datetime.fromisoformat(each["at"]))
        yield f"  {each['action']}  {at}  {each['author']}  {each['kind']}  {words}"


def _hit_lines(hits: Sequence[Mapping[str, Any]], viewer: Viewer) -> Iterator[str]:
    if hits:
        yield "Hits:"
    for each in hits[:_MOST_HITS]:
        at, text = viewer.local(datetime.fromisoformat(each["at"])), each["text"]
        text = text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…"
        where = f"  (now in {each['split_into']})" if each["split_into"] else ""
        yield f"  {each['id']}  {at}  {each['field']}  {each['level']}  {each['category']}  > {text}{where}"
    if len(hits) > _MOST_HITS:
        yield f"  and {len(hits) - _MOST_HITS} more: see --json"


_FIXED: Final = ("action", "at", "author", "role", "kind", "categories")
