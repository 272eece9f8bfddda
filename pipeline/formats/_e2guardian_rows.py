"""The columns of e2guardian's layouts 2 and 4, which are those of layout 1 with other signs between them.

In: lines, each already in pieces, in the order
    when who from where what how size weight category group status (type host group-name agent and more)
Out: `COLUMNS`. `when` is local and has no zone, or, with `logtimestamp = on`, an epoch with milliseconds follows it and
is used. It is the end of the request. Empty columns are dashes, or with `usedashforblank = off` nothing at all.

Nothing is escaped, so what parts the columns may also stand in a login name, a URL or a user agent, and moves all that
follows it. So the address, the scheme of the URL and the four numbers must stand in their places; where they do not,
the line is read once for each place that the surplus may have, and just one reading must fit. Refuses the others.
A line end in a login name moves all that follows it by a column, so that the name and address before the URL are
whatever a client typed; such a line is told by the number in the column of the content type, and refused.
Source: `FatController.cpp` of e2guardian (5.3, 5.4); what 5.3.5 wrote.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

import polars as pl

from pipeline.formats import Declared, Parsed
from pipeline.formats._cells import divided, parted, said, skips, whole
from pipeline.formats._e2guardian import TRANSPARENT, address, device, kind, user, verdict
from pipeline.times.localtime import Running, from_local
from pipeline.times.writtentime import from_epoch

COLUMNS: Final = (
    "line", "ts", "ts_quality", "user_raw", "client_ip", "device", "method", "url", "verdict", "vendor_category",
    "status", "bytes", "content_type", "user_agent", "kind",
)  # fmt: skip
NAMES: Final = (
    "when", "who", "from", "where", "what", "how", "size", "weight", "category", "group", "status", "type", "host",
    "group_name", "agent",
)  # fmt: skip
WHEN: Final = r"[0-9]{4}\.[0-9]{1,2}\.[0-9]{1,2} [0-9]{1,2}:[0-9]{2}:[0-5][0-9](?: [0-9]{10}\.[0-9]{3})?"
#: What 5.6 writes first where it is told to (`#add_header:`).
HEADER: Final = r"""^"?EndLtime"?[ \t,]"?User"?[ \t,]"""
_ADDRESS: Final = r"^(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f]*:[0-9A-Fa-f:.]*)$"
_SCHEME: Final = r"^[A-Za-z][A-Za-z0-9+.\-]{0,19}://"
_METHOD: Final = r"^[A-Za-z][^ /\t]*$"
_NUMBERS: Final = ("size", "weight", "group", "status")
_NUMBER: Final = r"^-?[0-9]{1,18}$"
_STATUS: Final = re.compile("[0-9]{1,3}")
_LEAST: Final = NAMES.index("status") + 1
#: So many columns the layouts have: DansGuardian's, that of later ones, and that of Smoothwall's own builds. A client
#: would have to add seven to put a verdict of his own in front of the true one, and ten for a name.
_COUNTS: Final = (15, 19, 21)
#: A few are a prank; with more the readings are too many to try.
_MOST_SURPLUS: Final = 8
_SHIFTED: Final = "the content type is a number: a line end in the login name has moved the columns"
_CELLS: Final = pl.Schema({"line": pl.Int64(), "text": pl.String()} | dict.fromkeys(NAMES, pl.String()))


def claimed(first_lines: Sequence[str], sign: str) -> bool:
    """Whether most lines begin with a date and have a status nine columns further on, or behind that.

    They are split and looked at piece by piece, since a pattern would try every choice of nine signs among many.
    """
    rows = [line.split(sign) for line in first_lines]
    shaped = sum(1 for row in rows if re.fullmatch(WHEN, row[0]) and any(map(_STATUS.fullmatch, row[_LEAST - 1 :])))
    return shaped * 2 > len(first_lines)


def read_rows(rows: pl.DataFrame, sign: str, blank: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read lines (`line`, `text`, `pieces`); `sign` parts the pieces. The carry is how local stamps have run."""
    header, rows = divided(rows, pl.col("text").str.contains(HEADER))
    pieces = [pl.col("pieces").list.get(at, null_on_oob=True).alias(name) for at, name in enumerate(NAMES)]
    cells = rows.select("line", "text", "pieces", *pieces, count=pl.col("pieces").list.len()).with_columns(fits=_fits())
    plain = cells.filter("fits").select(*_CELLS)
    odd, rejects = _read_one_by_one(cells.filter(~pl.col("fits")).select("line", "text", "pieces"), sign)
    read = pl.concat([plain, odd]).sort("line")
    stamps = read["when"].str.extract(r"^([^ ]+ [^ ]+)", 1)
    local, running = from_local(
        stamps.str.to_datetime("%Y.%m.%d %H:%M:%S", time_unit="us", strict=False), declared.timezone,
        Running.from_text(carry),
    )  # fmt: skip
    timed = pl.concat([read, local], how="horizontal").with_columns(
        epoch=from_epoch(pl.col("when").str.extract(r" ([0-9]{10}\.[0-9]{3})$", 1))
    )
    both = pl.concat([timed.select(_event()), rejects], how="diagonal_relaxed")
    return parted(both, COLUMNS, [blank, skips(header, "header")], running.to_text())


