"""Syslog frames that were written as they came, one behind the other without line ends, become lines.

In: decoded bytes in pieces; a file is taken for one of frames if its first frame is followed at once by another
(`83 <134>1 ...84 <134>1 ...`). Out: the same bytes with a line end behind each frame in place of its count of octets;
every other file as it is. Refuses nothing: where a count leads to no frame, the bytes up to the next line end are given
as they are. An octet is a byte: counts of characters are wrong, and are found out so.
Source: RFC 6587, 3.4.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

_START: Final = re.compile(rb"([1-9][0-9]{0,6}) (?=<[0-9]{1,3}>)")
#: What may be the beginning of `_START`, where no more bytes are there.
_BEGUN: Final = re.compile(rb"[1-9][0-9]{0,6}(?: (?:<(?:[0-9]{1,3}>?)?)?)?$")
_LONGEST_START: Final = 16
#: A frame that is longer is no line that could be read.
_LONGEST: Final = 1 << 20


def unframed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The pieces with frames as lines. What `pieces` raises comes after all that it gave."""
    stream = iter(pieces)
    first = b""
    for piece in stream:
        first += piece
        if not _may_be_frames(first):
            yield first
            yield from stream
            return
        if _are_frames(first):
            yield from _lines(chain([first], stream))
            return
    yield first


def _may_be_frames(first: bytes) -> bool:
    """Whether a second frame may yet come behind the first."""
    head = _START.match(first)
    if head is None:
        return len(first) < _LONGEST_START and (not first or _BEGUN.match(first) is not None)
    end = head.end() + int(head[1])
    behind = first[end : end + _LONGEST_START]
    is_open = len(behind) < _LONGEST_START and (not behind or _BEGUN.match(behind) is not None)
    return int(head[1]) <= _LONGEST and (is_open or _START.match(behind) is not None)


def _are_frames(first: bytes) -> bool:
    head = _START.match(first)
    return head is not None and _START.match(first, head.end() + int(head[1])) is not None


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    rest, is_stray = b"", False
    for piece in pieces:
        data = rest + piece
        given, at, is_stray = _cut(data, is_stray=is_stray, is_end=False)
        rest = data[at:]
        if given:
            yield given
    given, _, _ = _cut(rest, is_stray=is_stray, is_end=True)
    if given:
        yield given


def _cut(data: bytes, *, is_stray: bool, is_end: bool) -> tuple[bytes, int, bool]:
    """The lines of the whole frames in `data`, where the rest begins, and whether that is within a stray line.

    A loop over frames, because each says where the next begins.
    """
    lines, at = bytearray(), 0
    while at < len(data):
        head = None if is_stray else _START.match(data, at)
        if head is None:
            if not is_stray and not is_end and len(data) - at < _LONGEST_START and _BEGUN.match(data, at):
                break
            end = data.find(b"\n", at) + 1
            lines += data[at : end or len(data)]
            at, is_stray = end or len(data), not end
            continue
        end = head.end() + int(head[1])
        if end + _LONGEST_START > len(data) and not is_end and int(head[1]) <= _LONGEST:
            # What stands behind it decides, and is not there yet.
            break
        if is_end and end > len(data):
            # The last frame is still growing.
            lines += data[head.end() :]
            at = len(data)
        elif _leads_on(data, end, is_end=is_end):
            line = data[head.end() : end]
            lines += line if line.endswith(b"\n") else line + b"\n"
            at = _after_line_end(data, end)
        else:
            is_stray = True
    return bytes(lines), at, is_stray


def _leads_on(data: bytes, end: int, *, is_end: bool) -> bool:
    """Whether behind a frame there is another, a line end, or nothing (yet)."""
    if _START.match(data, end) or data[end : end + 1] in {b"\n", b"\r"}:
        return True
    return is_end and (end == len(data) or _BEGUN.match(data, end) is not None)


def _after_line_end(data: bytes, end: int) -> int:
    """Behind the line end that some senders put after a frame."""
    for mark in (b"\r\n", b"\n"):
        if data.startswith(mark, end):
            return end + len(mark)
    return end
