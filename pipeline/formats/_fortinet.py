"""What FortiOS says of a request or a DNS answer, whichever way its log is written down.

In: one row for each record, its values under the names of FortiOS's own fields (`FIELDS`), null where a field is
missing. Out: which records are ours, their times, and the columns of their events (`COLUMNS`). Refuses a record without
a readable time and one whose `rcvdbyte` is no number.

- Ours are `type=utm` with `subtype=webfilter` or `dns`, and `type=dns` up to 6.0. A DNS record shows a host only.
- Two clocks: `eventtime` counts from the epoch in s (5.6, 6.0), ms, us or ns (6.2 and later) and is used where it can
  be read, cut to microseconds; else `date`, `time` and `tz`; else `date` and `time` in the declared zone. The two can
  disagree by hours on a device whose clock was changed or whose zone is not the declared one. Where they differ by
  more than a second, or one cannot be read, `other_clock` holds the one that was not used, as written: if it has the
  shape of a date, `eventtime` was used.
- `url` is a path up to 6.4 and a whole URL from 7.0 on. `rcvdbyte` is what went to the client. `method` is how the site
  was rated, and `httpmethod` (7.0) the method. `unauthuser` is a guess of the device and not taken for the user.
- A category set to *warning* is logged as `blocked`, so the number of the message (13057) decides.
- DNS: `redirect` sends the client to the page that says it was blocked. A `dns-query` record has no action, since the
  answer is another record: its verdict is unknown. An answer that there is no such name is no block.
- Without decryption the path of an HTTPS address is always `/`: such a row shows the host only.
Source: FortiOS Log Message Reference 5.6 to 7.6, web filter and DNS; FortiProxy Log Message Reference 7.4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from pipeline.formats._cells import said, whole
from pipeline.formats._header_stamp import or_header_stamp
from pipeline.times.localtime import Running
from pipeline.times.monthnames import from_named_month
from pipeline.times.writtentime import from_epoch

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from pipeline.formats import Declared

#: The clock of older devices, and the second one of newer.
CLOCK: Final = ("date", "time", "tz")
FIELDS: Final = (
    "eventtime", "logid", "type", "subtype", "action", "status", "user", "srcip", "srcname", "service", "hostname",
    "url", "httpmethod", "catdesc", "rcvdbyte", "agent", "referralurl", "qname", *CLOCK,
)  # fmt: skip
#: Fields on which a row's meaning hangs.
ONCE: Final = ("type", "subtype", "action", "user", "srcip", "hostname", "url", "qname")
COLUMNS: Final = (
    "line", "ts", "ts_quality", "other_clock", "user_raw", "client_ip", "device", "method", "host", "url", "verdict",
    "vendor_category", "bytes", "user_agent", "referrer", "kind",
)  # fmt: skip
_VERDICTS: Final = {
    "blocked": "blocked", "block": "blocked", "deny": "blocked", "denied": "blocked",
    "passthrough": "allowed", "allowed": "allowed", "allow": "allowed", "pass": "allowed", "exempt": "allowed",
    "exempted": "allowed", "monitored": "allowed", "filtered": "allowed", "warning": "warned", "warned": "warned",
}  # fmt: skip
#: The message of a category whose action is *warning*.
_WARNING_PAGE: Final = "13057"
_WRITTEN: Final = "%Y-%m-%d %H:%M:%S"
#: `+0100`, and `UTC+1:00` on chassis of several blades.
_OFFSET: Final = r"^(?:UTC)?(?P<sign>[+-])(?P<hours>[0-9]{1,2}):?(?P<minutes>[0-9]{2})$"
_WORDED_OFFSET: Final = r"^UTC(?P<sign>[+-])(?P<hours>[0-9]):(?P<minutes>[0-9]{2})$"
_SECOND: Final = 1_000_000


def is_ours() -> pl.Expr:
    """Whether a record is one of the web filter or of the DNS filter."""
    utm = (pl.col("type") == "utm") & pl.col("subtype").is_in(["webfilter", "dns"])
    return (utm | _is_dns()).fill_null(value=False)


def _is_dns() -> pl.Expr:
    old = (pl.col("type") == "dns") & pl.col("subtype").str.starts_with("dns-")
    return (old | ((pl.col("type") == "utm") & (pl.col("subtype") == "dns"))).fill_null(value=False)


def timed(records: pl.DataFrame, declared: Declared, running: Running) -> tuple[pl.DataFrame, Running]:
    """Add `ts`, `ts_quality`, `other_clock`, `reason` and `detail`, in the order of the lines.

    A column `header` may hold whole lines, whose header tells the time of records without any of their own.
    """
    stamp = pl.concat_str("date", "time", separator=" ")
    records = records.drop("reason", "detail").with_columns(ts=from_epoch(pl.col("eventtime")), stamp=stamp)
    quality = pl.lit("exact").alias("ts_quality")
    counted = records.filter(pl.col("ts").is_not_null())
    counted = counted.with_columns(_other_clock(counted, declared.timezone), quality, reason=pl.lit(None, pl.String))
    written = records.filter(pl.col("ts").is_null()).drop("ts")
    if written.is_empty():
        return counted.with_columns(detail=pl.lit(None, pl.String)), running
    full = pl.concat_str("stamp", pl.col("tz").str.replace(_WORDED_OFFSET, "${sign}0$hours:$minutes").fill_null(""))
    stamps = written.select(or_header_stamp(full, "header") if "header" in written.columns else full).to_series()
    read, after = from_named_month(stamps, declared.timezone, declared.last_change, running)
    both = pl.concat([written, read], how="horizontal").with_columns(other_clock=said(pl.col("eventtime")))
    return pl.concat([counted, both], how="diagonal_relaxed").sort("line"), after


def _other_clock(counted: pl.DataFrame, zone: ZoneInfo) -> pl.Expr:
    """`date`, `time` and `tz` as written, where they do not agree with `eventtime`."""
    if counted["stamp"].null_count() == counted.height:
        return pl.lit(None, pl.String).alias("other_clock")
    local = pl.col("stamp").str.to_datetime(_WRITTEN, time_unit="us", strict=False)
    offset = pl.col("tz").str.extract_groups(_OFFSET).struct
    sign = pl.when(offset.field("sign") == "-").then(-1).otherwise(1)
    minutes = sign * (offset.field("hours").cast(pl.Int64) * 60 + offset.field("minutes").cast(pl.Int64))
    readings = [(local - pl.duration(minutes=minutes)).dt.replace_time_zone("UTC")]
    if counted["tz"].null_count():
        bare = pl.when(pl.col("tz").is_null()).then(local).dt
        early = bare.replace_time_zone(zone.key, ambiguous="earliest", non_existent="null")
        late = bare.replace_time_zone(zone.key, ambiguous="latest", non_existent="null")
        readings += [early.dt.convert_time_zone("UTC"), late.dt.convert_time_zone("UTC")]
    second = pl.col("ts").dt.timestamp("us") // _SECOND
    agrees = pl.any_horizontal((each.dt.timestamp("us") // _SECOND - second).abs() <= 1 for each in readings)
    shown = pl.concat_str("stamp", "tz", separator=" ", ignore_nulls=True)
    return pl.when(pl.col("stamp").is_not_null() & ~agrees.fill_null(value=False)).then(shown).alias("other_clock")


def event() -> list[pl.Expr]:
    """The columns of an event, and `reason` and `detail` of a reject."""
    dns = _is_dns()
    url, hostname = said(pl.when(~dns).then(pl.col("url"))), said(pl.when(~dns).then(pl.col("hostname")))
    size = said(pl.col("rcvdbyte"))
    no_number = size.is_not_null() & whole(size).is_null()
    user = said(pl.col("user"))
    return [
        pl.col("line"),
        pl.col("ts"),
        pl.col("ts_quality"),
        pl.col("other_clock"),
        pl.when(user != "N/A").then(user).alias("user_raw"),
        said(pl.col("srcip")).alias("client_ip"),
        said(pl.col("srcname")).alias("device"),
        said(pl.col("httpmethod")).alias("method"),
        pl.when(dns).then(said(pl.col("qname"))).when(url.is_null()).then(hostname).alias("host"),
        _url(url, hostname).alias("url"),
        _verdict(dns).alias("verdict"),
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


def _verdict(dns: pl.Expr) -> pl.Expr:
    action = pl.coalesce(said(pl.col("action")), said(pl.col("status"))).str.to_lowercase()
    read = action.replace_strict(_VERDICTS, default="unknown", return_dtype=pl.String).fill_null("unknown")
    warning = (read == "blocked") & pl.col("logid").str.ends_with(_WARNING_PAGE).fill_null(value=False)
    return (
        pl.when(dns & (action == "redirect"))
        .then(pl.lit("blocked"))
        .when(warning)
        .then(pl.lit("warned"))
        .otherwise(read)
    )


def _kind(url: pl.Expr) -> pl.Expr:
    """Encrypted, and the front page without a method: the device saw the name in the certificate and no page."""
    encrypted = (pl.col("service").str.to_lowercase() == "https") | url.str.starts_with("https://")
    front = url.str.contains(r"^(?:[A-Za-z][A-Za-z0-9+.\-]*://[^/?]*)?/?$")
    unseen = encrypted.fill_null(value=False) & front & said(pl.col("httpmethod")).is_null()
    host_only = url.is_null() | unseen | (pl.col("httpmethod") == "CONNECT").fill_null(value=False)
    return pl.when(host_only).then(pl.lit("host-only")).otherwise(pl.lit("page"))
