"""What the columns of an unknown export may hold: told by their headers and by what their cells look like.

In: headers, and some cells of each. Out: for each event column at most one header, for the time perhaps two (the date,
the time of day), with the confidence (`sure`, `likely`, `guess`) and the reason in words; and what the words of a
verdict column probably mean. Decides nothing: what it says is a proposal to a person. Refuses nothing, whatever the
cells hold.

`sure`: the header is one of the usual names and the cells look like it. `likely`: one of the two, where the other says
nothing against it. `guess`: the name only holds such a word, or cells of a kind that other columns may have as well.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from pipeline.columnmaps.guessedpairs import HALF, MOST, clocks_among, date_and_clock, dates_among
from pipeline.formats._months import in_numbers
from pipeline.settings.headers import Header
from pipeline.times.localtime import Running, WrittenOrder
from pipeline.times.writtentime import from_written

CONFIDENCE: Final = ("guess", "likely", "sure")
#: Event column -> the names that exports give it, the usual ones first.
_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "ts": (
        "date time", "timestamp", "time", "datetime", "date and time", "time stamp", "date", "event time", "when",
        "access time", "log time", "request time", "start time", "created at", "created", "visited at", "occurred",
    ),
    "user_raw": (
        "username", "user name", "user", "login", "login name", "student", "student email", "email", "user email",
        "email address", "student name", "pupil", "client name", "identity", "account", "account name",
        "logged in user", "user id", "who", "identities", "device user", "source user name", "user principal name",
        "actor", "initiating process account name",
    ),
    "client_ip": (
        "ip address", "source ip", "client ip", "ip", "src ip", "source address", "client address", "internal ip",
        "device ip", "clientip", "srcip", "src", "src ip addr", "source ip address", "client ip address",
        "internal ip address",
    ),
    "device": (
        "device name", "device", "computer", "computer name", "machine", "machine name", "workstation", "pc name", "pc",
        "endpoint", "client hostname", "chromebook",
    ),
    "url": (
        "url", "uri", "web address", "website", "destination url", "destination", "page url", "full url", "request url",
        "site url",
        "remote url", "address", "link", "page", "site",
    ),
    "host": (
        "domain", "host", "hostname", "domain name", "destination host", "requested domain", "fqdn", "query",
        "query name", "site",
    ),
    "verdict": (
        "action", "verdict", "decision", "disposition", "policy action", "filter action", "action taken", "result",
        "outcome", "allowed blocked", "blocked", "block type", "event type", "type", "status",
    ),
    "vendor_category": (
        "category", "categories", "url category", "category name", "all categories", "rule set", "theme",
    ),
    "method": ("http method", "method", "request method", "verb"),
    "status": ("http status", "status code", "response code", "http code", "response status", "code", "status"),
    "bytes": ("bytes", "response bytes", "bytes received", "response size", "size"),
    "duration_ms": ("duration ms", "elapsed ms", "time taken ms"),
    "content_type": ("content type", "mime type", "media type", "mime"),
    "user_agent": ("user agent", "useragent", "browser", "agent"),
    "referrer": ("referrer", "referer"),
    "typed_text": (
        "phrase", "search term", "search terms", "search query", "search", "typed text", "captured text", "keyword",
        "keywords", "keystrokes", "text",
    ),
    "title": ("page title", "title", "window title", "caption"),
    "app": ("application", "app", "application name", "app name", "program", "process"),
}  # fmt: skip
#: What products call what they did.
_WORDS: Final[dict[str, tuple[str, ...]]] = {
    "allowed": (
        "allow", "allowed", "permit", "permitted", "pass", "passed", "passthrough", "accept", "accepted", "accessed",
        "granted", "visited",
    ),
    "blocked": (
        "block", "blocked", "deny", "denied", "drop", "dropped", "reject", "rejected", "forbidden", "filtered",
        "prevented",
    ),
    "warned": ("warn", "warned", "warning", "coach", "coached", "quota", "soft block", "soft blocked", "override"),
    "challenge": ("authenticate", "authentication required", "login required"),
    "error": ("error", "failed", "timeout"),
}  # fmt: skip
_VERDICTS: Final = {word: verdict for verdict, words in _WORDS.items() for word in words}
_METHODS: Final = {"get", "post", "connect", "head", "put", "delete", "options", "patch", "trace"}
_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S|(?:[\w-]+\.)+[A-Za-z][\w-]*(?::\d+)?/")
_HOST: Final = re.compile(r"(?:[\w-]+\.)+[A-Za-z][\w-]*\.?(?::\d+)?")
_ACCOUNT: Final = re.compile(r"[\w.'-]+@[\w-]+(?:\.[\w-]+)+|[\w.-]+\\[\w.' -]+")
_MIME: Final = re.compile(r"(?:application|text|image|audio|video|font|multipart)/[\w.+-]+")
#: Addresses of the other end, or of what stands between; `remote` is the client in the log of a server, and the server
#: in that of a client.
_OTHER_END: Final = re.compile(
    r"\b(?:destination|dest|dst|server|external|target|upstream|resolver|dvc|observer|sensor|firewall|proxy|gateway)\b"
)
_EITHER_END: Final = re.compile(r"\bremote\b")
#: A word for a zone says nothing of what a column holds.
_ZONE: Final = r" \(?[A-Z]{3,5}\)?$"
_UTC: Final = ZoneInfo("UTC")
_FEW_WORDS: Final = 20
#: So many of the names of the verdict mean nothing else.
_CLEAR_NAMES: Final = 7


@dataclass(frozen=True)
class Guess:
    """One header that may hold one event column; of the time it may be two."""

    column: str
    header: Header
    confidence: str
    reason: str


@dataclass(frozen=True)
class _Candidate:
    column: str
    places: tuple[int, ...]
    confidence: int
    #: Between candidates of one confidence: how usual the name is, negative, then the share of fitting cells.
    rank: tuple[int, float]
    reason: str


def guesses(headers: Sequence[str], cells: Sequence[Sequence[str]]) -> list[Guess]:
    """The proposed event columns, in the order of `schema.PARSED`. `cells` holds some cells of each header."""
    written = [[cell.strip() for cell in column] for column in cells]
    candidates = _with_pair(
        headers, written,
        [each for place, header in enumerate(headers) for each in _candidates(place, header, written[place])],
    )  # fmt: skip
    taken: dict[str, _Candidate] = {}
    for each in sorted(candidates, key=lambda each: (each.confidence, *each.rank, -each.places[0]), reverse=True):
        if each.column not in taken and not any(set(each.places) & set(other.places) for other in taken.values()):
            taken[each.column] = each
    return [
        Guess(
            column, _header(headers, taken[column].places), CONFIDENCE[taken[column].confidence], taken[column].reason
        )
        for column in _NAMES
        if column in taken
    ]


def verdict_of(word: str) -> str | None:
    """What a product's word for what it did probably means; null for a word that is not known."""
    return _VERDICTS.get(_plain(word))


