r"""Sophos Firewall (SFOS, XG) web-filter records as key=value text: a syslog file.

In: lines of the older layout, `device="SFW" date=2026-09-28 time=10:15:02 timezone="BST" ... log_type="Content
Filtering" log_component="HTTP" log_subtype="Denied" user_name="dee" category="Games" url="https://h/p" ...`, and of the
newer ones, `device_name="SFW" timestamp="2026-09-28T10:15:02+0100" ... http_category= bytes_received= http_status=`.
Read are the records of the web filter (`Content Filtering` with the component HTTP or HTTPS). All others of the device
are skips (`other-record`), among them those of the firewall, of applications, of TLS and of the content policy.

The time is that of the device. `timestamp` names its offset; `timezone` names an abbreviation, of which GMT, UTC and
BST (British Summer Time) are known, and those of the European mainland. Others, such as IST and CST, mean several
zones: such a stamp is read in the declared zone. `recv_bytes` is what came back for the client, `sent_bytes` what it
sent.
Without decryption an HTTPS address is the bare name of its host, with status 0 or none.

Pairs are read as `_keyed` says: user, category and verdict stand before the URL. Out: `_COLUMNS`. Refuses lines without
`log_type`, `log_component` and `log_subtype`, and records without a readable time.
Source: Sophos Firewall syslog guide (web filter), log file guides 17.5 to 21.5.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import polars as pl

from pipeline.formats import Declared, Format, Parsed
from pipeline.formats._cells import blank_apart, divided, is_background, parted, said, skips
from pipeline.formats._distinct import judged
from pipeline.formats._keyed import Keyed, faults, number, unsorted
from pipeline.formats._syslog import bare, without_structure
from pipeline.times.localtime import Running
from pipeline.times.writtentime import from_written

_AHEAD: Final = ("log_type", "log_component", "log_subtype", "user_name")
_BOTH: Final = (*_AHEAD, "url", "domain", "src_ip", "referer")
_OLD: Final = Keyed(
    keys=(
        *_BOTH, "date", "time", "timezone", "category", "contenttype", "recv_bytes", "httpresponsecode", "status_code",
        "user_agent",
    ),
    client=("url", "domain", "user_agent", "referer", "contenttype"),
    ahead=(*_AHEAD, "date", "time", "timezone", "category"),
)  # fmt: skip
_NEW: Final = Keyed(
    keys=(
        *_BOTH, "timestamp", "http_category", "content_type", "bytes_received", "http_status", "http_user_agent",
    ),
    client=("url", "domain", "http_user_agent", "referer", "content_type"),
    ahead=(*_AHEAD, "timestamp", "http_category"),
)  # fmt: skip
_COLUMNS: Final = (
    "line", "ts", "ts_quality", "user_raw", "client_ip", "host", "url", "verdict", "vendor_category", "status", "bytes",
    "content_type", "user_agent", "referrer", "kind",
)  # fmt: skip
_SHAPE: Final = re.compile(
    r"(?=.*\blog_id=\"?[0-9]{12}\b)(?=.*\blog_type=)(?=.*\blog_component=)(?=.*\blog_subtype=)(?=.*\bdevice(?:_name)?=)"
)
_RECORD: Final = r"(?:^|\s)log_type=.*\slog_component=.*\slog_subtype="
#: Among the first keys, where no client has a say.
_IS_NEW: Final = r"^(?:[^=]*=){1,3}[^=]* timestamp="
#: Abbreviations that mean one zone only, or that a British device means.
_ZONES: Final = {
    "GMT": "+0000", "UTC": "+0000", "BST": "+0100", "WET": "+0000", "WEST": "+0100", "CET": "+0100", "CEST": "+0200",
    "EET": "+0200", "EEST": "+0300",
}  # fmt: skip
#: Zones without an abbreviation of their own come as `+11` or `+0545`.
_OFFSET: Final = r"^[+-][0-9]{2}(?::?[0-9]{2})?$"
_WHOLE_HOURS: Final = r"^[+-][0-9]{2}$"
_VERDICTS: Final = {"Allowed": "allowed", "Denied": "blocked", "Warned": "warned"}
_NOBODY: Final = "N/A"


def claims(first_lines: Sequence[str]) -> bool:
    """Most lines have the keys of a Sophos Firewall."""
    shaped = sum(1 for line in bare(first_lines) if _SHAPE.match(line))
    return shaped * 2 > len(first_lines)


def parse(lines: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read a block of lines; see `Format.parse`. The carry is how stamps without a zone have run."""
    texts, blank = blank_apart(lines)
    texts = without_structure(texts)
    text = pl.col("text")
    texts = texts.with_columns(
        record=text.str.contains(_RECORD), ours=text.str.contains('log_type="?Content Filtering')
    )
    records, strangers = divided(texts, pl.col("record"))
    foreign = strangers.select(
        "line", reason=pl.lit("not-this-format"), detail=pl.lit("has no log_type, log_component and log_subtype")
    )
    web_filter, others = divided(records, pl.col("ours"))
    good, damaged = divided(_cells(web_filter), pl.col("reason").is_null())
    web = (pl.col("log_type") == "Content Filtering") & pl.col("log_component").is_in(["HTTP", "HTTPS"])
    requests, more = divided(good, web.fill_null(value=False))
    timed, running = _timed(requests, declared, Running.from_text(carry))
    events = timed.lazy().with_columns(status=_status()).select(_event()).collect()
    table = pl.concat([events, damaged.select("line", "reason", "detail"), foreign], how="diagonal")
    skipped = [skips(each, "other-record") for each in (others, more)]
    return parted(table, _COLUMNS, [blank, *skipped], running.to_text())


