"""Which header of an export holds which event column; the time may stand in several.

In: what a column map says of a column, `"Date/Time"` or `["Date", "Time"]`. Out: a `Header`, and for the readers one
name for each single header: of several of the time the first is `ts`, those after it `ts 2`, `ts 3` and so on, in the
order in which their cells are joined. A list of one is that one. Refuses, with `ValueError`, an empty list, and what is
no text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

Header = str | tuple[str, ...]
#: Event column and header, in the order of a map.
Columns = tuple[tuple[str, Header], ...]

_TIME: Final = "ts"


def as_header(value: object) -> Header:
    """What is written in TOML as a header. Raises `ValueError`."""
    if isinstance(value, str):
        return value
    if not isinstance(value, list | tuple) or not value or not all(isinstance(each, str) for each in value):
        raise ValueError('write one header in quotes or, where date and time stand apart, a list: ["Date", "Time"]')
    return value[0] if len(value) == 1 else tuple(value)


def as_headers(table: Mapping[str, object]) -> dict[str, Header]:
    """`as_header` of each column of a table."""
    return {name: as_header(value) for name, value in table.items()}


def each_of(header: Header) -> tuple[str, ...]:
    """The single headers."""
    return (header,) if isinstance(header, str) else header


def spread(columns: Iterable[tuple[str, Header]]) -> dict[str, str]:
    """One name for each single header, those of one column one behind the other."""
    return {
        f"{name} {at}" if at > 1 else name: each
        for name, header in columns
        for at, each in enumerate(each_of(header), 1)
    }


def is_time(name: str) -> bool:
    """Whether a name that `spread` gave is that of the time, or of a part of it."""
    return name == _TIME or name.startswith(f"{_TIME} ")


def in_words(header: Header) -> str:
    """For people: `Date + Time`."""
    return " + ".join(each_of(header))
