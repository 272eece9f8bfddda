"""Workbooks of Excel are read like an export as CSV, the same every time; one that would do harm is refused."""

from __future__ import annotations

import contextlib
import io
import tracemalloc
import zipfile
from datetime import datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.decode import decoded, numbered
from pipeline.errors import SourceError
from pipeline.files import workbook as reader
from pipeline.files.records import blocks
from pipeline.formats import Declared, registry
from tests.effort import tries
from tests.made_workbook import Cell, sheet, workbook, zipped

NINE = datetime(2025, 9, 8, 9, 5, 1)  # noqa: DTZ001 - a cell of Excel knows no zone


def read(data: bytes, name: str = "export.xlsx") -> str:
    return b"".join(decoded(io.BufferedReader(io.BytesIO(data)), name)).decode()


def refusal(data: bytes) -> str:
    with pytest.raises(SourceError, match=r"^export\.xlsx: ") as caught:
        read(data)
    return str(caught.value)


def survived(data: bytes) -> None:
    """It is read, or refused in words; nothing else."""
    with contextlib.suppress(SourceError):
        read(data)


def test_cells_become_text_as_a_person_sees_them() -> None:
    rows: list[list[Cell]] = [
        ["Time", "User", "Bytes", "Share", "Done", "Words"],
        [NINE, "dee", 12, 0.5, True, 'a "b", c'],
        [NINE.replace(hour=0, minute=0, second=0), "x\ny", 1757318400123, -3.0, False, "<b>&amp;</b>"],
        [None, None, None],
        [NINE.replace(microsecond=250_000), " pad ", None, 1e300, None, "=1+1"],
    ]
    assert read(workbook(sheet(rows))) == (
        "Time,User,Bytes,Share,Done,Words\n"
        '2025-09-08 09:05:01,dee,12,0.5,TRUE,"a ""b"", c"\n'
        '2025-09-08 00:00:00,"x\ny",1757318400123,-3,FALSE,<b>&amp;</b>\n'
        "\n"
        "2025-09-08 09:05:01.250000, pad ,,1e+300,,=1+1\n"
    )


def test_a_date_alone_gets_no_hour() -> None:
    cells = '<row><c s="2"><v>45908</v></c><c t="inlineStr"><is><t>dee</t></is></c></row>'
    assert read(workbook(cells)) == "2025-09-08,dee\n"


