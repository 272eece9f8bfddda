"""A casebook of years: incidents that were decided and followed up, filter changes, filter checks, and looks at them.

In: an empty casebook, how many actions. Out: these actions, an incident for about every twenty and one of 400, a
request and a check for about every two hundred. The same each time.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from casebook.access import Access, Actor, actor_of
from casebook.case import Case, applied, opened
from casebook.filtering import registering
from casebook.intake import drafted
from casebook.kinds import Said, said
from casebook.sanctions import SanctionRow, Sanctions
from casebook.store import Casebook, Writer
from pipeline.settings.caseworkers import Caseworker

START: Final = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
STAFF: Final = (
    Caseworker(account="d.example", name="Dana Example", roles=("dsl",)),
    Caseworker(account="n.example", name="Noel Example", roles=("network-manager",)),
)
ACCESS: Final = Access(STAFF)
SANCTIONS: Final = Sanctions(
    "Made up, 2026", (SanctionRow("pupil", "Unkind words", ("bullying",), ("A talk",), in_order=True),)
)
#: An incident in the middle, with a history that is twenty times as long as the others'.
LONG: Final = "I-2026-00002"
_EACH = 20
_LONG = 400
_REGISTERED = 200
_AT_ONCE = 100
_PUPILS = 1500


def person(account: str) -> Actor:
    """One of `STAFF`, at the command line."""
    return actor_of(STAFF, account, "made", "cli")


def _draft(number: int) -> dict[str, object]:
    """A draft of five hits, as a night writes it."""
    name = f"p.example{number % _PUPILS}"
    hits = [
        {"hit_id": f"{number:08x}{each:08x}", "ts": START, "level": "high", "text": f"made text {number}, {each}",
         "source_sha256": "0" * 64, "line": number * 10 + each, "raw": b"made line " * 20, "category": "bullying",
         "rule_id": "bullying-made", "field": "search_text", "host": "www.example.org"}
        for each in range(5)
    ]  # fmt: skip
    return {
        "draft_id": f"{number:016x}", "evidence_sha256": f"{number:064x}", "level": "high", "category": "bullying",
        "categories": ["bullying"], "route": "pupil-inappropriate", "site": "main",
        "day": (START + timedelta(minutes=10 * number)).date(), "subject": f"person:{name}", "subject_kind": "person",
        "subject_name": name, "who": "authenticated", "what": "typed", "role": "pupil", "class": "8B", "lesson": "",
        "first_ts": START, "last_ts": START, "reasons": ["typed"], "facts": [], "hits": hits, "around": [],
    }  # fmt: skip


def _story(number: int) -> list[Said]:
    """What happens to one incident: nineteen actions, most incidents are over in the end."""
    steps = [said("step", route="pupil-inappropriate", step="record", note=f"Noted {each}.") for each in range(7)]
    notes = [said("note", text=f"A made note {each} of {number}.") for each in range(8)]
    end = [said("close", outcome="support", reason="Made up.", debrief="Made up.")] if number % 10 else [notes[0]]
    return [said("view", what="all"), said("review"), said("confirm", reason="Made up."), *steps, *notes, *end]


def fill(book: Casebook, count: int) -> int:
    """Make them; how many actions there are in the end, never fewer than asked for."""
    made = _registers(book, max(1, count // _REGISTERED))
    cases = -(-(count - made - _LONG) // _EACH)
    for first in range(0, cases, _AT_ONCE):
        with book.changing() as writer:
            for number in range(first, min(first + _AT_ONCE, cases)):
                _one(writer, number)
    return made + _LONG + cases * _EACH


def _one(writer: Writer, number: int) -> None:
    at, author = START + timedelta(minutes=10 * number), person("d.example")
    incident = f"I-2026-{number + 1:05}"
    case: Case = opened(writer.append(drafted("drafted", _draft(number)), incident, author, at))
    more = [said("note", text=f"Once more {each}.") for each in range(_LONG)] if incident == LONG else []
    first, *rest = _story(number)
    for each in (first, *more, *rest):
        case = applied(case, writer.append(each, incident, author, at))
    writer.keep(case, new=True)


def _registers(book: Casebook, count: int) -> int:
    """So many requests that were decided and so many checks, all looked at once; how many actions that took."""
    lead, network = person("d.example"), person("n.example")
    for each in range(count):
        at = START + timedelta(hours=each)
        site = f"site{each}.example.org"
        change = registering.ask(book, network, site, "allow", "For a made lesson.", at)
        registering.decide(book, lead, change.id, "refuse", "Made up.", at, today=at.date())
        facts = {"host": site, "device_type": "tablet", "site": "main", "group": "Year 8", "result": "blocked",
                 "tried_at": at}  # fmt: skip
        check = registering.enter_check(book, network, facts, {"tried": "A page", "user": None, "device": None}, at)
        for about in (change.id, check.id):
            registering.look(book, lead, about, at)
    return 5 * count
