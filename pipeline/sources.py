"""Which files are there to be read, and which of them hold something new.

In: the sources of `school.toml`. Out: the files of each, with format and identity, in an order that depends on their
content alone. Refuses two sources that claim one file, before anything is read.
"""

from __future__ import annotations

import glob
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pipeline.config import Settings, Source
from pipeline.decode import opened
from pipeline.errors import ConfigError, UnknownFormat
from pipeline.formats import Declared, Format
from pipeline.formats._maps import check_map, load_map
from pipeline.ingest import first_lines, format_named, identity_of, sniff
from pipeline.ledger import FileLook

_HEAD = 4096


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
    """The files of every source, and a sentence for each pattern that no file fits.

    Raises `ConfigError` where two sources claim one file, a pattern fits what esafety itself writes, or a source has a
    format or a column map that does not exist.
    """
    found: dict[Path, LogFile] = {}
    missing = []
    own = [each.resolve() for each in (settings.store.folder, settings.store.reports)]
    for source in settings.source:
        declared = _checked(settings, source, config)
        for pattern in source.files:
            paths = _matching(pattern)
            if not paths:
                missing.append(f"source {source.name}: no file fits {pattern}, or the folder may not be read.")
            for path in paths:
                whole = path.resolve()
                _refuse_clash(found.get(whole), source, path, config)
                if any(whole.is_relative_to(folder) for folder in own):
                    what = f"the source {source.name!r} fits {path}, which esafety wrote itself."
                    raise ConfigError(what, path=config, remedy="Give logs a folder apart from [store].")
                found[whole] = LogFile(source, path, declared)
    return list(found.values()), missing


def _checked(settings: Settings, source: Source, config: Path) -> Declared:
    try:
        declared = declared_of(settings, source)
        if source.format != "auto":
            format_named(source.format)
        if source.format == "csv":
            check_map(declared.columns, declared.verdicts)
    except (ConfigError, UnknownFormat) as error:
        raise ConfigError(f"source {source.name!r}: {error}", path=config) from error
    return declared


def _refuse_clash(other: LogFile | None, source: Source, path: Path, config: Path) -> None:
    if other is not None and other.source is not source:
        what = f"the sources {other.source.name!r} and {source.name!r} both claim {path}."
        raise ConfigError(what, path=config, remedy="Make the pattern of one of them narrower.")


def _matching(pattern: str) -> list[Path]:
    """The files that a pattern fits; a folder stands for the files in it, hidden ones left out."""
    paths = [Path(name) for name in sorted(glob.glob(pattern, recursive=True))]
    files: list[Path] = []
    for path in paths:
        try:
            files += sorted(each for each in path.iterdir() if each.is_file()) if path.is_dir() else [path]
        except OSError:
            # A folder that may not be listed gives no file; the sentence for that goes into the record of the run.
            continue
    return [path for path in files if not path.name.startswith(".")]


def declared_of(settings: Settings, source: Source) -> Declared:
    """What the source declares, with the columns of its map."""
    columns, verdicts = load_map(source.map) if source.map else ((), ())
    return Declared(
        timezone=settings.zone_of(source),
        date_order=source.date_order,
        columns=tuple((dict(columns) | source.columns).items()),
        verdicts=tuple((dict(verdicts) | source.verdicts).items()),
    )


def look_at(file: LogFile) -> FileLook:
    """Size, time of the last change, and SHA-256 of the first raw bytes. Raises `SourceError`."""
    with opened(file.path) as stream:
        head = hashlib.sha256(stream.read(_HEAD)).hexdigest()
    status = file.path.stat()
    return FileLook(file.source.name, status.st_size, status.st_mtime_ns, head)


def recognise(file: LogFile, look: FileLook) -> Known:
    """Format and identity of a file. Raises `UnknownFormat` and `SourceError`."""
    name = file.source.format
    form = sniff(first_lines(file.path), file.path) if name == "auto" else format_named(name)
    return Known(file, form, identity_of(file.path, form, file.declared), look)


def in_order(known: Iterable[Known]) -> list[Known]:
    """By source and content, so that names and dates of files make no difference."""
    return sorted(
        known, key=lambda each: (each.file.source.name, each.identity or "", each.look.head_sha256, each.look.size)
    )
