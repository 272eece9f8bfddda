"""e2guardian writes each of its layouts to syslog as well, and rsyslog makes `#011` of tabs."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from pipeline.formats import LINES, Declared, registry

_FOLDER = Path(__file__).parent.parent / "sample_logs"
_HEADERS = (
    "Nov  9 09:05:03 gateway e2guardian[711]: ",
    "<142>Nov  9 09:05:03 gateway dansguardian: ",
    "2026-11-09T09:05:03.123456+00:00 gateway e2guardian[711]: ",
    "<142>1 2026-11-09T09:05:03.123456+00:00 gateway e2guardian 711 - - ",
)


def _parsed(name: str, texts: list[str]) -> list[pl.DataFrame]:
    table = pl.DataFrame({"line": range(1, len(texts) + 1), "text": texts}, schema=LINES)
    parsed = registry()[name].parse(table, Declared(), "")
    return [parsed.events, parsed.rejects, parsed.skips]


@pytest.mark.parametrize("header", _HEADERS)
@pytest.mark.parametrize(
    ("name", "tab"),
    [("e2guardian1", "\t"), ("e2guardian2", "\t"), ("e2guardian4", "\t"), ("e2guardian4", "#011"),
     ("e2guardian8", "\t"), ("e2guardian8", "#011")],
)  # fmt: skip
def test_a_line_by_syslog_is_read_like_one_of_the_file(name: str, header: str, tab: str) -> None:
    texts = next((_FOLDER / name).glob("*.log")).read_text(encoding="utf-8").splitlines()
    relayed = [header + text.replace("\t", tab) if text else text for text in texts]
    assert registry()[name].claims(relayed[:20]) is registry()[name].claims(texts[:20]) is True
    for plain, by_syslog in zip(_parsed(name, texts), _parsed(name, relayed), strict=True):
        assert by_syslog.equals(plain)


def test_what_looks_like_a_tab_is_none_where_there_are_tabs() -> None:
    line = (
        "1794214800.123\t\tbjones\t192.0.2.7\t-\thttp://www.example.org/a#011b\tGET\t200\t9\ttext/html\t-\t-\t5\t-\t0"
        "\t-\t0\t-\tpupils\t1\t-\t-"
    )
    events, rejects, _ = _parsed("e2guardian8", [line])
    assert rejects.is_empty()
    assert events["url"].to_list() == ["http://www.example.org/a#011b"]
