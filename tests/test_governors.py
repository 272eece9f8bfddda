"""The governors' report: true totals, no small number to be worked out, honest about what is missing, harmless.

Long because one page is looked at from every side, and all sides share one made term.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import InvariantError
from pipeline.schema import ACTIVE, COVERAGE, FACTS, UNITS
from reports import governors
from reports.governors import LEVELS_BY_DAY, GovernorsTables
from reports.governors.view import share
from reports.queries import queries
from tests import made_term as made
from tests.attack import Knowledge
from tests.effort import tries
from tests.made_pages import HOSTILE, Page, assert_harmless, assert_sound

HIDDEN = "•"


def _page(flags: Sequence[made.Flag], tables: dict[str, Any] | None = None, **changes: Any) -> Page:
    return Page(governors.render(made.tables(flags, **(tables or {})), made.context(**changes)))


def _squeezed(page: Page) -> str:
    return re.sub(r"\s+", " ", page.text)


def _number(text: str) -> int | None:
    return None if text == HIDDEN else int(text.replace(",", ""))


# ---------------------------------------------------------------- the attack


@dataclass(frozen=True)
class Outsider:
    """All that can be read off the page about flagged events, and what follows from it."""

    page: Page
    titles: list[str]
    #: (category, column) -> unknown: the counts by category, year group and verdict that nobody sees.
    groups: list[str]
    verdicts: list[str]
    threshold: int

    @property
    def small(self) -> list[str]:
        found = re.search(
            r"left out of every other number here(.*?)(?:No flagged events|Set off)", _squeezed(self.page)
        )
        return [each.strip() for each in found[1].split(",")] if found else []

    def withheld(self, words: str) -> list[str]:
        found = re.search(rf"{words} cannot be shown for (.*?);", _squeezed(self.page))
        return [each.strip() for each in found[1].split(",")] if found else []

    def cells(self, category: int, *, group: int | None = None, verdict: int | None = None) -> list[int]:
        wide = len(self.verdicts)
        return [
            (category * len(self.groups) + g) * wide + v
            for g in range(len(self.groups))
            for v in range(wide)
            if group in {None, g} and verdict in {None, v}
        ]


def _attack(html: str, threshold: int) -> tuple[dict[tuple[str, str], tuple[float, float]], int]:
    """The bounds of every hidden number of flagged events, and how many numbers were printed."""
    page = Page(html)
    by_category, matrix = page.tables["categories"].rows, page.tables["matrix"].rows
    verdicts = by_category[0][3:]
    seen = Outsider(page, [row[0] for row in matrix[1:-1]], matrix[0][1:-1], verdicts, threshold)
    small = seen.small
    knowledge = Knowledge((len(seen.titles) + len(small)) * len(seen.groups) * len(verdicts))
    asked: dict[tuple[str, str], list[int]] = {}

    def learn(name: tuple[str, str], members: list[int], text: str, *, least: int = 1) -> None:
        number = _number(text)
        if number is not None:
            knowledge.equal(members, number)
        else:
            asked[name] = members
            knowledge.at_least(members, least)

    dark_verdicts, dark_groups = seen.withheld("What the filter did"), seen.withheld("Year groups")
    for place, title in enumerate(seen.titles):
        learn((title, "all"), seen.cells(place), by_category[place + 1][1])
        assert matrix[place + 1][-1] == by_category[place + 1][1]
        for column, name in enumerate(verdicts):
            cell = by_category[place + 1][3 + column]
            learn((title, name), seen.cells(place, verdict=column), cell, least=title not in dark_verdicts)
        for column, name in enumerate(seen.groups):
            cell = matrix[place + 1][1 + column]
            learn((title, name), seen.cells(place, group=column), cell, least=title not in dark_groups)
    _learn_sums(seen, knowledge, learn)
    for place, title in enumerate(small, start=len(seen.titles)):
        knowledge.at_least(seen.cells(place), 1)
        knowledge.at_most(seen.cells(place), threshold - 1)
        asked[title, "all"] = seen.cells(place)
    bounds = dict(zip(asked, knowledge.bounds(list(asked.values())), strict=True))
    return bounds, len(knowledge.rows) - len(knowledge.loose)


def _learn_sums(seen: Outsider, knowledge: Knowledge, learn: Callable[[tuple[str, str], list[int], str], None]) -> None:
    by_category, matrix = seen.page.tables["categories"].rows, seen.page.tables["matrix"].rows
    by_group = seen.page.tables["by-group"].rows
    everybody = [unknown for place in range(len(seen.titles)) for unknown in seen.cells(place)]
    learn(("sum", "all"), everybody, by_category[-1][1])
    dark = {name: set(seen.withheld(words)) for name, words in (("v", "What the filter did"), ("g", "Year groups"))}
    for column, name in enumerate(seen.verdicts):
        kept = [place for place, title in enumerate(seen.titles) if title not in dark["v"]]
        members = [unknown for place in kept for unknown in seen.cells(place, verdict=column)]
        learn(("sum", name), members, by_category[-1][3 + column])
    for column, name in enumerate(seen.groups):
        kept = [place for place, title in enumerate(seen.titles) if title not in dark["g"]]
        members = [unknown for place in kept for unknown in seen.cells(place, group=column)]
        learn(("sum", name), members, matrix[-1][1 + column])
        group, total, days, rate = by_group[1 + column]
        assert (group, total) == (name, matrix[-1][1 + column])
        assert (rate not in {"not known", "not shown"}) <= (total != HIDDEN)
        if re.fullmatch(r"[\d,.]+", rate):
            # A rate is a second look at the same number, rounded.
            knowledge.at_most(members, (float(rate.replace(",", "")) + 0.051) * (_number(days) or 0) / 1000)
            knowledge.at_least(members, (float(rate.replace(",", "")) - 0.051) * (_number(days) or 0) / 1000)
    allowed = re.search(r"([\d,]+) flagged events? (?:was|were) allowed", seen.page.text)
    if allowed:
        kept = [place for place, title in enumerate(seen.titles) if title not in dark["v"]]
        column = seen.verdicts.index("Allowed")
        members = [unknown for place in kept for unknown in seen.cells(place, verdict=column)]
        knowledge.equal(members, _number(allowed[1]) or 0)


def _assert_safe(html: str, threshold: int = 5) -> int:
    """How many numbers are hidden; every one of them could be at least `threshold - 1` different ones."""
    if "matrix" not in Page(html).tables:
        return 0
    bounds, _ = _attack(html, threshold)
    narrow = {name: each for name, each in bounds.items() if each[1] - each[0] < threshold - 2 - 1e-6}
    assert not narrow
    return len(bounds)


_SOMETIMES = st.one_of(st.integers(1, 4), st.integers(1, 9), st.integers(10, 90))
_FLAG = st.tuples(
    st.sampled_from(["gaming", "bypass", "gambling", "extremism", "hate"]),
    st.sampled_from(["Year 7", "Year 8", "Year 9", "Year 13", None]),
    st.sampled_from(["pupil", "pupil", "pupil", "staff"]),
    st.sampled_from(["blocked", "allowed", "warned", "error"]),
    st.sampled_from(["typed", "page", "background"]),
    _SOMETIMES,
)


@settings(max_examples=tries(25))
@given(st.lists(_FLAG, min_size=6, max_size=40), st.sampled_from([3, 5, 10]))
def test_no_small_number_can_be_worked_out_from_the_page(flags: list[made.Flag], threshold: int) -> None:
    html = governors.render(made.tables(flags), made.context(threshold=threshold))
    _assert_safe(html, threshold)
    for cell in [each for table in ("categories", "matrix", "by-group") for each in _all_cells(Page(html), table)]:
        assert not 0 < cell < threshold


def _all_cells(page: Page, table: str) -> list[int]:
    columns = {"categories": slice(1, None), "matrix": slice(1, None), "by-group": slice(1, 2)}[table]
    rows = page.tables[table].rows[1:] if table in page.tables else []
    return [int(cell.replace(",", "")) for row in rows for cell in row[columns] if re.fullmatch(r"[\d,]+", cell)]


def test_a_whole_term_is_safe_and_still_worth_reading() -> None:
    html = governors.render(made.tables(made.a_term()), made.context())
    hidden = _assert_safe(html)
    bounds, printed = _attack(html, 5)
    assert hidden == len(bounds) > 10
    assert printed > 4 * hidden


def test_the_attack_sees_what_is_not_protected() -> None:
    """With the protection taken off, the same attack finds the number: the test above would fail."""
    html = governors.render(made.tables(made.a_term()), made.context())
    rows = Page(html).tables["matrix"].rows
    # Two numbers of this row are hidden; one of them is let out.
    row = next(each for each in rows[1:-1] if each[0] == "Getting round the filter")
    column = rows[0].index("Year 12")
    assert [row[column], row.count(HIDDEN)] == [HIDDEN, 2]
    opened = re.sub(
        rf'(>{row[0]}</bdi></th>(?:(?!</tr>).)*?)<td class="number hidden">(?:(?!</td>).)*</td>',
        r'\1<td class="number">4</td>',
        html[html.index('class="matrix"') :],
        count=1,
        flags=re.DOTALL,
    )
    opened = html[: html.index('class="matrix"')] + opened
    assert Page(opened).tables["matrix"].rows[rows.index(row)][column] == "4"
    with pytest.raises(AssertionError):
        _assert_safe(opened)


# ---------------------------------------------------------------- what it says


def test_totals_by_category_verdict_and_year_group_are_true() -> None:
    flags = [
        ("bypass", "Year 7", "pupil", "blocked", "typed", 20),
        ("bypass", "Year 8", "pupil", "allowed", "page", 30),
        ("gaming", "Year 7", "pupil", "blocked", "page", 1_500),
        ("gaming", None, "staff", "warned", "page", 40),
        ("gaming", None, None, "unknown", "host-only", 10),
    ]
    page = _page(flags)
    rows = {row[0]: row[1:] for row in page.tables["categories"].rows}
    assert rows["Category"] == [
        "Events",
        "Compared",
        "Blocked",
        "Warned",
        "Allowed",
        "Not known",
    ]
    assert rows["Games in lessonsConduct"][:6] == ["1,550", "", "1,500", "40", "0", "10"]
    assert rows["Getting round the filterConduct"][:6] == ["50", "", "20", "0", "30", "0"]
    assert rows["Sum of these"][:6] == ["1,600", "", "1,520", "40", "30", "10"]
    matrix = {row[0]: row[1:] for row in page.tables["matrix"].rows}
    assert matrix["Category"] == [*(f"Year {n}" for n in range(7, 13)), "Staff", "No group known", "All"]
    assert matrix["Games in lessons"] == ["1,500", "0", "0", "0", "0", "0", "40", "10", "1,550"]
    assert matrix["Sum"] == ["1,520", "30", "0", "0", "0", "0", "40", "10", "1,600"]


def test_rates_are_for_a_thousand_pupil_days() -> None:
    page = _page([("bypass", "Year 7", "pupil", "blocked", "typed", 1_000)])
    days = 163 * len(made.school_days())
    row = next(row for row in page.tables["by-group"].rows if row[0] == "Year 7")
    assert row == ["Year 7", "1,000", f"{days:,}", f"{1_000_000 / days:,.1f}"]


def test_the_rate_at_the_top_is_of_pupils_and_their_days_alone() -> None:
    flags = [
        ("bypass", "Year 7", "pupil", "blocked", "typed", 1_000),
        ("bypass", "Year 8", "pupil", "blocked", "typed", 500),
        ("bypass", None, "staff", "blocked", "typed", 4_000),
        ("bypass", None, None, "blocked", "typed", 9_000),
        ("bypass", "Year 13", "pupil", "blocked", "typed", 700),
    ]
    page = _page(flags)
    days = len(made.school_days()) * (sum(170 - year for year in range(7, 12)) + 88)
    assert f"{1_500_000 / days:,.1f} events of pupils for each 1,000 pupil-days" in _squeezed(page)
    assert f"1,500 events of year groups in {days:,} pupil-days" in _squeezed(page)


def test_the_rate_at_the_top_is_made_of_printed_numbers() -> None:
    """A hidden sum is not in it: with all others printed it could be worked out."""
    page = _page([*made.a_term(), ("bullying", "Year 3", "pupil", "blocked", "typed", 3)], _with_a_small_year())
    rows = [row for row in page.tables["by-group"].rows if re.match(r"Year \d", row[0])]
    shown = [row for row in rows if row[1] != HIDDEN]
    assert len(shown) < len(rows)
    events, days = (sum(_number(row[column]) or 0 for row in shown) for column in (1, 2))
    assert f"{events:,} events of year groups in {days:,} pupil-days; without" in _squeezed(page)
    assert f"{1000 * events / days:,.1f} events of pupils for each 1,000" in _squeezed(page)


def test_where_nobody_has_a_name_there_is_no_rate() -> None:
    page = _page([("bypass", None, None, "blocked", "typed", 50)], {"active": pl.DataFrame(schema=ACTIVE)})
    assert "not known events of pupils for each 1,000 pupil-days no year group can be shown" in _squeezed(page)


def _with_a_small_year() -> dict[str, pl.DataFrame]:
    people = {f"Year {year}": 150 for year in (3, *range(7, 13))}
    return {"active": made.active(people, made.school_days())}


def test_a_small_category_is_in_no_other_number() -> None:
    flags = [
        ("extremism", "Year 9", "pupil", "allowed", "typed", 3),
        ("bypass", "Year 9", "pupil", "blocked", "typed", 50),
    ]
    page = _page(flags)
    assert "Terrorism and extremism" not in " ".join(row[0] for row in page.tables["categories"].rows)
    assert page.tables["categories"].rows[-1][1] == "50"
    assert "Fewer than 5 events each, and left out of every other number here Terrorism and extremism" in _squeezed(
        page
    )
    assert "besides 1 category with fewer than 5 events" in page.text


def test_a_year_group_of_few_people_is_not_shown() -> None:
    page = _page([("bypass", "Year 13", "pupil", "blocked", "typed", 50)])
    assert "Year 13" not in page.text
    assert ["No group known", "50", "not known", "not known"] in page.tables["by-group"].rows


def test_a_class_login_stands_for_a_class() -> None:
    days = made.school_days()
    shared = pl.DataFrame(
        [
            {"day": day, "site": "main", "year_group": "Year 2", "role": "class", "who": "shared", "users": 2}
            for day in days
        ],
        schema=ACTIVE,
    )
    page = _page([("bypass", "Year 2", "class", "blocked", "typed", 50)], {"active": shared})
    assert ["Year 2", "50", "class logins", "not known"] in page.tables["by-group"].rows


def test_the_work_of_software_is_counted_apart() -> None:
    flags = [
        ("bypass", "Year 7", "pupil", "blocked", "typed", 50),
        ("bypass", "Year 7", "pupil", "blocked", "background", 700),
        ("gaming", "Year 7", "pupil", "blocked", "background", 3),
    ]
    page = _page(flags)
    assert page.tables["categories"].rows[-1][1] == "50"
    assert "and not counted above 703" in _squeezed(page)
    assert "fewer than 5" in _squeezed(_page(flags[:1] + flags[2:])).split("not counted above")[1][:20]


def test_looking_for_help_is_no_concern() -> None:
    flags = [
        ("bypass", "Year 7", "pupil", "blocked", "typed", 50),
        ("help", "Year 7", "pupil", "allowed", "typed", 13),
    ]
    helping = replace(made.CATEGORIES["bypass"], id="help", title="Looking for help", help_seeking=True)
    page = _page(flags, categories=made.CATEGORIES | {"help": helping})
    assert page.tables["categories"].rows[-1][1] == "50"
    assert "Looking for help: a good sign, and not counted above 13" in _squeezed(page)
    flags[1] = ("help", "Year 7", "pupil", "allowed", "typed", 3)
    small = _page(flags, categories=made.CATEGORIES | {"help": helping})
    assert "not counted above fewer than 5" in _squeezed(small)
    assert "besides" not in small.text


def test_a_year_group_that_is_a_number_is_called_a_year() -> None:
    page = _page(
        [("bypass", "8", "pupil", "blocked", "typed", 50)], {"active": made.active({"8": 60}, made.school_days())}
    )
    assert "Year 8" in page.tables["matrix"].rows[0]


def test_days_outside_the_term_do_not_count() -> None:
    inside = [("bypass", "Year 7", "pupil", "blocked", "typed", 50)]
    facts = made.facts(inside)
    late = facts.with_columns(pl.lit(date(2027, 1, 5)).alias("day"))
    assert _page(inside, {"facts": pl.concat([facts, late])}).html == _page(inside).html


def test_drafts_of_a_small_level_are_hidden_and_so_is_their_sum() -> None:
    page = _page(made.a_term())
    assert page.tables["levels"].rows == [
        ["Urgent", "High", "Medium", "Low", "Record"],
        [HIDDEN, "14", "41", "88", "0"],
    ]
    whole = _page(made.a_term(), {"drafts_by_level": made.levels({"high": 14, "low": 6})})
    assert whole.tables["levels"].rows[1] == ["0", "14", "0", "6", "0", "20"]


def test_drafts_do_not_tell_of_categories_that_are_not_shown() -> None:
    flags = [
        ("extremism", "Year 9", "pupil", "allowed", "typed", 4),
        ("hate", "Year 9", "pupil", "allowed", "typed", 4),
    ]
    page = _page(flags, {"drafts_by_level": made.levels({"high": 8})})
    assert page.tables["levels"].rows[1] == [HIDDEN] * 5


def test_the_four_areas_add_up_their_categories() -> None:
    text = _squeezed(_page(made.a_term()))
    assert "Content 323" in text
    assert "Contact 9" in text
    assert "Grooming and sexual exploitation, besides 1 category with fewer than 5 events." in text


def test_missing_hours_are_counted_for_each_source() -> None:
    rows = {row[0]: row[1:] for row in _page(made.a_term()).tables["sources"].rows}
    expected = 8 * len(made.school_days())
    assert rows["proxy (main)"] == [f"{expected:,}", "0 (0%)", "0", "705,900", "0"]
    # One whole day, and on two days the hours from 8 to 11.
    assert rows["firewall (main)"] == [f"{expected:,}", "14 (2%)", "1", "705,900", "78 (under 1%)"]
    # Declared, and never seen.
    assert rows["proxy-annexe (annexe)"] == [
        f"{expected:,}",
        f"{expected:,} (100%)",
        f"{len(made.school_days())}",
        "0",
        "0",
    ]


def test_a_source_that_holds_only_what_stood_out_has_its_lines_counted_but_no_hours() -> None:
    page = _page(made.a_term(), sources=(("main", "proxy"),))
    rows = {row[0]: row[1:] for row in page.tables["sources"].rows}
    assert rows["firewall (main)"] == ["not expected", "not counted", "not counted", "705,900", "78 (under 1%)"]
    assert f"0 of {8 * len(made.school_days()):,} hours, all sources together" in page.text
    assert "There are school hours without a log" not in page.text


def test_days_before_the_first_log_are_not_lost() -> None:
    first = date(2026, 9, 30)
    rest = made.school_days(first)
    page = _page(
        made.a_term(), {"coverage": made.coverage(rest), "units": made.units(rest)}, logs_from=first,
        sources=(("main", "proxy"), ("main", "firewall")),
    )  # fmt: skip
    assert f"14 of {2 * 8 * len(rest):,} hours, all sources together, since 30 September 2026" in _squeezed(page)
    assert {row[1] for row in page.tables["sources"].rows[1:]} == {f"{8 * len(rest)}"}
    assert "Logs are held from 30 September 2026 on." in page.text
    assert "Nothing was collected yet on 20 school days of the term before that" in _squeezed(page)


def test_a_log_that_was_there_before_the_term_lets_no_lost_day_go() -> None:
    rest = made.school_days(date(2026, 9, 30))
    page = _page(
        made.a_term(), {"coverage": made.coverage(rest)}, logs_from=date(2026, 7, 1), sources=(("main", "proxy"),)
    )
    assert page.tables["sources"].rows[2][:4] == ["proxy (main)", f"{8 * len(made.school_days())}", "160 (26%)", "20"]
    assert "Logs are held from" not in page.text


def test_without_school_days_the_page_says_so() -> None:
    page = _page(made.a_term(), school_days=())
    assert "No school days were given" in page.text
    assert {row[1] for row in page.tables["sources"].rows[1:]} == {"not expected"}


def test_an_empty_term_is_a_page_that_claims_nothing() -> None:
    empty = GovernorsTables(*(pl.DataFrame(schema=each) for each in (FACTS, ACTIVE, COVERAGE, UNITS, LEVELS_BY_DAY)))
    html = governors.render(empty, made.context(sources=(), school_days=()))
    text = _squeezed(assert_harmless(html))
    assert_sound(html)
    assert "In no category were there 5 flagged events or more." in text
    assert "No source gave any log in this term." in text
    assert "What these logs cannot tell" in text


def test_a_page_made_during_the_term_is_provisional() -> None:
    early = datetime(2026, 12, 18, 20, tzinfo=UTC)
    assert "This is provisional" in _page(made.a_term(), made_at=early).text
    assert "This is provisional" not in _page(made.a_term()).text


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [(0, 0, "none"), (0, 9, "0%"), (1, 1000, "under 1%"), (999, 1000, "over 99%"), (9, 9, "100%"), (1, 3, "33%")],
)
def test_a_share_never_rounds_something_to_nothing(part: int, whole: int, said: str) -> None:
    assert share(part, whole) == said


# ---------------------------------------------------------------- what it refuses


def _broken(**changes: pl.DataFrame) -> str:
    return governors.render(made.tables(made.a_term(), **changes), made.context())


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"coverage": made.coverage(made.school_days()[:1]).with_columns(hour=pl.lit(24, pl.Int64))}, "hour"),
        ({"coverage": made.coverage(made.school_days()[:1]).with_columns(events=pl.lit(-1, pl.Int64))}, "negative"),
        ({"units": made.units(made.school_days()[:1]).with_columns(events=pl.lit(7, pl.Int64))}, "records are events"),
        ({"active": made.active({"Year 7": -4}, made.school_days()[:1])}, "negative"),
        ({"drafts_by_level": made.levels({"high": -1})}, "negative"),
        ({"drafts_by_level": made.levels({"high": 3}).with_columns(drafts=pl.lit(None, pl.Int64))}, "missing"),
        ({"facts": made.facts(made.a_term()).filter(pl.col("category") != "")}, "more events than there was traffic"),
    ],
)
def test_figures_that_contradict_each_other_stop_the_page(changes: dict[str, pl.DataFrame], said: str) -> None:
    with pytest.raises(InvariantError, match=said):
        _broken(**changes)


def test_every_check_finds_what_it_is_there_for() -> None:
    """A category total that differs from the sum of its cells can only come from the queries themselves."""
    text = queries("governors/checks.sql")["each category is the sum of its cells"]
    assert "FULL OUTER JOIN" in text
    assert all("ORDER BY" in query for query in queries("governors/checks.sql").values())
    assert all("ORDER BY" in query for query in queries("governors/query.sql").values())


def test_a_threshold_that_hides_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="threshold"):
        _page(made.a_term(), threshold=2)


# ---------------------------------------------------------------- harmless, sound, the same every time


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_values_are_only_text(text: str) -> None:
    days = made.school_days()
    flags = [(text, text, "pupil", "blocked", "typed", 50), ("bypass", text, "pupil", "blocked", "typed", 3)]
    tables = {
        "active": made.active({text: 60}, days),
        "coverage": made.coverage(days).with_columns(source=pl.lit(text), site=pl.lit(text)),
        "units": made.units(days).with_columns(source=pl.lit(text), site=pl.lit(text)),
    }
    categories = made.CATEGORIES | {"bypass": replace(made.CATEGORIES["bypass"], title=text)}
    html = _page(flags, tables, school=text, term=text, sources=((text, text),), categories=categories).html
    assert_harmless(html)
    assert_sound(html)


def test_the_page_is_one_sound_file() -> None:
    html = _page(made.a_term()).html
    assert_harmless(html)
    assert_sound(html)
    assert "<title>Online safety report for governors · Example Park School · Autumn term 2026</title>" in html


def test_the_order_of_rows_does_not_matter() -> None:
    tables = made.tables(made.a_term())
    shuffled = GovernorsTables(
        *(
            each.sample(fraction=1, shuffle=True, seed=4)
            for each in (tables.facts, tables.active, tables.coverage, tables.units, tables.drafts_by_level)
        )
    )
    assert governors.render(shuffled, made.context()) == governors.render(tables, made.context())
