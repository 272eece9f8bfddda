"""What the lake still knows of the lines of a draft: where each begins, those around it, and how far its file was read.

In: drafts as the casebook holds them, the store's folder. Out: `Kept`. A line of a hit is in the casebook itself and
outlives the events; its place in bytes, and the lines around it, are there only while the events of the day are kept.
Refuses nothing; a store that is damaged is a `StoreError`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import polars as pl

from casebook.packs.lines import Line, Place
from pipeline import lake
from pipeline.lake import Lake
from pipeline.schema import DRAFT_AROUND
from pipeline.store.events import complete
from pipeline.store.ledger import Ledger
from pipeline.store.ledgerfile import copied_ledger
from pipeline.store.streams import Unit

_AROUND_MINUTES: Final = timedelta(minutes=10)
_LINE: Final = ("source_sha256", "line")
_CLIENT: Final = ("site", "user", "client_ip")
_OF_EVENT: Final = (*_LINE, *_CLIENT, "source", "ts", "kind", "verdict", "typed_text", "title", "url", "host")
_LIKE: Final = ("ts", "kind", "verdict", "what")


@dataclass(frozen=True)
class Kept:
    """What was found. `files` has a row for each log file that a hit is in."""

    offsets: Mapping[Place, int] = field(default_factory=dict)
    around: tuple[Line, ...] = ()
    files: tuple[dict[str, Any], ...] = ()


def kept(folder: Path, today: date, drafts: Iterable[Mapping[str, Any]]) -> Kept:
    """What the store in this folder still knows. `today` is a local date."""
    wanted = list(drafts)
    if not wanted:
        return Kept()
    with copied_ledger(folder, today) as ledger:
        files = _files(ledger, {(each["source_sha256"], each["source"]) for draft in wanted for each in draft["hits"]})
        units = [each.unit_id for each in ledger.units() if any(_touches(each, draft) for draft in wanted)]
    place = Lake(folder)
    lines = lake.rows(place, units, "evidence", (*_LINE, "byte_offset", "raw")).unique(_LINE, maintain_order=True)
    # A line number says little, but it keeps nearly all events from being looked at closely.
    near = pl.col("line").is_in(lines["line"].unique().implode())
    events = _said(lake.rows(place, units, "events", _OF_EVENT, near)).join(lines, on=_LINE, how="inner")
    offsets = {(file, line): offset for file, line, offset in lines.select(*_LINE, "byte_offset").iter_rows()}
    around = tuple(line for draft in wanted for line in _around(draft, events))
    return Kept(offsets, around, files)


def _touches(unit: Unit, draft: Mapping[str, Any]) -> bool:
    if unit.first_ts is None or unit.last_ts is None:
        return False
    first, last = (datetime.fromisoformat(draft[name]) for name in ("first_ts", "last_ts"))
    return unit.first_ts <= last + _AROUND_MINUTES and unit.last_ts >= first - _AROUND_MINUTES


def _files(ledger: Ledger, wanted: Iterable[tuple[str, str]]) -> tuple[dict[str, Any], ...]:
    """How far each file has been read, and the hash of all that was read of it."""
    found = []
    for file, source in sorted(wanted):
        # Files that begin alike are told apart by more than their beginning: of those only the name is known here.
        read = [each for each in ledger.streams(file) if each.source_sha256 == file]
        found.append(
            {
                "file": file, "source": source,
                "read_to_byte": read[0].bytes_read if read else None,
                "read_lines": read[0].next_line - 1 if read else None,
                "blake3": read[0].prefix_digest if read else None,
            }
        )  # fmt: skip
    return tuple(found)


def _said(events: pl.DataFrame) -> pl.DataFrame:
    """The events with what each of them was, in the words of a draft."""
    said = pl.coalesce("typed_text", "search_text", "title", "url", "host").alias("what")
    return complete(events).select(*_LINE, *_CLIENT, "source", "ts", "kind", "verdict", said)


def _around(draft: Mapping[str, Any], events: pl.DataFrame) -> list[Line]:
    """The lines of the events that the draft says were around it: of the same client, at the same time, the same said.

    What a draft does not say, because nobody is to see it, is not found.
    """
    hits = {(each["source_sha256"], each["line"]) for each in draft["hits"]}
    places = pl.DataFrame(sorted(hits), schema={"source_sha256": pl.String, "line": pl.Int64}, orient="row")
    own = events.join(places, on=_LINE, how="semi").select(_CLIENT).unique()
    said = pl.DataFrame(
        [{**each, "ts": datetime.fromisoformat(each["ts"])} for each in draft["around"]],
        schema=DRAFT_AROUND.to_schema(),
    ).unique()
    # Without a user it is the address that is followed, as the night does.
    by_user = events.join(own.drop_nulls("user"), on=["site", "user"], how="semi")
    nobody = events.filter(pl.col("user").is_null())
    by_address = nobody.join(own.filter(pl.col("user").is_null()), on=["site", "client_ip"], how="semi")
    near = pl.concat([by_user, by_address]).join(said, on=_LIKE, how="semi", nulls_equal=True)
    near = near.join(places, on=_LINE, how="anti").sort("ts", *_LINE)
    return [
        Line(draft["draft_id"], "around", source, file, line, offset, raw)
        for source, file, line, offset, raw in near.select("source", *_LINE, "byte_offset", "raw").iter_rows()
    ]
