"""How quick is a casebook that has been kept for years?

    python benchmarks/casebook.py [--actions 100000] [--url postgresql://…]

Makes a casebook of so many actions, then measures every view that people wait for, one decision, and `esafety audit
verify`. Each beside what the same database takes to hand over every row of `action` and `content`, so that machines can
be compared. Ends with an error if a view takes 100 ms, or the verifying 10 seconds, on the best of five.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.made_years import ACCESS, LONG, SANCTIONS, START, fill, person
from casebook import beside
from casebook.case import STATES
from casebook.deciding import act
from casebook.display import listing, showing
from casebook.display.looks import looks
from casebook.filtering.registering import all_changes, all_checks, change_of
from casebook.kinds import said
from casebook.response.routes import load_routes
from casebook.store import Casebook, actions, case_of, history, opened_casebook
from casebook.verdicts import verdicts
from casebook.verifying import verify

NOW: Final = START + timedelta(days=400)
_ROUTES: Final = load_routes()
_ONE: Final = "I-2026-00001"
_VIEW_MS: Final = 100
_VERIFY_S: Final = 10
_BEST_OF: Final = 5


def _shown(connection: Connection, incident: str) -> None:
    """As `esafety incident show`: the incident, its route, the sanctions beside it."""
    viewer = showing.Viewer(person("d.example"), ACCESS, b"k" * 32, ZoneInfo("Europe/London"), NOW)
    case = case_of(connection, incident)
    shown = showing.as_data(case, history(connection, incident), _ROUTES[case.route], viewer)
    if "parties" not in shown or not beside.as_told(connection, case, SANCTIONS, viewer)["people"]:
        raise SystemExit(f"{incident} was not shown whole, so nothing was measured.")


#: What people look at.
VIEWS: Final[dict[str, Callable[[Connection], object]]] = {
    "list, what waits": lambda book: listing.visible(book, ACCESS, person("d.example")),
    "list, all states": lambda book: listing.visible(book, ACCESS, person("d.example"), STATES),
    "list, for a network manager": lambda book: listing.visible(book, ACCESS, person("n.example"), STATES),
    "one incident": lambda book: _shown(book, _ONE),
    "one of 400 actions": lambda book: _shown(book, LONG),
    "who looked at it": lambda book: looks(book, ACCESS, person("d.example"), _ONE),
    "who looked at anything": lambda book: looks(book, ACCESS, person("d.example")),
    "filter changes": all_changes,
    "one filter change": lambda book: change_of(book, "F-2026-00001"),
    "filter checks": all_checks,
    "verdicts, for the reports": verdicts,
}


def _took(run: Callable[[], object]) -> float:
    """The best of some, in seconds."""
    best = float("inf")
    for _ in range(_BEST_OF):
        began = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - began)
    return best


def _reading(book: Casebook, view: Callable[[Connection], object]) -> Callable[[], object]:
    def run() -> None:
        with book.reading() as connection:
            view(connection)

    return run


def measure(book: Casebook) -> dict[str, float]:
    """Seconds for each."""
    author, note = person("d.example"), said("note", text="So.")
    return {
        "every row": _took(_reading(book, lambda connection: connection.execute(actions()).all())),
        **{name: _took(_reading(book, view)) for name, view in VIEWS.items()},
        "one decision": _took(lambda: act(book, ACCESS, _ROUTES, author, _ONE, note, NOW)),
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
            made = fill(book, asked.actions)
            seconds = measure(book)
            faults = len(verify(book).faults)
    base = seconds["every row"]
    print(f"{made:,} actions, {faults} faults; best of {_BEST_OF}")
    for name, each in seconds.items():
        print(f"{name:<28}{each * 1000:>9.1f} ms   {each / base:>6.3f} x every row")
    slow = [name for name in VIEWS if seconds[name] * 1000 >= _VIEW_MS]
    if slow or faults or seconds["verify"] >= _VERIFY_S:
        raise SystemExit(f"Too slow, or wrong: {', '.join(slow) or 'verify'}.")


if __name__ == "__main__":
    main()
