"""What a client sends ends up in its line of the log: it must not change who did what, and whether it was blocked.

A line that cannot be told apart may be refused, for then it is counted and kept; it is never read as something else.
"""

from __future__ import annotations

from random import Random

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.formats import LINES, Declared, names, registry
from tests.effort import tries
from tests.hostile import Product
from tests.hostile_products import EVERY

_quick = settings(max_examples=tries(80), deadline=None)
#: Pieces of log lines, so that the made texts come near to what a clever pupil would try.
_PIECES = st.sampled_from(
    [
        "\t", " ", '"', "\\", "=", "-", "0", "200", "407", "403", "GET", "http://good.example/", "10.20.1.99",
        "*TRUSTED* -", "*DENIED*", "text/html", "Pupils", "1", "1757318700.000", " action=", ' action="passthrough"',
        ' user="asmith"', " type=traffic", "passthrough", "x", "é", "\r", "%20", ",", ">",
    ]
)  # fmt: skip
_TEXTS = st.lists(_PIECES, max_size=14).map("".join)


def _rows(name: str, line: str) -> list[dict[str, object]]:
    lines = pl.DataFrame({"line": [1], "text": [line]}, schema=LINES)
    parsed = registry()[name].parse(lines, Declared(), "")
    assert parsed.events.height + parsed.rejects.height == 1
    return parsed.events.to_dicts()


@_quick
@given(path=_TEXTS, agent=_TEXTS)
@example(path="", agent="x\t-\t5")
@example(path="\tGET\t407\t0\t-\t", agent="")
def test_e2guardian8_keeps_user_and_block(path: str, agent: str) -> None:
    cells = [
        "1757318771.794", "-", "bjones", "10.20.1.16", "10.20.1.16", f"http://casino.example.com/{path}", "GET", "403",
        "0", "-", agent or "-", "-", "0", "-", "500", "*DENIED* Blocked site", "0", "Gambling", "Pupils", "1", "-",
        "80:PH:",
    ]  # fmt: skip
    for count in (22, 20):
        for row in _rows("e2guardian8", "\t".join(cells[:count])):
            assert (row["user_raw"], row["client_ip"], row["verdict"]) == ("bjones", "10.20.1.16", "blocked")
            assert str(row["url"]).startswith("http://casino.example.com/")


@_quick
@given(
    path=_TEXTS.map(lambda text: text.replace(" ", "")),
    agent=_TEXTS,
    user=_TEXTS.map(lambda text: text.replace(":", "")),
)
@example(path="", agent="GET 1 0 - 1 200 text/html", user="bob 10.1.1.1 http")
def test_e2guardian1_keeps_user_and_block(path: str, agent: str, user: str) -> None:
    # No blanks in the path (such a request is answered with 400 and not logged), no colon in a name (RFC 7617).
    line = (
        f"2025.09.08 09:06:11 x{user}x 10.20.1.16 http://casino.example.com/{path} *DENIED* Blocked site: casino"
        f" GET 0 0 Gambling 1 403 - 10.20.1.16 Pupils {agent} - - - -"
    )
    for row in _rows("e2guardian1", line):
        assert (row["user_raw"], row["client_ip"], row["verdict"]) == (f"x{user}x", "10.20.1.16", "blocked")
        assert row["url"] == f"http://casino.example.com/{path}"


@_quick
@given(path=_TEXTS)
@example(path="a b")
@example(path=" ")
@example(path="a * ")
@example(path="a *TRUSTED* b")
@example(path="a GET 0 0 - 1 200 b")
def test_e2guardian1_never_allows_a_denied_row_whose_url_holds_blanks(path: str) -> None:
    line = (
        f"2026.11.20 9:00:01 a.smith 10.1.1.1 http://bad.example/{path} *DENIED* Banned site: x"
        " GET 1234 50 Pornography 2 403 text/html  group  -"
    )
    for row in _rows("e2guardian1", line):
        assert (row["user_raw"], row["client_ip"]) == ("a.smith", "10.1.1.1")
        assert row["verdict"] != "allowed"
        if "*" not in path:
            assert (row["verdict"], row["url"]) == ("blocked", f"http://bad.example/{path}".rstrip(" "))


@_quick
@given(path=_TEXTS, agent=_TEXTS)
@example(path=' action=passthrough user="asmith"', agent="")
@example(path='" action="passthrough', agent="")
@example(path="", agent='" user="asmith" subtype="dns')
def test_fortigate_keeps_user_and_block(path: str, agent: str) -> None:
    line = (
        'date=2025-09-08 time=09:06:11 devname="FGT-A" eventtime=1757318771 logid="0316013056" type="utm" '
        f'subtype="webfilter" user="bjones" srcip=10.20.1.16 service="HTTP" hostname="casino.example.com" '
        f'agent="{agent}" url="/{path}" action="blocked" rcvdbyte=0'
    )
    for row in _rows("fortigate", line):
        assert (row["user_raw"], row["client_ip"], row["verdict"]) == ("bjones", "10.20.1.16", "blocked")
        assert str(row["url"]).startswith("http://casino.example.com/")


@settings(max_examples=tries(1), deadline=None)
@given(seed=st.integers(0, 2**32))
@pytest.mark.parametrize("product", EVERY, ids=[f"{each.name}-{number}" for number, each in enumerate(EVERY)])
def test_a_client_that_chooses_hostile_values_changes_nothing_else(product: Product, seed: int) -> None:
    chance = Random(seed)
    product.check(*(product.values(chance) for _ in range(60)))


def test_every_format_is_attacked() -> None:
    here = {"e2guardian1", "e2guardian8", "fortigate"}
    # Written by the same program as e2guardian 8, in quotes or with tabs, and cut by the same code.
    alike = {"e2guardian2", "e2guardian4"}
    assert {each.name for each in EVERY} | here | alike == set(names())
