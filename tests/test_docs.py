"""What the documents say is true: commands, settings, messages, links and names of functions exist."""

from __future__ import annotations

import ast
import importlib
import re
import shlex
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import click
import pytest

from cli import main
from pipeline.config import Settings, load_settings
from pipeline.formats import registry
from pipeline.listsyntax import registry as syntaxes
from pipeline.schema import REJECT_REASONS, SKIP_REASONS
from pipeline.sources import find

ROOT = Path(__file__).resolve().parent.parent
DOCS = sorted(
    path.relative_to(ROOT)
    for path in (ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md"), *ROOT.glob("*/README.md"))
)
GUIDES = ("network-manager", "dsl", "governors", "developer")
START = '[school]\nname = "Example"\n[[source]]\nname = "first"\nfiles = ["logs"]\n'


def text_of(path: Path) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def fenced(path: Path, language: str) -> list[str]:
    """The fenced blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text_of(path), flags=re.MULTILINE | re.DOTALL)


def settings_blocks() -> list[tuple[Path, str]]:
    """The TOML blocks that are a school.toml or a part of one: a watchlist begins otherwise."""
    blocks = [(path, block) for path in DOCS for block in fenced(path, "toml")]
    return [(path, block) for path, block in blocks if set(tomllib.loads(block)) <= set(Settings.model_fields)]


# ---------------------------------------------------------------- settings


def test_there_are_settings_in_the_documents() -> None:
    assert len(settings_blocks()) >= 2


@pytest.mark.parametrize(("path", "block"), settings_blocks(), ids=lambda each: str(each)[:40])
def test_every_school_toml_in_the_documents_loads(path: Path, block: str, tmp_path: Path) -> None:
    written = tomllib.loads(block)
    for name in files_named(written):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("username\n", encoding="utf-8")
    folders = [
        *written.get("watchlists", {}).get("folders", ()),
        *(each["folder"] for each in written.get("layer", ())),
        *filter(None, [written.get("casebook", {}).get("letters")]),
    ]
    for name in folders:
        (tmp_path / name).mkdir(parents=True)
    config = tmp_path / "school.toml"
    config.write_text(block if "school" in written else START + block, encoding="utf-8")
    settings = load_settings(config)
    find(settings, config)
    assert settings.source, path


def files_named(written: dict[str, Any]) -> Iterator[str]:
    """The files that must be there for the settings to load."""
    yield from (written[table]["file"] for table in ("people", "timetable") if table in written)
    yield from filter(None, [written.get("people", {}).get("devices")])
    yield from (written["casebook"][key] for key in ("contacts", "sanctions") if key in written.get("casebook", {}))
    for kind in ("phrases", "domains", "hashed"):
        listed = written.get("watchlists", {}).get(kind, ())
        yield from (each[key] for each in listed for key in ("file", "key_file") if key in each)


def test_every_setting_is_explained() -> None:
    def keys(model: Any) -> Iterator[str]:
        for name, field in model.model_fields.items():
            if field.exclude:
                continue
            yield name
            for inner in [field.annotation, *getattr(field.annotation, "__args__", ())]:
                if hasattr(inner, "model_fields"):
                    yield from keys(inner)

    written = "\n".join(block for path, block in settings_blocks() if path.stem == "settings")
    assert {name for name in keys(Settings) if not re.search(rf"\b{name}\b", written)} == set()


# ---------------------------------------------------------------- commands


def command_lines() -> list[tuple[Path, str]]:
    """Every `esafety ...` that stands in code: fenced, or between backticks."""
    found = []
    for path in DOCS:
        text = text_of(path)
        spans = re.findall(r"^```[a-z]*\n(.*?)^```$|`([^`\n]+)`", text, flags=re.MULTILINE | re.DOTALL)
        # The account of that name is no command.
        code = re.sub(r"-[uog] esafety|add(user|group) .*", "", "\n".join(block or span for block, span in spans))
        commands = re.findall(r"(?:^|[\s;/\\\"])esafety(?:\.exe)? ([a-z][a-z-]*(?: [^;&|)\"\n]*)?)", code, re.MULTILINE)
        found += [(path, command.strip()) for command in commands]
    return found


def test_there_are_commands_in_the_documents() -> None:
    assert {command.split()[0] for _, command in command_lines()} >= {"demo", "init", "nightly", "parse", "flag"}


@pytest.mark.parametrize(("path", "line"), command_lines(), ids=lambda each: str(each)[:50])
def test_every_command_line_names_a_command_and_options_that_exist(path: Path, line: str) -> None:
    name, *words = shlex.split(line, comments=True)
    if name in NO_COMMANDS:
        return
    command = main.get_command(click.Context(main), name)
    if isinstance(command, click.Group) and words:
        name = f"{name} {words[0]}"
        command = command.commands.get(words[0])
    assert command, f"{path}: there is no `esafety {name}`"
    known = {option for each in command.params for option in each.opts} | {"--help", "-h"}
    assert {word.partition("=")[0] for word in words if word.startswith("-")} <= known
    assert isinstance(command, click.Command)


#: Names of tasks and units, which begin like a command.
NO_COMMANDS = {"reads", "every", "umask"}


def test_every_command_is_in_the_readme() -> None:
    readme = text_of(Path("README.md"))
    assert [name for name in main.list_commands(click.Context(main)) if f"`esafety {name}`" not in readme] == []


def test_every_syntax_of_a_block_list_is_explained() -> None:
    page = text_of(Path("docs/watchlists.md"))
    assert [name for name in syntaxes() if f"| `{name}` |" not in page] == []


def test_the_readme_leads_to_the_page_of_all_formats() -> None:
    assert "(docs/formats.md)" in text_of(Path("README.md"))
    page = text_of(Path("docs/formats.md"))
    assert [name for name in registry() if f"[`{name}`](#{name})" not in page] == []


# ---------------------------------------------------------------- messages, functions, links, pictures


@cache
def sentences() -> str:
    """Every piece of text in the program's own code, one to a line; what is put into it at run time is cut out."""
    pieces: list[str] = []
    for folder in ("pipeline", "reports", "casebook"):
        for path in (ROOT / folder).rglob("*.py"):
            nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            pieces += [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return "\n".join(pieces)


def test_every_message_in_the_table_of_remedies_is_one_that_the_program_says() -> None:
    table = text_of(Path("docs/messages.md")).split("| it says | do this |")[1].split("\n\n")[0]
    cells = re.findall(r"^\| (`[^|]+`) \|", table, flags=re.MULTILINE)
    messages = [message for cell in cells for message in re.findall(r"`([^`]+)`", cell)]
    assert len(messages) > 20
    assert [message for message in messages if message not in sentences()] == []


def test_every_reason_for_which_a_line_is_not_read_is_explained() -> None:
    lines = text_of(Path("docs/messages.md")).split("## Messages")[0]
    assert [reason for reason in (*REJECT_REASONS, *SKIP_REASONS) if f"`{reason}`" not in lines] == []


def names_of_functions() -> list[str]:
    spans = re.findall(r"`((?:cli|pipeline|reports|casebook)(?:\.\w+)+)`", text_of(Path("docs/developer.md")))
    return sorted(set(spans))


@pytest.mark.parametrize("name", names_of_functions())
def test_every_function_that_the_developers_page_names_is_there(name: str) -> None:
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            found: Any = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for part in parts[cut:]:
            found = getattr(found, part)
        return
    pytest.fail(f"there is no {name}")


def headings(path: Path) -> set[str]:
    """The anchors of a page, as they are made of its headings."""
    lines = re.findall(r"^#+ (.+)$", text_of(path), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-") for line in lines}


@pytest.mark.parametrize("path", DOCS, ids=str)
def test_every_link_leads_to_a_file_and_a_heading(path: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", text_of(path)):
        if target.startswith(("https://", "mailto:")):
            continue
        name, _, anchor = target.partition("#")
        aim = (path.parent / name) if name else path
        assert (ROOT / aim).exists(), f"{path}: {target}"
        assert not anchor or anchor in headings(Path((ROOT / aim).resolve().relative_to(ROOT))), f"{path}: {target}"


@pytest.mark.parametrize("name", GUIDES)
def test_every_guide_is_short_and_the_readme_leads_to_it(name: str) -> None:
    assert len(text_of(Path(f"docs/{name}.md")).splitlines()) < 250
    assert f"(docs/{name}.md)" in text_of(Path("README.md"))


def test_the_pictures_are_there_and_small() -> None:
    for name in ("digest", "draft", "governors"):
        picture = (ROOT / "docs" / "pictures" / f"{name}.png").read_bytes()
        assert picture.startswith(b"\x89PNG")
        assert len(picture) <= 300_000


def test_decisions_are_numbered_without_a_gap() -> None:
    names = sorted(path.name for path in (ROOT / "docs" / "adr").glob("*.md"))
    assert [name[:4] for name in names] == [f"{number:04}" for number in range(1, len(names) + 1)]
    for name in names:
        assert text_of(Path("docs/adr") / name).startswith(f"# {name[:4]} ")
