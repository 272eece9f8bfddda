"""Adblock lists: `||name^`.

In: lines. Out: `||name^` as the host with all below it, `@@||name^` as one that is let through whatever other lines
say. Refuses every other rule (parts of pages, paths, options): they are not about whole sites. Source: Adblock Plus,
"How to write filters".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from pipeline.listsyntax import Entry, Outcome, Passed, Skipped, Syntax
from pipeline.listsyntax._names import NO_HOST, address, host

_RULE = re.compile(r"(@@)?\|\|([^/^$|*]+)\^\|?")
#: Hiding of parts of a page: `##`, `#@#`, `#?#`, `#$#`, `#%#`.
_COSMETIC = re.compile(r"#[@?$%]{0,2}#")


def claims(name: str, lines: Sequence[str]) -> bool:
    """Its first line, or any line that begins with `||`."""
    del name
    return any(line.startswith(("[Adblock", "||", "@@||")) for line in lines)


def read(name: str, lines: Iterable[str]) -> Iterator[Outcome]:
    """What each line is."""
    del name
    for number, line in enumerate(lines, start=1):
        bare = line.strip()
        heading = bare.startswith("[") and bare.endswith("]")
        # Lists for name servers use `#` for comments as well; `##` hides a part of a page.
        if not bare or bare.startswith("!") or heading or (bare.startswith("#") and not _COSMETIC.match(bare)):
            yield Passed(number)
        else:
            yield _rule(number, bare)


def _rule(number: int, text: str) -> Outcome:
    found = _RULE.fullmatch(text)
    if found is None:
        return Skipped(number, _why(text))
    name = host(found[2])
    if name is not None:
        return Entry(number, "pardon" if found[1] else "host", name)
    exact = address(found[2])
    return (
        Skipped(number, NO_HOST) if exact is None else Entry(number, "allow-exact" if found[1] else "host-exact", exact)
    )


def _why(text: str) -> str:
    if _COSMETIC.search(text):
        return "a rule that hides parts of pages"
    if text.startswith("/") and text.endswith("/"):
        return "a regular expression"
    if "$" in text:
        return "a rule with conditions ($)"
    return "a rule about parts of addresses, not about a site"


SYNTAX = Syntax(
    name="adblock",
    title="Adblock lists",
    claims=claims,
    read=read,
    means="`||name^`: the host and all below it. `@@||name^`: never by this list. Others are counted, not taken.",
)
