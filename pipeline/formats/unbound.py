r"""Unbound's log of queries, replies and local actions, from its own file or through syslog (pfSense, OPNsense).

In: lines such as `[1773590852] unbound[123:0] info: 10.2.3.4 www.example.com. A IN` (`log-queries`), the same with
`NOERROR 0.013703 0 49` behind it (`log-replies`), both also with `query:` and `reply:` instead of `info:`
(`log-tag-queryreply`), `info: example.net. always_nxdomain 10.2.3.4@53211 www.example.net. A IN`
(`log-local-actions`) and `info: rpz: applied [list] example.net. rpz-nxdomain 10.2.3.4@53211 ...` (`rpz-log`), in
older versions `RPZ applied` and `nxdomain`; a network stands for the rule where the address of the answer is listed.
Before them stands the second of the epoch in brackets, or with `log-time-ascii` or `log-time-iso`, or in syslog, a
stamp as `_daemons` says; the name of the program may be another (`log-identity`), so that the pair of process and
thread is what tells Unbound.

A request is counted once: a reply is an event only where no query was logged in the thousand lines before it,
because then it is the only line. What Unbound refuses by itself stands on a line of its own, which holds the client
and the name: that is an event too, `blocked`. So a name that was blocked gives two events, as it does for `dnsmasq`;
the query cannot wait for what may follow it.

A block is what can be nothing else: the zones `deny`, `refuse`, `inform_deny`, `always_refuse`, `always_nxdomain`,
`always_nodata`, `always_null` and `always_deny`, and from an RPZ list `rpz-nxdomain`, `rpz-nodata` and `rpz-drop`.
Not `static` and `redirect`, which names of the school have as well, nor `rpz-local-data`, with which search engines
are told to search safely. The verdict of a query is `unknown`, of a reply SERVFAIL `error`.

A byte that is no letter, digit or the like is a question mark in the log. Out: `_COLUMNS`. Refuses what begins like
a query and does not go on like one, and what has no readable time. Source: unbound.conf(5); `log_query_info` and
`log_reply_info` of Unbound; what 1.17.1 wrote.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Final

import polars as pl

from pipeline.formats import Declared, Format, Parsed
from pipeline.formats._cells import blank_apart, parted, skips, whole
from pipeline.formats._daemons import BEFORE, MODERN, SECOND_HOST, STAMP, TWICE, of_others
from pipeline.formats._syslog import unstructured, without_structure
from pipeline.times.localtime import Running
from pipeline.times.monthnames import from_named_month

_PROGRAM: Final = r"[A-Za-z_][A-Za-z0-9_.-]*"
_HEAD: Final = (
    rf"{BEFORE}(?:\[(?P<epoch>[0-9]{{10}}(?:\.[0-9]{{1,9}})?)\]|(?P<stamp>{STAMP}){TWICE}) "
    rf"(?:(?:[^ ]+ {SECOND_HOST})?{_PROGRAM}(?:\[[0-9]{{1,10}}\]: |: | {MODERN} ))?"
    rf"(?:{_PROGRAM})?\[[0-9]{{1,10}}:[0-9a-f]{{1,4}}\] "
)
_SAID: Final = rf"{_HEAD}(?:info|query|reply): (?P<said>.*)$"
_CLIENT: Final = r"[0-9A-Fa-f]*[.:][0-9A-Fa-f:.]*(?:%[\w.-]+)?"
_QUESTION: Final = r"(?P<name>[^ ]*\.) [A-Z0-9]+ (?:IN|CH|HS|ANY|NONE|CLASS[0-9]+)"
_ASKED: Final = (
    rf"^(?P<client>{_CLIENT}) {_QUESTION}(?: (?P<code>[A-Z0-9]+) (?P<seconds>[0-9]{{1,9}})\.(?P<micros>[0-9]{{1,6}}) "
    r"[01] (?P<size>[0-9]{1,9})(?: .*)?)?$"
)
_ZONES: Final = "(?:inform_)?deny|refuse|always_(?:refuse|nxdomain|nodata|null|deny)"
_BLOCKED: Final = (
    rf"^(?:(?:rpz:|RPZ) applied (?:\[[^\]]*\] )?[^ ]+ (?:(?:rpz-)?(?:nxdomain|nodata|drop)|{_ZONES})"
    rf"|[^ ]+ (?:{_ZONES})) (?P<blocked_client>{_CLIENT})@[0-9]{{1,5}} "
    r"(?P<blocked_name>[^ ]*\.) [A-Z0-9]+ [A-Z0-9]+$"
)
#: How a query or a reply begins; a client that is not served at all has no name.
_BEGINS: Final = rf"^{_CLIENT} "
_NAMELESS: Final = rf"{_BEGINS}null "
#: With both in the log, a query is never farther before a reply than this.
_NEAR: Final = 1000
#: What no other program writes.
_DAMAGED: Final = r"\] (?:info|query|reply): .*\. [A-Z0-9]+ IN\b"
_COLUMNS: Final = ("line", "ts", "ts_quality", "client_ip", "host", "verdict", "bytes", "duration_ms", "kind")
_SHAPE: Final = re.compile(rf"{_HEAD}(?:info|query|reply|notice|warning|error|debug): ")


def claims(first_lines: Sequence[str]) -> bool:
    """Most lines have the pair of process and thread before their level."""
    return sum(1 for line in unstructured(first_lines) if _SHAPE.match(line)) * 2 > len(first_lines)


def parse(lines: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read a block of lines; see `Format.parse`. The carry is how the stamps have run, and the last query's line."""
    run, last_query = json.loads(carry) if carry else ("", None)
    texts, blank = blank_apart(lines)
    texts = without_structure(texts)
    ours = pl.col("text").str.contains(_HEAD)
    table = texts.with_columns(ours=ours)
    foreign, other = of_others(table.filter(~pl.col("ours")), _DAMAGED)
    own = table.filter("ours")
    said = _said(own)
    queries = said.filter(pl.col("client").is_not_null() & pl.col("code").is_null())["line"]
    read, running = _timed(_once(said, last_query), declared, Running.from_text(run))
    passed_over = [blank, other, skips(own.join(read, on="line", how="anti"), "other-record")]
    last = int(queries[-1]) if len(queries) else last_query
    after = json.dumps([running.to_text(), last]) if last is not None or running != Running() else ""
    return parted(pl.concat([read, foreign], how="diagonal"), _COLUMNS, passed_over, after)


