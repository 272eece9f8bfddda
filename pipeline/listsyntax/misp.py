"""MISP warning lists: JSON with a `list` and a `type`.

In: the lines of one JSON file. Out: of type `hostname` the host with all below it, of type `string` exactly the host,
of type `regex` regular expressions. Refuses parts of names, address ranges, and whatever is no host name (hashes).
Source: the schema.json and README of misp-warninglists.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence

from pipeline.listsyntax import Entry, Outcome, Passed, Skipped, Syntax
from pipeline.listsyntax._names import NO_HOST, address, host

_LIST = re.compile(r'"list"\s*:\s*\[')
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_NOT_TAKEN = {"substring": "matches inside names", "cidr": "a range of addresses"}


def claims(name: str, lines: Sequence[str]) -> bool:
    """JSON that has a list."""
    del name
    first = next((line.strip() for line in lines if line.strip()), "")
    return first.startswith("{") and ("list" in first or any('"list"' in line for line in lines) or len(first) == 1)


def read(name: str, lines: Iterable[str]) -> Iterator[Outcome]:
    """What each line is."""
    del name
    kept = list(lines)
    text = "\n".join(kept)
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        content = None
    entries = content.get("list") if isinstance(content, dict) else None
    if not isinstance(content, dict) or not isinstance(entries, list):
        reason = "this is not the JSON of a warning list"
        yield from (Skipped(at, reason) if line.strip() else Passed(at) for at, line in enumerate(kept, start=1))
        return
    kind, where = content.get("type"), _lines_of(text, entries)
    filled = set(where)
    yield from (Passed(number) for number in range(1, len(kept) + 1) if number not in filled)
    yield from (_entry(number, each, kind) for number, each in zip(where, entries, strict=True))


def _lines_of(text: str, entries: Sequence[object]) -> list[int]:
    """The line of each entry; that of the list's beginning where the text does not hold them one after the other."""
    ends = [at for at, character in enumerate(text) if character == "\n"]
    begin = _LIST.search(text)
    at = begin.end() if begin else 0
    found = []
    for each in entries:
        token = _STRING.search(text, at)
        if token is None or json.loads(token[0], strict=False) != each:
            return [bisect_right(ends, begin.start() if begin else 0) + 1] * len(entries)
        found.append(bisect_right(ends, token.start()) + 1)
        at = token.end()
    return found


def _entry(number: int, value: object, kind: object) -> Outcome:
    if not isinstance(value, str):
        return Skipped(number, NO_HOST)
    if kind == "regex":
        return Entry(number, "expression", value)
    if kind in _NOT_TAKEN or kind not in {"hostname", "string"}:
        return Skipped(number, _NOT_TAKEN.get(str(kind), "a list of another type"))
    name = host(value)
    if name is None or "." not in name:
        exact = address(value)
        return Skipped(number, NO_HOST) if exact is None else Entry(number, "host-exact", exact)
    return Entry(number, "host" if kind == "hostname" else "host-exact", name)


SYNTAX = Syntax(
    name="misp",
    title="MISP warning lists (JSON)",
    claims=claims,
    read=read,
    means="Type hostname: the host and all below it. Type string: exactly the host. Others are counted, not taken.",
)
