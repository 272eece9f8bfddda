"""Skyhigh (McAfee) Secure Web Gateway in the cloud: the log as its Forensics API gives it, CSV.

In: a header such as `"user_id","username","source_ip","http_action","server_to_client_bytes",...`, which decides the
columns and is remembered from block to block, and its rows, all cells in quotes. Versions 1 to 12 of the API only add
columns; rows of isolated browsing (RBI) call the sizes `bytes_sc` and `bytes_cs`. Rows of the firewall and of Private
Access, whose headers name other columns, are skips (`other-record`).

`request_timestamp_epoch` is the beginning of the request, in seconds. `client_ip` (from version 4 on) is the computer's
address, `source_ip` the one that the cloud saw, which is often that of a whole school. Where nobody has logged in the
user is the address. Host and path stand apart, and `uri_scheme` makes a URL of them. `result` is `OBSERVED` for what
was let through and `DENIED` for what was not. The user agent as it was sent is `user_agent_comment`.
Out: `_COLUMNS`. Refuses: rows before a header, rows with other than so many cells, broken quotes, numbers that are
none, times that cannot be read, rows without a host.
Source: Skyhigh Security, "Using the Forensics API for Reporting", "Reporting Fields" and "Reporting Time Stamp";
Trellix, "McAfee SaaS Web Protection log format" for the words of `result` and the addresses.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

import polars as pl

from pipeline.formats import Declared, Format, Parsed
from pipeline.formats._cells import blank_apart, parted, said
from pipeline.formats._headed import Headed, read
from pipeline.formats._keyed import faults, number
from pipeline.formats._skyhigh import kind
from pipeline.times.localtime import Running
from pipeline.times.writtentime import from_written

#: What is wanted -> the names of its column.
_MEANINGS: Final = {
    "time": ("request_timestamp_epoch",), "user": ("username",), "client": ("client_ip",), "source": ("source_ip",),
    "method": ("http_action",), "scheme": ("uri_scheme",), "name": ("requested_host",), "path": ("requested_path",),
    "result": ("result",), "category": ("category",), "status": ("http_status_code",),
    "size": ("server_to_client_bytes", "bytes_sc"), "content_type": ("media_type",), "app": ("application_type",),
    "agent": ("user_agent_comment",), "referer": ("referer",), "computer": ("client_system_name",),
}  # fmt: skip
_TABLE: Final = Headed(
    meanings=_MEANINGS,
    needed=("time", "user", "source", "method", "name", "result"),
    is_header=pl.col("text").str.contains(r'^"?(?:user_id|request_timestamp)"?,"?username"?,'),
    # The logs of other services have a header of their own.
    others=frozenset({"firewall_action", "pa_application_name"}),
)
_COLUMNS: Final = (
    "line", "ts", "ts_quality", "user_raw", "client_ip", "device", "method", "host", "url", "app", "verdict",
    "vendor_category", "status", "bytes", "content_type", "user_agent", "referrer", "kind",
)  # fmt: skip
_VERDICTS: Final = {"OBSERVED": "allowed", "DENIED": "blocked"}


def claims(first_lines: Sequence[str]) -> bool:
    """The header is among the lines: before it may stand what is left of another file."""
    return any(_TABLE.fits(line) for line in first_lines)


def parse(lines: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read a block of records; see `Format.parse`. The carry is the header and how stamps without a zone have run."""
    header, ran = json.loads(carry) if carry else ("", "")
    texts, blank = blank_apart(lines)
    table = read(texts, _TABLE, header)
    cells = table.cells
    timed, running = from_written(cells["time"], declared.timezone, declared.date_order, Running.from_text(ran))
    events = pl.concat([cells, timed], how="horizontal").lazy().with_columns(**_spoken()).select(_event()).collect()
    rows = pl.concat([events, table.rejects], how="diagonal")
    return parted(rows, _COLUMNS, [blank, *table.skips], json.dumps([table.header, running.to_text()]))


def _spoken() -> dict[str, pl.Expr]:
    return {name: said(pl.col(name)) for name in _MEANINGS if name != "time"}


def _event() -> list[pl.Expr]:
    name, status, method = pl.col("name"), number(pl.col("status")), pl.col("method")
    tunnel = (method == "CONNECT").fill_null(value=False)
    nobody = pl.any_horizontal(pl.col("user") == pl.col(each) for each in ("client", "source")).fill_null(value=False)
    reason, detail = faults(("size", "status"))
    return [
        pl.col("line"),
        pl.col("ts"),
        pl.col("ts_quality"),
        pl.when(~nobody).then(pl.col("user")).alias("user_raw"),
        pl.coalesce("client", "source").alias("client_ip"),
        pl.col("computer").alias("device"),
        method,
        pl.when(tunnel).then(name).alias("host"),
        pl.when(~tunnel).then(_url()).alias("url"),
        pl.col("app"),
        _verdict(status).alias("verdict"),
        pl.col("category").alias("vendor_category"),
        pl.when(status > 0).then(status).alias("status"),
        number(pl.col("size")).alias("bytes"),
        pl.col("content_type"),
        pl.col("agent").alias("user_agent"),
        pl.col("referer").alias("referrer"),
        kind(method, pl.col("content_type")).alias("kind"),
        pl.when(name.is_null() & pl.col("reason").is_null()).then(pl.lit("bad-field")).otherwise(reason)
        .alias("reason"),
        pl.when(name.is_null() & pl.col("reason").is_null()).then(pl.lit("the host is empty")).otherwise(detail)
        .alias("detail"),
    ]  # fmt: skip


def _url() -> pl.Expr:
    """Host and path as one, with the scheme where the row has one."""
    path = pl.col("path").fill_null("")
    rooted = pl.when((path == "") | path.str.starts_with("/")).then(path).otherwise("/" + path)
    scheme = pl.when(pl.col("scheme").is_not_null()).then(pl.col("scheme") + "://").otherwise(pl.lit(""))
    return pl.concat_str(scheme, "name", rooted)


def _verdict(status: pl.Expr) -> pl.Expr:
    word = pl.col("result").str.to_uppercase().replace_strict(_VERDICTS, default="unknown", return_dtype=pl.String)
    login = (status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED).fill_null(value=False)
    return pl.when(login).then(pl.lit("challenge")).otherwise(word.fill_null("unknown"))


FORMAT: Final = Format(
    name="skyhigh_cloud",
    title="Skyhigh (McAfee) Secure Web Gateway in the cloud, CSV (Forensics API)",
    document="https://success.skyhighsecurity.com/Skyhigh_Secure_Web_Gateway_(Cloud)/"
    "Using_the_Forensics_API_for_Reporting/Reporting_Fields",
    claims=claims,
    parse=parse,
    records="quoted",
    gives="user, client address (from version 4 on that of the computer), device, URL, method, verdict, categories, "
    "status, bytes to the client, content type, user agent, referrer",
    cannot="the page behind an encrypted CONNECT; whether a page was only warned of; files without their header",
    unproven=("challenge",),
)
