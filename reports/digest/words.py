"""The closed lists of the tables in plain English, as the safeguarding lead reads them.

In: a word of `schema` (a level, a grade, a verdict, a field). Out: a heading or a sentence. A word that is not on the
list is shown as it is and called unknown: nothing is guessed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Word:
    """How one word of a closed list is shown: its name, and a sentence that explains it."""

    name: str
    says: str


#: What a level asks of the reader.
LEVELS: Final = {
    "urgent": Word("Urgent", "Read this now, before anything else."),
    "high": Word("High", "Read this today."),
    "medium": Word("Medium", "Read this once urgent and high are done."),
    "low": Word("Low", "A small sign, kept in case there are others."),
    "record": Word("Record", "Counted only; nothing is asked of you."),
}

#: How surely the log says who it was.
WHO: Final = {
    "authenticated": Word(
        "The person's own account",
        "The log names this account. It cannot say whether somebody else was sitting there.",
    ),
    "mapped": Word(
        "A device or address that was this person's at the time",
        "The log gives the device or address; the school's own list says whose it was. Somebody else may have used it.",
    ),
    "shared": Word(
        "A class login",
        "No pupil is named: a whole class shares this login. Who sat where, only the class teacher can say.",
    ),
    "unknown-account": Word(
        "An account that is not on the school's list",
        "No pupil is named: the people file does not know this account.",
    ),
    "address-only": Word(
        "A network address only",
        "No pupil is named: the log gives an address, and no list says who had it at that time.",
    ),
    "contradicted": Word(
        "Contradicted",
        "No pupil is named: two sources disagree about who it was, or a login failed.",
    ),
}

#: What the log shows of what was done.
WHAT: Final = {
    "typed": Word("Words that were typed", "A search or a text that somebody typed."),
    "page": Word(
        "A page that was asked for", "The address of a page; the log does not say what was seen or for how long."
    ),
    "host-only": Word(
        "The name of a site only", "The connection was encrypted: which page of the site it was cannot be known."
    ),
    "background": Word(
        "Probably software",
        "An advert, an embedded player, type-ahead or an updater may have caused this without anybody asking for it.",
    ),
}

#: What the filter did.
VERDICTS: Final = {
    "allowed": "Allowed by the filter",
    "blocked": "Blocked by the filter",
    "warned": "The filter showed a warning",
    "challenge": "The filter asked for a login",
    "error": "Failed: nothing was delivered",
    "unknown": "What the filter did is not known",
}
#: The same for a narrow column.
VERDICTS_SHORT: Final = {
    "allowed": "allowed",
    "blocked": "blocked",
    "warned": "warned",
    "challenge": "login asked",
    "error": "failed",
    "unknown": "not known",
}
KINDS_SHORT: Final = {"typed": "typed", "page": "page", "host-only": "site only", "background": "software"}

FIELDS: Final = {
    "typed_text": "Typed text",
    "search_text": "Typed into a search",
    "title": "Title of a window or page",
    "host": "Name of the site",
    "domain": "Name of the site",
    "path": "Address of the page, after the site's name",
    "query": "Address of the page, the part with its questions",
    "url": "Address of the page",
    "vendor_category": "The filter's own category",
}

#: Doubts about the time; an exact time has none.
TIMES: Final = {
    "assumed-zone": "The log does not name its time zone; the one set for this source was taken.",
    "ambiguous-hour": "The clocks went back in this hour, and the log does not say which of the two hours it was: "
    "the time may be one hour out.",
    "guessed-year": "The log does not name the year; it was worked out from the order of the lines.",
}

#: Under what the school files a draft that has no name of its own.
SUBJECTS: Final = {
    "person": "Account",
    "class": "Class",
    "account": "Account",
    "device": "Device",
    "address": "Address",
}
#: A class login is no person, and its name says what it is.
ROLES: Final = {"pupil": "pupil", "staff": "member of staff", "visitor": "visitor", "class": ""}
#: Nobody reviews a concern about themselves; a pupil cannot.
ADULTS: Final = ("staff", "visitor")


def known(words: dict[str, str], word: str | None) -> str:
    """The words for a word of a closed list; one that is not on it is shown and called unknown."""
    return words.get(word or "", f"not known ({word[:40]})" if word else "not known")


def explained(words: dict[str, Word], word: str | None) -> Word:
    """As `known`, with a sentence."""
    return words.get(word or "", Word(f"Not known ({word[:40]})" if word else "Not known", "The log does not say."))
