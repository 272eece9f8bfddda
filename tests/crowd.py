"""Two nights and some reviewers who all want the casebook at once, each a process of its own.

In: the address of a casebook. Out: for each of them how many actions were taken, as they themselves counted.
"""

from __future__ import annotations

import multiprocessing
import random
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from typing import Any

from casebook.display.listing import visible
from casebook.intake import take_in
from casebook.kinds import CasebookError
from casebook.store import Casebook, opened_casebook
from tests.effort import THOROUGH
from tests.made_casebook import ACCESS, NOW, do, who
from tests.made_drafts import draft, drafts, hit

NIGHTS = 2
#: Each is a process that has to start first: in the automatic checks all six.
REVIEWERS = 6 if THOROUGH else 1
_DRAFTS, _AT_ONCE, _ACTIONS = 40, 8, 25


def made_drafts(number: int) -> list[dict[str, Any]]:
    """Drafts of one night: half of them are the other night's as well."""
    return [
        draft(f"Pupil {name}", [hit(f"how to hide number {name}", "hide", level="high")], level="high")
        for name in range(number * _DRAFTS // 2, number * _DRAFTS // 2 + _DRAFTS)
    ]


def _night(book: Casebook, number: int) -> int:
    rows = made_drafts(number)
    taken = [
        take_in(book, drafts(*rows[at : at + _AT_ONCE]), NOW + timedelta(minutes=number))
        for at in range(0, len(rows), _AT_ONCE)
    ]
    assert sum(each.new + each.known for each in taken) == len(rows)
    return sum(each.new for each in taken)


def _reviewer(book: Casebook, number: int) -> int:
    chance = random.Random(number)
    account = ("d.lead", "p.deputy", "h.head")[number % 3]
    done = tried = 0
    while tried < _ACTIONS:
        with book.reading() as connection:
            ids = [row["id"] for row in visible(connection, ACCESS, who(account))]
        if not ids:
            continue
        tried += 1
        incident = chance.choice(ids)
        kind = chance.choice(["review", "note", "note"])
        try:
            do(book, account, incident, kind, number, **({"text": f"By {number}."} if kind == "note" else {}))
        except CasebookError:
            assert kind == "review", "only what somebody else has taken up meanwhile is refused"
            continue
        done += 1
    return done


def one_of_them(url: str, job: str, number: int) -> int:
    """What one process does: `night` or `reviewer`."""
    with opened_casebook(url) as book:
        return _night(book, number) if job == "night" else _reviewer(book, number)


def crowd(url: str) -> Iterator[int]:
    """All at once; how many actions each of them has taken."""
    jobs = [("night", number) for number in range(NIGHTS)] + [("reviewer", number) for number in range(REVIEWERS)]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(len(jobs), mp_context=context) as pool:
        waiting = [pool.submit(one_of_them, url, *job) for job in jobs]
        yield from (each.result() for each in waiting)
