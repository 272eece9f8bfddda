"""One action of a person: may they, is it possible, then it is written.

In: who, what, when. Out: the case as it is then. Raises `CasebookError` (or `kinds.Refused`) with nothing changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from casebook.access import Access, Actor
from casebook.case import STAFF_ROUTES, Case, applied, opened, refuse_wrong_state
from casebook.illegal import ILLEGAL, brings_illegal
from casebook.kinds import PARTS, PERSON_KINDS, CasebookError, Refused, Said, said
from casebook.response.routes import Route
from casebook.store import Casebook, Writer, case_of
from pipeline.school.accounts import written_name

#: Grown-ups tell of what was done to them at school; so many years ago nobody who tells was born.
_LIFETIME: Final = 100


def act(
    book: Casebook, access: Access, routes: dict[str, Route], actor: Actor, incident: str, what: Said, at: datetime,
    categories: Mapping[str, str] | None = None,
) -> Case:  # fmt: skip
    """Take one action about one incident. `categories` of the watchlists, with their routes: no other can be named."""
    chosen = _with_category(what, categories or {})
    with book.changing() as writer:
        return _taken(writer, access, routes, actor, incident, chosen, at)


def _with_category(what: Said, categories: Mapping[str, str]) -> Said:
    """A category stays for good and stands in every export: it is one of the watchlists, and no other text."""
    if "category" not in what.facts:
        return what
    category = what.facts["category"]
    _refuse_unknown_words(category, tuple(sorted(categories)), "category of the watchlists")
    return replace(what, facts={**what.facts, "illegal": True}) if categories[category] == ILLEGAL else what


def _taken(
    writer: Writer, access: Access, routes: dict[str, Route], actor: Actor, incident: str, what: Said, at: datetime
) -> Case:
    case = case_of(writer.connection, incident)
    access.refuse(actor, case, what, routes)
    refuse_wrong_state(case, what)
    access.refuse_alone(actor, case, what)
    what = _tidied(what, access, case)
    _refuse_unknown_step(what, routes, case)
    _refuse_unknown_answer(what, routes, case)
    return _written(writer, case, actor, what, at)


def _written(writer: Writer, case: Case, actor: Actor, what: Said, at: datetime) -> Case:
    acted = writer.append(what, case.id, actor, at)
    after = applied(case, acted)
    writer.keep(after)
    return after


def _refuse_unknown_step(what: Said, routes: dict[str, Route], case: Case) -> None:
    if what.kind != "step":
        return
    route = routes.get(what.facts["route"])
    if route is None or what.facts["step"] not in {each.id for each in route.steps}:
        raise CasebookError(
            f"the route {what.facts['route']!r} has no step {what.facts['step']!r}.",
            remedy=f"See them with: esafety incident show {case.id}",
        )


def _refuse_unknown_answer(what: Said, routes: dict[str, Route], case: Case) -> None:
    """Answers are kept for good and hold nothing personal: they are words of the route, and no others."""
    if what.kind != "answer":
        return
    route, question = what.facts["route"], what.facts["question"]
    step = routes[route].questions.get(question)
    if step is None:
        remedy = f"See them with: esafety incident show {case.id}"
        raise CasebookError(f"the route {route!r} does not ask {question!r}.", remedy=remedy)
    _refuse_unknown_words(what.facts["answer"], step.answers, f"answer to {question!r}")


def _tidied(what: Said, access: Access, case: Case) -> Said:
    """People are known by their accounts as the logs name them, and are of the kind that the school's lists say."""
    if "person" not in what.content:
        return what
    written = what.content["person"]
    if what.kind != "party":
        # Whoever was entered by a name that nobody had is taken out by that name.
        entered = written_name(written)
        person = entered if entered in case.parties else access.meant(written, "unknown")[0]
        return replace(what, content={**what.content, "person": person})
    _refuse_unknown_words(what.content["part"], PARTS, "part")
    _refuse_unknown_words(what.content["person_kind"], PERSON_KINDS, "kind of person")
    person, kind = access.meant(written, what.content["person_kind"])
    return replace(what, content={**what.content, "person": person, "person_kind": kind})


