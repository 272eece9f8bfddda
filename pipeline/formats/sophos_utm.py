r"""Sophos UTM (Astaro): the web filter's http.log, a file or by syslog.

In: lines such as `2026:09:28-10:15:02 utm httpproxy[1234]: id="0001" severity="info" sys="SecureWeb" sub="http"
name="http access" action="pass" method="GET" srcip="10.2.3.4" user="dee" ad_domain="" statuscode="200" size="92"
url="https://h/p" ... error="" fullreqtime="40" ua="..." category="105" categoryname="Business" ...`, with or without a
syslog header before the stamp. Read are the lines of `httpproxy` that say who asked (`srcip`) for what (`url`); what
its parts say to each other (`id="0003"`) and what other daemons write are skips (`other-record`).

The stamp is that of the device, in its zone, which it does not name; where a collector took it off, that of syslog is
read, whose year may have to be found. `size` is that of the answer. `action` says what was done: pass, warn, block;
where somebody went on past a warning (`id="0072"`) there is none. A login that is asked for (407) and a server that did
not answer (`id="0002"`, an `error`, 500 and above) are logged as `block` too, and are none. `ad_domain` is not joined
to `user`.
Pairs are read as `_keyed` says. Out: `_COLUMNS`. Refuses lines without such a stamp, program and pairs.
Source: Sophos UTM administration guide (web filtering); lines that its users and log collectors have published.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import polars as pl

from pipeline.formats import Declared, Format, Parsed
from pipeline.formats._cells import blank_apart, is_background, parted, said, skips
from pipeline.formats._daemons import MODERN, STAMP
from pipeline.formats._keyed import Keyed, faults, number, read
from pipeline.formats._syslog import unstructured, without_structure
from pipeline.times.localtime import Running
from pipeline.times.monthnames import from_named_month

_AHEAD: Final = ("id", "action", "method", "user", "statuscode", "size")
_KEYED: Final = Keyed(
    keys=(
        *_AHEAD, "srcip", "url", "referer", "error", "fullreqtime", "ua", "categoryname", "content-type",
    ),
    client=("url", "referer", "ua"),
    ahead=_AHEAD,
)  # fmt: skip
_COLUMNS: Final = (
    "line", "ts", "ts_quality", "user_raw", "client_ip", "method", "url", "verdict", "vendor_category", "status",
    "bytes", "duration_ms", "content_type", "user_agent", "referrer", "kind",
)  # fmt: skip
#: The stamp, the host, and the program with its number; what comes before is a header of syslog, or all there is.
_LINE: Final = (
    rf"^(?:[0-9]{{1,7}} )?(?:<[0-9]{{1,3}}>(?:1 )?)?(?:(?P<syslog>{STAMP}) (?:[^ =]+ )?)?"
    r"(?P<stamp>[0-9]{4}:[0-9]{2}:[0-9]{2}-[0-9]{2}:[0-9]{2}:[0-9]{2} (?:[^ =]+ )?)?"
    rf"(?P<program>[A-Za-z][A-Za-z0-9_./-]*)(?:(?:\[[0-9]+\])?: | {MODERN} )"
)
_SHAPE: Final = re.compile(_LINE + r'.*\bid="[0-9]{4}" .*\bsys="')
_STAMP: Final = r"^(?P<year>[0-9]{4}):(?P<month>[0-9]{2}):(?P<day>[0-9]{2})-(?P<clock>[0-9:]{8})"
_VERDICTS: Final = {"pass": "allowed", "block": "blocked", "warn": "warned"}
#: Blocked without a rule of its own; a category, an extension, a virus have other numbers.
_BLOCKED: Final = "0002"
_WENT_ON: Final = "0072"


def claims(first_lines: Sequence[str]) -> bool:
    """Most lines have the stamp of a UTM, and pairs that begin with a number of a message."""
    shaped = sum(1 for line in unstructured(first_lines) if _SHAPE.match(line))
    return shaped * 2 > len(first_lines)


def parse(lines: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read a block of lines; see `Format.parse`. The carry is how the stamps have run."""
    texts, blank = blank_apart(lines)
    texts = without_structure(texts)
    apart = texts.with_columns(head=pl.col("text").str.extract_groups(_LINE)).unnest("head")
    apart = apart.with_columns(
        program=pl.when(pl.any_horizontal(pl.col("stamp", "syslog").is_not_null())).then("program")
    )
    ours = pl.col("program") == "httpproxy"
    known = apart.filter(pl.col("program").is_not_null())
    foreign = apart.filter(pl.col("program").is_null()).select(
        "line", reason=pl.lit("not-this-format"), detail=pl.lit("has no stamp such as 2026:09:28-10:15:02, and program")
    )
    cells = read(known.filter(ours), _KEYED).join(
        known.select("line", "stamp", "syslog"), on="line", maintain_order="left"
    )
    good, asked = pl.col("reason").is_null(), pl.col("srcip").is_not_null() & pl.col("url").is_not_null()
    timed, running = _timed(cells.filter(good & asked), declared, Running.from_text(carry))
    damaged = cells.filter(~good).select("line", "reason", "detail")
    table = pl.concat([timed.lazy().select(_event()).collect(), damaged, foreign], how="diagonal")
    others = [skips(known.filter(~ours), "other-record"), skips(cells.filter(good & ~asked), "other-record")]
    return parted(table, _COLUMNS, [blank, *others], running.to_text())


