"""What leaves the house: a file that is there if, and only if, the casebook says so.

In: where the file is to be, and a turn of the casebook. Out: a temporary file beside it, which is whole and flushed
before the action that tells of it is kept, and gets its name after that. So a file never bears its name without its
action; and where a run was killed between the two, the whole file lies beside its place and the next run gives it its
name. Refuses to replace a file.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, select

from casebook.kinds import CasebookError
from casebook.store import actions, as_acted
from casebook.tables import ACTION
from pipeline.errors import StoreError
from pipeline.lake import flush, flush_folder

_UNFINISHED: Final = "unfinished"


@dataclass(frozen=True)
class Export:
    """A file that left: its SHA-256, and the number of the action that tells of it."""

    path: Path
    sha256: str
    action: int
    #: An earlier run had made it and was killed before it could give it its name.
    finished: bool = False


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def beside(target: Path) -> Path:
    """A name for the temporary file, which nobody else uses. Raises `CasebookError` if the target is there."""
    if target.exists():
        raise CasebookError(f"{target} is there already.", remedy="Name another file with --output: none is replaced.")
    return target.with_name(f".{target.name}.{secrets.token_hex(8)}.{_UNFINISHED}")


def left_by_a_killed_run(connection: Connection, target: Path) -> Export | None:
    """Give the file of a run that was killed after its action was kept its name; clear what others left.

    To be called in a turn: then nobody else is between the two.
    """
    told: dict[str, int] | None = None
    own = re.compile(rf"\.{re.escape(target.name)}\.[0-9a-f]{{16}}\.{_UNFINISHED}")
    for path in sorted(each for each in target.parent.iterdir() if own.fullmatch(each.name)):
        told = _told(connection) if told is None else told
        digest = sha256_of(path)
        if digest not in told:
            path.unlink()
        elif not target.exists():
            put(path, target, digest)
            return Export(target, digest, told[digest], finished=True)
    return None


def exports_of(connection: Connection, incidents: Iterable[str]) -> list[dict[str, Any]]:
    """Every export that one of these incidents was in, in order: who, when, what, the SHA-256, and the reason."""
    wanted = set(incidents)
    found = []
    for row in connection.execute(actions().where(ACTION.c.kind == "export")).mappings():
        acted = as_acted(dict(row))
        if {acted.about, *acted.facts.get("incidents", ())} & wanted:
            reason = "(erased)" if acted.content is None else acted.content["reason"]
            told = {name: acted.facts[name] for name in ("what", "sha256")}
            found.append({"action": acted.seq, "at": row["at"], "author": acted.author, "role": acted.role,
                          "via": acted.via, **told, "reason": reason})  # fmt: skip
    return found


def _told(connection: Connection) -> dict[str, int]:
    """SHA-256 of each file that the casebook says has left -> the number of the action."""
    rows = connection.execute(select(ACTION.c.seq, ACTION.c.facts).where(ACTION.c.kind == "export"))
    return {json.loads(facts)["sha256"]: seq for seq, facts in rows}


def put(temporary: Path, target: Path, sha256: str) -> None:
    """Give a whole file its name. Raises `StoreError` that says where it lies if that cannot be done."""
    try:
        temporary.rename(target)
        flush_folder(target.parent)
    except OSError as error:
        if not temporary.exists() and target.exists() and sha256_of(target) == sha256:
            # Another run found it in between and took it for one that a killed run had left.
            return
        remedy = "It is in the history already: see that the folder may be written, and run the same command again."
        raise StoreError(f"cannot be given its name ({error.strerror}).", path=temporary, remedy=remedy) from error


@contextmanager
def whole_or_gone(temporary: Path) -> Iterator[None]:
    """While the temporary file is being written: if that fails, nothing is left of it.

    Once its action may have been kept it stays: only the casebook can tell, and the next run asks it.
    """
    done = False
    try:
        yield
        done = True
    finally:
        if not done:
            temporary.unlink(missing_ok=True)


def flushed(temporary: Path) -> str:
    """Make the file last through a power cut; its SHA-256."""
    flush(temporary)
    flush_folder(temporary.parent)
    return sha256_of(temporary)
