r"""Records of `key=value` become columns, where values may be bare with blanks and it matters who wrote what.

In: lines such as `id=firewall time="2026-09-28 10:15:02" src=10.1.2.3:5000:X0 arg=/a b code=9 Category="Games"`, with
or without a header of syslog; which keys are wanted, which of them hold what a client sent, and which the product
always writes before those. Out: one column of text for each wanted key, null where it is not there; reason and detail
of a reject.

A client may send a quote or ` key=` in its URL or user agent, and few products mask them. So a line is refused that
says a wanted key twice and differently, that has a key of `ahead` only behind the client's words, or whose quotes do
not close before a blank. A bare value goes on to the next ` key=`; one that a client sent goes on to a key the product
is known to write. Where a product escapes, it does so to a quote and a backslash only, so the one backslash of
`SCHOOL\A.Smith` stays. Lines that are plain pairs through and through are read by their keys, all others one by one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import polars as pl

from pipeline.formats._cells import said
from pipeline.formats._pairs import value
from pipeline.formats._shapes import Escapes, Manner, Pair, shaped
from pipeline.formats._syslog import bare

_KEY: Final = r"[A-Za-z_][A-Za-z0-9_.-]*"
_HEAD: Final = re.compile(rf"[ \t]*({_KEY})=")
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"(?=[ \t]|$)', re.DOTALL)
_UNESCAPED: Final = re.compile(r'"([^"]*)"(?=[ \t]|$)')
_ESCAPE: Final = re.compile(r'\\(["\\])')
_NEXT: Final = re.compile(rf"[ \t]+(?={_KEY}=)")
#: Nothing but pairs with blanks between them: in quotes without an escaped quote, or bare without a blank.
_PAIRS: Final = rf'(?: +{_KEY}=(?:"(?:[^"\\]|\\[^"])*"|[^ \t"\'\x00]?|[^ \t"\'\x00][^ \t"\x00]*))+ *'
_PAIRS_UNESCAPED: Final = _PAIRS.replace(r'"(?:[^"\\]|\\[^"])*"', r'"[^"]*"|\'[^\'"]*\'')
#: What the quick reading would take for an escape, in a bare value.
_BARE_DOUBLE: Final = rf' {_KEY}=(?:[^ "][^ ]*)?\\\\'
_LONGEST_NUMBER: Final = 18


@dataclass(frozen=True)
class Keyed:
    """Which keys of a record are wanted, and who wrote their values."""

    keys: tuple[str, ...]
    #: Keys whose values a client sent, or may have had a hand in.
    client: tuple[str, ...]
    #: Wanted keys that the product writes before the first of those.
    ahead: tuple[str, ...]
    #: Those of `client` that are written without quotes.
    bare: tuple[str, ...] = ()
    #: Keys besides the wanted ones that may follow behind a bare value.
    others: tuple[str, ...] = ()
    #: Escapes inside quotes: undone, left for the format to undo, or unknown to the product.
    escapes: Escapes = "undone"
    #: Patterns of what may stand before the pairs (a header of syslog holds neither `=` nor quotes) and after them.
    before: str = r'[^"=]*'
    after: str = ""
    #: What `Manner` says of these, and may be less.
    opening: str = ""
    ending: str = ""

    @cached_property
    def schema(self) -> pl.Schema:
        """`line`, the keys, `reason` and `detail`."""
        return pl.Schema({"line": pl.Int64()} | dict.fromkeys((*self.keys, "reason", "detail"), pl.String()))

    @cached_property
    def known_next(self) -> re.Pattern[str]:
        """The blanks before a key that ends a client's bare value."""
        return re.compile(rf"[ \t]+(?=(?:{_any_of((*self.keys, *self.others))})=)")

    @cached_property
    def manner(self) -> Manner:
        """How the lines of common shapes are written."""
        client = self.bare if self.escapes == "none" else ()
        known = (*self.keys, *self.others)
        return Manner(self.keys, self.is_harmless, self.escapes, client, known, self.opening, self.ending)

    def is_harmless(self, pairs: tuple[Pair, ...]) -> bool:
        """Whether none of `ahead` comes late, and a client's bare value ends at a known key.

        In quotes it ends at these, as it does where lines are read one by one.
        """
        names = [pair.key for pair in pairs]
        spoke = next((at for at, name in enumerate(names) if name in self.client), len(names))
        late = (set(names[spoke:]) - set(names[:spoke])) & set(self.ahead)
        bare = [(pair, after) for pair, after in zip(pairs, [*names[1:], ""], strict=True) if pair.key in self.bare]
        known = all(not pair.words or after in ("", *self.keys, *self.others) for pair, after in bare)
        ended = not self.after or not pairs[-1].words
        return known and ended and not late

    def is_plain(self) -> pl.Expr:
        """Whether a line (with a blank before it) can be read by its keys."""
        text, keys = pl.col("text"), _any_of(self.keys)
        in_quotes = rf'^(?:[^"]*"[^"]*")*[^"]*"[^"]* (?:{keys})='
        late = rf"(?s) (?:{_any_of(self.client)})=.* (?:{_any_of(self.ahead)})="
        pairs = _PAIRS_UNESCAPED if self.escapes == "none" else _PAIRS
        plain = text.str.contains(f"^{self.before}{pairs}{self.after}$") & ~text.str.contains(late)
        plain &= ~text.str.contains(in_quotes)
        if self.escapes == "none":
            plain &= ~text.str.contains(rf" (?:{keys})='")
        follow = _any_of((*self.keys, *self.others))
        for key in self.bare:
            said_bare = f" {key}="
            ended = rf" {re.escape(key)}=[^ ]*(?: +(?:{follow})=| *$)"
            plain &= text.str.contains(ended) | ~text.str.contains(said_bare, literal=True)
        return plain & ~text.str.contains(_BARE_DOUBLE) if self.escapes == "undone" else plain


