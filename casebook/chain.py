"""The chain: every action carries the hash of the one before it.

In: the parts of an action. Out: hashes as 64 hexadecimal digits. What is hashed is canonical JSON, so that anybody can
work it out again with other tools (docs/casebook.md says how).
"""

from __future__ import annotations

import hashlib
import json
from typing import Final

#: What the first action carries as the hash before it.
BEGINNING: Final = "0" * 64


def content_hash(salt: bytes, body: str) -> str:
    """The hash of the personal part of an action, which stays when that part is erased."""
    return hashlib.sha256(salt + body.encode()).hexdigest()


def action_hash(
    seq: int, at: str, author: str, role: str, via: str, kind: str, about: str | None, facts: str, content_sha256: str,
    prior: str,
) -> str:  # fmt: skip
    """The hash of one action: of its place in the order, what it says, and the hash before it."""
    parts = [seq, at, author, role, via, kind, about, facts, content_sha256, prior]
    return hashlib.sha256(json.dumps(parts, ensure_ascii=True, separators=(",", ":")).encode()).hexdigest()
