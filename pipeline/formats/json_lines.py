"""Exports and feeds as JSON, one object a line, read by the names of their keys.

In: lines with one JSON object each, with or without a syslog header. Which key holds which event column is declared as
`columns`, with dots for a key inside another: `http.url`, `queries[0].name`, and in quotes for one with dots of its
own, `"id.orig_h"`; case counts. The vendor's words are declared as `verdicts`; `true` and `false` are words, too. Out:
the columns that the map names, with `ts_quality`, `verdict` and `kind`; a list in `vendor_category` gives its elements,
and of a time under several keys the texts are joined as the map names them.
Refuses: what is no JSON object, or says a wanted key twice and differently; an object or a list where a text is wanted;
a record that has none of the keys of its map beside the time (the map is for something else), unless the map has them
all as hidden; numbers that are none; and times as `writtentime.from_written` does.
Never recognised by itself: `--format json` or a source of school.toml must name it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import polars as pl

from pipeline.formats import Declared, Format, Parsed
from pipeline.formats._cells import blank_apart, divided, parted
from pipeline.formats._json import fields, steps
from pipeline.formats._mapped import event_columns, events
from pipeline.formats._maps import MAPPABLE
from pipeline.formats._shippers import BEGINS
from pipeline.formats._syslog import without_header
from pipeline.settings.headers import is_time, spread
from pipeline.times.localtime import Running

#: Docker's has but the line in it.
_SHIPPED: Final = rf'^\{{ ?"(?:{BEGINS.replace("|log", "", 1)})'


def claims(first_lines: Sequence[str]) -> bool:
    """Never: without its map an object says nothing."""
    del first_lines
    return False


def parse(lines: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read a block of records; see `Format.parse`. The carry is how the times have run."""
    texts, blank = blank_apart(lines.with_columns(pl.col("text").str.strip_prefix("\ufeff")))
    wanted = _wanted(declared)
    if "ts" not in wanted:
        mapless = texts.select("line", reason=pl.lit("missing-column"), detail=pl.lit("the source has no [columns]"))
        return parted(mapless, event_columns(()), [blank], carry)
    lists = ["vendor_category"] if "vendor_category" in wanted else []
    cells = _with_strangers(fields(_records(texts), wanted, lists), wanted, declared)
    refused = cells.filter(pl.col("reason").is_not_null()).select("line", "reason", "detail")
    whole = cells.filter(pl.col("reason").is_null()).select("line", *wanted)
    read, running = events(whole, declared, Running.from_text(carry))
    rows = pl.concat([read, refused], how="diagonal_relaxed")
    return parted(rows, event_columns(wanted), [blank], running.to_text())


def _records(texts: pl.DataFrame) -> pl.DataFrame:
    """The lines without headers, but for those of log shippers: what stands in such an object the map may name."""
    kept, others = divided(texts, pl.col("text").str.contains(_SHIPPED))
    return pl.concat([kept, without_header(others)]).sort("line") if kept.height else without_header(others)


def _wanted(declared: Declared) -> dict[str, str]:
    """Event column, or part of the time -> path.

    A path that is none is told before anything is read; here it finds nothing.
    """
    found: dict[str, str] = {}
    for name, path in spread(each for each in declared.columns if each[0] in MAPPABLE).items():
        try:
            steps(path)
        except ValueError:
            continue
        found[name] = path
    return found


def _with_strangers(cells: pl.DataFrame, wanted: Mapping[str, str], declared: Declared) -> pl.DataFrame:
    """Records without any of the keys are rejects: a map that fits nothing must not look like empty events."""
    needed = [name for name in wanted if not is_time(name) and name not in declared.hidden]
    if not needed:
        return cells
    none = pl.col("reason").is_null() & pl.all_horizontal(pl.col(name).is_null() for name in needed)
    listed = ", ".join(repr(wanted[name]) for name in needed)
    return cells.with_columns(
        reason=pl.when(none).then(pl.lit("missing-column")).otherwise("reason"),
        detail=pl.when(none).then(pl.lit(f"has none of {listed}")).otherwise("detail"),
    )


FORMAT: Final = Format(
    name="json",
    title="JSON lines with a map of their keys",
    document="https://jsonlines.org/",
    claims=claims,
    parse=parse,
    gives="what the map names; the time under one key, or the date under one and the time of day under another",
    cannot="anything without a map; an array of objects over several lines; a file in which day and month cannot be "
    "told apart",
)
