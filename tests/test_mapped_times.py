"""The date stands in one column of an export and the time of day in another: they are read as one time, or refused."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.columnmaps.mapping import Proposal, propose
from pipeline.columnmaps.proposals import as_lines, map_toml, source_toml
from pipeline.config import load_settings
from pipeline.errors import ConfigError
from pipeline.formats import DateOrder, Declared, Parsed, registry
from pipeline.formats._maps import load_map
from pipeline.settings.headers import Header, as_header, spread
from pipeline.sources import find
from tests.effort import tries
from tests.made_workbook import Cell, sheet, workbook
from tests.samples import table_of

_APART = Declared(date_order="dmy", columns=(("ts", ("Date", "Time")), ("user_raw", "User")))
_WHOLE = replace(_APART, columns=(("ts", "When"), ("user_raw", "User")))
_UTC = replace(_APART, timezone=ZoneInfo("UTC"))


def _csv(rows: list[str], declared: Declared = _UTC, carry: str = "") -> Parsed:
    return registry()["csv"].parse(table_of(rows), declared, carry)


def _json(records: list[dict[str, object]], declared: Declared = _UTC) -> Parsed:
    return registry()["json"].parse(table_of([json.dumps(record) for record in records]), declared, "")


def _times(parsed: Parsed) -> list[str]:
    return parsed.events["ts"].dt.strftime("%Y-%m-%d %H:%M:%S").to_list()


# ---------------------------------------------------------------- in UTC, as the header says


@pytest.mark.parametrize(
    "header", ["Time (UTC)", "TimeGenerated [UTC]", "time_utc", "CreatedUTC", "UtcTime", "utc", "UTC time"]
)
@pytest.mark.parametrize("written", [
    "14/09/2026 08:05:01", "9/14/2026, 8:05:01.0 AM", "2026-09-14T09:05:01+01:00", "20260914T080501", "20260914080501",
])  # fmt: skip
def test_a_header_that_says_utc_is_believed(header: str, written: str) -> None:
    asked = replace(_WHOLE, timezone=ZoneInfo("Europe/London"), date_order=None, columns=(("ts", header), ("url", "U")))
    parsed = [_csv([f"{header},U", f'"{written}",http://x.example/'], asked)]
    if "[" not in header:
        parsed.append(_json([{header: written, "U": "http://x.example/"}], asked))
    for each in parsed:
        assert _times(each) == ["2026-09-14 08:05:01"]
        assert each.events["ts_quality"].to_list() == ["exact"]


@pytest.mark.parametrize(
    "header",
    [
        "Time (UTC+00:00) London",
        "Time (UTC+1)",
        "Time (UTC\u201305:00)",
        "UTC\u00b11",
        "UTC/GMT +1",
        "UTC offset time",
        "outcome",
        "Time (GMT)",
    ],
)
def test_a_header_that_says_something_else_is_not(header: str) -> None:
    asked = replace(_WHOLE, timezone=ZoneInfo("Europe/London"), columns=(("ts", header), ("url", "U")))
    assert _times(_csv([f"{header},U", "14/09/2026 09:05:01,http://x.example/"], asked)) == ["2026-09-14 08:05:01"]


def test_of_a_date_and_a_time_of_day_one_header_says_it() -> None:
    asked = replace(_APART, timezone=ZoneInfo("Europe/London"), columns=(("ts", ("Date", "Time (UTC)")), ("url", "U")))
    rows = ["Date,Time (UTC),U", "14/09/2026,08:05:01,http://x.example/", "25/10/2026,01:30,http://x.example/"]
    assert _times(_csv(rows, asked)) == ["2026-09-14 08:05:01", "2026-10-25 01:30:00"]


# ---------------------------------------------------------------- read as one


@pytest.mark.parametrize(
    ("day", "clock", "stamp"),
    [
        ("08/09/2025", "09:05:01", "2025-09-08 09:05:01"),
        ("8.9.2025", "9:05", "2025-09-08 09:05:00"),
        ("2025-09-08", "01:12:30 PM", "2025-09-08 13:12:30"),
        ("08-09-2025", "12:00 am", "2025-09-08 00:00:00"),
        ("08/09/2025", "12:00:01\u202fPM", "2025-09-08 12:00:01"),
        ("Mon, 8 September 2025", "1:12 p.m.", "2025-09-08 13:12:00"),
        ("Sep 8, 2025", "13:12", "2025-09-08 13:12:00"),
        ("2025-09-08", "09:05:01+01:00", "2025-09-08 08:05:01"),
        ("2025-09-08T00:00:00.000", "09:05:01", "2025-09-08 09:05:01"),
        ("08/09/2025 0:00", "09:05:01", "2025-09-08 09:05:01"),
        ("08/09/2025 12:00:00 AM", "9:05:01 AM", "2025-09-08 09:05:01"),
        (" 08/09/2025\n", "\n09:05:01 ", "2025-09-08 09:05:01"),
    ],
)
@pytest.mark.parametrize("header", ["Date,Time,User", "time,USER,x, date ", "User,x,Date,y,Time"])
def test_both_are_read_as_one_time_wherever_they_stand(day: str, clock: str, stamp: str, header: str) -> None:
    cells = {"date": day, "time": clock, "user": "dee"}
    row = ",".join(f'"{cells.get(each.strip().lower(), "")}"' for each in header.split(","))
    assert _times(_csv([header, row])) == [stamp]
    assert _times(_json([{"Date": day, "Time": clock, "User": "dee"}])) == [stamp]


def test_more_than_two_are_joined_in_the_order_of_the_map() -> None:
    parts = ("Day", "Month", "Year", "Clock", "Half")
    declared = replace(_UTC, columns=(("ts", parts), ("user_raw", "User")))
    assert _times(_csv(["Clock,Half,Month,Day,Year,User", "1:12,PM,Sep,8,2025,dee"], declared)) == [
        "2025-09-08 13:12:00"
    ]
    stamped = replace(_APART, columns=(("ts", ("When", "Zone")), ("user_raw", "User")))
    for hour, stamp in (("00:00", "2025-09-07 23:00:00"), ("09:05", "2025-09-08 08:05:00")):
        assert _times(_csv(["When,Zone,User", f"08/09/2025 {hour},+01:00,dee"], stamped)) == [stamp]
    zoned = replace(_APART, columns=(("ts", ("Date", "Time", "Zone")), ("user_raw", "User")))
    parsed = _csv(["Date,Time,Zone,User", "08/09/2025,00:00:00,+0100,dee"], zoned)
    assert (_times(parsed), parsed.events["ts_quality"].to_list()) == (["2025-09-07 23:00:00"], ["exact"])


@settings(max_examples=tries(40), deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["08/09/2025", "18/09/2025", "26/10/2025", "29/03/2026", "2025-09-08", "9 Sep 2025", "-"]),
            st.sampled_from(["09:05:01", "01:30:00", "9:05 PM", "13:05 PM", "25:00", "-", "09:05:01Z"]),
        ),
        min_size=1,
        max_size=12,
    ),
    st.sampled_from(["dmy", "mdy", "ymd", None]),
    st.integers(0, 12),
)  # fmt: skip
def test_two_columns_are_read_as_one_would_be(rows: list[tuple[str, str]], order: DateOrder | None, cut: int) -> None:
    apart, whole = (replace(each, date_order=order) for each in (_APART, _WHOLE))
    one = _csv(["When,User", *(f"{day} {clock},dee" for day, clock in rows)], whole)
    lines = ["Time,User,Date", *(f"{clock},dee,{day}" for day, clock in rows)]
    two = _csv(lines, apart)
    assert two.events.equals(one.events)
    assert two.rejects.equals(one.rejects)
    first = _csv(lines[: 1 + cut], apart)
    rest = _csv(lines[1 + cut :], apart, first.carry)
    if order is not None:
        assert pl.concat([first.events, rest.events])["ts"].equals(two.events["ts"])


def test_many_lines_of_json_are_read_like_a_few() -> None:
    alike: list[dict[str, object]] = [{"at": {"day": "08/09/2025", "clock": f"09:{n % 60:02d}"}} for n in range(700)]
    odd: list[dict[str, object]] = [
        {"n": n, "at": {"clock": "09:05", f"x{n}": 1, "day": "08/09/2025"}} for n in range(700)
    ]
    declared = replace(_UTC, columns=(("ts", ("at.day", "at.clock")), ("user_raw", "user")), hidden=("user_raw",))
    parsed = _json(alike + odd, declared)
    assert parsed.events.height == 1400
    assert _times(parsed)[-1] == "2025-09-08 09:05:00"


# ---------------------------------------------------------------- refused


@pytest.mark.parametrize("row", ["08/09/2025,,dee", ",09:05,dee", " , ,dee", '"\n",09:05,dee', '"",09:05,dee'])
def test_where_one_of_them_is_empty_the_time_is(row: str) -> None:
    rejects = _csv(["Date,Time,User", row]).rejects
    assert rejects.select("reason", "detail").rows() == [("bad-time", "the time is empty")]


@pytest.mark.parametrize("record", [{"Date": "08/09/2025"}, {"Time": "09:05"}, {"Date": None, "Time": "09:05"}])
def test_a_key_that_is_missing_is_an_empty_time(record: dict[str, object]) -> None:
    assert _json([record | {"User": "dee"}]).rejects["detail"].to_list() == ["the time is empty"]


@pytest.mark.parametrize(
    "row",
    [
        "09:05,08/09/2025,dee", "08/09/2025,08/09/2025,dee", "08/09/2025 09:05,09:05,dee", "-,09:05,dee",
        "08/09/2025,-,dee", '"08/09\n/2025",09:05,dee', "31/09/2025,09:05,dee", "08/09/2025,09:05 BST,dee",
        "00:00:00,08/09/2025,dee", "08/09/2025,13:05 PM,dee",
    ],
)  # fmt: skip
def test_what_is_no_time_together_is_refused_and_shown(row: str) -> None:
    [(reason, detail)] = _csv(["Date,Time,User", row]).rejects.select("reason", "detail").rows()
    assert reason == "bad-time"
    assert "'" in detail


def test_an_order_that_nothing_proves_is_asked_for_and_one_that_a_day_proves_is_kept() -> None:
    undecided = replace(_UTC, date_order=None)
    parsed = _csv(["Date,Time,User", "08/09/2025,09:05,dee"], undecided)
    assert "may be the day 8 of month 9" in parsed.rejects["detail"][0]
    proved = _csv(["Date,Time,User", "18/09/2025,09:05,dee"], undecided)
    assert _times(_csv(["08/09/2025,09:05,dee"], undecided, proved.carry)) == ["2025-09-08 09:05:00"]


def test_every_header_of_the_time_is_needed_and_none_may_be_hidden() -> None:
    hiding = replace(_UTC, columns=(*_UTC.columns, ("title", "Date")), hidden=("ts", "user_raw", "title"))
    for header in ("Date,User", "Time,User", "Date,Time,Date,User", "Date,Time"):
        parsed = _csv([header, "08/09/2025,09:05,dee,x"], hiding)
        assert (parsed.events.height, set(parsed.rejects["reason"])) == (0, {"missing-column"}), header
    assert _csv(["Date,Time,Who", "08/09/2025,09:05,dee"]).events.is_empty()


def test_exports_that_were_joined_are_each_read_by_their_own_header() -> None:
    rows = ["Date,Time,User", "08/09/2025,09:05,dee", "User;Time;Date", "eve;09:06;08/09/2025", "Date,Time,User"]
    parsed = _csv(rows)
    assert _times(parsed) == ["2025-09-08 09:05:00", "2025-09-08 09:06:00"]
    assert parsed.skips["line"].to_list() == [1, 3, 5]


# ---------------------------------------------------------------- workbooks


@pytest.mark.parametrize("title", [[], [["Web report"], [datetime(2025, 9, 9, 7, 30)]]])  # noqa: DTZ001 - a cell of Excel has no zone
def test_true_dates_and_times_of_a_workbook(tmp_path: Path, title: list[list[Cell]]) -> None:
    rows: list[list[Cell]] = [
        ["Date", "User", "Time"],
        [date(2025, 9, 8), "dee", time(13, 12, 30)],
        [date(2025, 9, 8), "eve", time(0, 0)],
        [date(2025, 9, 8), "bob", "01:12:30 PM"],
        [date(2025, 9, 8), "al", None],
        [None, "cy", time(9, 5)],
    ]
    path = tmp_path / "export.xlsx"
    path.write_bytes(workbook(sheet([*title, *rows])))
    found = propose(path, Declared(timezone=ZoneInfo("UTC")))
    assert dict(found.columns) == {"ts": ("Date", "Time"), "user_raw": "User"}
    assert [row["ts"][:19] for row in found.rows] == [
        "2025-09-08T13:12:30", "2025-09-08T00:00:00", "2025-09-08T13:12:30",
    ]  # fmt: skip
    assert found.counts["reasons"]["bad-time"] == 2


# ---------------------------------------------------------------- how it is written


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ("ts = []", ":9: ts: write one header in quotes or"),
        ('user_raw = "User"\nts = ["Date",\n 5]', ":10: ts: write one header in quotes or"),
        ('ts = [["Date"], ["Time"]]', ":9: ts: write one header"),
        ("ts = 5", ":9: ts: text is wanted here, not 5."),
        ('ts = {date = "Date"}', ":9: ts: text is wanted here"),
        ('ts = ["Date", "Time"]\nurl = ["A", "B"]', ":8: source 'filter': gives 'url' several headers"),
        ('ts = ["Date", " date"]', ":8: source 'filter': names one header twice for 'ts'."),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_line(tmp_path: Path, columns: str, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        _declared(tmp_path, f"[source.columns]\n{columns}")
    assert said in str(refused.value)


def _declared(folder: Path, tables: str, form: str = "csv") -> Declared:
    (folder / "a.csv").write_text("Date,Time,User\n", encoding="utf-8")
    config = folder / "school.toml"
    source = f'[[source]]\nname = "filter"\nfiles = ["a.csv"]\nformat = "{form}"\n\n{tables}\n'
    config.write_text(f'[school]\nname = "S"\n{source}', encoding="utf-8")
    [file] = find(load_settings(config), config)[0]
    return file.declared


def test_the_school_and_a_map_may_say_it_and_the_school_goes_before(tmp_path: Path) -> None:
    assert _declared(tmp_path, '[source.columns]\nts = ["Date", "Time"]').columns == (("ts", ("Date", "Time")),)
    (tmp_path / "own.toml").write_text('[columns]\nts = ["Day", "Clock"]\nuser_raw = "Who"\n', encoding="utf-8")
    own = 'map = "own.toml"\n'
    assert _declared(tmp_path, own).columns == (("ts", ("Day", "Clock")), ("user_raw", "Who"))
    assert dict(_declared(tmp_path, own + '[source.columns]\nts = "When"').columns)["ts"] == "When"
    assert dict(_declared(tmp_path, 'map = "securly"\n[source.columns]\nts = ["Date", "Time"]').columns)["ts"] == (
        "Date", "Time",
    )  # fmt: skip


def test_a_list_of_one_is_that_one_and_is_said_as_it_always_was(tmp_path: Path) -> None:
    one, plain = (_declared(tmp_path, f"[source.columns]\nts = {each}") for each in ('["When"]', '"When"'))
    assert one == plain
    assert one.said == "timezone=Europe/London|columns=(('ts', 'When'),)"


@pytest.mark.parametrize(
    ("text", "form", "words"),
    [
        ("ts = []", "csv", "must hold words in quotes only: write one header"),
        ('ts = ["a", "a"]', "csv", "names one header twice"),
        ('ts = ["a", "b[x]"]', "json", "is no path of keys"),
        ("ts = ['a', '\"a\"']", "json", "names one header twice"),
        ('ts = "a"\nurl = ["b", "c"]', "json", "only the time"),
        ('user_raw = "a"', "csv", 'or ts = ["…", "…"]'),
    ],
)  # fmt: skip
def test_a_broken_map_says_what_is_wrong(tmp_path: Path, text: str, form: str, words: str) -> None:
    path = tmp_path / "own.toml"
    path.write_text(f"[columns]\n{text}\n", encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        load_map(path, form)
    assert words in str(refused.value)


@given(st.lists(st.text(), min_size=1, max_size=4))
def test_each_header_has_a_name_of_its_own(headers: list[str]) -> None:
    header: Header = as_header(headers)
    assert list(spread([("ts", header), ("url", "x")]).values()) == [*headers, "x"]


# ---------------------------------------------------------------- proposed


def _proposed(folder: Path, text: str, declared: Declared = _UTC) -> Proposal:
    path = folder / "export.csv"
    path.write_text(text, encoding="utf-8")
    return propose(path, replace(declared, columns=(), date_order=None))


def _time(found: Proposal) -> tuple[Header, str]:
    [guess] = [each for each in found.guesses if each.column == "ts"]
    return guess.header, guess.confidence


def test_a_date_and_a_time_of_day_are_proposed_and_the_toml_reads_them(tmp_path: Path) -> None:
    rows = [f"1:{n:02d} PM,dee{n},{n + 10}/09/2025,https://x.example/" for n in range(12)]
    found = _proposed(tmp_path, "\n".join(["Web report", "", "Time,User,Date,URL", *rows]))
    assert _time(found) == (("Date", "Time"), "sure")
    assert (found.unused, found.needs_attention, found.date_order, found.is_order_proved) == ((), False, "dmy", True)
    assert [row["ts"] for row in found.rows][:2] == ["2025-09-10T13:00:00Z", "2025-09-11T13:01:00Z"]
    assert len(found.rows) == 10
    assert any("sure    ts               Date + Time" in line for line in as_lines(found))
    assert 'ts = ["Date", "Time"]  # sure' in source_toml(found)
    own = tmp_path / "own.toml"
    own.write_text(map_toml(found), encoding="utf-8")
    assert load_map(own).columns == found.columns


def test_an_order_that_is_not_proved_is_asked_for(tmp_path: Path) -> None:
    found = _proposed(tmp_path, "Date,Time,User\n08/09/2025,09:05,dee\n09/09/2025,09:05,dee\n")
    assert (found.is_order_needed, found.counts["events"], _time(found)[1]) == (True, 0, "sure")


@pytest.mark.parametrize(
    ("header", "row", "expected"),
    [
        ("Date,Time,Duration,User", "2025-09-08,09:05,00:00:10,dee", (("Date", "Time"), "sure")),
        ("End Time,Start Time,Start Date,User", "10:05,09:05,2025-09-08,dee", (("Start Date", "Start Time"), "sure")),
        ("Time (GMT),Date of visit,User", "09:05,8 Sep 2025,dee", (("Date of visit", "Time (GMT)"), "likely")),
        ("Sent Date,Seen Time,Seen Date,User", "2025-09-08,9:05,2025-09-07,x", (("Seen Date", "Seen Time"), "guess")),
        ("A,B,User", "2025-09-08,09:05,dee", (("A", "B"), "guess")),
        ("Date,Dwelt,User", "2025-09-08,09:05,dee", (("Date", "Dwelt"), "guess")),
        ("Date,Time,Local Time,User", "2025-09-08,08:05,09:05,dee", (("Date", "Time"), "likely")),
        ("Date,Time,User", "2025-09-08 00:00:00,09:05,dee", (("Date", "Time"), "sure")),
        ("Date,Dwelt,User", "2025-09-08 00:00:00,09:05,dee", ("Date", "sure")),
        ("Date,Time,User", "2025-09-08 09:05:00,09:05,dee", ("Date", "sure")),
        ("Date,Time,Timestamp,User", "2025-09-08,09:05,2025-09-08T08:05:00Z,dee", ("Timestamp", "sure")),
        ("Date,Time,Created,User", "2025-09-08,09:05,2020-09-08T08:05:00Z,dee", (("Date", "Time"), "sure")),
        ("Login Date,Login Time,User", "2025-09-08,09:05,dee", (("Login Date", "Login Time"), "likely")),
        ("Date,User", "8 Sep 2025 09:05,dee", ("Date", "sure")),
    ],
)  # fmt: skip
def test_which_columns_are_proposed_and_how_surely(
    tmp_path: Path, header: str, row: str, expected: tuple[Header, str]
) -> None:
    found = _proposed(tmp_path, "\n".join([header, *[row] * 20]))
    assert _time(found) == expected
    assert dict(found.columns).get("user_raw") in {"User", None}


def test_cells_that_are_missing_make_it_less_sure(tmp_path: Path) -> None:
    rows = ["2025-09-08,09:05,dee"] * 6 + [",09:05,dee", "2025-09-08,,dee"]
    found = _proposed(tmp_path, "\n".join(["Date,Time,User", *rows]))
    assert (_time(found)[1], found.counts["rejects"], found.needs_attention) == ("likely", 2, True)
    assert "88% of the cells of one are dates" in found.guesses[0].reason


def test_json_lines_give_two_paths(tmp_path: Path) -> None:
    record = json.dumps({"at": {"date": "2025-09-08", "time": "1:05 PM"}, "user": "dee", "born": "2010-01-01"})
    found = _proposed(tmp_path, f"{record}\n{record}\n")
    assert _time(found) == (("at.date", "at.time"), "sure")
    assert [row["ts"] for row in found.rows] == ["2025-09-08T13:05:00Z"] * 2
