r"""Suricata's EVE log (`eve.json`): one JSON object a line, a file or syslog.

In: lines such as `{"timestamp":"2026-03-15T16:07:32.003214+0000","event_type":"http","src_ip":"10.2.3.4", ...
"http":{"hostname":"h","url":"/p", ...}}`, also behind `@cee: `. Read are `http`, `tls` and `quic` (the name that the
client asked for), and `dns` queries of all three layouts: `query` with its `rrname` (1 and 2), `request` with `queries`
(3, from 8.0 on). An answer repeats its query, so answers are skips, like every other type of event (`other-record`)
and what asks for no name (an `opcode` other than 0: a computer has its own name entered).

Suricata watches and says of no request what a filter did, so the verdict is `unknown`; a 407 is a proxy's challenge.
An `alert` is about a request that has its own line, and is a skip. Only one whose action is `blocked` (Suricata stands
in the way and a rule says `drop` or `reject`) is read, as a block, where it names a page or a host: such a request may
have no other line. An alert may be about either direction, so its client is the flow's, or told by `direction`.
`url` is a path, or whole where the client spoke to a proxy. Suricata sees HTTP in the clear, so the scheme is known; of
HTTP/2 it is not, since that may be decrypted. `length` is the body of the answer. `xff` is whatever a client wrote.
Out: `_COLUMNS`. Refuses lines that are no JSON object, or that lack the time, the type or what their type stands for.
Source: Suricata's user guide, "Eve JSON Format" (4.1 to 8.0), and `output-json-http.c`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import polars as pl

from pipeline.formats import Declared, Format, Parsed
from pipeline.formats._cells import Fault, blank_apart, is_background, parted, refusal, said, skips, whole
from pipeline.formats._instants import timed
from pipeline.formats._json import fields
from pipeline.formats._syslog import bare, without_header
from pipeline.times.localtime import Running

_COMMON: Final = {"stamp": "timestamp", "type": "event_type", "source": "src_ip"}
_HTTP: Final = {
    "hostname": "http.hostname", "port": "http.http_port", "target": "http.url", "agent": "http.http_user_agent",
    "content": "http.http_content_type", "method": "http.http_method", "refer": "http.http_refer",
    "status": "http.status", "length": "http.length", "version": "http.version",
}  # fmt: skip
_TLS: Final = {"name": "tls.sni"}
_QUIC: Final = {"quic_name": "quic.sni"}
_DNS: Final = {
    "asks": "dns.type", "opcode": "dns.opcode", "rrname": "dns.rrname", "query": "dns.queries[0].rrname",
    "next_query": "dns.queries[1].rrname",
}  # fmt: skip
#: An alert carries the record of its request; up to 7.0 the queries of DNS have a layout of their own in it.
_ALERT: Final = {
    "action": "alert.action", "category": "alert.category", "destination": "dest_ip", "direction": "direction",
    "flow_source": "flow.src_ip", "alert_query": "dns.query[0].rrname",
}  # fmt: skip
_BY_TYPE: Final = {
    "http": _HTTP, "tls": _TLS, "quic": _QUIC, "dns": _DNS,
    "alert": {**_HTTP, **_TLS, **_QUIC, **_DNS, **_ALERT},
}  # fmt: skip
_EVERY: Final = {**_COMMON, **_BY_TYPE["alert"]}
_COLUMNS: Final = (
    "line", "ts", "ts_quality", "client_ip", "method", "host", "url", "verdict", "vendor_category", "status", "bytes",
    "content_type", "user_agent", "referrer", "kind",
)  # fmt: skip
_PREFIX: Final = re.compile(r"@cee: ?")
_TYPE: Final = r'"event_type"\s*:\s*"([a-z0-9_-]+)"'
_SHAPE: Final = re.compile(
    rf'\s*\{{(?=.*{_TYPE})(?=.*"timestamp"\s*:\s*"\d{{4}}-\d\d-\d\dT)'
    r'(?=.*"(?:src_ip|flow_id|stats|engine|in_iface)"\s*:)'
)
_WHOLE: Final = r"^[A-Za-z][A-Za-z0-9+.\-]*://"


def claims(first_lines: Sequence[str]) -> bool:
    """Most lines have the keys that every event of EVE has."""
    shaped = sum(1 for line in bare(first_lines) if _SHAPE.match(_PREFIX.sub("", line, count=1)))
    return shaped * 2 > len(first_lines)


def parse(lines: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read a block of lines; see `Format.parse`. The carry is how stamps without a zone have run."""
    texts, blank = blank_apart(lines)
    texts = without_header(texts)
    if texts["text"].str.starts_with("@cee:").any():
        texts = texts.with_columns(pl.col("text").str.replace(rf"^{_PREFIX.pattern}", ""))
    cells = _cells(texts)
    damaged = cells.filter(pl.col("reason").is_not_null()).select("line", "reason", "detail")
    records = cells.filter(pl.col("reason").is_null()).drop("reason", "detail")
    other = records.select(_is_other()).to_series()
    read, running = timed(records.filter(~other), "stamp", declared, Running.from_text(carry))
    events = read.lazy().select(_event()).with_columns(*_refusal()).collect()
    rows = pl.concat([events, damaged], how="diagonal_relaxed")
    return parted(rows, _COLUMNS, [blank, skips(records.filter(other), "other-record")], running.to_text())