def test_every_second_of_a_day_is_itself() -> None:
    times = [NINE.replace(hour=at // 3600, minute=at // 60 % 60, second=at % 60) for at in range(1, 86_400, 37)]
    assert read(workbook(sheet([[each] for each in times]))).splitlines() == [str(each) for each in times]


def test_visible_sheets_come_one_after_the_other_and_hidden_ones_not() -> None:
    data = workbook(
        sheet([]), sheet([["secret"]]), sheet([["one"]]), sheet([["two"]]), states=["visible", "veryHidden"]
    )
    assert read(data) == "one\ntwo\n"


def test_a_workbook_without_a_visible_row_says_so() -> None:
    assert "no visible sheet" in refusal(workbook(sheet([["secret"]]), states=["hidden"]))
    assert "no visible sheet" in refusal(workbook(sheet([])))


def test_the_same_bytes_give_the_same_text_packed_once_more_or_not() -> None:
    data = workbook(sheet([["Time", "User"], [NINE, "dee"]]))
    assert read(data) == read(data) == read(zipped([("export.xlsx", data)]))


def test_its_rows_are_read_as_an_export_and_found_again_by_their_place() -> None:
    rows: list[list[Cell]] = [["A title"], ["When", "Who"]]
    rows += [[NINE, f"user {n}\nof {n}"] for n in range(300)]
    chunks = decoded(io.BufferedReader(io.BytesIO(workbook(sheet(rows)))), "x.xlsx", 1_000)
    table = pl.concat([numbered(block) for block in blocks(chunks, quoted=True)])
    declared = Declared(columns=(("ts", "When"), ("user_raw", "Who")))
    parsed = registry()["csv"].parse(table.select("line", "text"), declared, "")
    assert parsed.events["user_raw"].to_list() == [f"user {n}\nof {n}" for n in range(300)]
    assert parsed.events["line"].to_list() == [3 + 2 * n for n in range(300)]
    text = read(workbook(sheet(rows))).encode()
    for line, offset, row in table.rows():
        assert text[offset:].startswith(row.encode()), line


@pytest.mark.parametrize(
    "cells",
    [
        '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row>',
        '<row><c><v>1</v></c></row><row><c t="n" r="XFD900000"><v>2</v></c></row>',
        "<row><c><v>1</v></c></row><row r = '1048576'><c r ='XFD1'><v>2</v></c></row>",
        '<row r="1048576"><c><v>1</v></c></row><row><c t="a>b" r="XFD1"><v>2</v></c></row>',
        '<row><c r="&#65;1"><v>2</v></c></row>',
        "<row><c><v>1</v></c>" + "<c/>" * 16_000 + "<c><v>1</v></c></row>" + '<row r="2000"><c><v>1</v></c></row>',
    ],
)
def test_two_cells_far_apart_do_not_fill_the_memory(cells: str) -> None:
    assert "spans more than" in refusal(workbook(cells))


def test_a_place_is_seen_wherever_a_piece_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    data = workbook(
        '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c s="0" r="XFD1048576"><v>2</v></c></row>'
    )
    for size in range(1, 40):
        monkeypatch.setattr(reader, "_PIECE", size)
        assert "spans more than" in refusal(data)


def test_a_part_that_grows_beyond_reason_is_refused_before_it_grows() -> None:
    data = workbook(sheet([["x"]]), more=[("xl/media/image1.bin", b"\0" * (80 << 20))])
    tracemalloc.start()
    assert "would grow" in refusal(data)
    assert tracemalloc.get_traced_memory()[1] < 20 << 20
    tracemalloc.stop()


def test_a_size_that_is_not_true_is_noticed() -> None:
    data = bytearray(workbook("<row><c><v>1</v></c></row>" * 10_000))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        [size] = [each.file_size for each in archive.infolist() if "sheet1" in each.filename]
    at = data.rfind(size.to_bytes(4, "little"))
    data[at : at + 4] = (1_000).to_bytes(4, "little")
    assert "damaged" in refusal(bytes(data))


def test_old_and_locked_workbooks_and_other_documents_say_what_to_do() -> None:
    assert "Save it as .xlsx" in refusal(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600)
    assert "no workbook" in refusal(zipped([("[Content_Types].xml", "<Types/>"), ("word/document.xml", "<d/>")]))
    assert "no workbook" in refusal(zipped([("mimetype", "application/vnd.oasis.opendocument.spreadsheet")]))


@pytest.mark.parametrize("share", [0.01, 0.3, 0.7, 0.99])
def test_a_workbook_that_is_cut_off_says_so(share: float) -> None:
    data = workbook(sheet([["Time", "User"], [NINE, "dee"]] * 50))
    assert "cut off or damaged" in refusal(data[: max(6, int(len(data) * share))])


@settings(max_examples=tries(60), deadline=None)
@given(place=st.floats(0.01, 0.999), flipped=st.integers(1, 255))
def test_damage_ends_in_words(place: float, flipped: int) -> None:
    data = bytearray(workbook(sheet([["Time", "User"], [NINE, "dee"]])))
    data[int(len(data) * place)] ^= flipped
    survived(bytes(data))


@settings(max_examples=tries(60), deadline=None)
@given(st.data())
def test_odd_parts_end_in_words(data: st.DataObject) -> None:
    part = sheet([["Time", "User"], [NINE, "dee"]])
    at, length = data.draw(st.integers(0, len(part))), data.draw(st.integers(0, 30))
    put = data.draw(st.text(st.sampled_from('<>/"=crvts159A&;'), max_size=6))
    survived(workbook(part[:at] + put + part[at + length :]))
