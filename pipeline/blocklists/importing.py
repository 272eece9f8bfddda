"""Block lists that a school has already become lists of its own.

In: a file, or a folder of squidGuard's form; the category that they are to belong to. Out: a plain list of sites,
a `<category>.toml` of phrases, and an account of every line: taken, not taken and why, a repetition, or nothing to
take. Refuses what cannot be read, and to write over what somebody wrote by hand. A line that means something that
the program cannot look for is never taken as something wider or narrower.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count, islice
from pathlib import Path
from typing import Final

import polars as pl

from pipeline import listsyntax
from pipeline.blocklists.importwriting import USUAL_WEIGHT, Request, write
from pipeline.blocklists.listfiles import beside, encoding_of, files_of
from pipeline.errors import InvariantError, SourceError, UnknownFormat, WatchlistError
from pipeline.listsyntax import Entry, Kind, Outcome, Passed, Skipped, Syntax
from pipeline.matching.watchfolders import shipped
from pipeline.text import fold_one

#: A list's own weights are points of a whole page. A single word of it, by itself, is no urgent matter.
_MOST_OF_ITS_OWN: Final = 60.0
#: How each kind that can be looked for is written in a list of sites: before and behind the value.
_WRITTEN: Final[dict[Kind, tuple[str, str]]] = {
    "host": ("", ""), "host-exact": ("=", ""), "host-below": (">", ""),
    "allow": ("!", ""), "allow-exact": ("!=", ""), "allow-below": ("!>", ""), "pardon": ("!!", ""),
    "url": ("=", "*"), "url-parts": ("", ""),
}  # fmt: skip
#: How phrases are written as terms: before and behind the words, and how long the word with the star must be. In a list
#: that sums up a whole page a short one does little harm; here a single find is told.
_PHRASES: Final[dict[Kind, tuple[str, str, int]]] = {
    "phrase": ("", "", 0), "phrase-start": ("", "*", 5), "phrase-end": ("*", "", 6), "phrase-inside": ("*", "*", 6),
}  # fmt: skip
#: Of several phrases that must stand together each may be as short as a word with a star may be at all.
_TOGETHER: Final[dict[Kind, tuple[str, str, int]]] = {
    kind: (before, behind, min(shortest, 4)) for kind, (before, behind, shortest) in _PHRASES.items()
}
#: Why the others cannot be taken.
_CANNOT: Final[dict[Kind, str]] = {
    "search": "a whole search, its words in any order",
    "expression": "a regular expression",
}
#: Of an entry, or `passed`.
_KIND: Final = pl.Enum([*_WRITTEN, "phrase", "passed"])
#: What a line of a file has become.
_LINES: Final = pl.Schema([("file", pl.Int32()), ("line", pl.Int64()), ("text", pl.String()), ("kind", _KIND)])
_SKIPS: Final = pl.Schema({"file": pl.Int32, "line": pl.Int64, "reason": pl.String})
#: Words with blanks between.
_PLAIN: Final = re.compile(r"[^\W_]+(?:(?:['’-]|\s+)[^\W_]+)*")
_BATCH: Final = 200_000
#: So much of a line is shown.
_SHOWN: Final = 200
#: Files that are called so everywhere.
_USUAL_NAMES: Final = {"domains", "urls", "expressions", "banned", "weighted", "exception", "list", "hosts"}


@dataclass(frozen=True)
class FileCount:
    """One file: lines = taken + skipped + passed + duplicates."""

    path: Path
    form: str
    encoding: str
    lines: int
    taken: int
    skipped: int
    passed: int
    duplicates: int


@dataclass(frozen=True)
class Imported:
    """What has come of it."""

    name: str
    category: str
    files: tuple[FileCount, ...]
    #: How many of each kind were taken, repetitions left out.
    kinds: dict[str, int]
    #: file (index in `files`), line, reason, text.
    skips: pl.DataFrame
    notes: tuple[str, ...]
    written: tuple[Path, ...]
    #: The tables for school.toml.
    settings: tuple[str, ...]

    @property
    def needs_attention(self) -> bool:
        """Was anything not taken, or is there anything to think about?"""
        return bool(self.notes) or not self.skips.is_empty()


@dataclass
class _Heap:
    """All lines so far, in batches. It has state because five million lines are no list of objects."""

    weight: float | None
    lines: list[pl.DataFrame] = field(default_factory=list)
    skips: list[pl.DataFrame] = field(default_factory=list)
    #: The files of which something with other letters than English ones was taken.
    foreign: set[int] = field(default_factory=set)
    _new_lines: list[tuple[int, int, str | None, str]] = field(default_factory=list)
    _new_skips: list[tuple[int, int, str]] = field(default_factory=list)

    def take(self, file: int, outcome: Outcome) -> None:
        """Put one outcome with the others."""
        if isinstance(outcome, Entry):
            reason = _why_not(outcome)
            if reason is None:
                if not outcome.value.isascii() or "xn--" in outcome.value:
                    self.foreign.add(file)
                kind = outcome.kind if outcome.kind in _WRITTEN else "phrase"
                self._new_lines.append((file, outcome.line, self._written(outcome), kind))
            else:
                self._new_skips.append((file, outcome.line, reason))
        elif isinstance(outcome, Skipped):
            self._new_skips.append((file, outcome.line, outcome.reason))
        else:
            self._new_lines.append((file, outcome.line, None, "passed"))
        if len(self._new_lines) + len(self._new_skips) >= _BATCH:
            self.flush()

    def flush(self) -> None:
        """Turn what has come into tables."""
        self.lines.append(pl.DataFrame(self._new_lines, schema=_LINES, orient="row"))
        self.skips.append(pl.DataFrame(self._new_skips, schema=_SKIPS, orient="row"))
        self._new_lines, self._new_skips = [], []

    def tables(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """All lines, with `is_new` where no earlier one says the same, and all that were not taken."""
        self.flush()
        lines, skips = pl.concat(self.lines, rechunk=True), pl.concat(self.skips)
        self.lines, self.skips = [], []
        return lines.with_columns(is_new=pl.col("text").is_first_distinct()), skips

    def _written(self, entry: Entry) -> str:
        if entry.kind in _WRITTEN:
            before, behind = _WRITTEN[entry.kind]
            return f"{before}{entry.value}{behind}"
        terms = [f"{before}{_words(value)}{behind}" for value, (before, behind, _) in _phrases_of(entry)]
        own = USUAL_WEIGHT if entry.weight is None else min(entry.weight, _MOST_OF_ITS_OWN)
        return f"{own if self.weight is None else self.weight:g}\t{' & '.join(dict.fromkeys(terms))}"


def _why_not(entry: Entry) -> str | None:
    """Why an entry cannot be taken as it is meant; nothing where it can."""
    if entry.kind == "url-parts" and entry.value.endswith("*"):
        return "a star at the end of an address"
    if entry.kind in _WRITTEN or entry.kind in _CANNOT:
        return _CANNOT.get(entry.kind)
    if entry.weight is not None and entry.weight < 0:
        return "makes a page harmless (a weight below 0)"
    return next(filter(None, (_why_no_term(value, how) for value, how in _phrases_of(entry))), None)


def _phrases_of(entry: Entry) -> Iterator[tuple[str, tuple[str, str, int]]]:
    """Each phrase of an entry, and how it is written as a term."""
    if entry.parts:
        yield from ((value, _TOGETHER[kind]) for kind, value in entry.parts)
    else:
        yield entry.value, _PHRASES[entry.kind]


def _why_no_term(value: str, how: tuple[str, str, int]) -> str | None:
    if not _PLAIN.fullmatch(unicodedata.normalize("NFC", value)):
        # Signs are not compared: `c++` would be found in every `c`.
        return "holds signs, of which only - and ' within a word are compared"
    before, behind, shortest = how
    words = _words(value).split()
    if (before and len(words[0]) < shortest) or (behind and len(words[-1]) < shortest):
        return f"a part of a word of fewer than {shortest} letters, which stands in too many others"
    return None


def _words(text: str) -> str:
    return fold_one(text)[0].strip()


def import_list(request: Request) -> Imported:
    """Read the source, write the lists. Raises an `EsafetyError` before anything is written."""
    name = request.name or _name_of(request.source)
    _check_names(request, name)
    files, notes = files_of(request.source)
    heap = _Heap(request.weight)
    read = _read_all(files, request, heap)
    lines, skips = heap.tables()
    counted = _counted(read, lines, skips)
    notes += _guessed_letters(read, heap.foreign)
    entries = lines.filter("is_new", pl.col("text").is_not_null()).select("text", "kind")
    written, settings = write(request, name, entries)
    if not written:
        notes.append("Nothing in it can be taken; nothing was written.")
    kinds = dict(sorted(entries.group_by("kind").len().iter_rows()))
    return Imported(name, request.category, counted, kinds, _with_texts(read, skips), tuple(notes), written, settings)


def _check_names(request: Request, name: str) -> None:
    if not re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", name):
        remedy = "Small letters, digits, single hyphens between: --name ut1-gambling."
        raise WatchlistError(f"{name!r} cannot be the name of a list.", remedy=remedy)
    known = {path.stem for path in shipped().glob("*.toml")}
    own = {path.stem for pattern in ("*.toml", "*/*.toml") for path in request.output.glob(pattern)}
    if request.category not in known | own:
        remedy = (
            f"Choose one of {', '.join(sorted(known))}; or first write {request.category}.toml into {request.output}."
        )
        raise WatchlistError(f"there is no category {request.category!r}.", remedy=remedy)


def _name_of(source: Path) -> str:
    """The name of the source; where many are called so, that of its folder before it."""
    path = source.resolve()
    stem = path.name if path.is_dir() else path.name.partition(".")[0]
    is_usual = path.is_dir() or stem.partition("_")[0] in _USUAL_NAMES
    whole = f"{path.parent.name}-{stem}" if is_usual else stem
    return f"{re.sub('[^a-z0-9]+', '-', whole.lower()).strip('-') or 'list'}-import"


# ---------------------------------------------------------------- lines


@dataclass(frozen=True)
class _File:
    path: Path
    form: str
    encoding: str
    lines: int


def _read_all(files: list[Path], request: Request, heap: _Heap) -> list[_File]:
    """Read the files, and those that they include and that lie beside them or below."""
    folder = (request.source if request.source.is_dir() else request.source.parent).resolve()
    waiting, known = list(files), {each.resolve() for each in files}
    read: list[_File] = []
    for number in count():
        if number == len(waiting):
            return read
        path = waiting[number]
        included: list[tuple[int, str]] = []
        read.append(_read(number, path, request.form, heap, included))
        for line, named in included:
            aim = beside(folder, path, named)
            if aim is None:
                reason = f"{named[:_SHOWN]} is not here, and its lines are missing"
                heap.take(number, Skipped(line, reason))
                continue
            heap.take(number, Passed(line))
            if aim not in known:
                known.add(aim)
                waiting.append(aim)
    raise AssertionError


def _read(number: int, path: Path, form: str, heap: _Heap, included: list[tuple[int, str]]) -> _File:
    try:
        encoding = encoding_of(path)
        with path.open(encoding=encoding, newline="\n") as stream:
            syntax = _syntax(path, form, [_bare(line) for line in islice(stream, listsyntax.FIRST_LINES)])
        with path.open(encoding=encoding, newline="\n") as stream:
            lines = _take(number, path, syntax, stream, heap, included)
    except OSError as error:
        raise SourceError(f"cannot be read ({error.strerror}).", path=path) from error
    return _File(path, syntax.name, encoding, lines)


def _bare(line: str) -> str:
    return line.rstrip("\r\n").rstrip("\0")


def _take(
    number: int, path: Path, syntax: Syntax, stream: Iterable[str], heap: _Heap, included: list[tuple[int, str]]
) -> int:
    """Read one file; the number of its lines."""
    lines = 0

    def counted() -> Iterator[str]:
        nonlocal lines
        for line in stream:
            lines += 1
            yield _bare(line)

    for outcome in syntax.read(path.name, counted()):
        if isinstance(outcome, Entry) and outcome.kind == "include":
            included.append((outcome.line, outcome.value))
        else:
            heap.take(number, outcome)
    return lines


def _with_texts(read: list[_File], skips: pl.DataFrame) -> pl.DataFrame:
    """The lines that were not taken, in order, with what stands there."""
    texts = []
    for number, each in enumerate(read):
        wanted = set(skips.filter(pl.col("file") == number)["line"])
        if wanted:
            with each.path.open(encoding=each.encoding, newline="\n") as stream:
                lines = enumerate(stream, start=1)
                texts += [(number, at, _bare(line)[:_SHOWN]) for at, line in lines if at in wanted]
    schema = {"file": pl.Int32, "line": pl.Int64, "text": pl.String}
    table = pl.DataFrame(texts, schema=schema, orient="row")
    return skips.join(table, on=["file", "line"], how="left").sort("file", "line", maintain_order=True)


def _syntax(path: Path, form: str, lines: list[str]) -> Syntax:
    known = listsyntax.registry()
    claimed = listsyntax.recognised(path.name, lines) if form == "auto" else [form]
    if len(claimed) > 1 or claimed[0] not in known:
        what = f"this could be {' or '.join(claimed)}." if len(claimed) > 1 else f"there is no format {form!r}."
        raise UnknownFormat(what, path=path, remedy=f"Say which with --format: {', '.join(known)}.")
    return known[claimed[0]]


def _counted(read: list[_File], lines: pl.DataFrame, skips: pl.DataFrame) -> tuple[FileCount, ...]:
    """How many lines of each file became what; a line with a part that was not taken counts as not taken.

    `lines` says in `is_new` what was not there before.
    """
    counted = []
    for number, each in enumerate(read):
        skipped = skips.filter(pl.col("file") == number)["line"].unique()
        mine = lines.filter(pl.col("file") == number)
        mine = mine if skipped.is_empty() else mine.filter(~pl.col("line").is_in(skipped.implode()))
        is_entry = pl.col("text").is_not_null()
        taken = mine.filter(is_entry & pl.col("is_new"))["line"].n_unique()
        listed, passed = (mine.filter(which)["line"].n_unique() for which in (is_entry, ~is_entry))
        result = FileCount(
            each.path, each.form, each.encoding.removesuffix("-sig"), each.lines, taken, len(skipped), passed,
            listed - taken,
        )  # fmt: skip
        if result.lines != result.taken + result.skipped + result.passed + result.duplicates:
            raise InvariantError(f"its lines do not add up: {result}.", path=each.path)
        counted.append(result)
    return tuple(counted)


def _guessed_letters(read: list[_File], foreign: set[int]) -> list[str]:
    """The files without a sign of their encoding of which other letters than English ones were taken."""
    guessed = (read[number].path for number in sorted(foreign) if read[number].encoding == "latin-1")
    return [
        f"{path}: is not UTF-8; read as latin-1, its letters may be wrong ones. Save it as UTF-8." for path in guessed
    ]
