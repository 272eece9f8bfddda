"""Some hits of an incident become an incident of their own.

In: the incident, the ids of hits. Out: the new case, in the state `draft`, with the same subject; the old one keeps its
history and its evidence. Refuses hits that the incident does not have, and all of them at once.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from casebook.access import Access, Actor
from casebook.case import Acted, Case, applied, drafts_in, opened, refuse_wrong_state
from casebook.kinds import CasebookError, said
from casebook.store import Casebook, case_of, history
from pipeline.schema import LEVELS


def split(
    book: Casebook, access: Access, actor: Actor, incident: str, hits: Iterable[str], reason: str, at: datetime
) -> Case:
    """Split these hits off. Raises `CasebookError`."""
    with book.changing() as writer:
        case = case_of(writer.connection, incident)
        wanted, into = frozenset(hits), writer.new_id("I", at)
        what = said("split", into=into, hits=sorted(wanted), reason=reason)
        access.refuse(actor, case, what, {})
        refuse_wrong_state(case, what)
        access.refuse_alone(actor, case, what)
        draft = _draft_of(history(writer.connection, incident), wanted, incident)
        writer.keep(applied(case, writer.append(what, incident, actor, at)))
        fixed = ("draft_id", "evidence_sha256", "level", "category", "categories", "route", "day", "site")
        facts = {name: draft[name] for name in fixed} | {"route": case.route}
        # Nobody has settled which of its hits may be illegal: neither is what is split off from them.
        facts["illegal"] = case.withheld
        # Whoever is part of the one may not read the other.
        parties = [asdict(each) for each in case.parties.values()]
        what = said("split-from", origin=incident, draft=draft, parties=parties, reason=reason, **facts)
        made = opened(writer.append(what, into, actor, at))
        writer.keep(made, new=True)
        return made


def _draft_of(acted: Iterable[Acted], wanted: frozenset[str], incident: str) -> dict[str, Any]:
    """A draft of the wanted hits alone, after the draft that has them."""
    drafts = drafts_in(acted)
    if not drafts:
        raise CasebookError(f"{incident} has no hits that could be split off.", remedy="Enter a new incident instead.")
    known = {each["hit_id"]: each for draft in drafts for each in draft["hits"]}
    if unknown := sorted(wanted - known.keys()):
        raise CasebookError(
            f"{incident} has no hit {unknown[0]!r}.", remedy=f"See them with: esafety incident show {incident}"
        )
    if wanted == known.keys():
        raise CasebookError(f"these are all hits of {incident}.", remedy="Leave some, or decide about the whole.")
    hits = sorted((known[each] for each in wanted), key=lambda each: (each["ts"], each["hit_id"]))
    gravest = min(hits, key=lambda each: LEVELS.index(each["level"]))
    return {
        **drafts[-1], "hits": hits, "level": gravest["level"], "category": gravest["category"],
        "categories": sorted({each["category"] for each in hits}), "first_ts": hits[0]["ts"], "last_ts": hits[-1]["ts"],
        "draft_id": hashlib.sha256("|".join(sorted(wanted)).encode()).hexdigest()[:16],
        "evidence_sha256": _evidence_sha256(hits),
    }  # fmt: skip


def _evidence_sha256(hits: Iterable[Mapping[str, Any]]) -> str:
    """Of the original lines, each once, in order of file and line, with a line end after each: as of any draft."""
    lines = {(each["source_sha256"], each["line"]): base64.b64decode(each["raw"] or "") for each in hits}
    return hashlib.sha256(b"".join(raw + b"\n" for _, raw in sorted(lines.items()))).hexdigest()
