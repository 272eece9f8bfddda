"""Which of very many texts are worth a close look: a cheap test that every text passes in which anything is found.

In: distinct texts, and compiled phrases. Out: whether each may hold one, in any view. Refuses nothing. Whole columns
are folded and tried at once; only what is left is read text by text. Texts with letters beyond ASCII all pass: few have
any, and any of those letters may be there to hide something.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import polars as pl

from pipeline.phrases import SHORTEST_ANCHOR, Phrases
from pipeline.slices import in_slices
from pipeline.text import fold_ascii, is_ascii
from pipeline.views import all_as_letters, has_digits, letters_of, may_hide

#: An automaton is made for each slice: one of so many texts for each term of it pays for its own.
_FOR_EACH = 2


def holds_any(texts: pl.Series, phrases: Phrases, typed: pl.Series | None = None) -> pl.Series:
    """Whether each text, none of them null, may hold any phrase; `typed` says which ones somebody may have typed.

    Without it that is all of them.
    """
    if not phrases.owners:
        return _nowhere(len(texts))
    plain = texts.to_frame("text").select(is_ascii(pl.col("text"))).to_series()
    by_hand = plain if typed is None else plain & typed
    passing = _of_ascii(texts.filter(plain), phrases, by_hand.filter(plain))
    return (~plain).scatter(plain.arg_true(), passing)


def _nowhere(size: int) -> pl.Series:
    return pl.repeat(value=False, n=size, eager=True, dtype=pl.Boolean)


def _of_ascii(texts: pl.Series, phrases: Phrases, typed: pl.Series) -> pl.Series:
    words = fold_ascii(texts)
    # Together, so that each text is gone through once.
    anywhere = (*phrases.anchors, *phrases.anchors_as_written, *phrases.beginnings_together)
    told = _hold_any(words, anywhere) | _hidden(texts) | _hold_both(words, phrases.met_anywhere)
    # The others need no second look.
    open_ones = (typed & ~told).arg_true()
    return told.scatter(open_ones, _mistyped(texts.gather(open_ones), words.gather(open_ones), phrases))


def _hold_any(folded: pl.Series, sought: Sequence[str]) -> pl.Series:
    if not sought or folded.is_empty():
        return _nowhere(len(folded))
    words, terms = folded.to_frame("folded"), list(sought)
    asked = in_slices(words, lambda each: each.select(pl.col("folded").str.contains_any(terms)), _FOR_EACH * len(terms))
    return asked.to_series()


def _hold_both(folded: pl.Series, sought: Mapping[str, Sequence[str]]) -> pl.Series:
    """Whether each text holds one of these words, and with it one of what must stand beside it."""
    found = _nowhere(len(folded))
    for word, beside in sought.items():
        some = folded.str.contains(word, literal=True).arg_true()
        found |= _nowhere(len(folded)).scatter(some, _hold_any(folded.gather(some), beside))
    return found


def _mistyped(texts: pl.Series, words: pl.Series, phrases: Phrases) -> pl.Series:
    """Whether anything may be found where digits are letters, or in words that are misspelt."""
    return _in_letters(texts, phrases) | _misspelt(words.to_frame("folded"), phrases)


def _hidden(texts: pl.Series) -> pl.Series:
    return texts.to_frame("text").select(may_hide(pl.col("text"))).to_series()


def _in_letters(texts: pl.Series, phrases: Phrases) -> pl.Series:
    """Whether anything is found where digits and signs are letters."""
    told = texts.to_frame("text").select(has_digits(pl.col("text"))).to_series()
    lettered = texts.filter(told).to_frame("text").select(all_as_letters(pl.col("text"))).to_series()
    words, common = fold_ascii(lettered), phrases.met_anywhere
    both = {letters_of(word): _lettered(beside) for word, beside in common.items()}
    return told.scatter(told.arg_true(), _hold_any(words, _lettered(phrases.anchors)) | _hold_both(words, both))


@lru_cache(maxsize=256)
def _lettered(anchors: tuple[str, ...]) -> list[str]:
    """The anchors of phrases that are sought in letters for digits."""
    return sorted({letters_of(each) for each in anchors if len(each.strip()) >= SHORTEST_ANCHOR})


def _misspelt(texts: pl.DataFrame, phrases: Phrases) -> pl.Series:
    """Whether a text has a word that is known to be misspelt."""
    wrong = pl.LazyFrame({"word": list(phrases.misspelt)}, schema={"word": pl.String})
    words = texts.with_row_index("row").lazy().select("row", word=pl.col("folded").str.split(" "))
    rows = words.explode("word", empty_as_null=False).join(wrong, on="word", how="semi").select(pl.col("row").unique())
    return _nowhere(texts.height).scatter(rows.collect()["row"], values=True)
