"""When the clocks of a zone are changed, and so where its local stamps can be doubted.

In: the name of a zone. Out: whether all stamps between two have the same offset; and where in time a stamp stands, to
the day, but exactly near the hour that comes twice in autumn. Refuses nothing. Changes are known to the day: what is
said of one is said of the day before it and of the day after it too. The zones are those of polars, which reads the
stamps as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

#: Local stamps are from these days only (`localtime` refuses all others); the days around them are there for the zones.
_FIRST: Final = datetime.fromisoformat("1969-12-31")
_LAST: Final = datetime.fromisoformat("2200-01-02")
_DAY: Final = timedelta(days=1)
#: How far back a line may stand by chance; so long after the repeated hour its stamps are still looked at.
_A_WHILE: Final = timedelta(minutes=30)

Stamps = npt.NDArray[np.datetime64]


@dataclass(frozen=True)
class Clock:
    """The clock of a zone. All times are local, without a zone."""

    #: Where the offset is changed within these, first and last: rows of two, the earliest change first.
    changes: Stamps
    #: Seconds east of Greenwich before the first change, and after each.
    offsets: npt.NDArray[np.int64]
    #: Around each change backwards its day, the day before, and a while: beginning and end in turn.
    repeats: Stamps

    def steady(self, first: datetime, last: datetime) -> timedelta | None:
        """The offset of all stamps from `first` to `last`; nothing if a change may lie among them."""
        before = int(np.searchsorted(self.changes[:, 1], np.datetime64(first), side="left"))
        begun = int(np.searchsorted(self.changes[:, 0], np.datetime64(last), side="right"))
        return timedelta(seconds=int(self.offsets[before])) if before == begun else None

    def stand(self, stamps: Stamps) -> Stamps:
        """Of a stamp near a repeated hour itself; of any other its day, or the end of such a time that day."""
        at = np.searchsorted(self.repeats, stamps, side="right")
        ends = np.concatenate([np.array([_FIRST], dtype=stamps.dtype), self.repeats.astype(stamps.dtype)])
        days = stamps.astype("datetime64[D]").astype(stamps.dtype)
        return np.where(at % 2 == 1, stamps, np.maximum(days, ends[at]))


@lru_cache(maxsize=16)
def clock_of(zone: str) -> Clock:
    """The clock of a zone that is known by name."""
    days = pl.datetime_range(_FIRST, _LAST, "1d", time_zone="UTC", eager=True)
    local = days.dt.convert_time_zone(zone)
    offsets = (local.dt.base_utc_offset() + local.dt.dst_offset()).dt.total_seconds().to_numpy()
    at = np.flatnonzero(np.diff(offsets)) + 1
    naive = days.dt.replace_time_zone(None).to_numpy()
    seconds = [offsets[at - 1].astype("timedelta64[s]"), offsets[at].astype("timedelta64[s]")]
    begin, end = naive[at] - np.timedelta64(_DAY) + np.minimum(*seconds), naive[at] + np.maximum(*seconds)
    back = seconds[1] < seconds[0]
    repeats = np.column_stack([begin[back] - np.timedelta64(_DAY), end[back] + np.timedelta64(_A_WHILE)])
    return Clock(
        np.column_stack([begin, end]).astype("datetime64[us]"),
        np.concatenate([offsets[:1], offsets[at]]),
        repeats.reshape(-1).astype("datetime64[us]"),
    )
