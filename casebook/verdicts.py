"""What people have decided about drafts, for whoever judges the rules by it.

In: a connection. Out: `schema.JUDGED`, a row for each draft that was decided, and the hits of these drafts as they were
when they were made. A draft that was merged has the verdict of the incident that it went into; one that is open, or
whose question is, has none. No names.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

import polars as pl
from sqlalchemy import Connection, select

from casebook.case import CONFIRMED
from casebook.store import DEFAULT_NAME, opened_casebook, url_of
from casebook.tables import ACTION, CONTENT, DRAFTED, INCIDENT
from pipeline.config import Settings
from pipeline.judging.judged import precision
from pipeline.schema import JUDGED

#: What `judged.precision` wants of a hit.
HITS: Final = pl.Schema(dict.fromkeys(("draft_id", "rule_id", "category", "level"), pl.String()))


def verdicts(connection: Connection) -> pl.DataFrame:
    """`schema.JUDGED`: `confirmed`, or the ground on which the draft was dismissed."""
    into = _merged(connection)
    decided = {
        row["id"]: "confirmed" if row["state"] in CONFIRMED else row["ground"]
        for row in connection.execute(select(INCIDENT)).mappings()
        if row["state"] in {*CONFIRMED, "dismissed"} and not row["question_open"]
    }
    found: dict[str, str] = {}
    # The incident of the higher number is the later one: of a draft that went on in another, its verdict counts.
    for draft_id, incident in connection.execute(
        select(DRAFTED.c.draft_id, DRAFTED.c.incident).order_by(DRAFTED.c.incident)
    ):
        where = incident
        while where in into:
            where = into[where]
        if where in decided:
            found[draft_id] = decided[where]
    return pl.DataFrame(sorted(found.items()), schema=JUDGED, orient="row")


def _merged(connection: Connection) -> dict[str, str]:
    question = select(ACTION.c.about, ACTION.c.facts).where(ACTION.c.kind == "merge")
    return {about: json.loads(facts)["into"] for about, facts in connection.execute(question)}


def hits(connection: Connection) -> pl.DataFrame:
    """`HITS` of every draft that the casebook still holds."""
    return pl.DataFrame(list(_hits(connection)), schema=HITS, orient="row").unique(maintain_order=True)


def _hits(connection: Connection) -> Iterator[tuple[Any, ...]]:
    question = select(CONTENT.c.body).join_from(CONTENT, ACTION, ACTION.c.seq == CONTENT.c.seq)
    brought = ACTION.c.kind.in_(("drafted", "late-evidence", "split-from"))
    for body in connection.execute(question.where(brought).order_by(ACTION.c.seq)).scalars():
        draft = json.loads(body)["draft"]
        yield from ((draft["draft_id"], each["rule_id"], each["category"], each["level"]) for each in draft["hits"])


def kept(settings: Settings) -> pl.DataFrame | None:
    """The verdicts of a school's casebook; None if there is none yet. Raises `StoreError`."""
    if settings.casebook.url is None and not (settings.store.folder / DEFAULT_NAME).is_file():
        return None
    with opened_casebook(url_of(settings)) as book, book.reading() as connection:
        return verdicts(connection)


def rules_judged(settings: Settings) -> pl.DataFrame:
    """`judged.PRECISION` of a school: how often each rule was right, by what people decided. Raises `StoreError`."""
    with opened_casebook(url_of(settings)) as book, book.reading() as connection:
        return precision(verdicts(connection), hits(connection))


def as_lines(judged: pl.DataFrame) -> Iterator[str]:
    """The same for a person, those that were wrong most often first."""
    if judged.is_empty():
        yield "No draft has been decided yet."
        return
    yield "rule, category: drafts that were confirmed of those decided (in 95 of 100 cases between)"
    for row in judged.sort("share", "judged", "rule_id", descending=[False, True, False]).iter_rows(named=True):
        yield (
            f"{row['rule_id']}, {row['category']}: {row['confirmed']} of {row['judged']}, "
            f"{row['share']:.0%} ({row['low']:.0%} to {row['high']:.0%})"
        )
