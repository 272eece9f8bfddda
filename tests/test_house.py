"""The rules of the house, read from the tree itself.

In: every file that git holds or would hold, and pyproject.toml. It refuses a format without a sample, a report
without its README, a rule without examples, a file or function that has grown too long, a silenced checker without
a reason, a module that no layer holds, a pin that the locks do not carry.
"""

from __future__ import annotations

import ast
import io
import re
import subprocess
import sys
import tokenize
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from pipeline.formats import registry

ROOT = Path(__file__).resolve().parent.parent

#: Of a file and of a function; a module that must go beyond says so in its docstring: "Long because ...".
MOST_LINES = 500
MOST_FUNCTION_LINES = 60
#: Names that say nothing about what is inside.
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "manager", "base", "common", "misc"}
#: Hosts that packages come from. In two parts, so that this file does not hold them either.
REGISTRIES = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("python" + "hosted", "org"),
        ("deb", "debian", "org"),
        ("registry", "npmjs", "org"),
        ("proxy.golang", "org"),
        ("ghcr", "io"),
        ("docker", "io"),
    )
]
#: What these do is lose data: bad cells become nulls, long rows are cut, names are damaged.
LOSSY = {"ignore_errors", "truncate_ragged_lines", "utf8-lossy"}
#: The only places that may ask for the time or the environment; everywhere else they are arguments.
ASKS_THE_CLOCK = (
    "cli.py",
    "pipeline/nightly.py",
    "pipeline/lake.py",
    "pipeline/decode.py",
    "casebook/",
    "desk/",
    "reports/",
)


@cache
def tree() -> tuple[Path, ...]:
    """Every file that git holds or would hold, relative to the root; without git, every file outside hidden folders."""
    if (ROOT / ".git").exists():
        command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\0")
        found = [Path(name) for name in listed if name]
    else:
        found = [path.relative_to(ROOT) for path in ROOT.rglob("*") if not path.name.endswith(".pyc")]
        found = [path for path in found if not any(part.startswith(".") for part in path.parts[:-1])]
    return tuple(sorted(path for path in found if (ROOT / path).is_file()))


def read(path: Path) -> str:
    """The text of a file of the tree."""
    return (ROOT / path).read_text(encoding="utf-8")


def having(*suffixes: str) -> list[Path]:
    """The files of the tree with one of these suffixes."""
    return [path for path in tree() if path.suffix in suffixes]


@cache
def settings() -> dict[str, Any]:
    """pyproject.toml."""
    return tomllib.loads(read(Path("pyproject.toml")))


@cache
def comments(path: Path) -> tuple[tuple[int, str], ...]:
    """The comments of a Python file with their lines; strings that look like one do not count."""
    tokens = tokenize.generate_tokens(io.StringIO(read(path)).readline)
    return tuple((token.start[0], token.string) for token in tokens if token.type == tokenize.COMMENT)


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """All that a Python file is made of."""
    return tuple(ast.walk(ast.parse(read(path))))


def calls_and_names(path: Path) -> Iterator[tuple[int, str]]:
    """Dotted names of a Python file with their lines: `datetime.now`, `os.environ`."""
    for node in nodes(path):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield node.lineno, f"{node.value.id}.{node.attr}"


# ---------------------------------------------------------------- a format, a report, a category: found by themselves


@pytest.mark.parametrize("name", sorted(registry()))
def test_every_format_has_a_sample_and_an_expected_file(name: str) -> None:
    folder = Path("sample_logs") / name
    files = [path for path in tree() if path.is_relative_to(folder)]
    expected = [path for path in files if "expected" in str(path.relative_to(folder))]
    assert expected, f"{folder}: no expected file"
    assert [path for path in files if path not in expected and path.suffix != ".md"], f"{folder}: no sample"


def test_every_module_in_formats_is_a_registered_format() -> None:
    modules = {path.stem for path in tree() if path.parent == Path("pipeline/formats") and path.suffix == ".py"}
    public = {stem for stem in modules if not stem.startswith("_")}
    assert len(registry()) == len(public), "two formats of one name, or a module that is no format"


def report_folders() -> list[Path]:
    """The folders in reports/."""
    return sorted({Path(*path.parts[:2]) for path in tree() if path.parts[0] == "reports" and len(path.parts) > 2})


def test_there_are_reports() -> None:
    assert report_folders()


