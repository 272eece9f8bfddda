r"""Cisco Meraki MX security appliances, syslog: requests (`urls`) and what content filtering blocked.

In: lines such as `1374543986.038687615 MX84 urls src=10.2.3.4:63735 dst=192.0.2.9:80 mac=00:00:5E:00:53:01
agent='Mozilla/5.0' request: GET http://h/p`, with or without `<134>1 ` and any header of syslog before them: an epoch
with up to nine digits behind its point, the name of the appliance, the kind of record. Of an encrypted request the
method is `UNKNOWN`, and only its host is told (`https://h/...`, with the three dots): no URL, `host-only`. What became
of a request its line does not say: `unknown`.

A block is a record of its own, `events content_filtering_block url='http://h/p' category0='Gambling'
server='192.0.2.9:80'`; it names no client's address. So a blocked page may give two events. All other records (`flows`,
`firewall`, `ids-alerts`, `airmarshal_events`, ...) are skips (`other-record`).

The client's own words are the agent, in quotes that are not escaped, and the URL, which has no blanks; both stand
behind the address. Out: `_COLUMNS`. Refuses requests in which `request:` stands twice or what is named cannot be read,
and unreadable times. Source: Meraki's documentation, "Syslog Event Types and Log Samples".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import polars as pl

from pipeline.formats import Declared, Format, Parsed
from pipeline.formats._cells import blank_apart, parted, refusal, said, skips
from pipeline.formats._syslog import bare, without_header
from pipeline.times.writtentime import from_epoch

_HEAD: Final = r"^ *(?:<[0-9]{1,3}>)?(?:1 )? *(?P<stamp>[0-9]{9,10}\.[0-9]{1,9}) [^ ]+ "
#: Without brackets only where all eight groups are there, since else the port may be one of them.
_ADDRESS: Final = (
    r"(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|\[[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*\]|[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{1,4}){7})"
)
_REQUEST: Final = (
    rf"{_HEAD}urls src=(?P<client>{_ADDRESS}):[0-9]{{1,5}} +dst=[^ ]+ +(?:mac=[^ ]+ +)?(?:agent='(?P<agent>.*)' +)?"
    r"request: (?P<method>[A-Z][A-Z_-]*) (?P<asked>[^ ]+)$"
)
_BLOCK: Final = (
    rf"{_HEAD}events (?:type=)?content_filtering_block url='(?P<blocked>[^ ]+)'"
    r"(?: category0='(?P<category>[^']*)')?(?: .*)?$"
)
_KINDS: Final = (
    "urls|events|flows|ip_flow_(?:start|end)|(?:cellular_|vpn_|bridge_anyconnect_client_vpn_|l7_)?firewall|ids-alerts|"
    "security_event|airmarshal_events"
)
_SHAPE: Final = re.compile(rf"{_HEAD}(?:{_KINDS}) ")
_OURS: Final = rf"{_HEAD}(?:urls |events (?:type=)?content_filtering_block )"
_TWICE: Final = " request: .* request: "
_NO_METHOD: Final = "UNKNOWN"
#: The dots are the appliance's own.
_ONLY_A_HOST: Final = r"^[a-z]+://[^/]+/\.\.\.$"
_COLUMNS: Final = (
    "line", "ts", "ts_quality", "client_ip", "method", "host", "url", "verdict", "vendor_category", "user_agent",
    "kind",
)  # fmt: skip


def claims(first_lines: Sequence[str]) -> bool:
    """Most lines have an epoch, the name of an appliance and a kind of record."""
    return sum(1 for line in bare(first_lines) if _SHAPE.match(line)) * 2 > len(first_lines)


def parse(lines: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read a block of lines; see `Format.parse`. They say everything, so both extras are unused."""
    del declared, carry
    texts, blank = blank_apart(lines)
    text = pl.col("text")
    plain = without_header(texts)
    is_other = text.str.contains(_SHAPE.pattern) & ~text.str.contains(_OURS)
    asked, block = text.str.extract_groups(_REQUEST), text.str.extract_groups(_BLOCK)
    read = plain.filter(~is_other).with_columns(
        stamp=text.str.extract(_HEAD, 1),
        **{name: asked.struct.field(name) for name in ("client", "agent", "method", "asked")},
        **{name: block.struct.field(name) for name in ("blocked", "category")},
    )
    return parted(read.select(_event()), _COLUMNS, [blank, skips(plain.filter(is_other), "other-record")])


def _event() -> list[pl.Expr]:
    url = pl.coalesce("asked", "blocked")
    closed = ((pl.col("method") == _NO_METHOD) | url.str.contains(_ONLY_A_HOST)).fill_null(value=False)
    tunnel = closed | (pl.col("method") == "CONNECT").fill_null(value=False)
    return [
        pl.col("line"),
        from_epoch(pl.col("stamp")).alias("ts"),
        pl.lit("exact").alias("ts_quality"),
        pl.col("client").str.strip_chars("[]").alias("client_ip"),
        pl.when(pl.col("method") != _NO_METHOD).then(pl.col("method")).alias("method"),
        pl.when(closed).then(url.str.extract(r"^[a-z]+://([^/:]+|\[[0-9A-Fa-f:.]+\])", 1)).alias("host"),
        pl.when(~closed).then(url).alias("url"),
        pl.when(pl.col("blocked").is_not_null()).then(pl.lit("blocked")).otherwise(pl.lit("unknown")).alias("verdict"),
        said(pl.col("category")).alias("vendor_category"),
        said(pl.col("agent")).alias("user_agent"),
        pl.when(tunnel).then(pl.lit("host-only")).otherwise(pl.lit("page")).alias("kind"),
        *_refusal(),
    ]


def _refusal() -> list[pl.Expr]:
    unread = pl.coalesce("asked", "blocked").is_null()
    twice = pl.col("asked").is_not_null() & pl.col("text").str.contains(_TWICE)
    no_host = (pl.col("method") == _NO_METHOD) & ~pl.col("asked").str.contains("^[a-z]+://[^/]+")
    faults = [
        (pl.col("stamp").is_null(), "not-this-format", "does not begin with an epoch and the name of an appliance"),
        (~pl.col("text").str.contains(_OURS), "not-this-format", "is no kind of record that is known"),
        (unread, "bad-field", "has no client, request and URL in their places"),
        (twice, "bad-field", "has more than one request, and a client may have written one of them"),
        (no_host.fill_null(value=False), "bad-field", "has no host"),
        (from_epoch(pl.col("stamp")).is_null(), "bad-time", "the time is no epoch of a year that can be"),
    ]
    return refusal(faults, (pl.lit(None, pl.String), pl.lit(None, pl.String)))


FORMAT: Final = Format(
    name="meraki",
    title="Cisco Meraki MX, syslog: URLs and content filtering",
    document="https://documentation.meraki.com/General_Administration/Monitoring_and_Reporting/Syslog_Event_Types_and_Log_Samples",
    claims=claims,
    parse=parse,
    gives="client address and URL of each request, host of an encrypted one, user agent; blocked URLs with their "
    "category, as events of their own",
    cannot="the user; whose a block was; whether a request was let through; status, bytes and type of the answer; "
    "the page of an encrypted request",
)
