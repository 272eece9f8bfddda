"""The original lines behind hits, byte for byte, and those of the same user or address around them.

In: a file, the places of lines in it, and how it was read. Out: rows of `schema.EVIDENCE`. Refuses a file that has
changed since its lines were read: then nothing of the unit is kept, and the next run reads it anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from io import BufferedReader
from pathlib import Path

import numpy as np
import polars as pl

from pipeline.decode import Block, blocks, decoded, opened, without_line_end
from pipeline.errors import SourceError
from pipeline.schema import EVIDENCE
from pipeline.unpack import MAGIC_BYTES, compression_of

_PLACES = ("line", "byte_offset")


def wanted_lines(events: pl.LazyFrame, hit_places: pl.DataFrame, around: pl.DataFrame, span: timedelta) -> pl.DataFrame:
    """line, byte_offset and because (`hit` or `around`) of the lines to keep, in order.

    `around` has user, client_ip and ts of the hits whose surroundings are kept. "Around" is told in steps of `span`:
    every event up to `span` before and after is in it, and some up to twice as far.
    """
    found = [hit_places.lazy().select(*_PLACES, pl.lit("hit").alias("because"))]
    if around.height:
        found += _near(events, around, span)
    wanted = pl.concat(found).collect(engine="streaming")
    # A line that is both is evidence as a hit.
    return wanted.sort("line", "because", descending=[False, True]).unique("line", keep="first", maintain_order=True)


def _near(events: pl.LazyFrame, around: pl.DataFrame, span: timedelta) -> list[pl.LazyFrame]:
    """The events in the steps of `around`: by user, and by address where there is no user."""
    step = pl.col("ts").dt.epoch("s") // int(span.total_seconds())
    found = []
    for name, without in (("user", []), ("client_ip", ["user"])):
        nobody = pl.all_horizontal(pl.lit(value=True), *(pl.col(each).is_null() for each in without))
        known = around.filter(nobody).drop_nulls(name)
        if known.is_empty():
            continue
        windows = known.select(name, step=pl.concat_list(step - 1, step, step + 1)).explode("step").unique()
        # The few names first: most events are passed over before their time is looked at.
        here = events.filter(pl.col(name).is_in(known[name].unique().implode()) & nobody)
        near = here.with_columns(step=step).join(windows.lazy(), on=[name, "step"], how="semi")
        found.append(near.select(*_PLACES, pl.lit("around").alias("because")))
    return found


def original_lines(path: Path, wanted: pl.DataFrame, source_sha256: str, *, quoted: bool) -> pl.DataFrame:
    """The lines at the places of `wanted`, as rows of `schema.EVIDENCE`. Raises `SourceError`."""
    if wanted.is_empty():
        return pl.DataFrame(schema=EVIDENCE)
    with opened(path) as stream:
        raws = (
            _by_seeking(stream, path, wanted)
            if _is_plain(stream, quoted=quoted)
            else _by_reading(stream, path, wanted, quoted=quoted)
        )
        table = wanted.with_columns(raw=pl.Series(list(raws), dtype=pl.Binary), source_sha256=pl.lit(source_sha256))
    return table.select(list(EVIDENCE))


def _is_plain(stream: BufferedReader, *, quoted: bool) -> bool:
    """Whether offsets in the file are offsets in its decoded bytes, and a record is a line."""
    first = stream.peek(MAGIC_BYTES)[:MAGIC_BYTES]
    return (
        not quoted and not compression_of(first) and not first.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf"))
    )


def _by_seeking(stream: BufferedReader, path: Path, wanted: pl.DataFrame) -> Iterator[bytes]:
    for offset in wanted["byte_offset"].to_list():
        stream.seek(max(offset - 1, 0))
        if offset and stream.read(1) != b"\n":
            raise changed(path)
        line = stream.readline()
        if not line:
            raise changed(path)
        yield without_line_end(line)


def _by_reading(stream: BufferedReader, path: Path, wanted: pl.DataFrame, *, quoted: bool) -> Iterator[bytes]:
    lines = wanted["line"].to_numpy()
    done = 0
    for block in _readable(stream, path, quoted=quoted):
        upto = int(np.searchsorted(lines, block.next_line))
        for record in np.searchsorted(block.lines, lines[done:upto]).tolist():
            yield block.raw(record)
        done = upto
        if done == len(lines):
            return
    raise changed(path)


def _readable(stream: BufferedReader, path: Path, *, quoted: bool) -> Iterator[Block]:
    """The blocks of a file; where it is damaged the end of what can be read is its end."""
    try:
        yield from blocks(decoded(stream, path), quoted=quoted)
    except SourceError:
        return


def changed(path: Path) -> SourceError:
    """What is said of a file that is another one than when its reading began."""
    remedy = "The next run reads it anew; have the log renamed, not emptied, when it is rotated."
    return SourceError("changed while it was being read.", path=path, remedy=remedy)
