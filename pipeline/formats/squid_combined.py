r"""Squid's access log in the layouts of a web server: `access_log ... combined` and `common`.

    %>a %[ui %[un [%tl] "%rm %ru HTTP/%rv" %>Hs %<st "%{Referer}>h" "%{User-Agent}>h" %Ss:%Sh

In: lines such as `10.2.4.6 - dee [08/Sep/2025:09:05:01 +0100] "GET http://h/p HTTP/1.1" 200 504 "-" "Mozilla/5.0"
TCP_MISS:HIER_DIRECT`; `common` has no referrer and no user agent. With `log_mime_hdrs on` two pairs of brackets with
the headers follow. OPNsense's extended log is `combined` with the hardware address (`%>eui`) before the user, and its
JSON log is a layout as well, with keys around the values. With `log_fqdn on` (Squid up to 3.1) the client is a name.
The time is local with its offset, in JSON UTC, in whole seconds, and marks the end of the request.
Which of the layouts a line has is seen at its end and before its user. Squid escapes nothing between these quotes, so a
user agent may look like anything; a line that can be cut in two ways is refused, as is one that Squid cut off. The user
name is written with `%` for all but plain letters, and with doubled backslashes; that is undone. Out: `_COLUMNS`.
Source: Squid's documentation of `logformat`; what Squid 5.7 wrote; OPNsense's `squid.conf` for the
targets "File (extended)", "File (JSON)" and "Syslog (JSON)".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Final

import polars as pl

from pipeline.formats import Declared, Format, Parsed, _squid_json
from pipeline.formats._cells import blank_apart, divided, parted
from pipeline.formats._logformat import BUILT_IN, Code, pieces_of
from pipeline.formats._logformat_events import COLUMNS, events_of, wanted_of
from pipeline.formats._logformat_lines import Layout, cut, layout_of
from pipeline.formats._squid_json import BEGINNING
from pipeline.formats._syslog import bare, without_header
from pipeline.schema import STORED_EVENTS
from pipeline.times.localtime import Running

_HEADERS: Final = r"(?: \[[^\[\]]*\] \[[^\[\]]*\])"
_RESULT: Final = "[A-Z][A-Z0-9_]*:[A-Z][A-Z0-9_]*"
#: Whether a line is of `combined`, and whether the headers follow.
_IS_COMBINED: Final = rf'" {_RESULT}{_HEADERS}?$'
_HAS_HEADERS: Final = rf" {_RESULT}{_HEADERS}$"
#: A hardware address before the user: that of Ethernet, that which IPv6 has, or none known. No user holds a blank.
_EUI: Final = "(?:[0-9a-f]{2}(?::[0-9a-f]{2}){5}|[0-9a-f]{2}(?:-[0-9a-f]{2}){7}|-)"
_HAS_EUI: Final = rf"^\S+ \S+ {_EUI} \S+ \[[0-9]{{2}}/[A-Z][a-z]{{2}}/[0-9]{{4}}:"
#: To Squid a layout of the school's own: between its quotes it escapes.
_EXTENDED: Final = '%>a %[ui %>eui %[un [%tl] "%rm %ru HTTP/%rv" %>Hs %<st "%{Referer}>h" "%{User-Agent}>h" %Ss:%Sh'
_LAYOUTS: Final = BUILT_IN | {"extended": _EXTENDED}
#: A client that is a name: it has a letter, and no colon as an address might.
_IS_NAMED: Final = r"^[0-9.\-]*[A-Za-z_][A-Za-z0-9_.\-]* "
_BETWEEN: Final = '" "'
_UNCLEAR: Final = "has more than one place where a referrer could end and a user agent begin"
_SHAPE: Final = re.compile(
    r"[0-9A-Za-z_.:-]+ [^ \[][^\[]* \[[0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}(?::[0-9]{2}){3} [+-][0-9]{4}\] "
    rf'"[^" ]+ [^"]+" [0-9]{{1,3}} -?[0-9]+ (?:".*" )?{_RESULT}(?: \[|$)'
    rf"|{BEGINNING}"
)
_COLUMNS: Final = tuple(name for name in COLUMNS if name not in {"host", "content_type"})

_NOTHING: Final = pl.DataFrame(
    schema={name: STORED_EVENTS[name] for name in _COLUMNS} | {"reason": pl.String(), "detail": pl.String()}
)


def claims(first_lines: Sequence[str]) -> bool:
    """Most lines have a web server's columns and then Squid's result and hierarchy."""
    shaped = sum(1 for line in bare(first_lines) if _SHAPE.match(line))
    return shaped * 2 > len(first_lines)


@cache
def _layout(name: str, *, headers: bool, named: bool) -> Layout:
    spec = _LAYOUTS[name].replace("%>a", "%>A", 1) if named else _LAYOUTS[name]
    pieces = pieces_of(spec + (" [%>h] [%<h]" if headers else ""))
    return layout_of(pieces, wanted_of(piece for piece in pieces if isinstance(piece, Code)))


def parse(lines: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read a block of lines; see `Format.parse`. The lines say everything, so carry is unused."""
    texts, blank = blank_apart(lines)
    json, texts = divided(without_header(texts), pl.col("text").str.contains(f"^{BEGINNING}"))
    looks = texts.with_columns(_looks())
    # What stands once between referrer and user agent a client may have written again, and a status before it.
    twice = (pl.col("name") == "combined") & (pl.col("text").str.count_matches(_BETWEEN, literal=True) > 1)
    unclear, sure = divided(looks, twice)
    read = [_NOTHING, unclear.select("line", reason=pl.lit("bad-field"), detail=pl.lit(_UNCLEAR))]
    if json.height:
        read.append(_squid_json.read(json, declared))
    for (name, headers, named), part in sure.partition_by("name", "headers", "named", as_dict=True).items():
        layout = _layout(str(name), headers=bool(headers), named=bool(named))
        values, rejects = cut(part.select("line", "text"), layout)
        events, _ = events_of(values, layout.codes, declared, Running.from_text(carry))
        read += [events, rejects]
    return parted(pl.concat(read, how="diagonal_relaxed"), _COLUMNS, [blank])


def _looks() -> list[pl.Expr]:
    """The layout of a line, whether the headers follow, and whether its client is a name."""
    text = pl.col("text")
    is_combined = text.str.contains(_IS_COMBINED)
    is_extended = is_combined & text.str.contains(_HAS_EUI)
    name = pl.when(is_extended).then(pl.lit("extended")).when(is_combined).then(pl.lit("combined"))
    headers = text.str.ends_with("]") & text.str.contains(_HAS_HEADERS) & ~is_extended
    return [
        name.otherwise(pl.lit("common")).alias("name"), headers.alias("headers"),
        text.str.contains(_IS_NAMED).alias("named"),
    ]  # fmt: skip


FORMAT: Final = Format(
    name="squid_combined",
    title="Squid access.log, layouts combined and common, and OPNsense's extended and JSON ones",
    document="https://www.squid-cache.org/Doc/config/logformat/",
    claims=claims,
    parse=parse,
    gives="user, client address or name, URL, result and status, bytes to the client; combined: referrer and user "
    "agent; JSON: also the time taken",
    cannot="parts of a second; the page behind an encrypted CONNECT; the query unless strip_query_terms is off; the "
    "content type; a line whose unescaped quotes could be read in two ways",
)
