"""The members of a pack, worked out from what the casebook and the lake hold.

In: the parts of the pack, what the lake still knows, who makes it and why. Out: the bytes of each member, its manifest
among them. Of a case that is withheld there are references only: no address, no text, no line. Refuses nothing. Pure:
no disk, no clock.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from casebook.deciding import names_open
from casebook.display.showing import Viewer, as_data
from casebook.packs import (
    CASE,
    CHAIN,
    CUSTODY,
    FILES,
    INDEX,
    LINES,
    MANIFEST,
    MEMBERS,
    RAW,
    VERSION,
    lines,
    page,
    segment,
)
from casebook.packs.parts import Part, left_out, secrets_of
from casebook.packs.places import Kept
from casebook.response.routes import Route
from casebook.telling import SAID, Secrets

_OF_HIT: Final = (
    "hit_id", "ts", "ts_quality", "category", "rule_id", "level", "field", "verdict", "kind", "source", "source_sha256",
    "line",
)  # fmt: skip
_TELLING: Final = ("text", "host")
_OF_DRAFT: Final = (
    "draft_id", "day", "site", "who", "what", "class", "year_group", "lesson", "first_ts", "last_ts", "level",
    "category", "categories", "reasons", "facts", "evidence_sha256",
)  # fmt: skip


@dataclass(frozen=True)
class Made:
    """Why and by which program a pack is made, on which machine; and how far the casebook had got then."""

    reason: str
    program: str
    machine: str
    head: tuple[int, str]
    #: Every export that this incident was in before.
    before: tuple[dict[str, Any], ...] = ()
    school: str = ""
    with_lines: bool = True


@dataclass(frozen=True)
class Pack:
    """All that a pack says, before it is written."""

    parts: list[Part]
    unseen: list[str]
    kept: Kept
    routes: Mapping[str, Route]
    viewer: Viewer
    made: Made

    @property
    def withheld(self) -> bool:
        """Whether it holds references alone, because one of its incidents is on the route for what may be illegal."""
        return any(part.case.withheld for part in self.parts)

    @property
    def what(self) -> str:
        """What it is, for the history."""
        return "pack-of-references" if self.withheld else "pack" if self.made.with_lines else "pack-without-lines"


def members(pack: Pack) -> dict[str, bytes]:
    """Every member by its name."""
    found = secrets_of(pack.parts, pack.viewer)
    case, custody = _case(pack), _custody(pack)
    if pack.withheld:
        case, custody = (_without_addresses(each, found) for each in (case, custody))
    references, log = lines.as_members(_lines(pack), raw=pack.what == "pack")
    rows = sorted(((row, part) for part in pack.parts for row in part.rows), key=lambda each: int(each[0]["seq"]))
    whys = {
        part.case.id: left_out(part, pack.viewer, found, withheld=pack.withheld, lines=pack.made.with_lines)
        for part in pack.parts
    }
    chain = segment.as_member((row for row, _ in rows), lambda row: whys[row["about"]](row))
    made = {
        CASE: _json(case), CHAIN: chain, CUSTODY: _json(custody), FILES: _json({"files": list(pack.kept.files)}),
        LINES: references,
    }  # fmt: skip
    if pack.what == "pack":
        made[RAW] = log
    made[INDEX] = page.rendered(case, custody, list(lines.read(references, log)), chain, pack.viewer.timezone)
    return made | {MANIFEST: manifest(made)}


def manifest(others: Mapping[str, bytes]) -> bytes:
    """Name and SHA-256 of every other member, as `sha256sum --check` reads it."""
    return "".join(
        f"{hashlib.sha256(others[name]).hexdigest()}  {name}\n"
        for name in MEMBERS
        if name in others and name != MANIFEST
    ).encode()


def _json(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, ensure_ascii=True, indent=1, sort_keys=True) + "\n").encode()


def _lines(pack: Pack) -> list[lines.Line]:
    drafts = [draft for part in pack.parts for draft in part.drafts]
    found = [line for draft in drafts for line in lines.of_hits(draft, pack.kept.offsets)]
    # What was around it would tell where something withheld is, and is not what is asked for then.
    return found if pack.withheld else [*found, *pack.kept.around]


def _case(pack: Pack) -> dict[str, Any]:
    incidents = []
    for part in pack.parts:
        # What is beside something that may be illegal in one pack is withheld with it.
        told = replace(part.case, illegal=True) if pack.withheld else part.case
        shown = as_data(told, part.acted, pack.routes[part.case.route], pack.viewer)
        # The drafts have all that is known of each hit.
        del shown["hits"]
        incidents.append(shown | {"drafts": [_draft(each, part, pack) for each in part.drafts]})
    return {
        "version": VERSION, "incident": pack.parts[0].case.id, "school": pack.made.school, "withheld": pack.withheld,
        "incidents": incidents, "not_shown": pack.unseen,
    }  # fmt: skip


def _draft(draft: Mapping[str, Any], part: Part, pack: Pack) -> dict[str, Any]:
    wanted = _OF_HIT if pack.withheld else (*_OF_HIT, *_TELLING)
    hits = sorted(draft["hits"], key=lambda each: (each["ts"], each["hit_id"]))
    return {
        **{name: draft.get(name) for name in _OF_DRAFT},
        "subject": _subject(draft, part, pack),
        "facts": [] if pack.withheld else list(draft["facts"]),
        "hits": [{name: each[name] for name in wanted} for each in hits],
        "around": [] if pack.withheld else list(draft["around"]),
    }


def _subject(draft: Mapping[str, Any], part: Part, pack: Pack) -> str:
    """Under what the draft was filed; a person or an account by its pseudonym, until names are open."""
    kind, name = draft["subject_kind"], str(draft["subject_name"])
    if kind not in {"person", "account"} or names_open(part.case, pack.viewer.actor, pack.viewer.now):
        return f"{name} ({kind})"
    person = str(draft["subject"]).removeprefix(f"{kind}:")
    party = part.case.parties.get(person)
    return pack.viewer.name(part.case, person, party.kind if party else "unknown")


def _without_addresses(value: Any, secrets: Secrets, under: str = "") -> Any:
    """The same data without any text that would tell an address; of what somebody wrote, that might."""
    if isinstance(value, str):
        return secrets.told(value) if under in SAID else secrets.told_outright(value)
    if isinstance(value, Mapping):
        return {name: _without_addresses(each, secrets, name) for name, each in value.items()}
    if isinstance(value, Iterable):
        told = secrets.reasons(value) if under == "reasons" else value
        return [_without_addresses(each, secrets) for each in told]
    return value


def _custody(pack: Pack) -> dict[str, Any]:
    actor, made = pack.viewer.actor, pack.made
    case = pack.parts[0].case
    return {
        "version": VERSION, "incident": case.id, "what": pack.what,
        "names": "open" if names_open(case, actor, pack.viewer.now) else "pseudonyms",
        "exported": {
            "at": pack.viewer.now.isoformat(timespec="microseconds"), "author": actor.account, "role": actor.role,
            "via": actor.via, "reason": made.reason, "program": made.program, "machine": made.machine,
        },
        "head": {"actions": made.head[0], "hash": made.head[1]},
        "agreed": sorted(case.agreed.get("export", frozenset())),
        "before": list(made.before),
    }  # fmt: skip
