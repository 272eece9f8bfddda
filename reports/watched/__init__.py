"""The page for parents and pupils: what is looked for and why, out of the lists and settings that are in use.

In: the categories, and how long what is kept. Out: one HTML file that needs nothing else.
It names no word and no site of any list: who knows them can avoid them, and most of them are better not read at home.
Refuses a category whose four-Cs area has no name here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from pipeline.errors import InvariantError
from pipeline.watchlist import Category
from reports.dates import long_date
from reports.page import environment

#: The four areas of risk, in the order of the page, each with what it means to a parent.
_AREAS = {
    "content": ("Content", "what somebody sees or reads"),
    "contact": ("Contact", "who somebody is in touch with"),
    "conduct": ("Conduct", "what somebody does or says"),
    "commerce": ("Commerce", "money, gambling and cheating"),
}
#: What follows from the severity of a category at its worst.
_FOLLOWS = {
    "urgent": "Read first, on the next school morning at the latest.",
    "high": "Read by the safeguarding lead each school morning.",
    "medium": "Read by the safeguarding lead each school morning.",
    "low": "Counted. Read only beside something more serious.",
    "record": "Counted. Nobody reads it by itself.",
}
_HELP = "A good sign: it is never held against anybody."


@dataclass(frozen=True)
class WatchedContext:
    """What the page is about."""

    school: str
    today: date
    categories: Iterable[Category]
    #: How many days events and the lines of the log are kept.
    events_days: int
    #: Whether long lists of sites are in use besides the rules.
    has_long_lists: bool
    #: The languages besides English of which the lists hold anything.
    languages: tuple[str, ...] = ()
    #: Whether words are weighed together where none says enough.
    weighs_words: bool = False


def render(context: WatchedContext) -> str:
    """The page; the same input gives the same page. Raises `InvariantError`."""
    template = environment().get_template("watched/template.html")
    return template.render(
        school=context.school,
        day=long_date(context.today),
        areas=_areas(context.categories),
        days=f"{context.events_days:,}",
        long_lists=context.has_long_lists,
        weighed=context.weighs_words,
        languages=_in_a_row(context.languages),
    )


def _in_a_row(names: tuple[str, ...]) -> str:
    """`Arabic, Polish and Welsh`."""
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def _areas(categories: Iterable[Category]) -> list[tuple[str, str, list[tuple[str, str, str]]]]:
    known = list(categories)
    strange = sorted({each.four_cs for each in known} - set(_AREAS))
    if strange:
        raise InvariantError(f"the page has no name for the areas {', '.join(strange)}.", path="watched")
    areas = []
    for area, (name, about) in _AREAS.items():
        here = sorted(
            (each for each in known if each.four_cs == area), key=lambda each: (each.help_seeking, each.title)
        )
        rows = [(each.title, each.meaning, _HELP if each.help_seeking else _FOLLOWS[each.severity]) for each in here]
        if rows:
            areas.append((name, about, rows))
    return areas
