"""Long plain lists of a school's own: sites or phrases, one a line.

In: a text file, UTF-8; blank lines and lines that begin with `#` are left out. Out: a lazy table of what each line of a
list of sites says, so that millions are never held in memory, or a list of phrases. Refuses a file that is not there,
and one that is not UTF-8.

A line of a list of sites is `example.org` (it and all below it; `.example.org` and `*.example.org` mean the same),
`=example.org` (only it) or `>example.org` (only what lies below it). With a path, `example.org/a/b` are the addresses
there and below whose path begins with these parts, `=example.org/a/b` only those on that host (and its `www.`);
`…/b*` goes by characters instead of parts. `!` before a line: never by this list, if no more exact line lists it; `!!`:
never by this list.
"""

from __future__ import annotations

import codecs
import hashlib
from pathlib import Path
from typing import Final

import polars as pl

from pipeline.errors import WatchlistError

_PIECE = 1 << 20
#: How far a line reaches: the host with all below it, only it, only what lies below it.
AND_BELOW, EXACT, BELOW = 0, 1, 2
#: What a line says: listed; let through if no more exact line lists it; let through.
LISTED, ALLOWED, PARDONED = 0, 1, 2
#: What each line of a list of sites says; `path` is null for whole hosts, `is_raw` is true for `*` at its end.
SITES: Final = pl.Schema(
    {"name": pl.String, "path": pl.String, "scope": pl.UInt8, "action": pl.UInt8, "is_raw": pl.Boolean}
)


def sites(path: Path) -> pl.LazyFrame:
    """The lines of a list of sites, in no order: the columns of `SITES`, names and paths in small letters."""
    _must_exist(path)
    line = pl.col("line")
    scan = pl.scan_csv(path, separator="\n", quote_char=None, has_header=False, schema={"line": pl.String})
    lines = scan.select(line.str.strip_chars(" \t\r\ufeff").str.to_lowercase())
    lines = lines.filter((line != "") & ~line.str.starts_with("#"))
    # Nearly all lines are bare names, for which the rest would be work for nothing.
    is_more = line.str.contains_any(["!", "=", ">", "/"])
    bare = lines.filter(~is_more).select(
        name=_name(line), path=pl.lit(None, pl.String), scope=pl.lit(AND_BELOW, pl.UInt8),
        action=pl.lit(LISTED, pl.UInt8), is_raw=pl.lit(value=False),
    )  # fmt: skip
    return pl.concat([bare, _marked(lines.filter(is_more))])


def _marked(lines: pl.LazyFrame) -> pl.LazyFrame:
    """Lines with a mark in front, or a path."""
    line, place, rest = pl.col("line"), pl.col("place"), pl.col("rest")
    mark = line.str.extract("^(!{0,2}[=>]?)")
    scope = pl.when(mark.str.ends_with("=")).then(EXACT).when(mark.str.ends_with(">")).then(BELOW).otherwise(AND_BELOW)
    pieces = line.str.replace("^!{0,2}[=>]?", "").str.splitn("/", 2).struct.rename_fields(["place", "rest"])
    return (
        lines.select(
            pieces.alias("pieces"),
            scope=scope.cast(pl.UInt8),
            action=mark.str.count_matches("!", literal=True).cast(pl.UInt8),
        )
        .unnest("pieces")
        .select(
            name=_name(place),
            path=pl.lit("/") + rest.str.strip_suffix("*"),
            scope="scope",
            action="action",
            is_raw=rest.str.ends_with("*").fill_null(value=False),
        )
    )


def _name(text: pl.Expr) -> pl.Expr:
    return text.str.strip_prefix("*").str.strip_chars(".")


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
