r"""One JSON object a line becomes columns of text.

In: lines, and where in its object each wanted column stands: `http.url`, `dns.queries[0].rrname`, and with quotes for a
key that has dots of its own, `"id.orig_h"`. Out: one column of text for each, as the line has it: strings without their
escapes, numbers and `true` or `false` as they are written, null where there is nothing or a JSON null; and the reason
and detail of a reject.

Lines that differ in texts only are cut at their quotes (`_json_by_shape`), others that are much like each other are
taken apart by Arrow (`_json_by_arrow`), the other plain ones by DuckDB, many at once. A line of which it would make
something else than what is written goes to Python's reader: numbers with more digits than a double holds, or with a
zero at their end; half a surrogate pair (it stays as its escape); a raw control character in a string; what DuckDB
forgives (a comma too many, NaN).
Refused: a line that is no JSON object; a wanted key that is said twice and differently, on which no two readers agree;
a list or an object where a text is wanted, unless the column is one of `joined`, which gives the elements of a list.
Source: RFC 8259; what DuckDB 2.0 and Python's json were seen to do.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Final

import polars as pl

from pipeline.formats._cells import divided, in_order
from pipeline.formats._json_by_arrow import Steps, alike
from pipeline.formats._json_by_duckdb import asked
from pipeline.formats._json_by_shape import by_shape

_STEP: Final = re.compile(r'(?:"([^"\\]+)"|([^".\[\]\\]+))((?:\[[0-9]{1,4}\])*)(?:\.(?!$)|$)')
_PLACE: Final = re.compile(r"\[([0-9]+)\]")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
#: A number that a double does not give back as it is written.
_NUMBER: Final = (
    r"-?(?:[0-9]+(?:[eE]|\.(?:[0-9]*[eE]|[0-9]{7}|[0-9]+0\s*[,}\]]))"
    r"|(?:[0-9]{11}|[4-9][0-9]{9})[0-9]*\.|0\.000)|-0\s*[,}\]]"
)
#: What DuckDB forgives.
_FORGIVEN: Final = r"[:,\[]\s*-?(?i:nan|inf|infinity)\s*[,}\]]|,\s*[}\]]"
#: An escape in a key may hide that it is said twice.
_ESCAPED_KEY: Final = r'\\u[0-9A-Fa-f]{4}(?:[^"\\]|\\.)*"\s*:'
#: The beginning of a list of objects, in one line or in many.
_LIST: Final = r"^\s*\[\s*(?:\{|$)"
_IS_LIST: Final = "is a list of JSON, where one object a line is wanted: `jq -c '.[]' FILE` makes that of it"
_FEW: Final = 300


class _Twice:
    """Stands for the value of a key that is said twice and differently."""


class _Spread:
    """Stands for a list or an object where a text is wanted."""


def fields(texts: pl.DataFrame, wanted: Mapping[str, str], joined: Sequence[str] = ()) -> pl.DataFrame:
    """The wanted columns of each line, in the order of the lines.

    `texts` holds `line` and `text`, in order; `wanted` says of each column where it stands, as `steps` reads it; no
    column can be called `line`, `reason` or `detail`. In the columns of `joined` a list of texts and numbers may stand;
    it gives its elements with a comma and a blank between them. The result holds `line`, the columns, `reason` (one of
    `schema.REJECT_REASONS`, null where the line could be read) and `detail`. Pure; raises nothing, whatever the text.
    """
    return in_order(unsorted(texts, wanted, joined))


def unsorted(texts: pl.DataFrame, wanted: Mapping[str, str], joined: Sequence[str] = ()) -> pl.DataFrame:
    """The same in no order."""
    places = {name: steps(path) for name, path in wanted.items()}
    ours, others = divided(texts.select("line", "text"), pl.col("text").str.contains(r"^\s*\{"))
    detail = pl.when(pl.col("text").str.contains(_LIST)).then(pl.lit(_IS_LIST)).otherwise(pl.lit("is no JSON object"))
    foreign = others.select("line", reason=pl.lit("not-this-format"), detail=detail)
    read = _one_by_one(ours, places, joined) if ours.height < _FEW else _at_once(ours, places, joined)
    return pl.concat([read, foreign], how="diagonal") if foreign.height else read


def steps(path: str) -> Steps:
    """The keys and places in lists of a path such as `dns.queries[0].rrname`. Raises `ValueError` for what is none."""
    found: list[str | int] = []
    at = 0
    while at < len(path) or not path:
        step = _STEP.match(path, at)
        if step is None:
            raise ValueError(f"{path!r} is no path of keys such as 'http.url', 'list[0].name' or '\"a.key\".name'")
        found.append(step[1] or step[2])
        found.extend(int(place) for place in _PLACE.findall(step[3]))
        at = step.end()
    return tuple(found)


def _at_once(lines: pl.DataFrame, places: Mapping[str, Steps], joined: Sequence[str]) -> pl.DataFrame:
    """What `_one_by_one` gives, for many lines, in no order."""
    shaped, rest = by_shape(lines, tuple(places), lambda text: _followed(text, places, joined))
    # A few are sooner read one by one than it is found out how they are written, or DuckDB asked.
    quick, others = alike(rest, places) if rest.height >= _FEW else (shaped.clear(), rest)
    slow = _one_by_one(others, places, joined) if others.height < _FEW else _by_duckdb(others, places, joined)
    return pl.concat([slow, shaped, quick], how="diagonal")


def _by_duckdb(lines: pl.DataFrame, places: Mapping[str, Steps], joined: Sequence[str]) -> pl.DataFrame:
    """The same for lines that are not like each other."""
    odd = lines.filter(pl.col("text").str.contains(_odd(tuple(places.values()))))
    doubtful = odd.filter(_is_doubtful(odd["text"], tuple(places.values()))) if odd.height else odd
    sure = lines.filter(~pl.col("line").is_in(doubtful["line"].implode())) if doubtful.height else lines
    plain, unclear = _plain(sure, places, joined)
    careful = _one_by_one(pl.concat([doubtful, unclear]), places, joined)
    return pl.concat([careful, plain], how="diagonal")


@cache
def _odd(places: tuple[Steps, ...]) -> str:
    """Lines that are strange, or name one of the wanted keys more than once, at whatever depth."""
    keys = sorted({re.escape(step) for place in places for step in place if isinstance(step, str)})
    return "|".join([_strange(places), *(rf'"{key}"\s*:(?s:.*)"{key}"\s*:' for key in keys)])


@cache
def _strange(places: tuple[Steps, ...]) -> str:
    """Lines of which DuckDB would make something else than what is written."""
    last = "|".join(sorted({re.escape(_last_key(place)) for place in places}))
    number = rf'"(?:{last})"\s*:\s*(?:\[(?:(?s:.)*,)?\s*)?(?:{_NUMBER})'
    return f"{number}|{_FORGIVEN}|{_ESCAPED_KEY}"


def _last_key(place: Steps) -> str:
    return next(step for step in reversed(place) if isinstance(step, str))


def _is_doubtful(odd: pl.Series, places: tuple[Steps, ...]) -> pl.Series:
    """Which of the odd lines DuckDB may not read: the strange ones, and those with a key twice in one object."""
    parents = sorted({place[:at] for place in places for at in range(len(place))}, key=str)
    said_twice = pl.element().list.len() > pl.element().list.n_unique()
    keys = asked("json_keys", odd, parents).to_frame()
    twice = keys.select(pl.col("answer").list.eval(said_twice).list.any().fill_null(value=False)).to_series()
    return twice | odd.str.contains(_strange(places))


def _plain(sure: pl.DataFrame, places: Mapping[str, Steps], joined: Sequence[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The columns of the lines that DuckDB can read; and the lines that are damaged, or hold more than texts there."""
    answers = asked("json_extract_string", sure["text"], list(places.values()))
    cells = [pl.col("answer").list.get(at).alias(name) for at, name in enumerate(places)]
    table = sure.with_columns(answers).with_columns(cells)
    spread = table.select(_opens(pl.col(name)) for name in places)
    for name in joined:
        told = _elements(table.filter(spread[name])[name].unique())
        # A text that only looks like a list stays a text.
        is_list = (
            spread[name]
            & table["text"].str.contains(rf'"{re.escape(_last_key(places[name]))}"\s*:\s*\[')
            & table[name].is_in(list(told))
        )
        elements = pl.when(is_list).then(pl.col(name).replace(told)).otherwise(name)
        table = table.with_columns(elements.alias(name))
        spread = spread.with_columns((pl.col(name) & ~is_list).alias(name))
    unclear = table["answer"].is_null() | spread.select(pl.any_horizontal(pl.all())).to_series()
    # Most blocks have none, and to go without a copy of the columns is quicker.
    columns = table.select("line", *places)
    return columns.filter(~unclear) if unclear.any() else columns, table.filter(unclear).select("line", "text")