@pytest.mark.parametrize("folder", report_folders(), ids=str)
def test_every_report_has_its_readme_its_sql_and_its_template(folder: Path) -> None:
    names = {path.name for path in tree() if path.is_relative_to(folder)}
    assert "README.md" in names
    counts = "No figures." not in read(folder / "README.md")
    assert counts == any(name.endswith(".sql") for name in names), "a report's numbers come from its own .sql"
    assert any(".html" in name for name in names), "a report has a template"


@pytest.mark.parametrize(
    "path", [path for path in having(".toml") if path.parts[0] == "watchlists" and path.name != "words.toml"], ids=str
)
def test_every_rule_has_examples_that_must_and_must_not_match(path: Path) -> None:
    tables = tomllib.loads(read(path))
    rules = [*tables.get("rule", []), *tables.get("domains", [])]
    assert rules, "a category without a rule finds nothing"
    assert not [rule["id"] for rule in rules if not rule.get("match") or not rule.get("no_match")]


def test_there_are_watchlists() -> None:
    assert [path for path in having(".toml") if path.parts[0] == "watchlists"]


# ---------------------------------------------------------------- size and names


def says_why_it_is_long(path: Path) -> bool:
    """Does the module's docstring say why it goes beyond the limits?"""
    return "Long because" in (ast.get_docstring(ast.parse(read(path))) or "")


def test_no_file_is_too_long() -> None:
    long = [path for path in having(".py", ".sql", ".html", ".css", ".sh") if len(read(path).splitlines()) > MOST_LINES]
    assert not [str(path) for path in long if path.suffix != ".py" or not says_why_it_is_long(path)]


def test_no_function_is_too_long() -> None:
    long = [
        f"{path}:{node.lineno}: {node.name}"
        for path in having(".py")
        for node in nodes(path)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or node.lineno) - node.lineno >= MOST_FUNCTION_LINES
        and not says_why_it_is_long(path)
    ]
    assert not long


def test_names_say_what_is_inside() -> None:
    assert not [str(path) for path in tree() if EMPTY_NAMES & {part.split(".")[0] for part in path.parts}]


# ---------------------------------------------------------------- nothing is silenced without a reason


def test_no_checker_is_silenced_without_a_reason() -> None:
    silenced = re.compile(r"type:\s*ignore|noqa")
    reasoned = re.compile(r"(type:\s*ignore\[[\w, -]+\]|noqa:\s*[A-Z]+\d+(,\s*[A-Z]+\d+)*)\s+(#|-)\s*\w")
    assert not [
        f"{path}:{line}: {comment}"
        for path in having(".py")
        for line, comment in comments(path)
        if silenced.search(comment) and not reasoned.search(comment)
    ]


def test_no_handler_catches_everything_without_a_reason() -> None:
    found = []
    for path in having(".py"):
        lines = read(path).splitlines()
        for node in nodes(path):
            if isinstance(node, ast.ExceptHandler):
                caught = ast.unparse(node.type) if node.type else "Exception"
                broad = re.search(r"\b(Base)?Exception\b", caught)
                if broad and not re.search(r"#\s*\w", lines[node.lineno - 1]):
                    found.append(f"{path}:{node.lineno}")
    assert not found


def test_nothing_is_left_for_later() -> None:
    left = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
    in_python = [f"{path}:{line}" for path in having(".py") for line, comment in comments(path) if left.search(comment)]
    plain = having(".sql", ".html", ".sh", ".md", ".toml")
    elsewhere = [str(path) for path in plain if path.parts[0] != "sample_logs" and left.search(read(path))]
    assert not in_python + elsewhere


def test_nothing_that_loses_data_is_used() -> None:
    found = []
    for path in having(".py"):
        if path.parts[0] == "tests":
            continue
        calls = [node for node in nodes(path) if isinstance(node, ast.Call)]
        # Removing a folder may pass over what is gone already.
        named = {word.arg for call in calls if "rmtree" not in ast.unparse(call.func) for word in call.keywords}
        written = {node.value for node in nodes(path) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
        found += [f"{path}: {word}" for word in LOSSY & (named | written)]
    assert not found + [f"{path}: {word}" for path in having(".sql") for word in LOSSY if word in read(path)]


def test_time_and_environment_are_arguments() -> None:
    asked = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "os.environ", "os.getenv"}
    assert not [
        f"{path}:{line}: {name}"
        for path in having(".py")
        if path.parts[0] not in {"tests", "benchmarks", "tools"} and not path.as_posix().startswith(ASKS_THE_CLOCK)
        for line, name in calls_and_names(path)
        if name in asked
    ]


