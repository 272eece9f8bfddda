"""Builds the wheel and tries it as a stranger would: outside the checkout, in an environment of its own.

In: the checkout. Out: exit 0 if the wheel holds every file that the program needs and nothing else, and if the
installed program runs in an empty folder. Refuses: a file that stayed behind, one that slipped in, a run that fails.
Nothing is left on the disk.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import tomllib
import venv
import zipfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

#: Run by the installed program's own Python: every kind of data file is where the code looks for it.
SMOKE = """
import importlib.resources as resources
import sys
from pathlib import Path

import cli, pipeline, reports, sample_logs, watchlists
from pipeline.formats import registry

here = Path(sys.prefix).resolve()
for module in (cli, pipeline, reports, sample_logs, watchlists):
    assert Path(module.__file__).resolve().is_relative_to(here), f"{module.__name__} comes from somewhere else"
formats = registry()
assert formats, "no formats"
parts = (
    (pipeline, "sql/*.sql"), (watchlists, "*.toml"), (watchlists, "languages/*.toml"), (sample_logs, "*/*"),
    (reports, "*/*"),
)
for package, pattern in parts:
    found = list(Path(str(resources.files(package))).glob(pattern))
    assert found, f"{package.__name__}: no {pattern}"
print(f"the wheel works: {len(formats)} formats")
"""


def clean_environment() -> dict[str, str]:
    """This process's environment without anything that could lead Python back to the checkout."""
    return {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "VIRTUAL_ENV"))}


def run(command: Sequence[str | Path], folder: Path) -> None:
    """Run in `folder`; what it printed is shown only if it failed. Raises SystemExit with its last lines."""
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=folder, env=clean_environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        # Whose machine this is, and where its folders lie, is nobody's business.
        said = (done.stdout + done.stderr).replace(tempfile.gettempdir(), "...").replace(str(ROOT), ".")
        said = "\n".join(said.splitlines()[-40:])
        sys.exit(f"{said}\nfailed ({done.returncode}): {Path(words[0]).name} {' '.join(words[1:])[:200]}")


def build(folder: Path) -> Path:
    """The wheel, built with the pinned backend of this environment."""
    run([sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT], folder)
    (wheel,) = folder.glob("*.whl")
    return wheel


def expected_files() -> set[str]:
    """What git holds of the folders that travel."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    travels = settings["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *travels]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\0")
    return {name for name in listed if name and (ROOT / name).is_file()}


def compare_contents(wheel: Path) -> None:
    """Every file of the travelling folders is in the wheel, and nothing else is."""
    with zipfile.ZipFile(wheel) as archive:
        inside = {name for name in archive.namelist() if ".dist-info/" not in name}
    expected = expected_files()
    if stayed := sorted(expected - inside):
        sys.exit(f"not in the wheel: {', '.join(stayed)}")
    if slipped := sorted(inside - expected):
        sys.exit(f"in the wheel, though not in git: {', '.join(slipped)}")


def try_out(wheel: Path, folder: Path) -> None:
    """Install into a fresh environment and run in an empty folder."""
    home, empty = folder / "env", folder / "empty"
    venv.create(home, with_pip=True)
    empty.mkdir()
    programs = home / ("Scripts" if os.name == "nt" else "bin")
    pip: list[str | Path] = [programs / "python", "-m", "pip", "-qq", "--disable-pip-version-check", "install"]
    run([*pip, "--require-hashes", "-r", ROOT / "requirements.lock"], empty)
    run([*pip, "--no-deps", "--no-index", wheel], empty)
    run([programs / "python", "-c", SMOKE], empty)
    run([programs / "esafety", "--version"], empty)
    run([programs / "esafety", "demo"], empty)


def main() -> None:
    """Build, compare, try out; the temporary folder goes away in any case."""
    with tempfile.TemporaryDirectory(prefix="esafety-wheel-") as name:
        folder = Path(name)
        wheel = build(folder)
        compare_contents(wheel)
        try_out(wheel, folder)
    print(f"{wheel.name}: complete, and runs outside the checkout")


if __name__ == "__main__":
    main()