def _plain(name: str) -> str:
    """A name without case, punctuation and doubled blanks; `clientIp` is two words."""
    return " ".join(re.findall(r"[^\W_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()))


def _header(headers: Sequence[str], places: Sequence[int]) -> Header:
    return headers[places[0]] if len(places) == 1 else tuple(headers[at] for at in places)


def _with_pair(headers: Sequence[str], written: Sequence[Sequence[str]], single: list[_Candidate]) -> list[_Candidate]:
    """The candidates, and a date and a time of day that are the time together."""
    pair = date_and_clock([_spoken(header) for header in headers], written)
    if pair is None:
        return single
    places, names = (pair.date, pair.clock), _NAMES["ts"]
    usual = -names.index("date") if CONFIDENCE[pair.confidence] == "sure" else -len(names)
    # A column whose hour is always midnight is not the time alone; it may be where the other only might be its hour.
    doubtful = set(places) if pair.confidence else set()
    others = [each for each in single if each.column != "ts" or not doubtful & set(each.places)]
    return [*others, _Candidate("ts", places, pair.confidence, (usual, pair.share), pair.reason)]


def _spoken(header: str) -> list[str]:
    """A name in full, and its end: of a path in JSON the last key may be the whole name."""
    return [_plain(header), _plain(header.rsplit(".", maxsplit=1)[-1])]


def _candidates(place: int, header: str, written: Sequence[str]) -> list[_Candidate]:
    spoken = _spoken(header)
    filled = [cell for cell in written if cell not in {"", "-"}]
    looks = {column: look(filled) for column, look in (_LOOKS | _PARTS).items()} if filled else {}
    found = []
    for column, names in _NAMES.items():
        rank = min((names.index(name) for name in spoken if name in names), default=len(names))
        part = next((each for each in names if re.search(rf"\b{re.escape(each)}\b", spoken[0])), "")
        share = looks.get(column)
        if column == "verdict" and rank < _CLEAR_NAMES and share is not None and len(set(filled)) <= _FEW_WORDS:
            # So plain a name that words which nobody knows do not speak against it.
            share = max(share, HALF)
        named = _Named(exact=rank < len(names), part=part)
        if column == "url" and filled and not (named.exact or part):
            # Names of hosts alone are those of hosts, and some accounts look like them.
            share = _share(_URL.match)(filled)
        judged = _judged(column, named, share, is_other=_is_other(column, looks))
        if judged is None and column == "user_raw" and filled and _accounts(filled) >= MOST:
            judged = 0, "only that its cells look like accounts"
        if judged is not None and column == "client_ip" and not named.exact:
            judged = None if _OTHER_END.search(spoken[0]) else judged
            judged = (0, judged[1]) if judged and _EITHER_END.search(spoken[0]) else judged
        if judged is not None:
            found.append(_Candidate(column, (place,), judged[0], (-rank, share or 0.0), judged[1]))
    return found


@dataclass(frozen=True)
class _Named:
    """Whether a header is a usual name of a column, and which usual name stands in it."""

    exact: bool
    part: str


def _judged(column: str, named: _Named, share: float | None, *, is_other: bool) -> tuple[int, str] | None:
    """Confidence and reason; nothing where the cells speak against it, or nothing speaks for it."""
    if is_other or (share is not None and share < HALF):
        return None
    how_many = "" if share is None else f"{round(share * 100)}% of its cells look like it"
    fits = share is not None and share >= MOST
    if named.exact:
        is_sure = fits or (share is None and column == "user_raw")
        return 2 if is_sure else 1, f"its name; {how_many}" if how_many else "its name"
    if named.part:
        return 1 if fits else 0, f"its name holds {named.part!r}" + (f"; {how_many}" if how_many else "")
    return (1 if column in _STRONG else 0, f"only that {how_many}") if fits and column not in _NUMBERS else None


def _is_other(column: str, looks: Mapping[str, float]) -> bool:
    """Whether the cells of a column without looks of its own are plainly times, addresses or numbers."""
    return column not in _LOOKS and any(looks.get(each, 0.0) >= MOST for each in ("ts", "client_ip", "bytes", *_PARTS))


def _share(fits: Callable[[str], object]) -> Callable[[Sequence[str]], float]:
    return lambda cells: sum(bool(fits(cell)) for cell in cells) / len(cells)


def _times(cells: Sequence[str]) -> float:
    """How many are times, in whichever order of day and month more are."""
    texts = in_numbers(pl.Series(cells, dtype=pl.String)).str.replace(_ZONE, "")
    orders: tuple[WrittenOrder, ...] = ("dmy", "mdy")
    read = [from_written(texts, _UTC, order, Running())[0]["ts"] for order in orders]
    return max(len(cells) - each.null_count() for each in read) / len(cells)


def _is_address(cell: str) -> bool:
    with suppress(ValueError):
        ipaddress.ip_address(cell)
        return True
    return False


def _verdicts(cells: Sequence[str]) -> float:
    words = {_plain(cell) for cell in cells}
    return sum(word in _VERDICTS for word in words) / len(words) if len(words) <= _FEW_WORDS else 0.0


#: Only columns whose cells can be told from others; the share of the cells that fit.
_LOOKS: Final[dict[str, Callable[[Sequence[str]], float]]] = {
    "ts": _times,
    "client_ip": _share(_is_address),
    "url": _share(lambda cell: _URL.match(cell) or (_HOST.fullmatch(cell) and not _is_address(cell))),
    "host": _share(lambda cell: _HOST.fullmatch(cell) and not _is_address(cell)),
    "verdict": _verdicts,
    "method": _share(lambda cell: cell.lower() in _METHODS),
    "status": _share(lambda cell: re.fullmatch("[0-9]{3}", cell)),
    "bytes": _share(str.isdecimal),
    "duration_ms": _share(str.isdecimal),
    "content_type": _share(_MIME.match),
}
#: What half of a time looks like.
_PARTS: Final[dict[str, Callable[[Sequence[str]], float]]] = {"date": dates_among, "clock": clocks_among}
_accounts: Final = _share(_ACCOUNT.fullmatch)
#: Kinds of cells that hardly any other column has.
_STRONG: Final = {"ts", "client_ip", "content_type"}
#: Any number would fit these: their name must say so.
_NUMBERS: Final = {"status", "bytes", "duration_ms"}
