"""Cisco Umbrella: who is who among the identities of a record."""

from __future__ import annotations

import pytest

from pipeline.formats.umbrella import _who


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
