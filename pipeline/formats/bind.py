r"""BIND's log of queries (category `queries`), with the rewrites of its response policies (category `rpz`).

In: lines such as `28-Aug-2026 08:04:30.123 queries: info: client @0x7f5cd4000b98 10.2.3.4#53211 (www.example.com):
query: www.example.com IN A +E(0)K (192.0.2.53)`, with or without category, severity, `@0x...` (from 9.11 on), the
name in brackets (from 9.9 on), a key and `view internal:`, in which the name of the view may hold blanks; the time as
`print-time yes` writes it, in ISO 8601 (`iso8601`, `iso8601-utc`), or before the record in syslog (`_daemons`).
Without any time there is no event.

Every query is an event; its verdict is `unknown`, for what became of it is not told in its line. A rewrite is an
event of its own, `blocked`: `rpz QNAME NXDOMAIN rewrite www.example.com/A/IN via www.example.com.rpz.example`. So a
name that was blocked gives two events, as it does for `dnsmasq`. A block is the policy NXDOMAIN, NODATA or DROP.
PASSTHRU and TCP-ONLY are none; nor are CNAME and Local-Data, with which a page that says no is shown, but search
engines are told to search safely as well; nor what begins with `disabled`. All other lines are skips
(`other-record`).

BIND writes a byte of a name as `\` and three digits and puts `\` before a special character: the latter is taken
away. Out: `_COLUMNS`. Refuses a query or a rewrite that cannot be read, and what has no readable time. Source: BIND
9 Administrator Reference Manual, "The query log" and `logging`; what 9.18.49 wrote; lines of Infoblox NIOS 8.4 and
8.6 that its users have published.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import polars as pl

from pipeline.formats import Declared, Format, Parsed
from pipeline.formats._cells import blank_apart, parted, skips
from pipeline.formats._daemons import BEFORE, MODERN, SECOND_HOST, STAMP, TWICE, headed, of_others
from pipeline.formats._syslog import unstructured, without_structure
from pipeline.times.localtime import Running
from pipeline.times.monthnames import from_named_month

_OWN_STAMP: Final = r"[0-9]{1,2}-[A-Z][a-z]{2}-[0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?"
_SYSLOG: Final = headed("named")
_LABELS: Final = r"(?:[a-z][a-z0-9-]*: )?(?:(?i:critical|error|warning|notice|info|debug(?: [0-9]+)?): )?"
#: Behind a header of syslog with its name, or from its own file.
_RECORD: Final = rf"(?:{_SYSLOG}(?:(?P<inner>{_OWN_STAMP}) )?|^(?P<time>{_OWN_STAMP}|{STAMP}) ){_LABELS}(?P<said>.*)$"
_OURS: Final = rf"(?:^{_OWN_STAMP} |^{STAMP} {_LABELS}client |{_SYSLOG})"
_ADDRESS: Final = r"(?P<client>[0-9A-Fa-f]*[.:][0-9A-Fa-f:.]*(?:%[\w.-]+)?)"
_CLIENT: Final = (
    rf"^client (?:@(?:0x)?[0-9A-Fa-f]+ )?{_ADDRESS}#[0-9]{{1,5}}"
    r"(?:/key [^ ]+)?(?: \([^ ]*\))?: (?:view [^:]+: )?"
)
_QUERY: Final = rf"{_CLIENT}query: (?P<name>[^ ]+) (?:IN|CH|HS|ANY|NONE|CLASS[0-9]+) [A-Za-z0-9-]+(?: .*)?$"
_REWRITE: Final = (
    rf"{_CLIENT}rpz [A-Z-]+ (?P<policy>[A-Za-z-]+) rewrite (?P<name>[^ ]+?)(?:/[A-Z0-9-]+/[A-Z0-9]+)? via "
)
#: The same as Infoblox writes it; all that is read stands before the name, which holds no blank.
_NIOS: Final = r"CEF:0\|Infoblox\|NIOS\|"
_REWRITE_IN_CEF: Final = (
    rf'^{_NIOS}[^|]*\|RPZ-[A-Z-]+\|[^"]* src={_ADDRESS} [^"]*msg="rpz [A-Z-]+ (?P<policy>[A-Za-z-]+)'
    r" rewrite (?P<name>[^ ]+) \[[A-Z0-9-]+\] via "
)
#: What a query or a rewrite must hold; other lines are soon passed over. Infoblox logs responses in a like manner.
_MAY_BE: Final = r": (?:query: |rpz [A-Z-]+ )|\|RPZ-[A-Z-]+\|"
_RESPONSE: Final = r"[: ](?:UDP|TCP): query: .* response: "
_BLOCKS: Final = ("NXDOMAIN", "NODATA", "DROP")
#: What no other program writes.
_DAMAGED: Final = r"#[0-9]{1,5}[ :/].*: (?:query: [^ ]+ IN |rpz [A-Z-]+ )"
_COLUMNS: Final = ("line", "ts", "ts_quality", "client_ip", "host", "verdict", "kind")
_SHAPE: Final = re.compile(
    rf"(?:{BEFORE}(?:{_OWN_STAMP}|{STAMP}){TWICE} "
    rf"(?:(?:[^ ]+ {SECOND_HOST})?named(?:[^ ]* | {MODERN} ))?(?:{_OWN_STAMP} )?"
    rf"(?:{_LABELS}client (?:@(?:0x)?[0-9A-Fa-f]+ )?[0-9A-Fa-f:.%]+#[0-9]{{1,5}}[ :/]|{_NIOS}))"
)


def claims(first_lines: Sequence[str]) -> bool:
    """Most lines are of a client, with its address and port as BIND writes them."""
    return sum(1 for line in unstructured(first_lines) if _SHAPE.match(line)) * 2 > len(first_lines)


def parse(lines: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read a block of lines; see `Format.parse`. The carry is how the stamps have run."""
    texts, blank = blank_apart(lines)
    texts = without_structure(texts)
    text = pl.col("text")
    table = texts.with_columns(
        ours=text.str.contains(_OURS), may_be=text.str.contains(_MAY_BE) & ~text.str.contains(_RESPONSE)
    )
    foreign, other = of_others(table.filter(~pl.col("ours")), _DAMAGED)
    own = table.filter("ours")
    read, running = _timed(_said(own.filter("may_be")), declared, Running.from_text(carry))
    passed_over = [blank, other, skips(own.join(read, on="line", how="anti"), "other-record")]
    return parted(pl.concat([read, foreign], how="diagonal"), _COLUMNS, passed_over, running.to_text())


