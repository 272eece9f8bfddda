"""What legal holds keep of the logs: the lines that the drafts of held incidents cite, their days, their nights.

In: the casebook. Out: `Holds`. What was merged or split is held as soon as any of it is. What is held follows from the
history alone, so that nobody lifts a hold by changing a table. An incident that people have told of cites no line; of
the logs it keeps what was derived for its day. Refuses a history that cannot be read (`CasebookError`): then nobody can
tell what is held.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from casebook.case import Acted, drafts_in
from casebook.kinds import CasebookError
from casebook.linked import together
from casebook.store import history
from casebook.tables import ACTION

_BY_A_NIGHT: Final = ("drafted", "late-evidence")
#: What says on which day something of an incident lies.
_BRINGS: Final = (*_BY_A_NIGHT, "split-from", "reported")


@dataclass(frozen=True)
class Holds:
    """What is held. Days and nights are local dates."""

    #: The lines of the hits: `source_sha256` and number.
    lines: frozenset[tuple[str, int]] = frozenset()
    #: The names of the drafts.
    draft_ids: frozenset[str] = frozenset()
    #: The days on which anything of them lies.
    days: frozenset[date] = frozenset()
    #: The days of drafts that were erased before they were held: which lines these cite, nobody can tell any more.
    unknown: frozenset[date] = frozenset()
    #: The nights that have brought them.
    nights: frozenset[date] = frozenset()


def holds(connection: Connection, zone: ZoneInfo) -> Holds:
    """All that is held now."""
    try:
        return _of([each for incident in held(connection) for each in history(connection, incident)], zone)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        what = f"what is under a legal hold cannot be read ({type(error).__name__})."
        raise CasebookError(what, remedy="Run: esafety audit verify") from error


def held(connection: Connection) -> dict[str, frozenset[str]]:
    """The incidents that are held, and those that belong to them: each with those for whose sake it is held."""
    question = select(ACTION.c.about, ACTION.c.kind).where(ACTION.c.kind.in_(("hold", "release")))
    laid: set[str] = set()
    for about, kind in connection.execute(question.order_by(ACTION.c.seq)):
        (laid.add if kind == "hold" else laid.discard)(about)
    return with_linked(connection, laid)


def with_linked(connection: Connection, laid: set[str]) -> dict[str, frozenset[str]]:
    """These incidents that are held, and those that belong to them: each with those for whose sake it is held."""
    # Nearly always there is none: then nothing else is asked.
    groups = together(connection, laid) if laid else []
    return {each: frozenset(laid.intersection(group)) for group in groups if laid.intersection(group) for each in group}


def _of(acted: Iterable[Acted], zone: ZoneInfo) -> Holds:
    brought = [each for each in acted if each.kind in _BRINGS]
    drafts = drafts_in(brought)
    unknown = {day for each in brought if each.content is None and "draft_id" in each.facts for day in _days_of(each)}
    days = {day for each in brought for day in _days_of(each)}
    return Holds(
        frozenset((hit["source_sha256"], int(hit["line"])) for draft in drafts for hit in draft["hits"]),
        frozenset(each.facts["draft_id"] for each in brought if "draft_id" in each.facts),
        frozenset(
            days | {datetime.fromisoformat(ts).astimezone(zone).date() for each in drafts for ts in _times(each)}
        ),
        frozenset(unknown),
        frozenset(each.at.astimezone(zone).date() for each in brought if each.kind in _BY_A_NIGHT),
    )


def _days_of(acted: Acted) -> Iterator[date]:
    day = date.fromisoformat(acted.facts["day"])
    yield day
    if acted.content is None:
        # Its times are gone, and a day of drafts ends in the next morning.
        yield day + timedelta(days=1)


def _times(draft: Mapping[str, Any]) -> Iterator[str]:
    yield from (draft["first_ts"], draft["last_ts"])
    yield from (each["ts"] for each in (*draft["hits"], *draft["around"]))
