r"""Records in ArcSight's Common Event Format (CEF) become columns.

In: lines such as `Mar 15 16:07:32 host CEF:0|Vendor|Product|1.0|100|name|4|src=10.2.3.4 msg=two words request=/p?a\=1`,
whose product and keys a `Source` names. Whatever stands before `CEF:` is the carrier's, unless it holds a bar.
Out: one row for each line, with the header's `signature` and `name`, one column of text for each key (null where it is
not there, empty where it says nothing), the whole line as `text`, and the reason and detail of a reject.

A value goes on to the next blank that a key and its `=` follow. In the header a bar and a backslash are escaped, in the
values `=` and a backslash (some products escape bars there, too). `\n` and `\r` stay as they are, since products that
escape nothing write names such as `SCHOOL\nbrown`. Products that leave `=` as it is are read as well: only a value with
a blank, a key and an `=` inside would end early, and where that key is one of `once`, it is said twice.
Refuses records of other products, headers with too few columns, a key of `once` said twice and differently, and one
that should stand ahead and stands only behind what a client sent.
Source: Micro Focus, "Implementing ArcSight Common Event Format (CEF)", versions 0 and 1.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final

import polars as pl

from pipeline.formats._carriers import uncarried
from pipeline.formats._cells import divided
from pipeline.formats._equals import shaped
from pipeline.formats._worded import Order, followed, late_refused, value
from pipeline.times.monthnames import from_named_month

if TYPE_CHECKING:
    from pipeline.formats import Declared
    from pipeline.times.localtime import Running

_VERSION: Final = r" ?[0-9](?:\.[0-9]{1,2})?"
#: What stands before the first bar, whatever a carrier has put before it.
_BEGINNING: Final = rf"CEF:{_VERSION}$"
_START: Final = rf"^[^|]*?CEF:{_VERSION}\|"
_HEADER: Final = ("cef", "vendor", "product", "version", "signature", "name", "severity", "extension")
_FIELD: Final = r"((?:[^|\\]|\\.)*)\|"
_CAREFUL: Final = re.compile(_START + _FIELD * 6 + "(.*)$", re.DOTALL)
_TOO_SHORT: Final = "the CEF header has fewer than seven columns"
_ESCAPED: Final = r"\\([\\=|])"

#: A key of the CEF may be called like a column of the header, so those wait under other names.
_IN_PLACE: Final = {"_signature": "signature", "_name": "name"}
_ASIDE: Final = [pl.col(name).alias(aside) for aside, name in _IN_PLACE.items()]


@dataclass(frozen=True)
class Source:
    """Whose records are wanted, and which keys of them."""

    #: Patterns for the header's vendor and product.
    vendor: str
    product: str
    keys: tuple[str, ...]
    #: Keys on which a row's meaning hangs; said twice and differently, the line was tampered with.
    once: tuple[str, ...]
    order: Order = field(default_factory=Order)

    @property
    def ours(self) -> str:
        """A pattern for the beginning of the product's lines."""
        return rf"{_START}(?:{self.vendor})\|(?:{self.product})\|"

    @cached_property
    def schema(self) -> pl.Schema:
        """`line`, two columns of the header, the keys, `reason` and `detail`."""
        texts = ("text", "signature", "name", *self.keys, "reason", "detail")
        return pl.Schema({"line": pl.Int64()} | dict.fromkeys(texts, pl.String()))

    def claims(self, first_lines: Sequence[str]) -> bool:
        """Most lines are records of the product."""
        shape = re.compile(self.ours)
        return sum(1 for line in first_lines if shape.match(line)) * 2 > len(first_lines)


def taken_apart(texts: pl.DataFrame, source: Source) -> pl.DataFrame:
    """The cells of each line, or the reason and detail of its reject, in the order of the lines (`Source.schema`)."""
    table = headed(uncarried(texts))
    is_ours = table.select(_is_ours(source)).to_series()
    foreign = table.filter(~is_ours).select(
        "line", reason=pl.lit("not-this-format"), detail=pl.lit("is no CEF record of this product")
    )
    done, rest = usual(table.filter(is_ours), source)
    careful = pl.DataFrame(schema=source.schema) if rest.is_empty() else of_any_shape(rest, source)
    return pl.concat([careful, done, foreign], how="diagonal").sort("line")


