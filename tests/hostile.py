"""Log lines as a product writes them for a client that chooses hostile values, and what must hold of them.

A product is one record in which the places that a client fills are marked (`«path»`, `«agent»`, `«user»` ...), and how
the product writes what it puts there. What the record means is read from itself, with harmless words in those places.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from random import Random
from typing import Any

from pipeline.formats import Declared, registry
from tests.samples import table_of

Writing = Callable[[str], str]

_SPOT = re.compile("«([a-z]+)»")
#: What no client can have a say in.
_MEANT = ("user_raw", "client_ip", "verdict", "status", "ts")
_PIECES = (
    "\t", " ", '"', "'", "\\", "=", "-", "|", ",", ";", "(", ")", "[", "]", "<", ">", "{", "}", ":", "#", "/", "?", "&",
    "0", "1", "200", "403", "407", "GET", "CONNECT", "http://good.example/", "10.20.1.99", "asmith", "x", "é", "\r",
    "\x00", "\x0b", "\x1c", "\x85", "\u2028", "%20", "%22", "%0a", "\\x22", "\\n", "#011",
    "#Fields: date time c-ip cs-uri", "2026-03-16 09:00:00",
    "1757318700.000", "<134>Mar 16 09:00:00 host tag: ", "allowed", "Allowed", "OBSERVED", "passthrough", "null", "$",
)  # fmt: skip


_LENGTHS = (0, 1, 1, 2, 2, 3, 4, 5, 6, 8, 10, 14)
_LONG = ("A" * 9000, "%41" * 30, "x y " * 500)
_RANGES = (range(64), range(64, 128), range(128, 192), range(0x2000, 0x2040), range(0x1F600, 0x1F640))
_RARE, _RANDOM, _OWN = 0.004, 0.1, 0.5


def raw(text: str) -> str:
    """As it came."""
    return text


def quoted(text: str) -> str:
    r"""Quotes and backslashes behind a backslash."""
    return re.sub(r'(["\\])', r"\\\1", text)


def doubled(text: str) -> str:
    """Quotes twice, as in a table of comma-separated values."""
    return text.replace('"', '""')


def without(signs: str, then: Writing = raw) -> Writing:
    """Signs that cannot be there, because the product takes them out or does not take such a request."""
    return lambda text: then(re.sub(f"[{signs}]", "", text))


def percent(signs: str) -> Writing:
    """Some signs as `%20`."""
    return lambda text: re.sub(f"[{signs}]", lambda each: "".join(f"%{byte:02X}" for byte in each[0].encode()), text)


@dataclass(frozen=True)
class Product:
    """A record of a product, and who writes what in it."""

    #: The format that reads it.
    name: str
    record: str
    #: How it writes what a client sent, where that is not as it came.
    writes: Mapping[str, Writing] = field(default_factory=dict)
    #: Lines before it.
    head: Sequence[str] = ()
    declared: Declared = field(default_factory=lambda: Declared(last_change=datetime(2026, 12, 1, tzinfo=UTC)))
    #: Pieces of text that this format may take for its own.
    pieces: tuple[str, ...] = ()
    #: What is to be read of the name that was typed.
    login: Writing = raw
    #: Columns that may be empty instead, since the log does not say enough.
    lost: tuple[str, ...] = ()
    #: The names of the columns that are checked besides.
    also: tuple[str, ...] = ()

    def lacking(self, *texts: str) -> Product:
        """The same without something that the product writes only where it knows it, and a client may write instead."""
        record, pieces = self.record, list(self.pieces)
        for text in texts:
            assert text in record, text
            record = record.replace(text, "", 1)
            key = text.partition("=")[0]
            forged = f"{key}=asmith"
            pieces += [text, forged, f"\t{forged}", f" {forged} ", f'" {key}="asmith', f'" {key}="asmith" x="']
        return replace(self, record=record, pieces=tuple(pieces * 3))

    @property
    def spots(self) -> list[str]:
        """The marked places."""
        return sorted(set(_SPOT.findall(self.record)))

    def line(self, values: Mapping[str, str]) -> str:
        """The record with these values, without line ends: no product writes them into a line."""
        return _SPOT.sub(lambda spot: self.writes.get(spot[1], raw)(values[spot[1]].replace("\n", "")), self.record)

    def values(self, chance: Random) -> dict[str, str]:
        """Hostile values for each place: pieces of this record among those of others."""
        return {
            spot: (_named if spot == "user" else raw)(
                "".join(self._piece(chance) for _ in range(chance.choice(_LENGTHS)))
            )
            for spot in self.spots
        }

    def _piece(self, chance: Random) -> str:
        kind = chance.random()
        if kind < _RARE:
            return chance.choice(_LONG)
        if kind < _RANDOM:
            return "".join(chr(chance.choice(_RANGES)[chance.randrange(64)]) for _ in range(chance.randrange(4)))
        return chance.choice(self.own if kind < _OWN else _PIECES)

    @cached_property
    def own(self) -> tuple[str, ...]:
        """The pieces of the record itself, and its keys with values of another's."""
        blank = _SPOT.sub("x", self.record)
        keys = sorted(set(re.findall(r"[ \t|,]?[\"A-Za-z][\w.\-\"]*[=:]", blank)))
        forged = [f"{key}{word}" for key in keys for word in ("asmith", "10.20.1.99", "200", "Allowed")]
        forged += [f' {key.strip()}"asmith" ' for key in keys]
        words = sorted(set(re.findall(r"\S+", blank)))
        return (*keys, *forged, *words, *words, *self.pieces, *[blank, f" {blank}", f'" {blank}'] * 3)

    def check(self, *hostile: Mapping[str, str]) -> None:
        """Each event says what the product meant, or its line is refused; it is never passed over."""
        plain = {spot: _named("q7q") if spot == "user" else "q7q" for spot in self.spots}
        texts = [self.line(values) for values in (plain, *hostile, plain)]
        lines = table_of([*self.head, *texts])
        parsed = registry()[self.name].parse(lines, self.declared, "")
        events = {row["line"]: row for row in parsed.events.to_dicts()}
        refused = set(parsed.rejects["line"].to_list())
        first = len(self.head) + 1
        meant = events.get(first)
        assert meant is not None, f"{self.name} does not read its own record: {parsed.rejects.to_dicts()}"
        for number, (values, text) in enumerate(zip((plain, *hostile, plain), texts, strict=True), first):
            event = events.get(number)
            if event is None:
                assert number in refused, f"passed over: {text}"
                assert values is not plain, f"the last plain record is refused: {parsed.rejects.to_dicts()[-1]}"
            else:
                self._compare(event, meant, values, text)

    def _compare(self, event: dict[str, Any], meant: dict[str, Any], values: Mapping[str, str], text: str) -> None:
        expected = {column: meant[column] for column in (*_MEANT, *self.also) if column in meant}
        if "user" in self.spots:
            expected["user_raw"] = self.login(values["user"].replace("\n", ""))
        found = {column: event[column] for column in expected}
        found |= {column: expected[column] for column in self.lost if event[column] is None}
        assert found == expected, text
        for column in ("url", "host"):
            before, mark, _ = str(meant.get(column)).partition("q7q")
            assert not mark or str(event.get(column)).startswith(before), text


def _named(text: str) -> str:
    return f"q{text}q"