def _cells(texts: pl.DataFrame) -> pl.DataFrame:
    """The columns that each type of event needs, in the order of the lines."""
    guessed = texts.with_columns(guess=pl.col("text").str.extract(_TYPE))
    groups = [
        fields(group.select("line", "text"), {**_COMMON, **_BY_TYPE.get(str(guess), {})}).with_columns(
            pl.lit(guess, pl.String).alias("guess")
        )
        for (guess,), group in guessed.group_by("guess")
    ]
    empty = fields(texts.clear(), _EVERY)
    table = pl.concat([empty.with_columns(guess=pl.lit(None, pl.String)), *groups], how="diagonal")
    # The first such key of the line may belong to an object inside.
    wrong = pl.col("reason").is_null() & pl.col("type").ne_missing(pl.col("guess"))
    again = fields(texts.join(table.filter(wrong), on="line", how="semi"), _EVERY)
    return pl.concat([table.filter(~wrong).drop("guess"), again]).sort("line")


def _is_other() -> pl.Expr:
    """Records that are none of a request, or repeat one."""
    kind = pl.col("type")
    answer = (kind == "dns") & (pl.col("asks").is_in(["answer", "response"]) | (pl.col("opcode") != "0"))
    nameless = (kind == "quic") & said(pl.col("quic_name")).is_null()
    seen = (kind == "alert") & (
        (pl.col("action") != "blocked").fill_null(value=True) | (_host().is_null() & _url().is_null())
    )
    foreign = ~kind.is_in(list(_BY_TYPE))
    return (foreign | answer | nameless | seen).fill_null(value=False)


def _event() -> list[pl.Expr]:
    status = whole(pl.col("status"))
    content_type = said(pl.col("content"))
    numbers = [pl.col(name).is_not_null() & whole(pl.col(name)).is_null() for name in ("status", "length", "port")]
    return [
        pl.col("line"),
        pl.col("ts"),
        pl.col("ts_quality"),
        _client().alias("client_ip"),
        said(pl.col("method")).alias("method"),
        pl.when(_url().is_null()).then(_host()).alias("host"),
        _url().alias("url"),
        _verdict(status).alias("verdict"),
        said(pl.col("category")).alias("vendor_category"),
        pl.when(status > 0).then(status).alias("status"),
        whole(pl.col("length")).alias("bytes"),
        content_type.alias("content_type"),
        said(pl.col("agent")).alias("user_agent"),
        said(pl.col("refer")).alias("referrer"),
        _kind(content_type).alias("kind"),
        pl.col("reason"),
        pl.col("detail"),
        pl.any_horizontal(numbers).alias("no_number"),
        _missing().alias("missing"),
        (pl.col("next_query") != pl.col("query")).fill_null(value=False).alias("several"),
    ]


