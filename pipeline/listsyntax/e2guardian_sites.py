"""Site and URL lists of e2guardian and DansGuardian.

In: lines. Out: hosts with all below them (`.gov` is all of gov), addresses there and below that begin with whole parts
of `host/path`, IP addresses as themselves. Refuses ranges of addresses and blanket blocks (`**`). Source: the comments
in `bannedsitelist` and `bannedurllist`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pipeline.listsyntax import Outcome, Skipped, Syntax
from pipeline.listsyntax._e2guardian import in_common, is_of_e2guardian
from pipeline.listsyntax.plain import entry

_NAMES = ("sitelist", "urllist", "siteiplist")


def claims(name: str, lines: Sequence[str]) -> bool:
    """By its name, or by what only these lists have, where no line is a phrase."""
    if any(line.lstrip().startswith("<") for line in lines):
        return False
    other = name.endswith(("phraselist", "searchlist")) or "regexp" in name
    return not other and (name.endswith(_NAMES) or is_of_e2guardian(list(lines)))


def read(name: str, lines: Iterable[str]) -> Iterator[Outcome]:
    """What each line is."""
    del name
    for number, line in enumerate(lines, start=1):
        yield in_common(number, line) or _site(number, line.partition("#")[0].strip())


def _site(number: int, text: str) -> Outcome:
    if text.startswith("*"):
        return Skipped(number, "a blanket block, not a site")
    return entry(number, text)


SYNTAX = Syntax(
    name="e2guardian_sites",
    title="site and URL lists of e2guardian and DansGuardian",
    claims=claims,
    read=read,
    means="Sites: the host and all below it. URLs: addresses there and below that begin with these parts.",
)
