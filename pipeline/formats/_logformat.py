r"""A `logformat` line of squid.conf becomes the texts and codes that it is made of.

In: the line as it stands in squid.conf, with or without the word `logformat` and the name, or the name of a layout
that Squid knows by itself. Out: literal texts, and codes with encoding, alignment, widths and argument. An encoding
that a code does not name is the one of the quotes or brackets around it, as Squid itself sees it. Refuses, with
`ConfigError` and the place in the line, a `%` without a code and a brace that is not closed. A code of an unknown name
is a column whose value nobody asks for.

Source: Squid's documentation of `logformat` (2.6 to 7); what 5.7 wrote for each encoding, width and code.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from pipeline.errors import ConfigError

#: The layouts that have a name already, as 5.7 writes them: it escapes nothing in their quotes, whatever is said of
#: `logformat`, and puts the protocol before the version, which need not be HTTP.
BUILT_IN: Final = {
    "squid": "%ts.%03tu %6tr %>a %Ss/%03>Hs %<st %rm %ru %[un %Sh/%<a %mt",
    "common": "%>a %[ui %[un [%tl] \"%'rm %'ru %rv\" %>Hs %<st %Ss:%Sh",
    "combined": '%>a %[ui %[un [%tl] "%\'rm %\'ru %rv" %>Hs %<st "%\'{Referer}>h" "%\'{User-Agent}>h" %Ss:%Sh',
    "referrer": "%ts.%03tu %>a %'{Referer}>h %ru",
    "useragent": '%>a [%tl] "%\'{User-Agent}>h"',
}
_CODES: Final = (
    "sn", "err_code", "err_detail", "note", "master_xaction", "byte", "busy_time", "request_attempts", ">a", ">A", ">p",
    ">eui", ">la", ">lp", ">qos", ">nfmark", "la", "lp", "<a", "<A", "<p", "<la", "<lp", "<qos", "<nfmark",
    ">handshake", "ts", "tu", "tl", "tg", "tr", "dt", "tS", "et", "ea", "un", "ul", "ue", "ui", "us", "credentials",
    "rm", ">rm", "<rm", "ru", ">ru", "<ru", ">rs", "<rs", ">rd", "<rd", ">rP", "<rP", "rp", ">rp", "<rp", "rv", ">rv",
    "<rv", ">h", ">ha", "<h", "<Hs", ">Hs", "Hs", "mt", "st", ">st", "<st", ">sh", "<sh", "<sH", "<sS", "<bs", "<pt",
    "<tt", "Ss", "Sh",
)  # fmt: skip
#: The longest name first, since `%>ha` is not `%>h` and an `a`.
_KNOWN: Final = "|".join(re.escape(name) for name in sorted(_CODES, key=len, reverse=True))
# Squid takes the argument before the code, or else the one behind it; behind a code that has one, a brace is text.
_CODE: Final = re.compile(
    r"%(?:(?P<percent>[-0-9.]*%)|(?P<encoding>[\"'\[#/])?(?P<left>-)?(?P<zero>0)?(?P<least>[0-9]{0,4})"
    r"(?:\.(?P<most>[0-9]{1,5}))?(?:\{(?P<before>[^}]*)\})?"
    # A code of another class, such as `transport::>connection_id`, is none that its beginning looks like.
    rf"(?:(?![a-z_]+::)(?P<known>{_KNOWN})|http::(?P<classed>{_KNOWN})|(?P<strange>(?:[a-z_]+::)?[<>]?[A-Za-z_]+))"
    r"(?(before)|(?:\{(?P<after>[^}]*)\})?))"
)
_OPENING: Final = re.compile(r"^\s*logformat\s+\S+\s+")
_CONTINUED: Final = re.compile(r"\\\r?\n")
_SHOWN: Final = 24


@dataclass(frozen=True)
class Code:
    """One code of the line: what Squid puts in its place, and how it writes it."""

    name: str
    #: `"`, `[`, `#`, `/`, `'`, or nothing where the code's own way is used.
    encoding: str = ""
    left: bool = False
    zero: bool = False
    least: int = 0
    #: What is longer is cut off; 0 for no limit.
    most: int = 0
    argument: str = ""
    #: How it stands in the line, for messages.
    written: str = ""


def pieces_of(line: str) -> tuple[str | Code, ...]:
    """The literal texts and the codes of a line, in order. Raises `ConfigError`."""
    joined = _CONTINUED.sub(" ", line).strip()
    opening = _OPENING.match(joined)
    start = opening.end() if opening else 0
    spec = BUILT_IN.get(joined, joined)
    pieces: list[str | Code] = []
    at, around = start, ""
    while at < len(spec):
        if spec[at] != "%":
            text = spec[at:].partition("%")[0]
            around = _around(around, text)
            _add_text(pieces, text)
            at += len(text)
            continue
        found = _CODE.match(spec, at)
        if found is None:
            raise ConfigError(_fault(spec, at))
        if found["percent"]:
            _add_text(pieces, "%")
        else:
            pieces.append(_code(found, around))
        at = found.end()
    return tuple(pieces)


def _around(around: str, text: str) -> str:
    """What the codes behind a text stand in: quotes, brackets or nothing."""
    for sign in text:
        if sign == '"':
            around = {"": '"', '"': ""}.get(around, around)
        elif sign == "[":
            around = around or "["
        elif sign == "]":
            around = "" if around == "[" else around
    return around


def _add_text(pieces: list[str | Code], text: str) -> None:
    if pieces and isinstance(pieces[-1], str):
        pieces[-1] += text
    else:
        pieces.append(text)


def _code(found: re.Match[str], around: str) -> Code:
    return Code(
        name=found["known"] or found["classed"] or found["strange"],
        encoding=found["encoding"] or around,
        left=found["left"] is not None,
        zero=found["zero"] is not None,
        least=int(found["least"] or 0),
        most=int(found["most"] or 0),
        argument=found["before"] or found["after"] or "",
        written=found[0],
    )


def _fault(spec: str, at: int) -> str:
    is_open = re.match(r"%[^ ]*\{[^}]*$", spec[at:])
    what = "has a brace that is not closed" if is_open else "is no code that Squid could know"
    return f"at character {at + 1} of the logformat {spec[at : at + _SHOWN]!r} {what}."
