"""Bytes become numbered records: any bytes, in any pieces, and every byte can be found again by its offset."""

from __future__ import annotations

import codecs
import gzip
import io
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline import decode
from pipeline.decode import decoded, numbered, opened
from pipeline.errors import SourceError
from pipeline.files import records
from pipeline.files.records import Block, blocks
from tests.effort import tries

Row = tuple[int, int, bytes, str]


def chunks_of(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


def rows(data: bytes, size: int = 1 << 16, *, quoted: bool = False) -> list[Row]:
    """line, offset, raw bytes and text of each record of decoded bytes that come in pieces of a size."""
    found = []
    for block in blocks(chunks_of(data, size), quoted=quoted):
        table = numbered(block)
        raws = [block.raw(at) for at in range(len(block.lines))]
        found += list(zip(table["line"], table["byte_offset"], raws, table["text"], strict=True))
    return found


def plain(data: bytes, size: int = 1 << 16) -> bytes:
    return b"".join(decoded(io.BufferedReader(io.BytesIO(data)), "log", size))


def texts(data: bytes) -> list[str]:
    return [text for _, _, _, text in rows(plain(data))]


# ---------------------------------------------------------------- encodings


def test_byte_order_mark_and_line_ends_are_no_part_of_a_line() -> None:
    assert texts(codecs.BOM_UTF8 + b"one\r\ntwo\n\nthree") == ["one", "two", "", "three"]
    assert texts(b"") == []
    assert texts(codecs.BOM_UTF8) == []
    assert texts(codecs.BOM_UTF8[:2]) == ["\u00ef\u00bb"]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_with_its_mark(encoding: str) -> None:
    mark = codecs.BOM_UTF16_LE if encoding == "utf-16-le" else codecs.BOM_UTF16_BE
    text = "Zoë \U0001f600\r\nzwei\r\n"
    assert texts(mark + text.encode(encoding)) == ["Zoë \U0001f600", "zwei"]
    assert texts(gzip.compress(mark + text.encode(encoding))) == ["Zoë \U0001f600", "zwei"]
    lone = "a\ud800b\n\udc00".encode(encoding, "surrogatepass")
    seen = texts(mark + lone)
    assert len(seen) == 2
    assert seen[0].startswith("a\\x")
    assert seen[0].endswith("b")
    assert seen[1].startswith("\\x")
    assert texts(mark + "ab".encode(encoding) + b"\x41") == ["ab\\x41"]
    assert texts(mark) == []


@settings(max_examples=tries(60))
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60), st.sampled_from(["utf-16-le", "utf-16-be"]),
       st.integers(1, 7))  # fmt: skip
def test_utf_16_says_the_same_in_any_pieces(text: str, encoding: str, size: int) -> None:
    mark = codecs.BOM_UTF16_LE if encoding == "utf-16-le" else codecs.BOM_UTF16_BE
    assert plain(mark + text.encode(encoding), size) == text.encode()


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@given(text=st.text(max_size=40), size=st.integers(1, 50))
def test_utf_16_without_its_mark_is_known_by_its_first_characters(encoding: str, text: str, size: int) -> None:
    told = f"Time,{text}"
    assert plain(told.encode(encoding), size).decode() == told


@pytest.mark.parametrize("data", [b"T\0i\0m", b"T\0i\0m\0\xe9\0", b"\0\0\0\0\0\0\0\0Time", b"Time\0\0\0\0\0"])
def test_what_is_too_short_or_otherwise_is_no_utf_16(data: bytes) -> None:
    assert plain(data) == data


def test_a_line_that_is_not_utf_8_is_read_as_cp1252_and_no_other_is_touched() -> None:
    data = "caf\u00e9 €\n".encode() + b"caf\xe9 \x80\n" + b"\x81\x8d\xff\n" + "na\u00efve\n".encode() + b"\xe2\x82"
    assert texts(data) == ["caf\u00e9 €", "caf\u00e9 €", "\x81\x8d\u00ff", "na\u00efve", "\u00e2\u201a"]


