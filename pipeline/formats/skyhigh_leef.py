r"""Skyhigh Secure Web Gateway (McAfee Web Gateway) access log in LEEF, as for QRadar.

In: lines such as `<30>Aug 16 13:27:21 proxy1 mwg: LEEF:1.0|McAfee|Web Gateway|7.5.2.7.0|0|devTime=1773651901000|
usrName=dee|realm=r|src=10.2.3.4|...|blockReason=|...|srcBytes=604|dstBytes=5120|...|httpStatus=200|timeTaken=267|
contentType=text/html|urlCategories=Games|...|proto=http|method=GET|url=http://h/p|referer=...|userAgent=...|...`. The
vendor's rule set parts the pairs with bars, not tabs. A bar parts only where a key of the template follows it, since a
URL may hold bars.

`devTime` counts seconds or milliseconds, else the stamp of syslog counts. `dstBytes` is what went to the client. There
is no number of the block as in the other logs, but its reason in words: empty where no rule blocked; a login is asked
for with 407, or with 401 and a reason. Two of the words are failures of the gateway itself.
LEEF is read as `_leef` says; the gateway writes who it was and what it did before the URL. Out: `_COLUMNS`. Refuses
lines that are no such records, those with a tab among bars or with an unknown key behind a name, numbers that are none
and unreadable times.
Source: Web Gateway product guide, "List of block reason IDs"; IBM, QRadar DSM guide, "McAfee Web Gateway"; records
that the gateway's users have published.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

import polars as pl

from pipeline.formats import Declared, Format, Parsed
from pipeline.formats._carriers import uncarried
from pipeline.formats._cells import blank_apart, divided, parted, refusal, said, whole
from pipeline.formats._header_stamp import or_header_stamp
from pipeline.formats._leef import Source, taken_apart
from pipeline.formats._skyhigh import kind
from pipeline.formats._worded import Order
from pipeline.times.localtime import Running
from pipeline.times.monthnames import from_named_month
from pipeline.times.writtentime import from_epoch

_AHEAD: Final = ("devTime", "usrName", "src", "blockReason", "httpStatus")
_CLIENT: Final = ("url", "referer", "userAgent")
_KEYS: Final = (*_AHEAD, *_CLIENT, "dstBytes", "timeTaken", "contentType", "urlCategories", "method")
_SOURCE: Final = Source(
    vendor="McAfee|Skyhigh(?: Security)?",
    product="(?:Secure )?Web Gateway",
    keys=_KEYS,
    once=_KEYS,
    order=Order(client=_CLIENT, ahead=_AHEAD),
)
#: The other keys of the template, before which a bar parts as well.
_OTHERS: Final = (
    "realm", "srcPort", "dst", "dstPort", "srcPreNAT", "srcPreNATPort", "dstPreNAT", "dstPreNATPort", "dstPostNAT",
    "srcPostNAT", "srcPostNATPort", "dstPostNATPort", "srcBytes", "totalBytes", "srcBytesPostNAT", "dstBytesPostNAT",
    "totalBytesPostNAT", "cacheStatus", "ensuredType", "reputation", "policy", "proto", "calCountryOrRegion",
    "virusName", "application", "devTimeFormat",
    # Those of an older template, as SIEM parsers that read it name them.
    "Prot", "Meth", "agent", "usrAgent", "recv", "sent", "BtS", "BfS", "mal", "mType", "mime",
)  # fmt: skip
_BARS: Final = [f"|{key}=" for key in (*_KEYS, *_OTHERS)]
_TABS: Final = [f"\t{key}=" for key in (*_KEYS, *_OTHERS)]
#: The header, and what has become of the bar behind it.
_FIRST: Final = r"(LEEF: ?[12]\.[0-9]\|(?:[^|\t]*\|){3}[^|\t]*)\t"
_BARRED: Final = r"LEEF: ?[12]\.[0-9]\|(?:[^|]*\|){4}[A-Za-z]+=[^\t|]*\|"
#: A key that no template has, behind a name: where the name ends cannot be told.
_UNPARTED: Final = r"\|[A-Za-z]+="
_FAILURES: Final = ("internal error", "internal url filter error")
_COLUMNS: Final = (
    "line", "ts", "ts_quality", "user_raw", "client_ip", "method", "url", "verdict", "vendor_category", "status",
    "bytes", "duration_ms", "content_type", "user_agent", "referrer", "kind",
)  # fmt: skip
claims = _SOURCE.claims


def parse(lines: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read a block of lines; see `Format.parse`. The carry is how stamps without a zone or a year have run."""
    texts, blank = blank_apart(uncarried(lines))
    mixed, texts = divided(
        texts, pl.col("text").str.contains(_BARRED) & pl.col("text").str.contains("\t", literal=True)
    )
    tabbed = pl.col("text").str.replace_many(_BARS, _TABS).str.replace(_FIRST, "${1}|")
    cells = taken_apart(texts.with_columns(text=pl.when(pl.col("text").str.contains(_BARRED)).then(tabbed)
        .otherwise("text")), _SOURCE)  # fmt: skip
    good = pl.col("reason").is_null()
    records = cells.filter(good).drop("reason", "detail")
    timed, running = _timed(records, declared, Running.from_text(carry))
    damaged = cells.filter(~good).select("line", "reason", "detail")
    torn = mixed.select("line", reason=pl.lit("bad-field"), detail=pl.lit("has a tab among pairs that bars part"))
    return parted(
        pl.concat([timed.select(_event()), damaged, torn], how="diagonal"), _COLUMNS, [blank], running.to_text()
    )


