"""What was read of a file: how far, in which units, and how the file looked when nothing was left to read.

A file is known by its content, not by its name. Its `source_sha256` is the SHA-256 of its decoded bytes up to the end
of its first record, which stays the same while the file grows, is renamed or compressed. For each such stream the
ledger keeps how far it was read and the digest of all decoded bytes up to there: a file that begins with the same
bytes goes on where it stopped, one that only looks like it is a stream of its own.

In: what a reading has found out. Out: `Stream`, `Unit` and `FileLook`, which `ledger` keeps. Refuses nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime


@dataclass(frozen=True)
class Stream:
    """How far one file has been read."""

    source: str
    source_sha256: str
    site: str
    format: str
    #: The identity that its first record gives; the same as `source_sha256` but for files that begin alike.
    begins_like: str = ""
    #: Names the format and what the source declared of it: read in another way, it is read again from its beginning.
    read_as: str = ""
    bytes_read: int = 0
    next_line: int = 1
    #: BLAKE3 of the decoded bytes [0, bytes_read).
    prefix_digest: str = ""
    carry: str = ""
    #: The last line had no line end when it was read.
    ends_in_mid_line: bool = False


@dataclass(frozen=True)
class Unit:
    """One run of lines of one file. records = events + rejects + all skips. Times are UTC."""

    unit_id: str
    source: str
    source_sha256: str
    site: str
    first_line: int
    start_byte: int
    end_byte: int
    records: int
    events: int
    rejects: int
    skips: dict[str, int]
    first_ts: datetime | None
    last_ts: datetime | None
    #: The UTC dates of its events.
    dates: tuple[date, ...] = ()
    #: Why its rejects were rejected, and how many for each reason.
    reject_reasons: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class FileLook:
    """What the operating system and the raw bytes at both ends say of a file: enough to know it has not changed."""

    source: str
    #: Names what the source declares of its files.
    declared: str
    size: int
    mtime_ns: int
    ends_sha256: str

    def key(self) -> dict[str, str]:
        """As the ledger keeps it: as text, because the time of a file may lie beyond what SQLite can count to."""
        return {"source": self.source, "look": f"{self.declared} {self.size} {self.mtime_ns} {self.ends_sha256}"}
