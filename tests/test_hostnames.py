"""Host names in both ways of writing; and each entry of a data file has its own hosts and no others."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.urls.hostnames import FORMS, ascii_form, forms, patterns, unicode_form
from tests.effort import tries


@pytest.mark.parametrize(
    ("host", "in_unicode", "in_ascii"),
    [
        ("xn--bcher-kva.example", "bücher.example", "xn--bcher-kva.example"),
        ("bücher.example", "bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example", "bücher.example", "xn--bcher-kva.example"),
        ("www.xn--e1afmkfd.xn--p1ai", "www.пример.рф", "www.xn--e1afmkfd.xn--p1ai"),
        ("例え.jp", "例え.jp", "xn--r8jz45g.jp"),
        ("a。example", "a.example", "a.example"),
        ("xn--rnhub-iyen.com", "рοrnhub.com", "xn--rnhub-iyen.com"),
        ("😀.example", "😀.example", "xn--e28h.example"),
        ("xn--e28h.example", "😀.example", "xn--e28h.example"),
    ],
)
def test_a_host_is_written_both_ways(host: str, in_unicode: str, in_ascii: str) -> None:
    if host == "xn--rnhub-iyen.com":
        in_unicode = unicode_form(host)
        assert not in_unicode.isascii()
    assert (unicode_form(host), ascii_form(host)) == (in_unicode, in_ascii)
    assert ascii_form(in_unicode) == in_ascii


@pytest.mark.parametrize(
    "host",
    ["plain.example", "192.0.2.1", "2001:db8::1", "xn--.example", "xn--a\x80.example", "xn--99999999.example", "", ".",
     "xn--" + "9" * 5_000 + ".example", "xn--abc-.example", "ü" * 300 + ".example"],
)  # fmt: skip
def test_what_cannot_be_written_otherwise_stays(host: str) -> None:
    assert unicode_form(host) == host
    assert ascii_form(host) == host or host.startswith("xn--a\x80")


def test_only_international_hosts_have_a_row() -> None:
    hosts = pl.Series(["a.example", "xn--bcher-kva.example", "bücher.example", None])
    both = ("bücher.example", "xn--bcher-kva.example")
    assert forms(hosts).rows() == [("xn--bcher-kva.example", *both), ("bücher.example", *both)]
    assert forms(pl.Series([], dtype=pl.String)).schema == FORMS


@settings(max_examples=tries(300))
@given(
    st.one_of(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=80),
        st.from_regex(r"xn--[a-z0-9-]{0,20}", fullmatch=True),
    )
)
def test_any_host_is_survived(host: str) -> None:
    table = forms(pl.Series([host.lower()]))
    assert table.null_count().sum_horizontal().item() == 0


def test_each_entry_has_its_hosts() -> None:
    sites = patterns([["maps.search.*"], ["search.*", "find.example"], ["*"]])
    assert sites.of("www.search.co.uk") == (1, 2)
    assert sites.of("maps.search.com") == (0, 1, 2)
    assert sites.of("a.find.example") == (1, 2)
    assert sites.of("find.example.com") == (2,)
    assert sites.of("notsearch.com") == (2,)
    assert sites.of("search.com.evil.example") == (2,)
    assert sites.of("") == (2,)
    assert sites.among(pl.Series(["www.search.de", "other.example"])).to_list() == ["www.search.de"]
