r"""JSON lines of one make, read many at once.

In: lines that each begin like a JSON object, and where in it the wanted values stand. Out: the columns of text of the
lines that could be read so, and all other lines, for the readers of `_json`. Refuses nothing.

A product writes the same value always as a text, always as a whole number, or always as `true` and `false`. How, some
of the lines show. Arrow is told so, and fails where a line does otherwise, says a wanted key twice, has a list or an
object where a text is wanted, or is damaged; then all lines of that piece are left. What it would read and should not,
is left before: `NaN`, `-0`, two objects in one line. Fractions and texts that are elements of lists are never read so.
Source: RFC 8259; what Arrow's reader of JSON was seen to do.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Final

import polars as pl
import pyarrow as pa

Steps = tuple[str | int, ...]
#: The keys of an object, or an element of a list; what each holds: a kind of value, or keys again.
Tree = dict[str | int, Any]
#: What is wanted of one element of a list is read of all.
_ELEMENT: Final = 0

#: Kind of value -> as Arrow calls it, and what it cannot begin with.
_KINDS: Final[dict[type, tuple[pa.DataType, str]]] = {
    str: (pa.string(), r'[^"n\s]'), int: (pa.int64(), r"[^-0-9n\s]"), bool: (pa.bool_(), r"[^tfn\s]"),
}  # fmt: skip
#: No object can go on over the end of a line that ends with one, since a bracket cannot follow it.
_WHOLE: Final = r"\}[ \t\r]*$"
_MISREAD: Final = r"(?:NaN|Inf(?:inity)?|-0)\s*[,}\]]"
#: So many lines show how values are written.
_LOOKED_AT: Final = 100
#: So many lines are left for one that is odd.
_PIECE: Final = 5_000
#: After so many pieces in vain the others are not tried.
_PATIENCE: Final = 2


def alike(lines: pl.DataFrame, places: Mapping[str, Steps]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The wanted columns, with `line`, of the lines that are like the others, in order; and the lines that are left."""
    none = pl.DataFrame(schema={"line": pl.Int64(), **dict.fromkeys(places, pl.String())})
    if any(isinstance(place[-1], int) for place in places.values()):
        return none, lines
    kinds, misfits = _written(lines, places)
    tree = _tree({place: _KINDS[kind][0] for place, kind in kinds.items()})
    if not tree:
        return none, lines
    text = pl.col("text").str
    odd = pl.any_horizontal(text.contains(each) for each in [_MISREAD, "\n", *misfits])
    fits = lines.select(text.contains(_WHOLE) & ~odd).to_series()
    fit, others = (lines, lines.clear()) if fits.all() else (lines.filter(fits), lines.filter(~fits))
    tables, read, left = list[pa.Table](), list[pl.DataFrame](), [others]
    for piece in fit.iter_slices(_PIECE):
        table = None if len(left) - len(read) > _PATIENCE else _table(piece["text"], _schema(tree))
        (left if table is None else read).append(piece)
        tables += [] if table is None else [table]
    if not read:
        return none, lines
    cells = pl.DataFrame(pa.concat_tables(tables)).select(_cell(place).alias(name) for name, place in places.items())
    return pl.concat(read).select("line").hstack(cells), pl.concat(left)


def _written(lines: pl.DataFrame, places: Mapping[str, Steps]) -> tuple[dict[Steps, type], list[str]]:
    """How the value at each place is mostly written, and patterns of lines that do it differently; nothing where a
    value is written in none of the known ways."""
    every = max(1, -(-lines.height // _LOOKED_AT))
    some = [record for text in lines["text"].gather_every(every) if (record := _decoded(text)) is not None]
    kinds, misfits = dict[Steps, type](), list[str]()
    for place in places.values():
        seen = Counter(type(value) for record in some if (value := _at(record, place)) is not None)
        if float in seen or not seen.keys() <= _KINDS.keys():
            return {}, []
        kinds[place] = seen.most_common(1)[0][0] if seen else str
        if len(seen) > 1:
            misfits.append(rf'"{re.escape(str(place[-1]))}"\s*:\s*{_KINDS[kinds[place]][1]}')
    return kinds, misfits


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _at(record: Any, place: Steps) -> Any:
    for step in place:
        if isinstance(step, str):
            record = record.get(step) if isinstance(record, dict) else None
        else:
            record = record[step] if isinstance(record, list) and step < len(record) else None
    return record


def _tree(kinds: Mapping[Steps, pa.DataType]) -> Tree:
    """The wanted keys as they stand in each other; nothing where one of them is wanted whole and in parts, or holds now
    a list and now an object."""
    tree: Tree = {}
    for place, kind in sorted(kinds.items(), key=lambda each: len(each[0])):
        inner = tree
        for step, following in pairwise(place):
            inner = inner.setdefault(step if isinstance(step, str) else _ELEMENT, {})
            if not isinstance(inner, dict) or any(isinstance(key, int) != isinstance(following, int) for key in inner):
                return {}
        inner[place[-1]] = kind
    return tree


def _schema(tree: Tree) -> pa.Schema:
    return pa.schema([(str(key), _type(held)) for key, held in tree.items()])


def _type(held: Any) -> pa.DataType:
    if not isinstance(held, dict):
        return held
    if _ELEMENT in held:
        return pa.list_(_type(held[_ELEMENT]))
    return pa.struct([(key, _type(inner)) for key, inner in held.items()])


def _table(texts: pl.Series, schema: pa.Schema) -> pa.Table | None:
    """The wanted values of these lines, each as it is written mostly; none where one of the lines is odd."""
    from pyarrow import json as arrow

    written = texts.str.join("\n").to_arrow().buffers()[2]
    try:
        table = arrow.read_json(
            pa.BufferReader(written),
            read_options=arrow.ReadOptions(use_threads=False, block_size=max(1, written.size)),
            parse_options=arrow.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore"),
        )
    except pa.ArrowInvalid:
        return None
    return table if table.num_rows == len(texts) else None


def _cell(place: Steps) -> pl.Expr:
    cell = pl.col(str(place[0]))
    for step in place[1:]:
        cell = cell.struct.field(step) if isinstance(step, str) else cell.list.get(step, null_on_oob=True)
    return cell.cast(pl.String)
