r"""dnsmasq's log of queries, and Pi-hole's, whose name server is a dnsmasq (`/var/log/pihole/pihole.log`).

In: lines such as `Mar 15 16:07:32 dnsmasq[812]: query[A] example.com from 10.2.3.4`, with `log-queries=extra` after
the colon `7 10.2.3.4/53211 `, with `log-queries=proto` `UDP 7 10.2.3.4/53211 `; headers as `_daemons` says. The
usual stamp names no year and no zone (see `monthnames`); rsyslog's and journalctl's are exact.

What became of a query stands on a line of its own, soon or a second later, or on none: a question that is being
asked for somebody else already is answered together with that one. So every query is an event of its own, whose
verdict is `unknown`, and **every block is an event too**, `blocked`, on the line that says so. A name that was
blocked therefore gives two events, the question and the block; what is counted as blocked is right. A block that
goes on over several lines (one for each family of addresses) is one event. All other lines are skips
(`other-record`).

Whose block it is: with `extra` the line says so itself. Without it, a block is given the client of the query right
before it (the same process, the same name, nothing of a dnsmasq between them); dnsmasq writes both in one go for all
that its own lists decide. For any other (Pi-hole's look at aliases, the answer of a filter upstream) the client
stays empty: two pupils may be waiting for the same name.

A block is what Pi-hole calls one (`gravity blocked`, `exactly denied`, `regex denied` and their older words,
`blocked upstream ...`, special domains; its older lists by their paths), and 0.0.0.0 or :: from the configuration or
from a file of hosts. NXDOMAIN is none: the configuration gives it for any name that is not there. Nor is any other
address, which may be a server of the school as well as a page that says no, nor 0.0.0.0 in a reply, which may be
what the name has.

A name can hold blanks, so it goes to the last ` from `; with bytes outside ASCII it is `<name unprintable>`, and
such a query has no host. Out: `_COLUMNS`. Refuses a query without name and client, and one without a readable time.
Source: `log_query` in dnsmasq's `cache.c`; Pi-hole's `dnsmasq_interface.c`; what dnsmasq 2.90 wrote.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Final

import polars as pl

from pipeline.formats import Declared, Format, Parsed
from pipeline.formats._cells import blank_apart, parted, skips
from pipeline.formats._daemons import headed, of_others
from pipeline.formats._syslog import unstructured, without_structure
from pipeline.times.localtime import Running
from pipeline.times.monthnames import from_named_month

_PROGRAM: Final = "dnsmasq|pihole-FTL"
_HEAD: Final = headed(_PROGRAM)
#: dnsmasq's other trades (addresses, files, scripts) have names of their own.
_ANY_TRADE: Final = headed(rf"(?:{_PROGRAM})(?:-[a-z]+)?")
_CLIENT: Final = r"[0-9A-Fa-f]*[.:][0-9A-Fa-f:.]*(?:%[\w.-]+)?"
_SAID: Final = (
    rf"{_HEAD}(?:(?:UDP|TCP) )?(?:(?P<serial>[0-9]{{1,10}}|\*) (?:(?P<sender>{_CLIENT})/[0-9]{{1,5}} )?)?(?P<said>.*)$"
)
_ASKS: Final = r"^(?:query|auth)\["
_QUERY: Final = rf"{_ASKS}[^\]]{{1,24}}\] (?P<name>.+) from (?P<client>{_CLIENT})$"
_PI_HOLE: Final = (
    r"(?:gravity blocked|(?:exactly|regex) (?:denied|blacklisted)|blocked upstream with [A-Za-z0-9 ]+|special domain"
    r"|Mozilla canary domain|Apple iCloud Private Relay domain|Designated Resolver domain"
    r"|/etc/pihole/(?:gravity|black|regex)\.list)(?: \(CNAME\))?"
)
_REMARK: Final = r"(?: \([^()]*\))?$"
_BLOCKS: Final = (
    rf"^{_PI_HOLE} (.+) is [^ ]+{_REMARK}",
    rf"^(?:config|/[^ ]+) (.+) is (?:0\.0\.0\.0|::){_REMARK}",
    r"^reply ([^ ]+) is blocked (?:during CNAME inspection|due to upstream response).*$",
)
#: Whether a line can be a query or a block at all; most are answers, and this is soon seen.
_MAY_BE: Final = (
    r" (?:query|auth)\[| (?:blocked|denied|blacklisted|domain|\(CNAME\)) | is (?:0\.0\.0\.0|::)(?: \(|$)"
    r"|/etc/pihole/(?:gravity|black|regex)\.list "
)
_UNPRINTABLE: Final = ("<name unprintable>", ".")
#: What no other program writes.
_DAMAGED: Final = r" (?:query|auth)\[[^ ]* .* from "
_COLUMNS: Final = ("line", "ts", "ts_quality", "client_ip", "host", "verdict", "kind")
#: What is remembered of the line before, to know whose block comes next.
_OF_LINE: Final = ("asks", "origin", "serial", "name", "client")
_LAST: Final = pl.Schema({name: pl.String() for name in _OF_LINE} | {"asks": pl.Boolean(), "place": pl.Int64()})
_SHAPE: Final = re.compile(_ANY_TRADE)


def claims(first_lines: Sequence[str]) -> bool:
    """Most lines have dnsmasq's name before their record."""
    return sum(1 for line in unstructured(first_lines) if _SHAPE.match(line)) * 2 > len(first_lines)


