"""What would changed rules find in what was read already: a night's flagging and drafting again, beside the store.

In: the settings as they are now, a span of days. Out: for each rule how many hits there were and would be, how many
would appear and vanish, and how many make a draft by themselves; which drafts would appear, vanish and change. Refuses
a store that cannot be read; changes nothing in it: what is found now lies in a temporary folder, which goes at the end.
Unit by unit and day by day, so that memory does not grow with the store.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import polars as pl

from casebook.response.routes import load_routes
from pipeline import lake
from pipeline.config import Settings
from pipeline.daily.derive import days_of
from pipeline.daily.drafts import Drafted
from pipeline.engine import Flagging, hits_of
from pipeline.episodes import DAY_BEGINS, Drafting, local_bounds, with_texts
from pipeline.lake import Lake
from pipeline.lists.withheld import tells
from pipeline.match import match_values
from pipeline.priority import with_levels
from pipeline.rules import load_rules
from pipeline.schema import DRAFTS, EVENTS, HITS, STATUTORY
from pipeline.sift import MATCHED
from pipeline.store.ledgerfile import copied_ledger
from pipeline.store.streams import Unit
from pipeline.trials import redrafting
from pipeline.urgency.levels import at_least

_KEY: Final = ("event_id", "rule_id", "field")
_SIDE: Final = (*_KEY, "category", "drafts", "text", "view", "host")
_TEXTS: Final = ("event_id", "kind", "host", "path", "query", "search_text", "typed_text", "title", "vendor_category")
#: What of a hit names the site itself.
_OF_SITES: Final = ("host", "vendor_category")
#: A rule's row in the account.
ACCOUNT: Final = pl.Schema(
    {
        "rule_id": pl.String, "category": pl.String, "before": pl.Int64, "after": pl.Int64, "appeared": pl.Int64,
        "vanished": pl.Int64, "drafting_before": pl.Int64, "drafting_after": pl.Int64,
    }
)  # fmt: skip


@dataclass
class Replayed:
    """The account. `appeared` and `vanished` are texts of hits, by rule, as many as were asked for."""

    units: int = 0
    #: How many units of the span retention has taken away.
    gone: int = 0
    rules: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=ACCOUNT))
    appeared: list[tuple[str, str]] = field(default_factory=list)
    vanished: list[tuple[str, str]] = field(default_factory=list)
    #: What the rules of now would draft, and how it differs from what the nights have drafted (`redrafting.CHANGES`).
    drafted: Drafted = field(default_factory=Drafted)
    changes: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=redrafting.CHANGES))


def with_lists(settings: Settings, folders: Iterable[Path]) -> Settings:
    """The settings with other folders of watchlists in place of the school's own; without any, as they are."""
    others = tuple(folder.absolute() for folder in folders)
    lists = settings.watchlists.model_copy(update={"folders": others or settings.watchlists.folders})
    return settings.model_copy(update={"watchlists": lists})


def replay(
    settings: Settings, since: date, until: date, show: int = 0, verdicts: pl.DataFrame | None = None
) -> Replayed:
    """Flag and draft the days from `since` to `until` again, both included, each from 04:00 to 04:00 local time.

    Raises `EsafetyError`; with `verdicts` also for an exclusion that would have hidden a confirmed draft.
    """
    rules = load_rules(settings, verdicts, until)
    if rules.refused:
        raise rules.refused[0]
    zone = rules.drafting.timezone
    first, behind = local_bounds(since, zone)[0], local_bounds(until, zone)[1]
    within = pl.col("ts").is_between(first, behind, closed="left")
    with TemporaryDirectory(prefix="esafety-replay-") as folder:
        place = Lake(settings.store.folder, Path(folder))
        with copied_ledger(place.root, until) as ledger:
            present = {unit.unit_id for unit in ledger.units()}
            units = [unit for unit in ledger.all_units() if _touches(unit, first, behind)]
        kept = [unit for unit in units if unit.unit_id in present]
        account = Replayed(units=len(kept), gone=len(units) - len(kept))
        trial = _Trial(rules.flagging, Lake(place.root), Path(folder), within, _open_categories(rules.drafting), show)
        account.rules = _by_rule([_compared(unit, trial, account) for unit in kept])
        days = _drafted_days(units, present, rules.drafting, since, until)
        account.drafted = redrafting.redrafted(place, days, rules)
        stored = lake.read_days(place, "drafts", DRAFTS, since, until).filter(pl.col("day").is_in(list(days)))
    account.changes = redrafting.compared(stored, account.drafted.drafts)
    return account


@dataclass(frozen=True)
class _Trial:
    """What a unit is tried with: the rules, the store, a folder for what is found, the span, and what may be shown."""

    flagging: Flagging
    stored: Lake
    found: Path
    within: pl.Expr
    open_categories: frozenset[str]
    show: int


def _open_categories(drafting: Drafting) -> frozenset[str]:
    """The categories whose route withholds nothing; of one that nobody knows, it is not known that it does not."""
    routes = load_routes()
    open_routes = {each.id for each in routes.values() if not each.withhold}
    return frozenset(name for name, each in drafting.categories.items() if each.route in open_routes)


def _touches(unit: Unit, first: datetime, behind: datetime) -> bool:
    return unit.first_ts is not None and unit.last_ts is not None and unit.last_ts >= first and unit.first_ts < behind


def _drafted_days(
    units: list[Unit], present: set[str], drafting: Drafting, since: date, until: date
) -> dict[date, list[str]]:
    """Day -> its units, for the days of which retention has taken nothing away."""
    by_day: dict[date, list[str]] = {}
    for unit in units:
        for day in days_of(unit, drafting.timezone, DAY_BEGINS):
            by_day.setdefault(day, []).append(unit.unit_id)
    return {day: ids for day, ids in by_day.items() if since <= day <= until and present.issuperset(ids)}


