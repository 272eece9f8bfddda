r"""FortiGate and FortiProxy: web-filter and DNS-filter records in CEF (`set format cef`).

In: lines such as `Mar 15 16:07:32 fw CEF:0|Fortinet|Fortigate|v7.2.8|13056|utm:webfilter ftgd_blk blocked|4|
FTNTFGTeventtime=1757318701000000000 FTNTFGTtz=+0100 FTNTFGTlogid=0316013056 cat=utm:webfilter duser=dee src=10.2.3.4
app=HTTPS dhost=h act=blocked request=/p in=0 requestContext=Gambling ...`; up to 7.0 a blank stands behind `CEF:`.
Every other record of the device is a skip (`other-record`). CEF leaves `date` and `time` out: without
`FTNTFGTeventtime` (5.6) only the header of syslog tells the time, and that mostly has no year.

FortiAnalyzer, which passes on the logs of many devices, writes them otherwise: `CEF:0|Fortinet|FortiGate-100F|
7.2.8,build1639 (GA)|0316013056|webfilter utm blocked|5|start=Sep 08 2025 09:05:01 ad.eventtime=1757318701000000000
ad.tz=+0100 cat=utm ad.subtype=webfilter duser=dee ...`, also without `ad.`. The version of the device has no `v`;
`start` is `date` and `time` of the device, a second `cat` the number of the category.

CEF is read as `_cef` says; what the fields mean, `_fortinet` says. Out: `COLUMNS`. `in` is `rcvdbyte` and `out` is
`sentbyte`. Refuses also lines that are no such records, and whose time cannot be read.
Source: FortiOS Log Message Reference 5.6 to 7.6, "CEF support", with "Webfilter log support" and "DNS log support";
Fortinet, "FortiAnalyzer log forwarding CEF version", and lines that FortiAnalyzer's users have published.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from pipeline.formats import Declared, Format, Parsed
from pipeline.formats._cef import Source, taken_apart
from pipeline.formats._cells import blank_apart, divided, parted, said, skips
from pipeline.formats._fortinet import COLUMNS, event, is_ours, timed
from pipeline.formats._worded import Order
from pipeline.times.localtime import Running

#: FortiOS's name of a field -> its CEF key.
_KEYS: Final = {
    "eventtime": "FTNTFGTeventtime", "tz": "FTNTFGTtz", "logid": "FTNTFGTlogid", "action": "act", "user": "duser",
    "srcip": "src", "srcname": "shost", "service": "app", "hostname": "dhost", "url": "request", "rcvdbyte": "in",
    "agent": "requestClientApplication", "referralurl": "FTNTFGTreferralurl", "qname": "FTNTFGTqname",
}  # fmt: skip
_SOURCE: Final = Source(
    vendor="Fortinet",
    product="(?i:FortiGate|FortiProxy)[^|]*",
    keys=(*_KEYS.values(), "cat", "requestContext", "FTNTFGTcatdesc", "requestMethod", "FTNTFGThttpmethod"),
    once=(
        "cat", "act", "duser", "src", "dhost", "request", "FTNTFGTqname", "FTNTFGTeventtime", "FTNTFGTtz",
        "FTNTFGTlogid",
    ),
    order=Order(
        client=("request", "requestClientApplication", "FTNTFGTreferralurl"),
        ahead=("FTNTFGTeventtime", "FTNTFGTtz", "FTNTFGTlogid", "cat", "duser", "src", "shost"),
    ),
)  # fmt: skip
claims = _SOURCE.claims
#: FortiAnalyzer's lines, by the version of the device.
_PASSED_ON: Final = r"^[^|]*CEF: ?[0-9.]+\|Fortinet\|[^|]*\|[0-9]"
#: The fields for which FortiAnalyzer uses FortiOS's names, with `ad.` before them or without.
_AS_THEY_ARE: Final = ("eventtime", "tz", "logid", "subtype", "agent", "referralurl", "qname", "httpmethod", "catdesc")
_EITHER: Final = {name: (f"ad.{name}", name) for name in _AS_THEY_ARE}
_WORDS_OF_CLIENTS: Final = (*_EITHER["agent"], *_EITHER["referralurl"])
_WHAT_AND_WHEN: Final = ("ad.eventtime", "eventtime", "ad.subtype", "subtype")
_ANALYZER: Final = Source(
    vendor="Fortinet",
    product=_SOURCE.product,
    keys=(
        "start", "cat", "act", "duser", "src", "shost", "app", "dhost", "request", "in", "requestClientApplication",
        "requestContext", "requestMethod", *(key for keys in _EITHER.values() for key in keys),
    ),
    once=("start", "act", "duser", "src", "dhost", "request", *_EITHER["qname"], *_WHAT_AND_WHEN),
    order=Order(
        client=("request", "requestClientApplication", *_WORDS_OF_CLIENTS),
        ahead=("start", "cat", "duser", "src", "shost", *_WHAT_AND_WHEN),
    ),
)  # fmt: skip


def parse(lines: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read a block of lines; see `Format.parse`. The carry is how stamps without a zone have run."""
    texts, blank = blank_apart(lines)
    cells = _cells_of(texts)
    good = pl.col("reason").is_null()
    read_times, running = timed(cells.filter(good & is_ours()), declared, Running.from_text(carry))
    read = pl.concat(
        [read_times.lazy().select(event()).collect(), cells.filter(~good).select("line", "reason", "detail")],
        how="diagonal",
    )
    others = skips(cells.filter(good & ~is_ours()), "other-record")
    return parted(read, COLUMNS, [blank, others], running.to_text())


