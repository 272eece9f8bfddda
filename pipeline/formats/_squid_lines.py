"""One line of Squid's native log, read from both ends; for the lines that `squid` cannot split at their blanks.

In: a line without syslog's header. Out: its pieces, as `squid` makes events from them, or the reason and detail of a
reject: what cannot be told apart with certainty is refused. The sources are those of `squid`.

e2guardian 5.6 writes its layouts from files. In that of layout 3 (`configs/log_formats/logformat3`) a dash stands for
result and status, and the address of the proxy behind it, or a dash, for hierarchy and peer: such a line must have just
its ten columns.
"""

from __future__ import annotations

import re
from typing import Any, Final

from pipeline.formats._squid_verdict import HIERARCHY

MOST_DIGITS: Final = 18
RESULT: Final = "[A-Z_]+/(?:[0-9]{3}|0)"
PLACE: Final = "^(?:TIMEOUT_)?([A-Z_]+)/[^ ]*$"
#: A result without a status; and what e2guardian's layout file has in the place of both.
NO_STATUS: Final = "/0"
NO_RESULT: Final = "-"
_TIME: Final = re.compile(r"[0-9]{10}(?:\.[0-9]{3})?")
_NUMBER: Final = re.compile(rf"-?[0-9]{{1,{MOST_DIGITS}}}")
_BLANKS: Final = re.compile(" +")
_RESULT: Final = re.compile(RESULT)
_PLACE: Final = re.compile(PLACE)
_PROXY: Final = re.compile(r"[0-9A-Fa-f]*[.:][0-9A-Fa-f.:]*|-")
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://")
#: The beginning of a record inside another.
_NEXT_RECORD: Final = re.compile(rf"\d{{10}}(?:\.\d{{3}})? +-?\d+ \S+ {RESULT} \d+ ")
#: Squid's buffer for one record, without the byte that ends it; what is longer is cut off.
_LONGEST_RECORD: Final = 8190
_FIELDS_BEFORE_URL: Final = 6
_DIGITS_OF_MILLIS: Final = 13
_PLAIN_TAIL: Final = ("url", "user", "hierarchy", "type")


def reading(text: str) -> dict[str, Any] | tuple[str, str]:
    """The pieces of one line as `_split` gives them, or the reason and detail of its reject."""
    head = _BLANKS.split(text.strip(" "), maxsplit=_FIELDS_BEFORE_URL)
    fault = _fault_of(head)
    if fault is not None:
        return fault
    if _NEXT_RECORD.search(text, 1):
        return "too-long", "Squid cut a record off in mid-line, and the next request goes on in the same line"
    tail = _read_bare(head[6]) if head[3] == NO_RESULT else _read_tail(head[5], head[_FIELDS_BEFORE_URL])
    if isinstance(tail, str):
        is_cut = len(text.encode()) >= _LONGEST_RECORD
        return (
            ("too-long", "Squid cut the record off; what follows its URL is missing") if is_cut else ("bad-field", tail)
        )
    status = 0 if head[3] == NO_RESULT else int(head[3].rpartition("/")[2])
    millis = int(head[0].replace(".", "").ljust(_DIGITS_OF_MILLIS, "0"))
    return {
        "millis": millis, "elapsed": int(head[1]), "client_ip": head[2], "result": head[3],
        "status": status, "bytes": int(head[4]), "method": head[5], **tail,
    }  # fmt: skip


def _fault_of(head: list[str]) -> tuple[str, str] | None:
    """Reason and detail of the reject, where the columns before the URL are not what they must be."""
    if not head or not _TIME.fullmatch(head[0]):
        return "not-this-format", "does not begin with a time in seconds"
    if len(head) <= _FIELDS_BEFORE_URL:
        return "missing-column", f"has {len(head)} of 10 columns"
    if head[2].isascii() and head[2].isdecimal():
        return "bad-field", "the client is a number, not an address"
    if head[3] == NO_RESULT:
        return _fault_of_numbers(head)
    no_status = head[3].endswith(NO_STATUS) and not (head[5] == "-" and head[6].startswith("https://"))
    if not _RESULT.fullmatch(head[3]) or no_status:
        return "bad-field", "the fourth column is not a result and a status such as TCP_MISS/200"
    return _fault_of_numbers(head)


def _fault_of_numbers(head: list[str]) -> tuple[str, str] | None:
    if not _NUMBER.fullmatch(head[1]) or not _NUMBER.fullmatch(head[4]):
        return "bad-number", "the elapsed time or the size is not a whole number"
    return None


def _read_tail(method: str, tail: str) -> dict[str, str] | str:
    """URL, user, hierarchy and type, where URL or user may hold blanks and more may follow the type."""
    pieces = tail.split(" ")
    places = [
        at for at, piece in enumerate(pieces)
        if at > 1 and (match := _PLACE.fullmatch(piece)) and match[1] in HIERARCHY
    ]  # fmt: skip
    if len(pieces) == len(_PLAIN_TAIL) and _PLAIN_TAIL.index("hierarchy") in places:
        # URL, user, hierarchy and type are all there, and nothing else is: a server may call its type what it likes.
        places = [_PLAIN_TAIL.index("hierarchy")]
    if len(places) != 1:
        found = "no column" if not places else "more than one column"
        return f"{found} is a hierarchy and a peer such as HIER_DIRECT/192.0.2.1"
    place = places[0]
    url, user = _url_and_user(method, pieces[:place])
    content_type = next(filter(None, pieces[place + 1 :]), "-")
    return {
        "url": url,
        "user": user,
        "hierarchy": pieces[place],
        "type": "-" if content_type.startswith("[") else content_type,
    }


def _read_bare(tail: str) -> dict[str, str] | str:
    """The same of a line without result and hierarchy."""
    pieces = tail.split(" ")
    if len(pieces) != len(_PLAIN_TAIL) or not _SCHEME.match(pieces[0]) or not _PROXY.fullmatch(pieces[2]):
        return "has neither a result and a status such as TCP_MISS/200 nor just ten columns with a URL"
    return dict(zip(_PLAIN_TAIL, pieces, strict=True))


def _url_and_user(method: str, pieces: list[str]) -> tuple[str, str]:
    """Which of the pieces are the URL; the user is a dash where that cannot be known."""
    if len(pieces) == 2 or pieces[-1] == "-":
        return " ".join(pieces[:-1]), pieces[-1]
    if method == "CONNECT":
        # Host and port, as Squid itself puts them together: no blank can be in them.
        return pieces[0], " ".join(pieces[1:])
    return " ".join(pieces), "-"
