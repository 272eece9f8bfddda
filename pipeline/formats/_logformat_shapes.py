r"""What each code of a `logformat` line can look like in the log.

In: a code with its encoding, alignment and widths, and the sign that follows it. Out: patterns of its value. Refuses,
with `ConfigError`, the argument of a time that cannot be read back.

Three kinds of value stand in a log. Numbers, times and Squid's own words have few characters. Encoded texts cannot hold
the sign that ends them. The rest is as the client or a helper wrote it, blanks included: a user name, a URL where
`uri_whitespace` is `allow`, a header between quotes that Squid's own layouts do not escape. Such a value is found
quickly where it holds nothing that could be the end of it, and with all other ways to cut the line where it does.
Squid writes a dash for an empty value, and does not pad it.
Source: Squid's documentation of `logformat`; what 5.7 wrote for each encoding, width and code.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from pipeline.formats._logformat import Code
from pipeline.formats._strftime import WrittenBy, letters_of, missing_from, written_by

#: Stands for the end of the line, which no value holds.
LINE_END: Final = "\n"
_NUMBERS: Final = (
    "sn", "master_xaction", ">p", "<p", "lp", ">lp", "<lp", "tr", "dt", "st", ">st", "<st", ">sh", "<sh", "<sH", "<sS",
    "<bs", "<pt", "<tt", "Hs", ">Hs", "<Hs", ">rP", "<rP", "busy_time", "request_attempts", "icap::tt",
)  # fmt: skip
#: Words of Squid's own, parts of a URL that it has taken apart, and the name by ident, nearly always a dash: where it
#: is none, no name behind it may hold a blank.
_WORDS: Final = (
    ">A", "<a", "<A", "la", ">la", "<la", ">eui", ">qos", ">nfmark", "<qos", "<nfmark", ">handshake", "err_code", "rm",
    ">rm", "<rm", ">rs", "<rs", ">rd", "<rd", "rv", ">rv", "<rv", "ssl::bump_mode", "ui",
)  # fmt: skip
#: What is percent-encoded where no other encoding is asked for.
_ENCODED: Final = (">ru", "<ru", ">h", ">ha", "<h", ">rp", "<rp", "ssl::<cert", "proxy_protocol::>h")
_TIMES: Final = {
    # Documented with the zone; 5.7 leaves it out of the time of Greenwich.
    "tg": "%d/%b/%Y:%H:%M:%S",
    "tl": "%d/%b/%Y:%H:%M:%S %z",
}
_WORD: Final = "[^ ]"
_WORD_IN_BRACKETS: Final = r"[^ \[\]]"
_ANYTHING: Final = "."
_PERCENT_ENCODED: Final = r'[^ "<>\[\]\\^`{|}]'
_IN_BRACKETS: Final = r"[^\[\]]"
_QUOTED: Final = r'(?:[^"\\]|\\.)*'
_SHELL: Final = r'(?:"(?:[^"\\]|\\.)*"|(?:[^ "\\]|\\.)+)'


@dataclass(frozen=True)
class Shape:
    """The patterns of a value."""

    #: Of a value that does not hold the sign that is to end it.
    narrow: str
    #: Of any value, the shortest and the longest first.
    short: str
    long: str
    #: Of every value that holds the sign that is to end it; empty where none can.
    over: str = ""
    #: Nothing says where such a value ends: the line is to be cut in all ways.
    unsure: bool = False
    #: Blanks before and behind, which are not part of the value.
    before: str = ""
    behind: str = ""


def shape_of(code: Code, ending: str) -> Shape:
    """The shape of a code's value; `ending` is the sign that follows it, empty where it is another value."""
    if code.name in {"ts", "tu"} or code.name in _NUMBERS:
        return _number(code, ending)
    if code.name in _TIMES:
        pattern = time_of(code).pattern
        if code.name == "tg" and not code.argument:
            pattern = rf"{pattern}(?: \+0000)?"
        return Shape(pattern, pattern, pattern)
    if code.name == ">a":
        return _padded(_whole(r"(?:[0-9A-Fa-f]*[.:][0-9A-Fa-f.:]*|-)", "[-0-9A-Fa-f.:]", ending), code, ending)
    if code.name in {"Ss", "Sh"}:
        return _padded(_run_of("[-A-Z0-9_]", ending), code, ending)
    if code.name == "tS":
        return _padded(_whole(r"[0-9]{10}\.[0-9]{3,9}", "[0-9.]", ending), code, ending)
    return _padded(_text(code, ending), code, ending)


