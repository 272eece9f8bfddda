r"""What Zeek's `http`, `ssl`, `quic` and `dns` records mean, whether they come as columns or as JSON.

In: a table with `line`, `what` (one of `KINDS`) and the fields of `FIELDS` as text, unescaped, null where Zeek says
nothing. Out: events or rejects. Refuses records without a readable time, and numbers that are none.

Zeek only listens: it says of no request what a filter did, so the verdict is `unknown`; a 407 is a proxy's challenge.
The `http` analyser reads plain HTTP, so the scheme is known; `uri` is whole where the client spoke to a proxy. `host`
is the Host header without its port. `response_body_len` is what the server sent, and the first of `resp_mime_types`
what Zeek saw in it. `username` is what was typed for Basic or Digest, right or wrong and at whatever site: it proves
nobody. One line of `dns` is a query with its answer, or, from 8.1 on, what a computer has to say of its own name (an
`opcode` other than 0), which is no query. `websocket.log` repeats requests of `http.log`, and is not read.
Source: Zeek's documentation of its logs, `base/protocols/{http,ssl,quic,dns}/main.zeek`.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import polars as pl

from pipeline.formats import Declared
from pipeline.formats._cells import is_background, whole
from pipeline.formats._instants import timed
from pipeline.times.localtime import Running

#: The kinds of record, and the fields by which each is known, in the order in which one would look.
KINDS: Final = {"http": ("host", "uri"), "ssl": ("server_name",), "dns": ("query", "rcode")}
FIELDS: Final = (
    "ts", "id.orig_h", "method", "host", "uri", "referrer", "user_agent", "username", "status_code",
    "response_body_len", "resp_mime_types", "server_name", "query", "opcode",
)  # fmt: skip
COLUMNS: Final = (
    "line", "ts", "ts_quality", "user_raw", "client_ip", "method", "host", "url", "verdict", "status", "bytes",
    "content_type", "user_agent", "referrer", "kind",
)  # fmt: skip
#: On every line the name is only what was typed.
UNPROVEN: Final = ("unknown", "challenge")
GIVES: Final = (
    "client address; of plain HTTP the URL, method, status, bytes of the answer, content type, user agent, referrer "
    "and the name typed for a login; of TLS, QUIC and DNS the host"
)
CANNOT: Final = (
    "who it was, but for names that were merely typed; what a filter did; the page behind HTTPS; a port in a URL"
)
#: `websocket.log` has host and path as well, of a request that stands in `http.log`.
_OF_WEBSOCKETS: Final = {"client_extensions", "server_extensions", "client_protocols"}
_WHOLE: Final = r"^[A-Za-z][A-Za-z0-9+.\-]*://"


def kind_of(fields: Collection[str]) -> str | None:
    """Which kind of record has these fields; none for a log of something else."""
    if _OF_WEBSOCKETS & set(fields):
        return None
    return next((kind for kind, needed in KINDS.items() if set(needed) <= set(fields)), None)


def is_no_query() -> pl.Expr:
    """Whether a record of `dns` is an update or a notice, and asks for no name."""
    return (pl.col("opcode") != "0").fill_null(value=False)


def told(records: pl.DataFrame, declared: Declared, running: Running) -> tuple[pl.DataFrame, Running]:
    """Events, or reason and detail of a reject, of each record, in the order of the lines."""
    read, after = timed(records.rename({"ts": "written"}), "written", declared, running)
    return read.lazy().select(_event()).collect(), after


def _event() -> list[pl.Expr]:
    status = whole(pl.col("status_code"))
    numbers = [
        pl.col(name).is_not_null() & whole(pl.col(name)).is_null() for name in ("status_code", "response_body_len")
    ]
    no_number = pl.any_horizontal(numbers)
    sentence = "status_code or response_body_len is not a whole number"
    return [
        pl.col("line"),
        pl.col("ts"),
        pl.col("ts_quality"),
        pl.col("username").alias("user_raw"),
        pl.col("id.orig_h").alias("client_ip"),
        pl.col("method"),
        pl.when(_url().is_null()).then(pl.coalesce("host", "server_name", "query")).alias("host"),
        _url().alias("url"),
        pl.when(status == 407).then(pl.lit("challenge")).otherwise(pl.lit("unknown")).alias("verdict"),
        pl.when(status > 0).then(status).alias("status"),
        whole(pl.col("response_body_len")).alias("bytes"),
        pl.col("resp_mime_types").alias("content_type"),
        pl.col("user_agent"),
        pl.col("referrer"),
        _kind().alias("kind"),
        pl.when(no_number).then(pl.lit("bad-number")).otherwise(pl.col("reason")).alias("reason"),
        pl.when(no_number).then(pl.lit(sentence)).otherwise(pl.col("detail")).alias("detail"),
    ]


def _url() -> pl.Expr:
    """The URL: whole as it is, a path behind its scheme and host; null for a `*`, a CONNECT to a path and the like."""
    uri, host = pl.col("uri"), pl.col("host")
    path, tunnel = uri.str.starts_with("/"), (pl.col("method") == "CONNECT").fill_null(value=False)
    return (
        pl.when(uri.str.contains(_WHOLE) | (tunnel & ~path) | host.is_null())
        .then(uri)
        .when(path & ~tunnel)
        .then(pl.concat_str(pl.lit("http://"), host, uri))
    )


def _kind() -> pl.Expr:
    tunnel = (pl.col("method") == "CONNECT").fill_null(value=False)
    return (
        pl.when(_url().is_null() | tunnel)
        .then(pl.lit("host-only"))
        .when(is_background(pl.col("resp_mime_types")))
        .then(pl.lit("background"))
        .otherwise(pl.lit("page"))
    )
