r"""Netskope events, alerts and transactions as JSON lines: what its REST API and Cloud Exchange give as they are.

In: lines such as `{"timestamp":1794214801,"type":"page","access_method":"Client","traffic_type":"Web",
"user":"a@school.test","userkey":"...","userip":"10.2.3.4","url":"h/p","action":"block", ...}`.
Read are records of web traffic (`traffic_type` Web or CloudApp) that name a URL, a page or a domain; what was found in
files of a cloud service (`access_method` API Connector), and network, audit and infrastructure events, are skips
(`other-record`).
Read too are the transactions of its proxy, every request one, such as `{"x-cs-timestamp":"1794214801","x-type":
"http_transaction","cs-username":"a@school.test","x-cs-userip":"10.2.3.4","cs-method":"GET","x-cs-url":"https://h/p",
"sc-status":"200","sc-bytes":"2050","x-policy-action":"allow", ...}`; one that names no site is a skip. Format 1 of them
has neither `x-cs-url` nor an action: the URL is put together from `cs-uri-scheme`, `cs-host`, `cs-uri-port` where it is
not the scheme's own, `cs-uri`, and `cs-uri-query` where `cs-uri` has none.
`timestamp` counts seconds. `userip` is the address in the school, `srcip` the one that Netskope saw. Where nobody has
logged in the user is the address. The words of `action`: allow, alert (only noted) and bypass let it pass; block stops
it; useralert shows a page with a button (`warned`). A page event without an action does not say what a filter did
(`unknown`). A session is one event, so its URL is the page and not every request. Bypassed traffic was not decrypted:
`host-only`.
Out: `_COLUMNS`. Refuses lines that are no JSON object, or have no type or no readable time.
Source: Netskope's documentation of REST API v2 and of the fields of transaction events; the names of fields as several
collectors of these events read them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

import polars as pl

from pipeline.formats import Declared, Format, Parsed
from pipeline.formats._cells import blank_apart, is_background, parted, skips, whole
from pipeline.formats._instants import timed
from pipeline.formats._json import fields
from pipeline.formats._syslog import bare, without_header
from pipeline.times.localtime import Running

_WANTED: Final = {
    "written": "timestamp", "type": "type", "traffic": "traffic_type", "access": "access_method", "user": "user",
    "inside": "userip", "outside": "srcip", "machine": "hostname", "url": "url", "page": "page", "domain": "domain",
    "app": "app", "web_category": "category", "app_category": "appcategory", "action": "action",
    "bypass": "bypass_traffic", "size": "server_bytes", "content": "resp_content_type", "agent": "useragent",
    "refer": "referer",
}  # fmt: skip
_TRANSACTION: Final = {
    "written": "x-cs-timestamp", "type": "x-type", "user": "cs-username", "inside": "x-cs-userip", "outside": "c-ip",
    "url": "x-cs-url", "domain": "cs-host", "app": "x-cs-app", "web_category": "x-category",
    "action": "x-policy-action", "bypass": "x-ssl-bypass", "size": "sc-bytes", "content": "sc-content-type",
    "agent": "cs-user-agent", "refer": "cs-referer", "method": "cs-method", "code": "sc-status",
    "scheme": "cs-uri-scheme", "port": "cs-uri-port", "path": "cs-uri", "query": "cs-uri-query",
}  # fmt: skip
_COLUMNS: Final = (
    "line", "ts", "ts_quality", "user_raw", "client_ip", "device", "method", "host", "url", "app", "verdict",
    "vendor_category", "status", "bytes", "content_type", "user_agent", "referrer", "kind",
)  # fmt: skip
_USUAL_PORTS: Final = {"http": "80", "https": "443"}
_SITES: Final = ("url", "page", "domain")
_IS_TRANSACTION: Final = r'"x-type"\s*:\s*"http_transaction"'
_SHAPE: Final = re.compile(
    r'\s*\{(?:(?=.*"timestamp"\s*:\s*\d{10}\b)'
    r'(?=.*"(?:userkey|ur_normalized|_insertion_epoch_timestamp|record_type)"\s*:)'
    r'(?=.*"(?:access_method|traffic_type)"\s*:|.*"type"\s*:\s*"nspolicy")(?=.*"type"\s*:)'
    rf'|(?=.*"x-cs-timestamp"\s*:)(?=.*{_IS_TRANSACTION}))'
)
_NOTHING: Final = ("unknown", "Unknown", "null", "none", "None", "NotChecked", "")
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
    transaction = pl.col("text").str.contains(_IS_TRANSACTION)
    plain = without_header(texts)
    events = fields(plain.filter(~transaction), _WANTED)
    transactions = fields(plain.filter(transaction), _TRANSACTION).with_columns(request=pl.lit(value=True))
    cells = pl.concat([events, transactions], how="diagonal").sort("line")
    lacks = pl.col("reason").is_null() & pl.col("type").is_null()
    cells = cells.with_columns(
        pl.when(lacks).then(pl.lit("missing-column")).otherwise(pl.col("reason")).alias("reason"),
        pl.when(lacks).then(pl.lit("has no type")).otherwise(pl.col("detail")).alias("detail"),
    )
    damaged = cells.filter(pl.col("reason").is_not_null()).select("line", "reason", "detail")
    good = cells.filter(pl.col("reason").is_null()).drop("reason", "detail")
    spoken = (_WANTED | _TRANSACTION).keys() - {"written", "type"}
    records = good.with_columns(_spoken(name) for name in sorted(spoken))
    ours = (_is_web() & pl.any_horizontal(pl.col(name).is_not_null() for name in _SITES)).fill_null(value=False)
    other = skips(records.filter(~ours), "other-record")
    read, running = timed(records.filter(ours), "written", declared, Running.from_text(carry))
    rows = pl.concat([_with_urls(read).lazy().select(_event()).collect(), damaged], how="diagonal_relaxed")
    return parted(rows, _COLUMNS, [blank, other], running.to_text())


def _is_web() -> pl.Expr:
    """Whether a record is of traffic and not of what lies in a cloud service."""
    web = pl.col("traffic").is_in(["Web", "CloudApp"]) & pl.col("access").ne_missing("API Connector")
    return pl.col("request").fill_null(value=False) | web


def _spoken(name: str) -> pl.Expr:
    """The cell as written; null for the vendor's words for nothing."""
    return pl.when(~pl.col(name).is_in((*_NOTHING, "-"))).then(pl.col(name)).alias(name)


