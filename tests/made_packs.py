"""Made-up evidence packs for the tests: a casebook of a made-up night whose lines have the hashes that they should."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl

from casebook import deciding
from casebook.display.showing import Viewer
from casebook.outgoing import Export
from casebook.packs import exporting, sealing
from casebook.packs.lines import evidence_hash
from casebook.packs.places import Kept
from casebook.projection import stored
from casebook.store import Casebook
from tests.made_casebook import ACCESS, NOW, routes, who
from tests.made_drafts import LONDON, a_night, drafts

PASSWORD = b"correct horse battery"
KEY = bytes(32)


def hashed(row: dict[str, Any]) -> dict[str, Any]:
    """A made-up draft with the hash that the night would have given its lines."""
    lines = {(each["source_sha256"], each["line"]): each["raw"] or b"" for each in row["hits"]}
    return row | {"evidence_sha256": evidence_hash(raw for _, raw in sorted(lines.items()))}


def the_night() -> pl.DataFrame:
    return drafts(*(hashed(row) for row in a_night().iter_rows(named=True)))


def by_category(book: Casebook, category: str) -> str:
    with book.reading() as connection:
        return next(
            str(name) for name, rows in stored(connection).items() if rows["incident"][0]["category"] == category
        )


def viewer(account: str = "d.lead", minutes: float = 0) -> Viewer:
    return Viewer(who(account), ACCESS, KEY, LONDON, NOW + timedelta(minutes=minutes))


def nothing_kept(_: Iterable[Mapping[str, Any]]) -> Kept:
    return Kept()


def exported(book: Casebook, incident: str, output: Path, account: str = "d.lead",
             reason: str = "For the local authority.", **changes: Any) -> Export:  # fmt: skip
    """A pack of one incident, a quarter of an hour after `NOW`."""
    request = exporting.Request(
        incident, output, reason, PASSWORD, "esafety 0.1.0", "office-7", "Example Park School",
        **changes,
    )  # fmt: skip
    return exporting.export(book, routes(), viewer(account, 15), request, nothing_kept)


def opened_pack(path: Path) -> dict[str, bytes]:
    """Every member of a pack that nobody has touched."""
    members, faults = sealing.read(path, PASSWORD)
    assert faults == []
    return members


def reveal(book: Casebook, incident: str) -> None:
    """Open the names of an incident to the DSL."""
    deciding.reveal(book, ACCESS, routes(), who("d.lead"), incident, "To call her mother.", 30, NOW)
