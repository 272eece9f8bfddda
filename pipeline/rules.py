"""What a night goes by: watchlists, thresholds, people, timetable; read and checked before anything of a log is kept.

In: the settings of a school. Out: frozen tables and compiled lists. Refuses, with file and line, whatever would make
the results wrong: a broken watchlist, a rule that fails its own example, a people file that is of no use.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl

from pipeline.config import Settings
from pipeline.engine import Flagging
from pipeline.episodes import Drafting
from pipeline.errors import ConfigError
from pipeline.judging.hindsight import Judged, without_hiding
from pipeline.judging.saidbefore import layer_of, lowering_of
from pipeline.lists.secretlists import SecretFile
from pipeline.match import check_examples
from pipeline.matching import keptlists
from pipeline.matching.changes import changed
from pipeline.matching.matcher import Matcher, compile_watchlists
from pipeline.matching.watchfolders import holds_lists, load, shipped, with_languages, with_secret
from pipeline.priority import LevelBounds
from pipeline.school.roll import Devices, People, PeopleColumns, load_devices, load_people
from pipeline.settings.limits import Thresholds
from pipeline.timetable import Timetable, load_timetable
from pipeline.watchlist import DomainFile, TermFile, Watchlists, compiled_away
from pipeline.who import Who
from pipeline.words.weighted import WEIGHTED


@dataclass(frozen=True)
class Rules:
    """All of it; `issues` are what needs attention in the people, device and timetable files.

    `refused` are lessons and exclusions that are not used, because they would have hidden an incident.
    """

    watchlists: Watchlists
    flagging: Flagging
    drafting: Drafting
    who: Who
    issues: tuple[str, ...]
    refused: tuple[ConfigError, ...] = ()


def load_rules(
    settings: Settings, verdicts: pl.DataFrame | None = None, today: date | None = None, *, keep: bool = False
) -> Rules:
    """Watchlists, people, timetable and thresholds. Raises `EsafetyError` for the first that cannot be used.

    `keep`: may the compiled lists be kept in the store for the next time?

    With `verdicts` (`schema.JUDGED`) no lesson and no exclusion is taken that would have hidden a confirmed draft: they
    are in `refused`. What ended before `today` is passed over.
    """
    watchlists, matcher = ready_watchlists(settings, keep=keep)
    who, issues = load_who(settings)
    lowering, doubts = lowering_of(settings, watchlists, who.people)
    limits = settings.thresholds
    drafting = Drafting(
        watchlists.categories, ZoneInfo(settings.school.timezone), limits.draft,
        timedelta(minutes=limits.episode_gap_minutes), settings.school.opens, settings.school.closes, lowering,
        watchlists.notes,
    )  # fmt: skip
    flagging = Flagging(matcher, bounds_of(limits), limits.draft)
    left = Judged(drafting)
    if verdicts is not None:
        left = without_hiding(settings, verdicts, who, drafting, flagging.bounds, today)
    return Rules(watchlists, flagging, left.drafting, who, (*issues, *doubts, *matcher.doubts), left.refused)


def bounds_of(limits: Thresholds) -> LevelBounds:
    """The lowest score of each level."""
    return LevelBounds(limits.urgent, limits.high, limits.medium, limits.low)


def ready_watchlists(settings: Settings, *, keep: bool = False) -> tuple[Watchlists, Matcher]:
    """The watchlists, compiled, with their examples tried; if nothing has changed since, as an earlier run kept them.

    What is compiled is not told again: the rules in the lists are without terms and contexts. Raises `WatchlistError`.
    """
    stamp = stamp_of(settings)
    kept = keptlists.read(settings.store.folder, stamp)
    if kept is not None:
        return kept
    lists = load_watchlists(settings)
    matcher = compile_watchlists(lists)
    check_examples(lists, matcher)
    told = compiled_away(lists)
    # What was changed while it was read is read again the next time.
    if keep and stamp == stamp_of(settings):
        keptlists.keep(settings.store.folder, stamp, told, matcher)
    return told, matcher


def told_watchlists(settings: Settings) -> Watchlists:
    """The same without terms and contexts, for what is told of lists. Raises `WatchlistError`."""
    return keptlists.read_lists(settings.store.folder, stamp_of(settings)) or compiled_away(load_watchlists(settings))


def stamp_of(settings: Settings) -> str:
    """What must be as it was for lists to be taken as they were kept; empty where that cannot be told."""
    chosen = settings.watchlists
    folders = [within for folder in _folders(settings) for within in with_languages(folder)]
    facts = [chosen.model_dump_json(), *map(str, folders), *(str(each.folder) for each in settings.layer)]
    if any(each.tables.change for each in settings.policies):
        facts += [each.sha256 for each in settings.policies]
    files = [path for folder in folders for path in sorted([*folder.glob("*.toml"), *folder.glob(WEIGHTED)])]
    try:
        return keptlists.stamp_of(facts, [*files, *(each.file for each in chosen.phrases)])
    except OSError:
        return ""


def _folders(settings: Settings) -> list[Path]:
    layers = [each.folder for each in settings.layer if holds_lists(each.folder)]
    return [*([shipped()] if settings.watchlists.shipped else []), *layers, *settings.watchlists.folders]


def load_watchlists(settings: Settings) -> Watchlists:
    """The shipped lists, if wanted, the school's own folders, and its long plain lists. Raises `WatchlistError`."""
    chosen = settings.watchlists
    lists = load(
        _folders(settings),
        tuple(TermFile(f"list.{each.file.stem}", each.category, each.file, each.weight) for each in chosen.phrases),
        tuple(DomainFile(f"list.{each.file.stem}", each.category, each.file, each.weight) for each in chosen.domains),
    )
    secret = (
        SecretFile(f"secret.{each.file.stem}", each.category, each.file, each.kind, each.key_file, each.weight)
        for each in chosen.hashed
    )
    return changed(with_secret(lists, secret), settings.policies, layer_of(settings))


def load_who(settings: Settings) -> tuple[Who, tuple[str, ...]]:
    """People, devices and timetable, as far as the school has them, and what needs attention in them."""
    people, devices, timetable, week_a = People(), Devices(), Timetable(), None
    if settings.people is not None:
        people = load_people(settings.people.file, PeopleColumns(**settings.people.columns))
        devices = load_devices(settings.people.devices) if settings.people.devices else devices
    if settings.timetable is not None:
        timetable, week_a = load_timetable(settings.timetable.file), settings.timetable.week_a
    return Who(people, devices, timetable, week_a), (*people.issues, *devices.issues, *timetable.issues)
