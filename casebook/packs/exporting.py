"""One incident leaves the house as an evidence pack.

In: the casebook, who asks and why, where the file is to be. Out: the file, and the action that tells of it with its
SHA-256: never one without the other (`outgoing`). Refuses who may not, one person alone where two are needed, and to
replace a file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from casebook import outgoing
from casebook.case import applied, refuse_wrong_state
from casebook.display.showing import Viewer
from casebook.kinds import CasebookError, said
from casebook.outgoing import Export
from casebook.packs import contents, sealing
from casebook.packs.contents import Made, Pack
from casebook.packs.parts import parts_of
from casebook.packs.places import Kept
from casebook.response.routes import Route
from casebook.store import Casebook, Writer


@dataclass(frozen=True)
class Request:
    """What is wanted: which incident, into which file, why, and under which password."""

    incident: str
    output: Path
    reason: str
    password: bytes
    program: str
    machine: str
    school: str = ""
    with_lines: bool = True


def export(
    book: Casebook, routes: Mapping[str, Route], viewer: Viewer, request: Request,
    kept: Callable[[Iterable[Mapping[str, Any]]], Kept],
) -> Export:  # fmt: skip
    """Make the pack. `kept` gives what the lake still knows of some drafts. Raises `CasebookError`, `StoreError`."""
    with book.changing() as writer:
        if finished := outgoing.left_by_a_killed_run(
            writer.connection, request.output, lambda acted: acted.about == request.incident
        ):
            return finished
        temporary = outgoing.beside(request.output)
        pack = _allowed(writer, routes, viewer, request, kept)
        with outgoing.whole_or_gone(temporary):
            sealing.write(temporary, contents.members(pack), request.password)
            digest = outgoing.flushed(temporary)
        action = _tell(writer, pack, digest)
    outgoing.put(temporary, request.output, digest)
    return Export(request.output, digest, action)


def _allowed(
    writer: Writer, routes: Mapping[str, Route], viewer: Viewer, request: Request,
    kept: Callable[[Iterable[Mapping[str, Any]]], Kept],
) -> Pack:  # fmt: skip
    """What the pack will hold, if the viewer may make it."""
    parts, unseen = parts_of(writer.connection, request.incident, viewer)
    case = parts[0].case
    # Whatever its hash will be: who may, and when, does not depend on it.
    what = said("export", what="pack", sha256="", reason=request.reason)
    viewer.access.refuse(viewer.actor, case, what, dict(routes))
    refuse_wrong_state(case, what)
    viewer.access.refuse_alone(viewer.actor, case, what)
    if any(part.case.withheld for part in parts) and not viewer.access.is_seconded(viewer.actor, case, "export"):
        remedy = f"A second senior person has to agree first: esafety incident agree {case.id} --to export"
        raise CasebookError(
            f"{case.id} holds an incident that is withheld: one person alone cannot do this.", remedy=remedy
        )
    before = tuple(outgoing.exports_of(writer.connection, [part.case.id for part in parts]))
    made = Made(
        request.reason, request.program, request.machine, writer.head, before, request.school, request.with_lines
    )
    return Pack(parts, unseen, kept([draft for part in parts for draft in part.drafts]), routes, viewer, made)


def _tell(writer: Writer, pack: Pack, digest: str) -> int:
    case, actor = pack.parts[0].case, pack.viewer.actor
    what = said("export", what=pack.what, sha256=digest, reason=pack.made.reason)
    acted = writer.append(what, case.id, actor, pack.viewer.now)
    writer.keep(applied(case, acted))
    return acted.seq
