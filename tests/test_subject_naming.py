r"""Who is named in a line that nobody could read: the person, behind whatever escapes, and then nobody else."""

from __future__ import annotations

import re

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.text import as_text, unescape_once, without_escapes
from reports.subject.masking import Mask, masks, through_escapes
from reports.subject.naming import naming
from tests.effort import tries

ALEX = frozenset({"a.example", "31", "jürgen.ß"})
NAMED = naming(
    ALEX, ["Alex Example"], ["Jordan Sample", "Alex Exampleton", "Sam Alex Example-Brown", "Alex Example May"],
    ["a.example-jones", "x-a.example", "b.sample"],
)  # fmt: skip
OURS = st.sampled_from([
    b"a.example", b"A.EXAMPLE", b"EXAMPLE\\a.example", b"EXAMPLE%5Ca.example", b"EXAMPLE%255Ca%2Eexample",
    b"a.example@example.org", b"a.example%40example.org", b"Alex Example", b"EXAMPLE,+Alex", b"alex%20example",
    b"user=31", b"J\xc3\xbcrgen.\xc3\x9f", b"j\xfcrgen.\xdf", b"J%FCRGEN.%DF", b"ju\xcc\x88rgen.\xc3\x9f",
    b"j\\u00fcrgen.\\u00DF", b"J\\xc3\\xbcrgen.\\xC3\\x9F", b"j%5Cu00fcrgen.%C3%9F", b"%61.%65%78%61mple",
    b"\\u0061.\\u0065\\u0078ample", b"%2561.%2565%2578ample", b"%5Cu0061.e%5Cu0078ample", b"Al%65x%20%45xample",
])  # fmt: skip
NOT_OURS = st.sampled_from([
    b"xa.example", b"a.examples", b"b.a.example", b"a.example.org", b"Alex Exampleton", b"Alex", b"31", b"200",
    b"jurgen", b"Jordan Sample", b"Sam+Alex+Example-Brown", b"may, alex example", b"A.Example-Jones", b"x-a.example",
    b"\xff\xfe", b"%", b"%zz", b"25", b"\\u00", b"\\x", b"\\xa.example",
    b"SCHOOL\\ta.example", b"",
])  # fmt: skip
BETWEEN = st.sampled_from([b" ", b"\t", b'"', b"|", b"/", b" \xff ", b"&q="])
LINES = st.lists(st.tuples(NOT_OURS, BETWEEN).map(b"".join), max_size=6).map(b"".join)


def may(raws: list[bytes]) -> list[bool]:
    table = pl.DataFrame({"raw": pl.Series(raws, dtype=pl.Binary)})
    return table.select(NAMED.may(pl.col("raw"))).to_series().to_list()


@given(LINES, OURS, BETWEEN, LINES)
@settings(max_examples=tries(300), deadline=None)
def test_a_line_that_names_the_person_is_found_whatever_stands_around_it(
    before: bytes, ours: bytes, between: bytes, after: bytes
) -> None:
    line = before + ours + between + after
    assert NAMED.named(as_text(line))
    assert may([line]) == [True], "the cheap look must not pass over what the exact one finds"


@given(LINES)
@settings(max_examples=tries(300), deadline=None)
def test_a_line_that_names_somebody_else_or_nobody_is_not(line: bytes) -> None:
    assert not NAMED.named(as_text(line))


PEOPLE = pl.DataFrame(
    {
        "username": ["english", "j.sample", "j.gro\u00df"],
        "display_name": ["Ida English", "Jordan Sample", "J\u00f6rg Gro\u00df"],
        "role": ["pupil"] * 3,
    }
)
MASKS = masks(PEOPLE, [], frozenset({"a.example"}))


def test_what_stands_behind_an_escape_is_taken_out_too() -> None:
    assert MASKS.written("/users%2FJordan%20was%2Fenglish%2C100%Ida") == (
        "/users%2F[name withheld]%20was%2F[account withheld]%2C100%[name withheld]"
    )


@pytest.mark.parametrize("mask", [MASKS.typed, MASKS.written])
@pytest.mark.parametrize(
    "named",
    [
        r"J\u00f6rg Gro\u00df", r"J\u00F6RG gro\u00DF", r"J\xc3\xb6rg Gro\xc3\x9f", "J%C3%B6rg+Gro%C3%9F",
        "J%F6rg%20Gro%DF",
        "J%25C3%25B6rg+Gro%25C3%259F", r"j.gro\u00df", "%4Aordan%20Sample", r"J%5Cu00f6rg Gro%5Cu00df",
        r"seen\nJordan Sample", r"at 9:10\tj.sample",
    ],
)  # fmt: skip
def test_a_name_is_taken_out_of_a_line_however_the_log_writes_its_letters(mask: Mask, named: str) -> None:
    hidden = through_escapes(mask)(f'{{"text":"{named} was here"}}')
    assert "withheld]" in hidden
    for text in (hidden, unescape_once(unescape_once(hidden)), without_escapes(unescape_once(hidden))):
        assert not re.search("j(.|%..)*rg|gro|jordan|sample", text, re.IGNORECASE), text
    assert hidden.endswith(' was here"}')


@pytest.mark.parametrize(
    "text", ["100%25 \\u0041lex a%20b", "EXAMPLE\\nobody", "x\\xe9", "%", "\\u12", "J%C3%B6 Gro\\u00df!"]
)
def test_of_a_line_that_names_nobody_else_no_escape_is_undone(text: str) -> None:
    assert through_escapes(MASKS.typed)(text) == text


@given(st.text(st.sampled_from("\\%ux0123456789abcdefnrtJ\u00f6 "), max_size=30))
@settings(max_examples=tries(300), deadline=None)
def test_whatever_escapes_stand_in_a_line_it_can_be_masked(text: str) -> None:
    assert through_escapes(MASKS.written)(text) == text, "these letters name nobody"
