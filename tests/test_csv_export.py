"""Exports are read by the names of their columns, whatever their separator, and never by guessing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import ConfigError
from pipeline.formats import LINES, Declared, Parsed, registry
from pipeline.formats._maps import load_map, proposed_map, shipped_maps
from pipeline.settings.headers import spread
from tests.effort import tries

_HEADER = ["When", "Who", "Address", "Done", "Bytes", "Words"]
_DECLARED = Declared(
    columns=(
        ("ts", "when"),
        ("user_raw", "who"),
        ("url", "Address"),
        ("verdict", "Done"),
        ("bytes", "Bytes"),
        ("typed_text", "Words"),
    ),
    verdicts=(("Stopped", "blocked"), ("let through", "allowed")),
)

_TIME = "2025-09-08 09:05:01"


def _parse(rows: list[str], declared: Declared = _DECLARED, carry: str = "") -> Parsed:
    lines = pl.DataFrame({"line": range(1, len(rows) + 1), "text": rows}, schema=LINES)
    return registry()["csv"].parse(lines, declared, carry)


def _cell(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_every_separator_is_found(separator: str) -> None:
    row = separator.join([_TIME, "dee", "http://h.example/a", "STOPPED", "12", "hello"])
    event = _parse([separator.join(_HEADER), row]).events.row(0, named=True)
    assert (event["user_raw"], event["verdict"], event["bytes"], event["kind"]) == ("dee", "blocked", 12, "typed")


def test_columns_may_stand_anywhere_and_be_written_otherwise() -> None:
    rows = ["\ufeffextra, WORDS ,bytes,done,address,WHO,When", f"x,,,let  through,h.example:443,dee,{_TIME}"]
    event = _parse([rows[0], rows[1].replace("  ", " ")]).events.row(0, named=True)
    assert (event["verdict"], event["kind"], event["typed_text"]) == ("allowed", "page", None)


@settings(max_examples=tries(50), deadline=None)
@given(
    words=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1).filter(
        lambda text: text.strip() not in {"", "-"}
    ),
    user=st.text(alphabet="ab\",;\t|\\'", min_size=1, max_size=8),
    quoted=st.booleans(),
)
def test_any_words_come_back_as_they_were_written(words: str, user: str, quoted: bool) -> None:
    who = _cell(user) if quoted or any(mark in user for mark in ',"') else user
    row = ",".join([_TIME, who, "", "", "", _cell(words)])
    parsed = _parse([",".join(_HEADER), row])
    event = parsed.events.row(0, named=True)
    assert event["typed_text"] == words
    assert event["user_raw"] == (user if user.strip() else None)


def test_header_is_remembered_from_block_to_block() -> None:
    carry = _parse(["A title", ",".join(_HEADER)]).carry
    parsed = _parse([f"{_TIME},dee,,,,", ",".join(map(_cell, _HEADER))], carry=carry)
    assert parsed.events["user_raw"].to_list() == ["dee"]
    assert parsed.skips["reason"].to_list() == ["header"]


def test_without_its_header_nothing_is_read_and_the_missing_columns_are_named() -> None:
    parsed = _parse(["A title", "When,Who,Address,Done,Bytes,Text", f"{_TIME},dee,,,,"])
    assert parsed.events.is_empty()
    assert parsed.skips["line"].to_list() == [1]
    assert set(parsed.rejects["reason"]) == {"missing-column"}
    assert "'words'" in parsed.rejects["detail"][0]


def test_a_long_file_without_a_header_is_refused_to_its_end() -> None:
    first = _parse(["prose"] * 150)
    assert first.skips["line"].to_list() == list(range(1, 11))
    assert first.rejects["line"].to_list() == list(range(11, 151))
    assert set(first.rejects["reason"]) == {"missing-column"}
    assert all("'words'" in detail for detail in first.rejects["detail"])
    assert _parse([",".join(_HEADER)], carry=first.carry).rejects.height == 1


@pytest.mark.parametrize(
    "row",
    [
        f"{_TIME},dee", f"dee,{_TIME}", f"{_TIME} dee hello", "dee,hello,12", "Tue 08 Sep 2025 09:05:01,dee",
        "Sep 8, 2025 9:05 AM", '"08/09/2025, 09:05",dee', "1757318701,dee",
        "08/09/2025,09:05", "dee,2025-09-08T09:05:01Z", "a,b,,,,,",
    ],
)  # fmt: skip
def test_a_row_before_any_header_is_never_passed_over(row: str) -> None:
    for rows in ([row] * 10, ["A title", row], [row, ",".join(_HEADER), f"{_TIME},dee,,,,"]):
        parsed = _parse(rows)
        expected = [at for at, each in enumerate(rows, start=1) if each == row]
        assert parsed.rejects["line"].to_list() == expected
        assert set(parsed.rejects["reason"]) == {"missing-column"}


@pytest.mark.parametrize(
    "line",
    [
        "A title",
        "From,01/09/2025",
        '"Generated 08/09/2025, 07:00"',
        "Report;Violations",
        "All pupils of 2025",
        "Page 1,,",
        "Page 1,,,,,,,,,",
    ],
)
def test_a_title_and_what_was_asked_for_are_passed_over(line: str) -> None:
    parsed = _parse([line, ",".join(_HEADER), f"{_TIME},dee,,,,"])
    assert parsed.skips["reason"].to_list() == ["before-header", "header"]
    assert parsed.events.height == 1


@pytest.mark.parametrize(
    ("row", "reason", "words"),
    [
        ('"dee"x,12', "bad-field", "a quote ends before its cell does"),
        ('"dee,12', "unclosed-quote", "a quote is not closed"),
        (f"{','.join(_HEADER)}\r{_TIME},dee,,,,\r{_TIME},eve,,,,", "bad-field", "holds a carriage return where"),
    ],
)
def test_what_is_no_row_of_cells_is_never_taken_for_a_title(row: str, reason: str, words: str) -> None:
    for rows in ([row], [row, ",".join(_HEADER)], [",".join(_HEADER), row]):
        refused = _parse(rows).rejects.row(0, named=True)
        assert refused["reason"] == reason
        assert words in refused["detail"]


@settings(max_examples=tries(20), deadline=None)
@given(cut=st.integers(0, 25), before=st.integers(0, 20))
def test_lines_before_a_late_header_are_the_same_in_parts(cut: int, before: int) -> None:
    rows = [*["prose"] * before, ",".join(_HEADER), f"{_TIME},dee,,,,"]
    whole = _parse(rows)
    first = _parse(rows[:cut])
    rest = _parse(rows[cut:], carry=first.carry)
    assert whole.skips.height == min(before, 10) + 1 == first.skips.height + rest.skips.height
    assert whole.rejects.height == max(0, before - 10) == first.rejects.height + rest.rejects.height
    assert whole.events.height == 1 == first.events.height + rest.events.height


_HIDING = replace(_DECLARED, hidden=("user_raw", "url", "verdict", "bytes", "typed_text"))


def test_a_column_that_may_be_hidden_may_be_missing_and_the_others_keep_their_meaning() -> None:
    for left_out in range(1, len(_HEADER)):
        kept = [at for at in range(len(_HEADER)) if at != left_out]
        row = [_TIME, "dee", "http://h.example/", "stopped", "12", "hello"]
        parsed = _parse([",".join(each[at] for at in kept) for each in (_HEADER, row)], _HIDING)
        event = parsed.events.row(0, named=True)
        wanted = {
            "user_raw": "dee",
            "url": "http://h.example/",
            "verdict": "blocked",
            "bytes": 12,
            "typed_text": "hello",
        }
        hidden = [*wanted][left_out - 1]
        wanted[hidden] = "unknown" if hidden == "verdict" else None
        assert {name: event[name] for name in wanted} == wanted


def test_the_time_is_always_needed_and_never_stands_alone() -> None:
    assert _parse(["Who,Address", "dee,http://h.example/"], _HIDING).events.is_empty()
    assert _parse(["When", _TIME], _HIDING).events.is_empty()
    assert _parse(["When,Notes", f"{_TIME},x"], _HIDING).events.is_empty()
    assert _parse(["When,Who,Who", f"{_TIME},dee,x"], _HIDING).events.is_empty()
    assert _parse(["When,Done", f"{_TIME},stopped"], _HIDING).events["verdict"].to_list() == ["blocked"]


def test_a_needed_column_is_not_given_up_for_one_that_may_be_hidden() -> None:
    declared = replace(_DECLARED, hidden=("bytes",))
    parsed = _parse(["When,Who,Address,Done", f"{_TIME},dee,,"], declared)
    assert parsed.events.is_empty()
    assert "'words'" in parsed.rejects["detail"][0]


def test_exports_that_were_joined_are_each_read_by_their_own_header() -> None:
    rows = [
        "When,Who,Address", f"{_TIME},dee,http://h.example/1",
        "Address,When,Who", f"http://h.example/2,{_TIME},dee",
        "when;address", f"{_TIME};http://h.example/3",
        "Address,When,Who", f"http://h.example/4,{_TIME},dee", f"{_TIME},dee,http://h.example/5",
    ]  # fmt: skip
    whole = _parse(rows, _HIDING)
    assert [url[-1:] for url in whole.events["url"]] == ["1", "2", "3", "4"]
    assert whole.events["user_raw"].to_list() == ["dee", "dee", None, "dee"]
    assert whole.skips["line"].to_list() == [1, 3, 5, 7]
    assert whole.rejects["line"].to_list() == [9]
    for cut in range(len(rows)):
        first = _parse(rows[:cut], _HIDING)
        rest = _parse(rows[cut:], _HIDING, first.carry)
        assert pl.concat([first.events, rest.events])["url"].to_list() == whole.events["url"].to_list()


def test_a_row_that_only_quotes_the_header_is_a_row() -> None:
    rows = [",".join(_HEADER), f"{_TIME},dee,,,,{_cell(','.join(_HEADER))}", "When,dee,,,,"]
    parsed = _parse(rows)
    assert parsed.events["typed_text"].to_list() == [",".join(_HEADER)]
    assert parsed.rejects["reason"].to_list() == ["bad-time"]


def test_a_column_that_stands_twice_is_refused() -> None:
    parsed = _parse([",".join([*_HEADER, "Who"]), f"{_TIME},dee,,,,,x"])
    assert parsed.events.is_empty()
    assert "it has 'who' more than once: rename the columns" in parsed.rejects["detail"][0]


def test_without_a_map_nothing_is_read() -> None:
    for columns in ((), (("user_raw", "Who"),), (("line", "When"),)):
        parsed = _parse([",".join(_HEADER), "a"], Declared(columns=columns))
        assert parsed.rejects["reason"].to_list() == ["missing-column"] * 2


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (f"{_TIME},dee", "missing-column"),
        (f"{_TIME},dee,,,,,surplus", "bad-field"),
        (f'{_TIME},"dee,,,,', "unclosed-quote"),
        (f'{_TIME},"dee"x,,,,', "bad-field"),
        (f"{_TIME},dee,,,12 KB,", "bad-number"),
        (f"{_TIME},dee,,,99999999999999999999,", "bad-number"),
        (f"{_TIME},dee,,,1.000,", "bad-number"),
        (",dee,,,,", "bad-time"),
        ("08/09/2025 09:05:01,dee,,,,", "bad-time"),
        ("2025-03-30 01:30:00,dee,,,,", "no-such-hour"),
    ],
)
def test_damaged_rows_are_refused_with_their_reason(row: str, reason: str) -> None:
    assert _parse([",".join(_HEADER), row]).rejects["reason"].to_list() == [reason]


@pytest.mark.parametrize("between", [0, 1, 60])
def test_two_stray_quotes_swallow_no_rows_in_silence(between: int) -> None:
    rows = [f'{_TIME},dee,,,,"how to', *[f"{_TIME},eve,,,,x"] * between, f'{_TIME},kim,,,,tie"']
    parsed = _parse([",".join(_HEADER), "\n".join(rows), f'{_TIME},dee,,,,"one\ntwo, three\n09:05, four"'])
    assert parsed.rejects["reason"].to_list() == ["unclosed-quote"]
    assert "over rows" in parsed.rejects["detail"][0]
    assert parsed.events["typed_text"].to_list() == ["one\ntwo, three\n09:05, four"]


def test_a_blank_behind_a_comma_is_part_of_no_address() -> None:
    asked = Declared(columns=(("ts", "T"), ("user_raw", "W"), ("url", "U"), ("host", "H"), ("method", "M")))
    rows = ["T, W, U, H, M", f"{_TIME}, dee, http://x.example/ , , CONNECT", f"{_TIME}, dee, , x.example ,GET"]
    read = _parse(rows, asked).events
    assert read["url"].to_list() == ["http://x.example/", None]
    assert read["host"].to_list() == [None, "x.example"]
    assert read["kind"].to_list() == ["host-only", "host-only"]
    assert read["user_raw"].to_list() == [" dee", " dee"]


def test_a_number_that_is_none_is_shown_and_one_of_pandas_is_read() -> None:
    parsed = _parse([",".join(_HEADER), f'{_TIME},dee,,,"1,234",', f"{_TIME},dee,,,1234.0,"])
    assert parsed.rejects["detail"].to_list() == ["bytes is not a whole number: '1,234'"]
    assert parsed.events["bytes"].to_list() == [1234]


def test_surplus_empty_cells_at_the_end_are_no_damage() -> None:
    assert _parse([",".join(_HEADER), f"{_TIME},dee,,,,,,"]).events.height == 1


@pytest.mark.parametrize(
    "written",
    [
        "8 Sep 2025 09:05:01", "08-Sep-2025 09:05:01", "Sep 8, 2025, 9:05:01 AM", "Mon, 8 September 2025 09:05:01",
        "Monday, September 8th, 2025 at 9:05:01\u202fAM", "SEPT. 08 2025 9:05:01 am", "2025-09-08 09:05:01",
        "\u200e08\u200e/\u200eSep\u200e/\u200e2025 09:05:01",
        "Mon Sep  8 09:05:01 2025", "Mon Sep  8 09:05:01 BST 2025", "Mon  8 Sep 09:05:01 BST 2025",
        "Mon Sep 08 08:05:01 UTC 2025", "Sep 8, 2025 @ 09:05:01.000", "08/Sep/2025:08:05:01 +0000",
        "Mon Sep 08 2025 09:05:01 GMT+0100 (British Summer Time)",
    ],
)  # fmt: skip
def test_a_month_may_be_a_word(written: str) -> None:
    event = _parse([",".join(_HEADER), f"{_cell(written)},dee,,,,"]).events.row(0, named=True)
    assert event["ts"].isoformat() == "2025-09-08T08:05:01+00:00"


@pytest.mark.parametrize("written", ["8 Sep 2025", "Sep 2025 09:05", "31 Feb 2025 09:05", "8 Foo 2025 09:05", "may"])
def test_what_is_no_date_stays_none(written: str) -> None:
    assert _parse([",".join(_HEADER), f"{_cell(written)},dee,,,,"]).rejects["reason"].to_list() == ["bad-time"]


def test_a_host_is_given_only_where_there_is_no_url_and_a_407_asks_who_it_is() -> None:
    columns = (("ts", "T"), ("url", "U"), ("host", "H"), ("status", "S"))
    rows = ["T,U,H,S", f"{_TIME},http://h.example/,h.example,200", f"{_TIME},,h.example,407"]
    events = _parse(rows, Declared(columns=columns)).events
    assert events["host"].to_list() == [None, "h.example"]
    assert events["verdict"].to_list() == ["unknown", "challenge"]


def test_an_unknown_word_is_an_unknown_verdict() -> None:
    assert _parse([",".join(_HEADER), f"{_TIME},dee,,Quarantined,,"]).events["verdict"].to_list() == ["unknown"]


def test_shipped_maps_load_and_are_proposed_for_their_own_export() -> None:
    for name in shipped_maps():
        columns = load_map(name).columns
        assert "ts" in dict(columns)
        header = ";".join(_cell(header) for header in spread(columns).values())
        assert proposed_map(["A title", header]) == name
    assert proposed_map(["a,b,c", '"broken']) is None


def test_netskopes_streamed_transactions_are_read_with_their_map() -> None:
    own = load_map("netskope-transactions")
    header = [*spread(own.columns).values(), "x-other-category", "c-ip", "x-type"]
    row = dict.fromkeys(header, "-") | {
        "x-cs-timestamp": "1794214801", "cs-username": "a@school.test", "x-cs-userip": "10.2.3.4", "cs-method": "GET",
        "x-cs-url": "https://h.test/p?q=1,2", "cs-host": "h.test", "x-policy-action": "useralert", "sc-status": "200",
        "sc-bytes": "2050", "time-taken": "64", "cs-user-agent": "Mozilla/5.0 (KHTML, like Gecko)",
        "x-other-category": "News, All Categories", "c-ip": "192.0.2.7", "x-type": "http_transaction",
    }  # fmt: skip
    rows = [",".join(header), ",".join(f'"{cell}"' if "," in cell else cell for cell in row.values())]
    (event,) = _parse(rows, Declared(columns=own.columns, verdicts=own.verdicts)).events.to_dicts()
    told = {name: value for name, value in event.items() if value is not None and name not in {"line", "ts_quality"}}
    assert str(told.pop("ts")) == "2026-11-09 09:00:01+00:00"
    assert told == {
        "user_raw": "a@school.test", "client_ip": "10.2.3.4", "method": "GET", "url": "https://h.test/p?q=1,2",
        "verdict": "warned", "status": 200, "bytes": 2050, "duration_ms": 64,
        "user_agent": "Mozilla/5.0 (KHTML, like Gecko)", "kind": "page",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[columns]\nuser_raw = 'User'\n", "holds the time"),
        ("[columns]\nts = 'T'\nnickname = 'N'\n", "'nickname'"),
        ("[columns]\nts = 'T'\nkind = 'K'\n", "'kind'"),
        ("[columns]\nts = 1\n", "words in quotes"),
        ("[columns]\nts = 'T'\n[verdicts]\nstop = 'forbidden'\n", "'forbidden'"),
        ("[columns]\nts = 'T'\n[verdict]\nstop = 'blocked'\n", "unknown key 'verdict'"),
        ("[columns\n", "not valid TOML"),
        ("may_be_hidden = ['ts']\n[columns]\nts = 'T'\n", "the time may be hidden"),
        ("may_be_hidden = ['url']\n[columns]\nts = 'T'\n", "'url' may be hidden"),
        ("may_be_hidden = 'url'\n[columns]\nts = 'T'\n", "a list"),
        ("title = 7\n[columns]\nts = 'T'\n", "words in quotes"),
    ],
)
def test_a_broken_map_says_what_is_wrong(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "own.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"own\.toml") as caught:
        load_map(path)
    assert words in str(caught.value)


def test_a_path_of_json_must_be_one(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text("[columns]\nts = 'a..b'\n", encoding="utf-8")
    assert load_map(path).columns
    with pytest.raises(ConfigError, match="is no path"):
        load_map(path, "json")


def test_a_map_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(ConfigError, match="senso"):
        load_map("sensor")
