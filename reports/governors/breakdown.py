"""The two tables of flagged events that may be printed: by what the filter did, and by year group.

In: the true figures and the threshold. Out: a `Breakdown` with its small numbers hidden. It refuses to let a category
with a small total into either table, or a year group of so few people that its numbers would be about one of them.

How the tables hang together, so that none gives another's small numbers away: a category with a small total is in no
other number of the page, not even in a sum. What is left is two tables. They share only the totals of the categories,
which are printed; so each protects its own small numbers, and neither says more about the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reports.governors.suppress import Published, publish

if TYPE_CHECKING:
    from collections.abc import Collection

    from reports.governors.figures import Figures, Group

VERDICTS: Final = ("blocked", "warned", "allowed", "other")
#: Events of nobody in particular, and those of groups that are too small.
NO_GROUP: Final = ""
ADULTS: Final = ("Staff", "Visitors")


@dataclass(frozen=True)
class Breakdown:
    """Categories that may be printed in detail, in the order of their totals, and both tables of them."""

    categories: tuple[str, ...]
    totals: dict[str, int]
    #: Categories with a small total: known to be there, and nothing else.
    small: tuple[str, ...]
    verdicts: tuple[str, ...]
    by_verdict: Published
    groups: tuple[Group | None, ...]
    by_group: Published

    @property
    def allowed(self) -> int | None:
        """The flagged events that the filter let through; `None` where that is hidden."""
        return self.by_verdict.column_totals[self.verdicts.index("allowed")]


def break_down(figures: Figures, threshold: int, *, apart: Collection[str] = ()) -> Breakdown:
    """Decide what may be printed of the flagged events; categories that are told `apart` are in neither table."""
    flags = {key: events for key, events in figures.flags.items() if key[0] not in apart}
    totals: dict[str, int] = {}
    for (category, _, _), events in flags.items():
        totals[category] = totals.get(category, 0) + events
    large = sorted((each for each in totals if totals[each] >= threshold), key=lambda each: (-totals[each], each))
    verdicts = [each for each in VERDICTS if each != "other" or any(key[2] == each for key in flags)]
    groups = [each for each in figures.groups if not too_small(each, threshold)]
    known = {each.name for each in groups}
    cells: dict[tuple[str, str], int] = {}
    for (category, group, verdict), events in flags.items():
        for place in (f"verdict {verdict}", f"group {group if group in known else NO_GROUP}"):
            cells[category, place] = cells.get((category, place), 0) + events
    columns: list[Group | None] = [*groups]
    if any(place == f"group {NO_GROUP}" for _, place in cells):
        columns.append(None)
    places = [f"group {each.name if each else NO_GROUP}" for each in columns]
    return Breakdown(
        categories=tuple(large),
        totals={each: totals[each] for each in large},
        small=tuple(sorted(set(totals) - set(large))),
        verdicts=tuple(verdicts),
        by_verdict=publish(
            [[cells.get((category, f"verdict {each}"), 0) for each in verdicts] for category in large],
            len(verdicts),
            threshold,
        ),
        groups=tuple(columns),
        by_group=publish(
            [[cells.get((category, each), 0) for each in places] for category in large], len(places), threshold
        ),
    )


def too_small(group: Group, threshold: int) -> bool:
    """A class login stands for a whole class; otherwise the busiest day says how many people there are."""
    return group.class_logins == 0 and group.most_people < threshold
