r"""Netskope events and alerts as JSON lines: what its REST API and the Log Shipper of Cloud Exchange give as they are.

In: lines such as `{"timestamp":1794214801,"type":"page","access_method":"Client","traffic_type":"Web",
"user":"a@school.test","userkey":"...","userip":"10.2.3.4","url":"h/p","action":"block", ...}`.
Read are records of web traffic (`traffic_type` Web or CloudApp) that name a URL, a page or a domain; what was found in
files of a cloud service (`access_method` API Connector), and network, audit and infrastructure events, are skips
(`other-record`).
`timestamp` counts seconds. `userip` is the address in the school, `srcip` the one that Netskope saw. Where nobody has
logged in the user is the address. The words of `action`: allow, alert (only noted) and bypass let it pass; block stops
it; useralert shows a page with a button (`warned`). A page event without an action does not say what a filter did
(`unknown`). A session is one event, so its URL is the page and not every request. Bypassed traffic was not decrypted:
`host-only`.
Out: `_COLUMNS`. Refuses lines that are no JSON object, or have no type or no readable time.
Source: Netskope's documentation of REST API v2; the names of fields as several collectors of these events read them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import polars as pl

from pipeline.formats import Declared, Format, Parsed
from pipeline.formats._cells import blank_apart, is_background, parted, said, skips, whole
from pipeline.formats._instants import timed
from pipeline.formats._json import fields
from pipeline.formats._syslog import bare, without_header
from pipeline.localtime import Running

_WANTED: Final = {
    "written": "timestamp", "type": "type", "traffic": "traffic_type", "access": "access_method", "user": "user",
    "inside": "userip", "outside": "srcip", "machine": "hostname", "url": "url", "page": "page", "domain": "domain",
    "app": "app", "web_category": "category", "app_category": "appcategory", "action": "action",
    "bypass": "bypass_traffic", "size": "server_bytes", "content": "resp_content_type", "agent": "useragent",
    "refer": "referer",
}  # fmt: skip
_COLUMNS: Final = (
    "line", "ts", "ts_quality", "user_raw", "client_ip", "device", "host", "url", "app", "verdict", "vendor_category",
    "bytes", "content_type", "user_agent", "referrer", "kind",
)  # fmt: skip
_SHAPE: Final = re.compile(
    r'\s*\{(?=.*"timestamp"\s*:\s*\d{10}\b)(?=.*"(?:userkey|ur_normalized|_insertion_epoch_timestamp)"\s*:)'
    r'(?=.*"(?:access_method|traffic_type)"\s*:)(?=.*"type"\s*:)'
)
_NOTHING: Final = ("unknown", "Unknown", "null", "none", "None", "")
_VERDICTS: Final = {
    "allow": "allowed", "alert": "allowed", "bypass": "allowed", "block": "blocked", "blocked": "blocked",
    "useralert": "warned",
}  # fmt: skip


def claims(first_lines: Sequence[str]) -> bool:
    """Most lines have the keys that Netskope gives every event."""
    shaped = sum(1 for line in bare(first_lines) if _SHAPE.match(line))
    return shaped * 2 > len(first_lines)


def parse(lines: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read a block of lines; see `Format.parse`. The carry is how stamps without a zone have run."""
    texts, blank = blank_apart(lines)
    cells = fields(without_header(texts), _WANTED)
    lacks = pl.col("reason").is_null() & pl.col("type").is_null()
    cells = cells.with_columns(
        pl.when(lacks).then(pl.lit("missing-column")).otherwise(pl.col("reason")).alias("reason"),
        pl.when(lacks).then(pl.lit("has no type")).otherwise(pl.col("detail")).alias("detail"),
    )
    damaged = cells.filter(pl.col("reason").is_not_null()).select("line", "reason", "detail")
    good = cells.filter(pl.col("reason").is_null()).drop("reason", "detail")
    records = good.with_columns(_spoken(name) for name in _WANTED if name not in {"written", "type"})
    ours = (
        pl.col("traffic").is_in(["Web", "CloudApp"])
        & pl.col("access").ne_missing("API Connector")
        & pl.any_horizontal(pl.col(name).is_not_null() for name in ("url", "page", "domain"))
    ).fill_null(value=False)
    other = skips(records.filter(~ours), "other-record")
    read, running = timed(records.filter(ours), "written", declared, Running.from_text(carry))
    rows = pl.concat([read.lazy().select(_event()).collect(), damaged], how="diagonal_relaxed")
    return parted(rows, _COLUMNS, [blank, other], running.to_text())


def _spoken(name: str) -> pl.Expr:
    """The cell as written; null for the vendor's words for nothing."""
    return pl.when(~pl.col(name).is_in(_NOTHING)).then(said(pl.col(name))).alias(name)


def _event() -> list[pl.Expr]:
    url = pl.coalesce("url", "page")
    no_number = pl.col("size").is_not_null() & whole(pl.col("size")).is_null()
    nobody = pl.any_horizontal(pl.col("user") == pl.col(name) for name in ("inside", "outside")).fill_null(value=False)
    action = pl.col("action").str.to_lowercase()
    return [
        pl.col("line"),
        pl.col("ts"),
        pl.col("ts_quality"),
        pl.when(~nobody).then(pl.col("user")).alias("user_raw"),
        pl.coalesce("inside", "outside").alias("client_ip"),
        pl.col("machine").alias("device"),
        pl.when(url.is_null()).then(pl.col("domain")).alias("host"),
        url.alias("url"),
        pl.col("app"),
        action.replace_strict(_VERDICTS, default="unknown", return_dtype=pl.String)
        .fill_null("unknown")
        .alias("verdict"),
        pl.coalesce("web_category", "app_category").alias("vendor_category"),
        whole(pl.col("size")).alias("bytes"),
        pl.col("content").alias("content_type"),
        pl.col("agent").alias("user_agent"),
        pl.col("refer").alias("referrer"),
        _kind(url).alias("kind"),
        pl.when(no_number).then(pl.lit("bad-number")).otherwise(pl.col("reason")).alias("reason"),
        pl.when(no_number)
        .then(pl.lit("server_bytes is not a whole number"))
        .otherwise(pl.col("detail"))
        .alias("detail"),
    ]


def _kind(url: pl.Expr) -> pl.Expr:
    bypassed = (pl.col("bypass").str.to_lowercase() == "yes").fill_null(value=False)
    return (
        pl.when(url.is_null() | bypassed)
        .then(pl.lit("host-only"))
        .when(is_background(pl.col("content")))
        .then(pl.lit("background"))
        .otherwise(pl.lit("page"))
    )


FORMAT: Final = Format(
    name="netskope",
    title="Netskope page, application and alert events, JSON",
    document="https://docs.netskope.com/en/rest-api-v2-overview-312207",
    claims=claims,
    parse=parse,
    gives="user, client address, device, URL without scheme, verdict, category, application, bytes, user agent, "
    "referrer",
    cannot="every single request; method and status; what the filter did where the event names no action; events that "
    "another program has renamed",
)
