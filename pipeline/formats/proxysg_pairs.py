r"""ProxySG (Edge SWG) access log as key=value by syslog, in the layouts that Splunk and other collectors ask for.

In: lines such as `<111>1 2026-03-16T09:05:01 proxy1 bluecoat - splunk_format - c-ip=10.2.3.4
rs-Content-Type="text/html" cs-bytes=63 cs-categories="Gambling" cs-host=h cs-method=GET cs-uri-path=/p cs-uri-port=443
cs-uri-query="?q" cs-uri-scheme=https cs-User-Agent="..." cs-username=dee s-action=TCP_DENIED sc-bytes=39
sc-filter-result=DENIED sc-status=403 time-taken=17 x-exception-id=policy_denied c-url="https://h/p?q" cs-Referer="-"
...`. The pairs are fields of ProxySG's own access log under their names, and `_w3c` says what they mean; which there
are, the custom format says that an administrator pastes. `c-url` counts only where there is no path.

`date` and `time` are UTC where they are among the pairs; else the header tells the time. Where it is one of ISO 8601
without an offset, the custom format wrote it, of fields that are UTC (`$(date)T$(x-bluecoat-hour-utc):...`): a relay
would name an offset, or write no year.
User and action stand behind what a client sent, whose quotes are not known to be masked. ProxySG always writes them; so
one that a client writes as well is said twice, and makes the record a reject, and so is a record that lacks them. An
exception counts where ProxySG writes it: behind the status, before the URL. Pairs are read as `_keyed` says.
Out: `_COLUMNS`. Refuses also what has none of the pairs, a host, a method or a path with a blank in it, numbers that
are none and unreadable times.
Source: Broadcom, ProxySG "Log Fields and Substitutions"; Splunk Add-on for Symantec Blue Coat ProxySG, "Configure
logging", and Splunk Connect for Syslog, "ProxySG".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import polars as pl

from pipeline.formats import Declared, Format, Parsed
from pipeline.formats._cells import blank_apart, parted, refusal, said
from pipeline.formats._header_stamp import header_stamp
from pipeline.formats._keyed import Keyed, read
from pipeline.formats._syslog import unstructured, without_structure
from pipeline.formats._w3c import CELLS, events
from pipeline.times.localtime import Running
from pipeline.times.monthnames import from_named_month

#: What `_w3c` calls a cell, and its keys; the first that says something counts.
_KEYS: Final = {
    "user": ("cs-username",), "client_ip": ("c-ip",), "method": ("cs-method",), "scheme": ("cs-uri-scheme",),
    "hostname": ("cs-host",), "port": ("cs-uri-port",), "path": ("cs-uri-path",), "query": ("cs-uri-query",),
    "status": ("sc-status",), "bytes": ("sc-bytes",), "taken": ("time-taken",),
    "content_type": ("rs-Content-Type", "Content-Type"), "agent": ("cs-User-Agent", "cs-user-agent"),
    "referrer": ("cs-Referer",), "filtered": ("sc-filter-result",), "category": ("cs-categories",),
    "s_action": ("s-action",), "app": ("x-bluecoat-application-name",),
}  # fmt: skip
_ALWAYS: Final = ("cs-username", "s-action", "sc-status")
_BARE: Final = ("cs-host", "cs-method", "cs-uri-path", "cs-uri-query")
_KEYED: Final = Keyed(
    keys=("date", "time", *(key for keys in _KEYS.values() for key in keys), "x-exception-id", "c-url"),
    client=(
        "cs-method", "cs-host", "cs-uri-scheme", "cs-uri-path", "cs-uri-query", "cs-uri-extension", "c-url",
        "c-uri-pathquery", "cs-User-Agent", "cs-user-agent", "cs-Referer", "cs-version",
    ),
    ahead=("date", "time", "c-ip"),
    bare=_BARE,
    others=(
        "cs-bytes", "cs-ip", "cs-uri-extension", "c-uri-pathquery", "cs-threat-risk", "cs-version", "cs-auth-group",
        "cs-auth-groups", "c-url",
    ),
    escapes="none",
)  # fmt: skip
_COLUMNS: Final = (
    "line", "ts", "ts_quality", "user_raw", "client_ip", "method", "host", "url", "app", "verdict", "vendor_category",
    "status", "bytes", "duration_ms", "content_type", "user_agent", "referrer", "kind",
)  # fmt: skip
_RECORD: Final = r"(?:^|[ >])c-ip=\S.* s-action=\S"
_SHAPE: Final = re.compile(r"(?=(?:.*[\s>])?c-ip=\S)(?=.*\ss-action=\S)(?=.*\ssc-status=)(?=.*\scs-(?:host|method)=)")
#: A stamp that the custom format wrote.
_ISO: Final = (
    r"^(?:<[0-9]{1,3}>)?(?:1 )? ?([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(?:\.[0-9]{1,9})?)([zZ]|[+-][0-9]{2}:?[0-9]{2})?"
)
#: Before what a client sent, behind the status.
_EXCEPTION: Final = r" sc-status=(?:[^=]|=[^ ])*? x-exception-id=\S"
_SENT: Final = (" c-url=", " cs-Referer=")
_TUNNEL: Final = "(?i)^(?:tcp|ssl)://"


def claims(first_lines: Sequence[str]) -> bool:
    """Most lines have ProxySG's fields as keys."""
    shaped = sum(1 for line in unstructured(first_lines) if _SHAPE.match(line))
    return shaped * 2 > len(first_lines)


