r"""Lines of `key=value` pairs that look like many others of their log are read by one pattern made for their shape.

In: lines; the `Manner` in which a product writes its pairs, and which shapes of them are harmless. Out: the cells of
the lines of the commonest shapes, and all other lines, for the readers of `_keyed` and `_pairs`. Refuses nothing.

A product writes few shapes: the same keys in the same order, the same of them in quotes. So what hangs on keys (one
said twice, one behind the words of a client) is asked once of a shape and not of each line. Where such a line begins
and ends its values is beyond doubt: all of it is printable ASCII, in quotes stands no quote that is not escaped, bare
nothing behind a blank that could be a key. A line that says anything else does not match, and so is none of these.
The pattern never has to go back, and has at most sixteen groups: both are what makes it quick. Where most values stand
in quotes, lines are cut at these (`_cut`) before any pattern is tried; there the quotes may hold any character.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Literal, NamedTuple

import polars as pl

from pipeline.formats._alike import common
from pipeline.formats._cut import Stretch, cut_at_quotes

Escapes = Literal["undone", "kept", "none"]

_KEY: Final = r"[A-Za-z_][A-Za-z0-9_.-]*"
_PRIORITY: Final = "<[0-9]{1,3}>"
_FRONT: Final = re.compile(rf'(?:{_PRIORITY}|[^"=]* |)({_KEY})=')
_OPENED: Final = re.compile(rf'[^"=]+="[^"]*"[^"=]+ ({_KEY})=')
_PAIR: Final = re.compile(rf' *({_KEY})=("[^"\\]*(?:\\.[^"\\]*)*"|(?:[^ "][^ ]*)?(?: +[^ "=]+(?= |$))*)')
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
#: A bare value of a client may hold quotes, but not begin with one; behind a blank also what looks like a pair.
_CLIENT_BARE: Final = "(?:[!#-~][!-~]*)?"
_CLIENT_WORD: Final = "[!-~]+"
#: Of the first pair, where a comma would mean that commas part them all.
_FIRST_BARE: Final = r"[!#-+\--\[\]-~]*"
_ESCAPE: Final = r'\\(["\\])'
#: Lines that are the same but for these look alike.
_OUTLINES: Final = {r'"[^"\\]*(?:\\.[^"\\]*)*"': '""', '=[^ "][^ ]*': "=x", "[0-9]+": "0"}
#: A pattern with more groups takes three times as long.
_MOST_GROUPS: Final = 16
#: A line with more pairs is none of a product's, and makes a pattern that is too long.
_MOST_PAIRS: Final = 200


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
    #: Keys whose bare values may hold quotes, and go on to one of `known`.
    client: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    #: A key that may stand, in quotes, among the words before the pairs.
    opening: str = ""
    #: A pattern of what may stand behind the pairs.
    ending: str = ""

    @cached_property
    def next_known(self) -> str:
        """A pattern of what a bare value of a client ends at."""
        return rf" +(?:{'|'.join(re.escape(key) for key in self.known)})="

    @cached_property
    def client_pair(self) -> re.Pattern[str]:
        """A bare pair of a client."""
        keys = "|".join(re.escape(key) for key in self.client)
        return re.compile(rf' *({keys})=((?:[^ "][^ ]*)?(?:(?!{self.next_known}) +[^ ]+)*)(?= |$)')


@dataclass(frozen=True)
class Shape:
    """What the lines of one shape have in common."""

    #: A pattern of what stands before the pairs.
    front: str
    pairs: tuple[Pair, ...]
    #: Whether the ending is there.
    ended: bool
    #: A line that has it.
    example: str = field(compare=False, default="")


def shaped(texts: pl.DataFrame, manner: Manner) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The cells (`line` and the wanted keys) of lines of common shapes, in no order; and the lines that are left."""
    found = [pl.DataFrame(schema={"line": pl.Int64(), **dict.fromkeys(manner.wanted, pl.String())})]
    shapes = _common(texts, manner)
    quoted, rest = [shape for shape in shapes if _is_quoted(shape, manner)], texts
    # All lines are cut, so it is worth while only where it serves most of them.
    if len(quoted) * 2 > len(shapes):
        each, rest = cut_at_quotes(texts, [_with_usual(_stretches(s, _wanted(s, manner), manner), s) for s in quoted])
        found += [_undone(cells, _keys(shape, manner), manner) for cells, shape in zip(each, quoted, strict=True)]
        shapes = _common(rest, manner)
    for shape in shapes:
        cells, rest = _matched(rest, shape, manner)
        found.append(cells)
    return pl.concat(found, how="diagonal"), rest


