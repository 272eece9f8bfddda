"""A draft that names nobody shows none of the school's accounts and names, and stays worth reading."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.school.roll import PEOPLE
from reports import digest
from reports.digest.names import SchoolNames, school_names, without_names, without_names_in
from tests import made_drafts as made
from tests.effort import tries
from tests.made_night import School, search, squid
from tests.made_night import digest as digest_of
from tests.made_pages import Page

ROLL = [
    ("jsmith12", "John Smith", "pupil"), ("asample", "Amira Sample", "pupil"), ("m.muster", "Max Muster", "staff"),
    ("brown", "Emma Brown", "pupil"), ("english", "English Department", "staff"), ("a1", "Al One", "pupil"),
    ("2026", None, "pupil"), ("20261234", None, "pupil"), ("zoë.núñez", "Zoë Ann Núñez", "pupil"),
    ("8b-login", "Class 8B", "class"), ("jo", "Jo", "visitor"),
]  # fmt: skip
PEOPLE_TABLE = pl.DataFrame(
    [{"username": user, "display_name": name, "role": role} for user, name, role in ROLL], schema=PEOPLE
)
NAMES = school_names(PEOPLE_TABLE)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/users/jsmith12/photos", "/users/[account withheld]/photos"),
        ("/JSmith12.html", "/[account withheld].html"),
        ("?user=SCHOOL%5Cjsmith12&x=1", "?user=SCHOOL%5C[account withheld]&x=1"),
        ("?user=SCHOOL%255Cjsmith12", "?user=SCHOOL%255C[account withheld]"),
        ("SCHOOL\\jsmith12", "SCHOOL\\[account withheld]"),
        ("?to=jsmith12%40school.test", "?to=[account withheld]%40school.test"),
        ("/%6Asmith12/", "/[account withheld]/"),
        ("/u_asample_x", "/u_[account withheld]_x"),
        ("m.muster and zo%C3%AB.n%C3%BA%C3%B1ez", "[account withheld] and [account withheld]"),
        ("zoe\u0308.núñez", "[account withheld]"),
        ("candidate 20261234", "candidate [account withheld]"),
        # Words as accounts: where a login stands, and nowhere else.
        ("?username=english&lesson=english", "?username=[account withheld]&lesson=english"),
        ("/users/brown/ SCHOOL\\brown", "/users/[account withheld]/ SCHOOL\\[account withheld]"),
        ("to brown@school.test", "to [account withheld]@school.test"),
        ("brown english lesson in 2026, a1 jo", "brown english lesson in 2026, a1 jo"),
        ("user=2026 ~a1 user: jo", "user=[account withheld] ~[account withheld] user: [account withheld]"),
        # Names, in both orders.
        ("is john smith gay", "is [name withheld] gay"),
        ("q=Smith,+John&x", "q=[name withheld]&x"),
        ("Zoë Núñez, Zoë-Ann Núñez", "[name withheld], [name withheld]"),
        ("a smith and a john", "a smith and a john"),
        # Parts of words, and what is nobody's.
        ("jsmith123 xjsmith12 8b-login Class 8B", "jsmith123 xjsmith12 8b-login Class 8B"),
        ("100%", "100%"),
        ("%ff%FFjsmith12%zz", "%ff%FF[account withheld]%zz"),
    ],
)  # fmt: skip
def test_accounts_and_names_are_withheld_as_whole_words(text: str, shown: str) -> None:
    assert without_names_in(text, NAMES) == shown


def a_page(names: SchoolNames = NAMES, **changes: Any) -> Page:
    hits = [
        made.hit(
            "/users/jsmith12/knife jsmith12", "knife", host="jsmith12.blog.example",
            raw=b"10.0.0.9 GET http://x.example/?u=SCHOOL%5Cjsmith12 \xff john+smith",
        )
    ]  # fmt: skip
    near = [made.near(-5, "http://x.example/users/jsmith12/"), made.near(5, "a chat with John Smith")]
    row = made.draft("", hits, around=near, facts=["Seen by jsmith12."], reasons=["It says john smith."], **changes)
    return Page(digest.render(made.drafts(row), made.context(names=names)))


@pytest.mark.parametrize(
    ("who", "kind", "subject"),
    [
        ("shared", "class", "class:8B"), ("shared", "device", "device:jsmith12-laptop"),
        ("unknown-account", "account", "account:guest77"), ("address-only", "address", "address:10.0.0.9"),
        ("contradicted", "account", "account:asample"),
    ],
)  # fmt: skip
def test_a_draft_without_a_name_shows_nobody(who: str, kind: str, subject: str) -> None:
    page = a_page(who=who, subject_kind=kind, subject=subject)
    assert re.search("jsmith12|john.smith|asample", page.html, re.IGNORECASE) is None
    assert re.findall(r"<mark>(.*?)</mark>", page.html) == ["knife"]
    # The class, and the account that is nobody's, stay.
    assert ("guest77" in page.html) == (kind == "account" and who == "unknown-account")
    assert (">Class 8B<" in page.html) == (kind == "class")


def test_a_draft_with_a_name_shows_what_was_logged() -> None:
    page = a_page(who="authenticated", subject_kind="person", subject="person:asample")
    assert "/users/jsmith12/" in page.text
    assert "withheld" not in page.text.partition("Original lines")[0]


def test_a_school_without_a_people_file_loses_nothing() -> None:
    assert "/users/jsmith12/" in a_page(SchoolNames(), who="shared", subject_kind="class", subject="class:8B").text


def test_a_night_takes_the_names_from_the_people_file(tmp_path: Path) -> None:
    school = School(
        tmp_path, '[[source]]\nname = "filter"\nfiles = ["logs/*"]\n\n[people]\nfile = "people.csv"\n'
    ).made()
    (tmp_path / "people.csv").write_text("username,display_name\njsmith12,John Smith\n", "utf-8")
    school.log(
        "access.log", squid(0, search("blue lobster of JSmith12"), "-") + squid(9, search("blue lobster"), "jsmith12")
    )
    assert school.night().drafts == {"urgent": 2}
    page = digest_of(school)
    assert "blue lobster</mark> of [account withheld]" in page
    assert "John Smith" in page


def test_a_match_within_an_account_is_marked_as_a_whole() -> None:
    hit = made.hit("hello jsmith12 there", "smith")
    (shown,) = without_names({"hits": [hit], "around": None, "reasons": None, "facts": []}, NAMES)["hits"]
    assert shown["text"][shown["start"] : shown["end"]] == "[account withheld]"


@settings(max_examples=tries(100))
@given(
    st.lists(st.sampled_from(["jsmith12", "JSMITH12", "%6a", "%", "/", " ", "=", "-", "%C3", "x", "_", "\\", "@"])),
    st.integers(0, 3),
)
def test_no_account_is_left_however_it_is_escaped(pieces: list[str], rounds: int) -> None:
    text = "".join(pieces)
    for _ in range(rounds):
        text = quote(text)
    shown = without_names_in(text, NAMES)
    assert without_names_in(shown, NAMES) == shown
    read = re.sub(re.escape("[account withheld]"), " ", shown)
    for _ in range(3):
        read = unquote(read)
    assert re.search(r"(?<![a-z0-9])jsmith12(?![a-z0-9])", read, re.IGNORECASE) is None