def _opens(cell: pl.Expr) -> pl.Expr:
    """Whether a cell begins like a list or an object; to compare is quicker than to look at how a text begins."""
    lists, objects = (cell.is_between(pl.lit(mark), pl.lit(beyond), "left") for mark, beyond in ("[\\", "{|"))
    return (lists | objects).fill_null(value=False)


def _elements(distinct: pl.Series) -> dict[str, str | None]:
    """The elements of each list as one text.

    A loop over distinct values: they are categories and types of content, so there are few.
    """
    read = {value: _as_text(_decoded(value), joined=True) for value in distinct.to_list()}
    return {value: text for value, text in read.items() if not isinstance(text, _Spread | _Twice)}


def _one_by_one(lines: pl.DataFrame, places: Mapping[str, Steps], joined: Sequence[str]) -> pl.DataFrame:
    """The columns, or reason and detail, of the other lines.

    A loop over rows, because each is odd in its own way; they are few.
    """
    rows = [{"line": line, **_followed(text, places, joined)} for line, text in lines.iter_rows()]
    return pl.DataFrame(rows, schema=_schema(places))


def _followed(text: str, places: Mapping[str, Steps], joined: Sequence[str]) -> dict[str, str | None]:
    try:
        record = _decoded(text)
    except json.JSONDecodeError as error:
        unclosed = error.msg.startswith("Unterminated string")
        return _refused("unclosed-quote" if unclosed else "bad-field", "is no whole JSON object: cut off or damaged")
    except RecursionError:
        return _refused("bad-field", "has objects in objects, too deep to be read")
    cells: dict[str, str | None] = {}
    for name, place in places.items():
        found = _as_text(_at(record, place), joined=name in joined)
        if isinstance(found, _Twice):
            return _refused("bad-field", f"says {_shown(place)} twice and differently")
        if isinstance(found, _Spread):
            return _refused("bad-field", f"has more than a text at {_shown(place)}")
        cells[name] = found
    return cells


