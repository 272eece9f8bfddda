"""What leaves the house: a file or a folder that is there if, and only if, the casebook says so.

In: where the file is to be, and a turn of the casebook. Out: a temporary file (or folder) beside it, which is whole
and flushed before the action that tells of it is kept, and gets its name after that. So a file never bears its name
without its action; and where a run was killed between the two, the whole file lies beside its place and the next run
gives it its name. Refuses to replace a file.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection

from casebook.case import Acted
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
    """The SHA-256 of a file; of a folder, that of what `sha256sum *` prints in it."""
    if path.is_dir():
        lines = (f"{sha256_of(each)}  {each.name}\n" for each in sorted(path.iterdir()))
        return hashlib.sha256("".join(lines).encode()).hexdigest()
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def beside(target: Path) -> Path:
    """A name for the temporary file, which nobody else uses. Raises `CasebookError` if the target is there."""
    if target.exists():
        raise CasebookError(f"{target} is there already.", remedy="Name another file with --output: none is replaced.")
    return hidden(target)


def hidden(target: Path) -> Path:
    """A name beside the target that nobody else uses."""
    return target.with_name(f".{target.name}.{secrets.token_hex(8)}.{_UNFINISHED}")


def left_by_a_killed_run(
    connection: Connection, target: Path, is_wanted: Callable[[Acted], bool] = lambda _: True
) -> Export | None:
    """Give the file of a run that was killed after its action was kept its name; clear what others left.

    To be called in a turn: then nobody else is between the two. `is_wanted` says of the action whether it tells of
    what is asked for now; raises `CasebookError` for a file that is something else: nobody is to get one for another.
    """
    told: dict[str, Acted] | None = None
    own = re.compile(rf"\.{re.escape(target.name)}\.[0-9a-f]{{16}}\.{_UNFINISHED}")
    for path in sorted(each for each in target.parent.iterdir() if own.fullmatch(each.name)):
        told = _told(connection) if told is None else told
        digest = sha256_of(path)
        if digest not in told:
            _clear(path)
        elif not is_wanted(told[digest]):
            what = (
                f"action {told[digest].seq} made something else that is to be {target}, and was stopped before it was."
            )
            raise CasebookError(what, remedy="Run that command again, or name another place with --output.")
        elif not target.exists() or _is_empty(target):
            put(path, target, digest)
            return Export(target, digest, told[digest].seq, finished=True)
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


def _told(connection: Connection) -> dict[str, Acted]:
    """SHA-256 of each file that the casebook says has left -> the first action that tells of it."""
    found: dict[str, Acted] = {}
    for row in connection.execute(actions().where(ACTION.c.kind == "export")).mappings():
        acted = as_acted(dict(row))
        found.setdefault(acted.facts["sha256"], acted)
    return found


def _clear(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _is_empty(path: Path) -> bool:
    return path.is_dir() and not any(path.iterdir())


def put(temporary: Path, target: Path, sha256: str) -> None:
    """Give a whole file its name. Raises `StoreError` that says where it lies if that cannot be done."""
    try:
        if temporary.is_dir() and target.is_dir():
            # Only Windows does not take the place of an empty folder by itself.
            target.rmdir()
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
            _clear(temporary)


def flushed(temporary: Path) -> str:
    """Make the file, or the folder and all in it, last through a power cut; its SHA-256."""
    if temporary.is_dir():
        for each in temporary.iterdir():
            flush(each)
        flush_folder(temporary)
    else:
        flush(temporary)
    flush_folder(temporary.parent)
    return sha256_of(temporary)
