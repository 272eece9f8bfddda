r"""Zscaler Internet Access web and DNS logs as JSON lines: NSS feeds for a SIEM, and Cloud NSS.

In: lines such as `{"sourcetype":"zscalernss-web","event":{"time":"Mon Nov 9 09:05:01 2026","login":"a@school.test",
"proto":"HTTPS","eurl":"h/p","action":"Blocked", ...}}`, by file, HTTP or syslog. A feed's fields are chosen by the
school; read are the names of the vendor's own templates: of the SIEM feed (`eurl`, `cip`, `ua`), of Cloud NSS
(`b64url`, `cltintip`, `useragent`), of the Splunk feed (`url`, `ClientIP`, `user`), and of the DNS feed (`dns_req`,
`reqaction`, `resaction`, `clt_sip`), which `_zscaler_dns` explains. Feeds of other logs (`zscalernss-fw`, ...) are
skips (`other-record`). Before the object may stand `event=`, as feeds by RFC 5424 have it that SIEMs ask for.
`time` is in the zone of the feed: where `tz` says GMT it is exact, else `epochtime` is taken, else the declared zone.
URLs come without a scheme; `proto` names it. `b64url` and `b64referer` are Base64. `respsize` is what went to the
client. Without a login the user is the name of the location, and then nobody. A CONNECT, a tunnel (`SSL`, `TUNNEL`)
and traffic that was not decrypted show the host only. `None`, `NA` and `Unknown` say nothing. Out: `_COLUMNS`. Refuses
lines that are no JSON object, or lack the type, the action or the name that was asked for, or a readable time.
Source: Zscaler's help, "NSS Feed Output Format: Web Logs", "NSS Feed Output Format: DNS Logs" and "Cloud NSS".
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Sequence
from typing import Final

import polars as pl

from pipeline.formats import Declared, Format, Parsed
from pipeline.formats._cells import blank_apart, divided, is_background, parted, refusal, skips, whole
from pipeline.formats._distinct import judged
from pipeline.formats._json import unsorted
from pipeline.formats._syslog import bare, without_header
from pipeline.formats._zscaler_dns import DNS_NAMES, dns_verdict
from pipeline.times.localtime import Running
from pipeline.times.writtentime import from_written

#: Each column by the names that it has in the templates; the first that says something counts.
_NAMES: Final = {
    "time": ("time", "datetime"), "tz": ("tz",), "epoch": ("epochtime",), "login": ("login", "user"),
    "place": ("location",),
    "protocol": ("proto", "protocol"), "target": ("eurl", "url"), "coded": ("b64url",), "action": ("action",),
    "client": ("cltintip", "cintip", "ClientIP", "cip", "cltip", "clt_sip"), "machine": ("devicehostname",),
    "method": ("reqmethod", "requestmethod"), "code": ("respcode", "status"), "size": ("respsize", "responsesize"),
    "agent": ("ua", "useragent"), "refer": ("ereferer", "refererURL"), "coded_refer": ("b64referer",),
    "content": ("contenttype",), "category": ("urlcat", "urlsubcat", "urlcategory"), "program": ("appname",),
    "decrypted": ("ssldecrypted",), **DNS_NAMES,
}  # fmt: skip
_WANTED: Final = {"source": "sourcetype"} | {name: f"event.{name}" for names in _NAMES.values() for name in names}
_COLUMNS: Final = (
    "line", "ts", "ts_quality", "user_raw", "client_ip", "device", "method", "host", "url", "app", "verdict",
    "vendor_category", "status", "bytes", "duration_ms", "content_type", "user_agent", "referrer", "kind",
)  # fmt: skip
_WEB: Final = "zscalernss-web"
_DNS: Final = "zscalernss-dns"
#: What some set before the object, as the name of their own for it.
_CALLED: Final = r"^\s*event=(\{)"
_SHAPE: Final = re.compile(r'\s*(?:event=)?\{(?=.*"sourcetype"\s*:\s*"zscalernss-(?:web|dns)")(?=.*"event"\s*:\s*\{)')
_NOTHING: Final = ("None", "NA", "N/A", "Unknown", "")
_SAYS_NOTHING: Final = rf"^(?:\s*(?:{'|'.join(_NOTHING)})\s*|-)$"
_STAMP: Final = "%b %d %H:%M:%S %Y"
#: Said beside the date, and of no use where the two disagree.
_WEEKDAY: Final = "^[A-Z][a-z]{2} +"
_VERDICTS: Final = {"allowed": "allowed", "blocked": "blocked"}
#: In a feed without `ssldecrypted` only these say that the URL is no more than a host.
_TUNNEL: Final = "^(?:ssl|tunnel.*|http_proxy)$"


def claims(first_lines: Sequence[str]) -> bool:
    """Most lines say that they are Zscaler's web or DNS log."""
    shaped = sum(1 for line in bare(first_lines) if _SHAPE.match(line))
    return shaped * 2 > len(first_lines)


