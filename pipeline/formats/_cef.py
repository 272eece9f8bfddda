r"""Records in ArcSight's Common Event Format (CEF) become columns.

In: lines such as `Mar 15 16:07:32 host CEF:0|Vendor|Product|1.0|100|name|4|src=10.2.3.4 msg=two words request=/p?a\=1`,
whose product and keys a `Source` names. Whatever stands before `CEF:` is the carrier's, unless it holds a bar.
Out: one row for each line, with the header's `signature` and `name`, one column of text for each key (null where it is
not there, empty where it says nothing), and the reason and detail of a reject.

A value goes on to the next blank that a key and its `=` follow. In the header a bar and a backslash are escaped, in the
values `=` and a backslash (some products escape bars there, too). `\n` and `\r` stay as they are, since products that
escape nothing write names such as `SCHOOL\nbrown`. Products that leave `=` as it is are read as well: only a value with
a blank, a key and an `=` inside would end early, and where that key is one of `once`, it is said twice.
Refuses records of other products, headers with too few columns, and a key of `once` said twice and differently.
Source: Micro Focus, "Implementing ArcSight Common Event Format (CEF)", versions 0 and 1.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

import polars as pl

from pipeline.localtime import Running, from_written

if TYPE_CHECKING:
    from pipeline.formats import Declared

_VERSION: Final = r" ?[0-9](?:\.[0-9]{1,2})?"
_START: Final = rf"^[^|]*?CEF:{_VERSION}\|"
_HEADER: Final = ("cef", "vendor", "product", "version", "signature", "name", "severity", "extension")
_FIELD: Final = r"((?:[^|\\]|\\.)*)\|"
_CAREFUL: Final = re.compile(_START + _FIELD * 6 + "(.*)$", re.DOTALL)
_KEYISH: Final = r"[A-Za-z0-9_.-]"
#: A value goes on until a blank, the next key and its `=`.
_PAIR: Final = re.compile(rf" ({_KEYISH}+)=([^ ]*(?: (?!{_KEYISH}+=)[^ ]*)*)")
_TOO_SHORT: Final = "the CEF header has fewer than seven columns"
_ESCAPED: Final = r"\\([\\=|])"
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTH_NUMBERS: Final = {name: f"{number:02}" for number, name in enumerate(_MONTHS, 1)}
_MONTH_FIRST: Final = (
    r"^(?P<month>[A-Z][a-z]{2}) +(?P<day>[0-9]{1,2}) (?P<year>[0-9]{4}) "
    r"(?P<clock>[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?)(?P<zone> (?:GMT|UTC|Z|[+-][0-9]{2}:?[0-9]{2}))?$"
)


@dataclass(frozen=True)
class Source:
    """Whose records are wanted, and which keys of them."""

    #: Patterns for the header's vendor and product.
    vendor: str
    product: str
    keys: tuple[str, ...]
    #: Keys on which a row's meaning hangs; said twice and differently, the line was tampered with.
    once: tuple[str, ...]

    @property
    def ours(self) -> str:
        """A pattern for the beginning of the product's lines."""
        return rf"{_START}(?:{self.vendor})\|(?:{self.product})\|"

    @cached_property
    def schema(self) -> pl.Schema:
        """`line`, two columns of the header, the keys, `reason` and `detail`."""
        texts = ("signature", "name", *self.keys, "reason", "detail")
        return pl.Schema({"line": pl.Int64()} | dict.fromkeys(texts, pl.String()))

    def claims(self, first_lines: Sequence[str]) -> bool:
        """Most lines are records of the product."""
        shape = re.compile(self.ours)
        return sum(1 for line in first_lines if shape.match(line)) * 2 > len(first_lines)


def taken_apart(texts: pl.DataFrame, source: Source) -> pl.DataFrame:
    """The cells of each line, or the reason and detail of its reject, in the order of the lines (`Source.schema`)."""
    table = _header(texts)
    is_ours = table.select(_is_ours(source)).to_series()
    foreign = table.filter(~is_ours).select(
        "line", reason=pl.lit("not-this-format"), detail=pl.lit("is no CEF record of this product")
    )
    table = table.filter(is_ours)
    # Few lines hold escapes, and to undo them takes as long as all the rest.
    escaped = table.select(pl.col("extension").str.contains("\\", literal=True).fill_null(value=False)).to_series()
    read = pl.concat([_cells(table.filter(~escaped), source), _cells(table.filter(escaped), source, unescape=True)])
    odd = read.filter("odd").select("line", "text")
    rows = [read.filter(~pl.col("odd")), _one_by_one(odd, source), foreign]
    empty = pl.DataFrame(schema=source.schema)
    return pl.concat([empty, *rows], how="diagonal_relaxed").select(source.schema.names()).sort("line")


def _header(texts: pl.DataFrame) -> pl.DataFrame:
    """The columns of the header. The extension begins and ends with a blank, for the sake of `_value`."""
    record = pl.col("text").str.splitn("CEF:", 2).struct.field("field_1")
    columns = record.str.splitn("|", len(_HEADER)).struct.rename_fields(_HEADER)
    table = texts.with_columns(columns.alias("header")).unnest("header")
    extension = pl.col("extension").str.strip_chars_end(" \x00")
    return table.with_columns(extension=pl.concat_str(pl.lit(" "), extension, pl.lit(" ")))


