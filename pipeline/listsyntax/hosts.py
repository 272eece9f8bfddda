"""Hosts files: `0.0.0.0 name`.

In: lines. Out: each name exactly, as a hosts file means it, without the names below. Refuses a name that gets an
address of its own: that is no block. The machine's own names (`localhost`) list nothing. Source: hosts(5).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pipeline.listsyntax import Entry, Outcome, Passed, Skipped, Syntax
from pipeline.listsyntax._names import NO_HOST, address, host, is_nowhere

#: What every such file says of the machine itself.
_OWN = {
    "localhost", "localhost.localdomain", "local", "broadcasthost", "0.0.0.0", "ip6-localhost", "ip6-loopback",  # noqa: S104 - a name here, not bound to
    "ip6-localnet", "ip6-mcastprefix", "ip6-allnodes", "ip6-allrouters", "ip6-allhosts",
}  # fmt: skip


def claims(name: str, lines: Sequence[str]) -> bool:
    """Nearly every line is an address and a name."""
    del name
    words = [line.partition("#")[0].split() for line in lines]
    filled = [each for each in words if each]
    good = sum(len(each) > 1 and address(each[0]) is not None for each in filled)
    return bool(filled) and good >= 0.8 * len(filled)


def read(name: str, lines: Iterable[str]) -> Iterator[Outcome]:
    """What each line is."""
    del name
    for number, line in enumerate(lines, start=1):
        words = line.partition("#")[0].split()
        names = [each for each in words[1:] if each.lower() not in _OWN and not each.lower().startswith("localhost.")]
        if not words or (len(words) > 1 and not names):
            yield Passed(number)
        elif address(words[0].partition("%")[0]) is None or not names:
            yield Skipped(number, "this is no line of a hosts file: address and name are wanted")
        elif not is_nowhere(words[0]):
            yield Skipped(number, "the name gets an address of its own, which is no block")
        else:
            yield from (_exact(number, each) for each in names)


def _exact(number: int, text: str) -> Outcome:
    found = host(text)
    return Skipped(number, NO_HOST) if found is None else Entry(number, "host-exact", found)


SYNTAX = Syntax(
    name="hosts",
    title="hosts files",
    claims=claims,
    read=read,
    means="Exactly the host, not the names below it, where it is sent to 0.0.0.0, 127.0.0.1, ::1 or ::.",
)
