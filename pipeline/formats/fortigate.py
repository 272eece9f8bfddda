r"""FortiGate (FortiOS) web-filter records as key=value text: a syslog file or the device's own log.

In: lines such as `<134>date=2025-09-08 time=09:05:01 tz="+0100" eventtime=1757318701000000000 type="utm"
subtype="webfilter" action="blocked" user="dee" srcip=10.2.3.4 service="HTTPS" hostname="h" url="/p" ...`, with any
syslog prefix before the first key, values in quotes or not, blanks or commas between the pairs.
Only `type=utm subtype=webfilter` is read; every other record of the device is a skip (`other-record`).

Two clocks: `eventtime` counts from the epoch in s (FortiOS 5.6, 6.0), ms, us or ns (6.2 and later) and is used where it
is there, cut to microseconds; else `date`, `time` and `tz`; else `date` and `time` in the declared zone. They can
disagree by a second, or by hours on a device whose clock was changed; the other one stays in the line.
`url` is a path up to 6.4 and a whole URL from 7.0 on. `rcvdbyte` is what went to the client. `method` is how the site
was rated, and `httpmethod` (7.0) the method. A category set to *warning* is logged as `blocked`, so the number of the
message (13057) decides. `unauthuser` is a guess of the device and not taken for the user.
Without decryption the path of an HTTPS address is always `/`: such a row shows the host only.

Pairs are read as `_pairs` says. Out: `_COLUMNS`. Refuses lines without `type` and `subtype`, and records without a
readable time.
Source: FortiOS Log Message Reference 5.6 to 7.6, web filter.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import polars as pl

from pipeline.formats import Declared, Format, Parsed
from pipeline.formats._cells import blank_apart, parted, said, skips, whole
from pipeline.formats._pairs import Pairs, taken_apart, value
from pipeline.localtime import Running, from_epoch, from_written

#: The clock of older devices; looked for only where there is no `eventtime`.
_CLOCK: Final = ("date", "time", "tz")
_PAIRS: Final = Pairs(
    keys=(
        "eventtime", "logid", "type", "subtype", "action", "status", "user", "srcip", "srcname", "service", "hostname",
        "url", "httpmethod", "catdesc", "rcvdbyte", "agent", "referralurl", *_CLOCK,
    ),
    once=("type", "subtype", "action", "user", "srcip", "hostname", "url"),
    first=_CLOCK,
)  # fmt: skip
_COLUMNS: Final = (
    "line", "ts", "ts_quality", "user_raw", "client_ip", "device", "method", "host", "url", "verdict",
    "vendor_category", "bytes", "user_agent", "referrer", "kind",
)  # fmt: skip
_SHAPE: Final = re.compile(
    r"(?=.*\bdate=[0-9])(?=.*\btime=[0-9])(?=.*\blogid=)(?=.*\bdev(?:id|name)=|.*\bvd=)(?=.*\btype=)(?=.*\bsubtype=)"
)
_VERDICTS: Final = {
    "blocked": "blocked", "block": "blocked", "deny": "blocked", "denied": "blocked",
    "passthrough": "allowed", "allowed": "allowed", "allow": "allowed", "pass": "allowed", "exempt": "allowed",
    "monitored": "allowed", "filtered": "allowed", "warning": "warned", "warned": "warned",
}  # fmt: skip
#: The message of a category whose action is *warning*.
_WARNING_PAGE: Final = "13057"


def claims(first_lines: Sequence[str]) -> bool:
    """Most lines have FortiGate's keys."""
    shaped = sum(1 for line in first_lines if _SHAPE.match(line))
    return shaped * 2 > len(first_lines)