def parse(lines: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read a block of lines; see `Format.parse`. The carry is how the stamps have run, and the line before."""
    running, last = _carried(carry)
    texts, blank = blank_apart(lines)
    texts = without_structure(texts)
    text = pl.col("text")
    texts = texts.with_columns(ours=text.str.contains(_HEAD), may_be=text.str.contains(_MAY_BE))
    own = texts.filter("ours").with_row_index("place").cast({"place": pl.Int64})
    said = _said(own.filter("may_be"))
    read, after = _timed(_whose(said, last), declared, running)
    foreign, other = of_others(texts.filter(~pl.col("ours")), _DAMAGED, _ANY_TRADE)
    answers = own.join(read, on="line", how="anti")
    passed_over = [blank, skips(answers, "other-record"), other]
    kept = _kept(said, own.height, last)
    return parted(pl.concat([read, foreign], how="diagonal"), _COLUMNS, passed_over, _to_carry(after, kept))


def _said(texts: pl.DataFrame) -> pl.DataFrame:
    """Queries and blocks with `_OF_LINE`, and the queries that cannot be read, in the order of the lines."""
    said = texts.with_columns(apart=pl.col("text").str.extract_groups(_SAID)).unnest("apart")
    asks = pl.col("said").str.contains(_ASKS)
    blocked = pl.coalesce(pl.col("said").str.extract(pattern) for pattern in _BLOCKS)
    return (
        said.with_columns(asks=asks, query=pl.col("said").str.extract_groups(_QUERY), blocked=blocked)
        .filter(pl.col("asks") | pl.col("blocked").is_not_null())
        .unnest("query")
        .with_columns(
            name=pl.when("asks").then("name").otherwise("blocked"),
            origin=pl.concat_str(pl.col("host").fill_null(""), "process", separator=" "),
        )
    )


def _whose(said: pl.DataFrame, last: pl.DataFrame) -> pl.DataFrame:
    """Blocks with their clients, without the lines that only go on with a block."""
    columns = ["place", *_OF_LINE]
    both = pl.concat([last.select(columns), said.select(columns)], how="vertical_relaxed")
    before = both.head(said.height).rename(lambda name: f"{name}_before") if last.height else _shifted(both)
    table = pl.concat([said, before], how="horizontal")
    alike = pl.all_horizontal(
        pl.col("place") == pl.col("place_before") + 1,
        *(pl.col(name).eq_missing(pl.col(f"{name}_before")) for name in ("origin", "serial")),
        pl.col("name").str.to_lowercase() == pl.col("name_before").str.to_lowercase(),
    ).fill_null(value=False)
    block = ~pl.col("asks")
    at_once = ~pl.col("said").str.starts_with("reply ")
    asker = pl.when(alike & at_once & pl.col("asks_before")).then("client_before")
    goes_on = (block & at_once & alike & ~pl.col("asks_before")).fill_null(value=False)
    return table.filter(~goes_on).with_columns(
        client=pl.when(block).then(pl.coalesce("sender", asker)).otherwise("client")
    )


def _shifted(both: pl.DataFrame) -> pl.DataFrame:
    return both.select(pl.all().shift(1).name.suffix("_before"))


def _timed(said: pl.DataFrame, declared: Declared, running: Running) -> tuple[pl.DataFrame, Running]:
    """The events of queries and blocks, or the reasons of their rejects."""
    broken = pl.col("asks") & pl.col("client").is_null()
    timed, after = from_named_month(said["stamp"], declared.timezone, declared.last_change, running)
    table = pl.concat([said, timed], how="horizontal")
    read = table.select(
        "line",
        "ts",
        "ts_quality",
        client_ip="client",
        host=pl.when(~pl.col("name").is_in(_UNPRINTABLE)).then("name"),
        verdict=pl.when("asks").then(pl.lit("unknown")).otherwise(pl.lit("blocked")),
        kind=pl.lit("host-only"),
        reason=pl.when(broken).then(pl.lit("bad-field")).otherwise("reason"),
        detail=pl.when(broken).then(pl.lit("the query does not end in a name and its client")).otherwise("detail"),
    )
    return read, after


def _kept(said: pl.DataFrame, height: int, last: pl.DataFrame) -> pl.DataFrame:
    """The last line of dnsmasq, if it is a query or a block."""
    if not height:
        return last
    return said.filter(pl.col("place") == height - 1).select(_LAST.names())


def _to_carry(running: Running, last: pl.DataFrame) -> str:
    row: dict[str, Any] | None = last.row(0, named=True) if last.height else None
    return json.dumps([running.to_text(), row]) if row or running != Running() else ""


def _carried(carry: str) -> tuple[Running, pl.DataFrame]:
    running, row = json.loads(carry) if carry else ("", None)
    last = pl.DataFrame([{**row, "place": -1}] if row else [], schema=_LAST)
    return Running.from_text(running), last


FORMAT: Final = Format(
    name="dnsmasq",
    title="dnsmasq and Pi-hole, log of queries",
    document="https://thekelleys.org.uk/dnsmasq/docs/dnsmasq-man.html",
    claims=claims,
    parse=parse,
    gives="client address and name of each query; the blocks, as events of their own",
    cannot="a page, a user; the year and the zone of its times, but through rsyslog or journalctl; whether a query "
    "that was not blocked was answered; the client of a block that was not decided at once, unless log-queries = extra",
)
