"""FortiGate's records: two clocks, two separators, and values that a client chose."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.formats import LINES, Declared, Parsed, registry
from pipeline.formats import _pairs as pairs
from pipeline.formats._shapes import shaped
from tests.effort import tries

_FORM = registry()["fortigate"]
_SOME = pairs.Pairs(keys=("date", "type", "user", "url", "msg"), once=("type", "user", "url"), first=("date",))
_quick = settings(max_examples=tries(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _rows(*texts: str, zone: str = "Europe/London") -> list[dict[str, Any]]:
    lines = pl.DataFrame({"line": range(1, len(texts) + 1), "text": texts}, schema=LINES)
    return _FORM.parse(lines, Declared(timezone=ZoneInfo(zone)), "").events.to_dicts()


def _at(stamp: str) -> str:
    return f'{stamp} logid="0317013312" type="utm" subtype="webfilter" vd="root" hostname="h.example.org" url="/"'


@pytest.mark.parametrize(
    ("stamp", "zone", "other"),
    [
        ('date=2025-09-08 time=09:10:11 tz="+0100" eventtime=1757319011', "Europe/London", None),
        ('date=2025-09-08 time=09:10:12 tz="+0100" eventtime=1757319011000', "Europe/London", None),
        ('date=2025-09-08 time=09:10:13 tz="+0100" eventtime=1757319011', "Europe/London", "2025-09-08 09:10:13 +0100"),
        ('date=2025-09-08 time=03:40:11 tz="-0430" eventtime=1757319011', "Europe/London", None),
        ('date=2025-09-08 time=09:10:11 tz="UTC+1:00" eventtime=1757319011', "Europe/Paris", None),
        ("date=2025-09-08 time=09:10:11 eventtime=1757319011", "Europe/London", None),
        ("date=2025-09-08 time=09:10:11 eventtime=1757319011", "Europe/Paris", "2025-09-08 09:10:11"),
        ("date=2025-09-08 time=09:10:11 eventtime=17573190", "Europe/London", "17573190"),
        ("date=2025-09-08 eventtime=1757319011", "Europe/London", None),
        ("date=2025-09-08 time=09:10:11", "Europe/London", None),
    ],
)
def test_the_clock_that_was_not_used_is_kept_where_it_differs(stamp: str, zone: str, other: str | None) -> None:
    (row,) = _rows(_at(stamp), zone=zone)
    assert row["other_clock"] == other


@pytest.mark.parametrize("count", ["1757319011", "1757319011360", "1757319011360109", "1757319011360109339"])
def test_an_epoch_is_cut_and_never_rounded(count: str) -> None:
    (row,) = _rows(_at(f"date=2025-09-08 time=09:10:11 eventtime={count}"))
    assert int(row["ts"].timestamp()) == 1757319011
    assert f"{row['ts'].microsecond:06}" == count[10:16].ljust(6, "0")


_VALUES = st.text(alphabet="ab/.:-_ ,@", max_size=8)


@_quick
@given(
    values=st.lists(
        st.tuples(st.sampled_from(["user", "url", "msg", "other"]), _VALUES), max_size=5, unique_by=lambda pair: pair[0]
    )
)
@pytest.mark.parametrize("between", [" ", ","])
def test_quick_and_careful_reader_agree(between: str, values: list[tuple[str, str]]) -> None:
    first = ["date=2025-09-08", 'type="utm"']
    line = between.join([*first, *(f'{key}="{value}"' for key, value in values)])
    quick, careful = pairs.taken_apart(pl.DataFrame({"line": [1], "text": [line]}, schema=LINES), _SOME)
    followed = pairs._followed(line, _SOME)
    assert careful.is_empty()
    assert {key: quick[key][0] for key in _SOME.keys} == {key: followed.get(key) for key in _SOME.keys}


@pytest.mark.parametrize(
    ("pairs_said", "user"),
    [
        ("user=Ann Lee url=/p", None), ("url=/p user=Ann Lee", None), ('url="/p" user=Ann Lee\x00', None),
        ("user=Ann url=/p q", None), ("user=Ann url=/p x=two words", "Ann"), ('user=Ann url="/?a=b c d"', "Ann"),
        ('user="Ann Lee" url=/p', "Ann Lee"), ("user= url=/p x=1 y", ""),
    ],
)  # fmt: skip
def test_where_a_bare_value_ends_is_never_guessed(pairs_said: str, user: str | None) -> None:
    line = f"<134>date=2025-09-08 type=utm {pairs_said}"
    tables = pairs.taken_apart(pl.DataFrame({"line": [1], "text": [line]}, schema=LINES), _SOME)
    (row,) = _in_order(tables)
    assert (row["user"], row["reason"]) == (user, "bad-field" if user is None else None)


def test_an_offset_in_words_counts_where_there_is_no_epoch() -> None:
    (row,) = _rows(_at('tz="UTC-5:00" date=2025-09-08 time=03:10:11'))
    assert (row["ts"].isoformat(), row["ts_quality"]) == ("2025-09-08T08:10:11+00:00", "exact")


# ---------------------------------------------------------------- lines of one shape

_KEYS = ["date", "type", "user", "url", "msg", "x", "x_1", "subtype"]
_said = st.text(alphabet="ab/.", max_size=4) | st.sampled_from(
    ["a b", 'a"b', 'a\\"b', "a\\", "a\\\\b", "S\\a", "a user=b", 'a" user="b', "a,user=b", "a>url=b", "a,b",
     "a,subtype=b", "a,", "a\tb", "a\x00b", "a\rb", "\u00e9", "a=b", "'a b'", "<1>", "a>b"]
)  # fmt: skip
_kinds = st.lists(
    st.tuples(st.sampled_from(_KEYS), st.sampled_from(["{}", '"{}"'])),
    min_size=1,
    max_size=5,
    unique_by=lambda kind: kind[0],
)
_fronts = st.sampled_from(["", "<134>", "<134> ", "Sep  8 09:00:00 fw ", "a,", "a> ", '"a" '])


@settings(max_examples=tries(400), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), front=_fronts, kinds=_kinds, again=st.booleans())
def test_lines_of_one_shape_are_read_as_lines_of_any(
    data: st.DataObject, front: str, kinds: list[tuple[str, str]], *, again: bool
) -> None:
    shape = [*kinds, kinds[0]] if again else kinds
    words = data.draw(st.lists(st.lists(_said, min_size=len(shape), max_size=len(shape)), min_size=1, max_size=6))
    said = ([f"{key}={quotes.format(word)}" for (key, quotes), word in zip(shape, each, strict=True)] for each in words)
    texts = [front + data.draw(st.sampled_from([" ", "  "])).join(each) for each in said]
    lines = pl.DataFrame({"line": range(1, len(texts) + 1), "text": texts}, schema=LINES)
    assert _in_order(pairs.taken_apart(lines, _SOME)) == _in_order(pairs.of_any_shape(lines, _SOME))


def _in_order(tables: tuple[pl.DataFrame, pl.DataFrame]) -> list[dict[str, Any]]:
    return pl.concat(tables, how="diagonal").sort("line").select(_SOME.schema.names()).to_dicts()


def test_a_usual_line_is_read_by_its_shape() -> None:
    text = '<134>date=2025-09-08 type="utm" user="S\\dee" x=a,b url="/a\\"b, user=x" msg="a b"'
    lines = pl.DataFrame({"line": [1], "text": [text]}, schema=LINES)
    done, left = shaped(lines, _SOME.manner)
    assert left.is_empty()
    assert done.select("user", "url").row(0) == ("S\\dee", '/a"b, user=x')


@pytest.mark.parametrize(
    "cell",
    [
        'url="/x" user="head"', 'agent=Mozilla "x" user=head', 'agent=Mozilla "x" user="head"', 'url=/x"y user=head z"',
        'agent=a" action="blocked" x="b', 'url="/x"" user="head', 'url="/x\\',
    ],
)  # fmt: skip
def test_a_cell_of_the_download_with_more_than_a_pair_is_refused(cell: str) -> None:
    doubled = cell.replace('"', '""')
    parsed = _downloaded(f'"{doubled}"')
    assert parsed.events.is_empty()
    assert parsed.rejects["reason"].to_list() == ["bad-field"]


@pytest.mark.parametrize(
    ("cell", "url"), [("url=/x user=head", "/x user=head"), ('url="/a\\" user=\\"head"', '/a" user="head')]
)
def test_what_looks_like_a_pair_within_a_value_of_the_download_is_part_of_it(cell: str, url: str) -> None:
    doubled = cell.replace('"', '""')
    events = _downloaded(f'"{doubled}"').events
    assert events.select("user_raw", "url").rows() == [(None, f"http://news.example.org{url}")]


def _downloaded(cell: str) -> Parsed:
    text = (
        '"itime=1757318701","date=2025-09-08","time=09:06:01","devid=FG1","vd=root","type=""utm""",'
        '"subtype=""webfilter""","action=""passthrough""","","hostname=""news.example.org""","logid=""0317013312""",'
        f'"service=""HTTP""","srcip=10.1.1.15",{cell},"",""'
    )
    lines = pl.DataFrame({"line": [1], "text": [text]}, schema=LINES)
    return registry()["fortigate"].parse(lines, Declared(), "")
