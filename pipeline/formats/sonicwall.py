r"""SonicWall (SonicOS) firewalls: what they log of web sites, by syslog (default and enhanced).

In: lines such as `<134> id=firewall sn=0000 time="2026-09-28 10:15:02 UTC" fw=192.0.2.1 pri=6 c=1024 m=97 msg="Web
site hit" src=10.2.3.4:5000:X0:pc-7 dst=192.0.2.9:443:X1 usr="dee" proto=tcp/https sent=510 rcvd=955 dstname=h arg=/p
code=27 Category="News" ...`. The number `m` says what a record is. Read are 14 (access denied), 16 (access allowed) and
97 (site visited); connections, VPN traffic and all others are skips (`other-record`).

`time` is UTC where it says so, else in the zone of the device. `src` is address, port, interface and, where the device
knows it, the name of the computer. `dstname` and `arg` make the URL, `proto` its scheme. `rcvd` is what came back for
the client. `op` may be a number, which is not given; `result` is the HTTP status. The rest is said in `_sonicwall`.

`dstname` and `arg` stand bare, as the client sent them, so pairs are read as `_keyed` says, and everything that says
who, when and what must stand before them. Out: `_COLUMNS`. Refuses lines without `id`, `sn` and `time`, and records
without a readable time.
Source: SonicOS Log Events Reference Guide 5.8 to 7.1.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import polars as pl

from pipeline.formats import Declared, Format, Parsed
from pipeline.formats._cells import blank_apart, parted, said, skips
from pipeline.formats._keyed import Keyed, faults, number, read
from pipeline.formats._sonicwall import VERDICTS, kind, known, scheme, verdict
from pipeline.formats._syslog import unstructured, without_structure
from pipeline.times.localtime import Running
from pipeline.times.writtentime import from_written

_AHEAD: Final = ("time", "m", "src", "srcV6", "usr", "user", "proto")
_KEYED: Final = Keyed(
    keys=(*_AHEAD, "sent", "rcvd", "op", "result", "dstname", "arg", "Category", "fw_action"),
    client=("dstname", "arg"),
    ahead=_AHEAD,
    bare=("dstname", "arg"),
    others=(
        "code", "note", "n", "dpi", "rule", "app", "appName", "appid", "appcat", "sess", "uuid", "msg", "dst", "dstV6",
        "natSrc", "natDst", "srcMac", "dstMac", "srcZone", "dstZone", "cdur", "spkt", "rpkt", "type", "catid", "gcat",
        "vpnpolicy", "af_polid", "af_action", "ipscat", "contentObject", "c", "pri", "fw", "id", "sn",
    ),
    escapes="none",
)  # fmt: skip
_COLUMNS: Final = (
    "line", "ts", "ts_quality", "user_raw", "client_ip", "device", "method", "host", "url", "verdict",
    "vendor_category", "status", "bytes", "kind",
)  # fmt: skip
_RECORD: Final = r"""(?:^|[\s>])id=\S+\s+sn=\S+\s+time="[^"]*"\s"""
_SHAPE: Final = re.compile(r"(?:.{0,100}[\s>])?id=\S+\s+sn=\S+\s+time=\"[0-9]{4}-[0-9][^\"]*\"\s+fw=\S+\s")
_NUMBER: Final = r"\sm=([0-9]+)(?:\s|$)"


def claims(first_lines: Sequence[str]) -> bool:
    """Most lines begin with the keys of a SonicWall."""
    shaped = sum(1 for line in unstructured(first_lines) if _SHAPE.match(line))
    return shaped * 2 > len(first_lines)


def parse(lines: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read a block of lines; see `Format.parse`. The carry is how stamps without a zone have run."""
    texts, blank = blank_apart(lines)
    texts = without_structure(texts)
    # The first number counts here; one that a client wrote into its URL is found below.
    web = pl.col("text").str.extract(_NUMBER).is_in(list(VERDICTS)).fill_null(value=False)
    texts = texts.with_columns(record=pl.col("text").str.contains(_RECORD), web=web)
    record, web = pl.col("record"), pl.col("web")
    foreign = texts.filter(~record).select(
        "line", reason=pl.lit("not-this-format"), detail=pl.lit("has no id, sn and time as key=value")
    )
    cells = read(texts.filter(record & web), _KEYED)
    good = pl.col("reason").is_null()
    timed, running = _timed(cells.filter(good), declared, Running.from_text(carry))
    damaged = cells.filter(~good).select("line", "reason", "detail")
    events = timed.lazy().with_columns(url=_url()).select(_event()).collect()
    table = pl.concat([events, damaged, foreign], how="diagonal")
    return parted(table, _COLUMNS, [blank, skips(texts.filter(record & ~web), "other-record")], running.to_text())


def _timed(records: pl.DataFrame, declared: Declared, running: Running) -> tuple[pl.DataFrame, Running]:
    """Add `ts`, `ts_quality`, and the reason and detail of a time that cannot be read."""
    times, after = from_written(records["time"], declared.timezone, declared.date_order, running)
    return pl.concat([records.drop("reason", "detail"), times], how="horizontal"), after


def _event() -> list[pl.Expr]:
    user = pl.coalesce(said(pl.col("usr")), said(pl.col("user")))
    url, src = pl.col("url"), pl.col("src")
    method, status = said(pl.col("op")), number(pl.col("result"))
    return [
        pl.col("line"),
        pl.col("ts"),
        pl.col("ts_quality"),
        known(user).alias("user_raw"),
        pl.coalesce(said(pl.col("srcV6")), src.str.extract(r"^([0-9.]+)(?::|$)")).alias("client_ip"),
        src.str.extract(r"^[0-9.]*:[0-9]*:[^:]*:(.+)$").alias("device"),
        pl.when(method.str.contains(r"^[A-Z]+$")).then(method).alias("method"),
        pl.lit(None, dtype=pl.String).alias("host"),
        url,
        verdict("m", pl.col("fw_action")).alias("verdict"),
        said(pl.col("Category")).alias("vendor_category"),
        pl.when(status > 0).then(status).alias("status"),
        number(pl.col("rcvd")).alias("bytes"),
        kind(url).alias("kind"),
        *faults(("rcvd", "result")),
    ]


def _url() -> pl.Expr:
    """Name and path as one, with the scheme where the record names a service that has one."""
    arg = said(pl.col("arg")).fill_null("")
    path = pl.when((arg == "") | arg.str.starts_with("/")).then(arg).otherwise("/" + arg)
    name = said(pl.col("dstname"))
    return pl.when(name.is_not_null()).then(pl.concat_str(scheme(), name, path))


FORMAT: Final = Format(
    name="sonicwall",
    title="SonicWall (SonicOS) web sites, syslog",
    document="https://www.sonicwall.com/support/technical-documentation/",
    claims=claims,
    parse=parse,
    gives="user, client address and computer name, URL, verdict, category, bytes to the client; status if logged",
    cannot="the page behind HTTPS that is not decrypted; the content type, so pictures count as pages; the "
    "method, which is logged as a number",
)