def parse(lines: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read a block of lines; see `Format.parse`. The carry is how stamps without a zone have run."""
    texts, blank = blank_apart(lines)
    objects = without_header(texts)
    if objects["text"].str.contains(_CALLED).any():
        objects = objects.with_columns(pl.col("text").str.replace(_CALLED, "${1}"))
    cells = unsorted(objects, _WANTED)
    missing = pl.when(pl.col("source").is_null()).then(pl.lit("has no sourcetype")).when(
        (pl.col("source") == _WEB) & pl.col("action").is_null()
    ).then(pl.lit("has no event.action")).when(
        (pl.col("source") == _DNS) & pl.col("dns_req").is_null()
    ).then(pl.lit("has no event.dns_req"))  # fmt: skip
    lacks = pl.col("reason").is_null() & missing.is_not_null()
    cells = cells.with_columns(
        pl.when(lacks).then(pl.lit("missing-column")).otherwise(pl.col("reason")).alias("reason"),
        pl.when(lacks).then(missing).otherwise(pl.col("detail")).alias("detail"),
    )
    good, damaged = divided(cells, pl.col("reason").is_null())
    ours, others = divided(good, pl.col("source").is_in([_WEB, _DNS]))
    # A feed has one of the names that a column may have.
    given = frozenset(each.name for each in ours if each.null_count() < ours.height)
    records = judged(
        ours.select("line", "source", *_columns(given)).sort("line"),
        ("_time", "_tz", "_epoch"),
        [_written().alias("written")],
    )
    stamped = from_written(records["written"], declared.timezone, declared.date_order, Running.from_text(carry))
    read, running = records.hstack(stamped[0]), stamped[1]
    # By itself, or each expression that needs it would decode it again.
    told = read.lazy().with_columns(
        _target=pl.coalesce(_decoded("_coded"), "_target"), _refer=pl.coalesce(_decoded("_coded_refer"), "_refer")
    )
    rows = pl.concat(
        [told.select(_event()).collect(), damaged.select("line", "reason", "detail")], how="diagonal_relaxed"
    )
    return parted(rows, _COLUMNS, [blank, skips(others, "other-record")], running.to_text())


def _columns(given: frozenset[str]) -> list[pl.Expr]:
    """One column for all the names that it has among those given, null where none says anything."""
    none = pl.lit(None, pl.String)
    return [
        pl.coalesce(*(_spoken(each) for each in names if each in given), none).alias(f"_{name}")
        for name, names in _NAMES.items()
    ]


def _spoken(name: str) -> pl.Expr:
    """The cell as written; null for the vendor's words for nothing."""
    return pl.when(~pl.col(name).str.contains(_SAYS_NOTHING)).then(name)


def _written() -> pl.Expr:
    """The time as ISO 8601, with `Z` where the feed is in Greenwich time; as it is written where it is another."""
    bare_time = pl.col("_time").str.replace(_WEEKDAY, "").str.replace_all(" +", " ")
    stamp = bare_time.str.to_datetime(_STAMP, strict=False, time_unit="us")
    iso = pl.coalesce(stamp.dt.strftime("%Y-%m-%dT%H:%M:%S"), "_time")
    is_gmt = pl.col("_tz").is_in(["GMT", "UTC"]).fill_null(value=False)
    return pl.when(is_gmt).then(iso + "Z").otherwise(pl.coalesce("_epoch", iso))


def _event() -> list[pl.Expr]:
    status = whole(pl.col("_code"))
    dns = pl.col("source") == _DNS
    numbers = [pl.col(name).is_not_null() & whole(pl.col(name)).is_null() for name in ("_code", "_size", "_took")]
    no_number = pl.any_horizontal(numbers)
    nameless = dns & pl.col("_name").is_null()
    read = pl.col("_action").str.to_lowercase().replace_strict(_VERDICTS, default="unknown", return_dtype=pl.String)
    refer = pl.col("_refer")
    return [
        pl.col("line"),
        pl.col("ts"),
        pl.col("ts_quality"),
        pl.when(pl.col("_login").ne_missing(pl.col("_place"))).then(pl.col("_login")).alias("user_raw"),
        pl.col("_client").alias("client_ip"),
        pl.col("_machine").alias("device"),
        pl.when(pl.col("_method") != "invalid").then(pl.col("_method")).alias("method"),
        pl.col("_name").alias("host"),
        pl.when(~dns).then(_url()).alias("url"),
        pl.col("_program").alias("app"),
        pl.when(dns).then(dns_verdict("_asked", "_answered")).when(status == 407).then(pl.lit("challenge"))
        .otherwise(read.fill_null("unknown")).alias("verdict"),
        pl.coalesce("_category", "_topic").alias("vendor_category"),
        pl.when(status > 0).then(status).alias("status"),
        whole(pl.col("_size")).alias("bytes"),
        whole(pl.col("_took")).alias("duration_ms"),
        pl.col("_content").alias("content_type"),
        pl.col("_agent").alias("user_agent"),
        pl.when(~refer.is_in(_NOTHING)).then(refer).alias("referrer"),
        pl.when(dns).then(pl.lit("host-only")).otherwise(_kind()).alias("kind"),
        *refusal(
            [(no_number, "bad-number", "the status, the size or the duration is not a whole number"),
             (nameless, "bad-field", "the name is empty")],
            (pl.col("reason"), pl.col("detail")),
        ),
    ]  # fmt: skip


def _decoded(name: str) -> pl.Expr:
    """What a Base64 column holds; null where it is none, or no text."""
    return pl.col(name).map_batches(_texts_of, return_dtype=pl.String)


def _texts_of(coded: pl.Series) -> pl.Series:
    """Many at once; what polars cannot read so, each distinct value once in Python: it forgives a little more."""
    try:
        texts = coded.str.decode("base64", strict=False).cast(pl.String)
    except pl.exceptions.PolarsError:
        # One of them is no text.
        texts = pl.Series([None], dtype=pl.String).new_from_index(0, len(coded))
    left = coded.filter(texts.is_null() & coded.is_not_null()).unique()
    if left.is_empty():
        return texts
    read = pl.Series([_text_of(each) for each in left], dtype=pl.String)
    others = coded.replace_strict(left, read, default=None, return_dtype=pl.String)
    return texts.zip_with(texts.is_not_null(), others)


def _text_of(coded: str) -> str | None:
    try:
        return b64decode(coded, validate=True).decode()
    except ValueError:
        return None


def _url() -> pl.Expr:
    """The URL with the scheme that the record names; a tunnel's host and port as they are."""
    url = pl.col("_target")
    scheme = pl.col("_protocol").str.to_lowercase()
    known = scheme.is_in(["http", "https"]) & ~url.str.contains("^[A-Za-z][A-Za-z0-9+.-]*://") & (
        pl.col("_method").ne_missing("CONNECT")
    )  # fmt: skip
    return pl.when(known.fill_null(value=False)).then(pl.concat_str(scheme, pl.lit("://"), url)).otherwise(url)


def _kind() -> pl.Expr:
    protocol = pl.col("_protocol").str.to_lowercase()
    closed = (pl.col("_decrypted") == "No") & (protocol != "http")
    tunnel = (pl.col("_method") == "CONNECT") | protocol.str.contains(_TUNNEL)
    return (
        pl.when(tunnel.fill_null(value=False) | closed.fill_null(value=False))
        .then(pl.lit("host-only"))
        .when(is_background(pl.col("_content")))
        .then(pl.lit("background"))
        .otherwise(pl.lit("page"))
    )


FORMAT: Final = Format(
    name="zscaler_json",
    title="Zscaler Internet Access web and DNS logs, JSON (NSS, Cloud NSS)",
    document="https://help.zscaler.com/zia/nss-feed-output-format-web-logs",
    claims=claims,
    parse=parse,
    gives="user, client address, device, URL, verdict, category, status, bytes to the client, content type, "
    "user agent, referrer, application; of DNS the name that was asked for",
    cannot="a page that was cautioned is told apart neither from an allowed nor from a blocked one; where a DNS rule "
    "redirects to; feeds with field names of the school's own",
)