def _refusal() -> list[pl.Expr]:
    """Why a record is no event, in the order in which one would look."""
    faults: list[Fault] = [
        (pl.col("missing").is_not_null(), "missing-column", pl.col("missing")),
        (pl.col("no_number"), "bad-number", "status, length or http_port is not a whole number"),
        (pl.col("several"), "bad-field", "asks for several names at once"),
    ]
    return refusal(faults, (pl.col("reason"), pl.col("detail")))


def _missing() -> pl.Expr:
    """What a record lacks, in words."""
    kind = pl.col("type")
    undirected = (kind == "dns") & ~pl.col("asks").is_in(["query", "request"]).fill_null(value=False)
    unasked = (kind == "dns") & pl.col("rrname").is_null() & pl.col("query").is_null()
    return (
        pl.when(kind.is_null())
        .then(pl.lit("has no event_type"))
        .when(undirected)
        .then(pl.lit("does not say whether it is a query or an answer"))
        .when(unasked)
        .then(pl.lit("does not say which name was asked for"))
    )


def _host() -> pl.Expr:
    names = ("hostname", "name", "quic_name", "rrname", "query", "alert_query")
    return pl.coalesce(said(pl.col(name)) for name in names)


def _url() -> pl.Expr:
    """The URL: whole as it is, a path behind its scheme and host; null for a `*` and the like."""
    target, hostname = said(pl.col("target")), said(pl.col("hostname"))
    scheme = pl.when(pl.col("version") == "2").then(pl.lit("")).otherwise(pl.lit("http://"))
    port = pl.when(pl.col("port") != "80").then(":" + pl.col("port")).otherwise(pl.lit(""))
    return (
        pl.when(target.str.contains(_WHOLE) | (pl.col("method") == "CONNECT") | hostname.is_null())
        .then(target)
        .when(target.str.starts_with("/"))
        .then(pl.concat_str(scheme, hostname, port, target))
    )


def _client() -> pl.Expr:
    """The client's address; of an alert only where it says which way it looks."""
    alerted = (
        pl.when(pl.col("flow_source").is_not_null())
        .then(pl.col("flow_source"))
        .when(pl.col("direction") == "to_client")
        .then(pl.col("destination"))
        .when(pl.col("direction") == "to_server")
        .then(pl.col("source"))
    )
    return said(pl.when(pl.col("type") == "alert").then(alerted).otherwise(pl.col("source")))


def _verdict(status: pl.Expr) -> pl.Expr:
    return (
        pl.when(pl.col("type") == "alert")
        .then(pl.lit("blocked"))
        .when(status == 407)
        .then(pl.lit("challenge"))
        .otherwise(pl.lit("unknown"))
    )


def _kind(content_type: pl.Expr) -> pl.Expr:
    pageless = (
        said(pl.col("target")).is_null() | _url().is_null() | (pl.col("method") == "CONNECT").fill_null(value=False)
    )
    return (
        pl.when(pageless)
        .then(pl.lit("host-only"))
        .when(is_background(content_type))
        .then(pl.lit("background"))
        .otherwise(pl.lit("page"))
    )


FORMAT: Final = Format(
    name="suricata",
    title="Suricata EVE (eve.json): http, tls, quic, dns",
    document="https://docs.suricata.io/en/latest/output/eve/eve-json-format.html",
    claims=claims,
    parse=parse,
    gives="client address; of plain HTTP the URL, method, status, bytes of the answer, content type, user agent and "
    "referrer; of TLS, QUIC and DNS the host",
    cannot="the user; what a filter did, but for requests that Suricata itself blocked; the page behind HTTPS; names "
    "where only the answers of DNS are logged",
)