def time_of(code: Code) -> WrittenBy:
    """How a written time, or a part of one, is read. Raises `ConfigError`."""
    return written_by(_argument(code), is_part=True)


def _argument(code: Code) -> str:
    return code.argument or _TIMES[code.name]


def clock_of(codes: Mapping[str, Code]) -> tuple[list[str], WrittenBy]:
    """The names of the codes that together write a time, and how it is read with blanks between them.

    The first that says all of it is enough, but for a zone of its own. Else the day and the hour, for example, are
    each written by one. Raises `ConfigError`.
    """
    letters = {name: set(letters_of(_argument(code))) for name, code in codes.items()}
    names = [name for name in codes if not missing_from(letters[name])][:1]
    seen = set().union(*[letters[name] for name in names])
    for name in codes:
        if letters[name] - seen and (missing_from(seen) or (letters[name] == {"z"} and "s" not in seen)):
            names.append(name)
            seen |= letters[name]
    return names, written_by(" ".join(_argument(codes[name]) for name in names))


def _text(code: Code, ending: str) -> Shape:
    is_word = code.name in _WORDS
    if code.encoding == "#" or (not code.encoding and code.name in _ENCODED):
        return _run_of(_PERCENT_ENCODED, ending)
    if code.encoding == '"' and not is_word:
        return _whole(_QUOTED, '[^"]', ending)
    if code.encoding == "/" and not is_word:
        return _whole(_SHELL, "[^ ]", ending)
    if is_word:
        return _run_of(_WORD if code.encoding != "[" else _WORD_IN_BRACKETS, ending)
    if code.encoding == "[" and code.name in {">h", "<h"} and not code.argument:
        # All headers, or none of them.
        return _whole(f"{_IN_BRACKETS}*", _IN_BRACKETS, ending)
    return _run_of(_IN_BRACKETS if code.encoding == "[" else _ANYTHING, ending, blanks=True)


def _run_of(sign: str, ending: str, *, blanks: bool = False) -> Shape:
    """One class of signs over and over; where it may hold blanks, there is none at its ends."""
    solid = f"[{_class(sign)}&&[^ ]]" if blanks else sign
    held = _holds(sign, ending)
    but = re.escape(ending) if held else ""
    narrow = f"[{_class(solid)}&&[^ {but}]]+"
    if blanks and ending not in {"", " ", LINE_END}:
        # What ends the value is no blank, so blanks inside it do no harm.
        narrow = f"{narrow}(?: +{narrow})*"
    short, long = f"{sign}+?", f"{sign}+"
    if blanks:
        short, long = f"{solid}(?:{sign}*?{solid})??", f"{solid}(?:{sign}*{solid})?"
    over = f"{sign}*{re.escape(ending)}{sign}*" if held else ""
    return Shape(narrow, short, long, over, unsure=not ending)


def _holds(sign: str, ending: str) -> bool:
    return ending not in {"", LINE_END} and re.fullmatch(sign, ending) is not None


def _class(sign: str) -> str:
    """Any sign as a class of signs; the lines have no line ends."""
    return r"[^\n]" if sign == _ANYTHING else sign


def _whole(pattern: str, signs: str, ending: str) -> Shape:
    """A pattern that says itself where it ends, if what follows is none of its signs."""
    return Shape(pattern, pattern, pattern, unsure=not ending or _holds(signs, ending))


def _number(code: Code, ending: str) -> Shape:
    """A number."""
    if code.name == "ts":
        return Shape("[0-9]{10}", "[0-9]{10}", "[0-9]{10}")
    if code.name == "tu":
        return (
            Shape("[0-9]{3}", "[0-9]{3}", "[0-9]{3}")
            if code.zero and code.least
            else _whole("[0-9]{1,3}", "[0-9]", ending)
        )
    # So many blanks as the width asks for, or fewer: programs that pass a log on like to leave one of them.
    return _padded(_whole("[-0-9]+", "[-0-9]", ending), code, ending)


def _padded(shape: Shape, code: Code, ending: str) -> Shape:
    """The same with the blanks of a width; if a blank follows too, only a comparison tells where they end."""
    if code.least <= 1 or code.zero:
        return shape
    blanks = f" {{0,{code.least - 1}}}"
    if code.left:
        return replace(shape, behind=blanks, unsure=shape.unsure or ending in {"", " "})
    return replace(shape, before=blanks)