def _is_ours(source: Source) -> pl.Expr:
    """Whether the header names the vendor and the product."""
    shapes = {"cef": _VERSION, "vendor": source.vendor, "product": source.product}
    named = pl.all_horizontal(pl.col(name).str.contains(f"^(?:{shape})$") for name, shape in shapes.items())
    return named.fill_null(value=False)


def _cells(table: pl.DataFrame, source: Source, *, unescape: bool = False) -> pl.DataFrame:
    """The cells of the lines; `odd` where they have to be followed from character to character."""
    # A bar that is escaped moved the columns behind it; a key that is there twice has to be looked at.
    moved = pl.any_horizontal(pl.col(name).str.ends_with("\\") for name in _HEADER[3:-1])
    once_each = rf" (?:{'|'.join(source.once)})="
    # A key of the CEF may be called like a column of the header.
    header = [pl.col(name).alias(f"_{name}") for name in ("signature", "name")]
    read = table.select(
        "line", "text", *header, *(_value(key, unescape=unescape) for key in source.keys),
        moved=moved.fill_null(value=False), once=pl.col("extension").str.count_matches(once_each),
        short=pl.col("extension").is_null(),
    ).rename({"_signature": "signature", "_name": "name"})  # fmt: skip
    said_once = pl.sum_horizontal(pl.col(key).is_not_null().cast(pl.UInt32) for key in source.once)
    return read.with_columns(
        odd=pl.col("moved") | (pl.col("once") != said_once).fill_null(value=False),
        reason=pl.when("short").then(pl.lit("missing-column")),
        detail=pl.when("short").then(pl.lit(_TOO_SHORT)),
    )


def _value(key: str, *, unescape: bool) -> pl.Expr:
    # Whole words, each with the blank behind it, so that the next key is not among them. The whole match and not a
    # group of it: that takes half the time.
    words = pl.col("extension").str.extract(
        rf" {key}=[^ ]* (?:(?:[^ =]*|=[^ ]*|{_KEYISH}*[^ =A-Za-z0-9_.-][^ ]*) )*", 0
    )
    said = words.str.strip_prefix(f" {key}=").str.strip_suffix(" ")
    return (said.str.replace_all(_ESCAPED, "$1") if unescape else said).alias(key)


def _one_by_one(lines: pl.DataFrame, source: Source) -> pl.DataFrame:
    """Lines with escaped bars in the header, or with a key said twice.

    A loop over rows, because escapes have to be followed from character to character; such lines are rare.
    """
    rows = [{"line": line, **_followed(text, source)} for line, text in lines.iter_rows()]
    return pl.DataFrame(rows, schema=source.schema)


def _followed(text: str, source: Source) -> dict[str, str]:
    parts = _CAREFUL.match(text)
    if parts is None:
        return {"reason": "missing-column", "detail": _TOO_SHORT}
    cells = {"signature": _plain(parts[4]), "name": _plain(parts[5])}
    for key, value in _PAIR.findall(" " + parts[7].rstrip(" \x00")):
        said = _plain(value)
        if key in source.once and cells.get(key, said) != said:
            return {"reason": "bad-field", "detail": f"says {key} twice and differently"}
        if key in source.keys:
            cells.setdefault(key, said)
    return cells


def _plain(value: str) -> str:
    return re.sub(_ESCAPED, r"\1", value)


def labelled(label: str, *names: str) -> pl.Expr:
    """The value of that one of `names` (`cs1`, `cs2` ...) whose column `...Label` says `label`; case does not count."""
    return pl.coalesce(
        pl.when(pl.col(f"{name}Label").str.to_lowercase() == label.lower()).then(pl.col(name)) for name in names
    )


def month_first(cell: pl.Expr) -> pl.Expr:
    """CEF's `Mar 15 2026 16:07:32.003 UTC` as `localtime.from_written` knows it; anything else as it is."""
    part = cell.str.extract_groups(_MONTH_FIRST).struct
    month = part.field("month").replace_strict(_MONTH_NUMBERS, default=None, return_dtype=pl.String)
    day = part.field("day").str.zfill(2)
    date = pl.concat_str(part.field("year"), pl.lit("-"), month, pl.lit("-"), day, pl.lit(" "), part.field("clock"))
    return pl.coalesce(pl.concat_str(date, part.field("zone").fill_null("")), cell)


def timed(records: pl.DataFrame, declared: Declared, running: Running) -> tuple[pl.DataFrame, Running]:
    """Add `ts` and `ts_quality`, or `reason` and `detail`, from the column `rt`, in the order of the lines."""
    stamps = records.select(rt=month_first(pl.col("rt")).fill_null(""))["rt"]
    read, after = from_written(stamps, declared.timezone, declared.date_order, running)
    return pl.concat([records.drop("reason", "detail"), read], how="horizontal"), after
