r"""OPNsense's JSON layout of Squid's log, for its targets "File (JSON)" and "Syslog (JSON)".

In: lines such as `{"@timestamp":"2025-09-08T08:05:01+0000","ecs":{"version":"1.0.0"},"event":{"id":"-",
"dataset":"squid.access","duration":"54"},"http":{"version":"1.1","request":{"method":"GET", ...}}, ...}`. It is a
`logformat` with the values in a JSON object, between whose quotes Squid escapes as JSON does; so each value is that of
a code. The host is the client's name where Squid has looked it up, else its address once more.
Out: the events, and the rows of what is refused: lines that are no JSON object.
Source: OPNsense's `squid.conf`, `logformat opnsense`.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from pipeline.formats import Declared
from pipeline.formats._json import fields
from pipeline.formats._logformat import Code
from pipeline.formats._logformat_events import events_of
from pipeline.times.localtime import Running

#: How a line begins.
BEGINNING: Final = (
    r' ?\{"@timestamp":"[0-9]{4}-[^"]*","ecs":\{[^{}]*\},"event":\{"id":"(?:[^"\\]|\\.)*","dataset":"squid\.access",'
)
_PLACES: Final = {
    "stamp": '"@timestamp"', "elapsed": "event.duration", "method": "http.request.method",
    "referrer": "http.request.referrer", "size": "http.response.bytes", "status": "http.response.body.status_code",
    "name": "host.hostname", "client": "source.ip", "url": "url.original", "user": "user.name",
    "agent": "user_agent.original", "result": "labels.request_status", "hierarchy": "labels.hierarchy_status",
}  # fmt: skip
_AS_IT_IS: Final = "'"
_CODES: Final = {
    "stamp": Code("tg", _AS_IT_IS, argument="%Y-%m-%dT%H:%M:%S%z"), "elapsed": Code("tr", _AS_IT_IS),
    "method": Code("rm", _AS_IT_IS), "referrer": Code(">h", _AS_IT_IS, argument="Referer"),
    "size": Code("<st", _AS_IT_IS), "status": Code(">Hs", _AS_IT_IS), "name": Code(">A", _AS_IT_IS),
    "client": Code(">a", _AS_IT_IS), "url": Code("ru", _AS_IT_IS), "user": Code("un", _AS_IT_IS),
    "agent": Code(">h", _AS_IT_IS, argument="User-Agent"), "result": Code("Ss", _AS_IT_IS),
    "hierarchy": Code("Sh", _AS_IT_IS),
}  # fmt: skip


def read(texts: pl.DataFrame, declared: Declared) -> pl.DataFrame:
    """The columns of the events, with the reason and detail of a reject, from `line` and `text`."""
    cells = fields(texts, _PLACES)
    damaged = cells.filter(pl.col("reason").is_not_null()).select("line", "reason", "detail")
    values = cells.filter(pl.col("reason").is_null()).select("line", *_PLACES)
    events, _ = events_of(values, _CODES, declared, Running())
    return pl.concat([events, damaged], how="diagonal_relaxed")
