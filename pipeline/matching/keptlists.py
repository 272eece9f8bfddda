"""Watchlists as an earlier run has read, compiled and tried them, kept in the store.

In: a folder, and a stamp of all that they were made of (`stamp_of`). Out: the lists and what is sought for them, if
they were made of the very same. Refuses nothing: what is not there, cut off or of another making is made anew, and
where it cannot be written it is made anew each time. Reading takes a fifth of what making takes.

A pickle, of which nothing is taken but plain values and the classes of `_CLASSES`: nothing in such a file can run.
"""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
import polars as pl
from typing_extensions import override

from pipeline.lists.secretlists import SecretFile
from pipeline.matching.matcher import Matcher, Rule, matcher_of
from pipeline.settings.tomlplace import Place
from pipeline.spelling.names import Reading
from pipeline.vocabulary.beginnings import Beginnings
from pipeline.vocabulary.chains import Chains
from pipeline.vocabulary.wordnumbers import Bytes, Flags, Keys, Numbers, Places, Vocabulary, WordNumbers
from pipeline.vocabulary.wrongwords import WrongWords
from pipeline.watchlist import Category, DomainFile, DomainRule, TermFile, TextRule, Watchlist, Watchlists
from pipeline.words.columns import Misspelt, Owner, OwnerColumns, Owners, Runs, Together, TogetherColumns
from pipeline.words.lookup import Lookup
from pipeline.words.named import NamedWords
from pipeline.words.phrases import Lookups, Pattern, Phrases
from pipeline.words.runtogether import Pieces
from pipeline.words.sought import Sought
from pipeline.words.weighted import WeightedWords

_Wanted = TypeVar("_Wanted")
NAME: Final = "watchlists.compiled"
#: Lists with fewer phrases are as quickly made as read.
_FEW: Final = 2_000
_LONGEST_HEADER: Final = 1_000


@dataclass(frozen=True)
class _Compiled:
    rules: tuple[Rule, ...]
    phrases: Phrases


def _numbers(raw: bytes, kind: str) -> Bytes | Flags | Keys | Places | WordNumbers:
    """Numbers as `_WithColumns` writes them. Raises `ValueError`."""
    if kind not in _KINDS:
        raise ValueError(f"no numbers of the kind {kind!r} are kept")
    found = np.frombuffer(raw, np.uint8 if kind == _FLAGS else kind)
    # numpy counts on it that a flag is one or nought.
    return found != 0 if kind == _FLAGS else found


def _texts(count: int, joined: str) -> pl.Series:
    """Texts likewise. Raises `ValueError`."""
    found = pl.Series([joined] if count else [], dtype=pl.String).str.split("\n").explode(empty_as_null=False)
    if len(found) != count:
        raise ValueError(f"{count} texts were kept, and {len(found)} are there")
    return found


def _flags(values: Flags) -> pl.Series:
    return pl.Series(values, dtype=pl.Boolean)


def _table(columns: dict[str, pl.Series]) -> pl.DataFrame:
    return pl.DataFrame(columns)


_CLASSES: Final = {
    (each.__module__, each.__qualname__): each
    for each in (
        _Compiled, Category, DomainFile, DomainRule, Owner, Pattern, Phrases, Place, Rule, SecretFile, Sought, TermFile,
        TextRule, Watchlist, Watchlists, WeightedWords, type(Path()),
        Misspelt, OwnerColumns, Owners, Runs, Together, TogetherColumns, _flags, _numbers, _table, _texts,
        Beginnings, Chains, Lookup, Lookups, NamedWords, Numbers, Pieces, Reading, Vocabulary, WrongWords,
    )
}  # fmt: skip
#: Numbers that are kept, as numpy calls their kinds.
_FLAGS: Final = np.dtype(np.bool_).str
_KINDS: Final = frozenset(np.dtype(each).str for each in (np.bool_, np.int32, np.int64, np.uint64))


