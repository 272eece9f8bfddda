"""What all lists of e2guardian and DansGuardian have in common: comments, `.Include<>`, hours.

In: a line. Out: what it is, where it is one of these. Refuses hours: a list that holds at certain hours only.
Source: the comments at the head of the lists that e2guardian ships.
"""

from __future__ import annotations

import re

from pipeline.listsyntax import Entry, Outcome, Passed, Skipped

INCLUDE = re.compile(r"\.Include<([^>]+)>\s*(?:#.*)?", re.IGNORECASE)
#: With two `#` it is an example in a comment.
_HOURS = re.compile(r"#time:\s*\d", re.IGNORECASE)
_HEADING = re.compile(r"#\s?listcategory:", re.IGNORECASE)


def in_common(number: int, line: str) -> Outcome | None:
    """A blank line, a comment, an include or hours; nothing for all else."""
    bare = line.strip()
    if _HOURS.match(bare):
        return Skipped(number, "the list is meant for certain hours; what it lists is taken for all hours, the hours")
    if not bare or bare.startswith("#"):
        return Passed(number)
    found = INCLUDE.fullmatch(bare)
    return Entry(number, "include", found[1].strip()) if found else None


def is_of_e2guardian(lines: list[str]) -> bool:
    """Do lines include other lists, or say the list's category, as only these do?"""
    return any(INCLUDE.match(line.strip()) or _HEADING.match(line) for line in lines)
