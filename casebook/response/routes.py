"""The response routes: what a school does about a concern, step by step, as data.

In: `routes.toml` as `routetables` has read it, the contacts. Out: the seven routes, each with all its steps in order:
what a step asks, upon which answers it is to be done, whom it names. What is next in a case is for `ahead` to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from casebook.response import routetables
from casebook.response.contacts import Contact, shipped
from casebook.response.routetables import RoutesTable, RouteTable, StepTable

#: Answers that go together: for each question the words of which one is needed.
Answers = tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Step:
    """One thing to do. The `id` is unique within its route and outlives changes of wording."""

    id: str
    by: str
    do: str
    #: Whom to reach for it.
    contacts: tuple[Contact, ...] = ()
    #: The question that the step asks, and the words that answer it.
    ask: str = ""
    answers: tuple[str, ...] = ()
    #: To be done if all answers of one of these were given; without any, always.
    when: tuple[Answers, ...] = ()
    #: Not to be done once one of these answers was given.
    unless: Answers = ()
    #: The route with which the case goes on.
    to: str = ""
    #: Answers to its own question upon which only the closing steps are left.
    ends: tuple[str, ...] = ()
    #: Who has added it to the routes of the program; empty for these.
    layer: str = ""
    #: What layers say beside it: who, and the words.
    words: tuple[tuple[str, str], ...] = ()
    #: One of those with which every route ends.
    closing: bool = False


@dataclass(frozen=True)
class Route:
    """One way of answering a concern, with all its steps in order, the common ones among them."""

    id: str
    title: str
    #: When this route is the right one.
    applies: str
    #: What must not be done; shown before anything else.
    warnings: tuple[str, ...]
    #: Addresses, original lines and what happened around them are kept off every page.
    withhold: bool
    steps: tuple[Step, ...]
    #: Date of the wording, as YYYY-MM-DD.
    version: str
    source: str

    @property
    def leads_to(self) -> tuple[str, ...]:
        """The routes that a step may send the reader to."""
        return tuple(dict.fromkeys(step.to for step in self.steps if step.to))

    @property
    def questions(self) -> dict[str, Step]:
        """The steps that ask, by their questions."""
        return {step.ask: step for step in self.steps if step.ask}


def load_routes(path: Path | None = None, contacts: Mapping[str, Contact] | None = None) -> dict[str, Route]:
    """Every route by its id, in the order of the file; without `path`, the routes that travel with the program.

    `contacts` are whom the steps may name; without it, those that travel with the program. Raises `ConfigError` at the
    first fault.
    """
    known = shipped() if contacts is None else contacts
    document = routetables.load(path, known)
    return {table.id: _route(table, document, known) for table in document.route}


def _route(table: RouteTable, document: RoutesTable, contacts: Mapping[str, Contact]) -> Route:
    begins = [*table.first, *(document.opening if table.opening else []), *table.step]
    return Route(
        id=table.id,
        title=table.title,
        applies=table.applies,
        warnings=tuple(table.warnings),
        withhold=table.withhold,
        steps=(
            *(_step(each, contacts, closing=False) for each in begins),
            *(_step(each, contacts, closing=True) for each in document.closing),
        ),
        version=document.version.isoformat(),
        source=document.source,
    )


def _step(table: StepTable, contacts: Mapping[str, Contact], *, closing: bool) -> Step:
    return Step(
        id=table.id,
        by=table.by,
        do=table.do,
        contacts=tuple(contacts[each] for each in table.contacts),
        ask=table.ask or "",
        answers=tuple(table.answers),
        when=tuple(answers_of(each) for each in table.when),
        unless=answers_of(table.unless),
        to=table.to or "",
        ends=tuple(table.ends),
        closing=closing,
    )


def answers_of(written: Mapping[str, list[str] | tuple[str, ...]]) -> Answers:
    """Answers as a step holds them."""
    return tuple((question, tuple(words)) for question, words in written.items())
