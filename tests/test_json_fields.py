"""JSON lines taken apart: the quick reader and the careful one agree, and no line harms its neighbours."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.formats import LINES, _json_by_arrow
from pipeline.formats import _json as under_test
from tests.effort import tries

_WANTED = {"a": "a", "b": "b.c", "dotted": '"x.y".z', "many": "l", "first": "q[0].r"}
_quick = settings(max_examples=tries(25), deadline=None)


def _table(texts: list[str]) -> pl.DataFrame:
    return pl.DataFrame({"line": range(1, len(texts) + 1), "text": texts}, schema=LINES)


def _fields(*texts: str) -> list[dict[str, Any]]:
    few = under_test.fields(_table(list(texts)), _WANTED, ["many"])
    filling = ['{"a":"filling","z":1}'] * under_test._FEW
    many = under_test.fields(_table([*texts, *filling]), _WANTED, ["many"])
    assert many["line"].to_list() == list(range(1, many.height + 1))
    assert many.head(len(texts)).equals(few)
    assert set(many["a"].tail(len(filling)).to_list()) == {"filling"}
    return few.to_dicts()


def _one(text: str, column: str = "a") -> Any:
    (row,) = _fields(text)
    assert row["reason"] is None
    return row[column]


def _reason(text: str) -> Any:
    return _fields(text)[0]["reason"]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ('"x"', "x"), ('""', ""), ("null", None), ("true", "true"), ("12", "12"), ("0", "0"), ("-0", "-0"),
        ("1.10", "1.10"), ("1.0", "1.0"), ("1e3", "1e3"), ("1E+2", "1E+2"), ("0.00001", "0.00001"),
        ("1757318701.123456789", "1757318701.123456789"), ("1757318701.12345", "1757318701.12345"),
        ("123456789012345678901234567890", "123456789012345678901234567890"), ("1e400", "1e400"),
        ("98765432101.5", "98765432101.5"), ("8765432101.123457", "8765432101.123457"),
        (r'"\/\u0026\u00e9\ud83d\ude00\n"', "/&é😀\n"), (r'"\u0000"', "\0"), (r'"\ud800"', r"\ud800"),
        ('"a\tb"', "a\tb"), ('"[1]"', "[1]"), ('"{"', "{"), (r'"\"a\":1,"', '"a":1,'), ('"x:NaN,"', "x:NaN,"),
    ],
)  # fmt: skip
def test_a_value_is_read_as_it_is_written(written: str, read: str | None) -> None:
    assert _one(f'{{"a":{written},"z":1}}') == read
    assert _one(f' {{ "z" : 1 , "a" : {written} }} ') == read


def test_keys_with_dots_nested_keys_and_places_in_lists_are_told_apart() -> None:
    assert _one('{"b.c":1}', "b") is None
    assert _one('{"b":{"c":1}}', "b") == "1"
    assert _one('{"x.y":{"z":"s"}}', "dotted") == "s"
    assert _one('{"x":{"y":{"z":"s"}}}', "dotted") is None
    assert _one('{"q":[{"r":"one"},{"r":"two"}]}', "first") == "one"
    assert _one('{"q":[]}', "first") is None
    assert _one('{"b":"text"}', "b") is None


def test_a_list_is_joined_only_where_the_format_asks_for_it() -> None:
    assert _one('{"l":["p","q",3]}', "many") == "p, q, 3"
    assert _one('{"l":["p",null,1.50]}', "many") == "p, 1.50"
    assert _one('{"l":[]}', "many") is None
    assert _one('{"l":"p"}', "many") == "p"
    assert _one(r'{"l":"[\"p\"]"}', "many") == '["p"]'
    assert _reason('{"l":[{"p":1}]}') == "bad-field"
    assert _reason('{"l":{"p":1}}') == "bad-field"
    assert _reason('{"a":["p"]}') == "bad-field"


def test_a_wanted_key_that_is_said_twice_and_differently_is_refused() -> None:
    assert _one('{"a":1,"a":1}') == "1"
    assert _one('{"a":1,"z":{"a":2}}') == "1"
    assert _one('{"a":1,"z":5,"z":6}') == "1"
    for text in (
        '{"a":1,"a":2}',
        '{"a":1,"a":null}',
        '{"a":"x","\\u0061":"y"}',
        '{"b":{"c":1,"c":2}}',
        '{"b":{"c":1},"b":{"c":2}}',
        '{"b":{"c":1},"b":3}',
        '{"q":[{"r":1,"r":2}]}',
    ):
        assert _reason(text) == "bad-field", text


@pytest.mark.parametrize("text", ["[", ' [ {"a": 1}]', '[{"a": 1},{"a": 2}]'])
def test_a_list_is_refused_with_what_makes_lines_of_it(text: str) -> None:
    first, second = _fields(text, "[1, 2]")
    assert "jq -c" in first["detail"]
    assert second["detail"] == "is no JSON object"


def test_what_is_no_json_object_is_refused_and_its_neighbours_are_not() -> None:
    damaged = ['{"a":"x', '{"a":1', '{"a":1}}', '{"a":1,}', '{"a":NaN}', "{'a':1}", '{"a":01}', '{"a":"\\x41"}', "{"]
    foreign = ["", "a", "[1]", '"a"', "null", '\ufeff{"a":1}']
    deep = ['{"a":' * 50_000 + "1" + "}" * 50_000, '{"b":' + "[" * 50_000]
    rows = _fields('{"a":1}', *damaged, *foreign, *deep, '{"a":2}')
    assert [row["a"] for row in rows] == ["1", *[None] * (len(rows) - 2), "2"]
    reasons = [row["reason"] for row in rows[1:-1]]
    assert reasons[: len(damaged)] == ["unclosed-quote", *["bad-field"] * (len(damaged) - 1)]
    assert reasons[len(damaged) : -len(deep)] == ["not-this-format"] * len(foreign)
    assert reasons[-len(deep) :] == ["bad-field"] * len(deep)


@pytest.mark.parametrize("path", ["", ".", "a.", ".a", "a..b", "a[", "a[x]", 'a"b', '"a', "a]b", "[0]", "a\\b"])
def test_a_path_that_is_none_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="is no path"):
        under_test.steps(path)


def test_a_path_is_taken_apart() -> None:
    assert under_test.steps("a") == ("a",)
    assert under_test.steps('"id.orig_h"') == ("id.orig_h",)
    assert under_test.steps('a[0][12]."b c".d-e') == ("a", 0, 12, "b c", "d-e")


_scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | st.sampled_from(["[", "{", "[1]"])
)
_values = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abclqrxz"), inner, max_size=4),
)
_records = st.dictionaries(st.sampled_from(["a", "b", "l", "q", "x.y", "a.b"]), _values, max_size=6)


@st.composite
def _lines(draw: st.DrawFn) -> str:
    """A record as one of the writers of JSON would write it, or cut off, or with a key more."""
    text = json.dumps(
        draw(_records), ensure_ascii=draw(st.booleans()), separators=draw(st.sampled_from([(",", ":"), (", ", ": ")]))
    )
    text = text.encode("utf-8", "backslashreplace").decode()
    damage = draw(
        st.sampled_from(["", "", "cut", '"a":1,', '"b":{"c":2},', '"a":1.50,', '"l":[1,2.0e1],', '"\\u0061":7,'])
    )
    at = draw(st.integers(0, len(text)))
    return text[:at] if damage == "cut" else text.replace("{", "{" + damage, 1) if damage and len(text) > 2 else text


@_quick
@given(texts=st.lists(_lines(), max_size=5))
def test_quick_and_careful_reader_agree(texts: list[str]) -> None:
    lines = _table([text for text in texts if text.startswith("{")])
    places = {name: under_test.steps(path) for name, path in _WANTED.items()}
    careful = under_test._one_by_one(lines, places, ["many"])
    assert under_test._at_once(lines, places, ["many"]).sort("line").equals(careful)
    assert under_test._by_duckdb(lines, places, ["many"]).sort("line").equals(careful)


@_quick
@given(texts=st.lists(st.text(max_size=40) | st.text(alphabet='{}[]":,\\aubc019.-e \t', max_size=40), max_size=5))
def test_arbitrary_text_raises_nothing(texts: list[str]) -> None:
    read = under_test.fields(_table(texts), _WANTED, ["many"])
    assert read["line"].to_list() == list(range(1, len(texts) + 1))
    assert read.filter(pl.col("reason").is_null() != pl.col("detail").is_null()).is_empty()


_FLAT = {"a": "a", "b": "b.c", "dotted": '"x.y".z', "again": "a"}
_FILLING = '{"a":1,"b":{"c":"filling"},"z":true}'


@_quick
@given(
    first=st.sampled_from(["1", '"x"', "true", "null"]), texts=st.lists(_lines(), max_size=5),
    others=st.lists(_scalars | st.just([1]), max_size=5),
)  # fmt: skip
def test_lines_of_one_make_are_read_as_the_careful_reader_reads_them(
    first: str, texts: list[str], others: list[Any]
) -> None:
    alike = [json.dumps({"a": other, "b": {"c": str(other)}}) for other in others]
    lines = _table([text for text in [f'{{"a":{first}}}', *alike, *texts] if text.startswith("{")])
    places = {name: under_test.steps(path) for name, path in _FLAT.items()}
    careful = under_test._one_by_one(lines, places, [])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_json_by_arrow, "_PIECE", 2)
        patch.setattr(under_test, "_FEW", 1)
        assert under_test._at_once(lines, places, []).sort("line").equals(careful)


@pytest.mark.parametrize(
    "odd",
    [
        '{"a":"1"}', '{"a":-0}', '{"a":1.0}', '{"a":1e3}', '{"a":9223372036854775808}', '{"a":true}', '{"a":[1]}',
        '{"a":{"c":1}}', '{"a":1,"a":1}', '{"a":1,"a":2}', r'{"a":1,"\u0061":2}', '{"b":{"c":"x"},"b":{"d":"y"}}',
        '{"b":"x"}', '{"b":{"c":"\\ud800"}}', '{"b":{"c":"a\tb"}}', '{"a":1,"z":NaN}', '{"a":1,"z":-Infinity}',
        '{"a":1}{"a":2}', '{"a":1} {"a":2}', '{"a":1,}', '{"a":1}}', '{"a":1', '{"z":[{}', '{"a":1}x', '{"a":\n1}',
        '{"a":1}\n{"a":2}', '{"a":1} \t\r', '{"z":"\0","a":1}', '{"a":01}', '{"a":+1}', '{"z":1e400,"a":2}', "{}",
    ],
)  # fmt: skip
def test_an_odd_line_among_many_of_one_make_is_read_by_itself(odd: str) -> None:
    lines = _table([*[_FILLING] * 200, odd, '{"a":7}', *[_FILLING] * 200])
    places = {name: under_test.steps(path) for name, path in _FLAT.items()}
    careful = under_test._one_by_one(lines, places, [])
    assert under_test.fields(lines, _FLAT).equals(careful)
    read, left = _json_by_arrow.alike(lines.filter(pl.col("text") != odd), places)
    assert (read.height, left.height) == (401, 0)


@pytest.mark.parametrize(
    "odd",
    [
        '"q":[{"r":"x","r":"y"}]', '"q":[{"r":"x","r":"x"}]', '"q":[]', '"q":null', '"q":[null]', '"q":{"r":"x"}',
        '"q":[null,{"r":"z"}]', '"q":"s"', '"q":[{"r":1}]', '"q":[{"r":["x"]}]', '"q":["x"]',
        '"q":[{"o":[1]},{"r":"b","n":7}]',
        '"q":[{"r":"x"},{"r":"y"},{"r":2}]', '"q":[[{"r":"x"}]]', '"q":[{"r":"x"}],"q":[{"r":"y"}]',
        '"q":[{"r":"x"}],"q":null', '"q":null,"q":[{"r":"x"}]', '"q":[{"n":-0}]', '"q":[{"n":1.5}]', '"q":[{"n":true}]',
        r'"q":[{"r":"\ud800"}]', r'"q":[{"r":"\u00e9"}]', '"q":[{"r":"x"},]', '"q":[{"n":5},3]', '"q":[{"r":"x"}',
    ],
)  # fmt: skip
def test_an_odd_list_among_many_of_one_make_is_read_by_itself(odd: str) -> None:
    usual = '{"d":{"r":"k","q":[{"r":"h","n":5},{"r":"g"}]}}'
    lines = _table([*[usual] * 200, f'{{"d":{{{odd}}}}}', *[usual] * 200])
    wanted = {"first": "d.q[0].r", "second": "d.q[1].r", "number": "d.q[0].n", "other": "d.r"}
    places = {name: under_test.steps(path) for name, path in wanted.items()}
    assert under_test.fields(lines, wanted).equals(under_test._one_by_one(lines, places, []))
    read, left = _json_by_arrow.alike(lines.filter(pl.col("line") != 201), places)
    assert (read.height, left.height) == (400, 0)
