"""One night over a sample of every format: each is recognised or named, read, flagged, counted, and shown on pages."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

from click.testing import CliRunner

from cli import main
from pipeline.formats import names
from tests.samples import SAMPLES, lines_of

#: Read only when named; of the others the night must find out by itself.
_NAMED = ("csv", "json", "squid_custom")
_ONE_OF_EACH = list({sample.parent.name: sample for sample in SAMPLES}.values())
_WORDS = {"timezone", "date_order", "map"}


def _source(sample: Path) -> str:
    beside = [sample.with_name(f"{sample.name}.declared.toml"), sample.with_name("declared.toml")]
    stated = next((tomllib.loads(each.read_text("utf-8")) for each in beside if each.exists()), {})
    form = sample.parent.name
    said = {key: value for key, value in stated.items() if key in _WORDS}
    said |= {"format": form} if form in _NAMED else {}
    said |= {"logformat": stated["layout"]} if "layout" in stated else {}
    lines = [f"{key} = {json.dumps(value)}" for key, value in said.items()]
    for table in ("columns", "verdicts"):
        if table in stated:
            lines += [f"[source.{table}]", *(f"{json.dumps(a)} = {json.dumps(b)}" for a, b in stated[table].items())]
    name = f"{form}-{sample.name}"
    return "\n".join(["[[source]]", f'name = "{name}"', f"files = [{json.dumps(str(sample))}]", *lines, ""])


def test_a_sample_of_every_format_goes_through_a_night(tmp_path: Path) -> None:
    config = tmp_path / "school.toml"
    school = '[school]\nname = "Example Park School"\n'
    config.write_text(school + "".join(_source(sample) for sample in _ONE_OF_EACH), encoding="utf-8")
    ran = CliRunner().invoke(main, ["nightly", "--config", str(config), "--json", "--as-of", "2026-12-31T03:00"])
    assert ran.exit_code in {0, 2}, ran.output
    record = json.loads(ran.stdout)
    files = {Path(each["path"]): each for each in record["files"]}
    assert {each["format"] for each in files.values()} == set(names())
    for sample in _ONE_OF_EACH:
        each = files[sample]
        assert (each["format"], each["records"]) == (sample.parent.name, lines_of(sample).height), sample
        assert each["events"] > 0
    assert all(Path(page).exists() for page in record["pages"])