def _fits() -> pl.Expr:
    return (
        pl.col("count").is_in(_COUNTS)
        & pl.col("when").str.contains(f"^{WHEN}$")
        & pl.col("from").str.contains(_ADDRESS)
        & pl.col("where").str.contains(_SCHEME)
        & (
            pl.col("how").str.contains(_METHOD)
            | (said(pl.col("how")).is_null() & pl.col("where").str.contains(TRANSPARENT))
        )
        & pl.all_horizontal(pl.col(name).str.contains(_NUMBER) for name in _NUMBERS)
    ).fill_null(value=False)


def _event() -> list[pl.Expr]:
    status, content_type, stamped = whole(pl.col("status")), said(pl.col("type")), pl.col("epoch").is_not_null()
    no_day = pl.when(pl.col("ts").is_null() & ~stamped)
    shifted = pl.when(pl.col("type").str.contains(r"^[0-9]+$"))
    return [
        pl.col("line"),
        pl.coalesce("epoch", "ts").alias("ts"),
        pl.when(stamped).then(pl.lit("exact")).otherwise(pl.col("ts_quality")).alias("ts_quality"),
        user(pl.col("who"), pl.col("from")).alias("user_raw"),
        address(pl.col("from")).alias("client_ip"),
        device(pl.col("host")).alias("device"),
        said(pl.col("how")).alias("method"),
        pl.col("where").alias("url"),
        verdict(pl.col("what"), status, pl.col("how")).alias("verdict"),
        said(pl.col("category")).alias("vendor_category"),
        pl.when(status > 0).then(status).alias("status"),
        whole(pl.col("size")).alias("bytes"),
        content_type.alias("content_type"),
        said(pl.col("agent")).alias("user_agent"),
        kind(pl.col("how"), content_type).alias("kind"),
        pl.coalesce(shifted.then(pl.lit("bad-field")), no_day.then(pl.col("reason").fill_null("bad-time"))).alias(
            "reason"
        ),
        pl.coalesce(
            shifted.then(pl.lit(_SHIFTED)), no_day.then(pl.col("detail").fill_null("there is no such day or hour"))
        ).alias("detail"),
    ]


def _read_one_by_one(odd: pl.DataFrame, sign: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The cells of lines whose columns are not in their places, and the rejects.

    A loop over rows, because each has to be tried in several ways; they are pranks and damage.
    """
    rows: list[dict[str, str | int]] = []
    refused: list[tuple[int, str, str]] = []
    for line, text, pieces in odd.iter_rows():
        readings = list(_readings(pieces, sign))
        if len(readings) == 1:
            rows.append({"line": line, "text": text, **readings[0]})
        else:
            refused.append((line, *_refusal(pieces, len(readings))))
    rejects = pl.DataFrame(refused, schema={"line": pl.Int64, "reason": pl.String, "detail": pl.String}, orient="row")
    return pl.DataFrame(rows, schema=_CELLS), rejects


def _readings(pieces: list[str], sign: str) -> Iterator[dict[str, str]]:
    """Every way to give surplus pieces to name, URL and user agent that puts address, scheme and numbers into place."""
    if not pieces or not re.fullmatch(WHEN, pieces[0]):
        return
    for in_name in range(_MOST_SURPLUS + 1):
        for in_url in range(_MOST_SURPLUS + 1 - in_name):
            behind = [len(pieces) - in_name - in_url - count for count in _COUNTS]
            in_agent = [surplus for surplus in behind if 0 <= surplus <= _MOST_SURPLUS]
            if not in_agent:
                continue
            url, rest = 3 + in_name, 4 + in_name + in_url
            agent = len(NAMES) - 5 + in_name + in_url + 4
            row = [pieces[0], sign.join(pieces[1 : 2 + in_name]), pieces[url - 1], sign.join(pieces[url:rest])]
            reading = dict(zip(NAMES, [*row, *pieces[rest:agent]], strict=False))
            # Which layout it is decides where the user agent ends; if that is not sure, it is left out.
            reading["agent"] = sign.join(pieces[agent : agent + in_agent[0] + 1]) if len(in_agent) == 1 else ""
            if _reading_fits(reading):
                yield reading


def _reading_fits(reading: dict[str, str]) -> bool:
    return (
        re.match(_ADDRESS, reading["from"]) is not None
        and re.match(_SCHEME, reading["where"]) is not None
        and (
            re.match(_METHOD, reading["how"]) is not None
            or (reading["how"] in {"", "-"} and re.match(TRANSPARENT, reading["where"]) is not None)
        )
        and all(re.match(_NUMBER, reading[name]) for name in _NUMBERS)
    )


def _refusal(pieces: list[str], readings: int) -> tuple[str, str]:
    if not pieces or not re.match(r"[0-9]{4}\.[0-9]{1,2}\.[0-9]{1,2} ", pieces[0]):
        return "not-this-format", "does not begin with a date such as 2025.09.08 09:05:01"
    if not re.fullmatch(WHEN, pieces[0]):
        return "bad-time", "does not begin with a date and a time of the day"
    if len(pieces) < _LEAST:
        return "missing-column", f"has {len(pieces)} columns, and the status would be column {_LEAST}"
    if readings:
        return "bad-field", f"its columns can be placed in {readings} ways"
    return "bad-field", "has no client address, URL, method and numbers in their places"
