"""A line that nobody could read says nothing of an address on a secret list, in whatever form it stands there."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from pipeline.dataprotection.heldback import Withheld, withheld_in
from pipeline.lake import Lake
from pipeline.matching.watchfolders import with_secret
from tests.shipped import shipped_lists
from tests.test_secretlists import made

#: Where in a line it may stand.
LINES = ("{}", "17 a.example GET {} -", 'x,"{}",y', "x|{}|y", "[{}]", '{{"u":"{}","n":1}}', "({}); z")


@pytest.fixture(scope="module")
def withheld(tmp_path_factory: pytest.TempPathFactory) -> Withheld:
    folder = tmp_path_factory.mktemp("lists")
    listed = made(folder, "hidden-place.example.org/Gallery/one.html", "quiet.example", "xn--bcher-kva.example")
    lists = shipped_lists()
    secret = frozenset(name for name, each in lists.categories.items() if each.route == "illegal")
    return withheld_in(Lake(folder), [], with_secret(lists, [replace(listed, category=min(secret))]), secret)


def told(withheld: Withheld, *texts: str) -> list[bool]:
    return withheld.tells(pl.Series(texts, dtype=pl.String)).to_list()


@pytest.mark.parametrize(
    "address",
    [
        "http://hidden-place.example.org/Gallery/one.html", "hidden-place.example.org/Gallery/one.html",
        "HTTPS://u@Hidden-Place.EXAMPLE.org:443/Gallery/one.html?x=1",
        "http%3A%2F%2Fhidden-place.example.org%2FGallery%2Fone.html",
        r"http:\/\/hidden-place.example.org\/Gallery\/one.html", "www.hidden-place.example.org/Gallery/one.html",
        "https://search.example/go?to=http://hidden-place.example.org/Gallery/one.html&from=start",
        "https://search.example/go?to=http%3A%2F%2Fhidden-place.example.org%2FGallery%2Fone.html",
        "quiet.example", "https://www.quiet.example:8443/", "www.quiet%2Eexample", "b\u00fccher.example",
        r"b\u00fccher.example",
    ],
)  # fmt: skip
def test_an_address_of_a_secret_list_is_found_wherever_it_stands(withheld: Withheld, address: str) -> None:
    lines = [line.format(address) for line in LINES]
    assert [line for line, is_found in zip(lines, told(withheld, *lines), strict=True) if not is_found] == []


def test_what_is_on_no_list_is_told(withheld: Withheld) -> None:
    texts = [
        "http://hidden-place.example.org/Gallery/two.html",
        "not-quiet.example.org",
        "a.example GET /",
        "%",
        "\\",
        "",
    ]
    assert told(withheld, *texts) == [False] * len(texts)
    assert told(withheld) == []