def test_zeros_before_a_line_go() -> None:
    assert texts(b"one\n\0\0\0two\n\0\0\r\n") == ["one", "two", ""]


def test_zeros_at_the_end_of_a_line_go_and_inside_it_stay() -> None:
    assert texts(b"a\0b\0\0\r\n\0\0\ny\0x\n") == ["a\0b", "", "y\0x"]
    assert [raw for _, _, raw, _ in rows(b"a\0b\0\0\r\n\0\0\n")] == [b"a\0b\0\0", b"\0\0"]


def test_line_ends_that_rsyslog_escaped_go_and_no_others() -> None:
    assert texts(b"a#015\nb#000\nc#015#012\r\n#015\n") == ["a", "b", "c", ""]
    assert texts(b"a#015b\nc#011\nd#013\n#0155\n") == ["a#015b", "c#011", "d#013", "#0155"]


@pytest.mark.parametrize("before", ["", "a\n", "a long line before it, and no more\n" * 3])
@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\x00\n", "\x00\r\n", "\x00\x00\x00\x00\n"])
@pytest.mark.parametrize("escaped", ["#015", "#000#012", "#012", "#01", "#013"])
def test_an_escaped_line_end_goes_whatever_stands_before_and_behind_it(before: str, end: str, escaped: str) -> None:
    kept = escaped if escaped in {"#01", "#013"} else ""
    assert texts(f"{before}some text{escaped}{end}".encode())[-1] == f"some text{kept}"


def test_only_the_line_end_is_taken_from_the_original() -> None:
    assert [raw for _, _, raw, _ in rows(b"a\r\r\n\r\n\n\rb\n c \r")] == [b"a\r", b"", b"", b"\rb", b" c "]


# ---------------------------------------------------------------- any bytes, any pieces

_LINES = st.lists(
    st.one_of(
        st.binary(max_size=12),
        st.sampled_from([b"", b"\r", b'"', b'a,"b', b'c"', b'"x","y"', b"\xff\xfe", "é€\U0001f600".encode()]),
    ),
    max_size=12,
)


@settings(max_examples=tries(150))
@given(_LINES, st.booleans(), st.integers(1, 9), st.booleans())
def test_pieces_make_no_difference(lines: list[bytes], final: bool, size: int, quoted: bool) -> None:
    data = b"\n".join(lines) + (b"\n" if final else b"")
    whole = rows(data, len(data) + 1, quoted=quoted)
    assert rows(data, size, quoted=quoted) == whole
    for _, offset, raw, _ in whole:
        assert data[offset : offset + len(raw)] == raw


@settings(max_examples=tries(100))
@given(st.binary(max_size=200))
@example(b"\0\x01")
@example(b"\0\r\0a\0b\0\r\0\n\0")
def test_any_bytes_are_counted_line_by_line_and_found_again(data: bytes) -> None:
    found = rows(data)
    lines = data.split(b"\n")
    lines = lines if lines[-1] else lines[:-1]
    assert [line for line, _, _, _ in found] == list(range(1, len(lines) + 1))
    assert [raw for _, _, raw, _ in found] == [line.removesuffix(b"\r") for line in lines]
    assert all(data[offset : offset + len(raw)] == raw for _, offset, raw, _ in found)
    assert all(text == _without_ends(raw.decode()) for _, _, raw, text in found if _is_utf8(raw))


def _without_ends(text: str) -> str:
    return re.sub(r"(#0(00|12|15))+\Z", "", text.rstrip("\r\n\0").lstrip("\0"))


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


@settings(max_examples=tries(100))
@given(
    st.lists(st.sampled_from([b"", b"a", b"\r", b"b\r\r", b"\xffc", b"\0"]), max_size=8),
    st.booleans(),
    st.integers(1, 3),
)
def test_several_records_at_once_are_the_same(lines: list[bytes], final: bool, step: int) -> None:
    for block in blocks([b"\n".join(lines) + (b"\n" if final else b"")]):
        some = np.arange(0, len(block.lines), step)
        assert block.raws(some).to_list() == [block.raw(at) for at in some.tolist()]
        assert block.raws(some[:0]).to_list() == []


