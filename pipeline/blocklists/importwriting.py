"""What is taken of a block list is written as lists of the school's own.

In: entries as text and kind, whose and as what. Out: a plain list of sites, a `<category>.toml` with a rule for each
weight, and the tables for school.toml. Each file is written whole or not at all. Refuses to write over what somebody
wrote by hand.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final

import polars as pl

from pipeline import lake
from pipeline.errors import StoreError
from pipeline.lists import sites
from pipeline.output import jsonlines

#: The weight of what a list gives none: counted, and no draft by itself.
USUAL_WEIGHT: Final = 30.0
_AND: Final = " & "
_INNOCENT: Final = ("timetable for monday", "what is for lunch today", "photosynthesis")


@dataclass(frozen=True)
class Request:
    """What is to be imported, as what, and to where."""

    source: Path
    category: str
    output: Path = Path("our-watchlists")
    #: Of the new list; without it, that of the source.
    name: str = ""
    form: str = "auto"
    #: Of everything, instead of what the list itself says.
    weight: float | None = None


def write(request: Request, name: str, entries: pl.DataFrame) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    """Write what there is to write, whole or not at all; the paths, and the tables for school.toml."""
    phrases = entries.filter(pl.col("kind") == "phrase")
    places = entries.filter(pl.col("kind") != "phrase")
    list_path = request.output / f"{name}.txt"
    rules_path = request.output / name / f"{request.category}.toml"
    for path in (list_path, rules_path):
        _refuse_foreign(path, _heading(request))
    written, settings = [], []
    if not places.is_empty() or list_path.exists():
        _write_sites(list_path, request, places)
        written.append(list_path)
        settings += _table_of(list_path, request)
    if not phrases.is_empty():
        lake.write_text(rules_path, _rules(request, name, phrases))
        written.append(rules_path)
        folder = json.dumps(rules_path.parent.as_posix())
        settings += ["# and in [watchlists], behind the folders that are there:", f"folders = [{folder}]"]
    else:
        rules_path.unlink(missing_ok=True)
    return tuple(written), tuple(settings)


def _refuse_foreign(path: Path, heading: str) -> None:
    if path.exists() and not path.read_bytes().startswith(heading.encode()):
        what = "was not made by an import of this list as this category, and is not written over."
        raise StoreError(what, path=path, remedy="Choose another --name, or remove it.")


def _heading(request: Request) -> str:
    path = request.source.resolve()
    source = "".join(letter if letter.isprintable() else "?" for letter in f"{path.parent.name}/{path.name}")
    where = source.encode("utf-8", "replace").decode()
    return f"# Imported by esafety from {where}, as {request.category}. The next import writes it anew.\n"


def _write_sites(path: Path, request: Request, places: pl.DataFrame) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    try:
        with jsonlines.written(new) as stream:
            stream.write(_heading(request).encode())
            places.select("text").write_csv(stream, include_header=False, quote_style="never")
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
    sites.ready(path)


def _table_of(path: Path, request: Request) -> list[str]:
    weight = USUAL_WEIGHT if request.weight is None else request.weight
    return [
        "[[watchlists.domains]]",
        f"file = {json.dumps(path.as_posix())}",
        f"category = {json.dumps(request.category)}",
        f"weight = {weight:g}",
    ]


def _rules(request: Request, name: str, phrases: pl.DataFrame) -> str:
    """A `<category>.toml` that adds a rule for each weight."""
    pieces = phrases["text"].str.splitn("\t", 2).struct.unnest()
    lines = [_heading(request), "[category]\n", f"id = {json.dumps(request.category)}\n"]
    for (weight,), rows in pieces.group_by("field_0", maintain_order=True):
        terms = rows["field_1"].to_list()
        number = re.sub("[^0-9]+", "-", str(weight))
        found = " ".join(each.strip("*") for each in terms[0].split(_AND))
        lines += [
            "\n[[rule]]\n", f'id = "{name}-{number}"\n', "terms = [\n",
            *(f"    {_toml(each)},\n" for each in terms), "]\n",
            f"weight = {weight}\n", f"match = [{_toml(found)}]\n", f"no_match = [{_toml(_unlike(terms))}]\n",
        ]  # fmt: skip
    return "".join(lines)


def _toml(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _unlike(terms: list[str]) -> str:
    """An example that none of these terms is in."""
    made = ("zqx" * length for length in count(1))
    # What may be a part of a word stands without the blank.
    sought = [f" {each} ".replace(" *", "").replace("* ", "") for term in terms for each in term.split(_AND)]
    return next(
        text for texts in (_INNOCENT, made) for text in texts if not any(each in f" {text} " for each in sought)
    )
