"""A log in a zip: the one file is read, everything else is refused in words."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import tracemalloc
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.decode import decoded
from pipeline.errors import SourceError
from pipeline.files.unpack import compression_of
from tests.effort import tries
from tests.made_workbook import sheet, workbook, zipped

LOG = b"".join(b"%d a line of the log\n" % number for number in range(20_000))


def read(data: bytes) -> bytes:
    return b"".join(decoded(io.BufferedReader(io.BytesIO(data)), "log.zip", 1 << 16))


def refusal(data: bytes) -> str:
    with pytest.raises(SourceError, match=r"^log\.zip: ") as caught:
        read(data)
    return str(caught.value)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_the_one_file_is_read(method: int) -> None:
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", method) as archive:
        archive.writestr("logs/", b"")
        archive.writestr("logs/access.log", LOG)
        archive.writestr("__MACOSX/logs/._access.log", b"\0")
        archive.writestr("logs/.DS_Store", b"\0")
        archive.writestr("logs/Thumbs.db", b"\0")
    assert read(kept.getvalue()) == LOG


def test_what_it_holds_may_be_packed_once_more() -> None:
    assert read(zipped([("a.log.gz", gzip.compress(LOG))])) == LOG
    assert read(zipped([("a.log.bz2", bz2.compress(LOG))])) == LOG
    assert read(zipped([("a.zip", zipped([("a.log", LOG)]))])) == LOG
    assert read(zipped([("a.zip", zipped([("a.xlsx", workbook(sheet([["a", "b"]])))]))])) == b"a,b\n"
    assert read(zipped([("a.log", b"\xff\xfe" + "é\n".encode("utf-16-le"))])) == "é\n".encode()
    assert read(zipped([("empty.log", b"")])) == b""
    assert "a zip in a zip in a zip" in refusal(zipped([("a", zipped([("b", zipped([("c", LOG)]))]))]))


def test_no_file_and_several_files_are_refused_by_name() -> None:
    assert "holds no file" in refusal(zipped([]))
    assert "holds no file" in refusal(zipped([("folder/", b"")]))
    said = refusal(zipped([(f"day {number}.log", LOG) for number in range(7)]))
    assert "holds 7 files ('day 0.log', " in said
    assert "'day 5.log'" not in said
    assert "Unpack it" in said


def test_a_password_is_told_before_anything_is_read() -> None:
    data = bytearray(zipped([("a.log", LOG)]))
    central = data.find(b"PK\x01\x02")
    data[6] |= 1
    data[central + 8] |= 1
    assert "password" in refusal(bytes(data))


def test_a_way_of_packing_that_is_not_known_is_told() -> None:
    data = bytearray(zipped([("a.log", LOG)]))
    central = data.find(b"PK\x01\x02")
    # Deflate64, as the Explorer of Windows takes it for large files.
    data[8] = data[central + 10] = 9
    assert "method" in refusal(bytes(data))


def test_what_would_grow_beyond_reason_is_refused_before_it_grows() -> None:
    data = zipped([("a.log", b"\0" * (80 << 20))])
    tracemalloc.start()
    assert "would grow from" in refusal(data)
    assert tracemalloc.get_traced_memory()[1] < 20 << 20
    tracemalloc.stop()


def test_a_size_that_is_not_true_gives_no_more_than_it_says() -> None:
    data = bytearray(zipped([("a.log", b"\0" * (80 << 20))]))
    at = data.rfind((80 << 20).to_bytes(4, "little"))
    data[at : at + 4] = (1_000).to_bytes(4, "little")
    assert "damaged" in refusal(bytes(data))


@pytest.mark.parametrize("share", [0.001, 0.5, 0.99, 0.9999])
def test_a_zip_that_is_cut_off_gives_nothing_and_says_so(share: float) -> None:
    data = zipped([("a.log", LOG)])
    assert "cut off or damaged" in refusal(data[: max(4, int(len(data) * share))])


def test_several_gzips_in_one_file_are_one_log() -> None:
    parts = [gzip.compress(LOG[at : at + 50_000]) for at in range(0, len(LOG), 50_000)]
    assert read(b"".join(parts)) == LOG


@settings(max_examples=tries(80), deadline=None)
@given(place=st.floats(0, 0.999), flipped=st.integers(1, 255))
def test_damage_ends_in_words(place: float, flipped: int) -> None:
    data = bytearray(zipped([("a.log", LOG[:5_000])]))
    data[int(len(data) * place)] ^= flipped
    with contextlib.suppress(SourceError):
        given_back = read(bytes(data))
        assert given_back == LOG[:5_000] or not compression_of(bytes(data[:6]))


@settings(max_examples=tries(60))
@given(st.binary(max_size=200))
def test_any_bytes_behind_its_mark_are_survived(junk: bytes) -> None:
    with contextlib.suppress(SourceError):
        read(b"PK\x03\x04" + junk)