def _is_quoted(shape: Shape, manner: Manner) -> bool:
    """Whether lines are cut at their quotes: most values stand in them, no others are anywhere, and no key is twice."""
    in_quotes = sum(not pair.words for pair in shape.pairs)
    once = len(_keys(shape, manner)) == len(_wanted(shape, manner))
    return once and in_quotes * 2 > len(shape.pairs) and '"' not in shape.front and not manner.client


def _common(texts: pl.DataFrame, manner: Manner) -> list[Shape]:
    """The harmless shapes of some of the lines, the commonest first."""
    often = common(texts["text"], _OUTLINES, lambda text: shape_of(text, manner))
    return [shape for shape in often if _is_readable(shape, manner) and manner.is_harmless(shape.pairs)]


def _is_readable(shape: Shape, manner: Manner) -> bool:
    """Whether it holds anything that is wanted, and what has to be looked at again is among the first groups."""
    wanted = _wanted(shape, manner)
    return (
        bool(wanted) and len(shape.pairs) <= _MOST_PAIRS and set(_of_words(shape, manner)) <= set(wanted[:_MOST_GROUPS])
    )


def shape_of(text: str, manner: Manner) -> Shape | None:
    """The shape of a line; none where it does not consist of pairs."""
    front = _FRONT.match(text)
    if front and manner.opening == front[1]:
        front = _OPENED.match(text) or front
    if front is None:
        return None
    at, pairs = front.start(1), list[Pair]()
    while pair := (manner.client and manner.client_pair.match(text, at)) or _PAIR.match(text, at):
        pairs.append(Pair(pair[1], 0 if pair[2].startswith('"') else 1 + len(pair[2].split()[1:])))
        at = pair.end()
    ended = bool(text[at:].strip(" "))
    return (
        None
        if ended and not manner.ending
        else Shape(_front(text[: front.start(1)], manner), tuple(pairs), ended, text)
    )


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


def pattern_of(shape: Shape, grouped: tuple[int, ...], manner: Manner) -> str:
    """The pattern of all lines of a shape, with a group for the pairs at these places."""
    inside = _VALUES[manner.escapes][0]
    pairs = enumerate(shape.pairs)
    in_quotes = (f"({inside})" if place in grouped else inside for place, pair in pairs if not pair.words)
    stretches = (stretch.pattern for stretch in _stretches(shape, grouped, manner))
    parts = [next(stretches), *(f'"{said}"{after}' for said, after in zip(in_quotes, stretches, strict=True))]
    return f"(?-u)^{''.join(parts)}$"


def _stretches(shape: Shape, grouped: tuple[int, ...], manner: Manner) -> list[Stretch]:
    """What stands outside the quotes in all lines of a shape, with a group for those of these places that are bare."""
    found, pattern, bare = list[Stretch](), shape.front, list[str]()
    for place, pair in enumerate(shape.pairs):
        text = None if pattern or not place else f" {pair.key}="
        pattern += f"{' +' if place else ''}{re.escape(pair.key)}="
        if not pair.words:
            found.append(Stretch(pattern, text, tuple(bare), pair.key if place in grouped else ""))
            pattern, bare = "", []
            continue
        value = _bare(pair, manner) if place else _FIRST_BARE
        pattern += f"({value})" if place in grouped else value
        bare += [pair.key] if place in grouped else []
    ending = manner.ending if shape.ended else ""
    return [*found, Stretch(f"{pattern}{ending} *", None if pattern or ending else "", tuple(bare), "")]