def parse(lines: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read a block of lines; see `Format.parse`. The carry is how stamps without a zone have run."""
    texts, blank = blank_apart(lines)
    maybe = pl.col("text").str.contains("webfilter", literal=True)
    foreign, other = _without_webfilter(texts.filter(~maybe))
    cells = _cells_of(texts.filter(maybe))
    good = pl.col("reason").is_null()
    ours = (pl.col("type") == "utm") & (pl.col("subtype") == "webfilter")
    timed, running = _timed(cells.filter(good & ours), declared, Running.from_text(carry))
    damaged = cells.filter(~good).select("line", "reason", "detail")
    read = pl.concat([timed.select(_event()), damaged, foreign], how="diagonal")
    return parted(read, _COLUMNS, [blank, other, skips(cells.filter(good & ~ours), "other-record")], running.to_text())


def _without_webfilter(texts: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rejects for the lines that are no record, skips for the records that are surely others."""
    text = pl.col("text")
    record = text.str.contains(r"(?:^|[ ,>])type=\S") & text.str.contains(r"[ ,>]subtype=\S")
    foreign = texts.filter(~record).select(
        "line", reason=pl.lit("not-this-format"), detail=pl.lit("has no type and subtype as key=value")
    )
    return foreign, skips(texts.filter(record), "other-record")


def _cells_of(texts: pl.DataFrame) -> pl.DataFrame:
    """Each line's values by key, or the reason and detail of its reject, in the order of the lines."""
    plain, careful = taken_apart(texts, _PAIRS)
    plain = plain.with_columns(ts=from_epoch(pl.col("eventtime")))
    careful = careful.with_columns(ts=from_epoch(pl.col("eventtime")))
    clockless = plain.filter(pl.col("ts").is_null()).with_columns(value(key, first=True) for key in _CLOCK)
    cells = pl.concat([plain.filter(pl.col("ts").is_not_null()), clockless, careful], how="diagonal")
    nameless = pl.col("reason").is_null() & (pl.col("type").is_null() | pl.col("subtype").is_null())
    return cells.select(
        *(name for name in _PAIRS.schema if name not in {"reason", "detail"}),
        "ts",
        reason=pl.when(nameless).then(pl.lit("missing-column")).otherwise(pl.col("reason")),
        detail=pl.when(nameless).then(pl.lit("has no type and subtype as key=value")).otherwise(pl.col("detail")),
    ).sort("line")


def _timed(records: pl.DataFrame, declared: Declared, running: Running) -> tuple[pl.DataFrame, Running]:
    """Add `ts`, `ts_quality`, `reason` and `detail`, in the order of the lines."""
    records = records.drop("reason", "detail")
    quality = pl.lit("exact").alias("ts_quality")
    counted = records.filter(pl.col("ts").is_not_null()).with_columns(quality, reason=pl.lit(None), detail=pl.lit(None))
    written = records.filter(pl.col("ts").is_null()).drop("ts")
    if written.is_empty():
        return counted, running
    stamp = pl.concat_str("date", pl.lit(" "), "time", pl.col("tz").fill_null(""))
    read, after = from_written(
        written.select(stamp.alias("stamp"))["stamp"], declared.timezone, declared.date_order, running
    )
    timed = pl.concat([written, read], how="horizontal")
    return pl.concat([counted, timed], how="diagonal_relaxed").sort("line"), after


def _event() -> list[pl.Expr]:
    url, hostname = said(pl.col("url")), said(pl.col("hostname"))
    size = said(pl.col("rcvdbyte"))
    no_number = size.is_not_null() & whole(size).is_null()
    user = said(pl.col("user"))
    return [
        pl.col("line"),
        pl.col("ts"),
        pl.col("ts_quality"),
        pl.when(user != "N/A").then(user).alias("user_raw"),
        said(pl.col("srcip")).alias("client_ip"),
        said(pl.col("srcname")).alias("device"),
        said(pl.col("httpmethod")).alias("method"),
        pl.when(url.is_null()).then(hostname).alias("host"),
        _url(url, hostname).alias("url"),
        _verdict().alias("verdict"),
        said(pl.col("catdesc")).alias("vendor_category"),
        whole(size).alias("bytes"),
        said(pl.col("agent")).alias("user_agent"),
        said(pl.col("referralurl")).alias("referrer"),
        _kind(url).alias("kind"),
        pl.when(no_number).then(pl.lit("bad-number")).otherwise(pl.col("reason")).alias("reason"),
        pl.when(no_number).then(pl.lit("rcvdbyte is not a whole number")).otherwise(pl.col("detail")).alias("detail"),
    ]


def _is_whole(url: pl.Expr) -> pl.Expr:
    return url.str.contains(r"^[A-Za-z][A-Za-z0-9+.\-]*://")


def _url(url: pl.Expr, hostname: pl.Expr) -> pl.Expr:
    """The URL as one: with the scheme where the service names one, without it where it does not."""
    service = pl.col("service").str.to_lowercase()
    scheme = pl.when(service.is_in(["http", "https"])).then(service + "://").otherwise(pl.lit(""))
    path = pl.when(url.str.starts_with("/")).then(url).otherwise("/" + url)
    return pl.when(_is_whole(url) | hostname.is_null()).then(url).otherwise(pl.concat_str(scheme, hostname, path))


def _verdict() -> pl.Expr:
    action = pl.coalesce(said(pl.col("action")), said(pl.col("status"))).str.to_lowercase()
    read = action.replace_strict(_VERDICTS, default="unknown", return_dtype=pl.String).fill_null("unknown")
    warning = (read == "blocked") & pl.col("logid").str.ends_with(_WARNING_PAGE).fill_null(value=False)
    return pl.when(warning).then(pl.lit("warned")).otherwise(read)


def _kind(url: pl.Expr) -> pl.Expr:
    """Encrypted, and the front page without a method: the device saw the name in the certificate and no page."""
    encrypted = (pl.col("service").str.to_lowercase() == "https") | url.str.starts_with("https://")
    front = url.str.replace(r"^[A-Za-z][A-Za-z0-9+.\-]*://[^/?]*", "").is_in(["", "/"])
    unseen = encrypted.fill_null(value=False) & front & said(pl.col("httpmethod")).is_null()
    host_only = url.is_null() | unseen | (pl.col("httpmethod") == "CONNECT").fill_null(value=False)
    return pl.when(host_only).then(pl.lit("host-only")).otherwise(pl.lit("page"))


FORMAT: Final = Format(
    name="fortigate",
    title="FortiGate web filter, key=value (syslog or file)",
    document="https://docs.fortinet.com/document/fortigate/7.6.0/fortios-log-message-reference/",
    claims=claims,
    parse=parse,
    gives="user, client address, URL or host, verdict, category, bytes to the client; from 7.0 method and user agent",
    cannot="the page behind HTTPS that is not decrypted; the status; the content type, so pictures count as pages",
)
