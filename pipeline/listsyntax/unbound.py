"""Unbound: `local-zone: "name" always_nxdomain`.

In: lines of a configuration. Out: zones that are answered with nothing, each with all below it; `local-data` that leads
nowhere as exactly that name; transparent zones as let through. The most exact zone decides, as in Unbound. A `redirect`
is a block only where its data lead nowhere, which may be said later in the file. Refuses zones that get real data.
Source: unbound.conf(5).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from pipeline.listsyntax import Entry, Outcome, Passed, Skipped, Syntax
from pipeline.listsyntax._names import NO_HOST, host, is_nowhere

_ZONE = re.compile(r"""local-zone:\s*["']?([^"'\s]+)["']?\s+["']?([a-z_]+)["']?\s*(?:#.*)?""")
_DATA = re.compile(r"""local-data:\s*(?:"([^"]*)"|'([^']*)')\s*(?:#.*)?""")
_RECORD = re.compile(r"(\S+)\s+(?:\d+\s+)?(?:IN\s+)?(A|AAAA)\s+(\S+)", re.IGNORECASE)
_BLOCKS = {
    "always_nxdomain", "always_nodata", "always_null", "always_refuse", "always_deny", "refuse", "deny", "static",
    "inform_deny",
}  # fmt: skip
_LETS_THROUGH = {"transparent", "typetransparent", "always_transparent", "nodefault"}
_OWN_DATA = "the name gets data of its own, which is no block"


def claims(name: str, lines: Sequence[str]) -> bool:
    """Any such line."""
    del name
    return any(line.strip().startswith(("local-zone:", "local-data:")) for line in lines)


def read(name: str, lines: Iterable[str]) -> Iterator[Outcome]:
    """What each line is. Redirected zones come last, when their data are known."""
    del name
    redirected: list[tuple[int, str]] = []
    nowhere: set[str] = set()
    for number, line in enumerate(lines, start=1):
        bare = line.strip()
        if not bare or bare.startswith("#") or bare == "server:":
            yield Passed(number)
        elif zone := _ZONE.fullmatch(bare):
            found = host(zone[1])
            if found is not None and zone[2] == "redirect":
                redirected.append((number, found))
            else:
                yield _zone(number, found, zone[2])
        elif data := _DATA.fullmatch(bare):
            outcome = _data(number, data[1] or data[2] or "")
            nowhere.update([outcome.value] if isinstance(outcome, Entry) else [])
            yield outcome
        else:
            yield Skipped(number, "another setting of Unbound, not a list of names")
    for number, found in redirected:
        yield Entry(number, "host", found) if found in nowhere else Skipped(number, _OWN_DATA)


def _zone(number: int, name: str | None, kind: str) -> Outcome:
    if name is None:
        return Skipped(number, NO_HOST)
    if kind in _BLOCKS:
        return Entry(number, "host", name)
    if kind in _LETS_THROUGH:
        return Entry(number, "allow", name)
    return Skipped(number, f"a zone of the kind {kind} is no block")


def _data(number: int, text: str) -> Outcome:
    record = _RECORD.fullmatch(text.strip())
    if record is None or not is_nowhere(record[3]):
        return Skipped(number, _OWN_DATA)
    name = host(record[1])
    return Skipped(number, NO_HOST) if name is None else Entry(number, "host-exact", name)


SYNTAX = Syntax(
    name="unbound",
    title="Unbound (local-zone, local-data)",
    claims=claims,
    read=read,
    means="Zones that are answered with nothing: the host and all below it. Transparent zones: let through. "
    "`local-data` with 0.0.0.0 or `::`: exactly the host.",
)
