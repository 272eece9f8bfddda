r"""Lines of `key=value` pairs that look like many others of their log are read by one pattern made for their shape.

In: lines; the `Manner` in which a product writes its pairs, and which shapes of them are harmless. Out: the cells of
the lines of the commonest shapes, and all other lines, for the readers of `_keyed` and `_pairs`. Refuses nothing.

A product writes few shapes: the same keys in the same order, the same of them in quotes. So what hangs on keys (one
said twice, one behind the words of a client) is asked once of a shape and not of each line. Where such a line begins
and ends its values is beyond doubt: all of it is printable ASCII, in quotes stands no quote that is not escaped, bare
nothing behind a blank that could be a key. A line that says anything else does not match, and so is none of these.
The pattern never has to go back, and has at most sixteen groups: both are what makes it quick.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import polars as pl

Escapes = Literal["undone", "kept", "none"]

_KEY: Final = r"[A-Za-z_][A-Za-z0-9_.-]*"
_PRIORITY: Final = "<[0-9]{1,3}>"
_FRONT: Final = re.compile(rf'(?:{_PRIORITY}|[^"=]* |)({_KEY})=')
_OPENED: Final = re.compile(rf'[^"=]+="[^"]*"[^"=]+ ({_KEY})=')
_PAIR: Final = re.compile(rf' *({_KEY})=("(?:[^"\\]|\\.)*"|(?:[^ "][^ ]*)?(?: +[^ "=]+(?= |$))*)')
#: No word of a header but the first begins like a priority: syslog's newer header may hold what looks like pairs.
_FIRST_WORD: Final = rf"(?:{_PRIORITY}|[!#-;?-~])[!#-<>-~]*"
_WORD: Final = "[!#-;?-~][!#-<>-~]*"
#: What stands in quotes, what stands bare, and what may follow there behind a blank, which is no key.
_VALUES: Final = {
    "undone": (
        r"(?:[ !#-\[\]-~]|\\[ -~])*", r"(?:[!#-\[\]-~]|\\[!#-\[\]-~])*", r"(?:[!#-<>-\[\]-~]|\\[!#-<>-\[\]-~])+",
    ),
    "kept": (r"(?:[ !#-\[\]-~]|\\[ -~])*", "[!#-~]*", "[!#-<>-~]+"),
    "none": ("[ !#-~]*", "[!#-~]*", "[!#-<>-~]+"),
}  # fmt: skip
#: A bare value of a client may hold quotes, but not begin with one.
_CLIENT_BARE: Final = "(?:[!#-~][!-~]*)?"
#: Of the first pair, where a comma would mean that commas part them all.
_FIRST_BARE: Final = r"[!#-+\--\[\]-~]*"
_ESCAPE: Final = r'\\(["\\])'
#: So many lines are looked at to find the shapes; one that is rarer among them than this share is left.
_LOOKED_AT: Final = 200
_RAREST: Final = 1 / 100
_MOST_SHAPES: Final = 16
#: A pattern with more groups takes three times as long.
_MOST_GROUPS: Final = 16


class Pair(NamedTuple):
    """A key, and how its value is written."""

    key: str
    #: How many words it has where it stands bare; none in quotes.
    words: int


@dataclass(frozen=True)
class Manner:
    """How a product writes its pairs."""

    wanted: tuple[str, ...]
    #: Whether nothing has to be followed from pair to pair in lines with these keys.
    is_harmless: Callable[[tuple[Pair, ...]], bool]
    #: Escapes inside quotes: undone, left for the format to undo, or unknown to the product.
    escapes: Escapes
    #: Keys whose bare values may hold quotes.
    client: tuple[str, ...] = ()
    #: A key that may stand, in quotes, among the words before the pairs.
    opening: str = ""
    #: A pattern of what may stand behind the pairs.
    ending: str = ""


@dataclass(frozen=True)
class Shape:
    """What the lines of one shape have in common."""

    #: A pattern of what stands before the pairs.
    front: str
    pairs: tuple[Pair, ...]
    #: Whether the ending is there.
    ended: bool


def shaped(texts: pl.DataFrame, manner: Manner) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The cells (`line` and the wanted keys) of lines of common shapes, in no order; and the lines that are left."""
    found = [pl.DataFrame(schema={"line": pl.Int64(), **dict.fromkeys(manner.wanted, pl.String())})]
    for shape in common(texts, manner):
        cells, texts = _matched(texts, shape, manner)
        found.append(cells)
    return pl.concat(found, how="diagonal"), texts


