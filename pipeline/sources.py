"""Which files are there to be read, and which of them hold something new.

In: the sources of `school.toml`. Out: the files of each, with format and identity, in an order that depends on their
content alone. Refuses, before anything is read, two sources that claim one file, and a source that cannot be read as
it says.
"""

from __future__ import annotations

import glob
import hashlib
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.config import MAPPED, Settings, Source, line_in
from pipeline.decode import opened
from pipeline.errors import ConfigError, SourceError, UnknownFormat
from pipeline.formats import Declared, Format
from pipeline.formats._maps import ColumnMap, check_map, load_map
from pipeline.recognition import as_of, first_lines, format_named, identity_of, sniff
from pipeline.store.streams import FileLook

#: So much of both ends of a file is looked at, to know that it has not changed.
_ENDS = 4096


@dataclass(frozen=True)
class LogFile:
    """One file of one source."""

    source: Source
    path: Path
    declared: Declared


@dataclass(frozen=True)
class Known:
    """A log file whose format and identity are known; no identity: it holds no record yet."""

    file: LogFile
    form: Format
    identity: str | None
    look: FileLook


def find(settings: Settings, config: Path) -> tuple[list[LogFile], list[str]]:
    """The files of every source, and a sentence for each pattern that no file fits or whose folder cannot be listed.

    Raises `ConfigError` where two sources claim one file, a pattern fits what esafety itself writes, or a source has a
    format or a column map that does not exist.
    """
    found: dict[str, LogFile] = {}
    issues = []
    for number, source in enumerate(settings.source):
        declared = _checked(settings, number, config)
        for at, pattern in enumerate(source.files):
            paths, unlisted = _matching(pattern)
            issues += unlisted
            if not paths and not unlisted:
                issues.append(f"source {source.name}: no file fits {pattern}, or the folder may not be read.")
            for path in paths:
                # Not `resolve`, which fails where a link leads to itself.
                whole = os.path.realpath(path)
                _refuse_clash(found.get(whole), settings, path, config, ("source", number, "files", at))
                found[whole] = LogFile(source, path, declared)
    return list(found.values()), issues


def _checked(settings: Settings, number: int, config: Path) -> Declared:
    source, key = settings.source[number], "map"
    try:
        declared = declared_of(settings, source)
        key = "format"
        if source.format != "auto":
            format_named(source.format)
        key = next((each for each in ("columns", "map", "logformat") if getattr(source, each)), "format")
        if source.format in MAPPED:
            check_map(declared.columns, declared.verdicts, form=source.format)
        if source.logformat and source.format == "squid_custom":
            # Not at the top: few schools have a layout of their own.
            from pipeline.formats.squid_custom import layout_named

            layout_named(source.logformat)
    except (ConfigError, UnknownFormat) as error:
        line = line_in(config, ("source", number, key))
        raise ConfigError(f"source {source.name!r}: {error}", path=config, line=line) from error
    return declared


def _refuse_clash(
    other: LogFile | None, settings: Settings, path: Path, config: Path, place: tuple[str, int, str, int]
) -> None:
    source = settings.source[place[1]]
    if other is not None and other.source is not source:
        what = f"the sources {other.source.name!r} and {source.name!r} both claim {path}."
        remedy = "Make the pattern of one of them narrower."
        raise ConfigError(what, path=config, line=line_in(config, place), remedy=remedy)
    own = (settings.store.folder, settings.store.reports)
    if any(Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder)) for folder in own):
        what = f"the source {source.name!r} fits {path}, which esafety wrote itself."
        remedy = "Give logs a folder apart from [store]."
        raise ConfigError(what, path=config, line=line_in(config, place), remedy=remedy)


def _matching(pattern: str) -> tuple[list[Path], list[str]]:
    """The files that a pattern fits, hidden ones left out; a folder stands for its files. And what hinders it."""
    files: list[Path] = []
    issues = []
    # Not Path.glob: a pattern may name a file by its whole path.
    for path in (Path(name) for name in sorted(glob.glob(pattern, recursive=True))):  # noqa: PTH207 - see above
        try:
            files += sorted(each for each in path.iterdir() if each.is_file()) if path.is_dir() else [path]
        except OSError as error:
            remedy = "Give the account that runs esafety the right to read it."
            issues.append(f"{path}: the folder cannot be listed ({error.strerror}). {remedy}")
    return [path for path in files if not path.name.startswith(".")], issues


def declared_of(settings: Settings, source: Source) -> Declared:
    """What the source declares, with the columns of its map."""
    column_map = load_map(source.map) if source.map else ColumnMap()
    return Declared(
        timezone=settings.zone_of(source),
        date_order=source.date_order,
        columns=tuple((dict(column_map.columns) | source.columns).items()),
        verdicts=tuple((dict(column_map.verdicts) | source.verdicts).items()),
        hidden=column_map.hidden,
        layout=source.logformat or "",
    )


def look_at(file: LogFile) -> FileLook:
    """Size, time of the last change, and SHA-256 of the raw bytes at both ends. Raises `SourceError`."""
    try:
        # Opening a pipe that nobody writes to would wait for ever. What is not there is told when it is opened.
        if file.path.exists() and not stat.S_ISREG(file.path.stat().st_mode):
            raise SourceError("is a pipe or a device, not a file.", path=file.path, remedy="Name the log file itself.")
        with opened(file.path) as stream:
            ends = stream.read(_ENDS)
            status = os.fstat(stream.fileno())
            stream.seek(max(status.st_size - _ENDS, 0))
            ends += stream.read(_ENDS)
    except OSError as error:
        raise SourceError(f"stopped being readable ({error.strerror}).", path=file.path) from error
    declared = _named(f"{file.source.format}|{file.declared}")
    return FileLook(
        file.source.name, declared, status.st_size, status.st_mtime_ns, hashlib.sha256(ends).hexdigest()
    )  # fmt: skip


def read_as(known: Known) -> str:
    """Names the format of a file and what its source declares: read in another way, it gives other events."""
    return _named(f"{known.form.name}|{known.file.declared.said}")


def _named(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def recognise(file: LogFile, look: FileLook) -> Known | None:
    """Format and identity of a file; nothing where it holds no line yet. Raises `UnknownFormat` and `SourceError`."""
    file = replace(file, declared=as_of(file.declared, look.mtime_ns))
    name = file.source.format
    lines = first_lines(file.path) if name == "auto" else []
    if name == "auto" and not lines:
        return None
    form = sniff(lines, file.path) if name == "auto" else format_named(name)
    return Known(file, form, identity_of(file.path, form, file.declared), look)


def in_order(known: Iterable[Known]) -> list[Known]:
    """By source and content, so that names and dates of files make no difference."""
    return sorted(
        known, key=lambda each: (each.file.source.name, each.identity or "", each.look.ends_sha256, each.look.size)
    )
