"""Which of very many texts are worth a close look: a cheap test that every text passes in which anything is found.

In: distinct texts, and compiled phrases. Out: whether each may hold one, in any view. Refuses nothing. Whole columns
are folded and tried at once; only what is left is read text by text. Texts with letters beyond ASCII all pass: few have
any, and any of those letters may be there to hide something.
"""

from __future__ import annotations

import polars as pl

from pipeline.phrases import SHORTEST_IN_DIGITS, TOGETHER, Phrases
from pipeline.slices import in_slices
from pipeline.text import fold_ascii, is_ascii
from pipeline.views import all_as_letters, has_digits, letters_of, may_hide


def holds_any(texts: pl.Series, phrases: Phrases, digits: pl.Series | None = None) -> pl.Series:
    """Whether each text, none of them null, may hold any phrase; `digits` says in which they may stand for letters.

    Without it they may in all.
    """
    if not phrases.owners:
        return _nowhere(len(texts))
    plain = texts.to_frame("text").select(is_ascii(pl.col("text"))).to_series()
    lettered = (
        _in_letters(texts, phrases)
        if digits is None
        else digits.scatter(digits.arg_true(), _in_letters(texts.filter(digits), phrases))
    )
    return (~plain).scatter(plain.arg_true(), _of_ascii(texts.filter(plain), phrases)) | lettered


def _nowhere(size: int) -> pl.Series:
    return pl.repeat(value=False, n=size, eager=True, dtype=pl.Boolean)


def _of_ascii(texts: pl.Series, phrases: Phrases) -> pl.Series:
    words = fold_ascii(texts).to_frame("folded")
    sought = list(phrases.anchors)
    told = in_slices(words, lambda each: each.select(pl.col("folded").str.contains_any(sought))).to_series()
    return told | _together(words, phrases) | _misspelt(words, phrases) | _hidden(texts)


def _hidden(texts: pl.Series) -> pl.Series:
    return texts.to_frame("text").select(may_hide(pl.col("text"))).to_series()


def _in_letters(texts: pl.Series, phrases: Phrases) -> pl.Series:
    """Whether anything is found where digits and signs are letters."""
    text = pl.col("text")
    told = texts.to_frame("text").select(is_ascii(text) & has_digits(text)).to_series()
    lettered = texts.filter(told).to_frame("text").select(all_as_letters(pl.col("text"))).to_series()
    sought = sorted({letters_of(each) for each in phrases.anchors if len(each.strip()) >= SHORTEST_IN_DIGITS})
    words = fold_ascii(lettered).to_frame("folded")
    held = in_slices(words, lambda each: each.select(pl.col("folded").str.contains_any(sought))).to_series()
    return told.scatter(told.arg_true(), held)


def _together(words: pl.DataFrame, phrases: Phrases) -> pl.Series:
    """Whether a text has a long word in which several of ours may be written together."""
    long = words.select(pl.col("folded").str.contains(f"[a-z0-9]{{{TOGETHER}}}")).to_series()
    sought = list(phrases.together)
    held = in_slices(words.filter(long), lambda each: each.select(pl.col("folded").str.contains_any(sought)))
    return long.scatter(long.arg_true(), held.to_series())


def _misspelt(texts: pl.DataFrame, phrases: Phrases) -> pl.Series:
    """Whether a text has a word that is known to be misspelt."""
    wrong = pl.LazyFrame({"word": list(phrases.misspelt)}, schema={"word": pl.String})
    words = texts.with_row_index("row").lazy().select("row", word=pl.col("folded").str.split(" "))
    rows = words.explode("word", empty_as_null=False).join(wrong, on="word", how="semi").select(pl.col("row").unique())
    return _nowhere(texts.height).scatter(rows.collect()["row"], values=True)