def common(texts: pl.DataFrame, manner: Manner) -> list[Shape]:
    """The harmless shapes of some of the lines, the commonest first."""
    some = texts["text"].gather_every(max(1, -(-texts.height // _LOOKED_AT))).to_list()
    counted = Counter(shape for text in some if (shape := shape_of(text, manner)))
    often = [shape for shape, times in counted.most_common(_MOST_SHAPES) if times >= len(some) * _RAREST]
    return [shape for shape in often if _wanted(shape, manner) and manner.is_harmless(shape.pairs)]


def shape_of(text: str, manner: Manner) -> Shape | None:
    """The shape of a line; none where it does not consist of pairs."""
    front = _FRONT.match(text)
    if front and manner.opening == front[1]:
        front = _OPENED.match(text) or front
    if front is None:
        return None
    at, pairs = front.start(1), list[Pair]()
    while pair := _PAIR.match(text, at):
        pairs.append(Pair(pair[1], 0 if pair[2].startswith('"') else 1 + len(pair[2].split()[1:])))
        at = pair.end()
    ended = bool(text[at:].strip(" "))
    return None if ended and not manner.ending else Shape(_front(text[: front.start(1)], manner), tuple(pairs), ended)


def _front(text: str, manner: Manner) -> str:
    """The pattern of what stands before the pairs: a priority, words with blanks, or nothing."""
    return _PRIORITY if re.fullmatch(_PRIORITY, text) else "".join(_words(text, manner))


def _words(text: str, manner: Manner) -> Iterator[str]:
    for place, part in enumerate(re.findall(" +|[^ ]+", text)):
        if part.startswith(" "):
            yield " +"
        elif manner.opening and part.startswith(f"{manner.opening}="):
            yield rf'{manner.opening}="[ !#-\[\]-~]*"'
        else:
            yield _WORD if place else _FIRST_WORD


def pattern_of(shape: Shape, grouped: tuple[str, ...], manner: Manner) -> str:
    """The pattern of all lines of a shape, with a group for each of these keys."""
    written = []
    for place, pair in enumerate(shape.pairs):
        value = _value(pair, manner) if place or not pair.words else _FIRST_BARE
        held, quote = f"({value})" if pair.key in grouped else value, "" if pair.words else '"'
        written.append(f"{re.escape(pair.key)}={quote}{held}{quote}")
    return f"(?-u)^{shape.front}{' +'.join(written)}{manner.ending if shape.ended else ''} *$"


def _value(pair: Pair, manner: Manner) -> str:
    inside, bare, word = _VALUES[manner.escapes]
    if not pair.words:
        return inside
    return " +".join([_CLIENT_BARE if pair.key in manner.client else bare, *[word] * (pair.words - 1)])


def _wanted(shape: Shape, manner: Manner) -> tuple[str, ...]:
    return tuple(key for key, _ in shape.pairs if key in manner.wanted)


def _matched(texts: pl.DataFrame, shape: Shape, manner: Manner) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The cells of the lines of a shape, and the other lines."""
    wanted = _wanted(shape, manner)
    first, others = wanted[:_MOST_GROUPS], wanted[_MOST_GROUPS:]
    cells = _groups(texts, shape, first, manner)
    matches = cells[first[0]].is_not_null()
    done = texts.hstack(cells).filter(matches)
    if others:
        done = done.hstack(_groups(done, shape, others, manner))
    if manner.escapes == "undone":
        done = _undone(done, wanted)
    return done.select("line", *wanted), texts.filter(~matches)


def _groups(texts: pl.DataFrame, shape: Shape, keys: tuple[str, ...], manner: Manner) -> pl.DataFrame:
    """The values of these keys; null where a line is of another shape."""
    pattern, half = pattern_of(shape, keys, manner), -(-texts.height // 2)
    # Two expressions, since each is worked out on one core. With an odd number of lines both read the middle one.
    places = {"first": 0, "second": texts.height - half}
    halves = texts.select(
        pl.col("text").slice(place, half).str.extract_groups(pattern).struct.rename_fields(keys).alias(name)
        for name, place in places.items()
    )
    cells = [halves["first"], halves["second"].slice(2 * half - texts.height)]
    return pl.concat(cells).struct.unnest()


def _undone(done: pl.DataFrame, keys: tuple[str, ...]) -> pl.DataFrame:
    """The cells without their escapes; few lines hold any."""
    marked = done["text"].str.contains(_ESCAPE)
    if not marked.any():
        return done
    cells = done.filter(marked).with_columns(pl.col(keys).str.replace_all(_ESCAPE, "$1"))
    return pl.concat([done.filter(~marked), cells])