def _by_rule(counts: list[pl.DataFrame]) -> pl.DataFrame:
    whole = pl.concat([pl.DataFrame(schema=ACCOUNT), *counts])
    return whole.group_by("rule_id", "category").sum().sort("rule_id").select(list(ACCOUNT)).cast(ACCOUNT)


def _now(unit: Unit, trial: _Trial) -> pl.DataFrame:
    """What the rules as they are now find in the events of a unit; it is put in place of what the store holds."""
    events = pl.scan_parquet(trial.stored.unit(unit.unit_id) / "events.parquet").filter(trial.within)
    known = events.collect_schema().names()
    distinct = {
        name: events.select(name).drop_nulls().unique().collect(engine="streaming")[name]
        for name in MATCHED if name in known
    }  # fmt: skip
    hits, hit_events = hits_of(events, match_values(distinct, trial.flagging.matcher), trial.flagging)
    hits = hits.select(list(HITS))
    folder = trial.found / unit.unit_id
    folder.mkdir()
    lake.write_table(folder / "hits.parquet", hits, HITS)
    lake.write_table(folder / "hit_events.parquet", hit_events, EVENTS)
    return _told(hits, hit_events, trial.flagging)


def _before(unit: Unit, trial: _Trial) -> pl.DataFrame:
    """What was found when the unit was read, with the thresholds of now."""
    hits = lake.rows(trial.stored, [unit.unit_id], "hits", list(HITS))
    hit_events = lake.rows(trial.stored, [unit.unit_id], "hit_events", [*_TEXTS, "ts"]).filter(trial.within)
    return _told(hits.join(hit_events.select("event_id"), on="event_id", how="semi"), hit_events, trial.flagging)


def _told(hits: pl.DataFrame, hit_events: pl.DataFrame, flagging: Flagging) -> pl.DataFrame:
    """The hits with their level, and the text that each was found in."""
    joined = hits.select(list(HITS)).join(hit_events.select(_TEXTS), on="event_id", how="inner")
    levelled = with_texts(with_levels(joined, flagging.bounds))
    return levelled.with_columns(drafts=pl.col("level").is_in(at_least(flagging.draft_from))).select(_SIDE).unique(_KEY)


def _compared(unit: Unit, trial: _Trial, account: Replayed) -> pl.DataFrame:
    """One row a rule; texts of what appears and vanishes are put into the account while there is room."""
    before, now = _before(unit, trial), _now(unit, trial)
    gone, new = before.join(now, on=_KEY, how="anti"), now.join(before, on=_KEY, how="anti")
    closed = _closed(pl.concat([before, now]), trial.open_categories)
    for shown, table in ((account.appeared, new), (account.vanished, gone)):
        open_ones = _shown(table, closed).select("rule_id", "text").unique().sort("rule_id", "text")
        shown += list(open_ones.head(max(0, trial.show - len(shown))).iter_rows())
    sides = {
        "before": before, "after": now, "appeared": new, "vanished": gone,
        "drafting_before": before.filter("drafts"), "drafting_after": now.filter("drafts"),
    }  # fmt: skip
    counted = pl.concat([_count(table, name) for name, table in sides.items()], how="diagonal").fill_null(0)
    return counted.group_by("rule_id", "category").sum().select(list(ACCOUNT)).cast(ACCOUNT)


def _closed(hits: pl.DataFrame, open_categories: frozenset[str]) -> pl.DataFrame:
    """The hits of which nothing is shown: on a secret list, or of a category whose route withholds."""
    return hits.filter((pl.col("view") == STATUTORY) | ~pl.col("category").is_in(sorted(open_categories)))


def _shown(hits: pl.DataFrame, closed: pl.DataFrame) -> pl.DataFrame:
    """The hits whose text may be shown: of no event that is closed, and naming no site that is.

    A text that one rule withholds may have been found by another rule as well.
    """
    sites = closed.filter((pl.col("view") == STATUTORY) | pl.col("field").is_in(_OF_SITES))["host"].drop_nulls()
    hosts = sorted(set(sites.str.to_lowercase().str.strip_suffix(".")) - {""})
    left = hits.join(closed, on="event_id", how="anti").join(closed, on="text", how="anti")
    return left.filter(~(tells(pl.col("host"), hosts) | tells(pl.col("text"), hosts)))


def _count(hits: pl.DataFrame, name: str) -> pl.DataFrame:
    return hits.group_by("rule_id", "category").agg(pl.len().cast(pl.Int64).alias(name))


def as_lines(account: Replayed, since: date, until: date) -> Iterator[str]:
    """The account for a person."""
    gone = f"; no longer kept, their days not drafted again: {account.gone}" if account.gone else ""
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
    yield from redrafting.as_lines(account.changes, account.drafted.drafts.height)
    yield from redrafting.set_aside_lines(account.drafted.became)


def _examples(what: str, texts: Iterable[tuple[str, str]]) -> Iterator[str]:
    yield from (f"{what}: {rule}: {text!r}" for rule, text in texts)


def as_data(account: Replayed, since: date, until: date) -> dict[str, Any]:
    """The account for a machine."""
    return {
        "since": since.isoformat(), "until": until.isoformat(), "units": account.units, "gone": account.gone,
        "rules": account.rules.to_dicts(), "appeared": account.appeared, "vanished": account.vanished,
        "drafts": account.drafted.drafts.height,
        "changes": account.changes.cast({"day": pl.String}).to_dicts(),
        "became": account.drafted.became.cast({"day": pl.String}).to_dicts(),
    }  # fmt: skip
