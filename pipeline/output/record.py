"""The record of a night: what was read, what needs attention; as data and as lines for a person.

In: what the stages report. Out: a dictionary for JSON, and lines of text. It holds counts, ids, names of files and
sources, and sites for which the filter has changed; never a user, an address or a text of a log.
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo


@dataclass
class FileRecord:
    """One file of a night. records = events + rejects + all skips."""

    source: str
    path: str
    format: str = ""
    #: `read`, `unchanged`, `no records yet`, `not read`.
    status: str = "read"
    records: int = 0
    events: int = 0
    rejects: int = 0
    skips: Counter[str] = field(default_factory=Counter)
    first_ts: datetime | None = None
    last_ts: datetime | None = None
    seconds: float = 0.0
    issues: list[str] = field(default_factory=list)
    #: Why its rejects were rejected (`schema.REJECT_REASONS`), and how many for each reason.
    reject_reasons: Counter[str] = field(default_factory=Counter)

    @property
    def is_conserved(self) -> bool:
        """Whether every record came out as exactly one of the three, and every reject with a reason."""
        all_told = self.records == self.events + self.rejects + self.skips.total()
        return all_told and self.rejects == self.reject_reasons.total()

    @property
    def counts(self) -> str:
        """How many lines became what, and why those that became no events did not."""
        rejects, skips = _reasons(self.reject_reasons), _reasons(self.skips)
        return (
            f"{self.records} lines = {self.events} events + {self.rejects} rejects{rejects}"
            f" + {self.skips.total()} skipped{skips}"
        )


@dataclass
class RunRecord:
    """One night. Times are UTC."""

    school: str
    version: str
    started: datetime
    timezone: ZoneInfo
    dry_run: bool = False
    #: Where the settings of the night stand.
    config: str = "school.toml"
    files: list[FileRecord] = field(default_factory=list)
    issues: list[str] = field(default_factory=list)
    #: What people should see to some day; unlike an issue it does not make the night one that needs attention.
    doubts: list[str] = field(default_factory=list)
    missing_hours: dict[str, list[str]] = field(default_factory=dict)
    unknown_users: int = 0
    drafts: dict[str, int] = field(default_factory=dict)
    #: What the casebook took in: `new`, `late`, `known`; and how far its history has got: `actions`, `head`.
    casebook: dict[str, Any] = field(default_factory=dict)
    #: Sites with which the filter does something else than before, or than was settled: see
    #: `casebook.filtering.unexplained`. Sites that several users asked for, and no user.
    filter_flips: list[dict[str, Any]] = field(default_factory=list)
    #: The receipts of what has had its time: rule, days, layer, before, counts, sha256.
    deleted: list[dict[str, Any]] = field(default_factory=list)
    #: How much of what has had its time is kept by legal holds, of the logs and what was made of them.
    kept_by_holds: dict[str, int] = field(default_factory=dict)
    pages: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def today(self) -> date:
        """The local date of the run."""
        return self.started.astimezone(self.timezone).date()

    @property
    def all_issues(self) -> list[str]:
        """Everything that needs attention, of the run and of its files."""
        return [*self.issues, *(issue for each in self.files for issue in each.issues)]

    @property
    def exit_code(self) -> int:
        """0 all well, 2 it finished but some input needs attention."""
        return 2 if self.all_issues else 0

    def as_json(self) -> dict[str, Any]:
        """For machines: plain types, times as ISO 8601 with offset."""
        record = _plain(self)
        totals = {name: sum(getattr(each, name) for each in self.files) for name in ("records", "events", "rejects")}
        skips = sum((each.skips for each in self.files), Counter[str]())
        return {**record, "totals": {**totals, "skips": skips.total()}, "exit_code": self.exit_code}


def _plain(value: Any) -> Any:
    # Not `asdict`: it would count the pairs of a counter instead of copying them.
    if isinstance(value, FileRecord | RunRecord):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, ZoneInfo):
        return str(value)
    return value


def _reasons(counts: Counter[str]) -> str:
    """The reasons in brackets, the most frequent first."""
    ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    return f" ({', '.join(f'{count} {reason}' for reason, count in ordered)})" if ordered else ""


def shown(text: str) -> str:
    """Text that cannot steer a terminal: control and invisible direction marks are replaced."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


