"""The password of a pack: typed twice, read from a file, or made of words that can be read out over a telephone.

In: where it is to come from. Out: its bytes. Refuses a short one, a file that others may read, and a password asked
for where nobody can type it unseen. No password is ever an option or in a message.
"""

from __future__ import annotations

import os
import secrets
import stat
import sys
from pathlib import Path
from typing import Final

import click

from casebook.kinds import CasebookError

FEWEST: Final = 12
_WORDS: Final = 6
#: Letters that are not taken for each other, neither on paper nor by ear.
_CONSONANTS: Final = "bdfghjkmnprstvwz"
_VOWELS: Final = "aeiou"
_OTHERS_MAY_READ: Final = stat.S_IRWXG | stat.S_IRWXO


def generated() -> str:
    """Six made-up words of five letters: 99 bits, of which nobody has to write down a single sign."""
    shapes = (_CONSONANTS, _VOWELS, _CONSONANTS, _VOWELS, _CONSONANTS)
    return "-".join("".join(secrets.choice(letters) for letters in shapes) for _ in range(_WORDS))


def asked(*, twice: bool) -> bytes:
    """Asked for at the terminal, without showing it. Raises `CasebookError`."""
    if not sys.stdin.isatty():
        remedy = "Give it with --password-file, or run this in a terminal."
        raise CasebookError("there is no terminal to type a password at.", remedy=remedy)
    typed: str = click.prompt("Password of the pack", hide_input=True, confirmation_prompt=twice, err=True)
    return _taken(typed.encode(), new=twice)


def read_from(path: Path, *, new: bool) -> bytes:
    """The first line of a file. Raises `CasebookError`."""
    if os.name != "nt" and path.stat().st_mode & _OTHERS_MAY_READ:
        raise CasebookError(f"{path} can be read by others.", remedy=f"Run: chmod 600 {path}")
    first = path.read_bytes().removeprefix(b"\xef\xbb\xbf").splitlines()
    return _taken(first[0] if first else b"", new=new)


def _taken(password: bytes, *, new: bool) -> bytes:
    if new and len(password.decode("utf-8", "replace")) < FEWEST:
        remedy = "Think of a sentence, or let the program make one: --generate"
        raise CasebookError(f"a password of a pack has at least {FEWEST} characters.", remedy=remedy)
    if not password:
        raise CasebookError("the password is empty.", remedy="The first line of the file is taken.")
    return password
