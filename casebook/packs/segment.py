"""The part of the chain that a pack carries: the actions about its incidents, each with its hash.

In: rows of `store.actions`, and which of their personal parts are left out, and why. Out: `chain.jsonl`, one action a
line, and what is wrong with one. A personal part that is there is there with its salt, so that its hash can be worked
out again; one that is left out leaves its hash. Refuses nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from casebook.chain import action_hash, content_hash
from casebook.kinds import canonical

_HASHED: Final = ("seq", "at", "author", "role", "via", "kind", "about", "facts", "content_sha256", "prior")
#: Why a personal part is not in a pack.
LEFT_OUT: Final = {
    "erased": "it was erased, and a receipt in the casebook says so",
    "withheld": "it would tell what is withheld",
    "lines": "it holds original lines, which were not wanted",
    "names": "it names people, and names were not open to whoever made the pack",
}


def as_member(rows: Iterable[Mapping[str, Any]], left_out: Callable[[Mapping[str, Any]], str]) -> bytes:
    """`chain.jsonl`. `left_out` gives a word of `LEFT_OUT`, or nothing where the personal part is to be there."""
    return "".join(f"{canonical(_written(row, left_out(row)))}\n" for row in rows).encode()


def _written(row: Mapping[str, Any], why: str) -> dict[str, Any]:
    written = {name: row[name] for name in (*_HASHED, "hash")}
    if why:
        return written | {"left_out": why}
    return written | ({"salt": row["salt"].hex(), "body": row["body"]} if row["content_sha256"] else {})


@dataclass
class Found:
    """What was found in a segment: its actions, which fit, which are without their personal part, what is wrong."""

    actions: list[dict[str, Any]] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


def checked(member: bytes) -> Found:
    """Look at every action of a `chain.jsonl`. Raises `ValueError` or `KeyError` where it is none."""
    found = Found()
    before: dict[str, Any] | None = None
    for written in member.decode().splitlines():
        action = json.loads(written)
        found.faults += _faults(action, before)
        if why := action.get("left_out"):
            found.left_out[why] = found.left_out.get(why, 0) + 1
        found.actions.append(action)
        before = action
    return found


def _faults(action: Mapping[str, Any], before: Mapping[str, Any] | None) -> Iterator[str]:
    seq = action["seq"]
    if action_hash(*(action[name] for name in _HASHED)) != action["hash"]:
        yield f"action {seq} was changed: its hash does not fit"
    if "body" in action and content_hash(bytes.fromhex(action["salt"]), action["body"]) != action["content_sha256"]:
        yield f"action {seq} has had its personal part changed"
    if "body" not in action and action["content_sha256"] and action.get("left_out") not in LEFT_OUT:
        yield f"action {seq} has lost its personal part, and nothing says why"
    if before is None:
        return
    if seq <= before["seq"]:
        yield f"action {seq} stands in the wrong place"
    elif seq == before["seq"] + 1 and action["prior"] != before["hash"]:
        yield f"action {seq} does not carry the hash of the action before it"
