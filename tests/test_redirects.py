"""What one URL carries in another is found where the data file says, as it was written, and no deeper than three."""

from __future__ import annotations

from urllib.parse import quote

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.text import url_parts
from pipeline.urls.redirects import CARRIED, DEEPEST, Redirector, carried_by, may_carry, redirectors, targets
from tests.effort import tries


def found(*urls: str) -> dict[str, int]:
    """Target -> depth."""
    table = targets(url_parts(pl.Series(urls, dtype=pl.String)))
    assert table.schema == CARRIED
    return dict(table.select("target", "depth").iter_rows())


@pytest.mark.parametrize("redirector", redirectors(), ids=lambda each: each.name)
def test_the_example_of_every_redirector(redirector: Redirector) -> None:
    assert found(redirector.example)[redirector.target] == 1


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://l.facebook.com/l.php?u=https%3A%2F%2Fa.example%2F%3Fb%3D1&h=AT", "https://a.example/?b=1"),
        ("https://out.reddit.com/t3_x?url=https%3A%2F%2Fa.example%2F&token=AQ", "https://a.example/"),
        ("https://steamcommunity.com/linkfilter/?u=https%3A%2F%2Fa.example", "https://a.example"),
        ("https://x.example/go?url=https://a.example/?q=b&c=d", "https://a.example/?q=b&c=d"),
        ("https://x.example/go?url=https://a.example/b&c=d", "https://a.example/b"),
        ("https://x.example/go?url=//a.example/b", "https://a.example/b"),
        ("https://x.example/go?url=www.a.example/b", "https://www.a.example/b"),
        ("https://x.example/go?URL=HTTP%3A%2F%2Fa.example", "HTTP://a.example"),
        ("https://x.example/go?url=https%253A%252F%252Fa.example%252Fb", "https://a.example/b"),
        ("https://x.example/?https://a.example/b?c=d", "https://a.example/b?c=d"),
        ("https://x.example/go?url=https%3A%2F%2Fa.example%2F%3Fq%3Da%252Bb", "https://a.example/?q=a%2Bb"),
        ("https://x.example/go?url=https%3A%2F%2Fa.example%2Fcaf%E9", "https://a.example/café"),
        ("https://web.archive.org/web/2020/http:/a.example/b?c=d", "http://a.example/b?c=d"),
        ("https://cdn.example/i/https%3A%2F%2Fa.example%2Fb/c.jpg", "https://a.example/b"),
        ("https://my--site-a-example.translate.goog/b", "https://my-site.a.example/b"),
        ("https://p.example/hvtr%3A-%2Fuwu.gxcmrlg.aoo%2Fmwns", "http://www.example.com/owls"),
    ],
)
def test_where_a_url_leads(url: str, target: str) -> None:
    assert found(url) == {target: 1}


@pytest.mark.parametrize(
    "url",
    [
        "https://www.bbc.co.uk/news?ref=listed.example",
        "https://www.bbc.co.uk/news?ref=https://listed.example",
        "https://www.google-analytics.com/collect?url=https%3A%2F%2Fa.example",
        "https://x.example/go?url=https://",
        "https://x.example/go?url=httpsa.example",
        "https://x.example/go?url=https%3A%2F%2Flocalhost",
        "https://x.example/go?url=%2Fown%2Fpage",
        "https://www.bing.com/ck/a?u=a1%%%",
        "https://192.0.2.7/a?__cpo=1",
        "https://www.youtube.com/redirect?q=words",
        "https://x.example/?url=https://a.example/" + "a" * 10_000,
        "https://x.example/",
        "x.example:443",
        "",
    ],
)
def test_what_carries_no_url(url: str) -> None:
    assert found(url) == {}


def test_a_redirector_within_a_redirector_is_followed_three_deep() -> None:
    url = "https://d.example/"
    for host in ("c.example", "b.example", "a.example", "start.example"):
        url = f"https://{host}/?url={quote(url, safe='')}"
    depths = {target.partition("?")[0]: depth for target, depth in found(url).items()}
    assert depths == {f"https://{host}.example/": depth for depth, host in enumerate("abc", 1)}
    assert max(depths.values()) == DEEPEST


def test_every_url_keeps_its_own_targets() -> None:
    inner = "https://b.example/?url=https%3A%2F%2Fc.example%2F"
    outer = f"https://a.example/?url={quote(inner, safe='')}"
    table = targets(url_parts(pl.Series([inner, outer])))
    assert set(table.rows()) == {(outer, inner, 1), (outer, "https://c.example/", 2), (inner, "https://c.example/", 1)}


def test_no_more_than_a_few_side_by_side() -> None:
    many = "&".join(f"url=https%3A%2F%2F{number}.example" for number in range(50))
    assert len(found(f"https://x.example/?{many}")) == 4


def test_no_url_is_no_redirector() -> None:
    assert targets(url_parts(pl.Series([], dtype=pl.String))).schema == CARRIED
    assert found("https://x.example/?url=https%3A%2F%2Fx.example") == {"https://x.example": 1}
    assert targets(url_parts(pl.Series([None, ""], dtype=pl.String))).is_empty()


_PIECES = st.sampled_from(
    ["https://", "http%3A%2F%2F", "url=", "&u=", "?", "&", "__cpo=", "aHR0cHM6Ly9h",
     "hvtrs8%2F-", "/", "a.example", "%", "%25",
     "translate.goog", "www.", "/ck/a", "u=a1aHR0", "é", ";", "=", "/amp/s/", "google.com", "\0", " "]
)  # fmt: skip


@settings(max_examples=tries(300))
@given(st.lists(_PIECES, max_size=12).map("".join))
def test_any_text_is_survived_and_a_target_is_an_address(text: str) -> None:
    parts = url_parts(pl.Series([text]))
    table = targets(parts)
    assert set(table["url"]) <= set(may_carry(parts)["url"])
    assert carried_by(parts["url"]).equals(table)
    assert table["target"].str.contains(r"(?i)^https?://[^/?#\s]").all()