def usual(table: pl.DataFrame, source: Source) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The cells of the lines of common shapes, and the other lines."""
    plain, odd = divided(table, ~_is_moved() & pl.col("extension").is_not_null())
    done, left = shaped(plain.select("line", *_ASIDE, "extension", "text"), source.keys, source.order)
    cells, escaped = done.drop("extension").rename(_IN_PLACE), done["extension"].str.contains("\\", literal=True)
    undone = cells.filter(escaped)
    marked = [key for key in source.keys if undone[key].str.contains("\\", literal=True).any()]
    undone = undone.with_columns(_unescaped(undone[key]) for key in marked)
    rest = pl.concat([odd, plain.join(left.select("line"), on="line", how="semi")])
    return pl.concat([cells.filter(~escaped), undone]), rest


def of_any_shape(table: pl.DataFrame, source: Source) -> pl.DataFrame:
    """The same for lines of any shape, taken apart as far as `headed` does."""
    # For the sake of `value` they begin and end with a blank.
    extension = pl.concat_str(pl.lit(" "), pl.col("extension").str.strip_chars_end(" \x00"), pl.lit(" "))
    table = table.with_columns(extension=extension)
    twice = pl.any_horizontal(_times(key) > 1 for key in source.once).fill_null(value=False)
    odd, plain = divided(table, _is_moved() | twice)
    # Few lines hold escapes, and to undo them takes as long as all the rest.
    escaped, others = divided(plain, pl.col("extension").str.contains("\\", literal=True).fill_null(value=False))
    read = [_cells(some, source, unescape=some is escaped) for some in (others, escaped) if some.height]
    rows = [*read, _one_by_one(odd.select("line", "text"), source)]
    together = pl.concat([pl.DataFrame(schema=source.schema), *rows], how="diagonal_relaxed")
    return late_refused(together.select(source.schema.names()), table.select("line", "extension"), source.order)


def headed(texts: pl.DataFrame) -> pl.DataFrame:
    """The columns of the header, and behind them the pairs."""
    columns = pl.col("text").str.splitn("|", len(_HEADER)).struct.rename_fields(_HEADER)
    return texts.with_columns(columns.alias("header")).unnest("header")


def _is_ours(source: Source) -> pl.Expr:
    """Whether the header names the vendor and the product."""
    shapes = {"cef": _BEGINNING, "vendor": f"^(?:{source.vendor})$", "product": f"^(?:{source.product})$"}
    return pl.all_horizontal(pl.col(name).str.contains(shape) for name, shape in shapes.items()).fill_null(value=False)


def _cells(table: pl.DataFrame, source: Source, *, unescape: bool = False) -> pl.DataFrame:
    """The cells of lines that need not be followed from character to character."""
    short = pl.col("extension").is_null()
    cells = [_cell(key, unescape=unescape) for key in source.keys]
    reason, detail = (pl.when(short).then(pl.lit(text)) for text in ("missing-column", _TOO_SHORT))
    read = table.select("line", "text", *_ASIDE, *cells, reason=reason, detail=detail)
    return read.rename(_IN_PLACE)


def _times(key: str) -> pl.Expr:
    return pl.col("extension").str.count_matches(f" {key}=", literal=True)


def _unescaped(cells: pl.Series) -> pl.Series:
    """Without their escapes; to look for two of them takes a fraction of the time of the pattern for all three."""
    if cells.str.contains(r"\\", literal=True).any():
        return cells.str.replace_all(_ESCAPED, "$1")
    return cells.str.replace_all(r"\=", "=", literal=True).str.replace_all(r"\|", "|", literal=True)


def _is_moved() -> pl.Expr:
    """Whether a bar that is escaped moved the columns behind it."""
    return pl.any_horizontal(pl.col(name).str.ends_with("\\") for name in _HEADER[3:-1]).fill_null(value=False)


def _cell(key: str, *, unescape: bool) -> pl.Expr:
    said = value("extension", key)
    return said.str.replace_all(_ESCAPED, "$1") if unescape else said


def _one_by_one(lines: pl.DataFrame, source: Source) -> pl.DataFrame:
    """Lines with escaped bars in the header, or with a key said twice.

    A loop over rows, because escapes have to be followed from character to character; such lines are rare.
    """
    rows = [{"line": line, "text": text, **_followed(text, source)} for line, text in lines.iter_rows()]
    return pl.DataFrame(rows, schema=source.schema)


def _followed(text: str, source: Source) -> dict[str, str]:
    parts = _CAREFUL.match(text)
    if parts is None:
        return {"reason": "missing-column", "detail": _TOO_SHORT}
    cells = followed(" " + parts[7].rstrip(" \x00"), source.keys, source.once)
    named = {"signature": parts[4], "name": parts[5]} | cells
    return {key: _plain(said) for key, said in named.items()}


def _plain(value: str) -> str:
    # Few values hold an escape, and to look for a backslash takes a tenth of the time.
    return re.sub(_ESCAPED, r"\1", value) if "\\" in value else value


def labelled(label: str, *names: str) -> pl.Expr:
    """The value of that one of `names` (`cs1`, `cs2` ...) whose column `...Label` says `label`; case does not count."""
    return pl.coalesce(
        pl.when(pl.col(f"{name}Label").str.to_lowercase() == label.lower()).then(pl.col(name)) for name in names
    )


def timed(records: pl.DataFrame, declared: Declared, running: Running) -> tuple[pl.DataFrame, Running]:
    """Add `ts` and `ts_quality`, or `reason` and `detail`, from the column `rt`, in the order of the lines."""
    read, after = from_named_month(records["rt"], declared.timezone, declared.last_change, running)
    return pl.concat([records.drop("reason", "detail"), read], how="horizontal"), after
