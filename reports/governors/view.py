"""The governors' report in words: what the template lays out.

In: the true figures and the term. Out: a frozen `ReportView` of plain text. It refuses to pass on any number of flagged
events or of drafts that is small; every rate and share is worked out from numbers that are printed as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pipeline.schema import LEVELS
from reports.dates import local, moment_in_words, short_date
from reports.governors.breakdown import ADULTS, Breakdown, break_down
from reports.governors.layout import AreaRow, CategoryRow, Cell, GroupRow, KeyFigure, ReportView, SourceRow
from reports.governors.questions import questions
from reports.governors.registers import check_rows, requests_in_words
from reports.page import counted, grouped, year_in_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reports.governors.figures import Figures, GovernorsContext, Group, Source

_VERDICTS: Final = {"blocked": "Blocked", "warned": "Warned", "allowed": "Allowed", "other": "Not known"}
_AREAS: Final = {
    "content": ("Content", "What was seen: illegal, harmful or unsuitable material."),
    "contact": ("Contact", "Being reached by others who may do harm, such as grooming."),
    "conduct": ("Conduct", "How somebody behaves online, such as bullying or getting round the filter."),
    "commerce": ("Commerce", "Money: gambling, scams, unsuitable advertising."),
    "": ("Not assigned", "Categories that no watchlist explains any more."),
}


def report_view(figures: Figures, context: GovernorsContext) -> ReportView:
    """Hide what is small, then put everything into words."""
    # Looking for help is no concern: it is counted by itself.
    helping = {each.id for each in context.categories.values() if each.help_seeking}
    parts = break_down(figures, context.threshold, apart=helping)
    total = sum(parts.totals.values())
    levels = _levels(figures, parts, context, total)
    return ReportView(
        key_figures=_key_figures(figures, parts, context, total),
        categories=_category_rows(parts, context),
        total=grouped(total),
        verdict_names=tuple(_VERDICTS[each] for each in parts.verdicts),
        verdict_totals=tuple(_cell(each) for each in parts.by_verdict.column_totals),
        verdicts_withheld=_titles(_withheld(parts.categories, parts.by_verdict.withheld), context),
        group_names=tuple(_group_name(each) for each in parts.groups),
        group_totals=tuple(_cell(each) for each in parts.by_group.column_totals),
        groups_withheld=_titles(_withheld(parts.categories, parts.by_group.withheld), context),
        small=_titles(parts.small, context),
        none=_titles(set(context.categories) - {*parts.totals, *parts.small, *helping}, context),
        help=tuple((_title(each, context), _few(_total(figures, each), context)) for each in sorted(helping)),
        by_group=_group_rows(parts, context),
        areas=_area_rows(parts, context),
        levels=levels,
        levels_total="" if any(cell.hidden for _, cell in levels) else grouped(sum(figures.drafts.values())),
        software=_few(figures.software, context),
        sources=tuple(_source_row(each) for each in figures.sources),
        looked_at=_looked_at(context),
        traffic=_traffic(figures, context),
        requests=requests_in_words(figures.requests),
        checks=check_rows(figures.checks),
        questions=questions(figures, parts),
    )


def _levels(figures: Figures, parts: Breakdown, context: GovernorsContext, total: int) -> tuple[tuple[str, Cell], ...]:
    """Drafts of each level. Each draft rests on a flagged event: more drafts than printed events would tell something
    of the categories that are not printed, and then none of these numbers is."""
    telling = bool(parts.small) and sum(figures.drafts.values()) > total
    return tuple(
        (level.capitalize(), _cell(None if telling else _small(figures.drafts.get(level, 0), context)))
        for level in LEVELS
    )


def rate(events: int, days: int) -> str:
    """Events for each 1,000 pupil-days, to one decimal."""
    return f"{1000 * events / days:,.1f}" if days else "not known"


def share(part: int, whole: int) -> str:
    """A percentage that never rounds something to nothing, nor almost all to all."""
    if not whole:
        return "none"
    percent = 100 * part / whole
    if 0 < percent < 1:
        return "under 1%"
    return "over 99%" if 99 < percent < 100 else f"{percent:.0f}%"


def _small(number: int, context: GovernorsContext) -> int | None:
    return None if 0 < number < context.threshold else number


def _few(number: int, context: GovernorsContext) -> str:
    shown = _small(number, context)
    return f"fewer than {context.threshold}" if shown is None else grouped(shown)


def _total(figures: Figures, category: str) -> int:
    return sum(events for key, events in figures.flags.items() if key[0] == category)


def _cell(number: int | None) -> Cell:
    return Cell("", hidden=True) if number is None else Cell(grouped(number), zero=number == 0)


def _title(category: str, context: GovernorsContext) -> str:
    return context.categories[category].title if category in context.categories else category


def _titles(categories: Iterable[str], context: GovernorsContext) -> str:
    return ", ".join(sorted(_title(each, context) for each in categories))


def _besides(small: Sequence[str], context: GovernorsContext) -> str:
    if not small:
        return ""
    each = "" if len(small) == 1 else " each"
    return f"{counted(len(small), 'category', 'categories')} with fewer than {context.threshold} events{each}"


def _withheld(categories: Sequence[str], withheld: Sequence[bool]) -> list[str]:
    return [each for each, yes in zip(categories, withheld, strict=True) if yes]


def _group_name(group: Group | None) -> str:
    return year_in_words(group.name) if group else "No group known"


def _pupils(parts: Breakdown, threshold: int) -> tuple[int, int, int]:
    """Events and pupil-days of the year groups that have named pupils and a sum that is printed, and how many have not.

    Both from the same groups: events of staff or of nobody have no pupil-days to be divided by.
    """
    groups = [
        (each, total)
        for each, total in zip(parts.groups, parts.by_group.column_totals, strict=True)
        if each and each.name not in ADULTS and _has_days(each, threshold)
    ]
    shown = [(each.person_days, total) for each, total in groups if total is not None]
    return sum(total for _, total in shown), sum(days for days, _ in shown), len(groups) - len(shown)


def _has_days(group: Group, threshold: int) -> bool:
    """Beside a class login there may be very few named people, whose days would be about them."""
    return group.person_days >= threshold


def _area(category: str, context: GovernorsContext) -> str:
    return context.categories[category].four_cs if category in context.categories else ""


def _category_rows(parts: Breakdown, context: GovernorsContext) -> tuple[CategoryRow, ...]:
    longest = max(parts.totals.values(), default=0)
    return tuple(
        CategoryRow(
            title=_title(category, context),
            area=_AREAS[_area(category, context)][0],
            total=grouped(parts.totals[category]),
            bar=round(100 * parts.totals[category] / longest),
            verdicts=tuple(_cell(each) for each in parts.by_verdict.cells[place]),
            groups=tuple(_cell(each) for each in parts.by_group.cells[place]),
        )
        for place, category in enumerate(parts.categories)
    )


def _group_rows(parts: Breakdown, context: GovernorsContext) -> tuple[GroupRow, ...]:
    return tuple(
        _group_row(group, total, context)
        for group, total in zip(parts.groups, parts.by_group.column_totals, strict=True)
    )


def _group_row(group: Group | None, total: int | None, context: GovernorsContext) -> GroupRow:
    if group is None or not _has_days(group, context.threshold):
        return GroupRow(_group_name(group), _cell(total), "class logins" if group else "not known", "not known")
    days = group.person_days
    return GroupRow(
        _group_name(group), _cell(total), grouped(days), "not shown" if total is None else rate(total, days)
    )


def _area_rows(parts: Breakdown, context: GovernorsContext) -> tuple[AreaRow, ...]:
    rows = []
    for area, (title, meaning) in _AREAS.items():
        here = [each for each in parts.categories if _area(each, context) == area]
        small = [each for each in parts.small if _area(each, context) == area]
        besides = _besides(small, context)
        if here or small or area:
            total = grouped(sum(parts.totals[each] for each in here))
            rows.append(AreaRow(title, meaning, total, _titles(here, context), besides))
    return tuple(rows)


def _source_row(source: Source) -> SourceRow:
    name = f"{source.source} ({source.site})" if source.site else source.source
    missing = f"{grouped(source.missing_hours)} ({share(source.missing_hours, source.hours)})"
    return SourceRow(
        name=name,
        hours=grouped(source.hours) if source.hours else "not expected",
        missing=missing if source.hours else "not counted",
        days=grouped(source.missing_days) if source.hours else "not counted",
        records=grouped(source.records),
        rejects=f"{grouped(source.rejects)} ({share(source.rejects, source.records)})" if source.rejects else "0",
    )


def _traffic(figures: Figures, context: GovernorsContext) -> tuple[tuple[str, str], ...]:
    traffic = figures.traffic
    return (
        ("Events read in the term", _few(traffic.events, context)),
        ("Events that name no person and no class", share(traffic.nobody, traffic.events)),
        ("Events that name only the site, not the page", share(traffic.host_only, traffic.events)),
    )


def _key_figures(figures: Figures, parts: Breakdown, context: GovernorsContext, total: int) -> tuple[KeyFigure, ...]:
    hours = sum(each.hours for each in figures.sources)
    missing = sum(each.missing_hours for each in figures.sources)
    broken_down = sum(
        row
        for row, withheld in zip(parts.by_verdict.row_totals, parts.by_verdict.withheld, strict=True)
        if not withheld
    )
    return (
        KeyFigure(
            grouped(total),
            "flagged events",
            f"besides {_besides(parts.small, context)}" if parts.small else "in all categories",
        ),
        _rate_of_pupils(parts, context.threshold),
        KeyFigure(
            "hidden" if parts.allowed is None else share(parts.allowed, broken_down),
            "of them allowed by the filter",
            "the rest was blocked, warned of, or its outcome is not known",
        ),
        KeyFigure(
            share(missing, hours) if hours else "not known",
            "of school hours without a log",
            f"{grouped(missing)} of {grouped(hours)} hours, all sources together{_since(context)}"
            if hours
            else "no hours in which a log was expected",
        ),
    )


def _rate_of_pupils(parts: Breakdown, threshold: int) -> KeyFigure:
    events, days, unseen = _pupils(parts, threshold)
    if not days:
        return KeyFigure("not known", "events of pupils for each 1,000 pupil-days", "no year group can be shown")
    without = f"; without {counted(unseen, 'year group whose sum is hidden', 'year groups whose sums are hidden')}"
    return KeyFigure(
        rate(events, days),
        "events of pupils for each 1,000 pupil-days",
        f"{grouped(events)} events of year groups in {grouped(days)} pupil-days{without if unseen else ''}",
    )


def _since(context: GovernorsContext) -> str:
    late = context.logs_from and len(context.days_with_logs) < len(context.school_days)
    return f", since {short_date(context.logs_from)}" if context.logs_from and late else ""


def _looked_at(context: GovernorsContext) -> str:
    if not context.school_days:
        return "No school days were given, so hours without a log cannot be counted."
    days, before = len(context.days_with_logs), len(context.school_days) - len(context.days_with_logs)
    first, last = context.school_hours
    said = f"Logs were expected on {counted(days, 'school day', 'school days')}, {first:02d}:00 to {last + 1:02d}:00."
    if not before or context.logs_from is None:
        return said
    return (
        f"Logs are held from {short_date(context.logs_from)} on. {said} Nothing was collected yet on "
        f"{counted(before, 'school day', 'school days')} of the term before that; no number on this page knows of them."
    )


def term_in_words(context: GovernorsContext) -> str:
    """`1 September 2026 to 18 December 2026`."""
    return f"{short_date(context.first_day)} to {short_date(context.last_day)}"


def made_in_words(context: GovernorsContext) -> str:
    """When the page was made, in the school's time."""
    return moment_in_words(context.made_at, context.timezone)


def is_provisional(context: GovernorsContext) -> bool:
    """Was the page made before the term was over?"""
    return local(context.made_at, context.timezone).date() <= context.last_day
