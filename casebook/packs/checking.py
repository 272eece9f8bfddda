"""Is a pack what it says it is? For anybody, on any machine: neither the casebook nor the school's settings are needed.

In: the file and its password, and the SHA-256 that the school's casebook holds for it, if that is known. Out:
`Verdict`, in words: what fits, what cannot be known from the pack, and what is wrong. It finds every byte that was
changed in any member. Who has the password can make a pack anew that fits in itself: only the school's casebook shows
that, by the SHA-256 of the file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from casebook.outgoing import sha256_of
from casebook.packs import CASE, CHAIN, CUSTODY, FILES, INDEX, LINES, MANIFEST, RAW, VERSION, lines, sealing, segment
from casebook.packs.contents import manifest
from casebook.packs.segment import LEFT_OUT


@dataclass
class Verdict:
    """What was found, in sentences."""

    sha256: str
    #: It has the SHA-256 that the school's casebook holds.
    is_known: bool = False
    right: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def verify(path: Path, password: bytes, sha256: str | None = None) -> Verdict:
    """Look at all of a pack. Raises `CasebookError` where it cannot be opened at all."""
    verdict = Verdict(sha256_of(path))
    members, faults = sealing.read(path, password)
    verdict.wrong += faults
    _look_at_the_file(verdict, sha256)
    look_at_members(members, verdict)
    return verdict


def look_at_members(members: Mapping[str, bytes], verdict: Verdict) -> None:
    """Look at what was in the file, and say so in the verdict."""
    _look_at_the_manifest(members, verdict)
    try:
        _look_inside(members, verdict)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        # Nothing that the program writes ends here: what does is not the program's.
        verdict.wrong.append(f"a part of it cannot be read as one of a pack ({type(error).__name__})")


def _look_at_the_file(verdict: Verdict, sha256: str | None) -> None:
    if sha256 is None:
        verdict.unknown.append("whether it is the file that left the school: compare its SHA-256 with the casebook's")
    elif sha256.strip().lower() == verdict.sha256:
        verdict.is_known = True
        verdict.right.append("it is the very file that left the school")
    else:
        verdict.wrong.append("it is not the file that left the school: its SHA-256 is another")


def _look_at_the_manifest(members: Mapping[str, bytes], verdict: Verdict) -> None:
    wanted = {INDEX, CASE, CHAIN, CUSTODY, FILES, LINES, MANIFEST}
    verdict.wrong += [f"{name} is missing" for name in sorted(wanted - members.keys())]
    said = members.get(MANIFEST, b"")
    if said == manifest(members):
        verdict.right.append(f"each of its {len(members)} parts is as the manifest says")
        return
    for name, content in members.items():
        if name != MANIFEST and f"{hashlib.sha256(content).hexdigest()}  {name}\n".encode() not in said:
            verdict.wrong.append(f"{name} is not what the manifest says")
    verdict.wrong.append("the manifest does not fit the members")


def _look_inside(members: Mapping[str, bytes], verdict: Verdict) -> None:
    custody = json.loads(members[CUSTODY])
    if custody["version"] != VERSION:
        verdict.unknown.append("what is in it: it was made by another version of esafety. Check it with that one")
        return
    found = segment.checked(members[CHAIN])
    _look_at_the_chain(found, custody, verdict)
    if (custody["what"] == "pack") != (RAW in members):
        verdict.wrong.append(f"{RAW} is {'missing' if custody['what'] == 'pack' else 'there and should not be'}")
        return
    _look_at_the_lines(members[LINES], members.get(RAW), found, verdict)


def _look_at_the_chain(found: segment.Found, custody: Mapping[str, Any], verdict: Verdict) -> None:
    faults = list(found.faults)
    head = custody["head"]
    last = found.actions[-1]
    if last["seq"] > head["actions"] or (last["seq"] == head["actions"] and last["hash"] != head["hash"]):
        faults.append("the casebook had not got as far as the last action when the pack was made")
    if custody["incident"] not in {each["about"] for each in found.actions}:
        faults.append(f"no action is about {custody['incident']}")
    verdict.wrong += faults
    if not faults:
        verdict.right.append(f"the hashes of its actions fit ({len(found.actions)})")
    verdict.unknown += [
        f"what {count} of the actions say in their personal part: {LEFT_OUT.get(why, why)}"
        for why, count in sorted(found.left_out.items())
    ]
    verdict.unknown.append("what happened in the casebook between these actions: esafety audit verify shows it there")


def _look_at_the_lines(references: bytes, log: bytes | None, found: segment.Found, verdict: Verdict) -> None:
    read = list(lines.read(references, log))
    faults = list(_faults_of_lines(read, log))
    verdict.wrong += faults
    if log is not None and not faults:
        there = sum(raw is not None for _, raw in read)
        verdict.right.append(f"the hashes of its lines fit, byte for byte ({there})")
    evidence = {
        each["draft_id"]: each["evidence_sha256"]
        for each in (json.loads(action["facts"]) for action in found.actions)
        if "draft_id" in each
    }
    for draft_id, hashed in evidence.items():
        raws = [raw for each, raw in read if each["draft_id"] == draft_id and each["because"] == "hit"]
        whole = [raw for raw in raws if raw is not None]
        if not raws or len(whole) < len(raws):
            verdict.unknown.append(
                f"whether the lines of draft {draft_id} are those of the night: they are not all here"
            )
        elif lines.evidence_hash(whole) == hashed:
            verdict.right.append(f"the lines of draft {draft_id} are those that the night found")
        else:
            verdict.wrong.append(f"the lines of draft {draft_id} are not those that the night found")


def _faults_of_lines(read: list[tuple[dict[str, Any], bytes | None]], log: bytes | None) -> Iterator[str]:
    reached = 0
    for number, (each, raw) in enumerate(read, 1):
        if raw is None:
            continue
        if each["at"] != reached or len(raw) != each["length"]:
            yield f"line {number} of {LINES} does not say where its line is"
        if hashlib.sha256(raw).hexdigest() != each["sha256"]:
            yield f"line {each['line']} of {each['source']} was changed: its hash does not fit"
        reached = each["at"] + each["length"] + 1
    if log is not None and reached != len(log):
        yield f"{RAW} has more in it, or less, than {LINES} says"


def as_lines(verdict: Verdict) -> Iterator[str]:
    """The verdict for a person."""
    yield f"SHA-256 of the file: {verdict.sha256}"
    yield from (f"right: {each}" for each in verdict.right)
    yield from (f"cannot be known from the pack: {each}" for each in verdict.unknown)
    yield from (f"WRONG: {each}" for each in verdict.wrong)
    if verdict.wrong:
        yield "The pack was changed or damaged. Keep it as it is, and ask the school for a new one."
    elif verdict.is_known:
        yield "The pack is whole, and it is the one that left the school."
    else:
        yield "The pack fits in itself. Whether it is the one that left the school, only its SHA-256 says."


def as_data(verdict: Verdict) -> dict[str, Any]:
    """The verdict for a machine."""
    return {"sha256": verdict.sha256, "right": verdict.right, "unknown": verdict.unknown, "wrong": verdict.wrong}
