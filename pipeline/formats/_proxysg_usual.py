"""The columns of ProxySG's own access logs where no `#Fields:` says them: rows that came by syslog, one by one.

In: a row without its header. Out: what its `#Fields:` would say, where it fits `main` or `bcreportermain_v1` as the
appliance has them unless a school changes them. Each column of a number, an address or a fixed word must hold such,
so that a row fits one of them or none; later versions add columns at the end, which are not read. Refuses nothing.
Source: ProxySG's reference of access log formats; Blue Coat, "Creating Custom Access Log Formats".
"""

from __future__ import annotations

import re
from typing import Final

import polars as pl

_BEGINNING: Final = ("date", "time", "time-taken", "c-ip")
_ASKED: Final = ("sc-status", "s-action", "sc-bytes", "cs-bytes", "cs-method", "cs-uri-scheme", "cs-host")
_FILTERED: Final = ("x-exception-id", "sc-filter-result", "cs-categories", "cs(referer)", "sc-status", "s-action")
_URL: Final = ("cs-uri-scheme", "cs-host", "cs-uri-port", "cs-uri-path", "cs-uri-query")
_REPORTED: Final = (
    *_FILTERED, "cs-method", "rs(content-type)", *_URL, "cs-uri-extension", "cs(user-agent)", "s-ip", "sc-bytes",
    "cs-bytes",
)  # fmt: skip
_LAYOUTS: Final = (
    (
        *_BEGINNING, *_ASKED, "cs-uri-port", "cs-uri-path", "cs-uri-query", "cs-username", "cs-auth-group",
        "s-supplier-name", "rs(content-type)", "cs(referer)", "cs(user-agent)", "sc-filter-result", "cs-categories",
    ),
    (
        *_BEGINNING, *_ASKED, "cs-uri-path", "cs-uri-query", "cs-username", "s-hierarchy", "s-supplier-name",
        "rs(content-type)", "cs(user-agent)", "sc-filter-result", "sc-filter-category",
    ),
    (*_BEGINNING, "cs-username", "cs-auth-group", *_REPORTED),
    (
        *_BEGINNING, "cs-username", "cs-auth-group", "s-supplier-name", "s-supplier-ip", "s-supplier-country",
        "s-supplier-failures", *_REPORTED,
    ),
)  # fmt: skip

#: Behind the names of a row that may have more columns than these.
MORE: Final = "..."
_NUMBER: Final = "(?:[0-9]+|-)"
_VALUE: Final = '(?:"(?:[^"]|"")*"|[^" ][^ ]*)'
#: What a column must hold; any other holds a value, in quotes or not.
_SHAPES: Final = {
    "date": "[0-9]{4}-[0-9]{2}-[0-9]{2}", "time": r"[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?", "time-taken": "[0-9]+",
    "c-ip": r"(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)", "sc-status": "(?:[0-9]{1,3}|-)",
    "s-action": "(?:[A-Z][A-Z_]*|-)", "sc-bytes": _NUMBER, "cs-bytes": _NUMBER, "cs-method": "(?:[A-Za-z_-]+)",
    "cs-uri-scheme": '(?:"?[a-z]+"?|-)', "cs-uri-port": "(?:[0-9]{1,5}|-)", "cs-uri-path": r"(?:/[^ ]*|\*|-)",
    "sc-filter-result": "(?:OBSERVED|PROXIED|DENIED)", "rs(content-type)": '(?:"?[a-z]+/[^ "]*(?: [^"]*")?"?|-)',
    "cs(referer)": '(?:"?[a-z][a-z-]*:[^ ]*|-)', "cs(user-agent)": '(?:"(?:[^"]|"")*"|[A-Z][^" ]*|-)',
}  # fmt: skip
#: The look of a row -> its columns.
_LOOKS: Final = {
    "^" + " +".join(_SHAPES.get(name, _VALUE) for name in layout) + "(?: |$)": " ".join((*layout, MORE))
    for layout in _LAYOUTS
}
#: All of them begin with a date, a time, a number and an address.
_MAY_BE: Final = "^" + " +".join(_SHAPES[name] for name in _BEGINNING) + " "


def begins_as_usual(names: tuple[str, ...]) -> bool:
    """Whether a header names the columns of one of the layouts, whatever more it names."""
    return any(names[: len(layout)] == layout for layout in _LAYOUTS)


def is_usual(line: str) -> bool:
    """Whether a row has one of the looks."""
    return re.match(_MAY_BE, line) is not None and any(re.match(look, line) for look in _LOOKS)


def usual_fields(texts: pl.DataFrame) -> pl.DataFrame:
    """The known rows with `fields`, what a `#Fields:` would say of each, in no certain order."""
    rest = texts.filter(pl.col("text").str.contains(_MAY_BE))
    found = [rest.clear().with_columns(fields=pl.lit(""))]
    for look, names in _LOOKS.items():
        fits = rest["text"].str.contains(look)
        found.append(rest.filter(fits).with_columns(fields=pl.lit(names)))
        rest = rest.filter(~fits)
    return pl.concat(found)
