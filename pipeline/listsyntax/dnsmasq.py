"""dnsmasq: `address=/name/` and `server=/name/`.

In: lines of a configuration. Out: the names, each with all below it, that are answered with nothing or with nowhere;
`server=/name/#` as a name that is let through. The most exact line decides, as in dnsmasq. Refuses a name that is sent
to an address or a server of its own, and a star within a name. Source: dnsmasq(8).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from pipeline.listsyntax import Entry, Outcome, Passed, Skipped, Syntax
from pipeline.listsyntax._names import NO_HOST, host, is_nowhere

_LINE = re.compile(r"(?:--)?(address|server|local)\s*=\s*/(.*)/([^/]*)")


def claims(name: str, lines: Sequence[str]) -> bool:
    """Any such line."""
    del name
    return any(_LINE.match(line.strip()) for line in lines)


def read(name: str, lines: Iterable[str]) -> Iterator[Outcome]:
    """What each line is."""
    del name
    for number, line in enumerate(lines, start=1):
        bare = line.strip()
        # `/#` and `#` within a line are words of dnsmasq; a comment has a blank before it.
        found = _LINE.fullmatch(re.split(r"\s#", bare, maxsplit=1)[0].strip())
        if not bare or bare.startswith("#"):
            yield Passed(number)
        elif found is None:
            yield Skipped(number, "another setting of dnsmasq, not a list of names")
        else:
            yield from _names(number, found[1], found[2].split("/"), found[3].strip())


def _names(number: int, setting: str, names: Sequence[str], target: str) -> Iterator[Outcome]:
    nothing = not target or (setting == "address" and (target == "#" or is_nowhere(target)))
    allowed = setting == "server" and target == "#"
    for each in names:
        found = None if "*" in each else host(each)
        if not nothing and not allowed:
            yield Skipped(
                number, f"the name is sent to {'an address' if setting == 'address' else 'a server'} of its own"
            )
        elif "*" in each or each == "#":
            yield Skipped(number, "a star within a name")
        elif found is None:
            yield Skipped(number, NO_HOST)
        else:
            yield Entry(number, "allow" if allowed else "host", found)


SYNTAX = Syntax(
    name="dnsmasq",
    title="dnsmasq (address=, server=, local=)",
    claims=claims,
    read=read,
    means="`address=/name/`, `server=/name/`, also with 0.0.0.0, `::` or `#`: the host and all below it. "
    "`server=/name/#`: let through.",
)
