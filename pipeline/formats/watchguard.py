r"""WatchGuard Firebox (Fireware): what its HTTP, HTTPS and DNS proxies log, by syslog.

In: lines such as `<142>Sep 28 10:15:02 fb1 80D6000000000 (2026-09-28T09:15:02) http-proxy[2345]: msg_id="1AFF-0024"
Allow 1-Trusted 0-External tcp 10.2.3.4 192.0.2.9 64425 80 msg="HTTP Request" proxy_act="HTTP-Client.1" op="GET"
dstname="h" arg="/p" sent_bytes="339" rcvd_bytes="955" elapsed_time="5.037750 sec(s)" src_user="dee" (HTTP-proxy-00)`,
tabs also as `#011`; of DNS `... udp 10.2.3.4 192.0.2.53 61758 53 msg="DNS request" query_type="A" question="h" ...`.
Read are the records of these proxies (`1AFF`, `2CFF`, `1DFF`, `3000-0175` and `-0176`, or a proxy's name without a
number) that name a site and are a request, a category, a match of a URL or of a DNS name, or a refusal. What the
proxies say of the parts of an allowed request, traffic, events and alarms are skips (`other-record`).

The time in brackets is UTC; without it the stamp of syslog counts, whose year may have to be found. What the cells
mean, `_watchguard` says.

Quotes in a URL are not known to be masked, and the user stands behind it. Where sizes follow, a user before them is
refused; a refused request has no sizes, so its user counts only if seen otherwise that day. Pairs are read as `_keyed`
says. Out: `COLUMNS`. Refuses what is no record of a Firebox.
Source: Fireware log catalog 12.3 and 12.6; lines that its users have published, in one of which both times stand.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import polars as pl

from pipeline.formats import Declared, Format, Parsed
from pipeline.formats._cells import blank_apart, parted, skips
from pipeline.formats._header_stamp import header_stamp
from pipeline.formats._keyed import Keyed, read
from pipeline.formats._syslog import unstructured, without_structure
from pipeline.formats._watchguard import COLUMNS, event, is_ours
from pipeline.times.localtime import Running
from pipeline.times.monthnames import from_named_month

_KEYED: Final = Keyed(
    keys=(
        "msg", "op", "cats", "dstname", "arg", "host", "path", "sni", "cn", "rcvd_bytes", "elapsed_time", "src_user",
        "question",
    ),
    client=("dstname", "arg", "host", "path", "sni", "line", "header", "question"),
    ahead=("msg", "op"),
    before=r'[^"=]*(?:msg_id="[^"]*"[^"=]*)?',
    # The name of the policy.
    after=r'(?:(?: |#011)+\([^"]*\))? *',
    opening="msg_id",
    ending=r" (?: |#011)*\([ A-Za-z0-9._/&+-]*\)",
)  # fmt: skip
_ID: Final = r'msg_id="[0-9A-F]{4}-[0-9A-F]{4}"'
_ACTED: Final = r"(?:Allow|Deny|Drop|Block)"
_RECORD: Final = rf"^[^\"=]*[a-z][a-z0-9_-]*(?:\[[0-9]+\])?: +(?:{_ID}|{_ACTED} .* proxy_act=)"
_SHAPED: Final = re.compile(_RECORD)
_OURS: Final = rf'^[^"=]*: +(?:msg_id="(?:1AFF-|1DFF-|2CFF-|3000-017[56])|{_ACTED} )'
#: What is taken from before the pairs; the names of interfaces may hold blanks.
_ACTS: Final = rf"(?:{_ID}|proxy(?:\[[0-9]+\])?:) +(?P<acted>[A-Z][a-z]+) "
_PEERS: Final = " *(?P<src>[0-9A-Fa-f.:]+) +[0-9A-Fa-f.:]+ +[0-9]+ +(?P<port>[0-9]+) +msg="
_SIDES: Final = rf'{_ACTS}[^"=]*? (?:tcp|udp) {_PEERS}'
_TIME: Final = r"\(([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(?:\.[0-9]+)?)\)"
#: Where no earlier bracket stands, each character has but one place in the pattern, and it takes a third of the time.
_SOON: Final = rf'^[^"=(]*{_TIME}'
_LATER: Final = rf'^[^"=]*{_TIME}'
_FORGED: Final = r"\ssrc_user=.*\s(?:rcvd_bytes|sent_bytes|elapsed_time|op|dstname|arg|host|path|sni|cn)="


def claims(first_lines: Sequence[str]) -> bool:
    """Most lines have the number of a message of Fireware, or what one of its proxies did."""
    shaped = sum(1 for line in unstructured(first_lines) if _SHAPED.match(line))
    return shaped * 2 > len(first_lines)


def parse(lines: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read a block of lines; see `Format.parse`. The carry is how stamps without a zone or a year have run."""
    texts, blank = blank_apart(lines)
    texts = without_structure(texts)
    texts = texts.with_columns(record=pl.col("text").str.contains(_RECORD), ours=pl.col("text").str.contains(_OURS))
    record, ours = pl.col("record"), pl.col("ours")
    foreign = texts.filter(~record).select(
        "line", reason=pl.lit("not-this-format"), detail=pl.lit("has no msg_id, and no proxy that allowed or denied")
    )
    sides = _with_sides(texts.filter(record & ours))
    cells = pl.concat([read(sides, _KEYED), sides.drop("line")], how="horizontal")
    cells = cells.lazy().with_columns(_faults()).collect()
    good, site = pl.col("reason").is_null(), is_ours()
    timed, running = _timed(cells.filter(good & site), declared, Running.from_text(carry))
    damaged = cells.filter(~good).select("line", "reason", "detail")
    table = pl.concat([timed.lazy().select(event()).collect(), damaged, foreign], how="diagonal")
    others = [skips(texts.filter(record & ~ours), "other-record"), skips(cells.filter(good & ~site), "other-record")]
    return parted(table, COLUMNS, [blank, *others], running.to_text())


