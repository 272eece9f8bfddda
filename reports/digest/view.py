"""One draft incident as the digest shows it: every word is chosen here, the template only lays it out.

In: one row of `schema.DRAFTS`, the categories and the routes. Out: a frozen `DraftView` of plain text. It refuses to
pass on a name below the grade `mapped`, that of anybody on the school's list, and with it the original lines that may
hold the account; and where the route
withholds (illegal content), or where it is not known what the route asks, it passes on no address, no typed text, no
original line and no neighbouring event.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pipeline.urgency.levels import SEE_TO_THE_CHILD, TRANSLATED
from reports.dates import span_in_words
from reports.digest.masks import ACCOUNT_WITHHELD, mask_for, masked_hits, masked_near
from reports.digest.names import SchoolNames, without_names, without_names_in
from reports.digest.trail import HitView, LineView, NearView, day_and_time, hit_views, line_views, near_views
from reports.digest.words import ADULTS, LEVELS, ROLES, SUBJECTS, TIMES, WHAT, WHO, Word, explained, known
from reports.page import year_in_words

if TYPE_CHECKING:
    from collections.abc import Mapping
    from zoneinfo import ZoneInfo

    from casebook.response.routes import Route
    from pipeline.watchlist import Category, RuleNotes

#: Grades at which a pupil may be named.
NAMED: Final = ("authenticated", "mapped")
#: Below these, the kinds of subject whose account is no pupil's as far as the school knows: a class login, or an
#: account that is not on the list.
_NO_PUPIL: Final = {"shared": ("class", "device", "address"), "unknown-account": ("account",)}
#: Looks like an address: a scheme, or a dot between a letter and a name.
_ADDRESS: Final = re.compile(r"://|\w\.[^\W\d]{2}")
_WITHHELD: Final = "One sentence is withheld here: it holds an address or typed words."


@dataclass(frozen=True)
class WhoView:
    """Who it was, as far as it may be said."""

    #: A person's name; for all else what it is and which, as in `Device LIB-PC-07`.
    heading: str
    #: Class, year group, role and site, as far as they are known.
    about: tuple[str, ...]
    grade: Word
    #: Said of an adult, who must not review a concern about themselves.
    staff: bool


@dataclass(frozen=True)
class DraftView:
    """One draft, ready for the template."""

    number: int
    level: str
    level_word: Word
    title: str
    meaning: str
    also: str
    area: str
    who: WhoView
    what: Word
    lesson: str
    when: str
    started: str
    doubts: tuple[str, ...]
    reasons: tuple[str, ...]
    facts: tuple[str, ...]
    withheld: bool
    #: The log does not prove who it was, so that no account is shown, nor a line that may hold one.
    account_withheld: bool
    hits: tuple[HitView, ...]
    hits_left_out: str
    before: tuple[NearView, ...]
    after: tuple[NearView, ...]
    near_left_out: str
    lines: tuple[LineView, ...]
    lines_left_out: str
    warning_title: str
    warnings: tuple[str, ...]
    route: Route | None
    route_id: str
    draft_id: str
    evidence: str
    rules: str


def draft_view(
    row: Mapping[str, Any],
    number: int,
    zone: ZoneInfo,
    categories: Mapping[str, Category],
    routes: Mapping[str, Route],
    names: SchoolNames,
    notes: RuleNotes,
) -> DraftView:
    """`row` is one row of `schema.DRAFTS` as a dictionary; `number` is its place on the page, from 1."""
    if row["who"] not in NAMED:
        row = without_names(row, names)
    ids = list(dict.fromkeys([row["category"], *(row["categories"] or [])]))
    known_categories = [categories[each] for each in ids if each in categories]
    category = categories.get(row["category"])
    route = routes.get(row["route"])
    forbidding = _forbidding(route, known_categories, routes)
    withheld = is_withheld(row, categories, routes)
    hits, near = row["hits"] or [], row["around"] or []
    shown, hits_left_out = hit_views(hits, zone, categories, notes, withheld=withheld)
    before, after, near_left_out = ((), (), "") if withheld else near_views(near, hits, row["first_ts"], zone)
    unproven = _is_unproven(row)
    if unproven:
        mask = mask_for(row["subject_kind"], row["subject"])
        shown, before, after = masked_hits(shown, mask), masked_near(before, mask), masked_near(after, mask)
    lines, lines_left_out = line_views(hits, withheld=withheld or unproven)
    return DraftView(
        number=number,
        level=row["level"],
        level_word=LEVELS[row["level"]],
        title=category.title if category else str(row["category"]),
        meaning=category.meaning if category else "No watchlist explains this category.",
        also=", ".join(each.title for each in known_categories if each is not category),
        area=_area(category),
        who=who_view(row, names),
        what=explained(WHAT, row["what"]),
        lesson=row["lesson"] or "",
        when=span_in_words(row["first_ts"], row["last_ts"], zone),
        started=day_and_time(row["first_ts"], zone),
        doubts=_doubts(hits),
        reasons=_sentences(row["reasons"], hits, withheld=withheld),
        facts=_sentences(row["facts"], hits, withheld=withheld),
        withheld=withheld,
        account_withheld=unproven,
        hits=shown,
        hits_left_out=hits_left_out,
        before=before,
        after=after,
        near_left_out=near_left_out,
        lines=lines,
        lines_left_out=lines_left_out,
        warning_title=" · ".join(each.title for each in forbidding),
        warnings=(*_for_the_child(row["reasons"]), *(warning for each in forbidding for warning in each.warnings)),
        route=route,
        route_id=row["route"] or "",
        draft_id=row["draft_id"],
        evidence=row["evidence_sha256"] or "",
        rules=", ".join(_sentences(sorted({hit["rule_id"] for hit in hits}), hits, withheld=withheld)),
    )


def _for_the_child(reasons: list[str] | None) -> list[str]:
    """What stands above all warnings about what may be illegal, where a child at risk is in the same draft."""
    return [f"{SEE_TO_THE_CHILD.capitalize()}."] if SEE_TO_THE_CHILD in (reasons or ()) else []


def is_withheld(row: Mapping[str, Any], categories: Mapping[str, Category], routes: Mapping[str, Route]) -> bool:
    """Whether addresses and texts of a draft stay off the page: by its route, by that of any of its categories."""
    named = [categories[each].route for each in (row["category"], *(row["categories"] or [])) if each in categories]
    return row["route"] not in routes or any(routes[each].withhold for each in (row["route"], *named) if each in routes)


def _forbidding(route: Route | None, categories: list[Category], routes: Mapping[str, Route]) -> list[Route]:
    """The routes whose warnings hold for this draft: its own, and any that withholds for one of its categories.

    A draft may rest on several categories; what is shown on a page cannot be taken back.
    """
    others = [routes[each.route] for each in categories if each.route in routes]
    found = [*([route] if route else []), *(each for each in others if each.withhold)]
    return [each for each in {each.id: each for each in found}.values() if each.warnings or each.withhold]


def _is_unproven(row: Mapping[str, Any]) -> bool:
    """Whether an account that the log names may be a pupil's without proof that it was this pupil."""
    return row["who"] not in NAMED and row["subject_kind"] not in _NO_PUPIL.get(row["who"], ())