def summary_lines(record: RunRecord) -> list[str]:
    """The run summary, for a person at seven in the morning. Local times."""
    lines = [f"{record.school}: {'dry run' if record.dry_run else 'night'} of {_local(record.started, record)}", ""]
    for source in dict.fromkeys(each.source for each in record.files):
        files = [each for each in record.files if each.source == source]
        lines += _source_lines(source, files, record)
    if record.drafts:
        lines.append("Drafts: " + ", ".join(f"{count} {level}" for level, count in record.drafts.items()))
    elif not record.dry_run:
        lines.append("Drafts: none")
    if record.casebook:
        lines.append(
            f"Casebook: {record.casebook['new']} new, {record.casebook['late']} with late evidence; "
            f"{record.casebook['actions']} actions, the last {record.casebook['head'][:16]}"
        )
    if record.filter_flips:
        sites = "1 site" if len(record.filter_flips) == 1 else f"{len(record.filter_flips)} sites"
        lines.append(f"The filter treats {sites} otherwise than was settled (see: esafety change unexplained)")
    lines += [f"Deleted: {each}" for each in deleted_lines(record.deleted)]
    if record.unknown_users:
        lines.append(f"Users that the people file does not list: {record.unknown_users} (see unknown-users.csv)")
    lines += [f"{source}: no log {', '.join(hours)}" for source, hours in record.missing_hours.items()]
    lines += _how_to_see_rejects(record)
    lines += [f"! {shown(issue)}" for issue in record.all_issues]
    lines += [f"? {shown(doubt)}" for doubt in record.doubts]
    lines.append(f"Took {record.seconds:.1f} seconds.")
    lines += [f"Open {page}" for page in record.pages]
    return lines


def held_line(counts: dict[str, int]) -> str:
    """How much legal holds keep past its time."""
    what = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
    return f"Legal holds keep past their time: {what}"


def deleted_lines(receipts: Iterable[dict[str, Any]]) -> Iterator[str]:
    """What has had its time, a line for each rule."""
    for each in receipts:
        what = ", ".join(f"{count:,} {name}" for name, count in each["counts"].items() if count)
        yield f"{each['rule']}, after {each['days']:,} days (set by {each['layer']}): {what}; {each['sha256'][:16]}"


def _how_to_see_rejects(record: RunRecord) -> list[str]:
    """The command that shows the rejects of the file with the most of them, once for the whole run."""
    worst = max(record.files, key=lambda each: each.rejects, default=None)
    if worst is None or not worst.rejects:
        return []
    how = f"--config {shlex.quote(shown(record.config))} --source {shlex.quote(worst.source)}"
    command = f"esafety parse {shlex.quote(shown(worst.path))} {how} --output events.jsonl --rejects rejects.jsonl"
    return [f"To see lines that were rejected, and why: {command}"]


def _source_lines(source: str, files: list[FileRecord], record: RunRecord) -> list[str]:
    read = [each for each in files if each.status == "read"]
    rest = Counter(each.status for each in files if each.status != "read")
    others = "".join(f", {count} {status}" for status, count in rest.items())
    lines = [f"{source}: {len(read)} files read{others}"]
    for each in read:
        lines.append(f"  {shown(each.path)} ({each.format}): {each.counts}")
        if each.first_ts and each.last_ts:
            lines.append(f"    from {_local(each.first_ts, record)} to {_local(each.last_ts, record)}")
    return lines


def _local(moment: datetime, record: RunRecord) -> str:
    return moment.astimezone(record.timezone).strftime("%a %d %b %Y %H:%M")
