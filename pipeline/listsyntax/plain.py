"""Plain lists: a host name on each line.

In: lines. Out: `example.org`, `.example.org` and `*.example.org` as the host with all below it, IP addresses as
themselves, `example.org/path` as addresses there and below that begin with these parts. Refuses all else. What stands
behind a `#` is a comment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pipeline.listsyntax import Entry, Outcome, Passed, Skipped, Syntax
from pipeline.listsyntax._names import NO_HOST, address, host, is_range, url

_COMMENTS = ("#", ";", "//", "!")


def claims(name: str, lines: Sequence[str]) -> bool:
    """Whatever else is not recognised."""
    del name, lines
    return True


def read(name: str, lines: Iterable[str]) -> Iterator[Outcome]:
    """What each line is."""
    del name
    for number, line in enumerate(lines, start=1):
        bare = line.strip()
        if not bare or bare.startswith(_COMMENTS):
            yield Passed(number)
        else:
            yield entry(number, bare.partition(" #")[0].partition("\t#")[0].strip())


def entry(number: int, text: str) -> Outcome:
    """A host name, an address, or a beginning of addresses."""
    if "/" in text:
        if is_range(text):
            return Skipped(number, "a range of addresses")
        found = None if text.split() != [text] else url(text)
        if found is None:
            return Skipped(number, "this is neither a host name nor an address of the form host/path")
        name, path, _ = found
        return Entry(number, "url-parts", name + path) if path != "/" else Entry(number, "host", name)
    if "." not in text and ":" not in text:
        return Skipped(number, "a single word, which is no host name")
    name_only = host(text.removeprefix("*."))
    if name_only is not None:
        return Entry(number, "host", name_only)
    exact = address(text)
    return Skipped(number, NO_HOST) if exact is None else Entry(number, "host-exact", exact)


SYNTAX = Syntax(
    name="plain",
    title="plain lists, one name a line",
    claims=claims,
    read=read,
    means="The host and all below it, with or without `*.` or `.` in front; an IP address; `host/path` as the "
    "beginning of addresses.",
)
