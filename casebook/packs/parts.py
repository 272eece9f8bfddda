"""What a pack is made of: the incident and those that were merged into it, as far as whoever asks may see them.

In: a connection, the viewer. Out: `Part`s, each a case with its actions and the drafts as they were brought last.
Refuses who may not see the incident; a merged one that they may not see is named and not shown.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection

from casebook.case import Acted, Case, drafts_in
from casebook.deciding import names_open
from casebook.display.showing import Viewer, people
from casebook.store import actions, as_acted, case_of
from casebook.telling import SAID, Secrets
from casebook.telling import secrets_of as secrets_of_drafts

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


def left_out(part: Part, viewer: Viewer, secrets: Secrets, *, withheld: bool, lines: bool
             ) -> Callable[[Mapping[str, Any]], str]:  # fmt: skip
    """For each row of the part, why its personal part does not go into the pack: a word of `segment.LEFT_OUT`."""
    names = names_open(part.case, viewer.actor, viewer.now)
    by_seq = {each.seq: each for each in part.acted}

    def why(row: Mapping[str, Any]) -> str:
        content = by_seq[row["seq"]].content
        if content is None:
            return "erased"
        if withheld and ("draft" in content or _would_tell(content, secrets)):
            return "withheld"
        if "draft" in content and not lines:
            return "lines"
        return "" if names or not (_NAMES & content.keys()) else "names"

    return why


def _would_tell(content: Mapping[str, Any], secrets: Secrets) -> bool:
    """Whether an address stands in what somebody wrote, or in place of a name."""
    others = {name: value for name, value in content.items() if name not in SAID}
    written = (str(content[name]) for name in SAID if name in content)
    return any(map(secrets.tells, written)) or secrets.tells_outright(json.dumps(others, ensure_ascii=False))


def secrets_of(parts: Iterable[Part], viewer: Viewer) -> Secrets:
    """What must not be told in a pack of references: of every part of it."""
    chosen = list(parts)
    named = frozenset[str]().union(*(people(part.case, viewer.access) for part in chosen))
    return secrets_of_drafts((draft for part in chosen for draft in part.drafts), named)
