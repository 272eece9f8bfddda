"""The original lines of a pack: where each stands in its log, and the line itself, byte for byte.

In: drafts as the casebook holds them, lines around them from the lake. Out: `lines.jsonl`, one reference a line, and
`lines.log`, the lines as they were, each with a line end after it. Refuses nothing.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from casebook.kinds import canonical

#: A line end after each line, as in the hash of a draft's evidence.
_END: Final = b"\n"

Place = tuple[str, int]


@dataclass(frozen=True)
class Line:
    """One original line. `raw` is None where nothing holds it any more, or where nobody is to see it."""

    draft_id: str
    #: `hit`, or `around`: of the same user or address, in the ten minutes before and after.
    because: str
    source: str
    #: What the file is known by: SHA-256 of its beginning, up to the end of its first record.
    file: str
    line: int
    #: Where the line begins in the decoded file; None where the lake no longer holds the day.
    byte_offset: int | None
    raw: bytes | None

    @property
    def place(self) -> Place:
        """File and line."""
        return self.file, self.line


def of_hits(draft: Mapping[str, Any], offsets: Mapping[Place, int]) -> list[Line]:
    """The lines that a draft rests on, each once, in order of file and line: as its evidence was hashed."""
    lines = {
        (each["source_sha256"], each["line"]): Line(
            draft["draft_id"], "hit", each["source"], each["source_sha256"], each["line"],
            offsets.get((each["source_sha256"], each["line"])),
            None if each["raw"] is None else base64.b64decode(each["raw"]),
        )
        for each in draft["hits"]
    }  # fmt: skip
    return [line for _, line in sorted(lines.items())]


def as_members(lines: Iterable[Line], *, raw: bool) -> tuple[bytes, bytes]:
    """`lines.jsonl` and `lines.log`. Without `raw` there are references and hashes, and the second is empty."""
    references, log = [], b""
    for each in lines:
        at = len(log) if raw and each.raw is not None else None
        references.append(
            {
                "draft_id": each.draft_id, "because": each.because, "source": each.source, "file": each.file,
                "line": each.line, "byte_offset": each.byte_offset, "at": at,
                "length": None if each.raw is None else len(each.raw),
                "sha256": None if each.raw is None else hashlib.sha256(each.raw).hexdigest(),
            }
        )  # fmt: skip
        if at is not None and each.raw is not None:
            log += each.raw + _END
    return "".join(f"{canonical(each)}\n" for each in references).encode(), log


def read(references: bytes, log: bytes | None) -> Iterator[tuple[dict[str, Any], bytes | None]]:
    """Each reference with its line, or None where the pack has only the reference. Raises `ValueError`."""
    for written in references.decode().splitlines():
        each = json.loads(written)
        at, length = each["at"], each["length"]
        yield each, None if at is None or log is None else log[at : at + length]


def evidence_hash(raws: Iterable[bytes]) -> str:
    """The hash of a draft's evidence, as the night reckons it: the lines in order, with a line end after each."""
    return hashlib.sha256(b"".join(raw + _END for raw in raws)).hexdigest()
