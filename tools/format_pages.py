"""Makes docs/formats.md out of the formats themselves, so that it cannot say anything else than they do.

In: the registered formats, the shipped column maps, and their samples in sample_logs. Out: the page as text; with no
argument it is written, with `--check` only compared (exit 1 if it differs). Refuses a format without a sample.

    python tools/format_pages.py
"""

from __future__ import annotations

import re
import sys
import textwrap
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from pipeline.config import Source
from pipeline.decode import decoded, numbered, opened
from pipeline.files.records import blocks
from pipeline.formats import Declared, Format, registry
from pipeline.formats._maps import ColumnMap, load_map, shipped_maps
from pipeline.output.record import shown
from pipeline.schema import PARSED
from pipeline.settings.headers import as_headers, in_words

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "formats.md"
SAMPLES = ROOT / "sample_logs"
#: What is no sample in the folder of one.
_BESIDE = {".jsonl", ".toml", ".md"}
_LONGEST_LINE = 2_000
_WIDTH = 120
_NOT_MET = "**from the manual, not yet met**"

_HEAD = """\
# Log formats

Made from the code by `make docs`: what each format gives and cannot give, where its layout is described, a line of its
sample, and how to name it in `school.toml`. What to set in the filter itself: [logs.md](logs.md). A format that is not
here: [add-a-format.md](add-a-format.md).

Every line of a log becomes an event, a reject with its reason, or a declared skip ([messages.md](messages.md)). A file
may be plain or packed by gzip, bz2, xz or zstd, or be the one file in a zip; UTF-8, UTF-16 with or without its mark, or
cp1252. An Excel workbook (.xlsx) is read as `csv`: its visible sheets one after the other. Records that come line by
line may stand behind a header of syslog, or in the files of Kiwi Syslog Server, Wazuh, Docker, journald (`-o json` or
`-o short-unix`), Filebeat, Logstash, Vector or Fluent Bit.
"""
_MAPS = f"""\
## Maps for exports

Monitoring and cloud products give tables. A map says which header holds what, and how the product's words are meant:
`map = "senso"`, or the path of your own. {_NOT_MET}: the map was written from what
the product's manual says, and has not seen an export of a real school. Try it with `esafety parse FILE --map NAME`; if
a header differs, `esafety map FILE --output map.toml` writes a map for what you have. A header that may be hidden may
be missing: whoever exports can take it off the table.
"""


@dataclass(frozen=True)
class Sample:
    """A sample, and what a school would declare of it."""

    path: Path
    stated: dict[str, Any] = field(hash=False)

    @property
    def declared(self) -> Declared:
        """The same, as a format takes it."""
        stated = self.stated
        its_map = load_map(stated["map"]) if "map" in stated else ColumnMap()
        return Declared(
            timezone=ZoneInfo(stated.get("timezone", "Europe/London")), date_order=stated.get("date_order"),
            columns=tuple((dict(its_map.columns) | as_headers(stated.get("columns", {}))).items()),
            verdicts=tuple((dict(its_map.verdicts) | stated.get("verdicts", {})).items()), hidden=its_map.hidden,
            layout=stated.get("layout", ""), last_change=stated.get("last_change"),
        )  # fmt: skip


def samples_of(name: str) -> list[Sample]:
    """The samples of a format, by name of the file."""
    files = sorted(path for path in (SAMPLES / name).iterdir() if path.is_file() and path.suffix not in _BESIDE)
    return [Sample(path, _stated(path)) for path in files]


def _stated(path: Path) -> dict[str, Any]:
    for beside in (path.with_name(f"{path.name}.declared.toml"), path.with_name("declared.toml")):
        if beside.exists():
            return tomllib.loads(beside.read_text(encoding="utf-8"))
    return {}