def _said(own: pl.DataFrame) -> pl.DataFrame:
    """Queries, blocks, and what looks like one of them and cannot be read."""
    said = pl.col("said")
    plain, in_cef = said.str.extract_groups(_REWRITE), said.str.extract_groups(_REWRITE_IN_CEF)
    table = (
        own.with_columns(apart=pl.col("text").str.extract_groups(_RECORD))
        .unnest("apart")
        .with_columns(
            query=said.str.extract_groups(_QUERY),
            policy=pl.coalesce(plain.struct.field("policy"), in_cef.struct.field("policy")),
            target=pl.coalesce(plain.struct.field("name"), in_cef.struct.field("name")),
            rewriter=pl.coalesce(plain.struct.field("client"), in_cef.struct.field("client")),
        )
        .unnest("query")
    )
    harmless = pl.col("policy").is_not_null() & ~pl.col("policy").is_in(_BLOCKS)
    return table.filter(~harmless)


def _timed(said: pl.DataFrame, declared: Declared, running: Running) -> tuple[pl.DataFrame, Running]:
    """The events, or the reason and detail of a reject."""
    stamps = said.select(pl.coalesce("inner", "time", "stamp").alias("stamps"))["stamps"]
    timed, after = from_named_month(stamps, declared.timezone, declared.last_change, running)
    table = pl.concat([said, timed], how="horizontal")
    client = pl.coalesce("client", "rewriter")
    broken = client.is_null()
    name = pl.coalesce("name", "target").str.replace_all(r"\\([^0-9])", "${1}").str.strip_suffix(".")
    read = table.select(
        "line",
        "ts",
        "ts_quality",
        client_ip=client,
        host=pl.when(name != "").then(name),
        verdict=pl.when(pl.col("policy").is_not_null()).then(pl.lit("blocked")).otherwise(pl.lit("unknown")),
        kind=pl.lit("host-only"),
        reason=pl.when(broken).then(pl.lit("bad-field")).otherwise("reason"),
        detail=pl.when(broken).then(pl.lit("is no client with its query or its rewrite")).otherwise("detail"),
    )
    return read, after


FORMAT: Final = Format(
    name="bind",
    title="BIND 9 and Infoblox NIOS, log of queries and of response policies",
    document="https://bind9.readthedocs.io/en/latest/reference.html",
    claims=claims,
    parse=parse,
    gives="client address and name of each query; the blocks by a response policy, as events of their own",
    cannot="a page, a user; a block by local data of a policy, or by a zone; the zone of its times but for iso8601-utc",
)