def _cells(texts: pl.DataFrame) -> pl.DataFrame:
    """The values of the lines of both layouts, in their order; a file mostly holds one."""
    new = texts["text"].str.contains(_IS_NEW)
    layouts = [unsorted(texts.filter(~new), _OLD), unsorted(texts.filter(new), _NEW)]
    return pl.concat(layouts, how="diagonal").sort("line")


def _timed(records: pl.DataFrame, declared: Declared, running: Running) -> tuple[pl.DataFrame, Running]:
    """Add `ts`, `ts_quality`, and the reason and detail of a time that cannot be read."""
    zoned = judged(records.select("date", "time", "timezone", "timestamp"), ["timezone"], [_offset().alias("offset")])
    written = pl.concat_str("date", pl.lit(" "), "time", pl.col("offset").fill_null(""))
    stamps = zoned.select(stamp=pl.coalesce(said(pl.col("timestamp")), written))["stamp"]
    times, after = from_written(stamps, declared.timezone, declared.date_order, running)
    return pl.concat([records.drop("reason", "detail"), times], how="horizontal"), after


def _offset() -> pl.Expr:
    """The offset that a zone means; null where it says none."""
    named = pl.col("timezone").replace_strict(_ZONES, default=None, return_dtype=pl.String)
    unnamed = pl.when(named.is_null()).then("timezone")
    told = pl.when(unnamed.str.contains(_OFFSET)).then("timezone").str.replace(_WHOLE_HOURS, "${0}00")
    return pl.coalesce(named, told)


def _first_of(*names: str) -> pl.Expr:
    return pl.coalesce(*(said(pl.col(name)) for name in names))


def _event() -> list[pl.Expr]:
    user, url = said(pl.col("user_name")), said(pl.col("url"))
    status, content_type = pl.col("status"), _first_of("contenttype", "content_type")
    return [
        pl.col("line"),
        pl.col("ts"),
        pl.col("ts_quality"),
        pl.when(user != _NOBODY).then(user).alias("user_raw"),
        said(pl.col("src_ip")).alias("client_ip"),
        pl.when(url.is_null()).then(said(pl.col("domain"))).alias("host"),
        url.alias("url"),
        _verdict(status).alias("verdict"),
        _first_of("category", "http_category").alias("vendor_category"),
        pl.when(status > 0).then(status).alias("status"),
        number(_first_of("recv_bytes", "bytes_received")).alias("bytes"),
        content_type.alias("content_type"),
        _first_of("user_agent", "http_user_agent").alias("user_agent"),
        said(pl.col("referer")).alias("referrer"),
        _kind(url, content_type).alias("kind"),
        *faults(("recv_bytes", "bytes_received", "status_code", "http_status", "httpresponsecode")),
    ]


def _status() -> pl.Expr:
    return number(_first_of("status_code", "http_status", "httpresponsecode"))


def _verdict(status: pl.Expr) -> pl.Expr:
    read_word = pl.col("log_subtype").replace_strict(_VERDICTS, default="unknown", return_dtype=pl.String)
    return pl.when(status == 407).then(pl.lit("challenge")).otherwise(read_word.fill_null("unknown"))


def _kind(url: pl.Expr, content_type: pl.Expr) -> pl.Expr:
    """The front of an encrypted site, of which nothing came to be seen, shows the host only."""
    front = pl.when(content_type.is_null()).then(url).str.contains(r"^https://[^/?#]*/?$")
    unseen = url.is_null() | front
    return (
        pl.when(unseen)
        .then(pl.lit("host-only"))
        .when(is_background(content_type))
        .then(pl.lit("background"))
        .otherwise(pl.lit("page"))
    )


FORMAT: Final = Format(
    name="sophos_xg",
    title="Sophos Firewall (SFOS, XG) web filter, syslog",
    document="https://docs.sophos.com/nsg/sophos-firewall/21.5/syslog/index.html",
    claims=claims,
    parse=parse,
    gives="user, client address, URL, verdict, category, status, bytes to the client, content type, user agent",
    cannot="the method; the page behind HTTPS that is not decrypted; what the records of applications, of TLS and of "
    "the content policy say",
)
