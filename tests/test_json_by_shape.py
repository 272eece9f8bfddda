"""JSON lines cut at their quotes say what the careful reader makes of them, and what is odd is left to it."""

from __future__ import annotations

import json

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.formats import LINES, _json
from pipeline.formats._json_by_shape import by_shape
from tests.effort import tries

_WANTED = {"kind": "kind", "a": "e.a", "b": "e.b", "c": "e.c", "n": "e.n", "none": "e.none", "many": "e.l"}
_PLACES = {name: _json.steps(path) for name, path in _WANTED.items()}
_USUAL = '{ "kind" : "web", "e" : {"a":"x y","l":"p","b":"","n":200,"c":"é / {}[]:,","z":"end"}}'
_OTHER = '{"kind":"dns","e":{"c":"x","a":"2026","z":null,"b":"y"} }'


def _table(texts: list[str]) -> pl.DataFrame:
    return pl.DataFrame({"line": range(1, len(texts) + 1), "text": texts}, schema=LINES)


def _careful(lines: pl.DataFrame) -> pl.DataFrame:
    return _json._one_by_one(lines, _PLACES, ["many"])


def _cut(lines: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    return by_shape(lines, tuple(_PLACES), lambda text: _json._followed(text, _PLACES, ["many"]))


def test_lines_of_common_shapes_are_all_cut_and_read_as_one_by_one() -> None:
    lines = _table([_USUAL, _OTHER, _USUAL.replace("x y", "other")] * 50)
    read, left = _cut(lines)
    assert left.is_empty()
    assert read.sort("line").equals(_careful(lines).drop("reason", "detail"))


@pytest.mark.parametrize(
    "odd",
    [
        _USUAL.replace("x y", r"x\ty"), _USUAL.replace("x y", r"x\"y"), _USUAL.replace("x y", 'x"y'),
        _USUAL.replace("x y", 'x","y'), _USUAL.replace("x y", 'x","a":"y'), _USUAL.replace("x y", 'x","k":"y'),
        _USUAL.replace('"end"}}', '"}}'), _USUAL.replace('"end"}}', '"end"}'), _USUAL.replace('"end"}}', '"end"}}}'),
        _USUAL.replace('"end"}}', '"end'), _USUAL.replace("200", "2e2"), _USUAL.replace("200", "NaN"),
        _USUAL.replace("200", "0200"), _USUAL.replace("200", '"200"'), _USUAL.replace('"a":', '"b":'),
        _USUAL.replace('"z":"end"', '"a":"again"'), _USUAL.replace('"z":"end"', '"a":"x y"'), _USUAL[:-3], _USUAL + " ",
        _USUAL + _USUAL, _USUAL.replace("x y", "x\ty"), _USUAL.replace("x y", "x\x00y"), _USUAL.replace("x y", "x\ny"),
        # As many quotes as the usual line has, one of them where none may be.
        _USUAL.replace("x y", 'x"y').replace('"end"}}', '"}}'), _USUAL.replace('"l":"p"', '"l":["p"]'), "{}", "{",
        _USUAL.replace('"web"', '"dns"'), _USUAL.replace('"web"', '["web"]'), _USUAL.replace("x y", "\ue0001\ue001"),
    ],
)  # fmt: skip
def test_an_odd_line_among_them_is_read_as_the_careful_reader_reads_it(odd: str) -> None:
    texts = [*[_USUAL] * 200, odd, *[_OTHER] * 199]
    lines = _table(texts)
    assert _json.fields(lines, _WANTED, ["many"]).equals(_careful(lines))
    # Also where it is one of those that show how lines are written.
    lines = _table([odd, *texts])
    assert _json.fields(lines, _WANTED, ["many"]).equals(_careful(lines))


@pytest.mark.parametrize(
    "made",
    [
        '{"a":"x","b":"y","a":"z"}', '{"e":{"l":["x","y"],"a":"z"}}', '{"e":{"a":["x","y"]},"k":"z"}',
        '{"e":["x","y"],"z":"w"}', '{"e":{"a":"x","b":{"c":"y"}},"k":"z"}', '["x","y"]', '{"k":NaN,"e":"x","z":"y"}',
        r'{"e":"x","k":"\u0041"}', '{"e":"x", "k" : "y"}', '{"kind":"x","e":{"a":"y","b":"z", "n":5}}',
        '{"kind":"x","k":"y", "m":{}}', '{"e":{"a":"x","b":"y"},"e":{"c":"z"}}',
    ],
)  # fmt: skip
def test_whatever_a_product_writes_is_read_as_the_careful_reader_reads_it(made: str) -> None:
    lines = _table([made.replace("x", f"x{at}").replace("z", f"z{at}") for at in range(400)])
    lines = lines.filter(pl.col("text").str.starts_with("{"))
    assert _json.fields(lines, _WANTED, ["many"]).equals(_careful(lines))


@settings(max_examples=tries(25), deadline=None)
@given(data=st.data())
def test_damaged_lines_are_read_as_the_careful_reader_reads_them(data: st.DataObject) -> None:
    texts = []
    for usual in [_USUAL, _OTHER] * 5:
        begin, end = sorted(data.draw(st.tuples(*[st.integers(1, len(usual))] * 2)))
        put = data.draw(st.text(alphabet='"\\,:{}[] a1\t', max_size=3) | st.just(usual[begin:end]))
        texts.append(usual[:begin] + put + usual[data.draw(st.sampled_from([begin, end])) :])
    lines = _table([*[_USUAL, _OTHER] * 150, *texts])
    assert _json.fields(lines, _WANTED, ["many"]).equals(_careful(lines))


def test_lines_with_numbers_of_their_own_are_left() -> None:
    lines = _table([json.dumps({"kind": f"x{at}", "e": {"a": f"y{at}", "n": at}}) for at in range(400)])
    read, left = _cut(lines)
    assert read.is_empty()
    assert left.equals(lines)
