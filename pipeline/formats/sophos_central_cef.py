r"""Sophos Central: what the web control of Sophos Endpoint blocked or warned of, as Sophos's script writes it in CEF.

In: lines of `siem.py` with `format = cef`, such as `CEF:0|sophos|sophos central|1.0|
Event::Endpoint::WebControlViolation|'https://h' blocked due to category 'Gambling'|1|source_info_ip=10.2.3.4
end=2026-03-16T09:05:01.000Z suser=SCHOOL\\dee dhost=PC-104 group=WEB ...`, one event a line. Read are
`WebControlViolation` and `WebFilteringBlocked`; every other event is a skip (`other-record`).
What was done to which address stands in the header's name, in words, as `_sophos_central` says; bars are escaped there.
`end` is the time of the event, `rt` that of its receipt, which counts where there is no other. CEF is read as `_cef`
says. Pages that are allowed are not logged. Out: `_COLUMNS`. Refuses lines that are no such records, or whose time
cannot be read.
Source: the script that Sophos has published (`siem.py`, `name_mapping.py`), and events that its users have published.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from pipeline.formats import Declared, Format, Parsed
from pipeline.formats._carriers import uncarried
from pipeline.formats._cef import Source, taken_apart, timed
from pipeline.formats._cells import blank_apart, parted, said, skips
from pipeline.formats._sophos_central import TYPES, faults, in_words, said_of, somebody
from pipeline.times.localtime import Running

_KEYS: Final = ("source_info_ip", "end", "rt", "suser", "dhost")
_SOURCE: Final = Source(vendor="(?i:sophos)", product="(?i:sophos central)", keys=_KEYS, once=_KEYS)
_COLUMNS: Final = (
    "line", "ts", "ts_quality", "user_raw", "client_ip", "device", "url", "verdict", "vendor_category", "kind",
)  # fmt: skip
claims = _SOURCE.claims


def parse(lines: pl.DataFrame, declared: Declared, carry: str) -> Parsed:
    """Read a block of lines; see `Format.parse`. The carry is how stamps without a zone have run."""
    texts, blank = blank_apart(uncarried(lines))
    cells = taken_apart(texts, _SOURCE)
    good, ours = pl.col("reason").is_null(), pl.col("signature").is_in(TYPES).fill_null(value=False)
    records = in_words(cells.filter(good & ours)).with_columns(rt=pl.coalesce(said(pl.col("end")), "rt"))
    stamped, running = timed(records, declared, Running.from_text(carry))
    damaged = cells.filter(~good).select("line", "reason", "detail")
    read = pl.concat([stamped.lazy().select(_event()).collect(), damaged], how="diagonal")
    return parted(read, _COLUMNS, [blank, skips(cells.filter(good & ~ours), "other-record")], running.to_text())


def _event() -> list[pl.Expr]:
    return [
        pl.col("line"),
        pl.col("ts"),
        pl.col("ts_quality"),
        somebody(pl.col("suser")).alias("user_raw"),
        said(pl.col("source_info_ip")).alias("client_ip"),
        said(pl.col("dhost")).alias("device"),
        *said_of(),
        *faults(),
    ]


FORMAT: Final = Format(
    name="sophos_central_cef",
    title="Sophos Central, web control of Sophos Endpoint, CEF (siem.py)",
    document="https://developer.sophos.com/docs/siem-v1/1/overview",
    claims=claims,
    parse=parse,
    gives="user, client address, device, URL, verdict (blocked, warned, went on past the warning), category",
    cannot="allowed pages, which are not logged; the page of most HTTPS sites; the method, the status, the bytes",
)
