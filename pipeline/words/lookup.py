"""What must stand in a text for it to be worth a look, looked up by the numbers of words in very many texts at once.

In: what is sought (`sought.Tables`), what is misspelt, and the words of texts (`wordnumbers`). Out: which of the texts
hold what is sought. Refuses nothing. A text may be looked at for nothing; none is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl

from pipeline.vocabulary.beginnings import Beginnings
from pipeline.vocabulary.chains import Chains
from pipeline.vocabulary.wordnumbers import (
    UNKNOWN,
    Flags,
    Keys,
    Numbers,
    Places,
    Said,
    Vocabulary,
    WordNumbers,
    Words,
    pairs_of,
    words_of,
)
from pipeline.vocabulary.wrongwords import WrongWords
from pipeline.words.named import NamedWords, words_of_names
from pipeline.words.sought import Tables

#: So many pairs of words are looked up together, or they would fill the memory.
_MOST_PAIRS: Final = 5_000_000
#: A text with more words that are sought in pairs is looked at: so many have hundreds of pairs.
_MANY: Final = 30
_FEW_PIECES: Final = 500


class Lookup:
    """What is sought in the texts of one alphabet: as they are written, or with digits and signs as letters."""

    def __init__(
        self, tables: Tables, wrong_words: pl.DataFrame, beginnings: Sequence[str] = (), *, names: bool = False
    ) -> None:
        """`wrong_words` has word, right and alone; `beginnings` are those of phrases that are written as one word.

        `names`: whether first names are known.
        """
        several = [phrase for phrase in tables.phrases if " " in phrase.strip()]
        chains = [phrase.split() for phrase in several if phrase[0] == " " == phrase[-1]]
        #: What is sought in one word, and what in several of which one goes on.
        self._pieces = [each for each in tables.phrases if " " not in each.strip()]
        # A pattern is twice as quick, as long as it is no long one.
        self._piece = "|".join(map(re.escape, self._pieces)) if len(self._pieces) <= _FEW_PIECES else ""
        self._beginnings = Beginnings(beginnings)
        self.loose = [each for each in several if not each[0] == " " == each[-1]]
        meant = wrong_words["right"].str.split(" ").list.explode()
        words = [tables.words["word"], pl.Series([word for each in chains for word in each], dtype=pl.String), meant]
        words += [pl.Series(words_of_names())] if names else []
        self.vocabulary = Vocabulary(pl.concat(words).unique(maintain_order=True))
        self.names = NamedWords(self.vocabulary) if names else None
        self.wrong = WrongWords(self.vocabulary, wrong_words)
        pair = tables.pairs["pair"].to_numpy()
        self._pairs = Numbers(pairs_of(*_halves(pair)))
        self._chains = self._chained(tables, chains)
        # The words of the tables come first, so that their numbers are the same here.
        flags = {name: np.zeros(self.vocabulary.size + 1, dtype=np.bool_) for name in ("enough", "leads", "follows")}
        for name, each in flags.items():
            each[: tables.words.height] = tables.words[name].to_numpy()
        self._leads, self._follows = flags["leads"], flags["follows"]
        self._enough = flags["enough"]
        known = words_of(self.vocabulary.words)
        self._enough[:-1] |= self._hold_a_piece(known, np.arange(self.vocabulary.size))

    def _chained(self, tables: Tables, chains: Sequence[Sequence[str]]) -> Chains:
        pairs = np.stack(_halves(tables.adjacent["pair"].to_numpy()), axis=1)
        numbers = self.vocabulary.numbers(word for each in chains for word in each)
        ends = np.cumsum([len(each) for each in chains]).tolist()
        return Chains(
            self.vocabulary.size,
            pairs,
            [numbers[end - len(each) : end] for each, end in zip(chains, ends, strict=True)],
        )

    def said(self, words: Words) -> Said:
        """All words of some texts by their numbers."""
        return Said(words.rows, self.vocabulary.of(words))

    def held_in_one(self, words: Words, said: Said) -> Flags:
        """Which texts hold what is sought in one word, in a word that is not known."""
        told = np.zeros(words.size, dtype=np.bool_)
        unknown = np.flatnonzero(said.numbers == UNKNOWN)
        keys = words.keys[unknown]
        each = unknown[pl.Series(keys).is_first_distinct().to_numpy()]
        telling = each[self._hold_a_piece(words, each)]
        told[words.rows[unknown[Numbers(words.keys[telling]).has(keys)]]] = True
        return told

    def _hold_a_piece(self, words: Words, which: Places) -> Flags:
        told = self._beginnings.held(words, which)
        if not self._pieces:
            return told
        bare = words.spelt(which).to_frame("word").lazy()
        word = pl.concat_str(pl.lit(" "), "word", pl.lit(" ")).str
        held = bare.select(word.contains(self._piece) if self._piece else word.contains_any(self._pieces))
        told |= held.collect().to_series().to_numpy()
        return told

    def held(self, said: Said, size: int) -> Flags:
        """Which of so many texts hold a word that is enough, or words that are enough together."""
        told = np.zeros(size, dtype=np.bool_)
        told[said.rows[self._enough[said.numbers]]] = True
        told |= self._chains.held(said, size)
        leads, follows = self._leads[said.numbers], self._follows[said.numbers]
        # What is told already is not asked a second time.
        asked = _once_a_text(said, np.flatnonzero((leads | follows) & ~told[said.rows]))
        counts = np.bincount(said.rows[asked], minlength=size)
        told |= counts > _MANY
        asked = asked[counts[said.rows[asked]] <= _MANY]
        parts = int((np.minimum(counts, _MANY) ** 2).sum()) // _MOST_PAIRS + 1
        lot = max(-(-size // parts), 1)
        rows = said.rows[asked]
        for at in range(0, size, lot):
            some = asked[(rows >= at) & (rows < at + lot)]
            told[self._paired(said, some[leads[some]], some[follows[some]])] = True
        return told

    def _paired(self, said: Said, leads: Places, follows: Places) -> Places:
        """The texts that hold both words of a pair; `leads` and `follows` are the places of words in `said`."""
        one, other = (pl.DataFrame({"row": said.rows[each], "number": said.numbers[each]}) for each in (leads, follows))
        both = one.join(other, on="row", suffix="_beside")
        pairs = pairs_of(both["number"].to_numpy(), both["number_beside"].to_numpy())
        return both["row"].to_numpy()[self._pairs.has(pairs)]


def _once_a_text(said: Said, places: Places) -> Places:
    """Of some places those of words that do not stand before in the same text."""
    keys = said.rows[places] << 32 | said.numbers[places]
    first: Places = places[pl.Series(keys).is_first_distinct().to_numpy()]
    return first


def _halves(pairs: Keys) -> tuple[WordNumbers, WordNumbers]:
    """The two numbers of each of some pairs as `sought.pair_of` writes them."""
    return (pairs >> np.uint64(32)).astype(np.int32), (pairs & np.uint64(0xFFFFFFFF)).astype(np.int32)
