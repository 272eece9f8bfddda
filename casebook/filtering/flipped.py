"""What the filter does otherwise than before, or otherwise than was settled, out of the counts of the last weeks.

In: the lake, the ledger, the categories, the requests. Out: findings, in which no name stands that must stand nowhere.
Refuses a lake that cannot be read (`StoreError`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

import polars as pl

from casebook.filtering.filterchanges import FilterChange
from casebook.filtering.unexplained import Finding, findings, outlived
from casebook.illegal import ILLEGAL
from pipeline import lake
from pipeline.daily.flips import WINDOW_DAYS, flips
from pipeline.lake import Lake
from pipeline.schema import SITE_VERDICTS, STATUTORY
from pipeline.store.ledger import Ledger
from pipeline.text import registered_name
from pipeline.watchlist import Category

#: Hits in these fields are about the site, not about what somebody looked for there.
_OF_SITES: Final = ("host", "path", "vendor_category")


def noticed(
    place: Lake, ledger: Ledger, categories: Mapping[str, Category], changes: list[FilterChange], today: date
) -> list[Finding]:
    """The flips of the three weeks before the newest day that was counted, and what has outlived its end."""
    # A line with a time that is years ahead makes a day, too.
    newest = max((day for day in ledger.day_inputs("facts") if day <= today), default=today)
    sites = lake.read_days(place, "site_verdicts", SITE_VERDICTS, newest - timedelta(days=WINDOW_DAYS), newest)
    flipped, over = flips(sites), outlived(sites, changes)
    if flipped.is_empty() and not over:
        return []
    hidden = _withheld(place, ledger, categories)
    return [*findings(flipped, changes, hidden), *(outlived(sites, changes, hidden) if over else [])]


def _withheld(place: Lake, ledger: Ledger, categories: Mapping[str, Category]) -> frozenset[str]:
    """Sites on a secret list, and sites of what may be illegal: hosts, and the domains that they belong to."""
    illegal = [each.id for each in categories.values() if each.route == ILLEGAL]
    about_sites = pl.col("category").is_in(illegal) & pl.col("field").is_in(_OF_SITES)
    units = [unit.unit_id for unit in ledger.units()]
    hits = lake.rows(place, units, "hits", ("event_id",), (pl.col("view") == STATUTORY) | about_sites)
    ids = hits["event_id"].unique().implode()
    hosts = lake.rows(place, units, "hit_events", ("host",), pl.col("event_id").is_in(ids))["host"].drop_nulls()
    return frozenset(name for host in hosts.unique() for name in (host, registered_name(host)) if name)
