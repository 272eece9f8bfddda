r"""SonicWall (SonicOS) firewalls with the syslog format ArcSight: what they log of web sites, in CEF.

In: lines such as `Sep 28 10:15:02 fw CEF:0|SonicWall|NSa 2700|7.0.1-5030|97|Syslog Website Accessed|4|cat=1024 gcat=2
src=10.2.3.4 spt=5000 deviceInboundInterface=X0 dst=192.0.2.9 dpt=443 susr="dee" proto=tcp/https out=510 in=955
request=h/p reason=27 Category-"News and Media" cs6="Policy: Pupils" cnt=3 fw_action="NA" dpi=1`. The signature in the
header is the number of the message: read are those of web sites (`_sonicwall`), all others are skips (`other-record`).

The record has no time: that of syslog's header counts, which mostly names neither year nor zone; `rt` would come first.
`request` is name and path as one, `proto` has its scheme. `in` is what came back for the client. The category stands
behind the number of its reason, with a hyphen where its equals sign should be.
The device writes user, address and service before the request. CEF is read as `_cef` says. Out: `_COLUMNS`. Refuses
lines that are no such records, or whose time cannot be read.
Source: SonicOS Log Events Reference Guide 6.5 to 7.1, "Index of Syslog Tag Field Descriptions" and the examples in the
format ArcSight; lines that its users have published.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from pipeline.formats import Declared, Format, Parsed
from pipeline.formats._carriers import uncarried
from pipeline.formats._cef import Source, taken_apart, timed
from pipeline.formats._cells import blank_apart, parted, said, skips
from pipeline.formats._header_stamp import or_header_stamp
from pipeline.formats._keyed import faults, number
from pipeline.formats._sonicwall import VERDICTS, kind, known, scheme, verdict
from pipeline.formats._worded import Order
from pipeline.times.localtime import Running

_AHEAD: Final = ("rt", "src", "srcV6", "susr", "suser", "proto", "in")
_SOURCE: Final = Source(
    vendor="(?i:SonicWall)",
    product="[^|]+",
    keys=(*_AHEAD, "requestMethod", "request", "Category", "fw_action"),
    once=(*_AHEAD, "request", "Category", "fw_action"),
    order=Order(client=("request",), ahead=_AHEAD),
)
_COLUMNS: Final = (
    "line", "ts", "ts_quality", "user_raw", "client_ip", "method", "url", "verdict", "vendor_category", "bytes", "kind",
)  # fmt: skip
_QUOTED: Final = ("susr", "suser", "request", "Category", "fw_action")
_CATEGORY: Final = r' reason=[0-9]+ Category-"([^"]*)"'
#: What was done, ahead of the reason: the device writes it behind.
_FORGED: Final = r" fw_action=.* reason="
claims = _SOURCE.claims


def parse(lines: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read a block of lines; see `Format.parse`. The carry is how stamps without a zone or a year have run."""
    texts, blank = blank_apart(uncarried(lines))
    cells = _apart(texts)
    good, web = pl.col("reason").is_null(), pl.col("signature").is_in(list(VERDICTS)).fill_null(value=False)
    records = cells.filter(good & web).with_columns(rt=or_header_stamp(said(pl.col("rt"))))
    stamped, running = timed(records, declared, Running.from_text(carry))
    damaged = cells.filter(~good).select("line", "reason", "detail")
    plain = stamped.lazy().with_columns(_plain(key) for key in _QUOTED).with_columns(url=_url())
    read = pl.concat([plain.select(_event()).collect(), damaged], how="diagonal")
    return parted(read, _COLUMNS, [blank, skips(cells.filter(good & ~web), "other-record")], running.to_text())


def _apart(texts: pl.DataFrame) -> pl.DataFrame:
    """The cells of each line, with the category behind the reason; a reject where a client may have written it."""
    text = pl.col("text")
    forged = (text.str.count_matches(" reason=") > 1) | text.str.contains(_FORGED)
    aside = texts.select("line", rated=text.str.extract(_CATEGORY), forged=forged)
    cells = taken_apart(texts, _SOURCE).join(aside, on="line", how="left", maintain_order="left")
    fault = pl.col("forged") & pl.col("reason").is_null()
    return cells.with_columns(
        reason=pl.when(fault).then(pl.lit("bad-field")).otherwise("reason"),
        detail=pl.when(fault)
        .then(pl.lit("says reason twice or late, so a client may have written it"))
        .otherwise("detail"),
    )


def _event() -> list[pl.Expr]:
    method, url = said(pl.col("requestMethod")), pl.col("url")
    return [
        pl.col("line"),
        pl.col("ts"),
        pl.col("ts_quality"),
        known(pl.coalesce("susr", "suser")).alias("user_raw"),
        pl.coalesce(said(pl.col("srcV6")), said(pl.col("src"))).alias("client_ip"),
        pl.when(method.str.contains(r"^[A-Z]+$")).then(method).alias("method"),
        url,
        verdict("signature", pl.col("fw_action")).alias("verdict"),
        pl.coalesce("Category", said(pl.col("rated"))).alias("vendor_category"),
        number(pl.col("in")).alias("bytes"),
        kind(url).alias("kind"),
        *faults(("in",)),
    ]


def _plain(key: str) -> pl.Expr:
    """What a key says, without the quotes in which the device puts it."""
    cell = pl.col(key)
    inner = cell.str.strip_prefix('"').str.strip_suffix('"')
    both = cell.str.starts_with('"') & cell.str.ends_with('"') & (cell.str.len_bytes() > 1)
    return said(pl.when(both & ~inner.str.contains('"', literal=True)).then(inner).otherwise(cell)).alias(key)


def _url() -> pl.Expr:
    return pl.when(pl.col("request").is_not_null()).then(pl.concat_str(scheme(), "request"))


FORMAT: Final = Format(
    name="sonicwall_cef",
    title="SonicWall (SonicOS) web sites, CEF (syslog format ArcSight)",
    document="https://www.sonicwall.com/support/technical-documentation/",
    claims=claims,
    parse=parse,
    gives="user, client address, URL, verdict, category, bytes to the client",
    cannot="the year and the zone of its times, which are syslog's; the page behind HTTPS that is not decrypted; the "
    "status, the method and the content type, so pictures count as pages; the computer's name",
)
