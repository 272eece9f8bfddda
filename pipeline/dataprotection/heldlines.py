"""Lines as they came: those that are kept of the person's own events, and those that could not be read and name them.

In: the lake and its units, what was found of the events, how the person is named, masks. Out: tables, and how many
lines were found: those that are given and those that are held back. Refuses nothing. A line that is kept because of
something which is not told is neither: that it was kept would tell it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import polars as pl

from pipeline import lake
from pipeline.dataprotection.heldlogs import Held
from pipeline.engine import AROUND
from pipeline.errors import InvariantError
from pipeline.lake import Lake
from pipeline.lists.withheld import tells
from pipeline.output.visible import spelt_out
from pipeline.store.events import event_id
from pipeline.text import as_text
from reports.subject.naming import Naming

_PLACE: Final = ("source_sha256", "line")
_REJECT: Final = (*_PLACE, "format", "reason", "raw")
_EVIDENCE: Final = (*_PLACE, "because", "raw")

Mask = Callable[[str], str]
Tells = Callable[[pl.Series], pl.Series]


@dataclass(frozen=True)
class Lines:
    """What was found. `found` = rows of `table` + `kept_back`."""

    table: pl.DataFrame
    found: int
    kept_back: int


def unread(place: Lake, units: Iterable[str], naming: Naming, is_secret: Tells, mask: Mask) -> Lines:
    """The rejects that name the person: where they stand, why they were not read, and their text."""
    found = [
        pl.DataFrame(schema={**{name: lake.UNIT_TABLES["rejects"][name] for name in _REJECT[:-1]}, "text": pl.String})
    ]
    # Unit by unit: a log of another kind than its source says is all rejects.
    for unit in units:
        may = lake.rows(place, [unit], "rejects", _REJECT, naming.may(pl.col("raw")))
        read = _read(may)
        found.append(read.filter(pl.Series([naming.named(each) for each in read["text"]], dtype=pl.Boolean)))
    named = pl.concat(found)
    return _given(named, is_secret(named["text"]), mask)


def of_events(place: Lake, units: Iterable[str], logs: Held, mask: Mask) -> Lines:
    """The original lines of the person's events, from the lake and from the drafts, which outlive it."""
    ids = pl.concat([logs.events["event_id"], logs.withheld])
    kept = lake.rows(place, units, "evidence", _EVIDENCE, event_id().is_in(ids.implode()))
    both = pl.concat([kept, logs.draft_lines.select(_EVIDENCE)]).with_columns(event_id=event_id())
    lines = _read(both.unique("event_id", keep="first", maintain_order=True))
    is_back = pl.col("event_id").is_in(logs.withheld.implode())
    told = lines.filter(is_back | _may_be_told(lines, logs)).drop("because")
    is_secret = told.select(is_back | tells(pl.col("text"), logs.hosts)).to_series()
    return _given(told.drop("event_id"), is_secret, mask)


def accounts_in(place: Lake, units: Iterable[str]) -> list[str]:
    """Every account of the logs. The people file may lack some, and may not be there."""
    with lake.connected(place, units, ("events",)) as connection:
        return lake.ask(connection, "accounts")["user"].to_list()


def _may_be_told(lines: pl.DataFrame, logs: Held) -> pl.Series:
    """Whether a line is that of a hit that is given, or stands near one."""
    moments = logs.events.select("event_id", "ts").join(
        logs.hits.select("event_id").unique(), on="event_id", how="semi"
    )
    near = logs.events.select("event_id", "ts").sort("ts").join_asof(
        moments.select("ts", hit_ts="ts"), on="ts", strategy="nearest", tolerance=2 * AROUND
    )  # fmt: skip
    of_hits = pl.concat([moments["event_id"], logs.draft_lines["event_id"]])
    is_near = pl.col("event_id").is_in(near.drop_nulls("hit_ts")["event_id"].implode())
    is_hit = pl.col("event_id").is_in(of_hits.implode())
    return lines.select(pl.when(pl.col("because") == "hit").then(is_hit).otherwise(is_near)).to_series()


def _read(lines: pl.DataFrame) -> pl.DataFrame:
    """With the text of each in the place of its bytes."""
    text = pl.Series("text", [as_text(raw) for raw in lines["raw"]], dtype=pl.String)
    return lines.drop("raw").with_columns(text)


def _given(lines: pl.DataFrame, is_secret: pl.Series, mask: Mask) -> Lines:
    given, kept_back = lines.filter(~is_secret), lines.filter(is_secret).height
    if given.height + kept_back != lines.height:
        raise InvariantError("lines were lost on the way into a copy.", remedy="This is a defect in the program.")
    texts = [spelt_out(mask(text).encode()) for text in given["text"]]
    table = given.with_columns(pl.Series("text", texts, dtype=pl.String)).sort(_PLACE)
    return Lines(table, lines.height, kept_back)
