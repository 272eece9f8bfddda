"""What a pack is made of: the incident and those that were merged into it, as far as whoever asks may see them.

In: a connection, the viewer. Out: `Part`s, each a case with its actions and the drafts as they were brought last.
Refuses who may not see the incident; a merged one that they may not see is named and not shown.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection

from casebook.case import Acted, Case, drafts_in
from casebook.deciding import names_open
from casebook.showing import Viewer
from casebook.store import actions, as_acted, case_of

#: Which of an action's content names people.
_NAMES: Final = frozenset({"draft", "person", "parties", "reported_by"})


@dataclass(frozen=True)
class Part:
    """One incident of a pack."""

    case: Case
    #: As they stand in the casebook, with salt and body.
    rows: tuple[dict[str, Any], ...]
    acted: tuple[Acted, ...]

    @property
    def drafts(self) -> list[Mapping[str, Any]]:
        """Each draft as it was brought last."""
        return list({draft["draft_id"]: draft for draft in drafts_in(self.acted)}.values())


def parts_of(connection: Connection, incident: str, viewer: Viewer) -> tuple[list[Part], list[str]]:
    """The incident and all that was merged into it; and the names of merged ones that the viewer may not see."""
    first = _part(connection, incident)
    viewer.access.refuse_unseen(viewer.actor, first.case)
    parts, unseen = [first], []
    for part in parts:
        for origin in _merged(part):
            merged = _part(connection, origin)
            if viewer.access.sees(viewer.actor, merged.case):
                parts.append(merged)
            else:
                unseen.append(origin)
    return parts, unseen


def _part(connection: Connection, incident: str) -> Part:
    rows = tuple(dict(row) for row in connection.execute(actions(incident)).mappings())
    acted = tuple(as_acted(row) for row in rows)
    return Part(case_of(connection, incident, list(acted)), rows, acted)


def _merged(part: Part) -> Iterator[str]:
    return (each.facts["origin"] for each in part.acted if each.kind == "merged-from")


def left_out(part: Part, viewer: Viewer, secret: Callable[[str], bool], *, withheld: bool, lines: bool
             ) -> Callable[[Mapping[str, Any]], str]:  # fmt: skip
    """For each row of the part, why its personal part does not go into the pack: a word of `segment.LEFT_OUT`."""
    names = names_open(part.case, viewer.actor, viewer.now)
    by_seq = {each.seq: each for each in part.acted}

    def why(row: Mapping[str, Any]) -> str:
        content = by_seq[row["seq"]].content
        if content is None:
            return "erased"
        if withheld and ("draft" in content or secret(json.dumps(content, ensure_ascii=False))):
            return "withheld"
        if "draft" in content and not lines:
            return "lines"
        return "" if names or not (_NAMES & content.keys()) else "names"

    return why


def secrets_of(parts: list[Part]) -> Callable[[str], bool]:
    """Whether a text would tell an address of what is withheld: a host of the drafts, or anything like an address."""
    hosts = {
        str(hit["host"]).lower() for part in parts for draft in part.drafts for hit in draft["hits"] if hit["host"]
    }

    def tells(text: str) -> bool:
        said = text.lower().replace("%2e", ".").replace("[.]", ".")
        return "://" in said or "www." in said or any(host in said for host in hosts)

    return tells
