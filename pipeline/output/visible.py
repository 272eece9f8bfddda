"""Text that can do no harm where it is shown: on a page, in a pack.

In: text or bytes out of logs. Out: text in which a control character, a terminal escape or a right-to-left override is
a visible symbol, and every other character is itself. Refuses nothing.
"""

from __future__ import annotations

import unicodedata
from typing import Final

#: Stands for a character that must not take effect: a direction override, a zero-width character, a half surrogate.
REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"
#: More combining marks than any language puts on one letter; beyond it they only smear over the lines above.
_MOST_MARKS: Final = 3
_HARMFUL: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def visible(text: str) -> str:
    """The same number of characters, each harmful one replaced by a symbol that can be seen.

    The symbol is U+FFFD, which every font has. Because nothing is added or taken away, places counted in characters
    stay true.
    """
    if text.isascii() and text.isprintable():
        return text
    shown, marks = [], 0
    for char in text:
        kind = unicodedata.category(char)
        marks = marks + 1 if kind in {"Mn", "Me"} else 0
        harmful = kind in _HARMFUL or marks > _MOST_MARKS
        shown.append(REPLACEMENT if harmful else char)
    return "".join(shown)


def spelt_out(raw: bytes) -> str:
    r"""Bytes as text in which whatever is not plainly visible is written as its escape: `\xff`, `\x1b`, `\u202e`."""
    text = raw.decode("utf-8", errors="backslashreplace")
    shown = visible(text)
    if shown == text:
        return text
    return "".join(
        old if old == new else old.encode("unicode_escape").decode("ascii")
        for old, new in zip(text, shown, strict=True)
    )
