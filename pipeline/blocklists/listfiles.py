"""Where the lines of a block list lie: its files, those that it includes, their encodings.

In: the file or folder that somebody named. Out: paths, and what is to be said of them. Refuses a folder that is not
one list, and to follow a list into folders that are not its own.
"""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from typing import Final

from pipeline.errors import SourceError

_SQUIDGUARD: Final = ("domains", "urls", "expressions")


def files_of(source: Path) -> tuple[list[Path], list[str]]:
    """The files of a source, and what is to be said of it."""
    notes = []
    if source.is_symlink():
        notes.append(f"{source.name} is another name of {source.resolve().name}.")
    if source.is_file():
        aim = _alias(source)
        if aim is None:
            return [source], [*notes, *_allowing(source)]
        notes, source = [*notes, f"{source.name} is another name of {aim.name}."], aim
    if not source.is_dir():
        raise SourceError("there is no such file or folder.", path=source, remedy="Correct the name.")
    files = [source / name for name in _SQUIDGUARD if (source / name).is_file()]
    if not files and (source / "list.json").is_file():
        files = [source / "list.json"]
    if not files:
        inside = sorted(each.parent.name for name in _SQUIDGUARD[:2] for each in source.glob(f"*/{name}"))
        some = ", ".join(dict.fromkeys(inside))
        remedy = f"Name one of its categories: {some}." if some else "Name the file of the list itself."
        raise SourceError("this folder is not one list.", path=source, remedy=remedy)
    return files, [*notes, *_allowing(source)]


def _alias(source: Path) -> Path | None:
    """The folder that a link stands for, where links were unpacked as small files with a name in them."""
    if source.stat().st_size > 255:
        return None
    aim = source.parent / source.read_bytes().decode("utf-8", "replace").strip("\n\r\0 ")
    return aim if aim.parent == source.parent and any((aim / each).is_file() for each in _SQUIDGUARD) else None


def _allowing(source: Path) -> list[str]:
    """A list of what is allowed is not wrong here, but may not be what was wanted."""
    usage = source / "usage"
    words = usage.read_bytes().decode("latin-1").split() if usage.is_file() else []
    is_white = "white" in words and "black" not in words
    if is_white or source.name.removeprefix("local").startswith(("exception", "grey")):
        return [f"{source.name}: its authors mean it as a list of what is allowed. Is it what you want to be told of?"]
    return []


def beside(folder: Path, path: Path, named: str) -> Path | None:
    """The included file, looked for beside and below the list: a list from elsewhere opens no other folder."""
    parts = [part for part in re.split(r"[/\\]", named) if part not in {"", ".", ".."}]
    for place in (path.parent, folder):
        for cut in range(len(parts)):
            aim = place.joinpath(*parts[cut:])
            if "\0" not in named and aim.is_file() and aim.resolve().is_relative_to(folder):
                return aim.resolve()
    return None


def encoding_of(path: Path) -> str:
    """UTF-8 with or without mark, UTF-16 with one; and latin-1, in which every byte is a letter."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as stream:
        begin = stream.read(2)
        if begin in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            try:
                codecs.decode(begin + stream.read(), "utf-16")
            except UnicodeDecodeError:
                return "latin-1"
            return "utf-16"
        try:
            decoder.decode(begin)
            while piece := stream.read(1 << 20):
                decoder.decode(piece)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "latin-1"
    return "utf-8-sig"
