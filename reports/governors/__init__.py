"""The termly report for governors: totals without names, with small numbers hidden, and how complete the logs are.

In: the tables without names and the term. Out: one HTML file that needs nothing else. It refuses figures that
contradict each other (`checks.sql`), and it prints no number that `suppress` has not let through.
"""

from __future__ import annotations

from reports.governors.figures import LEVELS_BY_DAY, GovernorsContext, GovernorsTables, figures
from reports.governors.view import is_provisional, made_in_words, report_view, term_in_words
from reports.page import environment

__all__ = ["LEVELS_BY_DAY", "GovernorsContext", "GovernorsTables", "render"]


def render(tables: GovernorsTables, context: GovernorsContext) -> str:
    """The page; the same input gives the same page.

    Raises `InvariantError` for figures that contradict each other, `ValueError` for a threshold under 3 or a
    `made_at` without a zone.
    """
    view = report_view(figures(tables, context), context)
    template = environment().get_template("governors/template.html")
    return template.render(
        view=view,
        school=context.school,
        term=context.term,
        dates=term_in_words(context),
        made=made_in_words(context),
        provisional=is_provisional(context),
        threshold=context.threshold,
    )
