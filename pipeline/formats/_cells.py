"""What every format does with the cells of a line once they are apart.

In: expressions over text columns, and tables that hold an event or the reason of a reject in each row. Out: cells
with null for what the log does not say, and the events, rejects and skips of a block. Refuses nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from pipeline.formats import PARSE_REJECTS, PARSE_SKIPS, Parsed
from pipeline.schema import PARSED, STORED_EVENTS

#: Work of a page, not of a person: pictures, sound, film, typefaces, style sheets, scripts.
_BACKGROUND: Final = (
    r"(?i)^\s*(?:image/|audio/|video/|font/|text/css|text/javascript|application/(?:x-)?javascript|application/ecmascript"
    r"|application/(?:x-)?font-|application/vnd\.ms-fontobject|application/vnd\.apple\.mpegurl|application/dash\+xml"
    r"|application/ocsp-response|application/pkix-crl)"
)
_TYPES: Final = {name: STORED_EVENTS[name] for name in PARSED}


def said(cell: pl.Expr) -> pl.Expr:
    """The cell as written; null where it is empty or a dash."""
    return pl.when((cell != "") & (cell != "-")).then(cell)


def whole(cell: pl.Expr) -> pl.Expr:
    """A whole number; null for anything else."""
    return cell.cast(pl.Int64, strict=False)


def is_background(content_type: pl.Expr) -> pl.Expr:
    """Whether a content type is that of a page's parts; false where there is none."""
    return content_type.str.contains(_BACKGROUND).fill_null(value=False)


def blank_apart(lines: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The lines that say something, and the skips for those that do not."""
    speaks = lines["text"].str.contains(r"\S")
    if speaks.all():
        return lines, PARSE_SKIPS.to_frame()
    return lines.filter(speaks), skips(lines.filter(~speaks), "blank")


def divided(table: pl.DataFrame, ours: pl.Expr) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows of which it is true, and the others."""
    true = table.select(ours).to_series()
    if true.all():
        return table, table.clear()
    return (table.filter(true), table.filter(~true)) if true.any() else (table.clear(), table)


def skips(lines: pl.DataFrame, reason: str) -> pl.DataFrame:
    """`PARSE_SKIPS` of these lines."""
    return lines.select("line", pl.lit(reason).alias("reason")).cast(PARSE_SKIPS)


#: What is wrong with some rows, the reason, and a sentence as text or as a column.
Fault = tuple[pl.Expr, str, pl.Expr | str]


def refusal(faults: Sequence[Fault], others: tuple[pl.Expr, pl.Expr]) -> list[pl.Expr]:
    """`reason` and `detail` of the first of these faults that a row has; of `others` where it has none.

    Faults are in the order in which one would look.
    """
    reason, detail = others
    for fault, word, said_so in reversed(faults):
        sentence = pl.lit(said_so) if isinstance(said_so, str) else said_so
        reason = pl.when(fault).then(pl.lit(word)).otherwise(reason)
        detail = pl.when(fault).then(sentence).otherwise(detail)
    return [reason.alias("reason"), detail.alias("detail")]


def parted(read: pl.DataFrame, columns: Sequence[str], passed_over: Sequence[pl.DataFrame], carry: str = "") -> Parsed:
    """A block as `Parsed`, in the order of the lines.

    `read` holds `line`, `reason` (null for an event), `detail`, and any of the event columns named.
    """
    given = {name: pl.col(name) if name in read.columns else pl.lit(None) for name in columns}
    good, bad = divided(read, pl.col("reason").is_null())
    events = good.select(given[name].cast(_TYPES[name]).alias(name) for name in columns)
    rejects = bad.select(PARSE_REJECTS.names()).cast(PARSE_REJECTS)
    gathered = pl.concat([PARSE_SKIPS.to_frame(), *passed_over])
    return Parsed(in_order(events), in_order(rejects), in_order(gathered), carry)


def in_order(table: pl.DataFrame) -> pl.DataFrame:
    """The table in the order of its lines, in which it mostly is: to see that takes no time."""
    return table if table["line"].is_sorted() else table.sort("line")
