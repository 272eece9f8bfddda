"""NextDNS: the log that its site gives as a CSV download.

In: a header such as `timestamp,domain,query_type,dnssec,protocol,client_ip,status,reasons,destination_country,
root_domain,device_id,device_name,device_model,device_local_ip,matched_name,client_name`, which decides the columns and
is remembered from block to block, and its rows. Older downloads have fewer columns, in another order. What the API
gives, made into a table, has its own names: `clientIp`, and `device.localIp` with a dot, an underscore or nothing.
The time is ISO 8601 in UTC (`2026-03-16T09:00:01.123Z`). `status` says what was done: `blocked`; `allowed`, where an
allowlist let it pass; `default` or nothing, where no list had a say; `error`. The local address of the device is the
client's; where it is empty the public one is, which is often that of a whole school.
Out: `_COLUMNS`; a DNS name is `host-only`. Refuses: rows before a header, rows with other than so many cells, broken
quotes, times that cannot be read, and rows without a name.
The words of `status` are those of NextDNS's API; the columns of the download are described nowhere, and are read as
people who made downloads report them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

import polars as pl

from pipeline.formats import Declared, Format, Parsed
from pipeline.formats._cells import blank_apart, parted, said
from pipeline.formats._headed import Headed, read
from pipeline.times.localtime import Running
from pipeline.times.writtentime import from_written

#: What is wanted -> the names of its column: of the download, and of the API.
_MEANINGS: Final = {
    "time": ("timestamp",), "name": ("domain", "name"), "status": ("status",), "public": ("client_ip", "clientip"),
    "local": ("device_local_ip", "device_localip", "device.localip", "devicelocalip"),
    "device": ("device_name", "device.name", "devicename"),
}  # fmt: skip
#: What only NextDNS has among the names of its columns.
_ITS_OWN: Final = {"root_domain", "dnssec", "device_id", "device.id", "deviceid", "query_type"}
_TABLE: Final = Headed(
    meanings=_MEANINGS,
    needed=("time", "name", "status"),
    is_header=pl.col("text").str.contains(r"^\"?timestamp\"?,.*\bdomain\b.*\bstatus\b"),
)
_COLUMNS: Final = ("line", "ts", "ts_quality", "client_ip", "device", "host", "verdict", "kind")
_VERDICTS: Final = {"": "allowed", "default": "allowed", "allowed": "allowed", "blocked": "blocked", "error": "error"}


def claims(first_lines: Sequence[str]) -> bool:
    """The header is among the lines: before it may stand what is left of another file."""
    return any(_is_ours(set(_TABLE.names(line))) for line in first_lines)


def _is_ours(names: set[str]) -> bool:
    return {"timestamp", "domain", "status"} <= names and bool(names & _ITS_OWN)


def parse(lines: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read a block of records; see `Format.parse`. The carry is the header and how stamps without a zone have run."""
    header, ran = json.loads(carry) if carry else ("", "")
    texts, blank = blank_apart(lines)
    table = read(texts, _TABLE, header)
    cells = table.cells
    timed, running = from_written(cells["time"], declared.timezone, declared.date_order, Running.from_text(ran))
    events = pl.concat([cells, timed], how="horizontal").select(_event())
    rows = pl.concat([events, table.rejects], how="diagonal")
    return parted(rows, _COLUMNS, [blank, *table.skips], json.dumps([table.header, running.to_text()]))


def _event() -> list[pl.Expr]:
    name = said(pl.col("name"))
    bad = pl.col("reason").is_null() & name.is_null()
    status = pl.col("status").str.to_lowercase()
    return [
        pl.col("line"),
        pl.col("ts"),
        pl.col("ts_quality"),
        pl.coalesce(said(pl.col("local")), said(pl.col("public"))).alias("client_ip"),
        said(pl.col("device")),
        pl.when(name.str.len_bytes() > 1).then(name.str.strip_suffix(".")).otherwise(name).alias("host"),
        status.replace_strict(_VERDICTS, default="unknown", return_dtype=pl.String).alias("verdict"),
        pl.lit("host-only").alias("kind"),
        pl.when(bad).then(pl.lit("bad-field")).otherwise(pl.col("reason")).alias("reason"),
        pl.when(bad).then(pl.lit("the name is empty")).otherwise(pl.col("detail")).alias("detail"),
    ]


FORMAT: Final = Format(
    name="nextdns",
    title="NextDNS log download, CSV",
    document="https://nextdns.github.io/api/",
    claims=claims,
    parse=parse,
    records="quoted",
    gives="client address, device, DNS name, verdict",
    cannot="the user; the page; which list blocked it is left in the line",
)
