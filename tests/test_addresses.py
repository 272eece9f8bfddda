"""Addresses in one spelling, and the ranges that hold them."""

from __future__ import annotations

import ipaddress

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.school.addresses import HOLDING, holding_ranges, normalise_addresses, read_address


@pytest.mark.parametrize(
    ("raw", "spelling"),
    [
        ("10.0.3.7", "10.0.3.7"),
        (" 10.0.3.7 ", "10.0.3.7"),
        ("::ffff:10.0.3.7", "10.0.3.7"),
        ("2001:DB8:0:0::7", "2001:db8::7"),
        ("", None),
        (None, None),
        # No address: left as the log has it.
        ("10.0.3", "10.0.3"),
        ("10.0.03.7", "10.0.03.7"),
        ("lib-07.example.org", "lib-07.example.org"),
    ],
)
def test_one_spelling(raw: str | None, spelling: str | None) -> None:
    assert normalise_addresses(pl.Series("client_ip", [raw], dtype=pl.String)).to_list() == [spelling]


def test_what_is_no_address_is_refused_where_one_is_needed() -> None:
    with pytest.raises(ValueError, match=r"10\.0\.3"):
        read_address("10.0.3")


ADDRESSES = st.builds("10.{}.{}.{}".format, *[st.integers(0, 3)] * 3) | st.builds(
    "2001:db8::{:x}".format, st.integers(0, 16)
)
RANGES = st.builds(
    lambda address, bits: str(ipaddress.ip_network((address, bits if ":" not in address else bits * 4), strict=False)),
    ADDRESSES,
    st.integers(8, 32),
)


@given(st.lists(ADDRESSES, max_size=6), st.lists(RANGES | ADDRESSES, max_size=6))
def test_every_range_that_holds_an_address_is_found(seen: list[str], listed: list[str]) -> None:
    found = holding_ranges(pl.Series(seen, dtype=pl.String), pl.Series(listed, dtype=pl.String))
    assert found.schema == HOLDING
    expected = {
        (address, each, ipaddress.ip_network(each).prefixlen)
        for address in seen
        for each in listed
        if ipaddress.ip_address(address) in ipaddress.ip_network(each)
    }
    assert set(found.iter_rows()) == expected
    assert found.height == len(expected)


def test_an_address_and_a_range_of_one_are_both_found() -> None:
    found = holding_ranges(pl.Series(["10.0.0.1"]), pl.Series(["10.0.0.1", "10.0.0.1/32"]))
    assert set(found["range"]) == {"10.0.0.1", "10.0.0.1/32"}
