"""An invented school to look at, and a first school.toml to start from.

In: a folder that may be written. Out: copies of the samples that travel with the program. Refuses to write over a
file that is there.
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


def prepare(into: Path) -> Path:
    """Copy the invented school into a folder, new each time, and give the path of its school.toml."""
    if into.exists() and any(into.iterdir()) and not (into / "school.toml").is_file():
        raise StoreError("is not empty and no demo folder.", path=into, remedy="Name another one with --into.")
    try:
        shutil.rmtree(into, ignore_errors=True)
        with as_file(files("sample_logs") / "school") as school:
            shutil.copytree(school, into)
    except OSError as error:
        raise StoreError(
            f"cannot be written ({error.strerror}).", path=into, remedy="Name another one with --into."
        ) from error
    return into / "school.toml"


def settings(config: Path) -> Settings:
    """The settings of the invented school."""
    return load_settings(config)


def write_first_config(config: Path) -> list[Path]:
    """Write a commented school.toml, and the folder for logs that it names. Raises `ConfigError` if there is one."""
    logs = config.parent / "logs"
    try:
        logs.mkdir(parents=True, exist_ok=True)
        with config.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write((files("pipeline") / "first_school.toml").read_text("utf-8"))
    except FileExistsError as error:
        remedy = "Nothing was changed; name another file with --config."
        raise ConfigError("is there already.", path=config, remedy=remedy) from error
    except OSError as error:
        raise ConfigError(f"cannot be written ({error.strerror}).", path=config) from error
    return [config, logs]
