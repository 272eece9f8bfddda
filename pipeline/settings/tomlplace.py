"""Where a key stands in a TOML file, because `tomllib` keeps no line numbers and an error needs one.

In: the text of a TOML file and the path of a key, such as `("rule", 3, "weight")`. Out: a line number that
counts from 1. It refuses nothing: text that `tomllib` would not read gives 0 or the nearest line that is known.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

Key = tuple[str | int, ...]

_TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
    r"|(?P<comment>\#[^\n]*)"
    r"|[\n\[\]{},=.]"
    r"|[^\s\[\]{},=.\"'#]+"
    r"|[\"']",
    re.DOTALL,
)


def line_of(text: str, path: Key) -> int:
    """The line of the key, list item or table at `path`; if it is not there, of the nearest table or key
    above it; 0 when nothing of the path is in the file."""
    places = _places(text)
    for length in range(len(path), 0, -1):
        line = places.get(path[:length])
        if line is not None:
            return line
    return 0


@dataclass(frozen=True)
class Place:
    """A key of a file. Its line is looked up when somebody has to be told: that takes as long as reading the file."""

    path: Path
    text: str
    key: Key

    @property
    def line(self) -> int:
        """The line, counted from 1; see `line_of`."""
        return line_of(self.text, self.key)


@dataclass
class _Reader:
    """Walks once over the tokens and notes where each path begins. It has state: the place in the file."""

    tokens: list[tuple[str, int]]
    at: int = 0
    table: Key = ()
    places: dict[Key, int] = field(default_factory=dict)
    #: How many tables an array of tables has so far.
    lengths: dict[Key, int] = field(default_factory=dict)

    def peek(self) -> str:
        return self.tokens[self.at][0] if self.at < len(self.tokens) else ""

    def take(self) -> tuple[str, int]:
        token = self.tokens[self.at] if self.at < len(self.tokens) else ("", 0)
        self.at += 1
        return token

    def note(self, path: Key, line: int) -> None:
        for length in range(1, len(path) + 1):
            self.places.setdefault(path[:length], line)

    def statement(self) -> None:
        if self.peek() == "\n":
            self.take()
        elif self.peek() == "[":
            self.header()
        else:
            self.assignment(self.table)

    def header(self) -> None:
        _, line = self.take()
        of_tables = self.peek() == "["
        if of_tables:
            self.take()
        parts = self.key({"]", "\n", ""})
        path: Key = ()
        for part in parts[:-1]:
            path = self.last_of((*path, part))
        path = (*path, *parts[-1:])
        if of_tables:
            self.lengths[path] = self.lengths.get(path, 0) + 1
            self.note(path, line)
        self.table = self.last_of(path)
        self.note(self.table, line)
        while self.peek() not in ("\n", ""):
            self.take()

    def last_of(self, path: Key) -> Key:
        return (*path, self.lengths[path] - 1) if path in self.lengths else path

    def key(self, until: set[str]) -> list[str]:
        parts = []
        while self.peek() not in until:
            token, _ = self.take()
            if token != ".":
                parts.append(_bare(token))
        return parts

    def assignment(self, table: Key) -> None:
        line = self.tokens[self.at][1]
        parts = self.key({"=", "\n", ",", "}", "]", ""})
        path = (*table, *parts)
        self.note(path, line)
        token, _ = self.take()
        if token == "=":
            self.value(path)

    def value(self, path: Key) -> None:
        if self.peek() == "[":
            self.take()
            self.items(path, "]")
        elif self.peek() == "{":
            self.take()
            self.items(path, "}")
        else:
            while self.peek() not in ("\n", ",", "]", "}", ""):
                self.take()

    def items(self, path: Key, closing: str) -> None:
        count = 0
        while self.peek() not in (closing, ""):
            if self.peek() in ("\n", ","):
                self.take()
            elif closing == "}":
                self.assignment(path)
            else:
                start = self.at
                self.note((*path, count), self.tokens[self.at][1])
                self.value((*path, count))
                count += 1
                # A stray bracket of the other kind would keep the walk on one token for ever.
                self.at = max(self.at, start + 1)
        self.take()


@lru_cache(maxsize=4)
def _places(text: str) -> dict[Key, int]:
    reader = _Reader(_tokens(text))
    while reader.at < len(reader.tokens):
        reader.statement()
    return reader.places


def _tokens(text: str) -> list[tuple[str, int]]:
    found = []
    line, before = 1, 0
    for match in _TOKEN.finditer(text):
        line += text.count("\n", before, match.start())
        before = match.start()
        if match["comment"] is None:
            found.append((match[0], line))
    return found


def _bare(token: str) -> str:
    if token[:1] not in ("'", '"'):
        return token
    try:
        value = tomllib.loads(f"key = {token}")["key"]
    except tomllib.TOMLDecodeError:
        return token
    return str(value)
