"""Compressed logs: every kind, whole, in several streams, cut off, damaged, and followed by something else."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from unittest.mock import Mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.decode import decoded
from pipeline.errors import SourceError
from pipeline.files.unpack import compression_of
from tests.effort import tries

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

Compress = Callable[[bytes], bytes]
KINDS: dict[str, Compress] = {
    "gzip": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    # As the command of that name does it.
    "zstd": partial(zstd.compress, options={zstd.CompressionParameter.checksum_flag: 1}),
}
each_kind = pytest.mark.parametrize("kind", sorted(KINDS))
ANY_REFUSAL = "access.log: holds what is packed once more ({}). Unpack it once."
LOG = b"".join(b"%d the line of that number %d\n" % (number, number * 7919 % 10007) for number in range(9_000))
SHORT = {kind: compress(LOG[:5_000]) for kind, compress in KINDS.items()}


def read(data: bytes, size: int = 1 << 16) -> tuple[bytes, str]:
    """What could be read, and the sentence of the failure, if there was one."""
    given = []
    try:
        for chunk in decoded(io.BufferedReader(io.BytesIO(data)), "access.log", size):
            given.append(chunk)  # noqa: PERF402 - what came before a failure is wanted
    except SourceError as error:
        return b"".join(given), str(error)
    return b"".join(given), ""


@each_kind
def test_it_is_recognised_by_its_first_bytes(kind: str) -> None:
    assert compression_of(KINDS[kind](LOG)[:6]) == kind
    assert compression_of(KINDS[kind](b"")[:6]) == kind


@pytest.mark.parametrize(
    "text", [b"", b"BZh", b"BZhello world\n", b"B", b"1700000000.000 ", b"PK", b"PK\x03", b"\x1f", b"("]
)
def test_what_only_looks_like_it_is_plain(text: bytes) -> None:
    assert compression_of(text[:6]) == ""
    assert read(text) == (text, "")


@each_kind
def test_it_gives_what_was_packed(kind: str) -> None:
    for text in (LOG, b"", b"x", b"\xff\x00\r\n" * 100_000):
        assert read(KINDS[kind](text)) == (text, "")


@each_kind
def test_streams_behind_each_other_are_one_file(kind: str) -> None:
    pack = KINDS[kind]
    assert read(pack(LOG) + pack(b"") + pack(b"second\n") + pack(LOG)) == (LOG + b"second\n" + LOG, "")


@each_kind
def test_zeros_between_and_behind_streams_are_no_damage(kind: str) -> None:
    pack = KINDS[kind]
    assert read(pack(b"one\n") + b"\0" * 100_000 + pack(b"two\n") + b"\0" * 512) == (b"one\ntwo\n", "")


@each_kind
def test_what_is_packed_twice_is_unpacked_twice_and_no_more(kind: str) -> None:
    pack = KINDS[kind]
    twice = gzip.compress(pack(LOG))
    assert read(twice) == (LOG, "")
    assert read(gzip.compress(pack(b""))) == (b"", "")
    given, problem = read(twice[: len(twice) // 2])
    assert LOG.startswith(given)
    assert "stop in the middle" in problem
    given, problem = read(pack(twice))
    assert not given
    assert "packed once more" in problem


@pytest.mark.parametrize("inside", [b"PK\x03\x04 a zip", b"\xd0\xcf\x11\xe0\xa1\xb1 a workbook"])
def test_a_zip_in_a_gzip_is_refused_and_no_line_of_a_log(inside: bytes) -> None:
    assert read(gzip.compress(inside)) == (b"", ANY_REFUSAL.format("zip" if inside.startswith(b"PK") else "xls"))


def test_an_empty_frame_of_zstd_may_stand_first() -> None:
    skipped = b"\x50\x2a\x4d\x18" + (4).to_bytes(4, "little") + b"abcd"
    assert read(skipped + zstd.compress(LOG)) == (LOG, "")


@each_kind
def test_what_follows_a_stream_is_never_passed_over_in_silence(kind: str) -> None:
    given, problem = read(KINDS[kind](LOG) + b"1700000000.000 a plain line that somebody appended\n")
    assert given == LOG
    assert "damaged" in problem
    assert problem.startswith("access.log: ")


@each_kind
@pytest.mark.parametrize("share", [0.02, 0.5, 0.9, 0.999])
def test_a_file_that_is_cut_off_gives_its_beginning_and_then_fails(kind: str, share: float) -> None:
    packed = KINDS[kind](LOG)
    given, problem = read(packed[: int(len(packed) * share)])
    assert LOG.startswith(given)
    assert kind in problem
    assert "Copy the file again" in problem
    if kind != "bz2" and share > 0.1:
        # A block of bz2 is 900 kB: of a file with one block nothing can be told before its end.
        assert len(given) > (share - 0.3) * len(LOG)


def test_of_several_bz2_blocks_the_whole_ones_are_kept() -> None:
    packed = bz2.compress(LOG, 1)
    given, problem = read(packed[: len(packed) * 9 // 10])
    assert LOG.startswith(given)
    assert len(given) > len(LOG) // 2
    assert problem


@each_kind
def test_every_place_where_a_small_file_can_be_cut_is_survived(kind: str) -> None:
    packed = KINDS[kind](b"first line\nsecond line\n")
    for end in range(6, len(packed)):
        given, problem = read(packed[:end])
        assert b"first line\nsecond line\n".startswith(given)
        assert problem


@each_kind
@settings(max_examples=tries(25))
@given(place=st.floats(0.01, 0.99), flipped=st.integers(1, 255))
def test_damage_ends_in_words_whatever_it_is(kind: str, place: float, flipped: int) -> None:
    packed = bytearray(SHORT[kind])
    packed[int(len(packed) * place)] ^= flipped
    given, problem = read(bytes(packed))
    # A few bits of a header do not matter; everything else is noticed at the latest by the checksum.
    assert problem or given == LOG[:5_000]


def test_all_before_the_damage_in_gzip_is_given() -> None:
    first = gzip.compress(LOG[:100_000], mtime=0)
    given, problem = read(first + b"\x1f\x8b\x08\x00broken")
    assert given == LOG[:100_000]
    assert problem
    stored = bytearray(gzip.compress(LOG, 0, mtime=0))
    # After the head of ten bytes come blocks: a byte, the length, its complement. A wrong complement is noticed.
    length = int.from_bytes(stored[11:13], "little")
    stored[10 + 5 + length + 3] ^= 0xFF
    given, problem = read(bytes(stored))
    assert given == LOG[:length]
    assert problem


@each_kind
def test_a_pipe_that_first_gives_a_single_byte_is_recognised(kind: str) -> None:
    packed = KINDS[kind](b"slowly\n")
    reading, writing = os.pipe()

    def feed() -> None:
        with os.fdopen(writing, "wb", buffering=0) as pipe:
            pipe.write(packed[:1])
            time.sleep(0.02)
            pipe.write(packed[1:])

    feeder = threading.Thread(target=feed)
    with os.fdopen(reading, "rb") as stream:
        feeder.start()
        assert b"".join(decoded(stream, "-")) == b"slowly\n"
    feeder.join()


def test_a_disk_that_fails_is_told_in_words() -> None:
    stream = Mock(spec=io.BufferedReader)
    stream.read.side_effect = OSError(5, "Input/output error")
    with pytest.raises(SourceError, match="Input/output error"):
        list(decoded(stream, "access.log"))


@settings(max_examples=tries(60))
@given(st.sampled_from(sorted(KINDS)), st.binary(max_size=200))
def test_any_bytes_behind_the_mark_of_a_kind_are_survived(kind: str, junk: bytes) -> None:
    read(KINDS[kind](b"x")[:6] + junk)
