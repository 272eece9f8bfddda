r"""Cisco Umbrella: DNS logs and web (proxy) logs as CSV, the files of the S3 bucket.

In: records such as `"2026-03-16 09:00:01","Ann Smith (asmith@example.org)","...","10.2.3.4","203.0.113.5","Allowed",
"1 (A)","NOERROR","news.example.org.","News",...`, all cells in quotes, with line ends inside them, and in older files
with blanks between them. Which kind a record is of, its own cells show: a DNS record has a type such as `1 (A)` behind
its action, a web record has its action before the URL. Later versions of the log add columns at the end; those that are
read have never moved. A type may also be `Other`, which counts where the code of an answer stands behind it. The
records of the other logs (IP, firewall, intrusion, admin audit) are skips (`other-record`), the header that version 11
may have is one (`header`). Cisco Secure Access, which follows Umbrella, writes its DNS logs in the same order; the
names in its header are bare.

The time is UTC. An identity may be a person, a computer or a network, and its type says which (from version 4 on): only
a user becomes the user, only a computer the device. Of `Ann Smith (asmith@example.org)` the address is the account;
without any type only an identity of that shape counts. The internal address is the client's; where it is empty the
external one is, which is often that of a whole school. `Proxied` DNS is sent on to the web proxy, and so passed.
A DNS name loses the dot at its end. DNS is `host-only`, also NXDOMAIN, which is no block.
Out: `_COLUMNS`. Refuses: broken quotes, records that are of no known kind, unreadable times, numbers and addresses that
are none.
Source: Cisco Umbrella User Guide, "Log Formats and Versioning", "DNS Log Formats", "Web Log Formats"
(versions 1 to 11, as of 2024); Cisco Secure Access User Guide, "DNS Log Formats" (versions 8 and 9).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import polars as pl

from pipeline.formats import Declared, Format, Parsed
from pipeline.formats._cells import blank_apart, is_background, parted, said, skips, whole
from pipeline.formats._delimited import Layout, split
from pipeline.formats._umbrella import ACCOUNT, OF_DEVICES, OF_PEOPLE, VERDICTS
from pipeline.times.localtime import Running
from pipeline.times.writtentime import from_written

_WANTED: Final = (*range(16), 21, 23, 24, 25)
_LAYOUT: Final = Layout({f"c{at}": at for at in _WANTED}, least=1, loose=True)
#: What an event takes, and its cell in a DNS record and in a web record.
_PLACES: Final = {
    "internal": (3, 2), "external": (4, 3), "action": (5, 6), "name": (8, None), "category": (9, 15),
    "content_type": (None, 5), "url": (None, 7), "referrer": (None, 8), "agent": (None, 9), "status": (None, 10),
    "bytes": (None, 12), "method": (None, 25), "identity": (1, 1), "identities": (2, 23), "type": (10, 21),
    "types": (11, 24),
}  # fmt: skip
_COLUMNS: Final = (
    "line", "ts", "ts_quality", "user_raw", "client_ip", "device", "method", "host", "url", "verdict",
    "vendor_category", "status", "bytes", "content_type", "user_agent", "referrer", "kind",
)  # fmt: skip
_ADDRESS: Final = r"^(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f]*:[0-9A-Fa-f:.]*(?:%.*)?)$"
_TIME: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}"
_QUERY_TYPE: Final = r"^[0-9]{1,5} \([A-Za-z0-9-]+\)$"
#: What stands behind the type, so that `Other` is surely one.
_ANSWER: Final = r"^[A-Z][A-Z0-9]{3,}$"
_HEADER: Final = r'^(?:"(?:Timestamp|Time|Date|ID)",|(?:timestamp|id),[a-z0-9 ,]+$)'
_SHAPE: Final = re.compile(
    r'\s*"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8}", ?".*", ?"'
    r'(?:(?i:allowed|blocked|proxied)", ?"(?:[0-9]+ \([A-Z0-9-]+\)|Other", ?"[A-Z][A-Z0-9]{3,})"'
    r'|(?i:allowed|blocked)", ?"(?:[a-z]+://|[^" ]*\.))'
)
_ACCOUNT: Final = re.compile(ACCOUNT)
_IDENTITY: Final = ("identity", "type", "identities", "types")


def claims(first_lines: Sequence[str]) -> bool:
    """Most lines are quoted records with the action of a DNS or a web record in its place."""
    records = [line for line in first_lines if not re.match(_HEADER, line)]
    shaped = sum(1 for line in records if _SHAPE.match(line))
    return shaped * 2 > len(records)


def parse(lines: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read a block of records; see `Format.parse`. They say everything, so both extras are unused."""
    del carry
    texts, blank = blank_apart(lines)
    is_header = pl.col("text").str.contains(_HEADER)
    cells, broken = split(texts.filter(~is_header), _LAYOUT)
    marked = cells.with_columns(sort=_sort())
    of_each = [_by_meaning(marked.filter(pl.col("sort") == sort), at) for at, sort in enumerate(("dns", "web"))]
    named = _with_identities(pl.concat(of_each).sort("line"))
    timed, _ = from_written(named["stamp"], declared.timezone, None, Running())
    read = pl.concat([named, timed], how="horizontal").select(_event())
    strange = marked.filter(pl.col("sort").is_null()).select("line", **_refusal())
    other = skips(marked.filter(pl.col("sort") == "other"), "other-record")
    rows = pl.concat([read, broken, strange], how="diagonal")
    return parted(rows, _COLUMNS, [blank, skips(texts.filter(is_header), "header"), other])


