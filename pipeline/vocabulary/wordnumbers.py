"""The words of very many texts as numbers: what is asked of each word is then looked up, and no word is copied.

In: texts of ASCII. Out: `Words`, which says of every word of theirs to which text it belongs, where it stands and its
key; and a `Vocabulary`, which has a number for each word that it knows. Refuses nothing.

A key is 64 bits made of the letters of a word and their number. Of the words of the shipped lists, two have the same by
chance in one of a hundred million sets of lists.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
from typing_extensions import override

from pipeline.errors import InvariantError
from pipeline.performance.handed import handed_over
from pipeline.text import FOLDED_BYTES

Bytes = npt.NDArray[np.uint8]
Keys = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
WordNumbers = npt.NDArray[np.int32]

#: The number of a word that is not known.
UNKNOWN: Final = -1
_BLANK: Final = 32
#: Of each byte: a letter in lower case, a digit as it is, all else a blank.
FOLDED: Final = FOLDED_BYTES.replace(b"\n", b" ")
#: So many letters are read at once.
IN_A_KEY: Final = 8
#: Few words are longer; the rest of those is read by itself.
_READ: Final = 40
#: Of eight bytes, the first so many.
_FIRST: Final = np.array([(1 << (8 * size)) - 1 for size in range(IN_A_KEY + 1)], dtype=np.uint64)
#: Odd numbers without a pattern: with them a key says as much in its high bits as in all.
_MIX: Final = tuple(np.uint64(each) for each in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0xD6E8FEB86659FD93))
_HALF: Final = np.uint64(32)
#: So many places for each number: in three of four nothing stands, and a word that is not known is seen at once.
_ROOM: Final = 4


@dataclass(frozen=True)
class Words:
    """All words of some texts, in their order; a word is a run of letters and digits."""

    #: How many texts.
    size: int
    #: All texts, one behind the other, in lower case, a blank for everything that is neither letter nor digit.
    data: Bytes
    #: Where each text begins in `data`, and where the last one ends.
    bounds: Places
    #: Of each word: the number of its text, where it begins in `data`, how many letters it has.
    rows: Places
    starts: Places
    lengths: Places

    @cached_property
    def by_eight(self) -> Keys:
        """`data`, eight by eight bytes, with blanks behind its end."""
        return np.append(self.data, np.full(-len(self.data) % 8 + 8, _BLANK, dtype=np.uint8)).view("<u8")

    @cached_property
    def keys(self) -> Keys:
        """The key of each word."""
        by_eight = self.by_eight
        keys = _mixed(eight_from(by_eight, self.starts) & _FIRST[np.minimum(self.lengths, IN_A_KEY)], 0)
        long = np.flatnonzero(self.lengths > IN_A_KEY)
        keys[long] ^= _mixed(eight_from(by_eight, self.starts[long] + self.lengths[long] - IN_A_KEY), 1)
        for at in range(IN_A_KEY, _READ, IN_A_KEY):
            long = long[self.lengths[long] > at + IN_A_KEY]
            keys[long] ^= _mixed(eight_from(by_eight, self.starts[long] + at), at)
        long = long[self.lengths[long] > _READ + IN_A_KEY]
        if len(long):
            counts = (self.lengths[long] - _READ - 1) // IN_A_KEY
            first = np.cumsum(counts) - counts
            apart = _READ + (np.arange(counts.sum()) - np.repeat(first, counts)) * IN_A_KEY
            rest = _mixed(eight_from(by_eight, np.repeat(self.starts[long], counts) + apart), apart)
            keys[long] ^= np.bitwise_xor.reduceat(rest, first)
        keys ^= self.lengths.astype(np.uint64)
        keys ^= keys >> _HALF
        keys *= _MIX[2]
        return keys

    def spelt(self, which: Places) -> pl.Series:
        """Some of the words, as texts."""
        starts, lengths = self.starts[which], self.lengths[which]
        offsets = np.append(0, np.cumsum(lengths))
        letters = self.data[np.repeat(starts - offsets[:-1], lengths) + np.arange(offsets[-1])]
        buffers = [None, pa.py_buffer(offsets), pa.py_buffer(letters)]
        return handed_over("", pa.Array.from_buffers(pa.large_string(), len(which), buffers))

    def text_at(self, places: Places) -> Places:
        """The numbers of the texts in which some places of `data` lie."""
        return np.searchsorted(self.bounds, places, side="right") - 1


def _mixed(eight: Keys, at: int | Places) -> Keys:
    """Eight letters of a word and where they stand in it, as a number without a pattern."""
    mixed: Keys = (eight ^ np.asarray(at).astype(np.uint64) * _MIX[0]) * _MIX[1]
    mixed ^= mixed >> _HALF
    mixed *= _MIX[2]
    mixed ^= mixed >> _HALF
    mixed *= _MIX[0]
    return mixed


class Said(NamedTuple):
    """Words by their numbers, and the numbers of their texts."""

    rows: Places
    numbers: WordNumbers

    def and_also(self, other: Said) -> Said:
        """These, then others."""
        return Said(np.append(self.rows, other.rows), np.append(self.numbers, other.numbers))

    def among(self, texts: Flags) -> Said:
        """Those of some texts."""
        kept = texts[self.rows]
        return Said(self.rows[kept], self.numbers[kept])


def eight_from(by_eight: Keys, places: Places) -> Keys:
    """The eight bytes that begin at each place, as a number."""
    at, shift = places >> 3, ((places & 7) << 3).astype(np.uint64)
    behind = (by_eight[at + 1] << np.uint64(1)) << (np.uint64(63) - shift)
    found: Keys = (by_eight[at] >> shift) | behind
    return found


@dataclass(frozen=True)
class Raw:
    """Texts of ASCII as they are written, one behind the other."""

    data: Bytes
    #: Where each text begins, and where the last one ends.
    bounds: Places

    @property
    def words(self) -> Words:
        """Their words."""
        return cut(translated(self.data, FOLDED), self.bounds)

    def holding(self, signs: bytes) -> Flags:
        """Which of the texts hold one of some signs."""
        told = np.zeros(len(self.bounds) - 1, dtype=np.bool_)
        told[np.searchsorted(self.bounds, np.flatnonzero(among(self.data, signs)), side="right") - 1] = True
        return told


def raw_of(texts: pl.Series) -> Raw:
    """Texts of ASCII without a null."""
    array = texts.to_arrow(compat_level=pl.CompatLevel.oldest())
    _, ends, letters = array.buffers()
    bounds = np.frombuffer(ends, dtype=np.int64)[array.offset : array.offset + len(array) + 1]
    data = np.frombuffer(letters or b"", dtype=np.uint8)[bounds[0] : bounds[-1]]
    return Raw(data, bounds - bounds[0])


def words_of(texts: pl.Series) -> Words:
    """The words of texts of ASCII without a null."""
    return raw_of(texts).words


def translated(data: Bytes, table: bytes) -> Bytes:
    """Each byte as a table of 256 has it."""
    return np.frombuffer(data.tobytes().translate(table), dtype=np.uint8)


def among(data: Bytes, signs: bytes) -> Flags:
    """Whether each byte is one of some signs."""
    return translated(data, _is_one_of(signs)).view(np.bool_)


@cache
def _is_one_of(signs: bytes) -> bytes:
    return bytes(code in signs for code in range(256))


def cut(data: Bytes, bounds: Places) -> Words:
    """The words of texts that are folded byte by byte: in lower case, with blanks for what is neither letter nor digit.

    No word goes on from one text into the next.
    """
    inside, seam = data != _BLANK, np.zeros(len(data) + 1, dtype=np.bool_)
    seam[bounds] = True
    starts = np.flatnonzero(inside & (seam[:-1] | ~np.append(False, inside[:-1])))
    ends = np.flatnonzero(inside & (seam[1:] | ~np.append(inside[1:], False))) + 1
    counts = np.diff(np.searchsorted(starts, bounds))
    rows = np.repeat(np.arange(len(counts)), counts)
    return Words(len(counts), data, bounds, rows, starts, ends - starts)


class Numbers:
    """A number for each of some keys, looked up for many at once."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        bits = max((_ROOM * len(keys)).bit_length(), 4)
        self._shift, self._last = np.uint64(64 - bits), (1 << bits) - 1
        self._places = np.full(1 << bits, UNKNOWN, dtype=np.int32)
        #: Of each key its number: its place among them, or that of the first that is the same.
        self.own = self._put()

    @override
    def __getstate__(self) -> dict[str, Keys]:
        # The places are larger by far, and soon found again.
        return {"keys": self._keys}

    def __setstate__(self, state: dict[str, Keys]) -> None:
        Numbers.__init__(self, state["keys"])

    def _put(self) -> Places:
        at, every = self._place_of(self._keys), np.arange(len(self._keys))
        # Of several that come to one place the last would have it; the first shall. At first all places are free.
        self._places[at[::-1]] = every[::-1]
        own = self._places[at].astype(np.int64)
        waiting = np.flatnonzero(self._keys[own] != self._keys)
        while len(waiting):
            at[waiting] = (at[waiting] + 1) & self._last
            free = waiting[self._places[at[waiting]] == UNKNOWN]
            self._places[at[free][::-1]] = free[::-1]
            own[waiting] = self._places[at[waiting]]
            waiting = waiting[self._keys[own[waiting]] != self._keys[waiting]]
        return own

    def _place_of(self, keys: Keys) -> Places:
        return (keys >> self._shift).astype(np.int64)

    def of(self, keys: Keys) -> WordNumbers:
        """The number of each key; `UNKNOWN` for one that has none."""
        at = self._place_of(keys)
        found = self._places[at]
        asked = np.flatnonzero(found != UNKNOWN)
        asked = asked[self._keys[found[asked]] != keys[asked]]
        at = at[asked]
        # What stands in the place of another stands behind it, or nowhere.
        while len(asked):
            at = (at + 1) & self._last
            found[asked] = self._places[at]
            left = (found[asked] != UNKNOWN) & (self._keys[found[asked]] != keys[asked])
            asked, at = asked[left], at[left]
        return found

    def has(self, keys: Keys) -> Flags:
        """Whether each key has a number."""
        known: Flags = self.of(keys) != UNKNOWN
        return known


class Vocabulary:
    """A number for each of some distinct words of letters and digits."""

    def __init__(self, words: pl.Series) -> None:
        self.words, self.size = words, len(words)
        single = words_of(words)
        if len(single.rows) != self.size or (single.rows[1:] == single.rows[:-1]).any():
            raise InvariantError("What is to have a number is not one word of letters and digits.")
        self._numbers = Numbers(single.keys)

    def of(self, words: Words, which: Places | None = None) -> WordNumbers:
        """The number of every word of some texts, or of those at some places; `UNKNOWN` for what is not of these."""
        return self._numbers.of(words.keys if which is None else words.keys[which])

    def numbers(self, words: Iterable[str]) -> WordNumbers:
        """The numbers of single words."""
        return self.of(words_of(pl.Series([*words], dtype=pl.String)))


def pairs_of(first: WordNumbers, second: WordNumbers) -> Keys:
    """A key of each two numbers."""
    pairs: Keys = (first.astype(np.uint64) << _HALF | second.astype(np.uint64)) * _MIX[0]
    return pairs
