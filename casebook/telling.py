"""What colleagues wrote, and whether it would tell an address of what may be illegal.

In: texts that somebody typed about a case; the drafts of the case, whose hosts must not be said either. Out: whether a
text names a host, an address of a machine or a page, however it is written: `[.]`, "dot", `hxxp`, escapes, letters set
apart. Refuses nothing. It looks at a text as at one that wants to get by: rather one sentence too many is kept back.
Addresses written in words ("the site that rhymes with ...") it does not see.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Final

from pipeline.text import public_suffix, registered_name, unescape_once, without_escapes
from pipeline.urgency.levels import TRANSLATED

#: What of an action somebody has written in their own words.
SAID: Final = ("reason", "text", "summary", "note", "debrief", "lesson", "change", "reported_by")
#: What stands in the place of such a text.
UNTOLD: Final = "(withheld: it would tell an address)"
#: Fields of a hit that hold words of a person: the host is then that of a search engine, and no secret.
_OWN_WORDS: Final = frozenset({"search_text", "typed_text", "title"})
#: An address may stand in an address, and each undoes the escapes of its own.
_DEEPEST_ESCAPE: Final = 4
#: A host or the name of a site that is shorter stands in many a word.
_SHORTEST_HOST, _SHORTEST_NAME = 4, 6

_DOTS: Final = str.maketrans(dict.fromkeys("\u3002\u00b7\u2022\u2219\u22c5\u2027", "."))
_BRACKETED_DOT: Final = re.compile(r"\s*[\[({<]\s*(?:\.|dot|point)\s*[\])}>]\s*")
_WRITTEN_DOT: Final = re.compile(r"(?<=\w)[\s_-]+dot[\s_-]+(?=\w)|(?<=\w)dot(?=(?:com|net|org|info|onion|co|uk)\b)")
_LOOSE_DOT: Final = re.compile(r"(?<=\w)\s+\.\s*(?=\w)")
_SET_APART: Final = re.compile(r"(?<!\S)(?:\S[ \t]){3,}\S(?!\S)")
#: A host: labels and an ending of letters, which `p.m.` and `7.B` have not. And a page of one.
_HOST: Final = re.compile(r"(?:[\w-]+\.)+(?:xn--[\w-]+|[^\W\d_]{2,})(?!\w)")
_PAGE: Final = re.compile(rf"{_HOST.pattern}(?::\d+)?/")
_MACHINE: Final = re.compile(
    r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?!\d)|(?<![\w:])(?:[0-9a-f]{0,4}:){3,7}[0-9a-f]{0,4}(?!\w)|[0-9a-f]+::|::[0-9a-f]"
    r"|\b0x[0-9a-f]{6,}"
)
_SCHEME: Final = re.compile(r"[\[({]?:[\])}]?\s*/\s*/|\bh[tx*]{2}ps?\b|\bwww\d*\b|\b[a-z2-7]{56}\b")


@dataclass(frozen=True)
class Secrets:
    """What must not be told of one case, or of several."""

    #: Hosts of the hits, in small letters.
    hosts: frozenset[str] = frozenset()
    #: What sites of the hits are called, letters and digits alone.
    names: frozenset[str] = frozenset()
    #: Accounts of people, which look like hosts and are none.
    accounts: frozenset[str] = frozenset()

    def tells(self, text: str) -> bool:
        """Whether a text in somebody's words would tell an address."""
        return any(
            self._holds_address(each) or self._names_site(each) or _MACHINE.search(each) is not None
            for each in _readings(text)
        )

    def tells_outright(self, text: str) -> bool:
        """The same of an account, a device or a word of the program's own: it may look like a host, and be none."""
        return any(
            self._holds_address(each, host=_PAGE) or ("/" in each and _MACHINE.search(each) is not None)
            for each in _readings(text)
        )

    def _holds_address(self, reading: str, host: re.Pattern[str] = _HOST) -> bool:
        if _SCHEME.search(reading) or any(each in reading for each in self.hosts):
            return True
        return any(found[0] not in self.accounts for found in host.finditer(reading))

    def _names_site(self, reading: str) -> bool:
        letters = _letters(reading)
        return any(name in letters for name in self.names)

    def told(self, text: str) -> str:
        """The text, or what stands for it."""
        return UNTOLD if self.tells(text) else text

    def told_outright(self, text: str) -> str:
        """The name or word, or what stands for it."""
        return UNTOLD if self.tells_outright(text) else text

    def reasons(self, reasons: Iterable[str]) -> list[str]:
        """The reasons of a draft, without what they tell of an address and of what was typed."""
        return [UNTOLD if each.startswith(TRANSLATED) or self.tells(each) else each for each in reasons]


def secrets_of(drafts: Iterable[Mapping[str, Any]], accounts: AbstractSet[str] = frozenset()) -> Secrets:
    """What must not be told of cases with these drafts. `accounts` are of people who may be named in texts."""
    hits = [
        (str(hit["host"]).lower().strip("."), hit["field"]) for draft in drafts for hit in draft["hits"] if hit["host"]
    ]
    names = {_name_of(host) for host, field in hits if field not in _OWN_WORDS}
    return Secrets(
        frozenset(host for host, _ in hits if len(host) >= _SHORTEST_HOST),
        frozenset(name for name in names if len(name) >= _SHORTEST_NAME),
        frozenset(each.lower() for each in accounts),
    )


def _name_of(host: str) -> str:
    """What the site is called: the longest part of its host. Empty for the address of a machine."""
    own = host.removesuffix(public_suffix(host)) if registered_name(host) else ""
    return max(map(_letters, own.split(".")), key=len)


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text))


def _readings(text: str) -> Iterator[str]:
    """The text in small letters, as it is and with every escape undone; with dots as dots, and letters put together."""
    # A lone surrogate is no text that could be unescaped.
    plain = unicodedata.normalize("NFKC", text.encode("utf-8", "replace").decode("utf-8"))
    plain = "".join(each for each in plain if unicodedata.category(each) != "Cf")
    for _ in range(_DEEPEST_ESCAPE):
        before, plain = plain, without_escapes(html.unescape(unescape_once(plain)))
        if plain == before:
            break
    plain = unicodedata.normalize("NFKC", plain).lower().translate(_DOTS)
    together = _SET_APART.sub(lambda found: re.sub(r"\s", "", found[0]), plain)
    for reading in {plain, together}:
        dotted = _BRACKETED_DOT.sub(".", reading)
        yield _LOOSE_DOT.sub(".", _WRITTEN_DOT.sub(".", dotted))