def _sort() -> pl.Expr:
    """Which log a record is of; null for none that is known."""
    number = "^[0-9]+$"
    timed = pl.col("c0").str.contains(_TIME)
    other = (
        pl.col("c1").str.contains(_TIME)
        | (timed & pl.col("c1").str.contains(r"^\[[0-9]+\]$"))
        | (timed & pl.col("c3").str.contains(number) & (pl.col("c4") + pl.col("c5")).str.contains(r"^[0-9]+"))
    )
    other_type = (pl.col("c6") == "Other") & pl.col("c7").str.contains(_ANSWER)
    dns = timed & (pl.col("c6").str.contains(_QUERY_TYPE) | other_type) & (pl.col("c8") != "")
    web = timed & (pl.col("c6").str.to_lowercase().is_in(list(VERDICTS)) | pl.col("c7").str.contains("^[a-z]+://"))
    return (
        pl.when(dns)
        .then(pl.lit("dns"))
        .when(web & (pl.col("c7") != ""))
        .then(pl.lit("web"))
        .when(other)
        .then(pl.lit("other"))
    )


def _by_meaning(records: pl.DataFrame, at: int) -> pl.DataFrame:
    """The cells of the records of one log, by what they mean in it."""
    places = {name: of_logs[at] for name, of_logs in _PLACES.items()}
    cells = {
        name: pl.lit(None, pl.String) if place is None else said(pl.col(f"c{place}")) for name, place in places.items()
    }
    return records.select("line", "sort", stamp=pl.col("c0") + "Z", **cells)


def _refusal() -> dict[str, pl.Expr]:
    short = pl.col("c8") == ""
    return {
        "reason": pl.when(~pl.col("c0").str.contains(_TIME)).then(pl.lit("not-this-format"))
        .when(short).then(pl.lit("missing-column")).otherwise(pl.lit("bad-field")),
        "detail": pl.when(~pl.col("c0").str.contains(_TIME)).then(pl.lit("does not begin with a time"))
        .when(short).then(pl.lit("ends before the name or the URL"))
        .otherwise(pl.lit("has neither the type of a DNS query nor a URL in its place")),
    }  # fmt: skip


def _with_identities(records: pl.DataFrame) -> pl.DataFrame:
    """Add `user_raw` and `device`.

    A loop over rows, but once for each distinct set of identities: types and names have to be paired.
    """
    distinct = records.select(_IDENTITY).unique()
    found = [_who(*(cell or "" for cell in row)) for row in distinct.iter_rows()]
    schema = {"user_raw": pl.String(), "device": pl.String()}
    people = pl.concat([distinct, pl.DataFrame(found, schema=schema, orient="row")], how="horizontal")
    return records.join(people, on=_IDENTITY, how="left", nulls_equal=True, maintain_order="left")