@cache
def read(form: Format, sample: Sample) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The numbered lines of a sample, and its events."""
    quoted = form.records == "quoted"
    with opened(sample.path) as stream:
        tables = [
            numbered(block).select("line", "text") for block in blocks(decoded(stream, sample.path), quoted=quoted)
        ]
    lines = pl.concat(tables)
    return lines, form.parse(lines, sample.declared, "").events


def page() -> str:
    """The whole page."""
    forms = list(registry().values())
    rows = [f"| [`{form.name}`](#{form.name}) | {form.title} | {_by_itself(form)} |" for form in forms]
    table = "\n".join(["| format | what it is | recognised by itself |", "|---|---|---|", *rows])
    sections = [_section(form) for form in forms]
    return "\n".join([_HEAD, table + "\n", *sections, _MAPS, _maps()])


def _by_itself(form: Format) -> str:
    recognised = [form.claims(_first_lines(form, sample)) for sample in samples_of(form.name)]
    return "yes" if all(recognised) else "some files" if any(recognised) else "no, it is named"


def _first_lines(form: Format, sample: Sample) -> list[str]:
    texts = read(form, sample)[0]["text"].to_list()
    return [text for text in texts if text.strip()][:50]


def _section(form: Format) -> str:
    # Of several the one with the most good lines.
    sample = max(samples_of(form.name), key=lambda each: read(form, each)[1].height)
    return "\n".join([
        f"## {form.name}\n",
        _wrapped(f"{form.title} ([its description]({form.document})).") + "\n",
        _wrapped(f"- **Gives**: {form.gives}."),
        _wrapped(f"- **Cannot give**: {form.cannot}.") + "\n",
        _source(form.name, sample),
        _example(form, sample),
    ])  # fmt: skip


def _source(name: str, sample: Sample) -> str:
    """How it is named in school.toml, with what the sample's folder has to declare."""
    stated = {"logformat" if key == "layout" else key: value for key, value in sample.stated.items()}
    said = {"name": name, "files": [f"logs/{name}/*{sample.path.suffix}"], "format": name, **stated}
    known = {key: value for key, value in said.items() if key in Source.model_fields}
    plain = [f"{key} = {_toml(value)}" for key, value in known.items() if not isinstance(value, dict)]
    tables = {key: value for key, value in known.items() if isinstance(value, dict)}
    for key, value in tables.items():
        plain += ["", f"[source.{key}]", *(f"{_key(name)} = {_toml(word)}" for name, word in value.items())]
    return _fenced("toml", ["[[source]]", *plain])


def _key(name: str) -> str:
    return name if re.fullmatch(r"[\w-]+", name, re.ASCII) else _toml(name)


def _toml(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_toml(each) for each in value)}]"
    text = str(value)
    return f"'{text}'" if '"' in text or "\\" in text else f'"{text}"'


def _example(form: Format, sample: Sample) -> str:
    """The first of the lines that fill most columns, and what is read of it."""
    lines, events = read(form, sample)
    asked = [name for name in PARSED if name in events.columns and name != "line"]
    filled = pl.sum_horizontal(pl.col(name).is_not_null().cast(pl.Int64) for name in asked)
    is_long = pl.col("text").str.len_chars() > _LONGEST_LINE
    best = events.join(lines, on="line").sort(is_long, -filled, "line").row(0, named=True)
    # Tabs and line ends stay, so that the line can be copied.
    text = re.sub(r"[^\t\n]+", lambda part: shown(part[0]), best["text"])
    read_of_it = [f"{name:<15} {_cell(best[name])}" for name in asked if best[name] is not None]
    return "A line of its sample, and what is read of it:\n\n" + _fenced("text", [text, "", *read_of_it])


def _cell(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else shown(str(value))


def _wrapped(text: str) -> str:
    indent = "  " if text.startswith("- ") else ""
    return textwrap.fill(text, _WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def _fenced(language: str, lines: Iterable[str]) -> str:
    return "\n".join([f"```{language}", *lines, "```\n"])


def _maps() -> str:
    head = ["| map | export | met a real one | gives | columns that may be hidden |", "|---|---|---|---|---|"]
    return "\n".join([*head, *(_map_row(name) for name in shipped_maps())]) + "\n"


def _map_row(name: str) -> str:
    found = load_map(name)
    met = "yes" if found.met_a_real_export else _NOT_MET
    title = f"[{found.title}]({found.document})" if found.document else found.title
    gives = ", ".join(f"{column} ({in_words(header)})" for column, header in found.columns)
    hidden = ", ".join(in_words(header) for column, header in found.columns if column in found.hidden) or "none"
    return f"| `{name}` | {title} | {met} | {_plain(gives)} | {_plain(hidden)} |"


def _plain(text: str) -> str:
    """Without what would end a cell of a table."""
    return text.replace("|", "\\|")


def main(arguments: Sequence[str]) -> int:
    """Write the page, or compare it."""
    made = page()
    if "--check" not in arguments:
        PAGE.write_text(made, encoding="utf-8")
        return 0
    if PAGE.read_text(encoding="utf-8") == made:
        return 0
    print("docs/formats.md is not what the formats say: run `make docs`", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
