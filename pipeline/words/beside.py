"""What stands beside a find: whether a text holds one of very many contexts.

In: contexts as `phrases.contexts` folds them, and folded texts. Out: yes or no, the same as looking for each context in
the text. Refuses nothing. A rule has hundreds of contexts and a text a dozen words: so the words of the text are looked
up among the contexts, and not the contexts searched for in the text.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from pipeline.words.weighted import FIRST_PERSON, MOST

#: Where one of these stands, the "I" is a song's, or a rule's for remembering.
_OF_A_SONG: Final = frozenset(["lyrics", "mnemonic"])


@dataclass(frozen=True)
class Beside:
    """A folded text, and its words once they are asked for."""

    folded: str

    @cached_property
    def words(self) -> frozenset[str]:
        """Every word of the text."""
        return frozenset(self.folded.split(" "))

    @cached_property
    def of_oneself(self) -> bool:
        """Whether somebody speaks of himself or herself; a page of text says that of no line in it."""
        says_i = not FIRST_PERSON.isdisjoint(self.words) and _OF_A_SONG.isdisjoint(self.words)
        return says_i and self.folded.count(" ") <= MOST + 1


class Contexts:
    """Contexts, by what must be in a text for one of them to be in it."""

    def __init__(self, contexts: Iterable[str]) -> None:
        self._words = set[str]()
        #: Several words together, by the longest of them that is whole.
        self._together = defaultdict[str, list[str]](list)
        #: Beginnings and ends of words.
        self._parts = list[str]()
        for context in contexts:
            whole = context.split(" ")[1:-1]
            if not whole:
                self._parts.append(context)
            elif context == f" {whole[0]} ":
                self._words.add(whole[0])
            else:
                self._together[max(whole, key=len)].append(context)

    def any_in(self, text: Beside) -> bool:
        """Whether one of them is in a text."""
        if not self._words.isdisjoint(text.words):
            return True
        led = [each for word in self._together.keys() & text.words for each in self._together[word]]
        return any(map(text.folded.__contains__, [*led, *self._parts]))
