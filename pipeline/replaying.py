"""What would changed rules find in what was read already: a night's flagging again, beside what the lake holds.

In: the settings as they are now, a span of days. Out: for each rule how many hits there were and would be, how many
would appear and vanish, and how many make a draft by themselves. Refuses a store that cannot be read; changes nothing
in it. Unit by unit, so that memory does not grow with the store.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

import polars as pl

from pipeline import lake
from pipeline.config import Settings
from pipeline.engine import Flagging, hits_of
from pipeline.episodes import with_texts
from pipeline.lake import Lake
from pipeline.ledger import Unit, copied_ledger
from pipeline.levels import at_least
from pipeline.match import match_values
from pipeline.priority import with_levels
from pipeline.rules import load_rules
from pipeline.schema import HITS, STATUTORY
from pipeline.sift import MATCHED
from pipeline.withheld import secret_hosts, without_secrets

_KEY: Final = ("event_id", "rule_id", "field")
_SIDE: Final = (*_KEY, "category", "drafts", "text", "view")
_TEXTS: Final = ("event_id", "kind", "host", "path", "query", "search_text", "typed_text", "title", "vendor_category")
#: A rule's row in the account.
ACCOUNT: Final = pl.Schema(
    {
        "rule_id": pl.String, "category": pl.String, "before": pl.Int64, "after": pl.Int64, "appeared": pl.Int64,
        "vanished": pl.Int64, "drafting_before": pl.Int64, "drafting_after": pl.Int64,
    }
)  # fmt: skip


@dataclass
class Replayed:
    """The account. `examples` are texts of hits that appear and vanish, by rule, as many as were asked for."""

    units: int = 0
    #: How many units of the span retention has taken away.
    gone: int = 0
    rules: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=ACCOUNT))
    appeared: list[tuple[str, str]] = field(default_factory=list)
    vanished: list[tuple[str, str]] = field(default_factory=list)


def replay(settings: Settings, since: date, until: date, show: int = 0) -> Replayed:
    """Flag the events from `since` to `until` (UTC days, both included) again. Raises `EsafetyError`."""
    flagging = load_rules(settings).flagging
    place = Lake(settings.store.folder)
    first, behind = (datetime.combine(day, time.min, UTC) for day in (since, until + timedelta(days=1)))
    with copied_ledger(place.root, until) as ledger:
        present = {unit.unit_id for unit in ledger.units()}
        units = [unit for unit in ledger.all_units() if _touches(unit, first, behind)]
    account = Replayed(gone=sum(unit.unit_id not in present for unit in units))
    counts = [pl.DataFrame(schema=ACCOUNT)]
    for unit in units:
        if unit.unit_id in present:
            account.units += 1
            within = pl.col("ts").is_between(first, behind, closed="left")
            before, now = (side(place, unit, flagging, within) for side in (_before, _now))
            counts.append(_compared(before, now, account, show))
    summed = pl.concat(counts).group_by("rule_id", "category").sum().sort("rule_id")
    account.rules = summed.select(list(ACCOUNT)).cast(ACCOUNT)
    return account


def _touches(unit: Unit, first: datetime, behind: datetime) -> bool:
    return unit.first_ts is not None and unit.last_ts is not None and unit.last_ts >= first and unit.first_ts < behind


def _now(place: Lake, unit: Unit, flagging: Flagging, within: pl.Expr) -> pl.DataFrame:
    """What the rules as they are now find in the events of a unit."""
    events = pl.scan_parquet(place.unit(unit.unit_id) / "events.parquet").filter(within)
    known = events.collect_schema().names()
    distinct = {
        name: events.select(name).drop_nulls().unique().collect(engine="streaming")[name]
        for name in MATCHED if name in known
    }  # fmt: skip
    hits, hit_events = hits_of(events, match_values(distinct, flagging.matcher), flagging)
    return _told(hits.drop("kind"), hit_events, flagging)


def _before(place: Lake, unit: Unit, flagging: Flagging, within: pl.Expr) -> pl.DataFrame:
    """What was found when the unit was read, with the thresholds of now."""
    hits = lake.rows(place, [unit.unit_id], "hits", list(HITS))
    hit_events = lake.rows(place, [unit.unit_id], "hit_events", [*_TEXTS, "ts"]).filter(within)
    return _told(hits.join(hit_events.select("event_id"), on="event_id", how="semi"), hit_events, flagging)


def _told(hits: pl.DataFrame, hit_events: pl.DataFrame, flagging: Flagging) -> pl.DataFrame:
    """The hits with their level, and the text that each was found in."""
    joined = hits.select(list(HITS)).join(hit_events.select(_TEXTS), on="event_id", how="inner")
    levelled = with_texts(with_levels(joined, flagging.bounds))
    levelled = without_secrets(levelled, secret_hosts(levelled))
    return levelled.with_columns(drafts=pl.col("level").is_in(at_least(flagging.draft_from))).select(_SIDE).unique(_KEY)


def _compared(before: pl.DataFrame, now: pl.DataFrame, account: Replayed, show: int) -> pl.DataFrame:
    """One row a rule; texts of what appears and vanishes are put into the account while there is room."""
    gone, new = before.join(now, on=_KEY, how="anti"), now.join(before, on=_KEY, how="anti")
    for shown, table in ((account.appeared, new), (account.vanished, gone)):
        # An address on a secret list is shown nowhere.
        open_ones = table.filter(pl.col("view") != STATUTORY).select("rule_id", "text").unique().sort("rule_id", "text")
        shown += list(open_ones.head(max(0, show - len(shown))).iter_rows())
    sides = {
        "before": before, "after": now, "appeared": new, "vanished": gone,
        "drafting_before": before.filter("drafts"), "drafting_after": now.filter("drafts"),
    }  # fmt: skip
    counted = pl.concat([_count(table, name) for name, table in sides.items()], how="diagonal").fill_null(0)
    return counted.group_by("rule_id", "category").sum().select(list(ACCOUNT)).cast(ACCOUNT)


def _count(hits: pl.DataFrame, name: str) -> pl.DataFrame:
    return hits.group_by("rule_id", "category").agg(pl.len().cast(pl.Int64).alias(name))


def as_lines(account: Replayed, since: date, until: date) -> Iterator[str]:
    """The account for a person."""
    gone = f"; no longer kept: {account.gone}" if account.gone else ""
    yield f"{since} to {until}: units of the store flagged again: {account.units}{gone}. Nothing was changed."
    if account.rules.is_empty():
        yield "Nothing was found in these days, and nothing would be."
        return
    changed = account.rules.filter((pl.col("appeared") > 0) | (pl.col("vanished") > 0))
    same = account.rules.height - changed.height
    for row in changed.iter_rows(named=True):
        drafting = ""
        if row["drafting_before"] != row["drafting_after"]:
            drafting = f"; at the level of drafts {row['drafting_before']} -> {row['drafting_after']}"
        yield (
            f"{row['rule_id']} ({row['category']}): {row['before']} -> {row['after']} hits, "
            f"{row['appeared']} appear, {row['vanished']} vanish{drafting}"
        )
    yield f"{same} rules find the same as before." if changed.height else f"All {same} rules find the same as before."
    yield from _examples("appears", account.appeared)
    yield from _examples("vanishes", account.vanished)


def _examples(what: str, texts: Iterable[tuple[str, str]]) -> Iterator[str]:
    yield from (f"{what}: {rule}: {text!r}" for rule, text in texts)


def as_data(account: Replayed, since: date, until: date) -> dict[str, Any]:
    """The account for a machine."""
    return {
        "since": since.isoformat(), "until": until.isoformat(), "units": account.units, "gone": account.gone,
        "rules": account.rules.to_dicts(), "appeared": account.appeared, "vanished": account.vanished,
    }  # fmt: skip