def _refuse_unknown_words(word: str, known: tuple[str, ...], what: str) -> None:
    if word not in known:
        raise CasebookError(f"{word!r} is no {what}.", remedy=f"Write one of {', '.join(known)}.")


def report(
    book: Casebook, access: Access, actor: Actor, facts: Mapping[str, Any], content: Mapping[str, Any], at: datetime
) -> Case:
    """Enter what people have reported: a new incident, whoever may see it then. What may be illegal takes its route.

    `at` is in the school's time.
    """
    if not actor.roles - {"governor"}:
        raise Refused("governors keep no cases.", remedy="Tell the DSL.")
    if brings_illegal(facts) and facts["route"] not in {ILLEGAL, *STAFF_ROUTES}:
        remedy = "Leave --route out; or take one for staff, if it is about them."
        raise CasebookError(f"{facts['category']!r} may be illegal: it has a route of its own.", remedy=remedy)
    _refuse_strange_day(date.fromisoformat(facts["day"]), at.date())
    parties = []
    for each in content.get("parties", ()):
        _refuse_unknown_words(each["part"], PARTS, "part")
        _refuse_unknown_words(each["kind"], PERSON_KINDS, "kind of person")
        person, kind = access.meant(each["person"], each["kind"])
        parties.append({**each, "person": person, "kind": kind})
    what = said("reported", **facts, **{**content, "parties": parties})
    with book.changing() as writer:
        acted = writer.append(what, writer.new_id("I", at), actor, at)
        case = opened(acted)
        writer.keep(case, new=True)
        return case


def _refuse_strange_day(day: date, today: date) -> None:
    """What people tell of has happened, within the life of somebody who can tell of it. A slip stays for good."""
    if day > today:
        raise CasebookError(f"{day} is still to come.", remedy="Write the day on which it happened.")
    if day.year < today.year - _LIFETIME:
        remedy = f"Write the day on which it happened: {today.year - _LIFETIME} at the earliest."
        raise CasebookError(f"{day} is too long ago.", remedy=remedy)


def merge(
    book: Casebook, access: Access, routes: dict[str, Route], actor: Actor, incident: str, into: str, reason: str,
    at: datetime,
) -> Case:  # fmt: skip
    """Let one incident become part of another, which keeps both histories; the other as it is then."""
    if incident == into:
        raise CasebookError(f"{incident} cannot be merged into itself.")
    with book.changing() as writer:
        target = case_of(writer.connection, into)
        merged = _taken(writer, access, routes, actor, incident, said("merge", into=into, reason=reason), at)
        parties = [asdict(each) for each in merged.parties.values()]
        what = said("merged-from", origin=incident, parties=parties, reason=reason, illegal=merged.withheld)
        access.refuse(actor, target, what, routes)
        refuse_wrong_state(target, what)
        return _written(writer, target, actor, what, at)


def reveal(
    book: Casebook, access: Access, routes: dict[str, Route], actor: Actor, incident: str, reason: str, minutes: int,
    at: datetime,
) -> Case:  # fmt: skip
    """Open the names of one incident to one person for some minutes."""
    until = (at + timedelta(minutes=minutes)).isoformat(timespec="seconds")
    return act(book, access, routes, actor, incident, said("reveal", until=until, reason=reason), at)


def answer(
    book: Casebook, access: Access, routes: dict[str, Route], actor: Actor, incident: str, question: str, word: str,
    note: str | None, at: datetime,
) -> Case:  # fmt: skip
    """Answer a question of the route that the incident is on."""
    with book.changing() as writer:
        route = case_of(writer.connection, incident).route
        what = said("answer", route=route, question=question, answer=word, note=note)
        return _taken(writer, access, routes, actor, incident, what, at)


def names_open(case: Case, actor: Actor, at: datetime) -> bool:
    """Whether names are open to the actor now."""
    until = case.revealed.get(actor.account)
    return until is not None and datetime.fromisoformat(until) > at