def _with_usual(stretches: list[Stretch], shape: Shape) -> list[Stretch]:
    """The same, with how the example has those that can be written in more than one way."""
    parts = shape.example.split('"')[::2]
    if len(parts) != len(stretches):
        return stretches
    pairs = zip(stretches, parts, strict=True)
    return [each._replace(usual=part if re.fullmatch(each.pattern, part) else None) for each, part in pairs]


def _bare(pair: Pair, manner: Manner) -> str:
    _, first, word = _VALUES[manner.escapes]
    if pair.key in manner.client:
        first, word = _CLIENT_BARE, _CLIENT_WORD
    return " +".join([first, *[word] * (pair.words - 1)])


def _wanted(shape: Shape, manner: Manner) -> tuple[int, ...]:
    """At which places the pairs are that are wanted."""
    return tuple(place for place, pair in enumerate(shape.pairs) if pair.key in manner.wanted)


def _keys(shape: Shape, manner: Manner) -> tuple[str, ...]:
    """The same by their keys, each once."""
    return tuple(dict.fromkeys(shape.pairs[place].key for place in _wanted(shape, manner)))


def _matched(texts: pl.DataFrame, shape: Shape, manner: Manner) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The cells of the lines of a shape in which no key says two things, and the other lines."""
    wanted, texts = _wanted(shape, manner), texts.select("line", "text")
    first, others = wanted[:_MOST_GROUPS], wanted[_MOST_GROUPS:]
    cells = _groups(texts, shape, first, manner)
    matches = cells[_column(first[0])].is_not_null()
    for place in _of_words(shape, manner):
        # Else the value would have ended at that key.
        matches &= ~cells[_column(place)].str.contains(manner.next_known)
    done, left = texts.hstack(cells).filter(matches), texts.filter(~matches)
    if others:
        done = done.hstack(_groups(done, shape, others, manner))
    firsts = {key: next(place for place in wanted if shape.pairs[place].key == key) for key in _keys(shape, manner)}
    again = [(firsts[shape.pairs[place].key], place) for place in wanted if place not in firsts.values()]
    if again:
        same = done.select(pl.all_horizontal(pl.col(_column(a)) == pl.col(_column(b)) for a, b in again)).to_series()
        left = pl.concat([left, done.filter(~same).select("line", "text")])
        done = done.filter(same)
    done = done.select("line", "text", *(pl.col(_column(place)).alias(key) for key, place in firsts.items()))
    return _undone(done, tuple(firsts), manner), left


def _column(place: int) -> str:
    return f"pair_{place}"


def _groups(texts: pl.DataFrame, shape: Shape, places: tuple[int, ...], manner: Manner) -> pl.DataFrame:
    """The values at these places; null where a line is of another shape."""
    pattern, half = pattern_of(shape, places, manner), -(-texts.height // 2)
    # Two expressions, since each is worked out on one core. With an odd number of lines both read the middle one.
    names, begins = [_column(place) for place in places], {"first": 0, "second": texts.height - half}
    halves = texts.select(
        pl.col("text").slice(begin, half).str.extract_groups(pattern).struct.rename_fields(names).alias(name)
        for name, begin in begins.items()
    )
    cells = [halves["first"], halves["second"].slice(2 * half - texts.height)]
    return pl.concat(cells).struct.unnest()


def _of_words(shape: Shape, manner: Manner) -> list[int]:
    """At which places a client wrote more than one word."""
    return [at for at, (key, words) in enumerate(shape.pairs) if words > 1 and key in manner.client]


def _undone(done: pl.DataFrame, keys: tuple[str, ...], manner: Manner) -> pl.DataFrame:
    """`line` and the cells without their escapes; few lines hold any."""
    cells = done.select("line", *keys)
    if manner.escapes != "undone":
        return cells
    marked = done["text"].str.contains(_ESCAPE)
    if not marked.any():
        return cells
    undone = cells.filter(marked).with_columns(pl.col(keys).str.replace_all(_ESCAPE, "$1"))
    return pl.concat([cells.filter(~marked), undone])
