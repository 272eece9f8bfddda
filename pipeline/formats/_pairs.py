r"""Records of `key=value` pairs become columns.

In: lines such as `type="utm" user="dee" srcip=10.2.3.4 url="/p"`, values in quotes or without, blanks or commas between
the pairs; which keys are wanted, and which of them carry the meaning of a row. Out: one column of text for each key,
null where it is not there, and the reason and detail of a reject.

Values hold what a client sent, so a line whose quoted values hold an escape, a stray quote or one of the wanted keys
with its `=` is taken apart character by character; all others by the keys. Only a quote and a backslash are escaped, so
the one backslash of `SCHOOL\A.Smith` stays; a value that ends in one that is not doubled cannot be told from an escaped
quote: refused. Refused too: a key of `once` that is said twice and differently, quotes that are not closed, and where
blanks part the pairs a value without quotes with a word behind it that is no pair, as in `user=Ann Lee srcip=`.
Whether blanks or commas part the pairs is seen at the first one. Values without quotes may then hold the other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import polars as pl

from pipeline.formats._shapes import Manner, Pair, shaped

_QUOTED: Final = r'([A-Za-z_][\w.-]*)=(?:"((?:[^"\\]|\\.)*)"(?=[\s,\x00]|$)'
_PAIR: Final = re.compile(rf'{_QUOTED}|([^\s"\x00]*)(?=[\s\x00]|$))[\s,\x00]*', re.DOTALL)
_COMMA_PAIR: Final = re.compile(rf'{_QUOTED}|([^",\x00]*)(?=[,\x00]|$))[\s,\x00]*', re.DOTALL)
#: The first pair ends in a comma that a key follows.
_COMMAS: Final = r'^[^="]*[A-Za-z0-9_]=(?:"[^"]*"|[^ ",]*),[A-Za-z_]'
_BY_COMMAS: Final = re.compile(_COMMAS)
_ESCAPE: Final = re.compile(r'\\(["\\])')
_FIRST: Final = "[a-z]+"
_START: Final = re.compile(rf"(?:^|[ >,])(?={_FIRST}=)")


@dataclass(frozen=True)
class Pairs:
    """Which keys of a record are wanted."""

    keys: tuple[str, ...]
    #: Keys on which a row's meaning hangs; said twice, the line was tampered with.
    once: tuple[str, ...]
    #: Keys that may stand first in a line, or right behind a syslog priority.
    first: tuple[str, ...] = ()
    #: A key that every line has. Where it stands behind a comma, commas part the pairs, or the line is odd.
    always: str = "subtype"

    @cached_property
    def schema(self) -> pl.Schema:
        """`line`, the keys, `reason` and `detail`."""
        return pl.Schema({"line": pl.Int64()} | dict.fromkeys((*self.keys, "reason", "detail"), pl.String()))

    @cached_property
    def manner(self) -> Manner:
        """How the lines of common shapes are written."""
        return Manner(self.keys, self.is_harmless, "undone")

    def is_harmless(self, pairs: tuple[Pair, ...]) -> bool:
        """Whether no wanted key comes twice, blanks part the pairs, and the first is one that may come first."""
        begins, wanted = pairs[0].key, [pair.key for pair in pairs if pair.key in self.keys]
        first = begins not in self.once and (begins in self.first or begins not in self.keys)
        usual = pairs[0].words and re.fullmatch(_FIRST, begins) and all(pair.words < 2 for pair in pairs)
        return bool(usual) and first and len(wanted) == len(set(wanted))

    @cached_property
    def doubtful(self) -> str:
        """A quoted value with one of the keys in it, or with an escape, or a quote without its other half."""
        keys = "|".join(re.escape(key) for key in self.keys)
        return rf'^(?:[^"]*"[^"]*")*[^"]*"(?:[^"]*[ ,>](?:{keys})=|[^"]*\\["\\]|[^"]*$)'

    @cached_property
    def torn(self) -> str:
        """A value on which the meaning hangs, without quotes, and behind it a word that is no pair: it has no end."""
        keys = "|".join(re.escape(key) for key in self.once)
        return rf'^(?:[^"]*"[^"]*")*(?:|[^"]*[ ,>])(?:{keys})=[^ "\x00]+ +[^ ="\x00]+(?:[ \x00]|$)'


def taken_apart(texts: pl.DataFrame, pairs: Pairs) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The cells of the plain lines, and of those that had to be followed character by character.

    `texts` holds `line` and `text`. Both tables hold `line` and the wanted keys, the second also `reason` and `detail`.
    """
    usual, rest = shaped(texts, pairs.manner)
    plain, careful = of_any_shape(rest, pairs)
    return pl.concat([usual, plain.drop("text")], how="diagonal"), careful


