"""How quick is a casebook that has been kept for years?

    python benchmarks/casebook.py [--actions 100000] [--url postgresql://…]

Makes a casebook of so many actions (an incident for every twenty), then measures what people wait for: the list of what
waits, one incident, one decision, who looked at what; and `esafety audit verify`. Each beside what the same database
takes to hand over every row of `action` and `content`, so that machines can be compared.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from casebook import listing, showing
from casebook.access import Access, Actor, actor_of
from casebook.case import Case, applied, opened
from casebook.deciding import act
from casebook.intake import drafted
from casebook.kinds import Said, said
from casebook.looks import looks
from casebook.routes import load_routes
from casebook.store import Casebook, Writer, actions, case_of, history, opened_casebook
from casebook.verifying import verify
from pipeline.caseworkers import Caseworker

START = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
STAFF = (Caseworker(account="d.example", name="Dana Example", roles=("dsl",)),)
_EACH = 20
_AT_ONCE = 100


def _draft(number: int) -> dict[str, object]:
    """A draft of five hits, as a night writes it."""
    name = f"p.example{number % 1500}"
    hits = [
        {"hit_id": f"{number:08x}{each:08x}", "ts": START, "level": "high", "text": f"made text {number}, {each}",
         "source_sha256": "0" * 64, "line": number * 10 + each, "raw": b"made line " * 20, "category": "bullying",
         "rule_id": "bullying-made"}
        for each in range(5)
    ]  # fmt: skip
    return {
        "draft_id": f"{number:016x}", "evidence_sha256": f"{number:064x}", "level": "high", "category": "bullying",
        "categories": ["bullying"], "route": "pupil-victim", "site": "main",
        "day": (START + timedelta(minutes=10 * number)).date(), "subject": f"person:{name}", "subject_kind": "person",
        "subject_name": name, "who": "authenticated", "what": "typed", "role": "pupil", "class": "8B", "lesson": "",
        "first_ts": START, "last_ts": START, "reasons": ["typed"], "facts": [], "hits": hits, "around": [],
    }  # fmt: skip


def _story(number: int) -> list[Said]:
    """What happens to one incident: nineteen actions, most incidents are over in the end."""
    steps = [said("step", route="pupil-victim", step="record", note=f"Noted {each}.") for each in range(7)]
    notes = [said("note", text=f"A made note {each} of {number}.") for each in range(8)]
    end = [said("close", outcome="support", reason="Made up.", debrief="Made up.")] if number % 10 else [notes[0]]
    return [said("view", what="all"), said("review"), said("confirm", reason="Made up."), *steps, *notes, *end]


def fill(book: Casebook, count: int) -> None:
    """An incident for every twenty actions."""
    author = actor_of(STAFF, "d.example", "made", "cli")
    for first in range(0, count // _EACH, _AT_ONCE):
        with book.changing() as writer:
            for number in range(first, min(first + _AT_ONCE, count // _EACH)):
                _one(writer, number, author)


def _one(writer: Writer, number: int, author: Actor) -> None:
    at = START + timedelta(minutes=10 * number)
    incident = f"I-2026-{number + 1:05}"
    case: Case = opened(writer.append(drafted("drafted", _draft(number)), incident, author, at))
    for each in _story(number):
        case = applied(case, writer.append(each, incident, author, at))
    writer.keep(case, new=True)


def _took(run: Callable[[], object]) -> float:
    """The best of three, in seconds."""
    best = float("inf")
    for _ in range(3):
        began = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - began)
    return best


def measure(book: Casebook) -> dict[str, float]:
    """Seconds for each."""
    access, routes = Access(STAFF), load_routes()
    actor = actor_of(STAFF, "d.example", "made", "cli")
    now = START + timedelta(days=400)
    viewer = showing.Viewer(actor, access, b"k" * 32, ZoneInfo("Europe/London"), now)

    def listed() -> None:
        with book.reading() as connection:
            listing.visible(connection, access, actor)

    def shown() -> None:
        with book.reading() as connection:
            case = case_of(connection, "I-2026-00001")
            showing.as_data(case, history(connection, "I-2026-00001"), routes[case.route], viewer)

    def looked() -> None:
        with book.reading() as connection:
            looks(connection, actor, "I-2026-00001")

    def everything() -> None:
        with book.reading() as connection:
            connection.execute(actions()).all()

    return {
        "every row": _took(everything),
        "list": _took(listed),
        "one incident": _took(shown),
        "who looked at it": _took(looked),
        "one decision": _took(lambda: act(book, access, routes, actor, "I-2026-00001", said("note", text="So."), now)),
        "verify": _took(lambda: verify(book)),
    }


def main() -> None:
    """Make, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--actions", type=int, default=100_000)
    parser.add_argument("--url")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = asked.url or f"sqlite:///{Path(folder) / 'casebook.sqlite'}"
        with opened_casebook(url) as book:
            fill(book, asked.actions)
            seconds = measure(book)
            faults = len(verify(book).faults)
    base = seconds["every row"]
    print(f"{asked.actions:,} actions, {faults} faults")
    for name, each in seconds.items():
        print(f"{name:<18}{each * 1000:>9.1f} ms   {each / base:>6.3f} x every row")


if __name__ == "__main__":
    main()
