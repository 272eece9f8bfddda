"""How a program's `strftime` has written a time: what it looks like, and how to read it.

In: the argument of `strftime`, such as `%d/%b/%Y:%H:%M:%S %z`. Out: a pattern, and the format by which polars reads
what the pattern has found. Refuses, with `ConfigError`, an argument that does not give year, month, day, hour and
minute, and letters that it does not know.
Source: POSIX, `strftime`, in the C locale, which Squid never leaves.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from pipeline.errors import ConfigError

#: Letters that stand for several others.
_SHORT: Final = {
    "D": "%m/%d/%y", "F": "%Y-%m-%d", "R": "%H:%M", "T": "%H:%M:%S", "r": "%I:%M:%S %p", "x": "%m/%d/%y",
    "X": "%H:%M:%S", "c": "%a %b %e %H:%M:%S %Y", "h": "%b",
}  # fmt: skip
_MONTHS: Final = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
_LOOKS: Final = {
    "Y": "[0-9]{4}", "y": "[0-9]{2}", "m": "[0-9]{2}", "d": "[0-9]{2}", "e": "[ 0-9][0-9]", "H": "[0-9]{2}",
    "I": "[0-9]{2}", "M": "[0-9]{2}", "S": "[0-9]{2}", "p": "[AP]M", "z": "[+-][0-9]{4}", "b": f"(?:{_MONTHS})",
    "B": "(?:January|February|March|April|May|June|July|August|September|October|November|December)",
    "a": "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)", "A": "(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day", "j": "[0-9]{3}",
    "s": "[0-9]{10}", "n": "\\n", "t": "\\t", "%": "%",
}  # fmt: skip
_NEEDED: Final = (("year", "Yy"), ("month", "mbBj"), ("day", "dej"), ("hour", "HI"), ("minute", "M"))
_LETTER: Final = re.compile(r"%(.?)", re.DOTALL)


@dataclass(frozen=True)
class WrittenBy:
    """A time as one argument of `strftime` writes it."""

    pattern: str
    #: For `str.to_datetime`.
    chrono: str
    #: The offset or the seconds of the epoch are in it.
    is_absolute: bool


def letters_of(argument: str) -> list[str]:
    """What an argument writes, letter by letter, the short ones as those that they stand for."""
    return _LETTER.findall(_LETTER.sub(lambda found: _SHORT.get(found[1], found[0]), argument))


def missing_from(letters: Collection[str]) -> list[str]:
    """What these letters do not give of a time."""
    return [] if "s" in letters else [name for name, any_of in _NEEDED if not set(any_of) & set(letters)]


def written_by(argument: str, *, is_part: bool = False) -> WrittenBy:
    """Raises `ConfigError` where no time can be made of what is written; a part of a time need not give all of it."""
    full = _LETTER.sub(lambda found: _SHORT.get(found[1], found[0]), argument)
    letters = _LETTER.findall(full)
    for letter in letters:
        if letter not in _LOOKS:
            raise ConfigError(f"the time {{{argument}}} has %{letter}, which cannot be read back.")
    missing = missing_from(letters)
    if missing and not is_part:
        raise ConfigError(f"the time {{{argument}}} does not give the {' and '.join(missing)}.")
    if "I" in letters and not {"p", "H"} & set(letters) and not is_part:
        raise ConfigError(f"the time {{{argument}}} has %I without %p, so morning and evening are the same.")
    texts = _LETTER.split(full)
    parts = [re.escape(part) if at % 2 == 0 else _LOOKS[part] for at, part in enumerate(texts)]
    return WrittenBy("".join(parts), full, bool({"z", "s"} & set(letters)))