def _cells_of(texts: pl.DataFrame) -> pl.DataFrame:
    """The cells of each line under FortiOS's own names, with the reason and detail of its reject."""
    passed_on, direct = divided(texts, pl.col("text").str.contains(_PASSED_ON))
    cells = taken_apart(direct, _SOURCE).select("line", *_fields(), "reason", "detail")
    if passed_on.is_empty():
        return cells
    others = taken_apart(passed_on, _ANALYZER).select("line", *_passed_on_fields(), "reason", "detail")
    return pl.concat([cells, others.select(cells.columns)]).sort("line")


def _passed_on_fields() -> list[pl.Expr]:
    """The cells of FortiAnalyzer's lines.

    The zone counts only beside the epoch, with which it is compared: it may stand behind what a client sent.
    """
    either = {name: pl.coalesce(said(pl.col(key)) for key in keys) for name, keys in _EITHER.items()}
    start = pl.col("start").str.to_datetime("%b %d %Y %H:%M:%S", time_unit="us", strict=False)
    written = {"date": start.dt.strftime("%Y-%m-%d"), "time": start.dt.strftime("%H:%M:%S")}
    beside = {
        "tz": pl.when(either["eventtime"].is_not_null()).then(either["tz"].str.strip_chars('"')),
        "logid": pl.coalesce(either["logid"], "signature"),
        "agent": pl.coalesce(said(pl.col("requestClientApplication")), either["agent"]),
        "catdesc": pl.coalesce(said(pl.col("requestContext")), either["catdesc"]),
        "httpmethod": pl.coalesce(said(pl.col("requestMethod")), either["httpmethod"]),
        "type": pl.col("cat"),
        "status": pl.lit(None, pl.String),
        "header": pl.col("text"),
    }
    shared = {name: pl.col(key) for name, key in _KEYS.items() if name not in either}
    return [each.alias(name) for name, each in (shared | either | written | beside).items()]


def _fields() -> list[pl.Expr]:
    """The cells under FortiOS's own names."""
    kind = pl.col("cat").str.splitn(":", 2).struct
    none = [pl.lit(None, pl.String).alias(name) for name in ("date", "time", "status")]
    return [
        *(pl.col(key).alias(name) for name, key in _KEYS.items()),
        *none,
        pl.col("text").alias("header"),
        kind.field("field_0").alias("type"),
        kind.field("field_1").alias("subtype"),
        pl.coalesce(said(pl.col("requestContext")), "FTNTFGTcatdesc").alias("catdesc"),
        pl.coalesce(said(pl.col("FTNTFGThttpmethod")), "requestMethod").alias("httpmethod"),
    ]


FORMAT: Final = Format(
    name="fortigate_cef",
    title="FortiGate and FortiProxy web and DNS filter, CEF (syslog, FortiAnalyzer)",
    document="https://docs.fortinet.com/document/fortigate/7.6.0/fortios-log-message-reference/604144/cef-support",
    claims=claims,
    parse=parse,
    gives="user, client address, URL or host, verdict, category, bytes to the client; from 7.0 method and user agent",
    cannot="the year of records of 5.6; the page behind HTTPS that is not decrypted; the status; the content "
    "type, so pictures count as pages",
)
