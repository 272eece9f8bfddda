r"""WatchGuard Firebox (Fireware): what its HTTP, HTTPS and DNS proxies log, by syslog in LEEF (log format "IBM LEEF").

In: lines such as `<142>Sep 28 10:15:02 fb1 LEEF:1.0|WatchGuard|XTM|12.8.2.B666661|1AFF0024|serial=80D6<tab>policy=
HTTP-proxy-00<tab>disp=Allow<tab>src=10.2.3.4<tab>dstPort=80<tab>op=GET<tab>dstname=h<tab>arg=/p<tab>rcvd_bytes=955<tab>
elapsed_time=0.001407 sec(s)<tab>src_user=dee<tab>msg=HTTP request`. The header's last column is the number of the
message, without a dash. Read are the records of these proxies (`1AFF`, `2CFF`, `1DFF`, `3000` with `0175` and `0176`)
that name a site and are a request, a category, a match of a URL or of a DNS name, or a refusal; all others are skips
(`other-record`).

`devTime` counts where it is there, else the stamp of syslog, whose year and zone have to be found. What the cells mean,
`_watchguard` says. LEEF is read as `_leef` says: a path in which the Firebox leaves a bare tab ends there, and what a
client puts behind it would be read as a pair; said twice, it makes the record a reject. Out: `COLUMNS`. Refuses lines
that are no such records, a key on which the row hangs said twice, and times that cannot be read.
Source: Fireware Help, "Configure Syslog Server Settings"; Fireware log catalog 12.6; lines published of it.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from pipeline.formats import Declared, Format, Parsed
from pipeline.formats._cells import blank_apart, parted, said, skips
from pipeline.formats._header_stamp import or_header_stamp
from pipeline.formats._leef import Source, taken_apart
from pipeline.formats._watchguard import COLUMNS, event, is_ours
from pipeline.times.localtime import Running
from pipeline.times.monthnames import from_named_month

_SOURCE: Final = Source(
    vendor="WatchGuard",
    product="[^|]+",
    keys=(
        "devTime", "disp", "src", "dstPort", "msg", "op", "cats", "dstname", "arg", "host", "path", "sni", "cn",
        "rcvd_bytes", "elapsed_time", "src_user", "question",
    ),
    once=("disp", "src", "dstname", "arg", "host", "path", "sni", "src_user", "question"),
)  # fmt: skip
_PROXIES: Final = "^(?:1AFF|1DFF|2CFF|3000017[56]$)"
claims = _SOURCE.claims


def parse(lines: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read a block of lines; see `Format.parse`. The carry is how stamps without a zone or a year have run."""
    texts, blank = blank_apart(lines)
    cells = taken_apart(texts, _SOURCE).rename({"disp": "acted", "dstPort": "port"})
    good = pl.col("reason").is_null()
    ours = is_ours() & pl.col("event").str.contains(_PROXIES).fill_null(value=False)
    records = cells.filter(good & ours).drop("reason", "detail")
    stamps = records.select(or_header_stamp(said(pl.col("devTime")))).to_series()
    stamped, running = from_named_month(stamps, declared.timezone, declared.last_change, Running.from_text(carry))
    events = pl.concat([records, stamped], how="horizontal").select(event())
    damaged = cells.filter(~good).select("line", "reason", "detail")
    other = skips(cells.filter(good & ~ours), "other-record")
    return parted(pl.concat([events, damaged], how="diagonal"), COLUMNS, [blank, other], running.to_text())


FORMAT: Final = Format(
    name="watchguard_leef",
    title="WatchGuard Firebox (Fireware) HTTP, HTTPS and DNS proxies, LEEF",
    document="https://www.watchguard.com/help/docs/help-center/en-US/Content/en-US/Fireware/logging/"
    "send_logs_to_syslog_c.html",
    claims=claims,
    parse=parse,
    gives="user, client address, method, URL or host, verdict, WebBlocker category, bytes to the client, time taken; "
    "of DNS the name",
    cannot="the year and the zone where a record has no devTime; the page behind HTTPS that is not inspected; the "
    "status; the content type, so pictures count as pages; the user of a DNS query",
    unproven=("blocked",),
)
