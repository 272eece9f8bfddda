r"""Cisco Umbrella: DNS and web (proxy) activity as JSON lines, as its Reporting API gives it.

In: one activity a line, such as `{"type":"dns","timestamp":1773651901000,"internalip":"10.2.3.4","externalip":
"203.0.113.5","verdict":"blocked","domain":"h","querytype":"A","returncode":0,"identities":[{"label":"PC-104","type":
{"label":"AD Computers", ...}}],"categories":[{"label":"Gambling","deprecated":false, ...}], ...}`; a `proxy` activity
has `url`, `requestmethod`, `statuscode`, `responsesize`, `contenttype`, `useragent` and `referer`. Activities of other
kinds (firewall, ip, intrusion) are skips (`other-record`).

`timestamp` counts milliseconds. An identity may be a person, a computer or a network, and its type says which: only a
user becomes the user, only a computer the device; of the first identities. The internal address is the client's; where
it is empty the external one is, which is often that of a whole school. Categories that are marked as deprecated are
said once more under their new names, and left out. What the verdicts mean, `_umbrella` says; DNS is `host-only`, and so
is a CONNECT.
Out: `_COLUMNS`. Refuses lines that are no JSON object, lack the type, the name or the URL, or have no readable time;
numbers that are none.
Source: Cisco, Umbrella API, "Reporting", "Get Activities (All)".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import polars as pl

from pipeline.formats import Declared, Format, Parsed
from pipeline.formats._cells import is_background, parted, refusal, said, whole
from pipeline.formats._instants import timed
from pipeline.formats._json_records import records_of
from pipeline.formats._syslog import bare
from pipeline.formats._umbrella import ACCOUNT, OF_DEVICES, OF_PEOPLE, VERDICTS
from pipeline.times.localtime import Running

#: So many identities and categories are looked at.
_FIRST: Final = range(8)
_WANTED: Final = {
    "type": "type", "written": "timestamp", "internal": "internalip", "external": "externalip", "action": "verdict",
    "domain": "domain", "address": "url", "asked": "requestmethod", "code": "statuscode", "size": "responsesize",
    "content": "contenttype", "agent": "useragent", "refer": "referer",
} | {
    name + str(at): f"{where}[{at}].{key}"
    for at in _FIRST
    for name, where, key in (
        ("identity", "identities", "label"), ("sort", "identities", "type.label"),
        ("category", "categories", "label"), ("old", "categories", "deprecated"),
    )
}  # fmt: skip
_COLUMNS: Final = (
    "line", "ts", "ts_quality", "user_raw", "client_ip", "device", "method", "host", "url", "verdict",
    "vendor_category", "status", "bytes", "content_type", "user_agent", "referrer", "kind",
)  # fmt: skip
_SHAPE: Final = re.compile(
    r'\s*\{(?=.*"identities"\s*:\s*\[)(?=.*"verdict"\s*:)(?=.*"externalip"\s*:)(?=.*"timestamp"\s*:\s*[0-9])'
)


def claims(first_lines: Sequence[str]) -> bool:
    """Most lines have the keys of an activity."""
    shaped = sum(1 for line in bare(first_lines) if _SHAPE.match(line))
    return shaped * 2 > len(first_lines)


def parse(lines: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read a block of lines; see `Format.parse`. The carry is how stamps without a zone have run."""
    dns, web = pl.col("type") == "dns", pl.col("type") == "proxy"
    lacks = [
        (pl.col("type").is_null(), "type"),
        (dns & said(pl.col("domain")).is_null(), "domain"),
        (web & said(pl.col("address")).is_null(), "url"),
    ]
    found = records_of(lines, _WANTED, dns | web, lacks)
    read, running = timed(found.wanted.drop("reason", "detail"), "written", declared, Running.from_text(carry))
    rows = pl.concat([read.lazy().select(_event()).collect(), found.damaged], how="diagonal_relaxed")
    return parted(rows, _COLUMNS, found.skipped, running.to_text())


def _event() -> list[pl.Expr]:
    dns, status, size = pl.col("type") == "dns", whole(pl.col("code")), whole(pl.col("size"))
    no_number = pl.any_horizontal(
        pl.col(name).is_not_null() & whole(pl.col(name)).is_null() for name in ("code", "size")
    )
    user, name = _first_of(OF_PEOPLE), pl.col("domain")
    return [
        pl.col("line"),
        pl.col("ts"),
        pl.col("ts_quality"),
        pl.coalesce(user.str.extract(ACCOUNT), user).alias("user_raw"),
        pl.coalesce(said(pl.col("internal")), said(pl.col("external"))).alias("client_ip"),
        _first_of(OF_DEVICES).alias("device"),
        pl.when(~dns).then(said(pl.col("asked"))).alias("method"),
        pl.when(dns & (name.str.len_bytes() > 1)).then(name.str.strip_suffix(".")).when(dns).then(name).alias("host"),
        pl.when(~dns).then(pl.col("address")).alias("url"),
        pl.col("action").str.to_lowercase().replace_strict(VERDICTS, default="unknown", return_dtype=pl.String)
        .fill_null("unknown").alias("verdict"),
        _categories().alias("vendor_category"),
        pl.when(~dns & (status > 0)).then(status).alias("status"),
        pl.when(~dns).then(size).alias("bytes"),
        pl.when(~dns).then(said(pl.col("content"))).alias("content_type"),
        pl.when(~dns).then(said(pl.col("agent"))).alias("user_agent"),
        pl.when(~dns).then(said(pl.col("refer"))).alias("referrer"),
        _kind(dns).alias("kind"),
        *refusal(
            [(no_number, "bad-number", "the status or the size is not a whole number")],
            (pl.col("reason"), pl.col("detail")),
        ),
    ]  # fmt: skip


def _first_of(endings: tuple[str, ...]) -> pl.Expr:
    """The first identity whose type ends so."""
    ending = f"(?i)(?:{'|'.join(endings)})$"
    return pl.coalesce(
        pl.when(pl.col(f"sort{at}").str.contains(ending)).then(said(pl.col(f"identity{at}"))) for at in _FIRST
    )


def _categories() -> pl.Expr:
    """The names of the categories, a comma between them, as the CSV has them."""
    current = [pl.when(pl.col(f"old{at}").ne_missing("true")).then(said(pl.col(f"category{at}"))) for at in _FIRST]
    return said(pl.concat_str(current, separator=",", ignore_nulls=True))


def _kind(dns: pl.Expr) -> pl.Expr:
    tunnel = (pl.col("asked").str.to_uppercase() == "CONNECT").fill_null(value=False)
    return (
        pl.when(dns | tunnel)
        .then(pl.lit("host-only"))
        .when(is_background(pl.col("content")))
        .then(pl.lit("background"))
        .otherwise(pl.lit("page"))
    )


FORMAT: Final = Format(
    name="umbrella_json",
    title="Cisco Umbrella DNS and web activity, JSON (Reporting API)",
    document="https://developer.cisco.com/docs/cloud-security/umbrella-api-reference-reports-reporting-overview/",
    claims=claims,
    parse=parse,
    gives="user or device, client address, host (DNS) or URL (web), verdict, categories; web: method, status, bytes, "
    "content type, user agent, referrer",
    cannot="the page behind a DNS name; who it was where only a network is known; an answer of the API as a whole, "
    "whose activities must first stand one a line",
)
