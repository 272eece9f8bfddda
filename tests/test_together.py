"""The card of a class on the digest: one in place of many, nothing hidden by it, nobody named who may not be."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipeline import lake
from pipeline.schema import CLUSTERS, LEVELS
from reports import digest
from reports.digest.names import school_names
from tests import made_drafts
from tests.made_class import CATEGORIES, FREE, SMALL, TEN, clustered, lesson, login, pupil
from tests.made_night import School, search, squid
from tests.made_pages import HOSTILE, Page, assert_harmless, assert_sound

_PEOPLE = pl.DataFrame({"username": ["p01.example"], "display_name": ["Robin Sample"], "role": ["pupil"]})


def page_of(drafts: pl.DataFrame, clusters: pl.DataFrame, **changes: Any) -> str:
    return digest.render(drafts, made_drafts.context(categories=CATEGORIES, clusters=clusters, **changes))


def rendered(*rows: dict[str, Any], **changes: Any) -> str:
    return page_of(*clustered(*rows), **changes)


def said(html: str) -> str:
    return re.sub(r"\s+", " ", Page(html).text)


def card(html: str) -> str:
    """The only card of a class."""
    [found] = re.findall(r'<article class="draft together".*?</article>', html, re.DOTALL)
    return str(found)


def rows_of(html: str) -> list[str]:
    """What the list of drafts links to, in order."""
    [listed] = re.findall(r'<table class="contents">.*?</table>', html, re.DOTALL)
    return re.findall(r'href="#([\w-]+)"', listed)


def in_full(html: str) -> list[str]:
    return re.findall(r'<article class="draft level-\w+" id="([\w-]+)"', html)


def assert_conserved(html: str, drafts: int, limit: int = 200) -> None:
    """Every draft has its full card or is told as left out; it has a row, or a line in the card of its class."""
    cards = in_full(html)
    assert len(cards) == len(set(cards)) == min(drafts, limit)
    assert f"of {drafts} ·" in said(html) or not cards
    more = re.search(r"([\d,]+) more drafts? (?:is|are) not shown", said(html))
    assert len(cards) + (int(more[1]) if more else 0) == drafts
    listed = [each for each in rows_of(html) if each.startswith("draft-")]
    kept = re.findall(r'<ul class="members folded">.*?</ul>', html, re.DOTALL)
    linked = re.findall(r'href="#(draft-\d+)"', "".join(kept))
    assert len(listed) == len(set(listed))
    assert sorted(listed + linked) == sorted(cards)
    levels = dict(re.findall(r'badge-(\w+)">\w+</span> <span class="gloss">.*?<td class="number">(\d+)</td>', html))
    assert sum(map(int, levels.values())) == drafts
    assert set(levels) == set(LEVELS)


# ---------------------------------------------------------------- what it says


def test_a_class_is_one_row_and_one_card() -> None:
    html = rendered(*lesson(24), *(pupil(n, who="mapped") for n in (24, 25, 26)))
    text = said(card(html))
    for words in (
        "27 of 29 in 9B searched for this in History, period 3",
        "Cranes",
        "Tuesday 3 November 2026, 10:05 to 10:31 (GMT)",
        "27 drafts belong to it, all kept together here.",
        "paper crane” by 27",
        "who is in 9B, the people file",
        "Known by their own accounts: 24, and 3 by a device or address that was theirs at the time.",
    ):
        assert words in text
    assert rows_of(html) == ["class-1"]
    assert "0 drafts have rows of their own; 27 are in the rows of their classes, all of them in full" in said(html)
    assert_conserved(html, 27)
    assert_sound(html)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (["typed_text"], "typed this in History"),
        (["search_text", "typed_text"], "searched for or typed this in History"),
        (["host", "path"], "asked for pages or sites of this kind in History"),
        (["search_text", "host"], "searched for this, or asked for pages or sites of this kind, in History"),
    ],
)
def test_it_says_what_was_done_and_no_more(fields: list[str], words: str) -> None:
    assert words in said(card(rendered(*(pupil(n, field=fields[n % len(fields)]) for n in range(16)))))


def test_without_a_lesson_it_says_so() -> None:
    text = said(card(rendered(*(pupil(n, n, **FREE) for n in range(20)))))
    assert "20 of 29 in 9B searched for this within half an hour" in text
    assert "The timetable names no lesson at that time" in text


def test_who_stands_out_has_a_row_of_his_own_and_the_reason() -> None:
    further = [pupil(7, level="high", text="where can i hide my crane"), pupil(9, 300, **FREE)]
    html = rendered(*lesson(27), *further)
    text = said(card(html))
    assert "28 draft incidents" in said(html)
    assert "27 drafts belong to it: 25 kept together here, 2 stand in their own places." in text
    assert "level high, most of the class medium · a word such as I, me or my" in text
    assert "the same again at another time that day" in text
    assert rows_of(html) == ["draft-1", "class-1", "draft-2", "draft-3"]
    assert in_full(html) == [f"draft-{n}" for n in range(1, 29)]
    assert "More than half of them also" not in text
    assert_conserved(html, 28)


def test_what_most_have_in_common_is_told() -> None:
    html = rendered(*lesson(7, **SMALL), *(pupil(n, n + 1, text="my crane", **SMALL) for n in range(5)))
    assert "More than half of them also: a word such as I, me or my" in said(card(html))


# ---------------------------------------------------------------- what it may not hide


def test_a_child_at_risk_stands_in_its_own_place_and_is_only_linked() -> None:
    rows = [*lesson(16), pupil(3, 5, category="lobsters", level="urgent", text="blue lobster secret")]
    html = rendered(*rows, pupil(28, 9, category="wasps", level="urgent", text="a wasp"))
    assert rows_of(html) == ["draft-1", "draft-2", "class-1"]
    text = said(card(html))
    assert "Never part of it: about a child at risk, in the same lesson or at that time: draft 1." in text
    for words in ("lobster", "wasp", "Pupil 03", "Pupil 28", "draft 2"):
        assert words not in text
    assert_conserved(html, 17)


@pytest.mark.parametrize(
    "changes",
    [
        {"level": "high"}, {"categories": ["cranes", "lobsters"]}, {"category": "lobsters"}, {"route": "illegal"},
        {"route": "unheard-of"}, {"categories": ["cranes", "wasps"]}, {"categories": ["cranes", "unheard-of"]},
    ],
)  # fmt: skip
def test_the_page_folds_nothing_that_it_may_not_whatever_the_cluster_says(changes: dict[str, Any]) -> None:
    drafts, clusters = clustered(*lesson(7, **SMALL))
    changed = drafts.to_dicts()
    changed[0] |= changes
    html = page_of(pl.DataFrame(changed, schema=drafts.schema), clusters)
    [own] = [each for each in rows_of(html) if each.startswith("draft-")]
    assert "6 are in the rows of their classes" in said(html)
    withheld = changes.get("route") or changes.get("categories") == ["cranes", "wasps"]
    assert (f'href="#{own}"' in card(html)) == (not withheld)
    assert_conserved(html, 7)


@pytest.mark.parametrize("limit", [1, 3, 7, 8])
def test_nothing_is_lost_at_the_limit_and_what_stands_alone_comes_first(limit: int) -> None:
    at_risk = pupil(8, category="lobsters", level="urgent", **SMALL)
    html = rendered(*lesson(7, **SMALL), pupil(3, level="high", **SMALL), at_risk, limit=limit)
    cards = in_full(html)
    assert cards == [f"draft-{n}" for n in range(1, min(limit, 8) + 1)]
    assert_conserved(html, 8, limit)
    assert card(html).count('<li class="keep">') == 7
    assert card(html).count("not in full here") == 7 - max(0, limit - 1)


def test_on_another_morning_a_late_draft_of_a_class_stands_by_itself() -> None:
    drafts, clusters = clustered(*lesson(7, **SMALL))
    html = page_of(drafts.head(1), clusters)
    assert rows_of(html) == ["draft-1"]
    assert "together" not in "".join(re.findall(r"<article[^>]*>", html))
    html = page_of(drafts.head(2), clusters)
    assert "2 drafts belong to it, all kept together here. 5 more were shown on an earlier morning." in said(card(html))
    assert_conserved(html, 2)


def test_no_name_comes_with_a_draft_that_names_nobody() -> None:
    device = {"subject": "device:lt-9b-01", "subject_kind": "device", "subject_name": "Device LT-9B-01"}
    rows = lesson(15, text="robin sample and p01.example fold a@b.example cranes")
    rows += [login(), login(**device, who="contradicted", field="path", text="/users/xyz/crane")]
    nobody = {"subject": "person:xyz9", "subject_kind": "person", "subject_name": "Nobody Known"}
    rows += [login(**nobody, who="contradicted", text="paper crane of xyz9")]
    text = said(card(rendered(*rows, names=school_names(_PEOPLE))))
    assert "[name withheld] and [account withheld] fold [account withheld]@b.example cranes” by 15" in text
    assert "Class login 9B" in text
    assert "Device LT-9B-01" in text
    assert "Nobody Known" not in text
    assert "A person whose name is held back 10:05 “paper crane of [account withheld]”" in text
    assert "Device LT-9B-01 10:05 “www.example.org”" in text
    assert "15 of 29 in 9B" in text
    assert "3 other logins, devices or addresses of the class did the same." in text


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_values_are_only_text(text: str) -> None:
    drafts, clusters = clustered(*lesson(7, **SMALL), pupil(3, level="high", **SMALL))
    named = {"class": text, "lesson": text, "rules": [text], "common": [text], "lowered_for": [text], "lowered": 3}
    row = clusters.to_dicts()[0] | named | {"texts": [{"text": text, "subjects": 9}]}
    row["drafts"] = [each | {"apart": [text]} for each in row["drafts"]]
    html = page_of(drafts, pl.DataFrame([row], schema=CLUSTERS))
    assert_harmless(html)
    assert_sound(html)


def test_the_same_whatever_the_order_and_every_link_has_its_place() -> None:
    later: dict[str, Any] = SMALL | {"ts": TEN + timedelta(hours=2), "lesson": "Art, period 5 (9Z)"}
    drafts, clusters = clustered(*lesson(7, **SMALL), *(pupil(n, category="kites") | later for n in range(6)))
    pages = {
        page_of(drafts.sample(fraction=1, shuffle=True, seed=n), clusters.sample(fraction=1, shuffle=True, seed=n))
        for n in range(3)
    }
    [html] = pages
    assert rows_of(html) == ["class-1", "class-2"]
    assert set(re.findall(r'href="#([\w-]+)"', html)) <= set(re.findall(r' id="([\w-]+)"', html))
    assert_conserved(html, 13)


# ---------------------------------------------------------------- lessons, and a whole night


def test_what_a_lesson_has_lowered_for_a_class_is_one_line() -> None:
    html = rendered(*lesson(20, level="low", lowered_for="Folding <b>paper</b>"))
    assert "<article" not in html
    assert (
        "20 of 29 in 9B searched for this in History, period 3: Cranes. Tuesday 3 November 2026, 10:05 to 10:24 (GMT). "
        "Lowered for 20 pupils, for the lesson: Folding <b>paper</b>."
    ) in said(html)


def _night(folder: Path, searches: Iterable[tuple[int, str]], more: str = "") -> tuple[School, str]:
    people = ["username,display_name,role,year_group,classes"]
    people += [f"p{n:02}.example,Pupil {n:02},pupil,9,9B" for n in range(8)]
    people.append("t.example,Ms Teacher,Teacher,,9B")
    tables = School(folder).tables + '[people]\nfile = "people.csv"\n[timetable]\nfile = "timetable.csv"\n' + more
    school = replace(School(folder), tables=tables).made()
    (folder / "people.csv").write_text("\n".join(people) + "\n", "utf-8")
    (folder / "timetable.csv").write_text(
        "class,weekday,start,end,subject,lesson\n9B,Tue,09:00,10:00,Art,1\n", encoding="utf-8"
    )
    school.log("access.log", "".join(squid(60 * n, search(words), f"p{n:02}.example") for n, words in searches))
    record = school.night()
    return school, (folder / "reports" / str(record.today) / "digest.html").read_text("utf-8")


def test_a_night_tells_the_class_and_leaves_the_child_at_risk_alone(tmp_path: Path) -> None:
    searches = [(n, "paper crane") for n in range(7)] + [(7, "blue lobster")]
    school, html = _night(tmp_path, searches)
    text = said(card(html))
    assert "7 of 8 in 9B searched for this in Art, period 1" in text
    assert "Never part of it: about a child at risk, in the same lesson or at that time: draft 1." in text
    assert rows_of(html) == ["draft-1", "class-1"]
    assert_conserved(html, 8)
    assert school.drafts()["level"].value_counts().sort("level").rows() == [("medium", 7), ("urgent", 1)]
    assert lake.read_days(school.lake, "clusters", CLUSTERS)["pupils"].to_list() == [7]


def test_a_night_with_a_lesson_tells_it_where_lessons_are_told(tmp_path: Path) -> None:
    lowers = (
        '[[lesson]]\nwhat = "Folding"\ncategories = ["cranes"]\nfirst_day = 2026-11-09\nlast_day = 2026-11-13\n'
        'classes = ["9B"]\n'
    )
    school, html = _night(tmp_path, [(n, "paper crane") for n in range(7)], lowers)
    assert school.drafts().is_empty()
    assert "7 of 8 in 9B searched for this in Art, period 1: Cranes." in said(html)
    assert "Lowered for 7 pupils, for the lesson: Folding." in said(html)


def test_a_line_gives_the_words_that_are_not_the_classs() -> None:
    own = ["Crane one", "crane two", "crane three"]
    rows = [*lesson(16), *(pupil(3, 4 + n, text=text) for n, text in enumerate(own)), pupil(4, 5, text="PAPER  crane")]
    text = said(card(rendered(*rows)))
    assert "Pupil 03 10:08 “Crane one” “crane two” and 1 more text" in text
    assert re.search(r"Pupil 04 10:09 \d+ Medium Pupil 05 10:10 \d+ Medium", text)
