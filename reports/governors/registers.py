"""The registers of filter changes and filter checks, in words.

In: the true figures. Out: words and numbers, and rows. Nothing is hidden here: these count what staff did with the
filter, and sites, never what a pupil did.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reports.governors.layout import CheckRow
from reports.page import counted, grouped

if TYPE_CHECKING:
    from reports.governors.figures import Check, Requests

_DAY_HOURS: Final = 24
#: Up to so many hours a time is told in hours.
_IN_HOURS: Final = 48


def requests_in_words(requests: Requests | None) -> tuple[tuple[str, str], ...]:
    """What became of the requests of the term; nothing where the register is not known."""
    if requests is None:
        return ()
    unexplained = (
        "Sites allowed or blocked otherwise than before, with no settled request", grouped(requests.unexplained)
    )  # fmt: skip
    if not requests.asked:
        return (("Requests", "none"), unexplained)
    return (
        ("Requests", grouped(requests.asked)),
        ("Decided: the site is allowed", grouped(requests.allowed)),
        ("Decided: the site is blocked", grouped(requests.blocked)),
        ("Refused", grouped(requests.refused)),
        ("Not decided yet", grouped(requests.waiting)),
        ("Taken back before they were decided", grouped(requests.taken_back)),
        ("Half of them were decided within", _time(requests.median_hours)),
        ("Allowed or blocked without a second person", grouped(requests.without_second)),
        ("The logs show that the filter does what was decided", grouped(requests.seen)),
        ("The filter does it only in part", grouped(requests.partly)),
        ("The filter does not do it", grouped(requests.not_seen)),
        ("Not known: too early, or nobody went there since", grouped(requests.not_known)),
        unexplained,
    )


def _time(hours: float | None) -> str:
    if hours is None:
        return "none was decided"
    if hours < 1:
        return "an hour"
    if hours <= _IN_HOURS:
        return counted(round(hours), "hour", "hours")
    return f"{hours / _DAY_HOURS:.0f} days"


def check_rows(checks: tuple[Check, ...]) -> tuple[CheckRow, ...]:
    """One row for each place, device type and user group that was checked."""
    return tuple(
        CheckRow(
            f"{each.site}, {each.device_type}, {each.person_group}", grouped(each.checks), grouped(each.blocked),
            grouped(each.allowed), grouped(each.other), grouped(each.differs), grouped(each.no_trace),
        )
        for each in checks
    )  # fmt: skip


def questions_of_registers(requests: Requests | None, checks: tuple[Check, ...]) -> list[str]:
    """What the registers give reason to ask."""
    raised = []
    if requests is not None and requests.unexplained:
        raised.append(
            "The filter treats some sites otherwise than before, and no request for it was settled. Was it its maker, "
            "or somebody in school, and who looks?"
        )
    if requests is not None and requests.without_second:
        raised.append("Changes of the filter were decided by one person alone. Why was there no second?")
    if requests is not None and requests.not_seen:
        raised.append("Some decisions about the filter do not show in the logs. Were they ever put into the filter?")
    if requests is not None and not checks:
        raised.append(
            "No filter check was entered this term. Was the filter tried on each kind of device, and by whom?"
        )
    if any(each.no_trace for each in checks):
        raised.append("Some filter checks left no trace in any log. Which devices are not logged, and is that meant?")
    if any(each.differs for each in checks):
        raised.append("In some filter checks the logs say something else than people saw. Has anybody found out why?")
    return raised
