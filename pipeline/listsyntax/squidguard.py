"""squidGuard and UT1: a folder with `domains`, `urls` and `expressions`.

In: the lines of one of the three, told by its name. Out: hosts with all below them; addresses that begin with
`host/path`, on that host and its `www`, `web` and `ftp`; regular expressions. Refuses what is none of these.
Source: the chapter "The database" of squidGuard's configuration manual, and its `sgDb.c`: the comparison is by
character, in small letters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from pipeline.listsyntax import Entry, Outcome, Passed, Skipped, Syntax
from pipeline.listsyntax._names import NO_HOST, address, host, url

_KINDS = ("domains", "urls", "expressions")
#: Of a whole address, what the manual leaves out of a list: a last `/`, or a file.
_LAST = re.compile(r"(?:/|/[^/]+\.[^/]+)$")


def claims(name: str, lines: Sequence[str]) -> bool:
    """By its name alone."""
    del lines
    return name in _KINDS


def read(name: str, lines: Iterable[str]) -> Iterator[Outcome]:
    """What each line is; a file of another name holds domains, or addresses where there is a `/`."""
    for number, line in enumerate(lines, start=1):
        bare = line.strip()
        if not bare or line.startswith("#"):
            yield Passed(number)
        elif name == "expressions":
            yield Entry(number, "expression", bare)
        elif bare.startswith(("+", "-")):
            yield Skipped(number, "a change to another list, not an entry")
        elif name == "urls" or (name != "domains" and "/" in bare):
            # What stands behind a blank is where squidGuard would send the browser instead.
            yield _url(number, bare.split()[0])
        else:
            yield _domain(number, bare)


def _domain(number: int, text: str) -> Outcome:
    name = host(text)
    if name is not None:
        return Entry(number, "host", name)
    exact = address(text)
    return Skipped(number, NO_HOST) if exact is None else Entry(number, "host-exact", exact)


def _url(number: int, text: str) -> Outcome:
    found = url(text)
    if found is None:
        return Skipped(number, "this is no address of the form host/path")
    name, path, is_whole = found
    # A line in the list's own form keeps its last part: taking it off would list all that lies beside it.
    shorter = _LAST.sub("", path) if is_whole else path
    return Entry(number, "url", f"{name}{shorter or '/'}")


SYNTAX = Syntax(
    name="squidguard",
    title="squidGuard, UT1 (folders with domains, urls, expressions)",
    claims=claims,
    read=read,
    means="domains: the host and all below it. urls: addresses that begin so, on that host and its www. expressions: "
    "regular expressions.",
)
