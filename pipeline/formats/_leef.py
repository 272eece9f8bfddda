r"""Records in IBM's Log Event Extended Format (LEEF) become columns.

In: lines such as `Mar 15 16:07:32 host LEEF:1.0|Vendor|Product|8.5|event|src=10.2.3.4<tab>usrName=dee<tab>...`, whose
product and keys a `Source` names. Version 2.0 names in a sixth column of the header what parts the pairs; only tabs
are read (`x09`, `0x09`, a tab, or nothing). A tab may have become `#011` on its way through syslog, and a blank may
stand behind `LEEF:`.
Out: one row for each line, with the header's `event`, one column of text for each key (null where it is not there,
empty where it says nothing), the whole line as `text`, and the reason and detail of a reject.
Nothing is escaped: a pair ends where the separator stands. So lines with the same keys in the same order are cut there
once (`usual`), and all others are searched for each key. Refuses records of other products, headers with too few
columns, and records with a key of `once` said twice, or with one that should stand ahead and stands only behind what a
client sent.
Source: IBM, "QRadar LEEF Guide", versions 1.0 and 2.0.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from pipeline.formats._alike import common
from pipeline.formats._carriers import uncarried
from pipeline.formats._cut import Keys, Shape, by_marks, cut
from pipeline.formats._worded import Order, late_refused

_START: Final = r"^[^|]*?LEEF: ?[12]\.[0-9]\|"
_HEADER: Final = ("version", "vendor", "product", "release", "event", "pairs")
_TAB: Final = r"^(?:0?x0?9|\t|#011)?\|"
_KEY: Final = re.compile("[A-Za-z][A-Za-z0-9_.-]*")
_KEPT: Final = ("line", "text", "event")
#: A line with more pairs is none of a product's, and takes long to be compared with.
_MOST_PAIRS: Final = 200


@dataclass(frozen=True)
class Source:
    """Whose records are wanted, and which keys of them."""

    #: Patterns for the header's vendor and product.
    vendor: str
    product: str
    keys: tuple[str, ...]
    #: Keys on which a row's meaning hangs.
    once: tuple[str, ...]
    order: Order = field(default_factory=Order)

    @property
    def ours(self) -> str:
        """A pattern for the beginning of the product's lines."""
        return rf"{_START}(?:{self.vendor})\|(?:{self.product})\|"

    def claims(self, first_lines: Sequence[str]) -> bool:
        """Most lines are records of the product."""
        shape = re.compile(self.ours)
        return sum(1 for line in first_lines if shape.match(line)) * 2 > len(first_lines)


def taken_apart(texts: pl.DataFrame, source: Source) -> pl.DataFrame:
    """The cells of each line, or the reason and detail of its reject, in the order of the lines."""
    texts = uncarried(texts)
    is_ours = texts.select(pl.col("text").str.contains(source.ours)).to_series()
    record = pl.col("text").str.splitn("LEEF:", 2).struct.field("field_1")
    columns = record.str.splitn("|", len(_HEADER)).struct.rename_fields(_HEADER)
    table = texts.filter(is_ours).with_columns(columns.alias("header"))
    table = table.unnest("header").with_columns(pairs=_by_tabs())
    done, rest = _usual(table, source)
    read = pl.concat([done, _of_any_shape(rest, source)], how="diagonal")
    foreign = texts.filter(~is_ours).select(
        "line", reason=pl.lit("not-this-format"), detail=pl.lit("is no LEEF record of this product")
    )
    return pl.concat([read, foreign], how="diagonal_relaxed").sort("line")