def of_any_shape(texts: pl.DataFrame, pairs: Pairs) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The same for lines of no common shape; the first table keeps `text`."""
    text = pl.col("text")
    commas = texts.select(text.str.contains(_COMMAS)).to_series()
    plain, careful = _split(texts.filter(~commas), pairs, " ")
    if not commas.any():
        return plain, careful
    plain_too, careful_too = _split(texts.filter(commas), pairs, ",")
    return pl.concat([plain, plain_too]), pl.concat([careful, careful_too])


def _split(texts: pl.DataFrame, pairs: Pairs, between: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    text = pl.col("text")
    said_once = pl.sum_horizontal(pl.col(key).is_not_null().cast(pl.UInt32) for key in pairs.once)
    once_each = rf"{between}(?:{'|'.join(re.escape(key) for key in pairs.once)})="
    mixed = f", {pairs.always}=" if between == "," else f",{pairs.always}="
    doubtful = text.str.contains(pairs.doubtful) | text.str.contains(mixed, literal=True)
    if between == " ":
        doubtful |= text.str.contains(pairs.torn)
    values = [value(key, between, first=key in pairs.first) for key in pairs.keys]
    table = texts.with_columns(*values, doubtful=doubtful, once=text.str.count_matches(once_each))
    unclear = pl.col("doubtful") | (pl.col("once") != said_once)
    plain = table.filter(~unclear).drop("doubtful", "once")
    return plain, _one_by_one(table.filter(unclear).select("line", "text"), pairs)


def value(key: str, between: str = " ", *, first: bool = False) -> pl.Expr:
    """The value of a key, for a line without a key in its quotes; null where the key is missing.

    With `first` it may be the first of the line, with or without a syslog header before it.
    """
    bare = r'[^ "\x00]*' if between == " " else r'[^",\x00]*'
    # The whole match and not a group of it: that takes half the time.
    pair = rf'{re.escape(key)}=(?:"[^"]*"|{bare})'
    found = pl.col("text").str.extract(f"{between}{pair}", 0).str.strip_prefix(f"{between}{key}=")
    if first:
        # Two looks, because one with a choice before the key cannot leap to it.
        front = pl.col("text").str.extract(rf"^(?:[^=]*[ >])?{pair}", 0).str.replace(r"^[^=]*=", "")
        found = pl.coalesce(front, found)
    return found.str.strip_chars('"').alias(key)


def _one_by_one(lines: pl.DataFrame, pairs: Pairs) -> pl.DataFrame:
    """Cells or rejects of the doubtful lines.

    A loop over rows, because quotes and backslashes have to be followed from pair to pair; such lines are rare.
    """
    rows = [{"line": line, **_followed(text, pairs)} for line, text in lines.iter_rows()]
    return pl.DataFrame(rows, schema=pairs.schema)


def _followed(text: str, pairs: Pairs) -> dict[str, str]:
    start = _START.search(text)
    at = start.end() if start else 0
    shape = _COMMA_PAIR if _BY_COMMAS.match(text[at:]) else _PAIR
    cells: dict[str, str] = {}
    while at < len(text):
        pair = shape.match(text, at)
        if pair is None:
            open_quote = text.count('"', at) - text.count('\\"', at)
            return _reject("unclosed-quote" if open_quote % 2 else "bad-field", f"no key=value at character {at + 1}")
        key, quoted, bare = pair.groups()
        said = _ESCAPE.sub(r"\1", quoted) if quoted is not None else bare
        if key in pairs.once and cells.get(key, said) != said:
            return _reject("bad-field", f"says {key} twice and differently")
        if key in pairs.keys:
            cells.setdefault(key, said)
        at = pair.end()
    return cells


def _reject(reason: str, detail: str) -> dict[str, str]:
    return {"reason": reason, "detail": detail}
