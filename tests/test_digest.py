"""The digest: what it says, in which order, what it withholds, and that nothing in it can do harm."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casebook.response.contacts import Contact
from casebook.response.routes import Step, load_routes
from pipeline.errors import InvariantError
from pipeline.output.visible import visible
from pipeline.schema import DRAFTS, LEVELS, TS_QUALITIES, VERDICTS, WHO_GRADES
from pipeline.urgency.levels import SEE_TO_THE_CHILD
from pipeline.watchlist import RuleNotes
from reports import digest, governors
from reports.digest import trail, words
from reports.page import excerpt, write
from tests import made_drafts as made
from tests import made_term as term
from tests.effort import tries
from tests.made_pages import HOSTILE, Page, assert_harmless, assert_sound, contrast


def _page(*rows: dict[str, Any], **changes: Any) -> Page:
    return Page(digest.render(made.drafts(*rows), made.context(**changes)))


def _squeezed(page: Page) -> str:
    return re.sub(r"\s+", " ", page.text)


def _articles(html: str) -> list[str]:
    return re.findall(r"<article.*?</article>", html, re.DOTALL)


# ---------------------------------------------------------------- what it says


def test_the_most_urgent_comes_first_whatever_the_order_of_rows() -> None:
    night = made.a_night()
    pages = {digest.render(night.sample(fraction=1, shuffle=True, seed=seed), made.context()) for seed in range(4)}
    assert len(pages) == 1
    levels = re.findall(r'<article class="draft level-(\w+)', pages.pop())
    assert levels == sorted(levels, key=LEVELS.index)
    assert len(levels) == len(night)


def test_a_draft_says_who_what_when_why_and_what_next() -> None:
    page = Page(_articles(digest.render(made.a_night(), made.context()))[0])
    said = _squeezed(page)
    for words_of_it in (
        "Amira Example",
        "8B · Year 8 · pupil · site main",
        "Self-harm and suicide",
        "Signs that somebody may hurt or kill themselves",
        "typed a search · first person · third time today · after a block",
        "Tuesday 13 October 2026, 10:00:56 to 10:07:23 (BST)",
        "Science, period 2, Ms Sample",
        "The person's own account.",
        "Words that were typed.",
        "Allowed by the filter",
        "Help was looked for: help.example.test was opened at 10:07.",
        "Route proposed: A pupil may be the victim, or at risk",
        "Is the pupil in immediate danger?",
        "Source proxy-main, line 48,112, file fingerprint " + made.sha("proxy-main")[:12],
        made.sha("Amira Example"),
        "found by self-harm-methods, self-harm-overdose",
    ):
        assert words_of_it in said


def test_the_very_characters_that_matched_are_marked() -> None:
    html = _articles(digest.render(made.a_night(), made.context()))[0]
    marked = re.findall(r"<mark>(.*?)</mark>", html)
    assert marked == ["self harm", "tablets", "not wake up", "nobody would notice"]


def test_hits_that_say_the_same_are_shown_once_with_their_times() -> None:
    night = digest.render(made.a_night(), made.context())
    [article] = [each for each in _articles(night) if "Class login Rowan" in each]
    assert article.count("<mark>") == 1
    assert "10:32:11, 10:32:31, 10:32:51, 10:33:11, 10:33:31, 10:33:51 and 3 more times until 10:34:51" in article


def test_the_events_around_stand_before_and_after() -> None:
    text = _squeezed(Page(_articles(digest.render(made.a_night(), made.context()))[0]))
    begin = text.index("Here the draft begins")
    assert text.index("search: photosynthesis ks3") < begin < text.index("forum.example.test/t/2291")


def test_what_was_found_is_told_from_what_was_near() -> None:
    rows = Page(_articles(digest.render(made.a_night(), made.context()))[0]).tables["near"].rows
    assert "search: self harm scars hide pe kit (found)" in [row[1] for row in rows if len(row) > 1]
    assert "search: photosynthesis ks3" in [row[1] for row in rows if len(row) > 1]


def test_far_away_events_and_many_hits_are_counted_when_left_out() -> None:
    hits = [made.hit(f"search number {n:03}", "search", made.Place(n + 1, n)) for n in range(60)]
    around = [made.near(-n - 1, f"page {n:03}") for n in range(30)]
    page = _page(made.draft("Jo Sample", hits, around=around, level="high"))
    text = _squeezed(page)
    assert "and 35 hits of the same episode" in text
    assert "and 35 lines" in text
    assert "and 18 events further away" in text
    assert "page 011" in text
    assert "page 012" not in text


def test_the_most_serious_hits_are_never_the_ones_left_out() -> None:
    hits = [made.hit(f"small thing {n:03}", "small", made.Place(n + 1, n), level="low") for n in range(60)]
    hits.append(made.hit("the one that matters", "matters", made.Place(99, 99), level="urgent"))
    assert "matters" in re.findall(r"<mark>(.*?)</mark>", _page(made.draft("Jo Sample", hits)).html)


@pytest.mark.parametrize("grade", [each for each in WHO_GRADES if each not in {"authenticated", "mapped"}])
def test_below_mapped_nobody_is_named_and_the_page_says_why(grade: str) -> None:
    page = _page(made.draft("Amira Example", [made.hit("some words", "words")], who=grade))
    assert "Amira" not in page.html
    assert "aexample" not in page.html
    assert "No pupil is named" in page.text


@pytest.mark.parametrize("kind", ["device", "address", "account"])
@pytest.mark.parametrize("grade", ["contradicted", "address-only"])
def test_no_account_is_shown_where_the_log_does_not_prove_who_it_was(grade: str, kind: str) -> None:
    hits = [made.hit("some words of aexample@school.test", "words")]
    around = [
        made.near(-9, "https://aexample:secret@mail.example.test/inbox?user=aexample"),
        made.near(9, "Inbox of aexample@school.test"),
    ]
    subject = f"{kind}:aexample" if kind == "account" else f"{kind}:10.20.8.41"
    changes = {"who": grade, "subject_kind": kind, "subject": subject, "around": around}
    page = _page(made.draft("aexample (not confirmed)" if kind == "account" else "", hits, **changes))
    assert "aexample" not in page.html
    said = _squeezed(page)
    assert "[account withheld]@school.test" in said
    assert "mail.example.test" in said
    assert f"Source proxy-main, line 48,112, file fingerprint {made.sha('proxy-main')[:12]}" in said
    assert "The lines are not shown: they may hold the name of an account" in said
    assert re.findall(r"<mark>(.*?)</mark>", page.html) == ["words"]


@pytest.mark.parametrize(("grade", "kind"), [("shared", "class"), ("shared", "device"), ("unknown-account", "account")])
def test_a_class_login_or_an_account_of_nobody_keeps_its_lines(grade: str, kind: str) -> None:
    row = made.draft("", [made.hit("some words", "words")], who=grade, subject_kind=kind, subject=f"{kind}:aexample")
    page = _page(row)
    assert "10.20.8.41 - aexample" in page.text
    assert "[account withheld]" not in page.text


@pytest.mark.parametrize(
    ("kind", "subject", "said"),
    [
        ("device", "device:lib-pc-07", "Device lib-pc-07"),
        ("class", "class:8B", "Class 8B"),
        ("person", "person:aexample", "Account aexample"),
    ],
)
def test_a_subject_without_a_name_says_what_it_is(kind: str, subject: str, said: str) -> None:
    row = made.draft("", [made.hit("some words", "words")], subject_kind=kind, subject=subject)
    assert f">{said}<" in _page(row).html


def test_a_class_login_is_no_adult() -> None:
    row = made.draft(
        "Class login 8B", [made.hit("some words", "words")], subject_kind="class", who="shared", role="class"
    )
    assert "This is about an adult" not in _page(row).text


def test_a_concern_about_an_adult_says_to_whom_it_goes() -> None:
    row = made.draft("Robin Sample", [made.hit("some words", "words")], role="staff", route="pupil-inappropriate")
    assert "This is about an adult." in _page(row).text


@pytest.mark.parametrize("quality", [each for each in TS_QUALITIES if each != "exact"])
def test_a_doubtful_time_is_said_to_be_doubtful(quality: str) -> None:
    page = _page(made.draft("Jo Sample", [made.hit("some words", "words", ts_quality=quality)]))
    assert words.TIMES[quality] in page.text


def test_every_word_of_the_closed_lists_has_its_sentence() -> None:
    assert set(words.LEVELS) == set(LEVELS)
    assert set(words.WHO) == set(WHO_GRADES)
    assert set(words.VERDICTS) == set(words.VERDICTS_SHORT) == set(VERDICTS)
    assert {"exact", *words.TIMES} == set(TS_QUALITIES)


def test_the_clock_change_is_told() -> None:
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    hits = [made.hit("some words", "words", ts=first), made.hit("more words", "words", ts=first + timedelta(hours=1))]
    assert "01:30:00 to 01:30:00 (BST to GMT)" in _page(made.draft("Jo Sample", hits)).text


# ---------------------------------------------------------------- how much of it


def test_drafts_beyond_the_limit_are_counted_by_level() -> None:
    page = Page(digest.render(made.a_night(), made.context(limit=2)))
    assert len(_articles(page.html)) == 2
    assert "4 more drafts are not shown here: 2 high, 1 medium, 1 low." in page.text
    assert "6 draft incidents" in page.text


def test_a_night_without_drafts_is_calm_and_claims_nothing() -> None:
    page = assert_harmless(digest.render(made.drafts(), made.context(issues=())))
    assert "No draft incidents" in page.text
    assert "Nothing reached the level of a draft." in page.text
    assert "no proof that nothing happened" in page.text
    assert "Sources read" in page.text
    assert_sound(page.html)


def test_a_level_that_nobody_knows_stops_the_page() -> None:
    with pytest.raises(InvariantError, match="serious"):
        _page(made.draft("Jo Sample", [made.hit("some words", "words")], level="serious"))


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        _page(made_at=datetime(2026, 10, 14, 5))  # noqa: DTZ001 - the very thing that is refused


# ---------------------------------------------------------------- what is withheld


def _illegal(**changes: Any) -> dict[str, Any]:
    address = "https://secret-site.test/secret-path"
    hits = [
        made.hit(
            address,
            "secret-site",
            made.Place(4_321),
            category="illegal-content",
            field="url",
            host="secret-site.test",
            raw=b"GET https://secret-site.test/secret-path",
        )
    ]
    facts = ["Two requests in a minute.", "It was reached from SECRET-SITE.test.", "See elsewhere.test for more."]
    around = [made.near(-5, "secret-neighbour.test")]
    return (
        made.draft("Device LIB-PC-07", hits, subject_kind="device", facts=facts, around=around, level="urgent")
        | changes
    )


@pytest.mark.parametrize(
    "changes",
    [
        {},
        # One illegal category among others is enough, and so is a route that nobody knows.
        {"category": "bullying", "categories": ["bullying", "illegal-content"], "route": "pupil-inappropriate"},
        {"category": "bullying", "categories": ["bullying"], "route": "unheard-of"},
    ],
)
def test_illegal_content_is_a_reference_and_a_warning(changes: dict[str, Any]) -> None:
    page = _page(_illegal(**changes))
    for secret in ("secret", "SECRET", "elsewhere.test", "neighbour.test"):
        assert secret not in page.html
    assert "Two requests in a minute." in page.text
    assert f"Source proxy-main, line 4,321, file fingerprint {made.sha('proxy-main')[:12]}" in _squeezed(page)


def test_the_warning_says_what_not_to_do() -> None:
    for changes in ({}, {"category": "bullying", "categories": ["illegal-content"], "route": "pupil-inappropriate"}):
        text = _page(_illegal(**changes)).text
        assert "Do not open the address, not even to check." in text
        assert "Do not copy, print, forward or screenshot" in text


def test_a_child_in_danger_stands_above_what_may_be_illegal() -> None:
    words = "A child may be in danger: see to the child at once, before anything else."
    text = _page(_illegal(reasons=[SEE_TO_THE_CHILD, "typed as a search"])).text
    assert text.index(words) < text.index("Do not open the address")
    assert words not in _page(_illegal()).text


# ---------------------------------------------------------------- hostile values


def _hostile_row(text: str) -> dict[str, Any]:
    hits = [
        made.hit(text, text[:3], host=text, rule_id=text, source=text, raw=text.encode() + b"\xff\xfe", verdict=text),
        made.hit(text, text[:3], made.Place(2, 1), field=text, kind=text, ts_quality=text, category=text),
    ]
    row = made.draft(text, hits, lesson=text, facts=[text], reasons=[text], around=[made.near(-1, text, text, text)])
    changed = {"class": text, "year_group": text, "role": text, "site": text, "what": text, "draft_id": text}
    return row | changed | {"route": "pupil-victim", "evidence_sha256": text}


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_values_are_only_text(text: str) -> None:
    night = made.drafts(_hostile_row(text), _hostile_row(text) | {"route": text, "who": text, "subject_kind": text})
    context = made.context(school=text, summary=((text, text),), issues=(text,))
    html = digest.render(night, context)
    page = assert_harmless(html)
    assert_sound(html)
    assert visible(text[:40]).replace("\n", "") in page.text.replace("\n", "")


@pytest.mark.parametrize("text", HOSTILE)
def test_what_layers_write_of_routes_is_only_text(text: str) -> None:
    said = text or "-"
    number = Contact(said, said, telephone=said, hours=said, out_of_hours=said, email=said, web=said, note=said)
    step = Step(said, said, said, contacts=(number, Contact("a", said)), layer=said, words=((said, said),))
    routes = {name: replace(route, steps=(*route.steps, step)) for name, route in load_routes().items()}
    html = digest.render(made.a_night(), made.context(routes=routes))
    assert_harmless(html)
    assert_sound(html)


def test_the_numbers_to_call_stand_beside_the_steps() -> None:
    said = _squeezed(Page(_articles(digest.render(made.a_night(), made.context()))[0]))
    assert "Police, emergency: 999 (day and night)" in said
    assert "no number for the LADO in contacts.toml" in said


def test_a_direction_override_is_seen_and_does_nothing() -> None:
    page = _page(made.draft("Jo Sample", [made.hit("evil\u202etxt.exe", "evil")]))
    assert "\u202e" not in page.html
    assert "\N{REPLACEMENT CHARACTER}txt.exe" in page.text


def test_raw_bytes_are_shown_as_they_are() -> None:
    page = _page(made.draft("Jo Sample", [made.hit("some words", "words", raw=b"caf\xe9 \x1b[31m \\x41")]))
    assert r"caf\xe9 \x1b[31m \x41" in page.text


def test_a_long_address_is_cut_and_says_by_how_much() -> None:
    text = "/" + "a" * 9_999
    page = _page(made.draft("Jo Sample", [made.hit(text, "aaa", field="path", raw=b"x")]))
    assert "… and 9,700 more characters" in page.text
    assert "a" * 400 not in page.html


# ---------------------------------------------------------------- the form of the page


def test_the_page_is_one_sound_file() -> None:
    html = digest.render(made.a_night(), made.context())
    assert_harmless(html)
    assert_sound(html)
    assert "<title>Draft incidents · Example Park School · Wednesday 14 October 2026</title>" in html


def test_every_colour_can_be_read() -> None:
    """AA asks for 4.5 to 1; text of every colour stands on every ground that it may stand on."""
    style = digest.render(made.a_night(), made.context()) + governors.render(term.tables(term.a_term()), term.context())
    named = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", style))
    grounds = [named["paper"], named["ground"], named["tint"]]
    text = {named[each] for each in ("ink", "soft", "accent", "urgent")} | set(re.findall(r" color: (#\w{6})", style))
    text -= {"#ffffff"}
    assert text >= {"#686f6b"}
    assert min(contrast(each, ground) for each in text for ground in grounds) >= 4.5
    assert contrast(named["ink"], named["mark"]) >= 4.5
    assert min(contrast("#ffffff", each) for each in (named["urgent"], "#3a2e12")) >= 4.5


def test_no_logged_address_is_a_link() -> None:
    html = digest.render(made.a_night(), made.context())
    assert set(re.findall(r"<a ([^>]*)>", html)) == {f'href="#draft-{n}" aria-label="Draft {n}"' for n in range(1, 7)}


def test_the_tables_columns_may_come_in_any_order() -> None:
    night = made.a_night()
    assert digest.render(night.select(sorted(night.columns)), made.context()) == digest.render(night, made.context())


@settings(max_examples=tries(60))
@given(
    st.text(max_size=60).map(lambda text: text * 12),
    st.lists(st.tuples(st.integers(-2, 700), st.integers(-2, 700)), max_size=5),
    st.integers(3, 300),
)
def test_an_excerpt_loses_nothing_without_saying_so(text: str, spans: list[tuple[int, int]], limit: int) -> None:
    pieces = excerpt(text, spans, limit)
    shown = sum(len(piece.text) for piece in pieces if not piece.gap)
    said = sum(
        int(number.replace(",", ""))
        for piece in pieces
        if piece.gap
        for number in re.findall(r"([\d,]+)(?: more)? characters?", piece.text)
    )
    assert shown + said == len(text)
    marked = {start for start, end in spans if 0 <= start < end <= len(text)}
    assert any(piece.marked for piece in pieces) == bool(marked)
    if len(text) <= limit:
        assert not any(piece.gap for piece in pieces)


@settings(max_examples=tries(60))
@given(st.text(max_size=60))
def test_visible_text_keeps_its_length_and_its_places(text: str) -> None:
    shown = visible(text)
    assert len(shown) == len(text)
    assert visible(shown) == shown
    assert all(new in {old, "\N{REPLACEMENT CHARACTER}"} for old, new in zip(text, shown, strict=True))


def test_a_night_of_nothing_but_nulls_is_still_a_page() -> None:
    row: dict[str, Any] = made.draft("Jo Sample", [made.hit("some words", "words")])
    kept = {"draft_id", "first_ts", "last_ts", "level", "category", "route"}
    html = digest.render(made.drafts({name: row[name] if name in kept else None for name in row}), made.context())
    assert_harmless(html)


def test_the_made_night_has_the_schema() -> None:
    assert made.a_night().schema == DRAFTS


# ---------------------------------------------------------------- putting it on the disk


def test_a_page_is_written_whole_and_not_for_everybody(tmp_path: Path) -> None:
    path = tmp_path / "digest.html"
    write(path, "first\n")
    write(path, "second: Zoë\n")
    assert path.read_bytes() == "second: Zoë\n".encode()
    assert [each.name for each in tmp_path.iterdir()] == ["digest.html"]
    if os.name == "posix":
        assert path.stat().st_mode & 0o037 == 0


def test_a_failed_write_leaves_the_page_that_was_there(tmp_path: Path) -> None:
    path = tmp_path / "digest.html"
    write(path, "first\n")
    with pytest.raises(UnicodeEncodeError):
        write(path, "half a character: \ud800")
    assert path.read_text(encoding="utf-8") == "first\n"
    assert [each.name for each in tmp_path.iterdir()] == ["digest.html"]


def test_a_category_that_only_words_together_led_to_is_marked() -> None:
    found = [("weighted-words.bullying", "bullying"), ("at-me", "bullying"), ("weighted-words.violence", "violence")]
    said = [{"rule_id": rule, "category": name} for rule, name in found]
    told = [trail._category(said, {}, name, RuleNotes()) for name in ("bullying", "violence")]
    assert told == ["bullying", "violence (by its words taken together)"]


def test_a_line_that_only_says_when_or_where_is_marked_and_one_that_says_more_is_not() -> None:
    notes = RuleNotes(imminent=frozenset({"at-the-gate", "in-a-bag"}))
    signs = [{"rule_id": rule, "category": "violence"} for rule in ("at-the-gate", "in-a-bag")]
    assert trail._category(signs, {}, "violence", notes) == "violence (says when, where or with what)"
    assert trail._category([*signs, {"rule_id": "threat", "category": "violence"}], {}, "violence", notes) == "violence"
