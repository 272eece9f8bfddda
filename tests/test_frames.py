"""Syslog frames without line ends are lines, found again by their place; everything else is left as it is."""

from __future__ import annotations

import codecs
import gzip
import io
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.decode import decoded, numbered
from pipeline.files.frames import unframed
from pipeline.files.records import blocks
from pipeline.formats import LINES, Declared, registry
from pipeline.store.evidence import original_lines
from pipeline.store.streams import Stream
from tests.effort import tries
from tests.samples import declared_of, spelled_out

ROOT = Path(__file__).resolve().parent.parent
SQUID = (
    "1757318400.473     54 10.20.1.15 TCP_MISS/200 5120 GET http://a.example/{} asmith HIER_DIRECT/192.0.2.1 text/html"
)


def frame(message: str) -> bytes:
    data = message.encode()
    return b"%d %s" % (len(data), data)


def read(data: bytes, size: int = 1 << 16) -> bytes:
    return b"".join(decoded(io.BufferedReader(io.BytesIO(data)), "log", size))


def in_pieces(data: bytes, size: int) -> bytes:
    return b"".join(unframed(data[at : at + size] for at in range(0, len(data), size)))


_WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), max_size=30)
_PARTS = [b"5 <1>ab", b"9 <13>xyz", b"7 <1>", b"\n", b"12", b" <", b"<134>", b"99999 <1>"]
MESSAGES = [f"<134>1 2026-03-15T16:07:32Z gate squid 7 - - {SQUID.format(page)} é" for page in range(50)]


def test_frames_become_lines_with_honest_places() -> None:
    data = b"".join(map(frame, MESSAGES))
    assert read(data).decode().splitlines() == MESSAGES
    assert read(gzip.compress(data)) == read(data)
    table = pl.concat([numbered(block) for block in blocks(decoded(io.BufferedReader(io.BytesIO(data)), "log", 999))])
    for line, offset, text in table.rows():
        assert text == MESSAGES[line - 1]
        assert read(data)[offset:].startswith(text.encode())


def test_the_lines_are_read_and_kept_as_evidence(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"".join(frame(f"<134>Sep  8 09:05:01 gate squid: {SQUID.format(page)}") for page in range(9)))
    with path.open("rb") as stream:
        table = pl.concat([numbered(block) for block in blocks(decoded(stream, path))])
    events = table.filter(pl.col("line").is_in([2, 9])).select("line", "byte_offset", because=pl.lit("hit"))
    end = Stream("", "a", "", "squid", bytes_read=len(read(path.read_bytes())), next_line=10)
    kept = original_lines(path, events, Stream("", "a", "", "squid"), end, quoted=False)
    assert [raw.decode()[-60:] for raw in kept["raw"]] == [table["text"][at][-60:] for at in (1, 8)]


@settings(max_examples=tries(60))
@given(
    st.lists(_WORDS, min_size=2, max_size=6),
    st.integers(1, 40),
    st.sampled_from([b"", b"\n", b"\r\n"]),
)
def test_pieces_make_no_difference(texts: list[str], size: int, between: bytes) -> None:
    messages = [f"<13>{text}" for text in texts]
    data = frame(messages[0]) + between.join(frame(each) for each in messages[1:])
    assert in_pieces(data, size) == in_pieces(data, len(data)) == ("\n".join(messages) + "\n").encode()


@settings(max_examples=tries(80))
@given(st.lists(st.sampled_from(_PARTS), max_size=9), st.integers(1, 9))
def test_any_bytes_come_out_the_same_in_any_pieces(parts: list[bytes], size: int) -> None:
    data = b"".join(parts)
    whole = in_pieces(data, len(data) + 1)
    assert in_pieces(data, size) == whole
    assert len(whole) <= len(data) + data.count(b"<") + 1


@pytest.mark.parametrize(
    "data",
    [
        b"", b"8", b"83 ", b"83 <13", b"83 <134>1 a lone frame", b"5 <1>ab\n5 <1>cd\n", b"1757318400.473 54 10.1.1.1",
        b"83 bottles\n", b"5 <1>abcdef5 <1>ab", b"\x00" * 50, b"9999999 <1>" + b"x" * 40,
    ],
)  # fmt: skip
def test_what_is_no_run_of_frames_stays_as_it_is(data: bytes) -> None:
    for size in (1, 7, 1 << 16):
        assert in_pieces(data, size) == data


def test_a_wrong_count_costs_the_bytes_up_to_the_next_line_end_and_they_are_shown() -> None:
    good = frame("<13>one")
    assert (
        in_pieces(good + good + b"6 <13>two and more\n" + good, 5) == b"<13>one\n<13>one\n6 <13>two and more\n<13>one\n"
    )


def test_the_last_frame_may_still_grow() -> None:
    data = frame("<13>one") + frame("<13>two") + frame("<13>three")
    given_so_far = [in_pieces(data[:end], 4) for end in range(len(frame("<13>one")) * 2, len(data) + 1)]
    assert all(in_pieces(data, 4).startswith(each.removesuffix(b"\n")) or b"9" in each for each in given_so_far)


# ---------------------------------------------------------------- what a transport does to a quoted and a plain format


def _as_bytes(how: str, text: str) -> bytes:
    if how == "CRLF":
        return text.replace("\n", "\r\n").encode()
    if how == "NUL":
        return text.replace("\n", "\0\n").encode()
    if how == "BOM":
        return codecs.BOM_UTF8 + text.encode()
    return text.encode("cp1252", "strict") if how == "cp1252" else b"\xff\xfe" + text.encode("utf-16-le")


@pytest.mark.parametrize("how", ["CRLF", "NUL", "BOM", "cp1252", "UTF-16"])
@pytest.mark.parametrize(("name", "file"), [("csv", "smoothwall_webfilter.csv"), ("squid", "access.log")])
def test_a_quoted_and_a_plain_format_say_the_same_however_they_were_carried(how: str, name: str, file: str) -> None:
    form, sample = registry()[name], ROOT / "sample_logs" / name / file
    declared: Declared = declared_of(sample)
    # A sample may hold damaged bytes of its own; and a NUL inside quotes would be one of the cell's.
    text = (
        "\n".join(line for line in sample.read_bytes().decode("cp1252", "replace").splitlines() if line.isascii())
        + "\n"
    )

    def told(data: bytes) -> list[dict[str, object]]:
        chunks = decoded(io.BufferedReader(io.BytesIO(data)), "log")
        tables = [numbered(block).select(list(LINES)) for block in blocks(chunks, quoted=form.records == "quoted")]
        return spelled_out(form.parse(pl.concat(tables), declared, ""))

    assert told(_as_bytes(how, text)) == told(text.encode())
    assert any("event" in each for each in told(text.encode()))


def test_cp1252_and_utf_8_in_one_log_are_each_read_as_they_were_written() -> None:
    rows = ["Time,User", "2025-09-08 09:05:01,Zoë", '2025-09-08 09:05:02,"O’Neil, Zoë"']
    declared = Declared(columns=(("ts", "Time"), ("user_raw", "User")))
    for encodings in (("utf-8", "cp1252"), ("cp1252", "utf-8"), ("cp1252", "cp1252")):
        data = b"\n".join(
            [rows[0].encode(), *(row.encode(each) for row, each in zip(rows[1:], encodings, strict=True))]
        )
        chunks = decoded(io.BufferedReader(io.BytesIO(data)), "log")
        table = pl.concat([numbered(block).select(list(LINES)) for block in blocks(chunks, quoted=True)])
        users = registry()["csv"].parse(table, declared, "").events["user_raw"].to_list()
        assert users == ["Zoë", "O’Neil, Zoë"]