def _any_of(keys: tuple[str, ...]) -> str:
    return "|".join(re.escape(key) for key in keys)


def number(cell: pl.Expr) -> pl.Expr:
    """A whole number of at most eighteen digits without a sign; null for anything else."""
    # What begins with a digit and is a number to polars has no other signs; a pattern takes three times as long.
    digit = cell.is_between(pl.lit("0"), pl.lit(":"), "left")
    return pl.when(digit & (cell.str.len_bytes() <= _LONGEST_NUMBER)).then(cell).cast(pl.Int64, strict=False)


def faults(numbers: tuple[str, ...]) -> list[pl.Expr]:
    """`reason` and `detail` with what they said before, or that one of these columns is no number."""
    bad = [said(pl.col(name)).is_not_null() & number(pl.col(name)).is_null() for name in numbers]
    named = [
        pl.when(fault).then(pl.lit(f"{name} is not a whole number")) for name, fault in zip(numbers, bad, strict=True)
    ]
    # One expression for both, so that it is worked out once.
    detail = pl.coalesce(named)
    reason = pl.when(detail.is_not_null()).then(pl.lit("bad-number"))
    return [pl.coalesce("reason", reason).alias("reason"), pl.coalesce("detail", detail).alias("detail")]


def requested(line: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Method and address of a request such as `GET http://h/a b HTTP/1.1`; null where there are not two words."""
    words = line.str.splitn(" ", 2).struct
    address = words.field("field_1").str.replace(r" HTTP/[0-9]\.[0-9]$", "")
    return pl.when(address.is_not_null()).then(words.field("field_0")), address


def read(texts: pl.DataFrame, keyed: Keyed) -> pl.DataFrame:
    """The table of `keyed.schema` for each line of `texts` (`line`, `text`), in their order."""
    return unsorted(texts, keyed).sort("line")


def unsorted(texts: pl.DataFrame, keyed: Keyed) -> pl.DataFrame:
    """The same in no order."""
    usual, rest = shaped(texts.select("line", "text"), keyed.manner)
    careful = pl.DataFrame(schema=keyed.schema) if rest.is_empty() else of_any_shape(rest, keyed)
    return pl.concat([usual, careful], how="diagonal")


def of_any_shape(texts: pl.DataFrame, keyed: Keyed) -> pl.DataFrame:
    """The same for lines of any shape, the plain ones first."""
    spaced = texts.select("line", text=_with_blank(pl.col("text")))
    every = rf" (?:{_any_of(keyed.keys)})="
    told = pl.sum_horizontal(pl.col(key).is_not_null().cast(pl.UInt32) for key in keyed.keys)
    table = spaced.with_columns(
        *(value(key) for key in keyed.keys), plain=keyed.is_plain(), times=pl.col("text").str.count_matches(every)
    ).with_columns(plain=pl.col("plain") & (pl.col("times") == told))
    nothing = [pl.lit(None, dtype=pl.String).alias(name) for name in ("reason", "detail")]
    quick = table.filter("plain")
    if keyed.escapes == "undone" and quick.select(pl.col("text").str.contains(r"\\", literal=True).any()).item():
        quick = quick.with_columns(pl.col(keyed.keys).str.replace_all(r"\\", "\\", literal=True))
    quick = quick.select("line", *keyed.keys, *nothing)
    careful = _one_by_one(table.filter(~pl.col("plain")).select("line", "text"), keyed)
    return pl.concat([quick, careful])


def _with_blank(text: pl.Expr) -> pl.Expr:
    """A line with a blank before its first key: at its beginning, or behind the priority of syslog."""
    behind = text.str.replace(">", "> ", literal=True)
    return pl.when(text.str.starts_with("<")).then(behind).otherwise(pl.concat_str(pl.lit(" "), text))


def _one_by_one(lines: pl.DataFrame, keyed: Keyed) -> pl.DataFrame:
    """Cells or rejects of the lines that are not plain.

    A loop over rows, because quotes have to be followed from pair to pair; such lines are rare.
    """
    rows = [{"line": line, **followed(text, keyed)} for line, text in lines.iter_rows()]
    return pl.DataFrame(rows, schema=keyed.schema)


def followed(text: str, keyed: Keyed) -> dict[str, str]:
    """The wanted cells of one line by their keys, or `reason` and `detail`."""
    text = _between(text, keyed).rstrip(" \t")
    at, cells, client_spoke = 0, dict[str, str](), False
    while at < len(text):
        head = _HEAD.match(text, at)
        if head is None:
            return _reject("bad-field", f"no key=value at character {at}")
        key = head[1]
        given = _value_at(text, head.end(), key, keyed)
        if given is None:
            open_quote = (text.count('"', at) - text.count('\\"', at)) % 2
            return _reject("unclosed-quote" if open_quote else "bad-field", f"the quotes of {key} do not close")
        fault = _fault_of(key, given[0], cells, keyed, client_spoke=client_spoke)
        if fault:
            return _reject("bad-field", fault)
        if key in keyed.keys:
            cells.setdefault(key, given[0])
        client_spoke = client_spoke or key in keyed.client
        at = given[1]
    return cells


def _between(text: str, keyed: Keyed) -> str:
    """The pairs of a line, without what stands before and after them."""
    (headless,) = bare([text.lstrip(" ")])
    before = re.match(rf"{keyed.before}[ >\t](?={_KEY}=)", f" {headless}")
    pairs = headless[max(before.end() - 1, 0) :] if before else headless
    return re.sub(f"{keyed.after}$", "", pairs) if keyed.after else pairs


def _value_at(text: str, at: int, key: str, keyed: Keyed) -> tuple[str, int] | None:
    """A value and where it ends; none where its quotes do not close."""
    quoted = (_UNESCAPED if keyed.escapes == "none" else _QUOTED).match(text, at)
    if quoted:
        undone = _ESCAPE.sub(r"\1", quoted[1]) if keyed.escapes == "undone" else quoted[1]
        return undone, quoted.end()
    ends = keyed.known_next if key in keyed.bare else _NEXT
    following = ends.search(text, at)
    end = following.start() if following else len(text)
    bare = text[at:end]
    return None if '"' in bare and key not in keyed.bare else (bare, end)


def _fault_of(key: str, said_now: str, cells: dict[str, str], keyed: Keyed, *, client_spoke: bool) -> str:
    if key in keyed.keys and cells.get(key, said_now) != said_now:
        return f"says {key} twice and differently"
    if client_spoke and key in keyed.ahead and key not in cells:
        return f"says {key} only behind what the client sent, who may have written it"
    return ""


def _reject(reason: str, detail: str) -> dict[str, str]:
    return {"reason": reason, "detail": detail}
