"""A file's way into the lake, unit by unit: read, flag, keep the evidence, commit.

In: how a file is to be read, and the compiled watchlists. Out: folders of the lake and rows of the ledger. A unit is a
run of at most `UNIT_RECORDS` lines, so that memory does not grow with the length of a file. Refuses nothing itself;
what reading raises is passed on after everything before it has been committed.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from pipeline import lake
from pipeline.errors import SourceError
from pipeline.ingest import Batch, Reading, read_file
from pipeline.lake import EventsWriter, Lake
from pipeline.performance.ahead import Later, behind
from pipeline.performance.memory import return_large_pieces
from pipeline.priority import LevelBounds, with_levels
from pipeline.schema import EVENTS, EVIDENCE, HITS, REJECTS, STORED_EVENTS, conform
from pipeline.sift import MATCHED, Sifter
from pipeline.store.events import complete, event_id
from pipeline.store.evidence import changed, original_lines, wanted_lines
from pipeline.store.ledger import Ledger
from pipeline.store.streams import Stream, Unit
from pipeline.urgency.levels import at_least

if TYPE_CHECKING:
    from pipeline.matching.matcher import Matcher

#: Memory is set by this, not by the length of a file.
UNIT_RECORDS = 2_000_000
#: And by what is kept of lines that are no events: so many bytes of them, each line taken as `_BESIDE_A_REJECT` longer.
MOST_REJECTED = 64 << 20
_BESIDE_A_REJECT = 64
#: The values of so many blocks wait while others meet the watchlists: reading need not, and they are small.
_BEHIND = 8
#: Events of the same user or address this long before and after a hit are kept as they were written.
AROUND = timedelta(minutes=10)


@dataclass(frozen=True)
class Flagging:
    """What is looked for; from which weight a hit has which level; from which level on its surroundings are kept."""

    matcher: Matcher
    bounds: LevelBounds
    draft_from: str


@dataclass
class _Tally:
    """What a unit holds so far."""

    start: Stream
    end: Stream
    records: int = 0
    events: int = 0
    skips: Counter[str] = field(default_factory=Counter)
    rejects: list[pl.DataFrame] = field(default_factory=list)
    rejected_bytes: int = 0
    reject_reasons: Counter[str] = field(default_factory=Counter)
    times: list[datetime] = field(default_factory=list)
    dates: set[date] = field(default_factory=set)
    digests: dict[bytes, int] = field(default_factory=dict)

    def add(self, batch: Batch) -> None:
        self.end = batch.end
        self.records += batch.records
        self.events += batch.events.height
        self.skips += batch.skips
        self.rejects.append(batch.rejects)
        self.reject_reasons += batch.reject_reasons
        self.rejected_bytes += int(batch.rejects["raw"].bin.size().sum()) + _BESIDE_A_REJECT * batch.rejects.height
        self.digests.update(batch.digests)
        if batch.span is not None:
            self.times += batch.span
            self.dates.update(batch.events["ts"].dt.date().unique().to_list())

    @property
    def is_full(self) -> bool:
        return self.records >= UNIT_RECORDS or self.rejected_bytes >= MOST_REJECTED


def read_into_lake(
    path: Path, reading: Reading, place: Lake, ledger: Ledger, flagging: Later[Flagging]
) -> Iterator[Unit]:
    """Read a file on from `reading.start` and give each unit once it is committed.

    `flagging` is asked for when the first values are to be matched, so that it may still be made while reading begins.
    Raises what `ingest.read_file` raises; a `SourceError` comes after what could be read has been committed.
    """
    batches = _Stoppable(read_file(path, reading))
    start, opened_as = reading.start, _file_at(path)
    while (first := batches.take()) is not None:
        with lake.staged(place, f"{start.source_sha256[:16]}-{start.bytes_read}") as folder:
            sifter = Sifter(flagging.then(lambda made: made.matcher))
            tally = _write_events(folder, first, batches, start, sifter)
            _flag(folder, tally, path, reading, flagging(), sifter.found())
            if _file_at(path) != opened_as:
                # The original lines are read by the name of the file, which may be another one by now.
                raise changed(path)
            unit = _unit_of(tally, start)
            lake.settle(place, folder, unit.unit_id)
            ledger.commit(unit, tally.end, tally.digests)
        yield unit
        start = tally.end
        return_large_pieces()
    if batches.failure is not None:
        raise batches.failure


def _file_at(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError as error:
        raise changed(path) from error
    return status.st_dev, status.st_ino


class _Stoppable:
    """Batches until the end or until the file can be read no further; the failure is kept for later."""

    def __init__(self, batches: Iterator[Batch]) -> None:
        self._batches = batches
        self.failure: SourceError | None = None

    def take(self) -> Batch | None:
        if self.failure is None:
            try:
                return next(self._batches, None)
            except SourceError as error:
                self.failure = error
        return None


def _write_events(folder: Path, first: Batch, batches: _Stoppable, start: Stream, sifter: Sifter) -> _Tally:
    """Write the events of a unit; beside it, their distinct values are looked at."""
    origin = {
        "site": start.site, "source": start.source, "format": start.format, "source_sha256": start.source_sha256,
    }  # fmt: skip
    tally = _Tally(start, start)
    batch: Batch | None = first
    with (
        closing(EventsWriter(folder, origin)) as writer,
        behind(writer.write) as write,
        behind(sifter.take, _BEHIND) as sift,
    ):
        while batch is not None:
            tally.add(batch)
            write(batch.events)
            sift(sifter.values(batch.events))
            batch = None if tally.is_full else batches.take()
    return tally


def _flag(folder: Path, tally: _Tally, path: Path, reading: Reading, flagging: Flagging, found: pl.DataFrame) -> None:
    """Write what stands beside the events of a unit: rejects, hits, the events hit, and the original lines."""
    events = pl.scan_parquet(folder / "events.parquet")
    hits, hit_events = hits_of(events, found, flagging)
    serious = hits.filter(pl.col("level").is_in(at_least(flagging.draft_from))).select("event_id")
    around = hit_events.join(serious, on="event_id", how="semi").select("user", "client_ip", "ts")
    wanted = (
        wanted_lines(events, hit_events.select("line", "byte_offset"), around, AROUND)
        if hit_events.height
        else pl.DataFrame()
    )
    rejects = pl.concat(tally.rejects).with_columns(
        source_sha256=pl.lit(tally.end.source_sha256), format=pl.lit(tally.end.format)
    )

    def put(each: tuple[str, pl.DataFrame, pl.Schema]) -> None:
        lake.write_table(folder / f"{each[0]}.parquet", each[1], each[2])

    # Written while the original lines are looked up.
    with behind(put, depth=3) as write:
        write(("rejects", rejects, REJECTS))
        write(("hits", hits.select(list(HITS)), HITS))
        write(("hit_events", hit_events, EVENTS))
        lines = original_lines(path, wanted, tally.start, tally.end, quoted=reading.form.records == "quoted")
        write(("evidence", lines, EVIDENCE))


def hits_of(events: pl.LazyFrame, found: pl.DataFrame, flagging: Flagging) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The hits of a unit with their levels, and its events that were hit, both in the order of lines."""
    if found.is_empty():
        return with_levels(pl.DataFrame(schema=HITS | {"kind": pl.String}), flagging.bounds), pl.DataFrame(
            schema=EVENTS
        )
    is_hit = [pl.col(name).is_in(values["value"].unique().implode()) for (name,), values in found.group_by("column")]
    stored = conform(events.filter(pl.any_horizontal(is_hit)).sort("line").collect(engine="streaming"), STORED_EVENTS)
    hit_events = complete(stored)
    return with_levels(event_hits(stored, hit_events, found), flagging.bounds), hit_events


