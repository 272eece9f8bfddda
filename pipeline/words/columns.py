"""Tables of very many phrases or words, kept as columns: what may stand in some texts is picked out of them at once.

In: phrases with whose they are (`Owners`), misspelt words with what is meant (`Misspelt`), phrases written together
(`Together`). Out: the rows that the words of some texts allow, or the whole table as a mapping. Refuses nothing. To
read columns takes a tenth of the time that as many single values take.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, count
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
import polars as pl
from typing_extensions import override

from pipeline.spelling.views import letters_of
from pipeline.vocabulary.beginnings import SHORTEST
from pipeline.vocabulary.wordnumbers import Flags, Places, WordNumbers

_Value = TypeVar("_Value")
_Columns = TypeVar("_Columns")


class Owner(NamedTuple):
    """Whose a phrase is."""

    #: The rules that find something where it stands.
    rules: tuple[int, ...]
    #: The parts of patterns of which it is one choice.
    parts: tuple[int, ...]
    #: Those of them that are met most seldom in their patterns: without one of these, no pattern is there.
    rarest: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Runs:
    """Many tuples of numbers as one column."""

    #: Where each begins in `values`, and where the last one ends.
    bounds: Places
    values: WordNumbers

    def of(self, row: int) -> tuple[int, ...]:
        """One of the tuples."""
        return tuple(self.values[self.bounds[row] : self.bounds[row + 1]].tolist())


def runs_of(rows: Sequence[Sequence[int]]) -> Runs:
    """Tuples of numbers."""
    bounds = np.append(0, np.cumsum(np.fromiter(map(len, rows), np.int64, len(rows))))
    return Runs(bounds, np.fromiter(chain.from_iterable(rows), np.int32, bounds[-1]))


class _Table(Mapping[str, _Value], Generic[_Value, _Columns]):
    """A mapping that is kept as columns, and made a mapping only if it is asked for as a whole."""

    def __init__(self, whole: Mapping[str, _Value]) -> None:
        self.whole = whole

    @cached_property
    def whole(self) -> Mapping[str, _Value]:
        """All of it."""
        return self._whole_of(self.columns)

    @cached_property
    def columns(self) -> _Columns:
        """The same as columns."""
        return self._columns_of(self.whole)

    @abstractmethod
    def _whole_of(self, columns: _Columns) -> Mapping[str, _Value]: ...

    @abstractmethod
    def _columns_of(self, whole: Mapping[str, _Value]) -> _Columns: ...

    @override
    def __getstate__(self) -> dict[str, Any]:
        return {"columns": self.columns}

    @override
    def __getitem__(self, key: str) -> _Value:
        return self.whole[key]

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self.whole)

    @override
    def __len__(self) -> int:
        return len(self.whole)


@dataclass(frozen=True, eq=False)
class OwnerColumns:
    """`keys`, and `whose` each is: a row of `rules`, `parts` and `rarest`, which many share."""

    keys: pl.Series
    #: All whole words of the phrases, and of each phrase the numbers of those it has; not of one that is only a
    #: beginning or an end.
    words: pl.Series
    whole: Runs
    whose: WordNumbers
    rules: Runs
    parts: Runs
    rarest: Runs

    def owner(self, number: int) -> Owner:
        """One of those whose they are."""
        return Owner(self.rules.of(number), self.parts.of(number), self.rarest.of(number))


class Owners(_Table[Owner, OwnerColumns]):
    """Phrases, folded, with a blank at each end that must be the end of a word; and whose each is."""

    @override
    def __len__(self) -> int:
        return len(self.columns.whose) if "columns" in self.__dict__ else len(self.whole)

    @cached_property
    def _lettered(self) -> pl.Series:
        return all_in_letters(self.columns.words)

    def among(self, words: Iterable[str], *, in_letters: bool = False) -> dict[str, Owner]:
        """The phrases whose whole words are all among some; `in_letters` says that those are in letters for digits."""
        columns = self.columns
        there = pl.Series(list(words), dtype=pl.String).implode()
        known = (self._lettered if in_letters else columns.words).is_in(there).to_numpy()
        rows = self._all_among(known)
        whose = columns.whose[rows].tolist()
        made = {number: columns.owner(number) for number in dict.fromkeys(whose)}
        return dict(zip(columns.keys.gather(rows), map(made.__getitem__, whose), strict=True))

    def times(self, but: Iterable[str] = ()) -> dict[str, int]:
        """Each whole word, and how many phrases hold it `but` for some of them."""
        columns = self.columns
        counted = ~columns.keys.is_in(pl.Series(list(but), dtype=pl.String).implode()).to_numpy()
        held = columns.whole.values[np.repeat(counted, np.diff(columns.whole.bounds))]
        counts = np.bincount(held, minlength=len(columns.words)).tolist()
        return dict(zip(columns.words, counts, strict=True))

    @cached_property
    def _begun(self) -> tuple[Places, Places, WordNumbers]:
        """The phrases without a whole word, those that have one, and the first word of each of these."""
        whole = self.columns.whole
        has_one = np.diff(whole.bounds) > 0
        begun = np.flatnonzero(has_one)
        return np.flatnonzero(~has_one), begun, whole.values[whole.bounds[begun]]

    def _all_among(self, known: Flags) -> Places:
        """The phrases, in their order, of which every whole word is known: of most already the first is not."""
        whole = self.columns.whole
        empty, rows, words = self._begun
        found = [empty]
        for at in count(1):
            rows = rows[known[words]]
            ends = whole.bounds[rows + 1] == whole.bounds[rows] + at
            found.append(rows[ends])
            rows = rows[~ends]
            if not rows.size:
                break
            words = whole.values[whole.bounds[rows] + at]
        return np.sort(np.concatenate(found))

    @override
    def _whole_of(self, columns: OwnerColumns) -> dict[str, Owner]:
        made = [columns.owner(number) for number in range(len(columns.rules.bounds) - 1)]
        return dict(zip(columns.keys, map(made.__getitem__, columns.whose.tolist()), strict=True))

    @override
    def _columns_of(self, whole: Mapping[str, Owner]) -> OwnerColumns:
        numbers: dict[Owner, int] = {}
        whose = np.fromiter((numbers.setdefault(each, len(numbers)) for each in whole.values()), np.int32, len(whole))
        keys = pl.Series(list(whole), dtype=pl.String)
        blanks = pl.col("key").str.count_matches(" ", literal=True).cast(pl.Int64)
        whole_words = pl.col("key").str.split(" ").list.slice(1, (blanks - 1).clip(0))
        within = keys.to_frame("key").select(word=whole_words)
        bounds = np.append(0, np.cumsum(within["word"].list.len().to_numpy().astype(np.int64)))
        each = within.explode("word", empty_as_null=False)
        words = each.unique(maintain_order=True)
        found = each.join(words.with_row_index("number"), on="word", how="left", maintain_order="left")
        values = found["number"].to_numpy().astype(np.int32)
        runs = (runs_of([each[at] for each in numbers]) for at in range(len(Owner._fields)))
        return OwnerColumns(keys, words["word"], Runs(bounds, values), whose, *runs)


class Misspelt(_Table[str, pl.DataFrame]):
    """Misspelt words, and what is meant: `word`, `right`."""

    def among(self, words: Iterable[str]) -> Mapping[str, str]:
        """Those that are among some words."""
        if "whole" in self.__dict__:
            return {word: self.whole[word] for word in words if word in self.whole}
        there = pl.Series(list(words), dtype=pl.String).implode()
        return dict(self.columns.filter(self.columns["word"].is_in(there)).iter_rows())

    @override
    def _whole_of(self, columns: pl.DataFrame) -> dict[str, str]:
        return dict(columns.iter_rows())

    @override
    def _columns_of(self, whole: Mapping[str, str]) -> pl.DataFrame:
        columns = {"word": list(whole), "right": list(whole.values())}
        return pl.DataFrame(columns, schema={"word": pl.String, "right": pl.String})


@dataclass(frozen=True, eq=False)
class TogetherColumns:
    """Phrases without their blanks, and their rules."""

    phrases: pl.Series
    rules: Runs


class Together(_Table[tuple[int, ...], TogetherColumns]):
    """Phrases of several words without their blanks, each of `SHORTEST` letters and more, and their rules."""

    @override
    def __len__(self) -> int:
        return len(self.columns.phrases) if "columns" in self.__dict__ else len(self.whole)

    @cached_property
    def _begin(self) -> pl.Series:
        return self.columns.phrases.str.slice(0, SHORTEST)

    def among(self, words: Iterable[str]) -> dict[str, tuple[int, ...]]:
        """Those whose first letters stand somewhere in one of some words."""
        parts = {word[at : at + SHORTEST] for word in words for at in range(len(word) - SHORTEST + 1)}
        rows = self._begin.is_in(pl.Series(list(parts), dtype=pl.String).implode()).arg_true()
        rules = map(self.columns.rules.of, rows)
        return dict(zip(self.columns.phrases.gather(rows), rules, strict=True))

    @override
    def _whole_of(self, columns: TogetherColumns) -> dict[str, tuple[int, ...]]:
        return {phrase: columns.rules.of(row) for row, phrase in enumerate(columns.phrases)}

    @override
    def _columns_of(self, whole: Mapping[str, tuple[int, ...]]) -> TogetherColumns:
        return TogetherColumns(pl.Series(list(whole), dtype=pl.String), runs_of(list(whole.values())))


def all_in_letters(words: pl.Series) -> pl.Series:
    """Folded words, none with a line feed, where digits and signs are letters."""
    # As one text, which is quicker.
    return pl.Series(words.name, letters_of("\n".join(words)).split("\n") if len(words) else [], dtype=pl.String)