def test_a_later_start_counts_on() -> None:
    block = next(blocks([b"x\ny\n"], line=41, byte_offset=1000))
    assert numbered(block).rows() == [(41, 1000, "x"), (42, 1002, "y")]
    assert (block.next_line, block.end_offset, block.ends_in_mid_line) == (43, 1004, False)


# ---------------------------------------------------------------- long lines


@pytest.fixture
def short_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "LONGEST_LINE", 40)
    monkeypatch.setattr(records, "KEPT_OF_LONG_LINE", 10)


def outline(data: bytes, size: int, *, quoted: bool = False) -> list[tuple[int, int, int, bool, bool]]:
    """line, offset, real length, too long?, without line end?: of each record."""
    found = []
    for block in blocks(chunks_of(data, size), quoted=quoted):
        for at, line in enumerate(block.lines.tolist()):
            start, end = int(block.bounds[at]), int(block.bounds[at + 1])
            length = block.too_long or end - start
            unfinished = at == len(block.lines) - 1 and block.ends_in_mid_line
            found.append((line, block.byte_offset + start, length, length > records.LONGEST_LINE, unfinished))
    return found


@pytest.mark.usefixtures("short_limit")
@settings(max_examples=tries(100))
@given(st.lists(st.integers(0, 130), min_size=1, max_size=6), st.integers(1, 60), st.booleans())
def test_a_line_that_is_too_long_is_measured_and_passed_over(lengths: list[int], size: int, final: bool) -> None:
    data = b"\n".join(b"x" * length for length in lengths) + (b"\n" if final else b"")
    assert outline(data, size) == outline(data, len(data) + 1)


def test_a_line_of_three_megabytes() -> None:
    data = b"before\n" + b"y" * (3 << 20) + b"\nafter\n"
    for size in (1 << 16, decode.CHUNK):
        assert outline(data, size) == [
            (1, 0, 7, False, False),
            (2, 7, (3 << 20) + 1, True, False),
            (3, 8 + (3 << 20), 6, False, False),
        ]
    (long,) = [block for block in blocks(chunks_of(data, 1 << 16)) if block.too_long]
    assert len(long.data) <= records.KEPT_OF_LONG_LINE + 1


# ---------------------------------------------------------------- quoted line ends


def test_a_quoted_record_goes_on_over_line_ends() -> None:
    data = b'h\n1,"a\nb",2\n3,"c ""x"" \n\n d"\n4\n'
    expected = [(1, b"h"), (2, b'1,"a\nb",2'), (4, b'3,"c ""x"" \n\n d"'), (7, b"4")]
    for size in range(1, len(data) + 1):
        assert [(line, raw) for line, _, raw, _ in rows(data, size, quoted=True)] == expected


def test_a_stray_quote_swallows_no_more_than_a_hundred_lines() -> None:
    data = b'1,"stray\n' + b"".join(b"%d,x\n" % number for number in range(2, 402)) + b'402,"y"\n'
    for size in (7, 100, 10_000):
        assert len(rows(data, size, quoted=True)) == 402
    closed = b'1,"open\n' + b"x\n" * 98 + b'close"\nnext\n'
    assert [line for line, *_ in rows(closed, 5, quoted=True)] == [1, 101]


_QUOTED_LINES = st.lists(
    st.tuples(st.sampled_from([0, 1, 5, 30, 39, 40, 41, 90]), st.sampled_from([b"", b'"', b'""', b'",'])), max_size=14
)


@pytest.mark.usefixtures("short_limit")
@settings(max_examples=tries(200))
@given(_QUOTED_LINES, st.integers(1, 60), st.booleans(), st.integers(1, 20))
def test_quotes_and_lines_that_are_too_long(
    made: list[tuple[int, bytes]], size: int, final: bool, most_lines: int
) -> None:
    data = b"\n".join(quote + b"x" * length for length, quote in made) + (b"\n" if final else b"")
    whole = outline(data, len(data) + 1, quoted=True)
    assert outline(data, size, quoted=True) == whole
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(records, "MOST_LINES", most_lines)
        assert outline(data, len(data) + 1, quoted=True) == whole


