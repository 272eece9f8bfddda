"""Lines of keys in TOML files."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.settings.tomlplace import Key, line_of
from tests.effort import tries

TEXT = '''# a comment with [brackets] and = signs
title = "x" # [not] a = table

[school]
name = """
[[rule]]
terms = no
"""
"quoted key" = 1
dotted.inner = { a = 1, b = [
  "one", # first
  "two",
] }

[[rule]]
id = 'a]b'
terms = [
    "one", "two",
    # between
    "three",
]

[[rule]]
id = "b"
  [rule.more]
  deep = 1.5

[[rule.part]]
x = 2024-01-01T10:00:00Z
[[rule.part]]
x = 2
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("title",), 2),
        (("school",), 4),
        (("school", "name"), 5),
        (("school", "quoted key"), 9),
        (("school", "dotted", "inner"), 10),
        (("school", "dotted", "inner", "b"), 10),
        (("school", "dotted", "inner", "b", 1), 12),
        (("rule",), 15),
        (("rule", 0), 15),
        (("rule", 0, "id"), 16),
        (("rule", 0, "terms"), 17),
        (("rule", 0, "terms", 1), 18),
        (("rule", 0, "terms", 2), 20),
        (("rule", 1), 23),
        (("rule", 1, "more", "deep"), 26),
        (("rule", 1, "part", 1, "x"), 31),
    ],
)
def test_a_key_is_found_where_it_stands(path: Key, line: int) -> None:
    assert line_of(TEXT, path) == line


@pytest.mark.parametrize(
    ("path", "line"), [(("rule", 1, "weight"), 23), (("school", "missing", "deeper"), 4), (("nowhere",), 0), ((), 0)]
)
def test_what_is_not_there_gives_the_nearest_table_above(path: Key, line: int) -> None:
    assert line_of(TEXT, path) == line


def test_lines_are_counted_alike_with_windows_line_ends() -> None:
    assert line_of(TEXT.replace("\n", "\r\n"), ("rule", 1, "more", "deep")) == 26


KEYS = st.text("abc-_", min_size=1, max_size=4)
SCALARS = st.one_of(st.integers(), st.booleans(), st.text(max_size=12), st.lists(st.text(max_size=5), max_size=3))


@settings(max_examples=tries(60))
@given(st.lists(st.dictionaries(KEYS, SCALARS, max_size=4), min_size=1, max_size=4))
def test_every_key_of_a_written_file_is_found_on_its_line(tables: list[dict[str, Any]]) -> None:
    lines: list[str] = []
    expected: dict[Key, int] = {}
    for index, table in enumerate(tables):
        lines.append("[[table]]")
        for key, value in table.items():
            # JSON's strings, lists, numbers and booleans are TOML's, but for DEL, which TOML wants escaped.
            lines.append(f'"{key}" = {json.dumps(value, ensure_ascii=False)}'.replace("\x7f", "\\u007f"))
            expected["table", index, key] = len(lines)
    text = "\n".join(lines)
    assert [set(table) for table in tomllib.loads(text)["table"]] == [set(table) for table in tables]
    assert {path: line_of(text, path) for path in expected} == expected


@settings(max_examples=tries(150))
@given(st.text("[]{}=\"'#.,\n ab1\\", max_size=60), st.tuples(st.sampled_from(["a", "b", "ab"]), st.integers(0, 2)))
def test_any_text_at_all_ends_and_gives_a_line_of_it(text: str, path: tuple[str, int]) -> None:
    assert 0 <= line_of(text, path) <= text.count("\n") + 1
