"""Cisco Umbrella: who is who among the identities of a record."""

from __future__ import annotations

import polars as pl
import pytest

from pipeline.formats import LINES, Declared
from pipeline.formats.umbrella import _who, parse


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        (("asmith", "AD Users", "asmith,PC-1", "AD Users,AD Computers"), ("asmith", "PC-1")),
        (("PC-1", "Roaming Computers", "PC-1,Smith (a@x.test)", "Roaming Computers,AD Users"), ("a@x.test", "PC-1")),
        (
            ("Smith, Ann (a@x.test)", "AD Users", "Smith, Ann (a@x.test), PC-1", "AD Users, AD Computers"),
            ("a@x.test", "PC-1"),
        ),
        # More names than types: only the first is sure.
        (("PC-1", "Roaming Computers", "PC-1,Smith, Ann", "Roaming Computers,AD Users"), (None, "PC-1")),
        (("Example School", "Networks", "Example School", "Networks"), (None, None)),
        (("asmith", "", "asmith,Site", ""), (None, None)),
        (("Smith (a@x.test)", "", "Smith (a@x.test)", ""), ("a@x.test", None)),
        (("", "", "", ""), (None, None)),
    ],
)
def test_users_and_devices(cells: tuple[str, str, str, str], found: tuple[str | None, str | None]) -> None:
    assert _who(*cells) == found


@pytest.mark.parametrize("beside", ["", "192.0.2.7", "2001:db8::7", "PC-1,Site"])
def test_a_column_too_many_makes_no_name_an_address(beside: str) -> None:
    addresses = f'"{beside}","198.51.100.7",""'
    text = f'"2026-03-16 09:00:01","PC-1",{addresses},"","ALLOWED","http://news.example.org/","","","200","9","9"'
    parsed = parse(pl.DataFrame({"line": [1], "text": [text]}, schema=LINES), Declared(), "")
    read = parsed.events["client_ip"].to_list()
    assert read == ([] if beside == "PC-1,Site" else [beside or "198.51.100.7"])
    assert parsed.rejects["reason"].to_list() == ["bad-field"] * (1 - len(read))
