"""JSON lines in and out: a file, or `-` for stdin and stdout. Always UTF-8, whatever the terminal speaks.

In: a path. Out: values with the numbers of their lines, or something to write values with. Refuses, with file and
line, what is not JSON; a reader that goes away (`esafety parse … | head`) is left to the command line.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import Any, BinaryIO, cast

from pipeline.errors import SourceError, StoreError

DASH = Path("-")
_REMEDY = "Give JSON lines in UTF-8: one value on each line."

#: What json.dumps leaves as it is and could steer a terminal or turn the order of its text round.
_STEERING = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")

Write = Callable[[Mapping[str, Any]], None]


def read(path: Path) -> Iterator[tuple[int, Any]]:
    """Number (from 1) and value of each line that is not blank. Raises `SourceError`."""
    if path == DASH:
        yield from _values(sys.stdin.buffer, path)
        return
    try:
        with path.open("rb") as stream:
            yield from _values(stream, path)
    except OSError as error:
        raise SourceError(f"cannot be read ({error.strerror}).", path=path, remedy=_REMEDY) from error


def _values(stream: Iterable[bytes], path: Path) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(stream, start=1):
        bare = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
        if not bare.strip():
            continue
        try:
            yield number, json.loads(bare.decode("utf-8"))
        except UnicodeDecodeError as error:
            raise SourceError("is not UTF-8.", path=path, line=number, remedy=_REMEDY) from error
        # A number of thousands of digits and brackets in brackets without end are no JSON of ours either.
        except (ValueError, RecursionError) as error:
            what = error.msg if isinstance(error, json.JSONDecodeError) else "too long or too deep"
            raise SourceError(f"is not JSON ({what}).", path=path, line=number, remedy=_REMEDY) from error


@contextmanager
def writing(path: Path) -> Iterator[Write]:
    """Something to write one value after the other with. Raises `StoreError` where that cannot be done."""
    if path == DASH:
        sys.stdout.flush()
        yield lambda row: _put(sys.stdout.buffer, row, path)
        sys.stdout.buffer.flush()
        return
    with written(path) as stream:
        yield lambda row: _put(stream, row, path)


@contextmanager
def written(path: Path) -> Iterator[BinaryIO]:
    """A file open for writing. Raises `StoreError` where it cannot be opened or finished."""
    try:
        stream = path.open("wb")
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        yield stream
    finally:
        try:
            stream.close()
        except OSError as error:
            raise _unwritable(path, error) from error


def _put(stream: BinaryIO, row: Mapping[str, Any], path: Path) -> None:
    try:
        # A lone surrogate has no UTF-8, but in JSON it may stand as the escape that this makes of it.
        line = _STEERING.sub(_escaped, json.dumps(row, ensure_ascii=False))
        stream.write(line.encode("utf-8", "backslashreplace") + b"\n")
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _unwritable(path, error) from error


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


def _unwritable(path: Path, error: OSError) -> StoreError:
    return StoreError(f"cannot be written ({error.strerror or error}).", path=path)


def stdin() -> BufferedReader:
    """The bytes of stdin, with `peek`, whatever stands in for it."""
    stream = sys.stdin.buffer
    return stream if isinstance(stream, BufferedReader) else BufferedReader(cast("Any", stream))