def _decoded(text: str) -> Any:
    """What a JSON text holds, numbers as text; raises `JSONDecodeError` and `RecursionError`."""

    def refuse(word: str) -> None:
        raise json.JSONDecodeError(f"{word} is no JSON", text, 0)

    return json.loads(
        text, parse_int=str, parse_float=str, parse_constant=refuse, object_pairs_hook=_object, strict=False
    )


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        found[key] = value if found.get(key, value) == value else _Twice()
    return found


def _at(record: Any, place: Steps) -> Any:
    """The value at a place; null where there is none."""
    for step in place:
        if isinstance(record, dict) and isinstance(step, str):
            record = record.get(step)
        elif isinstance(record, list) and isinstance(step, int) and step < len(record):
            record = record[step]
        else:
            return record if isinstance(record, _Twice) else None
    return record


def _as_text(value: Any, *, joined: bool = False) -> str | _Twice | _Spread | None:
    if value is None or isinstance(value, _Twice):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # Text can hold no half of a surrogate pair.
        return _SURROGATE.sub(lambda half: f"\\u{ord(half[0]):04x}", value)
    if not joined or isinstance(value, dict):
        return _Spread()
    texts = [_as_text(element) for element in value]
    if any(isinstance(text, _Twice | _Spread) for text in texts):
        return _Spread()
    return ", ".join(str(text) for text in texts if text is not None) or None


def _refused(reason: str, detail: str) -> dict[str, str | None]:
    return {"reason": reason, "detail": detail}


def _shown(place: Steps) -> str:
    return ".".join(str(step) for step in place)


def _schema(columns: Iterable[str]) -> pl.Schema:
    return pl.Schema({"line": pl.Int64()} | dict.fromkeys((*columns, "reason", "detail"), pl.String()))
