"""The encrypted file of a pack: written, and read again whatever has become of it.

In: members and a password. Out: a zip with AES-256 that 7-Zip, WinZip and Keka open too. Their names and sizes can be
seen without the password, so that no name says anything. Refuses a file that is no zip, and more than a pack can hold.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pyzipper

from casebook.kinds import CasebookError
from casebook.packs import MEMBERS

#: The day that zip files count from: when a pack was made is nobody's business who lacks the password.
_NO_DATE: Final = (1980, 1, 1, 0, 0, 0)
#: What a pack can hold, so that a file that was made to fill a disk or a memory does not.
MOST_BYTES: Final = 1 << 30
#: All that reading a damaged zip can end in.
_DAMAGED: Final = (
    pyzipper.BadZipFile, zlib.error, struct.error, RuntimeError, NotImplementedError, EOFError, OSError, ValueError,
    KeyError, IndexError, AssertionError, OverflowError, AttributeError, TypeError,
)  # fmt: skip


def write(path: Path, members: Mapping[str, bytes], password: bytes) -> None:
    """Write a new file that its owner alone may read."""
    handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | getattr(os, "O_BINARY", 0), 0o600)
    with (
        os.fdopen(handle, "w+b") as stream,
        pyzipper.AESZipFile(stream, "w", pyzipper.ZIP_DEFLATED, encryption=pyzipper.WZ_AES) as archive,
    ):
        archive.setpassword(password)
        for name in MEMBERS:
            if name in members:
                entry = archive.zipinfo_cls(name, _NO_DATE)
                entry.compress_type = pyzipper.ZIP_DEFLATED
                archive.writestr(entry, members[name])


def read(path: Path, password: bytes) -> tuple[dict[str, bytes], list[str]]:
    """The members that can be read, and what is wrong with the others. Raises `CasebookError` for no pack at all."""
    members: dict[str, bytes] = {}
    faults = []
    with path.open("rb") as stream:
        try:
            archive = pyzipper.AESZipFile(stream)
            entries = archive.infolist()
        except _DAMAGED as error:
            remedy = "It was cut off or changed, or it is another file. Fetch it once more from whoever sent it."
            raise CasebookError(f"{path} is no zip file that can be read.", remedy=remedy) from error
        archive.setpassword(password)
        for entry in entries:
            name = entry.filename
            if name not in MEMBERS or name in members:
                faults.append(f"there is something in it that is not of the pack: {name!r}")
            elif entry.file_size > MOST_BYTES:
                faults.append(f"{name} is larger than any part of a pack")
            else:
                try:
                    members[name] = _one(archive, entry)
                except _DAMAGED:
                    faults.append(f"{name} cannot be read: it was changed")
    if not members:
        remedy = "See whether it is the right one, with capital letters as they were given. Else the file was changed."
        raise CasebookError(f"{path} cannot be opened with this password.", remedy=remedy)
    return members, faults


def _one(archive: pyzipper.AESZipFile, entry: pyzipper.zipfile.ZipInfo) -> bytes:
    """A member to its end, where its code is checked. Raises what is in `_DAMAGED`."""
    if entry.wz_aes_version is None:
        raise ValueError("not encrypted")
    with archive.open(entry) as stream:
        read = bytes(stream.read(entry.file_size))
        if len(read) != entry.file_size or stream.read(1):
            raise ValueError("another length than was said")
    return read