def _who(identity: str, sort: str, identities: str, sorts: str) -> tuple[str | None, str | None]:
    """The user and the device among the identities of a record."""
    # A name may hold commas; it is then the first of the list, and known from its own cell.
    if identity and identities.startswith(identity):
        names = [identity, *_listed(identities[len(identity) :].lstrip(" ").removeprefix(","))]
    else:
        names = _listed(identities)
    kinds = _listed(sorts.lower())
    pairs = [(sort.lower(), identity), *(zip(kinds, names, strict=True) if len(kinds) == len(names) else ())]
    users = [name for kind, name in pairs if kind.endswith(OF_PEOPLE)]
    users += [name for name in (identity,) if not sort and not sorts and _ACCOUNT.search(name)]
    devices = [name for kind, name in pairs if kind.endswith(OF_DEVICES)]
    account = _ACCOUNT.search(users[0]) if users else None
    return (account[1] if account else next(iter(users), None)) or None, next(iter(devices), None) or None


def _listed(cell: str) -> list[str]:
    return [each.strip() for each in cell.split(",")] if cell.strip() else []


def _event() -> list[pl.Expr]:
    status, size, name = pl.col("status"), pl.col("bytes"), pl.col("name")
    wrong = (
        pl.when(status.is_not_null() & whole(status).is_null()).then(pl.lit("the status"))
        .when(size.is_not_null() & whole(size).is_null()).then(pl.lit("the size"))
    )  # fmt: skip
    bad = pl.col("reason").is_null() & wrong.is_not_null()
    # A column too many before it, and somebody's name stands where the address does.
    shifted = ~pl.all_horizontal(pl.col("internal", "external").fill_null("::").str.contains(_ADDRESS))
    return [
        *(pl.col(each) for each in ("line", "ts", "ts_quality", "user_raw", "device", "method", "url", "content_type")),
        pl.coalesce("internal", "external").alias("client_ip"),
        pl.when(name.str.len_bytes() > 1).then(name.str.strip_suffix(".")).otherwise(name).alias("host"),
        pl.col("action").str.to_lowercase().replace_strict(VERDICTS, default="unknown").alias("verdict"),
        pl.col("category").alias("vendor_category"),
        pl.when(whole(status) > 0).then(whole(status)).alias("status"),
        whole(size).alias("bytes"),
        said(pl.col("agent").str.strip_chars()).alias("user_agent"),
        pl.col("referrer"),
        _kind().alias("kind"),
        pl.when(shifted)
        .then(pl.lit("bad-field"))
        .when(bad)
        .then(pl.lit("bad-number"))
        .otherwise("reason")
        .alias("reason"),
        pl.when(shifted)
        .then(pl.lit("what stands in the place of an address is none"))
        .when(bad)
        .then(pl.format("{} is not a whole number", wrong))
        .otherwise("detail")
        .alias("detail"),
    ]


def _kind() -> pl.Expr:
    tunnel = (pl.col("method").str.to_uppercase() == "CONNECT").fill_null(value=False)
    return (
        pl.when((pl.col("sort") == "dns") | tunnel).then(pl.lit("host-only"))
        .when(is_background(pl.col("content_type"))).then(pl.lit("background"))
        .otherwise(pl.lit("page"))
    )  # fmt: skip


FORMAT: Final = Format(
    name="umbrella",
    title="Cisco Umbrella DNS and web logs, Secure Access DNS logs, CSV",
    document="https://docs.umbrella.com/umbrella-user-guide/docs/log-formats-and-versioning",
    claims=claims,
    parse=parse,
    records="quoted",
    gives="user or device, client address, host (DNS) or URL (web), verdict, categories; web: method, status, bytes",
    cannot="the page behind a DNS name; who it was before version 4, and where only a network is known; "
    "whether a quote in a URL was doubled, which is taken for granted",
)
