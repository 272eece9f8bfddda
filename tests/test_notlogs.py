"""What is no log is refused by its first bytes, plain or packed, and every log is left as it is."""

from __future__ import annotations

import gzip
import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.decode import decoded
from pipeline.errors import SourceError
from tests.made_workbook import zipped

LOG = b"1757318401.123     45 192.0.2.1 TCP_MISS/200 12 GET http://www.example.com/ - HIER_DIRECT/198.51.100.1 -\n" * 20


def a_tar(form: int) -> bytes:
    kept = io.BytesIO()
    with tarfile.open(fileobj=kept, mode="w", format=form) as archive:
        for name in ("access.log", "access.log.1"):
            member = tarfile.TarInfo(name)
            member.size = len(LOG)
            archive.addfile(member, io.BytesIO(LOG))
    return kept.getvalue()


OTHERS = {
    "is a tar archive. Unpack it": a_tar(tarfile.GNU_FORMAT),
    "tar archive": a_tar(tarfile.USTAR_FORMAT),
    "7-Zip": b"7z\xbc\xaf\x27\x1c\x00\x04",
    "RAR": b"Rar!\x1a\x07\x01\x00",
    "SQLite": b"SQLite format 3\x00\x10\x00",
    "(.evtx)": b"ElfFile\x00\x00",
    "PDF": b"%PDF-1.7\n",
    "web page": b"\xef\xbb\xbf\r\n<!DOCTYPE html>\n<table>",
    "is a web page": b"<HTML xmlns:x='urn:schemas'>",
    "XML": b'<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>',
}


def read(data: bytes) -> bytes:
    return b"".join(decoded(io.BufferedReader(io.BytesIO(data)), "export.xls", 1 << 16))


@pytest.mark.parametrize("words", OTHERS)
def test_what_is_no_log_is_refused_plain_and_packed(words: str) -> None:
    for data in (OTHERS[words], gzip.compress(OTHERS[words]), zipped([("export", OTHERS[words])])):
        with pytest.raises(SourceError) as caught:
            read(data)
        assert str(caught.value).startswith("export.xls: is ")
        assert words in str(caught.value)


@pytest.mark.parametrize(
    "line",
    [
        b"<134>Mar 15 16:07:32 host squid[7]: x\n",
        b"<html",
        b"<xml>\n",
        b"7z.example.com\n",
        b"%PDF\n",
        b"a" * 257 + b"ustar\n",
    ],
)
def test_a_line_that_only_looks_like_it_is_one_of_a_log(line: bytes) -> None:
    assert read(line + LOG) == line + LOG


@given(text=st.binary(max_size=600).filter(lambda text: b"<" not in text and text.isascii()), size=st.integers(1, 700))
def test_short_and_long_files_are_left_as_they_are(text: bytes, size: int) -> None:
    told = b"x" + text.replace(b"\0", b"0")
    given = b"".join(decoded(io.BufferedReader(io.BytesIO(told)), "log", size))
    assert given == told