def _with_sides(texts: pl.DataFrame) -> pl.DataFrame:
    """Add `acted`, `src` and `port`; tabs that syslog has masked become blanks."""
    if texts.select(pl.col("text").str.contains("#011", literal=True).any()).item():
        texts = texts.with_columns(pl.col("text").str.replace_all(r'"#011([A-Za-z_]+=")', '" $1'))
    # Cut at the first `tcp`, it takes half as long; where that is part of a name, the whole is looked at.
    ends = texts.select(pl.col("text").str.splitn(" tcp ", 2)).unnest("text")
    acted, peers = pl.col("field_0").str.extract(f'{_ACTS}[^"=]*$'), pl.col("field_1").str.extract_groups(f"^{_PEERS}")
    cut = texts.hstack(ends.lazy().select(acted.alias("acted"), peers.alias("peers")).collect().unnest("peers"))
    whole = cut.select(pl.any_horizontal(pl.col("acted", "src", "port").is_null())).to_series()
    if not whole.any():
        return cut
    others = texts.filter(whole).with_columns(sides=pl.col("text").str.extract_groups(_SIDES)).unnest("sides")
    return pl.concat([cut.filter(~whole), others]).sort("line")


def _faults() -> list[pl.Expr]:
    """Reason and detail of what is wrong besides the pairs."""
    forged = pl.col("src_user").is_not_null() & pl.col("text").str.contains(_FORGED)
    reason = pl.when(pl.col("acted").is_null() | forged).then(pl.lit("bad-field"))
    detail = (
        pl.when(pl.col("acted").is_null())
        .then(pl.lit("does not say tcp or udp, two addresses, two ports and a message"))
        .when(forged)
        .then(pl.lit("says src_user before what follows a user, so a client may have written it"))
    )
    return [pl.coalesce(reason, "reason").alias("reason"), pl.coalesce(detail, "detail").alias("detail")]


def _timed(records: pl.DataFrame, declared: Declared, running: Running) -> tuple[pl.DataFrame, Running]:
    """Add `ts`, `ts_quality`, and the reason and detail of a time that cannot be read."""
    times, after = from_named_month(_stamps(records["text"]), declared.timezone, declared.last_change, running)
    return pl.concat([records.drop("reason", "detail"), times], how="horizontal"), after


def _stamps(texts: pl.Series) -> pl.Series:
    """The time in brackets, or that of syslog's header, which few lines need."""
    found = texts.to_frame("text").with_columns(stamp=texts.str.extract(_SOON) + "Z")
    if found["stamp"].has_nulls():
        other = pl.when(pl.col("stamp").is_null()).then(pl.col("text"))
        found = found.with_columns(pl.coalesce("stamp", other.str.extract(_LATER) + "Z", header_stamp(other)))
    return found["stamp"]


FORMAT: Final = Format(
    name="watchguard",
    title="WatchGuard Firebox (Fireware) HTTP, HTTPS and DNS proxies, syslog",
    document="https://www.watchguard.com/help/docs/help-center/en-US/Content/en-US/Fireware/logging/read_log-msg.html",
    claims=claims,
    parse=parse,
    gives="user, client address, method, URL or host, verdict, WebBlocker category, bytes to the client, time taken; "
    "of DNS the name",
    cannot="the page behind HTTPS that is not inspected; the status; the content type, so pictures "
    "count as pages; the user of a DNS query",
    unproven=("blocked",),
)
