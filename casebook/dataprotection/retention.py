"""What of the casebook has had its time: the personal part of what is over is erased, with a receipt.

In: the casebook, the periods of the school, the moment. Out: `Due`, what goes together and by which rule; `Gone`, the
receipt. Facts, hashes and outcomes stay, so that the history can still be verified and counted. What is open, held or
asked anew is never due, nor is a filter change that is in force. Cases that were merged or split go together, when the
last of them is due. Refuses to erase where a table says of an incident what its history does not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, delete, func, select

from casebook.access import Actor
from casebook.case import Case
from casebook.dataprotection.registersover import over
from casebook.kinds import LEFT_TO, CasebookError, Refused, said
from casebook.linked import together
from casebook.projection import rows_of, stamp
from casebook.store import Casebook, Writer, case_of, incidents
from casebook.tables import ACTION, CONTENT, INCIDENT
from pipeline.config import Settings
from pipeline.settings.caseworkers import Caseworker
from pipeline.settings.policy import laid_down_by

#: Rule -> the setting of its period.
RULES: Final = {
    "events": "events_days", "dismissed": "dismissed_days", "incidents": "incidents_days",
    "staff-incidents": "staff_incidents_days",
    # What was said about no incident: of what was handed out, such as what is held on a person, and of earlier copies.
    "exports": "incidents_days",
    "registers": "registers_days",
}  # fmt: skip
_ABOUT_NOTHING: Final = ("export", "accept-copy")
#: So many groups of incidents in one transaction: others wait no longer than that takes.
_AT_A_TIME: Final = 50
#: So many ids in one question: databases limit its length.
_ASKED: Final = 500
_MAY: Final = frozenset({"dsl", "head", "auditor", "network-manager"})


@dataclass(frozen=True)
class Period:
    """For how many days something is kept, and which layer says so."""

    rule: str
    days: int
    layer: str

    def before(self, now: datetime) -> datetime:
        """What was over by then has had its time."""
        return now - timedelta(days=self.days)


@dataclass(frozen=True)
class Due:
    """Incidents that go together, and what goes of them: numbers of actions with the hashes of their content."""

    rule: str
    incidents: tuple[str, ...]
    content: tuple[tuple[int, str], ...]
    #: The filter-change request or the filter check that it is, where it is one.
    entry: str = ""


@dataclass(frozen=True)
class Gone:
    """A receipt: by which rule, what and how much has gone. It names nobody."""

    rule: str
    days: int
    layer: str
    #: UTC, ISO 8601: what was over before then.
    before: str
    counts: Mapping[str, int]
    #: Of what has gone, a line each: ids of units, days and pages; numbers of actions and the hashes of their content.
    sha256: str


def periods(settings: Settings) -> dict[str, Period]:
    """Rule -> its period."""
    return {
        rule: Period(rule, getattr(settings.retention, key), laid_down_by(settings.policies, "retention", key))
        for rule, key in RULES.items()
    }


def refuse_purge(actor: Actor) -> None:
    """Raise `Refused` if a person may not have what is due deleted."""
    if not actor.roles & _MAY:
        raise Refused("you may not delete what has had its time.", remedy=f"One of {', '.join(sorted(_MAY))} may.")


def due(connection: Connection, kept: Mapping[str, Period], now: datetime) -> list[Due]:
    """All that is due, in a fixed order."""
    rows = {row["id"]: row for row in incidents(connection)}
    groups = [(_rule([dict(rows[each]) for each in group], kept, now), group) for group in together(connection, rows)]
    ended = [(rule, group) for rule, group in groups if rule is not None]
    held = _content(connection, [each for _, group in ended for each in group])
    found = [
        Due(rule, group, tuple(sorted(content)))
        for rule, group in ended
        if (content := [each for incident in group for each in held.get(incident, ())])
    ]
    found += _exports(connection, kept["exports"].before(now))
    of_registers = over(connection, kept["registers"].before(now))
    found += [Due("registers", (), content, entry) for entry, content in of_registers.items()]
    return sorted(found, key=lambda each: (each.rule, each.content))


def _rule(group: Sequence[Mapping[str, Any]], kept: Mapping[str, Period], now: datetime) -> str | None:
    """By which rule a group is due: that of the incident whose time is over last."""
    ends = [each for each in group if each["state"] != "merged"]
    waits = any(each["held"] or each["question_open"] for each in group)
    if waits or not ends or any(each["state"] not in {"dismissed", "closed"} for each in ends):
        return None
    over = []
    for each in ends:
        rule = "dismissed" if each["state"] == "dismissed" else "incidents"
        rule = "staff-incidents" if rule == "incidents" and each["side"] == "staff" else rule
        over.append((datetime.fromisoformat(each["closed_at"]) + timedelta(days=kept[rule].days), rule))
    last, rule = max(over)
    return rule if last <= now else None


def _content(connection: Connection, about: list[str]) -> dict[str, list[tuple[int, str]]]:
    """Incident -> the content that it still has: number of the action and hash."""
    held: dict[str, list[tuple[int, str]]] = {}
    question = select(ACTION.c.about, ACTION.c.seq, ACTION.c.content_sha256).join_from(
        ACTION, CONTENT, ACTION.c.seq == CONTENT.c.seq
    )
    for start in range(0, len(about), _ASKED):
        for incident, seq, sha256 in connection.execute(
            question.where(ACTION.c.about.in_(about[start : start + _ASKED]))
        ):
            held.setdefault(incident, []).append((seq, sha256))
    return held


def _exports(connection: Connection, before: datetime) -> Iterator[Due]:
    """What was said about no incident: each by itself."""
    question = (
        select(ACTION.c.seq, ACTION.c.content_sha256)
        .join_from(ACTION, CONTENT, ACTION.c.seq == CONTENT.c.seq)
        .where(
            ACTION.c.kind.in_(_ABOUT_NOTHING), ACTION.c.about.is_(None), ACTION.c.at <= stamp(before.astimezone(UTC))
        )
    )
    yield from (Due("exports", (), ((seq, sha256),)) for seq, sha256 in connection.execute(question))


def receipt(period: Period, what: Iterable[Due], now: datetime) -> Gone:
    """The receipt for some that are due by one rule."""
    taken = list(what)
    what_for = (
        {"register entries": len(taken)} if period.rule == "registers"
        else {"incidents": sum(len(each.incidents) for each in taken)}
    )  # fmt: skip
    counts = {**what_for, "texts": sum(len(each.content) for each in taken)}
    lines = (f"{seq} {sha256}" for each in taken for seq, sha256 in each.content)
    return gone(period, counts, lines, now)


def gone(period: Period, counts: Mapping[str, int], lines: Iterable[str], now: datetime) -> Gone:
    """The receipt for whatever goes; `lines` name each thing."""
    sha256 = hashlib.sha256("".join(f"{each}\n" for each in lines).encode()).hexdigest()
    return Gone(period.rule, period.days, period.layer, stamp(period.before(now).astimezone(UTC)), counts, sha256)


def receipts(waiting: Iterable[Due], kept: Mapping[str, Period], now: datetime) -> list[Gone]:
    """One receipt for each rule."""
    by_rule: dict[str, list[Due]] = {}
    for each in waiting:
        by_rule.setdefault(each.rule, []).append(each)
    return [receipt(kept[rule], by_rule[rule], now) for rule in sorted(by_rule)]


def planned(book: Casebook, kept: Mapping[str, Period], now: datetime) -> list[Gone]:
    """What `purge` would do now."""
    with book.reading() as connection:
        return receipts(due(connection, kept, now), kept, now)


def purge(
    book: Casebook, kept: Mapping[str, Period], author: Actor, now: datetime, staff: Sequence[Caseworker] = ()
) -> list[Gone]:
    """Erase all that is due, some of it at a time; each time all of it with its receipt, or nothing.

    `staff`: whoever works with the casebook, and must not see a case open itself to them once they are not named in it.
    """
    taken: list[Due] = []
    with book.reading() as connection:
        waiting = due(connection, kept, now)
    for rule in sorted({each.rule for each in waiting}):
        of_rule = [each for each in waiting if each.rule == rule]
        for start in range(0, len(of_rule), _AT_A_TIME):
            with book.changing() as writer:
                taken += _erase(writer, kept, of_rule[start : start + _AT_A_TIME], author, now, staff)
    if taken:
        book.sweep()
    return receipts(taken, kept, now)


def _erase(
    writer: Writer, kept: Mapping[str, Period], wanted: list[Due], author: Actor, now: datetime,
    staff: Sequence[Caseworker],
) -> list[Due]:  # fmt: skip
    """Erase those that are due still, by one rule; which these were."""
    cases = [{name: _case(writer.connection, name) for name in each.incidents} for each in wanted]
    both = zip(wanted, cases, strict=True)
    batch = [each for each, of in both if _is_due(writer.connection, each, of, kept, now)]
    if not batch:
        return []
    numbers = sorted(seq for each in batch for seq, _ in each.content)
    for start in range(0, len(numbers), _ASKED):
        writer.connection.execute(delete(CONTENT).where(CONTENT.c.seq.in_(numbers[start : start + _ASKED])))
    erased = {name: case for of in cases for name, case in of.items()}
    names = [name for each in batch for name in each.incidents]
    rule = batch[0].rule
    given = note(writer, receipt(kept[rule], batch, now), author, now, names, numbers)
    for name in names:
        case = erased[name]
        what = said("erase", receipt=given, rule=rule, side=case.side, kept_for=_kept_for(case, staff))
        writer.append(what, name, author, now)
        writer.keep(case_of(writer.connection, name))
    return batch


def _kept_for(case: Case, staff: Sequence[Caseworker]) -> list[str] | None:
    """Who may know of it once nobody is named, if any caseworker is part of it; None if none is."""
    parted = [each for each in staff if not each.known_as.isdisjoint(case.people)]
    return sorted(LEFT_TO.difference(*(each.roles for each in parted))) if parted else None


def _case(connection: Connection, incident: str) -> Case:
    """The case, after its history. Raises `CasebookError` if the tables say something else of it."""
    case = case_of(connection, incident)
    row = connection.execute(select(INCIDENT).where(INCIDENT.c.id == incident)).mappings().one()
    if dict(row) != rows_of(case)["incident"][0]:
        remedy = "Nothing of it was erased. Run: esafety audit verify"
        raise CasebookError(f"the tables say of {incident} what its history does not.", remedy=remedy)
    return case


def _is_due(
    connection: Connection, wanted: Due, cases: Mapping[str, Case], kept: Mapping[str, Period], now: datetime
) -> bool:
    """Whether it is as it was when it was found due: somebody may have done something about it since."""
    if wanted.entry:
        left = over(connection, kept[wanted.rule].before(now), [wanted.entry])
        return left.get(wanted.entry) == wanted.content
    if not cases:
        return True
    linked = {name for case in cases.values() for name in (*case.linked, case.merged_into) if name}
    content = sorted(each for held in _content(connection, list(cases)).values() for each in held)
    rule = _rule([rows_of(case)["incident"][0] for case in cases.values()], kept, now)
    return linked <= cases.keys() and tuple(content) == wanted.content and rule == wanted.rule


def note(
    writer: Writer, what: Gone, author: Actor, now: datetime, names: Iterable[str] = (), numbers: Iterable[int] = ()
) -> int:
    """Write the receipt into the history; its number."""
    fields = {name: getattr(what, name) for name in ("rule", "days", "layer", "before", "sha256")}
    purged = said("purge", **fields, counts=dict(what.counts), incidents=sorted(names), erased=ranges(numbers))
    return writer.append(purged, None, author, now).seq


def ranges(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Numbers in rising order as (first, last)."""
    found: list[tuple[int, int]] = []
    for each in numbers:
        if found and each == found[-1][1] + 1:
            found[-1] = (found[-1][0], each)
        else:
            found.append((each, each))
    return found


def unreviewed(connection: Connection, before: datetime) -> int:
    """How many drafts have waited since before then, without anybody having looked at them."""
    old = (INCIDENT.c.state == "draft") & (INCIDENT.c.opened_at < stamp(before.astimezone(UTC)))
    found: Any = connection.scalar(select(func.count()).select_from(INCIDENT).where(old))
    return int(found)
