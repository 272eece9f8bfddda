"""Which of very many texts are worth a close look: a cheap test that every text passes in which anything is found.

In: distinct texts, and compiled phrases. Out: whether each may hold one, in any view. Refuses nothing. Whole columns
are cut into words and looked up at once; only what is left is read text by text. Texts with letters beyond ASCII all
pass: few have any, and any of those letters may be there to hide something.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, pairwise
from typing import Final

import numpy as np
import polars as pl

from pipeline.spelling.views import CHANGEABLE, all_as_letters, in_letters, may_hide
from pipeline.text import fold_ascii, is_ascii
from pipeline.vocabulary.wordnumbers import Flags, Numbers, Places, Raw, Said, Words, raw_of, words_of
from pipeline.words.lookup import Lookup
from pipeline.words.named import NamedWords
from pipeline.words.phrases import Phrases
from pipeline.words.runtogether import LONGEST, SHORTEST
from pipeline.words.weighted import WeightedWords

#: So many texts go through it together: what is noted of each of their words must not fill the memory.
_TOGETHER: Final = 50_000
_MOST_BYTES: Final = 8 << 20
#: On a small server one thread for each core; what they do needs no interpreter.
_THREADS: Final = 2
#: What stands in every text with entities or masked letters.
_SIGNS: Final = b"*#;"
_FIRST_LETTER, _SEAM = ord("a"), ord("w")


def holds_any(
    texts: pl.Series, phrases: Phrases, typed: pl.Series | None = None, weighted: WeightedWords | None = None
) -> pl.Series:
    """Whether each text, none of them null, may hold any phrase, or, if it is typed, `weighted` words that are enough.

    `typed` says which ones somebody may have typed; without it that is all of them.
    """
    if not phrases.owners and not weighted:
        return pl.repeat(value=False, n=len(texts), eager=True, dtype=pl.Boolean)
    by_hand = pl.repeat(value=True, n=len(texts), eager=True) if typed is None else typed
    table = pl.DataFrame({"text": texts, "typed": by_hand})
    # Made by one, not by each of the threads.
    _ = phrases.lookup

    def passing(plain: pl.DataFrame) -> Flags:
        return _of_ascii(plain["text"], phrases, plain["typed"].to_numpy(), weighted)

    return _in_lots(table, passing)


def worth_weighing(texts: pl.Series, weighted: WeightedWords) -> pl.Series:
    """Whether the words of each text, none of them null and each typed, may be enough together."""
    return _in_lots(texts.to_frame("text"), lambda plain: weighted.sums.worth(words_of(plain["text"])))


def _in_lots(table: pl.DataFrame, passing: Callable[[pl.DataFrame], Flags]) -> pl.Series:
    """What `passing` says of each text of ASCII; the others all pass."""
    plain = table.select(is_ascii(pl.col("text"))).to_series()
    asked = table.filter(plain)
    with ThreadPoolExecutor(_THREADS) as threads:
        found = [pl.Series(each) for each in threads.map(passing, lots(asked, _TOGETHER))]
    return (~plain).scatter(plain.arg_true(), pl.concat([pl.Series(dtype=pl.Boolean), *found]))


def lots(texts: pl.DataFrame, together: int) -> Iterator[pl.DataFrame]:
    """Texts in parts of at most so many, and of a few MiB but for a longer text."""
    if texts.is_empty():
        return
    bytes_before = texts["text"].str.len_bytes().cast(pl.Int64).cum_sum().shift(1, fill_value=0)
    lot = bytes_before // _MOST_BYTES + pl.int_range(texts.height, eager=True) // together
    begins = [0, *(np.flatnonzero(np.diff(lot.to_numpy())) + 1).tolist(), texts.height]
    yield from (texts.slice(begin, end - begin) for begin, end in pairwise(begins))


def _of_ascii(texts: pl.Series, phrases: Phrases, typed: Flags, weighted: WeightedWords | None) -> Flags:
    raw, lookup = raw_of(texts), phrases.lookup
    words = raw.words
    said = lookup.said(words)
    told = lookup.held(said, words.size) | lookup.held_in_one(words, said)
    told |= _hidden(texts, raw, words)
    if lookup.loose:
        told |= _hold_any(fold_ascii(texts), lookup.loose)
    if weighted:
        told |= weighted.sums.worth(words, typed & ~told)
    # The others need no second look.
    right = lookup.wrong.put_right(words, said, typed & ~told)
    # What must stand beside it may be spelt either way.
    there = np.zeros(words.size, dtype=np.bool_)
    there[right.rows] = True
    # What goes on in several words is asked of no text but as it is written: then all of these are looked at.
    told |= there if lookup.loose else lookup.held(said.among(there).and_also(right), words.size)
    if lookup.names:
        named = lookup.names.held(said, words.size) & typed & ~told
        told |= _of_somebody(named, said.among(named & ~there).and_also(right.among(named)), lookup, lookup.names)
    told[_taken_apart(texts, words, typed & ~told, phrases)] = True
    left = np.flatnonzero(typed & ~told)
    left = left[raw_of(texts.gather(left)).holding(CHANGEABLE)]
    told[_in_letters(texts, left, phrases)] = True
    return told


def _of_somebody(named: Flags, said: Said, lookup: Lookup, names: NamedWords) -> Flags:
    """Which of the texts in which somebody is `named` may hold what is said of him or her; `said` are their words."""
    if lookup.loose:
        return named
    told = np.zeros(len(named), dtype=np.bool_)
    for each in names.read(said):
        told |= lookup.held(each, len(named))
    return told


def _taken_apart(texts: pl.Series, words: Words, asked: Flags, phrases: Phrases) -> Places:
    """Which of the texts that are `asked` hold anything where words that are written as one are taken apart."""
    long = np.flatnonzero((words.lengths >= SHORTEST) & (words.lengths <= LONGEST) & asked[words.rows])
    if not len(long):
        return long
    pieces, keys = phrases.pieces, words.keys[long]
    first = pl.Series(keys).is_first_distinct().to_numpy()
    made = np.array([bool(pieces.apart(word)) for word in words.spelt(long[first])])
    at = np.unique(words.rows[long[Numbers(keys[first][made]).has(keys)]])
    if not len(at):
        return at
    folded = fold_ascii(texts.gather(at))
    apart = [" ".join(chain.from_iterable(pieces.apart(word) or (word,) for word in text.split())) for text in folded]
    # None of these words is taken apart again.
    return at[_of_ascii(pl.Series(apart), phrases, np.ones(len(at), dtype=np.bool_), None)]


def _hidden(texts: pl.Series, raw: Raw, words: Words) -> Flags:
    """Which of some texts may have another view than those that are looked up here."""
    data = words.data
    thrice = (data[2:] == data[1:-1]) & (data[1:-1] == data[:-2]) & (data[2:] >= _FIRST_LETTER) & (data[2:] != _SEAM)
    alone = (words.lengths == 1) & (data[words.starts] >= _FIRST_LETTER)
    three_alone = alone[2:] & alone[1:-1] & alone[:-2] & (words.rows[2:] == words.rows[:-2])
    may = raw.holding(_SIGNS)
    may[words.text_at(np.flatnonzero(thrice))] = True
    may[words.rows[:-2][three_alone]] = True
    # Those are few, and are read as one text would be.
    at = np.flatnonzero(may)
    may[at] = texts.gather(at).to_frame("text").select(may_hide(pl.col("text"))).to_series().to_numpy()
    return may


def _hold_any(folded: pl.Series, sought: Sequence[str]) -> Flags:
    return folded.to_frame("folded").select(pl.col("folded").str.contains_any(list(sought))).to_series().to_numpy()


def _in_letters(texts: pl.Series, at: Places, phrases: Phrases) -> Places:
    """Which texts hold anything where digits and signs are letters, of those at some places."""
    if not len(at):
        return at
    raw, lookup = raw_of(texts.gather(at)), phrases.lookup_in_letters
    if lookup.loose:
        return at
    words = all_as_letters(raw)
    said = lookup.said(words)
    right = lookup.wrong.put_right(words, said, np.ones(words.size, dtype=np.bool_))
    # A sign that is a letter joins two words: what must stand beside it may be one of these.
    whole = in_letters(raw.words)
    also = lookup.said(whole)
    told = lookup.held(said.and_also(right).and_also(also), words.size)
    told |= lookup.held_in_one(words, said) | lookup.held_in_one(whole, also)
    return at[told]