def test_an_open_quote_before_endless_bytes_fills_no_memory() -> None:
    held = 0

    def chunks() -> Iterator[bytes]:
        yield b'1\n2,"open\n'
        for _ in range(40):
            yield b"z" * (1 << 20)
        yield b'\n3,"closed"\n'

    found = []
    for block in blocks(chunks(), quoted=True):
        held = max(held, len(block.data))
        found += [(line, block.too_long) for line in block.lines.tolist()]
    assert found == [(1, 0), (2, 0), (3, (40 << 20) + 1), (4, 0)]
    assert held < 1 << 20


def test_a_field_of_many_bytes_does_not_hide_what_follows() -> None:
    data = b'1,"open\n' + (b"y" * 100_000 + b"\n") * 60 + b'62,"x"\n'
    for size in (1 << 16, 1 << 24):
        assert [line for line, *_ in rows(data, size, quoted=True)] == list(range(1, 63))


def test_very_many_lines_come_in_several_blocks() -> None:
    cut = list(blocks([b"x\n" * 600_000]))
    assert max(len(block.lines) for block in cut) <= records.MOST_LINES
    assert [block.lines[0] for block in cut[1:]] == [block.next_line for block in cut[:-1]]
    assert (cut[-1].next_line, cut[-1].end_offset) == (600_001, 1_200_000)


# ---------------------------------------------------------------- failures


def _failing(*pieces: bytes) -> Iterator[bytes]:
    yield from pieces
    raise SourceError("is damaged.", path="log")


def before_failure(cut: Iterator[Block]) -> list[Block]:
    """What comes before a failure, of which there must be one."""
    given: list[Block] = []
    with pytest.raises(SourceError, match="is damaged"):
        given.extend(cut)
    return given


@pytest.mark.parametrize("quoted", [False, True])
def test_whole_lines_before_a_failure_are_kept_and_the_broken_one_is_not(quoted: bool) -> None:
    given = before_failure(blocks(_failing(b"one\ntw", b'o\n3,"open\nfour\nfi'), quoted=quoted))
    seen = [block.raw(at) for block in given for at in range(len(block.lines))]
    assert seen == [b"one", b"two", b'3,"open', b"four"]


@pytest.mark.usefixtures("short_limit")
def test_a_long_line_before_a_failure_hides_nothing() -> None:
    seen = before_failure(blocks(_failing(b"one\n" + b"z" * 30, b"z" * 30, b"z" * 30)))
    seen += before_failure(blocks(_failing(b"z" * 50, b"z" * 30 + b"\ntwo\nthr")))
    assert [(block.raw(0), block.too_long) for block in seen] == [
        (b"one", 0),
        (b"zzzzzzzzzz", 81),
        (b"two", 0),
    ]


def test_a_file_that_cannot_be_opened_says_why(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"is a folder.*folder/\*\.log"), opened(tmp_path):
        pass
    with pytest.raises(SourceError, match="cannot be opened"), opened(tmp_path / "nothing"):
        pass


def test_one_that_may_not_be_read_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refused)
    with pytest.raises(SourceError, match=r"permission denied.*Give the account"), opened(tmp_path / "log"):
        pass


def test_texts_of_a_block_are_strings_for_polars() -> None:
    block = next(blocks([b"a\n\xff\n"]))
    assert decode.texts(block).to_list() == ["a", "ÿ"]
    assert decode.texts(block).dtype == pl.String


def test_very_many_lines_that_are_not_utf_8_are_read_like_one() -> None:
    # Enough of them that work which grows with their square would not end while anybody waits.
    lines = [b"%d caf\xe9 and what follows it in a line of a log\n" % number for number in range(60_000)]
    lines[30_000] = "30000 caf\u00e9 already in UTF-8\n".encode()
    (block,) = blocks([b"".join(lines)])
    found = decode.texts(block)
    assert found[59_999] == "59999 café and what follows it in a line of a log"
    assert found[30_000] == "30000 café already in UTF-8"
    assert found.str.contains("café", literal=True).all()
