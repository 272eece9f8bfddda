"""What is next on a route, after what was answered and ticked.

In: a route, the answers to its questions, the ids of the steps that are ticked. Out: the steps in their order, each
done, next, waiting or set aside, and the route that the case goes on with. Refuses nothing. Pure: no disk, no clock.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from casebook.response.routes import Answers, Route, Step

State = Literal["done", "next", "waiting", "set-aside"]
#: Whether a condition is met: yes, no, or not known yet.
_Met = Literal["yes", "no", "open"]
#: What counts as asked, and what came of it: its answer, "" if there is none yet, None if it is not asked at all.
_Asked = dict[str, str | None]
_OPEN: Final = ""


@dataclass(frozen=True)
class Ahead:
    """The steps of a route as a case stands. Each list is in the order of the route."""

    states: tuple[tuple[Step, State], ...]
    #: The route that the answers lead to; empty as long as it is this one.
    to: str = ""

    def _in(self, state: State) -> tuple[Step, ...]:
        return tuple(step for step, each in self.states if each == state)

    @property
    def next(self) -> tuple[Step, ...]:
        """What is to be done now."""
        return self._in("next")

    @property
    def waiting(self) -> tuple[Step, ...]:
        """What waits for an answer."""
        return self._in("waiting")

    @property
    def set_aside(self) -> tuple[Step, ...]:
        """What does not apply."""
        return self._in("set-aside")

    @property
    def done(self) -> tuple[Step, ...]:
        """What was answered or ticked."""
        return self._in("done")


def ahead(route: Route, answers: Mapping[str, str], ticked: Collection[str]) -> Ahead:
    """Where a case stands on a route. `answers` are those given on this route, by question; `ticked` are step ids."""
    asked: _Asked = {}
    states: list[tuple[Step, State]] = []
    to, ended, turning = "", False, False
    for step in route.steps:
        met: _Met = "no" if to or (ended and not step.closing) else _met(step, asked)
        # The words of a question may have changed since it was answered.
        answer = answers[step.ask] if answers.get(step.ask) in step.answers and met == "yes" else _OPEN
        if step.ask:
            asked[step.ask] = None if met == "no" else answer
            ended = ended or answer in step.ends
        states.append((step, _state(met, is_done=bool(answer) or step.id in ticked, turning=turning)))
        if step.to:
            to = step.to if met == "yes" else to
            turning = turning or met == "open"
    return Ahead(tuple(states), to)


def _state(met: _Met, *, is_done: bool, turning: bool) -> State:
    # What somebody did stays done, also where the answers of today would not ask for it.
    if is_done:
        return "done"
    if met == "no":
        return "set-aside"
    return "waiting" if met == "open" or turning else "next"


def _met(step: Step, asked: _Asked) -> _Met:
    if any(asked[question] in words for question, words in step.unless):
        return "no"
    found = [_all_met(each, asked) for each in step.when]
    if not found or "yes" in found:
        return "yes"
    return "open" if "open" in found else "no"


def _all_met(wanted: Answers, asked: _Asked) -> _Met:
    """Whether all these answers were given. A question that is not asked is never answered so."""
    given = [(asked[question], words) for question, words in wanted]
    if any(answer != _OPEN and answer not in words for answer, words in given):
        return "no"
    return "open" if any(answer == _OPEN for answer, _ in given) else "yes"
