"""Long plain lists of a school's own: host names or phrases, one a line.

In: a text file, UTF-8; blank lines and lines that begin with `#` are left out. Out: a lazy table of names, so that
millions are never held in memory, or a list of phrases. Refuses a file that is not there, and one that is not UTF-8.
"""

from __future__ import annotations

import codecs
import hashlib
from pathlib import Path

import polars as pl

from pipeline.errors import WatchlistError

_PIECE = 1 << 20


def host_names(path: Path) -> pl.LazyFrame:
    """A column `name` of lower-case host names; `*.name`, `.name` and `name` mean the same: it and all below it."""
    _must_exist(path)
    line = pl.col("line").str.strip_chars(" \t\r\ufeff")
    names = pl.scan_csv(path, separator="\n", quote_char=None, has_header=False, schema={"line": pl.String})
    return (
        names.select(line)
        .filter((pl.col("line") != "") & ~pl.col("line").str.starts_with("#"))
        .select(name=pl.col("line").str.to_lowercase().str.strip_prefix("*").str.strip_chars("."))
    )


def phrases(path: Path) -> list[str]:
    """The phrases of a list in the order of the file, each once."""
    _must_exist(path)
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _no_text(path, path.read_bytes()[: error.start].count(b"\n") + 1) from error
    lines = (line.strip() for line in text.split("\n"))
    return list(dict.fromkeys(line for line in lines if line and not line.startswith("#")))


def sha256_of(path: Path) -> str:
    """Of the file's bytes: says exactly which list a hit was found with. Raises `WatchlistError` if it is no text."""
    _must_exist(path)
    digest, decoder, line = hashlib.sha256(), codecs.getincrementaldecoder("utf-8")(), 1
    with path.open("rb") as stream:
        while piece := stream.read(_PIECE):
            digest.update(piece)
            try:
                decoder.decode(piece)
            except UnicodeDecodeError as error:
                raise _no_text(path, line + error.object[: error.start].count(b"\n")) from error
            line += piece.count(b"\n")
    return digest.hexdigest()


def _no_text(path: Path, line: int) -> WatchlistError:
    return WatchlistError("is not UTF-8 text.", path=path, line=line, remedy="Save it as UTF-8.")


def _must_exist(path: Path) -> None:
    if not path.is_file():
        remedy = "Correct the name in school.toml, or put the list there."
        raise WatchlistError("this list is not there.", path=path, remedy=remedy)
