"""Turns matomo's list of search engines into tables for a file of engines.

In: matomo's `SearchEngines.yml`. Out, printed: `[[engine]]` tables as in `pipeline/urls/search_engines.toml`, of the
engines that this file does not have; beside them, on the other stream, what was left out and why. Only the few shapes
of YAML that the list is written in are read; another one is refused with its line, so that nothing is read by half.

`python tools/search_engines.py SearchEngines.yml >pipeline/urls/rare_search_engines.toml` brings that file up to date.
"""

from __future__ import annotations

import json
import re
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.urls.hostnames import patterns
from pipeline.urls.search_terms import BY_HAND, engines_in

_KEYS = {"urls", "params", "backlink", "hiddenkeyword", "charsets"}
_WIDTH = 100
_WORDS = "red squirrel"
_HOST = re.compile(r"[\w-]+(\.[\w-]+)*\.([\w-]+|\*)")
_PARAMETER = re.compile(r"[\w.-]+")
#: The only patterns that say no more than "behind this folder": `/ws\/(.*)/`.
_FOLDER = re.compile(r"/(?:\\/)?(\w+)\\/\((?:\[\^\\/\]\+|\.\*)\)/")
_HEAD = """\
# Search engines that are met rarely, many of them of the past: what matomo's list (CC0) has and search_engines.toml has
# not. Made by tools/search_engines.py, which says how; the keys are explained at the head of search_engines.toml.
"""


class ListError(Exception):
    """The list cannot be read as it is written."""


@dataclass
class Entry:
    """One way in which one engine writes a search, as the list has it."""

    name: str
    line: int
    values: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """One `[[engine]]` table."""

    name: str
    hosts: tuple[str, ...]
    path: tuple[str, ...]
    parameter: tuple[str, ...]
    example: str


def entries(text: str) -> list[Entry]:
    """The entries of the list. Raises `ListError` with the line for anything that the list has not been written in."""
    found: list[Entry] = []
    name, key = "", ""
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if shape := re.fullmatch(r"(\S.*?):", line):
            name, key = _plain(shape[1]), ""
        elif name and (shape := re.fullmatch(r"  -(?: (\w+):(.*))?", line)):
            found.append(Entry(name, number))
            key = _keyed(found, shape[1], shape[2] or "", number) if shape[1] else ""
        elif found and found[-1].name == name and (shape := re.fullmatch(r"    (\w+):(.*)", line)):
            key = _keyed(found, shape[1], shape[2], number)
        elif key and (shape := re.fullmatch(r"      - (.+)", line)):
            found[-1].values[key].append(_plain(shape[1]))
        else:
            raise ListError(f"line {number} is in no shape that is known here: {line.strip()!r}.")
    return found


def _keyed(found: list[Entry], key: str, value: str, number: int) -> str:
    if key not in _KEYS or key in found[-1].values:
        raise ListError(f"line {number} has a key that is not known here, or a second time: {key!r}.")
    held = value.strip()
    found[-1].values[key] = [] if held in ("", "[]") else [_plain(held)]
    return key


def _plain(value: str) -> str:
    quoted = re.fullmatch(r"'(.*)'|\"(.*)\"", value.strip())
    return (quoted[1] or quoted[2] or "").replace("''", "'") if quoted else value.strip()


