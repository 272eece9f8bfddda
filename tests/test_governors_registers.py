"""What the governors' report says of filter-change requests and filter checks: counts that add up, and no name."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from casebook.filtering.filterchanges import FilterChange
from casebook.filtering.filterchecks import FilterCheck
from casebook.filtering.registerfigures import CHANGES, CHECKS, FLIPPED, Registers, registers_of
from casebook.filtering.unexplained import Finding, findings, flips_of
from pipeline.errors import InvariantError
from reports import governors
from reports.governors.figures import Requests
from reports.governors.registers import requests_in_words
from tests import made_term as made
from tests.made_drafts import LONDON
from tests.made_pages import HOSTILE, Page

ASKED = datetime(2026, 10, 5, 9, tzinfo=UTC)
TODAY = date(2026, 12, 1)


def request(hours: float | None = None, **more: Any) -> FilterChange:
    decided = ASKED + timedelta(hours=hours) if hours is not None else None
    whole = FilterChange(
        "F",
        "jo.example.org",
        below=True,
        wanted="allow",
        asked_at=ASKED,
        askers=frozenset({"jo.teacher"}),
        decided_at=decided,
    )
    return replace(whole, **more)


def check(**more: Any) -> FilterCheck:
    whole = FilterCheck(
        "C", "test.example", "tablet", "main", "year 7", "blocked", ASKED, ASKED, "n.network", "jo.pupil"
    )
    return replace(whole, **more)


def flip(on_record: str, since: date = date(2026, 10, 5)) -> Finding:
    return Finding("example.org", "blocked", since - timedelta(1), "allowed", since, 41, 12, on_record, "")


AGREED: dict[str, Any] = {"state": "agreed", "agreed_at": ASKED, "agreed_by": "d.lead"}
REQUESTS = [
    request(2, decision="allow", effect="seen", **AGREED), request(4, decision="allow", effect="partly", **AGREED),
    request(30, decision="block", effect="not-seen", **AGREED), request(100, decision="allow", state="decided"),
    request(1, decision="refuse", state="refused"), request(), request(state="withdrawn", ended_at=ASKED),
    request(7, decision="block", effect="already", **AGREED | {"state": "withdrawn"}),
    request(9, decision="block", effect="no-traffic", **AGREED),
    # Asked in another term.
    replace(request(), asked_at=ASKED - timedelta(days=200)),
]  # fmt: skip
TRIED = [
    check(trace="agrees"), check(trace="differs"), check(result="allowed", trace="none"), check(result="warned"),
    check(group="staff", device_type="laptop"), replace(check(), tried_at=ASKED - timedelta(days=200)),
]  # fmt: skip
FOUND = [flip("none"), flip("alone"), flip("settled"), flip("none", date(2026, 1, 9))]


def page(registers: Registers | None) -> Page:
    return Page(governors.render(made.tables(made.a_term(), registers=registers), made.context()))


def said(found: Page) -> dict[str, str]:
    """The lines of the section, by their words."""
    section = found.html.split("and filter checks</h2>")[1].split("</section>")[0]
    rows = section.split("<div><dt>")[1:]
    return {row.split("</dt>")[0]: row.split("<dd>")[1].split("</dd>")[0] for row in rows}


def test_what_became_of_the_requests_of_a_term() -> None:
    told = said(page(registers_of(REQUESTS, TRIED, FOUND, LONDON, TODAY)))
    assert list(told.values()) == ["9", "3", "3", "1", "1", "1", "7 hours", "1", "2", "1", "1", "2", "2"]
    assert told["Allowed or blocked without a second person"] == "1"
    assert told["Half of them were decided within"] == "7 hours"
    assert told["Sites allowed or blocked otherwise than before, with no settled request"] == "2"


def test_checks_by_place_device_and_group() -> None:
    found = page(registers_of(REQUESTS, TRIED, FOUND, LONDON, TODAY))
    assert found.tables["sources checks"].rows[1:] == [
        ["main, laptop, staff", "1", "1", "0", "0", "0", "0"],
        ["main, tablet, year 7", "4", "2", "1", "1", "1", "1"],
    ]


def test_nobody_and_no_site_is_in_it() -> None:
    html = page(registers_of(REQUESTS, TRIED, FOUND, LONDON, TODAY)).html
    assert not [name for name in ("jo.", "n.network", "d.lead", "example.org", "test.example") if name in html]


def test_questions_follow_from_what_is_wrong_and_from_nothing_else() -> None:
    text = page(registers_of(REQUESTS, TRIED, FOUND, LONDON, TODAY)).text
    raised = (
        "no settled request",
        "one person alone",
        "do not show in the logs",
        "left no trace",
        "say something else",
    )
    assert [each for each in raised if each not in text] == []
    clean = registers_of([REQUESTS[0]], [check(trace="agrees")], [flip("settled")], LONDON, TODAY)
    questions = page(clean).html.split("<ol>")[1]
    assert not [each for each in ("treats some sites", "one person alone", "left no trace") if each in questions]
    assert "No filter check was entered" in page(Registers()).html.split("<ol>")[1]


def test_a_term_without_any_request_says_so_and_a_casebook_that_is_away_is_not_taken_for_one() -> None:
    assert said(page(Registers())) == {
        "Requests": "none", "Sites allowed or blocked otherwise than before, with no settled request": "0",
    }  # fmt: skip
    away = page(None)
    assert said(away) == {}
    assert "could not be read" in away.text
    assert "No filter check was entered" not in away.text


@pytest.mark.parametrize(("hours", "words"), [
    (None, "none was decided"), (0.2, "an hour"), (1.4, "1 hour"), (47.0, "47 hours"), (72.0, "3 days"),
])  # fmt: skip
def test_a_time_is_told_in_what_people_count_in(hours: float | None, words: str) -> None:
    told = dict(requests_in_words(Requests(1, 1, 0, 0, 0, 0, 0, hours, 1, 0, 0, 0, 0)))
    assert told["Half of them were decided within"] == words


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_groups_are_only_text(text: str) -> None:
    found = page(registers_of([], [check(site=text, group=text)], [], LONDON, TODAY))
    plain = page(registers_of([], [check()], [], LONDON, TODAY))
    assert [tag for tag, _ in found.tags] == [tag for tag, _ in plain.tags]


def test_requests_that_came_out_in_no_way_stop_the_page() -> None:
    odd = pl.DataFrame([(ASKED.date(), "perhaps", "asked", None, False, "")], schema=CHANGES, orient="row")
    with pytest.raises(InvariantError, match="each request came out in one way"):
        page(Registers(changes=odd))


def test_an_empty_register_has_all_columns() -> None:
    empty = registers_of([], [], [], LONDON, TODAY)
    assert (empty.changes.schema, empty.checks.schema, empty.flips.schema) == (CHANGES, CHECKS, FLIPPED)


def test_what_nights_have_noted_is_held_against_the_register_of_today() -> None:
    earlier, later = flip("none").as_data(), flip("none").as_data() | {"requests": 90}
    flips = flips_of([later, earlier])
    assert flips["requests"].to_list() == [90]
    settled = request(2, decision="allow", host="example.org", **AGREED)
    assert [each.on_record for each in findings(flips, [settled])] == ["settled"]
    assert [each.on_record for each in findings(flips_of([]), [settled])] == []
