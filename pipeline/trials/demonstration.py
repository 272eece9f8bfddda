"""An invented school to look at, and a first school.toml to start from.

In: a folder that may be written. Out: copies of the samples that travel with the program. Refuses a folder that holds
anything but an earlier demo, and to write over a school.toml: a school's own files are never touched.
"""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from importlib.resources import as_file, files
from pathlib import Path

from pipeline.config import Settings, load_settings
from pipeline.errors import ConfigError, StoreError

#: The night after the invented week.
NIGHT = datetime(2026, 11, 14, 3, 0, tzinfo=UTC)
#: Lies in every demo folder; without it a folder is somebody's own, and nothing in it is removed.
MARK = "THIS-IS-A-DEMO.txt"
_MARK_SAYS = "Made by `esafety demo`. The next demo in this folder removes everything in it first.\n"


def prepare(into: Path) -> Path:
    """Copy the invented school into a folder, new each time, and give the path of its school.toml.

    Raises `StoreError` for a folder that is not empty and was not made by an earlier demo, or that cannot be written.
    """
    remedy = "Name another one with --into."
    try:
        is_ours = (into / MARK).is_file()
        if into.exists() and not is_ours and any(into.iterdir()):
            raise StoreError("is not empty, and no earlier demo.", path=into, remedy=remedy)
        if is_ours:
            # The mark stays, so that a demo that was stopped here is still known as one.
            _empty(into, keep=MARK)
        into.mkdir(parents=True, exist_ok=True)
        (into / MARK).write_text(_MARK_SAYS, encoding="utf-8", newline="\n")
        with as_file(files("sample_logs") / "school") as school:
            shutil.copytree(school, into, dirs_exist_ok=True)
    except OSError as error:
        raise StoreError(f"cannot be written ({error.strerror or error}).", path=into, remedy=remedy) from error
    return into / "school.toml"


def _empty(folder: Path, keep: str) -> None:
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != keep:
            path.unlink()


def settings(config: Path) -> Settings:
    """The settings of the invented school."""
    return load_settings(config)


def write_first_config(config: Path) -> list[Path]:
    """Write a commented school.toml, and the contacts.toml and the folder for logs that it names.

    Raises `ConfigError` if there is a school.toml; a contacts.toml that is there is left as it is.
    """
    logs, contacts = config.parent / "logs", config.parent / "contacts.toml"
    remedy = "Nothing was changed; name another file with --config."
    if config.exists():
        raise ConfigError("is there already.", path=config, remedy=remedy)
    if logs.exists() and not logs.is_dir():
        raise ConfigError("is a file, and a folder of that name is needed for logs.", path=logs, remedy=remedy)
    try:
        logs.mkdir(parents=True, exist_ok=True)
        made = [config] if contacts.exists() else [config, contacts]
        if contacts in made:
            _write_new(contacts, (files("casebook.response") / "first_contacts.toml").read_text("utf-8"))
        _write_new(config, (files("pipeline.trials") / "first_school.toml").read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot be written ({error.strerror}).", path=config) from error
    return [*made, logs]


def _write_new(path: Path, text: str) -> None:
    with path.open("x", encoding="utf-8", newline="\n") as stream:
        stream.write(text)
