"""The questions that a governor may want to ask, those first that the figures raise.

In: the true figures and what may be printed of them. Out: sentences. It refuses to use a number that is not printed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reports.governors.registers import questions_of_registers
from reports.page import counted

if TYPE_CHECKING:
    from reports.governors.breakdown import Breakdown
    from reports.governors.figures import Figures

_ALWAYS: Final = (
    "Who reads the drafts each school morning, and who does so when that person is away?",
    "When was the filter last tested, on each kind of device and for each group of users, and by whom?",
    "Which changes to the filter were asked for this term, who decided, and was there a second person?",
    "Was anything blocked that teaching needs?",
    "What has changed, in lessons, in policy or in the filter, because of what was learnt?",
    "What do pupils, parents and staff say of being online at school? The logs cannot tell.",
)


def questions(figures: Figures, parts: Breakdown) -> tuple[str, ...]:
    """Questions in the order in which to ask them."""
    raised = []
    missing = [each for each in figures.sources if each.missing_hours]
    if missing:
        names = ", ".join(each.source for each in missing)
        raised.append(f"There are school hours without a log from {names}. What happened, and who noticed?")
    if parts.allowed:
        events = counted(parts.allowed, "flagged event was", "flagged events were")
        raised.append(f"{events} allowed by the filter. For which categories is that right, and for which not?")
    if 10 * figures.traffic.nobody > figures.traffic.events:
        raised.append(
            "More than a tenth of the traffic names nobody. Which devices or networks is that, and is it meant?"
        )
    if 2 * figures.traffic.host_only > figures.traffic.events:
        raised.append(
            "For more than half of the traffic only the name of the site is known. Is that a decision, and whose?"
        )
    if any(each.rejects for each in figures.sources):
        raised.append("Some lines could not be read. Has somebody looked at why?")
    raised += questions_of_registers(figures.requests, figures.checks)
    return (*raised, *_ALWAYS)