def _with_urls(records: pl.DataFrame) -> pl.DataFrame:
    """The records with `whole_url`, put together only where it is not named: mostly for none of them, or for all."""
    nameless = records.select(pl.col("url").is_null() & pl.col("page").is_null() & pl.col("path").is_not_null())
    places = nameless.to_series().arg_true()
    urls = pl.select(pl.coalesce(*(records[name] for name in ("url", "page")))).to_series()
    if len(places):
        urls = urls.scatter(places, records[places].select(_put_together()).to_series())
    return records.with_columns(urls.alias("whole_url"))


def _event() -> list[pl.Expr]:
    url = pl.col("whole_url")
    status = whole(pl.col("code"))
    wrong = pl.coalesce(
        pl.when(pl.col(name).is_not_null() & whole(pl.col(name)).is_null()).then(pl.lit(told))
        for name, told in (("size", "the size"), ("code", "the status"))
    )
    nobody = pl.any_horizontal(pl.col("user") == pl.col(name) for name in ("inside", "outside")).fill_null(value=False)
    return [
        pl.col("line"),
        pl.col("ts"),
        pl.col("ts_quality"),
        pl.when(~nobody).then(pl.col("user")).alias("user_raw"),
        pl.coalesce("inside", "outside").alias("client_ip"),
        pl.col("machine").alias("device"),
        pl.col("method"),
        pl.when(url.is_null()).then(pl.col("domain")).alias("host"),
        url.alias("url"),
        pl.col("app"),
        _verdict(status).alias("verdict"),
        pl.coalesce("web_category", "app_category").alias("vendor_category"),
        pl.when(status > 0).then(status).alias("status"),
        whole(pl.col("size")).alias("bytes"),
        pl.col("content").alias("content_type"),
        pl.col("agent").alias("user_agent"),
        pl.col("refer").alias("referrer"),
        _kind(url).alias("kind"),
        pl.when(wrong.is_not_null()).then(pl.lit("bad-number")).otherwise(pl.col("reason")).alias("reason"),
        pl.when(wrong.is_not_null()).then(pl.format("{} is not a whole number", wrong)).otherwise("detail")
        .alias("detail"),
    ]  # fmt: skip


def _put_together() -> pl.Expr:
    """The URL of a transaction from its parts; null where the request named no path."""
    scheme, host, port, path, query = (pl.col(name) for name in ("scheme", "domain", "port", "path", "query"))
    usual = scheme.str.to_lowercase().replace_strict(_USUAL_PORTS, default=None, return_dtype=pl.String)
    own = port.is_not_null() & (port != usual).fill_null(value=False) & ~host.str.ends_with(":" + port)
    bare_v6 = host.str.contains(r"^[0-9A-Fa-f]*:[0-9A-Fa-f]*:[0-9A-Fa-f:.]*$")
    parts = [
        (scheme + "://").fill_null(""),
        pl.when(bare_v6).then("[" + host + "]").otherwise(host),
        pl.when(own).then(":" + port).otherwise(pl.lit("")),
        path,
        pl.when(~path.str.contains("?", literal=True)).then("?" + query.str.strip_prefix("?")).fill_null(""),
    ]
    return pl.when(path.str.starts_with("/")).then(pl.concat_str(parts))


def _verdict(status: pl.Expr) -> pl.Expr:
    action = pl.col("action").str.to_lowercase()
    read = action.replace_strict(_VERDICTS, default="unknown", return_dtype=pl.String).fill_null("unknown")
    return pl.when(status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED).then(pl.lit("challenge")).otherwise(read)


def _kind(url: pl.Expr) -> pl.Expr:
    bypassed = (pl.col("bypass").str.to_lowercase() == "yes").fill_null(value=False)
    tunnel = (pl.col("method") == "CONNECT").fill_null(value=False)
    return (
        pl.when(url.is_null() | bypassed | tunnel)
        .then(pl.lit("host-only"))
        .when(is_background(pl.col("content")))
        .then(pl.lit("background"))
        .otherwise(pl.lit("page"))
    )


FORMAT: Final = Format(
    name="netskope",
    title="Netskope page, application and alert events, and transactions, JSON",
    document="https://docs.netskope.com/en/rest-api-v2-overview-312207",
    claims=claims,
    parse=parse,
    gives="user, client address, device, URL (of events without scheme), verdict, category, application, bytes, user "
    "agent, referrer; of transactions also method and status",
    cannot="every single request, its method and status where only events are logged; what the filter did where no "
    "action is named; events that another program has renamed",
)
