"""The pages and lists of a night, put where people look for them: `reports/<date of the run>/`.

In: what was derived, the record of the night, the settings. Out: digest.html, governors.html, unknown-users.csv and
run.json in a folder of that date, and index.html above all dates. Refuses nothing of its own; a folder that cannot be
written is a `StoreError`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl

from casebook.filtering.registerfigures import Registers
from casebook.response.guidance import doubts, routes_of
from casebook.response.routes import Route
from pipeline import lake
from pipeline.config import Settings, Term
from pipeline.daily.coverage import is_school_day
from pipeline.errors import StoreError
from pipeline.lake import Lake
from pipeline.output.record import RunRecord
from pipeline.output.spreadsheet import as_csv
from pipeline.schema import ACTIVE, CLUSTERS, COVERAGE, DRAFTS, FACTS, LEVELS, UNITS, USER_COUNTS
from pipeline.store.ledger import Ledger
from pipeline.store.streams import Unit
from pipeline.watchlist import Watchlists
from reports import digest, governors, watched
from reports.dates import long_date
from reports.digest import DigestContext
from reports.digest.names import school_names
from reports.governors import LEVELS_BY_DAY, GovernorsContext, GovernorsTables
from reports.lowered import became_of, hits_in_words, lowered_in_words
from reports.page import environment, write
from reports.watched import WatchedContext

#: Where no terms are declared, the governors' page covers so many days.
_WITHOUT_TERMS = timedelta(days=84)
#: The pages of a night that name people or their accounts; the others hold counts.
_WITH_NAMES = ("digest.html", "unknown-users.csv")
_WATCHED = "what-we-look-for.html"
_PAGES = (*_WITH_NAMES, "governors.html", "run.json", "index.html", _WATCHED)


def write_pages(
    settings: Settings, watchlists: Watchlists, people: pl.DataFrame, place: Lake, ledger: Ledger, record: RunRecord,
    registers: Registers | None, incidents: Mapping[str, str],
) -> None:  # fmt: skip
    """Write all pages of the night, and note in the record what was drafted and where the pages are.

    `people` is the table of the people file: drafts that name nobody show none of its accounts and names. `registers`
    is None where the casebook could not be had; `incidents` are the numbers of drafts in it.
    """
    today = record.today
    folder = settings.store.reports / today.isoformat()
    drafts, clusters = drafts_of(place, ledger), clusters_of(place, ledger)
    counts = Counter(drafts["level"])
    record.drafts = {level: counts[level] for level in LEVELS if counts[level]}
    new = ledger.read_since(ledger.last_night())
    unknown = unknown_users(place, new, record)
    record.unknown_users = unknown.height
    routes = routes_of(settings)
    record.doubts += doubts(routes)
    pages = {
        "unknown-users.csv": as_csv(unknown.columns, unknown.iter_rows()),
        "digest.html": digest.render(
            drafts,
            replace(
                _digest_context(settings, watchlists, people, new, record, became_of(place, ledger), clusters, routes),
                incidents=incidents,
            ),
        ),
        "governors.html": _governors_page(settings, watchlists, place, ledger, record, registers),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _clear_leftovers(settings.store.reports)
        for name, page in pages.items():
            write(folder / name, page)
        write(settings.store.reports / _WATCHED, watched.render(_watched_context(settings, watchlists, today)))
        write(settings.store.reports / "index.html", _index(settings))
    except OSError as error:
        remedy = "Make room there, or name another folder as [store] reports."
        raise StoreError(f"cannot be written ({error.strerror}).", path=folder, remedy=remedy) from error
    record.pages += [str(folder / name) for name in ("digest.html", "governors.html")]


def write_record(settings: Settings, record: RunRecord) -> None:
    """Keep the record of the run beside its pages."""
    path = settings.store.reports / record.today.isoformat() / "run.json"
    try:
        write(path, json.dumps(record.as_json(), indent=2) + "\n")
    except OSError as error:
        remedy = "Make room there, or name another folder as [store] reports."
        raise StoreError(f"cannot be written ({error.strerror}).", path=path, remedy=remedy) from error


def named_pages(settings: Settings, before: date) -> list[Path]:
    """The pages that name people in the folders of the nights before a date."""
    old = [folder for folder in _nights(settings.store.reports) if date.fromisoformat(folder.name) < before]
    return [page for folder in old for name in _WITH_NAMES if (page := folder / name).is_file()]


def night_of(page: Path) -> date:
    """The date of the night that a page is of."""
    return date.fromisoformat(page.parent.name)


def write_receipts(settings: Settings, record: RunRecord) -> None:
    """Keep what has been deleted by a run beside its pages; nothing where nothing was."""
    name = f"deleted-{record.started.astimezone(UTC):%H%M%S}.json"
    path = settings.store.reports / record.today.isoformat() / name
    if not record.deleted:
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, json.dumps(record.deleted, indent=2) + "\n")
    except OSError as error:
        remedy = "Make room there, or name another folder as [store] reports."
        raise StoreError(f"cannot be written ({error.strerror}).", path=path, remedy=remedy) from error


def _clear_leftovers(reports: Path) -> None:
    """Take away the half pages of runs that were killed: they hold names as well."""
    for folder in (reports, *_nights(reports)):
        for name in _PAGES:
            for path in folder.glob(f".{name}.*"):
                path.unlink(missing_ok=True)


def _nights(reports: Path) -> list[Path]:
    """The folders of all nights, oldest first."""
    return sorted(path for path in reports.glob("*-*-*") if _is_date(path) and path.is_dir())


def drafts_of(place: Lake, ledger: Ledger) -> pl.DataFrame:
    """The drafts that were first made, or made from new evidence, since the last night; in the order of their ids."""
    noted = ledger.drafted_since(ledger.last_night())
    keys = pl.DataFrame(
        [(draft_id, evidence) for draft_id, evidence, _ in noted],
        schema={"draft_id": pl.String, "evidence_sha256": pl.String}, orient="row",
    )  # fmt: skip
    days = sorted({day for _, _, day in noted})
    tables = [pl.DataFrame(schema=DRAFTS), *(lake.read_days(place, "drafts", DRAFTS, day, day) for day in days)]
    return pl.concat(tables).join(keys, on=list(keys.columns), how="semi").sort("draft_id")


def clusters_of(place: Lake, ledger: Ledger) -> pl.DataFrame:
    """What classes did together on the days that were drafted since the last night."""
    days = ledger.days_since("drafts", ledger.last_night())
    return pl.concat(
        [pl.DataFrame(schema=CLUSTERS), *(lake.read_days(place, "clusters", CLUSTERS, day, day) for day in days)]
    )


# ---------------------------------------------------------------- digest


def _digest_context(
    settings: Settings, watchlists: Watchlists, people: pl.DataFrame, new: list[Unit], record: RunRecord,
    became: pl.DataFrame, clusters: pl.DataFrame,
    routes: Mapping[str, Route],
) -> DigestContext:  # fmt: skip
    missing = [f"{source} gave no log: {', '.join(spans)}." for source, spans in record.missing_hours.items()]
    return DigestContext(
        school=settings.school.name,
        timezone=record.timezone,
        run_date=record.today,
        made_at=record.started,
        categories=watchlists.categories,
        routes=routes,
        summary=(*_summary(new, record), ("Hits of the days drafted now", hits_in_words(became))),
        issues=(*record.all_issues, *missing, *record.doubts),
        lowered=lowered_in_words(settings, watchlists.categories, record.today, became),
        clusters=clusters,
        limit=settings.thresholds.drafts_on_page,
        names=school_names(people),
        notes=watchlists.notes,
    )


def _summary(new: list[Unit], record: RunRecord) -> tuple[tuple[str, str], ...]:
    """What was read since the last night, by this run and by those before it that did not get as far as their pages."""
    read = {(unit.source, unit.source_sha256) for unit in new if unit.records}
    events, rejects = sum(unit.events for unit in new), sum(unit.rejects for unit in new)
    lines = [
        ("Files with new lines", f"{len(read)} of {len(record.files)}"),
        ("Events", f"{events:,}"),
        ("Lines that could not be read", f"{rejects:,}"),
    ]
    firsts = [unit.first_ts for unit in new if unit.first_ts is not None]
    lasts = [unit.last_ts for unit in new if unit.last_ts is not None]
    if firsts:
        first, last = min(firsts).astimezone(record.timezone), max(lasts).astimezone(record.timezone)
        lines.append(
            ("Time covered", f"{long_date(first.date())} {first:%H:%M} to {long_date(last.date())} {last:%H:%M}")
        )
    lines.append(("Users not in the people file", f"{record.unknown_users:,}"))
    return tuple(lines)


# ---------------------------------------------------------------- governors


def _governors_page(
    settings: Settings, watchlists: Watchlists, place: Lake, ledger: Ledger, record: RunRecord,
    registers: Registers | None,
) -> str:  # fmt: skip
    today = record.today
    term = term_of(settings, today)
    upto = min(term.last_day, today - timedelta(days=1))
    school = settings.school
    days = [term.first_day + timedelta(days=n) for n in range((upto - term.first_day).days + 1)]
    span = (term.first_day, term.last_day)
    drafts = lake.read_days(place, "drafts", pl.Schema({name: DRAFTS[name] for name in ("day", "level")}), *span)
    tables = GovernorsTables(
        facts=lake.read_days(place, "facts", FACTS, *span),
        active=lake.read_days(place, "active", ACTIVE, *span),
        coverage=lake.read_days(place, "coverage", COVERAGE, *span),
        units=units_table(ledger, record.timezone, term.first_day, today),
        drafts_by_level=drafts.group_by("day", "level").agg(drafts=pl.len().cast(pl.Int64)).cast(LEVELS_BY_DAY),
        registers=registers,
    )
    context = GovernorsContext(
        school=school.name,
        term=term.name,
        first_day=term.first_day,
        last_day=term.last_day,
        timezone=record.timezone,
        made_at=record.started,
        categories=watchlists.categories,
        threshold=settings.thresholds.small_number,
        school_days=tuple(day for day in days if is_school_day(day, school)),
        school_hours=(school.opens, school.closes - 1),
        sources=tuple((school.site, source.name) for source in settings.source if source.every_hour),
        # Of the whole store: a log lost at the beginning of the term is lost if there were logs before.
        logs_from=lake.first_day(place, "coverage"),
    )
    return governors.render(tables, context)


def term_of(settings: Settings, today: date) -> Term:
    """The term of yesterday, or the last one that has begun; without declared terms the last twelve weeks."""
    begun = [term for term in settings.school.terms if term.first_day < today]
    if begun:
        return max(begun, key=lambda term: term.first_day)
    return Term(name="the last twelve weeks", first_day=today - _WITHOUT_TERMS, last_day=today - timedelta(days=1))


def units_table(ledger: Ledger, timezone: ZoneInfo, first: date, last: date) -> pl.DataFrame:
    """What was read, as `schema.UNITS`: a unit counts on the local day of its first event.

    One without any event counts on the day on which it was read, if that lies between `first` and `last`.
    """
    units = ledger.all_units()
    days = {unit.unit_id: unit.first_ts.astimezone(timezone).date() for unit in units if unit.first_ts is not None}
    days |= _read_on(ledger, {unit.unit_id for unit in units} - set(days), first, last)
    rows = [
        (days[unit.unit_id], unit.site, unit.source, unit.records, unit.events, unit.rejects, sum(unit.skips.values()))
        for unit in units
        if unit.unit_id in days
    ]
    return pl.DataFrame(rows, schema=UNITS, orient="row")


def _read_on(ledger: Ledger, unit_ids: set[str], first: date, last: date) -> dict[str, date]:
    """When units were read, looking back from the last day to the first; mostly there is none to look for."""
    found: dict[str, date] = {}
    day = last
    while day >= first and len(found) < len(unit_ids):
        day -= timedelta(days=1)
        read = {unit.unit_id for unit in ledger.read_since(day)} & unit_ids
        found |= dict.fromkeys(read - set(found), day + timedelta(days=1))
    return found


# ---------------------------------------------------------------- lists


def unknown_users(place: Lake, new: list[Unit], record: RunRecord) -> pl.DataFrame:
    """The accounts of the days of this night that the people file does not list: account, first day, days, events."""
    firsts = [unit.first_ts for unit in new if unit.first_ts is not None]
    first = min(firsts).astimezone(record.timezone).date() if firsts else record.today
    counts = lake.read_days(place, "user_counts", USER_COUNTS, first, record.today)
    return (
        counts.filter((pl.col("subject_kind") == "account") & (pl.col("category") == ""))
        .group_by("subject")
        .agg(first_day=pl.col("day").min(), days=pl.col("day").n_unique(), events=pl.col("events").sum())
        .select("first_day", "days", "events", account=pl.col("subject").str.strip_prefix("account:"))
        .sort("events", "account", descending=[True, False])
        .select("account", "first_day", "days", "events")
    )


def _watched_context(settings: Settings, watchlists: Watchlists, today: date) -> WatchedContext:
    return WatchedContext(
        school=settings.school.name,
        today=today,
        categories=watchlists.categories.values(),
        events_days=settings.retention.events_days,
        has_long_lists=bool(watchlists.domain_files),
        languages=watchlists.languages,
        weighs_words=watchlists.weighted is not None,
    )


def _index(settings: Settings) -> str:
    """The nights that have pages, newest first; of old nights the digest is gone."""
    nights = [
        (folder.name, long_date(date.fromisoformat(folder.name)), (folder / "digest.html").exists())
        for folder in reversed(_nights(settings.store.reports))
        if (folder / "governors.html").exists()
    ]
    return environment().get_template("index.html").render(school=settings.school.name, nights=nights)


def _is_date(folder: Path) -> bool:
    try:
        date.fromisoformat(folder.name)
    except ValueError:
        return False
    return True