def _timed(records: pl.DataFrame, declared: Declared, running: Running) -> tuple[pl.DataFrame, Running]:
    """Add `ts`, `ts_quality`, and the reason and detail of a time that cannot be read."""
    own = pl.col("stamp").str.extract_groups(_STAMP)
    parts = [own.struct.field(name) for name in ("year", "month", "day", "clock")]
    stamps = records.select(stamp=pl.coalesce(pl.format("{}-{}-{} {}", *parts), "syslog"))["stamp"]
    times, after = from_named_month(stamps, declared.timezone, declared.last_change, running)
    return pl.concat([records.drop("reason", "detail"), times], how="horizontal"), after


def _event() -> list[pl.Expr]:
    status, content_type = number(pl.col("statuscode")), said(pl.col("content-type"))
    return [
        pl.col("line"),
        pl.col("ts"),
        pl.col("ts_quality"),
        said(pl.col("user")).alias("user_raw"),
        said(pl.col("srcip")).alias("client_ip"),
        said(pl.col("method")).alias("method"),
        said(pl.col("url")).alias("url"),
        _verdict(status).alias("verdict"),
        said(pl.col("categoryname")).alias("vendor_category"),
        pl.when(status > 0).then(status).alias("status"),
        number(pl.col("size")).alias("bytes"),
        # It is in microseconds.
        (number(pl.col("fullreqtime")) // 1000).alias("duration_ms"),
        content_type.alias("content_type"),
        said(pl.col("ua")).alias("user_agent"),
        said(pl.col("referer")).alias("referrer"),
        _kind(content_type).alias("kind"),
        *faults(("statuscode", "size", "fullreqtime")),
    ]


def _verdict(status: pl.Expr) -> pl.Expr:
    word = pl.col("action").replace_strict(_VERDICTS, default="unknown", return_dtype=pl.String).fill_null("unknown")
    unreached = (pl.col("id") == _BLOCKED) & (status >= 500) & said(pl.col("error")).is_not_null()
    return (
        pl.when(status == 407)
        .then(pl.lit("challenge"))
        .when(unreached)
        .then(pl.lit("error"))
        .when((pl.col("id") == _WENT_ON) & pl.col("action").is_null())
        .then(pl.lit("warned"))
        .otherwise(word)
    )


def _kind(content_type: pl.Expr) -> pl.Expr:
    """CONNECT shows a host only, and so does a line of a transparent proxy that has no path of an encrypted site."""
    front = pl.col("url").str.contains(r"^https://[^/?#]*/?$") & content_type.is_null()
    return (
        pl.when((pl.col("method") == "CONNECT").fill_null(value=False) | front)
        .then(pl.lit("host-only"))
        .when(is_background(content_type))
        .then(pl.lit("background"))
        .otherwise(pl.lit("page"))
    )


FORMAT: Final = Format(
    name="sophos_utm",
    title="Sophos UTM (Astaro) web filter, http.log",
    document="https://community.sophos.com/utm-firewall/f/recommended-reads/108379/sophos-utm-how-to-troubleshoot-web-filtering",
    claims=claims,
    parse=parse,
    gives="user, client address, method, URL, verdict, category, status, bytes to the client, time taken, user agent",
    cannot="the page behind an encrypted CONNECT; the domain of a user, which stands in a key of its own",
)
