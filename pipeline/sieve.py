"""Which of very many texts are worth a close look: a cheap test that every text passes in which anything is found.

In: distinct texts, and compiled phrases. Out: whether each may hold one, in any view. Refuses nothing. Whole columns
are folded and tried at once; only what is left is read text by text. Texts with letters beyond ASCII all pass: few have
any, and any of those letters may be there to hide something.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import polars as pl

from pipeline.phrases import TOGETHER, Phrases
from pipeline.slices import in_slices
from pipeline.sought import Tables, pair_of
from pipeline.text import fold_ascii, is_ascii
from pipeline.views import all_as_letters, has_digits, may_hide
from pipeline.weighted import WeightedWords

#: An automaton is made for each slice: one of so many texts for each term of it pays for its own.
_FOR_EACH = 2
#: So many pairs of words are looked up together, or they would fill the memory.
_MOST_PAIRS = 20_000_000
#: A text with more words that are sought in pairs is looked at: so many have hundreds of pairs.
_MANY = 30


def holds_any(
    texts: pl.Series, phrases: Phrases, typed: pl.Series | None = None, weighted: WeightedWords | None = None
) -> pl.Series:
    """Whether each text, none of them null, may hold any phrase, or, if it is typed, `weighted` words that are enough.

    `typed` says which ones somebody may have typed; without it that is all of them.
    """
    if not phrases.owners and not weighted:
        return _nowhere(len(texts))
    plain = texts.to_frame("text").select(is_ascii(pl.col("text"))).to_series()
    by_hand = plain if typed is None else plain & typed
    passing = _of_ascii(texts.filter(plain), phrases, by_hand.filter(plain), weighted)
    return (~plain).scatter(plain.arg_true(), passing)


def worth_weighing(texts: pl.Series, weighted: WeightedWords) -> pl.Series:
    """Whether the words of each text, none of them null and each typed, may be enough together."""
    plain = texts.to_frame("text").select(is_ascii(pl.col("text"))).to_series()
    folded = fold_ascii(texts.filter(plain))
    return (~plain).scatter(plain.arg_true(), weighted.worth(len(folded), _words_of(folded)))


def _nowhere(size: int) -> pl.Series:
    return pl.repeat(value=False, n=size, eager=True, dtype=pl.Boolean)


def _of_ascii(texts: pl.Series, phrases: Phrases, typed: pl.Series, weighted: WeightedWords | None) -> pl.Series:
    folded = fold_ascii(texts)
    words = _words_of(folded)
    with ThreadPoolExecutor(1) as beside:
        # None of them needs the interpreter for long, and none keeps two cores busy.
        others = beside.submit(lambda: _hidden(texts) | _together(len(folded), words, phrases))
        told = _held(folded, words, phrases.sought)
        if weighted:
            told |= weighted.worth(len(folded), words) & typed
        told |= others.result()
    # The others need no second look.
    told |= _misspelt(folded, words, typed & ~told, phrases)
    return told | _in_letters(texts, folded, typed & ~told, phrases)


def _words_of(folded: pl.Series) -> pl.DataFrame:
    """at, row, word: every word of every text, in their order, by its own number and that of the text."""
    rows = folded.to_frame("folded").with_row_index("row")
    each = pl.col("folded").str.strip_chars(" ").str.split(" ").alias("word")
    words = in_slices(rows, lambda some: some.select("row", each).explode("word", empty_as_null=False))
    return words.with_row_index("at")


def _rows(size: int, found: pl.DataFrame) -> pl.Series:
    """Which of so many texts are among the rows of a table."""
    return _nowhere(size).scatter(found["row"].unique(), values=True)


def _held(folded: pl.Series, words: pl.DataFrame, sought: Tables) -> pl.Series:
    """Whether each text holds what is sought; `words` are theirs."""
    named = words.join(sought.words, on="word").drop("word")
    told = _rows(len(folded), named.filter("enough")) | _hold_any(folded, sought.phrases)
    told |= _side_by_side(len(folded), words, named, sought)
    # What is told already is not asked a second time.
    named = named.filter(~told.gather(named["row"]))
    counted = named.group_by("row").len()
    many = counted.filter(pl.col("len") > _MANY)
    told |= _rows(len(folded), many)
    named = named.join(many, on="row", how="anti")
    parts = int((counted["len"].clip(upper_bound=_MANY).cast(pl.Int64) ** 2).sum()) // _MOST_PAIRS + 1
    size = max(-(-len(folded) // parts), 1)
    for at in range(0, len(folded), size):
        told |= _paired(len(folded), named.filter(pl.col("row").is_between(at, at + size, closed="left")), sought)
    return told


def _side_by_side(size: int, words: pl.DataFrame, named: pl.DataFrame, sought: Tables) -> pl.Series:
    """Which of so many texts hold two words of a pair one right behind the other; `named` are those of `words`."""
    behind = named.filter("behind", pl.col("at") > 0)
    before = behind["at"] - 1
    numbers = pl.repeat(None, words.height, dtype=pl.UInt32, eager=True).scatter(named["at"], named["number"])
    both = behind.select("row", "number", number_before=numbers.gather(before), row_before=words["row"].gather(before))
    pairs = both.filter(pl.col("row") == pl.col("row_before")).select("row", pair=pair_of("number_before", "number"))
    return _rows(size, pairs.join(sought.adjacent, on="pair", how="semi"))


def _paired(size: int, named: pl.DataFrame, sought: Tables) -> pl.Series:
    """Which of so many texts hold both words of a pair; `named` are their words."""
    both = named.filter("leads").join(named.filter("follows"), on="row", suffix="_beside")
    both = both.select("row", pair=pair_of("number", "number_beside"))
    return _rows(size, both.join(sought.pairs, on="pair"))


def _misspelt(folded: pl.Series, words: pl.DataFrame, among: pl.Series, phrases: Phrases) -> pl.Series:
    """Whether anything is found where misspelt words are put right, in some of the texts."""
    put_right = _put_right(folded, words, among, phrases.wrong_words)
    # What must stand beside it may be spelt either way.
    either = folded.gather(put_right["row"]) + put_right["right"] + " "
    return _nowhere(len(folded)).scatter(put_right["row"], _held(either, _words_of(either), phrases.sought))


def _put_right(folded: pl.Series, words: pl.DataFrame, among: pl.Series, wrong_words: pl.DataFrame) -> pl.DataFrame:
    """row, right: those of some texts in which a word is misspelt, with what is meant; `words` are theirs."""
    # Looked up once: the table of wrong words is longer than most lots.
    found = words.join(wrong_words, on="word").select("at", "row", "right", "alone")
    wrong = _rows(len(folded), found.filter("alone")) & among
    return (
        words.filter(wrong.gather(words["row"]))
        .join(found.select("at", "right"), on="at", how="left", maintain_order="left")
        .group_by("row", maintain_order=True)
        .agg(pl.coalesce("right", "word"))
        .select("row", pl.col("right").list.join(" "))
    )


def _together(size: int, words: pl.DataFrame, phrases: Phrases) -> pl.Series:
    """Whether each of so many texts may hold a phrase that is written as one word."""
    long = words.lazy().filter(pl.col("word").str.len_bytes() >= TOGETHER).select(pl.col("word").unique()).collect()
    found = long.filter(_hold_any(long["word"], phrases.beginnings_together))
    return _rows(size, words.join(found, on="word", how="semi"))


def _hold_any(folded: pl.Series, sought: Sequence[str]) -> pl.Series:
    if not sought or folded.is_empty():
        return _nowhere(len(folded))
    words, terms = folded.to_frame("folded"), list(sought)
    asked = in_slices(words, lambda each: each.select(pl.col("folded").str.contains_any(terms)), _FOR_EACH * len(terms))
    return asked.to_series()


def _hidden(texts: pl.Series) -> pl.Series:
    return texts.to_frame("text").select(may_hide(pl.col("text"))).to_series()


def _in_letters(texts: pl.Series, folded: pl.Series, among: pl.Series, phrases: Phrases) -> pl.Series:
    """Whether anything is found where digits and signs are letters, in some of the texts."""
    written = texts.to_frame("text").select(has_digits(pl.col("text"))).to_series() & among
    at = written.arg_true()
    if at.is_empty():
        return written
    both = pl.DataFrame({"text": texts.gather(at), "folded": folded.gather(at)})
    lettered = both.select(all_as_letters(pl.col("text", "folded")))
    plain = fold_ascii(lettered["text"])
    # A sign that is a letter joins two words: what must stand beside it may be one of these.
    either = plain + lettered["folded"]
    every = pl.repeat(value=True, n=len(plain), eager=True)
    put_right = _put_right(plain, _words_of(plain), every, phrases.wrong_words_in_letters)
    either = either.scatter(put_right["row"], either.gather(put_right["row"]) + put_right["right"] + " ")
    return _nowhere(len(texts)).scatter(at, _held(either, _words_of(either), phrases.sought_in_letters))
