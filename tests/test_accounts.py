"""Account names as logs write them."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.school.accounts import normalise_user, normalise_users
from tests.effort import tries


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("A.Example07", "a.example07"),
        ("EXAMPLE\\A.Example07", "a.example07"),
        ("EXAMPLE\\\\a.example07", "a.example07"),
        ("EXAMPLE%5Ca.example07", "a.example07"),
        ("example%5ca.example07", "a.example07"),
        ("EXAMPLE%255Ca.example07", "a.example07"),
        ("a.example07@school.example.org", "a.example07"),
        ("a.example07%40school.example.org", "a.example07"),
        ("EXAMPLE\\a.example07@example.org", "a.example07"),
        ("  a.example07\t", "a.example07"),
        ("LDAP://dc1 OU=Pupils,DC=example/EXAMPLE\\, ANN", "example, ann"),
        ("WinNT://EXAMPLE/a.example07", "a.example07"),
        ("ldap://", "ldap://"),
        ("host/pc-07", "host/pc-07"),
        ("zo%C3%AB.example", "zoë.example"),
        ("zoe\u0308.example", "zoë.example"),
        ("-", ""),
        ("", ""),
        ("   ", ""),
        ("N/A", ""),
        ("EXAMPLE\\-", ""),
        # No real escape, or one that would put a control character into a name.
        ("100%user", "100%user"),
        ("caf%E9", "caf%e9"),
        ("a%0Aroot", "a%0aroot"),
        ("a%1b[31m", "a%1b[31m"),
        # Nothing would be left of these.
        ("@handle", "@handle"),
        ("example\\", "example\\"),
        # A computer, not a person called pc-07.
        ("host/pc-07.example.org", "host/pc-07.example.org"),
        ("PC-07$", "pc-07$"),
    ],
)
def test_spellings_of_one_account_meet(raw: str, name: str) -> None:
    assert normalise_user(raw) == name


@pytest.mark.parametrize(
    ("one", "other"),
    [("weiss", "weiß"), ("jo.o", "jo.ó"), ("jo", "jo.example"), ("jo", "jo2"), ("j o", "jo"), ("jo+x", "jo x")],
)
def test_different_people_stay_different(one: str, other: str) -> None:
    assert normalise_user(one) != normalise_user(other)


NAMES = st.text(alphabet=st.characters(codec="utf-8"), max_size=20) | st.text(alphabet="aA%5cC2\\@ .-", max_size=20)


@given(NAMES)
@settings(max_examples=tries(300))
def test_normalising_again_changes_nothing(raw: str) -> None:
    once = normalise_user(raw)
    assert normalise_user(once) == once


@given(
    st.from_regex(r"[a-z][a-z0-9.]{0,12}", fullmatch=True), st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,8}", fullmatch=True)
)
def test_domain_case_and_escapes_never_matter(name: str, domain: str) -> None:
    spellings = [f"{domain}\\{name}", f"{domain}%5C{name}", f"{name}@{domain}.example", name.upper(), f" {name} "]
    assert {normalise_user(spelling) for spelling in spellings} == {name}


def test_hostile_length_costs_no_time() -> None:
    assert normalise_user("%25" * 100_000).startswith("%25")


def test_columns_are_normalised_per_distinct_value() -> None:
    raw = pl.Series("user_raw", ["EXAMPLE\\A.Example", None, "-", "a.example", ""])
    assert normalise_users(raw).to_list() == ["a.example", None, None, "a.example", None]
    assert normalise_users(raw).name == "user_raw"
    assert normalise_users(raw.clear()).dtype == pl.String
    assert normalise_users(pl.Series("user_raw", [None, None])).to_list() == [None, None]