def _usual(table: pl.DataFrame, source: Source) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The cells of the lines of common shapes, and the other lines."""
    often = common(table["pairs"].drop_nulls(), {"=[^\t]*": "="}, lambda pairs: keys_of(pairs.split("\t")))
    shapes = [shape for shape in often if is_harmless(shape, source)]
    kept = [pl.col(name) for name in _KEPT]
    readers = [
        by_marks(Shape(marks(shape), no_pairs(shape, source.keys), [*kept, *values(shape, source.keys)]))
        for shape in shapes
    ]
    found, rest = cut(table, "pairs", "\t", readers)
    nothing = [pl.lit(None, pl.String).alias(key) for key in source.keys]
    return pl.concat([table.clear().select(*_KEPT, *nothing), *found], how="diagonal"), rest


def keys_of(pieces: list[str]) -> Keys:
    """The key of each piece of a line; empty where there is none."""
    apart = (piece.partition("=") for piece in pieces)
    return tuple(key if equals and _KEY.fullmatch(key) else "" for key, equals, _ in apart)


def is_harmless(shape: Keys, source: Source) -> bool:
    """Whether there are wanted keys, none of them twice, and none of those ahead behind what a client sent."""
    wanted = [key for key in shape if key in source.keys]
    spoke = next((at for at, key in enumerate(shape) if key in source.order.client), len(shape))
    late = set(shape[spoke:]) & set(source.order.ahead)
    return bool(wanted) and len(wanted) == len(set(wanted)) and not late and len(shape) <= _MOST_PAIRS


def marks(shape: Keys) -> list[str]:
    """What the pieces of a line of that shape begin with."""
    return [f"{key}=" if key else "" for key in shape]


def no_pairs(shape: Keys, keys: tuple[str, ...], first: int = 0) -> list[pl.Expr]:
    """Whether pieces without a key, from the `first` on, are no pairs with one of `keys`."""
    pair = rf"^(?:{'|'.join(keys)}) ?="
    nameless = [place for place, key in enumerate(shape) if place >= first and not key]
    return [~pl.col(f"field_{place}").str.contains(pair) for place in nameless]


def values(shape: Keys, keys: tuple[str, ...], held: str = "") -> list[pl.Expr]:
    """The values of these keys in a line of that shape; with `held` each goes on, behind it, to the next key."""
    named = [place for place, key in enumerate(shape) if key]
    found = []
    for place, end in zip(named, [*named[1:], len(shape)], strict=True):
        if (key := shape[place]) in keys:
            first, *more = (pl.col(f"field_{at}") for at in range(place, end))
            value = first.str.strip_prefix(f"{key}=")
            found.append((pl.concat_str([value, *more], separator=held) if held and more else value).alias(key))
    return found


def _of_any_shape(table: pl.DataFrame, source: Source) -> pl.DataFrame:
    """The cells of all other lines."""
    once_each = rf"\t(?:{'|'.join(source.once)})="
    cells = table.with_columns(_value(key) for key in source.keys)
    found = pl.sum_horizontal(pl.col(key).is_not_null().cast(pl.UInt32) for key in source.once)
    short = pl.col("pairs").is_null()
    twice = (pl.col("pairs").str.count_matches(once_each) != found).fill_null(value=False)
    read = cells.select(
        *_KEPT, *source.keys,
        reason=pl.when(short).then(pl.lit("missing-column")).when(twice).then(pl.lit("bad-field")),
        detail=pl.when(short).then(pl.lit("the LEEF header has fewer than five columns"))
        .when(twice).then(pl.lit(f"says one of {', '.join(source.once)} twice")),
    )  # fmt: skip
    return late_refused(read, table.select("line", "pairs"), source.order, "\t")


def _by_tabs() -> pl.Expr:
    """The pairs, each behind a tab."""
    pairs = pl.col("pairs").str.strip_chars_end(" \x00")
    bare = pl.when(pl.col("version").str.contains("^ ?2")).then(pairs.str.replace(_TAB, "")).otherwise(pairs)
    relayed = ~bare.str.contains("\t", literal=True) & bare.str.contains("#011", literal=True)
    tabs = pl.when(relayed).then(bare.str.replace_all("#011", "\t", literal=True)).otherwise(bare)
    return pl.concat_str(pl.lit("\t"), tabs)


def _value(key: str) -> pl.Expr:
    return pl.col("pairs").str.extract(rf"\t{key}=[^\t]*", 0).str.strip_prefix(f"\t{key}=").alias(key)