def _said(own: pl.DataFrame) -> pl.DataFrame:
    """Queries, replies and blocks, and what begins like one of them, in the order of the lines."""
    said = pl.col("said")
    begins = said.str.contains(_BEGINS) & ~said.str.contains(_NAMELESS)
    return (
        own.with_columns(apart=pl.col("text").str.extract_groups(_SAID))
        .unnest("apart")
        .with_columns(asked=said.str.extract_groups(_ASKED), refused=said.str.extract_groups(_BLOCKED), begins=begins)
        .unnest("asked", "refused")
        .filter(pl.col("begins") | pl.col("blocked_client").is_not_null())
    )


def _once(said: pl.DataFrame, last_query: int | None) -> pl.DataFrame:
    """Without the replies whose query was logged."""
    is_query = pl.col("client").is_not_null() & pl.col("code").is_null()
    last = pl.when(is_query).then("line").forward_fill().fill_null(pl.lit(last_query, pl.Int64))
    answered = pl.col("code").is_not_null() & (pl.col("line") - last <= _NEAR)
    return said.filter(~answered.fill_null(value=False))


def _timed(said: pl.DataFrame, declared: Declared, running: Running) -> tuple[pl.DataFrame, Running]:
    """The events, or the reason and detail of a reject."""
    stamps = said.select(pl.coalesce("epoch", "stamp").alias("stamps"))["stamps"]
    timed, after = from_named_month(stamps, declared.timezone, declared.last_change, running)
    table = pl.concat([said.drop("stamp"), timed], how="horizontal")
    client = pl.coalesce("client", "blocked_client")
    blocked = pl.col("blocked_client").is_not_null()
    broken = client.is_null()
    took = whole(pl.col("seconds")) * 1000 + whole(pl.col("micros").str.pad_end(6, "0")) // 1000
    read = table.select(
        "line",
        "ts",
        "ts_quality",
        client_ip=client,
        host=_host(pl.coalesce("name", "blocked_name")),
        verdict=pl.when(blocked)
        .then(pl.lit("blocked"))
        .when((pl.col("code") == "SERVFAIL").fill_null(value=False))
        .then(pl.lit("error"))
        .otherwise(pl.lit("unknown")),
        bytes=whole(pl.col("size")),
        duration_ms=took,
        kind=pl.lit("host-only"),
        reason=pl.when(broken).then(pl.lit("bad-field")).otherwise("reason"),
        detail=pl.when(broken).then(pl.lit("begins like a query, but has no name, type and class")).otherwise("detail"),
    )
    return read, after


def _host(name: pl.Expr) -> pl.Expr:
    """The name without the dot of the root; the root itself is no host."""
    bare = name.str.strip_suffix(".")
    return pl.when(bare != "").then(bare)


FORMAT: Final = Format(
    name="unbound",
    title="Unbound, log of queries, replies and local actions",
    document="https://nlnetlabs.nl/documentation/unbound/unbound.conf/",
    claims=claims,
    parse=parse,
    gives="client address and name of each query; the blocks, as events of their own (log-local-actions, rpz-log)",
    cannot="a page, a user; a block by a zone that is static or redirect, or by local data of a list",
)