def tables(found: list[Entry]) -> tuple[list[Table], list[str]]:
    """The tables of the engines that we lack, and a sentence for everything that was left out."""
    known = patterns(each.hosts for each in engines_in(BY_HAND))
    parents = {_place(url)[0]: each.values.get("params") for each in found for url in each.values.get("urls", [])}
    taken: set[tuple[str, str]] = set()
    made: list[Table] = []
    left: list[str] = []
    for entry in found:
        where = f"{entry.name} (line {entry.line})"
        by_path: dict[str, list[str]] = {}
        for url in entry.values.get("urls", []):
            host, path = _place(url)
            if not _HOST.fullmatch(host) or url.startswith("com."):
                left.append(f"{where}: {url} is no host.")
            elif known.of(host.replace("*", "com")):
                left.append(f"{where}: {host} is known already.")
            elif not path and any(parents.get(name) == entry.values.get("params") for name in _above(host)):
                left.append(f"{where}: {host} lies below another that has the same.")
            elif (host, path) not in taken:
                taken.add((host, path))
                by_path.setdefault(path, []).append(host)
        if not entry.values.get("params"):
            left.append(f"{where}: it keeps its words out of the address.")
        parameters = [each for each in entry.values.get("params", []) if _PARAMETER.fullmatch(each)]
        folders = [f"/{shape[1]}/" for each in entry.values.get("params", []) if (shape := _FOLDER.fullmatch(each))]
        left += [f"{where}: {each!r} is not understood." for each in _other(entry, parameters)]
        for path, hosts in by_path.items():
            made += _made(entry, tuple(hosts), path, tuple(dict.fromkeys(parameters)), tuple(folders))
    return made, left


def _above(host: str) -> list[str]:
    labels = host.split(".")
    return [".".join(labels[at:]) for at in range(1, len(labels))]


def _other(entry: Entry, parameters: list[str]) -> Iterator[str]:
    """What was given as a parameter and is neither one nor a folder; an encoding that would have to be known."""
    for each in entry.values.get("params", []):
        if each not in parameters and not _FOLDER.fullmatch(each):
            yield each
    for each in entry.values.get("charsets", []):
        if each.lower() not in ("utf-8", "iso-8859-1"):
            yield f"encoding {each}"


def _place(url: str) -> tuple[str, str]:
    """Host as a pattern of ours, and path, of an address of the list: `{}` stands for any country."""
    host, _, path = url.partition("/")
    bare = host.removeprefix("{}.").removeprefix("www.").replace(".{}.", ".")
    if bare.endswith(".{}"):
        bare = bare.removesuffix("{}") + "*"
    return bare, "/" + path.strip("/") if path else ""


def _made(
    entry: Entry, hosts: tuple[str, ...], path: str, parameters: tuple[str, ...], folders: tuple[str, ...]
) -> Iterator[Table]:
    host = hosts[0].replace("*", "com")
    words = _WORDS.replace(" ", "+")
    if parameters:
        yield Table(
            entry.name,
            hosts,
            (path,) if path else (),
            parameters,
            f"https://{host}{path or '/'}?{parameters[0]}={words}",
        )
    if folders:
        yield Table(entry.name, hosts, folders, (), f"https://{host}{folders[0]}{words}")


def written(table: Table) -> str:
    """The table as TOML."""
    lines = ["[[engine]]", f"name = {_quoted(table.name)}", _list("hosts", table.hosts)]
    lines += [_list("path", table.path)] if table.path else []
    lines.append(_list("parameter", table.parameter) if table.parameter else "in_path = true")
    return "\n".join([*lines, f"example = {_quoted(table.example)}", f"words = {_quoted(_WORDS)}"])


def _list(name: str, values: tuple[str, ...]) -> str:
    lines = textwrap.wrap(", ".join(map(_quoted, values)), _WIDTH, break_on_hyphens=False, break_long_words=False)
    if len(lines) == 1:
        return f"{name} = [{lines[0]}]"
    return f"{name} = [\n    " + "\n    ".join(lines) + ",\n]"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def main(path: Path) -> int:
    """Print the tables, and to the other stream what was left out. Exit code 1 for a list that cannot be read."""
    try:
        made, left = tables(entries(path.read_text("utf-8")))
    except (OSError, UnicodeError, ListError) as error:
        print(f"{path}: {error}", file=sys.stderr)
        return 1
    print(_HEAD + "\n" + "\n\n".join(map(written, made)))
    print(*left, f"{len(made)} tables taken, {len(left)} things left out.", sep="\n", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
