"""Response policy zones: `name CNAME .`.

In: the lines of a zone file. Out: `name` exactly, `*.name` for what lies below it only; `rpz-passthru.` as let
through: an exact name decides before a star, a longer star before a shorter one. Refuses triggers that are no names
(`rpz-ip`, `rpz-nsdname`), and names that get data of their own. Source: ISC's draft "DNS Response Policy Zones".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from pipeline.listsyntax import Entry, Kind, Outcome, Passed, Skipped, Syntax
from pipeline.listsyntax._names import NO_HOST, host, is_nowhere

_BLOCKS = {".", "*.", "rpz-drop."}
_TRIGGERS = re.compile(r"(?:^|\.)rpz-(?:ip|client-ip|nsdname|nsip)\.?$")
_TTL_OR_CLASS = re.compile(r"\d+[smhdw]?|in", re.IGNORECASE)
_TYPES = {"CNAME", "A", "AAAA"}
_HOUSEKEEPING = {"SOA", "NS", "RRSIG", "DNSKEY", "NSEC", "NSEC3", "NSEC3PARAM"}
_CLAIM = re.compile(r"\S+\s+(?:\S+\s+){0,2}CNAME\s+(?:\*?\.|rpz-\S+)\s*(?:;.*)?$", re.IGNORECASE)


def claims(name: str, lines: Sequence[str]) -> bool:
    """A line of a zone: a policy, or a SOA."""
    del name
    return any(_CLAIM.match(line) or re.search(r"\sSOA\s", line) for line in lines)


class _Zone:
    """What the lines so far have said. State: origin, last owner, and whether a record goes on over several lines."""

    def __init__(self) -> None:
        self.origin = ""
        self.owner = ""
        self.open = 0

    def read(self, number: int, line: str) -> Outcome:
        """What one line is."""
        text = line.partition(";")[0].rstrip()
        goes_on = self.open > 0
        self.open = max(0, self.open + text.count("(") - text.count(")"))
        words = text.split()
        if goes_on or not words:
            return Passed(number)
        if words[0].startswith("$"):
            return self._directive(number, words)
        if not line[:1].isspace():
            self.owner = words.pop(0)
        while words and _TTL_OR_CLASS.fullmatch(words[0]):
            words.pop(0)
        if words and words[0].upper() in _HOUSEKEEPING:
            if words[0].upper() == "SOA" and self.owner.endswith(".") and not self.origin:
                self.origin = self.owner.strip(".").lower()
            return Passed(number)
        if len(words) < 2 or words[0].upper() not in _TYPES:
            return Skipped(number, "this is no line of a policy: a name, CNAME, A or AAAA, and a target are wanted")
        return self._policy(number, words[0].upper(), words[1])

    def _directive(self, number: int, words: Sequence[str]) -> Outcome:
        if words[0].upper() == "$ORIGIN" and len(words) > 1:
            self.origin = words[1].strip(".").lower()
        return (
            Passed(number)
            if words[0].upper() in {"$ORIGIN", "$TTL"}
            else Skipped(number, f"{words[0]} is not followed")
        )

    def _policy(self, number: int, kind: str, target: str) -> Outcome:
        name = self._name()
        if name is None:
            return Skipped(number, "the name lies outside the zone")
        if _TRIGGERS.search(name):
            return Skipped(number, "a policy about addresses or name servers, not about a name")
        allowed = kind == "CNAME" and target.lower() == "rpz-passthru."
        blocked = target.lower() in _BLOCKS if kind == "CNAME" else is_nowhere(target)
        if not allowed and not blocked:
            return Skipped(number, "the name gets data of its own, which is no block")
        below = name.startswith("*.")
        bare = None if "*" in name.removeprefix("*.") else host(name.removeprefix("*."))
        if bare is None:
            return Skipped(number, NO_HOST)
        kinds: dict[tuple[bool, bool], Kind] = {
            (False, False): "host-exact", (False, True): "host-below",
            (True, False): "allow-exact", (True, True): "allow-below",
        }  # fmt: skip
        return Entry(number, kinds[allowed, below], bare)

    def _name(self) -> str | None:
        """The owner without the name of the zone."""
        if not self.owner.endswith("."):
            return self.owner.lower()
        whole, end = self.owner.lower().rstrip("."), f".{self.origin}"
        return whole.removesuffix(end) if self.origin and whole.endswith(end) else None


def read(name: str, lines: Iterable[str]) -> Iterator[Outcome]:
    """What each line is."""
    del name
    zone = _Zone()
    return (zone.read(number, line) for number, line in enumerate(lines, start=1))


SYNTAX = Syntax(
    name="rpz",
    title="response policy zones (RPZ)",
    claims=claims,
    read=read,
    means="`name`: exactly the host. `*.name`: only what lies below it. `rpz-passthru.`: let through.",
)