def parse(lines: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read a block of lines; see `Format.parse`. The carry is how stamps without a zone or a year have run."""
    texts, blank = blank_apart(lines)
    texts = without_structure(texts)
    record = texts["text"].str.contains(_RECORD)
    foreign = texts.filter(~record).select(
        "line", reason=pl.lit("not-this-format"), detail=pl.lit("has no c-ip and s-action as key=value")
    )
    ours = texts.filter(record)
    cells = read(ours, _KEYED).hstack(ours.select("text")).with_columns(_faults())
    good = pl.col("reason").is_null()
    records = cells.filter(good)
    stamps = records.select(_stamp()).to_series()
    timed, running = from_named_month(stamps, declared.timezone, declared.last_change, Running.from_text(carry))
    named = pl.concat([records.select(_named()), timed], how="horizontal")
    rows = pl.concat([events(named), cells.filter(~good).select("line", "reason", "detail"), foreign], how="diagonal")
    return parted(rows, _COLUMNS, [blank], running.to_text())


def _faults() -> list[pl.Expr]:
    """Reason and detail of what is wrong besides the pairs."""
    fine = pl.col("reason").is_null()
    lacks = [(fine & pl.col(key).is_null(), "missing-column", f"has no {key}") for key in _ALWAYS]
    blank = pl.any_horizontal(pl.col(name).str.contains(" ", literal=True) for name in _BARE).fill_null(value=False)
    split = (fine & blank, "bad-field", "the host, the method or the path holds a blank")
    return refusal([*lacks, split], (pl.col("reason"), pl.col("detail")))


def _stamp() -> pl.Expr:
    """The time of a record, with `Z` where it is UTC."""
    own = pl.concat_str(pl.col("date"), pl.lit(" "), pl.col("time"), pl.lit("Z"))
    zone = pl.col("text").str.extract(_ISO, 2).str.to_uppercase().fill_null("Z")
    return pl.coalesce(own, pl.col("text").str.extract(_ISO, 1) + zone, header_stamp(pl.col("text")))


def _named() -> list[pl.Expr]:
    """`CELLS`, null for what these layouts do not have."""
    cells = {name: pl.coalesce(said(pl.col(key)) for key in keys) for name, keys in _KEYS.items()}
    url, exception = said(pl.col("c-url")), said(pl.col("x-exception-id"))
    # Few records have one.
    before: pl.Expr = pl.when(exception.is_not_null()).then(pl.col("text"))
    for sent in _SENT:
        before = before.str.splitn(sent, 2).struct.field("field_0")
    cells["uri"] = pl.when(cells["path"].is_null() & ~url.str.contains(_TUNNEL)).then(url)
    cells["exception"] = pl.when(before.str.contains(_EXCEPTION)).then(exception)
    cells |= {"line": pl.col("line"), "server": pl.lit(value=False)}
    return [cells.get(name, pl.lit(None)).cast(kind).alias(name) for name, kind in CELLS.items() if name != "stamp"]


FORMAT: Final = Format(
    name="proxysg_pairs",
    title="ProxySG (Blue Coat, Edge SWG) access log, key=value by syslog",
    document="https://splunk.github.io/splunk-connect-for-syslog/main/sources/vendor/Broadcom/proxy/",
    claims=claims,
    parse=parse,
    gives="user, client address, method, URL or host, verdict, categories, status, bytes to the client, time taken, "
    "content type, user agent, referrer",
    cannot="the page behind HTTPS that is not inspected; records of a custom format without cs-username, s-action and "
    "sc-status",
)
