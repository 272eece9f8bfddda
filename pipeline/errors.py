"""The family of failures that a person has to read.

Each message says where (file and, where there is one, line), what is wrong, and what to do about it.
The command line prints the message alone; a traceback means a defect in the program.
"""

from __future__ import annotations

from pathlib import Path


class EsafetyError(Exception):
    """A failure with a place and a remedy; `str()` is the sentence shown to the person.

    The path is kept as it was written, the line counts from 1 (0: the file as a whole).
    """

    def __init__(self, what: str, *, path: Path | str | None = None, line: int = 0, remedy: str = "") -> None:
        self.what = what
        self.path = path
        self.line = line
        self.remedy = remedy
        super().__init__(self._sentence())

    def _sentence(self) -> str:
        place = "" if self.path is None else f"{self.path}:{self.line}: " if self.line else f"{self.path}: "
        remedy = f" {self.remedy}" if self.remedy else ""
        return f"{place}{self.what}{remedy}"


class ConfigError(EsafetyError):
    """`school.toml` or a file that it names cannot be used; nothing has been read yet."""


class WatchlistError(EsafetyError):
    """A watchlist is broken or one of its own examples fails; nothing is run with half the rules."""


class PeopleError(EsafetyError):
    """The people, device or timetable file cannot be used as a whole."""


class UnknownFormat(EsafetyError):
    """No format, or more than one, recognises a file."""


class SourceError(EsafetyError):
    """A log file cannot be read, or cannot be read to its end; the rest of the night goes on."""


class StoreError(EsafetyError):
    """The store folder cannot be used: locked by another run, full, or not writable."""


class InvariantError(EsafetyError):
    """A count that must be conserved is not. The run stops: this is a defect in the program."""
