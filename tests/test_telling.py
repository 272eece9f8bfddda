"""What colleagues wrote about something that may be illegal: no way of writing an address gets by."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casebook.telling import UNTOLD, Secrets, secrets_of
from pipeline.urgency.levels import TRANSLATED
from tests.effort import tries
from tests.made_drafts import draft, hit

NOBODY = Secrets()
WAYS = {
    "as it is": "bad-place.example",
    "with a page": "bad-place.example/p1",
    "with a scheme": "http://bad-place.example/p1",
    "hxxp": "hxxp://bad-place[.]example/x",
    "h**p": "h**p bad-place",
    "no scheme": "//bad-place/p1 ://x",
    "brackets": "bad-place[.]example",
    "round ones": "bad-place (.) example",
    "curly ones": "bad-place{dot}example",
    "the word": "bad-place dot example",
    "the word, joined": "bad-place_DOT_example",
    "all joined": "badplacedotcom",
    "escapes": "bad-place%2Eexample%2Fp1",
    "escapes of escapes": "bad-place%252eexample",
    "of a log": "bad-place\\x2eexample",
    "of JSON": "bad-place\\u002eexample",
    "of a page": "bad-place&#46;example &#x2e;",
    "named": "bad-place&period;example",
    "wide letters": "ｂａｄ．ｅｘａｍｐｌｅ",
    "another full stop": "bad-place。example",
    "a middle dot": "bad-place·example",
    "hidden letters": "bad\u200b-place.\u00adexam\u200dple",
    "set apart": "it was b a d . e x a m p l e",
    "apart at the dot": "bad-place . example",
    "capitals": "BAD-PLACE.EXAMPLE",
    "below": "a.b.c.bad-place.co.uk",
    "other letters": "плохое.рф",
    "puny": "xn--e1afmkfd.xn--p1ai",
    "www": "on www it was",
    "in brackets": "(bad-place.example)",
    "a machine": "203.0.113.9/pics",
    "written": "203 dot 0 dot 113 dot 9",
    "brackets in it": "203[.]0[.]113[.]9",
    "of six": "2001:db8::7",
    "of six, whole": "2001:db8:0:0:0:0:0:7",
    "in hexadecimal": "0xCB007109",
    "onion": "abcdefghijklmnopqrstuvwxyz234567abcdefghijklmnopqrstuvwx",
    "mail": "j.sample@mail.example",
}
ORDINARY = (
    "He was shown something on a school device at 10.15, he says.",
    "Seen at 9:10 with her form tutor (7B). All well.",
    "Rang 01632 960013, reference 20261013/4471; they ring back at 2 p.m.",
    "The police have asked for it.",
    "Not safe at home; social care knows. See the minutes of 13.10.2026.",
    "Both, and/or one of them - 3.5 hours later.",
    "e.g. the head, i.e. Mr Head, no. 7",
    "They spoke for 1:30:00 hours, 50% of it alone.",
    "",
    "...",
    "\ud800",
    "a.example and D.Lead were there.",
)


@pytest.mark.parametrize("way", WAYS)
def test_an_address_is_seen_however_it_is_written(way: str) -> None:
    assert NOBODY.tells(WAYS[way])
    assert NOBODY.told(f"She says: {WAYS[way]}, twice.") == UNTOLD


@pytest.mark.parametrize("text", ORDINARY)
def test_what_names_no_address_stays(text: str) -> None:
    known = Secrets(accounts=frozenset({"a.example", "d.lead"}))
    assert known.told(text) == text


def test_who_is_named_by_an_account_is_no_host_but_a_host_of_the_hits_is_one() -> None:
    of = draft("Sam Sample", [hit("x", "x", host="a.example", field="host")])
    assert not Secrets(accounts=frozenset({"a.example"})).tells("Seen by A.Example today.")
    assert secrets_of([of], {"A.Example"}).tells("Seen by a.example today.")
    assert Secrets(accounts=frozenset({"a.example"})).tells("Seen by a.example on b.example.")


@pytest.mark.parametrize(("host", "field", "text", "is_told"), [
    ("www.vile-pictures.co.uk", "host", "On vile pictures, he says.", True),
    ("www.vile-pictures.co.uk", "path", "On VilePictures.", True),
    ("images.search.example.org", "search_text", "He used a search engine.", False),
    ("203.0.113.9", "host", "Nine of 113 pupils.", False),
    ("intranet", "host", "It was on the intranet.", True),
    (None, "host", "Nothing of it.", False),
    ("bad.example", "host", "That is bad.", False),
])  # fmt: skip
def test_what_a_site_is_called_tells_it_too(host: Any, field: str, text: str, is_told: bool) -> None:
    assert secrets_of([draft("Sam Sample", [hit("x", "x", host=host, field=field)])]).tells(text) is is_told


def test_names_and_devices_stay_and_an_address_in_their_place_does_not() -> None:
    for name in (
        "a.example",
        "lib-pc-07.school.example (device)",
        "10.0.0.7 (address)",
        "cli:dana",
        "2026-10-14T07:30:00+00:00",
    ):
        assert NOBODY.told_outright(name) == name
    for name in ("bad.example/x", "http://bad", "203.0.113.9/pics", "www.bad.example", "bad.example:8080/x"):
        assert NOBODY.told_outright(name) == UNTOLD


def test_a_reason_that_tells_what_was_typed_is_kept_back() -> None:
    reasons = ["typed as a search", f"{TRANSLATED}Polish: “what was typed”, or the like", "lowered for bad.example"]
    assert NOBODY.reasons(reasons) == ["typed as a search", UNTOLD, UNTOLD]


LABELS = st.from_regex(r"[a-z][a-z0-9-]{1,9}[a-z]", fullmatch=True)
DOTS = st.sampled_from([".", "[.]", " dot ", "%2E", "&#46;", "．", " . ", "(dot)", "\\u002e", ".\u200b", " [ dot ] "])


@settings(max_examples=tries(500), deadline=None)
@given(st.lists(LABELS, min_size=1, max_size=3), st.sampled_from(["com", "example", "onion", "uk"]), DOTS, st.data())
def test_no_host_gets_by(labels: list[str], ending: str, dot: str, data: st.DataObject) -> None:
    before, after = (data.draw(st.sampled_from(["", "He opened ", "(", "“", "\n", "see:"])) for _ in range(2))
    assert NOBODY.tells(f"{before}{dot.join([*labels, ending])} {after}")


@settings(max_examples=tries(300), deadline=None)
@given(st.text())
def test_any_text_can_be_looked_at(text: str) -> None:
    assert NOBODY.told(text) in {text, UNTOLD}
