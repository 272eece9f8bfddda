r"""Zeek's http, ssl, quic and dns logs as JSON lines.

In: one object a line with Zeek's own field names: `{"ts":1794301230.123456,"uid":"C...","id.orig_h":"10.2.3.4", ...}`.
The connection may also be an object of its own (`"id":{"orig_h":...}`), or have its names joined by `_`
(`"id_orig_h":...`, as `Log::default_scope_sep` sets it). `ts` counts seconds or milliseconds from the epoch, or is
ISO 8601. Which log a line belongs to is told by its fields; logs of anything else are skips (`other-record`).
Zeek writes bytes that are no UTF-8 as `\xff`; that stays.
Out: `_zeek.COLUMNS`. Refuses lines that are no JSON object or have no time.
Source: Zeek's documentation, "Zeek Log Formats and Inspection" (`LogAscii::use_json`, `json_timestamps`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import polars as pl

from pipeline.formats import Declared, Format, Parsed
from pipeline.formats._cells import blank_apart, divided, parted, said, skips
from pipeline.formats._json import fields
from pipeline.formats._syslog import bare, without_header
from pipeline.formats._zeek import CANNOT, COLUMNS, FIELDS, GIVES, UNPROVEN, is_no_query, told
from pipeline.times.localtime import Running

#: A field that each log always has, since Zeek gives it a value from the start.
_ALWAYS: Final = {"request_body_len": "http", "established": "ssl", "client_initial_dcid": "ssl", "rejected": "dns"}
#: And those by which a log that leaves it out is known.
_OFTEN: Final = {"uri": "http", "server_name": "ssl", "query": "dns", "qclass": "dns"}
_KEY: Final = rf'"({"|".join((*_ALWAYS, *_OFTEN))})"\s*:'
#: What a record of `http.log` has, and none of `websocket.log`, which repeats its host and path.
_OF_HTTP: Final = r'"(?:trans_depth|method|status_code|request_body_len)"\s*:'
#: What a record of `sip.log` has besides; its calls have an address and sizes as well.
_OF_SIP: Final = r'"(?:call_id|seq|request_from|request_path|response_path)"\s*:'
_COMMON: Final = {"ts": "ts", "flat": '"id.orig_h"', "joined": "id_orig_h", "nested": "id.orig_h"}
_WANTED: Final = {
    "http": {
        name: "resp_mime_types[0]" if name == "resp_mime_types" else name
        for name in FIELDS if name not in {"ts", "id.orig_h", "server_name", "query", "opcode"}
    },
    "ssl": {"server_name": "server_name"},
    "dns": {"query": "query", "opcode": "opcode"},
    "": {},
}  # fmt: skip
_SHAPE: Final = re.compile(
    rf'\s*\{{(?=.*"ts"\s*:\s*(?:\d|"\d))(?=.*"uid"\s*:\s*"C)(?=.*"(?:id[._])?orig_h"\s*:\s*")(?=.*{_KEY})'
)


def claims(first_lines: Sequence[str]) -> bool:
    """Most lines have the keys of one of these logs."""
    shaped = sum(1 for line in bare(first_lines) if _SHAPE.match(line))
    return shaped * 2 > len(first_lines)


def parse(lines: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read a block of lines; see `Format.parse`. The carry is how stamps without a zone have run."""
    texts, blank = blank_apart(lines)
    cells = _cells(without_header(texts))
    timeless = pl.col("reason").is_null() & pl.col("ts").is_null()
    cells = cells.with_columns(
        pl.when(timeless).then(pl.lit("missing-column")).otherwise(pl.col("reason")).alias("reason"),
        pl.when(timeless).then(pl.lit("has no ts")).otherwise(pl.col("detail")).alias("detail"),
    )
    damaged = cells.filter(pl.col("reason").is_not_null()).select("line", "reason", "detail")
    records = cells.filter(pl.col("reason").is_null()).drop("reason", "detail")
    foreign, ours = divided(records, (pl.col("what") == "") | is_no_query())
    other = skips(foreign, "other-record")
    read, running = told(ours, declared, Running.from_text(carry))
    return parted(pl.concat([read, damaged], how="diagonal_relaxed"), COLUMNS, [blank, other], running.to_text())


def _cells(texts: pl.DataFrame) -> pl.DataFrame:
    """The fields of each line that its kind of record has, in the order of the lines."""
    kinds = _ALWAYS | _OFTEN
    what = pl.col("text").str.extract(_KEY).replace_strict(kinds, default="", return_dtype=pl.String)
    text = pl.col("text").str
    foreign = (what == "http") & (~text.contains(_OF_HTTP) | text.contains(_OF_SIP))
    what = pl.when(foreign).then(pl.lit("")).otherwise(what)
    empty = pl.Schema(
        {"line": pl.Int64()} | dict.fromkeys((*_COMMON, *FIELDS, "what", "reason", "detail"), pl.String())
    )
    groups = [
        fields(group.select("line", "text"), {**_COMMON, **_WANTED[str(kind)]}).with_columns(
            pl.lit(kind, pl.String).alias("what")
        )
        for (kind,), group in texts.with_columns(what=what.fill_null("")).group_by("what")
    ]
    table = pl.concat([empty.to_frame(), *groups], how="diagonal").sort("line")
    spoken = [said(pl.col(name)).alias(name) for name in FIELDS if name not in {"ts", "id.orig_h"}]
    client = ("flat", "joined", "nested")
    return table.with_columns(pl.coalesce(client).alias("id.orig_h"), *spoken).drop(client)


FORMAT: Final = Format(
    name="zeek_json",
    title="Zeek http, ssl, quic and dns logs, JSON lines",
    document="https://docs.zeek.org/en/master/log-formats.html",
    claims=claims,
    parse=parse,
    unproven=UNPROVEN,
    gives=GIVES,
    cannot=CANNOT,
)