def test_the_command_line_starts_without_the_heavy_libraries() -> None:
    asked = "import sys, cli; print(*sorted({'polars', 'pyarrow', 'duckdb', 'numpy', 'pydantic'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [], "`esafety --version` should not wait for these"


# ---------------------------------------------------------------- layers, packaging, locks


#: The packages that have rooms, and the folders in them that hold a registry instead.
ROOMED = ("pipeline", "casebook")
FOLDERS_WITH_A_REGISTRY = {"pipeline/formats", "pipeline/listsyntax"}


def rooms_of(package: str) -> list[Path]:
    """The `__init__.py` of each folder of a package that has one."""
    return [path for path in having(".py") if path.parts[0] == package and path.parts[2:] == ("__init__.py",)]


@pytest.mark.parametrize("package", ROOMED)
def test_every_module_has_its_layer(package: str) -> None:
    layers = settings()["tool"]["importlinter"]["contracts"][0]["layers"]
    held = {name for layer in layers for name in re.findall(r"[\w.]+", layer) if name.startswith(f"{package}.")}
    at_the_top = {f"{package}.{path.stem}" for path in having(".py") if path.parent == Path(package)}
    # A room is in one layer as a whole.
    rooms = {f"{package}.{path.parts[1]}" for path in having(".py") if path.parts[0] == package and path.parts[2:]}
    assert not at_the_top & rooms, "a module and a room of one name: only one of them can be imported"
    assert at_the_top - {f"{package}.__init__"} | rooms == held


@pytest.mark.parametrize("path", [path for package in ROOMED for path in rooms_of(package)], ids=str)
def test_a_room_says_what_is_in_it_and_imports_nothing(path: Path) -> None:
    assert f"`{path.parts[1]}`" in read(Path("docs/developer.md"))
    assert ast.get_docstring(ast.parse(read(path)))
    if path.parent.as_posix() not in FOLDERS_WITH_A_REGISTRY:
        imported = [node for node in nodes(path) if isinstance(node, ast.Import | ast.ImportFrom)]
        assert {node.module for node in imported if isinstance(node, ast.ImportFrom)} <= {"__future__", "typing"}
        assert not [node for node in imported if isinstance(node, ast.Import)]


def test_every_package_with_code_is_linted_and_travels() -> None:
    packages = {path.parts[0] for path in having(".py") if len(path.parts) > 1}
    installed = packages - {"tests", "benchmarks", "tools"}
    assert installed == set(settings()["tool"]["importlinter"]["root_packages"])
    assert installed <= set(settings()["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"])


def pins(lock: str) -> dict[str, set[str]]:
    """Package -> pinned versions (more than one where they differ by Python version)."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([a-z0-9-]+)==(\S+)", read(Path(lock)), flags=re.MULTILINE):
        found.setdefault(name, set()).add(version)
    return found


def declared(*groups: str) -> set[str]:
    """The names of the packages that pyproject.toml asks for."""
    asked = [*settings()["project"]["dependencies"]]
    for group in groups:
        asked += settings()["dependency-groups"][group]
    return {re.split(r"[^\w.-]", line, maxsplit=1)[0].lower().replace(".", "-").replace("_", "-") for line in asked}


def test_the_locks_hold_what_is_asked_for() -> None:
    assert declared("build") <= set(pins("requirements.lock"))
    assert declared("build", "dev") <= set(pins("requirements-dev.lock"))


def test_tests_run_with_the_very_packages_that_are_shipped() -> None:
    dev = pins("requirements-dev.lock")
    assert not {name: versions for name, versions in pins("requirements.lock").items() if dev.get(name) != versions}


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_every_pin_has_its_hashes_and_no_address(lock: str) -> None:
    lines = [line for line in read(Path(lock)).splitlines() if not line.startswith("#")]
    assert lines
    for line in lines:
        assert re.fullmatch(r"[a-z0-9-]+==\S+( ; [^\\]+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?", line), line


def test_no_file_names_a_package_registry() -> None:
    named = []
    for path in tree():
        content = (ROOT / path).read_bytes()
        named += [f"{path}: {host}" for host in REGISTRIES if host.encode() in content]
    assert not named


def test_the_readme_gives_the_two_commands() -> None:
    fenced = "".join(re.findall(r"^```.*?^```$", read(Path("README.md")), flags=re.MULTILINE | re.DOTALL))
    assert {"make demo", "make test"} <= set(fenced.splitlines())