def _timed(records: pl.DataFrame, declared: Declared, running: Running) -> tuple[pl.DataFrame, Running]:
    """Add `ts`, `ts_quality`, `reason` and `detail`."""
    counted = from_epoch(pl.col("devTime")).dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")
    stamps = records.select(or_header_stamp(pl.coalesce(counted, said(pl.col("devTime"))))).to_series()
    times, after = from_named_month(stamps, declared.timezone, declared.last_change, running)
    return pl.concat([records, times], how="horizontal"), after


def _event() -> list[pl.Expr]:
    status, size, took = (said(pl.col(name)) for name in ("httpStatus", "dstBytes", "timeTaken"))
    wrong = [
        (cell.is_not_null() & whole(cell).is_null(), "bad-number", f"{name} is not a whole number")
        for name, cell in (("httpStatus", status), ("dstBytes", size), ("timeTaken", took))
    ]
    unparted = pl.col("usrName").str.contains(_UNPARTED)
    wrong.append((unparted, "bad-field", "usrName holds a bar and a key that is not known"))
    method, content_type = said(pl.col("method")), said(pl.col("contentType"))
    return [
        pl.col("line"),
        pl.col("ts"),
        pl.col("ts_quality"),
        said(pl.col("usrName")).alias("user_raw"),
        said(pl.col("src")).alias("client_ip"),
        method.alias("method"),
        said(pl.col("url")).alias("url"),
        _verdict(whole(status)).alias("verdict"),
        said(pl.col("urlCategories")).alias("vendor_category"),
        pl.when(whole(status) > 0).then(whole(status)).alias("status"),
        whole(size).alias("bytes"),
        whole(took).alias("duration_ms"),
        content_type.alias("content_type"),
        said(pl.col("userAgent")).alias("user_agent"),
        said(pl.col("referer")).alias("referrer"),
        kind(method, content_type).alias("kind"),
        *refusal(wrong, (pl.col("reason"), pl.col("detail"))),
    ]


def _verdict(status: pl.Expr) -> pl.Expr:
    """By the reason of the block; unknown where the record has none of its own."""
    why = pl.col("blockReason")
    blocked = said(why).is_not_null()
    login = (status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED) | ((status == HTTPStatus.UNAUTHORIZED) & blocked)
    return (
        pl.when(login)
        .then(pl.lit("challenge"))
        .when(why.is_null())
        .then(pl.lit("unknown"))
        .when(~blocked)
        .then(pl.lit("allowed"))
        .when(why.str.to_lowercase().is_in(_FAILURES))
        .then(pl.lit("error"))
        .otherwise(pl.lit("blocked"))
    )


FORMAT: Final = Format(
    name="skyhigh_leef",
    title="Skyhigh (McAfee) Secure Web Gateway access log, LEEF",
    document="https://www.ibm.com/docs/en/dsm?topic=mcafee-web-gateway",
    claims=claims,
    parse=parse,
    gives="user, client address, URL, method, verdict, categories, status, bytes to the client, time taken, content "
    "type, user agent, referrer",
    cannot="the page behind an encrypted CONNECT; a warning page (the gateway logs it as a block)",
    unproven=("challenge",),
)
