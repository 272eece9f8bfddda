"""Names that are no names: what the casebook shows of people until somebody has said why they need to know.

In: an account, the key of the school. Out: `pupil 7K3M-Q2XA`, the same for the same person wherever the casebook shows
them. Without the key nobody can work out whose it is, nor test a guess. Refuses a key file that is no key.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import Final

from pipeline.errors import StoreError

#: Without letters that are taken for digits (Crockford's base 32).
_LETTERS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_KEY_BYTES: Final = 32


def key_of(folder: Path) -> bytes:
    """The key in `casebook.key` of the store's folder, made when it is first wanted. Raises `StoreError`."""
    file = folder / "casebook.key"
    folder.mkdir(parents=True, exist_ok=True)
    fresh = folder / f".casebook.key.{secrets.token_hex(8)}"
    try:
        if not file.exists():
            with os.fdopen(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="ascii") as out:
                out.write(secrets.token_hex(_KEY_BYTES))
                out.flush()
                os.fsync(out.fileno())
            # Of two who make it at once the first one's stands: nothing is replaced.
            os.link(fresh, file)
    except FileExistsError:
        pass
    finally:
        fresh.unlink(missing_ok=True)
    # What is no hexadecimal digit is refused below, whatever it was.
    written = file.read_text(encoding="ascii", errors="replace").strip()
    try:
        key = bytes.fromhex(written)
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        remedy = "Restore it from a backup: without it people get other pseudonyms than before."
        raise StoreError(f"is not a key of {_KEY_BYTES} bytes in hexadecimal digits.", path=file, remedy=remedy)
    return key


def pseudonym(person: str, kind: str, key: bytes) -> str:
    """What stands for a person; `kind` is `pupil`, `staff`, `parent` or `unknown`."""
    digest = int.from_bytes(hmac.digest(key, person.encode("utf-8", "surrogatepass"), hashlib.sha256)[:5], "big")
    letters = "".join(_LETTERS[(digest >> shift) & 31] for shift in range(35, -1, -5))
    return f"{kind} {letters[:4]}-{letters[4:]}"