def who_view(row: Mapping[str, Any], names: SchoolNames) -> WhoView:
    """Under whom or what a draft is filed, as far as it may be said."""
    kind, grade, role = row["subject_kind"], row["who"], row["role"] or ""
    key = (row["subject"] or "").partition(":")[2] or "not known"
    name = row["subject_name"] or f"{known(SUBJECTS, kind)} {key}"
    if kind == "person" and grade not in NAMED:
        # A defect elsewhere must not put a child's name on a page.
        name = "A person whose name is held back"
    elif kind == "account" and _is_unproven(row):
        name = f"Account {ACCOUNT_WITHHELD}"
    elif kind in ("device", "address") and grade not in NAMED:
        # Devices are called after their owners.
        name = without_names_in(name, names)
    site = f"site {row['site']}" if row["site"] else ""
    about = dict.fromkeys([row["class"], year_in_words(row["year_group"] or ""), ROLES.get(role, role), site])
    return WhoView(
        heading=name,
        about=tuple(each for each in about if each),
        grade=explained(WHO, grade),
        staff=role in ADULTS,
    )


def _area(category: Category | None) -> str:
    if category is None:
        return ""
    prevent = " · bears on the Prevent duty" if category.prevent else ""
    return f"{category.four_cs.capitalize()}{prevent}"


def _doubts(hits: list[dict[str, Any]]) -> tuple[str, ...]:
    qualities = dict.fromkeys(hit["ts_quality"] for hit in hits)
    return tuple(known(TIMES, each) for each in qualities if each != "exact")


def _sentences(sentences: list[str] | None, hits: list[dict[str, Any]], *, withheld: bool) -> tuple[str, ...]:
    if not withheld:
        return tuple(sentences or ())
    texts = {text for hit in hits for text in (hit["text"], hit["host"]) if text}
    return tuple(_keep(texts, each) for each in sentences or ())


def _keep(texts: set[str], sentence: str) -> str:
    """A sentence of a withheld draft, unless it holds what is to be withheld."""
    folded = sentence.casefold()
    tells = sentence.startswith(TRANSLATED) or any(text.casefold() in folded for text in texts)
    holds = tells or _ADDRESS.search(sentence) is not None
    return _WITHHELD if holds else sentence
