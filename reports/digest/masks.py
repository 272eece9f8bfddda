"""Account names taken out of what a draft shows, where the log does not prove whose doing it was.

In: the views of hits and of neighbouring events, and the subject of the draft. Out: the same views with the account
of the draft and those of e-mail addresses withheld, and neighbouring pages by the name of their site alone: the rest of
an address may carry a login. It refuses nothing; the evidence in the store stays as it is.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from reports.digest.trail import HitView, NearView

ACCOUNT_WITHHELD: Final = "[account withheld]"
#: The part of an e-mail address that names somebody, also where the sign is escaped as in an address of a page.
_MAILBOX: Final = r"[\w.+'-]+(?=(?:@|%40)\w)"
_SITE: Final = re.compile(r"\s*\w[\w+.-]*://(?:[^/?#]*@)?([^/?#]*)")


def mask_for(kind: str | None, subject: str | None) -> re.Pattern[str]:
    """Finds what must not be shown; `kind` and `subject` are those of the draft."""
    account = (subject or "").partition(":")[2] if kind in ("account", "person") else ""
    own = rf"(?<!\w){re.escape(account)}(?!\w)|" if account else ""
    return re.compile(own + _MAILBOX, re.IGNORECASE)


def masked_hits(hits: tuple[HitView, ...], mask: re.Pattern[str]) -> tuple[HitView, ...]:
    """The hits; what matched stays marked, because it is what the draft is about."""
    return tuple(
        replace(hit, pieces=tuple(replace(piece, text=mask.sub(ACCOUNT_WITHHELD, piece.text)) for piece in hit.pieces))
        for hit in hits
    )


def masked_near(near: tuple[NearView, ...], mask: re.Pattern[str]) -> tuple[NearView, ...]:
    """The neighbouring events."""
    return tuple(replace(each, what=mask.sub(ACCOUNT_WITHHELD, _without_path(each.what))) for each in near)


def _without_path(what: str) -> str:
    found = _SITE.match(what)
    return found[1] if found else what