class _WithColumns(pickle.Pickler):
    """Writes columns as plain bytes and plain texts."""

    @override
    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, np.ndarray):
            return _numbers, (obj.tobytes(), obj.dtype.str)
        if isinstance(obj, pl.Series) and obj.dtype == pl.Boolean:
            return _flags, (obj.to_numpy(),)
        if isinstance(obj, pl.Series):
            return _texts, (len(obj), "\n".join(obj))
        if isinstance(obj, pl.DataFrame):
            return _table, (obj.to_dict(),)
        return NotImplemented


class _PlainValues(pickle.Unpickler):
    """Takes nothing but the classes above."""

    @override
    def find_class(self, module: str, name: str) -> Any:
        try:
            return _CLASSES[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"{module}.{name} has no place in kept watchlists") from None


def stamp_of(facts: Iterable[str], files: Iterable[Path]) -> str:
    """What must be as it was: the program, some facts, and the bytes of some files. Raises `OSError`."""
    told = [_program(), sys.version, *facts, *(f"{path} {_sha256(path)}" for path in files)]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


@cache
def _program() -> str:
    """Of every part of the program that may say what a watchlist means: one that has changed may say another thing."""
    package = Path(__file__).parent.parent
    parts = sorted(path for path in package.rglob("*") if path.suffix in (".py", ".toml", ".txt"))
    told = "".join(f"{path.relative_to(package).as_posix()} {_sha256(path)}\n" for path in parts)
    return hashlib.sha256(told.encode()).hexdigest()


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read(folder: Path, stamp: str) -> tuple[Watchlists, Matcher] | None:
    """What was kept under this stamp, as `keep` was given it. Raises as `matcher_of` does."""
    body = _body(folder, stamp)
    lists, kept = _next_of(body, Watchlists), _next_of(body, _Compiled)
    return (lists, matcher_of(lists, kept.rules, kept.phrases)) if lists and kept else None


def read_lists(folder: Path, stamp: str) -> Watchlists | None:
    """The lists alone."""
    return _next_of(_body(folder, stamp), Watchlists)


def _body(folder: Path, stamp: str) -> io.BytesIO:
    """What stands behind the header of the file, if it is whole and of this stamp; nothing otherwise."""
    try:
        with (folder / NAME).open("rb") as stream:
            header = json.loads(stream.readline(_LONGEST_HEADER))
            body = stream.read() if stamp and header["stamp"] == stamp else b""
        return io.BytesIO(body if hashlib.sha256(body).hexdigest() == header["sha256"] else b"")
    except (OSError, ValueError, KeyError, TypeError):
        # Not there, or cut off: the lists themselves are what counts.
        return io.BytesIO()


def _next_of(body: io.BytesIO, kind: type[_Wanted]) -> _Wanted | None:
    """The next thing that is kept, if it can be read and is of this kind."""
    try:
        kept = _PlainValues(body).load()
    except (
        EOFError, ValueError, LookupError, TypeError, AttributeError, pickle.UnpicklingError, pl.exceptions.PolarsError,
    ):  # fmt: skip
        return None
    return kept if isinstance(kept, kind) else None


def _pickled(value: object) -> bytes:
    written = io.BytesIO()
    _WithColumns(written, pickle.HIGHEST_PROTOCOL).dump(value)
    return written.getvalue()


def keep(folder: Path, stamp: str, lists: Watchlists, matcher: Matcher) -> None:
    """Keep lists whose examples have been tried, whole or not at all; what is compiled need not stand in them too."""
    if not stamp or len(matcher.phrases.owners) < _FEW or not folder.is_dir():
        return
    # A copy, without what was only worked out by using it.
    bare = replace(lists, weighted=lists.weighted and replace(lists.weighted))
    parts = bare, _Compiled(tuple(map(replace, matcher.rules)), matcher.phrases.kept())
    # One behind the other: whoever wants the lists alone need not read the rest.
    body = b"".join(map(_pickled, parts))
    header = json.dumps({"stamp": stamp, "sha256": hashlib.sha256(body).hexdigest()})
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=f".{NAME}-", delete=False) as stream:
            stream.write(header.encode() + b"\n" + body)
        try:
            Path(stream.name).replace(folder / NAME)
        finally:
            Path(stream.name).unlink(missing_ok=True)
    except OSError:
        # No room, or not ours to write: made anew the next time.
        return
