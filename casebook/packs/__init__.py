"""Evidence packs: one incident as it stands, in an encrypted file that anybody can check.

What is in a pack, and which part of it says what, is in docs/casebook.md.
"""

from __future__ import annotations

from typing import Final

INDEX: Final = "index.html"
CASE: Final = "case.json"
CHAIN: Final = "chain.jsonl"
CUSTODY: Final = "custody.json"
FILES: Final = "files.json"
LINES: Final = "lines.jsonl"
#: The original lines, byte for byte; not there where a pack holds references alone.
RAW: Final = "lines.log"
MANIFEST: Final = "MANIFEST.sha256"
#: In the order in which they lie in a pack.
MEMBERS: Final = (INDEX, CASE, CHAIN, CUSTODY, FILES, LINES, RAW, MANIFEST)
#: Goes up when the form of a pack changes.
VERSION: Final = 1
