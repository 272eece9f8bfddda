"""Reading a finished page the way a browser or an outsider would, for the tests of the pages."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import pairwise

from typing_extensions import override

#: Hostile values, and what must be nowhere on a page that shows them.
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='x",
    "=cmd|' /C calc'!A0",
    "\x1b[31mred\x1b[0m \x1b]8;;http://evil.test\x07link\x1b]8;;\x07",
    "right\u202eto left\u2066x",
    "a\u0000b\r\nc\td\u2028e\u200bf\ufeff",
    "{{ 7*7 }} {% raw %}",
    "</style><style>*{display:none}</style>",
    "--><!-- \"; } @page { content: 'x' }",
    "z" + "\u0301" * 40,
)
_DANGEROUS = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]"
)


@dataclass
class Page(HTMLParser):
    """Tags with their attributes, text without tags, and tables as rows of text."""

    html: str

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.tables: dict[str, Table] = {}
        self._caption = ""
        self._open: list[str] = []
        self._table = Table()
        self.feed(self.html)
        self.close()

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "br", "img", "link", "input"}:
            self._open.append(tag)
        if tag == "table":
            self._table = Table()
            self.tables[str(dict(attrs).get("class"))] = self._table
        elif tag == "tr":
            self._table.rows.append([])
        elif tag in {"td", "th"}:
            self._table.rows[-1].append("")

    @override
    def handle_endtag(self, tag: str) -> None:
        assert self._open
        assert self._open[-1] == tag, f"</{tag}> closes <{self._open[-1]}>"
        self._open.pop()
        if tag in {"p", "h1", "h2", "h3", "h4", "dt", "dd", "li", "td", "th", "div"}:
            self.words.append(" ")

    @override
    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] != "style":
            self.words.append(data)
            if {"td", "th"} & set(self._open[self._open.index("table") :] if "table" in self._open else []):
                self._table.rows[-1][-1] += data

    @property
    def text(self) -> str:
        return "".join(self.words)


@dataclass
class Table:
    rows: list[list[str]] = field(default_factory=list)


def assert_harmless(html: str) -> Page:
    """No script, no link or resource outside, nothing that a terminal or a browser would obey; well nested."""
    assert not _DANGEROUS.search(html), repr(_DANGEROUS.search(html))
    page = Page(html)
    assert not page._open
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "img", "link", "iframe", "object", "embed", "form", "input", "base", "svg", "audio"}
    for tag, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on") or name in {"src", "srcset", "action", "data"}]
        if "href" in attributes:
            assert tag == "a"
            assert re.fullmatch(r"#(draft|class)-\d+", attributes["href"] or "")
        if "style" in attributes:
            assert re.fullmatch(r"width: \d+%", attributes["style"] or "")
    policy = [attributes["content"] for tag, attributes in page.tags if attributes.get("http-equiv")]
    assert len(policy) == 1
    assert (policy[0] or "").startswith("default-src 'none'; style-src 'unsafe-inline'")
    assert "@import" not in html
    assert not re.search(r"url\s*\(", html)
    return page


def assert_sound(html: str) -> None:
    """Language, title, one first heading, headings that skip no level, unique ids, headers with a scope."""
    page = Page(html)
    tags = page.tags
    assert ("html", {"lang": "en-GB"}) in tags
    headings = [int(tag[1]) for tag, _ in tags if re.fullmatch(r"h[1-6]", tag)]
    assert headings.count(1) == 1
    assert headings[0] == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(headings))
    ids = [attributes["id"] for _, attributes in tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    labels = [attributes["aria-labelledby"] for _, attributes in tags if "aria-labelledby" in attributes]
    assert set(labels) <= set(ids)
    assert all(attributes.get("scope") in {"row", "col"} for tag, attributes in tags if tag == "th")


def contrast(one: str, other: str) -> float:
    """The contrast of two colours (#rrggbb) as the Web Content Accessibility Guidelines work it out."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
