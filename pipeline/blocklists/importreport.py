"""What an import has come to, for people and for machines.

In: an `Imported`. Out: lines for a terminal, data for JSON, and a file with every line that was not taken. Refuses
nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from pipeline.blocklists.importing import Imported
from pipeline.output import jsonlines

#: So many lines that were not taken are shown; the rest are counted.
_SHOWN: Final = 20
_KINDS: Final = {
    "host": "hosts with all below them",
    "host-exact": "hosts by themselves",
    "host-below": "hosts of which only what lies below",
    "allow": "hosts let through",
    "allow-exact": "hosts let through by themselves",
    "allow-below": "hosts of which what lies below is let through",
    "pardon": "hosts always let through",
    "url": "beginnings of addresses",
    "url-parts": "beginnings of addresses, by whole parts",
    "phrase": "phrases",
}


def as_lines(imported: Imported) -> list[str]:
    """The account for a terminal."""
    lines = [
        f"{each.path} ({each.form}, {each.encoding}): {each.lines} lines = {each.taken} taken + {each.skipped} not "
        f"taken + {each.duplicates} repeated + {each.passed} blank or comment"
        for each in imported.files
    ]
    lines += [f"  {number} {_KINDS[kind]}" for kind, number in imported.kinds.items()]
    lines += _not_taken(imported)
    lines += [f"! {note}" for note in imported.notes]
    lines += [f"written: {path}" for path in imported.written]
    if imported.settings:
        lines += ["", "For school.toml (paths start from its folder):", "", *imported.settings]
    return lines


def _not_taken(imported: Imported) -> list[str]:
    skips = imported.skips
    lines = [f"  {number} x not taken: {reason}" for reason, number in _reasons(imported)]
    for row in skips.head(_SHOWN).iter_rows(named=True):
        path = imported.files[row["file"]].path
        lines.append(f"  {path}:{row['line']}: {row['reason']}: not taken")
    rest = skips.height - _SHOWN
    return [*lines, *([f"  and {rest} more; --report FILE writes them all"] if rest > 0 else [])]


def _reasons(imported: Imported) -> list[tuple[str, int]]:
    counted = imported.skips.group_by("reason").len()
    return [(reason, number) for reason, number in counted.sort("len", "reason", descending=[True, False]).iter_rows()]


def as_data(imported: Imported) -> dict[str, Any]:
    """The same as data."""
    counts = ("lines", "taken", "skipped", "passed", "duplicates")
    return {
        "name": imported.name,
        "category": imported.category,
        **{name: sum(getattr(each, name) for each in imported.files) for name in counts},
        "files": [
            {
                "file": str(each.path),
                "format": each.form,
                "encoding": each.encoding,
                **{name: getattr(each, name) for name in counts},
            }
            for each in imported.files
        ],
        "kinds": imported.kinds,
        "reasons": [{"reason": reason, "count": number} for reason, number in _reasons(imported)],
        "first_skipped": list(_rows(imported, _SHOWN)),
        "notes": list(imported.notes),
        "written": [str(path) for path in imported.written],
        "settings": list(imported.settings),
    }


def _rows(imported: Imported, most: int | None = None) -> list[dict[str, Any]]:
    rows = imported.skips if most is None else imported.skips.head(most)
    return [{**row, "file": str(imported.files[row["file"]].path)} for row in rows.iter_rows(named=True)]


def write_report(imported: Imported, path: Path) -> None:
    """Every line that was not taken, as JSON lines. Raises `StoreError`."""
    with jsonlines.writing(path) as write:
        for row in _rows(imported):
            write(row)