def event_hits(stored: pl.DataFrame, hit_events: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """The rows of `schema.HITS`, with the kind of each event; `found` are hits per distinct value."""
    columns = [name for name in MATCHED if name in found["column"].unique()]
    keyed = stored.select(*columns, event_id=event_id()).with_columns(kind=hit_events["kind"])
    joined = pl.concat(
        keyed.join(
            found.filter(pl.col("column") == column).drop("column"), left_on=column, right_on="value", how="inner"
        ).select("event_id", "kind", *[name for name in found.columns if name not in ("column", "value")])
        for column in columns
    )
    ordered = joined.sort("event_id", "field", "start", "rule_id")
    # A log that gives a URL and a host tells of the same host twice.
    ordered = ordered.unique(["event_id", "rule_id", "field", "start"], keep="first", maintain_order=True)
    return ordered.with_columns(hit_id=_hit_ids(ordered)).drop("text")


def _hit_ids(hits: pl.DataFrame) -> pl.Series:
    """SHA-256, shortened, of what makes a hit this hit. A loop over hits: they are a few in a thousand events."""
    named = hits.select(pl.concat_str("event_id", "rule_id", "field", pl.col("start").cast(pl.String), separator="|"))
    ids = [hashlib.sha256(name.encode()).hexdigest()[:24] for name in named.to_series()]
    return pl.Series(ids, dtype=pl.String)


def _unit_of(tally: _Tally, start: Stream) -> Unit:
    lines = f"{start.bytes_read}|{tally.end.bytes_read}"
    place = f"{start.site}|{start.source}|{start.source_sha256}|{start.read_as}|{lines}"
    return Unit(
        unit_id=hashlib.sha256(place.encode()).hexdigest()[:32],
        source=start.source, source_sha256=start.source_sha256, site=start.site,
        first_line=start.next_line, start_byte=start.bytes_read, end_byte=tally.end.bytes_read,
        records=tally.records, events=tally.events, rejects=tally.reject_reasons.total(),
        skips=dict(sorted(tally.skips.items())), reject_reasons=dict(sorted(tally.reject_reasons.items())),
        first_ts=min(tally.times, default=None), last_ts=max(tally.times, default=None),
        dates=tuple(sorted(tally.dates)),
    )  # fmt: skip
